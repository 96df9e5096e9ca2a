//! The `artifacts` capability of one buildpack: what it may fetch, and how that is told.

use crate::event::{Event, Observer};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;
use wattle_fetch::{FetchError, Fetcher, Permission, Progress};
use wattle_sandbox::{Artifact, Artifacts, Cancel, Fault, GuestError, Request};

/// How often a fetch looks up whether it should go on.
const LOOK_UP: Duration = Duration::from_millis(50);

/// Fetches within a permission. Called from threads that may block.
pub(crate) struct Granted {
    pub(crate) fetcher: Fetcher,
    pub(crate) permission: Permission,
    /// When the buildpack's time is up.
    pub(crate) deadline: Instant,
    pub(crate) runtime: Handle,
    pub(crate) cancel: Cancel,
    pub(crate) telling: Telling,
}

impl Artifacts for Granted {
    fn fetch(&self, requests: &[Request]) -> Result<Vec<Artifact>, GuestError> {
        let requests: Vec<wattle_fetch::Request> = requests
            .iter()
            .map(|request| wattle_fetch::Request { source: request.source.clone(), digest: request.digest })
            .collect();
        let telling = self.telling.begin(requests.len() as u64);
        let fetched = self.runtime.block_on(async {
            tokio::select! {
                fetched = self.fetcher.fetch(&requests, &self.permission, &telling) => fetched,
                () = cancelled(&self.cancel) => Err(FetchError::Cancelled),
                // The sandbox says which limit that was.
                () = tokio::time::sleep_until(self.deadline) => Err(FetchError::Cancelled),
            }
        });
        let fetched = fetched.map_err(|error| guest_error(&error))?;
        for stale in fetched.iter().filter(|fetched| fetched.stale) {
            let text = format!("`{}` could not be asked for anew: what was fetched before is used", stale.source);
            self.telling.observer.event(&Event::Warning { text });
        }
        telling.end();
        Ok(fetched
            .into_iter()
            .map(|fetched| Artifact { digest: fetched.digest, blob: fetched.blob, address: fetched.address })
            .collect())
    }
}

/// Waits until somebody interrupts.
pub(crate) async fn cancelled(cancel: &Cancel) {
    while !cancel.is_cancelled() {
        tokio::time::sleep(LOOK_UP).await;
    }
}

/// An error of fetching as the guest sees it, everything behind it in its detail.
fn guest_error(error: &FetchError) -> GuestError {
    let mut causes = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    GuestError {
        code: error.code().to_owned(),
        fault: match error.fault() {
            wattle_fetch::Fault::User => Fault::User,
            wattle_fetch::Fault::Buildpack => Fault::Buildpack,
            wattle_fetch::Fault::Platform => Fault::Platform,
        },
        summary: error.to_string(),
        detail: (!causes.is_empty()).then(|| causes.join("\n")),
        hints: error.hints(),
    }
}

/// Turns what a fetch reports into events.
#[derive(Clone)]
pub(crate) struct Telling {
    pub(crate) observer: Arc<dyn Observer>,
    /// For whom it is.
    pub(crate) buildpack: String,
}

/// A fetch under way.
pub(crate) struct Told<'a> {
    telling: &'a Telling,
    tally: Mutex<Tally>,
}

#[derive(Default)]
struct Tally {
    total: u64,
    done: u64,
    cached: u64,
    bytes: u64,
}

impl Telling {
    pub(crate) fn begin(&self, total: u64) -> Told<'_> {
        Told { telling: self, tally: Mutex::new(Tally { total, ..Tally::default() }) }
    }
}

impl Told<'_> {
    /// Sums up.
    pub(crate) fn end(self) {
        let Tally { total, cached, bytes, .. } = self.tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        let buildpack = self.telling.buildpack.clone();
        self.telling.observer.event(&Event::Fetched { buildpack, total, cached, bytes });
    }
}

impl Progress for Told<'_> {
    fn report(&self, event: wattle_fetch::Event) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            wattle_fetch::Event::Received { bytes, .. } => tally.bytes += bytes,
            wattle_fetch::Event::Finished { cached, .. } => {
                tally.done += 1;
                tally.cached += u64::from(cached);
            }
            _ => return,
        }
        let (done, total, bytes) = (tally.done, tally.total, tally.bytes);
        self.telling.observer.event(&Event::Fetching { buildpack: self.telling.buildpack.clone(), done, total, bytes });
    }
}

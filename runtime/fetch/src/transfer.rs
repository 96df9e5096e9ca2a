//! One file on its way: asking for it, following redirects, trying again, going on where it broke off, verifying.

mod exchange;

pub(crate) use exchange::Route;

use crate::fetcher::{Shared, origin_name};
use crate::permission::redacted;
use crate::{Event, FetchError, Fetched, NotKept, Request, Writer};
use exchange::{Failure, continues};
use reqwest::StatusCode;
use reqwest::header::{self, HeaderMap};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::spawn_blocking;
use url::Url;
use wattle_store::Document;
use wattle_tree::{Blob, Digest};

/// Longest time between two tries, whatever the server wishes.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// A file to be fetched.
pub(crate) struct Transfer {
    index: usize,
    request: Request,
    url: Url,
    route: Route,
    accept: Option<&'static str>,
    /// What an earlier fetch kept, of a file that may have changed since.
    pub(crate) copy: Option<Copy>,
}

/// A file without a digest of its own that was kept, and what the server called that version of it.
pub(crate) struct Copy {
    known: Document,
    blob: Blob,
}

/// What has come of a file so far.
struct Partial {
    writer: Box<dyn Writer>,
    written: u64,
    etag: Option<String>,
    modified: Option<String>,
}

/// How a try ended that did not fail.
enum Outcome {
    Complete,
    Unchanged,
}

impl Copy {
    /// The copy of what `transfer` is about to fetch. Blocks on the cache.
    pub(crate) fn find(shared: &Shared, transfer: &Transfer) -> Result<Option<Copy>, FetchError> {
        let found = || -> io::Result<Option<Copy>> {
            let Some(known) = shared.cache.document(&transfer.copy_name())? else { return Ok(None) };
            Ok(shared.cache.get(&known.digest)?.map(|blob| Copy { known, blob }))
        };
        found().map_err(|cause| transfer.cache_failed(cause))
    }
}

impl Transfer {
    pub(crate) fn new(
        index: usize,
        request: Request,
        url: Url,
        route: Route,
        accept: Option<&'static str>,
    ) -> Transfer {
        Transfer { index, request, url, route, accept, copy: None }
    }

    /// Fetches it. A copy serves if the registry cannot be reached.
    pub(crate) async fn run(
        mut self: Box<Self>,
        shared: &Shared,
        budget: &AtomicU64,
        events: &UnboundedSender<Event>,
    ) -> Result<Fetched, FetchError> {
        let fetching = tokio::time::timeout(shared.network.deadline, self.try_often(shared, budget, events));
        let result = fetching
            .await
            .unwrap_or_else(|_| Err(FetchError::Deadline { request: self.name(), address: redacted(&self.url) }));
        match (result, self.copy.take()) {
            (Ok(Some(partial)), _) => self.finish(partial, shared).await,
            (Ok(None), Some(copy)) => Ok(self.kept(copy, false)),
            (Ok(None), None) => Err(FetchError::Cancelled),
            (Err(error), Some(copy)) if is_outage(&error) => {
                tracing::warn!(request = self.request.source, %error, "using the copy that was kept");
                Ok(self.kept(copy, true))
            }
            (Err(error), _) => Err(error),
        }
    }

    /// What was kept serves as the answer.
    pub(crate) fn kept(&self, copy: Copy, stale: bool) -> Fetched {
        self.fetched(copy.blob, copy.known.digest, true, stale)
    }

    fn fetched(&self, blob: Blob, digest: Digest, cached: bool, stale: bool) -> Fetched {
        let (source, address) = (self.name(), redacted(&self.url));
        Fetched { source, address, digest, size: blob.len(), blob, cached, stale }
    }

    /// Everything that came, or nothing if the copy is still good.
    async fn try_often(
        &mut self,
        shared: &Shared,
        budget: &AtomicU64,
        events: &UnboundedSender<Event>,
    ) -> Result<Option<Partial>, FetchError> {
        let mut partial = None;
        let mut tries = 0;
        loop {
            let (error, wish) = match self.try_once(&mut partial, shared, budget, events).await {
                Ok(Outcome::Complete) => return Ok(partial),
                Ok(Outcome::Unchanged) => return Ok(None),
                Err(Failure::Passing(error, wish)) if tries < shared.network.retries => (error, wish),
                Err(Failure::Passing(error, _) | Failure::Final(error)) => return Err(error),
            };
            partial = partial.filter(|partial| self.can_resume(partial));
            let from = partial.as_ref().map_or(0, |partial| partial.written);
            let _ = events.send(Event::Retried { index: self.index, reason: error.to_string(), from });
            tokio::time::sleep(pause(shared.network.pause, tries, wish)).await;
            tries += 1;
        }
    }

    /// Whether what came of it may be gone on from: the server names the version, or the digest will tell.
    fn can_resume(&self, partial: &Partial) -> bool {
        partial.written > 0 && (self.request.digest.is_some() || partial.strong_etag().is_some())
    }

    async fn try_once(
        &self,
        partial: &mut Option<Partial>,
        shared: &Shared,
        budget: &AtomicU64,
        events: &UnboundedSender<Event>,
    ) -> Result<Outcome, Failure> {
        let (mut response, url) = self.send(self.headers(partial.as_ref()), shared).await?;
        match response.status() {
            StatusCode::NOT_MODIFIED if self.copy.is_some() => return Ok(Outcome::Unchanged),
            StatusCode::PARTIAL_CONTENT if continues(partial.as_ref(), response.headers()) => {}
            StatusCode::OK => *partial = Some(self.begin(response.headers(), shared)?),
            status => {
                *partial = None;
                return Err(self.refusal(status, &url, response.headers()));
            }
        }
        let Some(partial) = partial else { return Err(FetchError::Cancelled.into()) };
        let expected = response.content_length();
        self.check_size(partial.written.saturating_add(expected.unwrap_or(0)), shared)?;
        let _ = events.send(Event::Started { index: self.index, size: expected.map(|size| size + partial.written) });
        loop {
            let chunk = response.chunk().await.map_err(|error| self.broken(error, &url))?;
            let Some(chunk) = chunk else { return Ok(Outcome::Complete) };
            self.spend(chunk.len() as u64, budget, shared)?;
            self.check_size(partial.written + chunk.len() as u64, shared)?;
            partial.take_in(&chunk).map_err(|cause| self.cache_failed(cause))?;
            let _ = events.send(Event::Received { index: self.index, bytes: chunk.len() as u64 });
        }
    }

    fn begin(&self, headers: &HeaderMap, shared: &Shared) -> Result<Partial, FetchError> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Partial {
            writer: shared.cache.writer(self.request.digest).map_err(|cause| self.cache_failed(cause))?,
            written: 0,
            etag: text(header::ETAG),
            modified: text(header::LAST_MODIFIED),
        })
    }

    /// Has the digest checked and the bytes kept.
    async fn finish(&self, partial: Partial, shared: &Shared) -> Result<Fetched, FetchError> {
        let Partial { writer, etag, modified: last_modified, .. } = partial;
        let cache = shared.cache.clone();
        let fetched_from = redacted(&self.url);
        let name = match &self.request.digest {
            Some(expected) => origin_name(&self.request.source, expected),
            None => self.copy_name(),
        };
        let keep = move || -> Result<(Digest, Blob), NotKept> {
            let digest = writer.finish()?;
            cache.keep_document(&name, &Document { digest, etag, last_modified, fetched_from })?;
            let blob = cache.get(&digest)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            Ok((digest, blob))
        };
        match spawn_blocking(keep).await.map_err(|_| FetchError::Cancelled)? {
            Ok((digest, blob)) => Ok(self.fetched(blob, digest, false, false)),
            Err(NotKept::Io(cause)) => Err(self.cache_failed(cause)),
            Err(NotKept::Mismatch { expected, actual }) => {
                Err(FetchError::Digest { request: self.name(), address: redacted(&self.url), expected, actual })
            }
        }
    }

    /// The name of the document about the copy: the same address may give different forms of a file.
    fn copy_name(&self) -> String {
        let key = format!("{}\n{}", self.url, self.accept.unwrap_or_default());
        format!("fetch/copy/{}", Digest::of(key.as_bytes()).hex())
    }

    fn name(&self) -> String {
        self.request.source.clone()
    }
}

/// What goes wrong.
impl Transfer {
    fn check_size(&self, size: u64, shared: &Shared) -> Result<(), FetchError> {
        if size <= shared.network.largest {
            return Ok(());
        }
        Err(self.too_large("it has", shared.network.largest))
    }

    /// Takes from what may be received in all.
    fn spend(&self, bytes: u64, budget: &AtomicU64, shared: &Shared) -> Result<(), FetchError> {
        let spent = budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        spent.map(|_| ()).map_err(|_| self.too_large("all that is fetched together has", shared.network.total))
    }

    fn too_large(&self, what: &'static str, limit: u64) -> FetchError {
        FetchError::TooLarge { request: self.name(), address: redacted(&self.url), what, limit }
    }

    fn cache_failed(&self, cause: io::Error) -> FetchError {
        FetchError::Cache { request: self.name(), cause }
    }
}

impl Partial {
    fn take_in(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// The server's name for exactly these bytes; a weak one is for bytes that mean the same (RFC 9110, section 8.8.1).
    fn strong_etag(&self) -> Option<&str> {
        self.etag.as_deref().filter(|etag| etag.starts_with('"'))
    }
}

/// How long to wait: twice as long each time, varied by half so that many builds do not come back at once, and no shorter
/// than the server wishes.
fn pause(first: Duration, tries: u32, wish: Option<Duration>) -> Duration {
    let usual = first.saturating_mul(1 << tries.min(10)).min(MAX_PAUSE);
    let varied = usual.mul_f64(0.5 + fastrand::f64() / 2.0);
    varied.max(wish.unwrap_or_default()).min(MAX_PAUSE)
}

/// Whether the network or the registry is out, rather than that it has something else to say.
fn is_outage(error: &FetchError) -> bool {
    match error {
        FetchError::Unreachable { .. } | FetchError::Deadline { .. } => true,
        FetchError::Refused { status, .. } => *status >= 500 || *status == 429,
        _ => false,
    }
}

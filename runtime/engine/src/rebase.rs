//! Images on newer run images. No sandbox, no buildpack, no source; no layer of an application moves.

mod base;
mod error;

pub use error::{RebaseFailed, RebaseReason};

use crate::artifacts::cancelled;
use crate::error::EngineError;
use crate::event::Event;
use crate::request::Engine;
use base::Bases;
use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use wattle_oci::Platform;
use wattle_oci::cnb::{self, RebaseOptions, Rebased, RunImage};
use wattle_sandbox::Cancel;
use wattle_transport::{Location, Source};

/// Images on their way at once.
const AT_ONCE: usize = 8;

/// Which images to put on which run image.
#[derive(Clone)]
pub struct RebaseRequest {
    /// The images. Each is read and written there.
    pub images: Vec<Location>,
    /// The image to read instead: what it becomes is written to all of `images`, and itself it stays.
    pub previous: Option<Location>,
    /// The run image; what each image names, unless said.
    pub run_image: Option<Location>,
    /// Which of several to read, where an image is one of several.
    pub platform: Platform,
    /// Goes on where the images' own word is against it.
    pub force: bool,
    /// Changes nothing.
    pub dry_run: bool,
    /// Ends it early.
    pub cancel: Cancel,
}

/// An image that is, or would be, on another run image.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RebasedImage {
    /// Its name, as it was asked for.
    pub image: String,
    /// What became of it.
    pub state: RebaseState,
    /// The image that it was made of, if not of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_image: Option<String>,
    /// Digest of the manifest that it had.
    pub previous_digest: String,
    /// Digest of the manifest that it has.
    pub digest: String,
    /// Length of that manifest.
    pub manifest_size: u64,
    /// Bytes that had to be written or sent.
    pub bytes_sent: u64,
    /// The run image that it was on.
    pub old: RebasedOn,
    /// The run image that it is on.
    pub new: RebasedOn,
    /// How many layers stayed.
    pub layers_kept: usize,
    /// What spoke against it, and was overridden.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overridden: Vec<String>,
    /// What stays as it was, although the new run image has it otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What became of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RebaseState {
    /// It is on another run image.
    Rebased,
    /// It was on that run image before.
    UpToDate,
}

/// A run image, as an image records it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RebasedOn {
    /// The name by which a newer one is found.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// By digest.
    pub reference: String,
    /// Its top layer, by its diff-id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_layer: Option<String>,
    /// How many layers it has.
    pub layers: usize,
}

impl Engine {
    /// Puts each image on its run image, several at once, and gives what became of each, in their order. An image that
    /// cannot be rebased stays as it was, and keeps no other back.
    pub async fn rebase(&self, request: &RebaseRequest) -> Vec<Result<RebasedImage, EngineError>> {
        let (bases, done) = (Bases::default(), AtomicU64::new(0));
        let total = request.images.len() as u64;
        let all = request.images.iter().map(|image| async {
            let result = tokio::select! {
                biased;
                () = cancelled(&request.cancel) => Err(EngineError::Interrupted),
                result = self.rebase_one(request, image, &bases) => result,
            };
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            self.observer.event(&Event::Rebasing { done, total });
            result
        });
        let all: Vec<_> = all.collect();
        stream::iter(all).buffered(AT_ONCE).collect().await
    }

    async fn rebase_one(
        &self,
        request: &RebaseRequest,
        to: &Location,
        bases: &Bases,
    ) -> Result<RebasedImage, EngineError> {
        let from = request.previous.as_ref().unwrap_or(to);
        let source = self.read_image(from, &request.platform).await?;
        let failed = |reason| EngineError::from(RebaseFailed { image: from.to_string(), reason });
        if source.among.is_some() && from == to {
            return Err(failed(RebaseReason::OneOfSeveral));
        }
        let names = cnb::recorded_run_image(&source.image).map_err(|error| failed(error.into()))?;
        let base = self.base_of(request, &source, &names, to, bases).await?;
        let options = RebaseOptions { force: request.force };
        let rebased = cnb::rebase(&source.image, &base.as_new(), options).map_err(|error| failed(error.into()))?;
        let mut bytes_sent = 0;
        if !request.dry_run && (rebased.changed || from != to) {
            let written = self.transport.write_from(&rebased.image, &[&source, &base.source], to, &()).await;
            bytes_sent = written.map_err(EngineError::publishing(to))?.bytes_sent;
        }
        Ok(told(from, to, &source, rebased, bytes_sent))
    }
}

fn told(from: &Location, to: &Location, source: &Source, rebased: Rebased, bytes_sent: u64) -> RebasedImage {
    RebasedImage {
        image: to.to_string(),
        state: if rebased.changed { RebaseState::Rebased } else { RebaseState::UpToDate },
        previous_image: (from != to).then(|| from.to_string()),
        previous_digest: source.digest.to_string(),
        digest: rebased.image.digest().to_string(),
        manifest_size: rebased.image.manifest().bytes().len() as u64,
        bytes_sent,
        old: on(rebased.old, rebased.removed),
        new: on(rebased.new, rebased.added),
        layers_kept: rebased.kept,
        overridden: rebased.overridden.iter().map(ToString::to_string).collect(),
        notes: rebased.notes.iter().map(ToString::to_string).collect(),
    }
}

fn on(run_image: RunImage, layers: usize) -> RebasedOn {
    let RunImage { image: name, reference, top_layer, .. } = run_image;
    RebasedOn { name, reference, top_layer: top_layer.map(|digest| digest.to_string()), layers }
}

//! Run images that somebody describes in a `run.toml`.

use super::archive::{ArchiveError, Place};
use super::image::RunImageError;
use crate::artifacts::cancelled;
use crate::error::EngineError;
use crate::event::Event;
use crate::request::Engine;
use crate::sending::Sending;
use serde::Serialize;
use wattle_debian::{Architecture, Lock, RunToml, Selection};
use wattle_oci::{Image, Platform};
use wattle_sandbox::Cancel;
use wattle_transport::Location;

/// A run image that was made.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunImageReport {
    /// Version of this form.
    pub schema: u32,
    /// Name of the image, as it was asked for.
    pub image: String,
    /// Digest of its manifest; of the index of its images, if there are several.
    pub digest: String,
    /// Bytes of its manifests, configurations and layers.
    pub size: u64,
    /// Bytes that had to be written or sent.
    pub bytes_sent: u64,
    /// What it is for, and what it has.
    pub targets: Vec<RunImageTarget>,
}

/// A run image for one platform.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunImageTarget {
    /// Such as `linux/amd64`.
    pub platform: String,
    /// Digest of its manifest.
    pub digest: String,
    /// Number of its packages.
    pub packages: usize,
    /// Bytes of its layer.
    pub size: u64,
}

impl Engine {
    /// Finds the packages of a run image for each of its targets: the newest that the archives have.
    pub async fn select_run_image(&self, description: &RunToml, cancel: &Cancel) -> Result<Lock, EngineError> {
        tokio::select! {
            selections = self.selections(description) => Ok(Lock::new(&description.digest, &selections?)),
            () = cancelled(cancel) => Err(EngineError::Interrupted),
        }
    }

    async fn selections(&self, description: &RunToml) -> Result<Vec<Selection>, RunImageError> {
        let archives = self.archives();
        let mut selections = Vec::new();
        for architecture in &description.targets {
            let usual = description.archives == description.suite.archives();
            let places = match Place::of(&description.suite, *architecture) {
                Ok(places) if usual => places,
                _ if !usual => Place::named(&description.archives),
                places => places?,
            };
            let listed = archives.listed(&description.suite, &places, &description.components, *architecture).await?;
            let index = archives.index(&listed).await?;
            selections.push(description.spec(*architecture).select(&index)?);
        }
        Ok(selections)
    }

    /// Makes the run image of the packages in `lock`, which is one of `description`, and brings it to `output`: an image if
    /// there is one target, an index of images if there are several. Nothing is there before all of it is.
    pub async fn create_run_image(
        &self,
        description: &RunToml,
        lock: &Lock,
        output: &Location,
        cancel: &Cancel,
    ) -> Result<RunImageReport, EngineError> {
        tokio::select! {
            report = self.created(description, lock, output) => report,
            () = cancelled(cancel) => Err(EngineError::Interrupted),
        }
    }

    async fn created(
        &self,
        description: &RunToml,
        lock: &Lock,
        output: &Location,
    ) -> Result<RunImageReport, EngineError> {
        let locked = |architecture: &Architecture| {
            let selection = lock.selection(&description.digest, &description.spec(*architecture))?;
            Ok((Platform::new("linux", architecture.name()), selection))
        };
        let locked = description.targets.iter().map(locked).collect::<Result<Vec<_>, _>>();
        let locked = locked.map_err(RunImageError::Lock)?;
        if let Some((platform, _)) = locked.first() {
            self.transport.check(output, platform).await.map_err(EngineError::publishing(output))?;
        }
        let archives = self.archives();
        let (mut images, mut targets) = (Vec::new(), Vec::new());
        for (platform, selection) in locked {
            let image = self.assemble(&archives, &selection, &platform).await.map_err(superseded)?;
            targets.push(target(&image, &platform, &selection));
            images.push(image);
        }
        let sending = Sending::new(self.observer.clone(), output, &images);
        let written = match images.as_slice() {
            [image] => self.transport.write(image, None, output, &sending).await,
            images => self.transport.write_index(images, output, &sending).await,
        }
        .map_err(EngineError::publishing(output))?;
        let (reference, digest) = (output.to_string(), written.digest.to_string());
        let layers = images.iter().map(|image| image.layers().len()).sum();
        let (bytes, size) = (digest.clone(), written.size);
        self.observer.event(&Event::Published { reference, digest: bytes, layers, size });
        Ok(RunImageReport {
            schema: 1,
            image: output.to_string(),
            digest,
            size,
            bytes_sent: written.bytes_sent,
            targets,
        })
    }
}

fn target(image: &Image, platform: &Platform, selection: &Selection) -> RunImageTarget {
    RunImageTarget {
        platform: platform.to_string(),
        digest: image.digest().to_string(),
        packages: selection.packages().len(),
        size: image.layers().iter().map(|layer| layer.descriptor.size).sum(),
    }
}

/// A package of a lock that is not in the archive any more: archives keep what is current.
fn superseded(error: RunImageError) -> RunImageError {
    match error {
        RunImageError::Archive(ArchiveError::Fetch(source @ wattle_fetch::FetchError::NotFound { .. })) => {
            RunImageError::Superseded(source)
        }
        error => error,
    }
}

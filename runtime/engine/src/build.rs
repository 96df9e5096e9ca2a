//! The way of a build.

use crate::artifacts::cancelled;
use crate::buildpack::Buildpack;
use crate::error::EngineError;
use crate::event::Event;
use crate::export::{self, Exported, Kept};
use crate::request::{Engine, Images, Request};
use crate::run::{Planned, Run};
use crate::sending::Sending;
use crate::steps::{Done, DoneStep};
use crate::system::{Chosen, Packages};
use serde::Serialize;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use wattle_oci::Image;
use wattle_oci::cnb::BuildBuildpack;
use wattle_sandbox::Fetched;
use wattle_transport::{Location, Source, Written};

/// What a build made.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Version of this form.
    pub schema: u32,
    /// Name of the image, as it was asked for.
    pub image: String,
    /// All of its names, that one first.
    pub tags: Vec<String>,
    /// Digest of its manifest.
    pub digest: String,
    /// Bytes of its manifest.
    pub manifest_size: u64,
    /// Bytes of its manifest, configuration and layers.
    pub size: u64,
    /// Bytes that had to be written or sent.
    pub bytes_sent: u64,
    /// Name of the run image.
    pub run_image: String,
    /// The buildpacks that built it, in their order.
    pub buildpacks: Vec<BuildBuildpack>,
    /// Types of the processes that it can start.
    pub processes: Vec<String>,
    /// The one that it starts when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_process: Option<String>,
    /// Everything that buildpacks fetched.
    pub fetched: Vec<Origin>,
    /// Every bill of materials: those that are in the image, and those of what only the build used.
    #[serde(skip)]
    pub sboms: Sboms,
}

/// Bills of materials of a build, each with its path.
#[derive(Debug, Clone, Default)]
pub struct Sboms {
    /// Of what is in the image.
    pub launch: Vec<(String, Vec<u8>)>,
    /// Of what only the build used.
    pub build: Vec<(String, Vec<u8>)>,
}

/// Something that went into the image from elsewhere.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// The buildpack that fetched it.
    pub buildpack: String,
    /// As it was asked for.
    pub source: String,
    /// SHA-256 of the bytes.
    pub digest: String,
    /// Length in bytes.
    pub size: u64,
}

impl Engine {
    /// Builds an image from an application and brings it to where it should be. Nothing is there before all of it is.
    pub async fn build(&self, request: &Request, images: &Images) -> Result<Report, EngineError> {
        let (cancel, output) = (&request.cancel, &images.output);
        let layout = match output {
            Location::Layout { path, .. } => Some(path.as_path()),
            Location::Archive { .. } | Location::Registry(_) => None,
        };
        let mut run = block_in_place(|| Run::new(self, request, layout))?;
        let previous = tokio::select! {
            previous = self.previous(request, images) => previous?.map(Arc::new),
            () = cancelled(cancel) => return Err(EngineError::Interrupted),
        };
        self.check_tags(request, images).await?;
        let base = tokio::select! {
            base = self.run_image(&request.target, images.run_image.as_ref()) => base?,
            () = cancelled(cancel) => return Err(EngineError::Interrupted),
        };
        let made = block_in_place(|| -> Result<_, EngineError> {
            run.distribution = base.distribution();
            let planned = run.plan()?;
            let packages = Handle::current().block_on(self.packages(request, &planned, &base))?;
            let done = run.build_all(&planned, packages.as_ref(), previous.as_ref())?;
            let fetched = origins(&done);
            let exported = export::export(&run, &base.source, &done, packages.as_deref(), previous.as_deref())?;
            let metadata = wattle_oci::cnb::BuildMetadata::of(&exported.image);
            let metadata = metadata.map_err(|source| EngineError::Label { location: output.to_string(), source })?;
            let metadata = metadata.unwrap_or_default();
            Ok((exported, fetched, metadata))
        });
        // Whatever it came to after that.
        if cancel.is_cancelled() {
            return Err(EngineError::Interrupted);
        }
        let (exported, fetched, metadata) = made?;
        let Exported { image, kept, sboms } = exported;
        let sources: Vec<&Source> =
            [&base.source].into_iter().chain(previous.as_ref().map(|previous| &previous.source)).collect();
        let written = tokio::select! {
            written = self.publish(&image, &sources, output) => written?,
            () = cancelled(cancel) => return Err(EngineError::Interrupted),
        };
        self.remember(request, kept);
        // The names that follow take what is there by now.
        let there = Source { image: image.clone(), location: output.clone(), digest: written.digest, among: None };
        let sources: Vec<&Source> = sources.into_iter().chain([&there]).collect();
        let digest = written.digest.to_string();
        let report = Report {
            schema: 1,
            image: output.to_string(),
            tags: vec![output.to_string()],
            digest,
            manifest_size: image.manifest().bytes().len() as u64,
            size: written.size,
            bytes_sent: written.bytes_sent,
            run_image: base.name,
            buildpacks: metadata.buildpacks,
            processes: metadata.processes.into_iter().map(|process| process.kind).collect(),
            default_process: metadata.default_process,
            fetched,
            sboms,
        };
        self.tag(request, images, &image, &sources, report).await
    }

    /// Brings the image to where one of its names is.
    async fn publish(&self, image: &Image, sources: &[&Source], to: &Location) -> Result<Written, EngineError> {
        let sending = Sending::new(self.observer.clone(), to, std::slice::from_ref(image));
        let written = self.transport.write_from(image, sources, to, &sending).await;
        let written = written.map_err(EngineError::publishing(to))?;
        let (reference, digest, layers) = (to.to_string(), written.digest.to_string(), image.layers().len());
        self.observer.event(&Event::Published { reference, digest, layers, size: written.size });
        Ok(written)
    }

    /// The packages that the user wants, to be joined by those that buildpacks ask for; none if nobody may ask for any, so
    /// that no layer of the run image has to be read.
    async fn packages(
        &self,
        request: &Request,
        planned: &Planned,
        base: &Chosen,
    ) -> Result<Option<Arc<Packages>>, EngineError> {
        let may_ask = |buildpack: &Buildpack| !buildpack.capabilities.packages.is_empty();
        let mut chosen = planned.plan.steps.iter().filter_map(|step| planned.buildpacks.get(&step.buildpack));
        if request.packages.is_empty() && !chosen.any(may_ask) {
            return Ok(None);
        }
        let system = tokio::select! {
            system = self.system(&base.source) => system?,
            () = cancelled(&request.cancel) => return Err(EngineError::Interrupted),
        };
        let architecture = &request.target.architecture;
        let packages = Packages::new(self.archives(), request.cancel.clone(), base, system, architecture);
        if !request.packages.is_empty() {
            block_in_place(|| packages.require(&request.packages))?;
        }
        Ok(Some(Arc::new(packages)))
    }

    /// Keeps what the next build can use. After the image is where it should be: a build that failed leaves what was, and one
    /// that is done is done though this fails.
    fn remember(&self, request: &Request, kept: Kept) {
        let application = export::identity(request);
        for (key, data) in kept.data {
            if let Err(error) = self.store.layers(&application, key.id.as_str()).put_data(&data) {
                let text = format!("the next build does not know what {} stored: {error}", key.id);
                self.observer.event(&Event::Warning { text });
            }
        }
        for (key, name, record) in kept.layers {
            if let Err(error) = self.store.layers(&application, key.id.as_str()).put(&name, &record) {
                let text = format!("the next build makes layer `{name}` of {} anew: {error}", key.id);
                self.observer.event(&Event::Warning { text });
            }
        }
    }
}

fn origins(done: &Done) -> Vec<Origin> {
    let fetched = done.steps.iter().flat_map(|step| step.fetched.iter().map(move |fetched| (step, fetched)));
    let origin = |(step, fetched): (&DoneStep, &Fetched)| Origin {
        buildpack: step.key.id.to_string(),
        source: fetched.source.clone(),
        digest: fetched.digest.to_string(),
        size: fetched.size,
    };
    fetched.map(origin).collect()
}

//! The way of a build.

use crate::artifacts::{self, Telling, cancelled};
use crate::buildpack::Buildpack;
use crate::environment;
use crate::error::EngineError;
use crate::event::{Event, KeyChange, LayerState, Observer};
use crate::export::{self, Exported, Kept};
use crate::phase::Phase;
use crate::previous::Previous;
use crate::request::{Engine, Images, Request};
use crate::run::{Planned, Run};
use crate::sending::Sending;
use crate::stored::{FromStore, Maker};
use crate::system::{Chosen, Granted, Packages};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tokio::time::Instant;
use wattle_fetch::Permission;
use wattle_oci::Image;
use wattle_oci::cnb::{BuildBuildpack, Pattern};
use wattle_plan::{BuildpackKey, Plan, Step};
use wattle_sandbox::{BuildGrant, Contribution, Fetched, Log, Placed, PlanEntry, Process, SbomSubject, Stream};
use wattle_transport::{Location, Source, Written};
use wattle_tree::Tree;

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

/// What all buildpacks did.
pub(crate) struct Done {
    pub(crate) application: Tree,
    pub(crate) steps: Vec<DoneStep>,
}

/// What one did.
pub(crate) struct DoneStep {
    pub(crate) key: BuildpackKey,
    pub(crate) homepage: Option<String>,
    pub(crate) layers: Vec<wattle_sandbox::Layer>,
    pub(crate) processes: Vec<Process>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) slices: Vec<Vec<String>>,
    /// What it says of what is in none of its layers.
    pub(crate) sboms: Vec<(SbomSubject, wattle_sandbox::Sbom)>,
    /// What it wants back in the next build.
    pub(crate) data: Option<serde_json::Value>,
    /// Digest of all of its files.
    pub(crate) digest: String,
    pub(crate) fetched: Vec<Fetched>,
    /// What of it is in the image, though in no layer that is known.
    pub(crate) artifacts: Vec<Placed>,
    /// What it was told of its layers.
    pub(crate) stored: Arc<FromStore>,
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

impl Run<'_> {
    /// Lets the buildpacks of the plan build, one after the other.
    fn build_all(
        &self,
        planned: &Planned,
        packages: Option<&Arc<Packages>>,
        previous: Option<&Arc<Previous>>,
    ) -> Result<Done, EngineError> {
        let mut plan = planned.plan.clone();
        let mut application = self.application.clone();
        let mut steps: Vec<DoneStep> = Vec::new();
        let mut build_layers: Vec<(String, Tree)> = Vec::new();
        for at in 0..plan.steps.len() {
            let step = &plan.steps[at];
            let Some(buildpack) = planned.buildpacks.get(&step.buildpack) else { continue };
            let key = &step.buildpack;
            let (buildpack_id, version) = (key.id.to_string(), key.version.to_string());
            self.observer.event(&Event::Building { buildpack: buildpack_id, version });
            let before: Vec<String> = steps.iter().map(|step| step.key.id.to_string()).collect();
            let granted = Granted {
                packages: packages.cloned(),
                buildpack: key.clone(),
                capabilities: buildpack.capabilities.clone(),
            };
            let stored = Arc::new(self.stored(buildpack, previous.cloned()));
            let built = self.build_one(buildpack, step, application, granted, &before, &build_layers, &stored);
            let contribution = built?;
            for pattern in contribution.slices.iter().flatten() {
                Pattern::parse(pattern, self.request.image.workspace())
                    .map_err(|source| EngineError::Slice { buildpack: key.clone(), source })?;
            }
            application = contribution.application;
            for layer in &contribution.layers {
                tell_layer(&*self.observer, key, layer);
                if layer.uses.build {
                    let tree = layer.contents.clone().or_else(|| stored.contents(&layer.name)).unwrap_or_default();
                    build_layers.push((format!("{}/{}", key.id.directory(), layer.name), tree));
                }
            }
            let key = key.clone();
            self.pass_on(&mut plan, at, &contribution.left);
            let data = contribution.stored.as_deref().and_then(|text| serde_json::from_str(text).ok());
            steps.push(DoneStep {
                key,
                homepage: buildpack.manifest.homepage.clone(),
                layers: contribution.layers,
                processes: contribution.processes,
                labels: contribution.labels,
                slices: contribution.slices,
                sboms: contribution.sboms,
                data: data.or_else(|| stored.data()),
                digest: buildpack.digest.to_string(),
                fetched: contribution.fetched,
                artifacts: contribution.artifacts,
                stored,
            });
        }
        Ok(Done { application, steps })
    }

    /// Hands on what a buildpack did not do. What nobody does after all is worth a word.
    fn pass_on(&self, plan: &mut Plan, at: usize, left: &BTreeSet<String>) {
        let left: Vec<String> = left.iter().cloned().collect();
        // The sandbox knows the plan and lets nothing else be left.
        for name in plan.pass_on(at, &left).unwrap_or_default() {
            let text =
                format!("{} left `{name}` to others, and no later buildpack provides it", plan.steps[at].buildpack.id);
            self.observer.event(&Event::Warning { text });
        }
    }

    /// What the last build left of this buildpack's.
    fn stored(&self, buildpack: &Buildpack, previous: Option<Arc<Previous>>) -> FromStore {
        let key = &buildpack.manifest.key;
        let maker = Maker::new(key.version.to_string(), &buildpack.digest);
        let (store, application) = (self.engine.store.clone(), export::identity(self.request));
        FromStore::new(store, application, key.id.to_string(), maker, previous, self.observer.clone())
    }

    #[expect(clippy::too_many_arguments, reason = "each is one thing that the build of a buildpack depends on")]
    fn build_one(
        &self,
        buildpack: &Buildpack,
        step: &Step,
        application: Tree,
        packages: Granted,
        before: &[String],
        layers: &[(String, Tree)],
        stored: &Arc<FromStore>,
    ) -> Result<Contribution, EngineError> {
        let key = &step.buildpack;
        let id = key.id.to_string();
        let log = Arc::new(Lines { observer: self.observer.clone(), buildpack: id.clone() });
        let mut grant = self.grant(buildpack, self.request.build_limits.clone(), log)?;
        grant.application = application;
        grant.environment = environment::of_layers(before, layers)
            .map_err(|source| EngineError::Pack { layer: "the build environment".to_owned(), source })?;
        let capabilities = &buildpack.capabilities;
        let artifacts = artifacts::Granted {
            fetcher: self.engine.fetcher.clone(),
            permission: Permission {
                registries: capabilities.registries.iter().cloned().collect(),
                hosts: capabilities.hosts.iter().cloned().collect(),
            },
            deadline: Instant::now() + self.request.build_limits.time,
            runtime: Handle::current(),
            cancel: self.request.cancel.clone(),
            telling: Telling { observer: self.observer.clone(), buildpack: id.clone() },
        };
        let build = BuildGrant {
            plan: step.entries.iter().map(plan_entry).collect(),
            layers: layers.to_vec(),
            stored: stored.clone(),
            store: stored.data().map(|data| data.to_string()),
            sbom_formats: buildpack.manifest.sbom_formats.clone(),
            artifacts: Arc::new(artifacts),
            packages: Arc::new(packages),
        };
        let built = buildpack.component.build(grant, build);
        let built = built.map_err(|failure| EngineError::buildpack(Phase::Build, key.clone(), failure))?;
        Ok(built.contribution)
    }
}

fn plan_entry(entry: &wattle_plan::Entry) -> PlanEntry {
    let metadata = if entry.metadata.is_empty() {
        String::new()
    } else {
        serde_json::Value::Object(entry.metadata.clone()).to_string()
    };
    PlanEntry { name: entry.name.clone(), metadata }
}

fn tell_layer(observer: &dyn Observer, key: &BuildpackKey, layer: &wattle_sandbox::Layer) {
    let (state, changes) = match &layer.state {
        wattle_sandbox::LayerState::Created => (LayerState::Created, Vec::new()),
        wattle_sandbox::LayerState::Restored | wattle_sandbox::LayerState::Kept => (LayerState::Reused, Vec::new()),
        wattle_sandbox::LayerState::Stale(changes) => (LayerState::Stale, changes.clone()),
    };
    let changes = changes
        .into_iter()
        .map(|change| KeyChange { name: change.name, before: change.before, after: change.after })
        .collect();
    observer.event(&Event::Layer { buildpack: key.id.to_string(), layer: layer.name.clone(), state, changes });
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

/// Turns a buildpack's lines into events.
struct Lines {
    observer: Arc<dyn Observer>,
    buildpack: String,
}

impl Log for Lines {
    fn line(&self, stream: Stream, text: &str) {
        let (buildpack, text) = (self.buildpack.clone(), text.to_owned());
        self.observer.event(&Event::Output { buildpack, error: stream == Stream::Error, text });
    }
}

//! Letting the buildpacks of a plan build, one after the other.

use crate::artifacts::{self, Telling};
use crate::buildpack::Buildpack;
use crate::environment;
use crate::error::EngineError;
use crate::event::{Event, KeyChange, LayerState, Observer};
use crate::export;
use crate::phase::Phase;
use crate::previous::Previous;
use crate::run::{Planned, Run};
use crate::stored::{FromStore, Maker};
use crate::system::{Granted, Packages};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::time::Instant;
use wattle_fetch::Permission;
use wattle_oci::cnb::Pattern;
use wattle_plan::{BuildpackKey, Plan, Step};
use wattle_sandbox::{BuildGrant, Contribution, Fetched, Log, Placed, PlanEntry, Process, SbomSubject, Stream};
use wattle_tree::Tree;

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

/// What a buildpack finds of those that built before it.
#[derive(Default)]
struct Earlier {
    /// Their ids, in their order.
    buildpacks: Vec<String>,
    /// Their layers that are for building, by path below `/layers`.
    layers: Vec<(String, Tree)>,
}

impl DoneStep {
    /// What `buildpack` contributed, but for the application. What it did not store anew, stays stored.
    fn new(buildpack: &Buildpack, contribution: Contribution, stored: Arc<FromStore>) -> DoneStep {
        let data = contribution.stored.as_deref().and_then(|text| serde_json::from_str(text).ok());
        DoneStep {
            key: buildpack.manifest.key.clone(),
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
        }
    }
}

impl Earlier {
    fn add(&mut self, step: &DoneStep) {
        self.buildpacks.push(step.key.id.to_string());
        for layer in step.layers.iter().filter(|layer| layer.uses.build) {
            let tree = layer.contents.clone().or_else(|| step.stored.contents(&layer.name)).unwrap_or_default();
            self.layers.push((format!("{}/{}", step.key.id.directory(), layer.name), tree));
        }
    }
}

impl Run<'_> {
    /// Lets the buildpacks of the plan build.
    pub(crate) fn build_all(
        &self,
        planned: &Planned,
        packages: Option<&Arc<Packages>>,
        previous: Option<&Arc<Previous>>,
    ) -> Result<Done, EngineError> {
        let mut plan = planned.plan.clone();
        let mut done = Done { application: self.application.clone(), steps: Vec::new() };
        let mut earlier = Earlier::default();
        for at in 0..plan.steps.len() {
            let step = &plan.steps[at];
            let Some(buildpack) = planned.buildpacks.get(&step.buildpack) else { continue };
            let key = step.buildpack.clone();
            self.observer.event(&Event::Building { buildpack: key.id.to_string(), version: key.version.to_string() });
            let capabilities = buildpack.capabilities.clone();
            let granted = Granted { packages: packages.cloned(), buildpack: key.clone(), capabilities };
            let stored = Arc::new(self.stored(buildpack, previous.cloned()));
            let mut contribution = self.build_one(buildpack, step, done.application, granted, &earlier, &stored)?;
            self.check_slices(&key, &contribution.slices)?;
            self.pass_on(&mut plan, at, &contribution.left);
            done.application = std::mem::take(&mut contribution.application);
            for layer in &contribution.layers {
                tell_layer(&*self.observer, &key, layer);
            }
            let step = DoneStep::new(buildpack, contribution, stored);
            earlier.add(&step);
            done.steps.push(step);
        }
        Ok(done)
    }

    /// Refuses slices while it is known whose they are.
    fn check_slices(&self, buildpack: &BuildpackKey, slices: &[Vec<String>]) -> Result<(), EngineError> {
        let workspace = self.request.image.workspace();
        slices.iter().flatten().try_for_each(|pattern| match Pattern::parse(pattern, workspace) {
            Ok(_) => Ok(()),
            Err(source) => Err(EngineError::Slice { buildpack: buildpack.clone(), source }),
        })
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

    fn build_one(
        &self,
        buildpack: &Buildpack,
        step: &Step,
        application: Tree,
        packages: Granted,
        earlier: &Earlier,
        stored: &Arc<FromStore>,
    ) -> Result<Contribution, EngineError> {
        let key = &step.buildpack;
        let id = key.id.to_string();
        let log = Arc::new(Lines { observer: self.observer.clone(), buildpack: id.clone() });
        let mut grant = self.grant(buildpack, self.request.build_limits.clone(), log)?;
        grant.application = application;
        grant.environment = environment::of_layers(&earlier.buildpacks, &earlier.layers)
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
            layers: earlier.layers.clone(),
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

//! From contributions to an image.

use crate::build::Sboms;
use crate::error::EngineError;
use crate::packing::{Packing, packed as packed_of};
use crate::previous::{MAKERS, Makers, Previous};
use crate::processes;
use crate::request::Request;
use crate::run::Run;
use crate::sbom::{self, Bills, Documents};
use crate::steps::{Done, DoneStep};
use crate::system::Packages;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use wattle_oci::cnb::{self, Application, Buildpack, LaunchLayer, Process, RunImageName, Sbom, SbomOf, Slice};
use wattle_oci::layer::{Owner, Source};
use wattle_oci::{Image, Layer};
use wattle_plan::{BuildpackKey, ExecEnv};
use wattle_sandbox::{LayerState, SbomSubject};
use wattle_sbom::Component;
use wattle_store::LayerRecord;
use wattle_transport::{Location, Source as Base};
use wattle_tree::{Digest, Tree};

/// Who owns what a build makes: the build user that the reference images have, which is not the user that processes run as.
const OWNER: Owner = Owner { uid: 1000, gid: 1000 };

/// The image, and what else comes of a build.
pub(crate) struct Exported {
    pub(crate) image: Image,
    pub(crate) kept: Kept,
    pub(crate) sboms: Sboms,
}

/// What the store is to keep for the next build.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) layers: Vec<(BuildpackKey, String, LayerRecord)>,
    /// What buildpacks stored.
    pub(crate) data: Vec<(BuildpackKey, Value)>,
}

/// Puts what the buildpacks did on the run image.
pub(crate) fn export(
    run: &Run,
    base: &Base,
    done: &Done,
    packages: Option<&Packages>,
    previous: Option<&Previous>,
) -> Result<Exported, EngineError> {
    let cancel = run.request.cancel.clone();
    let packing = Packing { store: &run.engine.store, observer: &*run.observer, cancel };
    let mut kept = Kept::default();
    let documents = Documents::new(run.engine, previous);
    let created = run.request.image.created.clone().unwrap_or_else(|| cnb::CREATED.to_owned());
    let mut bills = Bills::new(&created);
    let mut buildpacks = Vec::new();
    for step in &done.steps {
        let mut layers = Vec::new();
        for layer in &step.layers {
            let name = format!("{}:{}", step.key.id, layer.name);
            let made = launch(&packing, step, layer).map_err(|source| EngineError::Pack { layer: name, source })?;
            kept.layers.push((step.key.clone(), layer.name.clone(), made.record));
            let of = SbomOf::Layer(step.key.id.to_string(), layer.name.clone());
            let sboms = if step.stored.is_of_previous(&layer.name) && layer.contents.is_none() {
                documents.of(&of)?
            } else {
                made.sboms
            };
            let subject = if made.launch.is_some() { SbomSubject::Launch } else { SbomSubject::Build };
            bills.add(subject, &of, made.components, &sboms)?;
            layers.extend(made.launch);
        }
        kept.data.extend(step.data.clone().map(|data| (step.key.clone(), data)));
        buildpacks.push(Buildpack {
            id: step.key.id.to_string(),
            version: step.key.version.to_string(),
            homepage: step.homepage.clone(),
            layers,
            store: step.data.clone(),
        });
    }
    let added = packages.map(|packages| packages.addition(&packing)).transpose()?.flatten();
    bills.add(SbomSubject::Launch, &SbomOf::Packages, packages.map(Packages::components).unwrap_or_default(), &[])?;
    let processes = processes::all(said(done));
    let default_process = chosen_process(run.request, &processes)?.or_else(|| processes::default(said(done)));
    let (program, launcher) = launcher(run, &packing)?;
    let slices: Vec<Slice> =
        done.steps.iter().flat_map(|step| &step.slices).map(|paths| Slice { paths: paths.clone() }).collect();
    let workspace = run.request.image.workspace();
    let (launch, build) = bills.finish(done, program)?;
    let files = |sboms: &[Sbom]| sboms.iter().map(|sbom| (sbom.path(), sbom.document.clone())).collect();
    let sboms = Sboms { launch: files(&launch), build: files(&build) };
    let application = Application {
        packages: added,
        buildpacks,
        sboms: launch,
        app: parts(&packing, workspace, &done.application, &slices)?,
        slices,
        workspace: workspace.to_owned(),
        launcher,
        processes,
        default_process,
        execution_environment: run.request.execution_environment.to_string(),
        labels: labels(done),
        user_labels: run.request.image.labels.clone().into_iter().chain([makers(done)?]).collect(),
        user: run.request.image.user.clone(),
        project: run.request.image.project.clone(),
        run_image_reference: reference(base),
        run_image_name: RunImageName { image: name(&base.location), mirrors: Vec::new() },
        owner: OWNER,
        created,
    };
    let image = cnb::compose(&base.image, application).map_err(|error| EngineError::Compose(Box::new(error)))?;
    Ok(Exported { image, kept, sboms })
}

struct Made {
    record: LayerRecord,
    components: Vec<Component>,
    /// What the buildpack says of it.
    sboms: Vec<wattle_sandbox::Sbom>,
    /// None if it is not part of the image.
    launch: Option<LaunchLayer>,
}

fn launch(packing: &Packing, step: &DoneStep, layer: &wattle_sandbox::Layer) -> io::Result<Made> {
    let uses = layer.uses;
    let contents = match &layer.contents {
        Some(tree) if uses.cache || uses.build => Some(packing.store.trees().put(tree)?),
        Some(_) => None,
        None => step.stored.record(&layer.name).and_then(|record| record.contents),
    };
    let made = if uses.launch { Some(pack(packing, step, layer)?) } else { None };
    let (components, sboms) = (sbom::of_layer(step, layer), sbom::written(step, layer));
    let record = LayerRecord {
        key: layer.key.clone(),
        build: uses.build,
        launch: uses.launch,
        cache: uses.cache,
        contents,
        packed: made.as_ref().map(packed_of),
        more: step.stored.maker().record(&components, &sboms),
    };
    let data = layer.key.iter().map(|(name, value)| (name.clone(), serde_json::Value::String(value.clone())));
    let launch = made.map(|packed| LaunchLayer {
        name: layer.name.clone(),
        layer: packed,
        data: serde_json::Value::Object(data.collect()),
        build: uses.build,
        cache: uses.cache,
    });
    Ok(Made { record, components, sboms, launch })
}

fn pack(packing: &Packing, step: &DoneStep, layer: &wattle_sandbox::Layer) -> io::Result<Layer> {
    let key = &step.key;
    let name = format!("{}:{}", key.id, layer.name);
    if layer.state == LayerState::Kept {
        let packed = step.stored.record(&layer.name).and_then(|record| record.packed);
        if let Some(layer) = packed.as_ref().map(|packed| packing.reuse(&name, packed)).transpose()?.flatten() {
            return Ok(layer);
        }
        if let Some(layer) = step.stored.in_previous(&layer.name) {
            packing.tell(&name, true, &packed_of(&layer));
            return Ok(layer);
        }
    }
    let tree = layer.contents.clone().or_else(|| step.stored.contents(&layer.name));
    let tree = tree.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "its stored contents are gone"))?;
    let source = cnb::launch_layer(key.id.as_str(), &layer.name, tree.clone(), OWNER).map_err(io::Error::other)?;
    let path = format!("{}/{}/{}", cnb::LAYERS_DIR, key.id.directory(), layer.name);
    packing.pack(&name, tree.digest()?, &path, &owner(OWNER), &source)
}

/// The layers of the application: one for each slice, and one of what is left.
fn parts(packing: &Packing, workspace: &str, application: &Tree, slices: &[Slice]) -> Result<Vec<Layer>, EngineError> {
    let parts = cnb::slice(application, workspace, slices);
    // Patterns are checked when they come.
    let parts = parts.map_err(|error| EngineError::Pack {
        layer: "application".to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidInput, error),
    })?;
    let names =
        (1..).map(|number| if slices.is_empty() { "application".to_owned() } else { format!("slice {number}") });
    let pack = |(name, part): (String, Option<Tree>)| {
        part_of(packing, workspace, &name, part).map_err(|source| EngineError::Pack { layer: name, source })
    };
    names.zip(parts).map(pack).collect()
}

fn part_of(packing: &Packing, workspace: &str, name: &str, part: Option<Tree>) -> io::Result<Layer> {
    let source = |part| cnb::application(workspace, part, OWNER).map_err(io::Error::other);
    match part {
        Some(tree) => packing.pack(name, tree.digest()?, workspace, &owner(OWNER), &source(Some(tree.clone()))?),
        None => Layer::in_memory(&source(None)?),
    }
}

/// The digest of the launcher, and its layer.
fn launcher(run: &Run, packing: &Packing) -> Result<(Digest, Layer), EngineError> {
    let architecture = &run.request.target.architecture;
    let program = run.request.launchers.get(architecture).filter(|program| !program.is_empty());
    let program = program.ok_or_else(|| EngineError::Launcher(run.request.target.to_string()))?;
    let pack = || {
        let source: Source = cnb::launcher(program.clone()).map_err(io::Error::other)?;
        let digest: Digest = program.digest()?;
        Ok((digest, packing.pack("launcher", digest, cnb::LAUNCHER, &owner(Owner::ROOT), &source)?))
    };
    pack().map_err(|source| EngineError::Pack { layer: "launcher".to_owned(), source })
}

fn owner(owner: Owner) -> String {
    format!("{}:{}", owner.uid, owner.gid)
}

/// What buildpacks say of processes, each with who says it.
fn said(done: &Done) -> impl Iterator<Item = (&str, &wattle_sandbox::Process)> {
    done.steps.iter().flat_map(|step| step.processes.iter().map(move |process| (step.key.id.as_str(), process)))
}

/// The process that the user wants to be the default, if they say.
fn chosen_process(request: &Request, processes: &[Process]) -> Result<Option<String>, EngineError> {
    let Some(wanted) = &request.image.default_process else { return Ok(None) };
    if processes.iter().any(|process| process.kind == *wanted) {
        return Ok(Some(wanted.clone()));
    }
    let known = processes.iter().map(|process| process.kind.clone()).collect();
    Err(EngineError::DefaultProcess { wanted: wanted.clone(), known })
}

/// Of each key the last counts.
fn labels(done: &Done) -> BTreeMap<String, String> {
    let labels = done.steps.iter().flat_map(|step| &step.labels);
    labels.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Which buildpacks made the layers.
fn makers(done: &Done) -> Result<(String, String), serde_json::Error> {
    let makers = Makers::new(done.steps.iter().map(|step| (step.key.id.to_string(), step.digest.clone())));
    Ok((MAKERS.to_owned(), serde_json::to_string(&makers)?))
}

/// By what the layers of an application are known: where it is, and what is made of it.
pub(crate) fn identity(request: &Request) -> String {
    let path = &request.application;
    let path = path.canonicalize().unwrap_or_else(|_| path.clone());
    let exec_env = &request.execution_environment;
    let exec_env = if *exec_env == ExecEnv::default() { String::new() } else { format!(" as {exec_env}") };
    let workspace = match request.image.workspace() {
        cnb::APP_DIR => String::new(),
        other => format!(" at {other}"),
    };
    format!("{} for {}{exec_env}{workspace}", path.display(), request.target)
}

/// The run image by digest.
pub(crate) fn reference(base: &Base) -> String {
    match &base.location {
        Location::Registry(reference) => reference.at(base.digest).to_string(),
        layout @ (Location::Layout { .. } | Location::Archive { .. }) => format!("{}@{}", name(layout), base.digest),
    }
}

/// The name by which a newer run image is found.
pub(crate) fn name(location: &Location) -> String {
    match location {
        Location::Registry(reference) => reference.to_string(),
        // Where a layout lies on this machine is nobody else's business, and would make equal builds differ.
        Location::Layout { path, .. } | Location::Archive { path, .. } => {
            path.file_name().unwrap_or_default().to_string_lossy().into_owned()
        }
    }
}

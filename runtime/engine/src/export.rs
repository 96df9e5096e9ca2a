//! From contributions to an image.

use crate::build::{Done, DoneStep};
use crate::error::EngineError;
use crate::packing::{Packing, packed};
use crate::request::Request;
use crate::run::Run;
use crate::sbom::{self, Bills};
use crate::system::Packages;
use std::collections::BTreeMap;
use std::io;
use wattle_oci::cnb::{self, Application, Buildpack, LaunchLayer, Process, ProjectMetadata, RunImageName, SbomOf};
use wattle_oci::layer::{Owner, Source};
use wattle_oci::{Image, Layer};
use wattle_plan::BuildpackKey;
use wattle_sandbox::LayerState;
use wattle_sbom::Component;
use wattle_store::LayerRecord;
use wattle_transport::{Location, Source as Base};
use wattle_tree::{Digest, Tree};

/// Who owns what a build makes: the build user that the reference images have, which is not the user that processes run as.
const OWNER: Owner = Owner { uid: 1000, gid: 1000 };

/// The image, and what the store is to keep of its layers.
pub(crate) struct Exported {
    pub(crate) image: Image,
    pub(crate) records: Vec<(BuildpackKey, String, LayerRecord)>,
}

/// Puts what the buildpacks did on the run image.
pub(crate) fn export(
    run: &Run,
    base: &Base,
    done: &Done,
    packages: Option<&Packages>,
) -> Result<Exported, EngineError> {
    let cancel = run.request.cancel.clone();
    let packing = Packing { store: &run.engine.store, observer: &*run.observer, cancel };
    let mut records = Vec::new();
    let mut bills = Bills::new(cnb::CREATED);
    let mut buildpacks = Vec::new();
    for step in &done.steps {
        let mut layers = Vec::new();
        for layer in &step.layers {
            let name = format!("{}:{}", step.key.id, layer.name);
            let made = launch(&packing, step, layer).map_err(|source| EngineError::Pack { layer: name, source })?;
            records.push((step.key.clone(), layer.name.clone(), made.record));
            if made.launch.is_some() {
                bills.add(&SbomOf::Layer(step.key.id.to_string(), layer.name.clone()), made.components)?;
            }
            layers.extend(made.launch);
        }
        buildpacks.push(Buildpack {
            id: step.key.id.to_string(),
            version: step.key.version.to_string(),
            homepage: step.homepage.clone(),
            layers,
            store: None,
        });
    }
    let added = packages.map(|packages| packages.addition(&packing)).transpose()?.flatten();
    bills.add(&SbomOf::Packages, packages.map(Packages::components).unwrap_or_default())?;
    let default_process = default_process(done);
    let (program, launcher) = launcher(run, &packing)?;
    let application = Application {
        packages: added,
        buildpacks,
        sboms: bills.finish(done, program)?,
        slices: Vec::new(),
        app: vec![application(&packing, &done.application)?],
        workspace: cnb::APP_DIR.to_owned(),
        launcher,
        processes: processes(done),
        default_process,
        execution_environment: cnb::PRODUCTION.to_owned(),
        labels: labels(done),
        user_labels: BTreeMap::new(),
        user: None,
        project: ProjectMetadata::default(),
        run_image_reference: reference(base),
        run_image_name: RunImageName { image: name(&base.location), mirrors: Vec::new() },
        owner: OWNER,
        created: cnb::CREATED.to_owned(),
    };
    let image = cnb::compose(&base.image, application).map_err(|error| EngineError::Compose(Box::new(error)))?;
    Ok(Exported { image, records })
}

struct Made {
    record: LayerRecord,
    components: Vec<Component>,
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
    let components = sbom::of_layer(step, layer);
    let record = LayerRecord {
        key: layer.key.clone(),
        build: uses.build,
        launch: uses.launch,
        cache: uses.cache,
        contents,
        packed: made.as_ref().map(packed),
        more: step.stored.maker().record(&components),
    };
    let data = layer.key.iter().map(|(name, value)| (name.clone(), serde_json::Value::String(value.clone())));
    let launch = made.map(|packed| LaunchLayer {
        name: layer.name.clone(),
        layer: packed,
        data: serde_json::Value::Object(data.collect()),
        build: uses.build,
        cache: uses.cache,
    });
    Ok(Made { record, components, launch })
}

fn pack(packing: &Packing, step: &DoneStep, layer: &wattle_sandbox::Layer) -> io::Result<Layer> {
    let key = &step.key;
    let name = format!("{}:{}", key.id, layer.name);
    if layer.state == LayerState::Kept
        && let Some(packed) = step.stored.record(&layer.name).and_then(|record| record.packed)
        && let Some(layer) = packing.reuse(&name, &packed)?
    {
        return Ok(layer);
    }
    let tree = layer.contents.clone().or_else(|| step.stored.contents(&layer.name));
    let tree = tree.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "its stored contents are gone"))?;
    let source = cnb::launch_layer(key.id.as_str(), &layer.name, tree.clone(), OWNER).map_err(io::Error::other)?;
    let path = format!("{}/{}/{}", cnb::LAYERS_DIR, key.id.directory(), layer.name);
    packing.pack(&name, tree.digest()?, &path, &owner(OWNER), &source)
}

fn application(packing: &Packing, tree: &Tree) -> Result<Layer, EngineError> {
    let pack = || {
        let source = cnb::application(cnb::APP_DIR, Some(tree.clone()), OWNER).map_err(io::Error::other)?;
        packing.pack("application", tree.digest()?, cnb::APP_DIR, &owner(OWNER), &source)
    };
    pack().map_err(|source| EngineError::Pack { layer: "application".to_owned(), source })
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

/// Of each type the last counts, whoever made it.
fn processes(done: &Done) -> Vec<Process> {
    let mut processes = BTreeMap::new();
    for (step, process) in done.steps.iter().flat_map(|step| step.processes.iter().map(move |process| (step, process)))
    {
        let process = Process {
            kind: process.kind.clone(),
            command: process.command.clone(),
            args: process.arguments.clone(),
            direct: true,
            working_dir: process.working_directory.clone(),
            buildpack_id: step.key.id.to_string(),
            exec_env: Vec::new(),
        };
        processes.insert(process.kind.clone(), process);
    }
    processes.into_values().collect()
}

/// The last that was said to be the default, unless a later buildpack replaced that process without saying so.
fn default_process(done: &Done) -> Option<String> {
    let mut default: Option<String> = None;
    for process in done.steps.iter().flat_map(|step| &step.processes) {
        if process.default {
            default = Some(process.kind.clone());
        } else if default.as_ref() == Some(&process.kind) {
            default = None;
        }
    }
    default
}

fn labels(done: &Done) -> BTreeMap<String, String> {
    let labels = done.steps.iter().flat_map(|step| &step.labels);
    labels.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// By what the layers of an application are known: where it is, and what is made of it.
pub(crate) fn identity(request: &Request) -> String {
    let path = &request.application;
    let path = path.canonicalize().unwrap_or_else(|_| path.clone());
    format!("{} for {}", path.display(), request.target)
}

/// The run image by digest.
pub(crate) fn reference(base: &Base) -> String {
    match &base.location {
        Location::Registry(reference) => reference.at(base.digest).to_string(),
        layout @ Location::Layout { .. } => format!("{}@{}", name(layout), base.digest),
    }
}

/// The name by which a newer run image is found.
pub(crate) fn name(location: &Location) -> String {
    match location {
        Location::Registry(reference) => reference.to_string(),
        // Where a layout lies on this machine is nobody else's business, and would make equal builds differ.
        Location::Layout { path, .. } => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

//! The image of an application.

use super::labels::{
    BUILD_METADATA, BuildBuildpack, BuildLauncher, BuildMetadata, BuildpackLayers, Git, LIFECYCLE_METADATA,
    LayerMetadata, LifecycleMetadata, PROJECT_METADATA, Process, ProjectMetadata, RunImage, RunImageName, Sha, Source,
    Stack, Store,
};
use super::layers;
use super::metadata::Metadata;
use super::names::{self, NameError};
use super::{APP_DIR, LAUNCHER, LAUNCHER_VERSION, LAYERS_DIR, PLATFORM_API, PROCESS_DIR};
use crate::layer::{Owner, SourceError};
use crate::{Addition, Additions, ComposeError, Image, Layer};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Keys that begin so say what the platform says.
const RESERVED_LABELS: &str = "io.buildpacks.";

/// A buildpack that took part, and what it added.
#[derive(Debug, Clone)]
pub struct Buildpack {
    /// Its identifier, `wattle/node`.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Where to read about it.
    pub homepage: Option<String>,
    /// Its layers that are part of the image, in any order.
    pub layers: Vec<LaunchLayer>,
    /// What it asked to be kept for the next build.
    pub store: Option<Value>,
}

/// A layer that a buildpack made.
#[derive(Debug, Clone)]
pub struct LaunchLayer {
    /// Its name.
    pub name: String,
    /// Its contents, made from [`launch_layer`](super::launch_layer).
    pub layer: Layer,
    /// What the buildpack noted about it; `null` if nothing.
    pub data: Value,
    /// Whether later buildpacks saw it.
    pub build: bool,
    /// Whether it is kept for the next build.
    pub cache: bool,
}

/// Everything that goes on a run image.
#[derive(Debug, Clone)]
pub struct Application {
    /// The buildpacks, in the order of the group.
    pub buildpacks: Vec<Buildpack>,
    /// The application's own layers, the lowest first: one, unless it was sliced.
    pub app: Vec<Layer>,
    /// The launcher, made from [`launcher`](super::launcher).
    pub launcher: Layer,
    /// What can be started, in any order.
    pub processes: Vec<Process>,
    /// The type of the process that starts when the user names none.
    pub default_process: Option<String>,
    /// Labels that buildpacks set.
    pub labels: BTreeMap<String, String>,
    /// Where the source comes from.
    pub project: ProjectMetadata,
    /// The run image by digest, `registry/repository@sha256:…`.
    pub run_image_reference: String,
    /// The name by which a newer run image is found, and its mirrors.
    pub run_image_name: RunImageName,
    /// Who owns the application and the layers, as far as they are made here.
    pub owner: Owner,
    /// When the image is said to be made: [`CREATED`](super::CREATED), unless the user says otherwise.
    pub created: String,
}

/// An application that makes no image.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that cannot be had.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A second thing of the same name.
    #[error("there are two {what} `{name}`")]
    Twice {
        /// `layers of …`, or the like.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Two buildpacks whose layers would be in one directory.
    #[error("the layers of `{0}` and of another buildpack would both be in `{LAYERS_DIR}/{directory}`", directory = names::directory(.0))]
    SameDirectory(String),
    /// A process without a program.
    #[error("the process `{0}` has no command")]
    NoCommand(String),
    /// A default that does not exist.
    #[error("the default process `{0}` is not one of the processes")]
    NoSuchProcess(String),
    /// A label that is not for buildpacks to set.
    #[error(
        "the label `{0}` is not for buildpacks to set: labels that begin with `{RESERVED_LABELS}` are the platform's"
    )]
    ReservedLabel(String),
    /// A label could not be written.
    #[error("could not write the label `{key}`")]
    Label {
        /// Its key.
        key: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// `metadata.toml` could not be written.
    #[error("could not write what the launcher reads")]
    Metadata(#[from] toml::ser::Error),
    /// A layer could not be packed.
    #[error("could not pack a layer in memory")]
    Pack(#[from] std::io::Error),
    /// A layer's path is none.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A path inside a layer is none.
    #[error(transparent)]
    Path(#[from] wattle_tree::PathError),
    /// The image could not be put together.
    #[error(transparent)]
    Compose(#[from] ComposeError),
}

/// Puts `application` on the run image `base`.
pub fn compose(base: &Image, mut application: Application) -> Result<Image, Error> {
    check(&application)?;
    for buildpack in &mut application.buildpacks {
        buildpack.layers.sort_by(|a, b| a.name.cmp(&b.name));
    }
    application.processes.sort_by(|a, b| a.kind.cmp(&b.kind));
    let own = Own::pack(&application)?;
    let additions = Additions {
        environment: environment(),
        path: vec![PROCESS_DIR.to_owned(), directory_of(LAUNCHER)],
        working_dir: APP_DIR.to_owned(),
        entrypoint: vec![entrypoint(&application)],
        labels: labels(base, &application, &own)?,
        layers: additions(&application, &own),
        created: application.created,
    };
    Ok(crate::compose(base, additions)?)
}

/// The layers that follow from the rest.
struct Own {
    config: Layer,
    /// None if there are no processes.
    process_types: Option<Layer>,
}

impl Own {
    fn pack(application: &Application) -> Result<Own, Error> {
        let config = layers::config(&Metadata::of(application), application.owner)?;
        let types = layers::process_types(application.processes.iter().map(|process| process.kind.as_str()))?;
        let process_types = types.as_ref().map(Layer::in_memory).transpose()?;
        Ok(Own { config: Layer::in_memory(&config)?, process_types })
    }
}

fn check(application: &Application) -> Result<(), Error> {
    let mut directories = BTreeSet::new();
    for buildpack in &application.buildpacks {
        names::check_buildpack(&buildpack.id)?;
        if !directories.insert(names::directory(&buildpack.id).to_ascii_lowercase()) {
            return Err(Error::SameDirectory(buildpack.id.clone()));
        }
        let names = buildpack.layers.iter().map(|layer| layer.name.as_str());
        distinct("layers", names, names::check_layer)?;
    }
    let types = application.processes.iter().map(|process| process.kind.as_str());
    distinct("processes", types.clone(), names::check_process)?;
    if let Some(process) = application.processes.iter().find(|process| process.command.is_empty()) {
        return Err(Error::NoCommand(process.kind.clone()));
    }
    if let Some(missing) = application.default_process.as_deref().filter(|kind| !types.clone().any(|t| t == *kind)) {
        return Err(Error::NoSuchProcess(missing.to_owned()));
    }
    let reserved = application.labels.keys().find(|key| key.starts_with(RESERVED_LABELS));
    reserved.map_or(Ok(()), |key| Err(Error::ReservedLabel(key.clone())))
}

fn distinct<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a str>,
    check: fn(&str) -> Result<(), NameError>,
) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for name in names {
        check(name)?;
        if !seen.insert(name) {
            return Err(Error::Twice { what, name: name.to_owned() });
        }
    }
    Ok(())
}

fn environment() -> Vec<(String, String)> {
    [
        ("CNB_LAYERS_DIR", LAYERS_DIR),
        ("CNB_APP_DIR", APP_DIR),
        ("CNB_PLATFORM_API", PLATFORM_API),
        ("CNB_DEPRECATION_MODE", "quiet"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn directory_of(path: &str) -> String {
    path.rsplit_once('/').map_or("/", |(directory, _)| directory).to_owned()
}

/// The default process under its own name, or the launcher, which then wants a command.
fn entrypoint(application: &Application) -> String {
    application.default_process.as_ref().map_or(LAUNCHER.to_owned(), |kind| format!("{PROCESS_DIR}/{kind}"))
}

/// From the lowest to the highest: what changes seldom first. What their history says is read by people and by tools.
fn additions(application: &Application, own: &Own) -> Vec<Addition> {
    let add = |layer: &Layer, created_by: String| Addition { layer: layer.clone(), created_by };
    let mut additions = Vec::new();
    for Buildpack { id, version, layers, .. } in &application.buildpacks {
        additions.extend(layers.iter().map(|LaunchLayer { name, layer, .. }| {
            add(layer, format!("Layer: '{name}', Created by buildpack: {id}@{version}"))
        }));
    }
    let sliced = application.app.len() > 1;
    additions.extend(application.app.iter().zip(1..).map(|(layer, number)| {
        add(layer, if sliced { format!("Application Slice: {number}") } else { "Application Layer".to_owned() })
    }));
    additions.push(add(&application.launcher, "Buildpacks Application Launcher".to_owned()));
    additions.push(add(&own.config, "Buildpacks Launcher Config".to_owned()));
    additions.extend(own.process_types.iter().map(|layer| add(layer, "Buildpacks Process Types".to_owned())));
    additions
}

fn labels(base: &Image, application: &Application, own: &Own) -> Result<BTreeMap<String, String>, Error> {
    let mut labels = application.labels.clone();
    let mut put = |key: &'static str, text: Result<String, serde_json::Error>| {
        labels.insert(key.to_owned(), text.map_err(|source| Error::Label { key, source })?);
        Ok::<(), Error>(())
    };
    put(LIFECYCLE_METADATA, json(&lifecycle_metadata(base, application, own)))?;
    put(BUILD_METADATA, json(&build_metadata(application)))?;
    put(PROJECT_METADATA, json(&application.project))?;
    Ok(labels)
}

fn json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(value)
}

fn lifecycle_metadata(base: &Image, application: &Application, own: &Own) -> LifecycleMetadata {
    let sha = |layer: &Layer| Sha { sha: Some(layer.diff_id) };
    let RunImageName { image, mirrors } = application.run_image_name.clone();
    LifecycleMetadata {
        app: application.app.iter().map(sha).collect(),
        sbom: None,
        buildpacks: application.buildpacks.iter().map(buildpack_layers).collect(),
        config: sha(&own.config),
        launcher: sha(&application.launcher),
        process_types: own.process_types.as_ref().map(sha).unwrap_or_default(),
        run_image: RunImage {
            top_layer: base.layers().last().map(|layer| layer.diff_id),
            reference: application.run_image_reference.clone(),
            image,
            mirrors,
        },
        stack: Stack { run_image: application.run_image_name.clone() },
    }
}

fn buildpack_layers(buildpack: &Buildpack) -> BuildpackLayers {
    let layer = |layer: &LaunchLayer| {
        let LaunchLayer { name, layer, data, build, cache } = layer;
        let metadata =
            LayerMetadata { sha: layer.diff_id, data: data.clone(), build: *build, launch: true, cache: *cache };
        (name.clone(), metadata)
    };
    BuildpackLayers {
        key: buildpack.id.clone(),
        version: buildpack.version.clone(),
        layers: buildpack.layers.iter().map(layer).collect(),
        store: buildpack.store.clone().map(|metadata| Store { metadata }),
    }
}

fn build_metadata(application: &Application) -> BuildMetadata {
    let buildpack = |buildpack: &Buildpack| BuildBuildpack {
        id: buildpack.id.clone(),
        version: buildpack.version.clone(),
        homepage: buildpack.homepage.clone(),
    };
    BuildMetadata {
        buildpacks: application.buildpacks.iter().map(buildpack).collect(),
        launcher: BuildLauncher {
            version: LAUNCHER_VERSION.to_owned(),
            source: Source { git: Git { repository: "wattle".to_owned(), commit: String::new() } },
        },
        processes: application.processes.clone(),
        default_process: application.default_process.clone(),
    }
}

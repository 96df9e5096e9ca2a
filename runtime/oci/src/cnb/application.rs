//! What goes on a run image, and what of it is refused.

use super::LAYERS_DIR;
use super::labels::{Process, ProjectMetadata, RunImageName};
use super::names::{self, NameError};
use super::sbom::Sbom;
use crate::layer::{Owner, SourceError};
use crate::{Addition, ComposeError, Layer};
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
    /// Packages of the operating system that the run image lacks: a layer at the root, below those of buildpacks. The
    /// specification has no such layer: to a rebase it belongs to the application, and stays.
    pub packages: Option<Addition>,
    /// The buildpacks, in the order of the group.
    pub buildpacks: Vec<Buildpack>,
    /// Bills of materials of what is put on the run image; that of the run image is its own.
    pub sboms: Vec<Sbom>,
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

pub(super) fn check(application: &Application) -> Result<(), Error> {
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

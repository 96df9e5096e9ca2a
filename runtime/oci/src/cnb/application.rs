//! What goes on a run image, and what of it is refused.

use super::LAYERS_DIR;
use super::labels::{Process, ProjectMetadata, RunImageName};
use super::names::{self, NameError, WorkspaceError};
use super::sbom::Sbom;
use super::slices::Slice;
use crate::layer::{Owner, SourceError};
use crate::{Addition, ComposeError, Layer};
use serde_json::Value;
use std::collections::BTreeMap;

/// Keys that begin so say what the platform says.
pub(super) const RESERVED_LABELS: &str = "io.buildpacks.";

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
    /// What parts of the application get layers of their own, in the order of the group.
    pub slices: Vec<Slice>,
    /// The application's own layers, the lowest first: one for each of the slices, and one of what is left, as
    /// [`slice`](super::slice) gives them. Each is made from [`application`](super::application).
    pub app: Vec<Layer>,
    /// Where the application is: [`APP_DIR`](super::APP_DIR), unless the user says otherwise.
    pub workspace: String,
    /// The launcher, made from [`launcher`](super::launcher).
    pub launcher: Layer,
    /// What can be started, in any order.
    pub processes: Vec<Process>,
    /// The type of the process that starts when the user names none.
    pub default_process: Option<String>,
    /// The execution environment that the image is for: [`PRODUCTION`](super::PRODUCTION), unless the user says otherwise.
    pub execution_environment: String,
    /// Labels that buildpacks set.
    pub labels: BTreeMap<String, String>,
    /// Labels that the user sets, in place of those of buildpacks.
    pub user_labels: BTreeMap<String, String>,
    /// Who processes run as, `1001:1000`, if not the user of the run image.
    pub user: Option<String>,
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
    /// A default that would not start.
    #[error("the default process `{process}` is not for the execution environment `{environment}`")]
    NotEligible {
        /// Its type.
        process: String,
        /// The execution environment that the image is for.
        environment: String,
    },
    /// A label that neither buildpacks nor users set.
    #[error(
        "the label `{key}` is not for {whom} to set: labels that begin with `{RESERVED_LABELS}` are the platform's"
    )]
    ReservedLabel {
        /// Its key.
        key: String,
        /// `buildpacks`, or `users`.
        whom: &'static str,
    },
    /// Slices and layers of which one does not follow from the other.
    #[error("{slices} slices make {} layers of the application, not {layers}", .slices + 1)]
    Slices {
        /// How many slices there are.
        slices: usize,
        /// How many layers.
        layers: usize,
    },
    /// A directory where no application can be.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// Nobody that a process can run as.
    #[error("`{0}` is no user to run as: expected `user` or `user:group`, by name or by number")]
    User(String),
    /// A number that other tools would change.
    #[error("{of} has the number {number}, which other tools would round: write it as text")]
    Number {
        /// What has it: `the metadata of …`.
        of: String,
        /// The number.
        number: String,
    },
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

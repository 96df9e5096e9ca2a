//! Why there is no image.

use crate::buildpack::PackageError;
use crate::phase::Phase;
use crate::rebase::RebaseFailed;
use crate::sbom::BomError;
use crate::system::{PackagesError, RunImageError};
use crate::tags::NotTagged;
use std::fmt;
use std::io;
use std::path::PathBuf;
use wattle_plan::{BuildpackKey, ExpandError, Unresolved, Verdict};
use wattle_sandbox::Failure;
use wattle_store::StoreError;
use wattle_transport::{Location, TransportError};
use wattle_tree::directory::ReadError;

/// Whose fault an error is; it decides the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The application, or a buildpack about it.
    Application,
    /// How the engine was asked.
    Usage,
    /// The machine, the network, a registry, or Wattle.
    World,
    /// Whoever interrupted it.
    Interrupted,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The application's directory cannot be opened.
    #[error("the application `{path}` cannot be opened")]
    Application {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file of the application cannot be read.
    #[error("the application `{path}` cannot be read")]
    Read {
        /// Its directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: ReadError,
    },
    /// A buildpack cannot be used.
    #[error(transparent)]
    Package(Box<PackageError>),
    /// The order makes no sense.
    #[error("the order of buildpacks cannot be followed")]
    Order(#[from] ExpandError),
    /// No buildpack applies.
    #[error("no buildpack can build `{path}`")]
    NothingApplies {
        /// The application.
        path: PathBuf,
        /// What each said.
        unresolved: Box<Unresolved>,
        /// Files that would have made one apply, elsewhere in the application.
        nearest: Vec<String>,
    },
    /// A buildpack gave no result.
    #[error("{buildpack}: {failure}")]
    Buildpack {
        /// Which.
        buildpack: BuildpackKey,
        /// In which phase.
        phase: Phase,
        /// How it ended.
        failure: Box<Failure>,
    },
    /// The process that was to be the default is none.
    #[error("the image has no process `{wanted}` that could be its default")]
    DefaultProcess {
        /// What was asked for.
        wanted: String,
        /// The types that there are.
        known: Vec<String>,
    },
    /// There is no launcher for what the image will run on.
    #[error("there is no launcher for `{0}`")]
    Launcher(String),
    /// There is no run image to start from.
    #[error(transparent)]
    RunImage(Box<RunImageError>),
    /// The layers of the run image cannot be read.
    #[error("the layers of the run image `{reference}` cannot be read")]
    RunImageLayers {
        /// Its name.
        reference: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Packages of the operating system cannot be added.
    #[error(transparent)]
    Packages(Box<PackagesError>),
    /// The run image is no run image.
    #[error("`{0}` is an image of an application, and no run image")]
    RunImageIsApplication(String),
    /// The run image is for something else.
    #[error("the run image `{reference}` is for `{found}`, and the image is to run on `{wanted}`")]
    RunImagePlatform {
        /// Its name.
        reference: String,
        /// What it is for.
        found: String,
        /// What was wanted.
        wanted: String,
    },
    /// A layer could not be packed.
    #[error("`{layer}` cannot be packed")]
    Pack {
        /// Its name.
        layer: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A buildpack cuts the application by what is no pattern.
    #[error("{buildpack} cuts the application into slices that cannot be")]
    Slice {
        /// Which.
        buildpack: BuildpackKey,
        /// Why.
        source: wattle_oci::cnb::PatternError,
    },
    /// The parts do not make an image.
    #[error("the image cannot be put together")]
    Compose(#[source] Box<wattle_oci::cnb::Error>),
    /// An image cannot be read.
    #[error("the image `{location}` cannot be read")]
    ReadImage {
        /// Where it should be.
        location: String,
        /// Why.
        #[source]
        source: Box<TransportError>,
    },
    /// An image says of itself what cannot be understood.
    #[error("the image `{location}` cannot be understood")]
    Label {
        /// Where it is.
        location: String,
        /// Why.
        #[source]
        source: wattle_oci::cnb::LabelError,
    },
    /// The image cannot be written.
    #[error("the image cannot be written to `{location}`")]
    Publish {
        /// Where it should go.
        location: String,
        /// Why.
        #[source]
        source: Box<TransportError>,
    },
    /// The image has not all of its names.
    #[error(transparent)]
    Tags(Box<NotTagged>),
    /// An image cannot be put on another run image.
    #[error(transparent)]
    Rebase(Box<RebaseFailed>),
    /// A bill of materials cannot be written.
    #[error("what the image consists of cannot be written down")]
    WriteBom(#[from] serde_json::Error),
    /// What an image consists of cannot be said.
    #[error(transparent)]
    Bom(Box<BomError>),
    /// The store is in the way.
    #[error("the store cannot be used")]
    Store(#[from] StoreError),
    /// Somebody interrupted it.
    #[error("interrupted")]
    Interrupted,
}

impl EngineError {
    /// Stable, for programs.
    pub fn code(&self) -> String {
        match self {
            EngineError::Application { .. } => "application/open",
            EngineError::Read { .. } => "application/read",
            EngineError::Package(_) => "buildpack/package",
            EngineError::Order(_) => "buildpack/order",
            EngineError::NothingApplies { .. } => "detect/nothing-applies",
            EngineError::Buildpack { failure, .. } => return failure.code(),
            EngineError::Launcher(_) => "launcher/architecture",
            EngineError::DefaultProcess { .. } => "export/default-process",
            EngineError::Tags(_) => "export/tags",
            EngineError::RunImage(error) => return error.code(),
            EngineError::RunImagePlatform { .. } => "run-image/platform",
            EngineError::RunImageLayers { .. } => "run-image/layers",
            EngineError::RunImageIsApplication(_) => "run-image/application",
            EngineError::Packages(error) => return error.code(),
            EngineError::Pack { .. } => "export/pack",
            EngineError::Slice { .. } => "image/slice/pattern",
            EngineError::Compose(_) => "export/compose",
            EngineError::ReadImage { .. } => "image/read",
            EngineError::Label { .. } => "image/label",
            EngineError::Publish { .. } => "image/write",
            EngineError::Rebase(error) => error.reason.code(),
            EngineError::WriteBom(_) => "sbom/write",
            EngineError::Bom(error) => error.code(),
            EngineError::Store(_) => "store",
            EngineError::Interrupted => "interrupted",
        }
        .to_owned()
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            EngineError::NothingApplies { .. } | EngineError::Read { .. } | EngineError::Slice { .. } => {
                Fault::Application
            }
            EngineError::Package(error) if matches!(**error, PackageError::Store { .. }) => Fault::World,
            EngineError::Application { .. }
            | EngineError::Package(_)
            | EngineError::Order(_)
            | EngineError::Launcher(_)
            | EngineError::DefaultProcess { .. }
            | EngineError::RunImageIsApplication(_)
            | EngineError::RunImagePlatform { .. } => Fault::Usage,
            EngineError::Buildpack { failure, .. } => of_failure(failure),
            EngineError::RunImage(error) => error.fault(),
            EngineError::Rebase(error) => error.reason.fault(),
            EngineError::Bom(error) => error.fault(),
            EngineError::Tags(error) => error.fault(),
            EngineError::Packages(error) if error.fault() == wattle_sandbox::Fault::User => Fault::Usage,
            EngineError::ReadImage { source, .. } | EngineError::Publish { source, .. } => match source.fault() {
                wattle_transport::Fault::NotFound => Fault::Usage,
                _ => Fault::World,
            },
            // What the application or a buildpack has that no image can have.
            EngineError::Pack { source, .. } if source.kind() == io::ErrorKind::InvalidInput => Fault::Application,
            EngineError::Compose(error) if !matches!(**error, wattle_oci::cnb::Error::Pack(_)) => Fault::Application,
            EngineError::Packages(_)
            | EngineError::RunImageLayers { .. }
            | EngineError::Pack { .. }
            | EngineError::Compose(_)
            | EngineError::Label { .. }
            | EngineError::WriteBom(_)
            | EngineError::Store(_) => Fault::World,
            EngineError::Interrupted => Fault::Interrupted,
        }
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        let mut hints = self.own_hints();
        if hints.iter().all(|hint| !hint.contains("disk")) && is_out_of_space(self) {
            hints.insert(0, "free disk space, or set `--store` to a directory with room".to_owned());
        }
        hints
    }

    fn own_hints(&self) -> Vec<String> {
        match self {
            EngineError::NothingApplies { path, nearest, .. } => {
                nearest.iter().map(|found| try_instead(path, found)).collect()
            }
            EngineError::Application { .. } => {
                vec!["name an application's directory, as in `wattle build shop`".to_owned()]
            }
            EngineError::Read { source: ReadError::Pattern { file, .. }, .. } => {
                vec![format!("correct that line of `{file}`")]
            }
            EngineError::Read { .. } => {
                vec!["mend it, or leave it out with a line in `.wattleignore`".to_owned()]
            }
            EngineError::Buildpack { failure, .. } => failure.hints(),
            EngineError::Slice { .. } => {
                vec!["this is an error in the buildpack, or in the setting that it has the pattern from".to_owned()]
            }
            EngineError::RunImage(error) => error.hints(),
            EngineError::Rebase(error) => error.reason.hints(),
            EngineError::Bom(error) => error.hints(),
            EngineError::Tags(error) => error.hints(),
            EngineError::DefaultProcess { known, .. } if known.is_empty() => {
                vec!["no buildpack says what can be started: leave it out, or add a `Procfile`".to_owned()]
            }
            EngineError::DefaultProcess { known, .. } => {
                vec![format!("name one of these: {}", known.join(", "))]
            }
            EngineError::Packages(error) => error.hints(),
            EngineError::RunImageIsApplication(image) => {
                vec![format!("name what it was built on, which `wattle inspect {image}` tells")]
            }
            EngineError::RunImagePlatform { found, .. } => {
                vec![format!("name a run image for what you want, or build with `--platform {found}`")]
            }
            EngineError::ReadImage { source, .. } | EngineError::Publish { source, .. } => {
                source.hint().into_iter().collect()
            }
            EngineError::Store(_) => vec!["name another directory with `--store`".to_owned()],
            EngineError::Launcher(_) => {
                vec!["build with `--platform linux/amd64` or `--platform linux/arm64`".to_owned()]
            }
            EngineError::Package(error) if matches!(**error, PackageError::Component { .. }) => {
                vec![
                    "buildpacks are components of world `wattle:buildpack/buildpack@0.1.0`, built for `wasm32-wasip2`"
                        .to_owned(),
                ]
            }
            _ => Vec::new(),
        }
    }

    /// More to show below the error, a line each.
    pub fn details(&self) -> Vec<String> {
        match self {
            EngineError::NothingApplies { unresolved, .. } => said(unresolved),
            EngineError::Buildpack { failure, .. } => failure.details(),
            EngineError::Tags(error) => error.details(),
            _ => Vec::new(),
        }
    }
}

/// Codes of errors that a buildpack passes on, and that the settings of this machine are to blame for.
const SETTINGS: [&str; 6] = [
    "artifacts/address/insecure",
    "artifacts/address/private",
    "artifacts/connection/invalid",
    "artifacts/offline",
    "artifacts/registry/unknown",
    "artifacts/unauthorised",
];

fn of_failure(failure: &Failure) -> Fault {
    match (failure, failure.fault()) {
        (Failure::Cancelled, _) => Fault::Interrupted,
        (_, wattle_sandbox::Fault::Platform) => Fault::World,
        _ if SETTINGS.contains(&failure.code().as_str()) => Fault::Usage,
        _ => Fault::Application,
    }
}

/// Each buildpack that matters once, and what came of it; each at all, if none does.
fn said(unresolved: &Unresolved) -> Vec<String> {
    let mut rows: Vec<(String, String)> = Vec::new();
    let verdicts = || unresolved.groups.iter().flat_map(|group| &group.verdicts);
    let none_matters = !verdicts().any(Verdict::matters);
    for verdict in verdicts().filter(|verdict| none_matters || verdict.matters()) {
        let row = (verdict.buildpack.to_string(), verdict.outcome.to_string());
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.iter().map(|(name, outcome)| format!("{name:width$}  {outcome}")).collect()
}

fn try_instead(path: &std::path::Path, found: &str) -> String {
    let directory = found.rsplit_once('/').map_or("", |(directory, _)| directory);
    format!("`{found}` exists: try `wattle build {}`", path.join(directory).display())
}

impl EngineError {
    /// What it means that an image there cannot be read.
    pub(crate) fn reading(location: &Location) -> impl FnOnce(TransportError) -> EngineError {
        |source| EngineError::ReadImage { location: location.to_string(), source: source.into() }
    }

    /// What it means that an image cannot be written there.
    pub(crate) fn publishing(location: &Location) -> impl FnOnce(TransportError) -> EngineError {
        |source| EngineError::Publish { location: location.to_string(), source: source.into() }
    }

    /// What it means for the whole that this buildpack gave no result.
    pub(crate) fn buildpack(phase: Phase, buildpack: BuildpackKey, failure: Failure) -> EngineError {
        match failure {
            Failure::Cancelled => EngineError::Interrupted,
            failure => EngineError::Buildpack { buildpack, phase, failure: Box::new(failure) },
        }
    }
}

/// True if somewhere behind an error, there is no room on a disk.
fn is_out_of_space(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.into_iter().any(|cause| {
        let found = cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::StorageFull);
        found || matches!(cause.downcast_ref(), Some(StoreError::Full { .. }))
    })
}

impl From<RunImageError> for EngineError {
    fn from(error: RunImageError) -> EngineError {
        EngineError::RunImage(Box::new(error))
    }
}

impl From<BomError> for EngineError {
    fn from(error: BomError) -> EngineError {
        EngineError::Bom(Box::new(error))
    }
}

impl From<PackagesError> for EngineError {
    fn from(error: PackagesError) -> EngineError {
        EngineError::Packages(Box::new(error))
    }
}

impl From<PackageError> for EngineError {
    fn from(error: PackageError) -> EngineError {
        EngineError::Package(Box::new(error))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Application => "application",
            Fault::Usage => "usage",
            Fault::World => "world",
            Fault::Interrupted => "interrupted",
        })
    }
}

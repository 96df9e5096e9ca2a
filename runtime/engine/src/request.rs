//! What an engine consists of, and what it is asked.

use crate::buildpack::Package;
use crate::event::Observer;
use crate::system::Keyring;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;
use wattle_fetch::Fetcher;
use wattle_oci::Platform;
use wattle_oci::cnb::{APP_DIR, ProjectMetadata};
use wattle_plan::{ExecEnv, Order};
use wattle_sandbox::{Binding, Cancel, Limits, Sandbox};
use wattle_store::Store;
use wattle_transport::{Location, Transport};
use wattle_tree::Blob;
use wattle_tree::directory::Rules;

/// Everything that outlives a build. Its futures need a multi-threaded tokio runtime with time and I/O.
pub struct Engine {
    /// What survives a build.
    pub store: Store,
    /// Where components run.
    pub sandbox: Sandbox,
    /// Where images come from and go.
    pub transport: Transport,
    /// Where packages come from.
    pub fetcher: Fetcher,
    /// Whose word counts in archives of operating-system packages.
    pub keyring: Keyring,
    /// When this is: release files of archives are not to be believed for ever.
    pub now: SystemTime,
    /// Who hears what happens.
    pub observer: Arc<dyn Observer>,
}

/// What the user wants of an image besides what buildpacks put into it.
#[derive(Debug, Clone, Default)]
pub struct ImageOptions {
    /// Its labels, which come before those of buildpacks.
    pub labels: BTreeMap<String, String>,
    /// Who its processes run as, `user` or `user:group`; none for the run image's user.
    pub user: Option<String>,
    /// The type of the process that starts; none for what buildpacks say.
    pub default_process: Option<String>,
    /// Where the application is, an absolute path; none for `/workspace`.
    pub workspace: Option<String>,
    /// When it is said to be made, as in RFC 3339; none for the time that is the same for all images.
    pub created: Option<String>,
    /// Where its source comes from.
    pub project: ProjectMetadata,
}

impl ImageOptions {
    /// Where the application is.
    pub fn workspace(&self) -> &str {
        self.workspace.as_deref().unwrap_or(APP_DIR)
    }
}

/// An application, and what may build it.
#[derive(Clone)]
pub struct Request {
    /// Directory of the application.
    pub application: PathBuf,
    /// What of it to leave out.
    pub rules: Rules,
    /// Files and directories that settings with secrets were read from: no part of the application, though they may be in its
    /// directory.
    pub secrets: Vec<PathBuf>,
    /// Buildpacks at hand.
    pub buildpacks: Vec<Package>,
    /// In which order to try them.
    pub order: Order,
    /// What the image will run on.
    pub target: Platform,
    /// Packages of the operating system that the user wants in the image: names, or names with `=` and a version.
    pub packages: Vec<String>,
    /// What the user sets of the build environment.
    pub environment: BTreeMap<String, String>,
    /// What the user hands to buildpacks that declare its type.
    pub bindings: Vec<Binding>,
    /// What the image is built for.
    pub execution_environment: ExecEnv,
    /// What the user wants of the image.
    pub image: ImageOptions,
    /// What a buildpack may use in `detect`.
    pub detect_limits: Limits,
    /// What a buildpack may use in `build`.
    pub build_limits: Limits,
    /// The launcher for each architecture, by its OCI name.
    pub launchers: BTreeMap<String, Blob>,
    /// Ends it early.
    pub cancel: Cancel,
}

/// Where the images of a build are.
#[derive(Debug, Clone)]
pub struct Images {
    /// Where the image goes.
    pub output: Location,
    /// Other names that it gets.
    pub tags: Vec<Location>,
    /// What it is put on; the default one if none is named.
    pub run_image: Option<Location>,
    /// What was built before, whose layers are used again; what is at `output` if none is named.
    pub previous: Option<Location>,
}

//! What one phase may see and do.

use crate::contribution::{Change, Key, PlanEntry, Uses};
use crate::failure::{Fault, GuestError};
use crate::limits::Limits;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wattle_tree::{Blob, Digest, Scratch, Tree};

/// Which buildpack runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Id, such as `wattle/node`.
    pub id: String,
    /// Version, such as `1.4.0`.
    pub version: String,
    /// Name of its directory below `/layers`: the id with `/` replaced by `_`.
    pub directory: String,
}

/// What the image will run on (CNB target).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Operating system, such as `linux`.
    pub os: String,
    /// Architecture, such as `amd64`.
    pub architecture: String,
    /// Variant of the architecture, such as `v8`.
    pub variant: Option<String>,
    /// Name and version of the distribution, such as `debian` and `12`.
    pub distribution: Option<(String, String)>,
}

/// What somebody hands to buildpacks of their choice (Service Binding specification).
#[derive(Debug, Clone)]
pub struct Binding {
    /// Its name, that of a directory.
    pub name: String,
    /// Its type, such as `ca-certificates`.
    pub kind: String,
    /// Who provides it, if it says so.
    pub provider: Option<String>,
    /// Its entries, `type` and `provider` among them.
    pub entries: Tree,
}

/// What the user of a build says of it besides the application, as far as one buildpack may know.
#[derive(Debug, Clone)]
pub struct Platform {
    /// Variables that were set, also files below `/platform/env`.
    pub variables: BTreeMap<String, String>,
    /// Whether these are in files only, and not in the environment (buildpack.toml, `clear-env`).
    pub clear_env: bool,
    /// Service bindings, sorted by name: files below `/platform/bindings`.
    pub bindings: Vec<Binding>,
    /// What the image is built for.
    pub execution_environment: String,
    /// Where the application is, an absolute path.
    pub workspace: String,
}

impl Default for Platform {
    /// Nothing set, for `production`, at `/workspace`.
    fn default() -> Platform {
        Platform {
            variables: BTreeMap::new(),
            clear_env: false,
            bindings: Vec::new(),
            execution_environment: "production".to_owned(),
            workspace: "/workspace".to_owned(),
        }
    }
}

/// What any phase is given.
pub struct Grant {
    /// Which buildpack runs.
    pub buildpack: Identity,
    /// What the image will run on.
    pub target: Target,
    /// The environment that layers of earlier buildpacks make. What the user set is added, and the specification's own
    /// variables.
    pub environment: BTreeMap<String, String>,
    /// What else the user of the build says.
    pub platform: Platform,
    /// The application.
    pub application: Tree,
    /// `/buildpack`.
    pub files: Tree,
    /// What it may use up.
    pub limits: Limits,
    /// Where the contents of files that it writes go.
    pub scratch: Scratch,
    /// Who hears its output.
    pub log: Arc<dyn Log>,
    /// Ends it early.
    pub cancel: Cancel,
}

/// What `build` is given besides.
pub struct BuildGrant {
    /// Requirements to satisfy.
    pub plan: Vec<PlanEntry>,
    /// Layers of earlier buildpacks that are for building, by their path below `/layers`.
    pub layers: Vec<(String, Tree)>,
    /// What this buildpack's layers were in the last build.
    pub stored: Arc<dyn Stored>,
    /// What it wanted back from the last build: the text of a JSON object.
    pub store: Option<String>,
    /// Media types of the bills of materials that it may write.
    pub sbom_formats: Vec<String>,
    /// The `artifacts` capability, as far as this buildpack was granted it.
    pub artifacts: Arc<dyn Artifacts>,
    /// The `packages` capability, as far as this buildpack was granted it.
    pub packages: Arc<dyn Packages>,
}

impl BuildGrant {
    /// No plan, no layers, nothing stored, and nothing to be fetched or added: what `detect` has of what only `build` is for.
    pub fn nothing() -> BuildGrant {
        BuildGrant {
            plan: Vec::new(),
            layers: Vec::new(),
            stored: Arc::new(Nothing),
            store: None,
            sbom_formats: Vec::new(),
            artifacts: Arc::new(Nothing),
            packages: Arc::new(Nothing),
        }
    }
}

/// Grants nothing.
struct Nothing;

impl Stored for Nothing {
    fn layer(&self, _: &str) -> Option<StoredLayer> {
        None
    }
}

impl Artifacts for Nothing {
    fn fetch(&self, _: &[Request]) -> Result<Vec<Artifact>, GuestError> {
        Err(GuestError {
            code: "artifacts/detect".to_owned(),
            fault: Fault::Buildpack,
            summary: "nothing can be fetched in `detect`".to_owned(),
            detail: None,
            hints: vec!["fetch in `build`".to_owned()],
        })
    }
}

impl Packages for Nothing {
    /// Of no concern to `detect`: without an image, which only `build` has, a guest cannot even ask.
    fn require(&self, _: &[String]) -> Result<Vec<Installed>, GuestError> {
        Err(GuestError::buildpack("packages/not-granted", "no packages can be added"))
    }
}

/// Hears what a guest prints, a line at a time, stripped of everything a terminal would obey.
pub trait Log: Send + Sync {
    /// One line, without its end.
    fn line(&self, stream: Stream, text: &str);
}

/// Where a line was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// A layer as the last build left it.
#[derive(Debug, Clone)]
pub struct StoredLayer {
    /// Its key.
    pub key: Key,
    /// What it was for.
    pub uses: Uses,
    /// True if the image can have it as it was, without its contents being here.
    pub reusable: bool,
    /// Its contents, if they were kept.
    pub contents: Option<Tree>,
}

/// Knows the layers of the last build of this application by this buildpack.
pub trait Stored: Send + Sync {
    /// The layer of this name.
    fn layer(&self, name: &str) -> Option<StoredLayer>;

    /// How the buildpack that made the layer of this name differs from the one that runs now; none if it is the same. It
    /// makes a layer with a key stale: what a layer is follows from the key and from who reads it.
    fn other_buildpack(&self, _name: &str) -> Option<Change> {
        None
    }
}

/// Something to fetch; see `request` in `wit/artifacts.wit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `<registry>:<path>` or an `https` URL.
    pub source: String,
    /// What the bytes must be.
    pub digest: Option<Digest>,
}

/// Something fetched.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// The bytes.
    pub blob: Blob,
    /// The address that it came from, without credentials.
    pub address: String,
}

/// Fetches for guests, within what was granted.
pub trait Artifacts: Send + Sync {
    /// Fetches all, in the order asked, or says why not. May block.
    fn fetch(&self, requests: &[Request]) -> Result<Vec<Artifact>, GuestError>;
}

/// A package that the image has; see `installed` in `wit/packages.wit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// Its version, as the distribution writes it.
    pub version: String,
    /// True if the run image had it.
    pub in_run_image: bool,
}

/// Adds packages of the operating system to the image, within what was granted.
pub trait Packages: Send + Sync {
    /// Sees to it that the image has all of these, and gives them in the order asked, or says why not, and then adds
    /// nothing. May block.
    fn require(&self, packages: &[String]) -> Result<Vec<Installed>, GuestError>;
}

/// Ends running guests from another thread. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks everything that holds a clone to end soon.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once [`Cancel::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

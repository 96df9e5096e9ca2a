//! Buildpacks: what they come as, and ready to run.

use crate::event::{Event, Observer};
use std::collections::BTreeMap;
use std::io;
use wattle_plan::{BuildpackKey, Buildpacks, Capabilities, DocumentError, ExpandError, Kind, Manifest};
use wattle_sandbox::{Component, Identity, LoadError, Sandbox};
use wattle_store::Store;
use wattle_tree::{Digest, File, Tree};

/// A buildpack as it comes: a directory with `buildpack.toml` and, unless it stands for others, its component.
#[derive(Debug, Clone)]
pub struct Package {
    origin: String,
    manifest: Manifest,
    files: Tree,
}

/// Why a directory is not a buildpack.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// No `buildpack.toml`.
    #[error("`{0}` has no `buildpack.toml`")]
    NoManifest(String),
    /// A `buildpack.toml` that is not right.
    #[error(transparent)]
    Manifest(DocumentError),
    /// A file that cannot be read.
    #[error("`{file}` cannot be read")]
    Read {
        /// Which.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No component where `buildpack.toml` says.
    #[error("`{origin}` has no `{component}`, which its `buildpack.toml` names as its component")]
    NoComponent {
        /// The directory.
        origin: String,
        /// The path in it.
        component: String,
    },
    /// A component that does not work.
    #[error("the component of `{buildpack}` cannot be used")]
    Component {
        /// Of which buildpack.
        buildpack: BuildpackKey,
        /// Why.
        #[source]
        source: LoadError,
    },
    /// Two buildpacks, or an order, that do not go together.
    #[error(transparent)]
    Order(#[from] ExpandError),
    /// The store is in the way.
    #[error("the compiled component of `{buildpack}` cannot be kept")]
    Store {
        /// Of which buildpack.
        buildpack: BuildpackKey,
        /// Why.
        #[source]
        source: wattle_store::StoreError,
    },
}

impl Package {
    /// The buildpack in `files`. `origin` names them in errors: a path, or `embedded`.
    pub fn new(origin: &str, files: Tree) -> Result<Package, PackageError> {
        let file = files.file("buildpack.toml").ok_or_else(|| PackageError::NoManifest(origin.to_owned()))?;
        let name = format!("{origin}/buildpack.toml");
        let text = text(&name, file)?;
        let manifest = Manifest::parse(&name, &text).map_err(PackageError::Manifest)?;
        Ok(Package { origin: origin.to_owned(), manifest, files })
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

fn text(name: &str, file: &File) -> Result<String, PackageError> {
    let error = |source| PackageError::Read { file: name.to_owned(), source };
    let bytes = file.blob.to_vec().map_err(error)?;
    String::from_utf8(bytes).map_err(|utf8| error(io::Error::new(io::ErrorKind::InvalidData, utf8)))
}

/// A buildpack that is ready to run.
#[derive(Clone)]
pub(crate) struct Buildpack {
    pub(crate) manifest: Manifest,
    pub(crate) files: Tree,
    /// Of all of its files: what it does follows from them.
    pub(crate) digest: Digest,
    pub(crate) component: Component,
    pub(crate) capabilities: Capabilities,
}

impl Buildpack {
    pub(crate) fn identity(&self) -> Identity {
        let key = &self.manifest.key;
        Identity { id: key.id.to_string(), version: key.version.to_string(), directory: key.id.directory() }
    }
}

/// All manifests, for expanding an order.
pub(crate) fn manifests(packages: &[Package]) -> Result<Buildpacks, PackageError> {
    Ok(Buildpacks::new(packages.iter().map(|package| package.manifest.clone()))?)
}

/// Makes the wanted packages ready, compiling those whose code is not in the store.
pub(crate) fn load<'a>(
    packages: &[Package],
    wanted: impl IntoIterator<Item = &'a BuildpackKey>,
    sandbox: &Sandbox,
    store: &Store,
    observer: &dyn Observer,
) -> Result<BTreeMap<BuildpackKey, Buildpack>, PackageError> {
    let mut loaded = BTreeMap::new();
    for key in wanted {
        let Some(package) = packages.iter().find(|package| package.manifest.key == *key) else { continue };
        let Kind::Component { component, capabilities } = &package.manifest.kind else { continue };
        let component = ready(package, component, sandbox, store, observer)?;
        let (manifest, files) = (package.manifest.clone(), package.files.clone());
        let unreadable = |source| PackageError::Read { file: package.origin.clone(), source };
        let digest = files.digest().map_err(unreadable)?;
        let capabilities = capabilities.clone();
        loaded.insert(key.clone(), Buildpack { manifest, files, digest, component, capabilities });
    }
    Ok(loaded)
}

fn ready(
    package: &Package,
    path: &str,
    sandbox: &Sandbox,
    store: &Store,
    observer: &dyn Observer,
) -> Result<Component, PackageError> {
    let buildpack = &package.manifest.key;
    let failed = |source| PackageError::Component { buildpack: buildpack.clone(), source };
    let unkept = |source| PackageError::Store { buildpack: buildpack.clone(), source };
    let file = package
        .files
        .file(path)
        .ok_or_else(|| PackageError::NoComponent { origin: package.origin.clone(), component: path.to_owned() })?;
    let unreadable = |source| PackageError::Read { file: format!("{}/{path}", package.origin), source };
    let digest: Digest = file.blob.digest().map_err(unreadable)?;
    let key = format!("{}-{}", digest.hex(), sandbox.compatibility());
    if let Some(code) = store.compiled().get(&key).map_err(unkept)? {
        // Code that does not load, whatever the reason, is compiled anew.
        if let Ok(component) = sandbox.load(&code) {
            return Ok(component);
        }
    }
    observer.event(&Event::Compiling { buildpack: buildpack.to_string() });
    let code = sandbox.compile(&file.blob.to_vec().map_err(unreadable)?).map_err(failed)?;
    let path = store.compiled().put(&key, &code).map_err(unkept)?;
    sandbox.load(&path).map_err(failed)
}

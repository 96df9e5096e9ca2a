//! A buildpack, ready to run.

use crate::app::App;
use crate::package;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use wattle_plan::{Capabilities, Kind, Manifest};
use wattle_sandbox::{Component, Identity, Sandbox as Engine};
use wattle_tree::directory::{self, Rules};
use wattle_tree::{Node, Tree};

/// One engine for all tests of a process.
static ENGINE: LazyLock<Result<Engine, String>> =
    LazyLock::new(|| Engine::new().map_err(|error| format!("there is no sandbox on this machine: {}", chain(&error))));

/// Buildpacks that this process has made ready, by where they come from.
static READY: Mutex<BTreeMap<String, Sandbox>> = Mutex::new(BTreeMap::new());

/// A buildpack in the sandbox that runs it in reality, ready for any number of applications. Cloning shares it.
#[derive(Clone)]
pub struct Sandbox(pub(crate) Arc<Ready>);

/// What every phase needs of a buildpack.
pub(crate) struct Ready {
    pub(crate) manifest: Manifest,
    pub(crate) capabilities: Capabilities,
    pub(crate) files: Tree,
    pub(crate) component: Component,
}

impl Sandbox {
    /// The buildpack that is this package of the workspace, built for `wasm32-wasip2` when a test of this process first
    /// asks for it; with the profile `guest` if the workspace has one, else with `release`. `buildpack.toml` lies beside
    /// its `Cargo.toml`.
    #[track_caller]
    pub fn of_package(name: &str) -> Sandbox {
        once(format!("package {name}"), || {
            let package = package::build(name)?;
            Sandbox::new(&package.component, &package.directory.join("buildpack.toml"))
        })
    }

    /// The buildpack in a directory: `buildpack.toml`, the component that it names, and what else is there. A relative
    /// path starts at the package of the test.
    #[track_caller]
    pub fn of_directory(path: impl AsRef<Path>) -> Sandbox {
        let path = path.as_ref();
        once(format!("directory {}", path.display()), || {
            let manifest = manifest(&path.join("buildpack.toml"))?;
            let files = read_directory(path, &Rules::none())?;
            let component = component_of(&manifest)?;
            let file = files.file(component).ok_or_else(|| format!("`{}` has no `{component}`", path.display()))?;
            let bytes = file.blob.to_vec().map_err(|error| format!("`{component}` cannot be read: {error}"))?;
            Sandbox::ready(manifest, files, &bytes)
        })
    }

    /// A component, of whatever language, and the `buildpack.toml` that belongs to it. Relative paths start at the package
    /// of the test.
    #[track_caller]
    pub fn of_component(component: impl AsRef<Path>, buildpack_toml: impl AsRef<Path>) -> Sandbox {
        let (component, manifest) = (component.as_ref(), buildpack_toml.as_ref());
        let name = format!("component {} {}", component.display(), manifest.display());
        once(name, || Sandbox::new(component, manifest))
    }

    /// The same with another file among the buildpack's own, such as one that is made when it is packaged.
    #[must_use]
    #[track_caller]
    pub fn with(&self, path: &str, contents: impl Into<Vec<u8>>) -> Sandbox {
        let Ready { manifest, capabilities, files, component } = &*self.0;
        let mut files = files.clone();
        if let Err(error) = files.insert(path, Node::file(contents.into())) {
            panic!("`{path}` cannot be among the files of a buildpack: {error}");
        }
        let (manifest, capabilities, component) = (manifest.clone(), capabilities.clone(), component.clone());
        Sandbox(Arc::new(Ready { manifest, capabilities, files, component }))
    }

    /// An application of these files.
    #[track_caller]
    pub fn app<'a, C: Into<Vec<u8>>>(&self, files: impl IntoIterator<Item = (&'a str, C)>) -> App {
        let mut app = self.empty_app();
        for (path, contents) in files {
            app = app.file(path, contents);
        }
        app
    }

    /// An application without any file.
    pub fn empty_app(&self) -> App {
        App::new(self.clone(), Tree::new())
    }

    /// The application in a directory, read as a build reads it: ignore files are followed. A relative path starts at the
    /// package of the test.
    #[track_caller]
    pub fn app_from(&self, path: impl AsRef<Path>) -> App {
        match read_directory(path.as_ref(), &Rules::default()) {
            Ok(application) => App::new(self.clone(), application),
            Err(problem) => panic!("{problem}"),
        }
    }

    /// The interfaces that the component imports, which is the most that it can do: one that does not import
    /// `wattle:buildpack/artifacts@0.1.0` cannot fetch anything.
    pub fn imports(&self) -> &[String] {
        self.0.component.imports()
    }

    fn new(component: &Path, buildpack_toml: &Path) -> Result<Sandbox, String> {
        let manifest = manifest(buildpack_toml)?;
        let bytes = read(component)?;
        let files = [("buildpack.toml", read(buildpack_toml)?), (component_of(&manifest)?, bytes.clone())];
        let mut tree = Tree::new();
        for (path, bytes) in files {
            tree.insert(path, Node::file(bytes)).map_err(|error| error.to_string())?;
        }
        Sandbox::ready(manifest, tree, &bytes)
    }

    fn ready(manifest: Manifest, files: Tree, component: &[u8]) -> Result<Sandbox, String> {
        let Kind::Component { capabilities, .. } = &manifest.kind else { return Err(composite(&manifest)) };
        let capabilities = capabilities.clone();
        let engine = ENGINE.as_ref().map_err(String::clone)?;
        let component = engine.compile_and_load(component);
        let component = component
            .map_err(|error| format!("the component of `{}` cannot be used: {}", manifest.key, chain(&error)))?;
        Ok(Sandbox(Arc::new(Ready { manifest, capabilities, files, component })))
    }
}

impl Ready {
    pub(crate) fn identity(&self) -> Identity {
        let key = &self.manifest.key;
        Identity { id: key.id.to_string(), version: key.version.to_string(), directory: key.id.directory() }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sandbox({})", self.0.manifest.key)
    }
}

/// The buildpack of this name, made the first time. What is in the way ends the test.
#[track_caller]
fn once(name: String, make: impl FnOnce() -> Result<Sandbox, String>) -> Sandbox {
    // Tests wait for one another here: each would build the same otherwise.
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sandbox) = ready.get(&name) {
        return sandbox.clone();
    }
    match make() {
        Ok(sandbox) => ready.entry(name).or_insert(sandbox).clone(),
        Err(problem) => panic!("{problem}"),
    }
}

fn manifest(path: &Path) -> Result<Manifest, String> {
    let text = String::from_utf8(read(path)?).map_err(|error| format!("`{}` is no text: {error}", path.display()))?;
    Manifest::parse(&path.display().to_string(), &text).map_err(|error| error.to_string())
}

fn component_of(manifest: &Manifest) -> Result<&str, String> {
    match &manifest.kind {
        Kind::Component { component, .. } => Ok(component),
        Kind::Composite(_) => Err(composite(manifest)),
    }
}

fn composite(manifest: &Manifest) -> String {
    format!("`{}` stands for other buildpacks: there is nothing to run", manifest.key)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
}

fn read_directory(path: &Path, rules: &Rules) -> Result<Tree, String> {
    let opened = Dir::open_ambient_dir(path, ambient_authority());
    let opened = opened.map_err(|error| format!("`{}` cannot be opened: {error}", path.display()))?;
    directory::read(&opened, rules).map_err(|error| format!("{}: {}", path.display(), chain(&error)))
}

/// An error and what led to it, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

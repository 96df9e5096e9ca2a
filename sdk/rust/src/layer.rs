//! Directories that become layers.

use crate::bindings::wattle::buildpack::image as host;
use crate::bindings::wattle::buildpack::{artifacts, types::Field};
use crate::{Error, Placement, Result, Sbom, key};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A layer to be asked for: what it is for and what it is a function of.
///
/// ```no_run
/// # use wattle_buildpack::{Build, Result};
/// # #[derive(serde::Serialize)] struct Version { node: String }
/// # fn build(cx: &Build, version: &Version) -> Result<()> {
/// let layer = cx.layer("runtime").launch().cached_by(version).or_create(|layer| {
///     Ok(std::fs::write(layer.join("version"), &version.node)?)
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is asked for before `or_create` or `open`"]
pub struct LayerRequest<'a> {
    image: &'a host::Image,
    name: String,
    uses: host::Uses,
    key: Result<Option<Vec<Field>>>,
}

impl<'a> LayerRequest<'a> {
    pub(crate) fn new(image: &'a host::Image, name: String) -> Self {
        Self { image, name, uses: host::Uses::empty(), key: Ok(None) }
    }

    /// Later buildpacks see it, and its environment is theirs.
    pub fn build(mut self) -> Self {
        self.uses |= host::Uses::BUILD;
        self
    }

    /// It is part of the image.
    pub fn launch(mut self) -> Self {
        self.uses |= host::Uses::LAUNCH;
        self
    }

    /// Its contents come back in the next build.
    pub fn cache(mut self) -> Self {
        self.uses |= host::Uses::CACHE;
        self
    }

    /// Makes it a function of this value: while the value is equal, the layer is used again, and when it is not, the user
    /// is told which of its fields changed.
    pub fn cached_by<T: Serialize>(mut self, key: &T) -> Self {
        self.key = layer_key(&self.name, key).map(Some);
        self
    }

    /// The layer; filled by `create` unless an equal key is stored. Without a key it is filled once and never again.
    pub fn or_create(self, create: impl FnOnce(&Layer) -> Result<()>) -> Result<Layer> {
        let key = self.key?.unwrap_or_default();
        let layer = self.image.layer(&self.name, self.uses, &key);
        let layer = Layer::new(self.name, layer)?;
        if layer.is_empty() {
            create(&layer)?;
        }
        Ok(layer)
    }

    /// The layer, for those who decide by themselves: with a key, emptied if it is stale; without one, whatever is stored.
    /// See [`Layer::state`], [`Layer::stored_key`], [`Layer::clear`] and [`Layer::set_key`].
    pub fn open(self) -> Result<Layer> {
        let layer = match self.key? {
            Some(key) => self.image.layer(&self.name, self.uses, &key),
            None => self.image.open_layer(&self.name, self.uses),
        };
        Layer::new(self.name, layer)
    }
}

fn layer_key<T: Serialize>(name: &str, key: &T) -> Result<Vec<Field>> {
    key::fields(key).map_err(|error| {
        Error::internal("buildpack/layer/key", format!("could not write the key of layer `{name}`")).source(error)
    })
}

/// A directory that becomes a layer: in the image it is where it is here.
#[derive(Debug)]
pub struct Layer {
    name: String,
    path: PathBuf,
    state: State,
    host: host::Layer,
}

/// What became of a layer when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing was stored under its name. It is empty.
    Created,
    /// The contents are here. With a key: the stored one is equal, and nothing needs to be done.
    Restored,
    /// The stored key is equal and the layer will be in the image as it was, but its contents are not here, because it is
    /// neither for building nor cached. Nothing needs to be done.
    Kept,
    /// The stored key differs in these fields. The layer was emptied.
    Stale(Vec<Change>),
}

/// How a field of a layer's key differs from what was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Name of the field.
    pub name: String,
    /// Its value when the layer was made; none if there was no such field.
    pub before: Option<String>,
    /// Its value now; none if there is no such field any more.
    pub after: Option<String>,
}

impl Layer {
    fn new(name: String, layer: std::result::Result<host::Layer, host::Error>) -> Result<Self> {
        let host = layer.map_err(Error::from_host)?;
        Ok(Self { name, path: host.path().into(), state: State::from_host(host.state()), host })
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path below it, to read or write.
    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.path.join(path)
    }

    /// A path below it as text, for commands and environment variables. `/` is the separator, whatever the platform.
    pub fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.path.to_string_lossy())
    }

    /// What became of it when it was asked for.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether it is to be filled.
    pub fn is_empty(&self) -> bool {
        matches!(self.state, State::Created | State::Stale(_))
    }

    /// The key that it was stored with, by field; none if it was not stored.
    pub fn stored_key(&self) -> Option<BTreeMap<String, String>> {
        Some(self.host.stored_key()?.into_iter().map(|field| (field.name, field.value)).collect())
    }

    /// Stores it with this key instead.
    pub fn set_key<T: Serialize>(&self, key: &T) -> Result<()> {
        self.host.set_key(&layer_key(&self.name, key)?);
        Ok(())
    }

    /// Empties it and makes it writable: what was stored does not come back.
    pub fn clear(&mut self) -> Result<()> {
        self.host.clear().map_err(Error::from_host)?;
        self.state = State::Created;
        Ok(())
    }

    /// Unpacks archives into it, many at once. If one fails, all do, and the error names it.
    pub fn unpack<'a, P: Into<Placement<'a>>>(&self, placements: impl IntoIterator<Item = P>) -> Result<()> {
        let placements: Vec<_> = placements.into_iter().map(|placement| placement.into().into_host()).collect();
        artifacts::unpack(&self.host, &placements).map_err(Error::from_host)
    }

    /// Says whether a file below it may be executed; links are followed. Files that a buildpack writes may not, until it
    /// says so: WASI knows no permissions.
    pub fn set_executable(&self, path: &str, executable: bool) -> Result<()> {
        self.host.set_executable(path, executable).map_err(Error::from_host)
    }

    /// Writes a program of the image that the launcher runs before processes start, and whose output on file descriptor 3 joins
    /// their environment (CNB exec.d). With a type, only before processes of that type.
    pub fn exec_d(&self, process_type: Option<&str>, name: &str, program: impl AsRef<[u8]>) -> Result<()> {
        let directory = process_type.map_or_else(|| "exec.d".to_owned(), |kind| format!("exec.d/{kind}"));
        std::fs::create_dir_all(self.join(&directory))?;
        let path = format!("{directory}/{name}");
        std::fs::write(self.join(&path), program)?;
        self.set_executable(&path, true)
    }

    /// Adds a bill of materials of what is in it; a later one of the same form replaces it. Part of the layer, like its
    /// environment.
    pub fn sbom(&self, sbom: &Sbom) -> Result<()> {
        let (format, document) = sbom.for_host();
        self.host.sbom(format, document).map_err(Error::from_host)
    }

    /// Its changes to the environment, for builds, processes or both. They are a part of the layer: one that is reused
    /// keeps those that it was made with, so what they depend on belongs in its key.
    ///
    /// ```no_run
    /// # use wattle_buildpack::{Layer, Result, Scope};
    /// # fn environment(layer: &Layer) -> Result<()> {
    /// layer.env(Scope::Launch).default("NODE_ENV", "production")?.prepend("PATH", layer.at("tools"), ":")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn env(&self, scope: Scope) -> Environment<'_> {
        Environment { layer: &self.host, scope: scope.into_host() }
    }
}

impl State {
    fn from_host(state: host::State) -> Self {
        match state {
            host::State::Created => Self::Created,
            host::State::Restored => Self::Restored,
            host::State::Kept => Self::Kept,
            host::State::Stale(changes) => Self::Stale(changes.into_iter().map(Change::from_host).collect()),
        }
    }
}

impl Change {
    fn from_host(change: host::Change) -> Self {
        Self { name: change.name, before: change.before, after: change.after }
    }
}

/// When a change to the environment counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// For later buildpacks and for all processes of the image.
    All,
    /// For later buildpacks.
    Build,
    /// For all processes of the image.
    Launch,
    /// For processes of this type.
    Process(String),
}

impl Scope {
    fn into_host(self) -> host::Scope {
        match self {
            Self::All => host::Scope::All,
            Self::Build => host::Scope::Build,
            Self::Launch => host::Scope::Launch,
            Self::Process(process_type) => host::Scope::Process(process_type),
        }
    }
}

/// Changes that a layer makes to the environment, in one scope. Each call can be followed by another.
#[derive(Debug)]
pub struct Environment<'a> {
    layer: &'a host::Layer,
    scope: host::Scope,
}

impl Environment<'_> {
    /// Whatever the variable was, it has this value.
    pub fn set(self, name: &str, value: impl AsRef<str>) -> Result<Self> {
        self.edit(name, &host::Modification::Override, value.as_ref())
    }

    /// It has this value if it has none.
    pub fn default(self, name: &str, value: impl AsRef<str>) -> Result<Self> {
        self.edit(name, &host::Modification::Default, value.as_ref())
    }

    /// The value goes behind what is there, with the separator between.
    pub fn append(self, name: &str, value: impl AsRef<str>, separator: &str) -> Result<Self> {
        self.edit(name, &host::Modification::Append(separator.to_owned()), value.as_ref())
    }

    /// The value goes before what is there, with the separator between.
    pub fn prepend(self, name: &str, value: impl AsRef<str>, separator: &str) -> Result<Self> {
        self.edit(name, &host::Modification::Prepend(separator.to_owned()), value.as_ref())
    }

    fn edit(self, name: &str, modification: &host::Modification, value: &str) -> Result<Self> {
        self.layer.environment(&self.scope, name, modification, value).map_err(Error::from_host)?;
        Ok(self)
    }
}

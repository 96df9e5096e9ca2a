//! What each phase is told, and what it may do.

use crate::bindings::wattle::buildpack::{artifacts, context as host, image, packages};
use crate::{Artifact, Error, Installed, LayerRequest, Request, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// What both phases know: the application, the target, the build environment, the buildpack itself.
#[derive(Debug, Clone)]
pub struct Context {
    application: PathBuf,
    buildpack: PathBuf,
    id: String,
    version: String,
    target: Target,
    environment: BTreeMap<String, String>,
    execution_environment: String,
    bindings: Vec<Binding>,
}

/// A service binding: what somebody who runs the build hands to buildpacks of their choice, such as certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Its name.
    pub name: String,
    /// Its type, such as `ca-certificates`.
    pub kind: String,
    /// Who provides it, if it says so.
    pub provider: Option<String>,
    path: PathBuf,
}

impl Binding {
    /// The path of an entry; `""` is the directory of all.
    pub fn entry(&self, name: impl AsRef<Path>) -> PathBuf {
        below(&self.path, name.as_ref())
    }

    /// The names of its entries but `type` and `provider`, sorted.
    pub fn entries(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            // Those with a dot are how platforms keep entries apart from each other.
            if name != "type" && name != "provider" && !name.starts_with('.') {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

/// What the image will run on, in the words of the OCI image specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Operating system, such as `linux`.
    pub os: String,
    /// Architecture, such as `amd64` or `arm64`.
    pub arch: String,
    /// Variant of the architecture, such as `v8`.
    pub variant: Option<String>,
    /// The run image's distribution, if it says so.
    pub distribution: Option<Distribution>,
}

/// The distribution of the run image (os-release `ID` and `VERSION_ID`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Such as `debian`.
    pub name: String,
    /// Such as `12`.
    pub version: String,
}

impl Context {
    fn new(cx: &host::Context) -> Self {
        let target = cx.target();
        let binding = |it: host::Binding| Binding {
            name: it.name,
            kind: it.binding_type,
            provider: it.provider,
            path: it.path.into(),
        };
        let distribution = target.distribution.map(|it| Distribution { name: it.name, version: it.version });
        Self {
            application: cx.application().into(),
            buildpack: cx.buildpack().into(),
            id: cx.id(),
            version: cx.version(),
            target: Target {
                os: target.os,
                arch: target.architecture,
                variant: target.architecture_variant,
                distribution,
            },
            environment: cx.environment().into_iter().map(|field| (field.name, field.value)).collect(),
            execution_environment: cx.execution_environment(),
            bindings: cx.bindings().into_iter().map(binding).collect(),
        }
    }

    /// A path in the application; `""` is its directory.
    pub fn app(&self, path: impl AsRef<Path>) -> PathBuf {
        below(&self.application, path.as_ref())
    }

    /// A path among the buildpack's own files, such as `buildpack.toml`; read-only.
    pub fn buildpack(&self, path: impl AsRef<Path>) -> PathBuf {
        below(&self.buildpack, path.as_ref())
    }

    /// Id of this buildpack, such as `wattle/node`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Version of this buildpack, such as `1.4.0`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the image will run on.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The architecture that the image will run on, such as `amd64` or `arm64`.
    pub fn arch(&self) -> &str {
        &self.target.arch
    }

    /// A variable of the build environment: what the user set, or else what the layers of earlier buildpacks say.
    pub fn env(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }

    /// The build environment, sorted by name.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// What the image is built for: `production`, `test`, `development` or another word.
    pub fn execution_environment(&self) -> &str {
        &self.execution_environment
    }

    /// The service bindings of the types that `buildpack.toml` declares in `[metadata.wattle]` as `bindings`, sorted by name.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// The service bindings of one type. Types are compared without regard to case.
    pub fn bindings_of(&self, kind: &str) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().filter(move |binding| binding.kind.eq_ignore_ascii_case(kind))
    }
}

fn below(directory: &Path, path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() { directory.to_owned() } else { directory.join(path) }
}

/// What `detect` is given: the [`Context`], with the application read-only.
#[derive(Debug)]
pub struct Detect(Context);

impl Detect {
    pub(crate) fn new(cx: &host::Context) -> Self {
        Self(Context::new(cx))
    }
}

impl Deref for Detect {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.0
    }
}

/// What `build` is given: the [`Context`], the plan, and the means to contribute to the image.
#[derive(Debug)]
pub struct Build<'a> {
    context: Context,
    plan: Vec<Entry>,
    host: &'a host::Plan,
    image: &'a image::Image,
}

impl<'a> Build<'a> {
    pub(crate) fn new(cx: &host::Context, host: &'a host::Plan, image: &'a image::Image) -> Self {
        let plan = host.entries().into_iter().map(|it| Entry { name: it.name, metadata: it.metadata }).collect();
        Self { context: Context::new(cx), plan, host, image }
    }

    /// A layer of this name (letters, digits, `-` and `_`; not `build`, `launch` or `store`), each asked for once.
    pub fn layer(&self, name: impl Into<String>) -> LayerRequest<'a> {
        LayerRequest::new(self.image, name.into())
    }

    /// Labels the image at once, for those who have more to say of a label that is refused than [`Launch::label`] does.
    ///
    /// [`Launch::label`]: crate::Launch::label
    pub fn label(&self, key: &str, value: &str) -> Result<()> {
        self.image.label(key, value).map_err(Error::from_host)
    }

    /// What other buildpacks asked of this one, in their order.
    pub fn plan(&self) -> &[Entry] {
        &self.plan
    }

    /// Leaves what is required under this name to the next buildpack that provides it. Fails if the plan has no such entry.
    pub fn leave(&self, name: &str) -> Result<()> {
        self.host.leave(name).map_err(Error::from_host)
    }

    /// What this buildpack stored in the last build; nothing stored reads as an empty object. Fails if it does not have this
    /// shape, as what another version stored may not.
    pub fn stored<T: DeserializeOwned>(&self) -> Result<T> {
        let text = self.image.stored().unwrap_or_else(|| "{}".to_owned());
        serde_json::from_str(&text).map_err(|error| {
            let summary = "could not read what the last build stored";
            Error::internal("buildpack/stored", summary).detail(format!("it is `{text}`")).source(error)
        })
    }

    /// Stores a value, which is written as an object, for the next build, in place of what is stored.
    pub fn store<T: Serialize>(&self, value: &T) -> Result<()> {
        let text = serde_json::to_string(value).map_err(|error| {
            Error::internal("buildpack/store", "could not write what is to be stored").source(error)
        })?;
        self.image.store(&text).map_err(Error::from_host)
    }

    /// Fetches all of these, many at once, and gives them in the same order. If one fails, all do, and the error names it.
    ///
    /// ```no_run
    /// # use wattle_buildpack::{Build, Request, Result};
    /// # fn build(cx: &Build, integrity: &str) -> Result<()> {
    /// let archives = cx.fetch([Request::new("npm:express/-/express-4.21.2.tgz").digest(integrity)])?;
    /// cx.layer("dependencies").launch().or_create(|layer| layer.unpack(&archives))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn fetch<R: Into<Request>>(&self, requests: impl IntoIterator<Item = R>) -> Result<Vec<Artifact>> {
        let requests: Vec<_> = requests.into_iter().map(|request| request.into().into_host()).collect();
        let artifacts = artifacts::fetch(&requests).map_err(Error::from_host)?;
        Ok(artifacts.into_iter().map(Artifact).collect())
    }

    /// Sees to it that the image has these packages of its operating system and what they depend on, and gives them in the
    /// order asked for. Each is a name, or a name, `=` and a version.
    ///
    /// ```no_run
    /// # use wattle_buildpack::{Build, Result};
    /// # fn build(cx: &Build) -> Result<()> {
    /// let packages = cx.require_packages(["nginx"])?;
    /// println!("nginx {}", packages[0].version());
    /// # Ok(())
    /// # }
    /// ```
    pub fn require_packages<P: Into<String>>(&self, packages: impl IntoIterator<Item = P>) -> Result<Vec<Installed>> {
        let packages: Vec<String> = packages.into_iter().map(Into::into).collect();
        let installed = packages::require(self.image, &packages).map_err(Error::from_host)?;
        Ok(installed.into_iter().map(Installed).collect())
    }
}

impl Deref for Build<'_> {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

/// One requirement that this buildpack is to satisfy (CNB buildpack plan).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    name: String,
    metadata: String,
}

impl Entry {
    /// What is required.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its author said about it; nothing said reads as an empty object. Fails if it does not have this shape.
    pub fn metadata<T: DeserializeOwned>(&self) -> Result<T> {
        let text = if self.metadata.is_empty() { "{}" } else { &self.metadata };
        serde_json::from_str(text).map_err(|error| {
            let summary = format!("could not read what the plan says about `{}`", self.name);
            Error::internal("buildpack/plan/metadata", summary).detail(format!("it is `{text}`")).source(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_reads_as_the_type_asked_for() {
        #[derive(serde::Deserialize)]
        struct Wanted {
            version: Option<String>,
        }
        let entry = |metadata: &str| Entry { name: "node".into(), metadata: metadata.into() };
        assert_eq!(entry("").metadata::<Wanted>().unwrap().version, None);
        assert_eq!(entry(r#"{"version":"24"}"#).metadata::<Wanted>().unwrap().version.as_deref(), Some("24"));
        insta::assert_snapshot!(format!("{:?}", entry(r#"{"version":24}"#).metadata::<Wanted>().map(|_| ()).unwrap_err()), @r#"
        buildpack/plan/metadata: could not read what the plan says about `node`
          it is `{"version":24}`
          invalid type: integer `24`, expected a string at line 1 column 13
        "#);
    }
}

//! `buildpack.toml`: what a buildpack is and what it asks for (Buildpack API 0.12).
//!
//! What is Wattle's own stands below `[metadata.wattle]`, so that every file is one that other tools read too:
//!
//! ```toml
//! [metadata.wattle]
//! component = "node.wasm"         # beside buildpack.toml
//!
//! [metadata.wattle.artifacts]     # where it may fetch from
//! registries = ["npm"]
//! hosts = ["downloads.example"]
//!
//! [metadata.wattle.packages]      # which packages of the operating system it may ask for; `*` is all
//! names = ["nginx"]
//! ```
//!
//! and, before these tables, `bindings = ["ca-certificates"]`: the types of the service bindings that it may see.

mod capabilities;

pub use capabilities::Capabilities;

use crate::exec_env::{ExecEnv, Served};
use crate::{API, ApiVersion, BuildpackId, BuildpackKey, Document, DocumentError, Order, Target, Version, order};
use capabilities::{RawArtifacts, RawPackages};
use serde::{Deserialize, Serialize};
use toml::Spanned;

/// What `buildpack.toml` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The Buildpack API that the file is written for.
    pub api: ApiVersion,
    /// Id and version.
    pub key: BuildpackKey,
    /// Name for people.
    pub name: Option<String>,
    /// Where to read about it.
    pub homepage: Option<String>,
    /// One sentence.
    pub description: Option<String>,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Its licenses.
    pub licenses: Vec<License>,
    /// Media types of the bills of materials that it writes, as it declares them; [`Manifest::writes_sbom`] compares.
    pub sbom_formats: Vec<String>,
    /// Whether the user's variables are kept out of its environment.
    pub clear_env: bool,
    /// Execution environments that it serves; none, or `*`, means all.
    pub exec_env: Vec<String>,
    /// What it can build for; none means everything.
    pub targets: Vec<Target>,
    /// Whether it builds, or stands for other buildpacks.
    pub kind: Kind,
    /// `[metadata]`, all of it.
    pub metadata: toml::Table,
    /// What is in the file and has no effect, each a sentence.
    pub warnings: Vec<String>,
}

/// The two kinds of buildpacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One that builds.
    Component {
        /// Path of the WebAssembly component, from the directory of `buildpack.toml`; inside it.
        component: String,
        /// What it may do, if the operator agrees.
        capabilities: Capabilities,
    },
    /// One that stands for other buildpacks.
    Composite(Order),
}

/// `[[buildpack.licenses]]`: at least one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct License {
    /// SPDX identifier.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub spdx: Option<String>,
    /// Where its text is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    api: Spanned<ApiVersion>,
    buildpack: RawBuildpack,
    order: Option<Spanned<Vec<Spanned<order::RawOrder>>>>,
    targets: Option<Spanned<Vec<Target>>>,
    stacks: Option<Spanned<toml::Value>>,
    #[serde(default)]
    metadata: toml::Table,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawBuildpack {
    id: BuildpackId,
    version: Version,
    name: Option<String>,
    homepage: Option<String>,
    description: Option<String>,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    licenses: Vec<License>,
    #[serde(default)]
    sbom_formats: Vec<String>,
    #[serde(default)]
    clear_env: bool,
    #[serde(default)]
    exec_env: Vec<Served>,
}

/// The file again, with an eye for `[metadata.wattle]` alone.
#[derive(Deserialize)]
struct RawExtra {
    #[serde(default)]
    metadata: RawMetadata,
}

#[derive(Default, Deserialize)]
struct RawMetadata {
    wattle: Option<RawWattle>,
}

#[derive(Deserialize)]
struct RawWattle {
    component: Spanned<String>,
    #[serde(default)]
    artifacts: RawArtifacts,
    #[serde(default)]
    packages: RawPackages,
    #[serde(default)]
    bindings: Vec<Spanned<String>>,
}

impl Manifest {
    /// Reads the text of `buildpack.toml`; `file` names it in errors.
    ///
    /// # Errors
    /// Where the text is no TOML, says something that means nothing, or describes a buildpack that is not for Wattle.
    pub fn parse(file: &str, text: &str) -> Result<Manifest, DocumentError> {
        let document = Document { file, text };
        let (raw, unknown) = document.read::<Raw>()?;
        check_api(&document, &raw.api)?;
        let (extra, unknown_extra) = document.read::<RawExtra>()?;
        let unknown_extra = unknown_extra.into_iter().filter(|key| key.starts_with("metadata.wattle."));
        let unknown: Vec<String> = unknown.into_iter().chain(unknown_extra).collect();
        let mut warnings = document.unknown(&unknown, &KEYS);
        if raw.stacks.is_some() {
            warnings.push(format!("`{file}`: `stacks` has no effect: `targets` took its place"));
        }
        if raw.buildpack.licenses.iter().any(|license| license.spdx.is_none() && license.uri.is_none()) {
            warnings.push(format!("`{file}`: a license has no effect: expected its `type`, its `uri`, or both"));
        }
        let kind = match (&raw.order, extra.metadata.wattle) {
            (Some(_), Some(wattle)) => return Err(document.error(wattle.component.span(), clash("component"))),
            (Some(_), None) => Kind::Composite(composite(&document, &raw)?),
            (None, Some(wattle)) => component(&document, wattle)?,
            (None, None) => return Err(document.error(0..0, NO_COMPONENT)),
        };
        let RawBuildpack { id, version, .. } = raw.buildpack;
        Ok(Manifest {
            api: raw.api.into_inner(),
            key: BuildpackKey { id, version },
            name: raw.buildpack.name,
            homepage: raw.buildpack.homepage,
            description: raw.buildpack.description,
            keywords: raw.buildpack.keywords,
            licenses: raw.buildpack.licenses,
            sbom_formats: raw.buildpack.sbom_formats,
            clear_env: raw.buildpack.clear_env,
            exec_env: raw.buildpack.exec_env.into_iter().map(|served| served.0).collect(),
            targets: raw.targets.map(Spanned::into_inner).unwrap_or_default(),
            kind,
            metadata: raw.metadata,
            warnings,
        })
    }

    /// True if what it builds runs on an image that is `image`.
    pub fn builds_for(&self, image: &Target) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|target| target.includes(image))
    }

    /// True if it takes part in builds for this execution environment.
    pub fn serves(&self, exec_env: &ExecEnv) -> bool {
        exec_env.is_among(&self.exec_env)
    }

    /// True if it declares that it writes bills of materials of this media type. Parameters of a type, such as
    /// `;version=1.4`, do not count.
    pub fn writes_sbom(&self, media_type: &str) -> bool {
        self.sbom_formats.iter().any(|declared| essence(declared) == essence(media_type))
    }
}

/// A media type without its parameters, in the spelling that all compare by.
fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Keys that are read, for whoever misspells one.
const KEYS: [&str; 37] = [
    "api",
    "buildpack",
    "buildpack.id",
    "buildpack.version",
    "buildpack.name",
    "buildpack.homepage",
    "buildpack.description",
    "buildpack.keywords",
    "buildpack.licenses",
    "buildpack.licenses.type",
    "buildpack.licenses.uri",
    "buildpack.sbom-formats",
    "buildpack.clear-env",
    "buildpack.exec-env",
    "order",
    "order.group",
    "order.group.id",
    "order.group.version",
    "order.group.optional",
    "order.group.exec-env",
    "targets",
    "targets.os",
    "targets.arch",
    "targets.variant",
    "targets.distros",
    "targets.distros.name",
    "targets.distros.version",
    "metadata",
    "metadata.wattle",
    "metadata.wattle.component",
    "metadata.wattle.artifacts",
    "metadata.wattle.artifacts.registries",
    "metadata.wattle.artifacts.hosts",
    "metadata.wattle.packages",
    "metadata.wattle.packages.names",
    "metadata.wattle.bindings",
    "stacks",
];

const NO_COMPONENT: &str = "expected `[metadata.wattle]` with `component = \"<name>.wasm\"`, or an `[[order]]`: without one of \
                            them there is nothing to run";

fn check_api(document: &Document, api: &Spanned<ApiVersion>) -> Result<(), DocumentError> {
    if API.covers(*api.get_ref()) {
        return Ok(());
    }
    Err(document.error(api.span(), format!("Buildpack API `{}` is not supported: expected `{API}`", api.get_ref())))
}

/// The order of a composite buildpack, which has nothing that belongs to a component.
fn composite(document: &Document, raw: &Raw) -> Result<Order, DocumentError> {
    let Some(order) = &raw.order else { return Ok(Order::default()) };
    if let Some(targets) = &raw.targets {
        return Err(document.error(targets.span(), clash("targets")));
    }
    if let Some(stacks) = &raw.stacks {
        return Err(document.error(stacks.span(), clash("stacks")));
    }
    if order.get_ref().is_empty() {
        return Err(document.error(order.span(), "expected at least one group in `order`"));
    }
    order::read(document, order.get_ref(), true)
}

fn clash(key: &str) -> String {
    format!("expected no `{key}` beside `order`: the buildpacks of the order have their own")
}

fn component(document: &Document, raw: RawWattle) -> Result<Kind, DocumentError> {
    let path = raw.component.get_ref();
    if path.is_empty() || path.contains('\\') || wattle_tree::components(path).is_err() {
        let message =
            format!("`{path}` is not a path below the buildpack's directory: expected one such as `node.wasm`");
        return Err(document.error(raw.component.span(), message));
    }
    let RawWattle { component, artifacts, packages, bindings } = raw;
    let capabilities = Capabilities::read(document, artifacts, packages, bindings)?;
    Ok(Kind::Component { component: component.into_inner(), capabilities })
}

#[cfg(test)]
mod tests;

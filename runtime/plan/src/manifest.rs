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

use crate::{API, ApiVersion, BuildpackId, BuildpackKey, Document, DocumentError, Order, Target, Version, order};
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
    /// Media types of the bills of materials that it writes.
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

/// What a buildpack may touch besides files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Names of the package registries that it may fetch from, such as `npm`; sorted.
    pub registries: Vec<String>,
    /// Hosts, `name` or `name:port`, that it may fetch from; sorted.
    pub hosts: Vec<String>,
    /// Names of the operating-system packages that it may ask for, what they depend on not counted; sorted. `*` is every
    /// package.
    pub packages: Vec<String>,
}

impl Capabilities {
    /// True if it may ask for this package: a name, or a name, `=` and a version.
    pub fn may_have(&self, package: &str) -> bool {
        let name = package.split('=').next().unwrap_or_default();
        self.packages.iter().any(|granted| granted == "*" || granted == name)
    }
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
    exec_env: Vec<ExecEnv>,
}

/// The specification shows a table, every implementation reads text.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected the name of an execution environment")]
enum ExecEnv {
    Name(String),
    Table { name: String },
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
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawPackages {
    names: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawArtifacts {
    registries: Vec<Spanned<String>>,
    hosts: Vec<Spanned<String>>,
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
            exec_env: raw.buildpack.exec_env.into_iter().map(ExecEnv::into_name).collect(),
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

    /// True if it takes part in builds for this execution environment, such as `production`.
    pub fn serves(&self, exec_env: &str) -> bool {
        self.exec_env.is_empty() || self.exec_env.iter().any(|name| name == "*" || name == exec_env)
    }
}

/// Keys that are read, for whoever misspells one.
const KEYS: [&str; 35] = [
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
    "stacks",
];

const NO_COMPONENT: &str = "expected `[metadata.wattle]` with `component = \"<name>.wasm\"`, or an `[[order]]`: without one of \
                            them there is nothing to run";

fn check_api(document: &Document, api: &Spanned<ApiVersion>) -> Result<(), DocumentError> {
    if *api.get_ref() == API {
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
    let capabilities = Capabilities {
        registries: names(document, raw.artifacts.registries, is_registry, "the name of a registry, such as `npm`")?,
        hosts: names(document, raw.artifacts.hosts, is_host, "a host in lower case, such as `downloads.example`")?,
        packages: names(document, raw.packages.names, is_package, "the name of a package, such as `nginx`, or `*`")?,
    };
    Ok(Kind::Component { component: raw.component.into_inner(), capabilities })
}

/// The values of a list, sorted, each of which must satisfy `valid`.
fn names(
    document: &Document,
    values: Vec<Spanned<String>>,
    valid: fn(&str) -> bool,
    expected: &str,
) -> Result<Vec<String>, DocumentError> {
    if let Some(bad) = values.iter().find(|value| !valid(value.get_ref())) {
        return Err(document.error(bad.span(), format!("`{}`: expected {expected}", bad.get_ref())));
    }
    let mut values: Vec<_> = values.into_iter().map(Spanned::into_inner).collect();
    values.sort();
    values.dedup();
    Ok(values)
}

/// Debian policy, section 5.6.7.
fn is_package(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    name == "*" || name.len() > 1 && starts_well && name.chars().all(allowed)
}

fn is_registry(name: &str) -> bool {
    is_label(name) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// A host name, and a port if there is one. No pattern: authority is given host by host.
fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port));
    port && name.len() <= 253 && name.split('.').all(is_label)
}

/// One part of a host name.
fn is_label(label: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&label.len()) && label.chars().all(allowed) && !label.starts_with('-') && !label.ends_with('-')
}

impl ExecEnv {
    fn into_name(self) -> String {
        match self {
            ExecEnv::Name(name) | ExecEnv::Table { name } => name,
        }
    }
}

#[cfg(test)]
mod tests;

//! What a package of buildpacks or extensions says of itself, in labels of the reference implementation (Distribution
//! specification, "Buildpackage").

use super::builder::OrderGroup;
use super::labels::{LabelError, read, read_object};
use crate::Image;
use crate::text::null_as_default;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Key of [`PackageMetadata`].
pub const PACKAGE_METADATA: &str = "io.buildpacks.buildpackage.metadata";
/// Key of the [`Modules`] that are buildpacks, in packages and builders.
pub const BUILDPACK_MODULES: &str = "io.buildpacks.buildpack.layers";
/// Key of the [`Modules`] that are extensions.
pub const EXTENSION_MODULES: &str = "io.buildpacks.extension.layers";

/// What a package is of: its main buildpack, or its extension.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PackageMetadata {
    /// Its identifier.
    #[serde(deserialize_with = "null_as_default")]
    pub id: String,
    /// Its name for people.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// Its version.
    #[serde(deserialize_with = "null_as_default")]
    pub version: String,
    /// What it is for.
    #[serde(deserialize_with = "null_as_default")]
    pub description: String,
    /// Where to read about it.
    #[serde(deserialize_with = "null_as_default")]
    pub homepage: String,
    /// Words by which it is found.
    #[serde(deserialize_with = "null_as_default")]
    pub keywords: Vec<String>,
    /// What it may be used under.
    #[serde(deserialize_with = "null_as_default")]
    pub licenses: Vec<PackageLicense>,
}

/// What a package may be used under.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PackageLicense {
    /// Its identifier.
    #[serde(rename = "Type", alias = "type", deserialize_with = "null_as_default")]
    pub kind: String,
    /// Where its text is.
    #[serde(rename = "URI", alias = "uri", deserialize_with = "null_as_default")]
    pub uri: String,
}

/// Everything in a package or a builder, by identifier and version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Modules(BTreeMap<String, BTreeMap<String, Module>>);

/// A buildpack or an extension in a package or a builder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Module {
    /// The Buildpack API that it speaks.
    #[serde(deserialize_with = "null_as_default")]
    pub api: String,
    /// Its name for people.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// Where to read about it.
    #[serde(deserialize_with = "null_as_default")]
    pub homepage: String,
    /// The stacks that it builds for, which older ones name.
    #[serde(deserialize_with = "null_as_default")]
    pub stacks: Vec<ModuleStack>,
    /// What it builds for.
    #[serde(deserialize_with = "null_as_default")]
    pub targets: Vec<ModuleTarget>,
    /// What it stands for, if it is a composite.
    #[serde(deserialize_with = "null_as_default")]
    pub order: Vec<OrderGroup>,
    /// The layer that it is in, by its diff-id.
    #[serde(rename = "layerDiffID", deserialize_with = "null_as_default")]
    pub layer: String,
}

/// A stack that a buildpack builds for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ModuleStack {
    /// Its identifier; `*` for every one.
    #[serde(deserialize_with = "null_as_default")]
    pub id: String,
    /// What it relies on there.
    #[serde(deserialize_with = "null_as_default")]
    pub mixins: Vec<String>,
}

/// What a buildpack builds for. What is empty, is any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ModuleTarget {
    /// Operating system, `linux`.
    #[serde(deserialize_with = "null_as_default")]
    pub os: String,
    /// Processor architecture, `amd64`.
    #[serde(deserialize_with = "null_as_default")]
    pub arch: String,
    /// Variant of the architecture, `v8`.
    #[serde(deserialize_with = "null_as_default")]
    pub variant: String,
    /// Distributions.
    #[serde(deserialize_with = "null_as_default")]
    pub distros: Vec<ModuleDistro>,
}

/// A distribution that a buildpack builds for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ModuleDistro {
    /// Its name, `debian`.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// Its version, `12`.
    #[serde(deserialize_with = "null_as_default")]
    pub version: String,
}

impl PackageMetadata {
    /// What `image` says; nothing if it is no package.
    pub fn of(image: &Image) -> Result<Option<PackageMetadata>, LabelError> {
        read_object(image, PACKAGE_METADATA)
    }
}

impl Modules {
    /// What `image` has at the label `key`, [`BUILDPACK_MODULES`] or [`EXTENSION_MODULES`]; nothing if it has no such label.
    pub fn of(image: &Image, key: &'static str) -> Result<Option<Modules>, LabelError> {
        Ok(read::<Option<Modules>>(image, key)?.map(Option::unwrap_or_default))
    }

    /// The one of this identifier and version. Without a version, the only one of that identifier.
    pub fn get(&self, id: &str, version: &str) -> Option<(&str, &Module)> {
        let versions = self.0.get(id)?;
        match version {
            "" if versions.len() == 1 => versions.first_key_value(),
            version => versions.get_key_value(version),
        }
        .map(|(version, module)| (version.as_str(), module))
    }

    /// All of them: identifier, version, and what is known of it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &Module)> {
        self.0.iter().flat_map(|(id, versions)| {
            versions.iter().map(move |(version, module)| (id.as_str(), version.as_str(), module))
        })
    }
}

#[cfg(test)]
mod tests;

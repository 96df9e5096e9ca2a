//! What a builder says of itself, in labels of the reference implementation: which buildpacks it has, in which order they
//! are asked, and on what it builds.

use super::labels::{LabelError, RunImageName, Stack, read, read_object};
use crate::Image;
use crate::text::null_as_default;
use serde::Deserialize;

/// Key of [`BuilderMetadata`].
pub const BUILDER_METADATA: &str = "io.buildpacks.builder.metadata";
/// Key of the [`OrderGroup`]s of buildpacks.
pub const ORDER: &str = "io.buildpacks.buildpack.order";
/// Key of the [`OrderGroup`]s of extensions.
pub const ORDER_EXTENSIONS: &str = "io.buildpacks.buildpack.order-extensions";
/// Key of [`SystemBuildpacks`].
pub const SYSTEM_BUILDPACKS: &str = "io.buildpacks.buildpack.system";

/// A builder.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct BuilderMetadata {
    /// What it is for.
    #[serde(deserialize_with = "null_as_default")]
    pub description: String,
    /// Its buildpacks.
    #[serde(deserialize_with = "null_as_default")]
    pub buildpacks: Vec<ModuleInfo>,
    /// Its image extensions.
    #[serde(deserialize_with = "null_as_default")]
    pub extensions: Vec<ModuleInfo>,
    /// Its run image, where older tools look for it.
    #[serde(deserialize_with = "null_as_default")]
    pub stack: Stack,
    /// The lifecycle in it.
    #[serde(deserialize_with = "null_as_default")]
    pub lifecycle: BuilderLifecycle,
    /// What made it.
    #[serde(rename = "createdBy", deserialize_with = "null_as_default")]
    pub created_by: CreatedBy,
    /// Its run images.
    #[serde(deserialize_with = "null_as_default")]
    pub images: Vec<RunImageName>,
}

/// A buildpack or an extension, in a list of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ModuleInfo {
    /// Its identifier.
    #[serde(deserialize_with = "null_as_default")]
    pub id: String,
    /// Its name for people.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// Its version.
    #[serde(deserialize_with = "null_as_default")]
    pub version: String,
    /// Where to read about it.
    #[serde(deserialize_with = "null_as_default")]
    pub homepage: String,
}

/// What drives the phases in a builder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct BuilderLifecycle {
    /// Its version.
    #[serde(deserialize_with = "null_as_default")]
    pub version: String,
    /// The interfaces that it knows.
    #[serde(deserialize_with = "null_as_default")]
    pub apis: LifecycleApis,
}

/// The interfaces that a lifecycle knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LifecycleApis {
    /// Those of buildpacks.
    #[serde(deserialize_with = "null_as_default")]
    pub buildpack: ApiVersions,
    /// Those of platforms.
    #[serde(deserialize_with = "null_as_default")]
    pub platform: ApiVersions,
}

/// Versions of an interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ApiVersions {
    /// Those that still work.
    #[serde(deserialize_with = "null_as_default")]
    pub deprecated: Vec<String>,
    /// Those that work.
    #[serde(deserialize_with = "null_as_default")]
    pub supported: Vec<String>,
}

/// What made a builder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CreatedBy {
    /// Its name.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// Its version.
    #[serde(deserialize_with = "null_as_default")]
    pub version: String,
}

/// Buildpacks that are tried together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OrderGroup {
    /// Each of them, in their sequence.
    #[serde(deserialize_with = "null_as_default")]
    pub group: Vec<OrderEntry>,
}

/// One of the buildpacks that are tried together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OrderEntry {
    /// Its identifier.
    #[serde(deserialize_with = "null_as_default")]
    pub id: String,
    /// Its version; empty if there is one only.
    #[serde(deserialize_with = "null_as_default")]
    pub version: String,
    /// Whether the group can do without it.
    #[serde(deserialize_with = "null_as_default")]
    pub optional: bool,
}

/// Buildpacks that are put into every group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SystemBuildpacks {
    /// Those before all others.
    #[serde(deserialize_with = "null_as_default")]
    pub pre: SystemList,
    /// Those after all others.
    #[serde(deserialize_with = "null_as_default")]
    pub post: SystemList,
}

/// Some of the system buildpacks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SystemList {
    /// Each of them, in their sequence.
    #[serde(deserialize_with = "null_as_default")]
    pub buildpacks: Vec<OrderEntry>,
}

impl BuilderMetadata {
    /// What `image` says; nothing if it is no builder.
    pub fn of(image: &Image) -> Result<Option<BuilderMetadata>, LabelError> {
        read_object(image, BUILDER_METADATA)
    }

    /// Its run images, the first of them that of older tools if it names no others.
    pub fn run_images(&self) -> Vec<RunImageName> {
        let older = &self.stack.run_image;
        if self.images.is_empty() && !older.image.is_empty() { vec![older.clone()] } else { self.images.clone() }
    }
}

impl SystemBuildpacks {
    /// What `image` says; nothing if it does not say.
    pub fn of(image: &Image) -> Result<Option<SystemBuildpacks>, LabelError> {
        read_object(image, SYSTEM_BUILDPACKS)
    }
}

/// The order that `image` has at the label `key`, [`ORDER`] or [`ORDER_EXTENSIONS`].
pub fn order(image: &Image, key: &'static str) -> Result<Vec<OrderGroup>, LabelError> {
    Ok(read::<Option<Vec<OrderGroup>>>(image, key)?.flatten().unwrap_or_default())
}

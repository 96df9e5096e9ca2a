//! The labels by which other tools know the image (Platform specification, "Image Metadata").
//!
//! They are written as the reference implementation writes them, and read from images of either: what is `null` or absent
//! reads as empty.

use crate::Image;
use crate::text::{self, is_default, null_as_default};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use wattle_tree::Digest;

/// Key of [`LifecycleMetadata`].
pub const LIFECYCLE_METADATA: &str = "io.buildpacks.lifecycle.metadata";
/// Key of [`BuildMetadata`].
pub const BUILD_METADATA: &str = "io.buildpacks.build.metadata";
/// Key of [`ProjectMetadata`].
pub const PROJECT_METADATA: &str = "io.buildpacks.project.metadata";
/// Key of the execution environment's name.
pub const EXECUTION_ENVIRONMENT: &str = "io.buildpacks.exec-env";

/// The execution environment that an image was built for.
pub fn exec_env_of(image: &Image) -> &str {
    image.config().label(EXECUTION_ENVIRONMENT).unwrap_or(super::PRODUCTION)
}

/// Which layer is what. `pack rebase` drops keys that it does not know: nothing of our own goes here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LifecycleMetadata {
    /// The application: one layer a slice, the lowest first.
    #[serde(deserialize_with = "null_as_default")]
    pub app: Vec<Sha>,
    /// The bills of materials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sbom: Option<Sha>,
    /// The buildpacks, in the order of the group, and their layers.
    #[serde(deserialize_with = "null_as_default")]
    pub buildpacks: Vec<BuildpackLayers>,
    /// What the launcher reads.
    pub config: Sha,
    /// The launcher.
    pub launcher: Sha,
    /// The names of the processes.
    #[serde(rename = "process-types")]
    pub process_types: Sha,
    /// The run image.
    #[serde(rename = "runImage")]
    pub run_image: RunImage,
    /// The run image's name once more, where older tools look for it.
    pub stack: Stack,
}

/// A layer, by its diff-id. None if there is no such layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sha {
    /// The digest of the uncompressed layer.
    #[serde(default, with = "text::digest_or_empty")]
    pub sha: Option<Digest>,
}

/// What a buildpack added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuildpackLayers {
    /// Its identifier.
    pub key: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Its layers in the image, by name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub layers: BTreeMap<String, LayerMetadata>,
    /// What it asked to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<Store>,
}

/// What a buildpack said of a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerMetadata {
    /// The layer, by its diff-id.
    #[serde(with = "text::digest")]
    pub sha: Digest,
    /// What it noted about it; `null` if nothing.
    #[serde(default, deserialize_with = "text::integral")]
    pub data: Value,
    /// Later buildpacks see it.
    #[serde(default)]
    pub build: bool,
    /// The image has it.
    #[serde(default)]
    pub launch: bool,
    /// It is kept for the next build.
    #[serde(default)]
    pub cache: bool,
}

/// What a buildpack asked to be kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Store {
    /// Of any form.
    #[serde(default, deserialize_with = "text::integral")]
    pub metadata: Value,
}

/// What the image stands on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunImage {
    /// The run image's highest layer, by its diff-id: above it, the image is ours.
    #[serde(rename = "topLayer", with = "text::digest_or_empty")]
    pub top_layer: Option<Digest>,
    /// The run image, by digest.
    pub reference: String,
    /// The name by which a newer run image is found.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Other places where it is found.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub mirrors: Vec<String>,
}

/// The run image's name, where older tools look for it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stack {
    /// The same as in [`RunImage`].
    #[serde(rename = "runImage", default)]
    pub run_image: RunImageName,
}

/// The names of a run image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunImageName {
    /// The name by which a newer run image is found.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Other places where it is found.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub mirrors: Vec<String>,
}

/// What built the image, and what can be started in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BuildMetadata {
    /// The buildpacks, in the order of the group.
    #[serde(default, deserialize_with = "null_as_default")]
    pub buildpacks: Vec<BuildBuildpack>,
    /// Image extensions that took part. We have none: they want Dockerfiles.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub extensions: Vec<BuildBuildpack>,
    /// The launcher.
    #[serde(default)]
    pub launcher: BuildLauncher,
    /// The processes, sorted by type.
    #[serde(default, deserialize_with = "null_as_default")]
    pub processes: Vec<Process>,
    /// The process that starts when the user names none.
    #[serde(rename = "buildpack-default-process-type", default, skip_serializing_if = "Option::is_none")]
    pub default_process: Option<String>,
}

/// A buildpack that took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildBuildpack {
    /// Its identifier.
    pub id: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Where to read about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
}

/// Where the launcher comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildLauncher {
    /// Its version.
    pub version: String,
    /// Its source.
    pub source: LauncherSource,
}

/// Where the source of the launcher is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LauncherSource {
    /// In a Git repository.
    pub git: Git,
}

/// A place in a Git repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Git {
    /// The repository.
    pub repository: String,
    /// The commit; empty if not said.
    pub commit: String,
}

/// Something that can be started (Buildpack specification, "launch.toml").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its type, by which it is started: `web`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The program, and arguments that the user cannot replace.
    #[serde(deserialize_with = "one_or_many")]
    pub command: Vec<String>,
    /// Arguments that the user can replace; `null` if there are none.
    #[serde(default, serialize_with = "empty_as_null", deserialize_with = "null_as_default")]
    pub args: Vec<String>,
    /// Whether it is started without a shell: always, in what we build.
    #[serde(default)]
    pub direct: bool,
    /// The buildpack that it comes from.
    #[serde(rename = "buildpackID", default)]
    pub buildpack_id: String,
    /// Where it starts, if not in the application's directory.
    #[serde(rename = "working-dir", default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// The execution environments that it is for, `*` among them for all; for all, too, if none is named.
    #[serde(rename = "exec-env", default, skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub exec_env: Vec<String>,
}

/// Where the application's source comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProjectMetadata {
    /// `type`, `version` and `metadata`, of any form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Value>,
}

/// A label that does not say what its key promises.
#[derive(Debug, thiserror::Error)]
#[error("could not read the label `{key}`")]
pub struct LabelError {
    /// Its key.
    pub key: &'static str,
    /// What is wrong with it.
    pub source: serde_json::Error,
}

impl RunImageName {
    /// Every name, the main one first.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.image).chain(&self.mirrors).map(String::as_str).filter(|name| !name.is_empty())
    }
}

impl Process {
    /// True if it is for the execution environment of this name (Platform specification, "Launcher").
    pub fn runs_in(&self, environment: &str) -> bool {
        self.exec_env.is_empty() || self.exec_env.iter().any(|name| name == super::ANY || name == environment)
    }
}

impl LifecycleMetadata {
    /// The names by which a newer run image is found; images of older tools have them in `stack` only.
    pub fn run_image_name(&self) -> RunImageName {
        let RunImage { image, mirrors, .. } = self.run_image.clone();
        let name = RunImageName { image, mirrors };
        if name == RunImageName::default() { self.stack.run_image.clone() } else { name }
    }

    /// What `image` says; nothing if it was not built by buildpacks.
    pub fn of(image: &Image) -> Result<Option<LifecycleMetadata>, LabelError> {
        read_object(image, LIFECYCLE_METADATA)
    }
}

impl ProjectMetadata {
    /// What `image` says; nothing if it was not built by buildpacks.
    pub fn of(image: &Image) -> Result<Option<ProjectMetadata>, LabelError> {
        read_object(image, PROJECT_METADATA)
    }
}

impl BuildMetadata {
    /// What `image` says; nothing if it was not built by buildpacks.
    pub fn of(image: &Image) -> Result<Option<BuildMetadata>, LabelError> {
        read_object(image, BUILD_METADATA)
    }
}

pub(super) fn read<T: DeserializeOwned>(image: &Image, key: &'static str) -> Result<Option<T>, LabelError> {
    image.config().label(key).map(serde_json::from_str).transpose().map_err(|source| LabelError { key, source })
}

/// What an object says. What is read is a list too, if it may leave out everything, and that is none of these labels.
pub(super) fn read_object<T: DeserializeOwned>(image: &Image, key: &'static str) -> Result<Option<T>, LabelError> {
    let Some(text) = image.config().label(key).filter(|text| text.trim_start().starts_with('[')) else {
        return read(image, key);
    };
    match serde_json::from_str::<BTreeMap<String, Value>>(text) {
        Ok(_) => Ok(None),
        Err(source) => Err(LabelError { key, source }),
    }
}

/// Images made for a Platform API before 0.10 have one string.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Command {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Command::deserialize(deserializer)? {
        Command::One(word) => vec![word],
        Command::Many(words) => words,
    })
}

fn empty_as_null<S: Serializer>(words: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    Some(words).filter(|words| !words.is_empty()).serialize(serializer)
}

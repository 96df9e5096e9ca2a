//! The form in which it is told what is in an image.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is in an image.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inspection {
    /// Version of this form.
    pub schema: u32,
    /// Its name, as it was asked for.
    pub image: String,
    /// What it is.
    pub kind: ImageKind,
    /// Digest of its manifest.
    pub digest: String,
    /// Media type of its manifest.
    pub media_type: String,
    /// What it runs on.
    pub platform: String,
    /// The platforms that there are images for under its name, if that names an index of images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
    /// When it was made, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Compressed bytes of its layers.
    pub size: u64,
    /// What its containers are started with.
    #[serde(flatten)]
    pub settings: InspectedSettings,
    /// What is said of the system that it stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<InspectedBase>,
    /// What buildpacks made of it; nothing if none did.
    #[serde(flatten)]
    pub application: Option<InspectedApplication>,
    /// What it builds with, if it is a builder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub builder: Option<InspectedBuilder>,
    /// Which buildpacks or extensions it has, if it is a package of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<InspectedBuildpackage>,
    /// Its layers, the lowest first.
    pub layers: Vec<InspectedLayer>,
    /// What it says of itself that is not right, or could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<InspectedProblem>,
}

/// What an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageKind {
    /// An application, built by buildpacks.
    Application,
    /// Buildpacks, and what drives them.
    Builder,
    /// A package of buildpacks.
    Buildpackage,
    /// A package of an image extension.
    ExtensionPackage,
    /// An image to build or run on.
    Base,
    /// Something that buildpacks have nothing to do with.
    Other,
}

/// What the containers of an image are started with.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedSettings {
    /// The user that processes run as.
    pub user: String,
    /// Where they start.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub working_directory: String,
    /// The program and its first arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// The arguments that follow when the user gives none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Variables of their environment.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Ports on which they listen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<String>,
    /// Directories that outlive a container.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<String>,
    /// The signal that asks them to end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Labels, without those that are told in other words.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// What is said of the system that an image stands on.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedBase {
    /// Its distribution, `debian 12`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub distribution: String,
    /// The stack that it is of, which older images name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stack: String,
    /// Parts of the stack.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mixins: Vec<String>,
    /// What else is said: `id`, `released`, `maintainer` and so on.
    #[serde(flatten)]
    pub facts: BTreeMap<String, String>,
}

/// What buildpacks made of an image.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedApplication {
    /// The run image that it stands on.
    pub run_image: InspectedRunImage,
    /// Whether it can be put on another run image.
    pub rebasable: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rebase_obstacles: Vec<String>,
    /// The Platform API that it was built for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_api: Option<String>,
    /// What it was built to do: `production`, `test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_environment: Option<String>,
    /// What starts its processes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launcher: Option<InspectedLauncher>,
    /// Where its source comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Value>,
    /// What built it, in order.
    pub buildpacks: Vec<InspectedBuildpack>,
    /// What extended its images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<InspectedBuildpack>,
    /// What it can start, by type.
    pub processes: Vec<InspectedProcess>,
    /// Its bills of materials.
    pub bill_of_materials: InspectedBill,
}

/// A run image, by its names.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedRunImage {
    /// The name by which a newer one is found.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Other places where it is found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<String>,
    /// By digest.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// Its highest layer, by its diff-id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_layer: Option<String>,
}

/// What starts the processes of an image.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedLauncher {
    /// Its version.
    pub version: String,
    /// Where its source is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub repository: String,
    /// Which commit of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub commit: String,
}

/// A buildpack or an extension that took part.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedBuildpack {
    /// Id.
    pub id: String,
    /// Version.
    pub version: String,
    /// Where to read about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// What it asked to be kept for the next build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<Value>,
}

/// A process that an image can start.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedProcess {
    /// Type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Program and arguments that are always given.
    pub command: Vec<String>,
    /// Arguments that may be replaced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// Whether a shell starts it, which only older images ask for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shell: bool,
    /// Where it starts, if not in the application's directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// What it is for: `production`, `test`; for everything, if nothing is said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub execution_environments: Vec<String>,
    /// Whether it starts when nothing is said.
    pub default: bool,
    /// The buildpack that it comes from.
    pub buildpack: String,
}

/// The bills of materials of an image.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedBill {
    /// Whether there is a layer of them.
    pub present: bool,
    /// The forms that they are in: `cyclonedx`, `spdx`, `syft`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<String>,
    /// Paths in the image of all documents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
}

/// A builder.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedBuilder {
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What made it, and the version of that.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub created_by: String,
    /// User and group that build, by number.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub build_user: String,
    /// What drives the phases.
    pub lifecycle: InspectedLifecycle,
    /// What applications are put on.
    pub run_images: Vec<InspectedRunImage>,
    /// Its buildpacks.
    pub buildpacks: Vec<InspectedModule>,
    /// Its image extensions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<InspectedModule>,
    /// Groups of buildpacks, tried one after the other.
    pub order: Vec<InspectedGroup>,
    /// The same of extensions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order_extensions: Vec<InspectedGroup>,
    /// Buildpacks before those of every group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub system_before: Vec<InspectedEntry>,
    /// Buildpacks after those of every group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub system_after: Vec<InspectedEntry>,
}

/// What drives the phases of a builder.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedLifecycle {
    /// Its version.
    pub version: String,
    /// Buildpack APIs that it knows.
    pub buildpack_apis: Vec<String>,
    /// Those that it knows, and would rather not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deprecated_buildpack_apis: Vec<String>,
    /// Platform APIs that it knows.
    pub platform_apis: Vec<String>,
    /// Those that it knows, and would rather not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deprecated_platform_apis: Vec<String>,
}

/// A package of buildpacks or extensions.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedBuildpackage {
    /// The one that it is a package of.
    #[serde(flatten)]
    pub main: InspectedModule,
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Words by which it is found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// What it may be used under.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<String>,
    /// What it stands for, if it is a composite.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<InspectedGroup>,
    /// All buildpacks that are in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buildpacks: Vec<InspectedModule>,
    /// All extensions that are in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<InspectedModule>,
}

/// A buildpack or an extension in a builder or a package.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedModule {
    /// Id.
    pub id: String,
    /// Version.
    pub version: String,
    /// Name for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where to read about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub homepage: String,
    /// The Buildpack API that it speaks.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// What it builds for: `linux/amd64 debian@12`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Stacks that it builds for, which older ones name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stacks: Vec<String>,
    /// Whether it stands for others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub composite: bool,
    /// The layer that it is in, by its diff-id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub layer: String,
}

/// Buildpacks that are tried together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InspectedGroup {
    /// Each of them, in their sequence.
    pub group: Vec<InspectedEntry>,
}

/// One of the buildpacks that are tried together.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself, and a key of the form")]
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedEntry {
    /// Id.
    pub id: String,
    /// Version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Whether the group can do without it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Whether it is not there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
    /// Whether it stands for itself in the end, so that what it stands for is not told again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cyclic: bool,
    /// Whether what it stands for is left out, because there is too much of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shortened: bool,
    /// What it stands for, if it is a composite.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<InspectedGroup>,
}

/// A layer of an image.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedLayer {
    /// What it is: `run image`, `wattle/node:runtime`, `application`, `launcher` and so on.
    pub name: String,
    /// Digest of its compressed form.
    pub digest: String,
    /// Digest of its tar archive.
    pub diff_id: String,
    /// Media type of its compressed form.
    pub media_type: String,
    /// Compressed bytes.
    pub size: u64,
    /// How it came to be, as the image says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub created_by: String,
    /// When, as the image says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// What its buildpack says of it.
    #[serde(flatten)]
    pub uses: Option<InspectedUses>,
    /// The packages of the operating system in it, as far as bills of materials have them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<InspectedPackage>,
}

/// What a buildpack says of a layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedUses {
    /// Later buildpacks see it.
    pub build: bool,
    /// The image has it.
    pub launch: bool,
    /// It is kept for the next build.
    pub cache: bool,
    /// What the buildpack noted about it.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub data: Value,
}

/// A package of the operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedPackage {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
}

/// Something that an image says of itself, and that is not right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedProblem {
    /// What it is about: mostly the key of a label.
    pub about: String,
    /// What is wrong.
    pub reason: String,
}

//! What makes an image one of Cloud Native Buildpacks: its layers and their order, its environment and its entry point,
//! and the labels by which other tools know it (Platform specification, "Image Metadata" and "Layer Types"; names and
//! forms that the specification leaves open are those of the reference implementation).
//!
//! The way of a build: pack the [`Source`](crate::layer::Source)s of [`launch_layer`], [`application`] and [`launcher`],
//! and hand the layers to [`compose`] in an [`Application`]. A layer that was packed before need not be packed again.
//! Small layers that follow from the rest, `compose` makes itself.

mod application;
mod assemble;
mod builder;
mod buildpackage;
mod check;
mod labels;
mod layers;
mod metadata;
mod names;
mod pattern;
mod rebase;
mod sbom;
mod slices;

pub use application::{Application, Buildpack, Error, LaunchLayer};
pub use assemble::compose;
pub use builder::{
    ApiVersions, BUILDER_METADATA, BuilderLifecycle, BuilderMetadata, CreatedBy, LifecycleApis, ModuleInfo, ORDER,
    ORDER_EXTENSIONS, OrderEntry, OrderGroup, SYSTEM_BUILDPACKS, SystemBuildpacks, SystemList, order,
};
pub use buildpackage::{
    BUILDPACK_MODULES, EXTENSION_MODULES, Module, ModuleDistro, ModuleStack, ModuleTarget, Modules, PACKAGE_METADATA,
    PackageLicense, PackageMetadata,
};
pub use labels::{
    BUILD_METADATA, BuildBuildpack, BuildLauncher, BuildMetadata, BuildpackLayers, EXECUTION_ENVIRONMENT, Git,
    LIFECYCLE_METADATA, LabelError, LauncherSource, LayerMetadata, LifecycleMetadata, PROJECT_METADATA, Process,
    ProjectMetadata, RunImage, RunImageName, Sha, Stack, Store, exec_env_of,
};
pub use layers::{application, launch_layer, launcher};
pub use names::{
    NameError, WorkspaceError, check_buildpack, check_execution_environment, check_layer, check_process,
    check_workspace, directory,
};
pub use pattern::{Pattern, PatternError};
pub use rebase::{
    BaseName, NewBase, RebaseError, RebaseNote, RebaseOptions, Rebased, rebase, rebase_obstacles, recorded_run_image,
};
pub use sbom::{Sbom, SbomFormat, SbomOf, sbom_layer, sboms_in};
pub use slices::{Slice, slice};

/// Where the application is, unless the user says otherwise.
pub const APP_DIR: &str = "/workspace";
/// Where the layers of buildpacks are.
pub const LAYERS_DIR: &str = "/layers";
/// Where the launcher is.
pub const LAUNCHER: &str = "/cnb/lifecycle/launcher";
/// Where each process type has a name that starts it.
pub const PROCESS_DIR: &str = "/cnb/process";
/// The moment at which every image is made, unless the user names one: the same for equal inputs.
pub const CREATED: &str = "1980-01-01T00:00:01Z";
/// The execution environment that an image is for, unless the user names another.
pub const PRODUCTION: &str = "production";
/// What stands for every execution environment where a list of them is.
const ANY: &str = "*";
/// The Platform API that images speak. From 0.12 on a rebase compares targets instead of stacks, which our run images do
/// not have; from 0.15 on there are execution environments, which launchers before it would pass over.
pub const PLATFORM_API: &str = "0.15";
/// The Buildpack API that processes follow: always started directly, their arguments replaceable. The newest of the
/// releases that read [`PLATFORM_API`].
pub const BUILDPACK_API: &str = "0.12";
/// What images say of their launcher. Not a bare version: `pack inspect` hides the run image of an image whose launcher
/// has one below 0.5.
pub const LAUNCHER_VERSION: &str = concat!("wattle-launcher ", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests;

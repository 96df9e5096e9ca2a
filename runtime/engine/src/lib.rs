//! From an application to an image: the one crate that knows all the others.
//!
//! An [`Engine`] reads the application, asks every buildpack what it thinks of it, plans, lets the chosen ones build in
//! their sandboxes, packs what they made into layers, puts these on a run image and brings the result where it should be.
//! What happens is told to an [`Observer`] as [`Event`]s; nothing is printed.

mod artifacts;
mod build;
mod buildpack;
mod credentials;
mod detect;
mod environment;
mod error;
mod event;
mod export;
mod inspect;
mod nearest;
mod packing;
mod phase;
mod previous;
mod processes;
mod project;
mod rebase;
mod request;
mod run;
mod sbom;
mod sending;
mod steps;
mod stored;
mod system;
mod tags;

pub use build::{Report, Sboms};
pub use buildpack::{Package, PackageError};
pub use error::{EngineError, Fault};
pub use event::{Entry, Event, KeyChange, LayerState, Observer, Setting, Step, Verdict};
pub use inspect::{
    ImageKind, InspectedApplication, InspectedBase, InspectedBill, InspectedBuilder, InspectedBuildpack,
    InspectedBuildpackage, InspectedEntry, InspectedGroup, InspectedLauncher, InspectedLayer, InspectedLifecycle,
    InspectedModule, InspectedPackage, InspectedProblem, InspectedProcess, InspectedRunImage, InspectedSettings,
    InspectedUses, Inspection,
};
pub use phase::{FAILED, INVALID_ARGUMENTS, Phase};
pub use project::{Declared, SourceDetail, project_metadata};
pub use rebase::{RebaseFailed, RebaseReason, RebaseRequest, RebaseState, RebasedImage, RebasedOn};
pub use request::{Engine, ImageOptions, Images, Request};
pub use run::{Assessment, BuildpackVerdict};
pub use sbom::{BillOfMaterials, BomError, Part};
pub use system::{ArchiveError, Keyring, PackagesError, RunImageError, RunImageReport, RunImageTarget};
pub use tags::NotTagged;

/// Re-exported because they are part of a [`Request`].
pub use wattle_plan::{ExecEnv, ExecEnvError};
pub use wattle_sandbox::{Binding, Cancel};
/// Re-exported because they are part of a [`BillOfMaterials`].
pub use wattle_sbom::{Component, Format as BomFormat, License};

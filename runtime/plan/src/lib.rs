//! Which buildpacks take part in a build, and why.
//!
//! A [`Manifest`] is what `buildpack.toml` says. An [`Order`] names candidates in groups; [`expand`] replaces composite
//! buildpacks by what they stand for, and gives plain groups in the sequence in which they are to be tried. Every candidate
//! is asked once, all at the same time, for its [`Detection`]; [`resolve`] then finds the first group whose members agree,
//! and gives a [`Plan`], or says in an [`Unresolved`] who stood in the way.
//!
//! Pure: text and values in, values out. Nothing here reads a file, a clock or the environment.

mod builder;
mod detection;
mod document;
mod exec_env;
mod expand;
mod id;
mod manifest;
mod order;
mod project;
mod resolve;
mod target;
mod unmet;
mod unresolved;
mod version;

pub use builder::Builder;
pub use detection::{Alternative, Detection, Metadata, Requirement};
pub use document::{Document, DocumentError};
pub use exec_env::{ExecEnv, ExecEnvError};
pub use expand::{
    Buildpacks, ExpandError, ExpandedEntry, ExpandedGroup, MAX_BUILDPACKS, MAX_GROUP, MAX_GROUPS, candidates, expand,
};
pub use id::{BuildpackId, BuildpackKey, IdError};
pub use manifest::{Capabilities, Kind, License, Manifest};
pub use order::{Group, GroupEntry, Order};
pub use project::{BuildpackSource, Project, ProjectBuildpack, ProjectVariable};
pub use resolve::{Entry, LeftOut, MAX_CHOICES, Plan, Step, resolve};
pub use target::{Distro, Target};
pub use unmet::UnmetError;
pub use unresolved::{GroupFailure, Outcome, Problem, Unresolved, Verdict};
pub use version::{API, ApiVersion, Version, VersionError};

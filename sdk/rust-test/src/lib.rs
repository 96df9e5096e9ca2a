#![doc = include_str!("../README.md")]
//!
//! # Panics
//! Where a test cannot go on (a package that does not build, a fixture that is not there, a layer that was not asked for),
//! the functions of this crate panic, at the line of the test that called them. What a user of the buildpack can run into
//! is a value instead: a [`Detection`], or a [`Failure`].

mod app;
mod artifacts;
mod built;
mod detection;
mod failure;
mod launch;
mod layer;
mod log;
mod package;
mod packages;
mod plan;
mod report;
mod sandbox;
mod stored;

pub use app::App;
pub use artifacts::integrity;
pub use built::Built;
pub use detection::Detection;
pub use failure::Failure;
pub use layer::Layer;
pub use sandbox::Sandbox;
pub use wattle_plan::{Alternative, Requirement};
pub use wattle_sandbox::{Change, Fault, Fetched, Installed, LayerState, Process, Sbom, SbomFormat, SbomSubject, Uses};

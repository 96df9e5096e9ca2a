//! Runs buildpack components with only what they were granted.
//!
//! This is the only crate that names wasmtime. A [`Sandbox`] compiles and loads [`Component`]s; [`Component::detect`] and
//! [`Component::build`] run one phase of one of them under a [`Grant`], in an instance of its own that is dropped
//! afterwards, whatever happened. What comes back is plain data: a verdict, a [`Contribution`], or a [`Failure`] that says
//! which limit was reached or how the guest ended.
//!
//! A guest sees files through [`wattle_tree::overlay`], clocks that stand still, random numbers that are always the same,
//! and the capabilities of `wit/`, one module each under `capability`. It has no socket, no host path and no credential.

mod capability;
mod contribution;
mod engine;
mod failure;
mod generated;
mod grant;
mod limits;
mod output;
mod phase;
mod state;
mod wasi;

pub use contribution::{
    Alternative, Built, Change, Contribution, Detected, Detection, Fetched, Key, Layer, LayerState, Modification,
    Placed, PlanEntry, Process, Requirement, Sbom, SbomFormat, SbomSubject, Scope, Uses,
};
pub use engine::{Component, LoadError, Sandbox};
pub use failure::{Failure, Fault, GuestError};
pub use grant::{
    Artifact, Artifacts, Binding, BuildGrant, Cancel, Grant, Identity, Installed, Log, Packages, Platform, Request,
    Stored, StoredLayer, Stream, Target,
};
pub use limits::{Limit, LimitError, Limits, parse_bytes};

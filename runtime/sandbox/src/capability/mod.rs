//! The host's side of the contract: one module a capability, and the conversion of its types at the edge.

#![expect(unreachable_pub, reason = "the generated traits name these types and are public themselves")]

pub(crate) mod artifacts;
pub(crate) mod context;
pub(crate) mod environment;
pub(crate) mod image;
mod packages;
mod provenance;
mod types;

//! Bills of materials: what software consists of, as CycloneDX 1.5 and SPDX 2.3 have it.
//!
//! A [`Component`] is made from what was fetched ([`Component::fetched`]) or from a package of Debian
//! ([`Component::debian`]); a [`Bom`] of some of them is written in either [`Format`], and read back. Equal components are
//! equal bytes, in whatever order they come: there is no clock and no random number here, and what the formats want to be
//! unique follows from the contents.

mod bom;
mod component;
mod cyclonedx;
mod license;
mod npm;
mod purl;
mod read;
mod source;
mod spdx_json;

pub use bom::{Bom, Format, Subject};
pub use component::{Component, DebianPackage, Kind};
pub use license::License;
pub use npm::{bundled, described};
pub use purl::Purl;
pub use read::ReadError;

/// Who writes: `wattle` and its version, as the documents name their tool.
const TOOL: (&str, &str) = ("wattle", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests;

//! Bills of materials that a buildpack writes itself.

use crate::bindings::wattle::buildpack::image::SbomFormat;

/// A bill of materials (SBOM) in a form that `buildpack.toml` declares in `sbom-formats`. What was fetched is on the host's
/// own bills; this is for what the host cannot know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sbom {
    /// The text of a CycloneDX document in JSON.
    CycloneDx(String),
    /// The text of an SPDX document in JSON.
    Spdx(String),
    /// The text of a Syft document in JSON.
    Syft(String),
}

impl Sbom {
    pub(crate) fn for_host(&self) -> (SbomFormat, &str) {
        match self {
            Self::CycloneDx(document) => (SbomFormat::Cyclonedx, document),
            Self::Spdx(document) => (SbomFormat::Spdx, document),
            Self::Syft(document) => (SbomFormat::Syft, document),
        }
    }
}

//! Where the bytes of a layer come from.

use crate::content::{self, Pieces};
use crate::layout::Layout;
use crate::registry::Repository;
use wattle_oci::Descriptor;
use wattle_tree::Blob;

/// Where the bytes of a layer come from.
pub(super) enum Origin {
    /// Wherever this blob has them.
    Blob(Blob),
    /// A file of another layout.
    Layout { layout: Layout, blob: Blob },
    /// A registry.
    Remote(Repository),
    /// Nobody knows.
    Nowhere,
}

impl Origin {
    /// The bytes, compared with their digest as they pass.
    pub(super) fn pieces(&self, blob: &Descriptor) -> Option<Pieces> {
        let pieces = match self {
            Origin::Blob(bytes) | Origin::Layout { blob: bytes, .. } => content::pieces(bytes, blob.digest),
            Origin::Remote(repository) => repository.pieces(blob),
            Origin::Nowhere => return None,
        };
        Some(pieces)
    }
}

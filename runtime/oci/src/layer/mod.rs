//! Layers: from trees to bytes that are the same on every host.
//!
//! A [`Source`] says what stands where; [`pack`] makes of it a tar stream in one fixed form and compresses that, in one
//! pass, on any number of threads, with memory that does not depend on its length. What comes out depends on the source
//! alone. The compressed form also depends on the version of the compressor: whether two layers are equal is told by
//! their `diff_id`.

mod glimpse;
mod pack;
mod source;
mod tar;

pub use glimpse::{Glimpse, Seen};
pub use pack::{FORMAT, Packed, pack};
pub use source::{Attributes, Order, Owner, Root, Source, SourceError};

use crate::{Descriptor, media};
use std::io;
use std::num::NonZeroUsize;
use wattle_tree::{Blob, Digest};

/// How names begin that say that something is not there (OCI image specification, "Whiteouts").
const WHITEOUT: &str = ".wh.";
/// The name that says that nothing of the layers below is left in a directory ("Opaque Whiteout").
const OPAQUE: &str = ".wh..wh..opq";

/// A layer of an image.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Digest of the uncompressed tar stream.
    pub diff_id: Digest,
    /// What stands in the manifest: the compressed form.
    pub descriptor: Descriptor,
    /// The bytes that `descriptor` speaks of, if they are here. Those of a base image seldom are, and need not be.
    pub blob: Option<Blob>,
}

impl Layer {
    /// A layer that was packed, and where its compressed bytes went.
    pub fn new(packed: &Packed, blob: Option<Blob>) -> Layer {
        let descriptor = Descriptor::new(media::LAYER_GZIP, packed.digest, packed.size);
        Layer { diff_id: packed.diff_id, descriptor, blob }
    }

    /// Packs a small layer into memory.
    pub fn in_memory(source: &Source) -> io::Result<Layer> {
        let mut bytes = Vec::new();
        let packed = pack(source, &mut bytes, NonZeroUsize::MIN)?;
        let blob = Blob::with_digest(packed.size, bytes, packed.digest);
        Ok(Layer::new(&packed, Some(blob)))
    }
}

#[cfg(test)]
mod tests;

//! From trees to layers, each packed at most once: the store knows what every tree became.

use crate::event::{Event, Observer};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::thread;
use wattle_oci::Layer;
use wattle_oci::layer::{self, FORMAT, Source};
use wattle_sandbox::Cancel;
use wattle_store::{Packed, Store};
use wattle_tree::Digest;

/// Packs layers into the store.
pub(crate) struct Packing<'a> {
    pub(crate) store: &'a Store,
    pub(crate) observer: &'a dyn Observer,
    /// Ends it early.
    pub(crate) cancel: Cancel,
}

/// Writes until somebody interrupts.
struct Until<'a, W>(W, &'a Cancel);

impl<W: Write> Write for Until<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.1.is_cancelled() {
            return Err(io::Error::other("interrupted"));
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Packing<'_> {
    /// The layer of `source`, which is a function of `tree` (its digest), `path` and `owner`.
    pub(crate) fn pack(&self, name: &str, tree: Digest, path: &str, owner: &str, source: &Source) -> io::Result<Layer> {
        let owner = &format!("{owner} {FORMAT}");
        if let Some(packed) = self.store.trees().packed(&tree, path, owner)?
            && let Some(layer) = self.reuse(name, &packed)?
        {
            return Ok(layer);
        }
        self.observer.event(&Event::Packing { layer: name.to_owned() });
        let mut blob = self.store.blobs().writer(None)?;
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let made = layer::pack(source, &mut Until(&mut blob, &self.cancel), threads)?;
        let (digest, size) = blob.commit()?;
        let packed = Packed { diff_id: made.diff_id, digest, size };
        self.store.trees().set_packed(&tree, path, owner, &packed)?;
        self.tell(name, false, &packed);
        Ok(Layer::new(&made, self.store.blobs().get(&digest)?))
    }

    /// The layer that was packed before, if its bytes are still there.
    pub(crate) fn reuse(&self, name: &str, packed: &Packed) -> io::Result<Option<Layer>> {
        let Some(blob) = self.store.blobs().get(&packed.digest)? else { return Ok(None) };
        self.tell(name, true, packed);
        let Packed { diff_id, digest, size } = *packed;
        Ok(Some(Layer::new(&layer::Packed { diff_id, digest, size, uncompressed: 0 }, Some(blob))))
    }

    /// Says what became of a layer.
    pub(crate) fn tell(&self, name: &str, reused: bool, packed: &Packed) {
        let (layer, digest) = (name.to_owned(), packed.digest.to_string());
        self.observer.event(&Event::Packed { layer, reused, size: packed.size, digest });
    }
}

/// What the store knows of a layer.
pub(crate) fn packed(layer: &Layer) -> Packed {
    Packed { diff_id: layer.diff_id, digest: layer.descriptor.digest, size: layer.descriptor.size }
}

//! Trees by digest.
//!
//! A tree is two files: a pack with each different content once, one behind the other, and an index with every path and
//! where its contents are. The index comes last: where it is, the pack is.

use crate::error::{failed, if_there};
use crate::files::Part;
use crate::text::{self, name_of, sharded};
use crate::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tempfile::NamedTempFile;
use wattle_tree::{Blob, Digest, File, Node, Tree};

/// Bytes that are copied at once.
const CHUNK: usize = 256 << 10;

/// Trees by digest, and what they are when they are packed as layers.
#[derive(Clone, Copy)]
pub struct Trees<'a>(pub(crate) &'a Store);

/// A tree as a layer of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// Digest of the tar archive (OCI image configuration, `rootfs.diff_ids`).
    #[serde(with = "text")]
    pub diff_id: Digest,
    /// Digest of the compressed archive, which is a blob of this store unless it was removed.
    #[serde(with = "text")]
    pub digest: Digest,
    /// Length of the compressed archive in bytes.
    pub size: u64,
}

#[derive(Serialize, Deserialize)]
struct Index {
    /// Length of the pack in bytes.
    size: u64,
    /// Each directory before what is in it.
    entries: Vec<(String, Item)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Item {
    Directory,
    Symlink(String),
    File(Place),
}

#[derive(Clone, Serialize, Deserialize)]
struct Place {
    #[serde(with = "text")]
    digest: Digest,
    offset: u64,
    size: u64,
    executable: bool,
}

impl Trees<'_> {
    /// Keeps a tree; gives its digest.
    pub fn put(self, tree: &Tree) -> Result<Digest, StoreError> {
        let digest = tree.digest().map_err(|source| StoreError::Contents { path: String::new(), source })?;
        if self.index(&digest)?.is_some() {
            return Ok(digest);
        }
        let index = self.write_pack(tree, &self.path(&digest, "pack"))?;
        self.0.write_record(&self.path(&digest, "json"), &index)?;
        Ok(digest)
    }

    /// The tree with this digest. Contents are read when they are asked for, and verified then. None if it is not there,
    /// or damaged in a way that shows at once.
    pub fn get(self, digest: &Digest) -> Result<Option<Tree>, StoreError> {
        let Some(index) = self.index(digest)? else { return Ok(None) };
        let pack = self.path(digest, "pack");
        self.0.note_use(&pack);
        let tree = self.assemble(index, &pack.into());
        // Every digest in the index counts into the tree's own, so that this reads no contents.
        let intact = tree.filter(|tree| tree.digest().is_ok_and(|actual| actual == *digest));
        if intact.is_none() {
            _ = fs::remove_file(self.path(digest, "json"));
        }
        Ok(intact)
    }

    /// What this tree is as a layer: packed with its files at `path`, belonging to `owner` (in any notation that tells
    /// owners apart). None if that is not known.
    pub fn packed(self, tree: &Digest, path: &str, owner: &str) -> Result<Option<Packed>, StoreError> {
        self.0.read_record(&self.packed_path(tree, path, owner))
    }

    /// Notes what this tree is as a layer.
    pub fn set_packed(self, tree: &Digest, path: &str, owner: &str, packed: &Packed) -> Result<(), StoreError> {
        self.0.write_record(&self.packed_path(tree, path, owner), packed)
    }

    /// The index, if the pack is there and as long as it should be.
    fn index(self, digest: &Digest) -> Result<Option<Index>, StoreError> {
        let Some(index) = self.0.read_record::<Index>(&self.path(digest, "json"))? else { return Ok(None) };
        let pack = self.path(digest, "pack");
        let metadata = if_there(fs::metadata(&pack)).map_err(failed("look at", &pack))?;
        Ok(metadata.filter(|metadata| metadata.len() == index.size).map(|_| index))
    }

    fn write_pack(self, tree: &Tree, path: &Path) -> Result<Index, StoreError> {
        let draft = BufWriter::with_capacity(CHUNK, self.0.draft()?);
        let mut pack = Pack { draft, path, size: 0, known: HashMap::new() };
        let mut entries = Vec::new();
        for entry in tree.walk() {
            let item = match entry.node {
                Node::Directory(_) => Item::Directory,
                Node::Symlink(target) => Item::Symlink(target.to_string()),
                Node::File(file) => Item::File(pack.add(file, &entry.path)?),
            };
            entries.push((entry.path, item));
        }
        let size = pack.size;
        Store::publish(pack.finish()?, path)?;
        Ok(Index { size, entries })
    }

    /// The tree that the index describes; none if it describes none.
    fn assemble(self, index: Index, pack: &Arc<Path>) -> Option<Tree> {
        let mut tree = Tree::new();
        for (path, item) in index.entries {
            let node = match item {
                Item::Directory => Node::Directory(Tree::new()),
                Item::Symlink(target) => Node::symlink(&target),
                Item::File(place) => Node::File(self.file(&place, index.size, pack)?),
            };
            tree.insert(&path, node).ok()?;
        }
        Some(tree)
    }

    fn file(self, place: &Place, pack_size: u64, pack: &Arc<Path>) -> Option<File> {
        place.offset.checked_add(place.size).filter(|end| *end <= pack_size)?;
        let Place { digest, offset, size: len, executable } = *place;
        let part =
            Part { store: self.0.clone(), path: pack.clone(), offset, len, digest, verified: AtomicBool::new(false) };
        Some(File { blob: part.into_blob(), executable })
    }

    fn path(self, digest: &Digest, extension: &str) -> PathBuf {
        self.0.path(&format!("trees/{}.{extension}", sharded(digest)))
    }

    fn packed_path(self, tree: &Digest, path: &str, owner: &str) -> PathBuf {
        self.0.path(&format!("packed/{}.json", sharded(&name_of(&[&tree.to_string(), path, owner]))))
    }
}

/// A pack that is being written.
struct Pack<'a> {
    draft: BufWriter<NamedTempFile>,
    /// Where it will be.
    path: &'a Path,
    size: u64,
    /// Where contents are that are in it already.
    known: HashMap<Digest, u64>,
}

impl Pack<'_> {
    /// Puts the contents of a file, `name` in its tree, behind what is there, unless they are there already.
    fn add(&mut self, file: &File, name: &str) -> Result<Place, StoreError> {
        let unreadable = |source| StoreError::Contents { path: name.to_owned(), source };
        let (digest, size) = (file.blob.digest().map_err(unreadable)?, file.blob.len());
        let offset = *self.known.entry(digest).or_insert(self.size);
        if offset == self.size {
            self.copy(&file.blob, unreadable)?;
            self.size += size;
        }
        Ok(Place { digest, offset, size, executable: file.executable })
    }

    /// Copies contents, and tells apart whether reading or writing failed.
    fn copy(&mut self, blob: &Blob, unreadable: impl Fn(io::Error) -> StoreError) -> Result<(), StoreError> {
        let mut buffer = vec![0; usize::try_from(blob.len()).map_or(CHUNK, |len| len.min(CHUNK))];
        let mut offset = 0;
        while offset < blob.len() {
            let count = blob.read_at(&mut buffer, offset).map_err(&unreadable)?;
            self.draft.write_all(&buffer[..count]).map_err(failed("write", self.path))?;
            offset += count as u64;
        }
        Ok(())
    }

    fn finish(self) -> Result<NamedTempFile, StoreError> {
        let draft = self.draft.into_inner().map_err(|error| failed("write", self.path)(error.into_error()))?;
        draft.as_file().sync_data().map_err(failed("write", self.path))?;
        Ok(draft)
    }
}

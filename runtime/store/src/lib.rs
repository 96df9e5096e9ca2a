//! What survives a build.
//!
//! A [`Store`] is a directory that any number of processes use at once. All that is in it can be made again: to delete it
//! costs time, nothing else. Below `v1`, which another layout would not touch:
//!
//! | directory | what | found by |
//! |---|---|---|
//! | `blobs/sha256/ab/<hex>` | downloads and packed layers ([`Blobs`]) | digest of the contents |
//! | `aliases/sha512/ab/<hex>` | which blob has this other digest | the other digest |
//! | `trees/ab/<hex>.json`, `.pack` | layers as trees ([`Trees`]) | digest of the tree |
//! | `packed/ab/<hex>.json` | which blob a tree is, packed as a layer | tree, path, owner |
//! | `layers/<hex>/<hex>.json` | the layers of the last build ([`Layers`]) | application, buildpack, name |
//! | `compiled/<hex>.json`, `<hex>` | machine code ([`Compiled`]) | the caller's key; the code's digest |
//! | `index/ab/<hex>.json` | documents that change, with their validators ([`Documents`]) | name |
//! | `tmp/` | work in progress of live processes | |
//!
//! **A killed process leaves it as it was or as it should be.** Everything is written below `tmp` and then renamed, contents
//! before what refers to them. What a dead process leaves in `tmp` is swept when the store is opened next; an advisory lock
//! tells the living from the dead.
//!
//! **What is read is verified.** Contents are compared with their digest before the first byte is handed out; what is
//! damaged is removed, so that it is made again. That is why blobs are not forced to disk when they are written (there are
//! thousands, and a lost one costs a download), but trees and machine code are (few, and read in the middle of a build).
//!
//! The clock is read for one purpose: to note when something was last used, for [`Store::collect`].

mod blobs;
mod collect;
mod compiled;
mod documents;
mod error;
mod files;
mod layers;
mod private;
mod session;
mod text;
mod trees;
mod write;

pub use blobs::{BlobWriter, Blobs};
pub use collect::{Collected, Kind};
pub use compiled::Compiled;
pub use documents::{Document, Documents};
pub use error::StoreError;
pub use layers::{LayerRecord, Layers};
pub use trees::{Packed, Trees};

use error::failed;
use files::Files;
use session::Session;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use wattle_tree::{Digest, Scratch};

/// What tells backup programs to leave the store out (Cache Directory Tagging specification).
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# Wattle keeps here what it can make again.\n";

/// An open store. Cloning shares it; what is below `tmp` for it goes with the last clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    /// The directory with the layout's version.
    root: PathBuf,
    session: Session,
    files: Files,
    /// Blobs that this process has compared with their digest.
    verified: Mutex<HashSet<Digest>>,
}

impl Store {
    /// Opens the store in this directory, which is made if it is missing, for its owner alone.
    ///
    /// # Errors
    /// If the directory cannot be written, or its file system has no locks.
    pub fn open(root: &Path) -> Result<Store, StoreError> {
        let versioned = root.join("v1");
        private::create_directory(&versioned).map_err(failed("make the directory", &versioned))?;
        let tag = root.join("CACHEDIR.TAG");
        if !tag.exists() {
            std::fs::write(&tag, TAG).map_err(failed("write", &tag))?;
        }
        let session = Session::begin(&versioned.join("tmp"))?;
        let (files, verified) = (Files::default(), Mutex::default());
        Ok(Store(Arc::new(Inner { root: versioned, session, files, verified })))
    }

    /// Contents by digest.
    pub fn blobs(&self) -> Blobs<'_> {
        Blobs(self)
    }

    /// Machine code of components.
    pub fn compiled(&self) -> Compiled<'_> {
        Compiled(self)
    }

    /// The layers that a buildpack made in the last build of an application. Whatever tells applications apart serves as
    /// its name; two that share one share their cache.
    pub fn layers(&self, application: &str, buildpack: &str) -> Layers<'_> {
        Layers::new(self, application, buildpack)
    }

    /// Trees by digest.
    pub fn trees(&self) -> Trees<'_> {
        Trees(self)
    }

    /// Documents by name.
    pub fn documents(&self) -> Documents<'_> {
        Documents(self)
    }

    /// A file for work in progress, gone with its last handle.
    pub fn scratch(&self) -> Result<Scratch, StoreError> {
        let directory = self.0.session.directory();
        tempfile::tempfile_in(directory).map(Scratch::new).map_err(failed("make a file in", directory))
    }

    /// A path below the store.
    fn path(&self, name: &str) -> PathBuf {
        self.0.root.join(name)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.0.root).finish()
    }
}

#[cfg(test)]
mod tests;

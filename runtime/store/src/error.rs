//! What goes wrong with a store.

use std::io;
use std::path::{Path, PathBuf};
use wattle_tree::Digest;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system said no.
    #[error("could not {action} `{path}`")]
    Io {
        /// What was attempted, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The disk is full, or the user's share of it.
    #[error(
        "there is no space left to {action} `{path}`: free some, or delete the store, which holds nothing that cannot be made again"
    )]
    Full {
        /// What was attempted, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Bytes that are not what was expected. Nothing was kept.
    #[error("expected bytes with digest {expected}, got {actual}")]
    Mismatch {
        /// What they should be.
        expected: Box<Digest>,
        /// What they are.
        actual: Box<Digest>,
    },
    /// Something that was kept is not what it was. It has been removed, and will be made again.
    #[error("`{path}` was damaged and has been removed: run the same again")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Others may write where machine code is kept.
    #[error(
        "other users can write to `{path}`, so that what is there cannot be run: make it writable by its owner alone"
    )]
    Exposed {
        /// The directory.
        path: PathBuf,
    },
    /// A tree whose contents could not be read while it was being kept.
    #[error("could not read `{path}` of a tree that is to be kept")]
    Contents {
        /// Path in the tree; empty for the tree itself.
        path: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Names what was attempted on which path.
pub(crate) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { action, path, source },
        _ => StoreError::Io { action, path, source },
    }
}

/// None for a file that is not there.
pub(crate) fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl From<StoreError> for io::Error {
    /// The same kind of error, for whoever reads or writes through the standard library's traits.
    fn from(error: StoreError) -> io::Error {
        let kind = match &error {
            StoreError::Io { source, .. } | StoreError::Full { source, .. } | StoreError::Contents { source, .. } => {
                source.kind()
            }
            StoreError::Mismatch { .. } | StoreError::Damaged { .. } => io::ErrorKind::InvalidData,
            StoreError::Exposed { .. } => io::ErrorKind::PermissionDenied,
        };
        io::Error::new(kind, error)
    }
}

//! Contents that stay in the directory they were found in.

use super::reading;
use crate::{ReadAt, positional};
use cap_std::fs::Dir;
use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Files that are held open between reads.
const OPEN: usize = 16;

/// A file that does not give the contents it had.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    /// Its length or its time of change is another.
    #[error("`{path}` was changed after it was taken in: build again when nothing writes to it")]
    Changed {
        /// The file, relative to the directory.
        path: String,
    },
    /// It cannot be opened or read any more.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file, relative to the directory.
        path: String,
        /// Why not.
        source: io::Error,
    },
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) len: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Stamp {
        Stamp { len: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// The directory, and the files of it that were read last.
pub(super) struct Handles {
    root: Dir,
    open: Mutex<VecDeque<(Arc<str>, Arc<File>)>>,
}

impl Handles {
    pub(super) fn new(root: Dir) -> Handles {
        Handles { root, open: Mutex::default() }
    }

    fn get(&self, path: &Arc<str>) -> io::Result<Arc<File>> {
        if let Some((_, file)) = self.lock().iter().find(|(open, _)| Arc::ptr_eq(open, path)) {
            return Ok(file.clone());
        }
        let file = Arc::new(self.root.open_with(&**path, &reading())?.into_std());
        let mut open = self.lock();
        open.truncate(OPEN - 1);
        open.push_front((path.clone(), file.clone()));
        Ok(file)
    }

    /// A thread that panicked while it held the list has left it whole: each change of it is one call.
    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(Arc<str>, Arc<File>)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The contents of one file, as they were.
pub(super) struct Contents {
    handles: Arc<Handles>,
    path: Arc<str>,
    seen: Stamp,
}

impl Contents {
    pub(super) fn new(handles: Arc<Handles>, path: &str, seen: Stamp) -> Contents {
        Contents { handles, path: path.into(), seen }
    }

    /// Reads, and looks afterwards whether the file is still the same: so no change before the read goes unseen.
    fn read(&self, file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let read = positional::read_exact_at(file, buffer, offset);
        let now = file.metadata().map_err(|source| self.failed(source))?;
        if Stamp::of(&now) != self.seen {
            return Err(self.changed());
        }
        read.map_err(|source| self.failed(source))
    }

    fn changed(&self) -> io::Error {
        io::Error::other(ContentsError::Changed { path: self.path.to_string() })
    }

    fn failed(&self, source: io::Error) -> io::Error {
        match source.kind() {
            io::ErrorKind::NotFound => self.changed(),
            kind => io::Error::new(kind, ContentsError::Unreadable { path: self.path.to_string(), source }),
        }
    }
}

impl ReadAt for Contents {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let file = self.handles.get(&self.path).map_err(|source| self.failed(source))?;
        self.read(&file, buffer, offset)
    }
}

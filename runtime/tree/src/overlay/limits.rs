//! What a guest may use, what it uses, and which limit it met.

use super::{Error, Overlay};
use crate::MAX_DEPTH;
use std::fmt;

/// What a guest may use at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in files that it wrote to, as it sees them: holes count. The scratch file takes at most about twice that.
    pub bytes: u64,
    /// Names that it made, and that were merged for it. A symbolic link counts once more for each 256 bytes of its target.
    /// A name that was merged and then removed counts until its directory is removed too.
    pub files: usize,
    /// Inodes open at once, each as often as it is open.
    pub open: usize,
    /// Length of a file, in bytes.
    pub file_size: u64,
    /// Bytes of small files that stay in host memory instead of the scratch file. Some more are when many are open. Not a
    /// limit that anybody meets.
    pub memory: usize,
    /// How many directories stand inside one another, the root not counted; less than [`MAX_DEPTH`] whatever is asked for,
    /// so that each path is one that a tree can have.
    pub depth: usize,
    /// Names remembered: those of one listing (and of all that [`Overlay::hold`] was told of), and, apart from them, those
    /// looked up in vain. When there are more of the latter, a directory counts as listed, which says as much.
    pub names: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            bytes: 16 << 30,
            files: 1_000_000,
            open: 4096,
            file_size: 8 << 30,
            memory: 8 << 20,
            depth: MAX_DEPTH - 1,
            names: 1 << 18,
        }
    }
}

impl Limits {
    pub(super) fn clamped(self) -> Limits {
        Limits { depth: self.depth.min(MAX_DEPTH - 1), ..self }
    }
}

/// A limit that refused something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exceeded {
    /// [`Limits::bytes`].
    Bytes,
    /// [`Limits::files`].
    Files,
    /// [`Limits::open`].
    Open,
    /// [`Limits::file_size`].
    FileSize,
    /// [`Limits::depth`].
    Depth,
    /// [`Limits::names`].
    Names,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Exceeded::Bytes => "bytes written",
            Exceeded::Files => "files",
            Exceeded::Open => "open files",
            Exceeded::FileSize => "size of a file",
            Exceeded::Depth => "depth of directories",
            Exceeded::Names => "names listed",
        })
    }
}

/// What a guest uses; the fields are those of [`Limits`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes in files that were written to.
    pub bytes: u64,
    /// Names made.
    pub files: usize,
    /// Inodes open.
    pub open: usize,
    /// Bytes of small files in host memory.
    pub memory: usize,
    /// Names in listings that are held.
    pub names: usize,
}

impl Overlay {
    /// Counts a listing of `names` names that somebody keeps; give them back with [`Overlay::release`]. Without that, a guest
    /// could have one large directory listed as often as it has handles.
    pub fn hold(&mut self, names: usize) -> Result<(), Error> {
        self.check_names(names)?;
        self.usage.names += names;
        Ok(())
    }

    /// Counts `names` names of a listing as forgotten.
    pub fn release(&mut self, names: usize) {
        self.usage.names = self.usage.names.saturating_sub(names);
    }

    pub(super) fn check_open(&mut self) -> Result<(), Error> {
        self.check(self.usage.open < self.limits.open, Exceeded::Open, Error::TooManyOpen)
    }

    pub(super) fn check_files(&mut self, more: usize) -> Result<(), Error> {
        let fits = more == 0 || self.usage.files.saturating_add(more) <= self.limits.files;
        self.check(fits, Exceeded::Files, Error::NoSpace)
    }

    /// May `before` charged bytes become `after`?
    pub(super) fn check_bytes(&mut self, before: u64, after: u64) -> Result<(), Error> {
        let fits = after <= before || (self.usage.bytes - before).saturating_add(after) <= self.limits.bytes;
        self.check(fits, Exceeded::Bytes, Error::NoSpace)
    }

    pub(super) fn check_file_size(&mut self, size: u64) -> Result<(), Error> {
        self.check(size <= self.limits.file_size, Exceeded::FileSize, Error::FileTooLarge)
    }

    pub(super) fn check_depth(&mut self, depth: usize) -> Result<(), Error> {
        self.check(depth <= self.limits.depth, Exceeded::Depth, Error::NameTooLong)
    }

    pub(super) fn check_names(&mut self, more: usize) -> Result<(), Error> {
        let fits = self.usage.names.saturating_add(more) <= self.limits.names;
        self.check(fits, Exceeded::Names, Error::NoSpace)
    }

    fn check(&mut self, fits: bool, limit: Exceeded, error: Error) -> Result<(), Error> {
        if fits {
            return Ok(());
        }
        self.exceeded.get_or_insert(limit);
        Err(error)
    }
}

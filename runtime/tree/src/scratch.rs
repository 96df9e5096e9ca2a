//! Contents on their way: one file that many writers fill, of which blobs are parts.
//!
//! One file for all, because one file each would use up the host's descriptors, and because what was never meant to stay
//! then disappears with one handle.

use crate::positional;
use crate::{Blob, Digest, Hasher, ReadAt};
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A scratch file that blobs are cut from. Cloning shares it.
#[derive(Clone)]
pub struct Scratch(Arc<Inner>);

struct Inner {
    file: File,
    next: AtomicU64,
}

impl Scratch {
    /// Uses `file`, empty, readable and writable, that nobody else opens; best one that has no name any more.
    pub fn new(file: File) -> Scratch {
        Scratch(Arc::new(Inner { file, next: AtomicU64::new(0) }))
    }

    /// Sets `len` bytes apart and gives their offset. The bytes read as zero until they are written, where the host's
    /// files do so.
    pub fn reserve(&self, len: u64) -> u64 {
        self.0.next.fetch_add(len, Ordering::Relaxed)
    }

    /// Bytes set apart so far.
    pub fn used(&self) -> u64 {
        self.0.next.load(Ordering::Relaxed)
    }

    /// Keeps `bytes`.
    pub fn keep(&self, bytes: &[u8]) -> io::Result<Blob> {
        let offset = self.reserve(bytes.len() as u64);
        self.write_at(bytes, offset)?;
        Ok(self.blob(offset, bytes.len() as u64))
    }

    /// A place for `len` bytes that arrive piece by piece.
    pub fn region(&self, len: u64) -> Region {
        let start = self.reserve(len);
        Region { scratch: self.clone(), start, len, written: 0, hasher: Hasher::new(crate::Algorithm::Sha256) }
    }

    /// The blob of `len` bytes at `offset`, which must not be written any more.
    pub fn blob(&self, offset: u64, len: u64) -> Blob {
        Blob::new(len, Part { scratch: self.clone(), offset })
    }

    /// Writes into a reserved place.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        positional::write_all_at(&self.0.file, bytes, offset)
    }

    /// Reads back what was written.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        positional::read_exact_at(&self.0.file, buffer, offset)
    }
}

struct Part {
    scratch: Scratch,
    offset: u64,
}

impl ReadAt for Part {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.scratch.read_exact_at(buffer, self.offset + offset)
    }
}

/// A place of known length in a scratch file, filled from start to end, hashed as it is filled.
pub struct Region {
    scratch: Scratch,
    start: u64,
    len: u64,
    written: u64,
    hasher: Hasher,
}

impl Region {
    /// The blob, if all bytes came.
    pub fn finish(self) -> io::Result<Blob> {
        if self.written != self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let digest: Digest = self.hasher.finish();
        Ok(Blob::with_digest(self.len, Part { scratch: self.scratch, offset: self.start }, digest))
    }
}

impl Write for Region {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.len - self.written {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.scratch.write_at(bytes, self.start + self.written)?;
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! The contents of one file.

use crate::{Algorithm, Digest, Hasher};
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

/// Something whose bytes can be read at any offset, by many threads at once.
pub trait ReadAt: Send + Sync {
    /// Fills `buffer` from `offset`. The caller stays within the length that it was told.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

impl ReadAt for Vec<u8> {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.as_slice().read_exact_at(buffer, offset)
    }
}

impl ReadAt for [u8] {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let bytes = usize::try_from(offset).ok().and_then(|start| self.get(start..start.checked_add(buffer.len())?));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl ReadAt for std::fs::File {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        crate::positional::read_exact_at(self, buffer, offset)
    }
}

/// Immutable bytes, wherever they are. Cloning shares them.
#[derive(Clone)]
pub struct Blob(Arc<Inner>);

struct Inner {
    len: u64,
    source: Box<dyn ReadAt>,
    digest: OnceLock<Digest>,
}

impl Blob {
    /// The `len` bytes that `source` gives from offset 0. They must never change; a source that can change under us must
    /// notice and fail.
    pub fn new(len: u64, source: impl ReadAt + 'static) -> Blob {
        Blob(Arc::new(Inner { len, source: Box::new(source), digest: OnceLock::new() }))
    }

    /// Bytes whose SHA-256 digest was computed while they were written.
    pub fn with_digest(len: u64, source: impl ReadAt + 'static, digest: Digest) -> Blob {
        Blob(Arc::new(Inner { len, source: Box::new(source), digest: OnceLock::from(digest) }))
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.0.len
    }

    /// True if there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.len().saturating_sub(offset);
        let count = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if count > 0 {
            self.0.source.read_exact_at(&mut buffer[..count], offset)?;
        }
        Ok(count)
    }

    /// All bytes. For things that are small by nature; what can be large is read by [`Blob::reader`].
    pub fn to_vec(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.len()).map_err(|_| io::ErrorKind::OutOfMemory)?];
        self.read_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// Reads from the start.
    pub fn reader(&self) -> BlobReader {
        BlobReader { blob: self.clone(), position: 0 }
    }

    /// True if both are the very same value in memory. False says nothing.
    pub fn same(&self, other: &Blob) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// SHA-256 of the bytes; computed once.
    pub fn digest(&self) -> io::Result<Digest> {
        if let Some(digest) = self.0.digest.get() {
            return Ok(*digest);
        }
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let mut buffer = vec![0; usize::try_from(self.len()).unwrap_or(usize::MAX).min(256 << 10)];
        let mut offset = 0;
        while offset < self.len() {
            let count = self.read_at(&mut buffer, offset)?;
            hasher.update(&buffer[..count]);
            offset += count as u64;
        }
        Ok(*self.0.digest.get_or_init(|| hasher.finish()))
    }
}

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Blob {
        Blob::new(bytes.len() as u64, bytes)
    }
}

impl From<&str> for Blob {
    fn from(text: &str) -> Blob {
        text.as_bytes().to_vec().into()
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.len())
    }
}

/// Reads a blob from start to end.
#[derive(Debug)]
pub struct BlobReader {
    blob: Blob,
    position: u64,
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.blob.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl io::Seek for BlobReader {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let target = match to {
            io::SeekFrom::Start(offset) => Some(offset),
            io::SeekFrom::End(delta) => self.blob.len().checked_add_signed(delta),
            io::SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

//! Reading: blobs that are parts of files, compared with their digest before the first byte is handed out.

use crate::{Store, StoreError};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use wattle_tree::{Algorithm, Blob, Digest, Hasher, ReadAt};

/// Most files that are kept open. A build may hold thousands of blobs, more than a process may have open.
const MAX_OPEN: usize = 64;
/// Bytes read at once to compute a digest.
const CHUNK: usize = 256 << 10;

/// Files that were read last, open; the last one at the end.
#[derive(Default)]
pub(crate) struct Files(Mutex<Vec<(Arc<Path>, Arc<File>)>>);

impl Files {
    fn open(&self, path: &Arc<Path>) -> io::Result<Arc<File>> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = open.iter().rposition(|(other, _)| Arc::ptr_eq(path, other)) {
            open[at..].rotate_left(1);
        } else {
            let file = File::open(path)?;
            if open.len() == MAX_OPEN {
                open.remove(0);
            }
            open.push((path.clone(), Arc::new(file)));
        }
        open.last().map(|(_, file)| file.clone()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// A part of a file, with the digest that it must have.
pub(crate) struct Part {
    pub(crate) store: Store,
    pub(crate) path: Arc<Path>,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    pub(crate) digest: Digest,
    pub(crate) verified: AtomicBool,
}

impl Part {
    /// The part as a blob, which reads the file when it is read.
    pub(crate) fn into_blob(self) -> Blob {
        let (len, digest) = (self.len, self.digest);
        Blob::with_digest(len, self, digest)
    }

    /// Compares all of it with its digest; removes the file if they differ.
    pub(crate) fn verify(&self, file: &File) -> Result<(), io::Error> {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let mut buffer = vec![0; usize::try_from(self.len).map_or(CHUNK, |len| len.min(CHUNK))];
        let mut done = 0;
        while done < self.len {
            let count = usize::try_from(self.len - done).map_or(CHUNK, |left| left.min(CHUNK));
            file.read_exact_at(&mut buffer[..count], self.offset + done)?;
            hasher.update(&buffer[..count]);
            done += count as u64;
        }
        self.compare(hasher.finish())
    }

    fn compare(&self, actual: Digest) -> io::Result<()> {
        if actual != self.digest {
            _ = fs::remove_file(&self.path);
            return Err(StoreError::Damaged { path: self.path.to_path_buf() }.into());
        }
        self.verified.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl ReadAt for Part {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let file = self.store.0.files.open(&self.path)?;
        if self.verified.load(Ordering::Relaxed) {
            return file.read_exact_at(buffer, self.offset + offset);
        }
        if buffer.len() as u64 == self.len {
            file.read_exact_at(buffer, self.offset)?;
            return self.compare(Digest::of(buffer));
        }
        self.verify(&file)?;
        file.read_exact_at(buffer, self.offset + offset)
    }
}

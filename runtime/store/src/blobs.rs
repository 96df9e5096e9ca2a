//! Contents by digest.

use crate::error::{failed, if_there};
use crate::files::Part;
use crate::text::sharded;
use crate::{Store, StoreError};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use tempfile::NamedTempFile;
use wattle_tree::{Algorithm, Blob, Digest, Hasher};

/// Contents by digest: SHA-256, or any other digest under which they came in.
#[derive(Clone, Copy)]
pub struct Blobs<'a>(pub(crate) &'a Store);

impl Blobs<'_> {
    /// Takes new contents in. If `expected` is given, they must have that digest in the end, and can be found by it.
    pub fn writer(self, expected: Option<Digest>) -> Result<BlobWriter, StoreError> {
        let other = expected.filter(|digest| digest.algorithm() != Algorithm::Sha256);
        Ok(BlobWriter {
            store: self.0.clone(),
            draft: BufWriter::with_capacity(64 << 10, self.0.draft()?),
            len: 0,
            hasher: Hasher::new(Algorithm::Sha256),
            other: other.map(|digest| Hasher::new(digest.algorithm())),
            expected,
        })
    }

    /// The contents with this digest. They are verified when they are first read in this process; reading fails if they
    /// turn out to be damaged.
    pub fn get(self, digest: &Digest) -> Result<Option<Blob>, StoreError> {
        Ok(self.part(digest)?.map(Part::into_blob))
    }

    /// The contents with this digest, verified now: what is damaged is not there.
    pub fn get_verified(self, digest: &Digest) -> Result<Option<Blob>, StoreError> {
        let Some(part) = self.part(digest)? else { return Ok(None) };
        if self.is_verified(&part.digest) {
            return Ok(Some(part.into_blob()));
        }
        let path = part.path.clone();
        match fs::File::open(&path).and_then(|file| part.verify(&file)) {
            Ok(()) => {
                self.0.0.verified.lock().unwrap_or_else(PoisonError::into_inner).insert(part.digest);
                Ok(Some(part.into_blob()))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::NotFound) => Ok(None),
            Err(error) => Err(failed("read", &path)(error)),
        }
    }

    /// Whether there are contents with this digest.
    pub fn contains(self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.part(digest)?.is_some())
    }

    /// Lets the contents with the SHA-256 digest `target` be found by `digest`, which the caller knows to be theirs too.
    pub fn alias(self, digest: &Digest, target: &Digest) -> Result<(), StoreError> {
        match digest.algorithm() {
            Algorithm::Sha256 => Ok(()),
            Algorithm::Sha512 => self.0.write_record(&self.alias_path(digest), &target.to_string()),
        }
    }

    fn part(self, digest: &Digest) -> Result<Option<Part>, StoreError> {
        let Some(digest) = self.resolve(digest)? else { return Ok(None) };
        let path = self.path(&digest);
        let Some(metadata) = if_there(fs::metadata(&path)).map_err(failed("look at", &path))? else {
            return Ok(None);
        };
        // What a crash of the machine leaves of a file that was written just before it.
        if metadata.len() == 0 && digest != Digest::of(b"") {
            _ = fs::remove_file(&path);
            return Ok(None);
        }
        self.0.note_use(&path);
        let (store, verified) = (self.0.clone(), AtomicBool::new(self.is_verified(&digest)));
        Ok(Some(Part { store, path: path.into(), offset: 0, len: metadata.len(), digest, verified }))
    }

    /// The SHA-256 digest of what has this digest.
    fn resolve(self, digest: &Digest) -> Result<Option<Digest>, StoreError> {
        match digest.algorithm() {
            Algorithm::Sha256 => Ok(Some(*digest)),
            Algorithm::Sha512 => {
                let target: Option<String> = self.0.read_record(&self.alias_path(digest))?;
                Ok(target.and_then(|text| text.parse().ok()).filter(|it: &Digest| it.algorithm() == Algorithm::Sha256))
            }
        }
    }

    fn is_verified(self, digest: &Digest) -> bool {
        self.0.0.verified.lock().unwrap_or_else(PoisonError::into_inner).contains(digest)
    }

    fn path(self, digest: &Digest) -> PathBuf {
        self.0.path(&format!("blobs/sha256/{}", sharded(digest)))
    }

    fn alias_path(self, digest: &Digest) -> PathBuf {
        self.0.path(&format!("aliases/{}/{}", digest.algorithm().name(), sharded(digest)))
    }
}

/// Contents on their way in, hashed as they are written. Dropped, they are forgotten.
pub struct BlobWriter {
    store: Store,
    draft: BufWriter<NamedTempFile>,
    len: u64,
    hasher: Hasher,
    /// For an expected digest that is not SHA-256.
    other: Option<Hasher>,
    expected: Option<Digest>,
}

impl BlobWriter {
    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.len
    }

    /// Keeps the contents; gives their SHA-256 digest and length.
    ///
    /// # Errors
    /// If they are not what was expected; then nothing is kept.
    pub fn commit(self) -> Result<(Digest, u64), StoreError> {
        let digest = self.hasher.finish();
        let actual = self.other.map_or(digest, Hasher::finish);
        if let Some(expected) = self.expected.filter(|expected| *expected != actual) {
            return Err(StoreError::Mismatch { expected: expected.into(), actual: actual.into() });
        }
        let blobs = self.store.blobs();
        let path = blobs.path(&digest);
        let draft = self.draft.into_inner().map_err(|error| failed("write", &path)(error.into_error()))?;
        Store::publish(draft, &path)?;
        blobs.alias(&actual, &digest)?;
        Ok((digest, self.len))
    }

    fn draft_path(&self) -> &Path {
        self.draft.get_ref().path()
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = match self.draft.write(bytes) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => return Err(failed("write", self.draft_path())(error).into()),
        };
        self.hasher.update(&bytes[..count]);
        if let Some(other) = &mut self.other {
            other.update(&bytes[..count]);
        }
        self.len += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.draft.flush()
    }
}

//! Machine code of components.
//!
//! Whoever can write it runs as the user, so it is kept where only the user can write, and loaded only if that is still so
//! and not a byte has changed. A record names the file with the code, which is named by its own digest: a pair of a record
//! and another process's code cannot come about.

use crate::error::{failed, if_there};
use crate::files::Part;
use crate::text::{self, name_of};
use crate::{Store, StoreError, private};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use wattle_tree::Digest;

/// Machine code, by a key that says what it was made of, and for which engine and processor.
#[derive(Clone, Copy)]
pub struct Compiled<'a>(pub(crate) &'a Store);

#[derive(Serialize, Deserialize)]
struct Record {
    key: String,
    size: u64,
    #[serde(with = "text")]
    digest: Digest,
}

impl Compiled<'_> {
    /// The file with the code that was put under this key, verified. None if there is none, or it is not as it was put.
    ///
    /// # Errors
    /// If others can write to the directory.
    pub fn get(self, key: &str) -> Result<Option<PathBuf>, StoreError> {
        self.check_directory()?;
        let Some(record) = self.0.read_record::<Record>(&self.record_path(key))? else { return Ok(None) };
        let path = self.code_path(&record.digest);
        let Some(file) = if_there(File::open(&path)).map_err(failed("open", &path))? else { return Ok(None) };
        let metadata = file.metadata().map_err(failed("look at", &path))?;
        let ours = private::same_owner(&metadata, &self.0.0.session.owner()?) && !private::is_exposed(&metadata);
        if record.key != key || metadata.len() != record.size || !ours {
            return Ok(None);
        }
        let (store, verified) = (self.0.clone(), AtomicBool::new(false));
        let part =
            Part { store, path: path.clone().into(), offset: 0, len: record.size, digest: record.digest, verified };
        match part.verify(&file) {
            Ok(()) => {
                self.0.note_use(&path);
                Ok(Some(path))
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            Err(error) => Err(failed("read", &path)(error)),
        }
    }

    /// Keeps code; gives the file that it is in.
    ///
    /// # Errors
    /// If others can write to the directory.
    pub fn put(self, key: &str, code: &[u8]) -> Result<PathBuf, StoreError> {
        self.check_directory()?;
        let digest = Digest::of(code);
        let path = self.code_path(&digest);
        let mut draft = self.0.draft()?;
        let written = draft.write_all(code).and_then(|()| draft.as_file().sync_data());
        written.map_err(failed("write", &path))?;
        Store::publish(draft, &path)?;
        let record = Record { key: key.to_owned(), size: code.len() as u64, digest };
        self.0.write_record(&self.record_path(key), &record)?;
        Ok(path)
    }

    fn check_directory(self) -> Result<(), StoreError> {
        let path = self.0.path("compiled");
        private::create_directory(&path).map_err(failed("make the directory", &path))?;
        let metadata = fs::metadata(&path).map_err(failed("look at", &path))?;
        if private::is_exposed(&metadata) { Err(StoreError::Exposed { path }) } else { Ok(()) }
    }

    fn record_path(self, key: &str) -> PathBuf {
        self.0.path(&format!("compiled/{}.json", name_of(&[key]).hex()))
    }

    fn code_path(self, digest: &Digest) -> PathBuf {
        self.0.path(&format!("compiled/{}", digest.hex()))
    }
}

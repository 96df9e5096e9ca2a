//! Writing, so that a file is there whole or not at all.

use crate::error::{failed, if_there};
use crate::{Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::SystemTime;
use tempfile::NamedTempFile;

impl Store {
    /// A file that has no place yet, for its owner alone; it is gone if nothing gives it one.
    pub(crate) fn draft(&self) -> Result<NamedTempFile, StoreError> {
        let directory = self.0.session.directory();
        NamedTempFile::new_in(directory).map_err(failed("make a file in", directory))
    }

    /// Gives a draft its place, whose name says what is in it: if what is there is in use and cannot be replaced, it is as
    /// good.
    pub(crate) fn publish(draft: NamedTempFile, path: &Path) -> Result<(), StoreError> {
        let in_use = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied && path.is_file();
        match replace(draft, path) {
            Err(error) if !in_use(&error) => Err(failed("write", path)(error)),
            _ => Ok(()),
        }
    }

    /// Writes a small record.
    pub(crate) fn write_record(&self, path: &Path, record: &impl Serialize) -> Result<(), StoreError> {
        let mut draft = self.draft()?;
        let bytes = serde_json::to_vec(record).map_err(io::Error::from).map_err(failed("write", path))?;
        draft.write_all(&bytes).map_err(failed("write", path))?;
        replace(draft, path).map_err(failed("write", path))
    }

    /// Reads a small record and notes its use. One that is not there and one that makes no sense are the same.
    pub(crate) fn read_record<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>, StoreError> {
        let Some(bytes) = if_there(fs::read(path)).map_err(failed("read", path))? else { return Ok(None) };
        let Ok(record) = serde_json::from_slice(&bytes) else { return Ok(None) };
        self.note_use(path);
        Ok(Some(record))
    }

    /// Notes that this file was used in this session, for [`Store::collect`]. A store that cannot be written is still good
    /// to read, so it does not matter if this fails.
    #[expect(clippy::disallowed_methods, reason = "what was used longest ago is collected first")]
    pub(crate) fn note_use(&self, path: &Path) {
        let noted = |file: &File| Ok::<_, io::Error>(file.metadata()?.modified()? >= self.0.session.since());
        let note = |file: File| if noted(&file)? { Ok(()) } else { file.set_modified(SystemTime::now()) };
        _ = File::options().write(true).open(path).and_then(note);
    }
}

/// Renames a draft over whatever is there, and makes the directory if need be.
fn replace(draft: NamedTempFile, path: &Path) -> io::Result<()> {
    let draft = match draft.persist(path) {
        Ok(_) => return Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::NotFound => error.file,
        Err(error) => return Err(error.error),
    };
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    draft.persist(path)?;
    Ok(())
}

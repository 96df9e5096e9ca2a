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

    /// Gives a draft its place, over whatever is there.
    pub(crate) fn publish(&self, draft: NamedTempFile, path: &Path) -> Result<(), StoreError> {
        let again = match draft.persist(path) {
            Ok(_) => return Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::NotFound => error.file,
            Err(error) => return Err(failed("write", path)(error.error)),
        };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed("make the directory", parent))?;
        }
        again.persist(path).map(|_| ()).map_err(|error| failed("write", path)(error.error))
    }

    /// Writes a small record.
    pub(crate) fn write_record(&self, path: &Path, record: &impl Serialize) -> Result<(), StoreError> {
        let mut draft = self.draft()?;
        let bytes = serde_json::to_vec(record).map_err(io::Error::from).map_err(failed("write", path))?;
        draft.write_all(&bytes).map_err(failed("write", path))?;
        self.publish(draft, path)
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
    pub(crate) fn note_use(&self, path: &Path) {
        let noted = |file: &File| Ok::<_, io::Error>(file.metadata()?.modified()? >= self.0.session.since());
        let note = |file: File| if noted(&file)? { Ok(()) } else { file.set_modified(SystemTime::now()) };
        _ = File::options().write(true).open(path).and_then(note);
    }
}

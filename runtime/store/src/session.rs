//! Telling live processes from dead ones.
//!
//! Each open store has `tmp/<pid>-<random>.lock`, locked as long as it lives, and the directory `tmp/<pid>-<random>` for its
//! work. Who begins a session or looks at others holds `tmp/door`, so that no lock is seen before it is locked.

use crate::StoreError;
use crate::error::{failed, if_there};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, TryLockError};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tempfile::NamedTempFile;

/// The work in progress of one open store.
pub(crate) struct Session {
    tmp: PathBuf,
    directory: PathBuf,
    lock: NamedTempFile,
    since: SystemTime,
}

impl Session {
    /// Begins a session in `tmp`, and sweeps what dead ones left there.
    pub(crate) fn begin(tmp: &Path) -> Result<Session, StoreError> {
        fs::create_dir_all(tmp).map_err(failed("make the directory", tmp))?;
        let door = hold_door(tmp)?;
        sweep(tmp)?;
        let prefix = format!("{}-", std::process::id());
        let mut builder = tempfile::Builder::new();
        let lock = builder.prefix(&prefix).suffix(".lock").tempfile_in(tmp).map_err(failed("make a file in", tmp))?;
        lock.as_file().lock().map_err(failed("lock", lock.path()))?;
        let since = metadata(&lock)?.modified().map_err(failed("read the time of", lock.path()))?;
        let directory = lock.path().with_extension("");
        fs::create_dir(&directory).map_err(failed("make the directory", &directory))?;
        drop(door);
        Ok(Session { tmp: tmp.to_owned(), directory, lock, since })
    }

    /// Where its work goes.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// When it began.
    pub(crate) fn since(&self) -> SystemTime {
        self.since
    }

    /// What a file of this process looks like.
    pub(crate) fn owner(&self) -> Result<Metadata, StoreError> {
        metadata(&self.lock)
    }

    /// When the oldest live session began. None begins as long as the file that comes with it is kept.
    pub(crate) fn oldest(&self) -> Result<(SystemTime, File), StoreError> {
        let door = hold_door(&self.tmp)?;
        Ok((sweep(&self.tmp)?.into_iter().chain([self.since]).min().unwrap_or(self.since), door))
    }
}

impl Drop for Session {
    /// The directory goes while the lock, which goes next, still says whose it is. What cannot be removed is left to a sweep.
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.directory);
    }
}

fn metadata(lock: &NamedTempFile) -> Result<Metadata, StoreError> {
    lock.as_file().metadata().map_err(failed("look at", lock.path()))
}

fn hold_door(tmp: &Path) -> Result<File, StoreError> {
    let path = tmp.join("door");
    let door = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed("open", &path))?;
    door.lock().map_err(failed("lock", &path))?;
    Ok(door)
}

/// Removes what dead sessions left, and gives the beginnings of the live ones. What cannot be removed stays: that is no
/// reason not to build.
fn sweep(tmp: &Path) -> Result<Vec<SystemTime>, StoreError> {
    let mut live = Vec::new();
    let entries = fs::read_dir(tmp).map_err(failed("list", tmp))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.file_name() == Some(OsStr::new("door")) {
            continue;
        }
        let is_lock = path.extension() == Some(OsStr::new("lock"));
        let lock = if is_lock { path.clone() } else { path.with_extension("lock") };
        match locked_since(&lock)? {
            Some(since) if is_lock => live.push(since),
            Some(_) => {}
            None => _ = if is_lock { fs::remove_file(&path) } else { fs::remove_dir_all(&path) },
        }
    }
    Ok(live)
}

/// When this lock was made, if a live process holds it.
fn locked_since(path: &Path) -> Result<Option<SystemTime>, StoreError> {
    let Some(file) = if_there(File::options().write(true).open(path)).map_err(failed("open", path))? else {
        return Ok(None);
    };
    match file.try_lock() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            let modified = file.metadata().and_then(|metadata| metadata.modified());
            modified.map(Some).map_err(failed("read the time of", path))
        }
        Err(TryLockError::Error(error)) => Err(failed("lock", path)(error)),
    }
}

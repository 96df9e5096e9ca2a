//! Where a layout, or what is added to one, is put together: a directory beside its place, with a lock that tells the living
//! from the dead.
//!
//! The lock is on its `oci-layout`, which gets its name when it is locked. So a directory whose `oci-layout` nobody holds is
//! left over from a build that was killed, unless it has an `index.json`: then it is whole, and on its way to its place.

use super::{INDEX, LayoutError, MARK, MARK_TEXT, disk, host};
use std::fs::{self, DirEntry, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use tempfile::{Builder, NamedTempFile, TempDir, TempPath};

/// The pattern of the names of directories in which layouts are put together: beside the layout, or in it when it grows.
pub const STAGES: &str = ".wattle-??????";
/// How they begin.
const PREFIX: &str = ".wattle-";
/// How many letters and digits follow.
const RANDOM: usize = 6;
/// How the names of files begin that are not whole yet.
const PARTIAL: &str = ".partial-";

/// A directory that is gone with this value, unless it became something else.
pub(super) struct Stage {
    lock: Mutex<Option<File>>,
    directory: TempDir,
}

impl Stage {
    /// Makes one in `parent`, and sweeps what dead builds left there.
    pub(super) fn new(parent: &Path) -> Result<Stage, LayoutError> {
        let mut builder = Builder::new();
        builder.prefix(PREFIX).rand_bytes(RANDOM);
        let directory = host::shared(&mut builder, true).tempdir_in(parent);
        let directory = directory.map_err(disk("create a directory in", parent))?;
        let path = directory.path().join(MARK);
        let mut mark = new_file(directory.path())?;
        let written = mark.write_all(MARK_TEXT.as_bytes()).and_then(|()| mark.as_file().lock());
        written.map_err(disk("write", &path))?;
        let lock = mark.persist(&path).map_err(|error| disk("write", &path)(error.error))?;
        sweep(parent, &lock);
        Ok(Stage { lock: Mutex::new(Some(lock)), directory })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A new file in it.
    pub(super) fn file(&self) -> Result<NamedTempFile, LayoutError> {
        new_file(self.path())
    }

    /// A new file in it that `make` makes.
    pub(super) fn make(&self, make: impl FnMut(&Path) -> io::Result<()>) -> Result<TempPath, LayoutError> {
        let made = Builder::new().prefix(PARTIAL).make_in(self.path(), make);
        Ok(made.map_err(disk("create a file in", self.path()))?.into_temp_path())
    }

    /// Becomes the directory `path`, if there is none or the host replaces what is there.
    pub(super) fn become_directory(&self, path: &Path) -> io::Result<()> {
        // Not every host moves a directory in which a file is open.
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        fs::rename(self.path(), path)
    }

    /// Moves all that is in it to the empty directory `path`; false if a layout has come to be there. Whoever reads
    /// meanwhile finds no layout, or one that somebody is adding to.
    pub(super) fn empty_into(&self, path: &Path) -> Result<bool, LayoutError> {
        self.pour_into(path)?;
        let (mark, index) = (path.join(MARK), path.join(INDEX));
        // Our lock stays on it, so that who comes second waits for the index.
        match fs::hard_link(self.path().join(MARK), &mark) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(_) => fs::rename(self.path().join(MARK), &mark).map_err(disk("write", &mark))?,
            Ok(()) => {}
        }
        fs::rename(self.path().join(INDEX), &index).map_err(disk("write", &index))?;
        Ok(true)
    }

    /// Moves its blobs to the layout `path`.
    pub(super) fn pour_into(&self, path: &Path) -> Result<(), LayoutError> {
        let blobs = self.path().join("blobs");
        for algorithm in entries(&blobs)? {
            let target = path.join("blobs").join(algorithm.file_name());
            fs::create_dir_all(&target).map_err(disk("create the directory", &target))?;
            for blob in entries(&algorithm.path())? {
                let target = target.join(blob.file_name());
                fs::rename(blob.path(), &target).map_err(disk("write", &target))?;
            }
        }
        Ok(())
    }
}

impl Drop for Stage {
    /// A file that is open can be in the way of removing the directory.
    fn drop(&mut self) {
        drop(self.lock.get_mut().unwrap_or_else(PoisonError::into_inner).take());
    }
}

fn new_file(directory: &Path) -> Result<NamedTempFile, LayoutError> {
    let mut builder = Builder::new();
    host::shared(builder.prefix(PARTIAL), false).tempfile_in(directory).map_err(disk("create a file in", directory))
}

fn entries(directory: &Path) -> Result<Vec<DirEntry>, LayoutError> {
    let listed = fs::read_dir(directory).and_then(Iterator::collect);
    listed.map_err(disk("read the directory", directory))
}

/// Removes what dead builds of the user who has `own` left in `parent`. What cannot be removed stays: that is no reason not to
/// build.
fn sweep(parent: &Path, own: &File) {
    let Ok(listed) = fs::read_dir(parent) else { return };
    for entry in listed.flatten().filter(is_stage) {
        let path = entry.path();
        if let Some(_lock) = lock_of_the_dead(&path, own) {
            _ = fs::remove_dir_all(&path);
        }
    }
}

/// True for a directory that this module may have made.
pub(super) fn is_stage(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let random = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
    let named = random.is_some_and(|it| it.len() == RANDOM && it.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    // Of a link, this is the kind of the link itself.
    named && entry.file_type().is_ok_and(|kind| kind.is_dir())
}

/// The lock of a directory that nobody holds any more and that is not whole.
fn lock_of_the_dead(directory: &Path, own: &File) -> Option<File> {
    let path = directory.join(MARK);
    let found = fs::symlink_metadata(&path).ok()?;
    if !found.is_file() || !host::same_owner(&found, &own.metadata().ok()?) {
        return None;
    }
    let lock = File::options().write(true).open(&path).ok()?;
    lock.try_lock().ok()?;
    let is_whole = directory.join(INDEX).try_exists().unwrap_or(true);
    (!is_whole).then_some(lock)
}

//! Writing a layout: blobs first, each under another name until it is whole, and the index last, so that whoever reads
//! meanwhile, or after we were killed, finds what was there before or what should be there.

use super::read::{Layout, check_file};
use super::{INDEX, LayoutError, MARK, MARK_TEXT, REF_NAME, blob_path, disk, host, tag_of};
use crate::progress::Outcome;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::{Builder, NamedTempFile, TempDir};
use wattle_oci::{Descriptor, Index};

/// How the names of files begin that are not whole yet.
const PARTIAL: &str = ".partial-";

/// A layout that is being written. Until [`Writer::finish`], no image of it changes.
#[derive(Clone)]
pub(crate) struct Writer {
    /// Where the layout is to be.
    path: PathBuf,
    /// Where it is put together, if there was none. Disappears with the last user that has not finished.
    stage: Option<Arc<TempDir>>,
}

/// A blob on its way.
pub(crate) struct Pending {
    file: NamedTempFile,
    target: PathBuf,
    /// Keeps the directory that the file is in.
    _stage: Option<Arc<TempDir>>,
}

impl Writer {
    /// Prepares to write to `path`: a layout that grows, or nothing, or an empty directory.
    pub(crate) fn open(path: &Path) -> Result<Writer, LayoutError> {
        if is_vacant(path)? {
            return Writer::fresh(path);
        }
        Layout::open(path)?;
        Ok(Writer { path: path.to_owned(), stage: None })
    }

    /// True to its name: fails where a layout could not be written, and leaves everything as it was.
    pub(crate) fn check(path: &Path) -> Result<(), LayoutError> {
        let writer = Writer::open(path)?;
        new_file(writer.root()).map(drop)
    }

    fn fresh(path: &Path) -> Result<Writer, LayoutError> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(disk("create the directory", parent))?;
        let mut builder = Builder::new();
        let stage = host::shared(builder.prefix(".wattle-"), true).tempdir_in(parent);
        let stage = stage.map_err(disk("create a directory in", parent))?;
        let mark = stage.path().join(MARK);
        fs::write(&mark, MARK_TEXT).map_err(disk("write", &mark))?;
        Ok(Writer { path: path.to_owned(), stage: Some(Arc::new(stage)) })
    }

    fn root(&self) -> &Path {
        self.stage.as_ref().map_or(&self.path, |stage| stage.path())
    }

    /// True if the blob is there already.
    pub(crate) fn has(&self, descriptor: &Descriptor) -> bool {
        let found = blob_path(self.root(), &descriptor.digest).metadata();
        found.is_ok_and(|found| found.is_file() && found.len() == descriptor.size)
    }

    /// Begins a blob.
    pub(crate) fn begin(&self, descriptor: &Descriptor) -> Result<Pending, LayoutError> {
        let target = self.place(descriptor)?;
        let file = new_file(target.parent().unwrap_or(self.root()))?;
        Ok(Pending { file, target, _stage: self.stage.clone() })
    }

    /// The path of a blob; the directory is there afterwards.
    fn place(&self, descriptor: &Descriptor) -> Result<PathBuf, LayoutError> {
        let target = blob_path(self.root(), &descriptor.digest);
        let directory = target.parent().unwrap_or(self.root());
        fs::create_dir_all(directory).map_err(disk("create the directory", directory))?;
        Ok(target)
    }

    /// Takes a blob over from another layout, by sharing its bytes where the host can; none if that layout lacks it.
    pub(crate) fn take_over(&self, from: &Layout, descriptor: &Descriptor) -> Result<bool, LayoutError> {
        let Some(source) = from.blob_file(descriptor) else { return Ok(false) };
        // Of a symbolic link, the link itself would be shared.
        let source = source.canonicalize().map_err(disk("open", &source))?;
        let target = self.place(descriptor)?;
        let directory = target.parent().unwrap_or(self.root());
        let linked = Builder::new().prefix(PARTIAL).make_in(directory, |path| link_or_copy(&source, path));
        let linked = linked.map_err(disk("create a file in", directory))?.into_temp_path();
        let file = File::open(&linked).map_err(disk("open", &linked))?;
        check_file(&file, descriptor).map_err(|error| LayoutError::Content { path: source, source: error })?;
        linked.persist(&target).map_err(|error| disk("write", &target)(error.error))?;
        Ok(true)
    }

    /// Writes a small blob.
    pub(crate) fn put(&self, descriptor: &Descriptor, bytes: &[u8]) -> Result<Outcome, LayoutError> {
        if self.has(descriptor) {
            return Ok(Outcome::Present);
        }
        let mut pending = self.begin(descriptor)?;
        pending.write_all(bytes).map_err(disk("write", &pending.target))?;
        pending.keep()?;
        Ok(Outcome::Sent)
    }

    /// Makes `image`, whose blobs are all there, the one that is called `tag`.
    pub(crate) fn finish(self, image: Descriptor, tag: &str) -> Result<(), LayoutError> {
        match self.stage {
            Some(stage) => {
                replace_index(stage.path(), image, tag)?;
                settle(&stage, &self.path)
            }
            None => replace_index(&self.path, image, tag),
        }
    }
}

impl Pending {
    /// Gives the blob its name.
    pub(crate) fn keep(self) -> Result<(), LayoutError> {
        match self.file.persist(&self.target) {
            Ok(_) => Ok(()),
            Err(error) => Err(disk("write", &self.target)(error.error)),
        }
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// True if there is nothing in the way.
fn is_vacant(path: &Path) -> Result<bool, LayoutError> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(LayoutError::Other { path: path.to_owned(), reason: "it is not a directory".to_owned() })
        }
        Err(error) => Err(disk("read the directory", path)(error)),
    }
}

/// A second name for the same bytes, where the host has that, or else a copy, which some hosts make by sharing.
fn link_or_copy(source: &Path, target: &Path) -> io::Result<()> {
    match fs::hard_link(source, target) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => fs::copy(source, target).map(drop),
        done => done,
    }
}

fn new_file(directory: &Path) -> Result<NamedTempFile, LayoutError> {
    let mut builder = Builder::new();
    host::shared(builder.prefix(PARTIAL), false).tempfile_in(directory).map_err(disk("create a file in", directory))
}

/// Puts the finished directory in its place.
fn settle(stage: &TempDir, path: &Path) -> Result<(), LayoutError> {
    // Not every host replaces an empty directory by itself.
    match fs::remove_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(disk("replace", path)(error)),
        _ => {}
    }
    // What is left for `stage` to remove is a name that there is not any more.
    fs::rename(stage.path(), path).map_err(disk("create", path))
}

fn replace_index(root: &Path, image: Descriptor, tag: &str) -> Result<(), LayoutError> {
    // Two that add a tag each must not lose one of them.
    let mark = root.join(MARK);
    let lock = File::open(&mark).map_err(disk("open", &mark))?;
    lock.lock().map_err(disk("lock", &mark))?;
    let path = root.join(INDEX);
    let exists = path.try_exists().map_err(disk("open", &path))?;
    let mut index = if exists { Layout::at(root).index()? } else { Index::new(Vec::new()) };
    index.manifests.retain(|entry| tag_of(entry) != Some(tag));
    index.manifests.push(named(image, tag));
    let mut file = new_file(root)?;
    let written = serde_json::to_writer(&mut file, &index).map_err(io::Error::from).and_then(|()| file.flush());
    written.map_err(disk("write", &path))?;
    file.persist(&path).map_err(|error| disk("write", &path)(error.error))?;
    Ok(())
}

fn named(mut image: Descriptor, tag: &str) -> Descriptor {
    image.annotations.insert(REF_NAME.to_owned(), tag.to_owned());
    image
}

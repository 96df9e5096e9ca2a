//! Writing a layout: blobs first, each under another name until it is whole, and the index last, so that whoever reads
//! meanwhile, or after we were killed, finds what was there before or what should be there.

use super::read::{Layout, check_file};
use super::stage::{Stage, is_stage};
use super::{INDEX, LayoutError, MARK, REF_NAME, blob_path, disk, tag_of};
use crate::progress::Outcome;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;
use wattle_oci::{Descriptor, Index};
use wattle_tree::Blob;

/// A layout that is being written. Until [`Writer::finish`], no image of it changes.
#[derive(Clone)]
pub(crate) struct Writer {
    /// Where the layout is to be.
    path: PathBuf,
    /// Where it is put together, or only what is added to it. Disappears with the last user.
    stage: Arc<Stage>,
    /// Whether there was none.
    is_new: bool,
}

/// A blob on its way.
pub(crate) struct Pending {
    file: NamedTempFile,
    target: PathBuf,
    /// Keeps the directory that the file is in.
    _stage: Arc<Stage>,
}

impl Writer {
    /// Prepares to write to `path`: a layout that grows, or nothing, or an empty directory. Directories above it that are
    /// missing are made when the layout is whole.
    pub(crate) fn open(path: &Path) -> Result<Writer, LayoutError> {
        let is_new = is_vacant(path)?;
        if !is_new {
            Layout::open(path).map_err(LayoutError::in_the_way)?;
        }
        // A directory that is there stays: it may be one that cannot be replaced, such as a volume.
        let beside = if is_new && !path.is_dir() { nearest_directory(path) } else { path };
        Ok(Writer { path: path.to_owned(), stage: Arc::new(Stage::new(beside)?), is_new })
    }

    /// True to its name: fails where a layout could not be written, and leaves everything as it was.
    pub(crate) fn check(path: &Path) -> Result<(), LayoutError> {
        Writer::open(path).map(drop)
    }

    fn root(&self) -> &Path {
        if self.is_new { self.stage.path() } else { &self.path }
    }

    /// True if the blob is there already.
    pub(crate) fn has(&self, descriptor: &Descriptor) -> bool {
        let found = blob_path(self.root(), &descriptor.digest).metadata();
        found.is_ok_and(|found| found.is_file() && found.len() == descriptor.size)
    }

    /// Begins a blob.
    pub(crate) fn begin(&self, descriptor: &Descriptor) -> Result<Pending, LayoutError> {
        let target = self.place(descriptor)?;
        Ok(Pending { file: self.stage.file()?, target, _stage: self.stage.clone() })
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
        let linked = self.stage.make(|path| link_or_copy(&source, path))?;
        let file = File::open(&linked).map_err(disk("open", &linked))?;
        check_file(&Blob::new(descriptor.size, file), descriptor)
            .map_err(|error| LayoutError::Content { path: source, source: error })?;
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
        replace_index(self.root(), &self.stage, image.clone(), tag)?;
        if self.is_new && !self.settle()? {
            // Somebody else was faster: what is whole there grows by what is whole here.
            self.stage.pour_into(&self.path)?;
            replace_index(&self.path, &self.stage, image, tag)?;
        }
        Ok(())
    }

    /// Puts the finished directory in its place; false if a layout has come to be there.
    fn settle(&self) -> Result<bool, LayoutError> {
        if self.stage.path().starts_with(&self.path) {
            return self.stage.empty_into(&self.path);
        }
        if let Some(parent) = self.path.parent() {
            fs::create_dir_all(parent).map_err(disk("create the directory", parent))?;
        }
        // Not every host replaces an empty directory by itself. One that is not empty stays.
        match fs::remove_dir(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound && is_vacant(&self.path)? => {
                return self.stage.empty_into(&self.path);
            }
            _ => {}
        }
        match self.stage.become_directory(&self.path) {
            Err(error) if is_vacant(&self.path)? => Err(disk("create", &self.path)(error)),
            Err(_) => Layout::open(&self.path).map(|_| false).map_err(LayoutError::in_the_way),
            Ok(()) => Ok(true),
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

/// True if there is nothing in the way, but for what somebody else is about to make a layout of.
fn is_vacant(path: &Path) -> Result<bool, LayoutError> {
    match fs::read_dir(path) {
        Ok(entries) => {
            let (stages, others): (Vec<_>, Vec<_>) = entries.flatten().partition(is_stage);
            Ok(others.iter().all(|entry| entry.file_name() == "blobs" && !stages.is_empty()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(LayoutError::InTheWay { path: path.to_owned(), reason: "it is not a directory".to_owned() })
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

/// The nearest directory above `path` that is there.
fn nearest_directory(path: &Path) -> &Path {
    let above = path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
    above.into_iter().find(|above| above.exists()).unwrap_or(Path::new("."))
}

fn replace_index(root: &Path, stage: &Stage, image: Descriptor, tag: &str) -> Result<(), LayoutError> {
    // Two that add a tag each must not lose one of them. The stage is ours alone, and locked for as long as we live.
    let _lock = if root == stage.path() { None } else { Some(lock(&root.join(MARK))?) };
    let path = root.join(INDEX);
    let exists = path.try_exists().map_err(disk("open", &path))?;
    let mut index = if exists { Layout::at(root).index()? } else { Index::new(Vec::new()) };
    index.manifests.retain(|entry| tag_of(entry) != Some(tag));
    index.manifests.push(named(image, tag));
    let mut file = stage.file()?;
    let written = serde_json::to_writer(&mut file, &index).map_err(io::Error::from).and_then(|()| file.flush());
    written.map_err(disk("write", &path))?;
    file.persist(&path).map_err(|error| disk("write", &path)(error.error))?;
    Ok(())
}

fn lock(path: &Path) -> Result<File, LayoutError> {
    let file = File::open(path).map_err(disk("open", path))?;
    file.lock().map_err(disk("lock", path))?;
    Ok(file)
}

fn named(mut image: Descriptor, tag: &str) -> Descriptor {
    image.annotations.insert(REF_NAME.to_owned(), tag.to_owned());
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use wattle_oci::{Digest, media};

    fn descriptor(bytes: &[u8]) -> Descriptor {
        Descriptor::new(media::MANIFEST, Digest::of(bytes), bytes.len() as u64)
    }

    /// Writes a blob and gives it a name, as if it were an image.
    fn put(writer: &Writer, text: &str) -> Descriptor {
        let blob = descriptor(text.as_bytes());
        writer.put(&blob, text.as_bytes()).unwrap();
        blob
    }

    /// The tags of a layout whose blobs are all there, and what else is beside it and in it.
    fn listing(path: &Path) -> String {
        let layout = Layout::at(path);
        let manifests = layout.index().unwrap().manifests;
        assert!(manifests.iter().all(|entry| layout.blob_file(entry).is_some()));
        let tags: Vec<_> = manifests.iter().filter_map(tag_of).collect();
        format!("{} in {} of {}", tags.join(" "), names(path), names(path.parent().unwrap()))
    }

    fn names(directory: &Path) -> String {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = entries.collect();
        names.sort();
        names.join(" ")
    }

    #[test]
    fn two_that_begin_one_layout_both_succeed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("deep/out");
        let (one, two) = (Writer::open(&path).unwrap(), Writer::open(&path).unwrap());
        let (a, b) = (put(&one, "a"), put(&two, "b"));
        assert!(!place.path().join("deep").exists(), "nothing is there before all of it is");
        one.finish(a, "one").unwrap();
        two.finish(b, "two").unwrap();
        assert_eq!(listing(&path), "one two in blobs index.json oci-layout of out");
    }

    #[test]
    fn an_empty_directory_stays_the_one_that_it_is() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("out");
        fs::create_dir(&path).unwrap();
        // As one does that somebody works in, or that is a volume.
        let (kept, one, two) =
            (fs::read_dir(&path).unwrap(), Writer::open(&path).unwrap(), Writer::open(&path).unwrap());
        let (a, b) = (put(&one, "a"), put(&two, "b"));
        assert!(Layout::open(&path).is_err(), "nothing is there before all of it is");
        one.finish(a, "one").unwrap();
        two.finish(b, "two").unwrap();
        assert_eq!(listing(&path), "one two in blobs index.json oci-layout of out");
        drop(kept);
    }

    #[test]
    fn many_threads_that_begin_one_layout_all_succeed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("out");
        std::thread::scope(|scope| {
            for number in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    let writer = Writer::open(path).unwrap();
                    let blob = put(&writer, &number.to_string());
                    writer.finish(blob, &format!("t{number}")).unwrap();
                });
            }
        });
        let mut tags: Vec<_> = Layout::at(&path).index().unwrap().manifests;
        tags.sort_by_key(|entry| tag_of(entry).map(str::to_owned));
        assert_eq!(tags.iter().filter_map(tag_of).collect::<String>(), "t0t1t2t3t4t5t6t7");
        assert_eq!(names(place.path()), "out");
    }

    #[test]
    fn what_came_into_the_way_meanwhile_stays() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("out");
        let writer = Writer::open(&path).unwrap();
        let blob = put(&writer, "a");
        fs::create_dir(&path).and_then(|()| fs::write(path.join("notes"), "mine")).unwrap();
        assert!(matches!(writer.finish(blob, "one"), Err(LayoutError::InTheWay { .. })));
        assert_eq!((names(place.path()), names(&path)), ("out".to_owned(), "notes".to_owned()));
    }

    #[test]
    fn what_dead_builds_left_is_swept_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("out");
        let alive = Writer::open(&path).unwrap();
        let name = alive.root().file_name().unwrap().to_str().unwrap();
        assert_eq!(super::super::STAGES, format!("{}??????", &name[..name.len() - 6]));
        let stage = |name: &str, files: &[&str]| {
            let directory = place.path().join(name);
            fs::create_dir_all(directory.join("blobs/sha256")).unwrap();
            for file in files {
                fs::write(directory.join(file), "{}").unwrap();
            }
        };
        stage(".wattle-dead00", &[MARK, "blobs/sha256/.partial-a"]);
        // A layout that is whole, something that is no layout, and a name that is not ours.
        stage(".wattle-whole0", &[MARK, INDEX]);
        stage(".wattle-other0", &["notes"]);
        stage(".wattle-kept", &[MARK]);
        let kept = ".wattle-kept .wattle-other0 .wattle-whole0";
        let blob = put(&Writer::open(&path).unwrap(), "b");
        assert_eq!(names(place.path()).matches(".wattle-").count(), 4, "the live one and three that are not ours");
        alive.put(&blob, b"b").unwrap();
        alive.finish(blob, "one").unwrap();
        assert_eq!(listing(&path), format!("one in blobs index.json oci-layout of {kept} out"));

        // Inside of a layout that grows, too.
        fs::create_dir(path.join(".wattle-dead00"))
            .and_then(|()| fs::write(path.join(".wattle-dead00/oci-layout"), ""))
            .unwrap();
        drop(Writer::open(&path).unwrap());
        assert_eq!(names(&path), "blobs index.json oci-layout");
    }
}

//! Directories for a test.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A directory with files, gone when this is dropped.
pub struct Files(TempDir);

impl Files {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "a directory is not a default value")]
    pub fn new() -> Files {
        Files(tempfile::Builder::new().prefix("wattle-test-").tempdir().expect("a temporary directory can be made"))
    }

    /// One with these files: path and text.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Files {
        files.into_iter().fold(Files::new(), |directory, (path, text)| directory.with(path, text))
    }

    /// A copy of a directory of the repository.
    pub fn copy_of(path: &str) -> Files {
        let directory = Files::new();
        copy(&crate::root().join(path), directory.path());
        directory
    }

    /// Writes a file.
    #[must_use]
    pub fn with(self, path: &str, text: impl AsRef<[u8]>) -> Files {
        let path = self.join(path);
        let parent = path.parent().expect("the path is below the directory");
        fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)).expect("a temporary file can be written");
        self
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The directory, as text.
    pub fn text(&self) -> &str {
        self.path().to_str().expect("the path of the temporary directory is UTF-8")
    }

    /// A path in it.
    pub fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    /// The text of a file.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.join(path)).unwrap_or_else(|error| panic!("`{path}` cannot be read: {error}"))
    }

    /// Whether anything is in it.
    pub fn is_empty(&self) -> bool {
        self.path().read_dir().expect("the directory can be read").next().is_none()
    }

    /// Lets every user read it, or also write into it.
    pub fn open_to_all(&self, writing: bool) {
        let mode = if writing { 0o777 } else { 0o755 };
        fs::set_permissions(self.path(), fs::Permissions::from_mode(mode)).expect("the directory is ours");
    }
}

/// Copies what is not ignored by convention.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the directory can be read") {
        let entry = entry.expect("the directory can be read");
        let target = to.join(entry.file_name());
        if entry.file_name() == "node_modules" {
            continue;
        }
        if entry.file_type().expect("the directory can be read").is_dir() {
            fs::create_dir_all(&target).expect("a directory can be made");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a file can be copied");
        }
    }
}

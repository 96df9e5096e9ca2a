//! Who else may write: the only place that knows kinds of hosts. Where there are no permission bits, a user's own directory
//! is taken to be the user's own.

use std::fs::Metadata;
use std::io;
use std::path::Path;

/// Makes a directory that only its owner may enter; nothing happens if it is there.
#[cfg(unix)]
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// True if others than the owner may write.
#[cfg(unix)]
pub(crate) fn is_exposed(file: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    file.mode() & 0o022 != 0
}

#[cfg(not(unix))]
pub(crate) fn is_exposed(_file: &Metadata) -> bool {
    false
}

/// True if both have the same owner.
#[cfg(unix)]
pub(crate) fn same_owner(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    a.uid() == b.uid()
}

#[cfg(not(unix))]
pub(crate) fn same_owner(_a: &Metadata, _b: &Metadata) -> bool {
    true
}

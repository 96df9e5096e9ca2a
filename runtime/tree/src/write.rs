//! A tree becomes files of the host.

use crate::{File, Node, Tree, host};
use cap_fs_ext::DirExt;
use cap_std::fs::Dir;
use std::io::{self, Read, Write};

/// A tree that could not be written. Paths are relative to the directory it was written to.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Something stands there already.
    #[error("cannot write `{path}`: it exists, or differs from another name by case alone")]
    Exists {
        /// Where.
        path: String,
    },
    /// This host cannot have such a name.
    #[error("cannot write `{path}` on this host: {reason}")]
    Name {
        /// Where.
        path: String,
        /// What is wrong with the name.
        reason: &'static str,
    },
    /// A file, directory or link could not be made.
    #[error("cannot write `{path}`")]
    Write {
        /// Where.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// The contents of a file of the tree could not be read.
    #[error("cannot read the contents of `{path}`")]
    Contents {
        /// The file.
        path: String,
        /// Why not.
        source: io::Error,
    },
}

/// Writes everything in `tree` into `directory`. Only what is not there yet is made, and no link is followed: nothing that
/// exists is changed, and nothing outside is touched. What was written before an error stays.
///
/// Permissions are what the host gives a new file, with the executable bit on Unix.
pub fn to_directory(tree: &Tree, directory: &Dir) -> Result<(), WriteError> {
    write_tree(tree, directory, "")
}

fn write_tree(tree: &Tree, directory: &Dir, prefix: &str) -> Result<(), WriteError> {
    for (name, node) in tree.entries() {
        let path = || format!("{prefix}{name}");
        if let Some(reason) = host::unusable(name) {
            return Err(WriteError::Name { path: path(), reason });
        }
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => WriteError::Exists { path: path() },
            _ => WriteError::Write { path: path(), source },
        };
        match node {
            Node::Directory(tree) => {
                directory.create_dir(&**name).map_err(failed)?;
                let inner = directory.open_dir_nofollow(&**name).map_err(failed)?;
                write_tree(tree, &inner, &format!("{prefix}{name}/"))?;
            }
            Node::File(file) => {
                let mut target = directory.open_with(&**name, &host::creating(file.executable)).map_err(failed)?;
                let read = |source| WriteError::Contents { path: path(), source };
                copy(file, &mut target, read, failed)?;
            }
            Node::Symlink(target) => host::symlink(directory, target, name).map_err(failed)?,
        }
    }
    Ok(())
}

fn copy(
    file: &File,
    target: &mut impl Write,
    read: impl Fn(io::Error) -> WriteError,
    failed: impl Fn(io::Error) -> WriteError,
) -> Result<(), WriteError> {
    let mut reader = file.blob.reader();
    let mut buffer = vec![0; usize::try_from(file.blob.len()).unwrap_or(usize::MAX).clamp(1, 256 << 10)];
    loop {
        match reader.read(&mut buffer).map_err(&read)? {
            0 => return Ok(()),
            count => target.write_all(&buffer[..count]).map_err(&failed)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cap_std::ambient_authority;

    fn check(tree: &Tree, directory: &tempfile::TempDir) -> String {
        let directory = Dir::open_ambient_dir(directory.path(), ambient_authority()).unwrap();
        to_directory(tree, &directory).map_or_else(|error| error.to_string(), |()| "written".to_owned())
    }

    #[test]
    fn what_exists_is_not_touched() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a"), "before").unwrap();
        let tree: Tree = [("a".into(), Node::file("after"))].into_iter().collect();
        insta::assert_snapshot!(check(&tree, &directory), @"cannot write `a`: it exists, or differs from another name by case alone");
        assert_eq!(std::fs::read(directory.path().join("a")).unwrap(), b"before");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_stands_there_is_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        let inner: Tree = [("file".into(), Node::file("1"))].into_iter().collect();
        for node in [Node::Directory(inner), Node::file("1")] {
            let directory = tempfile::tempdir().unwrap();
            std::os::unix::fs::symlink(outside.path().join("new"), directory.path().join("a")).unwrap();
            let tree: Tree = [("a".into(), node)].into_iter().collect();
            assert_eq!(
                check(&tree, &directory),
                "cannot write `a`: it exists, or differs from another name by case alone"
            );
        }
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn links_of_the_tree_are_written_but_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let tree: Tree =
            [("a".into(), Node::symlink("/nowhere/at/all")), ("b".into(), Node::program("#!"))].into_iter().collect();
        assert_eq!(check(&tree, &directory), "written");
        assert_eq!(std::fs::read_link(directory.path().join("a")).unwrap().to_str(), Some("/nowhere/at/all"));
        assert_eq!(check(&tree, &directory), "cannot write `a`: it exists, or differs from another name by case alone");
    }
}

//! What is in a directory or an archive, to compare file by file.

use super::image::digest;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Paths, with `/` between and none in front, and what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing(pub BTreeMap<String, Entry>);

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A directory.
    Directory,
    /// A regular file.
    File {
        /// Whether it may be executed.
        executable: bool,
        /// Of its contents.
        digest: String,
    },
    /// A symbolic link, with what is written in it.
    Link(String),
}

impl Listing {
    /// Everything below a directory of this machine.
    pub fn of_directory(directory: &Path) -> Listing {
        let mut listing = Listing::default();
        listing.add_directory(directory, "");
        listing
    }

    fn add_directory(&mut self, directory: &Path, prefix: &str) {
        for entry in fs::read_dir(directory).expect("the directory can be read") {
            let entry = entry.expect("the directory can be read");
            let path = format!("{prefix}{}", entry.file_name().to_str().expect("names are UTF-8"));
            let metadata = entry.metadata().expect("the directory can be read");
            let found = if metadata.is_dir() {
                self.add_directory(&entry.path(), &format!("{path}/"));
                Entry::Directory
            } else if metadata.is_symlink() {
                let target = fs::read_link(entry.path()).expect("the link can be read");
                Entry::Link(target.to_str().expect("links are UTF-8").to_owned())
            } else {
                let mut file = File::open(entry.path()).expect("the file can be read");
                let executable = metadata.permissions().mode() & 0o111 != 0;
                Entry::File { executable, digest: digest(&mut file) }
            };
            self.0.insert(path, found);
        }
    }

    /// Everything in a tar archive.
    pub fn of_tar(archive: impl Read) -> Listing {
        let mut listing = Listing::default();
        let mut archive = tar::Archive::new(archive);
        for entry in archive.entries().expect("the archive can be read") {
            let mut entry = entry.expect("the archive can be read");
            let path = entry.path().expect("the archive can be read").to_str().expect("names are UTF-8").to_owned();
            let path = path.trim_matches('/').to_owned();
            let kind = entry.header().entry_type();
            let found = if kind.is_dir() {
                Entry::Directory
            } else if kind.is_symlink() {
                let target = entry.link_name().expect("the archive can be read").expect("a link leads somewhere");
                Entry::Link(target.to_str().expect("links are UTF-8").to_owned())
            } else {
                assert!(kind.is_file(), "`{path}` is of the kind {kind:?}");
                let executable = entry.header().mode().expect("the archive can be read") & 0o111 != 0;
                Entry::File { executable, digest: digest(&mut entry) }
            };
            let double = listing.0.insert(path.clone(), found);
            assert!(double.is_none(), "`{path}` is twice in the archive");
        }
        listing
    }

    /// What is below a directory of it, with paths from there.
    #[must_use]
    pub fn below(&self, directory: &str) -> Listing {
        let prefix = format!("{directory}/");
        let inside = |(path, entry): (&String, &Entry)| Some((path.strip_prefix(&prefix)?.to_owned(), entry.clone()));
        Listing(self.0.iter().filter_map(inside).collect())
    }

    /// The same with other paths; what has none is left out.
    #[must_use]
    pub fn moved(self, to: impl Fn(&str) -> Option<String>) -> Listing {
        Listing(self.0.into_iter().filter_map(|(path, entry)| Some((to(&path)?, entry))).collect())
    }

    /// Lines that say how another listing differs: `-` for what only this one has, `+` for what only the other one has.
    pub fn difference(&self, other: &Listing) -> String {
        let mut lines = Vec::new();
        for path in self.0.keys().chain(other.0.keys().filter(|path| !self.0.contains_key(*path))) {
            let (mine, theirs) = (self.0.get(path), other.0.get(path));
            if mine != theirs {
                lines.extend(mine.map(|entry| format!("- {path} {entry}")));
                lines.extend(theirs.map(|entry| format!("+ {path} {entry}")));
            }
        }
        lines.join("\n")
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Directory => write!(f, "directory"),
            Entry::File { executable: true, digest } => write!(f, "program {digest}"),
            Entry::File { executable: false, digest } => write!(f, "file {digest}"),
            Entry::Link(target) => write!(f, "-> {target}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Files;

    #[test]
    fn a_directory_and_its_archive_are_listed_alike() {
        let files = Files::of([("a/b.txt", "x"), ("c", "")]);
        std::os::unix::fs::symlink("../c", files.join("a/link")).unwrap();
        let mut archive = tar::Builder::new(Vec::new());
        archive.follow_symlinks(false);
        archive.append_dir_all("top", files.path()).unwrap();
        let archived = Listing::of_tar(archive.into_inner().unwrap().as_slice()).below("top");
        let listed = Listing::of_directory(files.path());
        assert_eq!(listed.difference(&archived), "");
        assert_eq!(listed.0["a/link"], Entry::Link("../c".to_owned()));
        assert_eq!(listed.0.len(), 4);
    }

    #[test]
    fn a_difference_has_both_sides() {
        let file = |executable| Entry::File { executable, digest: "sha256:1".to_owned() };
        let one = Listing([("a".to_owned(), file(true)), ("b".to_owned(), Entry::Directory)].into());
        let other = Listing([("a".to_owned(), file(false)), ("c".to_owned(), Entry::Link("a".to_owned()))].into());
        assert_eq!(one.difference(&other), "- a program sha256:1\n+ a file sha256:1\n- b directory\n+ c -> a");
    }
}

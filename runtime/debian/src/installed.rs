//! What a system has already: the packages of a base, as `dpkg` or `status.d` tells.

use crate::Version;
use crate::control::{ControlError, Paragraph};
use crate::package::{relations, source};
use crate::relation::Relations;
use std::collections::BTreeMap;
use std::sync::Arc;
use wattle_tree::{Node, Tree};

/// A list of installed packages that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read which packages are installed from `/{path}`")]
pub struct InstalledError {
    /// The file, relative to the root.
    path: String,
    /// What is wrong with it.
    source: ControlError,
}

/// Where `dpkg` keeps its list: one file, or in images without `dpkg` a directory with a file a package.
const STATUS: &str = "var/lib/dpkg/status";
const STATUS_DIRECTORY: &str = "var/lib/dpkg/status.d";

/// A package that is there.
#[derive(Debug, Clone)]
pub struct InstalledPackage {
    /// Its version.
    pub version: Version,
    /// The architecture that it is for, or `all`.
    pub architecture: String,
    /// Name and version of the source package that it was built from.
    pub source: (String, String),
    /// What it says about others.
    pub relations: Arc<Relations>,
}

/// The packages that are there, by name.
#[derive(Debug, Clone, Default)]
pub struct Installed {
    packages: BTreeMap<String, InstalledPackage>,
}

impl Installed {
    /// Nothing is there.
    pub fn none() -> Installed {
        Installed::default()
    }

    /// Reads what the files of a system say. A system without such files has no packages.
    pub fn of(system: &Tree) -> Result<Installed, InstalledError> {
        let mut installed = Installed::default();
        if let Some(file) = system.file(STATUS) {
            installed.read(STATUS, &file.blob)?;
        }
        for (name, node) in system.directory(STATUS_DIRECTORY).into_iter().flat_map(Tree::entries) {
            // Beside the packages are lists of their files.
            if let (Node::File(file), None) = (node, name.strip_suffix(".md5sums")) {
                installed.read(&format!("{STATUS_DIRECTORY}/{name}"), &file.blob)?;
            }
        }
        Ok(installed)
    }

    fn read(&mut self, path: &str, blob: &wattle_tree::Blob) -> Result<(), InstalledError> {
        let bytes = blob.to_vec().map_err(ControlError::Read);
        let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        text.and_then(|text| self.parse(&text)).map_err(|source| InstalledError { path: path.to_owned(), source })
    }

    /// Adds the packages of which `dpkg` says that they are installed; one without a `Status` is, too.
    pub fn parse(&mut self, text: &str) -> Result<(), ControlError> {
        for paragraph in Paragraph::all(text)? {
            if paragraph.get("Status").is_some_and(|status| !status.ends_with(" installed")) {
                continue;
            }
            let (name, version) = (paragraph.need("Package")?, paragraph.need("Version")?);
            let (from, from_version) = source(paragraph.get("Source"), name, version);
            let package = InstalledPackage {
                version: Version::new(version),
                source: (from.to_owned(), from_version.to_owned()),
                architecture: paragraph.get("Architecture").unwrap_or("all").to_owned(),
                relations: Arc::new(relations(&paragraph)?),
            };
            self.packages.insert(name.to_owned(), package);
        }
        Ok(())
    }

    /// The package of this name.
    pub fn get(&self, name: &str) -> Option<&InstalledPackage> {
        self.packages.get(name)
    }

    /// All of them, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &InstalledPackage)> {
        self.packages.iter().map(|(name, package)| (name.as_str(), package))
    }

    /// True if nothing is there.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)]) -> String {
        let mut tree = Tree::new();
        for (path, contents) in files {
            tree.insert(path, Node::file(*contents)).unwrap();
        }
        match Installed::of(&tree) {
            Ok(installed) => installed
                .iter()
                .map(|(name, package)| {
                    format!("{name} {} of {}={}\n", package.version, package.source.0, package.source.1)
                })
                .collect::<Vec<_>>()
                .concat(),
            Err(error) => crate::testing::reasons(&error),
        }
    }

    #[test]
    fn reads_either_list() {
        let status = "Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\nStatus: deinstall ok config-files\nVersion: 2\n\nPackage: c\nSource: d (2)\nStatus: install ok installed\nVersion: 3\n";
        assert_eq!(check(&[(STATUS, status)]), "a 1 of a=1\nc 3 of d=2\n");
        let directory = [
            ("var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\n"),
            ("var/lib/dpkg/status.d/base.md5sums", "abc etc/x\n"),
        ];
        assert_eq!(check(&directory), "base-files 12.4 of base-files=12.4\n");
        assert_eq!(check(&[]), "");
    }

    #[test]
    fn says_where_it_is_wrong() {
        insta::assert_snapshot!(check(&[("var/lib/dpkg/status.d/x", "Package: x\n")]), @"cannot read which packages are installed from `/var/lib/dpkg/status.d/x`: it has no field `Version`");
        insta::assert_snapshot!(check(&[(STATUS, "nonsense\n")]), @"cannot read which packages are installed from `/var/lib/dpkg/status`: it is not control data of Debian's: expected lines `Name: value`: Unexpected token: nonsense");
    }
}

//! The packages of archives: `Packages` files (Debian repository format, "Packages Indices").

mod source;

use crate::{Architecture, Package};
use source::Source;
use std::io::{self, Read};
use wattle_tree::Blob;
use wattle_tree::archive::{Compression, decompress};

/// Most bytes of an index, decompressed. The largest of Debian's has 60 million.
const MAX_BYTES: u64 = 512 << 20;

/// An index that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Its bytes could not be had, or not be decompressed.
    #[error("cannot read the package index of `{archive}`")]
    Read {
        /// Name of the archive.
        archive: String,
        /// What the reader said.
        source: io::Error,
    },
    /// It is larger than any index should be.
    #[error("cannot read the package index of `{archive}`: it has more than {MAX_BYTES} bytes")]
    Size {
        /// Name of the archive.
        archive: String,
    },
    /// The entry of a package makes no sense.
    #[error("cannot read the entry of the package `{package}` in the index of `{archive}`")]
    Package {
        /// Name of the archive.
        archive: String,
        /// Name of the package.
        package: String,
        /// What is wrong.
        source: crate::ControlError,
    },
}

/// The packages of one archive or of several, all versions of them. What is needed of an index is found when it is read, and
/// understood when it is asked for: of sixty thousand packages a run image needs ten.
#[derive(Debug, Clone, Default)]
pub struct Index {
    sources: Vec<Source>,
}

impl Index {
    /// Reads a `Packages` file, plain or compressed. `archive` is the name that its packages are asked for by: `debian`,
    /// or `debian-security`. The caller has verified the bytes against the release.
    pub fn read(archive: &str, packages: &Blob) -> Result<Index, IndexError> {
        let failed = |source| IndexError::Read { archive: archive.to_owned(), source };
        let mut start = [0; 6];
        let count = packages.read_at(&mut start, 0).map_err(failed)?;
        let compression = Compression::of(&start[..count]).unwrap_or(Compression::None);
        let mut reader = decompress(packages.reader(), compression).map_err(failed)?.take(MAX_BYTES + 1);
        let source = Source::read(archive, &mut reader).map_err(failed)?;
        if reader.limit() == 0 {
            return Err(IndexError::Size { archive: archive.to_owned() });
        }
        Ok(Index { sources: vec![source] })
    }

    /// The packages of both.
    #[must_use]
    pub fn join(mut self, other: Index) -> Index {
        self.sources.extend(other.sources);
        self
    }

    /// All packages of this name for this architecture, the newest first; the earlier archive first of equal versions.
    pub fn versions(&self, name: &str, architecture: Architecture) -> Result<Vec<Package>, IndexError> {
        let mut found = self.everywhere(name)?;
        found.retain(|package| package.is_for(architecture));
        found.sort_by(|one, other| other.version.cmp(&one.version));
        Ok(found)
    }

    /// The newest package of this name for this architecture.
    pub fn newest(&self, name: &str, architecture: Architecture) -> Result<Option<Package>, IndexError> {
        Ok(self.versions(name, architecture)?.into_iter().next())
    }

    /// The architectures that there are packages of this name for, sorted.
    pub fn architectures(&self, name: &str) -> Result<Vec<String>, IndexError> {
        let mut found: Vec<_> = self.everywhere(name)?.into_iter().map(|package| package.architecture).collect();
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// The names of packages that stand for this name in some version, sorted.
    pub fn providers(&self, name: &str) -> Vec<&str> {
        let mut found: Vec<_> = self.sources.iter().flat_map(|source| source.providers(name)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The names of all packages; one that has several entries comes several times.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().flat_map(Source::names)
    }

    /// Names of packages that are nearly this one, the nearest first: what somebody may have meant.
    pub fn near(&self, name: &str) -> Vec<&str> {
        crate::near::near(name, self.names())
    }

    fn everywhere(&self, name: &str) -> Result<Vec<Package>, IndexError> {
        let mut found = Vec::new();
        for source in &self.sources {
            for text in source.entries(name) {
                let package = Package::parse(source.archive(), text).map_err(|fault| IndexError::Package {
                    archive: source.archive().to_string(),
                    package: name.to_owned(),
                    source: fault,
                })?;
                found.push(package);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;

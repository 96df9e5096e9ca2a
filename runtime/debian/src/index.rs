//! The packages of an archive: `Packages` files (Debian repository format, "Packages Indices").

use crate::control::{ControlError, Paragraph};
use crate::{Architecture, Version};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use wattle_tree::archive::{Compression, decompress};
use wattle_tree::{Blob, Digest};

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
        source: ControlError,
    },
}

/// A package as an index lists it.
#[derive(Debug, Clone)]
pub struct Package {
    /// Name of the archive, which `filename` is relative to.
    pub archive: Arc<str>,
    /// Name.
    pub name: String,
    /// Version.
    pub version: Version,
    /// The architecture that it is for, or `all`.
    pub architecture: String,
    /// Path in the archive, `pool/main/...`.
    pub filename: String,
    /// Length of the file in bytes.
    pub size: u64,
    /// Digest of the file.
    pub digest: Digest,
    /// What it depends on before it is unpacked, in Debian's notation.
    pub pre_depends: Option<String>,
    /// What it depends on, in Debian's notation.
    pub depends: Option<String>,
    /// What it stands for besides itself, in Debian's notation.
    pub provides: Option<String>,
    /// True if Debian would never run without it.
    pub essential: bool,
}

impl Package {
    /// How it is asked for: registry and path, `debian:pool/main/...`.
    pub fn reference(&self) -> String {
        format!("{}:{}", self.archive, self.filename)
    }

    /// True if it can be used on machines of this architecture.
    pub fn is_for(&self, architecture: Architecture) -> bool {
        self.architecture == "all" || self.architecture == architecture.name()
    }

    fn parse(archive: &Arc<str>, text: &str) -> Result<Package, ControlError> {
        let paragraph = Paragraph::only(text)?;
        let optional = |name| paragraph.get(name).map(str::to_owned);
        Ok(Package {
            archive: archive.clone(),
            name: paragraph.need("Package")?.to_owned(),
            version: Version::new(paragraph.need("Version")?),
            architecture: paragraph.need("Architecture")?.to_owned(),
            filename: paragraph.need("Filename")?.to_owned(),
            size: paragraph.parse("Size", "a number of bytes")?,
            digest: paragraph.sha256()?,
            pre_depends: optional("Pre-Depends"),
            depends: optional("Depends"),
            provides: optional("Provides"),
            essential: paragraph.get("Essential") == Some("yes"),
        })
    }
}

/// The packages of one archive or of several. Entries are found when it is read, and read when they are asked for: of sixty
/// thousand a run image needs ten.
#[derive(Debug, Clone, Default)]
pub struct Index {
    sources: Vec<Source>,
}

#[derive(Debug, Clone)]
struct Source {
    archive: Arc<str>,
    /// Tens of megabytes: not copied once it is read.
    text: Arc<String>,
    /// Where the entries of a name stand in the text.
    entries: Arc<BTreeMap<String, Vec<Range<usize>>>>,
}

impl Index {
    /// Reads a `Packages` file, plain or compressed. `archive` is the name that its packages are asked for by: `debian`,
    /// or `debian-security`. The caller has verified the bytes against the release.
    pub fn read(archive: &str, packages: &Blob) -> Result<Index, IndexError> {
        let failed = |source| IndexError::Read { archive: archive.to_owned(), source };
        let mut start = [0; 6];
        let count = packages.read_at(&mut start, 0).map_err(failed)?;
        let compression = Compression::of(&start[..count]).unwrap_or(Compression::None);
        let reader = decompress(packages.reader(), compression).map_err(failed)?;
        let mut text = String::new();
        reader.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 > MAX_BYTES {
            return Err(IndexError::Size { archive: archive.to_owned() });
        }
        Ok(Index::parse(archive, text))
    }

    /// Finds the entries of a `Packages` file.
    pub fn parse(archive: &str, text: String) -> Index {
        let mut entries: BTreeMap<String, Vec<Range<usize>>> = BTreeMap::new();
        let mut start = 0;
        for paragraph in text.split("\n\n") {
            if let Some(name) = paragraph.lines().find_map(|line| line.strip_prefix("Package:")) {
                entries.entry(name.trim().to_owned()).or_default().push(start..start + paragraph.len());
            }
            start += paragraph.len() + 2;
        }
        Index { sources: vec![Source { archive: archive.into(), text: Arc::new(text), entries: entries.into() }] }
    }

    /// The packages of both.
    #[must_use]
    pub fn join(mut self, other: Index) -> Index {
        self.sources.extend(other.sources);
        self
    }

    /// All packages of this name for this architecture, the newest first; the earlier archive first of equal versions.
    pub fn versions(&self, name: &str, architecture: Architecture) -> Result<Vec<Package>, IndexError> {
        let mut found = Vec::new();
        for Source { archive, text, entries } in &self.sources {
            for range in entries.get(name).into_iter().flatten() {
                let package = Package::parse(archive, &text[range.clone()]).map_err(|source| IndexError::Package {
                    archive: archive.to_string(),
                    package: name.to_owned(),
                    source,
                })?;
                found.push(package);
            }
        }
        found.retain(|package| package.is_for(architecture));
        found.sort_by(|one, other| other.version.cmp(&one.version));
        Ok(found)
    }

    /// The newest package of this name for this architecture.
    pub fn newest(&self, name: &str, architecture: Architecture) -> Result<Option<Package>, IndexError> {
        Ok(self.versions(name, architecture)?.into_iter().next())
    }

    /// The names of all packages; one that several archives have comes several times.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().flat_map(|source| source.entries.keys().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{compressed, index_entry, reasons};

    fn line(package: &Package) -> String {
        format!("{} {} {} {}\n", package.reference(), package.version, package.size, package.digest)
    }

    fn check(index: &Index, name: &str, architecture: Architecture) -> String {
        match index.versions(name, architecture) {
            Ok(packages) => packages.iter().map(line).collect::<Vec<_>>().concat(),
            Err(error) => reasons(&error),
        }
    }

    fn sample() -> String {
        [
            index_entry("libc6", "2.36-9+deb12u9", "amd64", b"old"),
            index_entry("libc6", "2.36-9+deb12u14", "amd64", b"new"),
            index_entry("libc6", "2.36-9+deb12u14", "arm64", b"other"),
            index_entry("netbase", "6.4", "all", b"everywhere"),
            "Package: broken\nVersion: 1\nArchitecture: all\nFilename: pool/b.deb\nSize: many\n".to_owned(),
        ]
        .join("\n")
    }

    #[test]
    fn finds_a_name_newest_first() {
        let index = Index::parse("debian", sample());
        insta::assert_snapshot!(check(&index, "libc6", Architecture::Amd64), @r"
        debian:pool/libc6_amd64.deb 2.36-9+deb12u14 3 sha256:11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437
        debian:pool/libc6_amd64.deb 2.36-9+deb12u9 3 sha256:cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4
        ");
        insta::assert_snapshot!(check(&index, "netbase", Architecture::Arm64), @"debian:pool/netbase_all.deb 6.4 10 sha256:11c209b437262b61e354ca822d4219f6a37070299ac2680b372dc18fa4ff6370");
        assert_eq!(check(&index, "libc", Architecture::Amd64), "");
    }

    #[test]
    fn names_the_entry_that_makes_no_sense() {
        insta::assert_snapshot!(check(&Index::parse("debian", sample()), "broken", Architecture::Amd64), @"cannot read the entry of the package `broken` in the index of `debian`: its field `Size` has the value `many`, which is not a number of bytes");
    }

    #[test]
    fn takes_the_newest_of_several_archives() {
        let security = index_entry("libc6", "2.36-9+deb12u15", "amd64", b"fixed");
        let index = Index::parse("debian", sample()).join(Index::parse("debian-security", security));
        let newest = index.newest("libc6", Architecture::Amd64).unwrap().unwrap();
        assert_eq!((newest.archive.as_ref(), newest.version.as_str()), ("debian-security", "2.36-9+deb12u15"));
    }

    #[test]
    fn reads_every_compression() {
        for compression in [Compression::None, Compression::Gzip, Compression::Xz, Compression::Zstd] {
            let bytes = compressed(sample().as_bytes(), compression);
            let index = Index::read("debian", &bytes.into()).unwrap();
            assert_eq!(index.names().collect::<Vec<_>>(), ["broken", "libc6", "netbase"], "{compression:?}");
        }
        let mut cut = compressed(sample().as_bytes(), Compression::Xz);
        cut.truncate(cut.len() / 2);
        assert!(matches!(Index::read("debian", &cut.into()), Err(IndexError::Read { .. })));
    }
}

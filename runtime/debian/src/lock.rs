//! The lock file beside `run.toml`: which packages a run image has, exactly.

use crate::run_image::{RunImageError, Selection, Spec};
use crate::{Architecture, Package};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use wattle_tree::Digest;

/// The version of the format that is written and read.
const SCHEMA: u32 = 1;

/// A lock file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Not TOML, or not a lock.
    #[error("cannot read it as the lock of a run image")]
    Syntax(#[source] Box<toml::de::Error>),
    /// Of another time.
    #[error("cannot read a lock of schema {0}: schema {SCHEMA} is known")]
    Schema(u32),
    /// Written of another description.
    #[error("the lock is of another description of the run image: it has to be updated")]
    Stale,
    /// Nothing about these machines.
    #[error("the lock has no packages for `{0}`: it has to be updated")]
    Target(Architecture),
    /// A package whose facts make no sense.
    #[error("the lock's entry of the package `{package}` has the {field} `{value}`")]
    Entry {
        /// Name of the package.
        package: String,
        /// Which of its facts.
        field: &'static str,
        /// What it is.
        value: String,
    },
}

/// The packages of a run image, for each of its targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    schema: u32,
    /// Code name of the suite.
    pub suite: String,
    /// Digest of the description that the packages were chosen for.
    pub spec: String,
    /// The packages, by the architecture of the target.
    pub targets: BTreeMap<String, Target>,
}

/// The packages for one target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Sorted by name.
    #[serde(rename = "package", default)]
    pub packages: Vec<Locked>,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// The architecture that it is for, or `all`.
    pub architecture: String,
    /// Where it is: a registry's name, and a path there.
    pub source: String,
    /// SHA-256 digest of the file, in hexadecimal digits.
    pub sha256: String,
    /// Length of the file in bytes.
    pub size: u64,
}

impl Lock {
    /// Locks what was selected, one selection a target, all of one description. `spec` is that description's digest.
    pub fn new(spec: &Digest, selections: &[Selection]) -> Lock {
        let suite = selections.first().map(|selection| selection.spec().suite.codename.clone()).unwrap_or_default();
        let target = |selection: &Selection| {
            let packages = selection.packages().iter().map(Locked::of).collect();
            (selection.spec().architecture.name().to_owned(), Target { packages })
        };
        Lock { schema: SCHEMA, suite, spec: spec.to_string(), targets: selections.iter().map(target).collect() }
    }

    /// Reads a lock.
    pub fn parse(text: &str) -> Result<Lock, LockError> {
        let lock: Lock = toml::from_str(text).map_err(|error| LockError::Syntax(error.into()))?;
        if lock.schema == SCHEMA { Ok(lock) } else { Err(LockError::Schema(lock.schema)) }
    }

    /// As it is written: equal locks are equal text.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// The packages for one target of the description with this digest.
    pub fn selection(&self, digest: &Digest, spec: &Spec) -> Result<Selection, LockError> {
        if self.spec != digest.to_string() || self.suite != spec.suite.codename {
            return Err(LockError::Stale);
        }
        let target = self.targets.get(spec.architecture.name()).ok_or(LockError::Target(spec.architecture))?;
        let packages = target.packages.iter().map(Locked::package).collect::<Result<Vec<_>, _>>()?;
        Ok(Selection::exactly(spec, packages))
    }

    /// What is different in `new`.
    pub fn changes(&self, new: &Lock) -> Vec<Change> {
        let (before, after) = (self.versions(), new.versions());
        let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
        names.sort();
        names.dedup();
        let change = |key: &&(String, String)| {
            let (old, new) = (before.get(key).cloned(), after.get(key).cloned());
            let (target, package) = (*key).clone();
            (old != new).then_some(Change { target, package, old, new })
        };
        names.iter().filter_map(change).collect()
    }

    fn versions(&self) -> BTreeMap<(String, String), String> {
        let all =
            self.targets.iter().flat_map(|(target, packages)| packages.packages.iter().map(move |it| (target, it)));
        all.map(|(target, it)| ((target.clone(), it.name.clone()), it.version.clone())).collect()
    }
}

impl Locked {
    /// What is noted of a package.
    pub fn of(package: &Package) -> Locked {
        Locked {
            name: package.name.clone(),
            version: package.version.to_string(),
            architecture: package.architecture.clone(),
            source: package.reference(),
            sha256: package.digest.hex(),
            size: package.size,
        }
    }

    /// The package, as far as it has to be known to be unpacked: what it says about others is not.
    pub fn package(&self) -> Result<Package, LockError> {
        let entry =
            |field, value: &str| LockError::Entry { package: self.name.clone(), field, value: value.to_owned() };
        let (archive, filename) = self.source.split_once(':').ok_or_else(|| entry("source", &self.source))?;
        let digest = format!("sha256:{}", self.sha256).parse().map_err(|_| entry("sha256", &self.sha256))?;
        if !crate::relation::is_name(&self.name) {
            return Err(entry("name", &self.name));
        }
        Ok(Package::locked(archive, &self.name, &self.version, &self.architecture, filename, self.size, digest))
    }
}

/// What is different of a package between two locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Architecture of the target.
    pub target: String,
    /// Name of the package.
    pub package: String,
    /// Its version before, unless it is new.
    pub old: Option<String>,
    /// Its version now, unless it is gone.
    pub new: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { target, package, old, new } = self;
        match (old, new) {
            (Some(old), Some(new)) => write!(f, "{package} {old} -> {new} ({target})"),
            (None, Some(new)) => write!(f, "{package} {new} is new ({target})"),
            (Some(old), None) => write!(f, "{package} {old} is gone ({target})"),
            (None, None) => write!(f, "{package} ({target})"),
        }
    }
}

impl From<LockError> for RunImageError {
    fn from(error: LockError) -> RunImageError {
        RunImageError::Lock(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{index, index_entry, reasons};

    fn spec() -> Spec {
        Spec { packages: vec!["a".parse().unwrap()], ..Spec::standard(Architecture::Amd64) }
    }

    fn lock(version: &str, other: &str) -> Lock {
        let entry = |name: &str, version: &str| index_entry(name, version, "amd64", name.as_bytes());
        let with = |entry: String, needs: &str| entry.replace("libc6 (>= 2.36)", needs);
        let text = [with(entry("a", version), other), with(entry(other, "1"), "a")];
        let selection = spec().select(&index("debian", &text.join("\n"))).unwrap();
        Lock::new(&Digest::of(b"spec"), &[selection])
    }

    #[test]
    fn is_read_as_it_was_written() {
        let (lock, digest) = (lock("1", "b"), Digest::of(b"spec"));
        let text = lock.to_toml().unwrap();
        insta::assert_snapshot!(text, @r#"
        schema = 1
        suite = "bookworm"
        spec = "sha256:d4f02eaafd1a9e9de7d10972ca8e47fa7a985825c3c9c1e249c72683cb3e4f19"

        [[targets.amd64.package]]
        name = "a"
        version = "1"
        architecture = "amd64"
        source = "debian:pool/a_amd64.deb"
        sha256 = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
        size = 1

        [[targets.amd64.package]]
        name = "b"
        version = "1"
        architecture = "amd64"
        source = "debian:pool/b_amd64.deb"
        sha256 = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
        size = 1
        "#);
        let read = Lock::parse(&text).unwrap();
        assert_eq!(read, lock);
        let selection = read.selection(&digest, &spec()).unwrap();
        assert_eq!(Lock::new(&digest, std::slice::from_ref(&selection)), lock);
        let other = read.selection(&Digest::of(b"other"), &spec()).unwrap_err();
        insta::assert_snapshot!(other, @"the lock is of another description of the run image: it has to be updated");
        let arm = Spec { architecture: Architecture::Arm64, ..spec() };
        insta::assert_snapshot!(read.selection(&digest, &arm).unwrap_err(), @"the lock has no packages for `arm64`: it has to be updated");
    }

    #[test]
    fn refuses_what_is_no_lock() {
        let text = lock("1", "b").to_toml().unwrap();
        insta::assert_snapshot!(reasons(&Lock::parse(&text.replace("schema = 1", "schema = 2")).unwrap_err()), @"cannot read a lock of schema 2: schema 1 is known");
        assert!(Lock::parse("x = 1").is_err());
        let bad =
            Lock::parse(&text.replace("debian:", "")).unwrap().selection(&Digest::of(b"spec"), &spec()).unwrap_err();
        insta::assert_snapshot!(bad, @"the lock's entry of the package `a` has the source `pool/a_amd64.deb`");
    }

    #[test]
    fn tells_what_changed() {
        let changes = lock("1", "b").changes(&lock("2", "c"));
        insta::assert_snapshot!(changes.iter().map(Change::to_string).collect::<Vec<_>>().join("\n"), @r#"
        a 1 -> 2 (amd64)
        b 1 is gone (amd64)
        c 1 is new (amd64)
        "#);
        assert_eq!(lock("1", "b").changes(&lock("1", "b")), []);
    }
}

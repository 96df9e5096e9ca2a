//! `run.toml`: what a run image is to be, as its author writes it.

use crate::assemble::{AssembleError, User, check_users};
use crate::resolve::{Root, RootError};
use crate::run_image::Spec;
use crate::suite::Suite;
use crate::{Architecture, Cut, CutError, Cuts, UnknownArchitecture};
use serde::Deserialize;
use std::collections::BTreeMap;
use wattle_tree::Digest;

/// The numbers of the user that images have when none is named (CNB platform specification, "Run image"): not the user that
/// builds, but of the same group.
const UID: u32 = 1001;
const GID: u32 = 1000;

/// A `run.toml` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RunTomlError {
    /// Not TOML, or with fields that mean nothing.
    #[error("cannot read it as the description of a run image")]
    Syntax(#[source] Box<toml::de::Error>),
    /// A suite nobody knows, and no version that says what it is.
    #[error("the suite `{suite}` is not known: name one of {}, or say its `distribution` and `version`", .near.join(", "))]
    Suite {
        /// Code name.
        suite: String,
        /// Code names that are known.
        near: Vec<&'static str>,
    },
    /// The suite is of another distribution.
    #[error("the suite `{suite}` is of `{found}`, not of `{wanted}`")]
    Distribution {
        /// Code name.
        suite: String,
        /// The distribution that has it.
        found: String,
        /// The distribution that was named.
        wanted: String,
    },
    /// No packages.
    #[error("a run image needs `packages`")]
    Empty,
    /// No package can be named so.
    #[error("cannot use `packages`")]
    Package(#[from] RootError),
    /// No dependency can be named so.
    #[error("cannot use `cuts`")]
    Cut(#[from] CutError),
    /// There is nothing to keep.
    #[error("cannot use `cuts.keep`: nothing cuts `{0}`")]
    Kept(String),
    /// No such machines.
    #[error("cannot use `targets`")]
    Target(#[from] UnknownArchitecture),
    /// Nobody can be such a user.
    #[error("cannot use `users`")]
    User(#[source] Box<AssembleError>),
    /// A name that an environment or labels cannot have.
    #[error("cannot use `{table}`: `{name}` is no name")]
    Name {
        /// The table.
        table: &'static str,
        /// The name.
        name: String,
    },
}

impl RunTomlError {
    /// What to write instead.
    pub fn hints(&self) -> Vec<String> {
        match self {
            RunTomlError::Syntax(_) => vec![format!("the fields are {}", FIELDS.join(", "))],
            RunTomlError::Suite { .. } => vec!["write `suite = \"bookworm\"`".to_owned()],
            RunTomlError::Empty => vec!["write `packages = [\"base-files\", \"libc6\"]`".to_owned()],
            RunTomlError::Kept(_) => vec!["what is cut is listed in the documentation of run images".to_owned()],
            _ => Vec::new(),
        }
    }
}

const FIELDS: [&str; 15] = [
    "distribution",
    "suite",
    "version",
    "components",
    "archives",
    "packages",
    "recommends",
    "users",
    "environment",
    "labels",
    "targets",
    "docs",
    "locales",
    "allow-setuid",
    "cuts",
];

/// What a run image is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunToml {
    /// Where its packages are from.
    pub suite: Suite,
    /// Parts of the archives that are searched.
    pub components: Vec<String>,
    /// The archives: the name that each is asked for by, and the suite's directory there.
    pub archives: Vec<(String, String)>,
    /// The machines that it is for.
    pub targets: Vec<Architecture>,
    /// Digest of what it says, whatever its layout and comments: what a lock file is for.
    pub digest: Digest,
    /// What it is for each of them; the architecture is the first target's.
    spec: Spec,
}

impl RunToml {
    /// Reads a `run.toml`.
    pub fn parse(text: &str) -> Result<RunToml, RunTomlError> {
        let syntax = |error: toml::de::Error| RunTomlError::Syntax(error.into());
        let raw: Raw = toml::from_str(text).map_err(syntax)?;
        let digest = digest(&toml::from_str(text).map_err(syntax)?);
        let suite = raw.suite()?;
        let targets: Vec<Architecture> = match &raw.targets {
            Some(targets) => targets.iter().map(|target| target.parse()).collect::<Result<_, _>>()?,
            None => vec![Architecture::Amd64],
        };
        let archives =
            raw.archives.iter().map(|archive| (archive.name.clone(), archive.suite.clone())).collect::<Vec<_>>();
        let archives = if archives.is_empty() { suite.archives() } else { archives };
        let components = raw.components.clone().unwrap_or_else(|| vec!["main".to_owned()]);
        let spec = raw.spec(suite.clone(), *targets.first().ok_or_else(|| UnknownArchitecture::new(""))?)?;
        Ok(RunToml { suite, components, archives, targets, digest, spec })
    }

    /// What the image for one of the targets is to be.
    pub fn spec(&self, architecture: Architecture) -> Spec {
        Spec { architecture, ..self.spec.clone() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
struct Raw {
    distribution: Option<String>,
    suite: String,
    version: Option<String>,
    components: Option<Vec<String>>,
    #[serde(default)]
    archives: Vec<RawArchive>,
    #[serde(default)]
    packages: Vec<String>,
    #[serde(default)]
    recommends: bool,
    #[serde(default)]
    users: Vec<RawUser>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    targets: Option<Vec<String>>,
    #[serde(default)]
    docs: bool,
    #[serde(default)]
    locales: bool,
    #[serde(default)]
    allow_setuid: bool,
    #[serde(default)]
    cuts: RawCuts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawArchive {
    name: String,
    suite: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUser {
    name: String,
    uid: Option<u32>,
    gid: Option<u32>,
    home: Option<String>,
}

/// Dependencies as `package`, or as `package -> package`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCuts {
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    keep: Vec<String>,
}

impl Raw {
    fn suite(&self) -> Result<Suite, RunTomlError> {
        match (Suite::known(&self.suite), &self.distribution, &self.version) {
            (Some(known), Some(wanted), _) if known.distribution != *wanted => Err(RunTomlError::Distribution {
                suite: self.suite.clone(),
                found: known.distribution,
                wanted: wanted.clone(),
            }),
            (Some(known), _, None) => Ok(known),
            (Some(known), _, Some(version)) => Ok(Suite { version: version.clone(), ..known }),
            (None, Some(distribution), Some(version)) => Ok(Suite::new(distribution, version, &self.suite)),
            (None, ..) => Err(RunTomlError::Suite { suite: self.suite.clone(), near: Suite::near(&self.suite) }),
        }
    }

    fn spec(self, suite: Suite, architecture: Architecture) -> Result<Spec, RunTomlError> {
        if self.packages.is_empty() {
            return Err(RunTomlError::Empty);
        }
        let packages = self.packages.iter().map(|package| package.parse()).collect::<Result<Vec<Root>, _>>()?;
        let cuts = self.cuts.cuts()?;
        check_names("environment", self.environment.keys())?;
        check_names("labels", self.labels.keys())?;
        let standard = Spec::standard(architecture);
        let users: Vec<User> = self.users.into_iter().map(RawUser::user).collect();
        check_users(&users).map_err(|error| RunTomlError::User(error.into()))?;
        Ok(Spec {
            suite,
            packages,
            users: if users.is_empty() { standard.users.clone() } else { users },
            recommends: self.recommends,
            environment: self.environment,
            labels: self.labels,
            documentation: self.docs,
            locales: self.locales,
            setuid: self.allow_setuid,
            cuts,
            ..standard
        })
    }
}

impl RawUser {
    fn user(self) -> User {
        let home = self.home.unwrap_or_else(|| format!("/home/{}", self.name));
        User { name: self.name, uid: self.uid.unwrap_or(UID), gid: self.gid.or(self.uid).unwrap_or(GID), home }
    }
}

impl RawCuts {
    fn cuts(&self) -> Result<Cuts, RunTomlError> {
        let mut cuts = Cuts::default();
        for kept in &self.keep {
            if !cuts.keep(&kept.parse::<Cut>()?) {
                return Err(RunTomlError::Kept(kept.clone()));
            }
        }
        for cut in &self.add {
            cuts.add(cut.parse()?, "the run image's author says so");
        }
        Ok(cuts)
    }
}

fn digest(table: &toml::Table) -> Digest {
    let sorted: BTreeMap<_, _> = table.iter().map(|(key, value)| (key, value.to_string())).collect();
    Digest::of(format!("{sorted:?}").as_bytes())
}

fn check_names<'a>(table: &'static str, names: impl Iterator<Item = &'a String>) -> Result<(), RunTomlError> {
    let is_bad = |name: &&String| name.is_empty() || name.contains('=') || name.contains(|c: char| c.is_control());
    match names.into_iter().find(is_bad) {
        Some(name) => Err(RunTomlError::Name { table, name: name.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
#[path = "run_toml_tests.rs"]
mod tests;

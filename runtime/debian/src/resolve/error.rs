//! Why packages do not go together.

use crate::{Architecture, IndexError, Version};
use std::fmt;

/// Packages that cannot be had together.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The index cannot be used.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Several packages stand for what is asked for, and none has its name.
    #[error("no package has the name `{package}`, and several stand for it: name one of {}", listed(.providers))]
    Virtual {
        /// What was asked for.
        package: String,
        /// Names of those that stand for it.
        providers: Vec<String>,
    },
    /// What is needed is not there, or not so.
    #[error("cannot have {}{reason}", way(.chain))]
    Unmet {
        /// From what was asked for, over what that needs, to what is not there; in Debian's notation.
        chain: Vec<String>,
        /// What there is instead.
        reason: Unmet,
    },
    /// Two packages exclude each other, and nothing else meets what needs them.
    #[error("cannot have {} together with {}: `{owner}` conflicts with `{relation}`", way(.chain), way(.other))]
    Conflict {
        /// From what was asked for to the one package.
        chain: Vec<String>,
        /// From what was asked for to the other package.
        other: Vec<String>,
        /// Name of the package that excludes the other.
        owner: String,
        /// What it says.
        relation: String,
    },
}

/// Why an option will not do: an error, if no other does.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    Unmet { chain: Vec<String>, reason: Unmet },
    Conflict { chain: Vec<String>, other: Vec<String>, owner: String, relation: String },
}

impl From<Failure> for ResolveError {
    fn from(failure: Failure) -> ResolveError {
        match failure {
            Failure::Unmet { chain, reason } => ResolveError::Unmet { chain, reason },
            Failure::Conflict { chain, other, owner, relation } => {
                ResolveError::Conflict { chain, other, owner, relation }
            }
        }
    }
}

/// What there is in place of what is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet {
    /// No package of this name.
    Missing {
        /// The name.
        name: String,
        /// Names that are nearly this one.
        near: Vec<String>,
    },
    /// Other versions.
    Versions {
        /// The name.
        name: String,
        /// Its versions, the newest first.
        found: Vec<Version>,
    },
    /// Packages for other machines.
    Architectures {
        /// The name.
        name: String,
        /// The architectures that it is for.
        found: Vec<String>,
        /// The architecture that is needed.
        wanted: Architecture,
    },
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unmet::Missing { name, near } if near.is_empty() => write!(f, ": there is no package `{name}`"),
            Unmet::Missing { name, near } => write!(f, ": there is no package `{name}`, but {}", listed(near)),
            Unmet::Versions { found, .. } => {
                let mut found: Vec<_> = found.iter().map(Version::to_string).collect();
                // Several archives may have the same.
                found.dedup();
                write!(f, ", but the suite has {}", found.join(", "))
            }
            Unmet::Architectures { name, found, wanted } => {
                write!(f, ": there is no package `{name}` for `{wanted}`, only for {}", listed(found))
            }
        }
    }
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn way(chain: &[String]) -> String {
    format!("`{}`", chain.join(" -> "))
}

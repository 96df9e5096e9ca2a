//! Which packages make a working set: those that are asked for, and those that they need.
//!
//! The answers are apt's, where apt has one: the newest version of everything, alternatives in the order in which they are
//! written unless one is there already, a package itself before those that stand for it. What the user named is chosen first.
//! Where apt gives up because two choices exclude each other, others are tried. It differs on purpose in this: what only
//! maintainer scripts need is cut ([`Cuts`]), nothing is removed from a base, and older versions of an archive are taken
//! when the newest one will not do.

mod candidates;
mod error;
mod search;
mod state;
#[cfg(test)]
mod tests;

pub use error::{ResolveError, Unmet};

use crate::relation::Dependency;
use crate::{Architecture, Comparison, Cuts, Index, Installed, Package, Relation, Version};
use std::str::FromStr;

/// A package that is asked for: `nginx`, `nginx=1.22.1-9`, `nginx (>= 1.22)`, `mawk | gawk`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(Dependency);

/// Text that asks for no package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no package: expected `name`, `name=version`, `name (>= version)` or `name | name`")]
pub struct RootError(String);

impl Root {
    /// Any version of a package of ours.
    pub(crate) fn named(name: &str) -> Root {
        Root(Dependency { alternatives: vec![Relation::any(name)] })
    }
}

impl FromStr for Root {
    type Err = RootError;

    fn from_str(text: &str) -> Result<Root, RootError> {
        let refused = || RootError(text.to_owned());
        match text.split_once('=') {
            Some((name, version)) if !text.contains(['(', '|']) => {
                let mut relation: Relation = name.parse().map_err(|_| refused())?;
                if version.is_empty() || version.contains(char::is_whitespace) {
                    return Err(refused());
                }
                relation.version = Some((Comparison::Equal, Version::new(version)));
                Ok(Root(Dependency { alternatives: vec![relation] }))
            }
            _ => text.parse().map(Root).map_err(|_| refused()),
        }
    }
}

impl std::fmt::Display for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What is asked for, over what is there.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The packages that are asked for, in any order.
    pub packages: &'a [Root],
    /// The machines that they are for.
    pub architecture: Architecture,
    /// What is there already.
    pub installed: &'a Installed,
    /// Whether packages that are recommended come too, where nothing is against it.
    pub recommends: bool,
    /// What is not needed.
    pub cuts: &'a Cuts,
}

/// The packages that were found.
#[derive(Debug, Clone, Default)]
pub struct Resolution {
    /// What is to be added, in the order in which it was chosen.
    pub packages: Vec<Resolved>,
    /// The dependencies that were cut and that nothing else meets.
    pub cut: Vec<CutDependency>,
}

/// A package that was chosen.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The package.
    pub package: Package,
    /// Why it is there.
    pub why: Why,
    /// The version that is there already and that this one takes the place of.
    pub replaces: Option<Version>,
}

/// Why a package was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It was asked for.
    Asked,
    /// Another package needs it.
    Needed {
        /// Name of that package.
        by: String,
        /// What that package says.
        relation: String,
    },
}

/// A dependency that nothing meets, because nothing needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutDependency {
    /// Name of the package that has it.
    pub of: String,
    /// The dependency.
    pub on: String,
    /// Why it is not needed.
    pub reason: String,
}

/// Finds the packages. Equal requests have equal results, whatever the order of their packages.
pub fn resolve(index: &Index, request: &Request<'_>) -> Result<Resolution, ResolveError> {
    search::Search::new(index, request).run()
}

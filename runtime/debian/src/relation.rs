//! Relations between packages: what one depends on, conflicts with or stands for (Debian Policy, section 7.1).

use crate::Version;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Text that is no relation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a relation to a package: expected `name`, or `name (>= version)`")]
pub struct RelationError(String);

/// How versions are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<<`
    Earlier,
    /// `<=`
    EarlierOrEqual,
    /// `=`
    Equal,
    /// `>=`
    LaterOrEqual,
    /// `>>`
    Later,
}

impl Comparison {
    /// The sign, and what it means. `<` and `>` are what they were before there was `<<`, and still stand in old packages.
    const SIGNS: [(&str, Comparison); 7] = [
        ("<<", Comparison::Earlier),
        ("<=", Comparison::EarlierOrEqual),
        (">=", Comparison::LaterOrEqual),
        (">>", Comparison::Later),
        ("=", Comparison::Equal),
        ("<", Comparison::EarlierOrEqual),
        (">", Comparison::LaterOrEqual),
    ];

    fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Earlier => order.is_lt(),
            Comparison::EarlierOrEqual => order.is_le(),
            Comparison::Equal => order.is_eq(),
            Comparison::LaterOrEqual => order.is_ge(),
            Comparison::Later => order.is_gt(),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = Comparison::SIGNS.iter().find(|(_, comparison)| comparison == self);
        f.write_str(sign.map_or("=", |(sign, _)| sign))
    }
}

/// A package, perhaps in some of its versions: `libc6 (>= 2.36)`, `perl:any`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Name of the package.
    pub name: Arc<str>,
    /// What follows the name after a colon: an architecture, or `any`.
    pub architecture: Option<Arc<str>>,
    /// Which versions; all, if nothing is said.
    pub version: Option<(Comparison, Version)>,
}

impl Relation {
    /// A relation to all versions of a package.
    pub fn any(name: &str) -> Relation {
        Relation { name: name.into(), architecture: None, version: None }
    }

    /// True if this version is one of those that are meant.
    pub fn allows(&self, version: &Version) -> bool {
        self.version.as_ref().is_none_or(|(comparison, wanted)| comparison.holds(version.cmp(wanted)))
    }

    /// True if what stands for a package meets the relation: without a version it stands for none in particular.
    pub fn allows_provided(&self, version: Option<&Version>) -> bool {
        self.version.is_none() || version.is_some_and(|version| self.allows(version))
    }
}

impl FromStr for Relation {
    type Err = RelationError;

    fn from_str(text: &str) -> Result<Relation, RelationError> {
        let refused = || RelationError(text.trim().to_owned());
        // Restrictions to architectures and build profiles follow in brackets; in binary packages nothing is left of them.
        let (text, _) = text.split_once(['[', '<']).filter(|(before, _)| !before.contains('(')).unwrap_or((text, ""));
        let (name, version) = match text.split_once('(') {
            None => (text.trim(), None),
            Some((name, rest)) => {
                let (inner, _) = rest.split_once(')').ok_or_else(refused)?;
                (name.trim(), Some(constraint(inner.trim()).ok_or_else(refused)?))
            }
        };
        let (name, architecture) = name.split_once(':').map_or((name, None), |(name, rest)| (name, Some(rest.into())));
        if !is_name(name) {
            return Err(refused());
        }
        Ok(Relation { name: name.into(), architecture, version })
    }
}

fn constraint(text: &str) -> Option<(Comparison, Version)> {
    let (comparison, version) =
        Comparison::SIGNS.iter().find_map(|(sign, comparison)| Some((*comparison, text.strip_prefix(sign)?.trim())))?;
    (!version.is_empty() && !version.contains(char::is_whitespace)).then(|| (comparison, Version::new(version)))
}

/// True if a package may have this name (Debian Policy, section 5.6.1); virtual ones in use have upper case and `_` too.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_'))
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(architecture) = &self.architecture {
            write!(f, ":{architecture}")?;
        }
        match &self.version {
            Some((comparison, version)) => write!(f, " ({comparison} {version})"),
            None => Ok(()),
        }
    }
}

/// What is needed: any one of the alternatives, the earlier the better. `debconf (>= 0.5) | debconf-2.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// At least one.
    pub alternatives: Vec<Relation>,
}

impl FromStr for Dependency {
    type Err = RelationError;

    fn from_str(text: &str) -> Result<Dependency, RelationError> {
        Ok(Dependency { alternatives: text.split('|').map(str::parse).collect::<Result<_, _>>()? })
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, relation) in self.alternatives.iter().enumerate() {
            write!(f, "{}{relation}", if at == 0 { "" } else { " | " })?;
        }
        Ok(())
    }
}

/// Reads a list with commas. An empty list, and a comma too many, are what packages have.
pub(crate) fn list<T: FromStr>(text: &str) -> Result<Vec<T>, T::Err> {
    text.split(',').filter(|item| !item.trim().is_empty()).map(str::parse).collect()
}

/// Everything that a package says about others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Relations {
    /// What must be there before it is unpacked.
    pub pre_depends: Vec<Dependency>,
    /// What must be there.
    pub depends: Vec<Dependency>,
    /// What is there in all but unusual installations.
    pub recommends: Vec<Dependency>,
    /// What it stands for besides itself.
    pub provides: Vec<Relation>,
    /// What may not be there with it.
    pub conflicts: Vec<Relation>,
    /// What may not be there with it, because it would no longer work.
    pub breaks: Vec<Relation>,
    /// Packages whose files it may take over.
    pub replaces: Vec<Relation>,
}

impl Relations {
    /// What must be there, in the order in which it is looked for.
    pub fn needs(&self) -> impl Iterator<Item = &Dependency> {
        self.pre_depends.iter().chain(&self.depends)
    }

    /// What may not be there.
    pub fn excludes(&self) -> impl Iterator<Item = &Relation> {
        self.conflicts.iter().chain(&self.breaks)
    }

    /// The version in which it stands for this name, if it does.
    pub fn provided(&self, name: &str) -> Option<Option<&Version>> {
        let relation = self.provides.iter().find(|relation| *relation.name == *name)?;
        Some(relation.version.as_ref().map(|(_, version)| version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match list::<Dependency>(text) {
            Ok(all) => all.iter().map(Dependency::to_string).collect::<Vec<_>>().join("\n"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn reads_what_packages_write() {
        insta::assert_snapshot!(check("libc6 (>= 2.36), debconf(>=0.5)|debconf-2.0 , perl:any,x (<1) [amd64 i386] <!nocheck>,"), @r#"
        libc6 (>= 2.36)
        debconf (>= 0.5) | debconf-2.0
        perl:any
        x (<= 1)
        "#);
        insta::assert_snapshot!(check("g++ [!armel], libstdc++6 (<< 1:2~rc-1), y (= 3)"), @r#"
        g++
        libstdc++6 (<< 1:2~rc-1)
        y (= 3)
        "#);
    }

    #[test]
    fn refuses_what_is_no_relation() {
        for text in ["foo (>= 1", "foo (1.0)", "foo (>= )", "-x", "foo bar", "a | | b", "foo (>= 1 2)"] {
            assert!(check(text).contains("is not a relation"), "{text}: {}", check(text));
        }
    }

    #[test]
    fn compares_versions() {
        let allowed =
            |relation: &str, version: &str| relation.parse::<Relation>().unwrap().allows(&Version::new(version));
        for (sign, expected) in [
            ("<<", [true, false, false]),
            ("<=", [true, true, false]),
            ("=", [false, true, false]),
            (">=", [false, true, true]),
            (">>", [false, false, true]),
        ] {
            assert_eq!(
                ["1.9", "2.0", "2.0-1"].map(|version| allowed(&format!("x ({sign} 2.0)"), version)),
                expected,
                "{sign}"
            );
        }
    }
}

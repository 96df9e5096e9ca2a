//! Why no group works out, as data and as text.

use crate::{BuildpackKey, Detection};
use std::collections::BTreeSet;
use std::fmt;

/// No group of the order works out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// Those that were tried, in sequence.
    pub groups: Vec<GroupFailure>,
    /// True if the search was given up because there were too many combinations: more groups might have followed.
    pub exhausted: bool,
}

/// A group that does not work out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFailure {
    /// What became of each member, in sequence.
    pub verdicts: Vec<Verdict>,
}

/// What became of a member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Which buildpack.
    pub buildpack: BuildpackKey,
    /// Whether the group could do without it.
    pub optional: bool,
    /// What it said, and what came of that.
    pub outcome: Outcome,
}

/// What a buildpack said, and what came of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has nothing to do, and why.
    Skipped(String),
    /// It could not tell, and why.
    Failed(String),
    /// It is not for the execution environment of the build: the group goes without it.
    Excluded,
    /// Nobody asked it.
    NotAsked,
    /// It passed.
    Passed {
        /// All that it offered to provide, in any alternative.
        provides: BTreeSet<String>,
        /// All that it required, in any alternative.
        requires: BTreeSet<String>,
        /// What kept it out, in any combination that was tried; empty if nothing did.
        problems: BTreeSet<Problem>,
    },
}

/// What keeps a buildpack out that passed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// It requires this, and neither it nor an earlier buildpack provides it.
    Unmet(String),
    /// It provides this, and neither it nor a later buildpack requires it.
    Unused(String),
}

impl Unresolved {
    /// True if a buildpack failed, as opposed to having nothing to do. The reference implementation tells the two apart by
    /// its exit code (21 and 20).
    pub fn has_failures(&self) -> bool {
        let mut verdicts = self.groups.iter().flat_map(|group| &group.verdicts);
        verdicts.any(|verdict| matches!(verdict.outcome, Outcome::Failed(_) | Outcome::NotAsked))
    }
}

impl Verdict {
    /// True if the group might work out if it were otherwise: not what it can do without, and what passed all the same.
    pub fn matters(&self) -> bool {
        match &self.outcome {
            Outcome::Skipped(_) => !self.optional,
            Outcome::Passed { problems, .. } => !self.optional || !problems.is_empty(),
            Outcome::Failed(_) | Outcome::Excluded | Outcome::NotAsked => true,
        }
    }
}

impl Outcome {
    pub(crate) fn of(detection: Option<&Detection>) -> Outcome {
        match detection {
            None => Outcome::NotAsked,
            Some(Detection::Skip(reason)) => Outcome::Skipped(reason.clone()),
            Some(Detection::Fail(reason)) => Outcome::Failed(reason.clone()),
            Some(Detection::Pass(alternatives)) => Outcome::Passed {
                provides: alternatives.iter().flat_map(|a| &a.provides).cloned().collect(),
                requires: alternatives.iter().flat_map(|a| &a.requires).map(|r| r.name.clone()).collect(),
                problems: BTreeSet::new(),
            },
        }
    }

    /// True if a group that needs the buildpack is at its end.
    pub(crate) fn hinders(&self) -> bool {
        !matches!(self, Outcome::Passed { .. } | Outcome::Excluded)
    }
}

impl std::error::Error for Unresolved {}

impl fmt::Display for Unresolved {
    /// Several lines: one a group, one a member.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no group of buildpacks can build this application")?;
        for (index, group) in self.groups.iter().enumerate() {
            write!(f, "\ngroup {}:", index + 1)?;
            for Verdict { buildpack, optional, outcome } in &group.verdicts {
                write!(f, "\n  {buildpack}{} {outcome}", if *optional { " (optional)" } else { "" })?;
            }
        }
        if self.exhausted {
            write!(f, "\ngiven up after {} combinations of what they offer", crate::MAX_CHOICES)?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Skipped(reason) => write!(f, "skipped: {reason}"),
            Outcome::Failed(reason) => write!(f, "failed: {reason}"),
            Outcome::Excluded => write!(f, "is not for this execution environment"),
            Outcome::NotAsked => write!(f, "was not asked"),
            Outcome::Passed { provides, requires, problems } => {
                write!(f, "passed")?;
                names(f, "provides", provides)?;
                names(f, "requires", requires)?;
                problems.iter().try_for_each(|problem| write!(f, "; {problem}"))
            }
        }
    }
}

fn names(f: &mut fmt::Formatter<'_>, verb: &str, names: &BTreeSet<String>) -> fmt::Result {
    for (index, name) in names.iter().enumerate() {
        let before = if index == 0 { format!(", {verb} ") } else { " and ".to_owned() };
        write!(f, "{before}`{name}`")?;
    }
    Ok(())
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Unmet(name) => write!(f, "neither it nor an earlier buildpack provides `{name}`"),
            Problem::Unused(name) => write!(f, "neither it nor a later buildpack requires `{name}`"),
        }
    }
}

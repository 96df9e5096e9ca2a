//! What a buildpack said when it was asked.

use crate::failure::Failure;
use std::fmt;
use wattle_plan::{Alternative, Requirement};

/// The verdict of `detect`.
///
/// Written out: `pass: provides node, requires node {"version":"24"}`, with `; or ` between alternatives; `skip: <reason>`;
/// `fail: <failure>`.
#[derive(Debug)]
pub struct Detection(pub(crate) Verdict);

#[derive(Debug)]
pub(crate) enum Verdict {
    Pass(Vec<Alternative>),
    Skip(String),
    Fail(Failure),
}

impl Detection {
    /// Whether it takes part.
    pub fn passed(&self) -> bool {
        matches!(self.0, Verdict::Pass(_))
    }

    /// Why it has nothing to do, if it said so. What it passes on is nothing to do either if its `buildpack.toml` has no
    /// such target.
    pub fn skipped(&self) -> Option<&str> {
        match &self.0 {
            Verdict::Skip(reason) => Some(reason),
            _ => None,
        }
    }

    /// Why it could not tell, if it could not.
    pub fn failed(&self) -> Option<&Failure> {
        match &self.0 {
            Verdict::Fail(failure) => Some(failure),
            _ => None,
        }
    }

    /// The ways of taking part, the best first; none if it skipped or failed, or neither provides nor requires anything.
    pub fn alternatives(&self) -> &[Alternative] {
        match &self.0 {
            Verdict::Pass(alternatives) => alternatives,
            _ => &[],
        }
    }

    /// What it provides, in the best of its ways.
    pub fn provides(&self) -> &[String] {
        self.alternatives().first().map_or(&[], |best| &best.provides)
    }

    /// What it requires, in the best of its ways.
    pub fn requires(&self) -> &[Requirement] {
        self.alternatives().first().map_or(&[], |best| &best.requires)
    }
}

impl fmt::Display for Detection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Verdict::Skip(reason) => write!(f, "skip: {reason}"),
            Verdict::Fail(failure) => write!(f, "fail: {failure}"),
            Verdict::Pass(alternatives) => {
                let ways: Vec<String> = alternatives.iter().map(words).collect();
                write!(f, "pass{}{}", if ways.is_empty() { "" } else { ": " }, ways.join("; or "))
            }
        }
    }
}

fn words(way: &Alternative) -> String {
    let requirement = |it: &Requirement| {
        if it.metadata.is_empty() {
            return it.name.clone();
        }
        format!("{} {}", it.name, serde_json::Value::Object(it.metadata.clone()))
    };
    let provides = way.provides.iter().map(|name| format!("provides {name}"));
    let requires = way.requires.iter().map(|it| format!("requires {}", requirement(it)));
    let words: Vec<String> = provides.chain(requires).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

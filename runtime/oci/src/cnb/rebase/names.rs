//! By what name a run image is found again.

use crate::Reference;
use crate::cnb::RunImageName;
use std::fmt;

/// What a tag is where none is named.
const LATEST: &str = "latest";

/// The name by which a run image was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseName {
    /// In a registry.
    Registry(Reference),
    /// On this machine: who put it there knows what it is, and its name says nothing about it.
    Local(String),
}

impl fmt::Display for BaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BaseName::Registry(reference) => reference.fmt(f),
            BaseName::Local(name) => f.write_str(name),
        }
    }
}

/// Whether an image that records certain names may be put on a run image.
pub(super) enum Verdict {
    /// Yes, and its names stay.
    Named,
    /// Yes, and it records this one from now on: the tag is another one of a repository that it names.
    Renamed(RunImageName),
    /// No. If it is done all the same, it records this one.
    Stranger(RunImageName),
}

/// Compares repositories, and the tag only to know whether the name is still right: patches of a run image often have tags
/// of their own.
pub(super) fn judge(recorded: &RunImageName, name: &BaseName) -> Verdict {
    let new = match name {
        BaseName::Registry(reference) => reference,
        // Names that are found elsewhere are still right: this is a copy of what they name.
        BaseName::Local(local) if recorded.image.contains(['/', ':']) || recorded.image == *local => {
            return Verdict::Named;
        }
        BaseName::Local(local) => return Verdict::Renamed(alone(local.clone())),
    };
    let known: Vec<Reference> = recorded
        .all()
        .filter_map(|name| name.parse().ok())
        .filter(|known: &Reference| known.name() == new.name())
        .collect();
    let tag = |reference: &Reference| reference.tag().unwrap_or(LATEST).to_owned();
    if known.is_empty() {
        Verdict::Stranger(alone(new.to_string()))
    } else if new.tag().is_none() && new.digest().is_some() || known.iter().any(|known| tag(known) == tag(new)) {
        Verdict::Named
    } else {
        Verdict::Renamed(alone(format!("{}:{}", new.name(), tag(new))))
    }
}

/// Mirrors of another name are not mirrors of this one.
fn alone(image: String) -> RunImageName {
    RunImageName { image, mirrors: Vec::new() }
}

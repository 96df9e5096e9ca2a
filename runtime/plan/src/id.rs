//! What a buildpack is called.

use crate::Version;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Names that would collide with what the lifecycle keeps beside the buildpacks' layers (Buildpack API 0.12,
/// "Buildpack Identifiers").
const RESERVED: [&str; 4] = ["app", "config", "generated", "sbom"];
/// Longest id, in bytes: it becomes the name of a directory.
const MAX_ID: usize = 200;

/// The id of a buildpack, such as `wattle/node`: letters, digits, `.`, `/` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct BuildpackId(String);

/// Text that is no id of a buildpack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{id}` is not the id of a buildpack: {reason}")]
pub struct IdError {
    id: String,
    reason: &'static str,
}

impl BuildpackId {
    /// Checks `id`.
    pub fn new(id: impl Into<String>) -> Result<BuildpackId, IdError> {
        let id = id.into();
        match check(&id) {
            Ok(()) => Ok(BuildpackId(id)),
            Err(reason) => Err(IdError { id, reason }),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of this buildpack's directory, in a builder and below `/layers`: the id with `_` for each `/`.
    pub fn directory(&self) -> String {
        self.0.replace('/', "_")
    }
}

fn check(id: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-');
    if !id.chars().all(allowed) {
        Err("expected letters, digits, `.`, `/` and `-`")
    } else if id.split('/').any(|name| matches!(name, "" | "." | "..")) {
        Err("expected names between the slashes")
    } else if RESERVED.contains(&id) {
        Err("`app`, `config`, `generated` and `sbom` are reserved")
    } else if id.len() > MAX_ID {
        Err("it is longer than 200 bytes")
    } else {
        Ok(())
    }
}

impl TryFrom<String> for BuildpackId {
    type Error = IdError;

    fn try_from(id: String) -> Result<BuildpackId, IdError> {
        BuildpackId::new(id)
    }
}

impl FromStr for BuildpackId {
    type Err = IdError;

    fn from_str(id: &str) -> Result<BuildpackId, IdError> {
        BuildpackId::new(id)
    }
}

impl From<BuildpackId> for String {
    fn from(id: BuildpackId) -> String {
        id.0
    }
}

impl fmt::Display for BuildpackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One buildpack among those at hand: its id and its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct BuildpackKey {
    /// Its id.
    pub id: BuildpackId,
    /// Its version.
    pub version: Version,
}

impl fmt::Display for BuildpackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b4_b5_an_id_is_what_the_specification_says_and_safe_as_a_directory() {
        assert_eq!(BuildpackId::new("wattle/node.js-20").unwrap().directory(), "wattle_node.js-20");
        for bad in ["", "/", "a/", "a//b", "..", "a/../b", "a_b", "a b", "ä", "app", "sbom", "config", "generated"] {
            assert!(BuildpackId::new(bad).is_err(), "{bad}");
        }
        assert!(BuildpackId::new("a".repeat(201)).is_err());
        assert!(BuildpackId::new("my/app").is_ok(), "only the whole id is reserved");
    }
}

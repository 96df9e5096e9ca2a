//! `package.json`, as far as it matters here.

use crate::json;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use wattle_buildpack::Result;

/// Names and what is asked of each.
pub(crate) type Dependencies = BTreeMap<String, String>;

/// A `package.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Manifest {
    #[serde(deserialize_with = "json::lenient")]
    pub(crate) main: Option<String>,
    #[serde(deserialize_with = "json::lenient")]
    pub(crate) engines: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(crate) wanted: Wanted,
}

/// The packages that a `package.json` asks for, by kind.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Wanted {
    #[serde(deserialize_with = "json::lenient")]
    pub(crate) dependencies: Dependencies,
    #[serde(deserialize_with = "json::lenient")]
    pub(crate) dev_dependencies: Dependencies,
    #[serde(deserialize_with = "json::lenient")]
    pub(crate) optional_dependencies: Dependencies,
    #[serde(deserialize_with = "json::lenient")]
    pub(crate) peer_dependencies: Dependencies,
    #[serde(deserialize_with = "json::lenient")]
    pub(crate) peer_dependencies_meta: BTreeMap<String, PeerMeta>,
}

/// What is said about one peer dependency.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct PeerMeta {
    #[serde(deserialize_with = "json::lenient")]
    pub(crate) optional: bool,
}

impl Manifest {
    /// Reads the application's own.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        json::parse(&json::read(path)?, "package.json")
    }

    /// Whether the application needs packages to run.
    pub(crate) fn has_dependencies(&self) -> bool {
        !(self.wanted.dependencies.is_empty() && self.wanted.optional_dependencies.is_empty())
    }
}

impl Wanted {
    /// Whether a peer dependency may be missing.
    pub(crate) fn is_optional_peer(&self, name: &str) -> bool {
        self.peer_dependencies_meta.get(name).is_some_and(|meta| meta.optional)
    }
}

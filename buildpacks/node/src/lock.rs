//! `package-lock.json` and `npm-shrinkwrap.json`, versions 2 and 3.

use crate::json;
use crate::manifest::Wanted;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use wattle_buildpack::{Error, Result};

/// A lock file: where each package goes, and what it is.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Its name, as the user knows it.
    pub(crate) file: &'static str,
    /// The application's name and version as JSON text, if it has them.
    pub(crate) head: Vec<(&'static str, Box<RawValue>)>,
    /// The application itself.
    pub(crate) root: Package,
    /// The packages, in the file's order, which is npm's.
    pub(crate) entries: Vec<Entry>,
    /// A level of indentation, and the end of a line, as the file has them.
    pub(crate) style: Style,
}

/// How the file is written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) indent: String,
    pub(crate) newline: &'static str,
}

/// One package of a lock file.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Where it goes, below the application: `node_modules/a/node_modules/b`, or `packages/api` for one that is there.
    pub(crate) location: String,
    /// What the file says about it, as it is written there.
    pub(crate) raw: Box<RawValue>,
    pub(crate) package: Package,
}

/// What a lock file says about a package; see npm's documentation of package-lock.json.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "the fields are the file format's")]
pub(crate) struct Package {
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) resolved: Option<String>,
    pub(crate) integrity: Option<String>,
    pub(crate) link: bool,
    pub(crate) dev: bool,
    pub(crate) optional: bool,
    pub(crate) extraneous: bool,
    pub(crate) in_bundle: bool,
    pub(crate) has_install_script: bool,
    #[serde(deserialize_with = "json::lenient")]
    pub(crate) bin: Bin,
    #[serde(deserialize_with = "json::lenient")]
    pub(crate) os: OneOrMany,
    #[serde(deserialize_with = "json::lenient")]
    pub(crate) cpu: OneOrMany,
    #[serde(deserialize_with = "json::lenient")]
    pub(crate) libc: OneOrMany,
    #[serde(deserialize_with = "json::lenient")]
    pub(crate) engines: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(crate) wanted: Wanted,
}

/// The programs of a package: one named as the package, or each by its name.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Bin {
    One(String),
    Many(BTreeMap<String, String>),
}

impl Default for Bin {
    fn default() -> Self {
        Self::Many(BTreeMap::new())
    }
}

/// A text or a list of texts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    name: Option<Box<RawValue>>,
    version: Option<Box<RawValue>>,
    lockfile_version: Option<u64>,
    packages: Option<IndexMap<String, Box<RawValue>>>,
}

impl Lock {
    /// Reads the text of `file`.
    pub(crate) fn parse(text: &str, file: &'static str) -> Result<Self> {
        let document: File = json::parse(text, file)?;
        let packages = match (document.lockfile_version, document.packages) {
            (Some(2 | 3), Some(packages)) => packages,
            (Some(version @ 2..=3), None) => return Err(no_packages(file, version)),
            (version, _) => return Err(unknown_version(file, version)),
        };
        let mut root = Package::default();
        let mut entries = Vec::with_capacity(packages.len());
        for (location, raw) in packages {
            let package = parse_package(&raw, file, &location)?;
            if location.is_empty() {
                root = package;
            } else {
                entries.push(Entry { location: safe_location(location, file)?, raw, package });
            }
        }
        let head = [("name", document.name), ("version", document.version)];
        let head = head.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        Ok(Self { file, head, root, entries, style: Style::of(text) })
    }

    /// The entry at a location.
    pub(crate) fn at(&self, location: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.location == location)
    }
}

impl Entry {
    /// The name by which others ask for it: the end of its location.
    pub(crate) fn alias(&self) -> &str {
        let start = self.location.rfind("node_modules/").map_or(0, |at| at + "node_modules/".len());
        &self.location[start..]
    }

    /// Its own name, which differs from the alias of an aliased package.
    pub(crate) fn name(&self) -> &str {
        self.package.name.as_deref().unwrap_or_else(|| self.alias())
    }

    /// Its own name and version, as people write it.
    pub(crate) fn id(&self) -> String {
        match &self.package.version {
            Some(version) => format!("{}@{version}", self.name()),
            None => self.name().to_owned(),
        }
    }

    /// Where the tree it is in hangs: the application's root (empty), or the directory of a package that is there.
    pub(crate) fn top(&self) -> &str {
        match self.location.split_once("node_modules/") {
            Some((top, _)) => top.trim_end_matches('/'),
            None => &self.location,
        }
    }

    /// Whether it is a package of the application's own, and so not in any `node_modules`.
    pub(crate) fn is_local(&self) -> bool {
        !self.location.contains("node_modules/")
    }
}

impl Style {
    fn of(text: &str) -> Self {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let second = text.lines().nth(1).unwrap_or_default();
        let indent = second.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
        Self { indent, newline }
    }
}

fn parse_package(raw: &RawValue, file: &str, location: &str) -> Result<Package> {
    serde_json::from_str(raw.get()).map_err(|error| {
        Error::user("node/lock/malformed", format!("could not read what `{file}` says about `{location}`: {error}"))
            .hint("make it anew with `npm install --package-lock-only`")
    })
}

/// A location names a place below the application, by steps that are names.
fn safe_location(location: String, file: &str) -> Result<String> {
    let good =
        location.split('/').all(|step| !step.is_empty() && step != "." && step != "..") && !location.contains('\\');
    if good {
        return Ok(location);
    }
    Err(Error::user(
        "node/lock/location",
        format!("`{file}` has a package at `{location}`, which is outside the application"),
    )
    .hint("move the package into the application's directory, or build from a directory that holds both"))
}

fn unknown_version(file: &str, version: Option<u64>) -> Error {
    let summary = match version {
        Some(version) => format!("`{file}` has lock file version {version}, and this buildpack reads versions 2 and 3"),
        None => format!("`{file}` does not say its `lockfileVersion`, so it is no lock file of npm"),
    };
    Error::user("node/lock/version", summary)
        .hint("run `npm install --package-lock-only` with npm 7 or later, and commit the result")
}

fn no_packages(file: &str, version: u64) -> Error {
    Error::user("node/lock/malformed", format!("`{file}` has version {version} but no `packages`"))
        .hint("make it anew with `npm install --package-lock-only`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match Lock::parse(text, "package-lock.json") {
            Ok(lock) => lock
                .entries
                .iter()
                .map(|e| format!("{} {} top={}", e.location, e.id(), e.top()))
                .collect::<Vec<_>>()
                .join("\n"),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn entries_keep_their_order() {
        insta::assert_snapshot!(
            check(r#"{ "lockfileVersion": 3, "packages": {
                "": { "name": "x" },
                "node_modules/b": { "version": "1.0.0", "bin": "x.js", "engines": ["node"], "os": "linux" },
                "node_modules/a": { "name": "@s/real", "version": "2.0.0" },
                "packages/api": { "version": "3.0.0" },
                "packages/api/node_modules/@s/c": { "version": "4.0.0", "dependencies": [] }
            } }"#),
            @r"
        node_modules/b b@1.0.0 top=
        node_modules/a @s/real@2.0.0 top=
        packages/api packages/api@3.0.0 top=packages/api
        packages/api/node_modules/@s/c @s/c@4.0.0 top=packages/api
        "
        );
    }

    #[test]
    fn what_cannot_be_read() {
        insta::assert_snapshot!(check(r#"{ "lockfileVersion": 1, "dependencies": {} }"#), @r"
        node/lock/version: `package-lock.json` has lock file version 1, and this buildpack reads versions 2 and 3
        hint: run `npm install --package-lock-only` with npm 7 or later, and commit the result
        ");
        insta::assert_snapshot!(check("{}"), @r"
        node/lock/version: `package-lock.json` does not say its `lockfileVersion`, so it is no lock file of npm
        hint: run `npm install --package-lock-only` with npm 7 or later, and commit the result
        ");
        insta::assert_snapshot!(check(r#"{ "lockfileVersion": 3 }"#), @r"
        node/lock/malformed: `package-lock.json` has version 3 but no `packages`
        hint: make it anew with `npm install --package-lock-only`
        ");
        insta::assert_snapshot!(check(r#"{ "lockfileVersion": 3, "packages": { "node_modules/a": { "version": 1 } } }"#), @r"
        node/lock/malformed: could not read what `package-lock.json` says about `node_modules/a`: invalid type: integer `1`, expected a string at line 1 column 14
        hint: make it anew with `npm install --package-lock-only`
        ");
        insta::assert_snapshot!(check(r#"{ "lockfileVersion": 3, "packages": { "../shared": {} } }"#), @r"
        node/lock/location: `package-lock.json` has a package at `../shared`, which is outside the application
        hint: move the package into the application's directory, or build from a directory that holds both
        ");
        insta::assert_snapshot!(check("{ \"lockfileVersion\": 3,\n<<<<<<< HEAD\n }"), @r"
        node/json/malformed: could not read `package-lock.json`: line 2, column 1: key must be a string
        hint: correct line 2 of `package-lock.json`
        ");
    }

    #[test]
    fn style_is_the_files_own() {
        assert_eq!(Style::of("{\r\n\t\"a\": 1\r\n}"), Style { indent: "\t".into(), newline: "\r\n" });
        assert_eq!(Style::of("{\n  \"a\": 1\n}"), Style { indent: "  ".into(), newline: "\n" });
    }
}

//! Which Node: what the application asks for, and the best of what there is.

use crate::json;
use nodejs_semver::{Range, Version};
use serde::Deserialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use wattle_buildpack::{Error, Result};

/// A version of Node that an application asks for.
#[derive(Debug)]
pub(crate) struct Wish {
    /// As it is written.
    text: String,
    /// Where it is written.
    origin: &'static str,
    range: Range,
    /// Whether it asks for the newest of all, rather than leaving the choice.
    newest: bool,
}

/// What the buildpack itself knows about Node's releases (`metadata.node` of its `buildpack.toml`).
#[derive(Debug, Deserialize)]
pub(crate) struct Lines {
    default: String,
    lts: BTreeMap<String, String>,
}

/// The index of the npm package that has Node's binaries.
#[derive(Debug, Deserialize)]
pub(crate) struct Index {
    versions: BTreeMap<String, Listed>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    dist: Distribution,
}

#[derive(Debug, Deserialize)]
struct Distribution {
    #[serde(default, deserialize_with = "json::lenient")]
    integrity: Option<String>,
}

/// A release of Node that can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) version: Version,
    /// Subresource Integrity text of the archive.
    pub(crate) integrity: String,
}

impl Lines {
    /// From the text of `buildpack.toml`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct File {
            metadata: Metadata,
        }
        #[derive(Deserialize)]
        struct Metadata {
            node: Lines,
        }
        Ok(toml::from_str::<File>(text)?.metadata.node)
    }

    /// The range that the name of a line of long-term support stands for.
    fn named(&self, text: &str) -> Option<String> {
        match text.to_ascii_lowercase().as_str() {
            "lts" | "lts/*" => Some(self.default.clone()),
            other => self.lts.get(other.strip_prefix("lts/").unwrap_or(other)).cloned(),
        }
    }
}

/// Where an application may say which Node it wants; the first that is there counts.
pub(crate) struct Sources {
    /// `engines.node` of `package.json`.
    pub(crate) engines: Option<String>,
    /// The text of `.nvmrc`.
    pub(crate) nvmrc: Option<String>,
    /// The text of `.node-version`.
    pub(crate) node_version: Option<String>,
}

impl Wish {
    /// What these say, or the default line.
    pub(crate) fn read(sources: Sources, lines: &Lines) -> Result<Self> {
        let candidates = [
            (sources.engines, "`engines.node` in `package.json`"),
            (sources.nvmrc.as_deref().map(first_line), "`.nvmrc`"),
            (sources.node_version.as_deref().map(first_line), "`.node-version`"),
        ];
        for (text, origin) in candidates {
            if let Some(text) = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) {
                return Self::parse(text, origin, lines);
            }
        }
        Self::parse(lines.default.clone(), "the default", lines)
    }

    fn parse(text: String, origin: &'static str, lines: &Lines) -> Result<Self> {
        let newest = ["node", "latest", "current", "stable"].contains(&text.as_str());
        let plain = match lines.named(&text) {
            Some(line) => line,
            None if newest => "*".to_owned(),
            None => text.strip_prefix("node-").unwrap_or(&text).to_owned(),
        };
        let Some(satisfiable) = satisfiable(&plain) else {
            let summary =
                format!("no version of Node is in the range `{text}` of {origin}: its ends exclude each other");
            return Err(Error::user("node/version/empty", summary)
                .hint("write a range that has versions in it, such as `>=18 <21`, or ranges with `||` between"));
        };
        match Range::parse(&satisfiable) {
            Ok(range) => Ok(Self { text, origin, range, newest }),
            Err(_) => Err(Error::user(
                "node/version/malformed",
                format!("could not read the Node version `{text}` in {origin}: it is neither a version, nor a range, nor the name of a release line"),
            )
            .hint("write a version such as `24.1.0`, a range such as `24.x` or `^22.4`, or a line such as `lts/jod`")),
        }
    }

    /// The best release for it: the newest stable one of the default line if the wish leaves that open, else the newest
    /// stable one.
    pub(crate) fn choose(&self, index: Index, lines: &Lines) -> Result<Release> {
        let releases = index.stable_releases();
        let default = Range::parse(&lines.default).ok().filter(|_| !self.newest);
        let in_default = |release: &Release| default.as_ref().is_some_and(|line| line.satisfies(&release.version));
        let best = releases
            .iter()
            .filter(|release| self.range.satisfies(&release.version))
            .max_by_key(|release| (in_default(release), &release.version));
        best.cloned().ok_or_else(|| self.unknown(&releases))
    }

    fn unknown(&self, releases: &[Release]) -> Error {
        let summary = format!("there is no Node version `{}`, which {} asks for", self.text, self.origin);
        let error = Error::user("node/version/unknown", summary);
        let nearest = self.nearest(releases);
        if nearest.is_empty() {
            return error.hint("write a version that exists, such as `24.x`");
        }
        error.hint(format!("the nearest that exist are {}", nearest.join(", ")))
    }

    /// The next older and newer release and the newest of the same line, oldest first.
    fn nearest(&self, releases: &[Release]) -> Vec<String> {
        let Some(wanted) = self.range.min_version() else { return Vec::new() };
        let versions = || releases.iter().map(|release| &release.version);
        let mut nearest: Vec<&Version> = [
            versions().filter(|version| **version < wanted).max(),
            versions().filter(|version| **version > wanted).min(),
            versions().filter(|version| version.major() == wanted.major()).max(),
        ]
        .into_iter()
        .flatten()
        .collect();
        nearest.sort();
        nearest.dedup();
        nearest.into_iter().map(|version| format!("`{version}`")).collect()
    }
}

impl std::fmt::Display for Wish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` from {}", self.text, self.origin)
    }
}

impl Index {
    /// Newest first. What has no integrity cannot be checked, so it does not count.
    fn stable_releases(self) -> Vec<Release> {
        let mut releases: Vec<Release> = self
            .versions
            .into_iter()
            .filter_map(|(version, listed)| {
                Some(Release { version: Version::parse(version).ok()?, integrity: listed.dist.integrity? })
            })
            .filter(|release| !release.version.is_prerelease())
            .collect();
        releases.sort_by_key(|release| Reverse(release.version.clone()));
        releases
    }
}

/// A range without those of its alternatives that no version can be in, such as `>20 <18`; nothing if none is left.
fn satisfiable(range: &str) -> Option<String> {
    let left: Vec<&str> = range.split("||").filter(|alternative| !is_empty(alternative)).collect();
    (!left.is_empty()).then(|| left.join("||"))
}

/// Whether two comparators of a set exclude each other. What cannot be read excludes nothing.
fn is_empty(comparators: &str) -> bool {
    let mut all: Option<Range> = None;
    for comparator in joined(comparators).split_whitespace() {
        let Ok(range) = Range::parse(comparator) else { return false };
        all = match all {
            None => Some(range),
            Some(all) => match all.intersect(&range) {
                None => return true,
                both => both,
            },
        };
    }
    false
}

/// Comparators without spaces between an operator and its version.
fn joined(comparators: &str) -> String {
    let operator = |word: &str| word.chars().all(|c| "<>=~^".contains(c));
    let words = comparators.split_whitespace();
    words.fold(String::new(), |text, word| text + word + if operator(word) { "" } else { " " })
}

/// `.nvmrc` may have comments.
fn first_line(text: &str) -> String {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.into_iter().find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSIONS: [&str; 12] = [
        "18.20.8",
        "20.0.0",
        "20.19.5",
        "22.4.0",
        "22.21.1",
        "23.11.1",
        "24.0.0",
        "24.9.0",
        "24.11.1",
        "25.0.0-rc.1",
        "25.2.1",
        "26.1.0",
    ];

    fn choose(sources: Sources) -> String {
        let lines = Lines::parse(include_str!("../buildpack.toml")).unwrap();
        let listed = |version: &&str| {
            let dist = Distribution { integrity: Some("sha512-x".to_owned()) };
            ((*version).to_owned(), Listed { dist })
        };
        let index = Index { versions: VERSIONS.iter().map(listed).collect() };
        match Wish::read(sources, &lines).and_then(|wish| Ok((wish.choose(index, &lines)?, wish))) {
            Ok((release, wish)) => format!("{} for {wish}", release.version),
            Err(error) => format!("{error:?}"),
        }
    }

    fn check(text: &str) -> String {
        let chosen = choose(Sources { engines: Some(text.to_owned()), nvmrc: None, node_version: None });
        chosen.replace(" from `engines.node` in `package.json`", "")
    }

    #[test]
    fn ranges_as_npm_reads_them() {
        let texts = [
            "24.9.0",
            "v20",
            "20.x",
            "^22.4",
            "~24.9",
            ">=18 <23",
            ">=18",
            "18 - 20",
            "<20 || >24.99",
            "*",
            "lts/*",
            "lts/Iron",
            "jod",
            "node",
            "= 24.9.0",
            ">=20.0.0 <21 || ^22",
        ];
        let chosen: Vec<_> = texts.iter().map(|text| check(text)).collect();
        insta::assert_snapshot!(chosen.join("\n"), @r"
        24.9.0 for `24.9.0`
        20.19.5 for `v20`
        20.19.5 for `20.x`
        22.21.1 for `^22.4`
        24.9.0 for `~24.9`
        22.21.1 for `>=18 <23`
        24.11.1 for `>=18`
        20.19.5 for `18 - 20`
        26.1.0 for `<20 || >24.99`
        24.11.1 for `*`
        24.11.1 for `lts/*`
        20.19.5 for `lts/Iron`
        22.21.1 for `jod`
        26.1.0 for `node`
        24.9.0 for `= 24.9.0`
        22.21.1 for `>=20.0.0 <21 || ^22`
        ");
    }

    #[test]
    fn the_first_that_says_something_counts() {
        let sources = |engines: &str, nvmrc: &str, node_version: &str| Sources {
            engines: Some(engines.to_owned()),
            nvmrc: Some(nvmrc.to_owned()),
            node_version: Some(node_version.to_owned()),
        };
        insta::assert_snapshot!(choose(sources("22", "20", "18")), @"22.21.1 for `22` from `engines.node` in `package.json`");
        insta::assert_snapshot!(choose(sources("", "# old\n\nv20 # why\n", "18")), @"20.19.5 for `v20` from `.nvmrc`");
        insta::assert_snapshot!(choose(sources("", "\n", "18\n")), @"18.20.8 for `18` from `.node-version`");
        insta::assert_snapshot!(choose(sources("", "", "")), @"24.11.1 for `24` from the default");
    }

    #[test]
    fn what_does_not_exist_is_told_with_what_does() {
        insta::assert_snapshot!(check("24.99.0"), @r"
        node/version/unknown: there is no Node version `24.99.0`, which `engines.node` in `package.json` asks for
        hint: the nearest that exist are `24.11.1`, `25.2.1`
        ");
        insta::assert_snapshot!(check("^99"), @r"
        node/version/unknown: there is no Node version `^99`, which `engines.node` in `package.json` asks for
        hint: the nearest that exist are `26.1.0`
        ");
        insta::assert_snapshot!(check("25.0.0-rc.1"), @r"
        node/version/unknown: there is no Node version `25.0.0-rc.1`, which `engines.node` in `package.json` asks for
        hint: the nearest that exist are `24.11.1`, `25.2.1`
        ");
        let empty = [">20 <18", ">= 22 < 20 || ^18 ^20", ">20 <18 || 22", "18 - 20", "20 || <1 >2", "> 20 < 23"];
        insta::assert_snapshot!(empty.map(check).join("\n"), @r#"
        node/version/empty: no version of Node is in the range `>20 <18` of `engines.node` in `package.json`: its ends exclude each other
        hint: write a range that has versions in it, such as `>=18 <21`, or ranges with `||` between
        node/version/empty: no version of Node is in the range `>= 22 < 20 || ^18 ^20` of `engines.node` in `package.json`: its ends exclude each other
        hint: write a range that has versions in it, such as `>=18 <21`, or ranges with `||` between
        22.21.1 for `>20 <18 || 22`
        20.19.5 for `18 - 20`
        20.19.5 for `20 || <1 >2`
        22.21.1 for `> 20 < 23`
        "#);
        insta::assert_snapshot!(check("newest please"), @r"
        node/version/malformed: could not read the Node version `newest please` in `engines.node` in `package.json`: it is neither a version, nor a range, nor the name of a release line
        hint: write a version such as `24.1.0`, a range such as `24.x` or `^22.4`, or a line such as `lts/jod`
        ");
    }
}

//! The verdict of `detect`.

use crate::bindings::wattle::buildpack::types as host;
use crate::{Error, Result};
use serde::Serialize;

/// The verdict of `detect`: pass, in one or several ways, or skip and why.
///
/// ```
/// # use wattle_buildpack::Detection;
/// # #[derive(serde::Serialize)] struct Wanted { version: &'static str }
/// # let wanted = Wanted { version: "24" };
/// let one = Detection::pass().provides("node").requires(("node", &wanted));
/// let either = Detection::pass().provides("node").or().requires("node");
/// let no = Detection::skip("there is no `package.json`");
/// ```
#[derive(Debug)]
pub struct Detection(Verdict);

#[derive(Debug)]
enum Verdict {
    Pass(Vec<Alternative>),
    Skip(String),
}

#[derive(Debug, Default)]
struct Alternative {
    provides: Vec<String>,
    requires: Vec<Requirement>,
}

impl Detection {
    /// This buildpack can build the application. It provides and requires nothing unless more is said.
    pub fn pass() -> Self {
        Self(Verdict::Pass(Vec::new()))
    }

    /// It has nothing to do here, and why, in a few words: "there is no `package.json`".
    pub fn skip(why: impl Into<String>) -> Self {
        Self(Verdict::Skip(why.into()))
    }

    /// It provides this to itself and to later buildpacks. Says nothing after [`Detection::skip`].
    #[must_use]
    pub fn provides(self, name: impl Into<String>) -> Self {
        self.edit(|alternative| alternative.provides.push(name.into()))
    }

    /// It requires this from itself or an earlier buildpack: a name, or a name and what the provider should know about
    /// it. Says nothing after [`Detection::skip`].
    #[must_use]
    pub fn requires(self, requirement: impl Into<Requirement>) -> Self {
        self.edit(|alternative| alternative.requires.push(requirement.into()))
    }

    /// Starts another way of taking part, worse than those before it. Says nothing after [`Detection::skip`].
    #[must_use]
    pub fn or(mut self) -> Self {
        if let Verdict::Pass(alternatives) = &mut self.0 {
            if alternatives.is_empty() {
                alternatives.push(Alternative::default());
            }
            alternatives.push(Alternative::default());
        }
        self
    }

    fn edit(mut self, edit: impl FnOnce(&mut Alternative)) -> Self {
        if let Verdict::Pass(alternatives) = &mut self.0 {
            let mut last = alternatives.pop().unwrap_or_default();
            edit(&mut last);
            alternatives.push(last);
        }
        self
    }

    pub(crate) fn into_host(self) -> Result<host::Detection> {
        match self.0 {
            Verdict::Skip(why) => Ok(host::Detection::Skip(why)),
            Verdict::Pass(alternatives) => {
                alternatives.into_iter().map(Alternative::into_host).collect::<Result<_>>().map(host::Detection::Pass)
            }
        }
    }
}

impl Alternative {
    fn into_host(self) -> Result<host::Alternative> {
        let requires = self.requires.into_iter().map(Requirement::into_host).collect::<Result<_>>()?;
        Ok(host::Alternative { provides: self.provides, requires })
    }
}

/// Something that a buildpack needs: a name, and what its provider should know.
#[derive(Debug)]
pub struct Requirement {
    name: String,
    metadata: Metadata,
}

/// JSON text; empty for nothing. What could not be written is told when the requirement is used.
type Metadata = std::result::Result<String, String>;

impl Requirement {
    fn into_host(self) -> Result<host::Requirement> {
        let Self { name, metadata } = self;
        match metadata {
            Ok(metadata) => Ok(host::Requirement { name, metadata }),
            Err(why) => Err(Error::internal(
                "buildpack/requirement/metadata",
                format!("could not write the metadata of requirement `{name}` as a JSON object"),
            )
            .detail(why)),
        }
    }
}

impl From<&str> for Requirement {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), metadata: Ok(String::new()) }
    }
}

impl From<String> for Requirement {
    fn from(name: String) -> Self {
        Self { name, metadata: Ok(String::new()) }
    }
}

impl<T: Serialize> From<(&str, &T)> for Requirement {
    fn from((name, metadata): (&str, &T)) -> Self {
        Self { name: name.to_owned(), metadata: object_text(metadata) }
    }
}

fn object_text<T: Serialize>(metadata: &T) -> Metadata {
    match serde_json::to_value(metadata) {
        Ok(object @ serde_json::Value::Object(_)) => Ok(object.to_string()),
        Ok(other) => Err(format!("it is `{other}`")),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn check(detection: Detection) -> String {
        match detection.into_host() {
            Ok(host::Detection::Skip(why)) => format!("skip: {why}"),
            Ok(host::Detection::Pass(ways)) => ways
                .iter()
                .map(|way| {
                    let requires: Vec<_> = way.requires.iter().map(|r| format!("{}{}", r.name, r.metadata)).collect();
                    format!("provides {:?} requires {requires:?}", way.provides)
                })
                .collect::<Vec<_>>()
                .join(" or "),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn verdicts() {
        let wanted = BTreeMap::from([("version", "24")]);
        insta::assert_snapshot!(check(Detection::pass()), @"");
        insta::assert_snapshot!(check(Detection::skip("no")), @"skip: no");
        insta::assert_snapshot!(check(Detection::skip("no").provides("x").or()), @"skip: no");
        insta::assert_snapshot!(
            check(Detection::pass().provides("node").requires(("node", &wanted)).or().requires("node")),
            @r#"provides ["node"] requires ["node{\"version\":\"24\"}"] or provides [] requires ["node"]"#
        );
        insta::assert_snapshot!(
            check(Detection::pass().or().provides("a")),
            @r#"provides [] requires [] or provides ["a"] requires []"#
        );
    }

    #[test]
    fn metadata_must_be_an_object() {
        insta::assert_snapshot!(check(Detection::pass().requires(("node", &24))), @r"
        buildpack/requirement/metadata: could not write the metadata of requirement `node` as a JSON object
          it is `24`
        ");
    }
}

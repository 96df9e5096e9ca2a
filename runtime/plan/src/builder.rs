//! `builder.toml`, as far as it says which buildpacks there are to try.

use crate::{Document, DocumentError, Order, order};
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

/// What a builder is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder {
    /// What it is for.
    pub description: String,
    /// The candidates.
    pub order: Order,
    /// Keys that are in the file and mean nothing here, each a sentence.
    pub warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Raw {
    #[serde(default)]
    description: String,
    order: Vec<Spanned<order::RawOrder>>,
    order_extensions: Option<Spanned<IgnoredAny>>,
}

/// Keys that are read, for whoever misspells one.
const KEYS: [&str; 7] = [
    "description",
    "order",
    "order.group",
    "order.group.id",
    "order.group.version",
    "order.group.optional",
    "order.group.exec-env",
];

impl Builder {
    /// Reads the text of `builder.toml`; `file` names it in errors.
    ///
    /// # Errors
    /// Where the text is no TOML, has no order, or has extensions, which need a Dockerfile to be built.
    pub fn parse(file: &str, text: &str) -> Result<Builder, DocumentError> {
        let document = Document { file, text };
        let (raw, unknown) = document.read::<Raw>()?;
        if let Some(extensions) = raw.order_extensions {
            return Err(
                document.error(extensions.span(), "image extensions are made of Dockerfiles, which are not run here")
            );
        }
        Ok(Builder {
            description: raw.description,
            order: order::read(&document, &raw.order, false)?,
            warnings: document.unknown(&unknown, &KEYS),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_order_and_says_what_has_no_effect() {
        let text = r#"
            description = "everything"
            [[buildpacks]]
            uri = "node"
            [[order]]
            [[order.group]]
            id = "wattle/node"
            version = "1.0.0"
            [[order.group]]
            id = "wattle/procfile"
            optional = true
        "#;
        let builder = Builder::parse("builder.toml", text).unwrap();
        let optional: Vec<_> = builder.order.0[0].0.iter().map(|entry| entry.optional).collect();
        assert_eq!(optional, [false, true]);
        assert_eq!(builder.warnings, ["`builder.toml`: `buildpacks` is unknown and has no effect"]);
    }

    #[test]
    fn points_at_what_is_wrong() {
        let check = |text: &str| Builder::parse("b.toml", text).unwrap_err().to_string();
        insta::assert_snapshot!(check("order = 1"), @"b.toml:1:9: invalid type: integer `1`, expected a sequence");
        insta::assert_snapshot!(check("[[order]]\ngroup = []"), @"b.toml:1:1: expected at least one `[[order.group]]` in this `[[order]]`");
        insta::assert_snapshot!(check("[[order]]\n[[order.group]]\nid = \"a_b\""), @"b.toml:3:6: `a_b` is not the id of a buildpack: expected letters, digits, `.`, `/` and `-`");
    }

    #[test]
    fn x13_an_order_of_extensions_is_refused() {
        let check = |text: &str| Builder::parse("b.toml", text).unwrap_err().to_string();
        insta::assert_snapshot!(check("order = []\n[[order-extensions]]"), @"b.toml:2:1: image extensions are made of Dockerfiles, which are not run here");
    }
}

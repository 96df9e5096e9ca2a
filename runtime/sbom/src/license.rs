//! What authors say of their licence.

use serde::{Deserialize, Serialize};
use spdx::{Expression, ParseMode};

/// A licence, as its author names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum License {
    /// An expression of licences that SPDX knows, `MIT OR Apache-2.0` (SPDX specification 2.3, annex D).
    Expression(String),
    /// Any other text, such as `SEE LICENSE IN LICENSE.txt`.
    Name(String),
}

impl License {
    /// What `text` says; none if it says nothing.
    pub fn new(text: &str) -> Option<License> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        Some(match Expression::parse_mode(text, ParseMode::STRICT) {
            Ok(_) => License::Expression(text.to_owned()),
            Err(_) => License::Name(text.to_owned()),
        })
    }

    /// As it was said.
    pub fn text(&self) -> &str {
        match self {
            License::Expression(text) | License::Name(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_spdx_knows_is_an_expression() {
        let expression = |text| matches!(License::new(text), Some(License::Expression(_)));
        assert!(
            expression("MIT")
                && expression("(MIT OR Apache-2.0)")
                && expression(" GPL-2.0-only WITH Classpath-exception-2.0")
        );
        assert!(!expression("Apache 2") && !expression("SEE LICENSE IN x") && !expression("UNLICENSED"));
        assert_eq!(License::new(" "), None);
    }
}

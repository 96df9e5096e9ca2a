//! Paragraphs of control data (Debian Policy, section 5.1), and fields that must be there.

use deb822_fast::borrowed::{BorrowedParagraph, BorrowedParser};
use std::str::FromStr;
use wattle_tree::Digest;

/// Control data that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Not a sequence of fields.
    #[error("it is not control data of Debian's: expected lines `Name: value`")]
    Syntax(#[source] deb822_fast::Error),
    /// Its bytes could not be had.
    #[error("cannot read its bytes")]
    Read(#[source] std::io::Error),
    /// Not one paragraph.
    #[error("it has {0} paragraphs of control data, and must have one")]
    Paragraphs(usize),
    /// A field is missing.
    #[error("it has no field `{0}`")]
    Missing(&'static str),
    /// A field makes no sense.
    #[error("its field `{field}` has the value `{value}`, which is not {expected}")]
    Invalid {
        /// Name of the field.
        field: &'static str,
        /// Its value, or the line of it that is wrong.
        value: String,
        /// What it should have been.
        expected: &'static str,
    },
}

/// One paragraph.
pub(crate) struct Paragraph<'a>(BorrowedParagraph<'a>);

impl<'a> Paragraph<'a> {
    /// Reads text that is one paragraph.
    pub(crate) fn only(text: &'a str) -> Result<Paragraph<'a>, ControlError> {
        let mut all = BorrowedParser::new(text).parse_all().map_err(ControlError::Syntax)?;
        match (all.pop(), all.len()) {
            (Some(paragraph), 0) => Ok(Paragraph(paragraph)),
            (None, _) => Err(ControlError::Paragraphs(0)),
            (Some(_), more) => Err(ControlError::Paragraphs(more + 1)),
        }
    }

    /// Reads text of any number of paragraphs.
    pub(crate) fn all(text: &'a str) -> Result<Vec<Paragraph<'a>>, ControlError> {
        let all = BorrowedParser::new(text).parse_all().map_err(ControlError::Syntax)?;
        Ok(all.into_iter().map(Paragraph).collect())
    }

    /// The value of a field that stands on one line.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.get_single(name).map(str::trim_end).filter(|value| !value.is_empty())
    }

    /// The value of a field that may go on over several lines, on one.
    pub(crate) fn folded(&self, name: &str) -> Option<String> {
        let lines = self.0.get(name)?;
        Some(lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" "))
    }

    /// The value of a field that must be there.
    pub(crate) fn need(&self, name: &'static str) -> Result<&'a str, ControlError> {
        self.get(name).ok_or(ControlError::Missing(name))
    }

    /// A field that must be there, read as something else than text.
    pub(crate) fn parse<T: FromStr>(&self, name: &'static str, expected: &'static str) -> Result<T, ControlError> {
        let value = self.need(name)?;
        value.parse().map_err(|_| ControlError::Invalid { field: name, value: value.to_owned(), expected })
    }

    /// The `SHA256` field of a package.
    pub(crate) fn sha256(&self) -> Result<Digest, ControlError> {
        let value = self.need("SHA256")?;
        sha256(value).ok_or_else(|| not_a_digest(value))
    }

    /// The lines after the first of a field of several lines.
    pub(crate) fn lines(&self, name: &'static str) -> Result<impl Iterator<Item = &'a str>, ControlError> {
        let lines = self.0.get(name).ok_or(ControlError::Missing(name))?;
        Ok(lines.iter().copied().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().into_iter())
    }
}

/// A SHA-256 digest as control data writes it: digits alone.
pub(crate) fn sha256(hex: &str) -> Option<Digest> {
    format!("sha256:{hex}").parse().ok()
}

pub(crate) fn not_a_digest(value: &str) -> ControlError {
    ControlError::Invalid { field: "SHA256", value: value.to_owned(), expected: "a SHA-256 digest" }
}

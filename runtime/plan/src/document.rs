//! Reading TOML so that whoever wrote it is told where and what.

use serde::de::DeserializeOwned;
use std::ops::Range;

/// A TOML file: its name, for messages, and its text.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// Path as the user knows it.
    pub file: &'a str,
    /// All of it.
    pub text: &'a str,
}

/// What is wrong in a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct DocumentError {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is there and what was expected.
    pub message: String,
}

impl Document<'_> {
    /// Reads the file as a `T`; also gives the paths of keys that `T` does not know, such as `buildpack.colour`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<(T, Vec<String>), DocumentError> {
        let mut unknown = Vec::new();
        toml::Deserializer::parse(self.text)
            .and_then(|input| serde_ignored::deserialize(input, |path| unknown.push(key(&path))))
            .map(|value| (value, unknown))
            .map_err(|error| self.error(error.span().unwrap_or_default(), error.message()))
    }

    /// An error at these bytes of the text.
    pub fn error(&self, span: Range<usize>, message: impl Into<String>) -> DocumentError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        DocumentError {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: message.into(),
        }
    }
}

/// The path of a key without the question marks that stand for optional values.
fn key(path: &serde_ignored::Path) -> String {
    path.to_string().replace(".?", "")
}

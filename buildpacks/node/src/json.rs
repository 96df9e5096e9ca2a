//! Reading the JSON that people and npm write: strict about syntax, lenient about the parts that npm itself ignores.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use std::fs;
use std::path::Path;
use wattle_buildpack::{Error, Result};

/// A field of another shape than expected counts as left out, as npm has it: old packages have odd `engines`, `bin` and
/// `dependencies`, and a lock file repeats them.
pub(crate) fn lenient<'de, D, T>(deserializer: D) -> std::result::Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// The text of a file of the application.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| {
        Error::user("node/file/unreadable", format!("could not read `{}` as text", file_name(path))).source(error)
    })
}

/// Reads JSON; `file` is how the user knows it.
pub(crate) fn parse<T: DeserializeOwned>(text: &str, file: &str) -> Result<T> {
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| malformed(&error, file))
}

/// Says where and what was expected.
pub(crate) fn malformed(error: &serde_json::Error, file: &str) -> Error {
    let (line, column) = (error.line(), error.column());
    let what = error.to_string();
    let what = what.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&what);
    Error::user("node/json/malformed", format!("could not read `{file}`: line {line}, column {column}: {what}"))
        .hint(format!("correct line {line} of `{file}`"))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_pointed_at() {
        let error = parse::<serde_json::Value>("{\n  \"a\": 1\n  \"b\": 2\n}", "package.json").unwrap_err();
        insta::assert_snapshot!(format!("{error:?}"), @r"
        node/json/malformed: could not read `package.json`: line 3, column 3: expected `,` or `}`
        hint: correct line 3 of `package.json`
        ");
    }
}

//! Reading the JSON that people and npm write: strict about syntax, lenient about the parts that npm itself ignores.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;
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
    let file = file_name(path);
    let unreadable = |what: &str| Error::user("node/file/unreadable", format!("could not read `{file}` as text{what}"));
    let bytes = fs::read(path).map_err(|error| unreadable("").source(error))?;
    if matches!(bytes.as_slice(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..]) {
        return Err(unreadable(": it is in UTF-16").hint(format!("save `{file}` as UTF-8, which is what npm reads")));
    }
    String::from_utf8(bytes).map_err(|error| {
        unreadable(": it is not in UTF-8").source(error.utf8_error()).hint(format!("save `{file}` as UTF-8"))
    })
}

/// Reads JSON; `file` is how the user knows it.
pub(crate) fn parse<T: DeserializeOwned>(text: &str, file: &str) -> Result<T> {
    let text = text.trim_start_matches('\u{feff}');
    if let Ok(value) = serde_json::from_str::<&RawValue>(text) {
        is_object(value.get(), file)?;
    }
    serde_json::from_str(text).map_err(|error| malformed(&error, file))
}

/// Whatever npm writes is an object.
fn is_object(value: &str, file: &str) -> Result<()> {
    let what = match value.chars().next() {
        Some('{') => return Ok(()),
        Some('[') => "a list",
        Some('"') => "a text",
        _ => "a single value",
    };
    Err(Error::user(
        "node/json/shape",
        format!("could not read `{file}`: it is {what}, and should be an object, `{{ … }}`"),
    )
    .hint(format!("write names and values into `{file}`, such as `{{ \"name\": \"shop\" }}`")))
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

    #[test]
    fn npm_writes_objects() {
        let check = |text| parse::<serde_json::Value>(text, "package.json").map_err(|error| format!("{error:?}"));
        assert!(check("\u{feff}{}").is_ok());
        insta::assert_snapshot!(check(" []").unwrap_err(), @r#"
        node/json/shape: could not read `package.json`: it is a list, and should be an object, `{ … }`
        hint: write names and values into `package.json`, such as `{ "name": "shop" }`
        "#);
        insta::assert_snapshot!(check("null").unwrap_err(), @r#"
        node/json/shape: could not read `package.json`: it is a single value, and should be an object, `{ … }`
        hint: write names and values into `package.json`, such as `{ "name": "shop" }`
        "#);
        insta::assert_snapshot!(check("").unwrap_err(), @r#"
        node/json/malformed: could not read `package.json`: line 1, column 0: EOF while parsing a value
        hint: correct line 1 of `package.json`
        "#);
    }
}

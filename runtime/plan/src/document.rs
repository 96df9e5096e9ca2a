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
    /// The line as it stands in the file.
    pub text: String,
}

impl DocumentError {
    /// The line, and a mark below the place, each a line to show.
    pub fn excerpt(&self) -> Vec<String> {
        let text = self.text.replace('\t', " ");
        if self.is_about_all() || text.trim().is_empty() {
            return Vec::new();
        }
        let margin = self.line.to_string();
        let place = " ".repeat(self.column - 1);
        vec![format!("{margin} | {text}"), format!("{:1$} | {place}^", "", margin.len())]
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        let line = if self.is_about_all() { String::new() } else { format!("line {} of ", self.line) };
        format!("correct {line}`{}`", self.file)
    }

    /// What is missing from the file is said of its beginning.
    fn is_about_all(&self) -> bool {
        (self.line, self.column) == (1, 1)
    }
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

    /// A sentence about each of these keys, which the file has and nobody reads. `known` are the paths of keys that somebody
    /// reads, such as `order.group.id`: the most similar one in the same table may be what was meant.
    pub fn unknown(&self, keys: &[String], known: &[&str]) -> Vec<String> {
        let sentence = |key: &String| {
            let meant = nearest(key, known).map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
            format!("`{}`: `{key}` is unknown and has no effect{meant}", self.file)
        };
        keys.iter().map(sentence).collect()
    }

    /// An error at these bytes of the text.
    pub fn error(&self, span: Range<usize>, message: impl Into<String>) -> DocumentError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[line_start..].lines().next().unwrap_or_default();
        DocumentError {
            text: line.to_owned(),
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: message.into(),
        }
    }
}

/// The path of a key without what stands for optional values and for values whose place is known.
fn key(path: &serde_ignored::Path) -> String {
    path.to_string().replace(".?", "").replace(".$__serde_spanned_private_value", "")
}

/// The name of the known key that is spelled most like this one, if any is.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    // What stands in a list is found by its position, which does not matter here.
    let is_position = |name: &&str| name.bytes().all(|byte| byte.is_ascii_digit());
    let names: Vec<&str> = key.split('.').filter(|name| !is_position(name)).collect();
    let (name, table) = names.split_last()?;
    let table = table.join(".");
    let in_table = known.iter().map(|known| known.rsplit_once('.').unwrap_or(("", known)));
    let distances = in_table
        .filter(|(parent, _)| *parent == table)
        .map(|(_, known)| (strsim::damerau_levenshtein(&name.to_lowercase(), known), known));
    let (distance, known) = distances.min()?;
    (distance <= 1 + name.len() / 5).then_some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_unknown_is_told_the_nearest_one_in_its_table() {
        let known = ["output", "run-image", "registries", "order.group.id", "order.group.optional"];
        let check = |key: &str| nearest(key, &known);
        assert_eq!(
            ["outptu", "Output", "run_image", "registrys"].map(check),
            [Some("output"), Some("output"), Some("run-image"), Some("registries")]
        );
        assert_eq!(["order.1.group.0.optoinal", "order.0.group.0.ids"].map(check), [Some("optional"), Some("id")]);
        assert_eq!(["optional", "order.0.output", "colour", "x", "1"].map(check), [None; 5]);
    }

    #[test]
    fn an_error_shows_its_line() {
        let text = "a = 1\n\tb = größer\n";
        let document = Document { file: "x.toml", text };
        let error = document.error(text.find("ößer").unwrap()..0, "no");
        assert_eq!((error.line, error.column), (2, 8));
        assert_eq!(error.excerpt(), ["2 |  b = größer", "  |        ^"]);
        assert_eq!(error.hint(), "correct line 2 of `x.toml`");
        assert_eq!(document.error(text.len()..0, "no").excerpt(), [""; 0]);
        let missing = document.error(0..0, "no");
        assert_eq!((missing.excerpt(), missing.hint()), (Vec::new(), "correct `x.toml`".to_owned()));
    }
}

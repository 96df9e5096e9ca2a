//! Taking out of a text what differs from run to run.

use regex::Regex;
use std::path::Path;
use std::sync::LazyLock;

static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        (r"sha256:[0-9a-f]{12,64}", "[digest]"),
        (r"sha(256|384|512)-[A-Za-z0-9+/]{20,}=*", "[integrity]"),
        (r"/\.?(wattle-|partial-|tmp|\d+-)[A-Za-z0-9]{6}\b", "/[temporary]"),
        (r"\b[0-9a-f]{64}\b", "[hex]"),
        (r"\.rs:\d+:\d+", ".rs:[line]"),
        (r"127\.0\.0\.1:\d+", "[server]"),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "[now]"),
        (r"\b\d+(\.\d+)? (B|kB|MB|GB)\b", "[size]"),
        (r"\b(\d+ min )?\d+(\.\d+)? (ms|s)\b", "[time]"),
    ];
    patterns.map(|(pattern, name)| (Regex::new(pattern).expect("the pattern is right"), name)).into()
});

/// What is taken out, besides digests, sizes, times and servers of this machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Redaction {
    paths: Vec<(String, String)>,
}

/// A text without digests, sizes, times and servers of this machine.
pub fn redacted(text: &str) -> String {
    Redaction::default().apply(text)
}

impl Redaction {
    /// Shows a path, and what is below it, by a name.
    pub(crate) fn path(&mut self, path: &Path, name: &str) {
        self.paths.push((path.to_string_lossy().into_owned(), format!("[{name}]")));
        // The longest first: one may lie in another.
        self.paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    }

    pub(crate) fn apply(&self, text: &str) -> String {
        let text = self.paths.iter().fold(text.to_owned(), |text, (path, name)| text.replace(path, name));
        PATTERNS.iter().fold(text, |text, (pattern, name)| pattern.replace_all(&text, *name).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let mut redaction = Redaction::default();
        redaction.path(Path::new("/some/where"), "app");
        redaction.path(Path::new("/some/where/store"), "store");
        let text = format!(
            "/some/where/x, /some/where/store/v1: sha256:{} has 4.2 MB from 127.0.0.1:4711 in 1 min 3 s, 24.1.0",
            "a".repeat(64)
        );
        assert_eq!(redaction.apply(&text), "[app]/x, [store]/v1: [digest] has [size] from [server] in [time], 24.1.0");
    }
}

//! The line format that npm, pip and Go keep their settings in: `[section]`, `name = value`, comments.

/// A line that sets something.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// The section that it is in; empty before the first.
    pub(super) section: &'a str,
    /// Its name, as written.
    pub(super) name: &'a str,
    /// Its value, as written, quotes and all.
    pub(super) value: &'a str,
}

/// The lines of `text` that set something.
pub(super) fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut section = "";
    let mut entries = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim();
        } else if let Some((name, value)) = line.split_once('=') {
            entries.push(Entry { section, name: name.trim(), value: value.trim() });
        }
    }
    entries
}

//! The text of one index, and where in it the packages stand.

use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;
use std::sync::Arc;

/// The fields that are kept of an entry. The others, descriptions and tags above all, are half of the text.
const FIELDS: [&str; 17] = [
    "Package",
    "Version",
    "Architecture",
    "Filename",
    "Size",
    "SHA256",
    "Source",
    "Installed-Size",
    "Priority",
    "Essential",
    "Pre-Depends",
    "Depends",
    "Recommends",
    "Provides",
    "Conflicts",
    "Breaks",
    "Replaces",
];

/// One index. Its text is tens of megabytes: shared, and never copied once it is read.
#[derive(Debug, Clone)]
pub(super) struct Source {
    archive: Arc<str>,
    text: Arc<String>,
    /// Sorted by name, and of one name in the order of the index.
    entries: Arc<[Entry]>,
    /// Sorted by the name that is stood for.
    provided: Arc<[Provided]>,
}

/// Where something stands. No index has four gigabytes.
#[derive(Debug, Clone, Copy)]
struct Span(u32, u32);

impl Span {
    fn new(range: Range<usize>) -> Span {
        Span(u32::try_from(range.start).unwrap_or(u32::MAX), u32::try_from(range.end).unwrap_or(u32::MAX))
    }

    fn of(self, text: &str) -> &str {
        text.get(self.0 as usize..self.1 as usize).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    name: Span,
    paragraph: Span,
}

#[derive(Debug, Clone, Copy)]
struct Provided {
    name: Span,
    by: Span,
}

impl Source {
    /// Reads the index of an archive to its end.
    pub(super) fn read(archive: &str, reader: impl Read) -> io::Result<Source> {
        let text = kept(reader)?;
        let (mut entries, mut provided) = (Vec::new(), Vec::new());
        let mut start = 0;
        for paragraph in text.split_inclusive("\n\n") {
            note(&text, start..start + paragraph.len(), &mut entries, &mut provided);
            start += paragraph.len();
        }
        entries.sort_by(|one, other| one.name.of(&text).cmp(other.name.of(&text)));
        provided.sort_by(|one, other| one.name.of(&text).cmp(other.name.of(&text)));
        Ok(Source { archive: archive.into(), text: Arc::new(text), entries: entries.into(), provided: provided.into() })
    }

    pub(super) fn archive(&self) -> &Arc<str> {
        &self.archive
    }

    /// The paragraphs of all packages of this name.
    pub(super) fn entries(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = named(&self.entries, |entry| entry.name.of(&self.text).cmp(name));
        found.iter().map(|entry| entry.paragraph.of(&self.text))
    }

    /// The names of packages that stand for this name.
    pub(super) fn providers(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = named(&self.provided, |provided| provided.name.of(&self.text).cmp(name));
        found.iter().map(|provided| provided.by.of(&self.text))
    }

    /// The names of all packages, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.of(&self.text))
    }
}

/// The part of a sorted list that compares as equal.
fn named<T>(sorted: &[T], compare: impl Fn(&T) -> std::cmp::Ordering) -> &[T] {
    let start = sorted.partition_point(|item| compare(item).is_lt());
    let count = sorted[start..].partition_point(|item| compare(item).is_eq());
    &sorted[start..start + count]
}

/// The lines of the fields that are kept, and the empty ones between paragraphs.
fn kept(reader: impl Read) -> io::Result<String> {
    let mut reader = BufReader::with_capacity(64 << 10, reader);
    let mut text = Vec::new();
    let mut keeping = false;
    loop {
        let start = text.len();
        if reader.read_until(b'\n', &mut text)? == 0 {
            break;
        }
        let line = &text[start..];
        let is_blank = line.trim_ascii().is_empty();
        if !is_blank && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            keeping = is_kept(line);
        }
        if is_blank {
            text.truncate(start);
            text.push(b'\n');
        } else if !keeping {
            text.truncate(start);
        }
    }
    text.shrink_to_fit();
    String::from_utf8(text).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

fn is_kept(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field.as_bytes()))
}

/// Notes whose paragraph this is, and what the package stands for.
fn note(text: &str, range: Range<usize>, entries: &mut Vec<Entry>, provided: &mut Vec<Provided>) {
    let paragraph = &text[range.clone()];
    let at = |part: &str| Span::new(offset(text, part)..offset(text, part) + part.len());
    let field = |name: &str| paragraph.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let Some(name) = field("Package").map(str::trim) else { return };
    entries.push(Entry { name: at(name), paragraph: Span::new(range) });
    for item in field("Provides").into_iter().flat_map(|list| list.split(',')) {
        let end = |byte: char| byte.is_ascii_whitespace() || matches!(byte, '(' | ':');
        if let Some(virtual_name) = item.trim().split(end).next().filter(|name| !name.is_empty()) {
            provided.push(Provided { name: at(virtual_name), by: at(name) });
        }
    }
}

/// Where a part of a text stands in it.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

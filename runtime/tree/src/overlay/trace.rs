//! What a guest learned of the trees that it was given.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::BitOr;
use std::sync::Arc;

/// What was learned of one path; several at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Seen(u8);

impl Seen {
    /// The contents of a file: read, or kept in part, or under another name. Of a directory that was moved: all that is in it.
    pub const READ: Seen = Seen(1);
    /// That it exists, what it is and how long it is.
    pub const STAT: Seen = Seen(2);
    /// The names in a directory and what they are, and so the names that are not in it.
    pub const LIST: Seen = Seen(4);
    /// The target of a symbolic link.
    pub const READLINK: Seen = Seen(8);
    /// That there is nothing of this name.
    pub const ABSENT: Seen = Seen(16);

    const WORDS: [(Seen, &str); 5] = [
        (Seen::READ, "read"),
        (Seen::STAT, "stat"),
        (Seen::LIST, "list"),
        (Seen::READLINK, "readlink"),
        (Seen::ABSENT, "absent"),
    ];

    /// True if all of `other` is in it.
    pub fn contains(self, other: Seen) -> bool {
        self.0 & other.0 == other.0
    }

    /// True if nothing was learned.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Seen {
    type Output = Seen;

    fn bitor(self, other: Seen) -> Seen {
        Seen(self.0 | other.0)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> =
            Seen::WORDS.iter().filter(|(seen, _)| self.contains(*seen)).map(|(_, word)| *word).collect();
        f.write_str(&words.join(" "))
    }
}

/// What was learned of which paths, sorted by path. Paths are from the root without a leading slash; the root's is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace(Vec<(String, Seen)>);

impl Trace {
    /// Each path and what was learned of it.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Seen)> {
        self.0.iter().map(|(path, seen)| (path.as_str(), *seen))
    }

    /// True if nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Trace {
    type Item = (String, Seen);
    type IntoIter = std::vec::IntoIter<(String, Seen)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Trace {
    /// A line for each path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(path, seen)| writeln!(f, "/{path}: {seen}"))
    }
}

/// Collects a trace. Each node that was found in a tree has a place here, by which its path can be told even after the
/// guest has moved or removed it. There are at most as many as the trees have nodes.
pub(super) struct Recorder {
    origins: Vec<Origin>,
    /// The places of what the host put somewhere, to be used again when it puts something else there.
    paths: BTreeMap<Arc<str>, u32>,
    missed: usize,
    limit: usize,
}

struct Origin {
    parent: u32,
    /// A name, or several with slashes between them.
    name: Arc<str>,
    seen: Seen,
    missed: BTreeSet<Box<str>>,
}

impl Recorder {
    /// Where the root of the overlay comes from.
    pub(super) const ROOT: u32 = 0;

    /// Keeps at most `limit` names that were looked up in vain.
    pub(super) fn new(limit: usize) -> Recorder {
        let mut recorder = Recorder { origins: Vec::new(), paths: BTreeMap::new(), missed: 0, limit };
        recorder.add(Recorder::ROOT, "".into());
        recorder
    }

    /// A place for what was found as `name` in the directory with the place `parent`.
    pub(super) fn add(&mut self, parent: u32, name: Arc<str>) -> u32 {
        self.origins.push(Origin { parent, name, seen: Seen::default(), missed: BTreeSet::new() });
        u32::try_from(self.origins.len() - 1).unwrap_or(u32::MAX)
    }

    /// A place for what the host put at `path`.
    pub(super) fn add_path(&mut self, path: &str) -> u32 {
        if let Some(known) = self.paths.get(path) {
            return *known;
        }
        let path: Arc<str> = path.into();
        let origin = self.add(Recorder::ROOT, path.clone());
        self.paths.insert(path, origin);
        origin
    }

    pub(super) fn see(&mut self, origin: u32, seen: Seen) {
        let Some(origin) = self.origins.get_mut(origin as usize) else { return };
        origin.seen = origin.seen | seen;
        // The names that are not there follow from those that are.
        if seen.contains(Seen::LIST) {
            self.missed -= std::mem::take(&mut origin.missed).len();
        }
    }

    /// Remembers that the directory had no `name`.
    pub(super) fn miss(&mut self, origin: u32, name: &str) {
        let Some(place) = self.origins.get_mut(origin as usize) else { return };
        if place.seen.contains(Seen::LIST) || place.missed.contains(name) {
            return;
        }
        if self.missed >= self.limit {
            return self.see(origin, Seen::LIST);
        }
        place.missed.insert(name.into());
        self.missed += 1;
    }

    pub(super) fn trace(&self) -> Trace {
        let mut all: BTreeMap<String, Seen> = BTreeMap::new();
        let mut add = |path, seen| {
            let known = all.entry(path).or_default();
            *known = *known | seen;
        };
        for origin in &self.origins {
            if origin.seen.is_empty() && origin.missed.is_empty() {
                continue;
            }
            let path = self.path(origin);
            for name in &origin.missed {
                add(join(&path, name), Seen::ABSENT);
            }
            if !origin.seen.is_empty() {
                add(path, origin.seen);
            }
        }
        Trace(all.into_iter().collect())
    }

    fn path<'a>(&'a self, mut origin: &'a Origin) -> String {
        let mut path = origin.name.to_string();
        while origin.parent != Recorder::ROOT {
            origin = &self.origins[origin.parent as usize];
            path = join(&origin.name, &path);
        }
        path
    }
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

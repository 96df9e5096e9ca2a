//! The tree itself.

use crate::{Algorithm, Blob, Digest, Hasher};
use std::collections::{BTreeMap, btree_map};
use std::io;
use std::sync::{Arc, OnceLock};

/// How many directories may stand inside one another, the root not counted. What recurses over trees relies on it.
pub const MAX_DEPTH: usize = 128;
/// Longest name of an entry, in bytes.
pub const MAX_NAME: usize = 255;

/// A directory as a value: names, sorted by their bytes, and what they stand for. Cloning shares everything.
#[derive(Clone, Default)]
pub struct Tree(Arc<Inner>);

#[derive(Default)]
struct Inner {
    entries: BTreeMap<Arc<str>, Node>,
    digest: OnceLock<Digest>,
}

impl Clone for Inner {
    /// A copy that is about to be changed: its digest is no longer known.
    fn clone(&self) -> Inner {
        Inner { entries: self.entries.clone(), digest: OnceLock::new() }
    }
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Node {
    /// A directory.
    Directory(Tree),
    /// A regular file.
    File(File),
    /// A symbolic link and its target, verbatim.
    Symlink(Arc<str>),
}

/// A regular file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its contents.
    pub blob: Blob,
    /// Whether it may be executed. The only permission that a tree knows.
    pub executable: bool,
}

/// A path that a tree cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Not a sequence of names.
    #[error("`{path}` is not a path inside a tree: {reason}")]
    Invalid {
        /// The path, as given.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Something on the way is a file or a link.
    #[error("`{0}` is not a directory")]
    NotADirectory(String),
}

/// Checks one name of a path: not empty, no `/` or NUL, not `.` or `..`, at most [`MAX_NAME`] bytes.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("a name is empty"),
        "." | ".." => Err("`.` and `..` are no names"),
        _ if name.len() > MAX_NAME => Err("a name is longer than 255 bytes"),
        _ if name.contains(['/', '\0']) => Err("a name has a slash or a NUL in it"),
        _ => Ok(()),
    }
}

/// The names of a relative path, each checked. An empty path has none.
pub fn components(path: &str) -> Result<Vec<&str>, PathError> {
    let invalid = |reason| PathError::Invalid { path: path.to_owned(), reason };
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = path.split('/').collect();
    for name in &names {
        check_name(name).map_err(invalid)?;
    }
    if names.len() > MAX_DEPTH {
        return Err(invalid("it is deeper than 128 directories"));
    }
    Ok(names)
}

impl Tree {
    /// An empty directory.
    pub fn new() -> Tree {
        Tree::default()
    }

    /// True if nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.entries.is_empty()
    }

    /// The entries of this directory alone, sorted by name.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Node)> {
        self.0.entries.iter()
    }

    /// The entry with this name, and the name as the tree keeps it.
    pub fn entry(&self, name: &str) -> Option<(&Arc<str>, &Node)> {
        self.0.entries.get_key_value(name)
    }

    /// What stands at `path`, `/` between names, without following links.
    pub fn get(&self, path: &str) -> Option<&Node> {
        let (head, tail) = path.split_once('/').map_or((path, None), |(head, tail)| (head, Some(tail)));
        match (self.0.entries.get(head)?, tail) {
            (node, None) => Some(node),
            (Node::Directory(tree), Some(tail)) => tree.get(tail),
            _ => None,
        }
    }

    /// The file at `path`.
    pub fn file(&self, path: &str) -> Option<&File> {
        match self.get(path) {
            Some(Node::File(file)) => Some(file),
            _ => None,
        }
    }

    /// The directory at `path`; the tree itself if the path is empty.
    pub fn directory(&self, path: &str) -> Option<&Tree> {
        match path {
            "" => Some(self),
            path => match self.get(path) {
                Some(Node::Directory(tree)) => Some(tree),
                _ => None,
            },
        }
    }

    /// Puts `node` at `path`, in place of what was there; missing directories on the way are made.
    pub fn insert(&mut self, path: &str, node: Node) -> Result<(), PathError> {
        let names = components(path)?;
        let Some((last, parents)) = names.split_last() else {
            return match node {
                Node::Directory(tree) => {
                    *self = tree;
                    Ok(())
                }
                _ => Err(PathError::NotADirectory(path.to_owned())),
            };
        };
        let mut tree = self;
        for name in parents {
            let next = tree.edit().entry((*name).into()).or_insert_with(|| Node::Directory(Tree::new()));
            let Node::Directory(next) = next else {
                return Err(PathError::NotADirectory((*name).to_owned()));
            };
            tree = next;
        }
        tree.edit().insert((*last).into(), node);
        Ok(())
    }

    /// Takes away what stands at `path` and gives it back.
    pub fn remove(&mut self, path: &str) -> Option<Node> {
        self.get(path)?;
        let (parents, last) = path.rsplit_once('/').unwrap_or(("", path));
        let mut tree = self;
        for name in parents.split('/').filter(|name| !name.is_empty()) {
            let Some(Node::Directory(next)) = tree.edit().get_mut(name) else { return None };
            tree = next;
        }
        tree.edit().remove(last)
    }

    /// The entries, to be changed: a copy of them if they are shared, and a digest that has to be computed anew.
    fn edit(&mut self) -> &mut BTreeMap<Arc<str>, Node> {
        let inner = Arc::make_mut(&mut self.0);
        inner.digest = OnceLock::new();
        &mut inner.entries
    }

    /// Everything below this directory, each directory before what is in it, names in byte order.
    pub fn walk(&self) -> Walk<'_> {
        Walk { stack: vec![(String::new(), self.0.entries.iter())] }
    }

    /// SHA-256 over names, kinds, executable bits, link targets and the digests of contents. Equal trees have equal
    /// digests wherever their contents live. Computed once for each directory; reads contents whose digest is not known.
    pub fn digest(&self) -> io::Result<Digest> {
        if let Some(digest) = self.0.digest.get() {
            return Ok(*digest);
        }
        let mut hasher = Hasher::new(Algorithm::Sha256);
        for (name, node) in &self.0.entries {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
            let (kind, digest) = match node {
                Node::Directory(tree) => (b"d", tree.digest()?),
                Node::File(file) => (if file.executable { b"x" } else { b"f" }, file.blob.digest()?),
                Node::Symlink(target) => (b"l", Digest::of(target.as_bytes())),
            };
            hasher.update(kind);
            hasher.update(digest.bytes());
        }
        Ok(*self.0.digest.get_or_init(|| hasher.finish()))
    }

    /// True if both are the very same value in memory. False says nothing.
    pub fn same(&self, other: &Tree) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl FromIterator<(Arc<str>, Node)> for Tree {
    /// A directory of these entries. Names must have passed [`check_name`].
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Node)>>(entries: I) -> Tree {
        Tree(Arc::new(Inner { entries: entries.into_iter().collect(), digest: OnceLock::new() }))
    }
}

impl Node {
    /// A file that may not be executed.
    pub fn file(contents: impl Into<Blob>) -> Node {
        Node::File(File { blob: contents.into(), executable: false })
    }

    /// A file that may be executed.
    pub fn program(contents: impl Into<Blob>) -> Node {
        Node::File(File { blob: contents.into(), executable: true })
    }

    /// A symbolic link.
    pub fn symlink(target: &str) -> Node {
        Node::Symlink(target.into())
    }
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.entries()).finish()
    }
}

/// One step of a [`Walk`].
#[derive(Debug)]
pub struct Entry<'a> {
    /// Path from the root of the walk, `/` between names.
    pub path: String,
    /// What is there.
    pub node: &'a Node,
}

/// Iterator over everything below a directory.
pub struct Walk<'a> {
    stack: Vec<(String, btree_map::Iter<'a, Arc<str>, Node>)>,
}

impl<'a> Iterator for Walk<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let (prefix, entries) = self.stack.last_mut()?;
            let Some((name, node)) = entries.next() else {
                self.stack.pop();
                continue;
            };
            let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}/{name}") };
            if let Node::Directory(tree) = node {
                self.stack.push((path.clone(), tree.0.entries.iter()));
            }
            return Some(Entry { path, node });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Tree {
        let mut tree = Tree::new();
        tree.insert("bin/tool", Node::program("#!")).unwrap();
        tree.insert("bin/alias", Node::symlink("tool")).unwrap();
        tree.insert("a-b", Node::file("1")).unwrap();
        tree.insert("a/z", Node::file("2")).unwrap();
        tree
    }

    #[test]
    fn walks_depth_first_in_byte_order_of_names() {
        let paths: Vec<_> = sample().walk().map(|entry| entry.path).collect();
        assert_eq!(paths, ["a", "a/z", "a-b", "bin", "bin/alias", "bin/tool"]);
    }

    #[test]
    fn equal_trees_have_equal_digests_however_they_were_made() {
        let mut other = sample();
        let before = other.digest().unwrap();
        let removed = other.remove("bin/tool").unwrap();
        assert_ne!(other.digest().unwrap(), before);
        other.insert("bin/tool", removed).unwrap();
        assert_eq!(other.digest().unwrap(), before);
        other.insert("bin/tool", Node::file("#!")).unwrap();
        assert_ne!(other.digest().unwrap(), before, "the executable bit counts");
    }

    #[test]
    fn a_change_deep_inside_changes_the_digest_of_the_root() {
        let mut tree = sample();
        let before = tree.digest().unwrap();
        tree.insert("a/z", Node::file("3")).unwrap();
        assert_ne!(tree.digest().unwrap(), before);
        assert_eq!(sample().digest().unwrap(), before);
    }

    #[test]
    fn refuses_paths_that_are_no_sequence_of_names() {
        for bad in ["/a", "a/", "a//b", ".", "a/../b", "a\0", &"n".repeat(256), &"d/".repeat(200)] {
            assert!(Tree::new().insert(bad, Node::file("")).is_err(), "{bad}");
        }
        let mut tree = sample();
        assert_eq!(tree.insert("a-b/c", Node::file("")), Err(PathError::NotADirectory("a-b".into())));
        assert!(tree.remove("a-b/c").is_none());
        assert!(tree.remove("nothing").is_none());
    }
}

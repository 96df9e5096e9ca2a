//! What goes into a layer.

use std::collections::{BTreeMap, BTreeSet};
use wattle_tree::{Node, Tree};

/// Whose files they are, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl Owner {
    /// The superuser.
    pub const ROOT: Owner = Owner { uid: 0, gid: 0 };
}

/// A tree and its place in the image.
#[derive(Debug, Clone)]
pub struct Root {
    /// Absolute path of the directory, `/layers/wattle_node/runtime`. Its parents become directories with mode 0755.
    pub path: String,
    /// To whom the parents belong, unless those of another root of the layer are the same directories.
    pub parents: Owner,
    /// What is in it.
    pub tree: Tree,
    /// To whom the directory and everything in it belongs.
    pub owner: Owner,
}

/// In which order the entries follow. Any is good for a container; these are those of the reference implementation, for
/// the sake of equal digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// A directory, then all that is in it, then its next sibling: `a`, `a/z`, `a-b`.
    Directories,
    /// By the bytes of the whole path: `a`, `a-b`, `a/z`. For the application.
    Paths,
}

/// To whom a path belongs, and its mode, where these are not the usual ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// To whom it belongs.
    pub owner: Owner,
    /// Permission bits, and those for setting user and group and for sticking.
    pub mode: u32,
}

/// The contents of a layer.
#[derive(Debug, Clone)]
pub struct Source {
    roots: Vec<Root>,
    order: Order,
    /// By absolute path.
    attributes: BTreeMap<String, Attributes>,
}

/// Roots that no layer can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Not an absolute path of plain names.
    #[error("`{0}` is not the absolute path of a directory in an image")]
    Path(String),
    /// Two roots of which one is in the other.
    #[error("`{outer}` and `{inner}` cannot both be roots of a layer: one contains the other")]
    Overlap {
        /// The one that contains.
        outer: String,
        /// The one that is contained.
        inner: String,
    },
}

/// One entry of the tar stream.
pub(super) struct Entry<'a> {
    pub(super) path: String,
    pub(super) kind: Kind<'a>,
    pub(super) owner: Owner,
    /// If it is not what follows from the kind.
    pub(super) mode: Option<u32>,
}

pub(super) enum Kind<'a> {
    Directory,
    File(&'a wattle_tree::File),
    Symlink(&'a str),
}

impl Source {
    /// A layer of these roots, in any order; none makes an empty layer.
    pub fn new(mut roots: Vec<Root>, order: Order) -> Result<Source, SourceError> {
        for root in &roots {
            let names = root.path.strip_prefix('/').filter(|names| !names.is_empty());
            names
                .and_then(|names| wattle_tree::components(names).ok())
                .ok_or_else(|| SourceError::Path(root.path.clone()))?;
        }
        roots.sort_by(|a, b| a.path.split('/').cmp(b.path.split('/')));
        for pair in roots.windows(2) {
            let (outer, inner) = (&pair[0].path, &pair[1].path);
            if inner.strip_prefix(outer.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
                return Err(SourceError::Overlap { outer: outer.clone(), inner: inner.clone() });
            }
        }
        Ok(Source { roots, order, attributes: BTreeMap::new() })
    }

    /// A layer of a whole file system, as base images have. Everything belongs to the superuser, but for the paths
    /// (relative to the root) that have attributes.
    pub fn filesystem(tree: Tree, attributes: BTreeMap<String, Attributes>) -> Source {
        let root = Root { path: String::new(), parents: Owner::ROOT, tree, owner: Owner::ROOT };
        let attributes = attributes.into_iter().map(|(path, attributes)| (format!("/{path}"), attributes)).collect();
        Source { roots: vec![root], order: Order::Directories, attributes }
    }

    /// Every entry, in order.
    pub(super) fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        let mut parents = BTreeSet::new();
        for root in &self.roots {
            for (end, _) in root.path.match_indices('/').skip(1) {
                if parents.insert(&root.path[..end]) {
                    entries.push(Entry::directory(&root.path[..end], root.parents));
                }
            }
            // The root of the image is never an entry.
            if !root.path.is_empty() {
                entries.push(Entry::directory(&root.path, root.owner));
            }
            entries.extend(root.tree.walk().map(|found| {
                let path = format!("{}/{}", root.path, found.path);
                let special = self.attributes.get(&path);
                let owner = special.map_or(root.owner, |attributes| attributes.owner);
                Entry { kind: Kind::of(found.node), owner, mode: special.map(|attributes| attributes.mode), path }
            }));
        }
        if self.order == Order::Paths {
            entries.sort_by(|a, b| a.path.cmp(&b.path));
        }
        entries
    }
}

impl<'a> Entry<'a> {
    fn directory(path: &str, owner: Owner) -> Entry<'a> {
        Entry { path: path.to_owned(), kind: Kind::Directory, owner, mode: None }
    }
}

impl<'a> Kind<'a> {
    fn of(node: &'a Node) -> Kind<'a> {
        match node {
            Node::Directory(_) => Kind::Directory,
            Node::File(file) => Kind::File(file),
            Node::Symlink(target) => Kind::Symlink(target),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(path: &str, names: &[&str]) -> Root {
        let mut tree = Tree::new();
        for name in names {
            tree.insert(name, Node::file("")).unwrap();
        }
        Root { path: path.to_owned(), parents: Owner::ROOT, tree, owner: Owner { uid: 1000, gid: 1000 } }
    }

    fn check(order: Order, roots: &[(&str, &[&str])]) -> String {
        let roots = roots.iter().map(|(path, names)| root(path, names)).collect();
        match Source::new(roots, order) {
            Ok(source) => {
                let line = |entry: &Entry<'_>| format!("{}:{}", entry.owner.uid, entry.path);
                source.entries().iter().map(line).collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn i55_i56_parents_come_first_and_once() {
        assert_eq!(
            check(Order::Directories, &[("/layers/b/z", &["f"]), ("/layers/a-b", &[]), ("/layers/a/x", &[])]),
            "0:/layers 0:/layers/a 1000:/layers/a/x 1000:/layers/a-b 0:/layers/b 1000:/layers/b/z 1000:/layers/b/z/f"
        );
        assert_eq!(check(Order::Paths, &[]), "");
    }

    #[test]
    fn i57_there_are_two_orders() {
        let names: &[&str] = &["a/z", "a-b"];
        assert_eq!(check(Order::Directories, &[("/w", names)]), "1000:/w 1000:/w/a 1000:/w/a/z 1000:/w/a-b");
        assert_eq!(check(Order::Paths, &[("/w", names)]), "1000:/w 1000:/w/a 1000:/w/a-b 1000:/w/a/z");
    }

    #[test]
    fn a_file_system_has_no_entry_for_its_root_and_modes_of_its_own() {
        let Root { tree, .. } = root("/", &["home/cnb/x", "tmp/y"]);
        let special = |uid, mode| Attributes { owner: Owner { uid, gid: 1000 }, mode };
        let attributes = [("home/cnb".to_owned(), special(1001, 0o700)), ("tmp".to_owned(), special(0, 0o1777))];
        let source = Source::filesystem(tree, attributes.into());
        let line =
            |entry: &Entry<'_>| format!("{}:{}:{:o}", entry.owner.uid, entry.path, entry.mode.unwrap_or_default());
        let lines: Vec<_> = source.entries().iter().map(line).collect();
        assert_eq!(lines, ["0:/home:0", "1001:/home/cnb:700", "0:/home/cnb/x:0", "0:/tmp:1777", "0:/tmp/y:0"]);
    }

    #[test]
    fn roots_are_absolute_and_apart() {
        for bad in ["", "/", "w", "/w/", "/w/../x", "//w"] {
            assert_eq!(check(Order::Paths, &[(bad, &[])]), SourceError::Path(bad.to_owned()).to_string());
        }
        let overlap = "`/w` and `/w/x` cannot both be roots of a layer: one contains the other";
        assert_eq!(check(Order::Paths, &[("/w/x", &[]), ("/w-x", &[]), ("/w", &[])]), overlap);
    }
}

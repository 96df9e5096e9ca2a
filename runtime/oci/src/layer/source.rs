//! What goes into a layer.

use std::collections::BTreeSet;
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
    /// Absolute path of the directory, `/layers/wattle_node/runtime`. Its parents become directories of the superuser,
    /// with mode 0755.
    pub path: String,
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

/// The contents of a layer.
#[derive(Debug, Clone)]
pub struct Source {
    roots: Vec<Root>,
    order: Order,
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
        Ok(Source { roots, order })
    }

    /// Every entry, in order.
    pub(super) fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        let mut parents = BTreeSet::new();
        for root in &self.roots {
            for (end, _) in root.path.match_indices('/').skip(1) {
                if parents.insert(&root.path[..end]) {
                    entries.push(Entry::directory(&root.path[..end], Owner::ROOT));
                }
            }
            entries.push(Entry::directory(&root.path, root.owner));
            entries.extend(root.tree.walk().map(|found| Entry {
                path: format!("{}/{}", root.path, found.path),
                kind: Kind::of(found.node),
                owner: root.owner,
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
        Entry { path: path.to_owned(), kind: Kind::Directory, owner }
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
        Root { path: path.to_owned(), tree, owner: Owner { uid: 1000, gid: 1000 } }
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
    fn parents_come_first_and_once() {
        assert_eq!(
            check(Order::Directories, &[("/layers/b/z", &["f"]), ("/layers/a-b", &[]), ("/layers/a/x", &[])]),
            "0:/layers 0:/layers/a 1000:/layers/a/x 1000:/layers/a-b 0:/layers/b 1000:/layers/b/z 1000:/layers/b/z/f"
        );
        assert_eq!(check(Order::Paths, &[]), "");
    }

    #[test]
    fn there_are_two_orders() {
        let names: &[&str] = &["a/z", "a-b"];
        assert_eq!(check(Order::Directories, &[("/w", names)]), "1000:/w 1000:/w/a 1000:/w/a/z 1000:/w/a-b");
        assert_eq!(check(Order::Paths, &[("/w", names)]), "1000:/w 1000:/w/a 1000:/w/a-b 1000:/w/a/z");
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

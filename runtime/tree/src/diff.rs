//! What one tree has and another has not.

use crate::{Node, Tree};
use std::io;

/// A path that differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Path from the root, `/` between names.
    pub path: String,
    /// How it differs.
    pub kind: ChangeKind,
}

/// How a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Only the later tree has it.
    Added,
    /// Only the earlier tree had it.
    Removed,
    /// Both have it, with another kind, target, executable bit or contents.
    Changed,
}

/// All paths that differ, each directory before what is in it, names in byte order. Of a directory that only one tree has,
/// everything inside is listed too; one whose contents alone differ is not listed itself. Contents are read only where
/// their digests are not known.
pub fn diff(before: &Tree, after: &Tree) -> io::Result<Vec<Change>> {
    let mut changes = Vec::new();
    compare(before, after, "", &mut changes)?;
    Ok(changes)
}

fn compare(before: &Tree, after: &Tree, directory: &str, changes: &mut Vec<Change>) -> io::Result<()> {
    if before.same(after) || before.digest()? == after.digest()? {
        return Ok(());
    }
    let mut old = before.entries().peekable();
    let mut new = after.entries().peekable();
    loop {
        let name = match (old.peek(), new.peek()) {
            (None, None) => return Ok(()),
            (Some((name, _)), None) | (None, Some((name, _))) => *name,
            (Some((old, _)), Some((new, _))) => (*old).min(new),
        };
        let path = if directory.is_empty() { name.to_string() } else { format!("{directory}/{name}") };
        let was = old.next_if(|(other, _)| *other == name).map(|(_, node)| node);
        let is = new.next_if(|(other, _)| *other == name).map(|(_, node)| node);
        match (was, is) {
            (Some(Node::Directory(was)), Some(Node::Directory(is))) => compare(was, is, &path, changes)?,
            (Some(was), Some(is)) if equal(was, is)? => {}
            (was, is) => list(was, is, path, changes),
        }
    }
}

fn equal(was: &Node, is: &Node) -> io::Result<bool> {
    Ok(match (was, is) {
        (Node::File(was), Node::File(is)) => {
            was.executable == is.executable
                && was.blob.len() == is.blob.len()
                && was.blob.digest()? == is.blob.digest()?
        }
        (Node::Symlink(was), Node::Symlink(is)) => was == is,
        _ => false,
    })
}

/// Lists what stood and what stands at `path`, and all that is below either.
fn list(was: Option<&Node>, is: Option<&Node>, path: String, changes: &mut Vec<Change>) {
    let kind = match (was, is) {
        (None, _) => ChangeKind::Added,
        (_, None) => ChangeKind::Removed,
        _ => ChangeKind::Changed,
    };
    let below = [(was, ChangeKind::Removed), (is, ChangeKind::Added)].into_iter().flat_map(|(node, kind)| {
        let tree = match node {
            Some(Node::Directory(tree)) => Some(tree),
            _ => None,
        };
        tree.into_iter().flat_map(Tree::walk).map(move |entry| (entry.path, kind))
    });
    let below: Vec<Change> = below.map(|(inner, kind)| Change { path: format!("{path}/{inner}"), kind }).collect();
    changes.push(Change { path, kind });
    changes.extend(below);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, Node)]) -> Tree {
        let mut tree = Tree::new();
        for (path, node) in entries {
            tree.insert(path, node.clone()).unwrap();
        }
        tree
    }

    fn check(before: &[(&str, Node)], after: &[(&str, Node)]) -> String {
        let changes = diff(&tree(before), &tree(after)).unwrap();
        let lines: Vec<_> = changes.iter().map(|change| format!("{:?} {}", change.kind, change.path)).collect();
        lines.join("\n")
    }

    #[test]
    fn lists_every_path_that_differs() {
        let before = [
            ("gone/a/b", Node::file("")),
            ("kept/same", Node::file("1")),
            ("kept/text", Node::file("1")),
            ("kind/x", Node::file("1")),
            ("link", Node::symlink("a")),
            ("mode", Node::file("1")),
        ];
        let after = [
            ("kept/new", Node::file("")),
            ("kept/same", Node::file("1")),
            ("kept/text", Node::file("2")),
            ("kind", Node::file("1")),
            ("link", Node::symlink("b")),
            ("mode", Node::program("1")),
        ];
        insta::assert_snapshot!(check(&before, &after), @"
        Removed gone
        Removed gone/a
        Removed gone/a/b
        Added kept/new
        Changed kept/text
        Changed kind
        Removed kind/x
        Changed link
        Changed mode
        ");
    }

    #[test]
    fn equal_trees_do_not_differ() {
        let entries = [("a/b", Node::file("1")), ("c", Node::symlink("a"))];
        assert_eq!(check(&entries, &entries), "");
    }
}

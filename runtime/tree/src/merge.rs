//! One tree laid over another.

use crate::{Node, Tree};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Tree {
    /// This tree with `over` laid over it: where both have a name, directories are merged, and anything else is what `over`
    /// says. What only one of them has is shared with it.
    #[must_use]
    pub fn merge(&self, over: &Tree) -> Tree {
        if over.is_empty() || self.same(over) {
            return self.clone();
        }
        if self.is_empty() {
            return over.clone();
        }
        let mut entries: BTreeMap<Arc<str>, Node> =
            self.entries().map(|(name, node)| (name.clone(), node.clone())).collect();
        for (name, node) in over.entries() {
            let merged = match (self.entry(name), node) {
                (Some((_, Node::Directory(below))), Node::Directory(above)) => Node::Directory(below.merge(above)),
                _ => node.clone(),
            };
            entries.insert(name.clone(), merged);
        }
        entries.into_iter().collect()
    }
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

    #[test]
    fn what_is_laid_over_wins_and_directories_are_merged() {
        let below = tree(&[
            ("both/below", Node::file("1")),
            ("both/same", Node::file("below")),
            ("file", Node::file("2")),
            ("directory/x", Node::file("3")),
            ("only", Node::symlink("file")),
        ]);
        let above = tree(&[
            ("both/above", Node::file("4")),
            ("both/same", Node::program("above")),
            ("directory", Node::file("5")),
            ("file/y", Node::file("6")),
        ]);
        let expected = tree(&[
            ("both/above", Node::file("4")),
            ("both/below", Node::file("1")),
            ("both/same", Node::program("above")),
            ("directory", Node::file("5")),
            ("file/y", Node::file("6")),
            ("only", Node::symlink("file")),
        ]);
        assert_eq!(below.merge(&above).digest().unwrap(), expected.digest().unwrap());
    }

    #[test]
    fn what_one_side_has_alone_is_shared() {
        let below = tree(&[("a/x", Node::file("1"))]);
        let above = tree(&[("b/y", Node::file("2"))]);
        let merged = below.merge(&above);
        assert!(merged.directory("a").unwrap().same(below.directory("a").unwrap()));
        assert!(merged.directory("b").unwrap().same(above.directory("b").unwrap()));
        assert!(below.merge(&Tree::new()).same(&below));
        assert!(Tree::new().merge(&above).same(&above));
    }
}

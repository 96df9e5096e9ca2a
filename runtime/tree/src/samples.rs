//! What the tests of several modules use.

use crate::{Entry, File, Node, Scratch, Tree, check_name};
use proptest::prelude::*;

pub(crate) fn scratch() -> Scratch {
    Scratch::new(tempfile::tempfile().unwrap())
}

/// The tree, an entry a line, with contents.
pub(crate) fn listing(tree: &Tree) -> String {
    tree.walk().map(|entry| line(&entry) + "\n").collect()
}

fn line(entry: &Entry<'_>) -> String {
    let path = &entry.path;
    match entry.node {
        Node::Directory(_) => format!("{path}/"),
        Node::Symlink(target) => format!("{path} -> {target}"),
        Node::File(file) => {
            let contents = String::from_utf8_lossy(&file.blob.to_vec().unwrap()).into_owned();
            format!("{path}{} {contents:?}", if file.executable { "*" } else { "" })
        }
    }
}

/// An error and its sources.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let source = error.source().map(|source| format!(": {}", chain(source))).unwrap_or_default();
    format!("{error}{source}")
}

fn names(pattern: &'static str) -> impl Strategy<Value = String> {
    pattern.prop_filter("a name", |name| check_name(name).is_ok())
}

/// Trees whose names match `pattern`.
pub(crate) fn trees(pattern: &'static str) -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        (proptest::collection::vec(any::<u8>(), 0..2000), any::<bool>())
            .prop_map(|(bytes, executable)| Node::File(File { blob: bytes.into(), executable })),
        "[a-z]{1,8}(/[a-z]{1,60}){0,3}".prop_map(|target| Node::symlink(&target)),
    ];
    let node = leaf.prop_recursive(4, 40, 6, move |inner| {
        proptest::collection::vec((names(pattern), inner), 0..6)
            .prop_map(|entries| Node::Directory(entries.into_iter().map(|(name, node)| (name.into(), node)).collect()))
    });
    proptest::collection::vec((names(pattern), node), 0..6)
        .prop_map(|entries| entries.into_iter().map(|(name, node)| (name.into(), node)).collect())
}

//! Trees that may have the same paths, if they have the same there.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use wattle_tree::{File, Node, Tree};

/// Trees that cannot be one.
#[derive(Debug)]
pub(crate) enum OverlayError {
    /// Both have this path, and not the same there.
    Collision(String),
    /// Contents could not be compared.
    Read { path: String, source: io::Error },
}

/// Everything that either tree has. What both have must be directories, or equal. `path` is where both stand.
pub(crate) fn overlay(one: &Tree, other: &Tree, path: &str) -> Result<Tree, OverlayError> {
    if one.is_empty() || one.same(other) {
        return Ok(other.clone());
    }
    let mut entries: BTreeMap<Arc<str>, Node> =
        one.entries().map(|(name, node)| (name.clone(), node.clone())).collect();
    for (name, node) in other.entries() {
        let inner = if path.is_empty() { name.to_string() } else { format!("{path}/{name}") };
        let node = match (one.entry(name).map(|(_, node)| node), node) {
            (None, node) => node.clone(),
            (Some(Node::Directory(ours)), Node::Directory(theirs)) => Node::Directory(overlay(ours, theirs, &inner)?),
            (Some(Node::Symlink(ours)), Node::Symlink(theirs)) if ours == theirs => continue,
            (Some(Node::File(ours)), Node::File(theirs)) if equal(ours, theirs, &inner)? => continue,
            _ => return Err(OverlayError::Collision(inner)),
        };
        entries.insert(name.clone(), node);
    }
    Ok(entries.into_iter().collect())
}

fn equal(ours: &File, theirs: &File, path: &str) -> Result<bool, OverlayError> {
    let failed = |source| OverlayError::Read { path: path.to_owned(), source };
    Ok(ours.executable == theirs.executable
        && ours.blob.len() == theirs.blob.len()
        && ours.blob.digest().map_err(failed)? == theirs.blob.digest().map_err(failed)?)
}

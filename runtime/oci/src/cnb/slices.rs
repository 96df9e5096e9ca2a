//! Slices: parts of the application that get layers of their own, so that a change in one leaves the others as they were
//! (Buildpack specification, "launch.toml"; Platform specification, "Exporter").

use super::pattern::{Pattern, PatternError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wattle_tree::{Node, Tree};

/// What goes into one layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// [`Pattern`]s. What one of them stands for is in the slice, unless an earlier slice has it, and with a directory all
    /// that is left in it.
    pub paths: Vec<String>,
}

/// Cuts an application, which is in the directory `workspace` of its image, into one part for each slice, in order, and one
/// of what is left. Each part has the directories on the way to what is in it. A directory all of which is taken is taken;
/// none stands for a part with nothing in it, not even the directory of the application.
pub fn slice(application: &Tree, workspace: &str, slices: &[Slice]) -> Result<Vec<Option<Tree>>, PatternError> {
    let mut left = Some(application.clone());
    let mut parts = Vec::with_capacity(slices.len() + 1);
    for Slice { paths } in slices {
        let patterns = paths.iter().map(|path| Pattern::parse(path, workspace)).collect::<Result<Vec<_>, _>>()?;
        let (taken, rest) = left.map_or((None, None), |tree| cut(&tree, "", &patterns));
        parts.push(taken);
        left = rest;
    }
    parts.push(left);
    Ok(parts)
}

/// What the patterns stand for, and what is left. Links are never followed.
fn cut(tree: &Tree, directory: &str, patterns: &[Pattern]) -> (Option<Tree>, Option<Tree>) {
    let (mut taken, mut left) = (Vec::new(), Vec::new());
    for (name, node) in tree.entries() {
        let path = if directory.is_empty() { name.to_string() } else { format!("{directory}/{name}") };
        if patterns.iter().any(|pattern| pattern.matches(&path)) {
            taken.push((name.clone(), node.clone()));
        } else if let Node::Directory(inner) = node {
            let (inner_taken, inner_left) = cut(inner, &path, patterns);
            let entry = |tree: Tree| (Arc::clone(name), Node::Directory(tree));
            taken.extend(inner_taken.map(entry));
            left.extend(inner_left.map(entry));
        } else {
            left.push((name.clone(), node.clone()));
        }
    }
    match (taken.is_empty(), left.is_empty()) {
        (true, _) => (None, Some(tree.clone())),
        (false, true) => (Some(taken.into_iter().collect()), None),
        (false, false) => (Some(taken.into_iter().collect()), Some(left.into_iter().collect())),
    }
}

#[cfg(test)]
mod tests;

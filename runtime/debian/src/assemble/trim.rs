//! What images need not carry.

use super::Options;
use wattle_tree::{Node, Tree};

/// Documentation, but for `usr/share/doc`, where the licences are.
const DOCUMENTATION: [&str; 9] = ["bug", "doc-base", "gtk-doc", "help", "info", "linda", "lintian", "man", "omf"];

/// The files of a package that the options leave in it.
pub(super) fn trim(files: &Tree, options: &Options) -> Tree {
    let mut files = files.clone();
    if !options.documentation {
        for name in DOCUMENTATION {
            files.remove(&format!("usr/share/{name}"));
        }
        if let Some(Node::Directory(all)) = files.remove("usr/share/doc") {
            let kept: Tree = all.entries().filter_map(|(name, node)| Some((name.clone(), licence(node)?))).collect();
            if !kept.is_empty() {
                // It stood here a moment ago, so that it has its place.
                let _ = files.insert("usr/share/doc", Node::Directory(kept));
            }
        }
    }
    if !options.locales {
        files.remove("usr/share/locale");
    }
    files
}

/// What stays of a package's own directory: the licence, or the link to that of the package it was built with.
fn licence(node: &Node) -> Option<Node> {
    match node {
        Node::Directory(directory) => {
            let (name, copyright) = directory.entry("copyright")?;
            Some(Node::Directory([(name.clone(), copyright.clone())].into_iter().collect()))
        }
        Node::Symlink(_) => Some(node.clone()),
        Node::File(_) => None,
    }
}

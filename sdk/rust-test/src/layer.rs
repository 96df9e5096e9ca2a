//! A layer that a build asked for.

use std::fmt::Write as _;
use wattle_sandbox::{LayerState, Sbom, Uses};
use wattle_tree::{Node, Tree};

/// A layer that a build asked for, and all that is in it: the files of its environment among them, as `env.launch/PATH.prepend`.
#[derive(Debug, Clone)]
pub struct Layer {
    layer: wattle_sandbox::Layer,
    contents: Tree,
}

impl Layer {
    /// A layer whose contents, if it is reused, are `stored`.
    pub(crate) fn new(layer: wattle_sandbox::Layer, stored: impl FnOnce(&str) -> Tree) -> Layer {
        let contents = layer.contents.clone().unwrap_or_else(|| stored(&layer.name));
        Layer { layer, contents }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.layer.name
    }

    /// What it is for.
    pub fn uses(&self) -> Uses {
        self.layer.uses
    }

    /// Its key, in the author's order.
    pub fn key(&self) -> &[(String, String)] {
        &self.layer.key
    }

    /// What became of it when it was asked for.
    pub fn state(&self) -> &LayerState {
        &self.layer.state
    }

    /// Whether it is what was stored, unchanged.
    pub fn is_reused(&self) -> bool {
        self.layer.contents.is_none()
    }

    /// The text of a file in it.
    #[track_caller]
    pub fn file(&self, path: &str) -> String {
        text(&self.contents, path, &format!("layer `{}`", self.name()))
    }

    /// The bills of materials that the buildpack wrote of it; none if it is reused.
    pub fn sboms(&self) -> &[Sbom] {
        &self.layer.sboms
    }

    /// Everything in it.
    pub fn tree(&self) -> &Tree {
        &self.contents
    }
}

/// The text of a file in a tree; `whose` names the tree.
#[track_caller]
pub(crate) fn text(tree: &Tree, path: &str, whose: &str) -> String {
    let Some(file) = tree.file(path) else { panic!("{whose} has no file `{path}`, but\n{}", listing(tree)) };
    match file.blob.to_vec().map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => panic!("`{path}` of {whose} is no text: {error}"),
        Err(error) => panic!("`{path}` of {whose} cannot be read: {error}"),
    }
}

/// Files longer than this are given by their size.
const SHORT: u64 = 80;

/// Every file, link and empty directory of a tree, a line each, indented.
pub(crate) fn listing(tree: &Tree) -> String {
    tree.walk().fold(String::new(), |mut all, entry| {
        if let Some(line) = line(&entry.path, entry.node) {
            // Writing to a text cannot fail.
            let _ = writeln!(all, "  {line}");
        }
        all
    })
}

/// One entry: `tool* "text"` (executable), `data (4096 bytes)`, `link -> target`, `empty/`. None for a directory with
/// something in it, which that something tells.
pub(crate) fn line(path: &str, node: &Node) -> Option<String> {
    match node {
        Node::Directory(tree) => tree.is_empty().then(|| format!("{path}/")),
        Node::Symlink(target) => Some(format!("{path} -> {target}")),
        Node::File(file) => {
            let mark = if file.executable { "*" } else { "" };
            let short = (file.blob.len() <= SHORT).then(|| file.blob.to_vec().ok()).flatten();
            Some(match short.and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(text) => format!("{path}{mark} {text:?}"),
                None => format!("{path}{mark} ({} bytes)", file.blob.len()),
            })
        }
    }
}

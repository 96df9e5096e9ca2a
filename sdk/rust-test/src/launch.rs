//! The environment that layers make, by the rules of the launcher itself.

use std::collections::BTreeMap;
use std::io;
use wattle_launcher::{Entry, Environment, Files, Phase};
use wattle_tree::{Node, Tree};

/// What the layers (below `/layers`) of one buildpack make of `start`.
#[track_caller]
pub(crate) fn environment(
    start: &BTreeMap<String, String>,
    buildpack: &str,
    layers: Tree,
    phase: Phase<'_>,
) -> BTreeMap<String, String> {
    let start: Environment =
        start.iter().map(|(name, value)| (name.clone().into_bytes(), value.clone().into_bytes())).collect();
    let made = start.with_layers(b"/layers", std::iter::once(buildpack), phase, &InTree(layers));
    match made {
        Ok(made) => made.iter().map(|(name, value)| (text(name), text(value))).collect(),
        Err((path, error)) => panic!("`{}` cannot be read: {error}", text(&path)),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A tree that lies at `/layers`.
struct InTree(Tree);

impl InTree {
    fn find(&self, path: &[u8]) -> Option<&Node> {
        self.0.get(std::str::from_utf8(path).ok()?.strip_prefix("/layers/")?)
    }
}

impl Files for InTree {
    fn list(&self, directory: &[u8]) -> io::Result<Vec<Entry>> {
        let Some(Node::Directory(tree)) = self.find(directory) else { return Ok(Vec::new()) };
        let entries = tree.entries().map(|(name, node)| Entry {
            name: name.as_bytes().to_vec(),
            is_directory: matches!(node, Node::Directory(_)),
            is_link: matches!(node, Node::Symlink(_)),
        });
        Ok(entries.collect())
    }

    fn read(&self, file: &[u8]) -> io::Result<Vec<u8>> {
        match self.find(file) {
            Some(Node::File(file)) => file.blob.to_vec(),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

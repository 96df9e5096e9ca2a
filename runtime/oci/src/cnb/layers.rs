//! What goes into each layer.

use super::metadata::Metadata;
use super::{Error, LAUNCHER, LAYERS_DIR, PROCESS_DIR, names};
use crate::layer::{Attributes, Order, Owner, Root, Source, SourceError};
use std::collections::BTreeMap;
use std::sync::Arc;
use wattle_tree::{Blob, Node, Tree};

/// The layer `name` of the buildpack `id`. As where the reference implementation builds, all of `/layers` belongs to who builds.
pub fn launch_layer(id: &str, name: &str, tree: Tree, owner: Owner) -> Result<Source, SourceError> {
    let path = format!("{LAYERS_DIR}/{}/{name}", names::directory(id));
    Source::new(vec![Root { path, parents: owner, tree, owner }], Order::Directories)
}

/// The application or a slice of it, as [`slice`](super::slice) gives it, in the directory `workspace`. If there is nothing
/// of it, not even the directory, the layer has no entry at all.
pub fn application(workspace: &str, tree: Option<Tree>, owner: Owner) -> Result<Source, SourceError> {
    match tree {
        Some(tree) => one(workspace.to_owned(), tree, owner, Order::Paths),
        None => Source::new(Vec::new(), Order::Paths),
    }
}

/// The launcher: nothing else is in its layer, so that it can be exchanged.
pub fn launcher(program: Blob) -> Result<Source, SourceError> {
    let (directory, name) = LAUNCHER.rsplit_once('/').unwrap_or(("", LAUNCHER));
    let tree = [(Arc::from(name), Node::program(program))].into_iter().collect();
    one(directory.to_owned(), tree, Owner::ROOT, Order::Directories)
}

/// What the launcher reads.
pub(super) fn config(metadata: &Metadata, owner: Owner) -> Result<Source, Error> {
    let text = metadata.to_toml()?;
    let tree = [(Arc::from("metadata.toml"), Node::file(text.as_str()))].into_iter().collect();
    let root = Root { path: format!("{LAYERS_DIR}/config"), parents: owner, tree, owner };
    Ok(Source::new(vec![root], Order::Directories)?)
}

/// A link to the launcher for each type of process. None if there are no processes: then there is no such layer.
pub(super) fn process_types<'a>(types: impl IntoIterator<Item = &'a str>) -> Result<Option<Source>, Error> {
    let (mut tree, mut attributes) = (Tree::new(), BTreeMap::new());
    for kind in types {
        names::check_process(kind)?;
        let path = format!("{}/{kind}", PROCESS_DIR.trim_start_matches('/'));
        tree.insert(&path, Node::symlink(LAUNCHER))?;
        // So the reference implementation has it. No system heeds the mode of a link.
        attributes.insert(path, Attributes { owner: Owner::ROOT, mode: 0o755 });
    }
    Ok((!tree.is_empty()).then(|| Source::filesystem(tree, attributes)))
}

fn one(path: String, tree: Tree, owner: Owner, order: Order) -> Result<Source, SourceError> {
    Source::new(vec![Root { path, parents: Owner::ROOT, tree, owner }], order)
}

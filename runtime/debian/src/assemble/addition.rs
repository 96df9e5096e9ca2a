//! Packages over a system that is there: a layer of what they add.

use super::accounts::Accounts;
use super::{AssembleError, Attributes, Filesystem, Options, OverlayError, effects, finish, is_own_home, lay, overlay};
use crate::Unpacked;
use std::collections::BTreeMap;
use wattle_tree::{Node, Tree};

/// What has to be known of the system below.
#[derive(Debug, Clone, Default)]
pub struct Below {
    /// The links at its root, by name, and where they lead: `lib` to `usr/lib`.
    pub links: BTreeMap<String, String>,
    /// Its `/etc/passwd`, if it has one.
    pub passwd: Option<String>,
    /// Its `/etc/group`, if it has one.
    pub group: Option<String>,
    /// Its `/etc/ssl/certs/ca-certificates.crt`, if it has one.
    pub certificates: Option<Vec<u8>>,
}

/// Lays packages over one another, to be a layer over a system. `passwd` and `group` are in it, whole, if packages bring users
/// that the system has not.
pub fn add(packages: &[Unpacked], below: &Below, options: &Options) -> Result<Filesystem, AssembleError> {
    let mut system = lay(packages, options)?;
    effects::apply(&mut system, packages, below.certificates.as_deref())?;
    let mut accounts = match (&below.passwd, &below.group) {
        (None, None) => Accounts::standard(&[])?,
        (passwd, group) => Accounts::read(passwd.as_deref().unwrap_or_default(), group.as_deref().unwrap_or_default()),
    };
    let mut users = accounts.add_services(&system.tree, packages);
    if !users.is_empty() {
        accounts.write(&mut system)?;
    }
    users.retain(|user| is_own_home(&system.tree, user));
    let Filesystem { tree, attributes, notes } = finish(system, packages, &users, options);
    let (tree, attributes) = fit(&tree, &attributes, &below.links)?;
    Ok(Filesystem { tree, attributes, notes })
}

/// Moves what stands in directories at the root to where the system below has links in their place: runtimes unpack every
/// layer by itself, and a directory `lib` would hide the link `lib` of the layer below. `links` says where these lead.
pub fn fit(
    tree: &Tree,
    attributes: &BTreeMap<String, Attributes>,
    links: &BTreeMap<String, String>,
) -> Result<(Tree, BTreeMap<String, Attributes>), AssembleError> {
    let mut fitted = tree.clone();
    for (name, target) in links {
        let target = target.trim_matches('/');
        if wattle_tree::components(target).is_err() || target == name {
            continue;
        }
        match fitted.get(name) {
            Some(Node::Directory(directory)) => {
                let directory = directory.clone();
                fitted.remove(name);
                fitted = moved(&fitted, directory, name, target)?;
            }
            // The link is there already.
            Some(Node::Symlink(_)) => {
                fitted.remove(name);
            }
            Some(Node::File(_)) | None => (),
        }
    }
    let place = |path: &String| match path.split_once('/') {
        Some((first, rest)) => match links.get(first) {
            Some(target) => format!("{}/{rest}", target.trim_matches('/')),
            None => path.clone(),
        },
        None => path.clone(),
    };
    let attributes = attributes.iter().map(|(path, it)| (place(path), *it));
    let attributes = attributes.filter(|(path, _)| fitted.get(path).is_some()).collect();
    Ok((fitted, attributes))
}

fn moved(tree: &Tree, directory: Tree, name: &str, target: &str) -> Result<Tree, AssembleError> {
    let placed = |source| AssembleError::Place { path: target.to_owned(), source };
    let mut aside = Tree::new();
    aside.insert(target, Node::Directory(directory)).map_err(placed)?;
    overlay(tree, &aside, "").map_err(|error| match error {
        OverlayError::Collision(path) => AssembleError::Fit { name: name.to_owned(), path },
        OverlayError::Read { path, source } => AssembleError::Read { package: String::new(), path, source },
    })
}

#[cfg(test)]
#[path = "addition_tests.rs"]
mod tests;

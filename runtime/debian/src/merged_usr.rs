//! Debian's merged `/usr`: `/bin`, `/sbin` and `/lib*` are links into `/usr`, and what packages put there belongs in `/usr`.
//!
//! dpkg writes through the links of the system that it runs on. A layer has no such system under it: runtimes unpack it by
//! itself, and a directory `lib` in it would hide the link `lib` of the layer below.

use crate::assemble::{OverlayError, overlay};
use wattle_tree::{Node, Tree};

/// The tree with what stands in `bin`, `sbin`, `lib`, `lib64` and the like moved into `usr`.
pub(crate) fn rewrite(mut tree: Tree) -> Result<Tree, OverlayError> {
    let names: Vec<_> = tree.entries().map(|(name, _)| name.clone()).filter(|name| is_merged(name)).collect();
    for name in names {
        let inside = format!("usr/{name}");
        let moved = match tree.remove(&name) {
            Some(Node::Directory(directory)) => directory,
            // Newer packages ship the link itself.
            Some(Node::Symlink(target)) if target.trim_start_matches('/') == inside => continue,
            _ => return Err(OverlayError::Collision(name.to_string())),
        };
        let mut usr = Tree::new();
        usr.insert(&inside, Node::Directory(moved)).map_err(|_| OverlayError::Collision(inside.clone()))?;
        tree = overlay(&tree, &usr, "")?;
    }
    Ok(tree)
}

/// Where a path of a package is then.
pub(crate) fn place(path: &str) -> String {
    match path.split_once('/') {
        Some((first, _)) if is_merged(first) => format!("usr/{path}"),
        _ => path.to_owned(),
    }
}

/// True for the names at the root that a merged `/usr` has as links: `lib` may carry the name of an ABI, `lib32`, `libx32`.
fn is_merged(name: &str) -> bool {
    matches!(name, "bin" | "sbin" | "lib" | "lib32" | "lib64" | "libo32" | "libx32")
}

//! From the overlay back to a tree.

use super::Overlay;
use super::contents::Contents;
use super::space::Packer;
use super::table::{Body, Directory, Name};
use crate::{Blob, File, Node, Tree};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

impl Overlay {
    /// The filesystem as it is now, as a tree. Directories that were left alone are those of the lower tree. What was
    /// written is in the scratch file, small contents too; fails if they cannot be put there.
    pub fn freeze(mut self) -> io::Result<Tree> {
        let mut packer = Packer::new(self.space.scratch().clone());
        let (tree, _) = self.freeze_directory(Overlay::ROOT.0, &mut packer)?;
        packer.finish()?;
        Ok(tree)
    }

    /// A directory, and whether it differs from what the lower tree has here. Recurses, which the limit of depth bounds.
    fn freeze_directory(&mut self, inode: u32, packer: &mut Packer) -> io::Result<(Tree, bool)> {
        let Body::Directory(directory) = &mut self.entry_mut(inode).body else {
            return Err(io::ErrorKind::NotADirectory.into());
        };
        let Directory { lower, laid, names, .. } = std::mem::take(directory);
        let mut changes = BTreeMap::new();
        for (name, known) in names {
            if let Some(change) = self.freeze_name(known, lower.as_ref(), &name, packer)? {
                changes.insert(name, change);
            }
        }
        let Some(lower) = lower else { return Ok((patched(&Tree::new(), changes), true)) };
        if changes.is_empty() {
            return Ok((lower, laid));
        }
        Ok((patched(&lower, changes), true))
    }

    /// What a name stands for now, if that is not what it stands for in the lower tree.
    fn freeze_name(
        &mut self,
        known: Name,
        lower: Option<&Tree>,
        name: &str,
        packer: &mut Packer,
    ) -> io::Result<Option<Change>> {
        let Some(inode) = known.inode() else { return Ok(Some(Change::Gone)) };
        let same = matches!(known, Name::Lower(_));
        Ok(match &mut self.entry_mut(inode).body {
            Body::Directory(_) => {
                let (tree, changed) = self.freeze_directory(inode, packer)?;
                (changed || !same).then_some(Change::Now(Node::Directory(tree)))
            }
            Body::Symlink(target) => (!same).then(|| Change::Now(Node::Symlink(target.clone()))),
            Body::File(file) => {
                let executable = file.executable;
                // Not what `same` says: a file with two names may have been frozen under the other one.
                if let (Contents::Lower(blob), Some(file)) = (&file.contents, lower.and_then(|lower| lower.file(name)))
                    && file.blob.same(blob)
                    && file.executable == executable
                {
                    return Ok(None);
                }
                let blob = self.freeze_contents(inode, packer)?;
                Some(Change::Now(Node::File(File { blob, executable })))
            }
        })
    }

    /// The contents of a file, which has them afterwards: it may have another name.
    fn freeze_contents(&mut self, inode: u32, packer: &mut Packer) -> io::Result<Blob> {
        let Overlay { entries, space, .. } = self;
        let Body::File(file) = &mut entries[inode as usize].body else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        let blob = match std::mem::take(&mut file.contents) {
            Contents::Lower(blob) => blob,
            Contents::Memory(bytes) => packer.keep(&bytes)?,
            Contents::Packed { offset, len } => space.scratch().blob(offset, len),
            Contents::Paged(paged) => paged.freeze(space.scratch()),
        };
        file.contents = Contents::Lower(blob.clone());
        Ok(blob)
    }
}

/// What becomes of a name.
enum Change {
    Now(Node),
    Gone,
}

/// A tree with other entries under some names, or none.
fn patched(tree: &Tree, changes: BTreeMap<Arc<str>, Change>) -> Tree {
    let kept = tree.entries().filter(|(name, _)| !changes.contains_key(*name));
    let mut entries: Vec<_> = kept.map(|(name, node)| (name.clone(), node.clone())).collect();
    entries.extend(changes.into_iter().filter_map(|(name, change)| match change {
        Change::Now(node) => Some((name, node)),
        Change::Gone => None,
    }));
    entries.into_iter().collect()
}

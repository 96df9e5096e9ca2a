//! Renaming, the one operation with two ends.

use super::resolve::{Follow, Found};
use super::table::{Body, Name};
use super::{Error, Inode, Kind, Overlay};
use crate::{Node, Tree};

impl Overlay {
    /// Gives what is at `old` the name `new` instead, in place of a file that has it, or of an empty directory.
    pub fn rename(&mut self, old_base: Inode, old: &str, new_base: Inode, new: &str) -> Result<(), Error> {
        let (from, moved) = self.named(old_base, old)?;
        let to = self.resolve(new_base, new, Follow::Name)?;
        if to.name.is_empty() {
            return Err(Error::Invalid);
        }
        let directory = self.kind(Inode(moved)) == Kind::Directory;
        if !directory && (from.slash || to.slash) {
            return Err(Error::NotADirectory);
        }
        self.check_place(from.directory)?;
        self.check_place(to.directory)?;
        self.check_writable(moved)?;
        if to.inode == Some(moved) {
            return Ok(());
        }
        if directory {
            self.check_new_parent(moved, to.directory)?;
        }
        self.check_files(self.more_names(&from, moved)?)?;
        if let Some(target) = to.inode {
            self.replace(&to, target, directory)?;
        }
        self.see_moved(moved);
        self.detach(from.directory, &from.name)?;
        self.attach(to.directory, to.name.into(), moved)
    }

    /// May the directory `moved` stand in `parent`? Not in itself, and not too deep.
    fn check_new_parent(&mut self, moved: u32, parent: u32) -> Result<(), Error> {
        let mut above = parent;
        while above != Overlay::ROOT.0 {
            if above == moved {
                return Err(Error::Invalid);
            }
            above = self.directory(above)?.parent;
        }
        let (before, after) = (self.depth(moved), self.depth(parent) + 1);
        // Looking into everything below is only needed when it gets deeper.
        if after > before {
            self.check_depth(after + self.height(moved))?;
        }
        Ok(())
    }

    /// How many directories stand inside one another in this one.
    fn height(&self, directory: u32) -> usize {
        let mut highest = 0;
        let mut known = vec![(directory, 0)];
        while let Some((inode, height)) = known.pop() {
            highest = highest.max(height);
            let Body::Directory(directory) = &self.entry(inode).body else { continue };
            let children = directory.names.values().filter_map(|name| name.inode());
            known.extend(children.filter(|child| self.kind(Inode(*child)) == Kind::Directory).map(|c| (c, height + 1)));
            for (_, node) in directory.shown() {
                if let Node::Directory(tree) = node {
                    highest = highest.max(height + 1 + tree_height(tree));
                }
            }
        }
        highest
    }

    /// By how much a new name for `moved` exceeds the old one, of which some cost nothing.
    fn more_names(&self, from: &Found, moved: u32) -> Result<usize, Error> {
        let known = self.directory(from.directory)?.names.get(&*from.name);
        Ok(if matches!(known, Some(Name::Own(_))) { 0 } else { self.entry(moved).body.weight() })
    }

    /// Takes the name away from what has it, if that may be replaced.
    fn replace(&mut self, to: &Found, target: u32, by_directory: bool) -> Result<(), Error> {
        match (by_directory, self.kind(Inode(target))) {
            (true, Kind::Directory) => {
                self.check_removable(target)?;
                self.remove_empty(to, target)
            }
            (true, Kind::File | Kind::Symlink) => Err(Error::NotADirectory),
            (false, Kind::Directory) => Err(Error::IsDirectory),
            (false, Kind::File | Kind::Symlink) => {
                self.check_writable(target)?;
                self.detach(to.directory, &to.name)?;
                self.unlinked(target);
                Ok(())
            }
        }
    }
}

/// How many directories stand inside one another in a tree.
pub(super) fn tree_height(tree: &Tree) -> usize {
    let mut highest = 0;
    let mut trees = vec![(tree, 0)];
    while let Some((tree, height)) = trees.pop() {
        highest = highest.max(height);
        trees.extend(tree.entries().filter_map(|(_, node)| match node {
            Node::Directory(tree) => Some((tree, height + 1)),
            Node::File(_) | Node::Symlink(_) => None,
        }));
    }
    highest
}

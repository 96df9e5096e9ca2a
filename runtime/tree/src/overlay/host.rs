//! The host's side: what a guest is given.

use super::table::{Body, Directory, Entry, Name, symlink_weight};
use super::{Access, Error, Inode, Kind, Overlay};
use crate::{Node, Tree, components};
use std::sync::Arc;

impl Overlay {
    /// Puts `node` at `path`, in place of what was there, and makes the directories on the way, read-only. Paths here are
    /// from the root without a leading slash; the empty path is the root, which only a directory can replace.
    ///
    /// What a guest learns of it is traced. Each graft counts as one of [`Limits::files`](super::Limits::files), though none
    /// is refused; its contents cost the guest nothing until it changes them.
    pub fn graft(&mut self, path: &str, node: Node, access: Access) -> Result<(), Error> {
        let names = components(path).map_err(|_| Error::Invalid)?;
        self.check_depth((names.len() + Size::of(&node).height).saturating_sub(1))?;
        let Some((last, parents)) = names.split_last() else { return self.graft_root(node, access) };
        let parent = self.enter(parents, Some(Access::ReadOnly))?;
        self.discard(parent, last)?;
        let origin = Some(self.recorder.add_path(path));
        let body = Body::of(&node, parent, false);
        let read_only = access == Access::ReadOnly;
        let inode = self.add(Entry { body, links: 1, opens: 0, origin, read_only, charged: false });
        self.attach(parent, (*last).into(), inode)
    }

    fn graft_root(&mut self, node: Node, access: Access) -> Result<(), Error> {
        let Node::Directory(tree) = node else { return Err(Error::NotADirectory) };
        let root = Overlay::ROOT.0;
        self.discard_all(root)?;
        self.entry_mut(root).read_only = access == Access::ReadOnly;
        *self.directory_mut(root)? = Directory::over(tree, root);
        Ok(())
    }

    /// Lays `tree` over the directory at `path`, as unpacking an archive there would: a directory keeps what it has and gets
    /// what the tree has, anything else is replaced. Links that are there are not followed. All of it, and directories on
    /// the way that are missing, can be written if the directory that they are in can.
    ///
    /// It is not traced, since it is the answer to something that the guest asked for; and it counts as if the guest had
    /// written it. Costs little where nothing is yet, whatever the size of the tree.
    pub fn merge(&mut self, path: &str, tree: Tree) -> Result<(), Error> {
        let names = components(path).map_err(|_| Error::Invalid)?;
        let node = Node::Directory(tree);
        let size = Size::of(&node);
        self.check_depth((names.len() + size.height).saturating_sub(1))?;
        let missing = self.missing(&names)?;
        self.check_files(size.files - 1 + missing)?;
        self.check_bytes(0, size.bytes)?;
        let directory = self.enter(&names, None)?;
        self.usage.files += size.files - 1;
        self.usage.bytes += size.bytes;
        let mut layers = vec![(directory, node)];
        while let Some((directory, node)) = layers.pop() {
            if let Node::Directory(tree) = node {
                self.lay(directory, tree, &mut layers)?;
            }
        }
        Ok(())
    }

    /// Lays `tree`, which is counted, over one directory; what is to be laid over directories in it is pushed to `layers`.
    fn lay(&mut self, inode: u32, tree: Tree, layers: &mut Vec<(u32, Node)>) -> Result<(), Error> {
        let directory = self.directory_mut(inode)?;
        if directory.names.is_empty() && directory.lower_len() == 0 {
            directory.lower = Some(tree);
            (directory.counted, directory.laid) = (true, true);
            return Ok(());
        }
        let read_only = self.entry(inode).read_only;
        for (name, node) in tree.entries() {
            if let (Some(there), Node::Directory(_)) = (self.child(inode, name)?, node)
                && self.kind(Inode(there)) == Kind::Directory
            {
                self.usage.files -= 1;
                layers.push((there, node.clone()));
                continue;
            }
            self.discard(inode, name)?;
            let body = Body::of(node, inode, true);
            let there = self.add(Entry { body, links: 1, opens: 0, origin: None, read_only, charged: true });
            self.directory_mut(inode)?.names.insert(name.clone(), Name::Own(there));
        }
        Ok(())
    }

    /// Says whether a guest may change what is at `path` and all below it.
    pub fn set_access(&mut self, path: &str, access: Access) -> Result<(), Error> {
        let mut inode = Overlay::ROOT.0;
        for name in components(path).map_err(|_| Error::Invalid)? {
            inode = self.child(inode, name)?.ok_or(Error::NotFound)?;
        }
        let mut inodes = vec![inode];
        while let Some(inode) = inodes.pop() {
            let entry = self.entry_mut(inode);
            entry.read_only = access == Access::ReadOnly;
            if let Body::Directory(directory) = &entry.body {
                inodes.extend(directory.names.values().filter_map(|name| name.inode()));
            }
        }
        Ok(())
    }

    /// How many directories [`Overlay::enter`] would make.
    fn missing(&mut self, names: &[&str]) -> Result<usize, Error> {
        let mut inode = Overlay::ROOT.0;
        for (index, name) in names.iter().enumerate() {
            match self.child(inode, name)? {
                Some(child) => inode = child,
                None => return Ok(names.len() - index),
            }
        }
        Ok(0)
    }

    /// The directory at the end of `names`. What is missing is made: with this access and traced, or else with that of the
    /// directory it is in, as something that the guest made.
    fn enter(&mut self, names: &[&str], access: Option<Access>) -> Result<u32, Error> {
        let mut inode = Overlay::ROOT.0;
        for (index, name) in names.iter().enumerate() {
            if let Some(child) = self.child(inode, name)? {
                self.directory(child)?;
                inode = child;
                continue;
            }
            let read_only = access.map_or(self.entry(inode).read_only, |access| access == Access::ReadOnly);
            let origin = access.map(|_| self.recorder.add_path(&names[..=index].join("/")));
            let body = Body::Directory(Directory::over(Tree::new(), inode));
            let child = self.add(Entry { body, links: 1, opens: 0, origin, read_only, charged: false });
            self.attach(inode, Arc::from(*name), child)?;
            inode = child;
        }
        Ok(inode)
    }

    /// Removes a name and all that is below it.
    fn discard(&mut self, parent: u32, name: &str) -> Result<(), Error> {
        let Some(inode) = self.child(parent, name)? else { return Ok(()) };
        self.detach(parent, name)?;
        self.discard_all(inode)?;
        self.unlinked(inode);
        Ok(())
    }

    /// Removes all that is in a directory, if it is one.
    fn discard_all(&mut self, inode: u32) -> Result<(), Error> {
        let mut inodes = vec![inode];
        while let Some(next) = inodes.pop() {
            if self.kind(Inode(next)) == Kind::Directory {
                self.discard_names(next, &mut inodes)?;
            }
            if next != inode {
                self.unlinked(next);
            }
        }
        Ok(())
    }

    /// Empties one directory; what had a name in it is pushed to `inodes`, with that name still counted as a link.
    fn discard_names(&mut self, inode: u32, inodes: &mut Vec<u32>) -> Result<(), Error> {
        let directory = self.clear(inode)?;
        let counted = directory.counted;
        for (_, node) in directory.shown().filter(|_| counted) {
            let size = Size::of(node);
            self.usage.files -= size.files - 1;
            self.usage.bytes -= size.bytes;
        }
        for known in directory.names.into_values() {
            self.usage.files -= self.surplus(known, counted);
            inodes.extend(known.inode());
        }
        Ok(())
    }
}

/// What a node costs a guest that wrote it.
#[derive(Default)]
struct Size {
    files: usize,
    bytes: u64,
    /// How many directories stand inside one another, this one counted.
    height: usize,
}

impl Size {
    fn of(node: &Node) -> Size {
        let mut size = Size::default();
        let mut nodes = vec![(node, 1)];
        while let Some((node, depth)) = nodes.pop() {
            size.files += 1;
            match node {
                Node::Directory(tree) => {
                    size.height = size.height.max(depth);
                    nodes.extend(tree.entries().map(|(_, node)| (node, depth + 1)));
                }
                Node::File(file) => size.bytes = size.bytes.saturating_add(file.blob.len()),
                Node::Symlink(target) => size.files += symlink_weight(target) - 1,
            }
        }
        size
    }
}

//! Giving names and taking them away.

use super::resolve::{Follow, Found, MAX_PATH};
use super::table::{Body, Directory, Entry};
use super::{Error, Inode, Kind, Overlay, Seen};
use crate::Node;
use std::sync::Arc;

impl Overlay {
    /// The names in a directory and what they are, in byte order. Later changes do not show.
    pub fn list(&mut self, inode: Inode) -> Result<Vec<(Arc<str>, Kind)>, Error> {
        self.see(inode.0, Seen::LIST);
        let directory = self.directory(inode.0)?;
        let mut all = Vec::with_capacity(directory.names.len().max(directory.lower_len()));
        all.extend(directory.shown().map(|(name, node)| (name.clone(), kind(node))));
        let shown = all.len();
        let known = directory.names.iter();
        all.extend(known.filter_map(|(name, known)| Some((name.clone(), self.kind(Inode(known.inode()?))))));
        if shown > 0 {
            // Two sorted runs: this merges them.
            all.sort_by(|(left, _), (right, _)| left.cmp(right));
        }
        self.check_names(all.len())?;
        Ok(all)
    }

    /// Makes an empty directory.
    pub fn create_directory(&mut self, base: Inode, path: &str) -> Result<(), Error> {
        let found = self.vacant(base, path)?;
        self.check_depth(self.depth(found.directory) + 1)?;
        self.insert(&found, Body::Directory(Directory::new(found.directory))).map(drop)
    }

    /// Makes a symbolic link to `target`, which is kept as it is.
    pub fn symlink(&mut self, target: &str, base: Inode, path: &str) -> Result<(), Error> {
        match target {
            "" => return Err(Error::NotFound),
            _ if target.len() > MAX_PATH => return Err(Error::NameTooLong),
            _ if target.contains('\0') => return Err(Error::Invalid),
            _ => {}
        }
        let found = self.vacant(base, path)?;
        if found.slash {
            return Err(Error::NotFound);
        }
        self.insert(&found, Body::Symlink(target.into())).map(drop)
    }

    /// The target of the link at `path`.
    pub fn read_link(&mut self, base: Inode, path: &str) -> Result<Arc<str>, Error> {
        let inode = self.lookup(base, path, false)?.0;
        let Body::Symlink(target) = &self.entry(inode).body else { return Err(Error::Invalid) };
        let target = target.clone();
        self.see(inode, Seen::READLINK);
        Ok(target)
    }

    /// Takes the name of a file or link away. Who has it open still does.
    pub fn unlink(&mut self, base: Inode, path: &str) -> Result<(), Error> {
        let (found, inode) = self.named(base, path)?;
        match self.kind(Inode(inode)) {
            Kind::Directory => return Err(Error::IsDirectory),
            _ if found.slash => return Err(Error::NotADirectory),
            Kind::File | Kind::Symlink => {}
        }
        self.check_place(found.directory)?;
        self.check_writable(inode)?;
        self.detach(found.directory, &found.name)?;
        self.unlinked(inode);
        Ok(())
    }

    /// Removes an empty directory.
    pub fn remove_directory(&mut self, base: Inode, path: &str) -> Result<(), Error> {
        let (found, inode) = self.named(base, path)?;
        if self.kind(Inode(inode)) != Kind::Directory {
            return Err(Error::NotADirectory);
        }
        self.check_place(found.directory)?;
        self.check_removable(inode)?;
        self.remove_empty(&found, inode)
    }

    /// Gives the file or link at `old` another name.
    pub fn link(&mut self, old_base: Inode, old: &str, follow: bool, new_base: Inode, new: &str) -> Result<(), Error> {
        let inode = self.lookup(old_base, old, follow)?.0;
        if self.kind(Inode(inode)) == Kind::Directory {
            return Err(Error::NotPermitted);
        }
        let found = self.vacant(new_base, new)?;
        if found.slash {
            return Err(Error::NotFound);
        }
        self.check_place(found.directory)?;
        self.check_writable(inode)?;
        self.check_files(self.entry(inode).body.weight())?;
        self.entry_mut(inode).links += 1;
        self.see_moved(inode);
        self.attach(found.directory, found.name.into(), inode)
    }

    /// Makes what is to be at the end of a path that nothing has.
    pub(super) fn insert(&mut self, found: &Found, body: Body) -> Result<u32, Error> {
        self.check_place(found.directory)?;
        self.check_files(body.weight())?;
        let inode = self.add(Entry { body, links: 1, opens: 0, origin: None, read_only: false, charged: true });
        self.attach(found.directory, (&*found.name).into(), inode)?;
        Ok(inode)
    }

    /// The end of a path that must name something, to be changed.
    pub(super) fn named<'p>(&mut self, base: Inode, path: &'p str) -> Result<(Found<'p>, u32), Error> {
        let found = self.resolve(base, path, Follow::Name)?;
        match found.inode {
            _ if found.name.is_empty() => Err(Error::Invalid),
            None => Err(Error::NotFound),
            Some(inode) => Ok((found, inode)),
        }
    }

    fn vacant<'p>(&mut self, base: Inode, path: &'p str) -> Result<Found<'p>, Error> {
        let found = self.resolve(base, path, Follow::Name)?;
        if found.inode.is_some() { Err(Error::Exists) } else { Ok(found) }
    }

    pub(super) fn remove_empty(&mut self, found: &Found, inode: u32) -> Result<(), Error> {
        self.detach(found.directory, &found.name)?;
        self.clear(inode)?;
        self.unlinked(inode);
        Ok(())
    }

    /// May this directory go?
    pub(super) fn check_removable(&mut self, inode: u32) -> Result<(), Error> {
        self.check_writable(inode)?;
        self.see(inode, Seen::LIST);
        if self.directory(inode)?.is_empty() { Ok(()) } else { Err(Error::NotEmpty) }
    }

    /// May names in this directory change? Not if it was removed itself.
    pub(super) fn check_place(&self, directory: u32) -> Result<(), Error> {
        self.check_writable(directory)?;
        if self.entry(directory).links == 0 { Err(Error::NotFound) } else { Ok(()) }
    }

    pub(super) fn check_writable(&self, inode: u32) -> Result<(), Error> {
        if self.entry(inode).read_only { Err(Error::ReadOnly) } else { Ok(()) }
    }

    /// What the guest gives another name to is in the outcome whether the guest knows its contents or not.
    pub(super) fn see_moved(&mut self, inode: u32) {
        let seen = match self.kind(Inode(inode)) {
            Kind::Directory | Kind::File => Seen::READ,
            Kind::Symlink => Seen::READLINK,
        };
        self.see(inode, seen);
    }

    /// How many directories a directory stands in, that are not removed.
    pub(super) fn depth(&self, mut directory: u32) -> usize {
        let mut depth = 0;
        while directory != Overlay::ROOT.0
            && let Ok(here) = self.directory(directory)
        {
            directory = here.parent;
            depth += 1;
        }
        depth
    }
}

fn kind(node: &Node) -> Kind {
    match node {
        Node::Directory(_) => Kind::Directory,
        Node::File(_) => Kind::File,
        Node::Symlink(_) => Kind::Symlink,
    }
}

//! The table of inodes.

use super::contents::Contents;
use super::{Error, Kind, Overlay, Seen};
use crate::{Node, Tree};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One inode.
pub(super) struct Entry {
    pub(super) body: Body,
    /// Names that it has.
    pub(super) links: u32,
    pub(super) opens: u32,
    /// Where the trace says that it was found. None for what the guest made.
    pub(super) origin: Option<u32>,
    pub(super) read_only: bool,
    /// Whether the bytes of this file count.
    pub(super) charged: bool,
}

pub(super) enum Body {
    Directory(Directory),
    File(File),
    Symlink(Arc<str>),
}

#[derive(Default)]
pub(super) struct File {
    pub(super) contents: Contents,
    pub(super) executable: bool,
}

#[derive(Default)]
pub(super) struct Directory {
    /// What is there under the names that `names` does not have.
    pub(super) lower: Option<Tree>,
    /// Whether the names in `lower` count, as they do if they were merged. Each does until the directory goes, even if it
    /// is removed, for then it costs an entry in `names`.
    pub(super) counted: bool,
    /// Whether `lower` is not what stands here in the tree of the parent.
    pub(super) laid: bool,
    pub(super) names: BTreeMap<Arc<str>, Name>,
    pub(super) parent: u32,
}

/// What a directory knows of one name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// What the lower tree has under this name, though it may have changed inside.
    Lower(u32),
    /// Something else. Counts as one of [`Limits::files`](super::Limits::files).
    Own(u32),
    /// Nothing, although the lower tree has something.
    Gone,
}

impl Name {
    pub(super) fn inode(self) -> Option<u32> {
        match self {
            Name::Lower(inode) | Name::Own(inode) => Some(inode),
            Name::Gone => None,
        }
    }
}

impl Directory {
    /// A new directory in `parent`.
    pub(super) fn new(parent: u32) -> Directory {
        Directory { parent, ..Directory::default() }
    }

    /// A directory that looks like `lower`.
    pub(super) fn over(lower: Tree, parent: u32) -> Directory {
        Directory { lower: Some(lower), ..Directory::new(parent) }
    }

    /// How many names the lower tree has here.
    pub(super) fn lower_len(&self) -> usize {
        self.lower.as_ref().map_or(0, |lower| lower.entries().len())
    }

    pub(super) fn lower_has(&self, name: &str) -> bool {
        self.lower.as_ref().is_some_and(|lower| lower.entry(name).is_some())
    }

    /// What the lower tree still shows.
    pub(super) fn shown(&self) -> impl Iterator<Item = (&Arc<str>, &Node)> {
        let entries = self.lower.as_ref().map(Tree::entries).into_iter().flatten();
        entries.filter(|(name, _)| !self.names.contains_key(*name))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.values().all(|name| *name == Name::Gone) && self.shown().next().is_none()
    }
}

impl Body {
    pub(super) fn new_file() -> Body {
        Body::File(File::default())
    }

    /// What stands for `node` in the directory `parent`.
    pub(super) fn of(node: &Node, parent: u32, counted: bool) -> Body {
        match node {
            Node::Directory(tree) => Body::Directory(Directory { counted, ..Directory::over(tree.clone(), parent) }),
            Node::File(file) => {
                Body::File(File { contents: Contents::Lower(file.blob.clone()), executable: file.executable })
            }
            Node::Symlink(target) => Body::Symlink(target.clone()),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Body::Directory(_) => Kind::Directory,
            Body::File(_) => Kind::File,
            Body::Symlink(_) => Kind::Symlink,
        }
    }

    pub(super) fn size(&self) -> u64 {
        match self {
            Body::Directory(_) => 0,
            Body::File(file) => file.contents.len(),
            Body::Symlink(target) => target.len() as u64,
        }
    }

    /// How much of [`Limits::files`](super::Limits::files) a name for it takes.
    pub(super) fn weight(&self) -> usize {
        match self {
            Body::Symlink(target) => symlink_weight(target),
            Body::Directory(_) | Body::File(_) => 1,
        }
    }
}

/// A link's target is in host memory, as its name is.
pub(super) fn symlink_weight(target: &str) -> usize {
    1 + target.len() / 256
}

impl Overlay {
    pub(super) fn entry(&self, inode: u32) -> &Entry {
        &self.entries[inode as usize]
    }

    pub(super) fn entry_mut(&mut self, inode: u32) -> &mut Entry {
        &mut self.entries[inode as usize]
    }

    pub(super) fn directory(&self, inode: u32) -> Result<&Directory, Error> {
        match &self.entry(inode).body {
            Body::Directory(directory) => Ok(directory),
            Body::File(_) | Body::Symlink(_) => Err(Error::NotADirectory),
        }
    }

    pub(super) fn directory_mut(&mut self, inode: u32) -> Result<&mut Directory, Error> {
        match &mut self.entry_mut(inode).body {
            Body::Directory(directory) => Ok(directory),
            Body::File(_) | Body::Symlink(_) => Err(Error::NotADirectory),
        }
    }

    pub(super) fn add(&mut self, entry: Entry) -> u32 {
        if let Some(inode) = self.unused.pop() {
            self.entries[inode as usize] = entry;
            return inode;
        }
        self.entries.push(entry);
        u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
    }

    /// Remembers what the guest learned, if it learned it of a tree.
    pub(super) fn see(&mut self, inode: u32, seen: Seen) {
        if let Some(origin) = self.entry(inode).origin {
            self.recorder.see(origin, seen);
        }
    }

    /// The inode of a name, made if this is the first that is heard of it.
    pub(super) fn child(&mut self, parent: u32, name: &str) -> Result<Option<u32>, Error> {
        let directory = self.directory(parent)?;
        if let Some(known) = directory.names.get(name) {
            return Ok(known.inode());
        }
        let Some((name, node)) = directory.lower.as_ref().and_then(|lower| lower.entry(name)) else {
            return Ok(None);
        };
        let (name, counted) = (name.clone(), directory.counted);
        let body = Body::of(node, parent, counted);
        let Entry { origin, read_only, .. } = *self.entry(parent);
        // What was merged is nothing that the guest was given.
        let origin = origin.filter(|_| !counted).map(|origin| self.recorder.add(origin, name.clone()));
        let inode = self.add(Entry { body, links: 1, opens: 0, origin, read_only, charged: counted });
        self.directory_mut(parent)?.names.insert(name, Name::Lower(inode));
        Ok(Some(inode))
    }

    /// Gives an inode a name that no inode has.
    pub(super) fn attach(&mut self, parent: u32, name: Arc<str>, inode: u32) -> Result<(), Error> {
        self.usage.files += self.entry(inode).body.weight();
        self.directory_mut(parent)?.names.insert(name, Name::Own(inode));
        if let Body::Directory(directory) = &mut self.entry_mut(inode).body {
            directory.parent = parent;
        }
        Ok(())
    }

    /// Takes a name away from its inode.
    pub(super) fn detach(&mut self, parent: u32, name: &str) -> Result<(), Error> {
        let directory = self.directory_mut(parent)?;
        let counted = directory.counted;
        let was = if directory.lower_has(name) {
            directory.names.get_mut(name).map(|known| std::mem::replace(known, Name::Gone))
        } else {
            directory.names.remove(name)
        };
        self.usage.files -= was.map_or(0, |was| self.surplus(was, counted));
        Ok(())
    }

    /// What a name counts beyond the one that each name in a counted lower tree does, come what may.
    pub(super) fn surplus(&self, name: Name, counted: bool) -> usize {
        match name {
            Name::Own(inode) => self.entry(inode).body.weight(),
            Name::Lower(inode) if counted => self.entry(inode).body.weight() - 1,
            Name::Lower(_) | Name::Gone => 0,
        }
    }

    /// Counts one name less, and forgets an inode that has neither name nor user.
    pub(super) fn unlinked(&mut self, inode: u32) {
        let entry = self.entry_mut(inode);
        entry.links = entry.links.saturating_sub(1);
        self.collect(inode);
    }

    pub(super) fn collect(&mut self, inode: u32) {
        let Overlay { entries, unused, space, usage, .. } = self;
        let entry = &mut entries[inode as usize];
        if entry.links > 0 || entry.opens > 0 {
            return;
        }
        if let Body::File(file) = &mut entry.body {
            if entry.charged {
                usage.bytes -= file.contents.len();
            }
            space.release(std::mem::take(&mut file.contents));
        }
        // What is left in the table is an empty file, for an inode that is used too late.
        *entry = Entry { body: Body::new_file(), links: 0, opens: 0, origin: None, read_only: true, charged: false };
        unused.push(inode);
    }

    /// Empties a directory that is about to lose its name.
    pub(super) fn clear(&mut self, inode: u32) -> Result<Directory, Error> {
        let directory = self.directory_mut(inode)?;
        let was = std::mem::replace(directory, Directory::new(directory.parent));
        if was.counted {
            self.usage.files -= was.lower_len();
        }
        Ok(was)
    }
}

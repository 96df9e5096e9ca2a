//! The private, mutable side of a tree: what a sandboxed guest sees as its filesystem.
//!
//! A guest starts from an immutable [`Tree`] and changes it through an [`Overlay`] that nobody else has. Nothing of the
//! lower tree is copied to begin with: an [`Inode`] is made when a name is first looked up, contents stay in the lower blob
//! until they are written, and then 64 KiB at a time. [`Overlay::freeze`] turns the result into a tree again, sharing every
//! directory that was left alone. Written contents live in a [`Scratch`] file, so that host memory does not grow with them.
//!
//! It has the semantics of POSIX, seen through WASI, and knows no version of it: names are bytes in order, every path is
//! relative to an open directory and never leaves it, there are no times, owners or permissions. So every host gives the
//! same answers. The one permission is that of the host: below a directory everything is either [`Access::ReadOnly`] or
//! [`Access::Writable`]; and the executable bit travels along unseen.
//!
//! Two sides use it. The guest's takes an inode and a path, and minds links, access and [`Limits`]. The host's
//! ([`graft`](Overlay::graft), [`merge`](Overlay::merge), [`set_access`](Overlay::set_access)) takes a path from the root,
//! follows no links and ignores access.
//!
//! # Limits
//!
//! A guest is not trusted, so all that it can make grow is bounded: see [`Limits`]. Sizes are charged as the guest sees
//! them, holes included. What the host grafts is not charged until the guest changes it; what is merged is, since the
//! guest asked for it. The first limit that refused something is kept for the report ([`Overlay::exceeded`]), as an error
//! code seldom says which it was.
//!
//! # Trace
//!
//! Every answer that came from the lower tree is remembered, the failed look-ups among them ([`Overlay::trace`]): a guest
//! that is given a tree with the same answers does the same again.
//!
//! # Inside
//!
//! Inodes are in a table (`table`), directories map names to them over a lower tree; `resolve` walks paths, `names` changes
//! directories, `files` and `contents` change bytes, `space` hands out places in the scratch file. Nothing recurses deeper
//! than [`Limits::depth`].

mod contents;
mod error;
mod files;
mod freeze;
mod host;
mod limits;
mod names;
mod rename;
mod resolve;
mod space;
mod table;
mod trace;

pub use error::Error;
pub use limits::{Exceeded, Limits, Usage};
pub use trace::{Seen, Trace};

use crate::{Scratch, Tree};
use space::Space;
use std::io;
use table::{Body, Directory, Entry};
use trace::Recorder;

/// A file, directory or link of one overlay. It stays valid while it is open or has a name; its number may be given to
/// another one after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Inode(u32);

impl Inode {
    /// A number that tells it from every other inode that there is at the moment. It depends on the order of look-ups, which
    /// is the guest's own.
    pub fn number(self) -> u64 {
        u64::from(self.0) + 1
    }
}

/// What an inode is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link.
    Symlink,
}

/// How to open, in the words of POSIX `open` and of `wasi:filesystem` alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of `open`, independent of one another")]
pub struct OpenOptions {
    /// Make the file if there is none.
    pub create: bool,
    /// With `create`: fail if there is one.
    pub exclusive: bool,
    /// Fail unless it is a directory.
    pub directory: bool,
    /// Empty the file.
    pub truncate: bool,
    /// Follow a link that is the last name of the path.
    pub follow: bool,
    /// To be read.
    pub read: bool,
    /// To be written.
    pub write: bool,
}

/// What `stat` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Of which inode.
    pub inode: Inode,
    /// What it is.
    pub kind: Kind,
    /// Length in bytes: of a file its contents', of a link its target's, of a directory 0.
    pub size: u64,
    /// How many names it has; of a directory 1, or 0 once it is removed.
    pub links: u32,
}

/// Whether a guest may change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It may only look.
    ReadOnly,
    /// It may change it.
    Writable,
}

/// A mutable filesystem over an immutable tree.
pub struct Overlay {
    entries: Vec<Entry>,
    unused: Vec<u32>,
    space: Space,
    recorder: Recorder,
    limits: Limits,
    usage: Usage,
    exceeded: Option<Exceeded>,
    failure: Option<io::Error>,
}

impl Overlay {
    /// The root directory, which is always open.
    pub const ROOT: Inode = Inode(0);

    /// A filesystem that looks like `lower` and keeps what is written in `scratch`. Everything is read-only until
    /// [`Overlay::set_access`] says otherwise. `lower` must not be deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    pub fn new(lower: Tree, scratch: Scratch, limits: Limits) -> Overlay {
        let limits = limits.clamped();
        let root = Entry {
            body: Body::Directory(Directory::over(lower, Overlay::ROOT.0)),
            links: 1,
            opens: 1,
            origin: Some(Recorder::ROOT),
            read_only: true,
            charged: false,
        };
        Overlay {
            entries: vec![root],
            unused: Vec::new(),
            space: Space::new(scratch, &limits),
            recorder: Recorder::new(limits.names),
            limits,
            usage: Usage::default(),
            exceeded: None,
            failure: None,
        }
    }

    /// Opens what is at `path`, or makes it: the inode stays until it is closed as often as it was opened.
    pub fn open(&mut self, base: Inode, path: &str, options: OpenOptions) -> Result<Inode, Error> {
        self.check_open()?;
        if options.directory && (options.create || options.truncate) {
            return Err(Error::Invalid);
        }
        let exclusive = options.create && options.exclusive;
        let found = self.resolve(base, path, (options.follow && !exclusive).into())?;
        let inode = match found.inode {
            Some(_) if exclusive => return Err(Error::Exists),
            Some(inode) => self.open_existing(inode, options)?,
            None if !options.create => return Err(Error::NotFound),
            None if found.slash => return Err(Error::IsDirectory),
            None => self.insert(&found, Body::new_file())?,
        };
        self.entry_mut(inode).opens += 1;
        self.usage.open += 1;
        Ok(Inode(inode))
    }

    fn open_existing(&mut self, inode: u32, options: OpenOptions) -> Result<u32, Error> {
        let changes = options.write || options.truncate;
        match self.kind(Inode(inode)) {
            Kind::Symlink => return Err(Error::Loop),
            Kind::Directory if changes || options.create => return Err(Error::IsDirectory),
            Kind::File if options.directory => return Err(Error::NotADirectory),
            Kind::Directory | Kind::File => {}
        }
        if changes && self.entry(inode).read_only {
            return Err(Error::ReadOnly);
        }
        if options.truncate {
            self.set_len(Inode(inode), 0)?;
        }
        Ok(inode)
    }

    /// Opens once more what is open.
    pub fn retain(&mut self, inode: Inode) -> Result<(), Error> {
        self.check_open()?;
        self.entry_mut(inode.0).opens += 1;
        self.usage.open += 1;
        Ok(())
    }

    /// Undoes one [`Overlay::open`] or [`Overlay::retain`].
    pub fn close(&mut self, inode: Inode) {
        let entry = self.entry_mut(inode.0);
        if entry.opens == 0 {
            return;
        }
        entry.opens -= 1;
        let last = entry.opens == 0;
        self.usage.open -= 1;
        if last {
            self.settle(inode.0);
            self.collect(inode.0);
        }
    }

    /// What an open inode is.
    pub fn kind(&self, inode: Inode) -> Kind {
        self.entry(inode.0).body.kind()
    }

    /// What is known of an inode.
    pub fn status(&mut self, inode: Inode) -> Status {
        self.see(inode.0, Seen::STAT);
        let entry = self.entry(inode.0);
        Status { inode, kind: entry.body.kind(), size: entry.body.size(), links: entry.links }
    }

    /// Length of a file in bytes; 0 for anything else.
    pub fn len(&self, inode: Inode) -> u64 {
        match &self.entry(inode.0).body {
            Body::File(file) => file.contents.len(),
            Body::Directory(_) | Body::Symlink(_) => 0,
        }
    }

    /// The inode at `path`. It is not opened: use it before the next change.
    pub fn lookup(&mut self, base: Inode, path: &str, follow: bool) -> Result<Inode, Error> {
        self.resolve(base, path, follow.into())?.inode.map(Inode).ok_or(Error::NotFound)
    }

    /// Which limit refused something first.
    pub fn exceeded(&self) -> Option<Exceeded> {
        self.exceeded
    }

    /// The first error of the host that a guest saw as [`Error::Io`] or [`Error::NoSpace`].
    pub fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    /// What the guest uses at the moment.
    pub fn usage(&self) -> Usage {
        Usage { memory: self.space.memory(), ..self.usage }
    }

    /// What the guest learned of the lower tree and of what was grafted.
    pub fn trace(&self) -> Trace {
        self.recorder.trace()
    }
}

impl std::fmt::Debug for Overlay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overlay").field("limits", &self.limits).field("usage", &self.usage()).finish_non_exhaustive()
    }
}

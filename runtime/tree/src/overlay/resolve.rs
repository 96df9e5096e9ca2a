//! Walking paths.
//!
//! A path never leaves the directory that it is relative to: `..` above it is refused, and so is a link to an absolute path,
//! except from the root. A directory has one name, so `..` needs no memory of the way down.

use super::table::Body;
use super::{Error, Inode, Overlay, Seen};
use crate::MAX_NAME;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// Longest path and longest target of a link, in bytes.
pub(super) const MAX_PATH: usize = 4096;
const MAX_HOPS: usize = 40;

/// What to do about a link that is the last name of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    /// Follow it.
    Yes,
    /// Do not, unless a slash follows it.
    No,
    /// Never: the name itself is meant, to be given or taken away.
    Name,
}

impl From<bool> for Follow {
    fn from(follow: bool) -> Follow {
        if follow { Follow::Yes } else { Follow::No }
    }
}

/// The end of a path.
pub(super) struct Found<'p> {
    pub(super) directory: u32,
    /// The name in `directory`; empty if the path ends in `.` or `..`, and so in a directory rather than a name.
    pub(super) name: Cow<'p, str>,
    pub(super) inode: Option<u32>,
    /// Whether a slash follows the name.
    pub(super) slash: bool,
}

enum Step {
    Found {
        directory: u32,
        name: Range<usize>,
        inode: Option<u32>,
        slash: bool,
    },
    /// A link, to be gone on from `directory`, and what remains after it.
    Link {
        directory: u32,
        target: Arc<str>,
        rest: Range<usize>,
    },
}

impl Overlay {
    pub(super) fn resolve<'p>(&mut self, base: Inode, path: &'p str, follow: Follow) -> Result<Found<'p>, Error> {
        check_path(path)?;
        let mut text = Cow::Borrowed(path);
        let mut from = base.0;
        for _ in 0..=MAX_HOPS {
            match self.walk(base.0, from, &text, follow)? {
                Step::Found { directory, name, inode, slash } => {
                    if let Some(inode) = inode {
                        self.see(inode, Seen::STAT);
                    }
                    let name = match text {
                        Cow::Borrowed(text) => Cow::Borrowed(&text[name]),
                        Cow::Owned(text) => Cow::Owned(text[name].to_owned()),
                    };
                    return Ok(Found { directory, name, inode, slash });
                }
                Step::Link { directory, target, rest } => {
                    if target.is_empty() {
                        return Err(Error::NotFound);
                    }
                    let (start, target) = match target.strip_prefix('/') {
                        Some(_) if base != Overlay::ROOT => return Err(Error::NotPermitted),
                        Some(target) => (Overlay::ROOT.0, target),
                        None => (directory, &*target),
                    };
                    from = start;
                    text = Cow::Owned([target, &text[rest]].concat());
                }
            }
        }
        Err(Error::Loop)
    }

    /// Walks `text` from the directory `from` to its end, or to the first link that is to be followed.
    fn walk(&mut self, base: u32, from: u32, text: &str, follow: Follow) -> Result<Step, Error> {
        let mut directory = from;
        let mut at = 0;
        loop {
            let end = text[at..].find('/').map_or(text.len(), |length| at + length);
            let next = end + text[end..].bytes().take_while(|byte| *byte == b'/').count();
            let (name, slash, last) = (&text[at..end], next > end, next == text.len());
            let inode = match name {
                "" | "." => Some(directory),
                ".." if directory == base => return Err(Error::NotPermitted),
                ".." => Some(self.directory(directory)?.parent),
                _ if name.len() > MAX_NAME => return Err(Error::NameTooLong),
                _ => self.look(directory, name)?,
            };
            let Some(inode) = inode else {
                let step = Step::Found { directory, name: at..end, inode, slash };
                return if last { Ok(step) } else { Err(Error::NotFound) };
            };
            match &self.entry(inode).body {
                Body::Symlink(target) if !last || follow == Follow::Yes || (slash && follow == Follow::No) => {
                    let target = target.clone();
                    self.see(inode, Seen::READLINK);
                    return Ok(Step::Link { directory, target, rest: end..text.len() });
                }
                Body::Directory(_) if !last => directory = inode,
                Body::Directory(_) if matches!(name, "" | "." | "..") => {
                    return Ok(Step::Found { directory: inode, name: at..at, inode: Some(inode), slash });
                }
                Body::File(_) | Body::Symlink(_) if !last || (slash && follow != Follow::Name) => {
                    self.see(inode, Seen::STAT);
                    return Err(Error::NotADirectory);
                }
                _ => return Ok(Step::Found { directory, name: at..end, inode: Some(inode), slash }),
            }
            at = next;
        }
    }

    /// Looks a name up for the guest: one that the tree does not have was learned too.
    fn look(&mut self, directory: u32, name: &str) -> Result<Option<u32>, Error> {
        let inode = self.child(directory, name)?;
        if inode.is_none()
            && let Some(origin) = self.entry(directory).origin
            && !self.directory(directory)?.names.contains_key(name)
        {
            self.recorder.miss(origin, name);
        }
        Ok(inode)
    }
}

fn check_path(path: &str) -> Result<(), Error> {
    match path {
        "" => Err(Error::NotFound),
        _ if path.len() > MAX_PATH => Err(Error::NameTooLong),
        _ if path.starts_with('/') => Err(Error::NotPermitted),
        _ if path.contains('\0') => Err(Error::Invalid),
        _ => Ok(()),
    }
}

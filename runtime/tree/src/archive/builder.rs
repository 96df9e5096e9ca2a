//! The tree that an archive becomes, entry by entry, and the rules that hold for every format.

use super::meter::Meter;
use super::{ArchiveError, Links, Options};
use crate::{File, Node, PathError, Tree, components};

/// Longest target of a link, in bytes: what Linux follows.
const MAX_TARGET: usize = 4096;

pub(super) struct Builder<'o> {
    tree: Tree,
    options: &'o Options,
    meter: &'o Meter<'o>,
}

impl<'o> Builder<'o> {
    pub(super) fn new(options: &'o Options, meter: &'o Meter<'o>) -> Builder<'o> {
        Builder { tree: Tree::new(), options, meter }
    }

    pub(super) fn finish(self) -> Tree {
        self.tree
    }

    /// Where the entry `name` goes: its path without the leading names that are taken off; none if nothing is left. What
    /// names nothing, a `.` or what is between two slashes, does not count.
    pub(super) fn path(&self, name: &str) -> Result<Option<String>, ArchiveError> {
        let refused = |reason| ArchiveError::Name { name: name.to_owned(), reason };
        if name.is_empty() {
            return Err(refused("its name is empty"));
        }
        if name.starts_with('/') {
            return Err(refused("its name is absolute"));
        }
        let path = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/");
        match components(&path) {
            Ok(names) if names.len() <= self.options.strip => Ok(None),
            Ok(names) => Ok(Some(names[self.options.strip..].join("/"))),
            Err(PathError::Invalid { reason, .. }) => Err(refused(reason)),
            Err(PathError::NotADirectory(_)) => Err(refused("it is no path")),
        }
    }

    /// A directory, unless it is there.
    pub(super) fn directory(&mut self, name: &str) -> Result<(), ArchiveError> {
        match self.path(name)? {
            Some(path) if self.tree.directory(&path).is_none() => self.put(name, &path, Node::Directory(Tree::new())),
            _ => Ok(()),
        }
    }

    /// A file, in place of an earlier one. `path` is what [`Builder::path`] gave for `name`.
    pub(super) fn file(&mut self, name: &str, path: &str, file: File) -> Result<(), ArchiveError> {
        self.put(name, path, Node::File(file))
    }

    /// A symbolic link, in place of an earlier one.
    pub(super) fn symlink(&mut self, name: &str, target: &str) -> Result<(), ArchiveError> {
        let Some(path) = self.path(name)? else { return Ok(()) };
        let depth = path.split('/').count() - 1;
        let checked = match self.options.links {
            Links::Drop => return Ok(()),
            Links::Keep => check_text(target).and_then(|()| check_inside(target, depth)),
            Links::Any => check_text(target),
        };
        checked.map_err(|reason| refused_link(name, target, reason))?;
        // A target is in host memory, as names are.
        self.meter.count(target.len() as u64 / 256)?;
        self.put(name, &path, Node::symlink(target))
    }

    /// A further name for an earlier file of this archive: both have the same contents.
    pub(super) fn hard_link(&mut self, name: &str, target: &str) -> Result<(), ArchiveError> {
        let Some(path) = self.path(name)? else { return Ok(()) };
        if self.options.links == Links::Drop {
            return Ok(());
        }
        let earlier = self.path(target).ok().flatten().and_then(|path| self.tree.file(&path)).cloned();
        let file = earlier
            .ok_or_else(|| refused_link(name, target, "a hard link must name an earlier file of the same archive"))?;
        self.put(name, &path, Node::File(file))
    }

    /// How many directories above `path` no entry has made.
    fn missing_above(&self, path: &str) -> u64 {
        let parents = path.rmatch_indices('/').map(|(end, _)| &path[..end]);
        parents.take_while(|parent| self.tree.get(parent).is_none()).map(|_| 1).sum()
    }

    fn put(&mut self, name: &str, path: &str, node: Node) -> Result<(), ArchiveError> {
        let conflict = |other: &str| ArchiveError::Conflict { name: name.to_owned(), other: other.to_owned() };
        let same_kind = match (self.tree.get(path), &node) {
            (None, _) => true,
            (Some(earlier), node) => std::mem::discriminant(earlier) == std::mem::discriminant(node),
        };
        if !same_kind {
            return Err(conflict(path));
        }
        self.meter.count(self.missing_above(path))?;
        self.tree.insert(path, node).map_err(|error| match error {
            PathError::NotADirectory(other) => conflict(&other),
            PathError::Invalid { reason, .. } => ArchiveError::Name { name: name.to_owned(), reason },
        })
    }
}

fn refused_link(name: &str, target: &str, reason: &'static str) -> ArchiveError {
    ArchiveError::Link { name: name.to_owned(), target: target.to_owned(), reason }
}

fn check_text(target: &str) -> Result<(), &'static str> {
    match target {
        "" => Err("its target is empty"),
        _ if target.len() > MAX_TARGET => Err("its target is longer than 4096 bytes"),
        _ if target.contains('\0') => Err("its target has a NUL in it"),
        _ => Ok(()),
    }
}

/// Holds the target of a link, `depth` directories below the root, inside the root.
///
/// A target that climbs first, at most to the root, and then only descends cannot leave: the link stands in a real
/// directory, and each link on the way down is held to the same rule. To climb after a descent is refused, because a link
/// on the way may have led elsewhere.
fn check_inside(target: &str, depth: usize) -> Result<(), &'static str> {
    if target.starts_with('/') {
        return Err("its target is absolute");
    }
    let names = || target.split('/').filter(|name| !matches!(*name, "" | "."));
    let climbs = names().take_while(|name| *name == "..").count();
    if climbs > depth {
        return Err("its target is outside of the archive");
    }
    if names().skip(climbs).any(|name| name == "..") {
        return Err("its target climbs with `..` after a name");
    }
    Ok(())
}

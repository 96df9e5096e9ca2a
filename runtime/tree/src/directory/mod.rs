//! A directory of the host becomes a tree.
//!
//! Nothing is copied: contents stay where they are and are read when they are wanted, and a file that has changed by then
//! fails to be read. Links are kept as they are and never followed. Version control's own `.git` is always left out.

mod contents;
mod docker;
mod rules;
#[cfg(test)]
mod tests;

pub use contents::ContentsError;

use crate::{Blob, File, MAX_DEPTH, Node, Tree, check_name, host};
use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, DirEntry, OpenOptions};
use contents::{Contents, Handles, Stamp};
use rules::{Ignore, Verdict};
use std::io;
use std::sync::Arc;

/// Which files of a directory are left out.
///
/// When several of these know a path, the first that has a pattern for it decides: `extra`, then `.wattleignore`,
/// `.gitignore`, `.dockerignore`. So `!dist` in `.wattleignore` brings back what `.gitignore` leaves out. What stands in a
/// directory that is left out is not looked at, except as `.dockerignore` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Follow `.wattleignore` files, in any directory, with the syntax of `.gitignore`. On unless said otherwise.
    pub wattle_ignore: bool,
    /// Follow `.gitignore` files, in any directory. On unless said otherwise.
    pub git_ignore: bool,
    /// Follow the `.dockerignore` file in the root, as Docker documents it: patterns start at the root, and the last one
    /// that matches a path or a directory above it decides. Off unless said otherwise.
    pub docker_ignore: bool,
    /// More patterns, with the syntax of `.gitignore`, relative to the root.
    pub extra: Vec<String>,
    /// What `project.toml` selects, of what the rules above do not leave out.
    pub selection: Selection,
}

/// What `project.toml` selects of an application, by patterns with the syntax of `.gitignore`, relative to the root (CNB project
/// descriptor, "Excluding files"). Each path is tested on its own, as the reference implementation does it: a directory that
/// is not selected is there nevertheless if something in it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Selection {
    /// Everything.
    #[default]
    All,
    /// Only what these match, and what is below that.
    Include(Vec<String>),
    /// All but what these match, and what is below that.
    Exclude(Vec<String>),
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { wattle_ignore: true, git_ignore: true, ..Rules::none() }
    }
}

impl Rules {
    /// Leave nothing out but `.git`.
    pub fn none() -> Rules {
        Rules {
            wattle_ignore: false,
            git_ignore: false,
            docker_ignore: false,
            extra: Vec::new(),
            selection: Selection::All,
        }
    }
}

/// A directory that does not become a tree. Paths are relative to it.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file or a directory cannot be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// What was to be read.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// A name that no tree can have.
    #[error("`{path}` cannot be part of an application: {reason}")]
    Name {
        /// Its path, as far as it is text.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A socket, a named pipe, a device.
    #[error("`{path}` cannot be part of an application: it is neither a file, a directory nor a symbolic link")]
    Kind {
        /// Its path.
        path: String,
    },
    /// A pattern that nothing can be matched with.
    #[error("cannot follow the pattern `{pattern}` of `{file}`: {reason}")]
    Pattern {
        /// The file it stands in, or `extra`.
        file: String,
        /// The line.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads everything below `directory` that `rules` do not leave out. Each file is opened once, so that one that may not be
/// read is found here and not later.
pub fn read(directory: &Dir, rules: &Rules) -> Result<Tree, ReadError> {
    let root = directory.try_clone().map_err(|source| unreadable("", source))?;
    let mut reader = Reader { ignore: Ignore::new(rules)?, handles: Arc::new(Handles::new(root)) };
    reader.directory(directory, "", 0)
}

struct Reader {
    ignore: Ignore,
    handles: Arc<Handles>,
}

impl Reader {
    fn directory(&mut self, directory: &Dir, path: &str, depth: usize) -> Result<Tree, ReadError> {
        if depth > MAX_DEPTH {
            return Err(ReadError::Name { path: path.to_owned(), reason: "it is deeper than 128 directories" });
        }
        let listed = directory.entries().and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut listed = listed.map_err(|source| unreadable(path, source))?;
        // So that of several errors the same one is found every time.
        listed.sort_by_cached_key(DirEntry::file_name);
        self.ignore.enter(directory, path)?;
        let mut entries = Vec::with_capacity(listed.len());
        for entry in listed {
            let name = entry.file_name();
            let inner = join(path, &name.to_string_lossy());
            let refused = |reason| ReadError::Name { path: inner.clone(), reason };
            let name = name.into_string().map_err(|_| refused("its name is not UTF-8"))?;
            check_name(&name).map_err(refused)?;
            if let Some(node) = self.entry(directory, &entry, &name, inner, depth)? {
                entries.push((name.into(), node));
            }
        }
        self.ignore.leave();
        Ok(entries.into_iter().collect())
    }

    /// What stands at `path`, unless it is left out.
    fn entry(
        &mut self,
        directory: &Dir,
        entry: &DirEntry,
        name: &str,
        path: String,
        depth: usize,
    ) -> Result<Option<Node>, ReadError> {
        let kind = entry.file_type().map_err(|source| unreadable(&path, source))?;
        let verdict = if name == ".git" { Verdict::Drop } else { self.ignore.decide(&path, kind.is_dir()) };
        if verdict == Verdict::Drop {
            return Ok(None);
        }
        if kind.is_symlink() {
            let target = directory.read_link_contents(name).map_err(|source| unreadable(&path, source))?;
            let target = host::link_target(target);
            let target = target.ok_or(ReadError::Name { path, reason: "its target is not UTF-8" })?;
            return Ok(Some(Node::symlink(&target)));
        }
        if kind.is_dir() {
            let inner = directory.open_dir_nofollow(name).map_err(|source| unreadable(&path, source))?;
            let tree = self.directory(&inner, &path, depth + 1)?;
            return Ok((verdict == Verdict::Keep || !tree.is_empty()).then_some(Node::Directory(tree)));
        }
        if !kind.is_file() {
            return Err(ReadError::Kind { path });
        }
        self.file(directory, name, &path).map(|file| Some(Node::File(file)))
    }

    fn file(&self, directory: &Dir, name: &str, path: &str) -> Result<File, ReadError> {
        let failed = |source| unreadable(path, source);
        let file = directory.open_with(name, &reading()).map_err(failed)?.into_std();
        let metadata = file.metadata().map_err(failed)?;
        let stamp = Stamp::of(&metadata);
        let blob = Blob::new(stamp.len, Contents::new(self.handles.clone(), path, stamp));
        Ok(File { blob, executable: host::is_executable(&metadata) })
    }
}

fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).follow(FollowSymlinks::No);
    options
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

fn unreadable(path: &str, source: io::Error) -> ReadError {
    ReadError::Unreadable { path: if path.is_empty() { "." } else { path }.to_owned(), source }
}

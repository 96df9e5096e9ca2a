//! Packages laid over one another, and what their maintainer scripts would have done, done as data.

mod accounts;
mod effects;
mod overlay;
mod trim;

pub use accounts::User;
pub(crate) use overlay::{OverlayError, overlay};

use crate::{Architecture, Unpacked};
use std::collections::BTreeMap;
use std::io;
use wattle_tree::{Node, PathError, Tree};

/// How packages become a file system.
#[derive(Debug, Clone)]
pub struct Options {
    /// The machines that it is for. Packages for others are refused.
    pub architecture: Architecture,
    /// Whether documentation and manual pages stay. Licences always do.
    pub documentation: bool,
    /// Whether translations of messages stay.
    pub locales: bool,
    /// Users besides those that every Debian system has. Their homes are made.
    pub users: Vec<User>,
}

/// Files, and what a tree cannot say about some of them.
#[derive(Debug, Clone)]
pub struct Filesystem {
    /// What stands at the root.
    pub tree: Tree,
    /// Paths, relative to the root, that do not belong to the superuser or whose mode is not the usual one: `tmp`, in
    /// which everybody may write, and homes. Whoever writes the tree into a layer has to apply them. None is setuid or
    /// setgid.
    pub attributes: BTreeMap<String, Attributes>,
}

/// To whom a file belongs, and what others may do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// Number of the user.
    pub uid: u32,
    /// Number of the group.
    pub gid: u32,
    /// Permission bits, the sticky bit included.
    pub mode: u32,
}

/// Packages that do not become a file system.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// A package for other machines.
    #[error("cannot use the package `{package}`: it is for `{found}`, and the file system for `{wanted}`")]
    Architecture {
        /// Name of the package.
        package: String,
        /// Its architecture.
        found: String,
        /// That of the file system.
        wanted: Architecture,
    },
    /// Two packages that have a path, and not the same there.
    #[error("the packages `{first}` and `{second}` both have `/{path}`, and not the same there")]
    Conflict {
        /// The earlier package.
        first: String,
        /// The later package.
        second: String,
        /// The path.
        path: String,
    },
    /// A package twice.
    #[error("the package `{0}` is there twice")]
    Twice(String),
    /// A user who cannot be.
    #[error("cannot make the user `{user}`: {reason}")]
    User {
        /// Name of the user.
        user: String,
        /// Why not.
        reason: String,
    },
    /// Something that is made here has no place, because a package has a file or a link on the way.
    #[error("cannot put `/{path}` into the file system")]
    Place {
        /// The path.
        path: String,
        /// What is on the way.
        source: PathError,
    },
    /// Contents of a package could not be read.
    #[error("cannot read `/{path}` of the package `{package}`")]
    Read {
        /// Name of the package.
        package: String,
        /// The file.
        path: String,
        /// What the reader said.
        source: io::Error,
    },
}

/// Lays packages over one another and completes them to a file system that programs can start in. The order of the packages
/// makes no difference.
pub fn assemble(packages: &[Unpacked], options: &Options) -> Result<Filesystem, AssembleError> {
    let mut system = System { tree: Tree::new() };
    for (at, unpacked) in packages.iter().enumerate() {
        check(unpacked, &packages[..at], options.architecture)?;
        let files = trim::trim(&unpacked.tree, options);
        system.tree = overlay(&system.tree, &files, "").map_err(|error| refused(error, unpacked, &packages[..at]))?;
        system.file(&format!("var/lib/dpkg/status.d/{}", unpacked.package.name), &unpacked.control)?;
    }
    for name in options.architecture.merged_directories() {
        system.directory(&format!("usr/{name}"))?;
        system.link(name, &format!("usr/{name}"))?;
    }
    effects::apply(&mut system, packages)?;
    accounts::write(&mut system, &options.users)?;
    Ok(Filesystem { attributes: attributes(&system.tree, &options.users), tree: system.tree })
}

fn check(unpacked: &Unpacked, earlier: &[Unpacked], wanted: Architecture) -> Result<(), AssembleError> {
    let package = &unpacked.package;
    if earlier.iter().any(|other| other.package.name == package.name) {
        return Err(AssembleError::Twice(package.name.clone()));
    }
    if !package.is_for(wanted) {
        let (package, found) = (package.name.clone(), package.architecture.clone());
        return Err(AssembleError::Architecture { package, found, wanted });
    }
    Ok(())
}

fn refused(error: OverlayError, unpacked: &Unpacked, earlier: &[Unpacked]) -> AssembleError {
    let second = unpacked.package.name.clone();
    match error {
        OverlayError::Read { path, source } => AssembleError::Read { package: second, path, source },
        OverlayError::Collision(path) => {
            let first = earlier.iter().find(|other| other.tree.get(&path).is_some());
            let first = first.map_or_else(String::new, |other| other.package.name.clone());
            AssembleError::Conflict { first, second, path }
        }
    }
}

/// A file system on its way.
pub(crate) struct System {
    tree: Tree,
}

impl System {
    fn put(&mut self, path: &str, node: Node) -> Result<(), AssembleError> {
        self.tree.insert(path, node).map_err(|source| AssembleError::Place { path: path.to_owned(), source })
    }

    /// Writes a file, unless something is there.
    fn file(&mut self, path: &str, contents: &str) -> Result<(), AssembleError> {
        self.missing(path, || Node::file(contents))
    }

    /// Makes a directory, unless something is there.
    fn directory(&mut self, path: &str) -> Result<(), AssembleError> {
        self.missing(path, || Node::Directory(Tree::new()))
    }

    /// Makes a link, unless something is there; an empty directory gives way.
    fn link(&mut self, path: &str, target: &str) -> Result<(), AssembleError> {
        if self.tree.directory(path).is_some_and(Tree::is_empty) {
            self.tree.remove(path);
        }
        self.missing(path, || Node::symlink(target))
    }

    fn missing(&mut self, path: &str, node: impl FnOnce() -> Node) -> Result<(), AssembleError> {
        match self.tree.get(path) {
            Some(_) => Ok(()),
            None => self.put(path, node()),
        }
    }
}

/// What is not the superuser's with mode 0755 or 0644, of what is there.
fn attributes(tree: &Tree, users: &[User]) -> BTreeMap<String, Attributes> {
    let shared = Attributes { uid: 0, gid: 0, mode: 0o1777 };
    let usual = [
        ("etc/shadow", Attributes { uid: 0, gid: accounts::SHADOW, mode: 0o640 }),
        ("root", Attributes { uid: 0, gid: 0, mode: 0o700 }),
        ("run/lock", shared),
        ("tmp", shared),
        ("var/tmp", shared),
    ];
    let homes = users.iter().map(|user| (user.home_path(), Attributes { uid: user.uid, gid: user.gid, mode: 0o755 }));
    let all = usual.into_iter().chain(homes).filter(|(path, _)| tree.get(path).is_some());
    all.map(|(path, attributes)| (path.to_owned(), attributes)).collect()
}

#[cfg(test)]
mod tests;

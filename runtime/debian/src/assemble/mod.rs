//! Packages laid over one another, and what their maintainer scripts would have done, done as data.

mod accounts;
mod addition;
mod alternatives;
mod effects;
mod keystore;
mod overlay;
mod scripts;
mod trim;

pub use accounts::User;
pub(crate) use accounts::check_all as check_users;
pub use addition::{Below, add, fit};
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
    /// Whether programs may run as their owner whoever starts them (setuid, setgid).
    pub setuid: bool,
}

/// Files, and what a tree cannot say about some of them.
#[derive(Debug, Clone)]
pub struct Filesystem {
    /// What stands at the root.
    pub tree: Tree,
    /// Paths, relative to the root, that do not belong to the superuser or whose mode is not the usual one: `tmp`, in
    /// which everybody may write, and homes. Whoever writes the tree into a layer has to apply them. None is setuid or
    /// setgid unless [`Options::setuid`] said so.
    pub attributes: BTreeMap<String, Attributes>,
    /// What should be known about it.
    pub notes: Notes,
}

/// What is not as it would be had the packages been installed. All lists are sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// Paths of programs that lost setuid or setgid.
    pub setuid: Vec<String>,
    /// Packages with a script that would have done something that nothing here does.
    pub scripts: Vec<String>,
    /// Packages that do not work before their script has run, and what it does.
    pub unusable: Vec<(String, &'static str)>,
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
    /// Two things would be one over the system below.
    #[error("`/{path}` is there twice once `/{name}` is the link that the image below has")]
    Fit {
        /// Name of the link.
        name: String,
        /// The path.
        path: String,
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
    let mut system = lay(packages, options)?;
    for name in options.architecture.merged_directories() {
        system.directory(&format!("usr/{name}"))?;
        system.link(name, &format!("usr/{name}"))?;
    }
    effects::complete(&mut system)?;
    effects::apply(&mut system, packages, None)?;
    let mut accounts = accounts::Accounts::standard(&options.users)?;
    for user in &options.users {
        system.directory(user.home_path())?;
    }
    let mut users = accounts.add_services(&system.tree, packages);
    accounts.write(&mut system)?;
    accounts.write_shadow(&mut system)?;
    users.retain(|user| is_own_home(&system.tree, user));
    users.extend_from_slice(&options.users);
    Ok(finish(system, packages, &users, options))
}

/// All files of all packages that the options leave, and what scanners read.
fn lay(packages: &[Unpacked], options: &Options) -> Result<System, AssembleError> {
    let mut system = System { tree: Tree::new() };
    let mut ordered: Vec<&Unpacked> = packages.iter().collect();
    ordered.sort_by(|one, other| one.package.name.cmp(&other.package.name));
    for (at, unpacked) in ordered.iter().enumerate() {
        let earlier = &ordered[..at];
        check(unpacked, earlier, options.architecture)?;
        lay_one(&mut system, unpacked, earlier, options)?;
        system.file(&format!("var/lib/dpkg/status.d/{}", unpacked.package.name), &unpacked.control)?;
    }
    Ok(system)
}

/// Lays one package over those before it. A file that both have is that of the one that says that it replaces the other.
fn lay_one(
    system: &mut System,
    unpacked: &Unpacked,
    earlier: &[&Unpacked],
    options: &Options,
) -> Result<(), AssembleError> {
    let mut files = trim::trim(&unpacked.tree, options);
    loop {
        let path = match overlay(&system.tree, &files, "") {
            Ok(tree) => {
                system.tree = tree;
                return Ok(());
            }
            Err(OverlayError::Collision(path)) => path,
            Err(error) => return Err(refused(error, unpacked, earlier)),
        };
        let owner = earlier.iter().find(|other| other.tree.get(&path).is_some());
        match owner {
            Some(owner) if replaces(unpacked, owner) => system.tree.remove(&path),
            Some(owner) if replaces(owner, unpacked) => files.remove(&path),
            _ => return Err(refused(OverlayError::Collision(path), unpacked, earlier)),
        };
    }
}

/// True if the files of one package take the place of the other's (Debian Policy, section 7.6).
fn replaces(one: &Unpacked, other: &Unpacked) -> bool {
    let is_other =
        |relation: &crate::Relation| *relation.name == *other.package.name && relation.allows(&other.package.version);
    one.package.relations.replaces.iter().any(is_other)
}

/// True if a package brought the home of a user, so that it is to be the user's.
fn is_own_home(tree: &Tree, user: &User) -> bool {
    user.home_path().starts_with("var/lib/") && tree.directory(user.home_path()).is_some()
}

fn finish(system: System, packages: &[Unpacked], users: &[User], options: &Options) -> Filesystem {
    let (mut attributes, mut notes) = (BTreeMap::new(), Notes::default());
    for unpacked in packages {
        let name = &unpacked.package.name;
        for (path, found) in &unpacked.attributes {
            let (is_file, usual) = match system.tree.get(path) {
                Some(Node::Directory(_)) => (false, 0o755),
                Some(Node::File(file)) => (true, if file.executable { 0o755 } else { 0o644 }),
                Some(Node::Symlink(_)) | None => continue,
            };
            let is_special = found.mode & SPECIAL != 0 && !options.setuid;
            if is_special && is_file {
                notes.setuid.push(path.clone());
            }
            let left = Attributes { mode: if is_special { found.mode & !SPECIAL } else { found.mode }, ..*found };
            if left != (Attributes { uid: 0, gid: 0, mode: usual }) {
                attributes.insert(path.clone(), left);
            }
        }
        if let Some(reason) = scripts::needed(name) {
            notes.unusable.push((name.clone(), reason));
        } else if scripts::is_missed(unpacked) {
            notes.scripts.push(name.clone());
        }
    }
    attributes.extend(usual_attributes(&system.tree, users));
    notes.setuid.sort();
    notes.scripts.sort();
    notes.unusable.sort();
    Filesystem { attributes, tree: system.tree, notes }
}

/// setuid and setgid.
const SPECIAL: u32 = 0o6000;

fn check(unpacked: &Unpacked, earlier: &[&Unpacked], wanted: Architecture) -> Result<(), AssembleError> {
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

fn refused(error: OverlayError, unpacked: &Unpacked, earlier: &[&Unpacked]) -> AssembleError {
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
fn usual_attributes(tree: &Tree, users: &[User]) -> BTreeMap<String, Attributes> {
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

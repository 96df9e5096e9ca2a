//! Binary packages (deb(5)): an `ar` archive of a version, a tar of control files and a tar of the files.

use crate::assemble::{Attributes, OverlayError};
use crate::control::{ControlError, Paragraph};
use crate::modes::Headers;
use crate::package::relations;
use crate::{Package, Version, merged_usr};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;
use wattle_tree::archive::{ArchiveError, Compression, Limits, Links, Options, decompress, unpack_reader};
use wattle_tree::{Blob, Digest, Scratch, Tree};

/// Most bytes of a control file.
const MAX_CONTROL: u64 = 1 << 20;

/// A package that does not become files.
#[derive(Debug, thiserror::Error)]
#[error("cannot unpack the package `{package}`")]
pub struct DebError {
    /// Its name and version, as the index has them.
    pub package: String,
    /// Why not.
    pub source: DebFault,
}

/// What is wrong with a package.
#[derive(Debug, thiserror::Error)]
pub enum DebFault {
    /// Its bytes could not be had, or it is cut off.
    #[error("cannot read its bytes")]
    Read(#[from] io::Error),
    /// It is not what the index promised.
    #[error("it should be {expected} and is {found}")]
    Digest {
        /// Digest in the index.
        expected: Box<Digest>,
        /// Digest of the bytes.
        found: Box<Digest>,
    },
    /// It is not the archive that packages are.
    #[error("it is no package of Debian's format 2: {0}")]
    Format(String),
    /// One of the archives in it cannot be unpacked.
    #[error("cannot unpack `{member}`")]
    Archive {
        /// Name of the archive.
        member: String,
        /// What is wrong.
        source: ArchiveError,
    },
    /// Its control file makes no sense.
    #[error("cannot read its control file")]
    Control(#[from] ControlError),
    /// It says that it is another package.
    #[error("its control file says that its `{field}` is `{found}`, and the index says `{expected}`")]
    Other {
        /// Name of the field.
        field: &'static str,
        /// Value in the index.
        expected: String,
        /// Value in the package.
        found: String,
    },
    /// Two of its files are one where `/usr` is merged.
    #[error("it has two things at `{0}` once `/bin`, `/sbin` and `/lib` are links into `/usr`")]
    Collision(String),
}

/// A package, unpacked.
#[derive(Debug, Clone)]
pub struct Unpacked {
    /// What the index says about it; its relations are those in its control file.
    pub package: Package,
    /// Its control file: one paragraph of control data.
    pub control: String,
    /// The script that would be run once it is unpacked. It never is.
    pub postinst: Option<String>,
    /// Its files, at the places where a merged `/usr` has them.
    pub tree: Tree,
    /// Owners and modes of those that are not the superuser's with mode 0755 or 0644, by path; setuid and setgid among them.
    pub attributes: BTreeMap<String, Attributes>,
}

/// Unpacks `deb`, the file that `package` names; its contents go to `scratch`. What it holds must be what the index says.
pub fn unpack(package: &Package, deb: &Blob, scratch: &Scratch, limits: Limits) -> Result<Unpacked, DebError> {
    read(package, deb, scratch, limits)
        .map_err(|source| DebError { package: format!("{} {}", package.name, package.version), source })
}

fn read(package: &Package, deb: &Blob, scratch: &Scratch, limits: Limits) -> Result<Unpacked, DebFault> {
    let found = deb.digest()?;
    if found != package.digest {
        return Err(DebFault::Digest { expected: package.digest.into(), found: found.into() });
    }
    let mut members = Members::open(deb)?;
    members.version()?;
    let (scripts, _) = members.tar("control", scratch, limits)?;
    let control = control_file(&scripts)?;
    check_identity(package, &control)?;
    let (tree, found) = members.tar("data", scratch, limits)?;
    let attributes = found.into_iter().map(|(path, attributes)| (merged_usr::place(&path), attributes)).collect();
    let tree = merged_usr::rewrite(tree).map_err(|error| match error {
        OverlayError::Collision(path) => DebFault::Collision(path),
        OverlayError::Read { source, .. } => DebFault::Read(source),
    })?;
    let package = related(package, &control)?;
    Ok(Unpacked { package, control, postinst: postinst(&scripts)?, tree, attributes })
}

/// The package with what it says of others: a lock says nothing of that, the package itself does.
fn related(package: &Package, control: &str) -> Result<Package, DebFault> {
    let relations = Arc::new(relations(&Paragraph::only(control)?)?);
    Ok(Package { relations, ..package.clone() })
}

impl Unpacked {
    /// What [`unpack`] made of `package` before, all of which was kept.
    pub fn again(package: &Package, before: Unpacked) -> Result<Unpacked, DebError> {
        let name = || format!("{} {}", package.name, package.version);
        let checked = check_identity(package, &before.control).and_then(|()| related(package, &before.control));
        let package = checked.map_err(|source| DebError { package: name(), source })?;
        Ok(Unpacked { package, ..before })
    }
}

fn control_file(tree: &Tree) -> Result<String, DebFault> {
    let file = tree.file("control").ok_or_else(|| DebFault::Format("`control.tar` has no file `control`".into()))?;
    if file.blob.len() > MAX_CONTROL {
        return Err(DebFault::Format(format!("its control file has more than {MAX_CONTROL} bytes")));
    }
    String::from_utf8(file.blob.to_vec()?).map_err(|_| DebFault::Format("its control file is not UTF-8".into()))
}

/// The script, if there is one that a person could have written.
fn postinst(tree: &Tree) -> Result<Option<String>, DebFault> {
    match tree.file("postinst").filter(|file| file.blob.len() <= MAX_CONTROL) {
        Some(file) => Ok(Some(String::from_utf8_lossy(&file.blob.to_vec()?).into_owned())),
        None => Ok(None),
    }
}

fn check_identity(package: &Package, control: &str) -> Result<(), DebFault> {
    let paragraph = Paragraph::only(control)?;
    let other = |field, expected: &str, found: &str| {
        Err(DebFault::Other { field, expected: expected.to_owned(), found: found.to_owned() })
    };
    let (name, version) = (paragraph.need("Package")?, paragraph.need("Version")?);
    match paragraph.need("Architecture")? {
        _ if name != package.name => other("Package", &package.name, name),
        _ if Version::new(version) != package.version => other("Version", package.version.as_str(), version),
        architecture if architecture != package.architecture => {
            other("Architecture", &package.architecture, architecture)
        }
        _ => Ok(()),
    }
}

/// The members of the `ar` archive, in turn. Of that format, packages use only the plainest part: short names, the members
/// in one order.
struct Members {
    reader: wattle_tree::BlobReader,
    left: u64,
}

impl Members {
    fn open(deb: &Blob) -> Result<Members, DebFault> {
        let mut members = Members { reader: deb.reader(), left: deb.len() };
        match &members.take::<8>()? {
            b"!<arch>\n" => Ok(members),
            _ => Err(DebFault::Format("it does not begin as an `ar` archive".into())),
        }
    }

    /// Sets bytes apart that must still be there.
    fn claim(&mut self, count: u64) -> io::Result<()> {
        self.left = self.left.checked_sub(count).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], DebFault> {
        let mut bytes = [0; N];
        self.claim(N as u64)?;
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// The header of the next member: its name, and its length in bytes.
    fn next(&mut self) -> Result<(String, u64), DebFault> {
        let header = self.take::<60>()?;
        let text = |range| std::str::from_utf8(&header[range]).map(|text: &str| text.trim_end_matches(' '));
        let (Ok(name), Ok(Ok(size)), b"`\n") = (text(0..16), text(48..58).map(str::parse::<u64>), &header[58..]) else {
            return Err(DebFault::Format("the header of one of its members is damaged".into()));
        };
        self.claim(size)?;
        Ok((name.trim_end_matches('/').to_owned(), size))
    }

    /// Members begin at even offsets.
    fn pad(&mut self, size: u64) -> Result<(), DebFault> {
        if size % 2 == 1 && self.left > 0 {
            self.take::<1>()?;
        }
        Ok(())
    }

    /// Reads the first member, the version of the format.
    fn version(&mut self) -> Result<(), DebFault> {
        let (name, size) = self.next()?;
        if name != "debian-binary" || size > 64 {
            return Err(DebFault::Format(format!("its first member is `{name}` instead of `debian-binary`")));
        }
        let mut version = String::new();
        (&mut self.reader).take(size).read_to_string(&mut version)?;
        self.pad(size)?;
        if !version.starts_with("2.") {
            return Err(DebFault::Format(format!("its version is `{}`", version.trim_end())));
        }
        Ok(())
    }

    /// Unpacks the next member, which must be a tar of this name.
    fn tar(
        &mut self,
        name: &str,
        scratch: &Scratch,
        limits: Limits,
    ) -> Result<(Tree, BTreeMap<String, Attributes>), DebFault> {
        let (mut member, mut size) = self.next()?;
        // Members that begin with an underscore are for others to read (deb(5)).
        while member.starts_with('_') {
            io::copy(&mut (&mut self.reader).take(size), &mut io::sink())?;
            self.pad(size)?;
            (member, size) = self.next()?;
        }
        let unknown = || DebFault::Format(format!("it has a member `{member}` where `{name}.tar` should be"));
        let suffix = member.strip_prefix(name).and_then(|rest| rest.strip_prefix(".tar")).ok_or_else(unknown)?;
        let compression = match suffix {
            "" => Compression::None,
            ".gz" => Compression::Gzip,
            ".xz" => Compression::Xz,
            ".zst" => Compression::Zstd,
            _ => return Err(unknown()),
        };
        let options = Options { strip: 0, links: Links::Any, limits };
        let mut bytes = (&mut self.reader).take(size);
        let mut headers = Headers::new(decompress(&mut bytes, compression)?);
        let tree = unpack_reader(&mut headers, Compression::None, scratch, &options)
            .map_err(|source| DebFault::Archive { member: member.clone(), source })?;
        let found = headers.found();
        io::copy(&mut bytes, &mut io::sink())?;
        self.pad(size)?;
        Ok((tree, found))
    }
}

#[cfg(test)]
#[path = "deb_tests.rs"]
mod tests;

//! Where an image is, in one word of a command line.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use wattle_oci::{Digest, Reference, ReferenceError};

/// The tag that is meant when none is named.
pub(crate) const LATEST: &str = "latest";
/// What other tools write before the colon; a reference that reads like one of them was meant as one of them.
const FOREIGN: &[&str] = &[
    "containers-storage",
    "daemon",
    "dir",
    "docker-archive",
    "docker-daemon",
    "file",
    "http",
    "https",
    "podman",
    "tarball",
];

/// Where an image comes from or goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// `oci:PATH[:TAG]` or `oci:PATH@DIGEST`: a directory (OCI image layout specification).
    Layout {
        /// The directory.
        path: PathBuf,
        /// Which of its images.
        pick: Pick,
    },
    /// `oci-archive:FILE[:TAG]` or `oci-archive:FILE@DIGEST`: such a directory in a tar archive. Can only be read.
    Archive {
        /// The file.
        path: PathBuf,
        /// Which of its images.
        pick: Pick,
    },
    /// `registry/repository[:TAG][@DIGEST]` or the same after `docker://`: a registry.
    Registry(Reference),
}

/// Which image of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// Nothing was said: to write, `latest`; to read, `latest`, or else the only one.
    Default,
    /// The one of that name (annotation `org.opencontainers.image.ref.name`).
    Tag(String),
    /// The one with that digest. Can only be read.
    Digest(Digest),
}

/// Text that is no location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// It begins like a kind of location that there is not.
    #[error(
        "`{text}` is not a place for images: `{scheme}` is unknown. Accepted are `oci:PATH[:TAG]` for a directory, and \
         `registry/repository[:TAG]` or `docker://registry/repository[:TAG]` for a registry"
    )]
    Scheme {
        /// What was to be read.
        text: String,
        /// What stands before the colon.
        scheme: String,
    },
    /// `oci:` or `oci-archive:` without a path.
    #[error("`{0}` names no path: expected `oci:PATH[:TAG]`, or `oci-archive:FILE[:TAG]` for a tar archive of one")]
    Path(String),
    /// After `oci:PATH@`, there is something else than a digest, or after `oci:PATH:`, something else than a tag.
    #[error("`{name}` in `{text}` is neither a tag nor a digest")]
    Name {
        /// What was to be read.
        text: String,
        /// The part that is wrong.
        name: String,
    },
    /// Neither a known scheme nor a reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
}

impl Location {
    /// The archive `path`.
    pub fn archive(path: impl Into<PathBuf>, pick: Pick) -> Location {
        Location::Archive { path: path.into(), pick }
    }

    /// The layout in the directory `path`.
    pub fn layout(path: impl Into<PathBuf>, pick: Pick) -> Location {
        Location::Layout { path: path.into(), pick }
    }
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Location, LocationError> {
        if let Some(rest) = text.strip_prefix("oci:") {
            return parse_layout(text, rest).map(|(path, pick)| Location::layout(path, pick));
        }
        if let Some(rest) = text.strip_prefix("oci-archive:") {
            return parse_layout(text, rest).map(|(path, pick)| Location::archive(path, pick));
        }
        if let Some(rest) = text.strip_prefix("docker://") {
            return Ok(Location::Registry(rest.parse()?));
        }
        match text.split_once(':') {
            Some((scheme, rest)) if rest.starts_with("//") || FOREIGN.contains(&scheme) => {
                Err(LocationError::Scheme { text: text.to_owned(), scheme: scheme.to_owned() })
            }
            _ => Ok(Location::Registry(text.parse()?)),
        }
    }
}

fn parse_layout<'a>(text: &str, rest: &'a str) -> Result<(&'a str, Pick), LocationError> {
    let wrong = |name: &str| LocationError::Name { text: text.to_owned(), name: name.to_owned() };
    let (path, pick) = if let Some((path, digest)) = rest.rsplit_once('@').filter(|(_, name)| is_digest(name)) {
        (path, Pick::Digest(digest.parse().map_err(|_| wrong(digest))?))
    } else if let Some((path, tag)) = rest.rsplit_once(':').filter(|(_, name)| !name.contains(['/', '\\'])) {
        // What has a slash is the rest of a path that has a colon in it: `C:\images`.
        (path, Pick::Tag(is_tag(tag).then(|| tag.to_owned()).ok_or_else(|| wrong(tag))?))
    } else {
        (rest, Pick::Default)
    };
    if path.is_empty() { Err(LocationError::Path(text.to_owned())) } else { Ok((path, pick)) }
}

fn is_digest(name: &str) -> bool {
    name.starts_with("sha256:") || name.starts_with("sha512:")
}

/// What a reference takes as a tag.
fn is_tag(tag: &str) -> bool {
    !tag.contains('@') && format!("localhost/a:{tag}").parse::<Reference>().is_ok_and(|found| found.tag() == Some(tag))
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Layout { path, pick } => write_layout(f, "oci", path, pick),
            Location::Archive { path, pick } => write_layout(f, "oci-archive", path, pick),
            Location::Registry(reference) => reference.fmt(f),
        }
    }
}

fn write_layout(f: &mut fmt::Formatter<'_>, scheme: &str, path: &Path, pick: &Pick) -> fmt::Result {
    write!(f, "{scheme}:{}", path.display())?;
    match pick {
        Pick::Default => Ok(()),
        Pick::Tag(tag) => write!(f, ":{tag}"),
        Pick::Digest(digest) => write!(f, "@{digest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match text.parse::<Location>() {
            Ok(location) => {
                assert_eq!(location.to_string().parse().as_ref(), Ok(&location), "its own text means the same");
                match location {
                    Location::Layout { path, pick } => format!("layout {} {pick:?}", path.display()),
                    Location::Archive { path, pick } => format!("archive {} {pick:?}", path.display()),
                    Location::Registry(reference) => format!("registry {reference}"),
                }
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn p130_reads_layouts() {
        assert_eq!(check("oci:out"), "layout out Default");
        assert_eq!(check("oci:/a/b.c:v1"), "layout /a/b.c Tag(\"v1\")");
        assert_eq!(check("oci:/with:colon/out"), "layout /with:colon/out Default");
        assert_eq!(check(r"oci:C:\images\app"), r"layout C:\images\app Default");
        assert_eq!(check(r"oci:C:\images\app:1.0"), r#"layout C:\images\app Tag("1.0")"#);
        assert_eq!(check("oci:C:/images/app:1.0"), "layout C:/images/app Tag(\"1.0\")");
        assert_eq!(check("oci:user@host"), "layout user@host Default");
        assert_eq!(check("oci-archive:a/b.cnb"), "archive a/b.cnb Default");
        assert_eq!(check("oci-archive:b.tar:1"), "archive b.tar Tag(\"1\")");
        let digest = Digest::of(b"");
        assert_eq!(check(&format!("oci:out@{digest}")), format!("layout out Digest({digest})"));
    }

    #[test]
    fn reads_references() {
        assert_eq!(check("localhost:5000/app:v1"), "registry localhost:5000/app:v1");
        assert_eq!(check("docker://r.example/app"), "registry r.example/app");
        assert_eq!(check("r.example/team/app:oci"), "registry r.example/team/app:oci");
    }

    #[test]
    fn p21_says_what_is_accepted() {
        insta::assert_snapshot!(check("docker-daemon:app:latest"), @"`docker-daemon:app:latest` is not a place for images: `docker-daemon` is unknown. Accepted are `oci:PATH[:TAG]` for a directory, and `registry/repository[:TAG]` or `docker://registry/repository[:TAG]` for a registry");
        assert!(check("s3://bucket/app").contains("`s3` is unknown"));
        insta::assert_snapshot!(check("oci:"), @"`oci:` names no path: expected `oci:PATH[:TAG]`, or `oci-archive:FILE[:TAG]` for a tar archive of one");
        insta::assert_snapshot!(check("oci::v1"), @"`oci::v1` names no path: expected `oci:PATH[:TAG]`, or `oci-archive:FILE[:TAG]` for a tar archive of one");
        insta::assert_snapshot!(check("oci:out:a b"), @"`a b` in `oci:out:a b` is neither a tag nor a digest");
        assert!(check("oci:out@sha256:12").contains("is neither a tag nor a digest"));
        assert!(check("UPPER/case").contains("is not an image reference"));
    }
}

//! One package, as an index lists it or a system that it is part of.

use crate::control::{ControlError, Paragraph};
use crate::relation::{self, Relations};
use crate::{Architecture, Version};
use std::str::FromStr;
use std::sync::Arc;
use wattle_tree::Digest;

/// How much a system needs a package (Debian Policy, section 2.5), most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Nothing works without it.
    Required,
    /// Every Unix has it.
    Important,
    /// A text-mode system has it.
    Standard,
    /// Most packages.
    Optional,
    /// Said of packages that conflict with others, formerly.
    Extra,
}

impl Priority {
    /// Names that mean nothing are those of packages nobody needs most.
    fn new(name: &str) -> Priority {
        match name {
            "required" => Priority::Required,
            "important" => Priority::Important,
            "standard" => Priority::Standard,
            "optional" => Priority::Optional,
            _ => Priority::Extra,
        }
    }
}

/// A package as an index lists it.
#[derive(Debug, Clone)]
pub struct Package {
    /// Name of the archive, which `filename` is relative to.
    pub archive: Arc<str>,
    /// Name.
    pub name: String,
    /// Version.
    pub version: Version,
    /// The architecture that it is for, or `all`.
    pub architecture: String,
    /// Path in the archive, `pool/main/...`.
    pub filename: String,
    /// Length of the file in bytes.
    pub size: u64,
    /// Digest of the file.
    pub digest: Digest,
    /// Name of the source package that it was built from.
    pub source: String,
    /// Version of that source package.
    pub source_version: Version,
    /// Bytes that it takes when it is installed, as its maintainer's tools have estimated.
    pub installed_size: Option<u64>,
    /// How much a system needs it.
    pub priority: Priority,
    /// True if Debian would never run without it.
    pub essential: bool,
    /// What it says about others.
    pub relations: Arc<Relations>,
}

impl Package {
    /// How it is asked for: registry and path, `debian:pool/main/...`.
    pub fn reference(&self) -> String {
        format!("{}:{}", self.archive, self.filename)
    }

    /// True if it can be used on machines of this architecture.
    pub fn is_for(&self, architecture: Architecture) -> bool {
        self.architecture == "all" || self.architecture == architecture.name()
    }

    /// A package of which only what a lock says is known.
    pub(crate) fn locked(
        archive: &str,
        name: &str,
        version: &str,
        architecture: &str,
        filename: &str,
        size: u64,
        digest: Digest,
    ) -> Package {
        Package {
            archive: archive.into(),
            name: name.to_owned(),
            version: Version::new(version),
            architecture: architecture.to_owned(),
            filename: filename.to_owned(),
            size,
            digest,
            source: name.to_owned(),
            source_version: Version::new(version),
            installed_size: None,
            priority: Priority::Optional,
            essential: false,
            relations: Arc::default(),
        }
    }

    pub(crate) fn parse(archive: &Arc<str>, text: &str) -> Result<Package, ControlError> {
        let paragraph = Paragraph::only(text)?;
        let (name, version) = (paragraph.need("Package")?, paragraph.need("Version")?);
        let (source, source_version) = source(paragraph.get("Source"), name, version);
        let kilobytes = paragraph.get("Installed-Size").and_then(|size| size.parse::<u64>().ok());
        Ok(Package {
            archive: archive.clone(),
            name: name.to_owned(),
            version: Version::new(version),
            architecture: paragraph.need("Architecture")?.to_owned(),
            filename: paragraph.need("Filename")?.to_owned(),
            size: paragraph.parse("Size", "a number of bytes")?,
            digest: paragraph.sha256()?,
            source: source.to_owned(),
            source_version: Version::new(source_version),
            installed_size: kilobytes.and_then(|size| size.checked_mul(1024)),
            priority: paragraph.get("Priority").map_or(Priority::Optional, Priority::new),
            essential: paragraph.get("Essential") == Some("yes"),
            relations: Arc::new(relations(&paragraph)?),
        })
    }
}

/// Name and version of the source: the package's own, where the field `Source` does not say otherwise.
pub(crate) fn source<'a>(field: Option<&'a str>, name: &'a str, version: &'a str) -> (&'a str, &'a str) {
    match field.map(|field| field.split_once(" (").unwrap_or((field, ""))) {
        None => (name, version),
        Some((source, "")) => (source, version),
        Some((source, version)) => (source, version.trim_end_matches(')')),
    }
}

/// The fields in which a package speaks of others.
pub(crate) fn relations(paragraph: &Paragraph<'_>) -> Result<Relations, ControlError> {
    Ok(Relations {
        pre_depends: list(paragraph, "Pre-Depends")?,
        depends: list(paragraph, "Depends")?,
        recommends: list(paragraph, "Recommends")?,
        provides: list(paragraph, "Provides")?,
        conflicts: list(paragraph, "Conflicts")?,
        breaks: list(paragraph, "Breaks")?,
        replaces: list(paragraph, "Replaces")?,
    })
}

fn list<T: FromStr>(paragraph: &Paragraph<'_>, field: &'static str) -> Result<Vec<T>, ControlError> {
    let Some(value) = paragraph.folded(field) else { return Ok(Vec::new()) };
    let expected = "a list of relations to packages";
    relation::list(&value).map_err(|_| ControlError::Invalid { field, value, expected })
}

//! Parts that software consists of.

use crate::license::License;
use crate::purl::Purl;
use serde::{Deserialize, Serialize};
use wattle_tree::Digest;

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Something that others use.
    #[default]
    Library,
    /// Something that is started.
    Application,
    /// An image.
    Container,
    /// A file of which nothing else is known.
    File,
}

/// A part that software consists of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Component {
    /// Its name, as its registry has it.
    pub name: String,
    /// Its version; empty if none is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// What it is.
    #[serde(default)]
    pub kind: Kind,
    /// Its name for every tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<Purl>,
    /// Its name in lists of vulnerabilities that know no package URLs (Common Platform Enumeration 2.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpe: Option<String>,
    /// What its authors say of its licence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<License>,
    /// Of the file that it came in.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "digests")]
    pub digests: Vec<Digest>,
    /// As which that file was asked for: `npm:express/-/express-4.21.2.tgz`, or an address without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What is known of a package of Debian or one of its children.
#[derive(Debug, Clone, Copy)]
pub struct DebianPackage<'a> {
    /// Name.
    pub name: &'a str,
    /// Version.
    pub version: &'a str,
    /// The architecture that it is for, or `all`.
    pub architecture: &'a str,
    /// Name and version of the source package, by which vulnerabilities are known; those of the package if they are equal.
    pub source: (&'a str, &'a str),
    /// `ID` and `VERSION_ID` of the system (os-release(5)); `debian` and empty if they are not known.
    pub distribution: (&'a str, &'a str),
}

impl Component {
    /// A package of the operating system.
    pub fn debian(package: &DebianPackage<'_>) -> Component {
        let DebianPackage { name, version, architecture, source, distribution: (vendor, release) } = package;
        let distro = if release.is_empty() { String::new() } else { format!("{vendor}-{release}") };
        let upstream = match source {
            (other, source_version) if source_version != version => format!("{other}@{source_version}"),
            (other, _) if other != name => (*other).to_owned(),
            _ => String::new(),
        };
        let qualifiers = [("arch", *architecture), ("distro", &distro), ("upstream", &upstream)];
        let purl = Purl::debian(vendor, name, version, &qualifiers);
        Component { name: (*name).to_owned(), version: (*version).to_owned(), purl: Some(purl), ..Component::default() }
    }

    /// What tells it from others in one bill.
    pub(crate) fn identity(&self) -> String {
        match &self.purl {
            Some(purl) => purl.to_string(),
            None => format!("{}@{}", self.name, self.version),
        }
    }

    /// Takes up what `other`, which is the same, knows besides.
    pub(crate) fn merge(&mut self, other: Component) {
        self.digests.extend(other.digests);
        self.digests.sort_unstable();
        self.digests.dedup();
        if self.licenses.is_empty() {
            self.licenses = other.licenses;
        }
        self.cpe = self.cpe.take().or(other.cpe);
        self.source = self.source.take().or(other.source);
    }
}

/// Digests as text.
mod digests {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use wattle_tree::Digest;

    pub(super) fn serialize<S: Serializer>(digests: &[Digest], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(digests.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Digest>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(|text| text.parse().map_err(de::Error::custom)).collect()
    }
}

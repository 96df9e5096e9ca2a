//! Reading what anybody wrote: as much as a list of components needs.

use crate::bom::Format;
use crate::component::{Component, Kind};
use crate::license::License;
use crate::purl::Purl;
use serde::Deserialize;
use std::collections::BTreeSet;
use wattle_tree::Digest;

/// Text that is not a bill of materials.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or not of the form that it should have.
    #[error("it cannot be read as a document of {0}")]
    Syntax(&'static str, #[source] serde_json::Error),
    /// JSON of something else.
    #[error("it is no document of {0}")]
    Other(&'static str),
}

pub(crate) fn read(format: Format, document: &str) -> Result<Vec<Component>, ReadError> {
    match format {
        Format::CycloneDx => cyclonedx(document),
        Format::Spdx => spdx(document),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CycloneDx {
    #[serde(default)]
    bom_format: String,
    #[serde(default)]
    components: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    group: String,
    name: String,
    #[serde(default)]
    version: String,
    purl: Option<String>,
    cpe: Option<String>,
    #[serde(default)]
    licenses: Vec<Choice>,
    #[serde(default)]
    hashes: Vec<Hash>,
    #[serde(default)]
    properties: Vec<Property>,
    #[serde(default)]
    components: Vec<Part>,
}

#[derive(Deserialize)]
struct Choice {
    license: Option<Named>,
    expression: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Hash {
    alg: String,
    content: String,
}

#[derive(Deserialize)]
struct Property {
    name: Option<String>,
    value: Option<String>,
}

fn cyclonedx(document: &str) -> Result<Vec<Component>, ReadError> {
    const NAME: &str = "CycloneDX";
    let read: CycloneDx = serde_json::from_str(document).map_err(|source| ReadError::Syntax(NAME, source))?;
    if read.bom_format != NAME {
        return Err(ReadError::Other(NAME));
    }
    let mut components = Vec::new();
    let mut parts = read.components;
    while let Some(mut part) = parts.pop() {
        parts.append(&mut part.components);
        // The system itself is no package of it.
        if part.r#type != "operating-system" {
            components.push(part.component());
        }
    }
    components.sort_unstable();
    Ok(components)
}

impl Part {
    fn component(self) -> Component {
        let kind = match self.r#type.as_str() {
            "application" => Kind::Application,
            "container" => Kind::Container,
            "file" => Kind::File,
            _ => Kind::Library,
        };
        let license = |choice: Choice| {
            let named = choice.license.and_then(|named| named.id.or(named.name));
            License::new(&choice.expression.or(named)?)
        };
        let source = self.properties.into_iter().find(|it| it.name.as_deref() == Some("wattle:source"));
        Component {
            name: if self.group.is_empty() { self.name } else { format!("{}/{}", self.group, self.name) },
            version: self.version,
            kind,
            purl: self.purl.as_deref().and_then(Purl::foreign),
            cpe: self.cpe,
            licenses: self.licenses.into_iter().filter_map(license).collect(),
            digests: self.hashes.iter().filter_map(|hash| digest(&hash.alg, &hash.content)).collect(),
            source: source.and_then(|source| source.value),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spdx {
    #[serde(rename = "spdxVersion", default)]
    version: String,
    #[serde(default)]
    packages: Vec<Package>,
    #[serde(default)]
    relationships: Vec<Relationship>,
    #[serde(default)]
    document_describes: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    #[serde(default)]
    version_info: String,
    #[serde(default)]
    license_declared: String,
    #[serde(default)]
    primary_package_purpose: String,
    #[serde(default)]
    checksums: Vec<Checksum>,
    #[serde(default)]
    external_refs: Vec<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: String,
    checksum_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    reference_type: String,
    reference_locator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    relationship_type: String,
    related_spdx_element: String,
}

fn spdx(document: &str) -> Result<Vec<Component>, ReadError> {
    const NAME: &str = "SPDX";
    let read: Spdx = serde_json::from_str(document).map_err(|source| ReadError::Syntax(NAME, source))?;
    if !read.version.starts_with("SPDX-2.") {
        return Err(ReadError::Other("SPDX 2"));
    }
    let mut described = read.document_describes;
    let describing = read.relationships.into_iter().filter(|it| it.relationship_type == "DESCRIBES");
    described.extend(describing.map(|it| it.related_spdx_element));
    // What a document is of is no part of it, unless it is a package itself.
    let is_part = |package: &Package| !described.contains(&package.id) || package.reference("purl").is_some();
    let mut components: Vec<_> = read.packages.into_iter().filter(is_part).map(Package::component).collect();
    components.sort_unstable();
    Ok(components)
}

impl Package {
    fn reference(&self, kind: &str) -> Option<&str> {
        let found = self.external_refs.iter().find(|reference| reference.reference_type == kind)?;
        Some(&found.reference_locator)
    }

    fn component(self) -> Component {
        let kind = match self.primary_package_purpose.as_str() {
            "APPLICATION" => Kind::Application,
            "CONTAINER" => Kind::Container,
            "FILE" => Kind::File,
            _ => Kind::Library,
        };
        let license = License::new(&self.license_declared);
        Component {
            purl: self.reference("purl").and_then(Purl::foreign),
            cpe: self.reference("cpe23Type").map(str::to_owned),
            licenses: license.into_iter().filter(|it| !matches!(it.text(), "NOASSERTION" | "NONE")).collect(),
            digests: self.checksums.iter().filter_map(|it| digest(&it.algorithm, &it.checksum_value)).collect(),
            name: self.name,
            version: self.version_info,
            kind,
            source: None,
        }
    }
}

/// Digests of other functions are of no use here.
fn digest(algorithm: &str, hex: &str) -> Option<Digest> {
    let algorithm = algorithm.replace('-', "").to_ascii_lowercase();
    format!("{algorithm}:{}", hex.to_ascii_lowercase()).parse().ok()
}

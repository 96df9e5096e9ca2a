//! The form of SPDX 2.3 in JSON (ISO/IEC 5962 and its schema), as far as it is used here.
#![expect(clippy::struct_field_names, reason = "the names are the specification's")]

use crate::TOOL;
use crate::bom::Bom;
use crate::component::{Component, Kind};
use crate::license::License;
use crate::source::is_address;
use serde::Serialize;
use std::collections::BTreeMap;
use wattle_tree::Algorithm;
use wattle_tree::Digest;

/// What is said where nothing is known (clause 7.7).
const UNKNOWN: &str = "NOASSERTION";
/// The document itself (clause 6.3).
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
/// What the document is of.
const SUBJECT: &str = "SPDXRef-Subject";

/// Clause 6.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document<'a> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: &'a str,
    document_namespace: String,
    creation_info: CreationInfo<'a>,
    packages: Vec<Package<'a>>,
    relationships: Vec<Relationship>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<Extracted<'a>>,
}

#[derive(Serialize)]
struct CreationInfo<'a> {
    created: &'a str,
    creators: [String; 1],
}

/// Clause 7.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package<'a> {
    #[serde(rename = "SPDXID")]
    id: String,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version_info: &'a str,
    download_location: &'a str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum>,
    license_concluded: &'static str,
    license_declared: String,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<Reference<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: &'static str,
    checksum_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference<'a> {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: &'a str,
}

/// Clause 11.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

/// A licence that SPDX does not know (clause 10).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Extracted<'a> {
    license_id: String,
    extracted_text: &'a str,
    name: &'a str,
}

impl<'a> Document<'a> {
    pub(crate) fn of(bom: &'a Bom, uuid: &str) -> Document<'a> {
        let relationship = |from: &str, relationship_type, to: &str| Relationship {
            spdx_element_id: from.to_owned(),
            relationship_type,
            related_spdx_element: to.to_owned(),
        };
        let packages: Vec<Package<'_>> = bom.components().iter().map(Package::of).collect();
        let mut relationships = vec![relationship(DOCUMENT, "DESCRIBES", SUBJECT)];
        relationships.extend(packages.iter().map(|package| relationship(SUBJECT, "CONTAINS", &package.id)));
        let (tool, version) = TOOL;
        Document {
            spdx_version: "SPDX-2.3",
            data_license: "CC0-1.0",
            id: DOCUMENT,
            name: &bom.subject().name,
            document_namespace: format!("urn:uuid:{uuid}"),
            creation_info: CreationInfo { created: bom.created(), creators: [format!("Tool: {tool}-{version}")] },
            packages: [subject(bom)].into_iter().chain(packages).collect(),
            relationships,
            has_extracted_licensing_infos: extracted(bom),
        }
    }
}

fn subject(bom: &Bom) -> Package<'_> {
    let subject = bom.subject();
    Package {
        id: SUBJECT.to_owned(),
        name: &subject.name,
        version_info: &subject.version,
        download_location: UNKNOWN,
        files_analyzed: false,
        checksums: Vec::new(),
        license_concluded: UNKNOWN,
        license_declared: UNKNOWN.to_owned(),
        copyright_text: UNKNOWN,
        source_info: None,
        primary_package_purpose: purpose(subject.kind),
        external_refs: Vec::new(),
    }
}

impl<'a> Package<'a> {
    fn of(component: &'a Component) -> Package<'a> {
        let source = component.source.as_deref();
        let checksum =
            |digest: &Digest| Checksum { algorithm: algorithm(digest.algorithm()), checksum_value: digest.hex() };
        Package {
            id: identifier(component),
            name: &component.name,
            version_info: &component.version,
            download_location: source.filter(|source| is_address(source)).unwrap_or(UNKNOWN),
            files_analyzed: false,
            checksums: component.digests.iter().map(checksum).collect(),
            license_concluded: UNKNOWN,
            license_declared: declared(&component.licenses),
            copyright_text: UNKNOWN,
            source_info: source.map(|source| format!("fetched as {source}")),
            primary_package_purpose: purpose(component.kind),
            external_refs: references(component),
        }
    }
}

/// Letters, digits, `.` and `-` (clause 7.2). The digest keeps apart what these alone do not.
fn identifier(component: &Component) -> String {
    let plain = |char: char| if char.is_ascii_alphanumeric() || char == '.' { char } else { '-' };
    let name: String = component.name.chars().map(plain).collect();
    format!("SPDXRef-Package-{name}-{}", short(&component.identity()))
}

fn short(text: &str) -> String {
    Digest::of(text.as_bytes()).hex().chars().take(16).collect()
}

fn references(component: &Component) -> Vec<Reference<'_>> {
    let purl = component.purl.as_ref().map(|purl| Reference {
        reference_category: "PACKAGE-MANAGER",
        reference_type: "purl",
        reference_locator: purl.as_str(),
    });
    let cpe = component.cpe.as_deref().map(|cpe| Reference {
        reference_category: "SECURITY",
        reference_type: "cpe23Type",
        reference_locator: cpe,
    });
    purl.into_iter().chain(cpe).collect()
}

/// All that is declared holds together, as far as anybody said.
fn declared(licenses: &[License]) -> String {
    let term = |license: &License| match license {
        License::Expression(text) if licenses.len() > 1 => format!("({text})"),
        License::Expression(text) => text.clone(),
        License::Name(text) => reference(text),
    };
    if licenses.is_empty() { UNKNOWN.to_owned() } else { licenses.iter().map(term).collect::<Vec<_>>().join(" AND ") }
}

fn reference(text: &str) -> String {
    format!("LicenseRef-{}", short(text))
}

fn extracted(bom: &Bom) -> Vec<Extracted<'_>> {
    let licenses = bom.components().iter().flat_map(|component| &component.licenses);
    let unknown = licenses.filter_map(|license| match license {
        License::Name(text) => Some((reference(text), text.as_str())),
        License::Expression(_) => None,
    });
    let unknown: BTreeMap<String, &str> = unknown.collect();
    unknown.into_iter().map(|(license_id, text)| Extracted { license_id, extracted_text: text, name: text }).collect()
}

fn purpose(kind: Kind) -> &'static str {
    match kind {
        Kind::Library => "LIBRARY",
        Kind::Application => "APPLICATION",
        Kind::Container => "CONTAINER",
        Kind::File => "FILE",
    }
}

fn algorithm(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Sha256 => "SHA256",
        Algorithm::Sha512 => "SHA512",
    }
}

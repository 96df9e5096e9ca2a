//! The form of CycloneDX 1.5 (ECMA-424, first edition), as far as it is used here.

use crate::TOOL;
use crate::bom::{Bom, Subject};
use crate::component::{self, Kind};
use crate::license::License;
use crate::source::is_address;
use serde::Serialize;
use wattle_tree::Algorithm;

/// What tells in which name of a file or registry a component was asked for.
const SOURCE: &str = "wattle:source";

/// "bom".
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document<'a> {
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Component<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    timestamp: &'a str,
    tools: Tools,
    component: Component<'a>,
}

#[derive(Serialize)]
struct Tools {
    components: [Component<'static>; 1],
}

#[derive(Serialize, Default)]
#[serde(rename_all = "kebab-case")]
struct Component<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    bom_ref: String,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpe: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<&'a str>,
    #[serde(rename = "externalReferences", skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property<'a>>,
}

#[derive(Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

/// "licenseChoice": one expression alone, or licences.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Choice<'a> {
    License {
        name: &'a str,
    },
    #[serde(untagged)]
    Expression {
        expression: &'a str,
    },
}

#[derive(Serialize)]
struct Reference<'a> {
    r#type: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct Property<'a> {
    name: &'static str,
    value: &'a str,
}

impl<'a> Document<'a> {
    pub(crate) fn of(bom: &'a Bom, uuid: &str) -> Document<'a> {
        let Subject { kind, name, version } = bom.subject();
        let subject =
            Component { r#type: kind_name(*kind), bom_ref: uuid.to_owned(), name, version, ..Component::default() };
        let (name, version) = TOOL;
        let tool = Component { r#type: kind_name(Kind::Application), name, version, ..Component::default() };
        Document {
            bom_format: "CycloneDX",
            spec_version: "1.5",
            serial_number: format!("urn:uuid:{uuid}"),
            version: 1,
            metadata: Metadata { timestamp: bom.created(), tools: Tools { components: [tool] }, component: subject },
            components: bom.components().iter().map(Component::of).collect(),
        }
    }
}

impl<'a> Component<'a> {
    fn of(component: &'a component::Component) -> Component<'a> {
        let hash = |digest: &wattle_tree::Digest| Hash { alg: algorithm(digest.algorithm()), content: digest.hex() };
        let source = component.source.as_deref();
        let reference = source.filter(|source| is_address(source)).map(|url| Reference { r#type: "distribution", url });
        Component {
            r#type: kind_name(component.kind),
            bom_ref: component.identity(),
            name: &component.name,
            version: &component.version,
            hashes: component.digests.iter().map(hash).collect(),
            licenses: choices(&component.licenses),
            cpe: component.cpe.as_deref(),
            purl: component.purl.as_ref().map(crate::Purl::as_str),
            references: reference.into_iter().collect(),
            properties: source.map(|value| Property { name: SOURCE, value }).into_iter().collect(),
        }
    }
}

fn choices(licenses: &[License]) -> Vec<Choice<'_>> {
    match licenses {
        [License::Expression(expression)] => vec![Choice::Expression { expression }],
        // A licence has an `id` only if the specification's own list has it, which is older than SPDX's.
        several => several.iter().map(|license| Choice::License { name: license.text() }).collect(),
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Library => "library",
        Kind::Application => "application",
        Kind::Container => "container",
        Kind::File => "file",
    }
}

fn algorithm(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Sha256 => "SHA-256",
        Algorithm::Sha512 => "SHA-512",
    }
}

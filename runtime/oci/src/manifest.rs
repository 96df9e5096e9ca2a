//! What an image consists of, by digest.

use crate::text::{is_default, null_as_default};
use crate::{Platform, text};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use wattle_tree::Digest;

/// Some content, by digest (OCI image specification, "Content Descriptors").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Descriptor {
    /// What it is.
    #[serde(rename = "mediaType", default)]
    pub media_type: String,
    /// What its bytes hash to.
    #[serde(with = "text::digest")]
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// For which machine it is; given in an [`Index`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// What somebody wanted to say about it.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
    /// Fields that this crate has no use for.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

impl Descriptor {
    /// A descriptor with nothing but what it must have.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Descriptor {
        let (annotations, other) = (BTreeMap::new(), BTreeMap::new());
        Descriptor { media_type: media_type.to_owned(), digest, size, platform: None, annotations, other }
    }
}

/// An image for one platform (OCI image manifest specification; Docker manifest version 2, schema 2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always 2.
    #[serde(rename = "schemaVersion")]
    pub schema_version: u32,
    /// What this is; may be absent in an OCI manifest.
    #[serde(rename = "mediaType", default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The image's configuration.
    pub config: Descriptor,
    /// The image's layers, the lowest first.
    #[serde(default, deserialize_with = "null_as_default")]
    pub layers: Vec<Descriptor>,
    /// What somebody wanted to say about it.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
    /// Fields that this crate has no use for.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

impl Manifest {
    /// The OCI manifest of this configuration and these layers.
    pub fn new(config: Descriptor, layers: Vec<Descriptor>) -> Manifest {
        Manifest {
            schema_version: 2,
            media_type: Some(crate::media::MANIFEST.to_owned()),
            config,
            layers,
            annotations: BTreeMap::new(),
            other: BTreeMap::new(),
        }
    }
}

/// Images for several platforms (OCI image index specification; Docker manifest list).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// Always 2.
    #[serde(rename = "schemaVersion")]
    pub schema_version: u32,
    /// What this is; may be absent in an OCI index.
    #[serde(rename = "mediaType", default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The images.
    #[serde(default, deserialize_with = "null_as_default")]
    pub manifests: Vec<Descriptor>,
    /// What somebody wanted to say about it.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
    /// Fields that this crate has no use for.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

impl Index {
    /// The OCI index of these images.
    pub fn new(manifests: Vec<Descriptor>) -> Index {
        Index {
            schema_version: 2,
            media_type: Some(crate::media::INDEX.to_owned()),
            manifests,
            annotations: BTreeMap::new(),
            other: BTreeMap::new(),
        }
    }

    /// The image for `platform`: the one that says exactly this, or else the first that fits. Attestations, which say that
    /// they are for no platform, are never chosen.
    pub fn select(&self, platform: &Platform) -> Option<&Descriptor> {
        let of = |descriptor: &&Descriptor, wanted: &dyn Fn(&Platform) -> bool| {
            descriptor.platform.as_ref().is_some_and(wanted)
        };
        let exactly = self.manifests.iter().find(|descriptor| of(descriptor, &|found| found == platform));
        exactly.or_else(|| self.manifests.iter().find(|descriptor| of(descriptor, &|found| platform.fits(found))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i93_selects_the_image_of_a_platform() {
        let index = Index::new(
            ["unknown/unknown", "linux/arm/v7", "linux/arm64/v8", "linux/arm64"]
                .iter()
                .map(|platform| Descriptor {
                    platform: platform.parse().ok(),
                    ..Descriptor::new(crate::media::MANIFEST, Digest::of(platform.as_bytes()), 1)
                })
                .collect(),
        );
        let check = |wanted: &str| {
            let found = index.select(&wanted.parse().unwrap());
            found.and_then(|found| found.platform.as_ref()).map(ToString::to_string)
        };
        assert_eq!(check("linux/arm64").as_deref(), Some("linux/arm64"));
        assert_eq!(check("linux/arm64/v8").as_deref(), Some("linux/arm64/v8"));
        assert_eq!(check("linux/arm").as_deref(), Some("linux/arm/v7"));
        assert_eq!(check("linux/arm/v6"), None);
        assert_eq!(check("linux/amd64"), None);
    }
}

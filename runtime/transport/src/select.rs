//! From what a tag names to the image for one platform.

use crate::content::{self, ContentError};
use serde_json::Value;
use wattle_oci::{Descriptor, Document, DocumentError, Image, Index, MAX_MANIFEST, Manifest, Platform, media};

/// Indexes in indexes, at most.
const MAX_DEPTH: usize = 2;
/// The operating system of what is no image, such as an attestation.
const UNKNOWN: &str = "unknown";
/// Entries of an index, at most.
const MAX_ENTRIES: usize = 1000;

/// What a name stands for.
pub(crate) struct Named {
    /// The image for the platform that was wanted.
    pub(crate) image: Image,
    /// The platforms that there are images for, if the name stands for an index of them.
    pub(crate) among: Option<Vec<Platform>>,
}

/// An index or manifest that leads to no image.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// Not what the descriptor promises.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// Not JSON, or not of its shape.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Neither the manifest of an image nor an index of images, or not the one of the two that it was said to be.
    #[error("`{digest}`, said to be of type `{given}`, reads as `{says}`; an image or an index of images was expected")]
    MediaType {
        /// What was read.
        digest: wattle_oci::Digest,
        /// Its type, by what named it.
        given: String,
        /// Its type, by itself.
        says: String,
    },
    /// No image for that platform.
    #[error("there is no image for `{wanted}`, only for {}", list(offered))]
    Platform {
        /// The platform.
        wanted: Platform,
        /// The platforms that there are images for.
        offered: Vec<String>,
    },
    /// An index of indexes of indexes, or one that is longer than we are ready to read.
    #[error("`{0}` is an index with too many entries or levels")]
    TooMuch(wattle_oci::Digest),
}

/// Reads `bytes`, which `descriptor` names, as manifest or index: gives the entry of the index to go on with and
/// what platforms the index has, or none if this is the manifest of an image. `depth` is how many indexes came before.
pub(crate) fn step(
    bytes: &[u8],
    descriptor: &Descriptor,
    platform: &Platform,
    depth: usize,
) -> Result<Option<(Descriptor, Vec<Platform>)>, SelectError> {
    content::check(bytes, descriptor)?;
    if !is_index(bytes, descriptor)? {
        return Ok(None);
    }
    let index: Document<Index> = Document::read(bytes, "an index of images")?;
    let index = index.value();
    if depth >= MAX_DEPTH || index.manifests.len() > MAX_ENTRIES {
        return Err(SelectError::TooMuch(descriptor.digest));
    }
    let next = choose(index, platform)?.clone();
    Ok(Some((next, platforms(index))))
}

/// The configuration that a manifest names.
pub(crate) fn config_of(manifest: &[u8]) -> Result<Descriptor, SelectError> {
    let manifest: Document<Manifest> = Document::read(manifest, "the manifest of an image")?;
    Ok(manifest.value().config.clone())
}

/// The entry of `index` for `platform`, or the error that lists what there is.
pub(crate) fn choose<'a>(index: &'a Index, platform: &Platform) -> Result<&'a Descriptor, SelectError> {
    let chosen = index.select(platform).filter(|chosen| chosen.size <= MAX_MANIFEST as u64);
    chosen.ok_or_else(|| SelectError::Platform {
        wanted: platform.clone(),
        offered: index.manifests.iter().filter_map(|entry| entry.platform.as_ref()).map(ToString::to_string).collect(),
    })
}

/// The platforms that an index has images for.
pub(crate) fn platforms(index: &Index) -> Vec<Platform> {
    let named = index.manifests.iter().filter_map(|entry| entry.platform.clone());
    named.filter(|platform| platform.os != UNKNOWN).collect()
}

/// True for an index, false for a manifest. What names the bytes, what they say they are and their form must agree: bytes
/// that could be read as both are neither (distribution specification, advisory GHSA-77vh-xpmg-72qh).
fn is_index(bytes: &[u8], descriptor: &Descriptor) -> Result<bool, SelectError> {
    let document: Document<Value> = Document::read(bytes, "a manifest")?;
    let has = |name: &str| document.value().get(name).is_some_and(|value| !value.is_null());
    let form = match (has("config") || has("layers"), has("manifests")) {
        (true, false) => media::MANIFEST,
        (false, true) => media::INDEX,
        _ => "neither",
    };
    let says = document.value().get("mediaType").and_then(Value::as_str).unwrap_or(form);
    let given = Some(descriptor.media_type.as_str()).filter(|given| !given.is_empty()).unwrap_or(says);
    let all = |test: fn(&str) -> bool| [form, says, given].into_iter().all(test);
    if all(media::is_manifest) || all(media::is_index) {
        return Ok(media::is_index(form));
    }
    let says = if says == given { form } else { says };
    Err(SelectError::MediaType { digest: descriptor.digest, given: given.to_owned(), says: says.to_owned() })
}

fn list(offered: &[String]) -> String {
    let mut offered: Vec<String> =
        offered.iter().filter(|name| *name != "unknown/unknown").map(|name| format!("`{name}`")).collect();
    offered.dedup();
    if offered.is_empty() { "others that are not named".to_owned() } else { offered.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wattle_oci::Digest;

    fn check(bytes: &str, given: &str, platform: &str) -> String {
        let descriptor = Descriptor::new(given, Digest::of(bytes.as_bytes()), bytes.len() as u64);
        match step(bytes.as_bytes(), &descriptor, &platform.parse().unwrap(), 0) {
            Ok(None) => "image".to_owned(),
            Ok(Some((next, offered))) => {
                let offered: Vec<String> = offered.iter().map(ToString::to_string).collect();
                format!("go to {} bytes, one of {}", next.size, offered.join(" "))
            }
            Err(error) => error.to_string().replace(&descriptor.digest.to_string(), "DIGEST"),
        }
    }

    fn index() -> String {
        let entry = |platform: &str, size: u64| Descriptor {
            platform: platform.parse().ok(),
            ..Descriptor::new(media::MANIFEST, Digest::of(platform.as_bytes()), size)
        };
        let entries = vec![entry("unknown/unknown", 1), entry("linux/amd64", 2), entry("linux/arm64/v8", 3)];
        serde_json::to_string(&Index::new(entries)).unwrap()
    }

    #[test]
    fn i93_leads_to_the_image_of_the_platform() {
        assert_eq!(check(r#"{"config":{}, "layers":[]}"#, media::MANIFEST, "linux/amd64"), "image");
        assert_eq!(check(&index(), media::INDEX, "linux/arm64"), "go to 3 bytes, one of linux/amd64 linux/arm64/v8");
        insta::assert_snapshot!(check(&index(), media::INDEX, "linux/s390x"), @"there is no image for `linux/s390x`, only for `linux/amd64`, `linux/arm64/v8`");
    }

    #[test]
    fn is_not_confused_about_what_it_reads() {
        let both = r#"{"config":{}, "layers":[], "manifests":[]}"#;
        let refused = "an image or an index of images was expected";
        assert!(check(both, media::MANIFEST, "linux/amd64").contains(refused));
        assert!(check(both, media::INDEX, "linux/amd64").contains(refused));
        assert!(check(&index(), media::MANIFEST, "linux/amd64").contains(refused));
        let liar = format!(r#"{{"mediaType":"{}","config":{{}}}}"#, media::INDEX);
        assert!(check(&liar, media::MANIFEST, "linux/amd64").contains(refused));
        assert!(check("[]", media::MANIFEST, "linux/amd64").contains(refused));
        assert!(check("{", media::MANIFEST, "linux/amd64").contains("could not read"));
        let other = r#"{"mediaType":"application/x","config":{}}"#;
        assert!(check(other, "application/x", "linux/amd64").contains(refused));
        assert!(check(other, "", "linux/amd64").contains(refused));
        assert_eq!(check(r#"{"config":{}}"#, "", "linux/amd64"), "image");
    }
}

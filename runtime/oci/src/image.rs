//! A whole image.

use crate::document::digest_like;
use crate::media::{self, Compression};
use crate::{Descriptor, Digest, Document, DocumentError, ImageConfig, Layer, Manifest};
use std::sync::Arc;
use wattle_tree::Blob;

/// Longest manifest, in bytes: what registries have to take (distribution specification, "Pushing Manifests").
pub const MAX_MANIFEST: usize = 4 << 20;
/// Longest configuration, in bytes.
pub const MAX_CONFIG: usize = 8 << 20;
/// Most layers of an image.
pub const MAX_LAYERS: usize = 512;

/// An image for one platform. Its parts fit each other: whoever has an `Image` need not look again.
#[derive(Debug, Clone)]
pub struct Image {
    manifest: Document<Manifest>,
    config: Document<ImageConfig>,
    layers: Vec<Layer>,
}

/// A manifest and a configuration that are no image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// One of the two is not the JSON it should be.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Longer than anything we are ready to read.
    #[error("the {what} has {size} bytes; {limit} is the most that is read")]
    TooLong {
        /// The part.
        what: &'static str,
        /// Its length.
        size: usize,
        /// What it may be.
        limit: usize,
    },
    /// Made for something else, or in a way that we do not know.
    #[error("the {what} is of type `{found}`, which is not one of an image")]
    MediaType {
        /// The part.
        what: &'static str,
        /// Its type.
        found: String,
    },
    /// More layers than we are ready to handle.
    #[error("the image has {0} layers; {MAX_LAYERS} is the most that is read")]
    TooManyLayers(usize),
    /// The configuration is not the one that the manifest names.
    #[error("the configuration is {found}, but the manifest names {expected}")]
    OtherConfig {
        /// Digest and length that the manifest gives.
        expected: String,
        /// Those of what was given.
        found: String,
    },
    /// Manifest and configuration speak of different layers.
    #[error("the manifest has {manifest} layers and the configuration {config}")]
    LayerCount {
        /// Layers in the manifest.
        manifest: usize,
        /// Layers in the configuration.
        config: usize,
    },
}

impl Image {
    /// Reads an image whose layers are known by digest only. That `manifest` is the one that was wanted is for the caller
    /// to see: [`Image::manifest`] has its digest.
    pub fn new(manifest: impl Into<Arc<[u8]>>, config: impl Into<Arc<[u8]>>) -> Result<Image, ImageError> {
        let (manifest, config) = (manifest.into(), config.into());
        check_length("manifest", manifest.len(), MAX_MANIFEST)?;
        check_length("configuration", config.len(), MAX_CONFIG)?;
        let manifest: Document<Manifest> = Document::read(manifest, "the manifest of an image")?;
        check_manifest(manifest.value())?;
        check_config(&manifest.value().config, &config)?;
        let config: Document<ImageConfig> = Document::read(config, "the configuration of an image")?;
        let layers = pair(manifest.value(), config.value())?;
        Ok(Image { manifest, config, layers })
    }

    /// The manifest.
    pub fn manifest(&self) -> &Document<Manifest> {
        &self.manifest
    }

    /// The configuration.
    pub fn config(&self) -> &Document<ImageConfig> {
        &self.config
    }

    /// The layers, the lowest first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// What the image is called by: the digest of its manifest.
    pub fn digest(&self) -> Digest {
        self.manifest.digest()
    }

    /// Describes the image, as an index does.
    pub fn descriptor(&self) -> Descriptor {
        let media_type = self.manifest.value().media_type.as_deref().unwrap_or(media::MANIFEST);
        self.manifest.descriptor(media_type)
    }

    /// The same image with the bytes of those layers that `find` has. Layers whose bytes are known keep them.
    #[must_use]
    pub fn with_blobs(mut self, mut find: impl FnMut(&Descriptor) -> Option<Blob>) -> Image {
        for layer in self.layers.iter_mut().filter(|layer| layer.blob.is_none()) {
            layer.blob = find(&layer.descriptor);
        }
        self
    }
}

fn check_length(what: &'static str, size: usize, limit: usize) -> Result<(), ImageError> {
    if size > limit { Err(ImageError::TooLong { what, size, limit }) } else { Ok(()) }
}

fn check_manifest(manifest: &Manifest) -> Result<(), ImageError> {
    let wrong = |what, found: &str| Err(ImageError::MediaType { what, found: found.to_owned() });
    match manifest.media_type.as_deref() {
        Some(found) if !media::is_manifest(found) => return wrong("manifest", found),
        _ if manifest.schema_version != 2 => return wrong("manifest", "schema version 1"),
        _ => {}
    }
    if !media::is_config(&manifest.config.media_type) {
        return wrong("configuration", &manifest.config.media_type);
    }
    match manifest.layers.iter().find(|layer| Compression::of(&layer.media_type).is_none()) {
        Some(layer) => wrong("layer", &layer.media_type),
        None => Ok(()),
    }
}

fn check_config(expected: &Descriptor, config: &[u8]) -> Result<(), ImageError> {
    let found = digest_like(&expected.digest, config);
    if found == expected.digest && config.len() as u64 == expected.size {
        return Ok(());
    }
    let text = |digest, size| format!("{digest} of {size} bytes");
    Err(ImageError::OtherConfig {
        expected: text(expected.digest, expected.size),
        found: text(found, config.len() as u64),
    })
}

fn pair(manifest: &Manifest, config: &ImageConfig) -> Result<Vec<Layer>, ImageError> {
    let (descriptors, diff_ids) = (&manifest.layers, &config.rootfs.diff_ids);
    if descriptors.len() != diff_ids.len() {
        return Err(ImageError::LayerCount { manifest: descriptors.len(), config: diff_ids.len() });
    }
    if descriptors.len() > MAX_LAYERS {
        return Err(ImageError::TooManyLayers(descriptors.len()));
    }
    let layer = |(descriptor, diff_id): (&Descriptor, &Digest)| Layer {
        diff_id: *diff_id,
        descriptor: descriptor.clone(),
        blob: None,
    };
    Ok(descriptors.iter().zip(diff_ids).map(layer).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;

    fn manifest(config: &str, edit: impl FnOnce(&mut Manifest)) -> Vec<u8> {
        let descriptor = Descriptor::new(media::CONFIG, Digest::of(config.as_bytes()), config.len() as u64);
        let mut manifest = Manifest::new(descriptor, Vec::new());
        edit(&mut manifest);
        serde_json::to_vec(&manifest).unwrap()
    }

    fn check(edit: impl FnOnce(&mut Manifest)) -> String {
        match Image::new(manifest(CONFIG, edit), CONFIG.as_bytes()) {
            Ok(image) => format!("{} with {} layers", image.config().value().platform(), image.layers().len()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn its_parts_fit_each_other() {
        assert_eq!(check(|_| {}), "linux/amd64 with 0 layers");
        assert_eq!(check(|m| m.media_type = None), "linux/amd64 with 0 layers");
        assert_eq!(
            check(|m| m.media_type = Some(media::INDEX.into())),
            "the manifest is of type `application/vnd.oci.image.index.v1+json`, which is not one of an image"
        );
        assert_eq!(
            check(|m| m.config.media_type = "application/vnd.cncf.helm.config.v1+json".into()),
            "the configuration is of type `application/vnd.cncf.helm.config.v1+json`, which is not one of an image"
        );
        assert!(check(|m| m.config.size += 1).starts_with("the configuration is sha256:"));
        assert!(check(|m| m.config.digest = Digest::of(b"")).starts_with("the configuration is sha256:"));
        let layer = Descriptor::new(media::LAYER, Digest::of(b""), 0);
        assert_eq!(check(|m| m.layers.push(layer.clone())), "the manifest has 1 layers and the configuration 0");
        assert_eq!(
            check(|m| m.layers.push(Descriptor { media_type: "text/plain".into(), ..layer })),
            "the layer is of type `text/plain`, which is not one of an image"
        );
    }

    #[test]
    fn the_bytes_that_were_read_are_the_bytes_that_are_kept() {
        let mut bytes = manifest(CONFIG, |_| {});
        bytes.extend(b"\n \n");
        let image = Image::new(bytes.clone(), CONFIG.as_bytes()).unwrap();
        assert_eq!((image.manifest().bytes(), image.digest()), (&bytes[..], Digest::of(&bytes)));
    }
}

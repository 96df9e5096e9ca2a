//! A base image, made from nothing but files and facts.

use crate::{
    Config, Descriptor, Document, DocumentError, History, Image, ImageConfig, ImageError, Layer, Manifest, Platform,
    RootFs, media,
};
use std::collections::BTreeMap;

/// What a base image consists of.
#[derive(Debug, Clone)]
pub struct Base {
    /// What it runs on.
    pub platform: Platform,
    /// Its one layer.
    pub layer: Layer,
    /// How that came to be: the text of its history.
    pub created_by: String,
    /// When the image is said to be made, in the notation of RFC 3339.
    pub created: String,
    /// Variables of its processes.
    pub environment: Vec<(String, String)>,
    /// User and group of its processes, `1001:1000`.
    pub user: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// The image of these parts.
pub fn base(base: Base) -> Result<Image, BaseError> {
    let Base { platform, layer, created_by, created, environment, user, labels } = base;
    let config = ImageConfig {
        created: Some(created.clone()),
        architecture: platform.architecture,
        variant: platform.variant.unwrap_or_default(),
        os: platform.os,
        config: Config {
            user,
            env: environment.into_iter().map(|(name, value)| format!("{name}={value}")).collect(),
            labels,
            ..Config::default()
        },
        rootfs: RootFs { kind: "layers".to_owned(), diff_ids: vec![layer.diff_id] },
        history: vec![History { created: Some(created), created_by: Some(created_by), ..History::default() }],
        other: BTreeMap::new(),
    };
    let config = Document::write(config, "the configuration of an image")?;
    let descriptor: Descriptor = config.descriptor(media::CONFIG);
    let manifest =
        Document::write(Manifest::new(descriptor, vec![layer.descriptor.clone()]), "the manifest of an image")?;
    let image = Image::new(manifest.bytes().to_vec(), config.bytes().to_vec())?;
    Ok(image.with_blobs(|_| layer.blob.clone()))
}

/// Parts that make no image.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// Not to be written as JSON.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// What came out goes beyond what we ourselves would read.
    #[error("the image would not be readable")]
    Image(#[from] ImageError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Source;
    use wattle_tree::{Node, Tree};

    #[test]
    fn i2_is_an_image_whose_every_digest_holds() {
        let mut tree = Tree::new();
        tree.insert("etc/os-release", Node::file("ID=debian\n")).unwrap();
        let image = base(Base {
            platform: Platform::new("linux", "amd64"),
            layer: Layer::in_memory(&Source::filesystem(tree, BTreeMap::new())).unwrap(),
            created_by: "made".to_owned(),
            created: crate::cnb::CREATED.to_owned(),
            environment: vec![("PATH".to_owned(), "/bin".to_owned())],
            user: "1001:1000".to_owned(),
            labels: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        });
        let image = image.unwrap();
        image.validate().unwrap();
        insta::assert_snapshot!(String::from_utf8_lossy(image.config().bytes()), @r#"{"created":"1980-01-01T00:00:01Z","architecture":"amd64","os":"linux","config":{"User":"1001:1000","Env":["PATH=/bin"],"Labels":{"a":"b"}},"rootfs":{"type":"layers","diff_ids":["sha256:c1c3c8d9c5d97446bc157ead7d28adbb0dad6326ef4e836e2e4d8527f2659ce2"]},"history":[{"created":"1980-01-01T00:00:01Z","created_by":"made"}]}"#);
    }
}

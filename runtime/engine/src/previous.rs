//! The image that was built before, as far as the next one is made of it (Buildpack specification, "Layer Types"; Platform
//! specification, "Analyze" and "Restore"): what its labels say of layers and of what buildpacks stored, and these layers.
//!
//! A store that has everything does not need it. One that is new, on a build machine that was made a minute ago, does: a layer
//! that is in the image as it would be made again is taken over without its bytes being here.

use crate::error::EngineError;
use crate::event::Event;
use crate::request::{Engine, Images, Request};
use crate::stored::Maker;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use wattle_oci::Layer;
use wattle_oci::cnb::{APP_DIR, BuildpackLayers, LayerMetadata, LifecycleMetadata, exec_env_of};
use wattle_oci::layer::FORMAT;
use wattle_plan::ExecEnv;
use wattle_store::{LayerRecord, Packed};
use wattle_transport::{Fault, Source};

/// Key of [`Makers`]. The labels of the specification have no place for it that every tool would keep.
pub(crate) const MAKERS: &str = "io.wattle.buildpacks";

/// Who made the layers of an image, more exactly than by version: without it, layers are not taken over by their keys.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Makers {
    /// In which form layers are packed.
    format: String,
    /// Digests of all files of each buildpack, by id.
    digests: BTreeMap<String, String>,
}

impl Makers {
    /// Of these buildpacks: ids, and digests of all of their files.
    pub(crate) fn new(digests: impl IntoIterator<Item = (String, String)>) -> Makers {
        Makers { format: FORMAT.to_owned(), digests: digests.into_iter().collect() }
    }
}

/// An image, and what it says of its layers.
pub(crate) struct Previous {
    pub(crate) source: Source,
    pub(crate) metadata: LifecycleMetadata,
    makers: Makers,
}

impl Engine {
    /// What was built before; none if there is nothing, or nothing that can be used. Fails if one was named and cannot be
    /// reached, or if `output` cannot be written.
    pub(crate) async fn previous(&self, request: &Request, images: &Images) -> Result<Option<Previous>, EngineError> {
        let there = self.transport.check(&images.output, &request.target).await;
        let there = there.map_err(EngineError::publishing(&images.output))?;
        let Some(named) = &images.previous else {
            return Ok(there
                .and_then(|source| Previous::new(source, &request.execution_environment, request.image.workspace())));
        };
        let warn = |text: String| {
            self.observer.event(&Event::Warning { text });
            None
        };
        match self.transport.read(named, &request.target).await {
            Ok(source) => {
                Ok(Previous::new(source, &request.execution_environment, request.image.workspace()).or_else(|| {
                    warn(format!("nothing of the previous image `{named}` is used: it does not say what it is made of"))
                }))
            }
            Err(error) if error.fault() == Fault::Unreachable => Err(EngineError::reading(named)(error)),
            Err(error) => Ok(warn(format!("there is no previous image `{named}`: {error}"))),
        }
    }
}

impl Previous {
    /// None if the image was built for another execution environment or has its application elsewhere, or does not say what
    /// can be understood.
    fn new(source: Source, exec_env: &ExecEnv, workspace: &str) -> Option<Previous> {
        let there = source.image.config().value().config.variable("CNB_APP_DIR").unwrap_or(APP_DIR);
        if exec_env_of(&source.image) != exec_env.as_str() || there != workspace {
            return None;
        }
        let metadata = LifecycleMetadata::of(&source.image).ok()??;
        let makers = source.image.config().label(MAKERS).and_then(|text| serde_json::from_str(text).ok());
        Some(Previous { source, metadata, makers: makers.unwrap_or_default() })
    }

    /// What the store would have of a layer, if it had been there. Contents come from the store alone: of a layer that needs
    /// them there is nothing.
    pub(crate) fn record(&self, buildpack: &str, layer: &str) -> Option<LayerRecord> {
        let of = self.of(buildpack)?;
        let LayerMetadata { sha, data, build, launch, cache } = of.layers.get(layer)?;
        if *build || *cache || !launch {
            return None;
        }
        let found = self.source.image.layers().iter().find(|layer| layer.diff_id == *sha)?;
        let packed = Packed { diff_id: *sha, digest: found.descriptor.digest, size: found.descriptor.size };
        let maker = self.makers.digests.get(buildpack);
        let maker = maker.map(|digest| Maker::of_image(of.version.clone(), digest.clone(), self.makers.format.clone()));
        Some(LayerRecord {
            key: key(data),
            build: false,
            launch: true,
            cache: false,
            contents: None,
            packed: Some(packed),
            more: maker.map(|maker| maker.record(&[], &[])).unwrap_or_default(),
        })
    }

    /// Whether a buildpack took part.
    pub(crate) fn was_built_by(&self, buildpack: &str) -> bool {
        self.of(buildpack).is_some()
    }

    /// What a buildpack stored.
    pub(crate) fn stored(&self, buildpack: &str) -> Option<Value> {
        self.of(buildpack)?.store.as_ref().map(|store| store.metadata.clone()).filter(Value::is_object)
    }

    /// A layer that the image has.
    pub(crate) fn layer(&self, packed: &Packed) -> Option<Layer> {
        let mut layers = self.source.image.layers().iter();
        layers.find(|layer| layer.diff_id == packed.diff_id && layer.descriptor.digest == packed.digest).cloned()
    }

    fn of(&self, buildpack: &str) -> Option<&BuildpackLayers> {
        self.metadata.buildpacks.iter().find(|of| of.key == buildpack)
    }
}

/// What a buildpack noted of a layer, as a key. Other tools note more than text: that becomes the text of JSON, so that a
/// buildpack can read it, and equals no key of ours.
fn key(data: &Value) -> Vec<(String, String)> {
    let Value::Object(fields) = data else { return Vec::new() };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    fields.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w14_what_is_noted_is_read_as_a_key() {
        let check = |data: Value| {
            key(&data).iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            check(serde_json::json!({"version": "1", "b": 1.0, "c": {"d": [true]}})),
            r#"b=1.0 c={"d":[true]} version=1"#
        );
        assert_eq!(check(Value::Null), "");
        assert_eq!(check(serde_json::json!(["a"])), "");
    }

    /// What of an image with this label and this execution environment is used.
    fn check(label: Option<&str>, exec_env: Option<&str>, wanted: &str) -> &'static str {
        let mut labels = serde_json::Map::new();
        labels.extend(label.map(|text| ("io.buildpacks.lifecycle.metadata".to_owned(), text.into())));
        labels.extend(exec_env.map(|name| ("io.buildpacks.exec-env".to_owned(), name.into())));
        let config = serde_json::json!({
            "architecture": "amd64", "os": "linux",
            "config": {"Labels": labels}, "rootfs": {"type": "layers", "diff_ids": []}
        });
        let config = serde_json::to_vec(&config).unwrap();
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [],
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json", "size": config.len(),
                "digest": wattle_oci::Digest::of(&config).to_string()
            }
        });
        let image = wattle_oci::Image::new(serde_json::to_vec(&manifest).unwrap(), config).unwrap();
        let (location, digest) = ("oci:x".parse().unwrap(), image.digest());
        let source = Source { image, location, digest, among: None };
        let previous = Previous::new(source, &wanted.parse().unwrap(), APP_DIR);
        match previous.map(|previous| previous.stored("a/b").is_some()) {
            None => "nothing",
            Some(false) => "the image",
            Some(true) => "the image, and what is stored",
        }
    }

    #[test]
    fn b99_an_image_for_another_execution_environment_is_not_used() {
        let stored = r#"{"buildpacks":[{"key":"a/b","version":"1.0.0","layers":{},"store":{"metadata":{"n":1}}}]}"#;
        for (exec_env, wanted, expected) in [
            (Some("test"), "test", "the image, and what is stored"),
            (Some("test"), "production", "nothing"),
            (Some("production"), "test", "nothing"),
            // The reference did not always say.
            (None, "production", "the image, and what is stored"),
            (None, "test", "nothing"),
        ] {
            assert_eq!(check(Some(stored), exec_env, wanted), expected, "{exec_env:?} {wanted}");
        }
    }

    #[test]
    fn p24_what_cannot_be_read_counts_as_no_image() {
        for (label, expected) in [
            (None, "nothing"),
            (Some("{"), "nothing"),
            (Some("[]"), "nothing"),
            (Some(r#"{"buildpacks":1}"#), "nothing"),
            (Some("{}"), "the image"),
            (Some(r#"{"unknown":1,"buildpacks":null}"#), "the image"),
            (Some(r#"{"buildpacks":[{"key":"a/b","layers":{},"store":{"metadata":"text"}}]}"#), "the image"),
        ] {
            assert_eq!(check(label, None, "production"), expected, "{label:?}");
        }
    }
}

//! Reading an image in an OCI layout with nothing of ours, to hold ours to it.

use super::listing::Listing;
use super::process::skopeo;
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// An image whose every digest and size was found right.
pub struct Image {
    layout: PathBuf,
    /// Digest of its manifest.
    pub digest: String,
    /// Its manifest (OCI image specification, "Image Manifest").
    pub manifest: Value,
    /// Its configuration (OCI image specification, "Image Configuration").
    pub config: Value,
}

impl Image {
    /// The image of this tag.
    #[track_caller]
    pub fn verified(layout: &Path, tag: &str) -> Image {
        let marker: Value = json(&fs::read(layout.join("oci-layout")).expect("a layout has `oci-layout`"));
        assert_eq!(marker["imageLayoutVersion"], "1.0.0");
        let index: Value = json(&fs::read(layout.join("index.json")).expect("a layout has `index.json`"));
        let mut manifests = index["manifests"].as_array().into_iter().flatten();
        let tagged = |it: &&Value| it["annotations"]["org.opencontainers.image.ref.name"] == tag;
        let descriptor = manifests.find(tagged).unwrap_or_else(|| panic!("there is no tag `{tag}`: {index}"));
        let manifest = json(&blob(layout, descriptor));
        let config = json(&blob(layout, &manifest["config"]));
        let digest = text(&descriptor["digest"]).to_owned();
        let image = Image { layout: layout.to_owned(), digest, manifest, config };
        image.verify_layers();
        image.verify_labels();
        let seen = json(skopeo(["inspect", &format!("oci:{}:{tag}", layout.display())]).as_bytes());
        assert_eq!(seen["Digest"], image.digest, "skopeo sees another image");
        image
    }

    /// The image for an architecture, of the index of this tag; `aside` is where it is copied by itself, with every digest
    /// checked on the way, to be found there by the architecture's name.
    #[track_caller]
    pub fn of_index(layout: &Path, tag: &str, architecture: &str, aside: &Path) -> Image {
        let from = format!("oci:{}:{tag}", layout.display());
        let to = format!("oci:{}:{architecture}", aside.display());
        skopeo(["--override-arch", architecture, "copy", "--quiet", "--preserve-digests", &from, &to]);
        Image::verified(aside, architecture)
    }

    fn layers(&self) -> &[Value] {
        self.manifest["layers"].as_array().map_or(&[], Vec::as_slice)
    }

    fn diff_ids(&self) -> Vec<&str> {
        self.config["rootfs"]["diff_ids"].as_array().into_iter().flatten().map(text).collect()
    }

    #[track_caller]
    fn verify_layers(&self) {
        let found: Vec<String> = self.layers().iter().map(|layer| self.diff_id(layer)).collect();
        assert_eq!(found, self.diff_ids(), "`diff_ids` are not those of the layers");
        let history = self.config["history"].as_array().map_or(&[][..], Vec::as_slice);
        let of_layers = history.iter().filter(|entry| entry["empty_layer"] != true).count();
        assert_eq!(of_layers, found.len(), "the history is not that of the layers");
    }

    /// Holds the labels to their schemas, and what launchers read to its own.
    #[track_caller]
    fn verify_labels(&self) {
        let labels = &self.config["config"]["Labels"];
        if labels.is_null() {
            return;
        }
        wattle_test_schemas::check_labels(labels).expect("the labels are as the schemas have them");
        if labels["io.buildpacks.lifecycle.metadata"].is_string() {
            let text = self.metadata_toml();
            let document = toml::from_str(&text).unwrap_or_else(|error| panic!("this is no TOML: {error}\n{text}"));
            wattle_test_schemas::check("metadata-toml", &document).expect("launchers can read it");
        }
    }

    /// What launchers read, from the layer that the label says has it.
    #[track_caller]
    pub fn metadata_toml(&self) -> String {
        let sha = &self.label("io.buildpacks.lifecycle.metadata")["config"]["sha"];
        let position = self.diff_ids().iter().position(|diff_id| sha == diff_id);
        let mut layer = tar::Archive::new(self.tar(position.expect("the label names a layer of the image")));
        for entry in layer.entries().expect("the layer can be read") {
            let mut entry = entry.expect("the layer can be read");
            if entry.path_bytes().ends_with(b"layers/config/metadata.toml") {
                return io::read_to_string(&mut entry).expect("the file can be read");
            }
        }
        panic!("there is no `metadata.toml` in the layer {sha}");
    }

    fn diff_id(&self, layer: &Value) -> String {
        let bytes = blob(&self.layout, layer);
        assert_eq!(layer["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
        digest(&mut MultiGzDecoder::new(bytes.as_slice()))
    }

    /// A label, which is JSON.
    #[track_caller]
    pub fn label(&self, name: &str) -> Value {
        json(text(&self.config["config"]["Labels"][name]).as_bytes())
    }

    /// What is in a layer that a buildpack contributed, by its paths in the image.
    #[track_caller]
    pub fn layer(&self, buildpack: &str, name: &str) -> Listing {
        let metadata = self.label("io.buildpacks.lifecycle.metadata");
        let mut buildpacks = metadata["buildpacks"].as_array().into_iter().flatten();
        let buildpack = buildpacks.find(|it| it["key"] == buildpack);
        let layer = buildpack.map_or(&Value::Null, |buildpack| &buildpack["layers"][name]);
        let position = self.diff_ids().iter().position(|diff_id| layer["sha"] == *diff_id);
        let position = position.unwrap_or_else(|| panic!("there is no layer `{name}`: {metadata:#}"));
        Listing::of_tar(self.tar(position))
    }

    /// The tar of a layer, by its place from below.
    #[track_caller]
    pub fn tar(&self, position: usize) -> impl Read {
        let path = path(&self.layout, text(&self.layers()[position]["digest"]));
        MultiGzDecoder::new(File::open(path).expect("the layer was read before"))
    }
}

/// The bytes of a blob, which have to be those that the descriptor names.
#[track_caller]
fn blob(layout: &Path, descriptor: &Value) -> Vec<u8> {
    let name = text(&descriptor["digest"]);
    let path = path(layout, name);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("`{}` cannot be read: {error}", path.display()));
    assert_eq!(digest(&mut bytes.as_slice()), name);
    assert_eq!(descriptor["size"].as_u64(), u64::try_from(bytes.len()).ok(), "the size of {name}");
    bytes
}

fn path(layout: &Path, digest: &str) -> PathBuf {
    layout.join("blobs").join(digest.replace(':', "/"))
}

/// The digest of everything that can be read.
pub(crate) fn digest(read: &mut impl Read) -> String {
    let mut hasher = Sha256::new();
    io::copy(read, &mut hasher).expect("contents can be read");
    hasher.finalize().iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("this is no JSON: {error}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("a text is missing"))
}

//! The layers of the last build.

use crate::error::{failed, if_there};
use crate::text::{self, name_of};
use crate::{Packed, Store, StoreError};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::PathBuf;
use wattle_tree::Digest;

/// The layers that one buildpack made in the last build of one application, by name.
#[derive(Clone)]
pub struct Layers<'a> {
    store: &'a Store,
    directory: PathBuf,
}

/// What is kept of a layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// What it is a function of: names and values.
    pub key: Vec<(String, String)>,
    /// Whether later buildpacks saw it.
    pub build: bool,
    /// Whether it was part of the image.
    pub launch: bool,
    /// Whether its contents were to come back.
    pub cache: bool,
    /// Its contents, one of [`crate::Trees`], which may be gone; none if they were not kept.
    #[serde(default, with = "text::optional")]
    pub contents: Option<Digest>,
    /// What it is in the image, one of [`crate::Blobs`], which may be gone; none if it was not part of one.
    #[serde(default)]
    pub packed: Option<Packed>,
    /// What else whoever made the record wants back, such as changes to the environment.
    #[serde(default)]
    pub more: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct Named {
    name: String,
    layer: LayerRecord,
}

impl<'a> Layers<'a> {
    pub(crate) fn new(store: &'a Store, application: &str, buildpack: &str) -> Layers<'a> {
        let directory = store.path(&format!("layers/{}", name_of(&[application, buildpack]).hex()));
        Layers { store, directory }
    }

    /// The layer of this name.
    pub fn get(&self, name: &str) -> Result<Option<LayerRecord>, StoreError> {
        let named: Option<Named> = self.store.read_record(&self.path(name))?;
        Ok(named.filter(|named| named.name == name).map(|named| named.layer))
    }

    /// Keeps a layer, in place of what was kept under its name. Its contents must be kept before.
    pub fn put(&self, name: &str, layer: &LayerRecord) -> Result<(), StoreError> {
        let named = Named { name: name.to_owned(), layer: layer.clone() };
        self.store.write_record(&self.path(name), &named)
    }

    /// Forgets a layer; nothing happens if there is none of this name.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path(name);
        if_there(fs::remove_file(&path)).map(|_| ()).map_err(failed("remove", &path))
    }

    /// All layers, sorted by name.
    pub fn list(&self) -> Result<Vec<(String, LayerRecord)>, StoreError> {
        let listing = if_there(fs::read_dir(&self.directory)).map_err(failed("list", &self.directory))?;
        let mut layers = Vec::new();
        for entry in listing.into_iter().flatten() {
            let path = entry.map_err(failed("list", &self.directory))?.path();
            let named: Option<Named> = self.store.read_record(&path)?;
            layers.extend(named.map(|named| (named.name, named.layer)));
        }
        layers.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(layers)
    }

    /// What the buildpack itself wanted kept, besides layers.
    pub fn data(&self) -> Result<Option<serde_json::Value>, StoreError> {
        self.store.read_record(&self.data_path())
    }

    /// Keeps what the buildpack itself wants kept, in place of what was kept.
    pub fn put_data(&self, data: &serde_json::Value) -> Result<(), StoreError> {
        self.store.write_record(&self.data_path(), data)
    }

    /// No digest of a name: no layer is here.
    fn data_path(&self) -> PathBuf {
        self.directory.join("data.json")
    }

    /// Names come from buildpacks, and hosts differ in which names they tell apart: the digest of a name is safe anywhere.
    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{}.json", name_of(&[name]).hex()))
    }
}

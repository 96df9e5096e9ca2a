//! Layers of the last build, as the sandbox asks for them.

use crate::event::{Event, Observer};
use std::sync::Arc;
use wattle_sandbox::{Stored, StoredLayer, Uses};
use wattle_store::{LayerRecord, Store, StoreError};

/// What the store has of one buildpack's layers of one application.
pub(crate) struct FromStore {
    pub(crate) store: Store,
    pub(crate) application: String,
    pub(crate) buildpack: String,
    pub(crate) observer: Arc<dyn Observer>,
}

impl Stored for FromStore {
    /// A store that cannot be read is a warning: the layer is made anew.
    fn layer(&self, name: &str) -> Option<StoredLayer> {
        self.look_up(name).unwrap_or_else(|error| {
            let text = format!("layer `{name}` of {} is made anew: {error}", self.buildpack);
            self.observer.event(&Event::Warning { text });
            None
        })
    }
}

impl FromStore {
    fn look_up(&self, name: &str) -> Result<Option<StoredLayer>, StoreError> {
        let layers = self.store.layers(&self.application, &self.buildpack);
        layers.get(name)?.map(|record| self.stored(record)).transpose()
    }

    fn stored(&self, record: LayerRecord) -> Result<StoredLayer, StoreError> {
        let reusable = match &record.packed {
            Some(packed) => self.store.blobs().contains(&packed.digest)?,
            None => false,
        };
        let contents = match &record.contents {
            Some(digest) => self.store.trees().get(digest)?,
            None => None,
        };
        let uses = Uses { build: record.build, launch: record.launch, cache: record.cache };
        Ok(StoredLayer { key: record.key, uses, reusable, contents })
    }
}

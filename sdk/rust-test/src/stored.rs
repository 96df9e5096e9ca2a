//! Layers of the last build.

use crate::layer::Layer;
use std::collections::BTreeMap;
use std::sync::Arc;
use wattle_sandbox::{Stored, StoredLayer};
use wattle_tree::Tree;

/// What a build left, as the store keeps it. Cloning shares it.
#[derive(Clone, Default)]
pub(crate) struct LastBuild {
    layers: Arc<BTreeMap<String, Left>>,
    store: Option<String>,
}

#[derive(Clone)]
struct Left {
    stored: StoredLayer,
    /// All of it, also what the store does not keep: what a layer is that the next build keeps as it was.
    contents: Tree,
}

impl LastBuild {
    /// What `layers` leave, and what was stored, after this. As in the store, a layer that was not asked for stays.
    pub(crate) fn after(&self, layers: &[Layer], stored: Option<&String>) -> LastBuild {
        let mut left = BTreeMap::clone(&self.layers);
        for layer in layers {
            let uses = layer.uses();
            let contents = match (layer.is_reused(), left.get(layer.name())) {
                (true, previous) => previous.and_then(|left| left.stored.contents.clone()),
                (false, _) => (uses.build || uses.cache).then(|| layer.tree().clone()),
            };
            let key = layer.key().to_vec();
            let stored = StoredLayer { key, uses, reusable: uses.launch, contents };
            left.insert(layer.name().to_owned(), Left { stored, contents: layer.tree().clone() });
        }
        LastBuild { layers: Arc::new(left), store: stored.or(self.store.as_ref()).cloned() }
    }

    /// What the buildpack stored.
    pub(crate) fn store(&self) -> Option<String> {
        self.store.clone()
    }

    /// The contents of a layer, whether the next build can see them or not.
    pub(crate) fn contents(&self, name: &str) -> Tree {
        self.layers.get(name).map(|left| left.contents.clone()).unwrap_or_default()
    }
}

impl Stored for LastBuild {
    fn layer(&self, name: &str) -> Option<StoredLayer> {
        self.layers.get(name).map(|left| left.stored.clone())
    }
}

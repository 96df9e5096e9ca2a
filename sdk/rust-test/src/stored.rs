//! Layers of the last build.

use crate::layer::Layer;
use std::collections::BTreeMap;
use std::sync::Arc;
use wattle_sandbox::{Stored, StoredLayer};
use wattle_tree::Tree;

/// What a build left, as the store keeps it. Cloning shares it.
#[derive(Clone, Default)]
pub(crate) struct LastBuild(Arc<BTreeMap<String, Left>>);

#[derive(Clone)]
struct Left {
    stored: StoredLayer,
    /// All of it, also what the store does not keep: what a layer is that the next build keeps as it was.
    contents: Tree,
}

impl LastBuild {
    /// What `layers` leave, after this. As in the store, a layer that was not asked for stays.
    pub(crate) fn after(&self, layers: &[Layer]) -> LastBuild {
        let mut left = BTreeMap::clone(&self.0);
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
        LastBuild(Arc::new(left))
    }

    /// The contents of a layer, whether the next build can see them or not.
    pub(crate) fn contents(&self, name: &str) -> Tree {
        self.0.get(name).map(|left| left.contents.clone()).unwrap_or_default()
    }
}

impl Stored for LastBuild {
    fn layer(&self, name: &str) -> Option<StoredLayer> {
        self.0.get(name).map(|left| left.stored.clone())
    }
}

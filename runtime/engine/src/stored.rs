//! Layers of the last build, as the sandbox asks for them.

use crate::event::{Event, Observer};
use crate::previous::Previous;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use wattle_oci::Layer;
use wattle_oci::layer::FORMAT;
use wattle_sandbox::{Change, Sbom, Stored, StoredLayer, Uses};
use wattle_sbom::Component;
use wattle_store::{LayerRecord, Store, StoreError};
use wattle_tree::{Digest, Tree};

/// Who made a layer, and in which form it was packed: what it depends on besides its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Maker {
    version: String,
    /// Of all of the buildpack's files.
    digest: String,
    format: String,
}

/// What is kept in [`LayerRecord::more`].
#[derive(Serialize, Deserialize)]
struct More {
    #[serde(flatten)]
    maker: Maker,
    /// What the layer consists of, which nobody could find out when it is reused.
    components: Vec<Component>,
    /// What the buildpack said of it.
    #[serde(default)]
    sboms: Vec<Sbom>,
}

impl Maker {
    /// This version of a buildpack, with these files.
    pub(crate) fn new(version: String, files: &Digest) -> Maker {
        Maker { version, digest: files.to_string(), format: FORMAT.to_owned() }
    }

    /// Who made the layers of an image, as its labels have it.
    pub(crate) fn of_image(version: String, digest: String, format: String) -> Maker {
        Maker { version, digest, format }
    }

    /// As the record of a layer keeps it, which consists of these.
    pub(crate) fn record(&self, components: &[Component], sboms: &[Sbom]) -> serde_json::Value {
        serde_json::json!(More { maker: self.clone(), components: components.to_vec(), sboms: sboms.to_vec() })
    }

    fn of(record: &LayerRecord) -> Option<Maker> {
        More::of(record).map(|more| more.maker)
    }

    /// How the buildpack that made something differs from this one.
    fn change(&self, before: Option<Maker>) -> Option<Change> {
        let before = match before {
            Some(before) if before.digest == self.digest => return None,
            before => before,
        };
        // One that is being developed changes without its version.
        let same = before.as_ref().is_some_and(|before| before.version == self.version);
        let text = |maker: &Maker| match maker.digest.get(..19).filter(|_| same) {
            Some(short) => format!("{} {short}", maker.version),
            None => maker.version.clone(),
        };
        let name = "buildpack".to_owned();
        Some(Change { name, before: before.as_ref().map(text), after: Some(text(self)) })
    }
}

impl More {
    fn of(record: &LayerRecord) -> Option<More> {
        serde_json::from_value(record.more.clone()).ok()
    }
}

/// What the store has of one buildpack's layers of one application. Each layer is looked up once: another build of the
/// application may put others in their place meanwhile, and what the guest was told must be what goes into the image.
pub(crate) struct FromStore {
    store: Store,
    application: String,
    buildpack: String,
    maker: Maker,
    previous: Option<Arc<Previous>>,
    observer: Arc<dyn Observer>,
    found: Mutex<BTreeMap<String, Option<Found>>>,
    data: OnceLock<Option<serde_json::Value>>,
}

#[derive(Clone)]
struct Found {
    record: LayerRecord,
    layer: StoredLayer,
    /// Whether the store knew nothing of it, and the previous image does.
    is_of_previous: bool,
}

impl Stored for FromStore {
    fn layer(&self, name: &str) -> Option<StoredLayer> {
        self.found(name).map(|found| found.layer)
    }

    fn other_buildpack(&self, name: &str) -> Option<Change> {
        self.found(name).and_then(|found| self.maker.change(Maker::of(&found.record)))
    }
}

impl FromStore {
    /// What `store` has of the layers that the buildpack of this id made for `application`.
    pub(crate) fn new(
        store: Store,
        application: String,
        buildpack: String,
        maker: Maker,
        previous: Option<Arc<Previous>>,
        observer: Arc<dyn Observer>,
    ) -> FromStore {
        FromStore {
            store,
            application,
            buildpack,
            maker,
            previous,
            observer,
            found: Mutex::default(),
            data: OnceLock::new(),
        }
    }

    /// Who makes layers now.
    pub(crate) fn maker(&self) -> &Maker {
        &self.maker
    }

    /// The record of a layer, as it was when the buildpack asked for it.
    pub(crate) fn record(&self, name: &str) -> Option<LayerRecord> {
        self.found(name).map(|found| found.record)
    }

    /// The contents of a layer, if they are kept, as they were when the buildpack asked for it.
    pub(crate) fn contents(&self, name: &str) -> Option<Tree> {
        self.found(name).and_then(|found| found.layer.contents)
    }

    /// What a layer consisted of when the buildpack asked for it.
    pub(crate) fn components(&self, name: &str) -> Vec<Component> {
        self.record(name).and_then(|record| More::of(&record)).map(|more| more.components).unwrap_or_default()
    }

    /// What the buildpack said of a layer when it was made.
    pub(crate) fn sboms(&self, name: &str) -> Vec<Sbom> {
        self.record(name).and_then(|record| More::of(&record)).map(|more| more.sboms).unwrap_or_default()
    }

    /// Whether only the previous image says anything of a layer, so that its bills are there too.
    pub(crate) fn is_of_previous(&self, name: &str) -> bool {
        self.found(name).is_some_and(|found| found.is_of_previous)
    }

    /// A layer as the previous image has it.
    pub(crate) fn in_previous(&self, name: &str) -> Option<Layer> {
        let packed = self.record(name)?.packed?;
        self.previous.as_ref()?.layer(&packed)
    }

    /// What the buildpack wanted back from the last build. Of a previous image that the buildpack took part in, the image's
    /// word counts: somebody else may have built it meanwhile.
    pub(crate) fn data(&self) -> Option<serde_json::Value> {
        let look_up = || match self.previous.as_ref().filter(|previous| previous.was_built_by(&self.buildpack)) {
            Some(previous) => previous.stored(&self.buildpack),
            None => self.kept_data(),
        };
        self.data.get_or_init(look_up).clone()
    }

    fn kept_data(&self) -> Option<serde_json::Value> {
        self.store.layers(&self.application, &self.buildpack).data().unwrap_or_else(|error| {
            let text = format!("what {} stored is not known any more: {error}", self.buildpack);
            self.observer.event(&Event::Warning { text });
            None
        })
    }

    /// A store that cannot be read is a warning: the layer is made anew.
    fn found(&self, name: &str) -> Option<Found> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let look_up = || {
            self.look_up(name).unwrap_or_else(|error| {
                let text = format!("layer `{name}` of {} is made anew: {error}", self.buildpack);
                self.observer.event(&Event::Warning { text });
                None
            })
        };
        found.entry(name.to_owned()).or_insert_with(look_up).clone()
    }

    fn look_up(&self, name: &str) -> Result<Option<Found>, StoreError> {
        let kept = self.store.layers(&self.application, &self.buildpack).get(name)?;
        let is_of_previous = kept.is_none();
        let of_previous = || self.previous.as_ref()?.record(&self.buildpack, name);
        kept.or_else(of_previous).map(|record| self.read(record, is_of_previous)).transpose()
    }

    fn read(&self, record: LayerRecord, is_of_previous: bool) -> Result<Found, StoreError> {
        let in_this_form = Maker::of(&record).is_some_and(|maker| maker.format == FORMAT);
        let reusable = match &record.packed {
            Some(packed) if self.previous.as_ref().is_some_and(|it| it.layer(packed).is_some()) => {
                // The reference packs in a form of its own, which is as good.
                in_this_form || is_of_previous
            }
            Some(packed) if in_this_form => self.store.blobs().contains(&packed.digest)?,
            _ => false,
        };
        let contents = match &record.contents {
            Some(digest) => self.store.trees().get(digest)?,
            None => None,
        };
        let uses = Uses { build: record.build, launch: record.launch, cache: record.cache };
        let layer = StoredLayer { key: record.key.clone(), uses, reusable, contents };
        Ok(Found { record, layer, is_of_previous })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wattle_store::Packed;

    struct Nobody;

    impl Observer for Nobody {
        fn event(&self, _: &Event) {}
    }

    fn maker(version: &str, files: &str) -> Maker {
        Maker::new(version.to_owned(), &Digest::of(files.as_bytes()))
    }

    fn from(store: &Store, maker: Maker) -> FromStore {
        FromStore::new(store.clone(), "app".to_owned(), "test/a".to_owned(), maker, None, Arc::new(Nobody))
    }

    fn record(key: &str, maker: &Maker) -> LayerRecord {
        LayerRecord {
            key: vec![("k".to_owned(), key.to_owned())],
            more: maker.record(&[], &[]),
            ..LayerRecord::default()
        }
    }

    #[test]
    fn another_build_does_not_change_what_this_one_found() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let layers = store.layers("app", "test/a");
        layers.put("x", &record("first", &maker("1", "a"))).unwrap();
        let stored = from(&store, maker("1", "a"));
        assert_eq!(stored.layer("x").unwrap().key[0].1, "first");
        layers.put("x", &record("second", &maker("1", "a"))).unwrap();
        assert_eq!(stored.record("x").unwrap().key[0].1, "first");
    }

    #[test]
    fn a_layer_is_known_by_the_buildpack_that_made_it() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        store.layers("app", "test/a").put("x", &record("k", &maker("1.0.0", "a"))).unwrap();
        let check = |maker| match from(&store, maker).other_buildpack("x") {
            Some(Change { before, after, .. }) => format!("{} -> {}", before.unwrap(), after.unwrap()),
            None => "the same".to_owned(),
        };
        assert_eq!(check(maker("1.0.0", "a")), "the same");
        assert_eq!(check(maker("1.1.0", "b")), "1.0.0 -> 1.1.0");
        assert_eq!(check(maker("1.0.0", "b")), "1.0.0 sha256:ca978112ca1b -> 1.0.0 sha256:3e23e8160039");
    }

    #[test]
    fn what_a_layer_consists_of_is_known_when_it_is_reused() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let maker = maker("1", "a");
        let components = vec![Component::fetched("npm:a/-/a-1.0.0.tgz", Digest::of(b""))];
        let noted = LayerRecord { more: maker.record(&components, &[]), ..LayerRecord::default() };
        store.layers("app", "test/a").put("x", &noted).unwrap();
        assert_eq!(from(&store, maker.clone()).components("x"), components);
        // What was noted before anybody asked for it is made anew.
        let old = LayerRecord { more: serde_json::json!(maker), ..LayerRecord::default() };
        store.layers("app", "test/a").put("x", &old).unwrap();
        assert!(from(&store, maker).other_buildpack("x").is_some());
    }

    #[test]
    fn a_layer_that_was_packed_in_another_form_is_not_reused_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let (digest, size) = store.blobs().writer(None).unwrap().commit().unwrap();
        let packed = Some(Packed { diff_id: digest, digest, size });
        let reusable = |maker: &Maker| {
            store
                .layers("app", "test/a")
                .put("x", &LayerRecord { packed: packed.clone(), ..record("k", maker) })
                .unwrap();
            from(&store, maker.clone()).layer("x").unwrap().reusable
        };
        assert!(reusable(&maker("1", "a")));
        assert!(!reusable(&Maker { format: "gzip-0".to_owned(), ..maker("1", "a") }));
    }
}

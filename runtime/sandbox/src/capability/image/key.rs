//! Whether a layer that is a function of its key is what was stored.

use crate::contribution::{Change, Key, LayerState, Uses};
use crate::grant::StoredLayer;
use std::collections::BTreeMap;

/// Later buildpacks and the next build need the files themselves; the image does not.
pub(super) fn needs_contents(uses: Uses) -> bool {
    uses.build || uses.cache
}

/// Decides what becomes of a layer that is a function of its key.
pub(super) fn compare(stored: Option<&StoredLayer>, uses: Uses, key: &Key) -> LayerState {
    let Some(stored) = stored else { return LayerState::Created };
    let changes = changes(&stored.key, key);
    if !changes.is_empty() {
        return LayerState::Stale(changes);
    }
    match (needs_contents(uses), &stored.contents, stored.reusable) {
        (false, _, true) => LayerState::Kept,
        (_, Some(_), _) => LayerState::Restored,
        _ => LayerState::Created,
    }
}

/// What comes back of a layer whose reuse the buildpack decides, by what it was for (Buildpack specification, "Layer
/// Types"): of a cached one all or nothing; of one that was for the image alone what was noted of it, and the layer itself
/// if it is for nothing else now; of others nothing.
pub(super) fn restored(stored: Option<StoredLayer>, uses: Uses) -> (Option<StoredLayer>, LayerState) {
    let Some(stored) = stored else { return (None, LayerState::Created) };
    match stored.uses {
        Uses { cache: true, .. } if stored.contents.is_some() => (Some(stored), LayerState::Restored),
        Uses { cache: false, build: false, launch: true } => {
            let is_kept = stored.reusable && !needs_contents(uses);
            (Some(stored), if is_kept { LayerState::Kept } else { LayerState::Created })
        }
        _ => (None, LayerState::Created),
    }
}

fn changes(before: &Key, after: &Key) -> Vec<Change> {
    let known = |key: &Key| key.iter().cloned().collect::<BTreeMap<_, _>>();
    let (old, new) = (known(before), known(after));
    let mut changes = Vec::new();
    for (name, value) in after {
        let old = old.get(name);
        if old != Some(value) {
            changes.push(Change { name: name.clone(), before: old.cloned(), after: Some(value.clone()) });
        }
    }
    for (name, value) in before {
        if !new.contains_key(name) {
            changes.push(Change { name: name.clone(), before: Some(value.clone()), after: None });
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use wattle_tree::Tree;

    fn key(fields: &[(&str, &str)]) -> Key {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn changes_are_those_of_single_fields() {
        let changes = changes(&key(&[("a", "1"), ("b", "1"), ("c", "1")]), &key(&[("d", "1"), ("b", "2"), ("a", "1")]));
        let text = |change: &Change| {
            let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            format!("{} {} {}", change.name, side(&change.before), side(&change.after))
        };
        assert_eq!(changes.iter().map(text).collect::<Vec<_>>(), ["d - 1", "b 1 2", "c 1 -"]);
    }

    /// Each row: what the layer was for (build, cache, launch), what comes back of it.
    #[test]
    fn b61_b62_b63_what_is_restored_depends_on_what_it_was_for() {
        let rows = [
            ([true, true, true], "metadata, Restored"),
            ([true, true, false], "metadata, Restored"),
            ([true, false, true], "nothing, Created"),
            ([true, false, false], "nothing, Created"),
            ([false, true, true], "metadata, Restored"),
            ([false, true, false], "metadata, Restored"),
            ([false, false, true], "metadata, Kept"),
            ([false, false, false], "nothing, Created"),
        ];
        let check = |[build, cache, launch]: [bool; 3], contents: bool| {
            let (uses, contents) = (Uses { build, launch, cache }, contents.then(Tree::new));
            let stored = StoredLayer { key: key(&[("a", "1")]), uses, reusable: launch, contents };
            let (metadata, state) = restored(Some(stored), Uses { build: false, launch: true, cache: false });
            format!("{}, {state:?}", if metadata.is_some() { "metadata" } else { "nothing" })
        };
        for (uses, expected) in rows {
            assert_eq!(check(uses, true), expected, "{uses:?}");
        }
        // A cache that is gone takes the metadata with it.
        assert_eq!(check([false, true, true], false), "nothing, Created");
        assert_eq!(check([false, false, true], false), "metadata, Kept");
    }

    #[test]
    fn b64_a_layer_is_kept_or_restored_only_with_what_its_uses_need() {
        let check = |uses: &str, reusable: bool, contents: bool| {
            let contents = contents.then(Tree::new);
            let stored = StoredLayer { key: key(&[("a", "1")]), uses: Uses::default(), reusable, contents };
            let uses = Uses { build: uses == "build", launch: true, cache: uses == "cache" };
            format!("{:?}", compare(Some(&stored), uses, &key(&[("a", "1")])))
        };
        assert_eq!(check("launch", true, false), "Kept");
        assert_eq!(check("launch", true, true), "Kept");
        assert_eq!(check("launch", false, true), "Restored");
        assert_eq!(check("launch", false, false), "Created");
        // It was only launched before, and now somebody wants to see it.
        assert_eq!(check("build", true, false), "Created");
        assert_eq!(check("cache", true, true), "Restored");
    }
}

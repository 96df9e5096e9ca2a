//! Orders of buildpacks, with what composites stand for.

use super::model::{InspectedEntry, InspectedGroup};
use wattle_oci::cnb::{Modules, OrderEntry, OrderGroup};

/// Most composites in one another. Each is four levels of JSON, of which many programs read no more than 128.
const MAX_DEPTH: usize = 16;
/// Most entries that are told: a few composites can stand for any number.
const MAX_ENTRIES: usize = 10_000;

/// Tells orders of buildpacks that are in `modules`.
pub(super) struct Orders<'a> {
    modules: &'a Modules,
    /// Composites that lead to where we are.
    above: Vec<(&'a str, &'a str)>,
    left: usize,
}

impl<'a> Orders<'a> {
    pub(super) fn new(modules: &'a Modules) -> Orders<'a> {
        Orders { modules, above: Vec::new(), left: MAX_ENTRIES }
    }

    /// An order, composites with what they stand for.
    pub(super) fn groups(&mut self, order: &'a [OrderGroup]) -> Vec<InspectedGroup> {
        let mut groups = Vec::new();
        for group in order.iter().filter(|group| !group.group.is_empty()) {
            if self.left == 0 {
                break;
            }
            groups.push(InspectedGroup { group: self.entries(&group.group) });
        }
        groups
    }

    /// Buildpacks of one group.
    pub(super) fn entries(&mut self, entries: &'a [OrderEntry]) -> Vec<InspectedEntry> {
        let mut told = Vec::new();
        for entry in entries {
            let Some(left) = self.left.checked_sub(1) else { break };
            self.left = left;
            told.push(self.entry(entry));
        }
        told
    }

    /// Whether something was left out.
    pub(super) fn is_shortened(&self) -> bool {
        self.left == 0
    }

    fn entry(&mut self, entry: &'a OrderEntry) -> InspectedEntry {
        let told = InspectedEntry {
            id: entry.id.clone(),
            version: entry.version.clone(),
            optional: entry.optional,
            ..InspectedEntry::default()
        };
        let Some((version, module)) = self.modules.get(&entry.id, &entry.version) else {
            return InspectedEntry { missing: true, ..told };
        };
        let told = InspectedEntry { version: version.to_owned(), ..told };
        let key = (entry.id.as_str(), version);
        if self.above.contains(&key) {
            return InspectedEntry { cyclic: true, ..told };
        }
        if module.order.is_empty() {
            return told;
        }
        if self.above.len() >= MAX_DEPTH || self.left == 0 {
            return InspectedEntry { shortened: true, ..told };
        }
        self.above.push(key);
        let order = self.groups(&module.order);
        self.above.pop();
        InspectedEntry { shortened: self.left == 0, order, ..told }
    }
}

//! Which packages meet a dependency, the preferred ones first.

use super::Unmet;
use super::state::State;
use crate::relation::{Dependency, Relation};
use crate::{Architecture, Index, IndexError, Package};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::rc::Rc;

type Versions = Rc<[Rc<Package>]>;

/// The packages of an index, each read once.
pub(super) struct Candidates<'a> {
    index: &'a Index,
    architecture: Architecture,
    known: BTreeMap<String, Versions>,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(index: &'a Index, architecture: Architecture) -> Candidates<'a> {
        Candidates { index, architecture, known: BTreeMap::new() }
    }

    /// All versions, the newest first.
    pub(super) fn versions(&mut self, name: &str) -> Result<Versions, IndexError> {
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let versions: Versions = self.index.versions(name, self.architecture)?.into_iter().map(Rc::new).collect();
        self.known.insert(name.to_owned(), versions.clone());
        Ok(versions)
    }

    /// What meets a dependency. As apt has it: what is there already in another version, then the alternatives in turn; of
    /// each the package itself, then what stands for it, what a system needs most first. Last, as apt has it not, older
    /// versions.
    pub(super) fn options(&mut self, needs: &Dependency, state: &State) -> Result<Vec<Rc<Package>>, IndexError> {
        let (mut newest, mut older) = (Vec::new(), Vec::new());
        for relation in needs.alternatives.iter().filter(|relation| state.is_ours(relation)) {
            let versions = self.versions(&relation.name)?;
            let mut these = self.providers(relation)?;
            these.extend(versions.first().filter(|package| relation.allows(&package.version)).cloned());
            these.sort_by_key(|package| {
                let is_other = *package.name != *relation.name;
                (is_other, !package.essential, package.priority, Reverse(package.name.clone()))
            });
            newest.extend(these);
            older.extend(versions.iter().skip(1).filter(|package| relation.allows(&package.version)).cloned());
        }
        newest.sort_by_key(|package| state.member(&package.name).is_none());
        newest.extend(older);
        Ok(newest)
    }

    /// The packages whose newest version stands for what is meant.
    fn providers(&mut self, relation: &Relation) -> Result<Vec<Rc<Package>>, IndexError> {
        let mut found = Vec::new();
        for name in self.index.providers(&relation.name).into_iter().filter(|name| **name != *relation.name) {
            let versions = self.versions(name)?;
            let provides = |package: &&Rc<Package>| {
                let version = package.relations.provided(&relation.name);
                version.is_some_and(|version| relation.allows_provided(version))
            };
            found.extend(versions.first().filter(provides).cloned());
        }
        Ok(found)
    }

    /// Why nothing meets a dependency: what there is of its first alternative.
    pub(super) fn unmet(&mut self, needs: &Dependency) -> Result<Unmet, IndexError> {
        let name = needs.alternatives.first().map(|relation| relation.name.to_string()).unwrap_or_default();
        let versions = self.versions(&name)?;
        if !versions.is_empty() {
            let found = versions.iter().map(|package| package.version.clone()).collect();
            return Ok(Unmet::Versions { name, found });
        }
        let found = self.index.architectures(&name)?;
        if !found.is_empty() {
            return Ok(Unmet::Architectures { name, found, wanted: self.architecture });
        }
        let near = self.index.near(&name).into_iter().map(str::to_owned).collect();
        Ok(Unmet::Missing { name, near })
    }
}

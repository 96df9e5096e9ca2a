//! What has been chosen so far, and how to take it back.

use super::{CutDependency, Why};
use crate::relation::{Comparison, Dependency, Relation, Relations};
use crate::{Architecture, Installed, Package, Version};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// A package that is there, or chosen.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) version: Version,
    pub(super) relations: Arc<Relations>,
    /// What was chosen, and why; nothing, of what was there.
    pub(super) chosen: Option<(Rc<Package>, Why)>,
}

/// Two that exclude each other.
pub(super) struct Clash {
    /// Who says so.
    pub(super) owner: String,
    /// What it says.
    pub(super) relation: String,
    /// The one that is a member.
    pub(super) member: String,
}

/// A point to come back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    trail: usize,
    cut: usize,
}

pub(super) struct State {
    architecture: Architecture,
    members: BTreeMap<String, Member>,
    /// Who stands for a name.
    provided: BTreeMap<Arc<str>, Vec<String>>,
    /// Who excludes a name, and how.
    excluded: BTreeMap<Arc<str>, Vec<(String, Relation)>>,
    /// Who was added, and in whose place.
    trail: Vec<(String, Option<Member>)>,
    cut: Vec<(CutDependency, Dependency)>,
}

impl State {
    pub(super) fn new(installed: &Installed, architecture: Architecture) -> State {
        let (members, provided, excluded) = Default::default();
        let mut state = State { architecture, members, provided, excluded, trail: Vec::new(), cut: Vec::new() };
        for (name, package) in installed.iter() {
            let (version, relations) = (package.version.clone(), package.relations.clone());
            state.enter(name, Member { version, relations, chosen: None });
        }
        state
    }

    pub(super) fn member(&self, name: &str) -> Option<&Member> {
        self.members.get(name)
    }

    /// Why a package was chosen.
    pub(super) fn why(&self, name: &str) -> Option<&Why> {
        self.member(name)?.chosen.as_ref().map(|(_, why)| why)
    }

    /// Members that were there, and still are.
    pub(super) fn kept(&self) -> impl Iterator<Item = (&String, &Member)> {
        self.members.iter().filter(|(_, member)| member.chosen.is_none())
    }

    /// The packages that were chosen, in order.
    pub(super) fn chosen(&self) -> impl Iterator<Item = (&Package, &Why, Option<&Version>)> {
        self.trail.iter().filter_map(|(name, before)| {
            let (package, why) = self.members.get(name)?.chosen.as_ref()?;
            Some((package.as_ref(), why, before.as_ref().map(|member| &member.version)))
        })
    }

    /// The dependencies that were cut and are not met by chance.
    pub(super) fn cut(&self) -> impl Iterator<Item = &CutDependency> {
        self.cut.iter().filter(|(_, dependency)| !self.meets(dependency)).map(|(cut, _)| cut)
    }

    /// Notes that a dependency is not followed.
    pub(super) fn note_cut(&mut self, cut: CutDependency, dependency: &Dependency) {
        self.cut.push((cut, dependency.clone()));
    }

    /// True if an alternative is there.
    pub(super) fn meets(&self, dependency: &Dependency) -> bool {
        dependency.alternatives.iter().any(|relation| self.meets_relation(relation))
    }

    fn meets_relation(&self, relation: &Relation) -> bool {
        let named = |member: &Member| relation.allows(&member.version);
        let provider = |name: &String| {
            let version = self.members.get(name).and_then(|member| member.relations.provided(&relation.name));
            version.is_some_and(|version| relation.allows_provided(version))
        };
        self.is_ours(relation)
            && (self.member(&relation.name).is_some_and(named)
                || self.provided.get(&relation.name).is_some_and(|names| names.iter().any(provider)))
    }

    /// False if another machine's package is meant. `any` says that any machine's will do, and so ours.
    pub(super) fn is_ours(&self, relation: &Relation) -> bool {
        let ours = |name: &Arc<str>| matches!(&**name, "any" | "native") || **name == *self.architecture.name();
        relation.architecture.as_ref().is_none_or(ours)
    }

    /// Adds a package, unless it and a member exclude each other.
    pub(super) fn add(&mut self, package: &Rc<Package>, why: Why) -> Result<(), Clash> {
        if let Some(clash) = self.clash(package) {
            return Err(clash);
        }
        let before = self.leave(&package.name);
        let (version, relations) = (package.version.clone(), package.relations.clone());
        self.enter(&package.name, Member { version, relations, chosen: Some((package.clone(), why)) });
        self.trail.push((package.name.clone(), before));
        Ok(())
    }

    fn clash(&self, package: &Package) -> Option<Clash> {
        let says = |owner: &str, relation: &Relation, member: &str| Clash {
            owner: owner.to_owned(),
            relation: relation.to_string(),
            member: member.to_owned(),
        };
        if let Some(member) = self.member(&package.name).filter(|member| member.chosen.is_some()) {
            let version = Some((Comparison::Equal, member.version.clone()));
            return Some(says(&package.name, &Relation { version, ..Relation::any(&package.name) }, &package.name));
        }
        for relation in package.relations.excludes() {
            if let Some(member) = self.matching(relation, &package.name) {
                return Some(says(&package.name, relation, &member));
            }
        }
        let own = Relation::any(&package.name).name;
        let names = std::iter::once(&own).chain(package.relations.provides.iter().map(|provided| &provided.name));
        for name in names {
            for (owner, relation) in self.excluded.get(name).into_iter().flatten() {
                let by_name = **name == *package.name && relation.allows(&package.version);
                let provided = || package.relations.provided(name);
                if *owner != package.name && (by_name || provided().is_some_and(|it| relation.allows_provided(it))) {
                    return Some(says(owner, relation, owner));
                }
            }
        }
        None
    }

    /// A member, other than `except`, that a relation is about.
    fn matching(&self, relation: &Relation, except: &str) -> Option<String> {
        let named = self.member(&relation.name).filter(|member| relation.allows(&member.version));
        if named.is_some() && *relation.name != *except {
            return Some(relation.name.to_string());
        }
        let provides = |name: &&String| {
            let member = self.members.get(*name).filter(|_| *name != except);
            let version = member.and_then(|member| member.relations.provided(&relation.name));
            version.is_some_and(|version| relation.allows_provided(version))
        };
        self.provided.get(&relation.name).and_then(|names| names.iter().find(provides)).cloned()
    }

    fn enter(&mut self, name: &str, member: Member) {
        for provided in &member.relations.provides {
            self.provided.entry(provided.name.clone()).or_default().push(name.to_owned());
        }
        for relation in member.relations.excludes() {
            self.excluded.entry(relation.name.clone()).or_default().push((name.to_owned(), relation.clone()));
        }
        self.members.insert(name.to_owned(), member);
    }

    fn leave(&mut self, name: &str) -> Option<Member> {
        let member = self.members.remove(name)?;
        for provided in &member.relations.provides {
            if let Some(names) = self.provided.get_mut(&provided.name) {
                names.retain(|other| other != name);
            }
        }
        for relation in member.relations.excludes() {
            if let Some(all) = self.excluded.get_mut(&relation.name) {
                all.retain(|(owner, _)| owner != name);
            }
        }
        Some(member)
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { trail: self.trail.len(), cut: self.cut.len() }
    }

    /// Takes back what happened since.
    pub(super) fn undo(&mut self, mark: Mark) {
        while self.trail.len() > mark.trail {
            let Some((name, before)) = self.trail.pop() else { break };
            self.leave(&name);
            if let Some(before) = before {
                self.enter(&name, before);
            }
        }
        self.cut.truncate(mark.cut);
    }
}

//! The search: one need after the other, and back to the last choice where two packages exclude each other.

use super::candidates::Candidates;
use super::error::Failure;
use super::state::{Clash, Mark, State};
use super::{CutDependency, Request, Resolution, ResolveError, Resolved, Why};
use crate::relation::{Comparison, Dependency, Relation};
use crate::{Index, Package, Version};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many packages are tried before a search is given up. Real archives need no more than a few that do not fit.
const MOST_TRIES: usize = 200_000;

/// One thing to do.
enum Task {
    /// Choose what the user asked for, as the first of all things.
    Asked(usize, Dependency),
    /// Look at what that needs.
    Expand(usize),
    /// Choose what a package needs.
    Needed(String, Dependency),
    /// Choose what a package recommends, if possible.
    Wished(String, Dependency),
}

/// What is to be done, next first. Choices share the part that they have in common.
#[derive(Clone, Default)]
struct Agenda(Option<Rc<(Task, Agenda)>>);

impl Agenda {
    fn with(self, tasks: impl DoubleEndedIterator<Item = Task>) -> Agenda {
        tasks.rev().fold(self, |rest, task| Agenda(Some(Rc::new((task, rest)))))
    }
}

impl Drop for Agenda {
    /// In a loop: it may be long, and the stack is not.
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut only) = next.and_then(Rc::into_inner) {
            next = only.1.0.take();
        }
    }
}

/// A need, and what has not been tried for it.
struct Choice {
    at: Agenda,
    options: std::vec::IntoIter<Rc<Package>>,
    mark: Mark,
    /// Why the first of the options did not do, or why there is none.
    failure: Option<Failure>,
    /// True if an option did not do because of other choices.
    depends: bool,
}

pub(super) struct Search<'a> {
    request: &'a Request<'a>,
    candidates: Candidates<'a>,
    state: State,
    choices: Vec<Choice>,
    /// What was chosen for that which was asked for.
    asked: Vec<Option<Rc<Package>>>,
    /// Packages that cannot be had whatever is chosen.
    dead: BTreeMap<(String, Version), Failure>,
    tries: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(index: &'a Index, request: &'a Request<'a>) -> Search<'a> {
        Search {
            request,
            candidates: Candidates::new(index, request.architecture),
            state: State::new(request.installed, request.architecture),
            choices: Vec::new(),
            asked: Vec::new(),
            dead: BTreeMap::new(),
            tries: 0,
        }
    }

    pub(super) fn run(mut self) -> Result<Resolution, ResolveError> {
        let mut agenda = self.begin()?;
        while let Some(next) = agenda.0.clone() {
            let (task, rest) = &*next;
            agenda = match task {
                Task::Expand(at) => self.expand(*at, rest.clone()),
                _ if self.is_settled(task)? => rest.clone(),
                _ => self.choose(task, agenda.clone())?,
            };
        }
        Ok(self.resolution())
    }

    /// All that was asked for, then what it needs. Names that no package has come last: another that was asked for may stand
    /// for them.
    fn begin(&mut self) -> Result<Agenda, ResolveError> {
        let mut all: Vec<(bool, String, &Dependency)> = Vec::new();
        for root in self.request.packages {
            all.push((self.is_virtual(&root.0)?, root.to_string(), &root.0));
        }
        all.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        all.dedup_by(|one, other| one.1 == other.1);
        self.asked = vec![None; all.len()];
        let expand = (0..all.len()).map(Task::Expand);
        let asked = all.into_iter().enumerate().map(|(at, (_, _, asked))| Task::Asked(at, asked.clone()));
        Ok(Agenda::default().with(expand).with(asked))
    }

    /// True if no package has the name that was asked for.
    fn is_virtual(&mut self, asked: &Dependency) -> Result<bool, ResolveError> {
        let versions = asked.alternatives.first().map(|it| self.candidates.versions(&it.name)).transpose()?;
        Ok(versions.is_some_and(|versions| versions.is_empty()))
    }

    /// True if nothing has to be chosen.
    fn is_settled(&mut self, task: &Task) -> Result<bool, ResolveError> {
        match task {
            Task::Expand(_) => Ok(false),
            Task::Asked(at, asked) => {
                self.asked[*at] = None;
                let is_there = |relation: &Relation| {
                    self.state.member(&relation.name).is_some_and(|member| relation.allows(&member.version))
                };
                if asked.alternatives.iter().any(is_there) {
                    return Ok(true);
                }
                Ok(self.is_virtual(asked)? && self.state.meets(asked))
            }
            Task::Needed(of, needs) | Task::Wished(of, needs) => {
                if self.state.meets(needs) {
                    return Ok(true);
                }
                let Some(reason) = self.request.cuts.reason(of, needs) else { return Ok(false) };
                let cut = CutDependency { of: of.clone(), on: needs.to_string(), reason: reason.to_owned() };
                self.state.note_cut(cut, needs);
                Ok(true)
            }
        }
    }

    fn choose(&mut self, task: &Task, at: Agenda) -> Result<Agenda, ResolveError> {
        let (Task::Asked(_, needs) | Task::Needed(_, needs) | Task::Wished(_, needs)) = task else { return Ok(at) };
        let mut options = self.candidates.options(needs, &self.state)?;
        match task {
            Task::Asked(..) if self.is_virtual(needs)? => check_choice(needs, &options)?,
            Task::Asked(..) => options.retain(|package| needs.alternatives.iter().any(|it| *it.name == *package.name)),
            _ => (),
        }
        let mut failure = None;
        if options.is_empty() {
            let reason = self.candidates.unmet(needs)?;
            failure = Some(Failure::Unmet { chain: self.chain(task, &needs.to_string()), reason });
        }
        let options = options.into_iter();
        self.choices.push(Choice { at, options, mark: self.state.mark(), failure, depends: false });
        self.advance()
    }

    /// Goes on with the next option of the last choice that has one.
    fn advance(&mut self) -> Result<Agenda, ResolveError> {
        while let Some(mut choice) = self.choices.pop() {
            self.state.undo(choice.mark);
            let Some(next) = choice.at.0.clone() else { continue };
            let (task, rest) = &*next;
            if let Some(package) = choice.options.next() {
                let added = self.try_package(&package, task, &mut choice);
                self.choices.push(choice);
                if added {
                    return Ok(self.follow(&package, task, rest.clone()));
                }
                self.check_tries()?;
            } else if let Task::Wished(..) = task {
                return Ok(rest.clone());
            } else {
                self.fail(task, choice)?;
            }
        }
        // There is no choice only where nothing was asked for.
        Ok(Agenda::default())
    }

    /// Adds a package, or notes why not.
    fn try_package(&mut self, package: &Rc<Package>, task: &Task, choice: &mut Choice) -> bool {
        self.tries += 1;
        if let Some(failure) = self.dead.get(&(package.name.clone(), package.version.clone())) {
            choice.failure.get_or_insert_with(|| failure.clone());
            return false;
        }
        let why = match task {
            Task::Needed(by, needs) | Task::Wished(by, needs) => {
                Why::Needed { by: by.clone(), relation: needs.to_string() }
            }
            Task::Asked(..) | Task::Expand(_) => Why::Asked,
        };
        let Err(clash) = self.state.add(package, why) else { return true };
        choice.depends = true;
        let failure = self.conflict(package, task, clash);
        choice.failure.get_or_insert(failure);
        false
    }

    /// No option is left. If that does not depend on other choices, whoever needs it cannot be had at all, and choices that
    /// were made since it was chosen need not be thought over.
    fn fail(&mut self, task: &Task, choice: Choice) -> Result<(), ResolveError> {
        let Some(failure) = choice.failure else { return Ok(()) };
        let owner = match task {
            Task::Needed(owner, _) => self.state.member(owner).map(|member| (owner.clone(), member.version.clone())),
            _ => None,
        };
        if let Some(owner) = owner.filter(|_| !choice.depends) {
            let is_there = |state: &State| state.member(&owner.0).is_some_and(|member| member.version == owner.1);
            while let Some(last) = self.choices.last() {
                self.state.undo(last.mark);
                if !is_there(&self.state) {
                    break;
                }
                self.choices.pop();
            }
            self.dead.insert(owner, failure.clone());
        } else if let Some(last) = self.choices.last_mut() {
            last.depends = true;
        }
        match self.choices.last_mut() {
            None => Err(failure.into()),
            Some(last) => {
                last.failure.get_or_insert(failure);
                Ok(())
            }
        }
    }

    fn check_tries(&self) -> Result<(), ResolveError> {
        if self.tries < MOST_TRIES {
            return Ok(());
        }
        match self.choices.iter().rev().find_map(|choice| choice.failure.clone()) {
            Some(failure) => Err(failure.into()),
            None => Ok(()),
        }
    }

    /// What there is to do now that a package is there.
    fn follow(&mut self, package: &Rc<Package>, task: &Task, rest: Agenda) -> Agenda {
        match task {
            Task::Asked(at, _) => {
                self.asked[*at] = Some(package.clone());
                rest
            }
            _ => self.needs(package, rest),
        }
    }

    fn expand(&mut self, at: usize, rest: Agenda) -> Agenda {
        match self.asked[at].clone() {
            Some(package) => self.needs(&package, rest),
            None => rest,
        }
    }

    fn needs(&self, package: &Rc<Package>, rest: Agenda) -> Agenda {
        let needed = package.relations.needs().map(|needs| Task::Needed(package.name.clone(), needs.clone()));
        let wished = package.relations.recommends.iter().filter(|_| self.request.recommends);
        let wished = wished.map(|wish| Task::Wished(package.name.clone(), wish.clone()));
        let tasks: Vec<_> = self.followers(package).into_iter().chain(needed).chain(wished).collect();
        rest.with(tasks.into_iter())
    }

    /// What was there and worked with the version of a package that was there, but not with this one, has to follow.
    fn followers(&self, package: &Package) -> Vec<Task> {
        let Some(before) = self.request.installed.get(&package.name) else { return Vec::new() };
        let is_about = |needs: &Dependency| {
            let was_met = |it: &Relation| *it.name == *package.name && it.allows(&before.version);
            needs.alternatives.iter().any(was_met) && !self.state.meets(needs)
        };
        let broken = self.state.kept().filter(|(_, member)| member.relations.needs().any(is_about));
        let newer = |(name, member): (&String, &super::state::Member)| {
            let version = Some((Comparison::Later, member.version.clone()));
            let relation = Relation { version, ..Relation::any(name) };
            Task::Needed(package.name.clone(), Dependency { alternatives: vec![relation] })
        };
        broken.map(newer).collect()
    }

    fn conflict(&self, package: &Package, task: &Task, clash: Clash) -> Failure {
        let mut chain = self.chain(task, "");
        chain.pop();
        chain.push(package.name.clone());
        let Clash { owner, relation, member } = clash;
        Failure::Conflict { chain, other: self.path(&member), owner, relation }
    }

    /// The way from what was asked for to what a task looks for.
    fn chain(&self, task: &Task, needs: &str) -> Vec<String> {
        let mut chain = match task {
            Task::Needed(owner, _) | Task::Wished(owner, _) => self.path(owner),
            Task::Asked(..) | Task::Expand(_) => Vec::new(),
        };
        chain.push(needs.to_owned());
        chain
    }

    /// The way from what was asked for to a package.
    fn path(&self, name: &str) -> Vec<String> {
        let mut path = vec![name.to_owned()];
        while let Some(Why::Needed { by, .. }) = path.last().and_then(|name| self.state.why(name)) {
            if path.contains(by) {
                break;
            }
            path.push(by.clone());
        }
        path.reverse();
        path
    }

    fn resolution(&self) -> Resolution {
        let resolved = |(package, why, replaces): (&Package, &Why, Option<&Version>)| Resolved {
            package: package.clone(),
            why: why.clone(),
            replaces: replaces.cloned(),
        };
        Resolution { packages: self.state.chosen().map(resolved).collect(), cut: self.state.cut().cloned().collect() }
    }
}

/// Refuses a name that no package has and several stand for: the user has to say which.
fn check_choice(asked: &Dependency, options: &[Rc<Package>]) -> Result<(), ResolveError> {
    match &asked.alternatives[..] {
        [relation] if options.len() > 1 => {
            let mut providers: Vec<_> = options.iter().map(|package| package.name.clone()).collect();
            providers.sort();
            Err(ResolveError::Virtual { package: relation.name.to_string(), providers })
        }
        _ => Ok(()),
    }
}

//! "Order Resolution" and "Build Plan" as a reader of the specification would code them, with the lists that the
//! specification has: a plan of entries, each with its providers and its requirements.

use super::{COMPONENTS, Case, Groups, Leaves, Place, Said};
use std::collections::BTreeMap;

/// What is required under one name, by whom, and who provides it.
pub(super) struct Entry {
    pub(super) name: u8,
    /// In the sequence of the group.
    pub(super) providers: Vec<u8>,
    /// When it was said, counted over the whole trial, and by whom.
    pub(super) requires: Vec<(usize, u8)>,
}

/// Who builds, and what for.
pub(super) struct Plan {
    pub(super) group: Vec<u8>,
    pub(super) entries: Vec<Entry>,
}

/// A choice in a trial.
#[derive(Clone)]
struct Chosen {
    id: u8,
    /// Whether it can be removed.
    optional: bool,
    provides: Vec<u8>,
    requires: Vec<u8>,
}

/// The plan of the first group that passes.
pub(super) fn detect(case: &Case) -> Option<Plan> {
    order(case, &case.order, &[], &[], false)
}

/// What each buildpack is given when it leaves what `leaves` says: names, and who requires them. Entries that it does not
/// leave are gone for all who follow.
pub(super) fn received(mut plan: Plan, leaves: &Leaves) -> Vec<(u8, Vec<(u8, u8)>)> {
    let mut all = Vec::new();
    for id in plan.group {
        let mine = plan.entries.iter().filter(|entry| entry.providers.contains(&id));
        let mut said: Vec<(usize, u8, u8)> =
            mine.flat_map(|entry| entry.requires.iter().map(|(when, by)| (*when, entry.name, *by))).collect();
        said.sort_unstable();
        all.push((id, said.into_iter().map(|(_, name, by)| (name, by)).collect()));
        plan.entries.retain(|entry| !entry.providers.contains(&id) || leaves.contains(&(id, entry.name)));
    }
    all
}

/// Walks the groups as it goes; `next` is what follows in the groups around this order.
fn order(case: &Case, groups: &Groups, done: &[Place], next: &[Place], optional: bool) -> Option<Plan> {
    for group in groups {
        let all: Vec<Place> = group.iter().chain(next).copied().collect();
        if let Some(plan) = self::group(case, &all, done.to_vec()) {
            return Some(plan);
        }
    }
    if optional { group(case, next, done.to_vec()) } else { None }
}

fn group(case: &Case, places: &[Place], mut done: Vec<Place>) -> Option<Plan> {
    for (index, place) in places.iter().enumerate() {
        if !place.here || case.elsewhere.contains(&place.id) {
            continue;
        }
        if let Some(composite) = place.id.checked_sub(COMPONENTS) {
            return order(case, &case.composites[composite as usize], &done, &places[index + 1..], place.optional);
        }
        if done.iter().all(|before| before.id != place.id) {
            done.push(*place);
        }
    }
    trials(case, &done)?.into_iter().find_map(run)
}

/// Every choice of alternatives, the leftmost buildpack's varying slowest; none if a required buildpack does not pass.
fn trials(case: &Case, group: &[Place]) -> Option<Vec<Vec<Chosen>>> {
    let mut trials: Vec<Vec<Chosen>> = vec![Vec::new()];
    for place in group {
        let alternatives = match &case.said[place.id as usize] {
            Said::Pass(none) if none.is_empty() => vec![(vec![], vec![])],
            Said::Pass(alternatives) => alternatives.clone(),
            Said::Skip | Said::Fail if place.optional => continue,
            Said::Skip | Said::Fail => return None,
        };
        let mut longer = Vec::new();
        for trial in trials {
            for (index, (provides, requires)) in alternatives.iter().cloned().enumerate() {
                let optional = place.optional && index == alternatives.len() - 1;
                let mut trial = trial.clone();
                trial.push(Chosen { id: place.id, optional, provides, requires });
                longer.push(trial);
            }
        }
        trials = longer;
    }
    Some(trials)
}

/// From scratch for every attempt: requirements are looked at first, then what is provided.
fn run(mut trial: Vec<Chosen>) -> Option<Plan> {
    loop {
        let (entries, unmet, unused) = entries(&trial);
        let unhappy = if unmet.is_empty() { unused } else { unmet };
        if unhappy.is_empty() {
            let group: Vec<u8> = trial.iter().map(|chosen| chosen.id).collect();
            return (!group.is_empty()).then_some(Plan { group, entries });
        }
        if trial.iter().any(|chosen| unhappy.contains(&chosen.id) && !chosen.optional) {
            return None;
        }
        trial.retain(|chosen| !unhappy.contains(&chosen.id));
    }
}

/// The entries of a trial, who requires what is not provided, and who provides what is not required.
fn entries(trial: &[Chosen]) -> (Vec<Entry>, Vec<u8>, Vec<u8>) {
    let mut waiting: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    let mut entries: BTreeMap<u8, Entry> = BTreeMap::new();
    let (mut unmet, mut said) = (Vec::new(), 0);
    for Chosen { id, provides, requires, .. } in trial {
        for name in provides {
            waiting.entry(*name).or_default().push(*id);
        }
        for name in requires {
            said += 1;
            let new = || Entry { name: *name, providers: Vec::new(), requires: Vec::new() };
            let entry = entries.entry(*name).or_insert_with(new);
            entry.providers.append(&mut waiting.remove(name).unwrap_or_default());
            if entry.providers.is_empty() {
                unmet.push(*id);
            } else {
                entry.requires.push((said, *id));
            }
        }
    }
    (entries.into_values().collect(), unmet, waiting.into_values().flatten().collect())
}

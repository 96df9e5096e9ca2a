//! Expansion and resolution against a second implementation, written down straight from the specification: it walks the
//! order as it goes, enumerates every combination, and removes one buildpack after the other.

#![expect(clippy::unwrap_used, reason = "this is a test")]

use proptest::prelude::*;
use std::collections::BTreeMap;
use wattle_plan::{
    Alternative, BuildpackKey, Buildpacks, Detection, ExecEnv, ExpandError, ExpandedEntry, ExpandedGroup, Group,
    GroupEntry, Kind, Manifest, Order, Plan, Requirement, expand, resolve,
};

/// `(provides, requires)` of each alternative, or none for a skip.
type Said = Option<Vec<(Vec<u8>, Vec<u8>)>>;
/// An id and whether it is optional.
type Place = (u8, bool);
type Groups = Vec<Vec<Place>>;

/// Ids below this are components; composites name smaller ids only, so that there is no circle.
const COMPONENTS: u8 = 6;

#[derive(Debug, Clone)]
struct Case {
    said: Vec<Said>,
    composites: Vec<Groups>,
    order: Groups,
}

/// Id of a buildpack that builds, and the names it has to satisfy with who requires them.
type Step = (u8, Vec<(u8, u8)>);

/// "Order Resolution" and "Build Plan" as a reader of the specification would code them.
mod naive {
    use super::*;

    pub(super) fn order(
        case: &Case,
        groups: &Groups,
        done: &[Place],
        next: &[Place],
        optional: bool,
    ) -> Option<Vec<Step>> {
        for group in groups {
            let all: Vec<Place> = group.iter().chain(next).copied().collect();
            if let Some(steps) = self::group(case, &all, done.to_vec()) {
                return Some(steps);
            }
        }
        if optional { group(case, next, done.to_vec()) } else { None }
    }

    fn group(case: &Case, places: &[Place], mut done: Vec<Place>) -> Option<Vec<Step>> {
        for (index, (id, optional)) in places.iter().enumerate() {
            if let Some(composite) = id.checked_sub(COMPONENTS) {
                return order(case, &case.composites[composite as usize], &done, &places[index + 1..], *optional);
            }
            if done.iter().all(|(before, _)| before != id) {
                done.push((*id, *optional));
            }
        }
        detect(case, &done)
    }

    /// A choice in a trial: id, whether it can be removed, what it provides and requires.
    type Chosen = (u8, bool, (Vec<u8>, Vec<u8>));

    fn detect(case: &Case, group: &[Place]) -> Option<Vec<Step>> {
        let mut trials: Vec<Vec<Chosen>> = vec![Vec::new()];
        for (id, optional) in group {
            let Some(alternatives) = &case.said[*id as usize] else {
                if *optional {
                    continue;
                }
                return None;
            };
            let alternatives = if alternatives.is_empty() { vec![(vec![], vec![])] } else { alternatives.clone() };
            let mut longer = Vec::new();
            for trial in trials {
                for (index, alternative) in alternatives.iter().enumerate() {
                    let mut trial = trial.clone();
                    trial.push((*id, *optional && index == alternatives.len() - 1, alternative.clone()));
                    longer.push(trial);
                }
            }
            trials = longer;
        }
        trials.into_iter().find_map(run)
    }

    /// The map of dependencies, built from scratch for every attempt. All who are to be removed go at once.
    fn run(mut trial: Vec<Chosen>) -> Option<Vec<Step>> {
        loop {
            let mut waiting: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
            let mut providers: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
            let mut requests: BTreeMap<u8, Vec<(u8, u8)>> = BTreeMap::new();
            let mut unhappy = Vec::new();
            for (id, _, (provides, requires)) in &trial {
                for name in provides {
                    waiting.entry(*name).or_default().push(*id);
                }
                for name in requires {
                    let known = providers.entry(*name).or_default();
                    known.append(&mut waiting.remove(name).unwrap_or_default());
                    match known.first() {
                        None => unhappy.push(*id),
                        Some(first) => requests.entry(*first).or_default().push((*name, *id)),
                    }
                }
            }
            unhappy.extend(waiting.values().flatten());
            if unhappy.is_empty() {
                let steps = trial.iter().map(|(id, ..)| (*id, requests.remove(id).unwrap_or_default()));
                return Some(steps.collect()).filter(|steps: &Vec<Step>| !steps.is_empty());
            }
            if trial.iter().any(|(id, optional, _)| unhappy.contains(id) && !optional) {
                return None;
            }
            trial.retain(|(id, ..)| !unhappy.contains(id));
        }
    }
}

fn key(id: u8) -> BuildpackKey {
    BuildpackKey { id: format!("b{id}").parse().unwrap(), version: "1.0.0".parse().unwrap() }
}

fn to_order(groups: &Groups) -> Order {
    let entry = |(id, optional): &Place| GroupEntry {
        id: key(*id).id,
        version: None,
        optional: *optional,
        exec_env: Vec::new(),
    };
    Order(groups.iter().map(|group| Group(group.iter().map(entry).collect())).collect())
}

fn buildpacks(case: &Case) -> Buildpacks {
    let manifest = |id: u8, kind: Option<Kind>| {
        let text = format!(
            "api = '0.12'\n[buildpack]\nid = 'b{id}'\nversion = '1.0.0'\n[metadata.wattle]\ncomponent = 'b.wasm'"
        );
        let mut manifest = Manifest::parse("buildpack.toml", &text).unwrap();
        manifest.kind = kind.unwrap_or(manifest.kind);
        manifest
    };
    let components = (0..COMPONENTS).map(|id| manifest(id, None));
    let composites = (COMPONENTS..).zip(&case.composites);
    let composites = composites.map(|(id, groups)| manifest(id, Some(Kind::Composite(to_order(groups)))));
    Buildpacks::new(components.chain(composites)).unwrap()
}

fn detections(case: &Case) -> BTreeMap<BuildpackKey, Detection> {
    let name = |name: &u8| format!("n{name}");
    let alternative = |(provides, requires): &(Vec<u8>, Vec<u8>)| Alternative {
        provides: provides.iter().map(name).collect(),
        requires: requires.iter().map(|n| Requirement::new(name(n))).collect(),
    };
    let detection = |said: &Said| match said {
        None => Detection::Skip("nothing to do".into()),
        Some(alternatives) => Detection::Pass(alternatives.iter().map(alternative).collect()),
    };
    (0..).zip(&case.said).map(|(id, said)| (key(id), detection(said))).collect()
}

/// The groups that the case's order stands for, unless there are too many.
fn expanded(case: &Case) -> Option<Vec<ExpandedGroup>> {
    match expand(&to_order(&case.order), &buildpacks(case), &ExecEnv::default()) {
        Err(ExpandError::ManyGroups) => None,
        groups => Some(groups.unwrap()),
    }
}

fn simplify(plan: &Plan) -> Vec<Step> {
    let number = |text: &str| text[1..].parse::<u8>().unwrap();
    let step = |step: &wattle_plan::Step| {
        let entries = step.entries.iter().map(|entry| (number(&entry.name), number(entry.required_by.as_str())));
        (number(step.buildpack.id.as_str()), entries.collect())
    };
    plan.steps.iter().map(step).collect()
}

prop_compose! {
    /// Names are few, so that they meet; most alternatives require what they provide, as buildpacks do.
    fn alternative()(
        provides in prop::collection::btree_set(0..3_u8, 0..3),
        requires in prop::collection::btree_set(0..3_u8, 0..3),
        own in any::<bool>(),
    ) -> (Vec<u8>, Vec<u8>) {
        let requires = if own { requires.union(&provides).copied().collect() } else { requires };
        (provides.into_iter().collect(), requires.into_iter().collect())
    }
}

fn groups(ids: u8) -> impl Strategy<Value = Groups> {
    prop::collection::vec(prop::collection::vec((0..ids, any::<bool>()), 1..5), 1..3)
}

prop_compose! {
    fn case()(
        said in prop::collection::vec(prop::option::weighted(0.9, prop::collection::vec(alternative(), 0..3)), COMPONENTS as usize),
        first in groups(COMPONENTS),
        second in groups(COMPONENTS + 1),
        order in groups(COMPONENTS + 2),
    ) -> Case {
        Case { said, composites: vec![first, second], order }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn finds_the_plan_that_the_specification_describes(case in case()) {
        let groups = expanded(&case);
        prop_assume!(groups.is_some());
        let ours = resolve(&groups.unwrap(), &detections(&case)).ok().map(|plan| simplify(&plan));
        prop_assert_eq!(ours, naive::order(&case, &case.order, &[], &[], false));
    }

    #[test]
    fn an_unrelated_optional_buildpack_that_skips_changes_nothing(case in case(), at in any::<prop::sample::Index>()) {
        let groups = expanded(&case).unwrap_or_default();
        let mut detections = detections(&case);
        let before = resolve(&groups, &detections).ok().map(|plan| plan.steps);
        detections.insert(key(99), Detection::Skip("nothing to do".into()));
        let with = |group: &ExpandedGroup| {
            let mut entries = group.entries.clone();
            let place = at.index(entries.len() + 1);
            entries.insert(place, ExpandedEntry { buildpack: key(99), optional: true, excluded: false });
            ExpandedGroup { entries }
        };
        let wider: Vec<_> = groups.iter().map(with).collect();
        prop_assert_eq!(resolve(&wider, &detections).ok().map(|plan| plan.steps), before);
    }

    #[test]
    fn what_is_not_chosen_does_not_matter(case in case()) {
        let groups = expanded(&case).unwrap_or_default();
        if let Ok(plan) = resolve(&groups, &detections(&case)) {
            let chosen = |key: &BuildpackKey| plan.steps.iter().any(|step| step.buildpack == *key);
            let group = plan.steps.iter().map(|step| ExpandedEntry { buildpack: step.buildpack.clone(), optional: false, excluded: false });
            let alone = resolve(&[ExpandedGroup { entries: group.collect() }], &detections(&case)).unwrap();
            prop_assert!(alone.steps.iter().all(|step| chosen(&step.buildpack)));
            prop_assert!(alone.left_out.is_empty());
        }
    }
}

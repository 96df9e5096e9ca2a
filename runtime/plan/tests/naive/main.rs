//! Expansion, resolution and what is passed on, against a second implementation, written down straight from the
//! specification: it walks the order as it goes, enumerates every combination, and removes what stands in the way until
//! nothing does.

#![expect(clippy::unwrap_used, reason = "this is a test")]

mod specification;

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use wattle_plan::{
    Alternative, BuildpackKey, Buildpacks, Detection, ExecEnv, ExpandError, ExpandedEntry, ExpandedGroup, Group,
    GroupEntry, Kind, Manifest, Order, Plan, Requirement, expand, resolve,
};

/// What a buildpack says: `(provides, requires)` of each alternative, if it passes.
#[derive(Debug, Clone)]
enum Said {
    Pass(Vec<(Vec<u8>, Vec<u8>)>),
    Skip,
    Fail,
}

/// A place in a group.
#[derive(Debug, Clone, Copy)]
struct Place {
    id: u8,
    optional: bool,
    /// Whether the entry is for the execution environment of the build.
    here: bool,
}

type Groups = Vec<Vec<Place>>;
/// Who leaves which names.
type Leaves = BTreeSet<(u8, u8)>;

/// Ids below this are components; composites name smaller ids only, so that there is no circle.
const COMPONENTS: u8 = 6;
/// Names that are provided and required are below this.
const NAMES: u8 = 3;

#[derive(Debug, Clone)]
struct Case {
    said: Vec<Said>,
    composites: Vec<Groups>,
    order: Groups,
    /// Buildpacks that are not for the execution environment of the build.
    elsewhere: BTreeSet<u8>,
}

/// Id of a buildpack that builds, and the names it has to satisfy with who requires them.
type Step = (u8, Vec<(u8, u8)>);

fn key(id: u8) -> BuildpackKey {
    BuildpackKey { id: format!("b{id}").parse().unwrap(), version: "1.0.0".parse().unwrap() }
}

/// A list of execution environments with the build's, or without.
fn exec_env(here: bool) -> Vec<String> {
    vec!["other".to_owned(), if here { "production" } else { "test" }.to_owned()]
}

fn to_order(groups: &Groups) -> Order {
    let entry = |Place { id, optional, here }: &Place| GroupEntry {
        id: key(*id).id,
        version: None,
        optional: *optional,
        exec_env: exec_env(*here),
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
        manifest.exec_env = exec_env(!case.elsewhere.contains(&id));
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
        Said::Skip => Detection::Skip("nothing to do".into()),
        Said::Fail => Detection::Fail("broken".into()),
        Said::Pass(alternatives) => Detection::Pass(alternatives.iter().map(alternative).collect()),
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

fn number(text: &str) -> u8 {
    text[1..].parse().unwrap()
}

fn simplify(step: &wattle_plan::Step) -> Step {
    let entries = step.entries.iter().map(|entry| (number(&entry.name), number(entry.required_by.as_str())));
    (number(step.buildpack.id.as_str()), entries.collect())
}

/// What each step is given when it leaves what `leaves` says.
fn received(mut plan: Plan, leaves: &Leaves) -> Vec<Step> {
    let mut all = Vec::new();
    for at in 0..plan.steps.len() {
        let (id, entries) = simplify(&plan.steps[at]);
        let names: BTreeSet<u8> = entries.iter().map(|(name, _)| *name).collect();
        let left = names.into_iter().filter(|name| leaves.contains(&(id, *name))).map(|name| format!("n{name}"));
        plan.pass_on(at, &left.collect::<Vec<_>>()).unwrap();
        all.push((id, entries));
    }
    all
}

fn sorted(mut steps: Vec<Step>) -> Vec<Step> {
    for (_, entries) in &mut steps {
        entries.sort_unstable();
    }
    steps
}

prop_compose! {
    /// Names are few, so that they meet; most alternatives require what they provide, as buildpacks do.
    fn alternative()(
        provides in prop::collection::btree_set(0..NAMES, 0..3),
        requires in prop::collection::btree_set(0..NAMES, 0..3),
        own in any::<bool>(),
    ) -> (Vec<u8>, Vec<u8>) {
        let requires = if own { requires.union(&provides).copied().collect() } else { requires };
        (provides.into_iter().collect(), requires.into_iter().collect())
    }
}

fn said() -> impl Strategy<Value = Said> {
    let pass = prop::collection::vec(alternative(), 0..3).prop_map(Said::Pass);
    prop_oneof![18 => pass, 1 => Just(Said::Skip), 1 => Just(Said::Fail)]
}

fn groups(ids: u8) -> impl Strategy<Value = Groups> {
    let place = (0..ids, any::<bool>(), prop::bool::weighted(0.9));
    let place = place.prop_map(|(id, optional, here)| Place { id, optional, here });
    prop::collection::vec(prop::collection::vec(place, 1..5), 1..3)
}

prop_compose! {
    fn case()(
        said in prop::collection::vec(said(), COMPONENTS as usize),
        first in groups(COMPONENTS),
        second in groups(COMPONENTS + 1),
        order in groups(COMPONENTS + 2),
        elsewhere in prop::collection::btree_set(0..COMPONENTS + 2, 0..2),
    ) -> Case {
        Case { said, composites: vec![first, second], order, elsewhere }
    }
}

fn leaves() -> impl Strategy<Value = Leaves> {
    prop::collection::btree_set((0..COMPONENTS, 0..NAMES), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn b22_b23_b24_b25_b29_b35_b38_b39_b40_b41_b42_b43_b44_b47_finds_the_plan_that_the_specification_describes(case in case()) {
        let groups = expanded(&case);
        prop_assume!(groups.is_some());
        let ours = resolve(&groups.unwrap(), &detections(&case)).ok();
        let ours = ours.map(|plan| plan.steps.iter().map(simplify).collect::<Vec<_>>());
        let theirs = specification::detect(&case).map(|plan| specification::received(plan, &Leaves::new()));
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn b43_b47_b92_what_is_left_reaches_whom_the_specification_says(case in case(), leaves in leaves()) {
        let groups = expanded(&case);
        prop_assume!(groups.is_some());
        let ours = resolve(&groups.unwrap(), &detections(&case)).ok().map(|plan| received(plan, &leaves));
        let theirs = specification::detect(&case).map(|plan| specification::received(plan, &leaves));
        prop_assert_eq!(ours.map(sorted), theirs.map(sorted));
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

//! Which buildpacks build, and what each has to satisfy (CNB buildpack specification, "Build Plan").
//!
//! Every buildpack that passed has one or more alternatives. A *trial* takes one of each, the best first, the leftmost
//! buildpack's varying slowest, and stands if in it
//! - each requirement is provided by the same buildpack or an earlier one, and
//! - each thing provided is required by the same buildpack or a later one.
//!
//! An optional buildpack for which that does not hold is taken out of the trial, but only in its last alternative: before
//! that it counts as required, so that every alternative gets its chance. To take one out never mends another, so it does
//! not matter in which sequence that happens.

use crate::unresolved::{GroupFailure, Outcome, Problem, Unresolved, Verdict};
use crate::{Alternative, BuildpackId, BuildpackKey, Detection, ExpandedGroup, Metadata, Requirement};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Most alternatives that are tried in a build before the search is given up. A buildpack nobody trusts can offer many.
pub const MAX_CHOICES: usize = 100_000;

/// The buildpacks that build, in sequence. At least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// One for each of them.
    pub steps: Vec<Step>,
    /// The other members of the group that was chosen, and why they do not build.
    pub left_out: Vec<LeftOut>,
}

/// A buildpack that builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which one.
    pub buildpack: BuildpackKey,
    /// Names that it provides, in the alternative that was chosen; sorted. Earlier buildpacks may provide them too.
    pub provides: Vec<String>,
    /// What it has to satisfy: each requirement whose name it provides and no earlier buildpack does. In the order of the
    /// buildpacks that made them, and as these listed them. [`Plan::pass_on`] adds what earlier ones leave.
    pub entries: Vec<Entry>,
}

/// A requirement to satisfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is required.
    pub name: String,
    /// What its author said about it.
    pub metadata: Metadata,
    /// Who requires it.
    pub required_by: BuildpackId,
}

/// An optional member of the chosen group that does not build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Which one.
    pub buildpack: BuildpackKey,
    /// Why.
    pub outcome: Outcome,
}

/// The plan of the first group that works out. Detections are by buildpack; one that has none counts as not asked, which is
/// as bad as a failure.
///
/// # Errors
/// If none works out, what was in the way in each; or if [`MAX_CHOICES`] was reached.
pub fn resolve(groups: &[ExpandedGroup], detections: &BTreeMap<BuildpackKey, Detection>) -> Result<Plan, Unresolved> {
    let mut budget = MAX_CHOICES;
    let mut failures = Vec::new();
    for group in groups {
        match Candidates::new(group, detections).resolve(&mut budget) {
            Ok(plan) => return Ok(plan),
            Err(failure) => failures.push(failure),
        }
        if budget == 0 {
            break;
        }
    }
    Err(Unresolved { groups: failures, exhausted: budget == 0 })
}

/// A group, and what its members said.
struct Candidates<'a> {
    verdicts: Vec<Verdict>,
    /// Those that passed.
    passed: Vec<Passed<'a>>,
}

struct Passed<'a> {
    /// Index of its verdict.
    index: usize,
    buildpack: &'a BuildpackKey,
    optional: bool,
    alternatives: Vec<Choice<'a>>,
}

/// An alternative, with sets for quick questions.
struct Choice<'a> {
    alternative: &'a Alternative,
    provides: BTreeSet<&'a str>,
    requires: BTreeSet<&'a str>,
}

/// A choice as it stands in a trial.
#[derive(Clone, Copy)]
struct Chosen<'a, 't> {
    passed: &'t Passed<'a>,
    choice: &'t Choice<'a>,
    /// Whether the trial can do without it.
    optional: bool,
}

/// Problems by index of the verdict they belong to.
type Problems = BTreeMap<usize, BTreeSet<Problem>>;

impl<'a> Candidates<'a> {
    fn new(group: &'a ExpandedGroup, detections: &'a BTreeMap<BuildpackKey, Detection>) -> Candidates<'a> {
        let mut candidates = Candidates { verdicts: Vec::new(), passed: Vec::new() };
        for (index, entry) in group.entries.iter().enumerate() {
            let (buildpack, optional) = (&entry.buildpack, entry.optional);
            let detection = if entry.excluded { None } else { detections.get(buildpack) };
            let outcome = if entry.excluded { Outcome::Excluded } else { Outcome::of(detection) };
            candidates.verdicts.push(Verdict { buildpack: buildpack.clone(), optional, outcome });
            if let Some(Detection::Pass(alternatives)) = detection {
                let alternatives = Choice::all(alternatives);
                candidates.passed.push(Passed { index, buildpack, optional, alternatives });
            }
        }
        candidates
    }

    fn resolve(mut self, budget: &mut usize) -> Result<Plan, GroupFailure> {
        let passed = std::mem::take(&mut self.passed);
        let mut problems = Problems::new();
        let missing = self.verdicts.iter().any(|verdict| !verdict.optional && verdict.outcome.hinders());
        let steps = if missing { None } else { search(&passed, &mut Vec::new(), &mut problems, budget) };
        self.note(problems);
        match steps {
            Some(steps) => Ok(Plan { left_out: self.left_out(&steps), steps }),
            None => Err(GroupFailure { verdicts: self.verdicts }),
        }
    }

    /// Adds what the trials found to the verdicts.
    fn note(&mut self, problems: Problems) {
        for (index, found) in problems {
            if let Some(Verdict { outcome: Outcome::Passed { problems, .. }, .. }) = self.verdicts.get_mut(index) {
                problems.extend(found);
            }
        }
    }

    fn left_out(self, steps: &[Step]) -> Vec<LeftOut> {
        let builds = |buildpack: &BuildpackKey| steps.iter().any(|step| step.buildpack == *buildpack);
        let rest = self.verdicts.into_iter().filter(|verdict| !builds(&verdict.buildpack));
        rest.map(|Verdict { buildpack, outcome, .. }| LeftOut { buildpack, outcome }).collect()
    }
}

impl<'a> Choice<'a> {
    /// The choices that a buildpack leaves: one without any requirement, if it names none.
    fn all(alternatives: &'a [Alternative]) -> Vec<Choice<'a>> {
        static NOTHING: Alternative = Alternative { provides: Vec::new(), requires: Vec::new() };
        let alternatives = if alternatives.is_empty() { std::slice::from_ref(&NOTHING) } else { alternatives };
        alternatives.iter().map(Choice::new).collect()
    }

    fn new(alternative: &'a Alternative) -> Choice<'a> {
        let provides = alternative.provides.iter().map(String::as_str).collect();
        let requires = alternative.requires.iter().map(|requirement| requirement.name.as_str()).collect();
        Choice { alternative, provides, requires }
    }
}

/// Tries the alternatives of the buildpacks that follow those in `trial`. No trial below a choice is looked at if that
/// choice already fails for want of an earlier provider: nothing later mends that.
fn search<'a, 't>(
    passed: &'t [Passed<'a>],
    trial: &mut Vec<Chosen<'a, 't>>,
    problems: &mut Problems,
    budget: &mut usize,
) -> Option<Vec<Step>> {
    let Some(next) = passed.get(trial.len()) else {
        return settle(trial.clone(), problems).map(|trial| steps(&trial));
    };
    for (index, choice) in next.alternatives.iter().enumerate() {
        *budget = budget.checked_sub(1)?;
        let optional = next.optional && index + 1 == next.alternatives.len();
        trial.push(Chosen { passed: next, choice, optional });
        let hopeless = if optional { None } else { unmet(trial, trial.len() - 1) };
        let found = match hopeless {
            Some(problem) => {
                problems.entry(next.index).or_default().insert(problem);
                None
            }
            None => search(passed, trial, problems, budget),
        };
        trial.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Takes out optional buildpacks until everything is met and used. None if one that is required stands in the way, or if
/// nothing is left.
fn settle<'a, 't>(mut trial: Vec<Chosen<'a, 't>>, problems: &mut Problems) -> Option<Vec<Chosen<'a, 't>>> {
    let first = |trial: &[Chosen], problem: fn(&[Chosen], usize) -> Option<Problem>| {
        (0..trial.len()).find_map(|at| problem(trial, at).map(|problem| (at, problem)))
    };
    while let Some((at, problem)) = first(&trial, unmet).or_else(|| first(&trial, unused)) {
        problems.entry(trial[at].passed.index).or_default().insert(problem);
        if !trial[at].optional {
            return None;
        }
        trial.remove(at);
    }
    (!trial.is_empty()).then_some(trial)
}

/// A requirement of the buildpack `at` this place that nothing up to there provides.
fn unmet(trial: &[Chosen], at: usize) -> Option<Problem> {
    let provided = |name: &&str| trial[..=at].iter().any(|chosen| chosen.choice.provides.contains(name));
    let name = trial[at].choice.requires.iter().copied().find(|name| !provided(name))?;
    Some(Problem::Unmet(name.to_owned()))
}

/// Something that the buildpack `at` this place provides and nothing from there on requires.
fn unused(trial: &[Chosen], at: usize) -> Option<Problem> {
    let required = |name: &&str| trial[at..].iter().any(|chosen| chosen.choice.requires.contains(name));
    let name = trial[at].choice.provides.iter().copied().find(|name| !required(name))?;
    Some(Problem::Unused(name.to_owned()))
}

fn steps(trial: &[Chosen]) -> Vec<Step> {
    let step = |at: usize| {
        let earlier = |name: &str| trial[..at].iter().any(|chosen| chosen.choice.provides.contains(name));
        let mine = |name: &str| trial[at].choice.provides.contains(name) && !earlier(name);
        let entries = trial.iter().flat_map(|by| {
            let requirements = by.choice.alternative.requires.iter().filter(|requirement| mine(&requirement.name));
            requirements.map(|requirement| Entry::new(requirement, &by.passed.buildpack.id))
        });
        Step {
            buildpack: trial[at].passed.buildpack.clone(),
            provides: trial[at].choice.provides.iter().map(|name| (*name).to_owned()).collect(),
            entries: entries.collect(),
        }
    };
    (0..trial.len()).map(step).collect()
}

impl Entry {
    fn new(requirement: &Requirement, required_by: &BuildpackId) -> Entry {
        let Requirement { name, metadata } = requirement.clone();
        Entry { name, metadata, required_by: required_by.clone() }
    }
}

impl fmt::Display for Plan {
    /// One line a buildpack: `wattle/node@1.0.0 for node (wattle/node)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            write!(f, "{}", step.buildpack)?;
            for (index, entry) in step.entries.iter().enumerate() {
                let before = if index == 0 { " for" } else { "," };
                write!(f, "{before} {} ({})", entry.name, entry.required_by)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

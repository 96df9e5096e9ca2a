//! Asking every candidate what it thinks of the application, all at the same time.

use crate::buildpack::Buildpack;
use crate::event::{Event, Observer, Verdict};
use crate::run::Run;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use wattle_plan::{Alternative, BuildpackKey, Detection, Metadata, Requirement};
use wattle_sandbox::{Component, Failure, Grant, Log, Stream};
use wattle_store::StoreError;
use wattle_tree::overlay::Trace;

/// What all candidates said, and what they looked at.
pub(crate) struct Detections {
    pub(crate) verdicts: BTreeMap<BuildpackKey, Detection>,
    pub(crate) failures: BTreeMap<BuildpackKey, Failure>,
    pub(crate) traces: Vec<Trace>,
}

/// Asks all. The verdicts are told to the observer in the order of the candidates.
pub(crate) fn detect(run: &Run, candidates: &BTreeMap<BuildpackKey, Buildpack>) -> Result<Detections, StoreError> {
    let mut grants = Vec::new();
    for buildpack in candidates.values() {
        grants.push((
            buildpack.component.clone(),
            run.grant(buildpack, run.request.detect_limits.clone(), Arc::new(Quiet))?,
        ));
    }
    let outcomes = all_at_once(grants);
    let mut detections = Detections { verdicts: BTreeMap::new(), failures: BTreeMap::new(), traces: Vec::new() };
    for ((key, buildpack), outcome) in candidates.iter().zip(outcomes) {
        let detection = match outcome {
            Ok(detected) => {
                detections.traces.push(detected.trace);
                converted(detected.detection)
            }
            Err(failure) => {
                let reason = failure.to_string();
                detections.failures.insert(key.clone(), failure);
                Detection::Fail(reason)
            }
        };
        let detection = match detection {
            Detection::Pass(_) if !buildpack.manifest.builds_for(&run.plan_target()) => {
                Detection::Skip(format!("it does not build for {}", run.request.target))
            }
            detection => detection,
        };
        tell(&*run.observer, key, &detection);
        detections.verdicts.insert(key.clone(), detection);
    }
    Ok(detections)
}

type Outcome = Result<wattle_sandbox::Detected, Failure>;

fn all_at_once(grants: Vec<(Component, Grant)>) -> Vec<Outcome> {
    let count = grants.len();
    let queue = Mutex::new(grants.into_iter().enumerate());
    let outcomes = Mutex::new((0..count).map(|_| None).collect::<Vec<Option<Outcome>>>());
    let work = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, (component, grant))) = next else { break };
            let outcome = component.detect(grant);
            outcomes.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(outcome);
        }
    };
    thread::scope(|scope| {
        for _ in 1..thread::available_parallelism().map_or(1, usize::from).min(count) {
            scope.spawn(work);
        }
        work();
    });
    let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.into_iter().map(|outcome| outcome.unwrap_or(Err(Failure::Cancelled))).collect()
}

/// What a buildpack prints while it is asked is of no interest: what matters is in its verdict.
struct Quiet;

impl Log for Quiet {
    fn line(&self, _: Stream, _: &str) {}
}

fn tell(observer: &dyn Observer, key: &BuildpackKey, detection: &Detection) {
    let (verdict, reason) = match detection {
        Detection::Pass(_) => (Verdict::Pass, None),
        Detection::Skip(reason) => (Verdict::Skip, Some(reason.clone())),
        Detection::Fail(reason) => (Verdict::Fail, Some(reason.clone())),
    };
    let (buildpack, version) = (key.id.to_string(), key.version.to_string());
    observer.event(&Event::Detected { buildpack, version, verdict, reason });
}

fn converted(detection: wattle_sandbox::Detection) -> Detection {
    match detection {
        wattle_sandbox::Detection::Skip(reason) => Detection::Skip(reason),
        wattle_sandbox::Detection::Pass(alternatives) => {
            match alternatives.into_iter().map(alternative).collect::<Result<_, _>>() {
                Ok(alternatives) => Detection::Pass(alternatives),
                Err(reason) => Detection::Fail(reason),
            }
        }
    }
}

fn alternative(alternative: wattle_sandbox::Alternative) -> Result<Alternative, String> {
    let requires = alternative.requires.into_iter().map(requirement).collect::<Result<_, _>>()?;
    Ok(Alternative { provides: alternative.provides, requires })
}

fn requirement(requirement: wattle_sandbox::Requirement) -> Result<Requirement, String> {
    let metadata = match requirement.metadata.as_str() {
        "" => Metadata::new(),
        text => serde_json::from_str(text).map_err(|error| {
            format!("the metadata of its requirement `{}` is no JSON object: {error}", requirement.name)
        })?,
    };
    Ok(Requirement { name: requirement.name, metadata })
}

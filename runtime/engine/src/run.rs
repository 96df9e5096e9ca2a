//! One application in hand: what all phases share, and the first of them.

use crate::buildpack::{self, Buildpack};
use crate::credentials::{self, Withheld};
use crate::detect::{self, Detections};
use crate::error::EngineError;
use crate::event::{Entry, Event, Observer, Step, Verdict};
use crate::nearest::nearest;
use crate::phase::Phase;
use crate::request::{Engine, Request};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use wattle_plan::{BuildpackKey, Detection, Distro, ExpandedGroup, Plan, candidates, expand, resolve};
use wattle_sandbox::{Failure, Grant, Limits, Log, Platform, Target};
use wattle_store::StoreError;
use wattle_transport::STAGES;
use wattle_tree::directory::{self, ReadError};
use wattle_tree::{Node, Tree};

/// An application that was read, and the run image's distribution if there is one yet.
pub(crate) struct Run<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) request: &'a Request,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) application: Tree,
    pub(crate) distribution: Option<(String, String)>,
}

/// What buildpacks say of an application, and what would come of it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Assessment {
    /// Version of this form.
    pub schema: u32,
    /// What each buildpack said.
    pub buildpacks: Vec<BuildpackVerdict>,
    /// Who would build, in order; nobody if nothing applies.
    pub plan: Vec<Step>,
}

/// What one buildpack said.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BuildpackVerdict {
    /// Id.
    pub id: String,
    /// Version.
    pub version: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, unless it passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Who builds, ready to run.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) buildpacks: BTreeMap<BuildpackKey, Buildpack>,
    detections: Detections,
}

impl Engine {
    /// Asks every buildpack what it thinks of an application. Blocks.
    pub fn detect(&self, request: &Request) -> Result<Assessment, EngineError> {
        let run = Run::new(self, request, None)?;
        let (groups, buildpacks) = run.candidates()?;
        let detections = run.detect(&buildpacks)?;
        let plan = resolve(&groups, &detections.verdicts).map(|plan| steps(&plan)).unwrap_or_default();
        Ok(Assessment { schema: 1, buildpacks: verdicts(&detections), plan })
    }

    /// Finds out who would build an application. Blocks.
    pub fn plan(&self, request: &Request) -> Result<Assessment, EngineError> {
        let run = Run::new(self, request, None)?;
        let planned = run.plan()?;
        Ok(Assessment { schema: 1, buildpacks: verdicts(&planned.detections), plan: steps(&planned.plan) })
    }
}

impl<'a> Run<'a> {
    /// Reads the application, without credentials and settings that are secret, and without the layout `output` if that is in it: an image of an earlier
    /// build is no source.
    pub(crate) fn new(engine: &'a Engine, request: &'a Request, output: Option<&Path>) -> Result<Run<'a>, EngineError> {
        let path = &request.application;
        let opened = Dir::open_ambient_dir(path, ambient_authority());
        let opened = opened.map_err(|source| EngineError::Application { path: path.clone(), source })?;
        let failed = |source| EngineError::Read { path: path.clone(), source };
        let inner = output.and_then(|output| inside(path, output)).unwrap_or_default();
        let mut rules = request.rules.clone();
        if !inner.is_empty() {
            rules.extra.extend([pattern(&inner), format!("{STAGES}/")]);
        }
        let secrets: Vec<_> = request.secrets.iter().filter_map(|secret| inside(path, secret)).collect();
        rules.extra.extend(secrets.iter().filter(|names| !names.is_empty()).map(|names| pattern(names)));
        let mut application = directory::read(&opened, &rules).map_err(failed)?;
        remove_hollow(&mut application, &inner);
        let withheld = credentials::withhold(&mut application);
        let withheld = withheld.map_err(|(path, source)| failed(ReadError::Unreadable { path, source }))?;
        let (files, bytes) = extent(&application);
        engine.observer.event(&Event::Application { path: path.clone(), files, bytes });
        for names in secrets.iter().filter(|names| !names.is_empty()) {
            engine.observer.event(&Event::Withheld { file: names.join("/"), whole: true });
        }
        for (file, withheld) in withheld {
            engine.observer.event(&Event::Withheld { file, whole: withheld == Withheld::Whole });
        }
        Ok(Run { engine, request, observer: engine.observer.clone(), application, distribution: None })
    }

    /// Every group that may build, and the buildpacks in them.
    fn candidates(&self) -> Result<(Vec<ExpandedGroup>, BTreeMap<BuildpackKey, Buildpack>), EngineError> {
        let manifests = buildpack::manifests(&self.request.buildpacks)?;
        let groups = expand(&self.request.order, &manifests, &self.request.execution_environment)?;
        let Engine { sandbox, store, .. } = self.engine;
        let loaded = buildpack::load(&self.request.buildpacks, candidates(&groups), sandbox, store, &*self.observer)?;
        Ok((groups, loaded))
    }

    fn detect(&self, buildpacks: &BTreeMap<BuildpackKey, Buildpack>) -> Result<Detections, EngineError> {
        let detections = detect::detect(self, buildpacks)?;
        if self.request.cancel.is_cancelled() { Err(EngineError::Interrupted) } else { Ok(detections) }
    }

    /// Who builds, or why nobody.
    pub(crate) fn plan(&self) -> Result<Planned, EngineError> {
        let (groups, buildpacks) = self.candidates()?;
        let mut detections = self.detect(&buildpacks)?;
        match resolve(&groups, &detections.verdicts) {
            Ok(plan) => {
                self.observer.event(&Event::Planned { buildpacks: steps(&plan) });
                Ok(Planned { plan, buildpacks, detections })
            }
            Err(unresolved) => Err(match first_failure(&mut detections) {
                Some((buildpack, failure)) => EngineError::buildpack(Phase::Detect, buildpack, failure),
                None => EngineError::NothingApplies {
                    path: self.request.application.clone(),
                    nearest: nearest(&self.application, self.request.image.workspace(), &detections.traces),
                    unresolved: Box::new(unresolved),
                },
            }),
        }
    }

    /// What any phase of this buildpack is granted.
    pub(crate) fn grant(&self, buildpack: &Buildpack, limits: Limits, log: Arc<dyn Log>) -> Result<Grant, StoreError> {
        let target = &self.request.target;
        Ok(Grant {
            buildpack: buildpack.identity(),
            target: Target {
                os: target.os.clone(),
                architecture: target.architecture.clone(),
                variant: target.variant.clone(),
                distribution: self.distribution.clone(),
            },
            environment: BTreeMap::new(),
            platform: self.platform(buildpack),
            application: self.application.clone(),
            files: buildpack.files.clone(),
            limits,
            scratch: self.engine.store.scratch()?,
            log,
            cancel: self.request.cancel.clone(),
        })
    }

    /// What this buildpack may know of what the user says.
    fn platform(&self, buildpack: &Buildpack) -> Platform {
        let bindings = self.request.bindings.iter();
        let mut bindings: Vec<_> =
            bindings.filter(|binding| buildpack.capabilities.may_see_binding(&binding.kind)).cloned().collect();
        bindings.sort_by(|a, b| a.name.cmp(&b.name));
        Platform {
            variables: self.request.environment.clone(),
            clear_env: buildpack.manifest.clear_env,
            bindings,
            execution_environment: self.request.execution_environment.to_string(),
            workspace: self.request.image.workspace().to_owned(),
        }
    }

    /// What the image will run on, as targets of buildpacks are compared with.
    pub(crate) fn plan_target(&self) -> wattle_plan::Target {
        let target = &self.request.target;
        let distros =
            self.distribution.iter().map(|(name, version)| Distro { name: name.clone(), version: version.clone() });
        wattle_plan::Target {
            os: target.os.clone(),
            arch: target.architecture.clone(),
            variant: target.variant.clone().unwrap_or_default(),
            distros: distros.collect(),
        }
    }
}

/// A buildpack that could not say is what stood in the way, rather than those that had nothing to do.
fn first_failure(detections: &mut Detections) -> Option<(BuildpackKey, Failure)> {
    std::mem::take(&mut detections.failures).into_iter().next()
}

/// The names that lead from `directory` to `path`, whether that is there or not; none if it is not below.
fn inside(directory: &Path, path: &Path) -> Option<Vec<String>> {
    let path = std::path::absolute(path).ok()?;
    let there = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    let (above, real) = there?;
    let real: PathBuf = real.join(path.strip_prefix(above).ok()?);
    let name = |component| match component {
        Component::Normal(name) => name.to_str().map(str::to_owned),
        _ => None,
    };
    real.strip_prefix(directory.canonicalize().ok()?).ok()?.components().map(name).collect()
}

/// The pattern that leaves a path out.
fn pattern(names: &[String]) -> String {
    let mut pattern = String::new();
    for name in names {
        pattern.push('/');
        for character in name.chars() {
            if !character.is_alphanumeric() {
                pattern.push('\\');
            }
            pattern.push(character);
        }
    }
    pattern
}

/// Removes the directories that are there only because something is to be at `names`: the first build makes them, and it is
/// to see what the second one sees.
fn remove_hollow(application: &mut Tree, names: &[String]) {
    for length in (1..names.len()).rev() {
        let path = names[..length].join("/");
        if application.directory(&path).is_some_and(Tree::is_empty) {
            application.remove(&path);
        }
    }
}

fn extent(tree: &Tree) -> (u64, u64) {
    tree.walk().fold((0, 0), |(files, bytes), entry| match entry.node {
        Node::File(file) => (files + 1, bytes + file.blob.len()),
        _ => (files, bytes),
    })
}

pub(crate) fn steps(plan: &Plan) -> Vec<Step> {
    let entry = |entry: &wattle_plan::Entry| {
        let metadata = if entry.metadata.is_empty() {
            serde_json::Value::Null
        } else {
            serde_json::Value::Object(entry.metadata.clone())
        };
        Entry { name: entry.name.clone(), metadata }
    };
    let step = |step: &wattle_plan::Step| Step {
        id: step.buildpack.id.to_string(),
        version: step.buildpack.version.to_string(),
        entries: step.entries.iter().map(entry).collect(),
    };
    plan.steps.iter().map(step).collect()
}

fn verdicts(detections: &Detections) -> Vec<BuildpackVerdict> {
    let verdict = |(key, detection): (&BuildpackKey, &Detection)| {
        let (verdict, reason) = match detection {
            Detection::Pass(_) => (Verdict::Pass, None),
            Detection::Skip(reason) => (Verdict::Skip, Some(reason.clone())),
            Detection::Fail(reason) => (Verdict::Fail, Some(reason.clone())),
        };
        BuildpackVerdict { id: key.id.to_string(), version: key.version.to_string(), verdict, reason }
    };
    detections.verdicts.iter().map(verdict).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_found_below_the_application_before_it_is_there() {
        let place = tempfile::tempdir().unwrap();
        let check = |output: &str| inside(place.path(), &place.path().join(output)).map(|names| names.join("/"));
        assert_eq!(check("new/x"), Some("new/x".to_owned()));
        assert_eq!(check("."), Some(String::new()));
        assert_eq!(check("../x"), None);
        std::fs::create_dir_all(place.path().join("new/x")).unwrap();
        assert_eq!(check("new/x"), Some("new/x".to_owned()));
        assert_eq!(check("new/../y"), Some("y".to_owned()));
    }

    #[test]
    fn directories_that_are_there_for_the_output_alone_do_not_count() {
        let mut tree = Tree::new();
        tree.insert("a/b/c", Node::Directory(Tree::new())).unwrap();
        tree.insert("other", Node::Directory(Tree::new())).unwrap();
        let names = ["a", "b", "c", "out"].map(str::to_owned);
        remove_hollow(&mut tree, &names);
        assert_eq!(tree.walk().map(|entry| entry.path).collect::<Vec<_>>(), ["other"]);
        tree.insert("a/file", Node::file("")).unwrap();
        remove_hollow(&mut tree, &names);
        assert!(tree.file("a/file").is_some());
    }
}

//! An application, and everything else that a phase is given.

use crate::artifacts::{Granted, Shelf};
use crate::built::Built;
use crate::detection::{Detection, Verdict};
use crate::failure::Failure;
use crate::log::Lines;
use crate::packages::{self, Archive};
use crate::plan::{self, Others};
use crate::sandbox::Sandbox;
use crate::stored::LastBuild;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use wattle_plan::{Distro, Metadata, Requirement};
use wattle_sandbox::{Binding, BuildGrant, Cancel, Grant, Limits, Platform, Target};
use wattle_tree::{Node, Scratch, Tree};

/// An application for a buildpack, with what surrounds it in a build: the target, the build environment, what can be
/// fetched, other buildpacks, limits, and what the last build left.
///
/// A value: each method gives it back changed, and it can be asked and built as often as wanted.
#[derive(Clone)]
pub struct App {
    pub(crate) sandbox: Sandbox,
    pub(crate) application: Tree,
    /// What the layers of buildpacks in front of this one make.
    pub(crate) environment: BTreeMap<String, String>,
    platform: Platform,
    target: Target,
    shelf: Shelf,
    packages: Archive,
    others: Others,
    layers: Vec<(String, Tree)>,
    limits: Vec<(String, String)>,
    pub(crate) last: LastBuild,
}

impl App {
    pub(crate) fn new(sandbox: Sandbox, application: Tree) -> App {
        App {
            sandbox,
            application,
            environment: BTreeMap::new(),
            platform: Platform::default(),
            target: Target { os: "linux".into(), architecture: "amd64".into(), variant: None, distribution: None },
            shelf: Shelf::default(),
            packages: Archive::default(),
            others: Others::default(),
            layers: Vec::new(),
            limits: Vec::new(),
            last: LastBuild::default(),
        }
    }

    /// With this file, in place of what was there.
    #[must_use]
    #[track_caller]
    pub fn file(self, path: &str, contents: impl Into<Vec<u8>>) -> App {
        self.with(path, Node::file(contents.into()))
    }

    /// With this file, which may be executed.
    #[must_use]
    #[track_caller]
    pub fn program(self, path: &str, contents: impl Into<Vec<u8>>) -> App {
        self.with(path, Node::program(contents.into()))
    }

    /// With this symbolic link.
    #[must_use]
    #[track_caller]
    pub fn link(self, path: &str, target: &str) -> App {
        self.with(path, Node::symlink(target))
    }

    /// Without this file or directory.
    #[must_use]
    #[track_caller]
    pub fn without(mut self, path: &str) -> App {
        assert!(self.application.remove(path).is_some(), "the application has no `{path}`");
        self
    }

    #[track_caller]
    fn with(mut self, path: &str, node: Node) -> App {
        if let Err(error) = self.application.insert(path, node) {
            panic!("`{path}` cannot be in the application: {error}");
        }
        self
    }

    /// For an image of this architecture, such as `arm64`; `amd64` unless said otherwise.
    #[must_use]
    pub fn arch(mut self, architecture: &str) -> App {
        architecture.clone_into(&mut self.target.architecture);
        self
    }

    /// For a run image of this distribution, such as `debian` and `12`; none is known unless said otherwise.
    #[must_use]
    pub fn distribution(mut self, name: &str, version: &str) -> App {
        self.target.distribution = Some((name.to_owned(), version.to_owned()));
        self
    }

    /// With a variable that the user sets in the build environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> App {
        self.platform.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With a service binding of this type and these entries. Buildpacks that do not declare the type do not see it.
    #[must_use]
    #[track_caller]
    pub fn binding<'a, C: Into<Vec<u8>>>(
        mut self,
        name: &str,
        kind: &str,
        entries: impl IntoIterator<Item = (&'a str, C)>,
    ) -> App {
        let mut tree = Tree::new();
        let all = entries.into_iter().map(|(path, contents)| (path, contents.into())).chain([("type", kind.into())]);
        for (path, contents) in all {
            if let Err(error) = tree.insert(path, Node::file(contents)) {
                panic!("`{path}` cannot be in a binding: {error}");
            }
        }
        let binding = Binding { name: name.to_owned(), kind: kind.to_owned(), provider: None, entries: tree };
        self.platform.bindings.push(binding);
        self.platform.bindings.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    /// For this execution environment, such as `test`; `production` unless said otherwise.
    #[must_use]
    pub fn execution_environment(mut self, name: &str) -> App {
        name.clone_into(&mut self.platform.execution_environment);
        self
    }

    /// With the application in this directory of the image; `/workspace` unless said otherwise.
    #[must_use]
    pub fn workspace(mut self, path: &str) -> App {
        path.clone_into(&mut self.platform.workspace);
        self
    }

    /// After a buildpack that provides this.
    #[must_use]
    pub fn provided(mut self, name: &str) -> App {
        self.others.provided.push(name.to_owned());
        self
    }

    /// Before a buildpack that requires this. `metadata` is a JSON object, or `null` for nothing.
    #[must_use]
    #[track_caller]
    pub fn required(mut self, name: &str, metadata: Value) -> App {
        let metadata = match metadata {
            Value::Null => Metadata::new(),
            Value::Object(object) => object,
            other => panic!("the metadata of `{name}` is to be a JSON object, not `{other}`"),
        };
        self.others.required.push(Requirement { name: name.to_owned(), metadata });
        self
    }

    /// With something to fetch: `npm:express/-/express-4.21.2.tgz`, or an `https` URL. What `buildpack.toml` does not
    /// declare is refused nevertheless, and bytes that do not have the digest asked for are too.
    #[must_use]
    pub fn artifact(mut self, source: &str, bytes: impl Into<Vec<u8>>) -> App {
        self.shelf.put(source, bytes.into());
        self
    }

    /// With a package of the operating system that can be added to the image.
    #[must_use]
    pub fn package(mut self, name: &str, version: &str) -> App {
        self.packages.put(name, version, false);
        self
    }

    /// With a package of the operating system that the run image has.
    #[must_use]
    pub fn package_of_run_image(mut self, name: &str, version: &str) -> App {
        self.packages.put(name, version, true);
        self
    }

    /// With a registry at this address, so that URLs below it count as that registry's, as in a lock file.
    #[must_use]
    pub fn registry(mut self, name: &str, address: &str) -> App {
        self.shelf.registry(name, address);
        self
    }

    /// With another limit for both phases, as `wattle build --limit NAME=VALUE` has it: `memory` and `64MiB`, `time` and
    /// `2s`.
    #[must_use]
    #[track_caller]
    pub fn limit(mut self, name: &str, value: &str) -> App {
        if let Err(error) = Limits::build().set(name, value) {
            panic!("{error}");
        }
        self.limits.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With what a build left: its layers are stored.
    #[must_use]
    pub fn after(mut self, built: &Built) -> App {
        self.last.clone_from(built.left());
        self
    }

    /// Behind another buildpack, whose build this is: with the application as that left it, and with its build layers and
    /// their environment.
    #[must_use]
    #[track_caller]
    pub fn behind(mut self, other: &Built) -> App {
        self.application = other.application().clone();
        self.environment = other.build_environment();
        let variables = std::mem::take(&mut self.platform.variables);
        self.platform.variables = other.app.platform.variables.clone().into_iter().chain(variables).collect();
        self.layers = other.app.layers.iter().cloned().chain(other.build_layers()).collect();
        self
    }

    /// Asks the buildpack whether it takes part.
    #[track_caller]
    pub fn detect(&self) -> Detection {
        let log = Arc::new(Lines::default());
        let detected = self.sandbox.0.component.detect(self.grant(Limits::detect(), &log));
        Detection(match detected.map(|detected| detected.detection) {
            Err(failure) => Verdict::Fail(Failure::new(failure, log.text())),
            Ok(wattle_sandbox::Detection::Skip(reason)) => Verdict::Skip(reason),
            Ok(wattle_sandbox::Detection::Pass(_)) if !self.builds_for_target() => {
                Verdict::Skip(format!("it does not build for {}/{}", self.target.os, self.target.architecture))
            }
            Ok(wattle_sandbox::Detection::Pass(ways)) => match plan::alternatives(ways) {
                Ok(ways) => Verdict::Pass(ways),
                Err(error) => Verdict::Fail(Failure::new(wattle_sandbox::Failure::Refused(error), log.text())),
            },
        })
    }

    /// Asks the buildpack and lets it build, with the plan that comes of what it said and what other buildpacks provide
    /// and require. Panics if nothing would be built: it skipped, or there is no plan.
    #[track_caller]
    pub fn build(&self) -> Result<Built, Failure> {
        let alternatives = match self.detect().0 {
            Verdict::Pass(alternatives) => alternatives,
            Verdict::Fail(failure) => return Err(failure),
            Verdict::Skip(reason) => {
                panic!("`{}` does not build this application: {reason}", self.sandbox.0.manifest.key)
            }
        };
        let Sandbox(ready) = &self.sandbox;
        let plan = self.others.plan(&ready.manifest.key, alternatives);
        let artifacts = Granted { shelf: self.shelf.clone(), capabilities: ready.capabilities.clone() };
        let packages = Arc::new(packages::Granted {
            archive: self.packages.clone(),
            buildpack: ready.manifest.key.clone(),
            capabilities: ready.capabilities.clone(),
            asked: Mutex::default(),
        });
        let build = BuildGrant {
            plan,
            layers: self.layers.clone(),
            stored: Arc::new(self.last.clone()),
            store: self.last.store(),
            sbom_formats: ready.manifest.sbom_formats.clone(),
            artifacts: Arc::new(artifacts),
            packages: packages.clone(),
        };
        let log = Arc::new(Lines::default());
        match ready.component.build(self.grant(Limits::build(), &log), build) {
            Ok(built) => Ok(Built::new(self.clone(), built.contribution, packages.asked(), log.text())),
            Err(failure) => Err(Failure::new(failure, log.text())),
        }
    }

    #[track_caller]
    fn grant(&self, mut limits: Limits, log: &Arc<Lines>) -> Grant {
        let Sandbox(ready) = &self.sandbox;
        for (name, value) in &self.limits {
            // It was tried when it was said.
            let _ = limits.set(name, value);
        }
        let scratch = match tempfile::tempfile() {
            Ok(file) => Scratch::new(file),
            Err(error) => panic!("there can be no scratch file: {error}"),
        };
        let mut platform = self.platform.clone();
        platform.clear_env = ready.manifest.clear_env;
        platform.bindings.retain(|binding| ready.capabilities.may_see_binding(&binding.kind));
        Grant {
            buildpack: ready.identity(),
            target: self.target.clone(),
            environment: self.environment.clone(),
            platform,
            application: self.application.clone(),
            files: ready.files.clone(),
            limits,
            scratch,
            log: log.clone(),
            cancel: Cancel::default(),
        }
    }

    fn builds_for_target(&self) -> bool {
        let Target { os, architecture, variant, distribution } = self.target.clone();
        let distros = distribution.into_iter().map(|(name, version)| Distro { name, version }).collect();
        let target = wattle_plan::Target { os, arch: architecture, variant: variant.unwrap_or_default(), distros };
        self.sandbox.0.manifest.builds_for(&target)
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("buildpack", &self.sandbox)
            .field("files", &self.application)
            .finish_non_exhaustive()
    }
}

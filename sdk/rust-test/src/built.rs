//! What a build gave.

use crate::app::App;
use crate::failure::Failure;
use crate::launch;
use crate::layer::{Layer, text};
use crate::stored::LastBuild;
use std::collections::BTreeMap;
use wattle_launcher::Phase;
use wattle_sandbox::{Contribution, Fetched, Installed, Process, Sbom, SbomSubject};
use wattle_tree::{Node, Tree};

/// What a buildpack contributed.
///
/// Written out, it is made for snapshots: every layer with its state, key and files, what changed in the application, then
/// processes, labels, what was fetched, which packages were asked for, and the log.
pub struct Built {
    pub(crate) app: App,
    contribution: Contribution,
    packages: Vec<Installed>,
    layers: Vec<Layer>,
    log: String,
    left: LastBuild,
}

impl Built {
    pub(crate) fn new(app: App, mut contribution: Contribution, packages: Vec<Installed>, log: String) -> Built {
        let layers = std::mem::take(&mut contribution.layers).into_iter();
        let layers: Vec<Layer> = layers.map(|layer| Layer::new(layer, |name| app.last.contents(name))).collect();
        let left = app.last.after(&layers, contribution.stored.as_ref());
        Built { app, contribution, packages, layers, log, left }
    }

    /// Builds the same application again, with the layers that this build left.
    #[track_caller]
    pub fn rebuild(&self) -> Result<Built, Failure> {
        self.app.clone().after(self).build()
    }

    /// The layers, in the order in which they were asked for.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The layer of this name.
    #[track_caller]
    pub fn layer(&self, name: &str) -> &Layer {
        let names: Vec<&str> = self.layers.iter().map(Layer::name).collect();
        match self.layers.iter().find(|layer| layer.name() == name) {
            Some(layer) => layer,
            None => panic!("layer `{name}` was not asked for, but {names:?}"),
        }
    }

    /// The text of a file of the application, as it is now.
    #[track_caller]
    pub fn app_file(&self, path: &str) -> String {
        text(self.application(), path, "the application")
    }

    /// The application as it is now.
    pub fn application(&self) -> &Tree {
        &self.contribution.application
    }

    /// The environment of a process of this type, by the launcher's own rules, when the image's is empty.
    #[track_caller]
    pub fn environment(&self, process: &str) -> BTreeMap<String, String> {
        let layers = self.in_place(|layer| layer.uses().launch);
        launch::environment(&BTreeMap::new(), self.id(), layers, Phase::Launch(Some(process)))
    }

    /// The build environment of the buildpacks that follow.
    #[track_caller]
    pub fn build_environment(&self) -> BTreeMap<String, String> {
        let layers = self.in_place(|layer| layer.uses().build);
        launch::environment(&self.app.environment, self.id(), layers, Phase::Build)
    }

    /// The processes, in the order in which they were made.
    pub fn processes(&self) -> &[Process] {
        &self.contribution.processes
    }

    /// The process of this type.
    #[track_caller]
    pub fn process(&self, kind: &str) -> &Process {
        let kinds: Vec<&str> = self.processes().iter().map(|process| process.kind.as_str()).collect();
        match self.processes().iter().find(|process| process.kind == kind) {
            Some(process) => process,
            None => panic!("there is no process `{kind}`, but {kinds:?}"),
        }
    }

    /// The labels.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.contribution.labels
    }

    /// The patterns of the application's slices, in order.
    pub fn slices(&self) -> &[Vec<String>] {
        &self.contribution.slices
    }

    /// The bills of materials that the buildpack wrote of what is in none of its layers; those of a layer are
    /// [`Layer::sboms`].
    pub fn sboms(&self) -> &[(SbomSubject, Sbom)] {
        &self.contribution.sboms
    }

    /// What it stored for the next build; none if it stored nothing.
    pub fn stored(&self) -> Option<&str> {
        self.contribution.stored.as_deref()
    }

    /// What of the plan it leaves to later buildpacks, sorted.
    pub fn left_to_others(&self) -> Vec<&str> {
        self.contribution.left.iter().map(String::as_str).collect()
    }

    /// Everything that was fetched, in order.
    pub fn fetched(&self) -> &[Fetched] {
        &self.contribution.fetched
    }

    /// The packages of the operating system that were asked for, in order, each once.
    pub fn packages(&self) -> &[Installed] {
        &self.packages
    }

    /// What was printed, to standard output and standard error alike.
    pub fn log(&self) -> &str {
        &self.log
    }

    pub(crate) fn left(&self) -> &LastBuild {
        &self.left
    }

    /// What later buildpacks see, by path below `/layers`.
    pub(crate) fn build_layers(&self) -> Vec<(String, Tree)> {
        self.paths(|layer| layer.uses().build)
    }

    fn id(&self) -> &str {
        self.app.sandbox.0.manifest.key.id.as_str()
    }

    /// The layers that `wanted` picks, where they lie below `/layers`.
    #[track_caller]
    fn in_place(&self, wanted: impl Fn(&Layer) -> bool) -> Tree {
        let mut tree = Tree::new();
        for (path, contents) in self.paths(wanted) {
            if let Err(error) = tree.insert(&path, Node::Directory(contents)) {
                panic!("{error}");
            }
        }
        tree
    }

    /// The layers that `wanted` picks, each with its path below `/layers`.
    fn paths(&self, wanted: impl Fn(&Layer) -> bool) -> Vec<(String, Tree)> {
        let directory = self.app.sandbox.0.manifest.key.id.directory();
        let layers = self.layers.iter().filter(|layer| wanted(layer));
        layers.map(|layer| (format!("{directory}/{}", layer.name()), layer.tree().clone())).collect()
    }
}

//! What the image starts, and its labels.

use crate::bindings::wattle::buildpack::image::{Image, SbomSubject};
use crate::{Error, Result, Sbom};
use std::path::PathBuf;

/// What a buildpack says about starting the image: processes, labels, slices, and bills of materials of the whole.
///
/// ```
/// # use wattle_buildpack::{Launch, Process};
/// let simple = Launch::web(["node", "server.js"]);
/// let several = Launch::new()
///     .process(Process::new("web", ["node", "server.js"]).args(["--verbose"]).default())
///     .process(Process::new("worker", ["node", "worker.js"]))
///     .label("org.example.team", "shop");
/// ```
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Launch {
    processes: Vec<Process>,
    labels: Vec<(String, String)>,
    slices: Vec<Vec<String>>,
    sboms: Vec<(SbomSubject, Sbom)>,
}

impl Launch {
    /// Nothing to start, no labels.
    pub fn new() -> Self {
        Self::default()
    }

    /// One process of type `web`, which is what the image starts when nothing is said.
    pub fn web<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        Self::new().process(Process::new("web", command).default())
    }

    /// Adds a process; a later one of the same type replaces it.
    #[must_use]
    pub fn process(mut self, process: Process) -> Self {
        self.processes.push(process);
        self
    }

    /// Adds a label to the image; the last of one key counts.
    #[must_use]
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((key.into(), value.into()));
        self
    }

    /// Puts files of the application that match into a layer of their own, so that a change elsewhere does not touch it:
    /// paths with `*`, `?` and `[...]` inside of one name; a directory stands for all below it.
    #[must_use]
    pub fn slice<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.slices.push(patterns.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a bill of materials of what is in the image in no layer of this buildpack.
    #[must_use]
    pub fn sbom(mut self, sbom: Sbom) -> Self {
        self.sboms.push((SbomSubject::Launch, sbom));
        self
    }

    /// Adds a bill of materials of what only the build used, which the report of the build keeps.
    #[must_use]
    pub fn build_sbom(mut self, sbom: Sbom) -> Self {
        self.sboms.push((SbomSubject::Build, sbom));
        self
    }

    pub(crate) fn contribute(self, image: &Image) -> Result<()> {
        for patterns in self.slices {
            image.slice(&patterns).map_err(Error::from_host)?;
        }
        for (subject, sbom) in self.sboms {
            let (format, document) = sbom.for_host();
            image.sbom(subject, format, document).map_err(Error::from_host)?;
        }
        for process in self.processes {
            process.contribute(image)?;
        }
        self.labels.into_iter().try_for_each(|(key, value)| image.label(&key, &value).map_err(Error::from_host))
    }
}

/// A process that the image can start (CNB launch.toml, `processes`). It is started directly, without a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    kind: String,
    command: Vec<String>,
    arguments: Vec<String>,
    default: bool,
    working_directory: Option<PathBuf>,
    execution_environments: Vec<String>,
}

impl Process {
    /// A process of this type (letters, digits, `.`, `_` and `-`). `command` is the program and the arguments that are
    /// always given; it has at least one element.
    pub fn new<S: Into<String>>(process_type: impl Into<String>, command: impl IntoIterator<Item = S>) -> Self {
        Self {
            kind: process_type.into(),
            command: command.into_iter().map(Into::into).collect(),
            arguments: Vec::new(),
            default: false,
            working_directory: None,
            execution_environments: Vec::new(),
        }
    }

    /// Arguments that whoever starts the process may replace by others.
    #[must_use]
    pub fn args<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Makes it what the image starts when nothing is said.
    #[must_use]
    pub fn default(mut self) -> Self {
        self.default = true;
        self
    }

    /// Where it starts, an absolute path; the application's directory unless said otherwise.
    #[must_use]
    pub fn working_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.working_directory = Some(path.into());
        self
    }

    /// Execution environments in which it can be started, such as `test`; all, unless said otherwise.
    #[must_use]
    pub fn execution_environments<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.execution_environments = names.into_iter().map(Into::into).collect();
        self
    }

    fn contribute(self, image: &Image) -> Result<()> {
        let process = image.process(&self.kind, &self.command).map_err(Error::from_host)?;
        if !self.arguments.is_empty() {
            process.set_arguments(&self.arguments);
        }
        if self.default {
            process.set_default();
        }
        if let Some(path) = &self.working_directory {
            process.set_working_directory(&path.to_string_lossy());
        }
        if !self.execution_environments.is_empty() {
            process.set_execution_environments(&self.execution_environments);
        }
        Ok(())
    }
}

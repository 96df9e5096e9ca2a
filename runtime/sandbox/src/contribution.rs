//! What a phase gave: plain data, free of generated types.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use wattle_tree::overlay::Trace;
use wattle_tree::{Digest, Tree};

/// Fields whose equality decides whether a layer is reused, in the author's order.
pub type Key = Vec<(String, String)>;

/// One requirement of a build plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// What is needed.
    pub name: String,
    /// Text of a JSON object, or empty.
    pub metadata: String,
}

/// One way of taking part in a build.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alternative {
    /// Names provided.
    pub provides: Vec<String>,
    /// Names required.
    pub requires: Vec<Requirement>,
}

/// The verdict of `detect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detection {
    /// It takes part, in one of these ways.
    Pass(Vec<Alternative>),
    /// It has nothing to do, and why.
    Skip(String),
}

/// A verdict and what it rests on.
#[derive(Debug)]
pub struct Detected {
    /// The verdict.
    pub detection: Detection,
    /// What was looked at.
    pub trace: Trace,
}

/// A requirement that reaches `build`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanEntry {
    /// What is required.
    pub name: String,
    /// Text of a JSON object, or empty.
    pub metadata: String,
}

/// What a layer is for (CNB layer types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Uses {
    /// Later buildpacks see it.
    pub build: bool,
    /// It is in the image.
    pub launch: bool,
    /// Its contents come back.
    pub cache: bool,
}

/// How one field of a key changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Name of the field.
    pub name: String,
    /// Before; none if it was not there.
    pub before: Option<String>,
    /// Now; none if it is gone.
    pub after: Option<String>,
}

/// What became of a layer when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerState {
    /// Nothing was stored.
    Created,
    /// Equal key, contents here.
    Restored,
    /// Equal key, contents not here but in the image.
    Kept,
    /// The key differs; emptied.
    Stale(Vec<Change>),
}

/// When an environment change counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Build and launch.
    All,
    /// Later buildpacks.
    Build,
    /// Every process.
    Launch,
    /// Processes of one type.
    Process(String),
}

impl Scope {
    /// The type of process, if it is that of one.
    pub(crate) fn text(&self) -> &str {
        if let Scope::Process(kind) = self { kind } else { "" }
    }
}

/// How a value changes a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Modification {
    /// Replaces it.
    Override,
    /// Sets it if it is not set.
    Default,
    /// Goes behind it, after this separator.
    Append(String),
    /// Goes before it, before this separator.
    Prepend(String),
}

impl Modification {
    /// The separator, if it has one.
    pub(crate) fn text(&self) -> &str {
        match self {
            Modification::Override | Modification::Default => "",
            Modification::Append(separator) | Modification::Prepend(separator) => separator,
        }
    }
}

/// A form of bills of materials; see `sbom-format` in `wit/image.wit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SbomFormat {
    /// CycloneDX in JSON.
    CycloneDx,
    /// SPDX in JSON.
    Spdx,
    /// Syft's own JSON.
    Syft,
}

impl SbomFormat {
    /// Every form.
    pub const ALL: [SbomFormat; 3] = [SbomFormat::CycloneDx, SbomFormat::Spdx, SbomFormat::Syft];

    /// Its media type (Buildpack specification, "Software-Bill-of-Materials").
    pub fn media_type(self) -> &'static str {
        match self {
            SbomFormat::CycloneDx => "application/vnd.cyclonedx+json",
            SbomFormat::Spdx => "application/spdx+json",
            SbomFormat::Syft => "application/vnd.syft+json",
        }
    }
}

/// A document in one form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sbom {
    /// The form.
    pub format: SbomFormat,
    /// Its text.
    pub document: String,
}

/// What the bill of materials of a buildpack is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SbomSubject {
    /// The running image.
    Launch,
    /// The build alone.
    Build,
}

/// A layer that the phase asked for.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub uses: Uses,
    /// Its key.
    pub key: Key,
    /// What became of it when it was asked for.
    pub state: LayerState,
    /// Its contents; none if it is what was stored.
    pub contents: Option<Tree>,
    /// What was fetched for it, besides what was stored.
    pub artifacts: Vec<Placed>,
    /// What the buildpack says of its contents, at most one document a form; nothing if it is what was stored.
    pub sboms: Vec<Sbom>,
}

/// Something fetched that became part of the image.
#[derive(Debug, Clone)]
pub struct Placed {
    /// What.
    pub fetched: Fetched,
    /// What was in it and the directory of the layer where that was put, empty for the layer's own, if the host unpacked it.
    pub unpacked: Option<(Tree, String)>,
}

/// A process that the image can start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Type, such as `web`.
    pub kind: String,
    /// Program and arguments that are always given.
    pub command: Vec<String>,
    /// Arguments that may be replaced.
    pub arguments: Vec<String>,
    /// Whether it starts when nothing is said.
    pub default: bool,
    /// Where it starts; the application's directory if none.
    pub working_directory: Option<String>,
    /// In which execution environments it can be started; all if none is named.
    pub execution_environments: Vec<String>,
}

/// Something that was fetched: the provenance of the layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// As the buildpack named it.
    pub source: String,
    /// Where it came from, without credentials.
    pub address: String,
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// Length in bytes.
    pub size: u64,
}

/// What `build` added to the image.
#[derive(Debug)]
pub struct Contribution {
    /// The application as it is now.
    pub application: Tree,
    /// Layers, in the order asked for.
    pub layers: Vec<Layer>,
    /// Processes, in the order made.
    pub processes: Vec<Process>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Everything fetched, in order.
    pub fetched: Vec<Fetched>,
    /// What of it became part of the image, though of no layer that is known.
    pub artifacts: Vec<Placed>,
    /// Patterns of the application's slices, in the order asked for.
    pub slices: Vec<Vec<String>>,
    /// What the buildpack says of what is in none of its layers, at most one document a subject and form.
    pub sboms: Vec<(SbomSubject, Sbom)>,
    /// What it wants back in the next build, as the text of a JSON object; none if what is stored is to stay.
    pub stored: Option<String>,
    /// Names of what it leaves to later buildpacks.
    pub left: BTreeSet<String>,
}

/// A contribution and what it rests on.
#[derive(Debug)]
pub struct Built {
    /// What was added.
    pub contribution: Contribution,
    /// What was looked at.
    pub trace: Trace,
    /// Most linear memory in use, in bytes.
    pub memory: usize,
}

//! What happens, as data. The command line turns it into text, progress bars or JSON lines.

use serde::Serialize;
use std::path::PathBuf;

/// Hears what happens, from several threads at once.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event);
}

/// Something that happened. Written as JSON, each has its name in `event` and its fields in kebab-case.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// Settings of the build that took effect, besides where the image goes. No values: they may be secrets.
    Settings {
        /// They.
        settings: Vec<Setting>,
    },
    /// The application was read.
    Application {
        /// Its directory.
        path: PathBuf,
        /// Regular files in it.
        files: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// A file of the application has credentials, which neither buildpacks nor the image get.
    Withheld {
        /// Its path in the application.
        file: String,
        /// True if all of it is left out, not only lines.
        whole: bool,
    },
    /// A component is being compiled, which takes a while and is done once.
    Compiling {
        /// Its buildpack.
        buildpack: String,
    },
    /// A run image is being assembled, which takes a while and is done once.
    Assembling {
        /// What it will be called.
        run_image: String,
        /// How many packages go into it.
        packages: usize,
    },
    /// Packages of the operating system go into the image.
    AddingPackages {
        /// What was asked for, by the user and by buildpacks.
        asked: Vec<String>,
        /// Everything that the run image lacks, `name version`.
        packages: Vec<String>,
    },
    /// The run image is known.
    RunImage {
        /// Its name.
        reference: String,
        /// Digest of its manifest.
        digest: String,
    },
    /// A buildpack gave its verdict.
    Detected {
        /// Id.
        buildpack: String,
        /// Version.
        version: String,
        /// The verdict.
        verdict: Verdict,
        /// Why, unless it passed.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Which buildpacks will run, in order.
    Planned {
        /// They.
        buildpacks: Vec<Step>,
    },
    /// A buildpack starts to build.
    Building {
        /// Id.
        buildpack: String,
        /// Version.
        version: String,
    },
    /// A buildpack printed a line.
    Output {
        /// Id.
        buildpack: String,
        /// True for standard error.
        error: bool,
        /// The line.
        text: String,
    },
    /// Things are being fetched.
    Fetching {
        /// For which buildpack, or `run image`.
        buildpack: String,
        /// How many are done.
        done: u64,
        /// How many there are.
        total: u64,
        /// Bytes received so far.
        bytes: u64,
    },
    /// All that was asked for is here.
    Fetched {
        /// For which buildpack, or `run image`.
        buildpack: String,
        /// How many.
        total: u64,
        /// How many were in the store already.
        cached: u64,
        /// Bytes received.
        bytes: u64,
    },
    /// A buildpack is done with a layer.
    Layer {
        /// Id of the buildpack.
        buildpack: String,
        /// Name of the layer.
        layer: String,
        /// What became of it.
        state: LayerState,
        /// How its key changed, such as `node 22.4.0 → 22.4.1`.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        changes: Vec<KeyChange>,
    },
    /// A layer of the image is being packed.
    Packing {
        /// Its name, such as `wattle/node:runtime`.
        layer: String,
    },
    /// A layer of the image is ready.
    Packed {
        /// Its name.
        layer: String,
        /// True if it was packed by an earlier build.
        reused: bool,
        /// Compressed bytes.
        size: u64,
        /// Digest of the compressed bytes.
        digest: String,
    },
    /// Bytes went to where the image goes.
    Sending {
        /// Where the image goes.
        to: String,
        /// Bytes sent so far.
        bytes: u64,
        /// Bytes to send.
        total: u64,
    },
    /// The image is where it should be.
    Published {
        /// Its name there.
        reference: String,
        /// Digest of its manifest.
        digest: String,
        /// How many layers it has.
        layers: usize,
        /// Bytes of its manifest, configuration and layers.
        size: u64,
    },
    /// The image has another of its names too.
    Tagged {
        /// The name.
        reference: String,
    },
    /// So many images are rebased, or cannot be.
    Rebasing {
        /// How many are done.
        done: u64,
        /// How many there are.
        total: u64,
    },
    /// Something that deserves attention and stops nothing.
    Warning {
        /// What.
        text: String,
    },
}

/// A setting that took effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Setting {
    /// Which one, such as `env` or `label`.
    pub setting: String,
    /// What of it: the name of a variable, the key of a label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it was said: an option, a variable, a file.
    pub origin: String,
}

/// A buildpack that will run, and what it has to provide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// Id.
    pub id: String,
    /// Version.
    pub version: String,
    /// Requirements that reach it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
}

/// A requirement that reaches a buildpack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// What is required.
    pub name: String,
    /// What was said about it.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub metadata: serde_json::Value,
}

/// What a buildpack says of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It takes part.
    Pass,
    /// It has nothing to do.
    Skip,
    /// It could not say.
    Fail,
}

/// What became of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerState {
    /// Made for the first time.
    Created,
    /// Its key changed, so it was made anew.
    Stale,
    /// Reused.
    Reused,
}

/// How one field of a layer's key changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeyChange {
    /// Name of the field.
    pub name: String,
    /// Before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

//! `wattle.toml`.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wattle_fetch::Explicit;
use wattle_plan::Document;

/// What `wattle.toml` says; see `docs/configuration.md`.
#[expect(clippy::struct_field_names, reason = "fields are called as the keys are")]
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct File {
    /// Where the image goes.
    pub(crate) output: Option<String>,
    /// What it is put on.
    pub(crate) run_image: Option<String>,
    /// What it will run on.
    pub(crate) platform: Option<String>,
    /// Patterns of files to leave out, as in `.gitignore`.
    pub(crate) ignore: Vec<String>,
    /// Packages of the operating system that the image is to have.
    pub(crate) packages: Vec<String>,
    /// Keys that archives of such packages are to be signed by.
    pub(crate) keyring: Option<PathBuf>,
    /// The build environment.
    pub(crate) env: BTreeMap<String, String>,
    /// Where package registries are.
    registries: BTreeMap<String, String>,
    /// Registries of images that are spoken to without TLS.
    pub(crate) insecure_registries: Vec<String>,
    /// A file of variables of the build environment.
    env_file: Option<PathBuf>,
    /// More names of the image.
    pub(crate) tags: Vec<String>,
    /// Its labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// Which of its processes starts.
    pub(crate) default_process: Option<String>,
    /// Who its processes run as.
    pub(crate) user: Option<String>,
    /// Where the application is in it.
    pub(crate) workspace: Option<String>,
    /// When it is said to be made: text, a number or a time.
    pub(crate) creation_time: Option<toml::Value>,
    /// How much it says of its source.
    pub(crate) source_metadata: Option<String>,
    /// Directories of service bindings by name.
    bindings: BTreeMap<String, PathBuf>,
    /// What to tell the user about the file.
    #[serde(skip)]
    pub(crate) warnings: Vec<String>,
    /// What it is called in messages.
    #[serde(skip)]
    pub(crate) name: String,
    /// Where paths in it start.
    #[serde(skip)]
    directory: PathBuf,
}

/// Keys that are read, for whoever misspells one.
const KEYS: [&str; 18] = [
    "output",
    "run-image",
    "platform",
    "packages",
    "keyring",
    "ignore",
    "env",
    "registries",
    "insecure-registries",
    "env-file",
    "tags",
    "labels",
    "default-process",
    "user",
    "workspace",
    "creation-time",
    "source-metadata",
    "bindings",
];

impl File {
    /// The file that was named, or the application's, or the user's. What is found first counts alone.
    pub(crate) fn find(application: &Path, named: Option<&Path>, configuration: Option<&Path>) -> Result<File> {
        if let Some(path) = named {
            return File::read(path);
        }
        let candidates = [Some(application.join("wattle.toml")), configuration.map(|path| path.join("wattle.toml"))];
        match candidates.into_iter().flatten().find(|path| path.is_file()) {
            Some(path) => File::read(&path),
            None => Ok(File::default()),
        }
    }

    fn read(path: &Path) -> Result<File> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("`{name}` cannot be read"))?;
        let document = Document { file: &name, text: &text };
        let (mut file, unknown) = document.read::<File>()?;
        file.warnings = document.unknown(&unknown, &KEYS);
        file.directory = path.parent().map(Path::to_owned).unwrap_or_default();
        file.name = name;
        Ok(file)
    }

    /// The addresses of registries that it has.
    pub(crate) fn registries(&self) -> BTreeMap<String, Explicit> {
        let origin = format!("`registries` in `{}`", self.name);
        let explicit = |address: &String| Explicit { address: address.clone(), origin: origin.clone() };
        self.registries.iter().map(|(name, address)| (name.clone(), explicit(address))).collect()
    }

    /// A file of variables of the build environment.
    pub(super) fn env_file(&self) -> Option<PathBuf> {
        self.env_file.as_ref().map(|path| self.directory.join(path))
    }

    /// Directories of service bindings by name.
    pub(super) fn bindings(&self) -> impl Iterator<Item = (&str, PathBuf)> {
        self.bindings.iter().map(|(name, path)| (name.as_str(), self.directory.join(path)))
    }
}

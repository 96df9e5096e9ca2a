//! `wattle.toml`.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wattle_fetch::Explicit;
use wattle_plan::Document;

/// What `wattle.toml` says; see `docs/configuration.md`.
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
    /// What to tell the user about the file.
    #[serde(skip)]
    pub(crate) warnings: Vec<String>,
    #[serde(skip)]
    origin: String,
}

/// Keys that are read, for whoever misspells one.
const KEYS: [&str; 9] =
    ["output", "run-image", "platform", "packages", "keyring", "ignore", "env", "registries", "insecure-registries"];

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
        file.origin = format!("`registries` in `{name}`");
        Ok(file)
    }

    /// The addresses of registries that it has.
    pub(crate) fn registries(&self) -> BTreeMap<String, Explicit> {
        let explicit = |address: &String| Explicit { address: address.clone(), origin: self.origin.clone() };
        self.registries.iter().map(|(name, address)| (name.clone(), explicit(address))).collect()
    }
}

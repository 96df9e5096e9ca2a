//! The environment of the process (Buildpack specification, "Environment Variable Modification Rules" and "Layer Paths").

use crate::layers::{self, Failed, join, list, read};
use std::collections::BTreeMap;
use std::io;

/// Variables of the platform, which are not the application's business.
const OURS: [&str; 6] = [
    "CNB_APP_DIR",
    "CNB_DEPRECATION_MODE",
    "CNB_LAYERS_DIR",
    "CNB_PLATFORM_API",
    "CNB_PROCESS_TYPE",
    "WATTLE_LAUNCHER",
];
/// Directories that `PATH` has for our sake.
const OUR_PATHS: [&str; 2] = ["/cnb/process", "/cnb/lifecycle"];
/// Directories of a layer that a variable leads to when a process starts.
const LAUNCH_PATHS: [(&str, &str); 2] = [("bin", "PATH"), ("lib", "LD_LIBRARY_PATH")];
/// Directories of a layer that a variable leads to while later buildpacks build.
const BUILD_PATHS: [(&str, &str); 5] = [
    ("bin", "PATH"),
    ("include", "CPATH"),
    ("lib", "LD_LIBRARY_PATH"),
    ("lib", "LIBRARY_PATH"),
    ("pkgconfig", "PKG_CONFIG_PATH"),
];

/// Where the layers are read from. Paths are bytes, with `/` between names.
pub trait Files {
    /// What is directly inside a directory, in any order; nothing if there is no such directory.
    fn list(&self, directory: &[u8]) -> io::Result<Vec<Entry>>;
    /// The contents of a file.
    fn read(&self, file: &[u8]) -> io::Result<Vec<u8>>;
    /// Whether there is a file, or a link to one.
    fn is_file(&self, path: &[u8]) -> bool {
        self.read(path).is_ok()
    }
}

/// Something inside a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name.
    pub name: Vec<u8>,
    /// Whether it is a directory, or a link to one.
    pub is_directory: bool,
    /// Whether it is a link.
    pub is_link: bool,
}

/// Environment variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<Vec<u8>, Vec<u8>>);

/// When layers count: some of what they add is for processes, some for buildpacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase<'a> {
    /// While later buildpacks build.
    Build,
    /// When a process starts, of this type if it has one.
    Launch(Option<&'a str>),
}

impl Phase<'_> {
    fn paths(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Phase::Build => &BUILD_PATHS,
            Phase::Launch(_) => &LAUNCH_PATHS,
        }
    }

    /// Directories of edits, from the root of a layer.
    fn directories(self) -> Vec<String> {
        let more = match self {
            Phase::Build => vec!["env.build".to_owned()],
            Phase::Launch(None) => vec!["env.launch".to_owned()],
            Phase::Launch(Some(process)) => vec!["env.launch".to_owned(), format!("env.launch/{process}")],
        };
        std::iter::once("env".to_owned()).chain(more).collect()
    }
}

impl FromIterator<(Vec<u8>, Vec<u8>)> for Environment {
    fn from_iter<I: IntoIterator<Item = (Vec<u8>, Vec<u8>)>>(variables: I) -> Environment {
        Environment(variables.into_iter().collect())
    }
}

impl Environment {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name.as_bytes()).map(Vec::as_slice)
    }

    /// The variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// Sets a variable, whatever it was before.
    pub(crate) fn set(&mut self, name: &[u8], value: &[u8]) {
        self.0.insert(name.to_vec(), value.to_vec());
    }

    /// The same without what is there for the launcher alone.
    pub(crate) fn without_ours(mut self) -> Environment {
        self.0.retain(|name, _| !OURS.iter().any(|ours| ours.as_bytes() == name));
        if let Some(path) = self.0.get_mut(b"PATH".as_slice()) {
            let theirs = |part: &&[u8]| !OUR_PATHS.iter().any(|ours| ours.as_bytes() == *part);
            *path = path.split(|byte| *byte == b':').filter(theirs).collect::<Vec<_>>().join(&b':');
        }
        self
    }

    /// The same with what the layers of these buildpacks add, each buildpack's after those of the one before, layers sorted
    /// by name: at launch, first the directories of all layers of a buildpack, then their files; at build, layer by layer, as
    /// in the reference implementation. Fails with the path that could not be read.
    pub fn with_layers<'a>(
        mut self,
        layers_dir: &[u8],
        buildpacks: impl Iterator<Item = &'a str>,
        phase: Phase<'_>,
        files: &impl Files,
    ) -> Result<Environment, Failed> {
        for id in buildpacks {
            let layers = layers::of_buildpack(layers_dir, id, files)?;
            let together = if phase == Phase::Build { 1 } else { layers.len().max(1) };
            for layers in layers.chunks(together) {
                for layer in layers {
                    self.add_directories(layer, phase, files)?;
                }
                for layer in layers {
                    self.add_files(layer, phase, files)?;
                }
            }
        }
        Ok(self)
    }

    fn add_directories(&mut self, layer: &[u8], phase: Phase<'_>, files: &impl Files) -> Result<(), Failed> {
        let entries = list(layer, files)?;
        for (directory, variable) in phase.paths() {
            if entries.iter().any(|entry| entry.is_directory && entry.name == directory.as_bytes()) {
                self.prepend(variable.as_bytes(), &join(layer, directory.as_bytes()), b":");
            }
        }
        Ok(())
    }

    fn add_files(&mut self, layer: &[u8], phase: Phase<'_>, files: &impl Files) -> Result<(), Failed> {
        for directory in phase.directories() {
            self.apply(&join(layer, directory.as_bytes()), files)?;
        }
        Ok(())
    }

    /// Applies the files of one directory in the order of their names. What a name says after its first dot is what to do;
    /// what says nothing known is not for us. Contents are taken to the last byte, line ends and all.
    fn apply(&mut self, directory: &[u8], files: &impl Files) -> Result<(), Failed> {
        let entries = list(directory, files)?;
        let is_file = |name: &[u8]| entries.iter().any(|entry| !entry.is_directory && entry.name == name);
        for entry in entries.iter().filter(|entry| !entry.is_directory) {
            let dot = entry.name.iter().position(|byte| *byte == b'.').unwrap_or(entry.name.len());
            let (name, suffix) = entry.name.split_at(dot);
            let edit = match suffix {
                _ if name.is_empty() => continue,
                b"" | b".override" => Environment::replace,
                b".default" => Environment::default_to,
                b".append" => Environment::append,
                b".prepend" => Environment::prepend,
                _ => continue,
            };
            let delimiter = [name, b".delim"].concat();
            let delimiter = if is_file(&delimiter) { read(&join(directory, &delimiter), files)? } else { Vec::new() };
            edit(self, name, &read(&join(directory, &entry.name), files)?, &delimiter);
        }
        Ok(())
    }

    fn replace(&mut self, name: &[u8], value: &[u8], _: &[u8]) {
        self.set(name, value);
    }

    fn default_to(&mut self, name: &[u8], value: &[u8], delimiter: &[u8]) {
        if self.current(name).is_empty() {
            self.replace(name, value, delimiter);
        }
    }

    fn append(&mut self, name: &[u8], value: &[u8], delimiter: &[u8]) {
        let current = self.current(name);
        let joined = if current.is_empty() { value.to_vec() } else { [current, delimiter, value].concat() };
        self.set(name, &joined);
    }

    fn prepend(&mut self, name: &[u8], value: &[u8], delimiter: &[u8]) {
        let current = self.current(name);
        let joined = if current.is_empty() { value.to_vec() } else { [value, delimiter, current].concat() };
        self.set(name, &joined);
    }

    /// A variable that is not set counts as empty.
    fn current(&self, name: &[u8]) -> &[u8] {
        self.0.get(name).map_or(b"", Vec::as_slice)
    }
}

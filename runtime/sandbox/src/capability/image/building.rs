//! What a buildpack has contributed so far.

use super::documents::Sboms;
use super::environment::Edits;
use crate::capability::provenance::{Provenance, Traced};
use crate::contribution::{Contribution, Key, Layer, LayerState, Placed, Process as Started, Sbom, SbomSubject, Uses};
use crate::failure::{Failure, GuestError};
use crate::grant::{BuildGrant, Stored, StoredLayer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wattle_tree::overlay::Overlay;

/// Most processes and layers of one buildpack.
pub(super) const PARTS: usize = 256;

/// What the buildpack has contributed so far.
pub(crate) struct Building {
    directory: String,
    pub(super) stored: Arc<dyn Stored>,
    pub(super) layers: Vec<Asked>,
    /// Also those that later ones of the same type replace.
    pub(super) processes: Vec<Started>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) slices: Vec<Vec<String>>,
    pub(super) bills: BTreeMap<SbomSubject, Vec<Sbom>>,
    /// Which bills may be added, and how many there are of all kinds.
    pub(super) sboms: Sboms,
    /// What the last build wanted back.
    pub(super) store: Option<String>,
    /// What the next one is to have.
    pub(super) stores: Option<String>,
    pub(crate) left: BTreeSet<String>,
    workspace: String,
    /// Bytes of all texts taken in.
    pub(super) texts: usize,
    pub(crate) provenance: Provenance,
}

/// A layer that was asked for.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) uses: Uses,
    pub(super) key: Key,
    pub(super) state: LayerState,
    pub(super) stored: Option<StoredLayer>,
    /// True while it is what was stored, and so cannot be written.
    pub(super) reused: bool,
    pub(super) environment: Edits,
    pub(super) sboms: Vec<Sbom>,
}

impl Building {
    /// Nothing, of a buildpack of that directory for an application at `workspace`.
    pub(crate) fn new(directory: String, workspace: &str, build: &mut BuildGrant) -> Building {
        Building {
            directory,
            workspace: workspace.trim_matches('/').to_owned(),
            stored: build.stored.clone(),
            slices: Vec::new(),
            bills: BTreeMap::new(),
            sboms: Sboms::allowed(&build.sbom_formats),
            store: build.store.take(),
            stores: None,
            left: BTreeSet::new(),
            layers: Vec::new(),
            processes: Vec::new(),
            labels: BTreeMap::new(),
            texts: 0,
            provenance: Provenance::default(),
        }
    }

    /// Path of a layer below the root, without the leading slash.
    pub(crate) fn path(&self, layer: usize) -> String {
        format!("layers/{}/{}", self.directory, self.layers[layer].name)
    }

    /// The error for writing into a layer that is reused, if it is.
    pub(crate) fn writable(&self, layer: usize) -> Result<(), GuestError> {
        let asked = &self.layers[layer];
        if asked.reused {
            let summary = format!("layer `{}` is reused as it was stored and cannot be changed", asked.name);
            return Err(GuestError::buildpack("image/layer/reused", summary));
        }
        Ok(())
    }

    /// The layer that is being made, as far as one can tell.
    pub(crate) fn making(&self) -> Option<usize> {
        let last = self.layers.len().checked_sub(1)?;
        (!self.layers[last].reused).then_some(last)
    }

    /// What is wrong with asking for a layer of this name, if anything.
    pub(super) fn objection(&self, name: &str) -> Option<String> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            return Some(format!("`{name}` cannot name a layer: use up to 64 letters, digits, `-` and `_`"));
        }
        if matches!(name, "build" | "launch" | "store") {
            return Some(format!("`{name}` cannot name a layer: the CNB specification keeps this name for itself"));
        }
        if self.layers.iter().any(|layer| layer.name == name) {
            return Some(format!("layer `{name}` was asked for before"));
        }
        (self.layers.len() >= PARTS).then(|| format!("layer `{name}` is one too many: a buildpack has at most {PARTS}"))
    }

    /// All that was contributed, once the guest is done.
    pub(crate) fn finish(self, files: Overlay) -> Result<Contribution, Failure> {
        let root = files.freeze().map_err(Failure::Scratch)?;
        let tree = |path: &str| root.directory(path).cloned().unwrap_or_default();
        let mut layers = Vec::with_capacity(self.layers.len());
        let Traced { fetched, placed } = self.provenance.finish();
        for (index, asked) in self.layers.into_iter().enumerate() {
            let contents = if asked.reused {
                None
            } else {
                let mut contents = tree(&format!("layers/{}/{}", self.directory, asked.name));
                asked.environment.write_to(&mut contents).map_err(Failure::Refused)?;
                Some(contents)
            };
            let Asked { name, uses, key, state, sboms, .. } = asked;
            let artifacts = placed_in(&placed, Some(index));
            layers.push(Layer { name, uses, key, state, contents, artifacts, sboms });
        }
        Ok(Contribution {
            application: tree(&self.workspace),
            layers,
            processes: last_of_each(self.processes).map_err(Failure::Refused)?,
            labels: self.labels,
            fetched,
            artifacts: placed_in(&placed, None),
            slices: self.slices,
            sboms: self.bills.into_iter().flat_map(|(of, sboms)| sboms.into_iter().map(move |it| (of, it))).collect(),
            stored: self.stores,
            left: self.left,
        })
    }
}

fn placed_in(placed: &[(Option<usize>, Placed)], layer: Option<usize>) -> Vec<Placed> {
    placed.iter().filter(|(into, _)| *into == layer).map(|(_, placed)| placed.clone()).collect()
}

/// Of each type the process that was made last, checked as a whole.
fn last_of_each(processes: Vec<Started>) -> Result<Vec<Started>, GuestError> {
    let mut kept: Vec<Started> = Vec::with_capacity(processes.len());
    for process in processes {
        kept.retain(|earlier| earlier.kind != process.kind);
        kept.push(process);
    }
    let refused = |process: &Started, reason: &str| {
        let summary = format!("process `{}` cannot be started: {reason}", process.kind);
        Err(GuestError::buildpack("image/process/invalid", summary))
    };
    for process in &kept {
        let directory = process.working_directory.as_deref();
        let mut texts = process.command.iter().chain(&process.arguments).map(String::as_str).chain(directory);
        if texts.any(|text| text.contains('\0')) {
            return refused(process, "there is a NUL in what it is started with");
        }
        if directory.is_some_and(|path| !path.starts_with('/')) {
            return refused(process, "its working directory is not an absolute path");
        }
        if !process.execution_environments.iter().all(|name| is_execution_environment(name)) {
            return refused(process, "an execution environment is made of letters, digits, `.` and `-`");
        }
    }
    Ok(kept)
}

/// `*` is all of them.
fn is_execution_environment(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    name == "*" || (!name.is_empty() && name.len() <= 64 && name.bytes().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Handles are places in a list: taking a process out of it made later handles lead to others.
    #[test]
    fn b85_of_processes_of_one_type_the_last_counts() {
        let process = |kind: &str, program: &str, directory: Option<&str>| Started {
            kind: kind.to_owned(),
            command: vec![program.to_owned()],
            arguments: Vec::new(),
            default: false,
            working_directory: directory.map(str::to_owned),
            execution_environments: Vec::new(),
        };
        let check = |processes| match last_of_each(processes) {
            Ok(kept) => kept.iter().map(|it| format!("{} {}", it.kind, it.command[0])).collect::<Vec<_>>().join(", "),
            Err(error) => error.summary,
        };
        let three = vec![process("web", "a", None), process("worker", "b", Some("/x")), process("web", "c", None)];
        assert_eq!(check(three), "worker b, web c");
        let relative = vec![process("web", "a", Some("x"))];
        assert_eq!(check(relative), "process `web` cannot be started: its working directory is not an absolute path");
        let mut test = process("web", "a", None);
        test.execution_environments = vec!["te st".to_owned()];
        let refused =
            "process `web` cannot be started: an execution environment is made of letters, digits, `.` and `-`";
        assert_eq!(check(vec![test]), refused);
        let nul = vec![process("web", "a\0", None)];
        assert_eq!(check(nul), "process `web` cannot be started: there is a NUL in what it is started with");
    }
}

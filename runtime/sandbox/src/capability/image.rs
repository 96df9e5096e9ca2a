//! `image`: layers, processes and labels under construction.

mod environment;

use crate::capability::provenance::{Provenance, Traced};
use crate::contribution::{
    Change, Contribution, Key, LayerState, Modification, Placed, Process as Started, Scope, Uses,
};
use crate::failure::{Failure, GuestError};
use crate::generated::wattle::buildpack::image;
use crate::generated::wattle::buildpack::types::{Error, Field};
use crate::grant::{Stored, StoredLayer};
use crate::limits::{Limit, Reached};
use crate::state::State;
use environment::Edits;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::Resource;
use wattle_tree::overlay::{self, Access, Overlay};
use wattle_tree::{Node, Tree, check_name};

/// Most labels that one buildpack may set.
const LABELS: usize = 256;
/// Longest label or value, in bytes.
const LABEL: usize = 64 << 10;
/// Most processes and layers of one buildpack.
const PARTS: usize = 256;
/// What a text takes in host memory besides its bytes.
const TEXT: usize = 64;

/// Labels that begin so are for Wattle, or for the container runtimes that act on them.
const RESERVED_LABELS: [&str; 6] =
    ["io.buildpacks.", "io.containerd.", "containerd.io/", "io.cri-containerd.", "io.kubernetes.", "cdi.k8s.io/"];

/// The handle of the one image.
pub struct Image;

/// The handle of a layer: its place in [`Building::layers`].
pub struct Layer(pub(crate) usize);

/// The handle of a process: its place in [`Building::processes`].
pub struct Process(usize);

/// What the buildpack has contributed so far.
pub(crate) struct Building {
    directory: String,
    stored: Arc<dyn Stored>,
    layers: Vec<Asked>,
    /// Also those that later ones of the same type replace.
    processes: Vec<Started>,
    labels: BTreeMap<String, String>,
    /// Bytes of all texts taken in.
    texts: usize,
    pub(crate) provenance: Provenance,
}

/// A layer that was asked for.
struct Asked {
    name: String,
    uses: Uses,
    key: Key,
    state: LayerState,
    stored: Option<StoredLayer>,
    /// True while it is what was stored, and so cannot be written.
    reused: bool,
    environment: Edits,
}

type Answer<T> = Result<std::result::Result<T, Error>>;

/// Gives an error to the guest.
#[expect(clippy::unnecessary_wraps, reason = "it is what capabilities return")]
fn refuse<T>(code: &str, summary: String) -> Answer<T> {
    Ok(Err(GuestError::buildpack(code, summary).into()))
}

impl Building {
    pub(crate) fn new(directory: String, stored: Arc<dyn Stored>) -> Building {
        Building {
            directory,
            stored,
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
    pub(crate) fn writable(&self, layer: usize) -> std::result::Result<(), GuestError> {
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
    fn objection(&self, name: &str) -> Option<String> {
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
    pub(crate) fn finish(self, files: Overlay) -> std::result::Result<Contribution, Failure> {
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
            let Asked { name, uses, key, state, .. } = asked;
            let artifacts = placed_in(&placed, Some(index));
            layers.push(crate::contribution::Layer { name, uses, key, state, contents, artifacts });
        }
        Ok(Contribution {
            application: tree("workspace"),
            layers,
            processes: last_of_each(self.processes).map_err(Failure::Refused)?,
            labels: self.labels,
            fetched,
            artifacts: placed_in(&placed, None),
        })
    }
}

impl State {
    /// Counts texts that are kept.
    fn contribute<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) -> Result<()> {
        let texts: usize = texts.into_iter().map(|text| text.len().saturating_add(TEXT)).sum();
        self.building.texts = self.building.texts.saturating_add(texts);
        if self.building.texts > self.limits.contribution {
            return Err(Reached(Limit::Contribution).into());
        }
        Ok(())
    }

    /// A key as it is kept, or the name that it has twice.
    fn key(&mut self, fields: Vec<Field>) -> Result<std::result::Result<Key, String>> {
        self.contribute(fields.iter().flat_map(|field| [field.name.as_str(), field.value.as_str()]))?;
        let mut names = BTreeSet::new();
        let twice = fields.iter().find(|field| !names.insert(field.name.as_str())).map(|field| field.name.clone());
        Ok(twice.map_or_else(|| Ok(fields.into_iter().map(|field| (field.name, field.value)).collect()), Err))
    }

    /// Takes a layer on, with the contents that it starts with.
    fn take_on(&mut self, asked: Asked, contents: Option<Tree>) -> Answer<Resource<Layer>> {
        let access = if asked.reused { Access::ReadOnly } else { Access::Writable };
        let index = self.building.layers.len();
        self.building.layers.push(asked);
        let path = self.building.path(index);
        if let Err(error) = self.files.graft(&path, Node::Directory(contents.unwrap_or_default()), access) {
            self.building.layers.pop();
            return refuse("image/layer/path", format!("`/{path}` cannot be made: {error}"));
        }
        Ok(Ok(self.table.push(Layer(index))?))
    }

    fn asked(&mut self, layer: &Resource<Layer>) -> Result<&mut Asked> {
        let index = self.table.get(layer)?.0;
        Ok(&mut self.building.layers[index])
    }

    fn started(&mut self, process: &Resource<Process>) -> Result<&mut Started> {
        let index = self.table.get(process)?.0;
        Ok(&mut self.building.processes[index])
    }
}

impl image::Host for State {}

impl image::HostImage for State {
    fn layer(
        &mut self,
        _: Resource<Image>,
        name: String,
        uses: image::Uses,
        key: Vec<Field>,
    ) -> Answer<Resource<Layer>> {
        if let Some(objection) = self.building.objection(&name) {
            return refuse("image/layer/name", objection);
        }
        let key = match self.key(key)? {
            Ok(key) => key,
            Err(twice) => {
                return refuse("image/layer/key", format!("the key of layer `{name}` has `{}` twice", shorten(&twice)));
            }
        };
        let uses = uses_of(uses);
        let stored = self.building.stored.layer(&name);
        let state = match self.building.stored.other_buildpack(&name).filter(|_| stored.is_some()) {
            Some(other) => LayerState::Stale(vec![other]),
            None => compare(stored.as_ref(), uses, &key),
        };
        let reused = matches!(state, LayerState::Restored | LayerState::Kept);
        let contents = match state {
            LayerState::Restored => stored.as_ref().and_then(|stored| stored.contents.clone()),
            _ => None,
        };
        self.take_on(Asked { name, uses, key, state, stored, reused, environment: Edits::default() }, contents)
    }

    fn open_layer(&mut self, _: Resource<Image>, name: String, uses: image::Uses) -> Answer<Resource<Layer>> {
        if let Some(objection) = self.building.objection(&name) {
            return refuse("image/layer/name", objection);
        }
        let uses = uses_of(uses);
        let stored = self.building.stored.layer(&name);
        let key = stored.as_ref().map(|stored| stored.key.clone()).unwrap_or_default();
        let contents = stored.as_ref().and_then(|stored| stored.contents.clone());
        let state =
            match &stored {
                Some(stored) if contents.is_some() || (stored.reusable && !needs_contents(uses)) => {
                    if contents.is_some() { LayerState::Restored } else { LayerState::Kept }
                }
                _ => LayerState::Created,
            };
        // Contents that are here may be changed; what is only in the image may not, until it is cleared.
        let reused = state == LayerState::Kept;
        self.take_on(Asked { name, uses, key, state, stored, reused, environment: Edits::default() }, contents)
    }

    fn process(&mut self, _: Resource<Image>, kind: String, command: Vec<String>) -> Answer<Resource<Process>> {
        if !is_process_type(&kind) {
            return refuse(
                "image/process/type",
                format!("`{}` cannot name a process: use letters, digits, `.`, `_` and `-`", shorten(&kind)),
            );
        }
        if command.first().is_none_or(String::is_empty) {
            return refuse("image/process/command", format!("process `{kind}` has no command"));
        }
        self.contribute(command.iter().map(String::as_str).chain([kind.as_str()]))?;
        if self.building.processes.len() >= PARTS {
            return refuse(
                "image/process/count",
                format!("process `{kind}` is one too many: a buildpack has at most {PARTS}"),
            );
        }
        let index = self.building.processes.len();
        let process = Started { kind, command, arguments: Vec::new(), default: false, working_directory: None };
        self.building.processes.push(process);
        Ok(Ok(self.table.push(Process(index))?))
    }

    fn label(&mut self, _: Resource<Image>, key: String, value: String) -> Answer<()> {
        let labels = &self.building.labels;
        if key.is_empty()
            || key.len() > LABEL
            || value.len() > LABEL
            || (labels.len() >= LABELS && !labels.contains_key(&key))
        {
            return refuse(
                "image/label/size",
                format!("label `{}` is empty, longer than 64 KiB or one too many", shorten(&key)),
            );
        }
        if let Some(reserved) = RESERVED_LABELS.iter().find(|reserved| key.starts_with(**reserved)) {
            let summary = format!(
                "label `{}` cannot be set: those that begin with `{reserved}` mean something to Wattle or to container runtimes",
                shorten(&key)
            );
            return refuse("image/label/reserved", summary);
        }
        self.contribute([key.as_str(), value.as_str()])?;
        self.building.labels.insert(key, value);
        Ok(Ok(()))
    }

    fn drop(&mut self, image: Resource<Image>) -> Result<()> {
        self.table.delete(image)?;
        Ok(())
    }
}

impl image::HostLayer for State {
    fn path(&mut self, layer: Resource<Layer>) -> Result<String> {
        let index = self.table.get(&layer)?.0;
        Ok(format!("/{}", self.building.path(index)))
    }

    fn state(&mut self, layer: Resource<Layer>) -> Result<image::State> {
        Ok(match &self.asked(&layer)?.state {
            LayerState::Created => image::State::Created,
            LayerState::Restored => image::State::Restored,
            LayerState::Kept => image::State::Kept,
            LayerState::Stale(changes) => image::State::Stale(changes.iter().map(change_of).collect()),
        })
    }

    fn stored_key(&mut self, layer: Resource<Layer>) -> Result<Option<Vec<Field>>> {
        let stored = self.asked(&layer)?.stored.as_ref();
        Ok(stored.map(|stored| {
            let fields = stored.key.iter();
            fields.map(|(name, value)| Field { name: name.clone(), value: value.clone() }).collect()
        }))
    }

    fn set_key(&mut self, layer: Resource<Layer>, key: Vec<Field>) -> Result<()> {
        match self.key(key)? {
            Ok(key) => self.asked(&layer)?.key = key,
            Err(twice) => wasmtime::bail!("the key of a layer has `{}` twice", shorten(&twice)),
        }
        Ok(())
    }

    fn clear(&mut self, layer: Resource<Layer>) -> Answer<()> {
        let asked = self.asked(&layer)?;
        asked.reused = false;
        asked.state = LayerState::Created;
        asked.environment = Edits::default();
        let index = self.table.get(&layer)?.0;
        self.building.provenance.cleared(index);
        let path = self.building.path(index);
        match self.files.graft(&path, Node::Directory(Tree::new()), Access::Writable) {
            Ok(()) => Ok(Ok(())),
            Err(error) => refuse("image/layer/path", format!("`/{path}` cannot be emptied: {error}")),
        }
    }

    fn set_executable(&mut self, layer: Resource<Layer>, path: String, executable: bool) -> Answer<()> {
        let index = self.table.get(&layer)?.0;
        if let Err(error) = self.building.writable(index) {
            return Ok(Err(error.into()));
        }
        let root = self.building.path(index);
        let done = self
            .files
            .lookup(Overlay::ROOT, &root, true)
            .and_then(|base| self.files.set_executable(base, &path, executable));
        match done {
            Ok(()) => Ok(Ok(())),
            Err(error) => {
                refuse("image/layer/executable", format!("`/{root}/{path}` cannot be made executable: {error}"))
            }
        }
    }

    fn environment(
        &mut self,
        layer: Resource<Layer>,
        scope: image::Scope,
        name: String,
        modification: image::Modification,
        value: String,
    ) -> Answer<()> {
        let (scope, modification) = (scope_of(scope), modification_of(modification));
        if let Err(error) = environment::check(&scope, &name, &value) {
            return Ok(Err(error.into()));
        }
        self.contribute([name.as_str(), value.as_str(), scope.text(), modification.text()])?;
        let asked = self.asked(&layer)?;
        // A layer that is reused was stored with its environment.
        if asked.reused {
            return Ok(Ok(()));
        }
        Ok(asked.environment.add(scope, &name, modification, value).map_err(Error::from))
    }

    fn drop(&mut self, layer: Resource<Layer>) -> Result<()> {
        self.table.delete(layer)?;
        Ok(())
    }
}

impl image::HostProcess for State {
    fn set_arguments(&mut self, process: Resource<Process>, arguments: Vec<String>) -> Result<()> {
        self.contribute(arguments.iter().map(String::as_str))?;
        self.started(&process)?.arguments = arguments;
        Ok(())
    }

    fn set_default(&mut self, process: Resource<Process>) -> Result<()> {
        let index = self.table.get(&process)?.0;
        let processes = &mut self.building.processes;
        let is_replaced = processes.iter().skip(index + 1).any(|later| later.kind == processes[index].kind);
        if !is_replaced {
            processes.iter_mut().enumerate().for_each(|(at, other)| other.default = at == index);
        }
        Ok(())
    }

    fn set_working_directory(&mut self, process: Resource<Process>, path: String) -> Result<()> {
        self.contribute([path.as_str()])?;
        self.started(&process)?.working_directory = Some(path);
        Ok(())
    }

    fn drop(&mut self, process: Resource<Process>) -> Result<()> {
        self.table.delete(process)?;
        Ok(())
    }
}

fn placed_in(placed: &[(Option<usize>, Placed)], layer: Option<usize>) -> Vec<Placed> {
    placed.iter().filter(|(into, _)| *into == layer).map(|(_, placed)| placed.clone()).collect()
}

/// Later buildpacks and the next build need the files themselves; the image does not.
fn needs_contents(uses: Uses) -> bool {
    uses.build || uses.cache
}

/// Decides what becomes of a layer that is a function of its key.
fn compare(stored: Option<&StoredLayer>, uses: Uses, key: &Key) -> LayerState {
    let Some(stored) = stored else { return LayerState::Created };
    let changes = changes(&stored.key, key);
    if !changes.is_empty() {
        return LayerState::Stale(changes);
    }
    match (needs_contents(uses), &stored.contents, stored.reusable) {
        (false, _, true) => LayerState::Kept,
        (_, Some(_), _) => LayerState::Restored,
        _ => LayerState::Created,
    }
}

fn changes(before: &Key, after: &Key) -> Vec<Change> {
    let known = |key: &Key| key.iter().cloned().collect::<BTreeMap<_, _>>();
    let (old, new) = (known(before), known(after));
    let mut changes = Vec::new();
    for (name, value) in after {
        let old = old.get(name);
        if old != Some(value) {
            changes.push(Change { name: name.clone(), before: old.cloned(), after: Some(value.clone()) });
        }
    }
    for (name, value) in before {
        if !new.contains_key(name) {
            changes.push(Change { name: name.clone(), before: Some(value.clone()), after: None });
        }
    }
    changes
}

fn uses_of(uses: image::Uses) -> Uses {
    Uses {
        build: uses.contains(image::Uses::BUILD),
        launch: uses.contains(image::Uses::LAUNCH),
        cache: uses.contains(image::Uses::CACHE),
    }
}

fn change_of(change: &Change) -> image::Change {
    image::Change { name: change.name.clone(), before: change.before.clone(), after: change.after.clone() }
}

fn scope_of(scope: image::Scope) -> Scope {
    match scope {
        image::Scope::All => Scope::All,
        image::Scope::Build => Scope::Build,
        image::Scope::Launch => Scope::Launch,
        image::Scope::Process(kind) => Scope::Process(kind),
    }
}

fn modification_of(modification: image::Modification) -> Modification {
    match modification {
        image::Modification::Override => Modification::Override,
        image::Modification::Default => Modification::Default,
        image::Modification::Append(separator) => Modification::Append(separator),
        image::Modification::Prepend(separator) => Modification::Prepend(separator),
    }
}

/// Letters, digits, `.`, `_` and `-` (Buildpack specification, "launch.toml").
fn is_process_type(kind: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    check_name(kind).is_ok() && kind.bytes().all(plain) && kind != "launcher"
}

/// Of each type the process that was made last, checked as a whole.
fn last_of_each(processes: Vec<Started>) -> std::result::Result<Vec<Started>, GuestError> {
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
    }
    Ok(kept)
}

fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Words for the guest when a path below a layer is refused.
pub(crate) fn path_error(path: &str, error: overlay::Error) -> GuestError {
    GuestError::buildpack("image/layer/path", format!("`/{path}` cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(fields: &[(&str, &str)]) -> Key {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn changes_are_those_of_single_fields() {
        let changes = changes(&key(&[("a", "1"), ("b", "1"), ("c", "1")]), &key(&[("d", "1"), ("b", "2"), ("a", "1")]));
        let text = |change: &Change| {
            let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            format!("{} {} {}", change.name, side(&change.before), side(&change.after))
        };
        assert_eq!(changes.iter().map(text).collect::<Vec<_>>(), ["d - 1", "b 1 2", "c 1 -"]);
    }

    #[test]
    fn a_layer_is_kept_or_restored_only_with_what_its_uses_need() {
        let check = |uses: &str, reusable: bool, contents: bool| {
            let contents = contents.then(Tree::new);
            let stored = StoredLayer { key: key(&[("a", "1")]), uses: Uses::default(), reusable, contents };
            let uses = Uses { build: uses == "build", launch: true, cache: uses == "cache" };
            format!("{:?}", compare(Some(&stored), uses, &key(&[("a", "1")])))
        };
        assert_eq!(check("launch", true, false), "Kept");
        assert_eq!(check("launch", true, true), "Kept");
        assert_eq!(check("launch", false, true), "Restored");
        assert_eq!(check("launch", false, false), "Created");
        // It was only launched before, and now somebody wants to see it.
        assert_eq!(check("build", true, false), "Created");
        assert_eq!(check("cache", true, true), "Restored");
    }

    /// Handles are places in a list: taking a process out of it made later handles lead to others.
    #[test]
    fn of_processes_of_one_type_the_last_counts() {
        let process = |kind: &str, program: &str, directory: Option<&str>| Started {
            kind: kind.to_owned(),
            command: vec![program.to_owned()],
            arguments: Vec::new(),
            default: false,
            working_directory: directory.map(str::to_owned),
        };
        let check = |processes| match last_of_each(processes) {
            Ok(kept) => kept.iter().map(|it| format!("{} {}", it.kind, it.command[0])).collect::<Vec<_>>().join(", "),
            Err(error) => error.summary,
        };
        let three = vec![process("web", "a", None), process("worker", "b", Some("/x")), process("web", "c", None)];
        assert_eq!(check(three), "worker b, web c");
        let relative = vec![process("web", "a", Some("x"))];
        assert_eq!(check(relative), "process `web` cannot be started: its working directory is not an absolute path");
        let nul = vec![process("web", "a\0", None)];
        assert_eq!(check(nul), "process `web` cannot be started: there is a NUL in what it is started with");
    }
}

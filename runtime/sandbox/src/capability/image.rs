//! `image`: layers, processes and labels under construction.

mod building;
mod documents;
mod environment;
mod key;

pub(crate) use building::Building;

use crate::contribution::{
    Change, Key, LayerState, Modification, Process as Started, SbomFormat, SbomSubject, Scope, Uses,
};
use crate::failure::GuestError;
use crate::generated::wattle::buildpack::image;
use crate::generated::wattle::buildpack::types::{Error, Field};
use crate::limits::{Limit, Reached};
use crate::state::State;
use building::{Asked, PARTS};
use documents::check_store;
use environment::Edits;
use key::{compare, restored};
use std::collections::BTreeSet;
use wasmtime::Result;
use wasmtime::component::Resource;
use wattle_tree::overlay::{self, Access, Overlay};
use wattle_tree::{Node, Tree, check_name};

/// Most slices of one buildpack, and most patterns of all of them.
const SLICES: usize = 256;
/// Most labels that one buildpack may set.
const LABELS: usize = 256;
/// Longest label or value, in bytes.
const LABEL: usize = 64 << 10;
/// What a text takes in host memory besides its bytes.
const TEXT: usize = 64;

/// Labels that begin so are for Wattle, or for the container runtimes that act on them.
const RESERVED_LABELS: [&str; 7] = [
    "io.buildpacks.",
    "io.wattle.",
    "io.containerd.",
    "containerd.io/",
    "io.cri-containerd.",
    "io.kubernetes.",
    "cdi.k8s.io/",
];

/// The handle of the one image.
pub struct Image;

/// The handle of a layer: its place in [`Building::layers`].
pub struct Layer(pub(crate) usize);

/// The handle of a process: its place in [`Building::processes`].
pub struct Process(usize);

type Answer<T> = Result<std::result::Result<T, Error>>;

/// Gives an error to the guest.
#[expect(clippy::unnecessary_wraps, reason = "it is what capabilities return")]
fn refuse<T>(code: &str, summary: String) -> Answer<T> {
    Ok(Err(GuestError::buildpack(code, summary).into()))
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
        let (environment, sboms) = (Edits::default(), Vec::new());
        self.take_on(Asked { name, uses, key, state, stored, reused, environment, sboms }, contents)
    }

    fn open_layer(&mut self, _: Resource<Image>, name: String, uses: image::Uses) -> Answer<Resource<Layer>> {
        if let Some(objection) = self.building.objection(&name) {
            return refuse("image/layer/name", objection);
        }
        let uses = uses_of(uses);
        let (stored, state) = restored(self.building.stored.layer(&name), uses);
        let key = stored.as_ref().map(|stored| stored.key.clone()).unwrap_or_default();
        let contents = match state {
            LayerState::Restored => stored.as_ref().and_then(|stored| stored.contents.clone()),
            _ => None,
        };
        // Contents that are here may be changed; what is only in the image may not, until it is cleared.
        let reused = state == LayerState::Kept;
        let (environment, sboms) = (Edits::default(), Vec::new());
        self.take_on(Asked { name, uses, key, state, stored, reused, environment, sboms }, contents)
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
        let (arguments, execution_environments) = (Vec::new(), Vec::new());
        let process =
            Started { kind, command, arguments, default: false, working_directory: None, execution_environments };
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

    fn slice(&mut self, _: Resource<Image>, patterns: Vec<String>) -> Answer<()> {
        self.contribute(patterns.iter().map(String::as_str))?;
        if let Some(bad) = patterns.iter().find(|pattern| pattern.is_empty() || pattern.contains('\0')) {
            return refuse("image/slice/pattern", format!("`{}` is no pattern of a slice", shorten(bad)));
        }
        let slices = &mut self.building.slices;
        if slices.len() >= SLICES || slices.iter().map(Vec::len).sum::<usize>() + patterns.len() > SLICES {
            return refuse(
                "image/slice/count",
                format!("a buildpack has at most {SLICES} slices and patterns of them"),
            );
        }
        slices.push(patterns);
        Ok(Ok(()))
    }

    fn sbom(
        &mut self,
        _: Resource<Image>,
        subject: image::SbomSubject,
        format: image::SbomFormat,
        document: String,
    ) -> Answer<()> {
        let subject = match subject {
            image::SbomSubject::Launch => SbomSubject::Launch,
            image::SbomSubject::Build => SbomSubject::Build,
        };
        let Building { sboms, bills, .. } = &mut self.building;
        Ok(sboms.add(bills.entry(subject).or_default(), format_of(format), document).map_err(Error::from))
    }

    fn stored(&mut self, _: Resource<Image>) -> Result<Option<String>> {
        Ok(self.building.store.clone())
    }

    fn store(&mut self, _: Resource<Image>, data: String) -> Answer<()> {
        self.contribute([data.as_str()])?;
        if let Err(error) = check_store(&data) {
            return Ok(Err(error.into()));
        }
        self.building.stores = Some(data);
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
        asked.sboms.clear();
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

    fn sbom(&mut self, layer: Resource<Layer>, format: image::SbomFormat, document: String) -> Answer<()> {
        let index = self.table.get(&layer)?.0;
        let Building { sboms, layers, .. } = &mut self.building;
        let asked = &mut layers[index];
        // A layer that is reused was stored with its bills.
        if asked.reused {
            return Ok(Ok(()));
        }
        Ok(sboms.add(&mut asked.sboms, format_of(format), document).map_err(Error::from))
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

    fn set_execution_environments(&mut self, process: Resource<Process>, names: Vec<String>) -> Result<()> {
        self.contribute(names.iter().map(String::as_str))?;
        self.started(&process)?.execution_environments = names;
        Ok(())
    }

    fn drop(&mut self, process: Resource<Process>) -> Result<()> {
        self.table.delete(process)?;
        Ok(())
    }
}

fn uses_of(uses: image::Uses) -> Uses {
    Uses {
        build: uses.contains(image::Uses::BUILD),
        launch: uses.contains(image::Uses::LAUNCH),
        cache: uses.contains(image::Uses::CACHE),
    }
}

fn format_of(format: image::SbomFormat) -> SbomFormat {
    match format {
        image::SbomFormat::Cyclonedx => SbomFormat::CycloneDx,
        image::SbomFormat::Spdx => SbomFormat::Spdx,
        image::SbomFormat::Syft => SbomFormat::Syft,
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

fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Words for the guest when a path below a layer is refused.
pub(crate) fn path_error(path: &str, error: overlay::Error) -> GuestError {
    GuestError::buildpack("image/layer/path", format!("`/{path}` cannot be written: {error}"))
}

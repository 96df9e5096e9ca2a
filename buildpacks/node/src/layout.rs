//! Where everything goes: the `node_modules` of the application and of its own packages, as npm would lay them out.
//!
//! The layer holds them instead of the application, so that it can be reused whole, and the application gets links to it:
//!
//! ```text
//! /workspace/node_modules                -> <layer>/node_modules
//! /workspace/packages/api/node_modules   -> <layer>/.workspaces/packages/api/node_modules
//! <layer>/node_modules/api               -> ../packages/api          as npm writes it
//! <layer>/packages/api                   -> /workspace/packages/api  so that it leads there
//! ```
//!
//! Node looks packages up from where a file really is, so what is below `.workspaces` finds `<layer>/node_modules` above it.

use crate::lock::{Bin, Entry, Lock};
use crate::source::{self, Source};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use wattle_buildpack::{Error, Result};

/// Raised whenever the same packages would be laid out in another way.
const VERSION: u32 = 1;

/// Where nested `node_modules` of the application's own packages are in the layer.
const WORKSPACES: &str = ".workspaces";

/// What is to be done. All paths are relative, with `/` between: to the layer, or to the application where it says so.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    pub(crate) archives: Vec<Archive>,
    /// Links in the layer, and what is written in them.
    pub(crate) links: BTreeMap<String, String>,
    /// Programs, the first of one place first: the others of that place do not count.
    pub(crate) programs: Vec<Program>,
    /// Directories of the application that get a `node_modules`, and where that is in the layer.
    pub(crate) application: BTreeMap<String, String>,
    /// Directories of the application that `node_modules` leads to.
    pub(crate) locals: BTreeSet<String>,
    /// What npm keeps as `node_modules/.package-lock.json`.
    pub(crate) hidden_lock: String,
    /// Packages whose install scripts npm would run.
    pub(crate) with_scripts: Vec<String>,
}

/// An archive and the directory that it is unpacked to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Archive {
    pub(crate) path: String,
    pub(crate) source: Source,
}

/// A link in a `.bin` directory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// The link.
    pub(crate) link: String,
    /// What is written in it.
    pub(crate) text: String,
    /// The file that it leads to.
    pub(crate) file: String,
    /// Whether that file is the application's.
    pub(crate) local: bool,
}

/// What the layer is a function of.
#[derive(Debug, Serialize)]
pub(crate) struct Key {
    packages: usize,
    digest: String,
    layout: u32,
}

impl Layout {
    /// The layout of these packages of a lock file, for an application at the absolute path `application`.
    pub(crate) fn of(lock: &Lock, packages: &[&Entry], application: &str) -> Result<Self> {
        let mut layout = Self::default();
        layout.application.insert(String::new(), "node_modules".to_owned());
        for entry in packages {
            layout.add(lock, entry, application)?;
        }
        layout.add_programs(lock, packages);
        layout.add_ways_to_locals(packages, application);
        layout.hidden_lock = hidden_lock(lock, packages);
        Ok(layout)
    }

    fn add(&mut self, lock: &Lock, entry: &Entry, application: &str) -> Result<()> {
        if entry.is_local() {
            return Ok(());
        }
        if !entry.top().is_empty() {
            let directory = format!("{WORKSPACES}/{}/node_modules", entry.top());
            self.application.insert(entry.top().to_owned(), directory);
        }
        let path = in_layer(&entry.location);
        if entry.package.link {
            let target = link_target(lock, entry)?;
            self.links.insert(path, link_text(entry, target, application));
            self.locals.insert(target.to_owned());
        } else if !entry.package.in_bundle {
            self.archives.push(Archive { path, source: source::of(lock, entry)? });
            if entry.package.has_install_script {
                self.with_scripts.push(entry.id());
            }
        }
        Ok(())
    }

    /// npm links the programs of installed packages before those of linked ones.
    fn add_programs(&mut self, lock: &Lock, packages: &[&Entry]) {
        let installed = packages.iter().filter(|entry| !entry.is_local() && !entry.package.link);
        let linked = packages.iter().filter(|entry| entry.package.link);
        for entry in installed.chain(linked) {
            let target = entry.package.resolved.as_deref().filter(|_| entry.package.link);
            let owner = target.and_then(|target| lock.at(target)).unwrap_or(entry);
            let Some((directory, _)) = entry.location.rsplit_once("node_modules/") else { continue };
            for (name, file) in programs(&owner.package.bin, entry.alias()) {
                self.programs.push(Program {
                    link: in_layer(&format!("{directory}node_modules/.bin/{name}")),
                    text: format!("../{}/{file}", entry.alias()),
                    file: in_layer(&format!("{}/{file}", entry.location)),
                    local: entry.package.link,
                });
            }
        }
    }

    /// npm's links say `../packages/api`, which in the layer leads to a link to the application's.
    fn add_ways_to_locals(&mut self, packages: &[&Entry], application: &str) {
        let from_root = packages.iter().filter(|entry| entry.package.link && entry.top().is_empty());
        let targets: BTreeSet<&str> = from_root.filter_map(|entry| entry.package.resolved.as_deref()).collect();
        for target in &targets {
            let inside_another = targets.iter().any(|other| target.starts_with(&format!("{other}/")));
            if !target.is_empty() && !inside_another {
                self.links.insert((*target).to_owned(), format!("{application}/{target}"));
            }
        }
    }

    /// The program of this name that npm would find from a directory of the application: in the `.bin` there, or in the
    /// application's own.
    pub(crate) fn program(&self, directory: &str, name: &str) -> Option<&Program> {
        let at = |bin: String| self.programs.iter().find(|program| program.link == format!("{bin}/{name}"));
        let own = || at("node_modules/.bin".to_owned());
        self.application.get(directory).and_then(|modules| at(format!("{modules}/.bin"))).or_else(own)
    }

    /// Equal keys, equal layers.
    pub(crate) fn key(&self) -> Key {
        let mut hash = Sha256::new();
        let mut field = |text: &str| {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        };
        for archive in &self.archives {
            field(&archive.path);
            field(&archive.source.source);
            field(&archive.source.integrity);
        }
        for (path, text) in &self.links {
            field(path);
            field(text);
        }
        for program in &self.programs {
            field(&program.link);
            field(&program.text);
        }
        field(&self.hidden_lock);
        let digest = hash.finalize().iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"));
        Key { packages: self.archives.len(), digest, layout: VERSION }
    }
}

/// The place in the layer of a place below the application.
fn in_layer(location: &str) -> String {
    if location.starts_with("node_modules/") { location.to_owned() } else { format!("{WORKSPACES}/{location}") }
}

fn link_target<'a>(lock: &Lock, entry: &'a Entry) -> Result<&'a str> {
    let target = entry.package.resolved.as_deref().unwrap_or_default();
    let target = target.strip_prefix("file:").unwrap_or(target);
    let inside = target.is_empty() || target.split('/').all(|step| !step.is_empty() && step != ".." && step != ".");
    if inside {
        return Ok(target);
    }
    Err(Error::user(
        "node/lock/location",
        format!("`{}` links `{}` to `{target}`, which is outside the application", lock.file, entry.alias()),
    )
    .hint("build from the directory that holds both, or publish the package to a registry"))
}

/// As npm writes it, relative, for the application's own `node_modules`; the others are at another depth in the layer.
fn link_text(entry: &Entry, target: &str, application: &str) -> String {
    if !entry.top().is_empty() || target.is_empty() {
        return format!("{application}/{target}").trim_end_matches('/').to_owned();
    }
    let up = "../".repeat(entry.location.matches('/').count());
    format!("{up}{target}")
}

/// The programs of a package by name, made safe as npm does it: a name is one step, a file is inside the package.
pub(crate) fn programs(bin: &Bin, package: &str) -> Vec<(String, String)> {
    let named: Vec<(&str, &str)> = match bin {
        Bin::One(file) => vec![(package, file)],
        Bin::Many(files) => files.iter().map(|(name, file)| (name.as_str(), file.as_str())).collect(),
    };
    let clean = |(name, file): (&str, &str)| {
        let name = name.rsplit(['/', '\\', ':']).next().filter(|name| !matches!(*name, "" | "." | ".."))?.to_owned();
        let file = normal(file);
        (!file.is_empty()).then_some((name, file))
    };
    named.into_iter().filter_map(clean).collect()
}

/// The path with `.` and `..` resolved against the package's directory, which it cannot leave.
fn normal(path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split(['/', '\\']) {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// What npm writes as `node_modules/.package-lock.json`: the lock file, with what is installed and nothing else.
fn hidden_lock(lock: &Lock, packages: &[&Entry]) -> String {
    let (indent, newline) = (lock.style.indent.as_str(), lock.style.newline);
    let mut fields: Vec<String> =
        lock.head.iter().map(|(key, value)| format!("{indent}\"{key}\": {}", value.get())).collect();
    fields.push(format!("{indent}\"lockfileVersion\": 3"));
    fields.push(format!("{indent}\"requires\": true"));
    let entries: Vec<String> = packages
        .iter()
        .map(|entry| {
            format!("{indent}{indent}{}: {}", serde_json::Value::from(entry.location.as_str()), entry.raw.get())
        })
        .collect();
    let entries = match entries.as_slice() {
        [] => "{}".to_owned(),
        _ => format!("{{{newline}{}{newline}{indent}}}", entries.join(&format!(",{newline}"))),
    };
    fields.push(format!("{indent}\"packages\": {entries}"));
    format!("{{{newline}{}{newline}}}{newline}", fields.join(&format!(",{newline}")))
}

#[cfg(test)]
mod tests;

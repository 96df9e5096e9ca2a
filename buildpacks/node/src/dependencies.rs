//! The layer `dependencies`: `node_modules`, as the lock file has it.

use crate::layout::Layout;
use crate::lock::{Entry, Lock};
use crate::manifest::{Manifest, Wanted};
use crate::platform::Platform;
use crate::{json, log, runtime, selection, sync};
use nodejs_semver::Version;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::Path;
use wattle_buildpack::{Build, Context, Error, Layer, Placement, Request, Result, Scope};

/// Lock files that npm reads, the first that is there.
const LOCKS: [&str; 2] = ["npm-shrinkwrap.json", "package-lock.json"];

/// Lock files of others.
const FOREIGN: [(&str, &str); 4] =
    [("yarn.lock", "Yarn"), ("pnpm-lock.yaml", "pnpm"), ("bun.lock", "Bun"), ("bun.lockb", "Bun")];

/// The application's lock file, checked against its `package.json`. None if it has no dependencies and no lock file.
pub(crate) fn lock(cx: &Context, manifest: &Manifest) -> Result<Option<Lock>> {
    let Some(file) = LOCKS.into_iter().find(|file| cx.app(file).exists()) else {
        return if manifest.has_dependencies() { Err(no_lock(cx)) } else { Ok(None) };
    };
    let lock = Lock::parse(&json::read(&cx.app(file))?, file)?;
    sync::check(&lock, &manifest.wanted, "", "package.json")?;
    for entry in lock.entries.iter().filter(|entry| entry.is_local()) {
        let path = format!("{}/package.json", entry.location);
        if cx.app(&path).exists() {
            let wanted: Wanted = json::parse(&json::read(&cx.app(&path))?, &path)?;
            sync::check(&lock, &wanted, &entry.location, &path)?;
        }
    }
    Ok(Some(lock))
}

fn no_lock(cx: &Context) -> Error {
    let error = match FOREIGN.into_iter().find(|(file, _)| cx.app(file).exists()) {
        Some((file, tool)) => Error::user(
            "node/lock/unsupported",
            format!("`{file}` is a lock file of {tool}, and this buildpack reads those of npm"),
        ),
        None => {
            Error::user("node/lock/missing", "`package.json` has dependencies, but there is no `package-lock.json`")
        }
    };
    error.hint("run `npm install --package-lock-only`, and commit `package-lock.json`")
}

/// The packages, installed.
pub(crate) struct Installed {
    layer: Layer,
    layout: Layout,
}

/// Makes the layer, and the links from the application to it.
pub(crate) fn install(cx: &Build, lock: &Lock, node: &Version) -> Result<Installed> {
    let platform = platform(cx, node)?;
    let packages = selection::select(lock, &platform)?;
    let application = cx.app("").to_string_lossy().into_owned();
    let layout = Layout::of(lock, &packages, &application)?;
    report(lock, &packages, &layout, &platform);
    check_locals(cx, lock, &layout)?;
    let layer =
        cx.layer("dependencies").launch().cached_by(&layout.key()).or_create(|layer| fill(cx, lock, layer, &layout))?;
    layer.env(Scope::Launch).prepend("PATH", layer.at("node_modules/.bin"), ":")?;
    link_application(cx, &layer, &layout)?;
    Ok(Installed { layer, layout })
}

impl Installed {
    /// A command, given in a directory of the application, whose program is one of the packages': Node runs it, if that is
    /// what its first line asks for, since `env` need not be in the image.
    pub(crate) fn command(&self, directory: &str, command: Vec<String>) -> Vec<String> {
        let Some((name, arguments)) = command.split_first() else { return command };
        match self.layout.program(directory, name) {
            Some(program) if is_for_node(&self.layer.join(&program.link), &program.file) => {
                let script = self.layer.at(&program.link);
                ["node".to_owned(), script].into_iter().chain(arguments.iter().cloned()).collect()
            }
            _ => command,
        }
    }

    /// For a process that starts in a directory of the application with a `node_modules` of its own: npm looks for programs
    /// there first.
    pub(crate) fn find_programs_from(&self, directory: &str, process: &str) -> Result<()> {
        let modules = self.layout.application.get(directory).filter(|_| !directory.is_empty());
        if let Some(modules) = modules {
            let programs = self.layer.at(&format!("{modules}/.bin"));
            self.layer.env(Scope::Process(process.to_owned())).prepend("PATH", programs, ":")?;
        }
        Ok(())
    }
}

/// Whether Node runs a program: by its first line, or by its name if it has none that can be read.
fn is_for_node(path: &Path, name: &str) -> bool {
    let mut start = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(256).read_to_end(&mut start));
    let line = start.split(|byte| *byte == b'\n').next().and_then(|line| std::str::from_utf8(line).ok());
    match line.filter(|line| read.is_ok() && line.starts_with("#!")) {
        Some(line) => line.trim_end().rsplit([' ', '/']).next() == Some("node"),
        None => matches!(Path::new(name).extension().and_then(OsStr::to_str), None | Some("js" | "cjs" | "mjs")),
    }
}

fn platform(cx: &Context, node: &Version) -> Result<Platform> {
    let is_musl = cx.target().distribution.as_ref().is_some_and(|it| it.name == "alpine");
    Ok(Platform {
        os: cx.target().os.clone(),
        cpu: runtime::npm_architecture(cx.arch())?.to_owned(),
        libc: if is_musl { "musl" } else { "glibc" }.to_owned(),
        node: node.clone(),
    })
}

/// Tells what is installed, and what npm would do that is not done.
fn report(lock: &Lock, packages: &[&Entry], layout: &Layout, platform: &Platform) {
    let (number, noun) = (layout.archives.len(), if layout.archives.len() == 1 { "package" } else { "packages" });
    log::line(&format!("{number} {noun} from `{}`", lock.file));
    for entry in packages.iter().filter(|entry| !platform.runs(&entry.package)) {
        let range = entry.package.engines.get("node").map_or("", String::as_str);
        log::line(&format!("  `{}` is made for Node `{range}`, not {}", entry.id(), platform.node));
    }
    if !layout.with_scripts.is_empty() {
        log::line(&format!("  {}", install_scripts(&layout.with_scripts)));
        log::line("    what such a script would compile or download is missing: where the application needs that,");
        log::line("    take a package that brings it along as an optional dependency");
    }
}

/// Names a few, and says how many more there are.
fn install_scripts(packages: &[String]) -> String {
    const NAMED: usize = 3;
    let names: Vec<String> = packages.iter().take(NAMED).map(|package| format!("`{package}`")).collect();
    let names = names.join(", ");
    match packages.len() {
        1 => format!("{names} has an install script, which is not run:"),
        count if count > NAMED => {
            format!("{names} and {} more have install scripts, which are not run:", count - NAMED)
        }
        _ => format!("{names} have install scripts, which are not run:"),
    }
}

/// What `node_modules` links to must be there, or Node would not find it.
fn check_locals(cx: &Context, lock: &Lock, layout: &Layout) -> Result<()> {
    match layout.locals.iter().find(|path| !cx.app(path.as_str()).is_dir()) {
        None => Ok(()),
        Some(path) => Err(Error::user(
            "node/link/missing",
            format!("`{}` has a package in the directory `{path}`, but it is not in the application", lock.file),
        )
        .hint(format!("see whether an ignore file leaves `{path}` out, or run `npm install`"))),
    }
}

fn fill(cx: &Build, lock: &Lock, layer: &Layer, layout: &Layout) -> Result<()> {
    let requests = layout.archives.iter().map(|it| Request::new(&it.source.source).digest(&it.source.integrity));
    let artifacts = cx.fetch(requests).map_err(|error| not_granted(lock, layout, error))?;
    let placements = artifacts.iter().zip(&layout.archives);
    layer.unpack(placements.map(|(artifact, it)| Placement::new(artifact).below(&it.path).strip(1).without_links()))?;
    fs::create_dir_all(layer.join("node_modules"))?;
    rename_ignore_files(layer.path())?;
    layout.links.iter().try_for_each(|(path, text)| link(text, &layer.join(path)))?;
    link_programs(layer, layout)?;
    Ok(fs::write(layer.join("node_modules/.package-lock.json"), &layout.hidden_lock)?)
}

/// The lock file names hosts, and whoever wrote it can do something about them; the buildpack cannot.
fn not_granted(lock: &Lock, layout: &Layout, error: Error) -> Error {
    if error.code() != "artifacts/host/not-granted" {
        return error;
    }
    let text = error.to_string();
    let archives = layout.archives.iter().filter(|archive| text.contains(&format!("`{}`", archive.source.source)));
    let Some(archive) = archives.max_by_key(|archive| archive.source.source.len()) else { return error };
    let address = &archive.source.source;
    let after = address.split_once("://").map_or(address.as_str(), |(_, after)| after);
    let host = after.split('/').next().unwrap_or(after);
    let package = archive.path.rsplit_once("node_modules/").map_or(archive.path.as_str(), |(_, name)| name);
    Error::user(
        "node/lock/host",
        format!("`{}` has `{package}` from `{address}`, and packages may not be fetched from `{host}`", lock.file),
    )
    .hint(format!("if it is a registry or a mirror of one, name it: `npm = \"https://{host}/\"`, or `\"npm:@scope\" = …` for the packages of a scope, under `[registries]` in `wattle.toml`"))
    .hint("otherwise publish the package to a registry, or copy it into the application and depend on it by `file:<directory>`")
}

/// npm takes a package's `.gitignore` for its `.npmignore`, unless it has one.
fn rename_ignore_files(directory: &Path) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            rename_ignore_files(&path)?;
        } else if entry.file_name() == ".gitignore" {
            let renamed = directory.join(".npmignore");
            if renamed.exists() { fs::remove_file(path)? } else { fs::rename(path, renamed)? }
        }
    }
    Ok(())
}

/// Of several programs for one place the first counts, even when its file is missing.
fn link_programs(layer: &Layer, layout: &Layout) -> Result<()> {
    let mut seen = BTreeSet::new();
    for program in &layout.programs {
        let file = layer.join(&program.file);
        let is_first = seen.insert(program.link.as_str());
        if !file.exists() {
            continue;
        }
        if is_first {
            link(&program.text, &layer.join(&program.link))?;
        }
        if !program.local {
            layer.set_executable(&program.file, true)?;
            if is_first {
                end_first_line_as_unix(&file)?;
            }
        }
    }
    Ok(())
}

/// The kernel takes a carriage return at the end of `#!` for a part of the interpreter's name.
fn end_first_line_as_unix(file: &Path) -> Result<()> {
    let bytes = fs::read(file)?;
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return Ok(()) };
    if bytes.starts_with(b"#!") && end > 3 && bytes[end - 1] == b'\r' {
        fs::write(file, [&bytes[..end - 1], &bytes[end..]].concat())?;
    }
    Ok(())
}

/// Whatever `node_modules` the application came with gives way to the lock file's.
fn link_application(cx: &Context, layer: &Layer, layout: &Layout) -> Result<()> {
    let stale = layout.locals.iter().filter(|directory| !layout.application.contains_key(*directory));
    for directory in layout.application.keys().chain(stale) {
        let path = cx.app(directory).join("node_modules");
        if path.symlink_metadata().is_ok() {
            log::line(&format!("  `{}` in the application is left out", joined(directory, "node_modules")));
            runtime::remove(&path)?;
        }
    }
    for (directory, target) in &layout.application {
        link(&layer.at(target), &cx.app(directory).join("node_modules"))?;
    }
    Ok(())
}

fn joined(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

#[expect(deprecated, reason = "the only stable function that makes a link on WASI")]
fn link(text: &str, path: &Path) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::soft_link(text, path)?)
}

#[cfg(test)]
mod tests {
    use super::install_scripts;

    #[test]
    fn a_few_packages_are_named() {
        let check = |names: &str| install_scripts(&names.split(' ').map(str::to_owned).collect::<Vec<_>>());
        insta::assert_snapshot!(check("a@1"), @"`a@1` has an install script, which is not run:");
        insta::assert_snapshot!(check("a@1 b@2"), @"`a@1`, `b@2` have install scripts, which are not run:");
        insta::assert_snapshot!(check("a@1 b@2 c@3 d@4 e@5"), @"`a@1`, `b@2`, `c@3` and 2 more have install scripts, which are not run:");
    }
}

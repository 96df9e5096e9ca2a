//! The workspaces of a package (npm documentation, "workspaces").

use super::error::near;
use super::package::{Package, child, join};
use super::{Files, ScriptError};

/// Deeper than this a `**` does not look, counted in directories.
const DEPTH: usize = 8;

/// The workspace that is called `wanted`: by its package's name or by its directory. Seen from `directory`, or from the
/// application itself if the package there has no workspaces.
pub(super) fn find(files: &dyn Files, directory: &str, wanted: &str, origin: &str) -> Result<Package, ScriptError> {
    let mut root = Package::read(files, directory)?;
    if root.workspaces.is_empty() && !directory.is_empty() {
        root = Package::read(files, "")?;
    }
    let path = join(&root.directory, wanted);
    let mut names = Vec::new();
    for directory in directories(files, &root) {
        let package = Package::read(files, &directory)?;
        let name = package.name.clone().unwrap_or_else(|| last_step(&directory).to_owned());
        if name == wanted || path.as_deref() == Some(&directory) {
            return Ok(package);
        }
        names.push(name);
    }
    Err(ScriptError::UnknownWorkspace {
        origin: origin.to_owned(),
        workspace: wanted.to_owned(),
        package: root.path("package.json"),
        near: near(wanted, names.iter()),
    })
}

/// Directories of a package's workspaces, each with a `package.json`. Of the patterns that know a directory, the last
/// decides.
fn directories(files: &dyn Files, root: &Package) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for pattern in &root.workspaces {
        let negated = pattern.starts_with('!');
        let pattern = pattern.trim_start_matches('!').trim_start_matches('/');
        let steps: Vec<&str> = pattern.split('/').filter(|step| !matches!(*step, "" | ".")).collect();
        let mut matching = Vec::new();
        expand(files, &root.directory, &steps, DEPTH, &mut matching);
        found.retain(|directory| !matching.contains(directory));
        if !negated {
            found.extend(matching.into_iter().filter(|it| files.exists(&child(it, "package.json"))));
        }
    }
    found
}

/// All directories below `directory` that a pattern means.
fn expand(files: &dyn Files, directory: &str, steps: &[&str], depth: usize, found: &mut Vec<String>) {
    let Some((step, rest)) = steps.split_first() else {
        return found.push(directory.to_owned());
    };
    if *step == "**" {
        expand(files, directory, rest, depth, found);
    }
    if !step.contains('*') {
        return expand(files, &child(directory, step), rest, depth, found);
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    let names = files.list(directory).into_iter().filter(|name| name != "node_modules" && !name.starts_with('.'));
    for name in names.filter(|name| matches(step, name)) {
        let rest = if *step == "**" { steps } else { rest };
        expand(files, &child(directory, &name), rest, depth, found);
    }
}

/// Whether a name is one that a pattern with `*` in it means.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| matches(after, &rest[at..]))
        }),
    }
}

fn last_step(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

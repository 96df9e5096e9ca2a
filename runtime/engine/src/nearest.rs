//! When nothing applies: what nearly did.
//!
//! A buildpack that looked for `package.json` and did not find it would have passed where there is one. The trace of what
//! was looked for in vain says what to search for, so that this works for buildpacks that nobody here has heard of.

use std::collections::BTreeSet;
use wattle_tree::Tree;
use wattle_tree::overlay::{Seen, Trace};

/// How deep to look.
const DEPTH: usize = 3;
/// How many to name.
const NAMED: usize = 3;

/// Paths in the application, nearest first, of files that were looked for at its root in vain.
pub(crate) fn nearest(application: &Tree, workspace: &str, traces: &[Trace]) -> Vec<String> {
    let workspace = workspace.trim_matches('/');
    let wanted: BTreeSet<&str> = traces.iter().flat_map(|trace| missed_at_root(workspace, trace)).collect();
    let mut found: Vec<(usize, String)> = Vec::new();
    search(application, "", 0, &wanted, &mut found);
    found.sort();
    found.into_iter().map(|(_, path)| path).take(NAMED).collect()
}

fn missed_at_root<'t>(workspace: &str, trace: &'t Trace) -> impl Iterator<Item = &'t str> {
    let absent = trace.iter().filter(|(_, seen)| seen.contains(Seen::ABSENT));
    absent
        .filter_map(move |(path, _)| path.strip_prefix(workspace)?.strip_prefix('/'))
        .filter(|name| !name.contains('/'))
}

fn search(tree: &Tree, prefix: &str, depth: usize, wanted: &BTreeSet<&str>, found: &mut Vec<(usize, String)>) {
    for (name, node) in tree.entries() {
        match node {
            wattle_tree::Node::Directory(inner) if depth < DEPTH && &**name != "node_modules" => {
                search(inner, &format!("{prefix}{name}/"), depth + 1, wanted, found);
            }
            wattle_tree::Node::File(_) if depth > 0 && wanted.contains(&**name) => {
                found.push((depth, format!("{prefix}{name}")));
            }
            _ => {}
        }
    }
}

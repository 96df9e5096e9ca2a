//! Which packages of a lock file are installed: what `npm ci --omit=dev` would.

use crate::graph::Graph;
use crate::lock::{Entry, Lock};
use crate::platform::Platform;
use std::collections::BTreeSet;
use wattle_buildpack::{Error, Result};

/// The packages to install, in the lock file's order.
pub(crate) fn select<'a>(lock: &'a Lock, platform: &Platform) -> Result<Vec<&'a Entry>> {
    let declared = declared_as_files(lock);
    let omitted = |entry: &Entry| entry.package.extraneous || (entry.package.dev && !declared.contains(entry.top()));
    for entry in &lock.entries {
        if !entry.package.optional && !omitted(entry) && !platform.fits(&entry.package) {
            return Err(wrong_platform(entry, platform));
        }
    }
    let gone = unavailable(lock, platform);
    let stays = |(index, entry): &(usize, &Entry)| !gone.contains(index) && !omitted(entry);
    Ok(lock.entries.iter().enumerate().filter(stays).map(|(_, entry)| entry).collect())
}

/// Optional packages that are not for this platform, and what goes with them.
fn unavailable(lock: &Lock, platform: &Platform) -> BTreeSet<usize> {
    let graph = Graph::of(lock);
    let mut gone = BTreeSet::new();
    for (index, entry) in lock.entries.iter().enumerate() {
        let available = platform.fits(&entry.package) && platform.runs(&entry.package);
        if entry.package.optional && !available && !gone.contains(&index) {
            let set = graph.optional_set(index, &gone);
            gone.extend(set);
        }
    }
    gone
}

/// Directories that are dependencies by `file:` and no workspaces: npm installs their development dependencies, and so
/// does this.
fn declared_as_files(lock: &Lock) -> BTreeSet<&str> {
    let by_file = |name: &str| {
        lock.root
            .wanted
            .dependencies
            .get(name)
            .is_some_and(|spec| spec.starts_with("file:") || spec.starts_with("link:"))
    };
    let links = lock.entries.iter().filter(|entry| entry.package.link && by_file(entry.alias()));
    links.filter_map(|entry| entry.package.resolved.as_deref()).collect()
}

fn wrong_platform(entry: &Entry, platform: &Platform) -> Error {
    let package = &entry.package;
    let lists = [("os", &package.os), ("cpu", &package.cpu), ("libc", &package.libc)];
    let only: Vec<String> = lists
        .into_iter()
        .filter(|(_, list)| !list.as_slice().is_empty())
        .map(|(name, list)| format!("{name} {}", list.as_slice().join(" or ")))
        .collect();
    let Platform { os, cpu, libc, .. } = platform;
    Error::user(
        "node/package/platform",
        format!("`{}` is not for {os} on {cpu} with {libc}, but only for {}", entry.id(), only.join(", ")),
    )
    .hint("make it an optional dependency (`npm install --save-optional`), or build for a platform that it supports")
}

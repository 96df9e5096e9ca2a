//! `wattle store`.

use super::Context;
use crate::args::{self, StoreAction};
use crate::output::{size, table};
use crate::settings::Settings;
use anyhow::{Result, anyhow};
use serde::Serialize;
use std::collections::BTreeMap;
use wattle_sandbox::parse_bytes;
use wattle_store::{Collected, Kind, Store};

#[derive(Serialize)]
struct Place {
    directory: String,
}

#[derive(Serialize)]
struct Size {
    bytes: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Pruned {
    bytes: u64,
    removed_bytes: u64,
    /// Bytes that stay whatever the limit is.
    in_use_bytes: u64,
    kinds: BTreeMap<&'static str, PrunedKind>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct PrunedKind {
    bytes: u64,
    removed_bytes: u64,
}

/// Looks after the store.
pub(crate) fn run(cx: &Context, args: &args::Store) -> Result<()> {
    let directory = Settings::store(&cx.global)?;
    let open = || Store::open(&directory);
    match &args.action {
        StoreAction::Dir => {
            let directory = directory.display().to_string();
            print(cx, &Place { directory: directory.clone() }, &[directory]);
        }
        StoreAction::Size => {
            let bytes = open()?.size()?;
            print(cx, &Size { bytes }, &[size(bytes)]);
        }
        StoreAction::Prune { keep } => {
            let budget = parse_bytes(keep).ok_or_else(|| anyhow!("`--keep {keep}` is no size: write `--keep 2GiB`"))?;
            let collected = open()?.collect(budget)?;
            let pruned = pruned(&collected);
            print(cx, &pruned, &account(&pruned, budget, keep));
        }
    }
    Ok(())
}

/// A kind of contents, for programs and for people.
fn names(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Blobs => ("blobs", "downloads and packed layers"),
        Kind::Trees => ("trees", "unpacked layers"),
        Kind::Compiled => ("compiled", "compiled components"),
        Kind::Notes => ("notes", "notes on them"),
    }
}

fn pruned(collected: &Collected) -> Pruned {
    let bytes = |of: &BTreeMap<Kind, u64>, kind| of.get(&kind).copied().unwrap_or(0);
    let of_kind = |kind| {
        let (bytes, removed_bytes) = (bytes(&collected.kept, kind), bytes(&collected.removed, kind));
        (names(kind).0, PrunedKind { bytes, removed_bytes })
    };
    Pruned {
        bytes: collected.kept.values().sum(),
        removed_bytes: collected.removed.values().sum(),
        in_use_bytes: collected.in_use,
        kinds: Kind::ALL.into_iter().map(of_kind).collect(),
    }
}

/// What was removed and what is left of each kind, and why that is left.
fn account(pruned: &Pruned, budget: u64, keep: &str) -> Vec<String> {
    let row = |name: &str, removed, kept| vec![name.to_owned(), size(removed), size(kept)];
    let rows = Kind::ALL.into_iter().filter_map(|kind| {
        let (id, name) = names(kind);
        let found = pruned.kinds.get(id).filter(|it| it.bytes + it.removed_bytes > 0)?;
        Some(row(name, found.removed_bytes, found.bytes))
    });
    let head = ["", "removed", "kept"].map(str::to_owned).to_vec();
    let together = row("together", pruned.removed_bytes, pruned.bytes);
    let mut lines = table(&std::iter::once(head).chain(rows).chain([together]).collect::<Vec<_>>());
    lines.extend(match pruned.bytes {
        0 => None,
        bytes if bytes > budget => Some(format!(
            "kept {} although it is more than {keep}: it was used within five minutes, or since a build that runs began",
            size(bytes)
        )),
        bytes => Some(format!("kept {}, which is within {keep}", size(bytes))),
    });
    lines
}

fn print(cx: &Context, value: &impl Serialize, lines: &[String]) {
    if cx.printer.json { cx.printer.json(value) } else { cx.printer.lines(lines) }
}

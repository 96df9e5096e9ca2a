//! `wattle store`.

use super::Context;
use crate::args::{self, StoreAction};
use crate::output::size;
use crate::settings::Settings;
use anyhow::{Result, anyhow};
use serde::Serialize;
use wattle_sandbox::parse_bytes;
use wattle_store::Store;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Size {
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_bytes: Option<u64>,
}

/// Looks after the store.
pub(crate) fn run(cx: &Context, args: &args::Store) -> Result<()> {
    let directory = Settings::store(&cx.global)?;
    let open = || Store::open(&directory);
    match &args.action {
        StoreAction::Dir => cx.printer.data(&directory.display().to_string()),
        StoreAction::Size => {
            let bytes = open()?.size()?;
            print(cx, &Size { bytes, removed_bytes: None }, &size(bytes));
        }
        StoreAction::Prune { keep } => {
            let budget = parse_bytes(keep).ok_or_else(|| anyhow!("`--keep {keep}` is no size: write `--keep 2GiB`"))?;
            let collected = open()?.collect(budget)?;
            let text = format!("removed {}, kept {}", size(collected.removed), size(collected.kept));
            print(cx, &Size { bytes: collected.kept, removed_bytes: Some(collected.removed) }, &text);
        }
    }
    Ok(())
}

fn print(cx: &Context, value: &Size, text: &str) {
    if cx.printer.json { cx.printer.json(value) } else { cx.printer.data(text) }
}

//! Sizes of what is shipped.

use super::table::{self, Row};
use anyhow::Result;
use std::fs;
use std::path::Path;

/// The program, and what it carries.
pub(crate) fn measure() -> Result<Vec<Row>> {
    let carried = Path::new(env!("OUT_DIR"));
    let files = [
        ("`wattle`, all of it", Path::new(env!("CARGO_BIN_EXE_wattle")).to_owned()),
        ("component of wattle/node", carried.join("node.wasm")),
        ("component of wattle/procfile", carried.join("procfile.wasm")),
        ("launcher for amd64", carried.join("launcher-amd64")),
        ("launcher for arm64", carried.join("launcher-arm64")),
    ];
    let mut rows = Vec::new();
    for (what, path) in files {
        rows.extend(table::bytes(&format!("{what}: size"), fs::metadata(path)?.len(), None));
    }
    Ok(rows)
}

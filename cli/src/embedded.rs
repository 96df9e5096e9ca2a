//! What the program carries: first-party buildpacks, their order, and the launcher.

use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use wattle_engine::Package;
use wattle_plan::{Builder, Order};
use wattle_tree::{Blob, Node, Tree};

macro_rules! built {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name))
    };
}

/// A buildpack: its name, its `buildpack.toml`, its component's file name and bytes.
type Carried = (&'static str, &'static str, &'static str, &'static [u8]);

const BUILDPACKS: [Carried; 3] = [
    ("node", include_str!("../../buildpacks/node/buildpack.toml"), "node.wasm", built!("node.wasm")),
    ("procfile", include_str!("../../buildpacks/procfile/buildpack.toml"), "procfile.wasm", built!("procfile.wasm")),
    ("static", include_str!("../../buildpacks/static/buildpack.toml"), "static.wasm", built!("static.wasm")),
];

/// The first-party buildpacks.
pub(crate) fn buildpacks() -> Result<Vec<Package>> {
    let package = |(name, manifest, file, component): Carried| {
        let mut files = Tree::new();
        files.insert("buildpack.toml", Node::file(manifest))?;
        files.insert(file, Node::file(component.to_vec()))?;
        Package::new(&format!("embedded buildpack `{name}`"), files).context("an embedded buildpack is damaged")
    };
    BUILDPACKS.into_iter().map(package).collect()
}

/// The order in which they are tried.
pub(crate) fn order() -> Result<Order> {
    let builder = Builder::parse("builder.toml", include_str!("../../buildpacks/builder.toml"));
    Ok(builder.context("the embedded `builder.toml` is damaged")?.order)
}

/// The launcher for each architecture.
pub(crate) fn launchers() -> BTreeMap<String, Blob> {
    let launchers: [(&str, &[u8]); 2] = [("amd64", built!("launcher-amd64")), ("arm64", built!("launcher-arm64"))];
    launchers.into_iter().map(|(architecture, bytes)| (architecture.to_owned(), bytes.to_vec().into())).collect()
}

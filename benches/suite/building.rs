//! Building the sample, beside `npm ci` for its packages.

use super::cost::{self, Cost};
use super::table::{self, Row};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;
use wattle_test_support::{Files, has};

const NPM_COLD: &str = "`npm ci`, empty cache";
const NPM_WARM: &str = "`npm ci`, warm cache";
/// Downloads are repeated this often at most.
const DOWNLOADS: u8 = 3;

/// A copy of the sample, a store and a place for the image.
pub(crate) struct Sample {
    application: Files,
    work: TempDir,
}

impl Sample {
    /// With nothing in its store.
    pub(crate) fn new() -> Result<Sample> {
        Ok(Sample { application: Files::copy_of("samples/node-express"), work: TempDir::new()? })
    }

    /// The command that builds it.
    pub(crate) fn build(&self) -> Command {
        self.build_other(&self.application, "image")
    }

    /// The command that builds another application with the same store.
    fn build_other(&self, application: &Files, image: &str) -> Command {
        let mut wattle = Command::new(env!("CARGO_BIN_EXE_wattle"));
        wattle.args(["build", "--quiet"]).arg(application.path());
        wattle.arg("--store").arg(self.work.path().join("store"));
        wattle.arg("--output").arg(format!("oci:{}", self.work.path().join(image).display()));
        wattle
    }

    /// The files with the image's layers.
    pub(crate) fn layers(&self) -> Result<Vec<PathBuf>> {
        let image = self.work.path().join("image");
        let blob = |descriptor: &Value| -> Result<PathBuf> {
            let digest = descriptor["digest"].as_str().context("a descriptor has a digest")?;
            Ok(image.join("blobs").join(digest.replace(':', "/")))
        };
        let read = |path: PathBuf| -> Result<Value> { Ok(serde_json::from_slice(&fs::read(path)?)?) };
        let manifest = read(blob(&read(image.join("index.json"))?["manifests"][0])?)?;
        manifest["layers"].as_array().context("a manifest has layers")?.iter().map(blob).collect()
    }
}

/// The ways of a build, each beside npm in turn where npm does something alike.
pub(crate) fn measure(runs: u8) -> Result<Vec<Row>> {
    let npm = has("npm");
    let mut rows = cold(runs.min(DOWNLOADS), npm)?;
    let sample = Sample::new()?;
    cost::of(&sample.build())?;
    rows.extend(cached(&sample, runs, npm)?);
    let unchanged = (0..runs).map(|_| Ok(cost::of(&sample.build())?.0)).collect::<Result<Vec<Cost>>>()?;
    rows.extend(table::rows("build, unchanged", &unchanged, None));
    let changed = (0..runs).map(|run| changed(&sample, run)).collect::<Result<Vec<Cost>>>()?;
    rows.extend(table::rows("build, one file changed", &changed, None));
    Ok(rows)
}

/// Everything is downloaded, components are compiled, the run image is assembled.
fn cold(runs: u8, npm: bool) -> Result<Vec<Row>> {
    let (mut builds, mut installs) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        builds.push(cost::of(&Sample::new()?.build())?.0);
        if npm {
            installs.push(Npm::new()?.install()?);
        }
    }
    Ok(table::rows("build, empty store", &builds, Some((NPM_COLD, npm.then_some(&installs)))))
}

/// Another application with the same packages: these are here, but its layers are made.
fn cached(sample: &Sample, runs: u8, npm: bool) -> Result<Vec<Row>> {
    let warm = npm.then(Npm::new).transpose()?;
    warm.as_ref().map(Npm::install).transpose()?;
    let (mut builds, mut installs) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let application = Files::copy_of("samples/node-express");
        builds.push(cost::of(&sample.build_other(&application, &format!("image-{run}")))?.0);
        if let Some(npm) = &warm {
            installs.push(npm.install()?);
        }
    }
    Ok(table::rows("build, packages in the store", &builds, Some((NPM_WARM, npm.then_some(&installs)))))
}

fn changed(sample: &Sample, run: u8) -> Result<Cost> {
    let path = sample.application.join("server.js");
    let text = fs::read_to_string(&path)?;
    fs::write(&path, format!("{text}// {run}\n"))?;
    Ok(cost::of(&sample.build())?.0)
}

/// npm with a cache of its own.
struct Npm {
    cache: TempDir,
    lock: String,
}

impl Npm {
    /// With an empty cache and a lock file that has addresses in it: without, npm would ask for each package's versions.
    fn new() -> Result<Npm> {
        let application = Files::copy_of("samples/node-express");
        fs::remove_file(application.join("package-lock.json"))?;
        let scratch = TempDir::new()?;
        let args = ["install", "--package-lock-only", "--omit-lockfile-registry-resolved=false"];
        cost::of(&npm(&args, &application, &scratch))?;
        Ok(Npm { cache: TempDir::new()?, lock: application.read("package-lock.json") })
    }

    /// Installs what the lock file says into a new copy of the sample.
    fn install(&self) -> Result<Cost> {
        let application = Files::copy_of("samples/node-express").with("package-lock.json", &self.lock);
        Ok(cost::of(&npm(&["ci", "--omit=dev"], &application, &self.cache))?.0)
    }
}

fn npm(args: &[&str], application: &Files, cache: &TempDir) -> Command {
    let mut npm = Command::new("npm");
    npm.args(args).args(["--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(application.path());
    npm.env("npm_config_cache", cache.path());
    npm
}

//! Building the sample, beside `npm ci` for its packages.

use super::cost::{self, Cost};
use super::machine::has;
use super::table::{self, Row};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;
use wattle_test_support::Files;

const SAMPLE: &str = "samples/node-express";
/// What npm and Wattle read their registry from.
const REGISTRY: &str = "NPM_CONFIG_REGISTRY";
const NPM_COLD: &str = "`npm ci`, empty cache";
const NPM_WARM: &str = "`npm ci`, warm cache";
/// Downloads are repeated this often at most.
const DOWNLOADS: u8 = 3;

/// A copy of the sample, a store and a place for the image. The registry of packages is configured: a build asks npm for
/// its own otherwise, and that is a cost of npm.
pub(crate) struct Sample {
    application: Files,
    work: TempDir,
    registry: Option<String>,
}

impl Sample {
    /// With nothing in its store.
    pub(crate) fn new() -> Result<Sample> {
        let registry = has("npm").then(registry).transpose()?;
        Ok(Sample { application: Files::copy_of(SAMPLE), work: TempDir::new()?, registry })
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
        if let Some(registry) = &self.registry {
            wattle.env(REGISTRY, registry);
        }
        wattle
    }

    /// The command that builds it and asks npm where its registry is.
    fn build_asking(&self) -> Command {
        let mut wattle = self.build();
        wattle.env_remove(REGISTRY);
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
    rows.extend(repeated("build, unchanged", runs, |_| Ok(cost::of(&sample.build())?.0))?);
    if npm {
        let asking = |_| Ok(cost::of(&sample.build_asking())?.0);
        rows.extend(repeated("build, unchanged, npm asked for its registry", runs, asking)?);
    }
    rows.extend(repeated("build, one file changed", runs, |run| changed(&sample, run))?);
    Ok(rows)
}

fn repeated(what: &str, runs: u8, run: impl Fn(u8) -> Result<Cost>) -> Result<Vec<Row>> {
    let costs = (0..runs).map(run).collect::<Result<Vec<Cost>>>()?;
    Ok(table::rows(what, &costs, None))
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
        let application = Files::copy_of(SAMPLE);
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

/// Where npm says that its registry is.
fn registry() -> Result<String> {
    let output = Command::new("npm").args(["config", "get", "registry"]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// npm with a cache of its own.
struct Npm {
    cache: TempDir,
    lock: String,
}

impl Npm {
    /// With an empty cache and a lock file that has addresses in it: without, npm would ask for each package's versions.
    fn new() -> Result<Npm> {
        let application = Files::copy_of(SAMPLE);
        fs::remove_file(application.join("package-lock.json"))?;
        let scratch = TempDir::new()?;
        let args = ["install", "--package-lock-only", "--omit-lockfile-registry-resolved=false"];
        cost::of(&npm(&args, &application, &scratch))?;
        Ok(Npm { cache: TempDir::new()?, lock: application.read("package-lock.json") })
    }

    /// Installs what the lock file says into a new copy of the sample.
    fn install(&self) -> Result<Cost> {
        let application = Files::copy_of(SAMPLE).with("package-lock.json", &self.lock);
        Ok(cost::of(&npm(&["ci", "--omit=dev"], &application, &self.cache))?.0)
    }
}

fn npm(args: &[&str], application: &Files, cache: &TempDir) -> Command {
    let mut npm = Command::new("npm");
    npm.args(args).args(["--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(application.path());
    npm.env("npm_config_cache", cache.path());
    npm
}

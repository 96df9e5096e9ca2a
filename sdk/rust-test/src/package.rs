//! Packages of the workspace, built as components.

use serde_json::Value;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What components are built for.
const TARGET: &str = "wasm32-wasip2";

/// A package that was built.
pub(crate) struct Package {
    /// Where its `Cargo.toml` lies.
    pub(crate) directory: PathBuf,
    /// Its component.
    pub(crate) component: PathBuf,
}

/// Builds the package of this name, or says what is in the way.
pub(crate) fn build(name: &str) -> Result<Package, String> {
    let metadata = output(cargo(&["metadata", "--no-deps", "--format-version", "1"]), "`cargo metadata`")?;
    let metadata: Value = serde_json::from_str(&metadata)
        .map_err(|error| format!("what `cargo metadata` says cannot be read: {error}"))?;
    let manifest = manifest(&metadata, name)?;
    // Beside the tests' own, so that neither waits for the other's lock.
    let target = path(&metadata["target_directory"]).join("guests");
    let profile = profile(&path(&metadata["workspace_root"]));
    let mut cargo = cargo(&["build", "--message-format", "json-render-diagnostics", "--target", TARGET]);
    cargo.args(["--profile", profile, "--package", name, "--target-dir"]).arg(target);
    // What was said about the tests' own program is not about the component.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let messages = output(cargo, &format!("`cargo build` of `{name}` for {TARGET}"))?;
    let component = component(&messages, &manifest).ok_or_else(|| {
        format!("`{name}` has no component: its `Cargo.toml` needs `crate-type = [\"cdylib\", \"rlib\"]` in `[lib]`")
    })?;
    let directory = manifest.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Package { directory, component })
}

/// The `Cargo.toml` of a package of the workspace.
fn manifest(metadata: &Value, name: &str) -> Result<PathBuf, String> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let names: Vec<&str> = packages.clone().filter_map(|package| package["name"].as_str()).collect();
    let package = packages.into_iter().find(|package| package["name"] == name);
    let package = package.ok_or_else(|| format!("the workspace has no package `{name}`, but {}", names.join(", ")))?;
    Ok(path(&package["manifest_path"]))
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments);
    cargo
}

fn output(mut command: Command, what: &str) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{what} cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("{what} failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn path(value: &Value) -> PathBuf {
    value.as_str().unwrap_or_default().into()
}

/// A workspace that has a profile for its components is tested with what it will ship.
fn profile(workspace: &Path) -> &'static str {
    let text = fs::read_to_string(workspace.join("Cargo.toml")).unwrap_or_default();
    let table: toml::Table = text.parse().unwrap_or_default();
    let has_guest = table.get("profile").is_some_and(|profiles| profiles.get("guest").is_some());
    if has_guest { "guest" } else { "release" }
}

/// The component among the messages of cargo, each a line of JSON.
fn component(messages: &str, manifest: &Path) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut ours = messages.filter(|message| path(&message["manifest_path"]) == manifest);
    ours.find_map(|message| {
        let files = message["filenames"].as_array()?;
        files.iter().map(path).find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
    })
}

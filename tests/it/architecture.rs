//! The arrows between the crates, as ARCHITECTURE.md has them.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use wattle_test_support::{root, run};

/// Everything that opens sockets.
const SOCKETS: [&str; 6] = ["hyper", "hyper-util", "reqwest", "socket2", "tokio-rustls", "ureq"];

/// Folders of what users get; tests and chores may depend on what they like.
const SHIPPED: [&str; 4] = ["buildpacks", "cli", "runtime", "sdk"];

/// What each package depends on itself, tests aside, by name; and which packages are ours.
struct Packages {
    direct: BTreeMap<String, BTreeSet<String>>,
    ours: BTreeSet<String>,
}

impl Packages {
    fn read() -> Packages {
        let manifest = root().join("Cargo.toml");
        let text = run(
            env!("CARGO"),
            ["metadata", "--format-version", "1", "--locked", "--manifest-path", &manifest.to_string_lossy()],
        );
        let metadata: Value = serde_json::from_str(&text).unwrap();
        let names: BTreeMap<&str, &str> =
            list(&metadata["packages"]).map(|package| (text_of(&package["id"]), text_of(&package["name"]))).collect();
        let mut direct: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let wanted = list(&node["deps"]).filter(|dep| list(&dep["dep_kinds"]).any(|kind| kind["kind"].is_null()));
            let wanted = wanted.map(|dep| names[text_of(&dep["pkg"])].to_owned());
            direct.entry(names[text_of(&node["id"])].to_owned()).or_default().extend(wanted);
        }
        let members: BTreeSet<&str> = list(&metadata["workspace_members"]).map(text_of).collect();
        let ours = list(&metadata["packages"]).filter(|package| members.contains(text_of(&package["id"])));
        let ours = ours.filter(|package| SHIPPED.iter().any(|folder| lies_in(package, folder)));
        let ours = ours.map(|package| text_of(&package["name"]).to_owned()).collect();
        Packages { direct, ours }
    }

    /// Packages of ours that name one of these themselves.
    fn naming(&self, wanted: impl Fn(&str) -> bool) -> Vec<&str> {
        let names = |package: &&String| self.direct[*package].iter().any(|name| wanted(name));
        self.ours.iter().filter(names).map(String::as_str).collect()
    }

    /// Everything that a package depends on, however far.
    fn reach(&self, package: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut next = vec![package];
        while let Some(package) = next.pop() {
            for name in &self.direct[package] {
                if reached.insert(name.as_str()) {
                    next.push(name);
                }
            }
        }
        reached
    }

    /// What a package depends on of ours, itself.
    fn ours_of(&self, package: &str) -> Vec<&str> {
        self.direct[package].iter().filter(|name| self.ours.contains(*name)).map(String::as_str).collect()
    }
}

fn lies_in(package: &Value, folder: &str) -> bool {
    Path::new(text_of(&package["manifest_path"])).starts_with(root().join(folder))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn only_the_sandbox_knows_wasmtime() {
    assert_eq!(Packages::read().naming(|name| name.starts_with("wasmtime")), ["wattle-sandbox"]);
}

#[test]
fn only_transport_and_fetch_open_sockets() {
    let packages = Packages::read();
    assert_eq!(packages.naming(|name| SOCKETS.contains(&name)), ["wattle-fetch", "wattle-transport"]);
}

#[test]
fn values_do_no_input_and_output() {
    let packages = Packages::read();
    for package in ["wattle-tree", "wattle-oci", "wattle-plan", "wattle-debian", "wattle-sbom"] {
        let reach = packages.reach(package);
        assert!(!reach.contains("tokio"), "`{package}` is asynchronous");
        let sockets: Vec<_> = SOCKETS.iter().filter(|name| reach.contains(*name)).collect();
        assert!(sockets.is_empty(), "`{package}` can open sockets: {sockets:?}");
    }
}

#[test]
fn arrows_point_one_way() {
    let packages = Packages::read();
    let lines: Vec<String> = packages
        .ours
        .iter()
        .map(|package| format!("{package}: {}", packages.ours_of(package).join(" ")).trim_end().to_owned())
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    ca-certificates-buildpack: wattle-buildpack wattle-trust
    environment-variables-buildpack: wattle-buildpack
    hello-buildpack: wattle-buildpack
    image-labels-buildpack: wattle-buildpack
    node-buildpack: wattle-buildpack wattle-command
    procfile-buildpack: wattle-buildpack wattle-command
    static-buildpack: wattle-buildpack
    wattle: wattle-debian wattle-engine wattle-fetch wattle-oci wattle-plan wattle-sandbox wattle-store wattle-transport wattle-tree
    wattle-buildpack:
    wattle-buildpack-test: wattle-launcher wattle-plan wattle-sandbox wattle-tree
    wattle-command:
    wattle-debian: wattle-tree
    wattle-engine: wattle-debian wattle-fetch wattle-launcher wattle-oci wattle-plan wattle-sandbox wattle-sbom wattle-store wattle-transport wattle-tree
    wattle-fetch: wattle-store wattle-tree
    wattle-launcher:
    wattle-oci: wattle-tree
    wattle-plan: wattle-tree
    wattle-sandbox: wattle-tree
    wattle-sbom: wattle-tree
    wattle-store: wattle-tree
    wattle-transport: wattle-oci wattle-tree
    wattle-tree:
    wattle-trust:
    ");
}

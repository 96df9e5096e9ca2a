//! Many images of one application in a registry, and two releases of their run image.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use wattle_test_support::{Files, Peers, ask, run, skopeo};
use wattle_tree::Digest;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// They, all with configurations of their own. A registry is named by what stands before its repositories.
pub(crate) struct Fleet {
    registry: String,
    /// Manifests of the releases of the run image.
    releases: [Vec<u8>; 2],
    current: usize,
    store: TempDir,
}

/// Who rebases them.
pub(crate) enum Way<'a> {
    /// All in one process.
    Wattle,
    /// The reference, so many processes at once.
    Rebaser(&'a Peers, usize),
}

impl Fleet {
    /// Makes them, on the first release.
    pub(crate) fn new(registry: &str, images: usize) -> Result<Fleet> {
        let registry = registry.to_owned();
        let releases = run_images(&registry)?;
        let fleet = Fleet { registry, releases, current: 0, store: TempDir::new()? };
        fleet.put("/v2/run/manifests/current", MANIFEST, &fleet.releases[0])?;
        let contents: String = (0..500_000).map(|number: u32| number.to_string() + "\n").collect();
        let application = Files::of([("Procfile", "web: serve\n"), ("numbers", &*contents)]);
        let mut build = fleet.wattle(&["build", "--quiet", "--platform", "linux/amd64"]);
        build.arg("--run-image").arg(fleet.name("run:current"));
        build.arg("--output").arg(fleet.name("shop:built")).arg(application.path());
        let output = build.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fleet.multiply(images)?;
        Ok(fleet)
    }

    /// The run image has another release from now on.
    pub(crate) fn release(&mut self) -> Result<()> {
        self.current = 1 - self.current;
        self.put("/v2/run/manifests/current", MANIFEST, &self.releases[self.current])
    }

    /// The command that puts the first so many on it.
    pub(crate) fn rebase(&self, way: &Way<'_>, images: usize) -> Command {
        let names = (0..images).map(|number| self.name(&format!("shop:{number}")));
        match way {
            Way::Wattle => {
                let mut wattle = self.wattle(&["rebase", "--quiet"]);
                wattle.args(names);
                wattle
            }
            Way::Rebaser(peers, at_once) => {
                let script = format!(
                    "printf '%s\\n' \"$@\" | xargs -P {at_once} -n 1 \"$0\" -run-image {}",
                    self.name("run:current")
                );
                let rebaser = peers.command("rebaser", [""; 0]);
                let mut command = Command::new("sh");
                command.args(["-c", &script]).arg(rebaser.get_program()).args(names);
                command.env_clear().envs(rebaser.get_envs().filter_map(|(name, value)| Some((name, value?))));
                command
            }
        }
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.registry)
    }

    fn wattle(&self, args: &[&str]) -> Command {
        let mut wattle = Command::new(env!("CARGO_BIN_EXE_wattle"));
        wattle.args(args).arg("--store").arg(self.store.path());
        wattle
    }

    /// Makes of the image that was built as many as there are to be.
    fn multiply(&self, images: usize) -> Result<()> {
        let mut manifest: Value = serde_json::from_slice(&self.get("/v2/shop/manifests/built")?)?;
        let digest = manifest["config"]["digest"].as_str().context("a manifest has a configuration")?.to_owned();
        let mut config: Value = serde_json::from_slice(&self.get(&format!("/v2/shop/blobs/{digest}"))?)?;
        for number in 0..images {
            config["config"]["Labels"]["number"] = number.to_string().into();
            let bytes = serde_json::to_vec(&config)?;
            let digest = Digest::of(&bytes).to_string();
            let (head, _) = self.ask("POST", "/v2/shop/blobs/uploads/", "", &[])?;
            let location =
                head.lines().find_map(|line| line.strip_prefix("Location: ")).context("nowhere to upload to")?;
            let path = location.find("/v2/").map(|start| &location[start..]).context("a strange location")?;
            self.put(&format!("{path}&digest={digest}"), "application/octet-stream", &bytes)?;
            (manifest["config"]["digest"], manifest["config"]["size"]) = (digest.into(), bytes.len().into());
            self.put(&format!("/v2/shop/manifests/{number}"), MANIFEST, &serde_json::to_vec(&manifest)?)?;
        }
        Ok(())
    }

    fn get(&self, path: &str) -> Result<Vec<u8>> {
        Ok(self.ask("GET", path, "", &[])?.1)
    }

    fn put(&self, path: &str, kind: &str, body: &[u8]) -> Result<()> {
        self.ask("PUT", path, kind, body).map(|_| ())
    }

    fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<(String, Vec<u8>)> {
        Ok(ask(self.registry.trim_end_matches('/'), method, path, kind, body)?)
    }
}

/// Publishes two releases of a run image with next to nothing in it, and gives their manifests.
fn run_images(registry: &str) -> Result<[Vec<u8>; 2]> {
    let files = Files::of([("os-release", "ID=tiny\n"), ("1", "1\n"), ("2", "2\n")]);
    let layout = files.join("layout").to_string_lossy().into_owned();
    let image = format!("{layout}:latest");
    run("umoci", ["init", "--layout", &layout]);
    run("umoci", ["new", "--image", &image]);
    run("umoci", ["config", "--image", &image, "--architecture", "amd64", "--config.user", "65532:65532"]);
    run("umoci", ["insert", "--image", &image, &files.join("os-release").to_string_lossy(), "/etc/os-release"]);
    let publish = |release: &str| -> Result<Vec<u8>> {
        let tagged = format!("{layout}:{release}");
        let file = files.join(release).to_string_lossy().into_owned();
        run("umoci", ["insert", "--image", &image, "--tag", release, &file, "/etc/release"]);
        let to = format!("docker://{registry}run:{release}");
        skopeo(["copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", &format!("oci:{tagged}"), &to]);
        manifest(Path::new(&layout), release)
    };
    Ok([publish("1")?, publish("2")?])
}

fn manifest(layout: &Path, tag: &str) -> Result<Vec<u8>> {
    let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json"))?)?;
    let mut all = index["manifests"].as_array().into_iter().flatten();
    let found = all.find(|it| it["annotations"]["org.opencontainers.image.ref.name"] == tag);
    let digest = found.and_then(|it| it["digest"].as_str()).context("the image was made")?;
    Ok(fs::read(layout.join("blobs").join(digest.replace(':', "/")))?)
}

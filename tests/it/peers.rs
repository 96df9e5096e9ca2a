//! The reference implementation as the judge: its programs on our images, and ours on its images.
//!
//! These tests are skipped where it is not: see `CONTRIBUTING.md`.

mod creator;
mod diff_ids;
mod fields;
mod launchers;
mod pack;
mod packages;
mod rebaser;
mod rebuild;

use crate::wattle;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use wattle_test_support::{
    Bundle, Call, Files, Image, Output, Peers, Registry, Room, Wattle, component, root, run, skopeo,
};

/// A registry with two releases of a run image, in the two forms that images have: `run:1` and `run:2` are OCI images, as
/// Wattle makes them, `docker-run:1` and `docker-run:2` are Docker's.
struct World {
    peers: Peers,
    registry: Registry,
}

/// What the run image is made of: enough to start scripts.
const RUN_TOML: &str = r#"
suite = "bookworm"
packages = ["base-files", "coreutils", "dash"]
targets = ["amd64"]
"#;

impl World {
    /// None, with a word about it, where the reference is not here.
    fn new() -> Option<World> {
        let world = World { peers: Peers::here()?, registry: Registry::new() };
        let files = Files::of([("run.toml", RUN_TOML), ("release", "2\n")]);
        let layout = files.join("base").to_string_lossy().into_owned();
        let create = wattle().args(["run-image", "create", "--output", &format!("oci:{layout}:1")]);
        create.arg(files.join("run.toml")).run().succeeds();
        let image = |release: &str| format!("{layout}:{release}");
        let (first, second) = (image("1"), image("2"));
        run(
            "umoci",
            ["insert", "--image", &first, "--tag", "2", &files.join("release").to_string_lossy(), "/etc/release"],
        );
        for (release, image) in [("1", &first), ("2", &second)] {
            let released = format!("io.buildpacks.base.released={release}");
            run("umoci", ["config", "--image", image, "--config.label", &released]);
            for (form, name) in [("oci", "run"), ("v2s2", "docker-run")] {
                let to = format!("docker://{}", world.image(&format!("{name}:{release}")));
                let args = ["copy", "--quiet", "--dest-tls-verify=false", "--format", form];
                skopeo(args.into_iter().chain([&*format!("oci:{image}"), &to]));
            }
        }
        Some(world)
    }

    /// The name of an image in the registry.
    fn image(&self, name: &str) -> String {
        self.registry.image(name)
    }

    /// A name that means another image from now on.
    fn tag(&self, from: &str, to: &str) {
        let [from, to] = [from, to].map(|name| format!("docker://{}", self.image(name)));
        let insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"];
        skopeo(["copy", "--quiet", "--preserve-digests"].into_iter().chain(insecure).chain([&*from, &to]));
    }

    /// Publishes an image with more labels under another name.
    fn label(&self, from: &str, to: &str, labels: &[&str]) {
        let (files, _) = self.pulled(from);
        let layout = format!("{}:latest", files.join("pulled").display());
        let labels = labels.iter().flat_map(|label| ["--config.label", label]);
        run("umoci", ["config", "--image", &layout].into_iter().chain(labels));
        let to = format!("docker://{}", self.image(to));
        skopeo(["copy", "--quiet", "--dest-tls-verify=false", &format!("oci:{layout}"), &to]);
    }

    /// Builds an application with the component of `twin`, or, if that is not wanted, with our own buildpacks.
    fn wattle_builds(&self, application: &Files, twin: bool, run_image: &str, name: &str) -> Output {
        self.builds_with(&wattle(), application, twin, run_image, name)
    }

    /// The same with a store.
    fn builds_with(&self, wattle: &Wattle, application: &Files, twin: bool, run_image: &str, name: &str) -> Output {
        let call = wattle.args(["build", "--platform", "linux/amd64", "--run-image", &self.image(run_image)]);
        let call = call.args(["--output", &self.image(name)]).arg(application.path());
        let buildpack = twin_buildpack();
        let call = if twin { call.args(["--buildpack", buildpack.text()]) } else { call };
        call.run().succeeds()
    }

    /// Room for the lifecycle with the scripts of `twin`, which records a name of the run image.
    fn room(&self, run_image: &str) -> Room<'_> {
        let twin = root().join("tests/components/twin");
        Room::new(&self.peers, &self.image(run_image), &[("test/twin", "1.2.3", &twin)])
    }

    /// Builds an application with the scripts of `twin`, and gives what was said.
    fn creator_builds(&self, room: &Room<'_>, application: &Files, run_image: &str, name: &str) -> Output {
        room.receive(application.path());
        let run_image = format!("-run-image={}", self.image(run_image));
        room.run("creator", ["-cache-dir=/cache", &run_image, &self.image(name)]).succeeds()
    }

    /// Rebases images with ours.
    fn wattle_rebases(&self, names: &[&str]) -> Call {
        wattle().args(["rebase"]).args(names.iter().map(|name| self.image(name)))
    }

    /// Rebases an image with the reference.
    fn rebaser_rebases(&self, args: &[&str], run_image: &str, names: &[&str]) -> Output {
        let run_image = ["-run-image".to_owned(), self.image(run_image)];
        let names = names.iter().map(|name| self.image(name));
        self.peers.run("rebaser", args.iter().map(|arg| (*arg).to_owned()).chain(run_image).chain(names))
    }

    /// What an image is.
    fn seen(&self, name: &str) -> Seen {
        let (digest, manifest) = self.registry.manifest(name);
        Seen { digest, manifest, config: self.registry.configuration(name) }
    }

    /// All of an image, in a directory. What the reference makes of OCI images has media types of Docker's images too, and then
    /// hardly anything else can read it: they become those of OCI images, which have the same layers.
    fn pulled(&self, name: &str) -> (Files, Image) {
        let (_, mut manifest) = self.registry.manifest(name);
        manifest["mediaType"] = "application/vnd.oci.image.manifest.v1+json".into();
        manifest["config"]["mediaType"] = "application/vnd.oci.image.config.v1+json".into();
        for layer in manifest["layers"].as_array_mut().unwrap() {
            layer["mediaType"] = "application/vnd.oci.image.layer.v1.tar+gzip".into();
        }
        let (repository, _) = name.rsplit_once(':').unwrap();
        let pulled = format!("{repository}:pulled");
        self.registry.put(&pulled, &manifest);
        let (files, from) = (Files::new(), format!("docker://{}", self.image(&pulled)));
        let to = format!("oci:{}:latest", files.join("pulled").display());
        skopeo(["copy", "--quiet", "--preserve-digests", "--src-tls-verify=false", &from, &to]);
        let image = Image::verified(&files.join("pulled"), "latest");
        (files, image)
    }

    /// An image to start.
    fn unpacked(&self, name: &str) -> Bundle {
        let (files, _) = self.pulled(name);
        Bundle::unpack(&files.join("pulled"), "latest")
    }
}

/// Manifest and configuration of an image.
struct Seen {
    digest: String,
    manifest: Value,
    config: Value,
}

impl Seen {
    /// The digests of its layers as they are packed, the lowest first.
    fn blobs(&self) -> Vec<&str> {
        self.manifest["layers"].as_array().into_iter().flatten().filter_map(|layer| layer["digest"].as_str()).collect()
    }

    /// The digests of its layers as they are unpacked, the lowest first.
    fn diff_ids(&self) -> Vec<&str> {
        self.config["rootfs"]["diff_ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn label(&self, name: &str) -> &str {
        self.config["config"]["Labels"][name].as_str().unwrap_or_else(|| panic!("there is no label `{name}`"))
    }

    /// The label that says which layer is what.
    fn lifecycle(&self) -> Value {
        serde_json::from_str(self.label("io.buildpacks.lifecycle.metadata")).unwrap()
    }
}

/// The component of `twin`, in a directory of its own.
fn twin_buildpack() -> Files {
    let manifest = fs::read(root().join("tests/components/twin/buildpack.toml")).unwrap();
    let component = fs::read(component("twin-buildpack")).unwrap();
    Files::new().with("buildpack.toml", manifest).with("twin.wasm", component)
}

/// An application for `twin`, with names and links as archives have trouble with.
fn application() -> Files {
    let (long, longer) = ("n".repeat(120), "x".repeat(101));
    let files = Files::of([
        ("version", "1\n"),
        ("tree/a/z", "z\n"),
        ("tree/a-b", "ab\n"),
        ("tree/a.c", "ac\n"),
        ("tree/grüße/日本", "non-ASCII\n"),
        (&format!("tree/{long}/{long}/file"), "deep\n"),
        (&format!("tree/{longer}"), "long\n"),
        ("tree/run", "#!/bin/sh\necho here\n"),
    ]);
    fs::create_dir(files.join("tree/empty")).unwrap();
    fs::set_permissions(files.join("tree/run"), Permissions::from_mode(0o755)).unwrap();
    fs::hard_link(files.join("tree/a-b"), files.join("tree/hard")).unwrap();
    symlink("a/z", files.join("tree/short")).unwrap();
    symlink(format!("{}{long}", "../".repeat(20)), files.join("tree/far")).unwrap();
    symlink(longer, files.join("tree/zu-weit-für-ustar")).unwrap();
    files.open_to_all(false);
    files
}

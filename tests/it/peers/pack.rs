//! pack reads our images, and rebases them.

use super::{World, application};
use serde_json::{Value, json};
use std::path::Path;
use wattle_test_support::{Entry, Files, Listing, Output};

impl World {
    fn pack(&self, args: &[&str]) -> Output {
        self.peers.run("pack", args)
    }

    /// What `pack inspect` says of an image in a registry, to programs.
    fn inspected(&self, name: &str) -> Value {
        let said = self.pack(&["inspect", &self.image(name), "--output", "json"]).succeeds();
        let said: Value = serde_json::from_str(&said.stdout).unwrap();
        said["remote_info"].clone()
    }

    /// Lets pack rebase an image, with these arguments.
    fn pack_rebases(&self, name: &str, args: &[&str]) -> Output {
        let name = self.image(name);
        self.pack(&[&["rebase", &*name, "--publish"], args].concat())
    }
}

/// A process, as pack shows it.
fn process(kind: &str, command: &str, args: &[&str], directory: &str) -> Value {
    let args = if args.is_empty() { Value::Null } else { json!(args) };
    let default = kind == "web";
    json!({
        "type": kind, "shell": "", "command": command, "default": default, "args": args, "working-dir": directory
    })
}

#[test]
fn l32_pack_inspects_what_wattle_built() {
    let Some(world) = World::new() else { return };
    world.wattle_builds(&application(), true, "run:1", "shop:1");
    let (said, run_image) = (world.inspected("shop:1"), world.seen("run:1"));
    let processes = json!([
        process("web", "environ", &[], "/workspace"),
        process("arguments", "cat", &["/proc/self/cmdline", "/proc/self/environ"], "/workspace"),
        process("below", "pwd", &[], "/workspace/tree"),
        process("replaceable", "echo", &["replaced", "or not"], "/workspace"),
    ]);
    assert_eq!(said["processes"], processes);
    let twin = json!([{ "id": "test/twin", "version": "1.2.3", "homepage": "https://twin.test" }]);
    assert_eq!(said["buildpacks"], twin);
    assert_eq!(said["base_image"]["top_layer"], *run_image.diff_ids().last().unwrap());
    assert_eq!(said["base_image"]["reference"], format!("{}@{}", world.image("run"), run_image.digest));
    assert_eq!(said["run_images"], json!([{ "name": world.image("run:1") }]));
    assert_eq!((&said["rebasable"], &said["stack"]), (&json!(true), &json!("")));

    // Of the image that the reference makes of the same, it says the same.
    let room = world.room("run:1");
    world.creator_builds(&room, &application(), "run:1", "reference:1");
    assert_eq!(world.inspected("reference:1"), said);
}

#[test]
fn l32_l33_pack_says_it_to_people_too() {
    let Some(world) = World::new() else { return };
    let application = Files::of([("Procfile", "web: cat /etc/os-release\nworker: env A=b\n")]);
    world.wattle_builds(&application, false, "run:1", "shop:1");
    let said = world.pack(&["inspect", &world.image("shop:1")]).succeeds();
    let version = env!("CARGO_PKG_VERSION");
    // A word, a version and a web page, with as much space between as there is.
    let text: Vec<String> =
        said.data().lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    insta::assert_snapshot!(text.join("\n").replace(version, "[version]"), @"
    Inspecting image: '[server]/shop:1'

    REMOTE:

    Stack:

    Base Image:
    Reference: [server]/run@[digest]
    Top Layer: [digest]

    Run Images:
    [server]/run:1

    Rebasable: true

    Buildpacks:
    ID VERSION HOMEPAGE
    wattle/ca-certificates [version] -
    wattle/procfile [version] -

    Processes:
    TYPE SHELL COMMAND ARGS WORK DIR
    web (default) cat /etc/os-release /workspace
    worker env A=b /workspace

    LOCAL:
    (not present)
    ");
}

#[test]
fn i73_i74_l35_pack_downloads_the_bills_of_materials() {
    let Some(world) = World::new() else { return };
    world.wattle_builds(&application(), true, "run:1", "shop:1");
    let files = Files::new();
    let download = |name: &str, to: &Path| {
        let to = to.to_string_lossy().into_owned();
        let _ = world.pack(&["sbom", "download", &world.image(name), "--remote", "--output-dir", &to]).succeeds();
    };
    download("shop:1", &files.join("theirs"));
    let (_files, image) = world.pulled("shop:1");
    let sha = image.label("io.buildpacks.lifecycle.metadata")["sbom"]["sha"].clone();
    let layers = image.config["rootfs"]["diff_ids"].as_array().unwrap();
    let layer = Listing::of_tar(image.tar(layers.iter().position(|it| *it == sha).unwrap()));
    assert_eq!(Listing::of_directory(&files.join("theirs")).difference(&layer), "");
    let is_bill = |(path, entry): (&String, &Entry)| path.ends_with(".cdx.json") && matches!(entry, Entry::File { .. });
    assert!(layer.0.iter().any(is_bill), "{layer:?}");
}

#[test]
fn l31_pack_rebases_what_wattle_built() {
    let Some(world) = World::new() else { return };
    world.wattle_builds(&application(), true, "run:1", "shop:1");
    // The image names `run:1`, which from now on is the second release.
    world.tag("run:2", "run:1");
    let before = world.seen("shop:1");
    let files = Files::new();
    let report = files.text();
    let previous = world.image("shop:1");
    let args = ["--previous-image", &previous, "--run-image", &world.image("run:1"), "--report-output-dir", report];
    let said = world.pack_rebases("shop:2", &args).succeeds();
    assert!(said.stdout.contains("Successfully rebased image"), "{}{}", said.stdout, said.stderr);
    let report: toml::Table = files.read("report.toml").parse().unwrap();
    let after = world.seen("shop:2");
    assert_eq!(report["image"]["digest"].as_str(), Some(&*after.digest));
    assert_eq!(world.seen("shop:1").digest, before.digest, "the previous image was changed");
    // In place, with the name that the image itself has for its run image.
    let _ = world.pack_rebases("shop:1", &[]).succeeds();
    assert_eq!(world.seen("shop:1").digest, after.digest);
    let run_image = world.seen("run:2");
    assert_eq!(world.inspected("shop:1")["base_image"]["top_layer"], *run_image.diff_ids().last().unwrap());

    // Another name than the image has is refused.
    let refused = world.pack_rebases("shop:1", &["--run-image", &world.image("run:2")]).fails(1);
    assert!(refused.stderr.contains("not found in existing run image metadata"), "{}", refused.stderr);
    let _ = world.pack_rebases("shop:1", &["--run-image", &world.image("run:2"), "--force"]).succeeds();
    assert_eq!(world.seen("shop:1").lifecycle()["runImage"]["image"], world.image("run:2"));
}

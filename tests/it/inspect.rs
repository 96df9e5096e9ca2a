//! What is in images, builders and packages of buildpacks, whoever made them.

use crate::run_image::TinyRunImage;
use crate::wattle;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use wattle_test_support::{Files, Image, Output, run};

/// An image that `umoci` made, with one layer and these labels. In their values, `{0}` is the diff-id of the layer.
struct Labelled(TinyRunImage);

impl Labelled {
    fn new(labels: &[(&str, Value)]) -> Labelled {
        let image = TinyRunImage::amd64();
        let name = image.name();
        let config = Image::verified(&image.path().join("layout"), "latest").config;
        let diff_id = config["rootfs"]["diff_ids"][0].as_str().unwrap();
        let text =
            |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).replace("{0}", diff_id);
        for (key, value) in labels {
            let label = format!("{key}={}", text(value));
            run("umoci", ["config", "--image", name.trim_start_matches("oci:"), "--config.label", &label]);
        }
        Labelled(image)
    }

    fn inspect(&self, arguments: &[&str]) -> Output {
        let call = wattle().args(["inspect", &self.0.name()]).args(arguments);
        call.calling(self.0.path(), "made").run()
    }

    /// A file with the whole layout, made by `tar` with these options.
    fn archive(&self, options: &[&str]) -> String {
        let layout = self.0.path().join("layout").display().to_string();
        let file = self.0.path().join("made.cnb").display().to_string();
        run("tar", options.iter().copied().chain(["-f", &file, "-C", &layout, "."]));
        file
    }
}

fn application() -> (Files, String) {
    let (application, run_image) = (Files::of([("Procfile", "web: serve\n")]), TinyRunImage::amd64());
    let output = Files::new();
    let image = format!("oci:{}", output.join("image").display());
    let call = wattle().args(["build", "--quiet", "--platform", "linux/amd64", "--output", &image]);
    call.args(["--run-image", &run_image.name()]).arg(application.path()).run().succeeds();
    (output, image)
}

fn json_of(image: &str) -> Value {
    wattle().args(["inspect", "--format", "json", image]).run().succeeds().json_lines().pop().unwrap()
}

/// What Python reads of a text, with a reader of these words.
fn read_by_python(reader: &str, text: &str) -> Value {
    let file = Files::of([("text", text)]);
    let program = format!(
        "import json, yaml, tomllib; text = open('{}').read(); print(json.dumps({reader}(text)))",
        file.join("text").display()
    );
    serde_json::from_str(&run("python3", ["-c", &program])).unwrap()
}

/// Without what TOML cannot say.
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, it)| !it.is_null())
            .map(|(key, it)| (key, without_null(it)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(values) => values.into_iter().filter(|it| !it.is_null()).map(without_null).collect(),
        value => value,
    }
}

#[test]
fn l32_every_form_says_the_same() {
    let (_output, image) = application();
    let all = json_of(&image);
    let form = |form: &str| wattle().args(["inspect", &image, "--as", form]).run().succeeds().stdout;
    assert_eq!(serde_json::from_str::<Value>(&form("json")).unwrap(), all);
    assert_eq!(read_by_python("yaml.safe_load", &form("yaml")), all);
    assert_eq!(read_by_python("tomllib.loads", &form("toml")), without_null(all.clone()));
    assert_eq!(form("human"), wattle().args(["inspect", &image]).run().succeeds().stdout);

    assert_eq!(all["kind"], "application");
    assert_eq!(all["buildpacks"][0]["id"], "wattle/procfile");
    assert_eq!((&all["processes"][0]["type"], &all["processes"][0]["default"]), (&"web".into(), &true.into()));
    assert_eq!(all["rebasable"], true);
    assert_eq!(all["bill-of-materials"]["formats"], json!(["cyclonedx", "spdx"]));
    assert_eq!(all["environment"]["CNB_APP_DIR"], "/workspace");
    assert_eq!(all["problems"], Value::Null);
}

#[test]
fn an_image_that_no_buildpack_built_says_so() {
    let made = Labelled::new(&[("org.example.note", json!("plain"))]);
    insta::assert_snapshot!(made.inspect(&[]).succeeds().data(), @"");
}

#[test]
fn what_steers_terminals_does_not_reach_them() {
    let evil = "\u{1b}[2J\u{9b}31m\u{202e}\rfake\nDigest    sha256:forged\u{7}";
    let build = json!({
        "buildpacks": [{ "id": evil, "version": evil, "homepage": evil }],
        "processes": [{ "type": evil, "command": [evil], "args": [evil], "direct": true, "buildpackID": evil }],
        "launcher": { "version": evil }
    });
    let made = Labelled::new(&[
        ("io.buildpacks.build.metadata", build),
        (
            "io.buildpacks.lifecycle.metadata",
            json!({ "runImage": { "image": evil, "reference": evil, "topLayer": "{0}" } }),
        ),
        ("io.buildpacks.rebasable", json!(evil)),
        ("io.buildpacks.base.distro.name", json!(evil)),
        ("other", json!(evil)),
    ]);
    for arguments in [&[][..], &["--verbose"], &["--as", "yaml"], &["--as", "json"], &["--format", "json"]] {
        let said = made.inspect(arguments).succeeds().stdout;
        let steers =
            |char: char| char != '\n' && (char.is_control() || char == '\u{202e}' && arguments != ["--as", "yaml"]);
        assert!(!said.contains(steers), "{arguments:?}: {said:?}");
        assert!(!said.lines().any(|line| line.starts_with("Digest    sha256:forged")), "{said}");
    }
    let toml = made.inspect(&["--as", "toml"]).succeeds().stdout;
    assert!(!toml.contains('\u{1b}'), "{toml:?}");
}

#[test]
fn labels_that_matter_and_cannot_be_read_are_errors() {
    let made = Labelled::new(&[("io.buildpacks.lifecycle.metadata", json!({ "app": 5 }))]);
    insta::assert_snapshot!(made.inspect(&[]).fails(3).failure(), @"");
    let made = Labelled::new(&[("io.buildpacks.builder.metadata", json!("nonsense"))]);
    insta::assert_snapshot!(made.inspect(&["--as", "yaml"]).fails(3).failure(), @"");
}

fn entry(id: &str, version: &str) -> Value {
    json!({ "id": id, "version": version })
}

fn java() -> Value {
    json!({
        "acme/java": { "1.0": { "api": "0.10", "layerDiffID": "{0}",
            "order": [{ "group": [entry("acme/jre", "2.1"), { "id": "acme/maven", "version": "3", "optional": true }] }] } },
        "acme/jre": { "2.1": { "api": "0.10", "layerDiffID": "{0}", "homepage": "https://jre.example",
            "targets": [{ "os": "linux", "arch": "amd64" }, { "os": "linux", "arch": "arm64" }] } },
        "acme/maven": { "3": { "api": "0.9", "layerDiffID": "{0}", "stacks": [{ "id": "*" }],
            "order": [{ "group": [entry("acme/java", "1.0")] }] } }
    })
}

#[test]
fn d21_d22_d23_a_builder_is_inspected() {
    let metadata = json!({
        "description": "for Java", "createdBy": { "name": "Pack CLI", "version": "0.40.6" }, "extensions": null,
        "buildpacks": [entry("acme/java", "1.0"), entry("acme/jre", "2.1"), entry("acme/maven", "3")],
        "lifecycle": { "version": "0.21.17", "apis": { "buildpack": { "deprecated": [], "supported": ["0.10", "0.11"] },
            "platform": { "deprecated": ["0.7"], "supported": ["0.13", "0.14"] } } },
        "stack": { "runImage": { "image": "", "mirrors": null } },
        "images": [{ "image": "registry.example/run:1", "mirrors": ["mirror.example/run:1"] }]
    });
    let made = Labelled::new(&[
        ("io.buildpacks.builder.metadata", metadata),
        ("io.buildpacks.buildpack.layers", java()),
        ("io.buildpacks.buildpack.order", json!([{ "group": [entry("acme/java", "1.0")] }])),
    ]);
    insta::assert_snapshot!(made.inspect(&[]).succeeds().data(), @"");
    let flat = made.inspect(&["--depth", "0"]).succeeds().data();
    let order = flat.split("Detection order\n").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
    insta::assert_snapshot!(order, @"");
}

#[test]
fn d1_d4_d5_a_package_of_buildpacks_is_inspected_as_image_and_as_file() {
    let made = Labelled::new(&[
        (
            "io.buildpacks.buildpackage.metadata",
            json!({ "id": "acme/java", "version": "1.0", "homepage": "https://java.example" }),
        ),
        ("io.buildpacks.buildpack.layers", java()),
    ]);
    insta::assert_snapshot!(made.inspect(&[]).succeeds().data(), @"");
    let image = json_of(&made.0.name());
    for options in [&["-c"][..], &["-cz"]] {
        let file = json_of(&made.archive(options));
        assert_eq!((&file["digest"], &file["package"]), (&image["digest"], &image["package"]));
        assert_eq!(file["kind"], "buildpackage");
    }
}

#[test]
fn d1_a_file_that_is_no_package_is_refused() {
    let files = Files::of([("x.cnb", "no archive")]);
    let failed =
        wattle().args(["inspect", &files.join("x.cnb").display().to_string()]).calling(files.path(), "made").run();
    insta::assert_snapshot!(failed.fails(2).failure(), @"");
    let failed = wattle().args(["inspect", "nowhere.cnb"]).run();
    insta::assert_snapshot!(failed.fails(2).failure(), @"");
}

#[test]
fn i93_of_several_platforms_one_is_chosen_and_the_others_are_listed() {
    let (amd64, arm64) = (TinyRunImage::amd64(), TinyRunImage::amd64());
    run("umoci", ["config", "--image", arm64.name().trim_start_matches("oci:"), "--architecture", "arm64"]);
    let layout = |image: &TinyRunImage| image.path().join("layout");
    let index =
        |layout: &Path| -> Value { serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap() };
    let mut merged = index(&layout(&amd64));
    let entry = |image: &TinyRunImage, architecture: &str| {
        let mut entry = index(&layout(image))["manifests"][0].clone();
        entry["platform"] = json!({ "os": "linux", "architecture": architecture });
        entry
    };
    merged["manifests"] = json!([entry(&amd64, "amd64"), entry(&arm64, "arm64")]);
    run(
        "cp",
        [
            "-r",
            &format!("{}/.", layout(&arm64).join("blobs").display()),
            &layout(&amd64).join("blobs").display().to_string(),
        ],
    );
    fs::write(layout(&amd64).join("index.json"), merged.to_string()).unwrap();
    let inspect =
        |platform: &str| wattle().args(["inspect", "--format", "json", &amd64.name(), "--platform", platform]).run();
    for platform in ["linux/amd64", "linux/arm64"] {
        let said = inspect(platform).succeeds().json_lines().pop().unwrap();
        assert_eq!((&said["platform"], &said["platforms"]), (&platform.into(), &json!(["linux/amd64", "linux/arm64"])));
    }
    assert!(inspect("linux/s390x").fails(2).stdout.contains("only for `linux/amd64`, `linux/arm64`"));
}

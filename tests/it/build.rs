//! From the sample to an image that answers.

use crate::run_image::TinyRunImage;
use crate::{cold, wattle};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use wattle_test_support::{Bundle, Files, Image, Npm, Output, Process, Registry, Wattle, skopeo};

const SAMPLE: &str = "samples/node-express";

fn build(wattle: &Wattle, application: &Path, output: &str) -> Output {
    wattle.args(["build", "--output", output]).arg(application).run().succeeds()
}

fn layout(directory: &Files) -> String {
    format!("oci:{}", directory.join("shop").display())
}

/// Digest of the image that a build with `--format json` says it made.
fn digest(output: &Output) -> String {
    let lines = output.json_lines();
    lines.last().unwrap()["digest"].as_str().unwrap().to_owned()
}

#[test]
fn the_sample_starts_and_answers() {
    let (application, output) = (Files::copy_of(SAMPLE), Files::new());
    build(&wattle(), application.path(), &layout(&output));
    let image = Image::verified(&output.join("shop"), "latest");
    let packages = image.layer("wattle/node", "dependencies");
    let manifests = packages.0.keys().filter(|path| path.ends_with("/package.json")).count();
    assert!(manifests >= 60, "the sample has only {manifests} packages");

    let container = Bundle::unpack(&output.join("shop"), "latest").start();
    let page = container.get("/");
    assert!(page.status == 200 && page.body.contains("Teapot"), "{page:?}");
    let health = container.get("/health");
    let health: Value = serde_json::from_str(&health.body).unwrap();
    assert_eq!(health["status"], "ok");
    assert_eq!(container.get("/products?upto=nothing").status, 400);
}

#[test]
fn an_image_in_the_application_is_no_part_of_it() {
    let application = Files::of([("Procfile", "web: serve")]);
    let run_image = TinyRunImage::amd64();
    let output = format!("oci:{}", application.join("build [1]").display());
    let call = || wattle().args(["build", "--format", "json", "--platform", "linux/amd64", "--output", &output]);
    let again = || digest(&call().args(["--run-image", &run_image.name()]).arg(application.path()).run().succeeds());
    assert_eq!(again(), again());
}

#[test]
fn workspaces_find_their_own_packages() {
    let application = Files::of([
        ("package.json", r#"{ "name": "shop", "workspaces": ["packages/*"], "dependencies": { "semver": "^7.6.0" } }"#),
        (
            "packages/api/package.json",
            r#"{ "name": "@shop/api", "version": "1.0.0", "dependencies": { "semver": "^5.7.0" } }"#,
        ),
        ("packages/api/index.js", "module.exports = require('semver/package.json').version"),
        (
            "index.js",
            "const versions = [require('semver/package.json').version, require('@shop/api')];
             require('http').createServer((_, answer) => answer.end(versions.join(' '))).listen(process.env.PORT);",
        ),
    ]);
    Npm(&application).lock();
    let output = Files::new();
    build(&wattle(), application.path(), &layout(&output));
    let versions = Bundle::unpack(&output.join("shop"), "latest").start().get("/").body;
    let majors: Vec<_> = versions.split(' ').map(|version| version.split('.').next().unwrap()).collect();
    assert_eq!(majors, ["7", "5"]);
}

#[test]
fn the_sample_is_built_for_arm64() {
    let (application, output) = (Files::copy_of(SAMPLE), Files::new());
    let call = wattle().args(["build", "--platform", "linux/arm64", "--output", &layout(&output)]);
    call.arg(application.path()).run().succeeds();
    let image = Image::verified(&output.join("shop"), "latest");
    assert_eq!(image.config["architecture"], "arm64");

    let bundle = Bundle::unpack(&output.join("shop"), "latest");
    let mut node = Command::new("qemu-aarch64-static");
    node.arg("-L").arg(bundle.root()).arg(bundle.root().join("layers/wattle_node/runtime/bin/node")).arg("--version");
    let version = Process::start(node).finish().succeeds().stdout;
    assert!(version.starts_with("v24."), "{version}");
}

#[test]
fn published_and_pulled_back_it_is_the_same() {
    let registry = Registry::new();
    let (application, output) = (Files::copy_of(SAMPLE), Files::new());
    build(&wattle(), application.path(), &layout(&output));
    build(&wattle(), application.path(), &registry.image("team/shop:1"));
    let pulled = format!("oci:{}:latest", output.join("pulled").display());
    let from = format!("docker://{}", registry.image("team/shop:1"));
    skopeo(["copy", "--quiet", "--preserve-digests", "--src-tls-verify=false", &from, &pulled]);
    let ours = Image::verified(&output.join("shop"), "latest");
    let theirs = Image::verified(&output.join("pulled"), "latest");
    assert_eq!((ours.digest, ours.manifest), (theirs.digest, theirs.manifest));
}

#[test]
fn p150_w24_two_clones_and_two_stores_give_one_image() {
    let json = |wattle: &Wattle, application: &Files, output: &Files| {
        let call = wattle.args(["build", "--format", "json", "--output", &layout(output)]);
        digest(&call.current_dir(application.path()).run().succeeds())
    };
    let digests = [wattle(), cold()].map(|wattle| json(&wattle, &Files::copy_of(SAMPLE), &Files::new()));
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn b65_a_second_build_says_what_it_reuses() {
    let (application, output) = (Files::copy_of(SAMPLE), Files::new());
    build(&wattle(), application.path(), &layout(&output));
    let again = wattle().args(["build", application.text(), "--output", &layout(&output)]);
    let again = again.calling(application.path(), "app").calling(output.path(), "out").run().succeeds();
    let told = again.told();
    let reused: Vec<&str> = told.lines().filter(|line| line.contains("reused")).map(str::trim).collect();
    insta::assert_snapshot!(reused.join("\n"), @"
    start          reused
    runtime        reused
    dependencies   reused
    Exporting 9 layers, 5 reused, [size]
    ");
}

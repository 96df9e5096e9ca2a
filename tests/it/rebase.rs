//! Images on newer run images.

use crate::run_image::TinyRunImage;
use crate::wattle;
use serde_json::Value;
use std::fs;
use wattle_test_support::{Call, Files, Image, Output, Registry, run, skopeo};

/// A release of a run image, with settings of `umoci` beside those that tell releases apart.
fn run_image(release: &str, settings: &[&str]) -> TinyRunImage {
    let run_image = TinyRunImage::amd64();
    let name = run_image.name();
    let image = name.trim_start_matches("oci:");
    let file = Files::of([("release", release)]);
    run("umoci", ["insert", "--image", image, &file.join("release").to_string_lossy(), "/etc/release"]);
    let released = format!("io.buildpacks.base.released={release}");
    let labels = ["--config.label", "io.buildpacks.base.distro.name=tiny", "--config.label", &released];
    let version = ["--config.label", "io.buildpacks.base.distro.version=1"];
    let all = ["config", "--image", image].into_iter().chain(labels).chain(version).chain(settings.iter().copied());
    run("umoci", all.collect::<Vec<_>>());
    run_image
}

/// A registry with a run image in it, and applications built on that.
struct World {
    registry: Registry,
    application: Files,
}

impl World {
    fn new() -> World {
        // More than what a rebase may move.
        let contents: String = (0..200_000).map(|number: u32| number.to_string() + "\n").collect();
        let application = Files::of([("Procfile", "web: serve\n"), ("numbers", &contents)]);
        let world = World { registry: Registry::new(), application };
        world.publish(&run_image("1", &[]), "base/run:1");
        world
    }

    fn publish(&self, run_image: &TinyRunImage, name: &str) {
        let to = format!("docker://{}", self.registry.image(name));
        skopeo(["copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", &run_image.name(), &to]);
    }

    /// Builds the application, and gives the digest of the image.
    fn build(&self, name: &str) -> String {
        self.build_on(&self.registry.image("base/run:1"), &self.registry.image(name))
    }

    fn build_on(&self, run_image: &str, output: &str) -> String {
        let call = wattle().args(["build", "--quiet", "--platform", "linux/amd64", "--run-image", run_image]);
        let output = call.args(["--output", output]).arg(self.application.path()).run().succeeds();
        output.stdout.trim().to_owned()
    }

    fn rebase(&self, names: &[&str]) -> Call {
        wattle().args(["rebase"]).args(names.iter().map(|name| self.registry.image(name)))
    }

    fn digest(&self, name: &str) -> String {
        let image = format!("docker://{}", self.registry.image(name));
        skopeo(["inspect", "--tls-verify=false", "--format", "{{.Digest}}", &image]).trim().to_owned()
    }

    /// The image, all of it read by a program that is not ours.
    fn pulled(&self, name: &str) -> Image {
        let (files, from) = (Files::new(), format!("docker://{}", self.registry.image(name)));
        let to = format!("oci:{}:latest", files.join("pulled").display());
        skopeo(["copy", "--quiet", "--preserve-digests", "--src-tls-verify=false", &from, &to]);
        Image::verified(&files.join("pulled"), "latest")
    }
}

fn result(output: &Output) -> Value {
    output.json_lines().pop().unwrap()
}

#[test]
fn i92_p81_a_newer_run_image_is_found_and_nothing_else_moves() {
    let world = World::new();
    let before = world.build("team/shop:1");
    world.publish(&run_image("2", &[]), "base/run:1");
    let output = world.rebase(&["team/shop:1"]).args(["--format", "json"]).run().succeeds();
    let result = result(&output);
    let image = &result["images"][0];
    assert_eq!((&image["state"], &image["previous-digest"]), (&"rebased".into(), &before.as_str().into()));
    assert_eq!(image["digest"], world.digest("team/shop:1"));
    // Manifest and configuration; the run image's layers are mounted.
    let sent = image["bytes-sent"].as_u64().unwrap();
    assert!((1..16_000).contains(&sent), "{sent} bytes were sent");
    let pulled = world.pulled("team/shop:1");
    assert_eq!(pulled.config["config"]["Labels"]["io.buildpacks.base.released"], "2");
    // It is what a build on the new run image makes.
    assert_eq!(world.build("team/other:1"), pulled.digest);
    let again = world.rebase(&["team/shop:1"]).run().succeeds();
    insta::assert_snapshot!(again.told(), @r#"
     Run image [server]/base/run:1 [digest]
    Up to date [server]/team/shop:1
    "#);
    assert_eq!(world.digest("team/shop:1"), pulled.digest);
}

#[test]
fn p132_layouts_are_rebased_in_place() {
    let (world, files) = (World::new(), Files::new());
    let output = format!("oci:{}", files.join("shop").display());
    let (old, new) = (run_image("1", &[]), run_image("2", &[]));
    world.build_on(&old.name(), &output);
    let call = wattle().args(["rebase", &output, "--run-image", &new.name()]);
    let call = call.calling(files.path(), "out").calling(new.path(), "base");
    insta::assert_snapshot!(call.run().succeeds().told(), @r#"
    Run image oci:[base]/layout:latest [digest]
      Rebased oci:[out]/shop
              layout [digest] → layout [digest]
              [digest]
    "#);
    let image = Image::verified(&files.join("shop"), "latest");
    let direct = format!("oci:{}", files.join("direct").display());
    assert_eq!(world.build_on(&new.name(), &direct), image.digest);
    // From there to a registry, on a run image from elsewhere.
    let to = world.registry.image("shop:2");
    let call = wattle().args(["rebase", &to, "--previous-image", &output, "--run-image", &old.name()]);
    call.run().succeeds();
    let labels = world.pulled("shop:2").config["config"]["Labels"].clone();
    assert_eq!(labels["io.buildpacks.base.released"], "1");
}

#[test]
fn a_dry_run_says_what_would_change() {
    let world = World::new();
    let before = world.build("shop:1");
    world.publish(&run_image("2", &["--config.env", "EXTRA=1"]), "base/run:1");
    let output = world.rebase(&["shop:1"]).arg("--dry-run").run().succeeds();
    insta::assert_snapshot!(output.data(), @"
    Image      [server]/shop:1
    Run image  [server]/base/run [digest]
    New        [server]/base/run [digest]
    Layers     2 → 2 of the run image, 6 stay
    Digest     [digest] → [digest]
    Note       `EXTRA` stays unset; the new run image has `1`
    ");
    assert_eq!(world.digest("shop:1"), before);
    world.publish(&run_image("3", &[]), "base/run:1.3");
    let named = world.rebase(&["shop:1"]).args(["--dry-run", "--run-image", &world.registry.image("base/run:1.3")]);
    insta::assert_snapshot!(named.run().succeeds().data(), @r#"
    Image      [server]/shop:1
    Run image  [server]/base/run [digest]
    New        [server]/base/run [digest]
    Name       [server]/base/run:1 → [server]/base/run:1.3
    Layers     2 → 2 of the run image, 6 stay
    Digest     [digest] → [digest]
    "#);
}

#[test]
fn what_could_not_work_is_refused() {
    let world = World::new();
    let before = world.build("shop:1");
    world.publish(&run_image("2", &["--config.label", "io.buildpacks.base.distro.version=2"]), "base/run:2");
    world.publish(&run_image("2", &["--architecture", "arm64"]), "base/run:arm64");
    world.publish(&run_image("2", &[]), "stranger/run:1");
    let directory = run_image("1", &[]);
    world.build_on(&directory.name(), &world.registry.image("local:1"));
    let check = |name: &str, run_image: Option<&str>, code: i32| {
        let call = world.rebase(&[name]);
        let call = match run_image {
            Some(name) => call.args(["--run-image", &world.registry.image(name)]),
            None => call,
        };
        call.run().fails(code).failure()
    };
    insta::assert_snapshot!(check("shop:1", Some("base/run:2"), 1), @r#"
    error: the image `[server]/shop:1` cannot be rebased
      caused by: it is made for `tiny 1`, and the run image is `tiny 2`
    hint: its programs may need what this run image has not: build it again on that run image; `--force` goes on without asking
    "#);
    insta::assert_snapshot!(check("shop:1", Some("base/run:arm64"), 1), @r#"
    error: the image `[server]/shop:1` cannot be rebased
      caused by: it is for `linux/amd64`, and the run image for `linux/arm64`
    hint: name a run image for its platform with `--run-image`
    "#);
    insta::assert_snapshot!(check("shop:1", Some("stranger/run:1"), 1), @r#"
    error: the image `[server]/shop:1` cannot be rebased
      caused by: the run image `[server]/stranger/run:1` is none that it names: `[server]/base/run:1`
    hint: name one that it names with `--run-image`, or go on with `--force`, which records the new name
    "#);
    insta::assert_snapshot!(check("shop:1", Some("base/none:1"), 2), @r#"
    error: the image `[server]/base/none:1` cannot be read
      caused by: there is no image `1` in `[server]/base/none`
    hint: check the name; some registries also say this of images that you may not see
    "#);
    insta::assert_snapshot!(check("base/run:1", None, 1), @r#"
    error: the image `[server]/base/run:1` cannot be rebased
      caused by: it has no label `io.buildpacks.lifecycle.metadata`: it was not built by buildpacks
    hint: rebase images that `wattle build` or another buildpacks platform made
    "#);
    insta::assert_snapshot!(check("local:1", None, 2), @r#"
    error: the image `[server]/local:1` cannot be rebased
      caused by: its run image `layout` was a directory of the machine that built it
    hint: name one with `--run-image`
    "#);
    insta::assert_snapshot!(check("none:1", None, 2), @r#"
    error: the image `[server]/none:1` cannot be read
      caused by: there is no image `1` in `[server]/none`
    hint: check the name; some registries also say this of images that you may not see
    "#);
    assert_eq!(world.digest("shop:1"), before, "nothing moved");
    let forced = world.rebase(&["shop:1"]).args(["--force", "--run-image", &world.registry.image("stranger/run:1")]);
    insta::assert_snapshot!(forced.run().succeeds().told(), @r#"
    Run image [server]/stranger/run:1 [digest]
      Rebased [server]/shop:1
              [server]/base/run [digest] → [server]/stranger/run [digest]
              [digest]
              forced: the run image `[server]/stranger/run:1` is none that it names: `[server]/base/run:1`
    "#);
    assert_eq!(
        world.pulled("shop:1").label("io.buildpacks.lifecycle.metadata")["runImage"]["image"],
        world.registry.image("stranger/run:1")
    );
}

#[test]
fn one_of_several_does_not_take_the_place_of_the_others() {
    let (world, files) = (World::new(), Files::new());
    let (old, new) = (run_image("1", &[]), run_image("2", &[]));
    let output = format!("oci:{}", files.join("shop").display());
    world.build_on(&old.name(), &output);
    let file = files.join("shop/index.json");
    let mut index: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let mut other = index["manifests"][0].clone();
    other["platform"]["architecture"] = "arm64".into();
    index["manifests"].as_array_mut().unwrap().push(other);
    fs::write(&file, index.to_string()).unwrap();
    let call = || wattle().args(["rebase", "--platform", "linux/amd64", "--run-image", &new.name()]);
    let refused = call().arg(&output).calling(files.path(), "out").run().fails(2);
    insta::assert_snapshot!(refused.failure(), @r#"
    error: the image `oci:[out]/shop` cannot be rebased
      caused by: it is one of several, for other platforms, under one name
    hint: read it with `--previous-image` and `--platform`, and write it to another name
    "#);
    assert_eq!(fs::read_to_string(&file).unwrap(), index.to_string());
    call().args(["--previous-image", &output]).arg(format!("{output}:amd64")).run().succeeds();
    assert_eq!(Image::verified(&files.join("shop"), "amd64").config["architecture"], "amd64");
}

#[test]
fn one_of_many_keeps_no_other_back() {
    let (world, files) = (World::new(), Files::new());
    for name in ["shop:1", "cart:1", "cart:2"] {
        world.build(name);
    }
    world.publish(&run_image("2", &[]), "base/run:1");
    world.rebase(&["cart:2"]).run().succeeds();
    let report = files.join("report.toml");
    let names = ["shop:1", "base/run:1", "cart:1", "cart:2", "none:1", "shop:1"];
    let call = || world.rebase(&names).arg("--report").arg(&report);
    let first = call().args(["--format", "json"]).run().fails(2);
    let summary = result(&first);
    let states: Vec<_> =
        summary["images"].as_array().unwrap().iter().map(|image| image["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["rebased", "failed", "rebased", "up-to-date", "failed"]);
    let counts = ["rebased", "up-to-date", "failed"].map(|name| summary[name].as_u64().unwrap());
    assert_eq!(counts, [2, 1, 2]);
    let text: toml::Table = fs::read_to_string(&report).unwrap().parse().unwrap();
    assert_eq!((text["failed"].as_integer(), text.get("image")), (Some(2), None));
    assert_eq!(world.digest("shop:1"), world.digest("cart:2"));
    insta::assert_snapshot!(call().run().fails(2).told(), @r#"
       Run image [server]/base/run:1 [digest]
      Up to date [server]/shop:1
    error: the image `[server]/base/run:1` cannot be rebased
      caused by: it has no label `io.buildpacks.lifecycle.metadata`: it was not built by buildpacks
    hint: rebase images that `wattle build` or another buildpacks platform made
      Up to date [server]/cart:1
      Up to date [server]/cart:2
    error: the image `[server]/none:1` cannot be read
      caused by: there is no image `1` in `[server]/none`
    hint: check the name; some registries also say this of images that you may not see
        Finished 5 images: 0 rebased, 3 up to date, 2 failed, in [time]
    "#);
}

#[test]
fn i88_p80_p99_a_previous_image_stays_and_the_report_has_what_came_of_it() {
    let (world, files) = (World::new(), Files::new());
    let before = world.build("team/shop:1");
    world.publish(&run_image("2", &[]), "base/run:1");
    let report = files.join("report.toml");
    let call = world.rebase(&["team/shop:2", "elsewhere/shop:2"]);
    let call = call.args(["--previous-image", &world.registry.image("team/shop:1")]).arg("--report").arg(&report);
    let quiet = call.arg("--quiet").run().succeeds();
    let digest = world.digest("team/shop:2");
    assert_eq!(quiet.stdout, format!("{digest}\n{digest}\n"));
    assert_eq!((world.digest("team/shop:1"), world.digest("elsewhere/shop:2")), (before, digest.clone()));
    world.pulled("elsewhere/shop:2");
    let text: toml::Table = fs::read_to_string(&report).unwrap().parse().unwrap();
    let image = text["image"].as_table().unwrap();
    assert_eq!(image["digest"].as_str(), Some(digest.as_str()));
    let tags = ["team/shop:2", "elsewhere/shop:2"].map(|name| world.registry.image(name).into());
    assert_eq!(image["tags"].as_array(), Some(&tags.to_vec()));
    assert!(image["manifest-size"].as_integer().is_some_and(|size| size > 500));
}

#[test]
fn assembled_run_images_are_found_without_a_name() {
    let (application, files) = (Files::of([("Procfile", "web: serve\n")]), Files::new());
    let output = format!("oci:{}", files.join("shop").display());
    let build = wattle().args(["build", "--platform", "linux/amd64", "--output", &output]);
    build.arg(application.path()).run().succeeds();
    let rebase = wattle().args(["rebase", &output, "--format", "json"]).run().succeeds();
    assert_eq!(result(&rebase)["images"][0]["state"], "up-to-date");
    // Of an older one, for want of one, another base is as good.
    let older = run_image(
        "1",
        &[
            "--config.label",
            "io.buildpacks.base.distro.name=debian",
            "--config.label",
            "io.buildpacks.base.distro.version=12",
        ],
    );
    let before = Image::verified(&files.join("shop"), "latest").digest;
    wattle().args(["rebase", &output, "--run-image", &older.name()]).run().succeeds();
    let error = wattle().args(["rebase", &output]).run().fails(2).failure();
    insta::assert_snapshot!(error.replace(files.path().to_str().unwrap(), "[out]"), @r#"
    error: the image `oci:[out]/shop` cannot be rebased
      caused by: its run image `layout` was a directory of the machine that built it
    hint: name one with `--run-image`
    "#);
    assert_ne!(Image::verified(&files.join("shop"), "latest").digest, before);
}

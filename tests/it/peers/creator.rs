//! Wattle inspects and rebases images that the reference's `creator` made.

use super::fields::rebased_differences;
use super::{World, application};
use serde_json::Value;
use std::fs;
use wattle_test_support::Files;

impl World {
    fn created(&self, run_image: &str) {
        let room = self.room(run_image);
        self.creator_builds(&room, &application(), run_image, "reference:1");
    }
}

#[test]
fn l32_wattle_inspects_what_the_reference_built() {
    let Some(world) = World::new() else { return };
    world.created("run:1");
    let said = wattle_says(&["inspect", &world.image("reference:1")]);
    insta::assert_snapshot!(said, @"
    Image         [server]/reference:1
    Kind          application, built by buildpacks
    Digest        [digest]
    Platform      linux/amd64
    Created       1980-01-01T00:00:01Z (fixed)
    Size          [size]
    Run image     [server]/run:1
    By digest     [server]/run@[digest]
    Top layer     [digest]
    Rebasable     yes
    Platform API  0.15
    Made for      production
    Launcher      0.21.17 (buildpacks/lifecycle v0.21.17)
    Bills         3 documents: cyclonedx
    Distribution  debian 12
    Base          description debian 12 (bookworm) for applications built by Wattle, id wattle.run.debian.bookworm, maintainer Wattle, released 1
    User          1001:1000
    Directory     /workspace
    Entry point   /cnb/process/web

    Buildpacks
      test/twin  1.2.3  https://twin.test

    Processes
      arguments               cat /proc/self/cmdline /proc/self/environ  test/twin
      below                   pwd                                        test/twin  in /workspace/tree
      replaceable             echo replaced 'or not'                     test/twin
      web          (default)  environ                                    test/twin

    Environment
      CNB_APP_DIR           /workspace
      CNB_DEPRECATION_MODE  quiet
      CNB_LAYERS_DIR        /layers
      CNB_PLATFORM_API      0.15
      PATH                  /cnb/process:/cnb/lifecycle:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

    Labels
      io.buildpacks.exec-env  production
      org.example.team        shop <&> Co

    Layers
      run image            [size]  [digest]
      test/twin:tree       [size]   [digest]  launch
      test/twin:variables  [size]   [digest]  launch, cache
      bill of materials    [size]   [digest]
      application          [size]   [digest]
      application          [size]   [digest]
      application          [size]   [digest]
      launcher             [size]  [digest]
      configuration        [size]   [digest]
      process types        [size]   [digest]
    ");
}

fn wattle_says(args: &[&str]) -> String {
    crate::wattle().args(args).run().succeeds().data()
}

#[test]
fn i80_i83_i85_i87_what_the_reference_built_is_rebased_alike() {
    let Some(world) = World::new() else { return };
    for run_image in ["run", "docker-run"] {
        let [first, second] = ["1", "2"].map(|release| format!("{run_image}:{release}"));
        world.created(&first);
        let built = world.seen("reference:1");
        world.tag(&first, "first:1");
        world.tag(&second, &first);
        for name in ["by-wattle:1", "by-rebaser:1"] {
            world.tag("reference:1", name);
        }
        world.wattle_rebases(&["by-wattle:1"]).run().succeeds();
        world.rebaser_rebases(&[], &first, &["by-rebaser:1"]).succeeds();
        let (ours, theirs) = (world.seen("by-wattle:1"), world.seen("by-rebaser:1"));
        assert_eq!((ours.diff_ids(), ours.blobs()), (theirs.diff_ids(), theirs.blobs()));
        let found = rebased_differences(&theirs.config, &ours.config);
        assert!(found.is_empty(), "{found:#?}");
        // All of it can be read by others, and it starts.
        assert_eq!(world.unpacked("by-wattle:1").run(["/cnb/process/below"]).succeeds().stdout, "/workspace/tree\n");
        assert_ne!(ours.digest, built.digest);
    }
}

#[test]
fn the_bills_of_materials_that_the_reference_has_are_read() {
    let Some(world) = World::new() else { return };
    world.created("run:1");
    let files = Files::new();
    let directory = files.join("bom").to_string_lossy().into_owned();
    wattle_says(&["sbom", "--no-run-image", "--output", &directory, &world.image("reference:1")]);
    let bill: Value =
        serde_json::from_slice(&fs::read(files.join("bom/layers/sbom/launch/test_twin/tree/sbom.cdx.json")).unwrap())
            .unwrap();
    assert_eq!(bill["components"][0]["name"], "leaf");
}

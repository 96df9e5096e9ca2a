//! What both build of one application, with one buildpack in its two forms, is the same image, but for what is told here.

use super::fields::differences;
use super::{World, application};
use wattle_test_support::redacted;

#[test]
fn i50_i51_i54_i55_i56_i57_i58_i59_the_same_tree_is_the_same_layer() {
    let Some(world) = World::new() else { return };
    world.wattle_builds(&application(), true, "run:1", "shop:1");
    let room = world.room("run:1");
    world.creator_builds(&room, &application(), "run:1", "reference:1");
    let (ours, theirs) = (world.seen("shop:1"), world.seen("reference:1"));
    let (labels, their_labels) = (ours.lifecycle(), theirs.lifecycle());
    assert_eq!(labels["app"], their_labels["app"], "the application");
    for layer in ["tree", "variables"] {
        let of = |labels: &serde_json::Value| labels["buildpacks"][0]["layers"][layer]["sha"].clone();
        assert_eq!(of(&labels), of(&their_labels), "{layer}");
    }
    assert_eq!(labels["process-types"], their_labels["process-types"], "process types");
    let mut found = differences(&theirs.config, &ours.config);
    // Each says where its own launcher is from.
    found.retain(|line| !line.contains("/io.buildpacks.build.metadata/launcher/"));
    insta::assert_snapshot!(redacted(&found.join("\n")), @r#"
    /config/Labels/io.buildpacks.lifecycle.metadata/config/sha: "[digest]" | "[digest]"
    /config/Labels/io.buildpacks.lifecycle.metadata/launcher/sha: "[digest]" | "[digest]"
    /config/Labels/io.buildpacks.lifecycle.metadata/sbom/sha: "[digest]" | "[digest]"
    /config/Labels/io.wattle.buildpacks: null | {"digests":{"test/twin":"[digest]"},"format":"gzip-2"}
    /rootfs/diff_ids/3: "[digest]" | "[digest]"
    /rootfs/diff_ids/7: "[digest]" | "[digest]"
    /rootfs/diff_ids/8: "[digest]" | "[digest]"
    "#);
}

//! Each builds again what the other built: layers, what buildpacks stored and bills of materials come over.

use super::{World, application};
use crate::cold;
use serde_json::Value;
use std::fs;
use wattle_test_support::{Files, Output};

/// Label of the image, and what it says of the buildpack.
fn twin(label: &Value) -> &Value {
    &label["buildpacks"][0]
}

/// The lines that the buildpack has written.
fn log(output: &Output) -> Vec<&str> {
    let lines = output.stdout.lines().chain(output.stderr.lines()).map(str::trim);
    lines.filter(|line| line.starts_with("tree: ") || line.starts_with("builds before: ")).collect()
}

#[test]
fn b62_b64_b67_l36_l39_the_reference_builds_again_what_wattle_built() {
    let Some(world) = World::new() else { return };
    let application = application();
    let first = world.wattle_builds(&application, true, "docker-run:1", "shop:1");
    assert_eq!(log(&first), ["tree: made", "builds before: 0"]);
    let built = world.seen("shop:1");
    let room = world.room("docker-run:1");
    let second = world.creator_builds(&room, &application, "docker-run:1", "shop:1");
    assert_eq!(log(&second), ["tree: kept", "builds before: 1"]);
    let again = world.seen("shop:1");
    let (before, after) = (built.lifecycle(), again.lifecycle());
    assert_eq!(twin(&before)["layers"]["tree"], twin(&after)["layers"]["tree"]);
    assert_eq!(before["app"], after["app"]);
    // The layer is not packed anew.
    let tree = twin(&before)["layers"]["tree"]["sha"].as_str().unwrap().to_owned();
    assert_eq!(blob(&built, &tree), blob(&again, &tree));
    // Its bill of materials came over with it.
    let said = crate::wattle().args(["sbom", "--no-run-image", &world.image("shop:1")]).run().succeeds();
    assert!(said.stdout.contains("leaf"), "{}", said.stdout);
    // A third time it reuses everything of its own, and ours takes it back.
    let third = world.creator_builds(&room, &application, "docker-run:1", "shop:1");
    assert_eq!(log(&third), ["tree: kept", "builds before: 2"]);
    let back = world.builds_with(&cold(), &application, true, "docker-run:1", "shop:1");
    assert_eq!(log(&back), ["tree: kept", "builds before: 3"]);
    assert_eq!(world.seen("shop:1").lifecycle()["app"], before["app"]);
}

#[test]
fn b61_b63_b64_b67_wattle_builds_again_what_the_reference_built() {
    let Some(world) = World::new() else { return };
    for run_image in ["run:1", "docker-run:1"] {
        let application = application();
        let room = world.room(run_image);
        let name = run_image.replace("run", "shop");
        let first = world.creator_builds(&room, &application, run_image, &name);
        assert_eq!(log(&first), ["tree: made", "builds before: 0"]);
        let built = world.seen(&name);
        let second = world.wattle_builds(&application, true, run_image, &name);
        assert_eq!(log(&second), ["tree: kept", "builds before: 1"]);
        let again = world.seen(&name);
        let (before, after) = (built.lifecycle(), again.lifecycle());
        assert_eq!(twin(&before)["layers"]["tree"], twin(&after)["layers"]["tree"]);
        let tree = twin(&before)["layers"]["tree"]["sha"].as_str().unwrap().to_owned();
        assert_eq!(blob(&built, &tree), blob(&again, &tree));
        // What was taken over is there.
        assert_eq!(world.unpacked(&name).run(["/layers/test_twin/tree/run"]).succeeds().stdout, "here\n");
        let files = Files::new();
        let directory = files.join("bom").to_string_lossy().into_owned();
        let sbom = ["sbom", "--no-run-image", "--output", &directory, &world.image(&name)];
        crate::wattle().args(sbom).run().succeeds();
        let bill = fs::read_to_string(files.join("bom/layers/sbom/launch/test_twin/tree/sbom.cdx.json")).unwrap();
        assert!(bill.contains("leaf"), "{bill}");
        // What is another version is made anew.
        let changed = application.with("version", "2\n");
        let third = world.wattle_builds(&changed, true, run_image, &name);
        assert_eq!(log(&third), ["tree: made", "builds before: 2"]);
    }
}

/// How the layer with a digest is packed.
fn blob(image: &super::Seen, diff_id: &str) -> String {
    let position = image.diff_ids().iter().position(|found| *found == diff_id).unwrap();
    image.blobs()[position].to_owned()
}

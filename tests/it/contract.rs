//! What buildpacks say beside layers and processes, and what becomes of it in the image.

use crate::guest::{Guest, buildpack};
use crate::wattle;
use std::fs;
use wattle_test_support::{Files, Image, Listing, Output};

fn created_by(image: &Image) -> Vec<String> {
    let history = image.config["history"].as_array().unwrap();
    history.iter().map(|entry| entry["created_by"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn b90_i51_i60_i63_each_slice_is_a_layer_and_one_is_what_is_left() {
    let files = [
        ("call", "slices\nnode_modules *.js\npublic/*.png\nnothing"),
        ("main.js", "1"),
        ("node_modules/a/index.js", "2"),
        ("public/logo.png", "3"),
        ("public/index.html", "4"),
    ];
    let image = Guest::calls(&files).build();
    let slices: Vec<String> = created_by(&image).into_iter().filter(|text| text.starts_with("Application")).collect();
    assert_eq!(
        slices,
        ["Application Slice: 1", "Application Slice: 2", "Application Slice: 3", "Application Slice: 4"]
    );
    let metadata = image.label("io.buildpacks.lifecycle.metadata");
    let app = metadata["app"].as_array().unwrap();
    assert_eq!(app.len(), 4);
    // The third has nothing in it, and is the layer that everybody's empty slice is.
    assert_eq!(app[2]["sha"], "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
}

#[test]
fn b90_a_slice_that_is_no_pattern_is_the_buildpacks_fault() {
    let guest = Guest::calls(&[("call", "slices\n../outside")]);
    insta::assert_snapshot!(guest.call().run().fails(1).failure(), @"
    error: test/calls@0.1.0 cuts the application into slices that cannot be
      caused by: `../outside` is no pattern for files of the application: it leads out of the application
    hint: this is an error in the buildpack, or in the setting that it has the pattern from
    ");
    let guest = Guest::calls(&[("call", "slices\n[a")]);
    insta::assert_snapshot!(guest.call().run().fails(1).failure(), @"
    error: test/calls@0.1.0 cuts the application into slices that cannot be
      caused by: `[a` is no pattern for files of the application: a `[` has no `]`
    hint: this is an error in the buildpack, or in the setting that it has the pattern from
    ");
    assert!(guest.output.is_empty());
}

#[test]
fn b92_what_one_leaves_goes_to_the_next_that_provides_it() {
    let guest = Guest::calls(&[("call", "leave")]);
    let other = buildpack("calls");
    let manifest = other.read("buildpack.toml").replace("test/calls", "test/other");
    fs::write(other.join("buildpack.toml"), manifest).unwrap();
    let output: Output = guest.call().args(["--buildpack", other.text(), "--format", "json"]).run().succeeds();
    let lines = output.json_lines();
    let warnings: Vec<&str> = lines
        .iter()
        .filter(|line| line["event"] == "warning")
        .filter_map(|line| line["text"].as_str())
        .filter(|text| text.contains("left"))
        .collect();
    // The first one's goes to the second; nobody has the second one's.
    assert_eq!(warnings, ["test/other left `left` to others, and no later buildpack provides it"]);
}

#[test]
fn b94_p64_bills_of_the_build_are_written_and_are_not_in_the_image() {
    let guest = Guest::calls(&[("call", "sboms")]);
    let bills = Files::new();
    guest.call().args(["--sbom-output", &bills.join("out").to_string_lossy()]).run().succeeds();
    let has = |path: &str| bills.join("out").join(path).is_file();
    assert!(has("launch/test_calls/described/sbom.cdx.json"));
    assert!(has("launch/test_calls/sbom.cdx.json"));
    assert!(has("build/test_calls/sbom.cdx.json"));
    let told = wattle().args(["sbom", &guest.image(), "--no-run-image", "--format", "json"]).run().succeeds();
    let documents = told.json_lines().pop().unwrap()["documents"].clone();
    let documents: Vec<&str> = documents.as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
    assert!(documents.iter().all(|path| path.starts_with("/layers/sbom/launch/")), "{documents:?}");
}

#[test]
fn l29_l38_l40_the_launcher_has_a_layer_a_name_and_a_bill_of_its_own() {
    let guest = Guest::calls(&[("call", "context")]);
    let image = guest.build();
    let launcher = &image.label("io.buildpacks.build.metadata")["launcher"];
    assert!(launcher["version"].as_str().unwrap().starts_with("wattle-launcher "), "{launcher}");
    assert_eq!(launcher["source"]["git"]["repository"], "wattle");
    let position = created_by(&image).iter().position(|text| text == "Buildpacks Application Launcher").unwrap();
    let sha = image.label("io.buildpacks.lifecycle.metadata")["launcher"]["sha"].clone();
    assert_eq!(image.config["rootfs"]["diff_ids"][position], sha);
    let paths: Vec<String> = Listing::of_tar(image.tar(position)).0.into_keys().collect();
    assert_eq!(paths, ["cnb", "cnb/lifecycle", "cnb/lifecycle/launcher"]);
}

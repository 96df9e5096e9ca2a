//! Bills of materials, held to what went in.

use crate::run_image::TinyRunImage;
use crate::wattle;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use wattle_test_support::{Entry, Files, Image, Listing, Npm, Output};

/// Builds a sample; gives what was said and where the image is.
fn build(sample: &str) -> (Output, Files, String) {
    let (application, output) = (Files::copy_of(sample), Files::new());
    let image = format!("oci:{}", output.join("image").display());
    let call = wattle().args(["build", "--format", "json", "--output", &image]);
    (call.arg(application.path()).run().succeeds(), output, image)
}

fn bill(image: &str) -> Value {
    let said = wattle().args(["sbom", "--format", "json", image]).run().succeeds();
    said.json_lines().pop().unwrap()
}

/// `name version` of everything that is in a part of the image.
fn components(bill: &Value, of: &str) -> BTreeSet<String> {
    let components = bill["components"].as_array().unwrap().iter().filter(|it| it["of"] == of);
    components.map(|it| format!("{} {}", it["name"].as_str().unwrap(), it["version"].as_str().unwrap())).collect()
}

/// `name version` of everything that npm would install for production.
fn locked(lock: &Path) -> BTreeSet<String> {
    let lock: Value = serde_json::from_slice(&fs::read(lock).unwrap()).unwrap();
    let packages = lock["packages"].as_object().unwrap().iter();
    let installed = packages.filter(|(path, package)| !path.is_empty() && package["dev"] != true);
    // A package that is installed under another name than its own says so.
    let name = |path: &str, package: &Value| match package["name"].as_str() {
        Some(name) => name.to_owned(),
        None => path.rsplit("node_modules/").next().unwrap().to_owned(),
    };
    installed.map(|(path, it)| format!("{} {}", name(path, it), it["version"].as_str().unwrap())).collect()
}

#[test]
fn an_application_of_node_consists_of_what_its_lock_file_says_and_of_node() {
    let (_, output, image) = build("samples/node-express");
    let bill = bill(&image);
    let expected = locked(&wattle_test_support::root().join("samples/node-express/package-lock.json"));
    assert!(expected.len() > 60);
    assert_eq!(components(&bill, "wattle_node/dependencies"), expected);
    let packages = bill["components"].as_array().unwrap().iter().filter(|it| it["of"] == "wattle_node/dependencies");
    for package in packages {
        let purl = package["purl"].as_str().unwrap();
        assert!(purl.starts_with("pkg:npm/") && package["digests"][0].is_string(), "{package}");
        assert!(package["licenses"][0]["expression"].is_string(), "{package}");
    }
    let node: Vec<String> = components(&bill, "wattle_node/runtime").into_iter().collect();
    assert!(node.len() == 1 && node[0].starts_with("node-linux-"), "{node:?}");
    assert_eq!(components(&bill, "buildpacksio_lifecycle/launcher").len(), 1);
    let system = components(&bill, "run image");
    assert!(system.iter().any(|it| it.starts_with("libc6 ")), "{system:?}");

    // A build that reuses both layers says the same of them.
    let application = Files::copy_of("samples/node-express");
    let again = format!("oci:{}", output.join("again").display());
    let call = || wattle().args(["build", "--output", &again]).arg(application.path()).run().succeeds();
    call();
    assert!(call().told().contains("reused"));
    let [one, other] = ["image", "again"].map(|name| Image::verified(&output.join(name), "latest").digest);
    assert_eq!(one, other);
}

#[test]
fn packages_that_a_buildpack_added_are_on_the_bill() {
    let (said, _output, image) = build("samples/static-site");
    let lines = said.json_lines();
    let added = lines.iter().find(|line| line["event"] == "adding-packages").unwrap();
    let added = added["packages"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect();
    let bill = bill(&image);
    let packages = components(&bill, "_system/packages");
    assert_eq!(packages, added);
    assert!(packages.iter().any(|it| it.starts_with("nginx ")), "{packages:?}");
    let layers = wattle().args(["inspect", "--format", "json", &image]).run().succeeds().json_lines().pop().unwrap();
    let named = |it: &Value| format!("{} {}", it["name"].as_str().unwrap(), it["version"].as_str().unwrap());
    let layer = layers["layers"].as_array().unwrap().iter().find(|it| it["name"] == "packages").unwrap();
    assert_eq!(layer["packages"].as_array().unwrap().iter().map(named).collect::<BTreeSet<_>>(), packages);
    let all = bill["components"].as_array().unwrap();
    let nginx = all.iter().find(|it| it["name"] == "nginx").unwrap();
    let purl = nginx["purl"].as_str().unwrap();
    assert!(purl.starts_with("pkg:deb/debian/nginx@") && purl.contains("distro=debian-12"), "{purl}");
}

#[test]
fn b96_i73_the_documents_are_where_other_tools_look_for_them() {
    let (_, output, image) = build("samples/node-express");
    let directory = output.join("bom");
    wattle().args(["sbom", "--output", &directory.to_string_lossy(), &image]).run().succeeds();
    let written = Listing::of_directory(&directory);
    let read = Image::verified(&output.join("image"), "latest");
    let sha = read.label("io.buildpacks.lifecycle.metadata")["sbom"]["sha"].clone();
    let diff_ids = read.config["rootfs"]["diff_ids"].as_array().unwrap();
    let layer = diff_ids.iter().position(|it| *it == sha).unwrap();
    assert_eq!(read.config["history"][layer]["created_by"], "Software Bill-of-Materials");
    let files = |listing: &Listing| -> Vec<String> {
        listing
            .0
            .iter()
            .filter(|(_, entry)| matches!(entry, Entry::File { .. }))
            .map(|(path, _)| path.clone())
            .collect()
    };
    let in_image = Listing::of_tar(read.tar(layer));
    insta::assert_snapshot!(files(&in_image).join("\n"), @r#"
    layers/sbom/launch/buildpacksio_lifecycle/launcher/sbom.cdx.json
    layers/sbom/launch/buildpacksio_lifecycle/launcher/sbom.spdx.json
    layers/sbom/launch/sbom.legacy.json
    layers/sbom/launch/wattle_node/dependencies/sbom.cdx.json
    layers/sbom/launch/wattle_node/dependencies/sbom.spdx.json
    layers/sbom/launch/wattle_node/runtime/sbom.cdx.json
    layers/sbom/launch/wattle_node/runtime/sbom.spdx.json
    "#);
    let besides: Vec<String> = files(&written).into_iter().filter(|path| !in_image.0.contains_key(path)).collect();
    assert_eq!(besides, ["run-image/sbom.cdx.json", "run-image/sbom.spdx.json"]);
    for path in files(&in_image) {
        assert_eq!(in_image.0[&path], written.0[&path], "`{path}` was changed on the way");
    }

    let document = |form| {
        let said = wattle().args(["sbom", "--as", form, &image]).run().succeeds();
        serde_json::from_str::<Value>(&said.stdout).unwrap()
    };
    let (cyclonedx, spdx) = (document("cyclonedx"), document("spdx"));
    assert_eq!(cyclonedx["specVersion"], "1.5");
    let number = cyclonedx["components"].as_array().unwrap().len();
    assert_eq!(spdx["packages"].as_array().unwrap().len(), number + 1, "all of them, and the image");
}

#[test]
fn an_image_without_one_says_so() {
    let run_image = TinyRunImage::new();
    let failed = wattle().args(["sbom", &run_image.name()]).calling(run_image.path(), "tiny").run().fails(2);
    insta::assert_snapshot!(failed.told(), @r#"
    error: `oci:[tiny]/layout:latest` has no bill of materials
    hint: build it with `wattle build`: every image has one
    "#);
}

#[test]
fn packages_that_are_bundled_in_others_are_on_the_bill() {
    let manifest = r#"{ "name": "shop", "version": "1.0.0", "dependencies": { "npm": "^10.9.0" } }"#;
    let application = Files::of([("package.json", manifest), ("index.js", "")]);
    Npm(&application).lock();
    let (run_image, output) = (TinyRunImage::new(), Files::new());
    let image = format!("oci:{}", output.join("image").display());
    let call = wattle().args(["build", "--output", &image, "--run-image", &run_image.name()]);
    call.arg(application.path()).run().succeeds();
    let expected = locked(&application.join("package-lock.json"));
    let found = components(&bill(&image), "wattle_node/dependencies");
    assert!(expected.len() > 100);
    let difference: Vec<&String> = expected.symmetric_difference(&found).collect();
    assert!(difference.is_empty(), "{difference:?}");
}

//! What of an application's directory is its source.

use crate::run_image::TinyRunImage;
use crate::wattle;
use std::fs;
use wattle_test_support::{Bundle, Files, Image, Output};

fn build(application: &Files, run_image: &TinyRunImage, output: &str) -> Output {
    let args = ["build", application.text(), "--platform", "linux/amd64", "--run-image", &run_image.name()];
    wattle().args(args).args(["--output", output]).calling(application.path(), "app").run().succeeds()
}

#[test]
fn b54_credentials_get_neither_to_buildpacks_nor_into_the_image() {
    let application = Files::of([
        ("Procfile", "web: serve"),
        (".npmrc", "save-exact=true\n//npm.example/:_authToken=s3cret\n//other.example/:_authToken=${NPM_TOKEN}\n"),
        ("web/.netrc", "machine npm.example login me password s3cret\n"),
    ]);
    let (output, run_image) = (Files::new(), TinyRunImage::amd64());
    let layout = output.join("image");
    let told = build(&application, &run_image, &format!("oci:{}", layout.display())).told();
    let (_, told) = told.split_once("Reading").unwrap();
    insta::assert_snapshot!(told.lines().take(3).collect::<Vec<_>>().join("\n"), @r"
     [app] (2 files, [size])
                 without the credentials in `.npmrc`
                 without `web/.netrc`, which has credentials
    ");
    let bundle = Bundle::unpack(&layout, "latest");
    let image = bundle.root().join("workspace");
    insta::assert_snapshot!(fs::read_to_string(image.join(".npmrc")).unwrap(), @r"
    save-exact=true
    //other.example/:_authToken=${NPM_TOKEN}
    ");
    assert!(image.join("web").is_dir() && !image.join("web/.netrc").exists());
    assert!(application.read(".npmrc").contains("s3cret"), "the source itself is left alone");
}

#[test]
fn an_output_in_a_new_directory_of_the_application_is_no_part_of_it() {
    let application = Files::of([("Procfile", "web: serve")]);
    let run_image = TinyRunImage::amd64();
    let output = format!("oci:{}", application.join("new/deep/image").display());
    let digest = || {
        build(&application, &run_image, &output);
        Image::verified(&application.join("new/deep/image"), "latest").digest
    };
    assert_eq!(digest(), digest());
    let bundle = Bundle::unpack(&application.join("new/deep/image"), "latest");
    let image = bundle.root().join("workspace");
    assert!(image.join("Procfile").is_file() && !image.join("new").exists());
}

#[test]
fn a_build_that_fails_makes_no_directories() {
    let application = Files::of([("README.md", "nothing to build")]);
    let output = format!("oci:{}", application.join("new/image").display());
    let run_image = TinyRunImage::amd64();
    let args = ["build", application.text(), "--platform", "linux/amd64", "--run-image", &run_image.name()];
    let failed = wattle().args(args).args(["--output", &output]).run();
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    assert!(!application.join("new").exists());
}

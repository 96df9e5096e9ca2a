//! A buildpack that nobody trusts is contained, and the message names what it hit.

use crate::run_image::TinyRunImage;
use crate::wattle;
use std::fs;
use wattle_test_support::{Files, component};

/// Lets the buildpack misbehave, and gives what was told.
#[track_caller]
fn check(how: &str, limits: &[&str]) -> String {
    let buildpack = buildpack("misbehaving");
    let application = Files::of([("misbehave", how)]);
    std::os::unix::fs::symlink("/etc/passwd", application.join("link")).unwrap();
    let (run_image, output) = (TinyRunImage::new(), Files::new());
    let image = format!("oci:{}", output.join("image").display());
    let call = wattle().args(["build", application.text(), "--buildpack", buildpack.text(), "--output", &image]);
    let call = call.args(["--run-image", &run_image.name()]);
    let call = limits.iter().fold(call, |call, limit| call.args(["--limit", limit]));
    let failure = call.calling(application.path(), "app").run().fails(1).failure();
    assert!(output.is_empty(), "something was left in the output directory");
    failure
}

/// A directory with the `buildpack.toml` and the component of a package in `tests/components`.
fn buildpack(name: &str) -> Files {
    let manifest = format!(
        "api = \"0.12\"\n\n[buildpack]\nid = \"test/{name}\"\nversion = \"0.1.0\"\n\n\
         [metadata.wattle]\ncomponent = \"{name}.wasm\"\n"
    );
    let component = fs::read(component(&format!("{name}-buildpack"))).unwrap();
    Files::of([("buildpack.toml", manifest.as_str())]).with(&format!("{name}.wasm"), component)
}

#[test]
fn files_of_the_host_do_not_exist() {
    insta::assert_snapshot!(check("read host files", &[]), @"");
}

#[test]
fn nothing_outside_can_be_written() {
    insta::assert_snapshot!(check("escape", &[]), @"");
}

#[test]
fn what_was_not_granted_is_not_fetched() {
    insta::assert_snapshot!(check("fetch", &[]), @"");
}

#[test]
fn a_loop_ends() {
    insta::assert_snapshot!(check("loop", &["time=1s"]), @"");
    insta::assert_snapshot!(check("loop in detect", &["time=1s"]), @"");
}

#[test]
fn allocating_8_gib_ends() {
    insta::assert_snapshot!(check("allocate", &[]), @"");
}

#[test]
fn writing_10_million_files_ends() {
    insta::assert_snapshot!(check("write files", &[]), @"");
}

#[test]
fn writing_100_gib_ends() {
    insta::assert_snapshot!(check("write bytes", &["bytes=64MiB"]), @"");
}

#[test]
fn printing_1_gib_ends() {
    insta::assert_snapshot!(check("print", &[]), @"");
}

#[test]
fn a_panic_ends_the_buildpack_alone() {
    insta::assert_snapshot!(check("panic", &[]), @"");
    insta::assert_snapshot!(check("recurse", &[]), @"");
    insta::assert_snapshot!(check("exit", &[]), @"");
}

#[test]
fn sockets_are_not_offered() {
    let (buildpack, application, output) = (buildpack("socket"), Files::of([("misbehave", "")]), Files::new());
    let image = format!("oci:{}", output.join("image").display());
    let call = wattle().args(["build", application.text(), "--buildpack", buildpack.text(), "--output", &image]);
    let run_image = TinyRunImage::new();
    let output = call.args(["--run-image", &run_image.name()]).calling(application.path(), "app").run();
    insta::assert_snapshot!(output.fails(2).failure(), @"");
}

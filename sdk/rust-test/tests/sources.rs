//! Where buildpacks and applications come from.

#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]

use std::fs;
use std::path::Path;
use wattle_buildpack_test::Sandbox;
use wattle_test_support::component;

const MANIFEST: &str = r#"
api = "0.12"

[buildpack]
id = "test/other"
version = "2.0.0"

[metadata.wattle]
component = "it.wasm"
"#;

fn directory(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, contents) in files {
        fs::write(directory.path().join(name), contents).unwrap();
    }
    directory
}

/// The component of `calls-buildpack` in another package.
fn other() -> Sandbox {
    let directory = directory(&[("buildpack.toml", MANIFEST.as_bytes())]);
    Sandbox::of_component(component("calls-buildpack"), directory.path().join("buildpack.toml"))
}

#[test]
fn a_directory_is_a_buildpack() {
    let wasm = fs::read(component("calls-buildpack")).unwrap();
    let directory = directory(&[("buildpack.toml", MANIFEST.as_bytes()), ("it.wasm", &wasm)]);
    let built = Sandbox::of_directory(directory.path()).app([("call", "context")]).build().unwrap();
    insta::assert_snapshot!(built.log().lines().next().unwrap(), @r#"("test/other", "2.0.0", "/workspace", "/buildpack")"#);
}

#[test]
fn a_component_may_be_anywhere() {
    let refused = other().app([("call", "artifacts\nnpm:x")]).artifact("npm:x", "x").build().unwrap_err();
    assert_eq!(refused.code(), "artifacts/registry/not-granted");
}

#[test]
fn a_directory_is_an_application_without_what_it_ignores() {
    let directory = directory(&[("call", b"launch"), ("left-out", b""), (".gitignore", b"left-out")]);
    let app = other().app_from(directory.path()).build().unwrap().application().clone();
    assert!(app.file("call").is_some() && app.file("left-out").is_none());
}

#[test]
fn a_buildpack_sees_what_those_before_it_left() {
    let first = Sandbox::of_package("calls-buildpack").app([("call", "environment")]).env("COLOUR", "green").build();
    let second = other().empty_app().behind(&first.unwrap()).file("call", "context").build().unwrap();
    insta::assert_snapshot!(second.log(), @r#"
    ("test/other", "2.0.0", "/workspace", "/buildpack")
    Target { os: "linux", arch: "amd64", variant: None, distribution: None }
    {"ALL_APPEND": "new", "ALL_DEFAULT": "new", "ALL_PREPEND": "new", "ALL_SET": "new", "BUILD_APPEND": "new", "BUILD_DEFAULT": "new", "BUILD_PREPEND": "new", "BUILD_SET": "new", "CNB_BUILDPACK_DIR": "/buildpack", "CNB_EXEC_ENV": "production", "CNB_LAYERS_DIR": "/layers/test_other", "CNB_PLATFORM_DIR": "/platform", "CNB_TARGET_ARCH": "amd64", "CNB_TARGET_OS": "linux", "COLOUR": "green", "PATH": "/layers/test_calls/environment/bin"}
    ["test_calls", "test_other"]
    (Some("green"), None, Some("green"), None)
    Some("")
    "#);
    assert_eq!(second.rebuild().unwrap().log(), second.log());
}

#[test]
#[should_panic(expected = "has no `it.wasm`")]
fn a_directory_without_its_component_is_said() {
    Sandbox::of_directory(directory(&[("buildpack.toml", MANIFEST.as_bytes())]).path());
}

#[test]
#[should_panic(expected = "`nowhere` cannot be opened")]
fn an_application_that_is_not_there_is_said() {
    other().app_from(Path::new("nowhere"));
}

//! What is wrong with an application, the settings or the machine is said clearly, and leaves nothing behind.

use crate::run_image::TinyRunImage;
use crate::{cold, wattle};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use wattle_test_support::{Call, Files, Silent, Wattle};

/// A build of an application, with somewhere for the image to go.
struct Attempt {
    application: Files,
    output: Files,
    run_image: TinyRunImage,
}

impl Attempt {
    fn new(application: Files) -> Attempt {
        Attempt { application, output: Files::new(), run_image: TinyRunImage::new() }
    }

    fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Attempt {
        Attempt::new(Files::of(files))
    }

    fn call(&self, wattle: &Wattle) -> Call {
        let image = format!("oci:{}", self.output.join("image").display());
        let call = wattle.args(["build", self.application.text(), "--run-image", &self.run_image.name()]);
        let call = call.args(["--output", &image]);
        call.calling(self.application.path(), "app").calling(self.output.path(), "out")
    }

    /// Builds, which has to fail with this code, and gives the error as it was told.
    #[track_caller]
    fn fails(&self, code: i32) -> String {
        self.fails_as(code, self.call(&wattle()))
    }

    #[track_caller]
    fn fails_as(&self, code: i32, call: Call) -> String {
        let failure = call.run().fails(code).failure();
        assert!(self.output.is_empty(), "something was left in the output directory");
        failure
    }
}

/// A `package.json` with these dependencies, and a lock file with these packages.
fn node<'a>(dependencies: &str, lock: &'a str, manifest: &'a mut String) -> [(&'a str, &'a str); 3] {
    *manifest = format!(r#"{{ "name": "shop", "version": "1.0.0", "dependencies": {{ {dependencies} }} }}"#);
    [("package.json", manifest), ("package-lock.json", lock), ("index.js", "")]
}

#[track_caller]
fn lock_fails(dependencies: &str, lock: &str, code: i32) -> String {
    Attempt::of(node(dependencies, lock, &mut String::new())).fails(code)
}

#[test]
fn no_buildpack_applies() {
    let attempt = Attempt::of([("web/package.json", "{}"), ("README.md", "A shop")]);
    insta::assert_snapshot!(attempt.fails(1), @"");
}

#[test]
fn an_empty_application() {
    insta::assert_snapshot!(Attempt::of([]).fails(1), @"");
}

#[test]
fn an_application_that_is_not_there() {
    let attempt = Attempt::of([]);
    let call = wattle().args(["build", &attempt.application.join("shop").to_string_lossy(), "--output", "oci:x"]);
    let call = call.current_dir(attempt.output.path()).calling(attempt.application.path(), "app");
    insta::assert_snapshot!(attempt.fails_as(2, call), @"");
}

#[test]
fn a_lock_file_out_of_step() {
    let lock = r#"{ "lockfileVersion": 3, "packages": {
        "": { "name": "shop", "version": "1.0.0", "dependencies": { "ms": "^2.0.0" } },
        "node_modules/ms": { "version": "2.1.3", "integrity": "sha512-AAAA" }
    } }"#;
    insta::assert_snapshot!(lock_fails(r#""ms": "^3.0.0", "debug": "4""#, lock, 1), @"");
}

#[test]
fn no_lock_file() {
    let attempt = Attempt::of([("package.json", r#"{ "dependencies": { "ms": "2" } }"#), ("index.js", "")]);
    insta::assert_snapshot!(attempt.fails(1), @"");
}

#[test]
fn a_lock_file_of_another_version() {
    let lock = |version| format!(r#"{{ "lockfileVersion": {version}, "packages": {{}}, "dependencies": {{}} }}"#);
    insta::assert_snapshot!(lock_fails(r#""ms": "2""#, &lock(1), 1), @"");
    insta::assert_snapshot!(lock_fails(r#""ms": "2""#, &lock(9), 1), @"");
}

#[test]
fn a_package_without_integrity() {
    let lock = r#"{ "lockfileVersion": 3, "packages": {
        "": { "name": "shop", "version": "1.0.0", "dependencies": { "ms": "2" } },
        "node_modules/ms": { "version": "2.1.3" }
    } }"#;
    insta::assert_snapshot!(lock_fails(r#""ms": "2""#, lock, 1), @"");
}

#[test]
fn a_package_that_is_not_what_was_locked() {
    let wrong = "A".repeat(86);
    let lock = format!(
        r#"{{ "lockfileVersion": 3, "packages": {{
        "": {{ "name": "shop", "version": "1.0.0", "dependencies": {{ "ms": "2" }} }},
        "node_modules/ms": {{ "version": "2.1.3", "integrity": "sha512-{wrong}==" }}
    }} }}"#
    );
    insta::assert_snapshot!(lock_fails(r#""ms": "2""#, &lock, 1), @"");
}

#[test]
fn a_registry_that_is_down() {
    let attempt = Attempt::of([("package.json", "{}"), ("index.js", "")]);
    // Nobody can listen on port 1 without being noticed, and nobody does.
    let call = attempt.call(&cold()).args(["--registry", "npm=http://127.0.0.1:1"]);
    insta::assert_snapshot!(attempt.fails_as(3, call), @"");
}

#[test]
fn a_registry_that_nothing_names() {
    let attempt = Attempt::of([("package.json", "{}"), ("index.js", "")]);
    let call = attempt.call(&cold()).bare();
    insta::assert_snapshot!(attempt.fails_as(2, call), @"");
}

#[test]
fn a_node_version_that_does_not_exist() {
    let manifest = r#"{ "engines": { "node": "24.999" } }"#;
    insta::assert_snapshot!(Attempt::of([("package.json", manifest), ("index.js", "")]).fails(1), @"");
    insta::assert_snapshot!(Attempt::of([("package.json", "{}"), ("index.js", ""), (".nvmrc", "newest")]).fails(1), @"");
}

#[test]
fn a_malformed_procfile() {
    let attempt = Attempt::of([("Procfile", "web: node server.js\nworker\n")]);
    insta::assert_snapshot!(attempt.fails(1), @"");
}

#[test]
fn a_malformed_package_json() {
    let attempt = Attempt::of([("package.json", "{\n  \"name\": \"shop\",\n  \"version\" \"1\"\n}\n")]);
    insta::assert_snapshot!(attempt.fails(1), @"");
    let attempt = Attempt::of([("package.json", "{\n  \"dependencies\": [\"ms\"]\n}\n")]);
    insta::assert_snapshot!(attempt.fails(1), @"");
}

#[test]
fn a_malformed_buildpack_toml() {
    let told = |text| {
        let attempt = Attempt::of([("Procfile", "web: true")]);
        let buildpack = Files::of([("buildpack.toml", text)]);
        let call =
            attempt.call(&wattle()).args(["--buildpack", buildpack.text()]).calling(buildpack.path(), "buildpack");
        attempt.fails_as(2, call)
    };
    insta::assert_snapshot!(told("api = \"0.12\"\n[buildpack\nid = 1\n"), @"");
    insta::assert_snapshot!(told("api = \"0.12\"\n[buildpack]\nid = 1\n"), @"");
    insta::assert_snapshot!(told("api = \"0.12\"\n[buildpack]\nid = \"a/b\"\nversion = \"1.0.0\"\n"), @"");
    let component = "\n[metadata.wattle]\ncomponent = \"missing.wasm\"\n";
    let manifest = "api = \"0.12\"\n[buildpack]\nid = \"a/b\"\nversion = \"1.0.0\"\n";
    insta::assert_snapshot!(told(&format!("{manifest}{component}")), @"");
}

#[test]
fn a_component_that_is_none() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let manifest =
        "api = \"0.12\"\n[buildpack]\nid = \"a/b\"\nversion = \"1.0.0\"\n[metadata.wattle]\ncomponent = \"a.wasm\"\n";
    let buildpack = Files::of([("buildpack.toml", manifest), ("a.wasm", "#!/bin/sh\n")]);
    let call = attempt.call(&wattle()).args(["--buildpack", buildpack.text()]).calling(buildpack.path(), "buildpack");
    insta::assert_snapshot!(attempt.fails_as(2, call), @"");
}

#[test]
fn a_directory_without_buildpack_toml() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let buildpack = Files::new();
    let call = attempt.call(&wattle()).args(["--buildpack", buildpack.text()]).calling(buildpack.path(), "buildpack");
    insta::assert_snapshot!(attempt.fails_as(2, call), @"");
}

#[test]
fn a_file_that_may_not_be_read() {
    let attempt = Attempt::of([("Procfile", "web: true"), ("secret/key", "k")]);
    let key = attempt.application.join("secret/key");
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let store = cold();
    for directory in [attempt.application.path(), attempt.output.path(), store.store(), attempt.run_image.path()] {
        open(directory);
    }
    insta::assert_snapshot!(attempt.fails_as(1, attempt.call(&store).as_nobody()), @"");
}

#[test]
fn a_name_that_is_no_text() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    fs::write(attempt.application.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "").unwrap();
    insta::assert_snapshot!(attempt.fails(1), @"");
}

#[test]
fn a_file_that_is_no_file() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let _socket = UnixListener::bind(attempt.application.join("socket")).unwrap();
    insta::assert_snapshot!(attempt.fails(1), @"");
}

#[test]
fn an_output_directory_that_may_not_be_written() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let store = cold();
    for directory in [attempt.application.path(), store.store(), attempt.run_image.path()] {
        open(directory);
    }
    fs::set_permissions(attempt.output.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    insta::assert_snapshot!(attempt.fails_as(3, attempt.call(&store).as_nobody()), @"");
}

#[test]
fn an_output_that_is_something_else() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let other = Files::of([("notes.txt", "mine")]);
    let call = |output: &str| attempt.call(&wattle()).args(["--output", output]).calling(other.path(), "other");
    let build = |output: &str| {
        let args = ["build", attempt.application.text(), "--run-image", &attempt.run_image.name(), "--output", output];
        wattle().args(args).calling(other.path(), "other")
    };
    insta::assert_snapshot!(attempt.fails_as(2, build(&format!("oci:{}", other.text()))), @"");
    insta::assert_snapshot!(attempt.fails_as(2, build(&format!("oci:{}/notes.txt", other.text()))), @"");
    insta::assert_snapshot!(attempt.fails_as(2, build("UPPER/case")), @"");
    // Twice said is not the last that counts.
    insta::assert_snapshot!(attempt.fails_as(2, call("oci:x")), @"");
    assert_eq!(other.read("notes.txt"), "mine");
}

#[test]
fn a_run_image_that_is_not_there() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let build = |run_image: &str| {
        let output = format!("oci:{}", attempt.output.join("image").display());
        let args = ["build", attempt.application.text(), "--run-image", run_image, "--output", &output];
        wattle().args(args).calling(attempt.application.path(), "app")
    };
    let missing = format!("oci:{}/missing", attempt.application.text());
    insta::assert_snapshot!(attempt.fails_as(2, build(&missing)), @"");
    let call = attempt.call(&wattle()).args(["--platform", "linux/arm64"]).calling(attempt.run_image.path(), "base");
    insta::assert_snapshot!(attempt.fails_as(2, call), @"");
}

#[test]
fn a_full_disk() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let (output, left) = attempt.call(&wattle()).on_small_disk(attempt.output.path(), 64 << 10);
    insta::assert_snapshot!(output.fails(3).failure(), @"");
    assert_eq!(left, "", "something was left in the output directory");

    let store = Files::new();
    let call = attempt.call(&wattle()).env("WATTLE_STORE", store.path()).calling(store.path(), "small");
    let (output, _) = call.on_small_disk(store.path(), 64 << 10);
    insta::assert_snapshot!(output.fails(3).failure(), @"");
    assert!(attempt.output.is_empty());
}

#[test]
fn interrupted_while_it_fetches() {
    let attempt = Attempt::of([("package.json", "{}"), ("index.js", "")]);
    let registry = Silent::new();
    let process = attempt.call(&cold()).args(["--registry", &format!("npm={}", registry.url())]).start();
    let _connection = registry.asked();
    process.interrupt();
    insta::assert_snapshot!(process.finish().fails(130).failure(), @"");
    assert!(attempt.output.is_empty());
}

#[test]
fn interrupted_while_it_publishes() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let registry = Silent::new();
    let image = registry.url().replace("http://", "") + "/team/shop";
    let args = ["build", attempt.application.text(), "--run-image", &attempt.run_image.name(), "--output", &image];
    let process = wattle().args(args).start();
    let _connection = registry.asked();
    process.interrupt();
    insta::assert_snapshot!(process.finish().fails(130).failure(), @"");
}

/// Lets everybody read and write a directory.
fn open(directory: &Path) {
    fs::set_permissions(directory, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
}

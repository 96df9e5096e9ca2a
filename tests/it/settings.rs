//! What is wrong with a file of settings is said where it is.

mod environment;
mod image;
mod project;

use crate::{cold, wattle};
use wattle_test_support::Files;

#[test]
fn a_key_that_nobody_reads() {
    let settings = "outptu = \"oci:shop\"\ncolour = 1\n[registrys]\nnpm = \"https://npm.example\"\n";
    let application = Files::of([("Procfile", "web: serve"), ("wattle.toml", settings)]);
    let plan = || wattle().args(["plan", application.text()]).calling(application.path(), "app");
    insta::assert_snapshot!(plan().run().succeeds().told(), @r#"
    warning: `[app]/wattle.toml`: `colour` is unknown and has no effect
    warning: `[app]/wattle.toml`: `outptu` is unknown and has no effect; did you mean `output`?
    warning: `[app]/wattle.toml`: `registrys` is unknown and has no effect; did you mean `registries`?
    "#);
    let lines = plan().args(["--format", "json"]).run().succeeds().json_lines();
    assert_eq!(lines.iter().filter(|line| line["event"] == "warning").count(), 3, "{lines:?}");
    assert_eq!(plan().arg("--quiet").run().succeeds().stderr, "");
}

#[test]
fn a_key_of_a_buildpack_that_nobody_reads() {
    let manifest = "api = \"0.12\"\n[buildpack]\nid = \"a/b\"\nversion = \"1.0.0\"\nnmae = \"B\"\n\
                    [metadata.wattle]\ncomponent = \"missing.wasm\"\ncomponents = []\n";
    let (application, buildpack) = (Files::of([("Procfile", "web: serve")]), Files::of([("buildpack.toml", manifest)]));
    let call = wattle().args(["plan", application.text(), "--buildpack", buildpack.text()]);
    insta::assert_snapshot!(call.calling(buildpack.path(), "buildpack").run().fails(2).told(), @r#"
    warning: `[buildpack]/buildpack.toml`: `buildpack.nmae` is unknown and has no effect; did you mean `name`?
    warning: `[buildpack]/buildpack.toml`: `metadata.wattle.components` is unknown and has no effect; did you mean `component`?
    error: `[buildpack]` has no `missing.wasm`, which its `buildpack.toml` names as its component
    "#);
}

#[test]
fn a_file_that_is_no_toml() {
    let told = |settings: &str| {
        let application = Files::of([("Procfile", "web: serve"), ("wattle.toml", settings)]);
        wattle().args(["plan", application.text()]).calling(application.path(), "app").run().fails(2).told()
    };
    insta::assert_snapshot!(told("output = \"oci:shop\"\n[env\nA = \"1\"\n"), @r#"
    error: [app]/wattle.toml:2:5: unclosed table, expected `]`
      2 | [env
        |     ^
    hint: correct line 2 of `[app]/wattle.toml`
    "#);
    insta::assert_snapshot!(told("platform = [\"linux/amd64\"]\n"), @r#"
    error: [app]/wattle.toml:1:12: invalid type: sequence, expected a string
      1 | platform = ["linux/amd64"]
        |            ^
    hint: correct line 1 of `[app]/wattle.toml`
    "#);
}

#[test]
fn the_store_says_where_it_is_and_what_became_of_it() {
    let wattle = cold();
    let application = Files::of([("Procfile", "web: serve")]);
    wattle.args(["plan", application.text()]).run().succeeds();
    let store = |args: &[&str]| wattle.args(["store"]).args(args).run().succeeds();
    insta::assert_snapshot!(store(&["dir"]).data(), @"[store]");
    let json = store(&["dir", "--format", "json"]).json_lines();
    assert_eq!(json[0]["directory"], wattle.store().to_str().unwrap());
    insta::assert_snapshot!(store(&["prune"]).data(), @r#"
                         removed  kept
    compiled components  [size]      [size]
    together             [size]      [size]
    kept [size] although it is more than 0: it was used within five minutes, or since a build that runs began
    "#);
    let json = store(&["prune", "--keep", "1GiB", "--format", "json"]).json_lines();
    assert_eq!((&json[0]["removed-bytes"], &json[0]["kinds"]["compiled"]["removed-bytes"]), (&0.into(), &0.into()));
    assert_eq!(json[0]["bytes"], json[0]["in-use-bytes"], "all was used just now");
}

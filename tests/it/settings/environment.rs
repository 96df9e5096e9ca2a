//! Where variables and service bindings come from.

use crate::wattle;
use std::os::unix::fs::symlink;
use wattle_test_support::{Call, Files};

const PROJECT: &str = "[_]\nschema-version = \"0.2\"\n[[io.buildpacks.build.env]]\nname = \"BP_WEB_SERVER_ROOT\"\nvalue = \"from-project\"\n";

/// An application that says how a variable was set: there is no such folder, and a buildpack says so.
fn detect(files: &Files) -> Call {
    wattle().args(["detect", files.text(), "--format", "json"]).bare()
}

#[track_caller]
fn root(call: Call) -> String {
    let lines = call.run().json_lines();
    let said = lines.last().unwrap().to_string();
    let from = said.split("from-").nth(1).unwrap_or_else(|| panic!("it was not set: {said}"));
    from.chars().take_while(char::is_ascii_alphabetic).collect()
}

#[test]
fn j5_p4_what_is_typed_comes_before_what_is_written() {
    let site = Files::of([("index.html", "")]);
    let set = |from: &str| format!("BP_WEB_SERVER_ROOT=from-{from}");
    let site = site.with("project.toml", PROJECT);
    assert_eq!(root(detect(&site)), "project");
    let site = site.with("wattle.toml", "env-file = \"tool.env\"\n").with("tool.env", set("toolfile"));
    assert_eq!(root(detect(&site)), "toolfile");
    let site = site.with("wattle.toml", "env-file = \"tool.env\"\n[env]\nBP_WEB_SERVER_ROOT = \"from-tool\"\n");
    assert_eq!(root(detect(&site)), "tool");
    let site = site.with("one.env", set("one")).with("two.env", "# from the environment\nBP_WEB_SERVER_ROOT\n");
    let one = || detect(&site).arg("--env-file").arg(site.join("one.env"));
    assert_eq!(root(one()), "one");
    let two = || one().arg("--env-file").arg(site.join("two.env"));
    assert_eq!(root(two()), "one", "it is not in the environment");
    assert_eq!(root(two().env("BP_WEB_SERVER_ROOT", "from-caller")), "caller");
    assert_eq!(root(two().args(["--env", &set("typed")])), "typed");
}

#[test]
fn a_file_of_variables_that_is_wrong_says_where_and_not_what() {
    let application = Files::of([("Procfile", "web: serve")]);
    let told = |text: &str| {
        let files = Files::of([("build.env", text)]);
        let call = wattle().args(["plan", application.text(), "--env-file"]).arg(files.join("build.env"));
        call.calling(files.path(), "files").run().fails(2).failure()
    };
    insta::assert_snapshot!(told("A=1\nPASSWORD: s3cret\n"), @"");
    insta::assert_snapshot!(told("=s3cret"), @"");
    let missing = wattle().args(["plan", application.text(), "--env-file", "nowhere.env"]).run().fails(2).failure();
    insta::assert_snapshot!(missing, @"");
    let unset = wattle().args(["plan", application.text(), "--env", "WATTLE_NOT_SET"]).run().succeeds().told();
    insta::assert_snapshot!(unset, @"");
}

#[test]
fn j8_a_binding_that_is_wrong_says_why() {
    let application = Files::of([("Procfile", "web: serve")]);
    let services = Files::of([("none/password", "s3cret"), ("out/type", "x"), ("secret", "s3cret"), ("ok/type", "x")]);
    symlink("../secret", services.join("out/secret")).unwrap();
    let plan = || wattle().args(["plan", application.text()]).calling(services.path(), "services");
    let told = |bindings: &[&str]| {
        let options = bindings.iter().flat_map(|binding| {
            let binding = binding.replace("DIR", services.text());
            ["--binding".to_owned(), binding]
        });
        plan().args(options).run().fails(2).failure()
    };
    insta::assert_snapshot!(told(&["db"]), @"");
    insta::assert_snapshot!(told(&["db=DIR/nowhere"]), @"");
    insta::assert_snapshot!(told(&["db=DIR/none"]), @"");
    insta::assert_snapshot!(told(&["db=DIR/out"]), @"");
    insta::assert_snapshot!(told(&["../db=DIR/ok"]), @"");
    insta::assert_snapshot!(told(&["db=DIR/ok", "db=DIR/ok"]), @"");
    insta::assert_snapshot!(plan().env("SERVICE_BINDING_ROOT", services.join("nowhere")).run().fails(2).failure(), @"");
    // Of a root, what has no type is no binding.
    let root = Files::of([("none/password", "s3cret"), ("ok/type", "x")]);
    plan().env("SERVICE_BINDING_ROOT", root.path()).run().succeeds();
}

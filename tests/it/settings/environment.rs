//! Where variables and service bindings come from.

use crate::guest::Guest;
use crate::wattle;
use std::os::unix::fs::symlink;
use wattle_test_support::{Call, Files};

const PROJECT: &str =
    "[_]\nschema-version = \"0.2\"\n[[io.buildpacks.build.env]]\nname = \"COLOUR\"\nvalue = \"from-project\"\n";

/// Where the variable was set.
#[track_caller]
fn origin(call: Call) -> String {
    let lines = call.run().succeeds().json_lines();
    let said: String = lines.iter().filter(|line| line["event"] == "output").map(ToString::to_string).collect();
    let from = said.split("from-").nth(1).unwrap_or_else(|| panic!("it was not set: {said}"));
    from.chars().take_while(char::is_ascii_alphabetic).collect()
}

#[test]
fn j5_p4_what_is_typed_comes_before_what_is_written() {
    let guest = Guest::calls(&[("call", "context"), ("project.toml", PROJECT)]);
    let call = || guest.call().bare().args(["--format", "json"]);
    let file = |name: &str, text: &str| std::fs::write(guest.application.join(name), text).unwrap();
    let set = |from: &str| format!("COLOUR=from-{from}");
    assert_eq!(origin(call()), "project");
    file("wattle.toml", "env-file = \"tool.env\"\n");
    file("tool.env", &set("toolfile"));
    assert_eq!(origin(call()), "toolfile");
    file("wattle.toml", "env-file = \"tool.env\"\n[env]\nCOLOUR = \"from-tool\"\n");
    assert_eq!(origin(call()), "tool");
    file("one.env", &set("one"));
    file("two.env", "# from the environment\nCOLOUR\n");
    let one = || call().arg("--env-file").arg(guest.application.join("one.env"));
    assert_eq!(origin(one()), "one");
    let two = || one().arg("--env-file").arg(guest.application.join("two.env"));
    assert_eq!(origin(two()), "one", "it is not in the environment");
    assert_eq!(origin(two().env("COLOUR", "from-caller")), "caller");
    assert_eq!(origin(two().args(["--env", &set("typed")])), "typed");
}

#[test]
fn a_file_of_variables_that_is_wrong_says_where_and_not_what() {
    let application = Files::of([("Procfile", "web: serve")]);
    let told = |text: &str| {
        let files = Files::of([("build.env", text)]);
        let call = wattle().args(["plan", application.text(), "--env-file"]).arg(files.join("build.env"));
        call.calling(files.path(), "files").run().fails(2).failure()
    };
    insta::assert_snapshot!(told("A=1\nPASSWORD: s3cret\n"), @"error: [files]/build.env:2: the name of the variable has a space in it: write `NAME=VALUE`, or `NAME` to take it from the environment");
    insta::assert_snapshot!(told("=s3cret"), @"error: [files]/build.env:1: the variable has no name: write `NAME=VALUE`, or `NAME` to take it from the environment");
    let missing = wattle().args(["plan", application.text(), "--env-file", "nowhere.env"]).run().fails(2).failure();
    insta::assert_snapshot!(missing, @"
    error: the file of variables `nowhere.env` cannot be read
      caused by: No such file or directory (os error 2)
    ");
    let unset = wattle().args(["plan", application.text(), "--env", "WATTLE_NOT_SET"]).run().succeeds().told();
    insta::assert_snapshot!(unset, @"warning: `--env WATTLE_NOT_SET` has no effect: there is no such variable in the environment");
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
    insta::assert_snapshot!(told(&["db"]), @"error: `--binding db` has no name or no directory: write `--binding NAME=DIR`");
    insta::assert_snapshot!(told(&["db=DIR/nowhere"]), @"
    error: the binding `db` in `[services]/nowhere` cannot be read
      caused by: No such file or directory (os error 2)
    ");
    insta::assert_snapshot!(told(&["db=DIR/none"]), @"error: `[services]/none` is no service binding: it has no file `type`, which says what it is for, such as `postgresql`");
    insta::assert_snapshot!(told(&["db=DIR/out"]), @"error: `secret` of the binding `db` in `[services]/out` leads out of it: copy what it leads to");
    insta::assert_snapshot!(told(&["../db=DIR/ok"]), @"error: `../db` cannot be the name of a binding: it has letters, digits, `-`, `_` and `.`, not first");
    insta::assert_snapshot!(told(&["db=DIR/ok", "db=DIR/ok"]), @"error: `--binding` names `db` twice: a binding has a name of its own");
    insta::assert_snapshot!(plan().env("SERVICE_BINDING_ROOT", services.join("nowhere")).run().fails(2).failure(), @"
    error: `SERVICE_BINDING_ROOT` names `[services]/nowhere`, which cannot be read
      caused by: No such file or directory (os error 2)
    ");
    // Of a root, what has no type is no binding.
    let root = Files::of([("none/password", "s3cret"), ("ok/type", "x")]);
    plan().env("SERVICE_BINDING_ROOT", root.path()).run().succeeds();
}

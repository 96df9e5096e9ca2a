//! The environment variables buildpack in the sandbox.

use wattle_buildpack_test::{App, LayerState, Sandbox};

fn app<const N: usize>(variables: [(&str, &str); N]) -> App {
    let app = Sandbox::of_package("environment-variables-buildpack").empty_app();
    variables.into_iter().fold(app, |app, (name, value)| app.env(name, value))
}

#[test]
fn takes_part_where_a_variable_is_to_be_set() {
    insta::assert_snapshot!(app([("BPE_A", "")]).detect(), @"pass: provides environment-variables, requires environment-variables");
    insta::assert_snapshot!(app([("BP_A", "1"), ("BPEA", "1")]).detect(), @"skip: no variable is set whose name begins with `BPE_`");
}

#[test]
fn b72_every_kind_becomes_a_file_of_the_layer() {
    let built = app([
        ("BPE_PLAIN", "a b\n"),
        ("BPE_OVERRIDE_SET", "1"),
        ("BPE_DEFAULT_FALLBACK", "2"),
        ("BPE_APPEND_LIST", "last"),
        ("BPE_PREPEND_LIST", "first"),
        ("BPE_DELIM_LIST", ":"),
        ("BPE_APPEND_RAW", "3"),
        // Without a name behind it, a kind is a name.
        ("BPE_APPEND", "4"),
        ("BPE_EMPTY", ""),
    ]);
    let first = built.build().unwrap();
    insta::assert_snapshot!(first, @r#"
    layer variables launch: created
      APPEND = 4537de233a73c493
      EMPTY = 13375d4d3dcf9b00
      FALLBACK = cecfb3051eb8b93b
      LIST = 2d9a468955692557
      PLAIN = 01cfc7ed379be711
      RAW = 0360ba771057b3a1
      SET = 8f0e312fa77af7b4
      env.launch/APPEND.override "4"
      env.launch/EMPTY.override ""
      env.launch/FALLBACK.default "2"
      env.launch/LIST.append "last"
      env.launch/LIST.delim ":"
      env.launch/LIST.prepend "first"
      env.launch/PLAIN.override "a b\n"
      env.launch/RAW.append "3"
      env.launch/SET.override "1"
    | APPEND: override
    | EMPTY: override
    | FALLBACK: default
    | LIST: append, prepend
    | PLAIN: override
    | RAW: append
    | SET: override
    "#);
    assert_eq!(first.environment("web")["LIST"], "first:last");
    assert_eq!(first.rebuild().unwrap().layer("variables").state(), &LayerState::Kept);
}

#[test]
fn nobody_reads_a_value() {
    let first = app([("BPE_TOKEN", "swordfish"), ("BPE_MODE", "fast")]).build().unwrap();
    let second = app([("BPE_TOKEN", "marlin"), ("BPE_MODE", "fast")]).after(&first).build().unwrap();
    assert_eq!(second.environment("web")["TOKEN"], "marlin");
    let layer = second.layer("variables");
    let LayerState::Stale(changes) = layer.state() else { panic!("{second}") };
    let changed: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
    assert_eq!(changed, ["TOKEN"]);
    let told = format!("{changes:?} {:?} {}", layer.key(), second.log());
    assert!(!told.contains("swordfish") && !told.contains("marlin"), "{told}");
}

#[test]
fn a_delimiter_that_changes_is_noticed() {
    let of = |delimiter| app([("BPE_APPEND_A", "x"), ("BPE_PREPEND_A", "y"), ("BPE_DELIM_A", delimiter)]);
    let first = of(":").build().unwrap();
    assert_eq!(of(",").after(&first).build().unwrap().environment("web")["A"], "y,x");
}

#[test]
fn what_has_no_effect_is_said() {
    let built = app([
        ("BPE_DELIM_A", ":"),
        ("BPE_B", "1"),
        ("BPE_OVERRIDE_B", "2"),
        ("BPE_APPEND_C", "1"),
        ("BPE_DEFAULT_C", "2"),
        ("BPE_C", "3"),
        ("BPE_PREPEND_C", "4"),
        ("BPE_APPEND_D", "1"),
        ("BPE_DEFAULT_D", "2"),
    ]);
    let built = built.build().unwrap();
    insta::assert_snapshot!(built.log(), @"
    B: override
    C: append, default, override, prepend
    D: append, default
    `BPE_DELIM_A` has no effect: neither `BPE_APPEND_A` nor `BPE_PREPEND_A` is set
    `BPE_B` has no effect: `BPE_OVERRIDE_B` is set too
    `BPE_APPEND_C` has no effect: what replaces the value comes after it
    `BPE_DEFAULT_C` has no effect: the value is replaced in any case
    `BPE_DEFAULT_D` has no effect: what is appended comes before it, and then the variable has a value
    ");
    // As it is said, so it is.
    insta::assert_debug_snapshot!(built.environment("web"), @r#"
    {
        "B": "2",
        "C": "43",
        "D": "1",
    }
    "#);
}

#[test]
fn mistakes_are_pointed_at() {
    let cases = ["BPE_", "BPE_APPEND_", "BPE_DELIM_", "BPE_spring.profiles", "BPE_DEFAULT_a/b"];
    let all = cases.map(|name| app([(name, "1")]).build().unwrap_err().to_string());
    insta::assert_snapshot!(all.join("\n"), @"
    environment-variables/name (user): `BPE_` names no variable to set
    hint: write the name of a variable behind it, such as `BPE_GREETING`, `BPE_DEFAULT_GREETING` or `BPE_APPEND_GREETING`
    environment-variables/name (user): `BPE_APPEND_` names no variable to set
    hint: write the name of a variable behind it, such as `BPE_GREETING`, `BPE_DEFAULT_GREETING` or `BPE_APPEND_GREETING`
    environment-variables/name (user): `BPE_DELIM_` names no variable to set
    hint: write the name of a variable behind it, such as `BPE_GREETING`, `BPE_DEFAULT_GREETING` or `BPE_APPEND_GREETING`
    environment-variables/name (user): `BPE_spring.profiles` cannot set `spring.profiles`: the name of an image's variable has no `.`
    hint: write the name of a variable behind it, such as `BPE_GREETING`, `BPE_DEFAULT_GREETING` or `BPE_APPEND_GREETING`
    environment-variables/name (user): `BPE_DEFAULT_a/b` cannot set `a/b`: the name of an image's variable has no `/`
    hint: write the name of a variable behind it, such as `BPE_GREETING`, `BPE_DEFAULT_GREETING` or `BPE_APPEND_GREETING`
    ");
}

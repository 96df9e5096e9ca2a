use super::*;
use std::fmt::Write as _;

/// What is read, a line each, or the error with its excerpt.
fn check(text: &str) -> String {
    let project = match Project::parse("project.toml", text) {
        Ok(project) => project,
        Err(error) => return format!("{error}\n{}", error.excerpt().join("\n")),
    };
    let mut out = String::new();
    let Project { id, name, version, source_url, documentation_url, .. } = &project;
    let about = [("id", id), ("name", name), ("version", version), ("source", source_url), ("docs", documentation_url)];
    for (key, value) in about {
        if let Some(value) = value {
            writeln!(out, "{key} {value}").unwrap();
        }
    }
    let lists = [("authors", &project.authors), ("packages", &project.packages)];
    for (key, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
        writeln!(out, "{key} {}", list.join(", ")).unwrap();
    }
    for License { spdx, uri } in &project.licenses {
        writeln!(out, "license {spdx:?} {uri:?}").unwrap();
    }
    if !project.metadata.is_empty() {
        writeln!(out, "metadata {:?}", project.metadata.keys().collect::<Vec<_>>()).unwrap();
    }
    if project.selection != Selection::All {
        writeln!(out, "{:?}", project.selection).unwrap();
    }
    for (group, buildpacks) in [("group", &project.group), ("pre", &project.pre), ("post", &project.post)] {
        for ProjectBuildpack { source, exec_env } in buildpacks {
            let shown = match source {
                BuildpackSource::AtHand { id, version: None } => id.to_string(),
                BuildpackSource::AtHand { id, version: Some(version) } => format!("{id}@{version}"),
                BuildpackSource::Directory { path, id } => {
                    format!("in {path} {}", id.as_ref().map_or("", |id| id.as_str()))
                }
            };
            writeln!(out, "{group} {} {}", shown.trim_end(), exec_env.join(",")).unwrap();
        }
    }
    for ProjectVariable { name, value, exec_env } in &project.env {
        writeln!(out, "env {name}={value} {}", exec_env.join(",")).unwrap();
    }
    project.warnings.iter().for_each(|warning| writeln!(out, "warning: {warning}").unwrap());
    out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

const WHOLE: &str = r#"
    [_]
    schema-version = "0.2"
    id = "io.acme.shop"
    name = "Shop"
    version = "1.4"
    authors = ["Ada <ada@acme.example>"]
    documentation-url = "https://docs.acme.example"
    source-url = "https://git.acme.example/shop"
    [[_.licenses]]
    type = "MIT"
    [[_.licenses]]
    uri = "https://acme.example/license"
    [_.metadata]
    team = "sales"

    [io.buildpacks]
    exclude = ["*.md", "/docs"]
    [[io.buildpacks.group]]
    id = "wattle/node"
    [[io.buildpacks.group]]
    id = "wattle/procfile"
    version = "0.1.0"
    [[io.buildpacks.group]]
    uri = "../mine"
    [[io.buildpacks.group]]
    id = "acme/mine"
    uri = "file:///srv/mine"
    [[io.buildpacks.pre.group]]
    id = "acme/first"
    [[io.buildpacks.pre.group]]
    id = "acme/second"
    [[io.buildpacks.post.group]]
    id = "acme/last"
    [[io.buildpacks.build.env]]
    name = "BP_NODE_VERSION"
    value = "24"
    [[io.buildpacks.build.env]]
    name = "EMPTY"
    value = ""

    [io.wattle]
    packages = ["ffmpeg"]
    [com.other]
    anything = ["goes", { here = 1 }]
    [io.other.tool]
    too = true
"#;

#[test]
fn j1_j3_j4_j5_all_of_schema_0_2_is_read() {
    insta::assert_snapshot!(check(WHOLE), @r#"
    id io.acme.shop
    name Shop
    version 1.4
    source https://git.acme.example/shop
    docs https://docs.acme.example
    authors Ada <ada@acme.example>
    packages ffmpeg
    license Some("MIT") None
    license None Some("https://acme.example/license")
    metadata ["team"]
    Exclude(["*.md", "/docs"])
    group wattle/node
    group wattle/procfile@0.1.0
    group in ../mine
    group in /srv/mine acme/mine
    pre acme/first
    pre acme/second
    post acme/last
    env BP_NODE_VERSION=24
    env EMPTY=
    "#);
}

#[test]
fn j1_a_file_without_a_schema_version_is_read_by_schema_0_1() {
    insta::assert_snapshot!(check(r#"
        [project]
        id = "io.acme.shop"
        name = "Shop"
        version = "1.4"
        source-url = "https://git.acme.example/shop"
        [[project.licenses]]
        type = "MIT"
        [build]
        include = ["src/"]
        builder = "acme/builder"
        [[build.buildpacks]]
        id = "wattle/node"
        [[build.env]]
        name = "A"
        value = "1"
        [metadata]
        team = "sales"
    "#), @r#"
    id io.acme.shop
    name Shop
    version 1.4
    source https://git.acme.example/shop
    license Some("MIT") None
    metadata ["team"]
    Include(["src/"])
    group wattle/node
    env A=1
    warning: `project.toml` is read by schema 0.1: write `schema-version = "0.2"` below `[_]`
    warning: `project.toml`: `builder` has no effect: buildpacks are embedded, and `--run-image` is what they build on
    "#);
    // Said once; what it costs is that the rest has no effect.
    insta::assert_snapshot!(check("[_]\nname = \"x\"\n[io.buildpacks]\ninclude = [\"a\"]\n[io.wattle]\npackages = [\"jq\"]"), @r#"
    packages jq
    warning: `project.toml` is read by schema 0.1: write `schema-version = "0.2"` below `[_]`
    warning: `project.toml`: `io.buildpacks` has no effect in schema 0.1, which has `[build]`
    "#);
    // A file that is for us alone needs none.
    insta::assert_snapshot!(check("[io.wattle]\npackages = [\"jq\"]"), @"packages jq");
    insta::assert_snapshot!(check("[_]\nschema-version = \"0.1\"\n[build]\nexclude = []"), @"");
}

#[test]
fn j1_a_schema_that_nobody_knows_is_an_error() {
    insta::assert_snapshot!(check("[_]\nschema-version = \"1.0\""), @r#"
    project.toml:2:18: schema version `1.0` is unknown: expected `0.2`, or `0.1` or `0.3`
    2 | schema-version = "1.0"
      |                  ^
    "#);
    insta::assert_snapshot!(check("[_]\nschema-version = 0.2"), @r"
    project.toml:2:18: invalid type: floating point `0.2`, expected a string
    2 | schema-version = 0.2
      |                  ^
    ");
}

#[test]
fn j1_a_license_has_a_type_or_an_address() {
    insta::assert_snapshot!(check("[_]\nschema-version = \"0.2\"\n[[_.licenses]]\n"), @r"
    project.toml:3:1: expected the `type` of the license, such as `MIT`, or its `uri`
    3 | [[_.licenses]]
      | ^
    ");
}

#[test]
fn j2_include_and_exclude_do_not_go_together() {
    let check = |lines: &str| check(&format!("[_]\nschema-version = \"0.2\"\n[io.buildpacks]\n{lines}"));
    insta::assert_snapshot!(check("include = [\"a\"]\nexclude = [\"b\"]"), @r#"
    project.toml:5:11: expected `include` or `exclude`, not both: a path that is not included is excluded already
    5 | exclude = ["b"]
      |           ^
    "#);
    insta::assert_snapshot!(check("include = []\nexclude = [\"b\"]"), @r#"
    Exclude(["b"])
    "#);
    insta::assert_snapshot!(check("include = []\nexclude = []"), @"");
    insta::assert_snapshot!(check("include = \"a\""), @r#"
    project.toml:4:11: invalid type: string "a", expected a sequence
    4 | include = "a"
      |           ^
    "#);
}

#[test]
fn j3_j6_an_entry_of_a_group_names_one_buildpack() {
    let check = |lines: &str| check(&format!("[_]\nschema-version = \"0.2\"\n[[io.buildpacks.group]]\n{lines}"));
    insta::assert_snapshot!(check("version = \"1.0.0\""), @r"
    project.toml:3:1: expected the `id` of an embedded buildpack, or the `uri` of a directory
    3 | [[io.buildpacks.group]]
      | ^
    ");
    insta::assert_snapshot!(check("id = \"a/b\"\nversion = \"1.0.0\"\nuri = \"x\""), @r#"
    project.toml:6:7: expected `version` or `uri`, not both
    6 | uri = "x"
      |       ^
    "#);
    insta::assert_snapshot!(check("id = \"a_b\""), @r#"
    project.toml:4:6: `a_b` is not the id of a buildpack: expected letters, digits, `.`, `/` and `-`
    4 | id = "a_b"
      |      ^
    "#);
    insta::assert_snapshot!(check("id = \"a/b\"\nversion = \"1\""), @r#"
    project.toml:5:11: `1` is not the version of a buildpack: expected three numbers without leading zeros, such as `1.4.0`
    5 | version = "1"
      |           ^
    "#);
    insta::assert_snapshot!(check("uri = \"docker://registry.example/mine\""), @r#"
    project.toml:4:7: `docker://registry.example/mine`: expected the path of a buildpack's directory; an embedded buildpack is named by its `id`, and others have to be on this machine
    4 | uri = "docker://registry.example/mine"
      |       ^
    "#);
    insta::assert_snapshot!(check("uri = \"urn:cnb:registry:acme/mine\""), @r#"
    project.toml:4:7: `urn:cnb:registry:acme/mine`: expected the path of a buildpack's directory; an embedded buildpack is named by its `id`, and others have to be on this machine
    4 | uri = "urn:cnb:registry:acme/mine"
      |       ^
    "#);
    insta::assert_snapshot!(check("uri = \"\""), @r#"
    project.toml:4:7: ``: expected the path of a buildpack's directory
    4 | uri = ""
      |       ^
    "#);
    insta::assert_snapshot!(check("id = \"a/b\"\n[io.buildpacks.group.script]\napi = \"0.10\"\ninline = \"echo\""), @r"
    project.toml:5:1: inline buildpacks are scripts, which are not run here: make it a buildpack of its own, a component in a directory, and name that with `uri`
    5 | [io.buildpacks.group.script]
      | ^
    ");
}

#[test]
fn j5_the_older_table_of_variables_counts_unless_the_newer_is_there() {
    let older = "[_]\nschema-version = \"0.2\"\n[[io.buildpacks.env.build]]\nname = \"A\"\nvalue = \"older\"\n";
    insta::assert_snapshot!(check(older), @r"
    env A=older
    ");
    insta::assert_snapshot!(check(&format!("{older}[[io.buildpacks.build.env]]\nname = \"B\"\nvalue = \"newer\"")), @r"
    env B=newer
    warning: `project.toml`: `io.buildpacks.env` has no effect beside `io.buildpacks.build.env`
    ");
    insta::assert_snapshot!(check(&older.replace("\"A\"", "\"A=B\"")), @r#"
    project.toml:4:8: `A=B` cannot be the name of a variable
    4 | name = "A=B"
      |        ^
    "#);
    insta::assert_snapshot!(check(&older.replace("value = \"older\"", "")), @r"
    project.toml:3:1: missing field `value`
    3 | [[io.buildpacks.env.build]]
      | ^
    ");
    insta::assert_snapshot!(check(&older.replace("\"older\"", "1")), @r"
    project.toml:5:9: invalid type: integer `1`, expected a string
    5 | value = 1
      |         ^
    ");
}

#[test]
fn j7_schema_0_3_says_when_a_buildpack_or_a_variable_counts() {
    let text = |schema: &str| {
        format!(
            "[_]\nschema-version = \"{schema}\"\n[[io.buildpacks.group]]\nid = \"a/b\"\nexec-env = [\"test\", \"ci\"]\n\
             [[io.buildpacks.build.env]]\nname = \"A\"\nvalue = \"1\"\nexec-env = [\"*\"]"
        )
    };
    insta::assert_snapshot!(check(&text("0.3")), @r"
    group a/b test,ci
    env A=1 *
    ");
    insta::assert_snapshot!(check(&text("0.2")), @r"
    group a/b
    env A=1
    warning: `project.toml`: `exec-env` has no effect before schema version 0.3
    ");
    insta::assert_snapshot!(check(&text("0.3").replace("ci", "c/i")), @r#"
    project.toml:5:21: `c/i` is not the name of an execution environment: expected letters, digits, `.` and `-`, such as `production`
    5 | exec-env = ["test", "c/i"]
      |                     ^
    "#);
    let project = Project::parse("project.toml", &text("0.3")).unwrap();
    let served = ["production", "test", "ci"].map(|name| {
        let exec_env = name.parse().unwrap();
        (project.group[0].serves(&exec_env), project.env[0].serves(&exec_env))
    });
    assert_eq!(served, [(false, true), (true, true), (true, true)]);
}

#[test]
fn keys_that_nobody_reads_are_named() {
    insta::assert_snapshot!(check(r#"
        [_]
        schema-version = "0.2"
        nmae = "x"
        [project]
        name = "older"
        [io.buildpacks]
        builder = "acme/builder"
        inclued = ["a"]
        [[io.buildpacks.gruop]]
        id = "x"
        [[io.buildpacks.post.group]]
        id = "x"
        verison = "1"
        [io.wattle]
        package = ["x"]
    "#), @r"
    post x
    warning: `project.toml`: `project` has no effect: since schema 0.2, `[_]` and `[io.buildpacks]` are in its place
    warning: `project.toml`: `_.nmae` is unknown and has no effect; did you mean `name`?
    warning: `project.toml`: `io.buildpacks.gruop` is unknown and has no effect; did you mean `group`?
    warning: `project.toml`: `io.buildpacks.inclued` is unknown and has no effect; did you mean `include`?
    warning: `project.toml`: `io.buildpacks.post.group.0.verison` is unknown and has no effect; did you mean `version`?
    warning: `project.toml`: `io.wattle.package` is unknown and has no effect; did you mean `packages`?
    warning: `project.toml`: `builder` has no effect: buildpacks are embedded, and `--run-image` is what they build on
    ");
    insta::assert_snapshot!(check("[build]\ninclued = [\"a\"]\n"), @r#"
    warning: `project.toml` is read by schema 0.1: write `schema-version = "0.2"` below `[_]`
    warning: `project.toml`: `build.inclued` is unknown and has no effect; did you mean `include`?
    "#);
    insta::assert_snapshot!(check("[_]\nschema-version = \"0.2\"\n[io.buildpacks\n"), @r"
    project.toml:3:15: unclosed table, expected `]`
    3 | [io.buildpacks
      |               ^
    ");
}

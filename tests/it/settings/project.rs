//! What `project.toml` says of a build.

use crate::run_image::TinyRunImage;
use crate::wattle;
use wattle_test_support::{Bundle, Call, Files, component};

const SCHEMA: &str = "[_]\nschema-version = \"0.2\"\n";

fn application(project: &str) -> Files {
    Files::of([("Procfile", "web: serve"), ("project.toml", &format!("{SCHEMA}{project}"))])
}

fn plan(application: &Files) -> Call {
    wattle().args(["plan", application.text()]).calling(application.path(), "app")
}

/// A buildpack of this name that does nothing, though its component is one that could.
fn buildpack(id: &str) -> Files {
    let manifest = format!(
        "api = \"0.12\"\n[buildpack]\nid = \"{id}\"\nversion = \"1.2.3\"\n[metadata.wattle]\ncomponent = \"hello.wasm\"\n"
    );
    let hello = std::fs::read(component("hello-buildpack")).unwrap();
    Files::of([("buildpack.toml", manifest.as_str())]).with("hello.wasm", hello)
}

#[test]
fn j2_only_what_is_included_is_in_the_image() {
    let files = [("web/app.js", ""), ("web/app.log", ""), ("docs/page.md", ""), ("web/docs/page.md", "")];
    let application = application("[io.buildpacks]\ninclude = [\"/web\", \"Procfile\", \"!docs/\"]\n");
    let application = files.iter().fold(application, |application, (path, text)| application.with(path, text));
    let application = application.with(".gitignore", "*.log");
    let (output, run_image) = (Files::new(), TinyRunImage::amd64());
    let image = format!("oci:{}", output.join("image").display());
    let args = ["build", application.text(), "--platform", "linux/amd64", "--run-image", &run_image.name()];
    let told =
        wattle().args(args).args(["--output", &image]).calling(application.path(), "app").run().succeeds().told();
    let lines: Vec<&str> = told.lines().map(str::trim).filter(|line| !line.starts_with("Run image")).collect();
    insta::assert_snapshot!(lines[..2].join("\n"), @"
    Settings include from [app]/project.toml
    Reading [app] (2 files, [size])
    ");
    let bundle = Bundle::unpack(&output.join("image"), "latest");
    let workspace = bundle.root().join("workspace");
    let mut found: Vec<String> = Vec::new();
    let mut left = vec![workspace.clone()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            found.push(path.strip_prefix(&workspace).unwrap().display().to_string());
            if path.is_dir() {
                left.push(path);
            }
        }
    }
    found.sort();
    assert_eq!(found, ["Procfile", "web", "web/app.js"]);
}

#[test]
fn j2_what_is_excluded_is_not_seen_in_detect() {
    let excluded = application("[io.buildpacks]\nexclude = [\"Procfile\"]\n");
    insta::assert_snapshot!(plan(&excluded).run().fails(1).failure(), @"
    error: no buildpack can build `[app]`
      wattle/static@0.1.0    skipped: there is no `index.html` in the application, `public`, `dist`, `build`, `_site`, `out`, `site` or `www`
      wattle/node@0.1.0      skipped: there is no `package.json`
      wattle/procfile@0.1.0  skipped: there is no `Procfile`
    ");
}

#[test]
fn j3_a_group_takes_the_place_of_the_embedded_order() {
    let chosen = application("[[io.buildpacks.group]]\nid = \"wattle/procfile\"\n");
    let detect = wattle().args(["detect", chosen.text()]).run().succeeds().data();
    insta::assert_snapshot!(detect, @"wattle/procfile  0.1.0  pass");

    let mine = buildpack("acme/mine");
    let group = format!("[[io.buildpacks.group]]\nid = \"acme/mine\"\nuri = \"{}\"\n", mine.text());
    let application = application(&group).with("hello.txt", "World");
    insta::assert_snapshot!(plan(&application).run().succeeds().data(), @"acme/mine  1.2.3  hello");
    // What is typed comes before what is written.
    let other = buildpack("acme/other");
    let typed = plan(&application).args(["--buildpack", other.text()]).run().succeeds().data();
    insta::assert_snapshot!(typed, @"acme/other  1.2.3  hello");
}

#[test]
fn a14_j4_buildpacks_stand_before_and_after_the_embedded_ones_in_the_order_in_which_they_are_listed() {
    let buildpacks = ["acme/one", "acme/two", "acme/three"].map(buildpack);
    let [one, two, three] = buildpacks.each_ref().map(Files::text);
    let project = format!(
        "[[io.buildpacks.pre.group]]\nuri = \"{one}\"\n[[io.buildpacks.pre.group]]\nuri = \"{two}\"\n\
         [[io.buildpacks.post.group]]\nuri = \"{three}\"\n"
    );
    let around = application(&project).with("hello.txt", "World");
    insta::assert_snapshot!(plan(&around).run().succeeds().data(), @"
    acme/one                1.2.3  hello, hello, hello
    acme/two                1.2.3
    wattle/ca-certificates  0.1.0  ca-certificates
    wattle/procfile         0.1.0
    acme/three              1.2.3
    ");
    let explicit = format!("{project}[[io.buildpacks.group]]\nid = \"wattle/procfile\"\n");
    let explicit = application(&explicit).with("hello.txt", "World");
    insta::assert_snapshot!(plan(&explicit).run().succeeds().data(), @"wattle/procfile  0.1.0");
}

#[test]
fn j7_a_buildpack_takes_part_in_its_execution_environment() {
    let project =
        "[_]\nschema-version = \"0.3\"\n[[io.buildpacks.group]]\nid = \"wattle/procfile\"\nexec-env = [\"test\"]\n";
    let application = Files::of([("Procfile", "web: serve"), ("project.toml", project)]);
    assert_eq!(plan(&application).args(["--exec-env", "test"]).run().succeeds().data(), "wattle/procfile  0.1.0\n");
    assert_eq!(plan(&application).env("CNB_EXEC_ENV", "test").run().succeeds().data(), "wattle/procfile  0.1.0\n");
    insta::assert_snapshot!(plan(&application).run().fails(1).failure(), @"
    error: no buildpack can build `[app]`
      wattle/procfile@0.1.0  is not for this execution environment
    ");
    insta::assert_snapshot!(plan(&application).args(["--exec-env", "te/st"]).run().fails(2).failure(), @"
    error: `--exec-env` cannot be followed
      caused by: `te/st` is not the name of an execution environment: expected letters, digits, `.` and `-`, such as `production`
    ");
}

#[test]
fn a_descriptor_that_is_wrong_says_where() {
    let told = |project: &str| plan(&application(project)).run().fails(2).failure();
    insta::assert_snapshot!(told("[io.buildpacks]\ninclude = [\"a\"]\nexclude = [\"b\"]\n"), @r#"
    error: [app]/project.toml:5:11: expected `include` or `exclude`, not both: a path that is not included is excluded already
      5 | exclude = ["b"]
        |           ^
    hint: correct line 5 of `[app]/project.toml`
    "#);
    insta::assert_snapshot!(told("[[io.buildpacks.group]]\nid = \"x\"\n[io.buildpacks.group.script]\ninline = \"true\"\n"), @"
    error: [app]/project.toml:5:1: inline buildpacks are scripts, which are not run here: make it a buildpack of its own, a component in a directory, and name that with `uri`
      5 | [io.buildpacks.group.script]
        | ^
    hint: correct line 5 of `[app]/project.toml`
    ");
    insta::assert_snapshot!(told("[[io.buildpacks.group]]\nid = \"acme/none\"\n"), @"
    error: the order of buildpacks cannot be followed
      caused by: the order names buildpack `acme/none`, which is not there
    ");
    insta::assert_snapshot!(told("[[io.buildpacks.group]]\nuri = \"nowhere\"\n"), @"
    error: `[app]/nowhere` is no buildpack
      caused by: it cannot be opened
      caused by: No such file or directory (os error 2)
    ");
    let mine = buildpack("acme/mine");
    let other = format!("[[io.buildpacks.group]]\nid = \"acme/other\"\nuri = \"{}\"\n", mine.text());
    let failure = plan(&application(&other)).calling(mine.path(), "mine").run().fails(2).failure();
    insta::assert_snapshot!(failure, @"error: `[app]/project.toml` says that the buildpack in `[mine]` is `acme/other`, and it is `acme/mine`");
    let pattern = plan(&application("[io.buildpacks]\ninclude = [\"{a\"]\n")).run().fails(1).failure();
    insta::assert_snapshot!(pattern, @"
    error: the application `[app]` cannot be read
      caused by: cannot follow the pattern `{a` of `project.toml`: error parsing glob '{a': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
    hint: correct that line of `project.toml`
    ");
}

#[test]
fn another_descriptor_can_be_named() {
    let application = application("[io.buildpacks]\nexclude = [\"Procfile\"]\n");
    let other = Files::of([("other.toml", SCHEMA)]);
    let named = |name: &str| {
        let path = other.join(name);
        plan(&application).arg("--descriptor").arg(path).calling(other.path(), "other").run()
    };
    let planned = named("other.toml").succeeds().data();
    assert!(planned.lines().any(|line| line.starts_with("wattle/procfile")), "{planned}");
    insta::assert_snapshot!(named("missing.toml").fails(2).failure(), @"
    error: `[other]/missing.toml` cannot be read
      caused by: No such file or directory (os error 2)
    ");
}

#[test]
fn what_is_wrong_in_a_project_stands_in_nobody_elses_way() {
    let application = application("[io.buildpacks]\ninclude = 1\n");
    wattle().args(["registries"]).current_dir(application.path()).run().succeeds();
}

//! What the user says of an image.

use crate::guest::buildpack;
use crate::run_image::TinyRunImage;
use crate::wattle;
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread;
use wattle_test_support::{Call, Files, Image, Output, Registry, run};

/// An application, and what it takes to build it.
struct Build {
    application: Files,
    output: Files,
    run_image: TinyRunImage,
}

impl Build {
    fn new() -> Build {
        let application = Files::of([("Procfile", "web: serve\nworker: work\n")]);
        Build { application, output: Files::new(), run_image: TinyRunImage::amd64() }
    }

    fn image(&self, name: &str) -> String {
        format!("oci:{}", self.output.join(name).display())
    }

    fn call(&self) -> Call {
        let args =
            ["build", self.application.text(), "--platform", "linux/amd64", "--run-image", &self.run_image.name()];
        let call = wattle().args(args).args(["--output", &self.image("shop")]).bare();
        let call = call.calling(self.application.path(), "app").calling(self.output.path(), "out");
        call.calling(self.run_image.path(), "base")
    }

    /// Builds it with these options.
    fn with(&self, options: &[&str]) -> Image {
        self.call().args(options).run().succeeds();
        Image::verified(&self.output.join("shop"), "latest")
    }

    fn refused(&self, options: &[&str]) -> String {
        self.call().args(options).run().fails(2).failure()
    }
}

/// The line of JSON of this name.
fn event(output: &Output, name: &str) -> Value {
    let lines = output.json_lines();
    lines.iter().find(|line| line["event"] == name).unwrap_or_else(|| panic!("no `{name}`: {lines:#?}")).clone()
}

#[test]
fn labels_of_the_user_are_in_the_image() {
    let build = Build::new();
    let image = build.with(&["--label", "org.example.team=sales", "--label", "empty="]);
    let labels = &image.config["config"]["Labels"];
    assert_eq!((&labels["org.example.team"], &labels["empty"]), (&"sales".into(), &"".into()));
    insta::assert_snapshot!(build.refused(&["--label", "team"]), @"error: `--label team` has no value: write `--label KEY=VALUE`");
    insta::assert_snapshot!(build.refused(&["--label", "=sales"]), @"error: `` cannot be the key of a label: write `--label KEY=VALUE`, with a key such as `org.example.team`");
    insta::assert_snapshot!(build.refused(&["--label", "io.buildpacks.build.metadata={}"]), @"error: `io.buildpacks.build.metadata` cannot be set: labels that begin with `io.buildpacks.` say how the image was built");
}

#[test]
fn p62_the_default_process_is_one_that_there_is() {
    let build = Build::new();
    assert_eq!(build.with(&[]).config["config"]["Entrypoint"][0], "/cnb/process/web");
    let worker = build.with(&["--default-process", "worker"]);
    assert_eq!(worker.config["config"]["Entrypoint"][0], "/cnb/process/worker");
    let metadata = worker.label("io.buildpacks.build.metadata");
    assert_eq!(metadata["buildpack-default-process-type"], "worker");
    insta::assert_snapshot!(build.refused(&["--default-process", "nothing"]), @"
    error: the image has no process `nothing` that could be its default
    hint: name one of these: web, worker
    ");
}

#[test]
fn the_user_of_an_image_can_be_said() {
    let build = Build::new();
    assert_eq!(build.with(&[]).config["config"]["User"], "65532:65532");
    assert_eq!(build.with(&["--user", "1000:1000"]).config["config"]["User"], "1000:1000");
    insta::assert_snapshot!(build.refused(&["--user", "a b"]), @"error: `a b` is no user: write `USER` or `USER:GROUP`, names or numbers, such as `1000:1000`");
}

#[test]
fn i13_the_application_is_where_it_was_said() {
    let build = Build::new();
    let image = build.with(&["--workspace", "/srv/shop"]);
    assert_eq!(image.config["config"]["WorkingDir"], "/srv/shop");
    let environment = image.config["config"]["Env"].as_array().unwrap();
    assert!(environment.contains(&"CNB_APP_DIR=/srv/shop".into()), "{environment:?}");
    let bundle = wattle_test_support::Bundle::unpack(&build.output.join("shop"), "latest");
    assert!(bundle.root().join("srv/shop/Procfile").is_file() && !bundle.root().join("workspace").exists());
    for bad in ["shop", "/", "/layers/x"] {
        assert!(build.refused(&["--workspace", bad]).contains("cannot be the workspace"), "{bad}");
    }
}

#[test]
fn i14_p151_w25_an_image_is_made_when_the_user_says() {
    let build = Build::new();
    assert_eq!(build.with(&[]).config["created"], "1980-01-01T00:00:01Z");
    let said = build.with(&["--creation-time", "2024-02-29T12:00:00+01:00"]);
    assert_eq!(said.config["created"], "2024-02-29T11:00:00Z");
    let history = said.config["history"].as_array().unwrap();
    assert_eq!(history.last().unwrap()["created"], "2024-02-29T11:00:00Z");
    let epoch = |value: &str, options: &[&str]| {
        let told = build.call().env("SOURCE_DATE_EPOCH", value).args(options).run().succeeds().told();
        (Image::verified(&build.output.join("shop"), "latest").config["created"].clone(), told)
    };
    assert_eq!(epoch("1700000000", &[]).0, "2023-11-14T22:13:20Z");
    assert_eq!(epoch("1700000000", &["--creation-time", "0"]).0, "1970-01-01T00:00:00Z");
    let (created, told) = epoch("yesterday", &[]);
    assert_eq!(created, "1980-01-01T00:00:01Z");
    insta::assert_snapshot!(told.lines().next().unwrap(), @"warning: `SOURCE_DATE_EPOCH` is no number of seconds since 1970 and has no effect");
    insta::assert_snapshot!(build.refused(&["--creation-time", "yesterday"]), @"
    error: `--creation-time` cannot be followed
      caused by: `yesterday` is no time: write `now`, seconds since 1970, or such as `2026-01-31T12:00:00Z`
    ");
}

#[test]
fn p61_one_image_has_every_name() {
    let (build, registry) = (Build::new(), Registry::new());
    let tags = [
        build.image("other:1.0"),
        build.image("shop:1.0"),
        registry.image("team/shop:1"),
        registry.image("team/shop:latest"),
    ];
    let options: Vec<&str> = tags.iter().flat_map(|tag| ["--tag", tag]).collect();
    let report = build.output.join("report.toml");
    let image = build.with(&[&options[..], &["--report", report.to_str().unwrap()]].concat());
    assert_eq!(Image::verified(&build.output.join("other"), "1.0").digest, image.digest);
    assert_eq!(Image::verified(&build.output.join("shop"), "1.0").digest, image.digest);
    for tag in &tags[2..] {
        let digest =
            run("skopeo", ["inspect", "--tls-verify=false", "--format", "{{.Digest}}", &format!("docker://{tag}")]);
        assert_eq!(digest.trim(), image.digest);
    }
    let report: toml::Table = fs::read_to_string(report).unwrap().parse().unwrap();
    let said = &report["image"];
    let names: Vec<&str> = said["tags"].as_array().unwrap().iter().filter_map(toml::Value::as_str).collect();
    assert_eq!(names.len(), 5);
    assert_eq!(said["digest"].as_str(), Some(image.digest.as_str()));
}

#[test]
fn p61_p99_names_that_cannot_be_had_are_told_and_the_others_are_had() {
    let (build, registry) = (Build::new(), Registry::new());
    let report = build.output.join("report.toml");
    let tags = [format!("127.0.0.1:{}/team/shop:1", refusing()), registry.image("team/shop:1")];
    let call = || build.call().args(["--tag", &tags[0], "--tag", &tags[1], "--report", report.to_str().unwrap()]);
    insta::assert_snapshot!(call().run().fails(3).failure(), @"
    error: the image is at `oci:[out]/shop`, `[server]/team/shop:1`, and could not be given every other name
      [server]/team/shop:1: could not look for `[digest]` in `[server]/team/shop`: the registry `[server]` answered 405: method not allowed
    ");
    let made = Image::verified(&build.output.join("shop"), "latest").digest;
    let report: toml::Table = fs::read_to_string(&report).unwrap().parse().unwrap();
    let names: Vec<&str> = report["image"]["tags"].as_array().unwrap().iter().filter_map(toml::Value::as_str).collect();
    assert_eq!(names, [build.image("shop").as_str(), tags[1].as_str()]);
    assert_eq!(report["image"]["digest"].as_str(), Some(made.as_str()));
    let error = event(&call().args(["--format", "json"]).run().fails(3), "error");
    assert_eq!((&error["code"], &error["phase"]), (&"export/tags".into(), &"export".into()));
    assert_eq!(error["platform-exit-code"], 62);
}

#[test]
fn what_is_typed_can_be_written_into_a_file() {
    let build = Build::new();
    let settings = format!(
        "tags = [\"{}\"]\ndefault-process = \"worker\"\nworkspace = \"/app\"\ncreation-time = 2024-02-29T11:00:00Z\n\
         env-file = \"settings/build.env\"\nsource-metadata = \"none\"\n[bindings]\ndb = \"settings/db\"\n",
        build.image("other:2")
    );
    fs::create_dir_all(build.application.join("settings/db")).unwrap();
    for (path, text) in [
        ("wattle.toml", settings.as_str()),
        ("settings/db/type", "x"),
        ("settings/build.env", "A=s3cret"),
        ("settings/x", ""),
    ] {
        fs::write(build.application.join(path), text).unwrap();
    }
    let told = build.call().run().succeeds().told();
    let lines: Vec<&str> = told.lines().take_while(|line| !line.contains("Run image")).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    Settings A from [app]/settings/build.env
             binding db from [app]/wattle.toml
             default process worker from [app]/wattle.toml
             workspace /app from [app]/wattle.toml
             creation time 2024-02-29T11:00:00Z from [app]/wattle.toml
             source metadata none from [app]/wattle.toml
             tag oci:[out]/other:2 from [app]/wattle.toml
     Reading [app] (3 files, [size])
             without `settings/build.env`, which has credentials
             without `settings/db`, which has credentials
    ");
    let image = Image::verified(&build.output.join("other"), "2");
    assert_eq!(image.config["created"], "2024-02-29T11:00:00Z");
    assert_eq!(image.config["config"]["Entrypoint"][0], "/cnb/process/worker");
    let bundle = wattle_test_support::Bundle::unpack(&build.output.join("other"), "2");
    let root = bundle.root();
    let there = |path: &str| root.join("app/settings").join(path).exists();
    assert_eq!(
        ["x", "db", "build.env"].map(there),
        [true, false, false],
        "what is secret is no part of the application"
    );
    // What is typed comes first.
    assert_eq!(build.with(&["--creation-time", "0"]).config["created"], "1970-01-01T00:00:00Z");
    let wrong = |line: &str| {
        fs::write(build.application.join("wattle.toml"), line).unwrap();
        build.refused(&[])
    };
    insta::assert_snapshot!(wrong("creation-time = 1.5"), @"
    error: `[app]/wattle.toml` cannot be followed
      caused by: `1.5` is no time: write `now`, seconds since 1970, or such as `2026-01-31T12:00:00Z`
    ");
    insta::assert_snapshot!(wrong("source-metadata = \"all\""), @"error: `[app]/wattle.toml`: `source-metadata` is `all`: write `none`, `commit` or `full`");
    insta::assert_snapshot!(wrong("[bindings]\ndb = \"nowhere\""), @"
    error: the binding `db` in `[app]/nowhere` cannot be read
      caused by: No such file or directory (os error 2)
    ");
}

#[test]
fn i43_p150_two_clones_of_one_commit_give_one_image() {
    let build = Build::new();
    let git = |directory: &str, args: &[&str]| {
        let options = ["-C", directory, "-c", "user.name=a", "-c", "user.email=a@example.org"];
        run("git", options.into_iter().chain(args.iter().copied()))
    };
    let origin = build.application.text();
    git(origin, &["init", "-q", "-b", "main"]);
    git(origin, &["add", "."]);
    git(origin, &["commit", "-q", "-m", "one"]);
    let clone = Files::new();
    git(clone.text(), &["clone", "-q", origin, "shop"]);
    let copy = clone.join("shop");
    git(copy.to_str().unwrap(), &["checkout", "-q", "-b", "other"]);
    git(copy.to_str().unwrap(), &["tag", "mine"]);
    let here = build.with(&[]);
    let args = ["--platform", "linux/amd64", "--run-image", &build.run_image.name(), "--output", &build.image("clone")];
    wattle().args(["build"]).arg(&copy).args(args).run().succeeds();
    let there = Image::verified(&build.output.join("clone"), "latest");
    assert_eq!(here.label("io.buildpacks.project.metadata")["source"]["type"], "git");
    assert_eq!(here.digest, there.digest);
}

/// The port of a registry that takes nothing.
fn refusing() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = BufReader::new(stream.try_clone().unwrap()).lines();
            let _ = head.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).count();
            let _ =
                stream.write_all(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    port
}

#[test]
fn p99_a_report_says_what_was_made() {
    let build = Build::new();
    let file = build.output.join("report.toml");
    let image = build.with(&["--report", file.to_str().unwrap()]);
    let text = fs::read_to_string(file)
        .unwrap()
        .replace(build.output.text(), "[out]")
        .replace(build.run_image.path().to_str().unwrap(), "[base]");
    let size: u64 =
        text.parse::<toml::Table>().unwrap()["image"]["manifest-size"].as_integer().unwrap().try_into().unwrap();
    let manifest = build.output.join("shop/blobs").join(image.digest.replace(':', "/"));
    assert_eq!(size, fs::metadata(manifest).unwrap().len());
    let text = text.replace(&image.digest, "[digest]").replace(&size.to_string(), "[size]");
    insta::assert_snapshot!(text, @r#"
    [image]
    tags = ["oci:[out]/shop"]
    digest = "[digest]"
    manifest-size = [size]

    [build]
    run-image = "oci:[base]/layout:latest"
    processes = ["web", "worker"]
    default-process = "web"

    [[build.buildpacks]]
    id = "wattle/ca-certificates"
    version = "0.1.0"

    [[build.buildpacks]]
    id = "wattle/procfile"
    version = "0.1.0"
    "#);
    let told = build.call().args(["--report", "/proc/nowhere/report.toml"]).run().fails(2).failure();
    insta::assert_snapshot!(told, @"
    error: the report `/proc/nowhere/report.toml` cannot be written
      caused by: No such file or directory (os error 2)
    ");
}

#[test]
fn what_was_used_is_told_by_name_and_not_by_value() {
    let build = Build::new();
    let files =
        Files::of([("db/type", "postgresql"), ("db/password", "s3cret"), ("build.env", "A=s3cret\nB=s3cret\n")]);
    let project = "[_]\nschema-version = \"0.2\"\n[[io.buildpacks.build.env]]\nname = \"C\"\nvalue = \"s3cret\"\n";
    fs::write(build.application.join("project.toml"), project).unwrap();
    fs::write(build.application.join("wattle.toml"), "user = \"1000\"\n[labels]\nteam = \"s3cret\"\n").unwrap();
    let binding = format!("db={}", files.join("db").display());
    let call = || {
        let call = build.call().args(["--env", "D=s3cret", "--label", "x=s3cret", "--binding", &binding, "--env-file"]);
        call.arg(files.join("build.env")).args(["--tag", &build.image("shop:2")]).calling(files.path(), "files")
    };
    let told = call().run().succeeds().told();
    assert!(!told.contains("s3cret"), "{told}");
    let (settings, _) = told.split_once("Reading").unwrap();
    insta::assert_snapshot!(settings.trim_end(), @"
    Settings A, B from --env-file [files]/build.env
             C from [app]/project.toml
             D from --env
             binding db from --binding
             label team from [app]/wattle.toml
             label x from --label
             user 1000 from [app]/wattle.toml
             tag oci:[out]/shop:2 from --tag
    ");
    let output = call().args(["--format", "json"]).run().succeeds();
    assert!(!output.stdout.contains("s3cret"));
    let settings = event(&output, "settings");
    let first = &settings["settings"][0];
    assert_eq!((&first["setting"], &first["name"]), (&"env".into(), &"A".into()), "{settings:#}");
    let result = event(&output, "result");
    assert_eq!((&result["phase"], &result["platform-exit-code"]), (&"export".into(), &0.into()));
}

#[test]
fn p5_errors_say_the_phase_and_the_exit_code_of_the_platform_api() {
    let build = Build::new();
    let check = |call: Call| {
        let output = call.args(["--format", "json"]).run();
        let error = event(&output, "error");
        (
            error["phase"].as_str().unwrap_or("none").to_owned(),
            error["platform-exit-code"].as_u64().unwrap(),
            output.code,
        )
    };
    let empty = Files::of([("README.md", "")]);
    let check_plan = |args: &[&str]| check(wattle().args(["plan", empty.text()]).args(args));
    assert_eq!(check_plan(&[]), ("detect".to_owned(), 20, 1));
    let (calls, broken) = (buildpack("calls"), Files::of([("call", "write in detect")]));
    let fails = wattle().args(["plan", broken.text(), "--buildpack", calls.text()]);
    assert_eq!(check(fails), ("detect".to_owned(), 21, 1));
    assert_eq!(check_plan(&["--limit", "memory=much"]), ("none".to_owned(), 3, 2));
    assert_eq!(check(build.call().args(["--default-process", "none"])), ("export".to_owned(), 62, 2));
    let nowhere = build.image("nowhere");
    let analyze =
        wattle().args(["build", build.application.text(), "--run-image", &nowhere, "--output", &build.image("x")]);
    assert_eq!(check(analyze), ("analyze".to_owned(), 32, 2));
    let rebase = wattle().args(["rebase", &nowhere]);
    assert_eq!(check(rebase), ("rebase".to_owned(), 72, 2));
}

#[test]
fn i43_i44_p98_the_image_says_where_its_source_comes_from() {
    let build = Build::new();
    let source = |options: &[&str]| build.with(options).label("io.buildpacks.project.metadata")["source"].clone();
    assert_eq!(source(&[]), Value::Null);
    let project = "[_]\nschema-version = \"0.2\"\nversion = \"1.4\"\nsource-url = \"https://git.example/shop\"\n";
    fs::write(build.application.join("project.toml"), project).unwrap();
    insta::assert_snapshot!(source(&[]), @r#"{"metadata":{"url":"https://git.example/shop"},"type":"project","version":{"declared":"1.4"}}"#);
    let git = |args: &[&str]| {
        let options = ["-C", build.application.text(), "-c", "user.name=a", "-c", "user.email=a@example.org"];
        run("git", options.into_iter().chain(args.iter().copied()))
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "one"]);
    git(&["remote", "add", "origin", "https://me:s3cret@git.example/shop.git"]);
    let commit = git(&["rev-parse", "HEAD"]);
    let shown = |options: &[&str]| source(options).to_string().replace(commit.trim(), "[commit]");
    insta::assert_snapshot!(shown(&[]), @r#"{"metadata":{"url":"https://git.example/shop"},"type":"git","version":{"commit":"[commit]","declared":"1.4"}}"#);
    fs::write(build.application.join("project.toml"), "").unwrap();
    insta::assert_snapshot!(shown(&["--source-metadata", "full"]), @r#"{"metadata":{"refs":["main"],"url":"https://git.example/shop.git"},"type":"git","version":{"commit":"[commit]"}}"#);
    assert_eq!(source(&["--source-metadata", "none"]), Value::Null);
}

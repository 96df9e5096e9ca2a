//! What the command line promises.

use crate::run_image::TinyRunImage;
use crate::{cold, wattle};
use wattle_test_support::{Call, Files, Wattle};

const COMMANDS: [&[&str]; 8] =
    [&[], &["build"], &["detect"], &["plan"], &["inspect"], &["rebase"], &["registries"], &["store"]];

fn application() -> Files {
    Files::of([("Procfile", "web: serve --port $PORT\nworker: work\n")])
}

/// The commands that can be run on any application, and a build of it.
fn calls(wattle: &Wattle, application: &Files, output: &Files, run_image: &TinyRunImage) -> Vec<Call> {
    let image = format!("oci:{}", output.join("image").display());
    let name = application.text();
    let build = wattle.args(["build", name, "--output", &image, "--run-image", &run_image.name()]);
    let build = build.args(["--platform", "linux/amd64"]);
    let others = [["detect", name], ["plan", name], ["registries", name], ["inspect", &image]];
    let others = others.map(|args| wattle.args(args));
    let calls = std::iter::once(build).chain(others);
    calls.map(|call| call.calling(application.path(), "app").calling(output.path(), "out")).collect()
}

#[test]
fn every_command_has_examples() {
    for command in COMMANDS {
        let help = wattle().args(command).arg("--help").run().succeeds().stdout;
        assert!(help.contains("\nExamples:\n  "), "`wattle {}` has no examples:\n{help}", command.join(" "));
        assert!(help.lines().all(|line| line.chars().count() <= 120), "a line is too long:\n{help}");
    }
}

#[test]
fn every_command_writes_json_lines() {
    let (application, output, run_image) = (application(), Files::new(), TinyRunImage::amd64());
    for call in calls(&wattle(), &application, &output, &run_image) {
        let output = call.args(["--format", "json"]).run().succeeds();
        assert_eq!(output.stderr, "", "only JSON lines were asked for");
        let lines = output.json_lines();
        assert!(!lines.is_empty() && lines.iter().all(serde_json::Value::is_object), "{lines:?}");
    }
}

#[test]
fn errors_are_json_lines_too() {
    let application = Files::of([("web/package.json", "{}")]);
    let output = wattle().args(["plan", application.text(), "--format", "json"]).run().fails(1);
    let lines = output.json_lines();
    let error = lines.last().unwrap();
    assert_eq!((&error["event"], &error["code"]), (&"error".into(), &"detect/nothing-applies".into()));
    assert_eq!(output.stderr, "");
}

#[test]
fn what_people_read() {
    let (application, output, run_image) = (application(), Files::new(), TinyRunImage::amd64());
    // With nothing in its store, so that what other tests did there does not show.
    let wattle = cold();
    let told = calls(&wattle, &application, &output, &run_image).into_iter().map(|call| {
        let output = call.calling(run_image.path(), "base").run().succeeds();
        (output.told(), output.data())
    });
    let [build, detect, plan, _, inspect] = told.collect::<Vec<_>>().try_into().unwrap();
    insta::assert_snapshot!(build.0, @"
      Reading [app] (1 file, [size])
    Run image oci:[base]/layout:latest [digest]
    Compiling wattle/ca-certificates@0.1.0, once
    Compiling wattle/environment-variables@0.1.0, once
    Compiling wattle/image-labels@0.1.0, once
    Compiling wattle/node@0.1.0, once
    Compiling wattle/procfile@0.1.0, once
    Compiling wattle/static@0.1.0, once
    Detecting wattle/ca-certificates 0.1.0
              wattle/environment-variables 0.1.0 skipped: no variable is set whose name begins with `BPE_`
              wattle/image-labels 0.1.0 skipped: neither `BP_IMAGE_LABELS` nor a `BP_OCI_…` variable is set
              wattle/node 0.1.0 skipped: there is no `package.json`
              wattle/procfile 0.1.0
              wattle/static 0.1.0 skipped: `Procfile` says what to start
     Planning wattle/ca-certificates 0.1.0 → wattle/procfile 0.1.0
     Building wattle/ca-certificates 0.1.0
              start          created
     Building wattle/procfile 0.1.0
              web: serve --port $PORT (`$PORT` needs a shell)
              worker: work
    Exporting 7 layers, [size]
     Finished oci:[out]/image in [time]
              [digest]
       Run it podman run --rm -e PORT=8080 -p 8080:8080 oci:[out]/image
    ");
    insta::assert_snapshot!(build.1, @"");
    insta::assert_snapshot!(detect.0, @"");
    insta::assert_snapshot!(detect.1, @r#"
    wattle/ca-certificates        0.1.0  pass
    wattle/environment-variables  0.1.0  skip  no variable is set whose name begins with `BPE_`
    wattle/image-labels           0.1.0  skip  neither `BP_IMAGE_LABELS` nor a `BP_OCI_…` variable is set
    wattle/node                   0.1.0  skip  there is no `package.json`
    wattle/procfile               0.1.0  pass
    wattle/static                 0.1.0  skip  `Procfile` says what to start
    "#);
    insta::assert_snapshot!(plan.0, @"");
    insta::assert_snapshot!(plan.1, @r#"
    wattle/ca-certificates  0.1.0  ca-certificates
    wattle/procfile         0.1.0
    "#);
    insta::assert_snapshot!(inspect.0, @"");
    insta::assert_snapshot!(inspect.1, @r#"
    Image         oci:[out]/image
    Kind          application, built by buildpacks
    Digest        [digest]
    Platform      linux/amd64
    Created       1980-01-01T00:00:01Z (fixed)
    Size          [size]
    Run image     layout
    By digest     layout@[digest]
    Top layer     [digest]
    Rebasable     yes
    Platform API  0.15
    Made for      production
    Launcher      wattle-launcher 0.1.0 (wattle)
    Bills         3 documents: cyclonedx, spdx
    User          65532:65532
    Directory     /workspace
    Entry point   /cnb/process/web

    Buildpacks
      wattle/ca-certificates  0.1.0
      wattle/procfile         0.1.0

    Processes
      web     (default)  /bin/sh -c 'exec serve --port $PORT'  wattle/procfile
      worker             work                                  wattle/procfile

    Environment
      CNB_APP_DIR           /workspace
      CNB_DEPRECATION_MODE  quiet
      CNB_LAYERS_DIR        /layers
      CNB_PLATFORM_API      0.15
      PATH                  /cnb/process:/cnb/lifecycle:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

    Labels
      io.buildpacks.exec-env  production
      io.wattle.buildpacks    {"format":"gzip-2","digests":{"wattle/ca-certificates":"[digest]","wattle/procfile":"[digest]…

    Layers
      run image                     [size]     [digest]
      wattle/ca-certificates:start  [size]  [digest]  launch
      bill of materials             [size]    [digest]
      application                   [size]     [digest]
      launcher                      [size]  [digest]
      configuration                 [size]     [digest]
      process types                 [size]     [digest]
    "#);
}

#[test]
fn quiet_says_nothing_of_what_goes_well() {
    let (application, output, run_image) = (application(), Files::new(), TinyRunImage::amd64());
    for call in calls(&wattle(), &application, &output, &run_image) {
        assert_eq!(call.arg("--quiet").run().succeeds().stderr, "");
    }
}

#[test]
fn colour_is_asked_for() {
    let application = Files::new();
    let coloured = |change: fn(Call) -> Call| {
        let output = change(wattle().args(["plan", application.text()])).run().fails(1);
        output.stderr.contains('\u{1b}')
    };
    assert!(!coloured(|call| call));
    assert!(coloured(|call| call.args(["--color", "always"])));
    assert!(coloured(|call| call.env("CLICOLOR_FORCE", "1")));
    assert!(!coloured(|call| call.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")));
    assert!(!coloured(|call| call.env("CLICOLOR_FORCE", "1").args(["--color", "never"])));
}

#[test]
fn registries_say_where_they_come_from() {
    let application =
        Files::of([(".npmrc", "registry=https://project.example/npm/\n@acme:registry=https://acme.example\n")]);
    let npm = |change: fn(Call) -> Call| {
        let call = wattle().args(["registries", application.text()]).bare();
        let output = change(call).run().succeeds();
        output.data().lines().filter(|line| line.contains("npm")).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(npm(|call| call), @r"
    npm              https://project.example/npm/            `registry` in the application's `.npmrc`
    npm @acme        https://acme.example/                   `@acme:registry` in the application's `.npmrc`
    ");
    insta::assert_snapshot!(npm(|call| call.env("NPM_CONFIG_REGISTRY", "https://variable.example")), @r"
    npm              https://variable.example/               `NPM_CONFIG_REGISTRY` in the environment
    npm @acme        https://acme.example/                   `@acme:registry` in the application's `.npmrc`
    ");
    insta::assert_snapshot!(npm(|call| call.args(["--registry", "npm=https://said.example"])), @r"
    npm              https://said.example/                   `--registry` on the command line
    npm @acme        https://acme.example/                   `@acme:registry` in the application's `.npmrc`
    ");
}

#[test]
fn usage_errors_have_a_code_of_their_own() {
    let told = |args: &[&str]| wattle().args(args).run().fails(2).stderr;
    insta::assert_snapshot!(told(&["biuld"]), @r"
    error: unrecognized subcommand 'biuld'

      tip: a similar subcommand exists: 'build'

    Usage: wattle [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(told(&["plan", ".", "--limit", "memory=much"]), @"error: `much` is no value for the limit `memory`: expected bytes, such as `512MiB`");
    insta::assert_snapshot!(told(&["plan", ".", "--limit", "patience=1"]), @"error: `patience` is no limit; there are memory, time, instances, tables, handles, host-call-bytes, fetches, contribution-bytes, log-bytes, bytes, file-size, files");
    insta::assert_snapshot!(told(&["plan", ".", "--platform", "amiga"]), @r"
    error: `amiga` is no platform
      caused by: `amiga` is not a platform: expected `os/architecture` or `os/architecture/variant`, as in `linux/arm64/v8`
    ");
    insta::assert_snapshot!(told(&["registries", "--registry", "npm"]), @"error: `--registry npm` has no address: write `--registry NAME=URL`");
}

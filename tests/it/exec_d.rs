//! Programs of layers that run before a process, in a container: as a user whom the image does not know, on a root directory
//! that cannot be written.

use crate::run_image::TinyRunImage;
use crate::wattle;
use std::fs;
use wattle_test_support::{Bundle, Files, Output, component, root};

const USER: u32 = 123_456;
/// Appends to what was seen before.
const ALL: &str = "#!/bin/sh\necho \"all, in $PWD\"\nprintf 'SEEN = \"%s, all\"' \"$SEEN\" >&3\n";
const WEB: &str = "#!/bin/sh\n[ $$ != 1 ] || exit 1\nprintf 'SEEN = \"%s, web\"' \"$SEEN\" >&3\n";

/// An image whose buildpack has a program for all processes, and one for `web`.
fn image(run_image: &TinyRunImage, all: &str) -> Bundle {
    let manifest = fs::read(root().join("tests/components/calls/buildpack.toml")).unwrap();
    let buildpack = Files::new().with("buildpack.toml", manifest);
    let buildpack = buildpack.with("calls.wasm", fs::read(component("calls-buildpack")).unwrap());
    let profile = (".profile", "SEEN=\"$SEEN, profile\"\n");
    let application = Files::of([("call", "programs"), ("all", all), ("web", WEB), profile]);
    let layout = Files::new();
    let output = format!("oci:{}", layout.join("image").display());
    let call = wattle().args(["build", "--buildpack", buildpack.text(), "--run-image", &run_image.name(), "--output"]);
    call.arg(output).arg(application.path()).run().succeeds();
    Bundle::unpack(&layout.join("image"), "latest").with_user(USER)
}

fn run(image: &Bundle, call: &[&str]) -> Output {
    image.run(call.iter().copied())
}

/// What each way to start something says.
#[track_caller]
fn check(image: &Bundle) {
    let entry_point = image.entry_point();
    assert_eq!(entry_point, ["/cnb/process/web"]);
    for (call, expected) in [
        (&[][..], "123456 in /workspace: [default], layer, all, web\n"),
        (&["/cnb/process/web", "a  b", "$SEEN"], "123456 in /workspace: [a  b] [$SEEN], layer, all, web\n"),
        (&["worker"], "123456 in /: [fixed] [default], layer, all\n"),
        (&["/cnb/process/worker", "x"], "123456 in /: [fixed] [x], layer, all\n"),
        (&["launcher", "--", "say", "$SEEN"], "123456 in /workspace: [$SEEN], layer, all\n"),
        // Through the shell, which reads the profile and replaces variables.
        (&["launcher", "export SEEN; say $UID"], "123456 in /workspace: [123456], layer, all, profile\n"),
        (&["/cnb/lifecycle/launcher", "say", "$UID"], "123456 in /workspace: [123456], layer, all, profile\n"),
    ] {
        let call = if call.is_empty() { entry_point.iter().map(String::as_str).collect() } else { call.to_vec() };
        let output = run(image, &call).succeeds();
        assert_eq!(output.stdout, format!("all, in /workspace\n{expected}"), "{call:?}");
    }
}

#[test]
fn b80_l2_l4_l6_l12_l14_l37_processes_and_commands_start_after_the_programs() {
    let run_image = TinyRunImage::with_bash();
    check(&image(&run_image, ALL));
    // The same if the launcher becomes the process.
    check(&image(&run_image, ALL).with_variable("WATTLE_LAUNCHER", "exec"));
}

#[test]
fn b80_l16_a_program_that_fails_ends_the_container() {
    let image = image(&TinyRunImage::with_bash(), "#!/bin/sh\necho 'SEEN = [1]' >&3\n");
    let output = run(&image, &["web"]).fails(82);
    insta::assert_snapshot!(output.stderr, @"error: could not use what `/layers/test_calls/programs/exec.d/all` wrote to file descriptor 3: `SEEN` is not a string, but of type array");
    assert_eq!(output.stdout, "");
}

#[test]
fn b82_l16_l37_w13_a_run_image_with_nothing_in_it_will_do() {
    let image = image(&TinyRunImage::new(), ALL);
    let output = run(&image, &["worker"]).fails(82);
    insta::assert_snapshot!(output.stderr, @"error: the `exec.d` program `/layers/test_calls/programs/exec.d/all` failed: there is no `/bin/sh`, which runs it");
    let programs = image.root().join("layers/test_calls/programs/exec.d");
    // The one static program that is there for sure: it misses the image's variables, which no program is given.
    fs::copy(image.root().join("cnb/lifecycle/launcher"), programs.join("all")).unwrap();
    let output = run(&image, &["worker"]).fails(82);
    insta::assert_snapshot!(output.stderr, @r"
    error: `CNB_PLATFORM_API` is not set: the image sets it
    error: the `exec.d` program `/layers/test_calls/programs/exec.d/all` failed: it ended with exit code 11
    ");
    fs::remove_dir_all(programs).unwrap();
    for call in [&["launcher", "--", "/cnb/lifecycle/launcher"][..], &["launcher", "/cnb/lifecycle/launcher", "x"]] {
        assert_eq!(run(&image, call).code, 11);
    }
    let output = run(&image, &["launcher", "echo $HOME"]).fails(82);
    insta::assert_snapshot!(output.stderr, @"error: the command `echo $HOME` wants a shell, and the image has no `/bin/bash`: give program and arguments one by one");
}

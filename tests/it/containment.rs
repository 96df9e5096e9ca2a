//! A buildpack that nobody trusts is contained, and the message names what it hit.

use crate::guest::Guest;
use std::os::unix::fs::symlink;
use wattle_test_support::{Files, Output};

/// A build with a buildpack that misbehaves.
fn attempt(buildpack_name: &str, how: &str) -> Guest {
    let application = Files::of([("misbehave", how)]);
    symlink("/etc/passwd", application.join("link")).unwrap();
    Guest::new(buildpack_name, application)
}

/// Lets the buildpack misbehave, and gives what was told.
#[track_caller]
fn misbehave(how: &str, limits: &[&str]) -> Output {
    let attempt = attempt("misbehaving", how);
    let call = limits.iter().fold(attempt.call(), |call, limit| call.args(["--limit", limit]));
    let misbehaved = call.run().fails(1);
    assert!(attempt.output.is_empty(), "something was left in the output directory");
    misbehaved
}

/// Lets the buildpack misbehave, and gives the error.
#[track_caller]
fn check(how: &str, limits: &[&str]) -> String {
    misbehave(how, limits).failure()
}

#[test]
fn files_of_the_host_do_not_exist() {
    insta::assert_snapshot!(check("read host files", &[]), @"error: test/misbehaving@0.1.0: no file of the host was read");
}

#[test]
fn nothing_outside_can_be_written() {
    insta::assert_snapshot!(check("escape", &[]), @"error: test/misbehaving@0.1.0: nothing was written outside");
}

#[test]
fn what_was_not_granted_is_not_fetched() {
    insta::assert_snapshot!(check("fetch", &[]), @r"
    error: test/misbehaving@0.1.0: `https://metadata.invalid/latest` may not be fetched: the host `metadata.invalid` is not granted to this buildpack
    hint: declare the host `metadata.invalid` in the buildpack's `buildpack.toml`, and grant it
    hint: if it is a mirror of a registry, name it as that registry's address
    ");
}

#[test]
fn a_loop_ends() {
    insta::assert_snapshot!(check("loop", &["time=1s"]), @r"
    error: test/misbehaving@0.1.0: it reached the `time` limit of [time]
    hint: tell the buildpack's author, or raise it with `--limit time=VALUE`
    ");
    insta::assert_snapshot!(check("loop in detect", &["time=1s"]), @r"
    error: test/misbehaving@0.1.0: it reached the `time` limit of [time]
    hint: tell the buildpack's author, or raise it with `--limit time=VALUE`
    ");
}

#[test]
fn allocating_8_gib_ends() {
    insta::assert_snapshot!(check("allocate", &[]), @r"
    error: test/misbehaving@0.1.0: it reached the `memory` limit of 2 GiB
    hint: tell the buildpack's author, or raise it with `--limit memory=VALUE`
    ");
}

#[test]
fn writing_10_million_files_ends() {
    insta::assert_snapshot!(check("write files", &[]), @r"
    error: test/misbehaving@0.1.0: it reached the `files` limit of 1000000
      No space left on device (os error 51)
    hint: tell the buildpack's author, or raise it with `--limit files=VALUE`
    ");
}

#[test]
fn writing_100_gib_ends() {
    insta::assert_snapshot!(check("write bytes", &["bytes=64MiB"]), @r"
    error: test/misbehaving@0.1.0: it reached the `bytes` limit of 64 MiB
      I/O error (os error 29)
    hint: tell the buildpack's author, or raise it with `--limit bytes=VALUE`
    ");
}

#[test]
fn printing_1_gib_ends() {
    let told = misbehave("print", &[]).told();
    assert!(told.len() < 8 << 20, "{} bytes were told", told.len());
    let others: Vec<_> =
        told.lines().skip_while(|line| !line.contains("Building")).filter(|line| !line.contains("xxx")).collect();
    insta::assert_snapshot!(others.join("\n"), @r"
        Building test/misbehaving 0.1.0
                 (the `log-bytes` limit of 4194304 bytes was reached: 1069547531 bytes dropped)
    error: test/misbehaving@0.1.0: all was printed
    ");
}

#[test]
fn a_panic_ends_the_buildpack_alone() {
    insta::assert_snapshot!(check("panic", &[]), @r"
    error: test/misbehaving@0.1.0: it crashed: wasm trap: wasm `unreachable` instruction executed

      thread '<unnamed>' (1) panicked at tests/components/misbehaving/src/lib.rs:[line]:
      the author did not expect this
      note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
    hint: this is an error in the buildpack: report it to its author with the lines above
    ");
    insta::assert_snapshot!(check("recurse", &[]), @r"
    error: test/misbehaving@0.1.0: it reached the `stack` limit of 1 MiB
    hint: tell the buildpack's author: this limit cannot be raised
    ");
    insta::assert_snapshot!(check("exit", &[]), @r"
    error: test/misbehaving@0.1.0: it called `exit` with status 1 instead of returning a result
    hint: this is an error in the buildpack: report it to its author with the lines above
    ");
}

#[test]
fn sockets_are_not_offered() {
    let output = attempt("socket", "").call().run();
    insta::assert_snapshot!(output.fails(2).failure(), @r"
    error: the component of `test/socket@0.1.0` cannot be used
      caused by: it imports `wasi:sockets/network`, `wasi:sockets/instance-network`, `wasi:sockets/udp`, `wasi:sockets/udp-create-socket`, `wasi:sockets/tcp`, `wasi:sockets/tcp-create-socket`, `wasi:sockets/ip-name-lookup`, which is not offered to buildpacks: there are no sockets, no HTTP and no threads
    hint: buildpacks are components of world `wattle:buildpack/buildpack@0.1.0`, built for `wasm32-wasip2`
    ");
}

#[test]
fn a_loop_can_be_interrupted() {
    let attempt = attempt("misbehaving", "loop");
    let mut process = attempt.call().start();
    process.wait_for("Building");
    process.interrupt();
    insta::assert_snapshot!(process.finish().fails(130).failure(), @"error: interrupted");
    assert!(attempt.output.is_empty());
}

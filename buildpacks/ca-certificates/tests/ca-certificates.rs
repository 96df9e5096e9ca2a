//! The CA certificates buildpack in the sandbox.

#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]

use wattle_buildpack_test::{App, LayerState, Sandbox};

const NAMES: &str = include_str!("../../trust/tests/fixtures/names.pem");

/// The certificate of this number, from 1.
fn certificate(number: usize) -> &'static str {
    NAMES.split("# ").nth(number).unwrap()
}

/// An application, whose buildpack has the programs that it carries; these are not what is tried here.
fn app() -> App {
    let sandbox = Sandbox::of_package("ca-certificates-buildpack");
    sandbox.with("trust-amd64", "program").with("trust-arm64", "another program").empty_app()
}

fn bound() -> App {
    app().binding(
        "corp",
        "ca-certificates",
        [("a.pem", certificate(6)), ("b.crt", certificate(7)), ("c", certificate(1))],
    )
}

fn error(app: &App) -> String {
    app.build().unwrap_err().to_string()
}

#[test]
fn takes_part_unless_nothing_is_wanted() {
    insta::assert_snapshot!(app().detect(), @"pass: provides ca-certificates, requires ca-certificates");
    let off = || app().env("BP_RUNTIME_CERT_BINDING_DISABLED", "true");
    insta::assert_snapshot!(off().detect(), @"skip: no certificates are wanted in the image, nor when it is started");
    insta::assert_snapshot!(off().env("BP_EMBED_CERTS", "true").detect(), @"pass: provides ca-certificates, requires ca-certificates");
    insta::assert_snapshot!(app().env("BP_ENABLE_RUNTIME_CERT_BINDING", "false").detect(), @"skip: no certificates are wanted in the image, nor when it is started");
}

#[test]
fn b80_the_image_looks_for_certificates_when_it_is_started() {
    let first = app().build().unwrap();
    insta::assert_snapshot!(first, @"");
    assert_eq!(first.rebuild().unwrap().layer("start").state(), &LayerState::Kept);
    assert_eq!(app().arch("arm64").build().unwrap().layer("start").file("exec.d/ca-certificates"), "another program");
}

#[test]
fn what_is_bound_at_build_gets_into_the_image_if_that_is_said() {
    insta::assert_snapshot!(bound().build().unwrap(), @"");
    let embedded = || bound().env("BP_EMBED_CERTS", "true").env("BP_RUNTIME_CERT_BINDING_DISABLED", "1");
    let first = embedded().build().unwrap();
    insta::assert_snapshot!(first, @"");
    insta::assert_debug_snapshot!(first.environment("web"), @"");
    let layer = first.layer("certificates");
    assert_eq!(layer.file("certs/280f03b6.1"), certificate(7).split_once('\n').unwrap().1);
    assert_eq!(layer.file("bundle.pem").matches("BEGIN CERTIFICATE").count(), 3);
    assert_eq!(first.rebuild().unwrap().layer("certificates").state(), &LayerState::Kept);
}

/// What is in the image follows from certificates alone, and not from how they were bound.
#[test]
fn the_layer_follows_from_the_certificates() {
    let embedded = |app: App| app.env("BP_EMBED_CERTS", "true").distribution("rhel", "9");
    let one = embedded(app().binding("corp", "CA-Certificates", [("all.pem", NAMES)])).build().unwrap();
    assert_eq!(one.environment("web")["SSL_CERT_FILE"], "/etc/pki/tls/certs/ca-bundle.crt");
    let several = (1..=9).fold(app(), |app, number| {
        app.binding(&format!("b{number}"), "ca-certificates", [("ca.pem", certificate(number))])
    });
    let several =
        embedded(several.binding("other", "postgresql", [("ca.pem", "nothing")])).after(&one).build().unwrap();
    assert_eq!(several.layer("certificates").state(), &LayerState::Kept, "{several}");
}

#[test]
fn mistakes_are_pointed_at() {
    let of = |contents: &str| app().binding("corp", "ca-certificates", [("ca.pem", contents)]);
    let der = include_bytes!("../../trust/tests/fixtures/binary.der");
    let cases = [
        app().env("BP_EMBED_CERTS", "true"),
        app().binding("corp", "ca-certificates", [("provider", "me")]).env("BP_EMBED_CERTS", "true"),
        app().env("BP_EMBED_CERTS", "yes, please"),
        of("secret"),
        of("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        app().binding("corp", "ca-certificates", [("ca.der", der.as_slice())]),
    ];
    insta::assert_snapshot!(cases.each_ref().map(error).join("\n\n"), @"");
    let program = Sandbox::of_package("ca-certificates-buildpack").empty_app();
    insta::assert_snapshot!(error(&program), @"");
}

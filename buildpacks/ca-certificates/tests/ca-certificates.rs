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
    insta::assert_snapshot!(first, @r#"
    layer start launch: created
      program = 1310ca2c8932dbd118668bd97442558a3e1f546b5e15c69699dfbd6024f548d8
      exec.d/ca-certificates* "program"
    "#);
    assert_eq!(first.rebuild().unwrap().layer("start").state(), &LayerState::Kept);
    assert_eq!(app().arch("arm64").build().unwrap().layer("start").file("exec.d/ca-certificates"), "another program");
}

#[test]
fn what_is_bound_at_build_gets_into_the_image_if_that_is_said() {
    insta::assert_snapshot!(bound().build().unwrap(), @r#"
    layer start launch: created
      program = 1310ca2c8932dbd118668bd97442558a3e1f546b5e15c69699dfbd6024f548d8
      exec.d/ca-certificates* "program"
    | 3 certificates of the binding `corp`: not embedded (`BP_EMBED_CERTS` is not set)
    "#);
    let embedded = || bound().env("BP_EMBED_CERTS", "true").env("BP_RUNTIME_CERT_BINDING_DISABLED", "1");
    let first = embedded().build().unwrap();
    insta::assert_snapshot!(first, @r#"
    layer certificates launch: created
      certificates = 9147da4b35dd5de1e1c20cfda72ce3c6611f955b3c08a2940d0ec9f1ec75fc52
      system = /etc/ssl/certs/ca-certificates.crt
      bundle.pem (1560 bytes)
      certs/280f03b6.0 (493 bytes)
      certs/280f03b6.1 (493 bytes)
      certs/c9b0731a.0 (574 bytes)
      env.launch/NODE_EXTRA_CA_CERTS.default "/layers/wattle_ca-certificates/certificates/bundle.pem"
      env.launch/SSL_CERT_DIR.append "/layers/wattle_ca-certificates/certificates/certs"
      env.launch/SSL_CERT_DIR.delim ":"
      env.launch/SSL_CERT_FILE.default "/etc/ssl/certs/ca-certificates.crt"
    | 3 certificates of the binding `corp`: embedded
    "#);
    insta::assert_debug_snapshot!(first.environment("web"), @r#"
    {
        "NODE_EXTRA_CA_CERTS": "/layers/wattle_ca-certificates/certificates/bundle.pem",
        "SSL_CERT_DIR": "/layers/wattle_ca-certificates/certificates/certs",
        "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
    }
    "#);
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
    insta::assert_snapshot!(cases.each_ref().map(error).join("\n\n"), @"
    ca-certificates/none (user): `BP_EMBED_CERTS` is set, and no certificate is bound
    hint: bind a directory with PEM files and a file `type` that says `ca-certificates`
    hint: or leave out `BP_EMBED_CERTS`

    ca-certificates/none (user): `BP_EMBED_CERTS` is set, and no certificate is bound
    hint: bind a directory with PEM files and a file `type` that says `ca-certificates`
    hint: or leave out `BP_EMBED_CERTS`

    ca-certificates/setting/switch (user): `BP_EMBED_CERTS` is `yes, please`: expected `true` or `false`
    hint: write `BP_EMBED_CERTS=true`, or leave it out

    ca-certificates/malformed (user): the entry `ca.pem` of the binding `corp` has no certificate: no line is `-----BEGIN CERTIFICATE-----`
    hint: give each entry of the binding, but `type` and `provider`, one or several certificates in PEM form

    ca-certificates/malformed (user): the entry `ca.pem` of the binding `corp` has a part `PRIVATE KEY` in line 1, where only certificates belong
    hint: give each entry of the binding, but `type` and `provider`, one or several certificates in PEM form

    ca-certificates/malformed (user): the entry `ca.der` of the binding `corp` is in DER form, and PEM is needed
    hint: convert it: `openssl x509 -inform DER -in ca.der -out ca.der.pem`
    ");
    let program = Sandbox::of_package("ca-certificates-buildpack").empty_app();
    insta::assert_snapshot!(error(&program), @"
    ca-certificates/program (buildpack): there is no program for `amd64`
      No such file or directory (os error 44)
    ");
}

//! What small buildpacks make of the settings of a build, in images that are started or read by others.

use crate::run_image::TinyRunImage;
use crate::wattle;
use serde_json::Value;
use wattle_test_support::{Bundle, Files, skopeo};

#[test]
fn b72_l11_every_kind_of_variable_reaches_the_process() {
    let (application, output) = (Files::of([("Procfile", "web: env")]), Files::new());
    let image = format!("oci:{}", output.join("image").display());
    let call = wattle().args(["build", "--output", &image]).arg(application.path());
    let call = call.args(
        [
            ["--env", "BPE_PLAIN=a b"],
            ["--env", "BPE_OVERRIDE_SET=1"],
            ["--env", "BPE_DEFAULT_FALLBACK=2"],
            ["--env", "BPE_DEFAULT_GIVEN=2"],
            ["--env", "BPE_APPEND_LIST=last"],
            ["--env", "BPE_PREPEND_LIST=first"],
            ["--env", "BPE_DELIM_LIST=:"],
            ["--env", "BPE_APPEND_RAW=c"],
        ]
        .concat(),
    );
    let said = call.run().succeeds().stderr;
    assert!(said.contains("LIST: append, prepend\n") && !said.contains("first"), "{said}");
    let bundle = Bundle::unpack(&output.join("image"), "latest").with_user(123_456);
    let bundle = [("SET", "theirs"), ("GIVEN", "theirs"), ("LIST", "theirs"), ("RAW", "ab")]
        .into_iter()
        .fold(bundle, |bundle, (name, value)| bundle.with_variable(name, value));
    let environment = bundle.run([]).succeeds().stdout;
    let wanted = ["FALLBACK", "GIVEN", "LIST", "PLAIN", "RAW", "SET"];
    let mut found: Vec<&str> =
        environment.lines().filter(|line| wanted.iter().any(|name| line.starts_with(name))).collect();
    found.sort_unstable();
    insta::assert_snapshot!(found.join("\n"), @r"
    FALLBACK=2
    GIVEN=theirs
    LIST=first:theirs:last
    PLAIN=a b
    RAW=abc
    SET=1
    ");
}

#[test]
fn b84_labels_are_those_that_were_asked_for() {
    let (application, output, run_image) =
        (Files::of([("Procfile", "web: serve")]), Files::new(), TinyRunImage::amd64());
    let image = format!("oci:{}", output.join("image").display());
    let call = |labels: &str| {
        let call =
            wattle().args(["build", "--platform", "linux/amd64", "--run-image", &run_image.name(), "--output", &image]);
        call.args(["--env", "BP_OCI_TITLE=Shop", "--env", "BP_OCI_REF_NAME=v1"])
            .args(["--env", labels])
            .arg(application.path())
    };
    call("BP_IMAGE_LABELS=org.example.note=\"back soon\" org.example.team=shop").run().succeeds();
    let inspected: Value = serde_json::from_str(&skopeo(["inspect", &format!("{image}:latest")])).unwrap();
    let labels = inspected["Labels"].as_object().unwrap();
    let asked = labels.iter().filter(|(key, _)| !key.starts_with("io."));
    let asked: Vec<String> = asked.map(|(key, value)| format!("{key}={}", value.as_str().unwrap())).collect();
    insta::assert_snapshot!(asked.join("\n"), @r"
    org.example.note=back soon
    org.example.team=shop
    org.opencontainers.image.ref.name=v1
    org.opencontainers.image.title=Shop
    ");
    insta::assert_snapshot!(call("BP_IMAGE_LABELS=io.buildpacks.base.id=x").run().fails(1).failure(), @"
    error: wattle/image-labels@0.1.0: label `io.buildpacks.base.id` cannot be set: those that begin with `io.buildpacks.` mean something to Wattle or to container runtimes
    hint: take `io.buildpacks.base.id` out of `BP_IMAGE_LABELS`, or give it another name
    ");
    insta::assert_snapshot!(call("BP_IMAGE_LABELS=team=my shop").run().fails(1).failure(), @r#"
    error: wattle/image-labels@0.1.0: `BP_IMAGE_LABELS` has `shop` without `=` and a value, at character 9
    hint: write labels as `key=value`, with blanks between, and in quotation marks what has blanks: `team=shop note="a b"`
    "#);
}

/// Buildpacks that have nothing to do leave no trace.
#[test]
fn who_asks_for_nothing_gets_nothing() {
    let application = Files::of([("Procfile", "web: serve")]);
    let call = wattle().args(["plan", application.text(), "--env", "BP_RUNTIME_CERT_BINDING_DISABLED=true"]);
    insta::assert_snapshot!(call.run().succeeds().data(), @"wattle/procfile  0.1.0");
}

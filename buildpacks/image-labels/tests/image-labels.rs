//! The image labels buildpack in the sandbox.

use wattle_buildpack_test::{App, Fault, Sandbox};

fn app<const N: usize>(variables: [(&str, &str); N]) -> App {
    let app = Sandbox::of_package("image-labels-buildpack").empty_app();
    variables.into_iter().fold(app, |app, (name, value)| app.env(name, value))
}

#[test]
fn takes_part_where_a_label_is_asked_for() {
    insta::assert_snapshot!(app([("BP_IMAGE_LABELS", "a=b")]).detect(), @"pass: provides image-labels, requires image-labels");
    insta::assert_snapshot!(app([("BP_OCI_REF_NAME", "x")]).detect(), @"pass: provides image-labels, requires image-labels");
    insta::assert_snapshot!(app([("BP_OCI_OTHER", "x")]).detect(), @"skip: neither `BP_IMAGE_LABELS` nor a `BP_OCI_…` variable is set");
}

#[test]
fn b84_every_variable_has_its_label_and_any_label_comes_last() {
    let names = "AUTHORS CREATED DESCRIPTION DOCUMENTATION LICENSES REF_NAME REVISION SOURCE TITLE URL VENDOR VERSION";
    let of = |app: App, name: &str| app.env(&format!("BP_OCI_{name}"), &format!("the {name}"));
    let any = r#"org.opencontainers.image.title="My Shop" org.example.team=shop"#;
    let app = names.split(' ').fold(app([("BP_IMAGE_LABELS", any)]), of);
    insta::assert_snapshot!(app.build().unwrap(), @"
    label org.example.team=shop
    label org.opencontainers.image.authors=the AUTHORS
    label org.opencontainers.image.created=the CREATED
    label org.opencontainers.image.description=the DESCRIPTION
    label org.opencontainers.image.documentation=the DOCUMENTATION
    label org.opencontainers.image.licenses=the LICENSES
    label org.opencontainers.image.ref.name=the REF_NAME
    label org.opencontainers.image.revision=the REVISION
    label org.opencontainers.image.source=the SOURCE
    label org.opencontainers.image.title=My Shop
    label org.opencontainers.image.url=the URL
    label org.opencontainers.image.vendor=the VENDOR
    label org.opencontainers.image.version=the VERSION
    | org.opencontainers.image.authors=the AUTHORS
    | org.opencontainers.image.created=the CREATED
    | org.opencontainers.image.description=the DESCRIPTION
    | org.opencontainers.image.documentation=the DOCUMENTATION
    | org.opencontainers.image.licenses=the LICENSES
    | org.opencontainers.image.ref.name=the REF_NAME
    | org.opencontainers.image.revision=the REVISION
    | org.opencontainers.image.source=the SOURCE
    | org.opencontainers.image.url=the URL
    | org.opencontainers.image.vendor=the VENDOR
    | org.opencontainers.image.version=the VERSION
    | org.opencontainers.image.title=My Shop
    | org.example.team=shop
    ");
}

#[test]
fn mistakes_are_pointed_at() {
    let error = |any: &str| app([("BP_IMAGE_LABELS", any)]).build().unwrap_err();
    let all =
        ["title=My Shop", "a='b", "io.buildpacks.base.id=x", "cdi.k8s.io/device=gpu"].map(|any| error(any).to_string());
    insta::assert_snapshot!(all.join("\n\n"), @r#"
    image-labels/malformed (user): `BP_IMAGE_LABELS` has `Shop` without `=` and a value, at character 10
    hint: write labels as `key=value`, with blanks between, and in quotation marks what has blanks: `team=shop note="a b"`

    image-labels/malformed (user): `BP_IMAGE_LABELS` has a `'` that is not closed, at character 3
    hint: write labels as `key=value`, with blanks between, and in quotation marks what has blanks: `team=shop note="a b"`

    image/label/reserved (user): label `io.buildpacks.base.id` cannot be set: those that begin with `io.buildpacks.` mean something to Wattle or to container runtimes
    hint: take `io.buildpacks.base.id` out of `BP_IMAGE_LABELS`, or give it another name

    image/label/reserved (user): label `cdi.k8s.io/device` cannot be set: those that begin with `cdi.k8s.io/` mean something to Wattle or to container runtimes
    hint: take `cdi.k8s.io/device` out of `BP_IMAGE_LABELS`, or give it another name
    "#);
    assert_eq!(error(&format!("a={}", "x".repeat(70_000))).fault(), Fault::User);
}

//! The image labels buildpack in the sandbox.

#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]

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
    insta::assert_snapshot!(app.build().unwrap(), @"");
}

#[test]
fn mistakes_are_pointed_at() {
    let error = |any: &str| app([("BP_IMAGE_LABELS", any)]).build().unwrap_err();
    let all =
        ["title=My Shop", "a='b", "io.buildpacks.base.id=x", "cdi.k8s.io/device=gpu"].map(|any| error(any).to_string());
    insta::assert_snapshot!(all.join("\n\n"), @"");
    assert_eq!(error(&format!("a={}", "x".repeat(70_000))).fault(), Fault::User);
}

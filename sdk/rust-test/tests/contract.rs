//! What the contract has of the Buildpack API beside layers and processes. The guest is `tests/components/calls`.

use wattle_buildpack_test::{App, Sandbox};

fn app(call: &str) -> App {
    Sandbox::of_package("calls-buildpack").app([("call", call)])
}

#[test]
fn b46_b50_b98_a_buildpack_sees_what_the_user_says_and_the_bindings_of_its_types() {
    let secret = [("password", "secret")];
    let app = app("platform")
        .env("COLOUR", "green")
        .binding("corporate", "CA-Certificates", [("ca.pem", "PEM")])
        .binding("database", "postgresql", secret)
        .execution_environment("test");
    insta::assert_snapshot!(app.build().unwrap().log(), @r#"
    "test"
    ("corporate", "CA-Certificates", None, ["ca.pem"])
    Err(ReadOnlyFilesystem)
    ["PEM"]
    ["COLOUR"]
    ["corporate"]
    (Some("green"), Some("green"), Some("/platform/bindings"))
    "#);
}

#[test]
fn b92_what_is_left_is_told() {
    let built = app("leave").build().unwrap();
    assert_eq!(built.left_to_others(), ["left"]);
    insta::assert_snapshot!(built.log(), @"Err(plan/leave/unknown: `nothing` cannot be left to others: the plan of this buildpack has no such entry)");
}

#[test]
fn b67_what_is_stored_comes_back_until_something_else_is() {
    let first = app("store").build().unwrap();
    assert_eq!(first.stored(), Some(r#"{"builds":1}"#));
    let second = first.rebuild().unwrap();
    assert_eq!(second.stored(), None);
    let third = app("store").file("again", "").after(&second).build().unwrap();
    assert_eq!(third.stored(), Some(r#"{"builds":2}"#));
    insta::assert_snapshot!(format!("{}--\n{}--\n{}", first.log(), second.log(), third.log()), @"
    Stored { builds: 0 }
    Err(image/store/form: what is to be stored is not the text of a JSON object)
    --
    Stored { builds: 1 }
    Err(image/store/form: what is to be stored is not the text of a JSON object)
    --
    Stored { builds: 1 }
    Err(image/store/form: what is to be stored is not the text of a JSON object)
    ");
}

#[test]
fn b13_b55_b93_bills_of_materials_of_layers_and_of_the_whole() {
    let built = app("sboms").build().unwrap();
    insta::assert_snapshot!(built, @"
    layer described launch: created
      version = 1
      SBOM in application/vnd.cyclonedx+json
    Launch SBOM in application/vnd.cyclonedx+json
    Build SBOM in application/vnd.cyclonedx+json
    | Err(image/sbom/form: a bill of materials is not of the form `application/vnd.cyclonedx+json`)
    | Err(image/sbom/undeclared: a bill of materials of the form `application/vnd.syft+json` was not declared
    | hint: add `application/vnd.syft+json` to `sbom-formats` in the buildpack's `buildpack.toml`)
    ");
    assert_eq!(built.layer("described").sboms()[0].document, r#"{"bomFormat":"CycloneDX","name":"layer"}"#);
    // A layer that is reused was stored with them.
    assert!(built.rebuild().unwrap().layer("described").sboms().is_empty());
}

#[test]
fn b80_programs_that_run_before_processes_are_files_of_a_layer() {
    insta::assert_snapshot!(app("exec.d").build().unwrap(), @r##"
    layer programs launch: created
      exec.d/all* "#!/bin/sh\n"
      exec.d/web/web* "#!/bin/sh\n"
    "##);
}

#[test]
fn b90_slices_are_patterns_in_their_order() {
    insta::assert_snapshot!(app("slices\nnode_modules *.js\npublic").build().unwrap(), @"
    slice node_modules *.js
    slice public
    ");
    insta::assert_snapshot!(app("slices\n  ").build().unwrap_err(), @"image/slice/pattern (buildpack): `` is no pattern of a slice");
}

#[test]
fn the_application_may_be_elsewhere() {
    let built = app("context").workspace("/srv/app").build().unwrap();
    assert!(built.log().contains(r#""/srv/app""#), "{}", built.log());
    assert_eq!(built.app_file("call"), "context");
}

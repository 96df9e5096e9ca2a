//! Which images the launcher speaks to, and the exit codes of those that it does not.

use super::*;

/// Exit code and text of what becomes of `launcher ls`.
fn check(metadata: &str, environment: &[(&str, &str)]) -> String {
    match run(metadata, &["launcher", "--", "ls"], environment, &[]) {
        Ok(launch) => words(&launch.command).join(" "),
        Err(error) => format!("{}: {error}", error.code()),
    }
}

#[test]
fn l1_l16_b2_the_platform_api_is_one_of_the_references() {
    for minor in 7..=15 {
        for api in [format!("0.{minor}"), format!("v0.{minor}")] {
            assert_eq!(check(METADATA, &[("CNB_PLATFORM_API", &api)]), "ls", "{api}");
        }
    }
    for api in ["", "0", "0.", "0.6", "0.16", "0.99", "1", "1.0", "0.x", "0.+9", "0.14.0", " 0.14", "vv0.14", "14"] {
        let refused = format!("11: `CNB_PLATFORM_API` is `{api}`: this launcher speaks 0.7 to 0.15");
        assert_eq!(check(METADATA, &[("CNB_PLATFORM_API", api)]), refused);
    }
    let error = launch(&[], Environment::default(), &Memory(BTreeMap::new())).unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), (11, "`CNB_PLATFORM_API` is not set: the image sets it"));
}

#[test]
fn l1_l16_b3_every_buildpack_api_is_one_of_the_references() {
    let with = |api: &str| METADATA.replace("0.12", api);
    for minor in 7..=12 {
        assert_eq!(check(&with(&format!("0.{minor}")), &[]), "ls", "{minor}");
    }
    for api in ["", "0.6", "0.13", "1.0", "x"] {
        let refused =
            format!("12: the buildpack `two` follows Buildpack API `{api}`: this launcher speaks 0.7 to 0.12");
        assert_eq!(check(&with(api), &[]), refused);
    }
    // The platform comes first.
    assert!(check(&with("0.1"), &[("CNB_PLATFORM_API", "0.1")]).starts_with("11: "));
}

#[test]
fn l1_l16_metadata_that_cannot_be_read_is_the_code_of_the_reference() {
    for (metadata, why) in [
        ("buildpacks = 1", "TOML parse error at line 1, column 14"),
        ("[[buildpacks]]\nid = 'a'", "TOML parse error at line 1, column 1"),
        ("[[processes]]\ntype = 'web'\ncommand = 1", "TOML parse error at line 3, column 11"),
        ("[[processes]]\ntype = 'web'\ncommand = ['a', 1]", "TOML parse error at line 3, column 11"),
        ("[[processes]]\ncommand = ['a']", "TOML parse error at line 1, column 1"),
    ] {
        let refused = format!("1: could not read `/layers/config/metadata.toml`: {why}");
        let found = check(metadata, &[]);
        assert!(found.starts_with(&refused), "{found}");
    }
    let environment = [("CNB_LAYERS_DIR", "/elsewhere")];
    assert_eq!(check(METADATA, &environment), "1: could not read `/elsewhere/config/metadata.toml`: entity not found");
}

#[test]
fn l1_only_buildpacks_and_processes_count() {
    assert_eq!(check("", &[]), "ls");
    assert_eq!(check("[[extensions]]\nid = 'x'\n[[slices]]\npaths = [1]\n[[labels]]\nkey = 'k'", &[]), "ls");
}

#[test]
fn p10_directories_of_the_platform_have_defaults() {
    let launch = run(METADATA, &["web"], &[], &[]).unwrap();
    assert_eq!(lossy(&launch.app_dir), "/workspace");
    let empty = [("CNB_LAYERS_DIR", ""), ("CNB_APP_DIR", "")];
    assert_eq!(run(METADATA, &["web"], &empty, &[]).unwrap(), launch);
    let elsewhere = [("CNB_LAYERS_DIR", "/layers//"), ("CNB_APP_DIR", "/app")];
    let launch = run(METADATA, &["web"], &elsewhere, &[("two/l/bin/", "")]).unwrap();
    assert_eq!(
        (lossy(&launch.app_dir), text(&launch.environment)),
        ("/app".to_owned(), "PATH=/layers/two/l/bin".into())
    );
}

//! Which process is started, with which arguments.

use super::*;

/// Buildpacks of before and after Buildpack API 0.9, each with a process of every kind that it can have.
const PROCESSES: &str = r#"
    [[buildpacks]]
    id = "old"
    api = "0.8"
    [[buildpacks]]
    id = "new"
    api = "0.9"
    [[processes]]
    type = "old"
    command = "prog"
    args = ["a"]
    direct = true
    buildpack-id = "old"
    [[processes]]
    type = "one"
    command = ["prog"]
    args = ["a"]
    direct = true
    buildpack-id = "new"
    [[processes]]
    type = "many"
    command = ["prog", "fixed"]
    args = ["a"]
    direct = true
    buildpack-id = "new"
    [[processes]]
    type = "bare"
    command = ["prog"]
    direct = true
    buildpack-id = "new"
    [[processes]]
    type = "there"
    command = ["prog"]
    direct = true
    working-dir = "sub"
    buildpack-id = "new"
    [[processes]]
    type = "orphan"
    command = ["prog"]
    args = ["a"]
    direct = true
    buildpack-id = "gone"
    [[processes]]
    type = "empty"
    command = []
    direct = true
    [[processes]]
    type = "test"
    command = ["tests"]
    direct = true
    exec-env = ["test", "development"]
    [[processes]]
    type = "any"
    command = ["prog"]
    direct = true
    exec-env = ["*"]
    [[processes]]
    type = "twice"
    command = ["in-test"]
    direct = true
    exec-env = ["test"]
    [[processes]]
    type = "twice"
    command = ["in-production"]
    direct = true
    exec-env = ["production"]
"#;

/// What starts when the launcher is called in this way (words between blanks), or exit code and text of why not.
fn started(api: &str, call: &str, environment: &[(&str, &str)]) -> String {
    let arguments: Vec<&str> = call.split(' ').collect();
    let environment = [environment, &[("CNB_PLATFORM_API", api)]].concat();
    match run(PROCESSES, &arguments, &environment, &[]) {
        Ok(launch) => {
            let command = words(&launch.command).join(" ");
            launch.working_dir.map_or(command.clone(), |directory| format!("{command} (in {})", lossy(&directory)))
        }
        Err(error) => format!("{}: {error}", error.code()),
    }
}

#[test]
fn l2_a_process_is_chosen_by_the_last_name_of_the_launchers_path() {
    for (call, expected) in [
        ("one", "prog a"),
        ("/cnb/process/one", "prog a"),
        ("../x/one", "prog a"),
        ("/cnb/process/there", "prog (in sub)"),
        // Anything else is no process, and so all that follows is a command.
        ("/cnb/lifecycle/launcher one", "one"),
        ("/cnb/process/none one", "one"),
        ("one/ many", "many"),
        ("launcher -- one", "one"),
    ] {
        for api in ["0.7", "0.9", "0.10", "0.14", "0.15"] {
            assert_eq!(started(api, call, &[]), expected, "{call} of {api}");
        }
    }
}

#[test]
fn l2_the_variable_for_the_process_type_has_no_effect() {
    assert_eq!(started("0.14", "launcher -- ls", &[("CNB_PROCESS_TYPE", "one")]), "ls");
    assert_eq!(started("0.14", "many", &[("CNB_PROCESS_TYPE", "one")]), "prog fixed a");
}

#[test]
fn l4_l5_b86_arguments_of_the_user_are_added_or_take_the_place_of_others() {
    // How the launcher is called, what is started for Platform API 0.9 and below, and what from 0.10 on.
    for (call, before, since) in [
        ("old", "prog a", "prog a"),
        ("old x y", "prog a x y", "prog a x y"),
        ("one", "prog a", "prog a"),
        ("one x y", "prog a x y", "prog x y"),
        ("one --", "prog a --", "prog --"),
        ("many", "prog fixed a", "prog fixed a"),
        ("many x y", "prog fixed a x y", "prog fixed x y"),
        ("bare", "prog", "prog"),
        ("bare x", "prog x", "prog x"),
        ("there x", "prog x (in sub)", "prog x (in sub)"),
        ("orphan", "prog a", "prog a"),
        ("orphan x", "prog a x", "82: the process `orphan` is of the buildpack `gone`, which is not among the image's"),
    ] {
        for (apis, expected) in [(7..10, before), (10..16, since)] {
            for minor in apis {
                assert_eq!(started(&format!("0.{minor}"), call, &[]), expected, "{call} of 0.{minor}");
            }
        }
    }
}

#[test]
fn l3_a_process_may_be_for_some_execution_environments() {
    let refused = |found: &str| {
        format!(
            "82: the process `test` is not for the execution environment `{found}`: set `CNB_EXEC_ENV` to `test` or \
             `development`"
        )
    };
    // The process, the variable, what is started before Platform API 0.15, and what since then.
    for (call, variable, before, since) in [
        ("test", None, "tests", refused("production")),
        ("test", Some(""), "tests", refused("production")),
        ("test", Some("production"), "tests", refused("production")),
        ("test", Some("tes"), "tests", refused("tes")),
        ("test", Some("test"), "tests", "tests".to_owned()),
        ("any", None, "prog", "prog".to_owned()),
        ("any", Some("test"), "prog", "prog".to_owned()),
        ("one", Some("test"), "prog a", "prog a".to_owned()),
        // Two of one type: it is the one for here.
        ("twice", None, "in-test", "in-production".to_owned()),
        ("twice", Some("test"), "in-test", "in-test".to_owned()),
        ("launcher -- ls", Some("test"), "ls", "ls".to_owned()),
    ] {
        let variable: Vec<_> = variable.map(|value| ("CNB_EXEC_ENV", value)).into_iter().collect();
        for (api, expected) in [("0.9", before), ("0.14", before), ("0.15", since.as_str())] {
            let found = started(api, call, &variable);
            assert_eq!(found, expected, "{call} of {api} in {variable:?}");
        }
    }
}

#[test]
fn l6_a_command_of_the_users_without_a_shell_in_the_image() {
    for (call, expected) in [
        ("launcher -- ls -l", "ls -l"),
        ("launcher -- ls -- -l", "ls -- -l"),
        ("launcher -- -- -l", "-- -l"),
        ("launcher ls -l", "ls -l"),
        ("launcher ls -- -l", "ls -- -l"),
    ] {
        assert_eq!(started("0.14", call, &[]), expected);
    }
    let script = run(PROCESSES, &["launcher", "echo $HOME"], &[], &[]).unwrap_err();
    assert_eq!(
        (script.code(), script.to_string().as_str()),
        (
            82,
            "the command `echo $HOME` wants a shell, and the image has no `/bin/bash`: give program and arguments one by one"
        )
    );
    let program = run(PROCESSES, &["launcher", "--", "a program"], &[], &[]).unwrap();
    assert_eq!(words(&program.command), ["a program"]);
}

#[test]
fn l6_l16_without_a_command_there_is_nothing_to_start() {
    let nothing = "82: there is nothing to start: name a command, or one of the image's processes as its entry point: \
                   `old`, `one`, `many`, `bare`, `there`, `orphan`, `empty`, `test`, `any`, `twice`, `twice`";
    for call in ["launcher", "launcher --", "/cnb/lifecycle/launcher"] {
        assert_eq!(started("0.14", call, &[]), nothing);
    }
    assert_eq!(run(PROCESSES, &[], &[], &[]).unwrap_err().to_string(), nothing.strip_prefix("82: ").unwrap());
    let none = run("", &["launcher"], &[], &[]).unwrap_err().to_string();
    assert_eq!(none, "there is nothing to start: the image has no process, so name a command");
    assert_eq!(started("0.14", "empty", &[]), "82: the process `empty` has no command");
}

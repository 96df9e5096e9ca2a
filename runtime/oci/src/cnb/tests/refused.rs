//! What makes no image.

use super::*;

#[test]
fn b4_b5_b56_b85_b98_i23_l34_w11_w14_what_is_no_image_is_refused() {
    let edits: [fn(&mut Application); 23] = [
        |a| a.buildpacks[1].id = "wattle_node".into(),
        |a| a.buildpacks[1].id = "wattle/node".into(),
        |a| a.buildpacks[0].layers[0].name = "../x".into(),
        |a| a.buildpacks[0].layers[0].name = "dependencies".into(),
        |a| a.processes[0].kind = "launcher".into(),
        |a| a.processes[0].kind = "web".into(),
        |a| a.processes[0].command.clear(),
        |a| a.default_process = Some("task".into()),
        |a| drop(a.labels.insert(BUILD_METADATA.into(), "{}".into())),
        |a| drop(a.labels.insert("x".into(), "\0".into())),
        |a| drop(a.user_labels.insert(LIFECYCLE_METADATA.into(), "{}".into())),
        |a| a.user = Some("a:b:c".into()),
        |a| a.user = Some("two words".into()),
        |a| a.workspace = "/".into(),
        |a| a.workspace = "workspace".into(),
        |a| a.workspace = "/layers/app".into(),
        |a| a.workspace = "/cnb".into(),
        |a| a.execution_environment = "a/b".into(),
        |a| a.processes[0].exec_env = vec![String::new()],
        |a| a.processes[1].exec_env = vec!["test".into()],
        |a| a.slices = vec![Slice::default()],
        |a| a.buildpacks[0].layers[0].data = json!({"a": [9_007_199_254_740_993_i64]}),
        |a| a.buildpacks[0].store = Some(json!({"a": u64::MAX})),
    ];
    let check = |edit: fn(&mut Application)| {
        let mut application = shop();
        edit(&mut application);
        compose(&base(|_| {}), application).unwrap_err().to_string()
    };
    insta::assert_snapshot!(edits.map(check).join("\n"), @r#"
    `wattle_node` cannot be the name of a buildpack: it has letters, digits, `.`, `-`, and `/` between parts that are not empty
    the layers of `wattle/node` and of another buildpack would both be in `/layers/wattle_node`
    `../x` cannot be the name of a layer: a name has a slash or a NUL in it
    there are two layers `dependencies`
    `launcher` cannot be the name of a process type: the launcher itself has it
    there are two processes `web`
    the process `worker` has no command
    the default process `task` is not one of the processes
    the label `io.buildpacks.build.metadata` is not for buildpacks to set: labels that begin with `io.buildpacks.` are the platform's
    the label `x` has a NUL byte in it
    the label `io.buildpacks.lifecycle.metadata` is not for users to set: labels that begin with `io.buildpacks.` are the platform's
    `a:b:c` is no user to run as: expected `user` or `user:group`, by name or by number
    `two words` is no user to run as: expected `user` or `user:group`, by name or by number
    the application cannot be in `/`: it is not an absolute path of plain names, as `/workspace` is
    the application cannot be in `workspace`: it is not an absolute path of plain names, as `/workspace` is
    the application cannot be in `/layers/app`: the layers of buildpacks are in `/layers`
    the application cannot be in `/cnb`: the launcher is in `/cnb`
    `a/b` cannot be the name of an execution environment: it has letters, digits, `.` and `-`
    `` cannot be the name of an execution environment: it has letters, digits, `.` and `-`
    the default process `web` is not for the execution environment `production`
    1 slices make 2 layers of the application, not 1
    the metadata of the layer `wattle/node:runtime` has the number 9007199254740993, which other tools would round: write it as text
    the store of the buildpack `wattle/node` has the number 18446744073709551615, which other tools would round: write it as text
    "#);
}

//! How the launcher ends, and what it says.

use super::*;
use std::path::Path;

const SUB: &str = "command = [\"say\"]\ndirect = true\nworking-dir = \"nowhere\"\nbuildpack-id = \"new/er\"";
const GONE: &str = "command = [\"gone\"]\ndirect = true\nbuildpack-id = \"new/er\"";
const TEST: &str = "command = [\"say\"]\ndirect = true\nexec-env = [\"test\"]\nbuildpack-id = \"new/er\"";

/// The metadata, how the launcher is called, a variable, and the exit code.
type Row = (String, &'static [&'static str], (&'static str, &'static str), i32);

fn rows() -> Vec<Row> {
    let none = ("NONE", "");
    vec![
        (metadata(DIRECT), &["web"], none, 0),
        (metadata(DIRECT), &["web"], ("CNB_PLATFORM_API", ""), 11),
        (metadata(DIRECT), &["web"], ("CNB_PLATFORM_API", "0.6"), 11),
        (metadata(DIRECT), &["web"], ("CNB_PLATFORM_API", "0.16"), 11),
        (metadata(DIRECT), &["web"], ("CNB_PLATFORM_API", "v0.15"), 0),
        (metadata(DIRECT), &["web"], ("CNB_PLATFORM_API", "what"), 11),
        ("what".to_owned(), &["web"], ("CNB_PLATFORM_API", "0.6"), 11),
        ("what".to_owned(), &["web"], none, 1),
        ("processes = 1".to_owned(), &["web"], none, 1),
        (metadata(DIRECT), &["web"], ("CNB_LAYERS_DIR", "/nowhere"), 1),
        (metadata(DIRECT).replace("0.9", "0.13"), &["web"], none, 12),
        (metadata(DIRECT).replace("0.9", "0.6"), &["launcher", "--", "say"], none, 12),
        (metadata(DIRECT), &["web"], ("CNB_APP_DIR", "/nowhere"), 82),
        (metadata(SUB), &["web"], none, 82),
        (metadata(GONE), &["web"], none, 82),
        (metadata(TEST), &["web"], none, 0),
        (metadata(TEST), &["web"], ("CNB_PLATFORM_API", "0.15"), 82),
        (metadata(DIRECT), &["launcher"], none, 82),
        (metadata(DIRECT), &["launcher", "--", "gone"], none, 82),
        (metadata(DIRECT), &["launcher", "--", "/etc/passwd"], none, 82),
        // From here on, they are those of the process.
        (metadata(DIRECT), &["launcher", "gone"], none, 127),
        (metadata(DIRECT), &["launcher", "exit 7"], none, 7),
        (metadata(DIRECT), &["launcher", "--", "sh", "-c", "exit 82"], none, 82),
        (metadata(DIRECT), &["launcher", "--", "sh", "-c", "kill -TERM $$"], none, 143),
    ]
}

#[track_caller]
fn check(launcher: &Path) {
    for (metadata, call, variable, code) in rows() {
        let told = World::of(launcher, &metadata).run(call, &[variable]);
        assert_eq!(told.code, code, "{call:?} with {variable:?}: {told:?}");
    }
}

#[test]
fn l1_l3_l16_exit_codes() {
    check(Path::new(env!("CARGO_BIN_EXE_wattle-launcher")));
}

#[test]
fn l1_l3_l16_exit_codes_of_the_reference_are_the_same() {
    let Some(launcher) = reference::launcher() else { return };
    check(&launcher);
}

#[test]
fn l16_what_goes_wrong_is_said() {
    let check =
        |metadata: &str, call: &[&str], variable: (&str, &str)| World::new(metadata).run(call, &[variable]).stderr;
    let none = ("NONE", "");
    assert_eq!(
        check(&metadata(SUB), &["web"], none),
        "error: could not enter `nowhere`: No such file or directory (os error 2)\n"
    );
    assert_eq!(check(&metadata(GONE), &["web"], none), "error: `gone` is not a program that can be found in `PATH`\n");
    let text = "error: `CNB_PLATFORM_API` is `0.6`: this launcher speaks 0.7 to 0.15\n";
    assert_eq!(check(&metadata(DIRECT), &["web"], ("CNB_PLATFORM_API", "0.6")), text);
    let text =
        "warning: `CNB_PROCESS_TYPE` has no effect: a process is chosen by its entry point, `/cnb/process/<type>`\n";
    assert_eq!(check(&metadata(DIRECT), &["web"], ("CNB_PROCESS_TYPE", "x")), text);
    let text = "error: could not start `app-script`: there is no `/no/such`, which runs it\n";
    let world = World::new(&metadata(DIRECT)).with("app/bin/app-script", "#!/no/such -x\n");
    assert_eq!(world.run(&["launcher", "--", "app-script"], &[]).stderr, text);
}

#[test]
fn l13_the_process_takes_the_launchers_place_and_name() {
    let world = World::new(&metadata(DIRECT));
    let child = world.call(&["launcher", "--", "sh", "-c", "echo $$ $0"], &[]);
    let child = { child }.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{id} sh\n"));
    // `argv[0]` is the word that was written, not where it was found.
    let told = world.run(&["launcher", "--", "cat", "/proc/self/cmdline"], &[]);
    assert_eq!(told.stdout, "cat\0/proc/self/cmdline\0");
}

#[test]
fn l10_the_path_is_that_of_the_image_without_ours() {
    let world = World::new(&metadata(DIRECT));
    let told = world.run(
        &["web"],
        &[("VARIABLES", "PATH CNB_LAYERS_DIR CNB_APP_DIR CNB_PLATFORM_API CNB_EXEC_ENV"), ("CNB_EXEC_ENV", "test")],
    );
    let path = "PATH=/app/bin:/usr/bin:/bin CNB_LAYERS_DIR= CNB_APP_DIR= CNB_PLATFORM_API= CNB_EXEC_ENV=test";
    assert_eq!(told.stdout, format!("/app\n[] {path}\n"));
}

//! Programs of `exec.d`, run before the process.

use super::*;
use std::path::Path;
use std::process::Command;

/// What `web` says of `VARIABLES`, or why it was not started.
#[track_caller]
fn check(world: &World, variables: &str) -> String {
    let told = world.run(&["web"], &[("VARIABLES", variables)]);
    assert_eq!(told.stderr, "");
    assert_eq!(told.code, 0, "{told:?}");
    told.stdout
}

/// The world in which each program appends its place to `SEEN`, and says on standard output where and how it was started.
fn with_programs(launcher: &Path) -> World {
    let mut world = World::of(launcher, &metadata(DIRECT));
    for layer in ["new_er/l", "old/m", "old/l"] {
        for directory in ["exec.d", "exec.d/web", "exec.d/worker"] {
            for name in ["b", "a"] {
                let place = format!("{layer}/{directory}/{name}");
                let script = format!("echo \"$(pwd) $#$(cat)\"; printf 'SEEN = \"%s\"' \"$SEEN {place}\" >&3");
                world = world.with_program(&place, &script);
            }
        }
    }
    world
}

#[track_caller]
fn check_order(launcher: &Path) {
    let places = |directories: &[&str]| -> String {
        let layers = ["old/l", "old/m", "new_er/l"].into_iter();
        let places = layers.flat_map(|layer| {
            directories.iter().flat_map(move |at| ["a", "b"].map(|name| format!(" {layer}/{at}/{name}")))
        });
        places.collect()
    };
    let world = with_programs(launcher);
    for (call, directories) in [
        (&["web"][..], &["exec.d", "exec.d/web"][..]),
        (&["launcher", "--", "say"], &["exec.d"]),
        (&["launcher", "say"], &["exec.d"]),
    ] {
        let seen = places(directories);
        let command = world.call(call, &[("VARIABLES", "SEEN")]);
        let told = world.run_with_input(command, "not for them");
        let said = "/app 0\n".repeat(seen.matches(' ').count());
        assert_eq!(told.stdout, format!("{said}/app\n[] SEEN={seen}\n"), "{call:?}: {told:?}");
    }
}

#[test]
fn b80_b81_b82_b83_l12_programs_run_in_the_order_of_the_reference() {
    check_order(Path::new(env!("CARGO_BIN_EXE_wattle-launcher")));
}

#[test]
fn b80_b81_b82_b83_l12_programs_of_the_reference_run_in_this_order() {
    let Some(launcher) = reference::launcher() else { return };
    check_order(&launcher);
}

/// What a program does, and the end of what is said if that ends it all; nothing if the process starts.
const FAILURES: [(&str, &str); 17] = [
    ("exit 0", ""),
    ("echo '' >&3", ""),
    ("exec 3>&-; sleep 0.1", ""),
    // More than a pipe holds, so that somebody has to read meanwhile.
    ("head -c 300000 /dev/zero | tr '\\0' '#' >&3", ""),
    ("exit 3", "failed: it ended with exit code 3\n"),
    ("echo 'A = \"x\"' >&3; exit 1", "failed: it ended with exit code 1\n"),
    ("kill -KILL $$", "failed: signal 9 ended it\n"),
    ("kill -PIPE $$", "failed: signal 13 ended it\n"),
    ("echo 'A = 1' >&3", "wrote to file descriptor 3: `A` is not a string, but of type integer\n"),
    ("echo 'A = []' >&3", "wrote to file descriptor 3: `A` is not a string, but of type array\n"),
    ("echo 'A.B = \"x\"' >&3", "wrote to file descriptor 3: `A` is not a string, but of type table\n"),
    ("echo '[A]' >&3", "wrote to file descriptor 3: `A` is not a string, but of type table\n"),
    ("echo A=b >&3", "string values must be quoted, expected literal string\n"),
    ("printf '\\377' >&3", "wrote to file descriptor 3: invalid utf-8 sequence of 1 bytes from index 0\n"),
    ("kill -TERM $$", "failed: signal 15 ended it\n"),
    ("exit 255", "failed: it ended with exit code 255\n"),
    ("exit 82", "failed: it ended with exit code 82\n"),
];

#[test]
fn b80_b81_l16_a_program_that_fails_ends_the_launch() {
    for (script, expected) in FAILURES {
        for call in [&["web"][..], &["launcher", "say"]] {
            let told = World::new(&metadata(DIRECT)).with_program("old/l/exec.d/p", script).run(call, &[]);
            assert_eq!(told.code, if expected.is_empty() { 0 } else { 82 }, "{script}: {told:?}");
            assert_eq!(told.stdout, if expected.is_empty() { "/app\n[]\n" } else { "" }, "{script}: {told:?}");
            let is_named = told.stderr.is_empty() || told.stderr.contains("`/layers/old/l/exec.d/p`");
            assert!(told.stderr.ends_with(expected) && is_named, "{script}: {told:?}");
        }
    }
}

#[test]
fn b80_b81_l16_what_fails_with_the_reference_fails() {
    let Some(launcher) = reference::launcher() else { return };
    for (script, expected) in FAILURES {
        let told = World::of(&launcher, &metadata(DIRECT)).with_program("old/l/exec.d/p", script).run(&["web"], &[]);
        assert_eq!(told.code, if expected.is_empty() { 0 } else { 82 }, "{script}: {told:?}");
    }
}

#[test]
fn b82_every_file_has_to_be_a_program() {
    let world = |text: &str| World::new(&metadata(DIRECT)).with("layers/old/l/exec.d/p", text);
    let told = world("# no program\n").run(&["web"], &[]);
    let text = "error: the `exec.d` program `/layers/old/l/exec.d/p` failed: it is not executable (Permission denied (os error 13))\n";
    assert_eq!((told.code, told.stderr.as_str()), (82, text));
    let told = world("#!/no/such\n").run(&["web"], &[]);
    let text = "error: the `exec.d` program `/layers/old/l/exec.d/p` failed: there is no `/no/such`, which runs it\n";
    assert_eq!((told.code, told.stderr.as_str()), (82, text));
    // Directories are for processes.
    assert_eq!(World::new(&metadata(DIRECT)).with("layers/old/l/exec.d/other/p", "").run(&["web"], &[]).code, 0);
}

#[test]
fn b81_what_is_written_is_bounded() {
    let world = |bytes: u64| {
        let script = format!("head -c {bytes} /dev/zero | tr '\\0' '#' >&3");
        World::new(&metadata(DIRECT)).with_program("old/l/exec.d/p", &script)
    };
    assert_eq!(check(&world(1 << 20), ""), "/app\n[]\n");
    let told = world((1 << 20) + 1).run(&["web"], &[]);
    let text = "error: the `exec.d` program `/layers/old/l/exec.d/p` failed: it wrote more than 1048576 bytes to file descriptor 3\n";
    assert_eq!((told.code, told.stderr.as_str()), (82, text));
    // One that never ends is ended.
    let told = World::new(&metadata(DIRECT)).with_program("old/l/exec.d/p", "exec yes '#' >&3").run(&["web"], &[]);
    assert_eq!((told.code, told.stderr.as_str()), (82, text));
}

#[test]
fn b81_the_environment_of_the_process_is_what_the_last_program_left() {
    let world = World::new(&metadata(DIRECT))
        .with("layers/old/l/env.launch/A.append", "layer")
        .with_program("old/l/exec.d/1", "printf 'A = \"%s\"\nB = \"\\\\u00e9 \\\\\" $\"' \"$A-1\" >&3")
        .with_program("old/l/exec.d/2", "printf 'A = \"%s-2\"' \"$A\" >&3");
    assert_eq!(check(&world, "A B"), "/app\n[] A=layer-1-2 B=\u{e9} \" $\n");
    // The process is looked up where they say.
    let world = World::new(&metadata(DIRECT)).with("app/elsewhere/say", "#!/bin/sh\necho elsewhere\n");
    let script = "printf 'PATH = \"%s\"' \"$(pwd)/elsewhere:$PATH\" >&3";
    assert_eq!(check(&world.with_program("old/l/exec.d/p", script), ""), "elsewhere\n");
}

/// It waited for whoever had the descriptor.
#[test]
fn b80_what_a_program_leaves_behind_is_not_waited_for() {
    let script = "sleep 1000 & printf 'LEFT = \"%s\"' $! >&3";
    let process = "command = [\"sh\", \"-c\", \"kill $LEFT && echo ended it\"]\ndirect = true";
    let world = World::new(&metadata(process)).with_program("old/l/exec.d/p", script);
    // Standard output is passed on, and so open until that has ended.
    assert_eq!(check(&world, ""), "ended it\n");
}

#[test]
fn b80_programs_start_with_the_default_for_every_signal() {
    let world = World::new(&metadata(DIRECT)).with_program("old/l/exec.d/p", "exec grep Sig /proc/self/status");
    let said = check(&world, "");
    for name in ["SigBlk:", "SigIgn:"] {
        let signals = said.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
        // From 32 on come those that C libraries keep for themselves.
        assert_eq!(u64::from_str_radix(signals, 16).unwrap() & 0x7fff_ffff, 0, "{said}");
    }
}

/// Whoever starts the launcher may have opened something under the number for the process.
#[test]
fn b80_what_is_open_reaches_the_process_unchanged() {
    let world = World::new(&metadata(DIRECT))
        .with("app/socket", "what was open\n")
        .with_program("old/l/exec.d/p", "echo 'A = \"x\"' >&3; [ -p /proc/self/fd/3 ] && echo a pipe");
    let launcher = world.call(&["launcher"], &[]);
    let mut shell = Command::new("sh");
    let file = world.path("app/socket");
    shell.args(["-c", "exec 3<\"$0\"; exec \"$@\""]).arg(file).arg(launcher.get_program()).arg("--");
    shell.args(["sh", "-c", "cat <&3"]).env_clear();
    shell.envs(launcher.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let told = world.run_with_input(shell, "");
    assert_eq!((told.code, told.stdout.as_str()), (0, "a pipe\nwhat was open\n"), "{told:?}");
}

#[test]
fn b82_standard_input_is_the_processes() {
    let world = World::new(&metadata(DIRECT)).with_program("old/l/exec.d/p", "cat");
    let command = world.call(&["launcher", "--", "cat"], &[]);
    assert_eq!(world.run_with_input(command, "for the process").stdout, "for the process");
}

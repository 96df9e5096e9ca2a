//! The launcher as the first process of a container: what is started ends when it is told to.

use crate::run_image::TinyRunImage;
use crate::wattle;
use std::process::Command;
use wattle_test_support::{Bundle, Files, Output, Process, run};

/// The launcher of an image.
struct Launcher(Bundle);

impl Launcher {
    fn new() -> Launcher {
        let (application, output, run_image) =
            (Files::of([("Procfile", "web: serve")]), Files::new(), TinyRunImage::new());
        let layout = output.join("image");
        let call = wattle().args(["build", "--run-image", &run_image.name(), "--output"]);
        call.arg(format!("oci:{}", layout.display())).arg(application.path()).run().succeeds();
        Launcher(Bundle::unpack(&layout, "latest"))
    }

    /// The launcher, started by the program and arguments `before` it, with a command for it to start.
    fn command(&self, before: &[&str], command: &[&str]) -> Command {
        let root = self.0.root();
        let launcher = root.join("cnb/lifecycle/launcher");
        let launcher = [launcher.to_str().unwrap(), "--"];
        let mut words = before.iter().chain(&launcher).chain(command);
        let mut started = Command::new(words.next().unwrap());
        started.args(words).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("CNB_PLATFORM_API", "0.14");
        started.env("CNB_LAYERS_DIR", root.join("layers")).env("CNB_APP_DIR", root.join("workspace"));
        started
    }

    /// What becomes of a script that the launcher starts as the first process of a PID namespace.
    fn run(&self, script: &str) -> Output {
        Process::start(self.command(&FIRST, &["sh", "-c", script])).finish()
    }
}

const FIRST: [&str; 5] = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
/// Only a signal ends it.
const FOREVER: &str = "while :; do :; done";

/// A server with next to nothing in it, and what it does about signals.
fn server(about_signals: &str) -> Files {
    let server = "require('http').createServer((_, answer) => answer.end('here')).listen(process.env.PORT);";
    Files::of([("package.json", "{}"), ("server.js", &format!("{server}\n{about_signals}"))])
}

/// The exit code of an application that is told to end as `docker stop` does.
fn stopped(application: &Files) -> i32 {
    let output = Files::new();
    let layout = output.join("image");
    let call = wattle().args(["build", "--output", &format!("oci:{}", layout.display())]);
    call.arg(application.path()).run().succeeds();
    Bundle::unpack(&layout, "latest").start().end_by("TERM")
}

/// It went on until it was killed: the kernel keeps `SIGTERM` from a first process that has no handler for it.
#[test]
fn a_server_without_handlers_ends() {
    assert_eq!(stopped(&server("")), 143);
}

#[test]
fn a_server_with_handlers_ends_as_it_likes() {
    assert_eq!(stopped(&server("process.on('SIGTERM', () => process.exit(7));")), 7);
    assert_eq!(stopped(&Files::copy_of("samples/node-express")), 0);
}

#[test]
fn l16_the_exit_code_is_that_of_the_process() {
    let launcher = Launcher::new();
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -KILL $$", 137)] {
        assert_eq!(launcher.run(script).code, code, "{script}");
    }
    let failed = launcher.run("exec /etc/passwd");
    assert_eq!(failed.code, 126, "{}", failed.stderr);
}

#[test]
fn signals_are_passed_on() {
    let launcher = Launcher::new();
    let check = |script: &str| launcher.run(&format!("{script}; {FOREVER}")).code;
    assert_eq!(check("kill -TERM 1"), 143);
    assert_eq!(check("kill -HUP 1"), 129);
    assert_eq!(check("trap 'exit 3' USR1; kill -USR1 1"), 3);
    assert_eq!(check("trap 'exit 4' WINCH; kill -WINCH 1"), 4);
    // Who has workers tells them by itself.
    let worker = format!("sh -c 'trap \"exit 9\" TERM; {FOREVER}' & worker=$!");
    let master = "trap 'kill -KILL $worker; wait $worker; exit $(($? - 132))' TERM; kill -TERM 1";
    assert_eq!(check(&format!("{worker}; {master}")), 5);
}

#[test]
fn who_is_stopped_can_go_on_and_end() {
    let launcher = Launcher::new();
    // In a group of its own, so that it does not stop with the process, whose state is the third word of its `stat`.
    let from_outside = |then: &str| {
        format!("setsid sh -c 'kill -TSTP 1; until grep -q \") T \" /proc/'$$'/stat; do :; done; kill -{then} 1' &")
    };
    let check = |prepare: &str, then: &str| launcher.run(&format!("{prepare}\n{}\n{FOREVER}", from_outside(then))).code;
    assert_eq!(check("trap 'exit 6' CONT", "CONT"), 6);
    assert_eq!(check("", "TERM"), 143);
}

#[test]
fn orphans_are_collected() {
    let orphan = "orphan=$(sh -c 'sh -c : >&2 & echo $!')";
    let wait = "left=100000; while [ -e /proc/$orphan ] && [ $left -gt 0 ]; do left=$((left - 1)); done";
    let collected = Launcher::new().run(&format!("{orphan}; {wait}; [ $left -gt 0 ]"));
    assert_eq!(collected.code, 0, "{}", collected.stderr);
}

#[test]
fn nothing_of_what_the_launcher_listens_to_is_inherited() {
    let started = Launcher::new().run("exec cat /proc/self/status").succeeds().stdout;
    for name in ["SigBlk:", "SigIgn:", "SigCgt:"] {
        let signals = started.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
        // From 32 on come those that C libraries keep for themselves, and leave as they like.
        assert_eq!(u64::from_str_radix(signals, 16).unwrap() & 0x7fff_ffff, 0, "{started}");
    }
}

/// What becomes of a script, started as the first process, after a program of `exec.d`.
fn after(program: &str, script: &str) -> Output {
    let launcher = Launcher::new();
    let path = launcher.0.root().join("layers/wattle_procfile/more/exec.d/program");
    let write = "mkdir -p \"${0%/*}\"; printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\"; chmod 755 \"$0\"";
    run("sh", ["-c", write, path.to_str().unwrap(), program]);
    launcher.run(script)
}

#[test]
fn b80_programs_before_the_process_have_the_default_for_every_signal() {
    let said = after("exec cat /proc/self/status", "exit 5").fails(5).stdout;
    for name in ["SigBlk:", "SigIgn:", "SigCgt:"] {
        let signals = said.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
        assert_eq!(u64::from_str_radix(signals, 16).unwrap() & 0x7fff_ffff, 0, "{said}");
    }
}

#[test]
fn b80_what_programs_leave_behind_is_collected() {
    // One that ends while the program runs, one that ends later, and the program itself.
    let program = "sleep 0.1 & printf 'LEFT = \"%s %s %s\"' $! $$ $(sh -c 'sh -c : >&2 & echo $!') >&3";
    let gone = "for id in $LEFT; do while [ -e /proc/$id ]; do :; done; done; exit 6";
    let _ = after(program, gone).fails(6);
}

#[test]
fn b80_a_signal_to_end_ends_a_program_before_the_process_too() {
    let said = after("kill -TERM 1; exec sleep 1000", "echo started").fails(82);
    let path = "layers/wattle_procfile/more/exec.d/program` failed: signal 15 ended it\n";
    assert!(said.stdout.is_empty() && said.stderr.ends_with(path), "{}{}", said.stdout, said.stderr);
    // If it does not mind, the process is told.
    assert_eq!(after("trap : TERM; kill -TERM 1; sleep 0.1", FOREVER).code, 143);
    // Any other is for the process alone.
    assert_eq!(after("kill -USR1 1; sleep 0.1", FOREVER).code, 138);
}

#[test]
fn a_program_that_cannot_be_started_is_no_process() {
    let launcher = Launcher::new();
    for before in [&FIRST[..], &["env"], &[&FIRST[..], &["env", "WATTLE_LAUNCHER=exec"]].concat()] {
        let output = Process::start(launcher.command(before, &["/etc/passwd"])).finish().fails(82);
        assert_eq!(output.stderr, "error: could not start `/etc/passwd`: Permission denied (os error 13)\n");
    }
}

#[test]
fn the_launcher_stays_only_as_the_first_process() {
    let launcher = Launcher::new();
    let stayed = launcher.run("echo $$; env").succeeds().stdout;
    assert!(!stayed.starts_with("1\n") && !stayed.contains("\nCNB_"), "{stayed}");
    let process = Process::start(launcher.command(&["env"], &["sh", "-c", "echo $$"]));
    let id = process.id();
    assert_eq!(process.finish().succeeds().stdout, format!("{id}\n"));
    let asked = [&FIRST[..], &["env", "WATTLE_LAUNCHER=exec"]].concat();
    let became = Process::start(launcher.command(&asked, &["sh", "-c", "echo $$; env"])).finish().succeeds().stdout;
    assert!(became.starts_with("1\n") && !became.contains("\nWATTLE_LAUNCHER"), "{became}");
}

/// Ctrl-Z would stop the process with nobody there to continue it.
#[test]
fn the_process_has_the_terminal() {
    // It may start before it is given the terminal.
    let in_front = "until read -r _ _ _ _ group _ _ front _ < /proc/self/stat; [ $group = $front ]; do :; done";
    let before = [&FIRST[..], &["setsid", "--ctty"]].concat();
    let launcher = Launcher::new();
    let started = launcher.command(&before, &["sh", "-c", &format!("{in_front}; kill -TSTP $$; exit 6")]);
    let words = std::iter::once(started.get_program()).chain(started.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let mut terminal = Command::new("script");
    terminal.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]);
    terminal.envs(started.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let _ = Process::start(terminal).finish().fails(6);
}

//! Which process starts, how its words reach it, and what bash makes of them.

use super::*;
use std::path::Path;

/// The process `web`, the Platform API, how the launcher is called, and what is said.
type Row = (&'static str, &'static str, &'static [&'static str], &'static str);

const OLD_SCRIPT: &str = r#"command = "say $HOME; say b"
buildpack-id = "old""#;
const OLD_WORDS: &str = r#"command = "say"
args = ["$HOME", "-n", "x  y"]
buildpack-id = "old""#;
const OLD_DIRECT: &str = r#"command = "say"
args = ["$HOME", "-n"]
direct = true
buildpack-id = "old""#;
const NEW: &str = r#"command = ["say", "$HOME"]
args = ["-n", "x  y"]
direct = true
buildpack-id = "new/er""#;
const NEW_BARE: &str = r#"command = ["say"]
args = ["a"]
direct = true
working-dir = "sub"
buildpack-id = "new/er""#;
const LIST_IN_SHELL: &str = r#"command = ["say", "$HOME"]
args = ["a"]
working-dir = "$WHERE"
buildpack-id = "new/er""#;

const ROWS: [Row; 29] = [
    (OLD_SCRIPT, "0.7", &["web"], "/app\n[/h]\n/app\n[b]\n"),
    (OLD_SCRIPT, "0.14", &["web"], "/app\n[/h]\n/app\n[b]\n"),
    // Words are evaluated, and what `echo` has options for is gone.
    (OLD_WORDS, "0.9", &["web"], "/app\n[/h][][x y]\n"),
    (OLD_WORDS, "0.14", &["/cnb/process/web"], "/app\n[/h][][x y]\n"),
    (OLD_WORDS, "0.9", &["web", "u  v"], "/app\n[/h][][x y][u v]\n"),
    (OLD_WORDS, "0.14", &["web", "$HOME", "-e"], "/app\n[/h][][x y][/h][]\n"),
    (OLD_DIRECT, "0.7", &["web"], "/app\n[$HOME][-n]\n"),
    (OLD_DIRECT, "0.9", &["web", "$HOME"], "/app\n[$HOME][-n][$HOME]\n"),
    (OLD_DIRECT, "0.14", &["web", "$HOME"], "/app\n[$HOME][-n][$HOME]\n"),
    (NEW, "0.9", &["web"], "/app\n[$HOME][-n][x  y]\n"),
    (NEW, "0.9", &["web", "-e"], "/app\n[$HOME][-n][x  y][-e]\n"),
    (NEW, "0.10", &["web"], "/app\n[$HOME][-n][x  y]\n"),
    (NEW, "0.10", &["web", "-e"], "/app\n[$HOME][-e]\n"),
    (NEW, "0.15", &["web", "--", "$HOME"], "/app\n[$HOME][--][$HOME]\n"),
    (NEW_BARE, "0.9", &["web", "u"], "/app/sub\n[a][u]\n"),
    (NEW_BARE, "0.14", &["web"], "/app/sub\n[a]\n"),
    (NEW_BARE, "0.14", &["web", "u"], "/app/sub\n[u]\n"),
    // Before Platform API 0.10, the words of a list are one, which no program is called.
    (LIST_IN_SHELL, "0.9", &["web"], ""),
    (LIST_IN_SHELL, "0.14", &["web"], "/app/sub\n[/h][a]\n"),
    (LIST_IN_SHELL, "0.14", &["web", "u", "v"], "/app/sub\n[/h][u][v]\n"),
    (NEW, "0.14", &["launcher", "say $HOME; say b"], "/app\n[/h]\n/app\n[b]\n"),
    (NEW, "0.14", &["launcher", "say", "$HOME", "-n", "x  y"], "/app\n[/h][][x y]\n"),
    (NEW, "0.7", &["launcher", "say", "$HOME"], "/app\n[/h]\n"),
    (NEW, "0.14", &["launcher", "--", "say", "$HOME", "-n"], "/app\n[$HOME][-n]\n"),
    (NEW, "0.14", &["/cnb/process/none", "--", "say", "x"], "/app\n[x]\n"),
    (NEW, "0.14", &["launcher", "--", "bin/say"], "/app\n[]\n"),
    (NEW, "0.14", &["launcher", "--", "./bin/say"], "/app\n[]\n"),
    (NEW, "0.14", &["launcher", "cd sub && say x"], "/app/sub\n[x]\n"),
    (NEW, "0.14", &["launcher", "web"], ""),
];

#[track_caller]
fn check(launcher: &Path) {
    for (process, api, call, expected) in ROWS {
        let environment = [("CNB_PLATFORM_API", api), ("HOME", "/h"), ("WHERE", "sub")];
        let told = World::of(launcher, &metadata(process)).run(call, &environment);
        assert_eq!(told.stdout, expected, "{call:?} of {api}:\n{process}\n{told:?}");
        assert_eq!(told.code == 0, !expected.is_empty(), "{told:?}");
    }
}

#[test]
fn l4_l6_l13_l15_w16_b86_words_reach_the_process() {
    check(Path::new(env!("CARGO_BIN_EXE_wattle-launcher")));
}

#[test]
fn l4_l6_l13_l15_w16_b86_words_reach_the_process_of_the_reference_so_too() {
    let Some(launcher) = reference::launcher() else { return };
    check(&launcher);
}

/// Every profile says its place, and leaves it in `SEEN`.
fn with_profiles(launcher: &Path, process: &str) -> World {
    let mut world = World::of(launcher, &metadata(process));
    for layer in ["new_er/l", "old/m", "old/l"] {
        for directory in ["profile.d", "profile.d/web", "profile.d/worker"] {
            for name in ["b.sh", "a.sh"] {
                let path = format!("layers/{layer}/{directory}/{name}");
                world = world.with(&path, &format!("export SEEN=\"$SEEN {layer}/{directory}/{name}\"\n"));
            }
        }
    }
    world.with("app/.profile", "export SEEN=\"$SEEN .profile\" WHERE=sub\necho $0 $@\n")
}

#[track_caller]
fn check_profiles(launcher: &Path) {
    let layer = |layer: &str, process: bool| {
        let places = ["profile.d/a.sh", "profile.d/b.sh", "profile.d/web/a.sh", "profile.d/web/b.sh"];
        let places = &places[..if process { 4 } else { 2 }];
        places.iter().map(|place| format!(" {layer}/{place}")).collect::<Vec<_>>().concat()
    };
    let seen = |process: bool| ["old/l", "old/m", "new_er/l"].map(|name| layer(name, process)).concat() + " .profile";
    // A variable that profiles set is known to the working directory and to the words of the command.
    let process = "command = \"say\"\nargs = [\"$WHERE\"]\nworking-dir = \"$WHERE\"\nbuildpack-id = \"old\"";
    let world = with_profiles(launcher, process);
    let variables = [("VARIABLES", "SEEN")];
    let told = world.run(&["/cnb/process/web"], &variables);
    assert_eq!(told.stdout, format!("/cnb/process/web say $WHERE\n/app/sub\n[sub] SEEN={}\n", seen(true)));
    let told = world.run(&["launcher", "say", "u"], &variables);
    assert_eq!(told.stdout, format!("launcher say u\n/app\n[u] SEEN={}\n", seen(false)));
    let told = world.run(&["launcher", "--", "say", "u"], &variables);
    assert_eq!(told.stdout, "/app\n[u] SEEN=\n");
    let told = with_profiles(launcher, &format!("{process}\ndirect = true").replace("\"$WHERE\"\nb", "\"sub\"\nb"))
        .run(&["web"], &variables);
    assert_eq!(told.stdout, "/app/sub\n[$WHERE] SEEN=\n");
}

#[test]
fn l14_l17_profiles_are_read_by_shells_alone() {
    check_profiles(Path::new(env!("CARGO_BIN_EXE_wattle-launcher")));
}

#[test]
fn l14_l17_profiles_are_read_by_the_references_shells_so_too() {
    let Some(launcher) = reference::launcher() else { return };
    check_profiles(&launcher);
}

//! What layers make of the environment, for later buildpacks and for processes.

use super::*;

/// What the layers of `a/one` and `two` make of these variables.
fn made(phase: Phase<'_>, start: &[(&str, &str)], files: &[(String, String)]) -> Environment {
    let memory = Memory(files.iter().map(|(path, text)| (format!("/layers/{path}"), text.clone())).collect());
    let start: Environment = start.iter().map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec())).collect();
    start.with_layers(b"/layers", ["a/one", "none", "two"].into_iter(), phase, &memory).unwrap()
}

/// The environment of the process `web`, of a container with these variables and these files below `/layers`.
fn environment(container: &[(&str, &str)], files: &[(&str, &str)]) -> String {
    text(&run(METADATA, &["/cnb/process/web"], container, files).unwrap().environment)
}

const PHASES: [Phase<'_>; 3] = [Phase::Build, Phase::Launch(Some("web")), Phase::Launch(None)];

/// Two buildpacks with two layers each, of which every directory has a file of every suffix. What a file says is where it is:
/// buildpack `1` or `2`, layer `l` or `m`, and `e`nv, env.`b`uild, env.launch at `s`tart, and there `w`eb or wor`k`er.
/// `env.launch` has no delimiters.
fn every_file() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (buildpack, number) in [("a_one", 1), ("two", 2)] {
        for layer in ["m", "l"] {
            for (directory, place) in [
                ("env", "e"),
                ("env.build", "b"),
                ("env.launch", "s"),
                ("env.launch/web", "w"),
                ("env.launch/worker", "k"),
            ] {
                let path = format!("{buildpack}/{layer}/{directory}");
                let text = format!("{number}{layer}{place}");
                for name in ["SET", "OVER.override", "APP.append", "PRE.prepend", "DEF.default", "NONE.other"] {
                    files.push((format!("{path}/{name}"), text.clone()));
                }
                for name in ["APP.delim", "PRE.delim"].into_iter().filter(|_| directory != "env.launch") {
                    files.push((format!("{path}/{name}"), ",".to_owned()));
                }
            }
        }
    }
    files
}

#[test]
fn b70_b71_b73_b74_b76_b77_l11_every_suffix_of_two_layers_of_two_buildpacks() {
    // A variable, its value before, and what it is for later buildpacks, for `web`, and for a command of the user's.
    for (name, before, expected) in [
        ("SET", None, ["2mb", "2mw", "2ms"]),
        ("SET", Some("0"), ["2mb", "2mw", "2ms"]),
        ("OVER", None, ["2mb", "2mw", "2ms"]),
        ("OVER", Some("0"), ["2mb", "2mw", "2ms"]),
        ("DEF", None, ["1le", "1le", "1le"]),
        ("DEF", Some(""), ["1le", "1le", "1le"]),
        ("DEF", Some("0"), ["0", "0", "0"]),
        (
            "APP",
            None,
            [
                "1le,1lb,1me,1mb,2le,2lb,2me,2mb",
                "1le1ls,1lw,1me1ms,1mw,2le2ls,2lw,2me2ms,2mw",
                "1le1ls,1me1ms,2le2ls,2me2ms",
            ],
        ),
        (
            "APP",
            Some("0"),
            [
                "0,1le,1lb,1me,1mb,2le,2lb,2me,2mb",
                "0,1le1ls,1lw,1me1ms,1mw,2le2ls,2lw,2me2ms,2mw",
                "0,1le1ls,1me1ms,2le2ls,2me2ms",
            ],
        ),
        (
            "PRE",
            Some(""),
            [
                "2mb,2me,2lb,2le,1mb,1me,1lb,1le",
                "2mw,2ms2me,2lw,2ls2le,1mw,1ms1me,1lw,1ls1le",
                "2ms2me,2ls2le,1ms1me,1ls1le",
            ],
        ),
        (
            "PRE",
            Some("0"),
            [
                "2mb,2me,2lb,2le,1mb,1me,1lb,1le,0",
                "2mw,2ms2me,2lw,2ls2le,1mw,1ms1me,1lw,1ls1le,0",
                "2ms2me,2ls2le,1ms1me,1ls1le,0",
            ],
        ),
    ] {
        let start: Vec<_> = before.map(|before| (name, before)).into_iter().collect();
        for (phase, expected) in PHASES.into_iter().zip(expected) {
            let made = made(phase, &start, &every_file());
            assert_eq!(lossy(made.get(name).unwrap()), expected, "{name} of {before:?} in {phase:?}");
            assert_eq!(made.get("NONE"), None);
        }
    }
}

#[test]
fn b71_b72_b73_every_suffix_does_what_it_says() {
    let check = |name: &str, text: &str, delimiter: &str| {
        let files = [(format!("two/l/env/{name}"), text), ("two/l/env/V.delim".to_owned(), delimiter)];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        [&[("V", "old")][..], &[("V", "")], &[]].map(|start| environment(start, &files))
    };
    // A file, and what becomes of a variable that is there, empty, or not there.
    for (name, text, delimiter, expected) in [
        ("V", "new", ";", ["V=new", "V=new", "V=new"]),
        ("V", "", ";", ["V=", "V=", "V="]),
        ("V.override", "new", ";", ["V=new", "V=new", "V=new"]),
        ("V.append", "new", ";", ["V=old;new", "V=new", "V=new"]),
        ("V.append", "new", "", ["V=oldnew", "V=new", "V=new"]),
        ("V.append", "", ";", ["V=old;", "V=", "V="]),
        ("V.prepend", "new", ";", ["V=new;old", "V=new", "V=new"]),
        ("V.prepend", "", ";", ["V=;old", "V=", "V="]),
        ("V.default", "new", ";", ["V=old", "V=new", "V=new"]),
        // To the last byte, line ends, blanks and all.
        ("V", " new\n", ";", ["V= new\n", "V= new\n", "V= new\n"]),
        ("V.override", "$HOME\r\n", ";", ["V=$HOME\r\n", "V=$HOME\r\n", "V=$HOME\r\n"]),
        ("V.append", "new\n", " \n", ["V=old \nnew\n", "V=new\n", "V=new\n"]),
        ("V.default", "new\n", ";", ["V=old", "V=new\n", "V=new\n"]),
        // Not for us.
        ("V.other", "new", ";", ["V=old", "V=", ""]),
        ("V.append.bak", "new", ";", ["V=old", "V=", ""]),
        ("V.Append", "new", ";", ["V=old", "V=", ""]),
        ("V.", "new", ";", ["V=old", "V=", ""]),
        (".append", "new", ";", ["V=old", "V=", ""]),
        ("V.append/", "", ";", ["V=old", "V=", ""]),
        ("V/file", "new", ";", ["V=old", "V=", ""]),
    ] {
        assert_eq!(check(name, text, delimiter), expected, "{name}: {text:?} {delimiter:?}");
    }
}

#[test]
fn b75_files_of_one_directory_apply_by_name() {
    let files =
        [("two/l/env/W", "1"), ("two/l/env/W.append", "2"), ("two/l/env/W.prepend", "3"), ("two/l/env/W.default", "4")];
    for (kept, expected) in [
        (&files[..], "W=312"),
        // What is appended to nothing is there for the default.
        (&files[1..], "W=32"),
        (&files[2..], "W=34"),
    ] {
        assert_eq!(environment(&[("W", "")], kept), expected);
    }
    // `W.override` comes after `W.append`, and before `W.prepend`.
    let override_too = [&files[1..], &[("two/l/env/W.override", "5")]].concat();
    assert_eq!(environment(&[("W", "0")], &override_too), "W=35");
}

#[test]
fn b73_b74_what_is_closer_to_the_process_comes_later() {
    let files = [
        ("a_one/l/env/V.append", "1"),
        ("a_one/l/env/V.delim", ":"),
        ("a_one/l/env.launch/V.append", "2"),
        ("a_one/l/env.launch/web/V.prepend", "3"),
        ("a_one/l/env.launch/worker/V.override", "not for us"),
        ("a_one/l/env.build/V.override", "not for us"),
        ("a_one/m/env/V.append", "4"),
        ("two/l/env/V.append", "5"),
    ];
    // The delimiter is that of its own directory only.
    assert_eq!(environment(&[("V", "0")], &files), "V=30:1245");
}

#[test]
fn b76_directories_of_all_layers_come_first_at_launch_and_layer_by_layer_at_build() {
    let files = [
        ("two/l/bin/", ""),
        ("two/l/env/PATH.prepend", "/first"),
        ("two/l/env/PATH.delim", ":"),
        ("two/m/bin/", ""),
        ("a_one/x/env/PATH.append", "/last"),
    ];
    let files: Vec<(String, String)> = files.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect();
    let at_launch = "PATH=/first:/layers/two/m/bin:/layers/two/l/bin:/bin/last";
    let at_build = "PATH=/layers/two/m/bin:/first:/layers/two/l/bin:/bin/last";
    for (phase, expected) in PHASES.into_iter().zip([at_build, at_launch, at_launch]) {
        assert_eq!(text(&made(phase, &[("PATH", "/bin")], &files)), expected, "{phase:?}");
    }
}

#[test]
fn w12_layers_are_taken_by_name_and_buildpacks_without_any_are_passed_over() {
    let files = [("two/b/env/V.append", "2"), ("two/a/env/V.append", "1"), ("two/c/env/V.append", "3")];
    let files: Vec<(String, String)> = files.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect();
    for phase in PHASES {
        assert_eq!(text(&made(phase, &[], &files)), "V=123", "{phase:?}");
    }
}

#[test]
fn b78_b79_directories_of_layers_lead_variables() {
    let all: Vec<(String, String)> = ["bin", "lib", "include", "pkgconfig", "sbin", "lib64"]
        .into_iter()
        .flat_map(|directory| {
            [format!("a_one/z/{directory}/"), format!("a_one/m/{directory}/file"), format!("two/a/{directory}/")]
        })
        .map(|path| (path, String::new()))
        .collect();
    // Of each: later buildpacks first, and of one buildpack the last layer.
    let paths =
        |directory: &str| ["two/a", "a_one/z", "a_one/m"].map(|layer| format!("/layers/{layer}/{directory}")).join(":");
    let at_launch = [("bin", "PATH"), ("lib", "LD_LIBRARY_PATH")];
    let at_build = [("include", "CPATH"), ("lib", "LIBRARY_PATH"), ("pkgconfig", "PKG_CONFIG_PATH")];
    for phase in PHASES {
        let is_build = phase == Phase::Build;
        let variables: Vec<_> = at_launch.into_iter().chain(at_build.into_iter().filter(|_| is_build)).collect();
        for (start, end) in [(None, ""), (Some(""), ""), (Some("/was"), ":/was")] {
            let start: Vec<(&str, &str)> =
                start.iter().flat_map(|value| variables.iter().map(|(_, variable)| (*variable, *value))).collect();
            let mut expected: Vec<String> =
                variables.iter().map(|(directory, variable)| format!("{variable}={}{end}", paths(directory))).collect();
            expected.sort();
            assert_eq!(text(&made(phase, &start, &all)), expected.join(" "), "{phase:?} {start:?}");
        }
    }
}

#[test]
fn l11_b79_only_real_directories_are_layers() {
    let files = [
        ("two/a/bin", "a file"),
        ("two/a/lib", "->"),
        ("two/link", "->"),
        ("two/file", ""),
        ("two/launch.toml", ""),
        ("three/x/bin/", ""),
        ("a_one/x/y/bin/", ""),
        ("a/one/x/bin/", ""),
    ];
    // A link counts inside of a layer.
    assert_eq!(environment(&[("PATH", "/bin")], &files), "LD_LIBRARY_PATH=/layers/two/a/lib PATH=/bin");
}

#[test]
fn l10_the_platforms_own_variables_do_not_reach_the_process() {
    let container = [
        ("PATH", "/cnb/process:/cnb/lifecycle:/usr/bin:/cnb/process:/bin"),
        ("CNB_LAYERS_DIR", "/layers"),
        ("CNB_APP_DIR", "/app"),
        ("CNB_DEPRECATION_MODE", "quiet"),
        ("CNB_PROCESS_TYPE", "x"),
        ("WATTLE_LAUNCHER", "exec"),
        ("CNB_EXEC_ENV", "test"),
        ("CNB_STACK_ID", "kept"),
        ("HOME", "/h"),
    ];
    let expected = "CNB_EXEC_ENV=test CNB_STACK_ID=kept HOME=/h PATH=/usr/bin:/bin";
    assert_eq!(environment(&container, &[]), expected);
    let of_user = run(METADATA, &["launcher", "--", "env"], &container, &[]).unwrap();
    assert_eq!(text(&of_user.environment), expected);
    assert_eq!(environment(&[], &[]), "");
    for (path, expected) in [
        ("/cnb/process", ""),
        ("/cnb/processes:/cnb/lifecycle/:/cnb", "/cnb/processes:/cnb/lifecycle/:/cnb"),
        ("/a::/cnb/lifecycle:/b=c", "/a::/b=c"),
    ] {
        assert_eq!(environment(&[("PATH", path)], &[]), format!("PATH={expected}"));
    }
    // A layer may bring them back.
    assert_eq!(environment(&[], &[("two/l/env/CNB_APP_DIR", "x")]), "CNB_APP_DIR=x");
}

#[test]
fn l11_a_command_of_the_users_gets_nothing_that_is_for_a_process() {
    let files = [("two/l/env.launch/web/V", "web"), ("two/l/env.launch/W", "all")];
    let launch = run(METADATA, &["launcher", "env"], &[], &files).unwrap();
    assert_eq!((launch.environment.get("V"), launch.environment.get("W")), (None, Some(&b"all"[..])));
}

#[test]
fn l16_a_file_that_cannot_be_read_is_named() {
    struct Broken;
    impl Files for Broken {
        fn list(&self, _: &[u8]) -> io::Result<Vec<Entry>> {
            Err(io::ErrorKind::PermissionDenied.into())
        }
        fn read(&self, _: &[u8]) -> io::Result<Vec<u8>> {
            Ok(METADATA.as_bytes().to_vec())
        }
    }
    let environment = [(b"CNB_PLATFORM_API".to_vec(), b"0.14".to_vec())].into_iter().collect();
    let error = launch(&[b"web".to_vec()], environment, &Broken).unwrap_err();
    assert_eq!(error, Error::Launch("could not read `/layers/a_one`: permission denied".to_owned()));
}

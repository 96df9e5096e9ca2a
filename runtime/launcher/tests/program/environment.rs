//! What layers make of the environment of a process.

use super::*;
use std::path::Path;

/// Two buildpacks with two layers each, of which every directory has a file of every suffix. What a file says is where it is:
/// buildpack `1` or `2`, layer `l` or `m`, and `e`nv, env.`b`uild, env.launch at `s`tart, and there `w`eb or wor`k`er.
/// `env.launch` has no delimiters.
fn with_layers(launcher: &Path) -> World {
    let mut world = World::of(launcher, &metadata(DIRECT));
    for (buildpack, number) in [("old", 1), ("new_er", 2)] {
        for layer in ["m", "l"] {
            let root = format!("layers/{buildpack}/{layer}");
            for (directory, place) in [
                ("env", "e"),
                ("env.build", "b"),
                ("env.launch", "s"),
                ("env.launch/web", "w"),
                ("env.launch/worker", "k"),
            ] {
                for name in ["SET", "OVER.override", "APP.append", "PRE.prepend", "DEF.default", "NONE.other"] {
                    world = world.with(&format!("{root}/{directory}/{name}"), &format!("{number}{layer}{place}"));
                }
                for name in ["APP.delim", "PRE.delim"].into_iter().filter(|_| directory != "env.launch") {
                    world = world.with(&format!("{root}/{directory}/{name}"), ",");
                }
            }
            for directory in ["bin", "lib", "include", "pkgconfig"] {
                world = world.with(&format!("{root}/{directory}/file"), "");
            }
        }
    }
    world
}

#[track_caller]
fn check(launcher: &Path) {
    let world = with_layers(launcher);
    let web = [
        "SET=2mw OVER=2mw NONE=",
        "DEF=1le APP=1le1ls,1lw,1me1ms,1mw,2le2ls,2lw,2me2ms,2mw PRE=2mw,2ms2me,2lw,2ls2le,1mw,1ms1me,1lw,1ls1le",
        "DEF=0 APP=0,1le1ls,1lw,1me1ms,1mw,2le2ls,2lw,2me2ms,2mw PRE=2mw,2ms2me,2lw,2ls2le,1mw,1ms1me,1lw,1ls1le,0",
    ];
    let user = [
        "SET=2ms OVER=2ms NONE=",
        "DEF=1le APP=1le1ls,1me1ms,2le2ls,2me2ms PRE=2ms2me,2ls2le,1ms1me,1ls1le",
        "DEF=0 APP=0,1le1ls,1me1ms,2le2ls,2me2ms PRE=2ms2me,2ls2le,1ms1me,1ls1le,0",
    ];
    for (call, [always, empty, set]) in
        [(&["web"][..], web), (&["launcher", "--", "say"], user), (&["launcher", "say"], user)]
    {
        let empty_too = [("DEF", ""), ("APP", ""), ("PRE", "")];
        let set_before = [("DEF", "0"), ("APP", "0"), ("PRE", "0"), ("SET", "0"), ("OVER", "0")];
        for (before, expected) in [(&[][..], empty), (&empty_too, empty), (&set_before, set)] {
            let told = world.run(call, &[&[("VARIABLES", "SET OVER NONE DEF APP PRE")], before].concat());
            assert_eq!(told.stdout, format!("/app\n[] {always} {expected}\n"), "{call:?} {before:?}: {told:?}");
        }
        let directories = |name: &str| {
            ["new_er/m", "new_er/l", "old/m", "old/l"].map(|layer| format!("/layers/{layer}/{name}")).join(":")
        };
        for (before, after) in [(&[][..], ""), (&[("LD_LIBRARY_PATH", "")], ""), (&[("LD_LIBRARY_PATH", "/x")], ":/x")]
        {
            let variables = ("VARIABLES", "PATH LD_LIBRARY_PATH LIBRARY_PATH CPATH PKG_CONFIG_PATH");
            let told = world.run(call, &[&[variables], before].concat());
            let path = format!("PATH={}:/app/bin:/usr/bin:/bin", directories("bin"));
            let libraries = format!("LD_LIBRARY_PATH={}{after}", directories("lib"));
            let expected = format!("/app\n[] {path} {libraries} LIBRARY_PATH= CPATH= PKG_CONFIG_PATH=\n");
            assert_eq!(told.stdout, expected, "{call:?} {before:?}");
        }
    }
}

#[test]
fn b70_b71_b73_b74_b76_b78_l11_every_suffix_of_two_layers_of_two_buildpacks() {
    check(Path::new(env!("CARGO_BIN_EXE_wattle-launcher")));
}

#[test]
fn b70_b71_b73_b74_b76_b78_l11_every_suffix_of_the_references_is_the_same() {
    let Some(launcher) = reference::launcher() else { return };
    check(&launcher);
}

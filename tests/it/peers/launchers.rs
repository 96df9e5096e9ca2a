//! Each launcher starts the processes of the other's images, with the same environment and arguments.

use super::{World, application};
use std::collections::BTreeSet;
use std::fs;
use wattle_test_support::Bundle;

/// What is started, each with a word about the arguments of its user.
const STARTED: [&[&str]; 8] = [
    &["/cnb/process/web"],
    &["/cnb/process/arguments"],
    &["/cnb/process/arguments", "/proc/self/environ", "/etc/os-release"],
    &["/cnb/process/replaceable"],
    &["/cnb/process/replaceable", "other", "", "with space"],
    &["/cnb/process/below"],
    &["/cnb/lifecycle/launcher", "--", "cat", "/proc/self/environ"],
    &["launcher", "--", "environ"],
];

/// What a process writes: variables and arguments, which end with a NUL, whatever their order.
fn written(bundle: &Bundle, args: &[&str]) -> BTreeSet<String> {
    let output = bundle.run(args.iter().copied()).succeeds();
    output.stdout.split('\0').map(str::to_owned).collect()
}

/// Starts everything with the launcher that an image has, and then with the other one in its place.
fn check(world: &World, image: &str, launcher: &[u8]) {
    let bundle = world.unpacked(image);
    let own: Vec<_> = STARTED.iter().map(|args| written(&bundle, args)).collect();
    let place = bundle.root().join("cnb/lifecycle/launcher");
    assert_ne!(fs::read(&place).unwrap(), launcher, "it is the same launcher");
    fs::write(&place, launcher).unwrap();
    for (args, expected) in STARTED.iter().zip(&own) {
        assert_eq!(&written(&bundle, args), expected, "{args:?}");
    }
    // That much is in it, so that it is not one nothing beside another.
    let (web, execd) = ("IN_web=ALL,LAUNCH,WEB", "IN_execd=ALL,LAUNCH,WEB");
    for variable in ["ALL_SET=set for ALL", "WEB_DEFAULT=default for WEB", "FIRST=WEB LAUNCH ALL", web, execd] {
        assert!(own[0].contains(variable), "{variable}: {:?}", own[0]);
    }
    assert!(own[1].contains("/proc/self/environ") && own[6].contains("SEEN=ALL,LAUNCH"), "{own:?}");
    assert_eq!(own[4], ["other  with space\n".to_owned()].into());
    assert_eq!(own[5], ["/workspace/tree\n".to_owned()].into());
}

#[test]
fn b74_b80_b81_l1_l4_l10_l11_l12_l13_l39_the_launcher_of_the_reference_starts_our_processes() {
    let Some(world) = World::new() else { return };
    world.wattle_builds(&application(), true, "run:1", "shop:1");
    check(&world, "shop:1", &fs::read(world.peers.program("launcher")).unwrap());
}

#[test]
fn b74_b80_b81_l1_l4_l10_l11_l12_l13_our_launcher_starts_the_processes_of_the_reference() {
    let Some(world) = World::new() else { return };
    let room = world.room("docker-run:1");
    world.creator_builds(&room, &application(), "docker-run:1", "reference:1");
    world.wattle_builds(&application(), true, "run:1", "shop:1");
    let ours = world.unpacked("shop:1");
    check(&world, "reference:1", &fs::read(ours.root().join("cnb/lifecycle/launcher")).unwrap());
}

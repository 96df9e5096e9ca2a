//! The hello buildpack in the sandbox.

use wattle_buildpack_test::{LayerState, Sandbox};

fn hello() -> Sandbox {
    Sandbox::of_package("hello-buildpack")
}

#[test]
fn takes_part_where_somebody_is_named() {
    insta::assert_snapshot!(hello().app([("hello.txt", "World")]).detect(), @"pass: provides hello, requires hello");
    insta::assert_snapshot!(hello().empty_app().detect(), @"skip: there is no `hello.txt`");
    insta::assert_snapshot!(hello().app([("hello.txt", "World")]).arch("s390x").detect(), @"skip: it does not build for linux/s390x");
}

#[test]
fn greets_once() {
    let first = hello().app([("hello.txt", "World\n")]).build().unwrap();
    insta::assert_snapshot!(first, @r#"
    layer greeting launch: created
      arch = amd64
      name = World
      greeting "Hello, World!\n"
    process web (default): cat /layers/wattle_hello/greeting/greeting
    "#);
    let second = first.rebuild().unwrap();
    assert_eq!(second.layer("greeting").state(), &LayerState::Kept);
    assert_eq!(second.layer("greeting").file("greeting"), "Hello, World!\n");
}

#[test]
fn greets_anew_when_the_name_changes() {
    let first = hello().app([("hello.txt", "World")]).build().unwrap();
    let moon = hello().app([("hello.txt", "Moon")]).after(&first);
    insta::assert_snapshot!(moon.build().unwrap(), @r#"
    layer greeting launch: stale, name World -> Moon
      arch = amd64
      name = Moon
      greeting "Hello, Moon!\n"
    process web (default): cat /layers/wattle_hello/greeting/greeting
    "#);
}

#[test]
fn what_is_no_text_is_an_error() {
    insta::assert_snapshot!(hello().app([("hello.txt", [0xff])]).build().unwrap_err(), @"buildpack/internal (buildpack): stream did not contain valid UTF-8");
}

#[test]
fn can_fetch_nothing() {
    assert!(!hello().imports().iter().any(|name| name.contains("artifacts")), "{:?}", hello().imports());
}

//! Programs that run before the process, and what comes of what they write.

use super::*;

const FILES: [(&str, &str); 13] = [
    ("two/a/exec.d/1", ""),
    ("a_one/z/exec.d/b", ""),
    ("a_one/z/exec.d/a.sh", ""),
    ("a_one/z/exec.d/B", ""),
    ("a_one/z/exec.d/web/c", ""),
    ("a_one/z/exec.d/web/deeper/no", ""),
    ("a_one/z/exec.d/worker/d", ""),
    ("a_one/m/exec.d/web/e", ""),
    ("a_one/link", "->"),
    ("three/l/exec.d/not-of-a-buildpack", ""),
    ("two/b/exec.d/", ""),
    ("two/a/exec.d.bak/f", ""),
    ("two/exec.d", ""),
];

#[test]
fn b80_b82_b83_l12_a6_programs_run_by_layer_and_name() {
    let before = |call: &[&str]| words(&run(METADATA, call, &[], &FILES).unwrap().before);
    assert_eq!(
        before(&["web"]),
        [
            "/layers/a_one/m/exec.d/web/e",
            "/layers/a_one/z/exec.d/B",
            "/layers/a_one/z/exec.d/a.sh",
            "/layers/a_one/z/exec.d/b",
            "/layers/a_one/z/exec.d/web/c",
            "/layers/two/a/exec.d/1",
        ]
    );
    let of_user = [
        "/layers/a_one/z/exec.d/B",
        "/layers/a_one/z/exec.d/a.sh",
        "/layers/a_one/z/exec.d/b",
        "/layers/two/a/exec.d/1",
    ];
    assert_eq!(before(&["launcher", "ls"]), of_user);
    assert_eq!(before(&["launcher", "--", "ls"]), of_user);
}

#[test]
fn b81_what_a_program_writes_is_set_before_the_next() {
    let start = || [("KEPT", "1"), ("REPLACED", "old")].map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec()));
    let check = |output: &[u8]| {
        let made = start().into_iter().collect::<Environment>().with_output(b"/layers/two/l/exec.d/p", output);
        made.map(|made| text(&made)).map_err(|error| format!("{}: {error}", error.code()))
    };
    for (output, expected) in [
        ("", "KEPT=1 REPLACED=old"),
        ("# nothing\n", "KEPT=1 REPLACED=old"),
        ("REPLACED = \"new\"", "KEPT=1 REPLACED=new"),
        ("REPLACED = \"\"", "KEPT=1 REPLACED="),
        ("NEW = \"a\\tb\\u00e9\"\nother-1 = 'lit\\eral'", "KEPT=1 NEW=a\tb\u{e9} REPLACED=old other-1=lit\\eral"),
        ("A = \"\"\"\nx\ny\"\"\"", "A=x\ny KEPT=1 REPLACED=old"),
    ] {
        assert_eq!(check(output.as_bytes()).as_deref(), Ok(expected), "{output}");
    }
    for (output, expected) in [
        ("A = 1", "`A` is not a string, but of type integer"),
        ("A = true", "`A` is not a string, but of type boolean"),
        ("A = ['x']", "`A` is not a string, but of type array"),
        ("A = 1.5", "`A` is not a string, but of type float"),
        ("A = 2020-01-01", "`A` is not a string, but of type datetime"),
        ("B = 'x'\n[A]\nC = 'x'", "`A` is not a string, but of type table"),
        ("A.B = 'x'", "`A` is not a string, but of type table"),
        ("'A=B' = 'x'", "`A=B` is no bare key"),
        ("'' = 'x'", "`` is no bare key"),
        ("\"a\\nb\" = 'x'", "`a\\nb` is no bare key"),
        ("A = \"\\u0000\"", "`A` has a zero byte, which no variable can have"),
    ] {
        let expected =
            format!("82: could not use what `/layers/two/l/exec.d/p` wrote to file descriptor 3: {expected}");
        assert_eq!(check(output.as_bytes()), Err(expected), "{output}");
    }
    for output in [&b"A"[..], b"A = 'x'\nA = 'y'", b"A = \xff", b"\xff"] {
        let found = check(output).unwrap_err();
        assert!(found.starts_with("82: could not use what `/layers/two/l/exec.d/p` wrote"), "{found}");
    }
}

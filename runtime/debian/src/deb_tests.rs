use super::*;
use crate::testing::{ar, compressed, control, deb, package, reasons, scratch, tape};

const FILES: [(&str, &str); 8] = [
    ("", ""),
    ("bin/", ""),
    ("*bin/tool", "#!"),
    ("lib/x86_64-linux-gnu/libfoo.so.1", "elf"),
    ("lib64 -> usr/lib64", ""),
    ("lib/libfoo.so -> x86_64-linux-gnu/libfoo.so.1", ""),
    ("usr/bin/other", "text"),
    ("etc/foo.conf", "a = b"),
];

/// A package of these members; its control file says what the index says.
fn check_members(members: &[(&str, &[u8])]) -> String {
    check(&ar(members))
}

fn check(deb: &[u8]) -> String {
    match unpack(&package("foo", deb), &deb.to_vec().into(), &scratch(), Limits::default()) {
        Ok(unpacked) => unpacked.tree.walk().map(|entry| crate::testing::line(&entry)).collect(),
        Err(error) => reasons(&error),
    }
}

fn control_tar() -> Vec<u8> {
    tape(&[("control", &control("foo"))])
}

#[test]
fn unpacks_into_a_merged_usr() {
    insta::assert_snapshot!(check(&deb("foo", &FILES)), @r"
    etc/
    etc/foo.conf 5
    usr/
    usr/bin/
    usr/bin/other 4
    usr/bin/tool * 2
    usr/lib/
    usr/lib/libfoo.so -> x86_64-linux-gnu/libfoo.so.1
    usr/lib/x86_64-linux-gnu/
    usr/lib/x86_64-linux-gnu/libfoo.so.1 3
    ");
}

#[test]
fn reads_every_compression() {
    for (suffix, compression) in
        [("", Compression::None), (".gz", Compression::Gzip), (".xz", Compression::Xz), (".zst", Compression::Zstd)]
    {
        let (control, data) = (compressed(&control_tar(), compression), compressed(&tape(&FILES), compression));
        let members: [(&str, &[u8]); 4] = [
            ("debian-binary", b"2.0\n"),
            ("_extra", b"odd"),
            (&format!("control.tar{suffix}"), &control),
            (&format!("data.tar{suffix}"), &data),
        ];
        assert_eq!(check_members(&members), check(&deb("foo", &FILES)), "{compression:?}");
    }
}

#[test]
fn refuses_what_is_no_package() {
    let (control, data) = (control_tar(), tape(&FILES));
    insta::assert_snapshot!(check(b""), @"cannot unpack the package `foo 1.0-1`: cannot read its bytes: unexpected end of file");
    insta::assert_snapshot!(check(b"PK\x03\x04 and more"), @"cannot unpack the package `foo 1.0-1`: it is no package of Debian's format 2: it does not begin as an `ar` archive");
    insta::assert_snapshot!(check_members(&[("control.tar", &control), ("data.tar", &data)]), @"cannot unpack the package `foo 1.0-1`: it is no package of Debian's format 2: its first member is `control.tar` instead of `debian-binary`");
    insta::assert_snapshot!(check_members(&[("debian-binary", b"3.0\n"), ("control.tar", &control)]), @"cannot unpack the package `foo 1.0-1`: it is no package of Debian's format 2: its version is `3.0`");
    insta::assert_snapshot!(check_members(&[("debian-binary", b"2.0\n"), ("data.tar", &data), ("control.tar", &control)]), @"cannot unpack the package `foo 1.0-1`: it is no package of Debian's format 2: it has a member `data.tar` where `control.tar` should be");
    insta::assert_snapshot!(check_members(&[("debian-binary", b"2.0\n"), ("control.tar", &control), ("data.tar.lzma", &data)]), @"cannot unpack the package `foo 1.0-1`: it is no package of Debian's format 2: it has a member `data.tar.lzma` where `data.tar` should be");
    insta::assert_snapshot!(check_members(&[("debian-binary", b"2.0\n"), ("control.tar", &control)]), @"cannot unpack the package `foo 1.0-1`: cannot read its bytes: unexpected end of file");
    insta::assert_snapshot!(check_members(&[("debian-binary", b"2.0\n"), ("control.tar", &tape(&[]))]), @"cannot unpack the package `foo 1.0-1`: it is no package of Debian's format 2: `control.tar` has no file `control`");
}

#[test]
fn refuses_files_that_lead_out_or_meet() {
    insta::assert_snapshot!(check(&deb("foo", &[("../etc/passwd", "root")])), @"cannot unpack the package `foo 1.0-1`: cannot unpack `data.tar.xz`: cannot unpack `./../etc/passwd` from the archive: `.` and `..` are no names");
    insta::assert_snapshot!(check(&deb("foo", &[("x -> /etc", ""), ("x/passwd", "root")])), @"cannot unpack the package `foo 1.0-1`: cannot unpack `data.tar.xz`: cannot unpack `./x/passwd` from the archive: an earlier entry makes `x` something else");
    insta::assert_snapshot!(check(&deb("foo", &[("bin/tool", "1"), ("usr/bin/tool", "2")])), @"cannot unpack the package `foo 1.0-1`: it has two things at `usr/bin/tool` once `/bin`, `/sbin` and `/lib` are links into `/usr`");
    insta::assert_snapshot!(check(&deb("foo", &[("lib -> etc", "")])), @"cannot unpack the package `foo 1.0-1`: it has two things at `lib` once `/bin`, `/sbin` and `/lib` are links into `/usr`");
}

#[test]
fn refuses_another_package_than_the_index_promised() {
    insta::assert_snapshot!(check(&deb("bar", &FILES)), @"cannot unpack the package `foo 1.0-1`: its control file says that its `Package` is `bar`, and the index says `foo`");
    let mut package = package("foo", &deb("foo", &FILES));
    package.digest = Digest::of(b"");
    let error = unpack(&package, &deb("foo", &FILES).into(), &scratch(), Limits::default()).unwrap_err();
    assert!(matches!(error.source, DebFault::Digest { .. }));
}

#[test]
fn no_truncated_package_is_unpacked() {
    let (whole, scratch) = (deb("foo", &FILES), scratch());
    for length in 0..whole.len() - 1 {
        let cut = &whole[..length];
        assert!(unpack(&package("foo", cut), &cut.to_vec().into(), &scratch, Limits::default()).is_err(), "{length}");
    }
}

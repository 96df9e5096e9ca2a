use super::*;
use crate::testing::{line, reasons, unpacked};

fn options() -> Options {
    let user = User { name: "cnb".to_owned(), uid: 1001, gid: 1000, home: "/home/cnb".to_owned() };
    Options {
        architecture: Architecture::Amd64,
        documentation: false,
        locales: false,
        users: vec![user],
        setuid: false,
    }
}

fn check_with(packages: &[Unpacked], options: &Options) -> String {
    match assemble(packages, options) {
        Ok(filesystem) => filesystem.tree.walk().map(|entry| line(&entry)).collect(),
        Err(error) => reasons(&error),
    }
}

fn check(packages: &[Unpacked]) -> String {
    check_with(packages, &options())
}

fn sample() -> [Unpacked; 4] {
    [
        unpacked("base-files", &[("tmp/", ""), ("var/run/", ""), ("etc/os-release", "ID=debian\n")]),
        unpacked(
            "ca-certificates",
            &[
                ("usr/share/ca-certificates/b.crt", "B\n"),
                ("usr/share/ca-certificates/a.crt", "A"),
                ("usr/share/ca-certificates/list.txt", "a.crt b.crt"),
                ("usr/share/doc/ca-certificates/copyright", "free"),
                ("usr/share/doc/ca-certificates/README", "read"),
                ("usr/share/man/man8/update.8.gz", "page"),
            ],
        ),
        unpacked("foo", &[("lib/libfoo.so", "elf"), ("usr/share/doc/foo -> ca-certificates", "")]),
        unpacked("tzdata", &[("usr/share/zoneinfo/Etc/UTC", "TZif"), ("usr/share/locale/de/x.mo", "text")]),
    ]
}

#[test]
fn makes_a_file_system() {
    insta::assert_snapshot!(check(&sample()), @r"
    bin -> usr/bin
    dev/
    etc/
    etc/dpkg/
    etc/dpkg/origins/
    etc/dpkg/origins/default -> debian
    etc/group 446
    etc/localtime -> /usr/share/zoneinfo/Etc/UTC
    etc/nsswitch.conf 107
    etc/opt/
    etc/os-release 10
    etc/passwd 890
    etc/shadow 271
    etc/ssl/
    etc/ssl/certs/
    etc/ssl/certs/ca-certificates.crt 4
    etc/timezone 8
    home/
    home/cnb/
    lib -> usr/lib
    lib64 -> usr/lib64
    media/
    mnt/
    opt/
    proc/
    root/
    run/
    run/lock/
    sbin -> usr/sbin
    srv/
    sys/
    tmp/
    usr/
    usr/bin/
    usr/lib/
    usr/lib/libfoo.so 3
    usr/lib/ssl/
    usr/lib/ssl/cert.pem -> /etc/ssl/certs/ca-certificates.crt
    usr/lib/ssl/certs -> /etc/ssl/certs
    usr/lib64/
    usr/local/
    usr/local/bin/
    usr/local/etc/
    usr/local/games/
    usr/local/include/
    usr/local/lib/
    usr/local/sbin/
    usr/local/share/
    usr/local/src/
    usr/sbin/
    usr/share/
    usr/share/ca-certificates/
    usr/share/ca-certificates/a.crt 1
    usr/share/ca-certificates/b.crt 2
    usr/share/ca-certificates/list.txt 11
    usr/share/doc/
    usr/share/doc/ca-certificates/
    usr/share/doc/ca-certificates/copyright 4
    usr/share/doc/foo -> ca-certificates
    usr/share/zoneinfo/
    usr/share/zoneinfo/Etc/
    usr/share/zoneinfo/Etc/UTC 4
    var/
    var/lib/
    var/lib/dpkg/
    var/lib/dpkg/status.d/
    var/lib/dpkg/status.d/base-files 78
    var/lib/dpkg/status.d/ca-certificates 83
    var/lib/dpkg/status.d/foo 71
    var/lib/dpkg/status.d/tzdata 74
    var/lock -> /run/lock
    var/mail/
    var/opt/
    var/run -> /run
    var/spool/
    var/spool/mail -> ../mail
    var/tmp/
    ");
}

#[test]
fn the_order_of_packages_makes_no_difference() {
    let mut packages = sample();
    let digest = |packages: &[Unpacked]| assemble(packages, &options()).unwrap().tree.digest().unwrap();
    let before = digest(&packages);
    packages.reverse();
    assert_eq!(digest(&packages), before);
}

#[test]
fn writes_what_programs_look_up() {
    let filesystem = assemble(&sample(), &options()).unwrap();
    let show = |path: &str| String::from_utf8(filesystem.tree.file(path).unwrap().blob.to_vec().unwrap()).unwrap();
    assert_eq!(show("etc/ssl/certs/ca-certificates.crt"), "A\nB\n");
    assert!(show("etc/passwd").ends_with("cnb:x:1001:1000:cnb:/home/cnb:/usr/sbin/nologin\n"));
    assert!(show("etc/group").ends_with("nogroup:x:65534:\ncnb:x:1000:\n"));
    assert!(show("etc/shadow").ends_with("cnb:*:::::::\n"));
    assert_eq!(show("var/lib/dpkg/status.d/foo"), crate::testing::control("foo"));
    let line = |(path, at): (&String, &Attributes)| format!("{path} {}:{} {:o}\n", at.uid, at.gid, at.mode);
    let listed = filesystem.attributes.iter().map(line).collect::<Vec<_>>().concat();
    insta::assert_snapshot!(listed, @r"
    etc/shadow 0:42 640
    home/cnb 1001:1000 755
    root 0:0 700
    run/lock 0:0 1777
    tmp 0:0 1777
    var/tmp 0:0 1777
    ");
}

#[test]
fn documentation_and_translations_stay_if_asked_for() {
    let everything = check_with(&sample(), &Options { documentation: true, locales: true, ..options() });
    for path in
        ["usr/share/doc/ca-certificates/README 4\n", "usr/share/man/man8/update.8.gz", "usr/share/locale/de/x.mo"]
    {
        assert!(everything.contains(path), "{path}");
    }
}

#[test]
fn packages_may_share_only_what_is_equal() {
    let same =
        [unpacked("a", &[("etc/x", "1"), ("etc/y -> x", "")]), unpacked("b", &[("etc/x", "1"), ("etc/y -> x", "")])];
    assert!(check(&same).contains("etc/y -> x\n"));
    let merged = [unpacked("a", &[("bin/x", "1")]), unpacked("b", &[("usr/bin/x", "2")])];
    insta::assert_snapshot!(check(&merged), @"the packages `a` and `b` both have `/usr/bin/x`, and not the same there");
    let kinds = [unpacked("a", &[("etc/x/y", "1")]), unpacked("b", &[("etc/x -> z", "")])];
    insta::assert_snapshot!(check(&kinds), @"the packages `a` and `b` both have `/etc/x`, and not the same there");
    insta::assert_snapshot!(check(&[unpacked("a", &[]), unpacked("a", &[])]), @"the package `a` is there twice");
}

#[test]
fn refuses_packages_of_other_machines() {
    let options = Options { architecture: Architecture::Arm64, ..options() };
    insta::assert_snapshot!(check_with(&[unpacked("a", &[])], &options), @"cannot use the package `a`: it is for `amd64`, and the file system for `arm64`");
}

#[test]
fn refuses_what_stands_where_it_builds() {
    insta::assert_snapshot!(check(&[unpacked("a", &[("etc", "file")])]), @"cannot put `/etc/nsswitch.conf` into the file system: `etc` is not a directory");
}

#[test]
fn refuses_users_who_cannot_be() {
    let refused = |name: &str, uid: u32, home: &str| {
        let user = User { name: name.to_owned(), uid, gid: uid, home: home.to_owned() };
        check_with(&[], &Options { users: vec![user], ..options() })
    };
    insta::assert_snapshot!(refused("a:b", 1001, "/home/x"), @"cannot make the user `a:b`: a name is a lower-case letter and then lower-case letters, digits, `_` and `-`");
    insta::assert_snapshot!(refused("root", 1001, "/home/x"), @"cannot make the user `root`: every system has the user `root` with number 0");
    insta::assert_snapshot!(refused("me", 33, "/home/x"), @"cannot make the user `me`: every system has the user `www-data` with number 33");
    insta::assert_snapshot!(refused("me", 1001, "home/x"), @"cannot make the user `me`: its home `home/x` is no absolute path");
    insta::assert_snapshot!(refused("me", 1001, "/home/../x"), @"cannot make the user `me`: its home `/home/../x` is no absolute path");
}

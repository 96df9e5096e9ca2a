use super::*;
use crate::Architecture;
use crate::assemble::{Options, assemble};
use crate::testing::{index_entry, line, reasons, unpacked};

fn options() -> Options {
    Options {
        architecture: Architecture::Amd64,
        documentation: false,
        locales: false,
        users: Vec::new(),
        setuid: false,
    }
}

fn below() -> Below {
    let links = [("bin", "usr/bin"), ("lib", "/usr/lib"), ("lib64", "usr/lib64"), ("sbin", "usr/sbin")];
    Below {
        links: links.map(|(name, target)| (name.to_owned(), target.to_owned())).into(),
        passwd: Some("root:x:0:0:root:/root:/bin/sh\nme:x:100:100::/home/me:/bin/sh\n".to_owned()),
        group: Some("root:x:0:\nme:x:100:\nredis:x:150:\n".to_owned()),
        certificates: None,
    }
}

fn show(made: Result<Filesystem, AssembleError>) -> String {
    let filesystem = match made {
        Ok(filesystem) => filesystem,
        Err(error) => return reasons(&error),
    };
    let special = |(path, at): (&String, &Attributes)| format!("{path} {}:{} {:o}\n", at.uid, at.gid, at.mode);
    let files: String = filesystem.tree.walk().map(|entry| line(&entry)).collect();
    let attributes: String = filesystem.attributes.iter().map(special).collect();
    format!("{files}{attributes}{:?}", filesystem.notes)
}

fn text(filesystem: &Filesystem, path: &str) -> String {
    String::from_utf8(filesystem.tree.file(path).unwrap().blob.to_vec().unwrap()).unwrap()
}

#[test]
fn a_layer_has_only_what_is_new() {
    let packages =
        [unpacked("foo", &[("lib/libfoo.so", "elf"), ("*usr/bin/foo", "#!"), ("usr/share/man/foo.1", "page")])];
    insta::assert_snapshot!(show(add(&packages, &below(), &options())), @r#"
    usr/
    usr/bin/
    usr/bin/foo * 2
    usr/lib/
    usr/lib/libfoo.so 3
    usr/share/
    var/
    var/lib/
    var/lib/dpkg/
    var/lib/dpkg/status.d/
    var/lib/dpkg/status.d/foo 71
    Notes { setuid: ["usr/bin/foo"], scripts: [], unusable: [] }
    "#);
}

#[test]
fn users_of_services_come_after_those_that_are_there() {
    let sysusers = "u foo - \"Foo server\" /var/lib/foo /bin/sh\ng other -\nu Bad - \"x\" /\n";
    let packages = [
        unpacked("foo", &[("usr/lib/sysusers.d/foo.conf", sysusers), ("var/lib/foo/", "")]),
        unpacked("redis-server", &[("var/lib/redis/", "")]),
    ];
    let layer = add(&packages, &below(), &options()).unwrap();
    assert_eq!(
        text(&layer, "etc/passwd"),
        "root:x:0:0:root:/root:/bin/sh\nme:x:100:100::/home/me:/bin/sh\nfoo:x:101:101:foo:/var/lib/foo:/usr/sbin/nologin\nredis:x:102:150:redis:/var/lib/redis:/usr/sbin/nologin\n"
    );
    assert!(text(&layer, "etc/group").ends_with("redis:x:150:\nfoo:x:101:\n"));
    assert_eq!(layer.attributes["var/lib/redis"], Attributes { uid: 102, gid: 150, mode: 0o755 });
    assert!(layer.tree.get("etc/shadow").is_none());
}

#[test]
fn programs_keep_setuid_only_if_they_may() {
    let packages = [unpacked("sudo", &[("*usr/bin/sudo", "#!")])];
    let mode = |setuid| {
        let made = assemble(&packages, &Options { setuid, ..options() }).unwrap();
        (made.attributes.get("usr/bin/sudo").map(|it| format!("{:o}", it.mode)), made.notes.setuid)
    };
    insta::assert_debug_snapshot!((mode(false), mode(true)), @r#"
    (
        (
            None,
            [
                "usr/bin/sudo",
            ],
        ),
        (
            Some(
                "4755",
            ),
            [],
        ),
    )
    "#);
}

#[test]
fn files_are_of_the_package_that_replaces_the_other() {
    let mut new = unpacked("a-new", &[("etc/x", "new")]);
    let entry = format!("{}Replaces: old (<< 2)\n", index_entry("a-new", "1.0-1", "amd64", b""));
    new.package = crate::Package::parse(&"debian".into(), &entry).unwrap();
    let packages = [unpacked("old", &[("etc/x", "old"), ("etc/y", "old")]), new];
    let made = assemble(&packages, &options()).unwrap();
    assert_eq!((text(&made, "etc/x"), text(&made, "etc/y")), ("new".to_owned(), "old".to_owned()));
}

#[test]
fn programs_have_their_other_names() {
    let script =
        "update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 --slave /usr/bin/nawk nawk /usr/bin/mawk\n";
    let mawk = Unpacked { postinst: Some(script.to_owned()), ..unpacked("mawk", &[("usr/bin/mawk", "elf")]) };
    let java = |version: &str| {
        let path = format!("usr/lib/jvm/java-{version}-openjdk-amd64/bin/java");
        unpacked(&format!("openjdk-{version}-jre-headless"), &[(&path, "elf")])
    };
    let made = add(&[mawk, java("9"), java("17")], &below(), &options()).unwrap();
    let link = |path: &str| match made.tree.get(path) {
        Some(Node::Symlink(target)) => target.to_string(),
        other => format!("{other:?}"),
    };
    let paths =
        ["usr/bin/awk", "etc/alternatives/awk", "etc/alternatives/nawk", "usr/bin/java", "etc/alternatives/java"];
    insta::assert_snapshot!(paths.map(link).join("\n"), @r#"
    /etc/alternatives/awk
    /usr/bin/mawk
    /usr/bin/mawk
    /etc/alternatives/java
    /usr/lib/jvm/java-17-openjdk-amd64/bin/java
    "#);
}

#[test]
fn java_trusts_whom_the_system_trusts() {
    let bundle = "-----BEGIN CERTIFICATE-----\nZmlyc3Q=\n-----END CERTIFICATE-----\n";
    let below = Below { certificates: Some(bundle.into()), ..below() };
    let layer = add(&[unpacked("ca-certificates-java", &[])], &below, &options()).unwrap();
    let own = [
        unpacked("ca-certificates-java", &[]),
        unpacked("ca-certificates", &[("usr/share/ca-certificates/a.crt", bundle)]),
    ];
    let whole = assemble(&own, &options()).unwrap();
    let store = |made: &Filesystem| made.tree.file("etc/ssl/certs/java/cacerts").unwrap().blob.to_vec().unwrap();
    assert_eq!(store(&layer), store(&whole));
    assert!(store(&layer).windows(5).any(|window| window == b"first"));
}

#[test]
fn scripts_that_are_missed_are_named() {
    let with = |name: &str, script: &str| Unpacked { postinst: Some(script.to_owned()), ..unpacked(name, &[]) };
    let packages =
        [with("foo", "mkdir /x\n"), with("tzdata", "mkdir /x\n"), unpacked("bar", &[]), unpacked("systemd", &[])];
    insta::assert_debug_snapshot!(add(&packages, &below(), &options()).unwrap().notes, @r#"
    Notes {
        setuid: [],
        scripts: [
            "foo",
        ],
        unusable: [
            (
                "systemd",
                "it starts and watches a whole machine",
            ),
        ],
    }
    "#);
}

#[test]
fn two_things_do_not_become_one() {
    let mut tree = Tree::new();
    tree.insert("lib/x", Node::file("1")).unwrap();
    tree.insert("usr/lib/x", Node::file("2")).unwrap();
    let error = fit(&tree, &BTreeMap::new(), &below().links).unwrap_err();
    insta::assert_snapshot!(reasons(&error), @"`/usr/lib/x` is there twice once `/lib` is the link that the image below has");
    let (same, _) = fit(&tree, &BTreeMap::new(), &BTreeMap::new()).unwrap();
    assert!(same.same(&tree));
}

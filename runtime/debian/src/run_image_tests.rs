use super::*;
use crate::testing::{control, deb, index_entry, reasons, scratch};
use wattle_tree::archive::Limits;

fn spec(packages: &[&str]) -> Spec {
    let packages = packages.iter().map(|name| name.parse().unwrap()).collect();
    Spec { packages, ..Spec::standard(Architecture::Amd64) }
}

fn entry(name: &str, deb: &[u8]) -> String {
    index_entry(name, "1.0-1", "amd64", deb).replace("Depends: libc6 (>= 2.36)\n", "")
}

fn index(debs: &[(&str, &[u8])]) -> Index {
    let entries: Vec<_> = debs.iter().map(|(name, deb)| entry(name, deb)).collect();
    crate::testing::index("debian", &entries.join("\n"))
}

fn unpack(selection: &Selection, debs: &[(&str, &[u8])]) -> Vec<Unpacked> {
    let bytes = |name: &str| debs.iter().find(|(other, _)| *other == name).unwrap().1.to_vec();
    let unpack =
        |package: &Package| crate::unpack(package, &bytes(&package.name).into(), &scratch(), Limits::default());
    selection.packages().iter().map(|package| unpack(package).unwrap()).collect()
}

#[test]
fn an_image_is_named_by_what_is_in_it() {
    let (one, two, other) = (deb("one", &[]), deb("two", &[]), deb("two", &[("x", "")]));
    let name = |packages: &[&str], debs: &[(&str, &[u8])]| spec(packages).select(&index(debs)).unwrap().name();
    let debs: &[(&str, &[u8])] = &[("one", &one), ("two", &two)];
    insta::assert_snapshot!(name(&["one", "two"], debs), @"debian-bookworm-amd64-a8fe57e781e107e1");
    assert_eq!(name(&["two", "one", "two"], debs), name(&["one", "two"], debs));
    assert_ne!(name(&["one"], debs), name(&["one", "two"], debs));
    assert_ne!(name(&["one", "two"], &[("one", &one), ("two", &other)]), name(&["one", "two"], debs));
}

#[test]
fn an_image_is_made_of_what_was_selected() {
    let (one, two) = (deb("one", &[("bin/one", "1")]), deb("two", &[]));
    let debs: &[(&str, &[u8])] = &[("one", &one), ("two", &two)];
    let selection = spec(&["two", "one"]).select(&index(debs)).unwrap();
    let unpacked = unpack(&selection, debs);
    let image = selection.assemble(&unpacked).unwrap();
    assert!(image.filesystem.tree.file("usr/bin/one").is_some());
    let status = image.filesystem.tree.file("var/lib/dpkg/status.d/one").unwrap().blob.to_vec().unwrap();
    assert_eq!(status, control("one").as_bytes());
    insta::assert_debug_snapshot!((image.os, image.architecture, image.labels, image.environment, image.user), @r#"
    (
        "linux",
        Amd64,
        {
            "io.buildpacks.base.description": "debian 12 (bookworm) for applications built by Wattle",
            "io.buildpacks.base.distro.name": "debian",
            "io.buildpacks.base.distro.version": "12",
            "io.buildpacks.base.id": "wattle.run.debian.bookworm",
            "io.buildpacks.base.maintainer": "Wattle",
        },
        [
            (
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ),
        ],
        "1001:1000",
    )
    "#);
    let error = selection.assemble(&unpacked[1..]).unwrap_err();
    insta::assert_snapshot!(reasons(&error), @"cannot make the run image `debian-bookworm-amd64-d35550558a6d1934`: its packages are `one 1.0-1`, `two 1.0-1`, and those unpacked are `two 1.0-1`");
}

#[test]
fn names_the_package_that_is_not_there() {
    let error = spec(&["one", "libfoo"]).select(&index(&[("one", b"")])).unwrap_err();
    insta::assert_snapshot!(reasons(&error), @"cannot choose the packages for amd64 from the suite `bookworm`: cannot have `libfoo`: there is no package `libfoo`");
}

use super::*;
use crate::testing::{compressed, index, index_entry, reasons};

fn line(package: &Package) -> String {
    format!("{} {} {} {}\n", package.reference(), package.version, package.size, package.digest)
}

fn check(index: &Index, name: &str, architecture: Architecture) -> String {
    match index.versions(name, architecture) {
        Ok(packages) => packages.iter().map(line).collect::<Vec<_>>().concat(),
        Err(error) => reasons(&error),
    }
}

fn sample() -> String {
    [
        index_entry("libc6", "2.36-9+deb12u9", "amd64", b"old"),
        index_entry("libc6", "2.36-9+deb12u14", "amd64", b"new"),
        index_entry("libc6", "2.36-9+deb12u14", "arm64", b"other"),
        index_entry("netbase", "6.4", "all", b"everywhere"),
        "Package: broken\nVersion: 1\nArchitecture: all\nFilename: pool/b.deb\nSize: many\n".to_owned(),
    ]
    .join("\n")
}

#[test]
fn finds_a_name_newest_first() {
    let all = index("debian", &sample());
    insta::assert_snapshot!(check(&all, "libc6", Architecture::Amd64), @r"
    debian:pool/libc6_amd64.deb 2.36-9+deb12u14 3 sha256:11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437
    debian:pool/libc6_amd64.deb 2.36-9+deb12u9 3 sha256:cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4
    ");
    insta::assert_snapshot!(check(&all, "netbase", Architecture::Arm64), @"debian:pool/netbase_all.deb 6.4 10 sha256:11c209b437262b61e354ca822d4219f6a37070299ac2680b372dc18fa4ff6370");
    assert_eq!(check(&all, "libc", Architecture::Amd64), "");
}

#[test]
fn names_the_entry_that_makes_no_sense() {
    insta::assert_snapshot!(check(&index("debian", &sample()), "broken", Architecture::Amd64), @"cannot read the entry of the package `broken` in the index of `debian`: its field `Size` has the value `many`, which is not a number of bytes");
}

#[test]
fn takes_the_newest_of_several_archives() {
    let security = index_entry("libc6", "2.36-9+deb12u15", "amd64", b"fixed");
    let both = index("debian", &sample()).join(index("debian-security", &security));
    let newest = both.newest("libc6", Architecture::Amd64).unwrap().unwrap();
    assert_eq!((newest.archive.as_ref(), newest.version.as_str()), ("debian-security", "2.36-9+deb12u15"));
}

#[test]
fn reads_every_compression() {
    for compression in [Compression::None, Compression::Gzip, Compression::Xz, Compression::Zstd] {
        let bytes = compressed(sample().as_bytes(), compression);
        let index = Index::read("debian", &bytes.into()).unwrap();
        assert_eq!(
            index.names().collect::<Vec<_>>(),
            ["broken", "libc6", "libc6", "libc6", "netbase"],
            "{compression:?}"
        );
    }
    let mut cut = compressed(sample().as_bytes(), Compression::Xz);
    cut.truncate(cut.len() / 2);
    assert!(matches!(Index::read("debian", &cut.into()), Err(IndexError::Read { .. })));
}

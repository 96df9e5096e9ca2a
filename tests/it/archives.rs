//! Run images of an archive that is made for the test: locks, updates, and archives that are not right.

use crate::{cold, wattle};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use wattle_test_support::{Archive, Call, Deb, Files, Image, Output, Wattle, inventory};

/// A run image on its way: `run.toml`, and a place for the image.
struct Attempt(Files);

impl Attempt {
    fn of(packages: &str) -> Attempt {
        Attempt::described(&format!("suite = \"bookworm\"\npackages = [{packages}]\n"))
    }

    fn described(text: &str) -> Attempt {
        Attempt(Files::of([("run.toml", text)]))
    }

    /// `run-image` with these arguments.
    fn call(&self, wattle: &Wattle, archive: &Archive, args: &[&str]) -> Call {
        let call = wattle.args(["run-image"]).args(args).args(archive.arguments());
        call.current_dir(self.0.path()).calling(self.0.path(), "here")
    }

    fn create(&self, wattle: &Wattle, archive: &Archive) -> Output {
        self.call(wattle, archive, &["create", "--output", "oci:image"]).run()
    }

    /// Why it cannot be made with nothing in the store; nothing is left of it.
    #[track_caller]
    fn fails(&self, archive: &Archive, code: i32) -> String {
        let failure = self.create(&cold(), archive).fails(code).failure();
        let mut left: Vec<_> = self.0.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["run.toml"]);
        failure
    }

    fn image(&self) -> Image {
        Image::verified(&self.0.join("image"), "latest")
    }
}

/// A program, and a library that it needs.
fn packages(version: &str) -> [Deb; 2] {
    let program = Deb::new("tool").version(version).field("Depends", "libtool (>= 1)");
    let program = program.file("usr/bin/", 0o755, "").file("usr/bin/tool", 0o4755, version);
    let program = program.file("bin/", 0o755, "").file("bin/other", 0o755, "elf");
    [program, Deb::new("libtool").file("usr/lib/libtool.so", 0o644, "elf")]
}

#[test]
fn one_lock_makes_one_image_anywhere() {
    let archive = Archive::of(packages("1"));
    let one = Attempt::of("\"tool\"");
    let told = one.create(&cold(), &archive).succeeds().told();
    insta::assert_snapshot!(told, @r#"
      Assembling run image debian-bookworm-amd64-ed9c11bbbd82852c from 2 Debian packages, once
    warning: these run as whoever starts them, not as their owner (setuid): `/usr/bin/tool`
       Exporting 1 layer, [size]
          Locked 2 packages in `run.lock`
           Image linux/amd64, 2 packages, [size]
                 [digest]
        Finished oci:image in [time]
    "#);
    let other = Attempt(Files::of([("run.toml", &*one.0.read("run.toml")), ("run.lock", &*one.0.read("run.lock"))]));
    // What is new since does not matter.
    archive.publish(packages("2"));
    other.call(&cold(), &archive, &["create", "--locked", "--output", "oci:image"]).run().succeeds();
    assert_eq!(one.image().digest, other.image().digest);
    assert_eq!(one.0.read("run.lock"), other.0.read("run.lock"));
    one.create(&wattle(), &archive).succeeds();
    assert_eq!(one.image().digest, other.image().digest);
}

#[test]
fn an_update_says_what_changed() {
    let archive = Archive::of(packages("1"));
    let (wattle, attempt) = (cold(), Attempt::of("\"tool\""));
    attempt.create(&wattle, &archive).succeeds();
    let before = attempt.image().digest;
    let same = attempt.call(&wattle, &archive, &["update"]).run().succeeds().told();
    insta::assert_snapshot!(same, @"      Locked 2 packages, all as they were");
    let [tool, library] = packages("2");
    archive.publish([tool.field("Recommends", "nothing"), library, Deb::new("spare")]);
    let updated = attempt.call(&wattle, &archive, &["update", "--output", "oci:image"]).run().succeeds();
    insta::assert_snapshot!(updated.told(), @r#"
      Assembling run image debian-bookworm-amd64-b361ea4fa07b0cbd from 2 Debian packages, once
    warning: these run as whoever starts them, not as their owner (setuid): `/usr/bin/tool`
       Exporting 1 layer, [size]
          Locked 2 packages, 1 changed
                 tool  1  ->  2  amd64
           Image linux/amd64, 2 packages, [size]
                 [digest]
        Finished oci:image in [time]
    "#);
    assert_ne!(attempt.image().digest, before);
    let [tool, library] = packages("3");
    archive.publish([tool.field("Pre-Depends", "spare"), library, Deb::new("spare")]);
    let updated = attempt.call(&wattle, &archive, &["update", "--quiet"]).run().succeeds();
    insta::assert_snapshot!(updated.data(), @r#"
    spare 1.0 is new (amd64)
    tool 2 -> 3 (amd64)
    "#);
}

#[test]
fn what_is_locked_needs_a_lock() {
    let archive = Archive::of(packages("1"));
    let attempt = Attempt::of("\"tool\"");
    let locked = || attempt.call(&wattle(), &archive, &["create", "--locked", "--output", "oci:image"]).run();
    insta::assert_snapshot!(locked().fails(2).failure(), @"error: there is no `run.lock`: run the same without `--locked` to make it");
    attempt.create(&wattle(), &archive).succeeds();
    let text = attempt.0.read("run.toml");
    std::fs::write(attempt.0.join("run.toml"), format!("# The same.\n{text}")).unwrap();
    let _ = locked().succeeds();
    std::fs::write(attempt.0.join("run.toml"), format!("{text}docs = true\n")).unwrap();
    insta::assert_snapshot!(locked().fails(2).failure(), @"error: `run.lock` is of another description: run the same without `--locked`, or `wattle run-image update`");
}

#[test]
fn a_locked_package_may_be_gone() {
    let archive = Archive::of(packages("1"));
    let attempt = Attempt::of("\"tool\"");
    attempt.create(&wattle(), &archive).succeeds();
    let other = Archive::of(packages("3"));
    let locked = attempt.call(&cold(), &other, &["create", "--locked", "--output", "oci:other"]).run();
    insta::assert_snapshot!(locked.fails(2).failure(), @r#"
    error: the archive has a locked package no more
      caused by: `debian:pool/tool_1_amd64.deb` is not at `http://[server]/pool/tool_1_amd64.deb`
    hint: choose packages anew with `wattle run-image update`
    "#);
    assert!(!attempt.0.join("other").exists());
}

#[test]
fn programs_run_as_whoever_starts_them() {
    let archive = Archive::of(packages("1"));
    let modes = |text: &str| {
        let attempt = Attempt::described(text);
        attempt.create(&wattle(), &archive).succeeds();
        let files = inventory(attempt.image().tar(0));
        let lines = files.iter().filter(|(path, _)| path.starts_with("usr/bin") || *path == "bin");
        lines.fold(String::new(), |mut all, (path, line)| {
            let _ = writeln!(all, "{path} {}", line.split(" sha256").next().unwrap_or_default());
            all
        })
    };
    insta::assert_snapshot!(modes("suite = \"bookworm\"\npackages = [\"tool\"]\n"), @r#"
    bin -> usr/bin
    usr/bin directory 755 0:0
    usr/bin/other file 755 0:0
    usr/bin/tool file 755 0:0
    "#);
    insta::assert_snapshot!(modes("suite = \"bookworm\"\npackages = [\"tool\"]\nallow-setuid = true\n"), @r#"
    bin -> usr/bin
    usr/bin directory 755 0:0
    usr/bin/other file 755 0:0
    usr/bin/tool file 4755 0:0
    "#);
}

#[test]
fn packages_that_do_not_go_together() {
    let needs = |name: &str, field: &str, value: &str| Deb::new(name).field(field, value);
    let archive = Archive::of([
        Deb::new("python3"),
        needs("old", "Depends", "middle"),
        needs("middle", "Depends", "python3 (>= 3)"),
        needs("lonely", "Depends", "nowhere | elsewhere"),
        needs("foe", "Conflicts", "python3"),
    ]);
    let fails = |packages: &str| Attempt::of(packages).fails(&archive, 2);
    insta::assert_snapshot!(fails("\"python\""), @r#"
    error: cannot choose the packages for amd64 from the suite `bookworm`
      caused by: cannot have `python`: there is no package `python`, but `python3`
    "#);
    insta::assert_snapshot!(fails("\"old\""), @r#"
    error: cannot choose the packages for amd64 from the suite `bookworm`
      caused by: cannot have `old -> middle -> python3 (>= 3)`, but the suite has 1.0
    "#);
    insta::assert_snapshot!(fails("\"lonely\""), @r#"
    error: cannot choose the packages for amd64 from the suite `bookworm`
      caused by: cannot have `lonely -> nowhere | elsewhere`: there is no package `nowhere`
    "#);
    insta::assert_snapshot!(fails("\"foe\", \"python3\""), @r#"
    error: cannot choose the packages for amd64 from the suite `bookworm`
      caused by: cannot have `python3` together with `foe`: `foe` conflicts with `python3`
    "#);
    insta::assert_snapshot!(fails("\"python3=2.0\""), @r#"
    error: cannot choose the packages for amd64 from the suite `bookworm`
      caused by: cannot have `python3 (= 2.0)`, but the suite has 1.0
    "#);
    insta::assert_snapshot!(fails("\"python3:arm64\""), @r#"
    error: cannot choose the packages for amd64 from the suite `bookworm`
      caused by: cannot have `python3:arm64`, but the suite has 1.0
    "#);
    insta::assert_snapshot!(fails(""), @r#"
    error: `run.toml` cannot be used
      caused by: a run image needs `packages`
    hint: write `packages = ["base-files", "libc6"]`
    "#);
}

#[test]
fn descriptions_that_cannot_be_used() {
    let archive = Archive::of(packages("1"));
    let fails = |text: &str, code| Attempt::described(text).fails(&archive, code);
    insta::assert_snapshot!(fails("suite = \"bookwurm\"\npackages = [\"tool\"]\n", 2), @r#"
    error: `run.toml` cannot be used
      caused by: the suite `bookwurm` is not known: name one of bookworm, or say its `distribution` and `version`
    hint: write `suite = "bookworm"`
    "#);
    insta::assert_snapshot!(fails("suite = \"trixie\"\npackages = [\"tool\"]\n", 2), @r#"
    error: the packages of the run image cannot be had
      caused by: the archive `debian` has no release `trixie`
    hint: check the name and that this archive has it
    "#);
    insta::assert_snapshot!(fails("suite = \"bookworm\"\npackages = [\"tool\"]\ntargets = [\"arm64\"]\n", 3), @r#"
    error: the packages of the run image cannot be had
      caused by: the release file of `bookworm` cannot be used
      caused by: the release `bookworm` does not list `main/binary-arm64/Packages.xz`
    "#);
    insta::assert_snapshot!(fails("suite = \"bookworm\"\npackages = [\"tool\"]\ntargets = [\"x86\"]\n", 2), @r#"
    error: `run.toml` cannot be used
      caused by: cannot use `targets`
      caused by: there are no run images for the architecture `x86`: `amd64` and `arm64` are known
    "#);
    insta::assert_snapshot!(fails("suite = \"bookworm\"\npackage = [\"tool\"]\n", 2), @r#"
    error: `run.toml` cannot be used
      caused by: cannot read it as the description of a run image
      caused by: TOML parse error at line 2, column 1
          |
        2 | package = ["tool"]
          | ^^^^^^^
        unknown field `package`, expected one of `distribution`, `suite`, `version`, `components`, `archives`, `packages`, `recommends`, `users`, `environment`, `labels`, `targets`, `docs`, `locales`, `allow-setuid`, `cuts`
    hint: the fields are distribution, suite, version, components, archives, packages, recommends, users, environment, labels, targets, docs, locales, allow-setuid, cuts
    "#);
    let user = "suite = \"bookworm\"\npackages = [\"tool\"]\nusers = [{ name = \"root\" }]\n";
    insta::assert_snapshot!(fails(user, 2), @r#"
    error: `run.toml` cannot be used
      caused by: cannot use `users`
      caused by: cannot make the user `root`: every system has the user `root` with number 0
    "#);
}

#[test]
fn archives_that_are_not_to_be_believed() {
    let cut = |mut bytes: Vec<u8>| {
        bytes.truncate(bytes.len() / 2);
        bytes
    };
    let other = |mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    };
    let renamed = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace("2022", "2023").into_bytes();
    let check = |path: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let archive = Archive::of([Deb::new("tool")]);
        // Both releases have the same index, and one that is good would do.
        for path in BTreeSet::from([path.to_owned(), path.replace("bookworm", "bookworm-security")]) {
            archive.tamper(&path, change);
        }
        // Which of the two fails first is left to chance.
        let told = Attempt::of("\"tool\"").fails(&archive, 3);
        told.replace("debian-security:", "debian:").replace("bookworm-security", "bookworm")
    };
    insta::assert_snapshot!(check("pool/tool_1.0_amd64.deb", &cut), @r#"
    error: the packages of the run image cannot be had
      caused by: `debian:pool/tool_1.0_amd64.deb` from `http://[server]/pool/tool_1.0_amd64.deb` is not what was expected: it has the digest `[digest]` instead of `[digest]`
    hint: the archive, or something on the way to it, changes files: name another by `--registry`
    "#);
    insta::assert_snapshot!(check("pool/tool_1.0_amd64.deb", &other), @r#"
    error: the packages of the run image cannot be had
      caused by: `debian:pool/tool_1.0_amd64.deb` from `http://[server]/pool/tool_1.0_amd64.deb` is not what was expected: it has the digest `[digest]` instead of `[digest]`
    hint: the archive, or something on the way to it, changes files: name another by `--registry`
    "#);
    insta::assert_snapshot!(check("dists/bookworm/main/binary-amd64/Packages.xz", &other), @r#"
    error: the packages of the run image cannot be had
      caused by: `debian:dists/bookworm/main/binary-amd64/Packages.xz` from `http://[server]/dists/bookworm/main/binary-amd64/Packages.xz` is not what was expected: it has the digest `[digest]` instead of `[digest]`
    hint: the archive, or something on the way to it, changes files: name another by `--registry`
    "#);
    insta::assert_snapshot!(check("dists/bookworm/InRelease", &renamed), @r#"
    error: the packages of the run image cannot be had
      caused by: the release file of `bookworm` cannot be used
      caused by: cannot trust the release file
      caused by: it has 1 signatures and the keyring 1 keys, but no signature is a good one by any of them
    hint: name a file with the archive's keys by `--keyring`
    "#);
    insta::assert_snapshot!(check("dists/bookworm/InRelease", &cut), @r#"
    error: the packages of the run image cannot be had
      caused by: the release file of `bookworm` cannot be used
      caused by: cannot trust the release file
      caused by: it is not a signed text
      caused by: unexpected early end
    hint: name a file with the archive's keys by `--keyring`
    "#);

    let archive = Archive::of([]);
    archive.publish_until(packages("1"), "Sun, 02 Jan 2022 00:00:00 UTC");
    insta::assert_snapshot!(Attempt::of("\"tool\"").fails(&archive, 3), @r#"
    error: the packages of the run image cannot be had
      caused by: the release file of `bookworm` cannot be used
      caused by: the release file of `bookworm` was valid until Sun, 02 Jan 2022 00:00:00 UTC: the archive, or the way to it, is out of date
    hint: the archive, or the mirror of it, is no longer kept up to date: name another by `--registry`
    "#);
}

#[test]
fn a_package_that_is_not_what_the_index_says() {
    let archive = Archive::of([Deb::new("tool").field("Depends", "other"), Deb::new("other")]);
    // The digest is right, and the package for another machine.
    archive.publish([Deb::new("tool").architecture("arm64")]);
    insta::assert_snapshot!(Attempt::of("\"tool\"").fails(&archive, 2), @r#"
    error: cannot choose the packages for amd64 from the suite `bookworm`
      caused by: cannot have `tool`: there is no package `tool` for `amd64`, only for `arm64`
    "#);
    let both = [Deb::new("one").file("etc/x", 0o644, "1"), Deb::new("two").file("etc/x", 0o644, "2")];
    let archive = Archive::of(both);
    insta::assert_snapshot!(Attempt::of("\"one\", \"two\"").fails(&archive, 3), @r#"
    error: cannot make the run image `debian-bookworm-amd64-7e838b4ff7b74b41`
      caused by: the packages `one` and `two` both have `/etc/x`, and not the same there
    "#);
}

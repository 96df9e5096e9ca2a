//! The program of images, as the launcher runs it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use toml::Table;
use wattle_trust::Certificates;

const NAMES: &str = include_str!("fixtures/names.pem");

/// A world in which the program runs: bindings, and places for temporary files.
struct World(TempDir);

/// What became of a run.
struct Ran {
    code: Option<i32>,
    /// What was written to file descriptor 3.
    variables: Table,
    stderr: String,
}

impl World {
    fn new() -> World {
        let world = World(TempDir::new().unwrap());
        fs::create_dir(world.path("tmp")).unwrap();
        world
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// With a file below the bindings.
    fn with(self, path: &str, contents: &str) -> World {
        let path = self.path("bindings").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
        self
    }

    fn run(&self, variables: &[(&str, &str)]) -> Ran {
        let mut command = Command::new("sh");
        command.args(["-c", r#"exec "$0" 3>"$1""#, env!("CARGO_BIN_EXE_wattle-trust")]).arg(self.path("output"));
        command.env_clear().env("SERVICE_BINDING_ROOT", self.path("bindings")).env("TMPDIR", self.path("tmp"));
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let written = fs::read_to_string(self.path("output")).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap().replace(self.0.path().to_str().unwrap(), "[world]");
        Ran { code: output.status.code(), variables: toml::from_str(&written).unwrap(), stderr }
    }
}

impl Ran {
    fn variable(&self, name: &str) -> &str {
        self.variables[name].as_str().unwrap()
    }
}

/// Certificates of a file.
fn certificates(file: impl AsRef<Path>) -> Certificates {
    let mut certificates = Certificates::new();
    certificates.add(&fs::read(file).unwrap()).unwrap();
    certificates
}

#[test]
fn b81_certificates_of_bindings_become_a_directory_and_a_file() {
    let world =
        World::new().with("corp/type", "CA-Certificates\n").with("corp/all.pem", NAMES).with("corp/provider", "me");
    let world = world.with("other/type", "postgresql").with("other/all.pem", "no certificate").with("loose.pem", NAMES);
    let ran = world.run(&[]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(0), "ca-certificates: found 9 certificates in the binding `corp`\n")
    );
    let directory = fs::read_dir(ran.variable("SSL_CERT_DIR")).unwrap();
    let mut names: Vec<String> = directory.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names.len(), 9);
    assert!(names.contains(&"280f03b6.1".to_owned()), "{names:?}");
    assert_eq!(certificates(ran.variable("NODE_EXTRA_CA_CERTS")).len(), 9);
    assert!(ran.variable("SSL_CERT_DIR").starts_with(world.path("tmp").to_str().unwrap()));
    // Whether the system of this test has certificates decides on the third.
    let system = wattle_trust::SYSTEM.into_iter().find(|file| Path::new(file).is_file());
    assert_eq!(ran.variables.get("SSL_CERT_FILE").and_then(|value| value.as_str()), system);
}

#[test]
fn what_is_set_already_is_kept() {
    let world = World::new().with("corp/type", "ca-certificates").with("corp/all.pem", NAMES);
    let one = NAMES.split("# ").nth(1).unwrap();
    fs::write(world.path("mine.pem"), one.trim_end()).unwrap();
    let ran = world.run(&[
        ("SSL_CERT_DIR", "/a:/b"),
        ("SSL_CERT_FILE", "/c"),
        ("NODE_EXTRA_CA_CERTS", world.path("mine.pem").to_str().unwrap()),
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.variable("SSL_CERT_DIR").starts_with("/a:/b:/"), "{:?}", ran.variables);
    assert!(!ran.variables.contains_key("SSL_CERT_FILE"));
    let bundle = fs::read_to_string(ran.variable("NODE_EXTRA_CA_CERTS")).unwrap();
    assert_eq!(bundle.matches("-----BEGIN CERTIFICATE-----\n").count(), 10);
    let ran = world.run(&[("NODE_EXTRA_CA_CERTS", "/missing.pem")]);
    insta::assert_snapshot!(ran.stderr, @"
    ca-certificates: found 9 certificates in the binding `corp`
    warning: `NODE_EXTRA_CA_CERTS` is `/missing.pem`, which cannot be read: No such file or directory (os error 2)
    ");
    assert_eq!(certificates(ran.variable("NODE_EXTRA_CA_CERTS")).len(), 9);
}

/// Kubernetes has links to a directory that it exchanges for another.
#[test]
fn entries_may_be_links() {
    let world = World::new().with("corp/..1/type", "ca-certificates").with("corp/..1/ca.crt", NAMES);
    symlink("..1", world.path("bindings/corp/..data")).unwrap();
    for name in ["type", "ca.crt"] {
        symlink(format!("..data/{name}"), world.path("bindings/corp").join(name)).unwrap();
    }
    let ran = world.run(&[]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(0), "ca-certificates: found 9 certificates in the binding `corp`\n")
    );
}

#[test]
fn each_start_has_a_directory_of_its_own() {
    let world = World::new().with("corp/type", "ca-certificates").with("corp/all.pem", NAMES);
    assert_ne!(world.run(&[]).variable("SSL_CERT_DIR"), world.run(&[]).variable("SSL_CERT_DIR"));
}

#[test]
fn without_certificates_there_is_nothing_to_do() {
    for world in [World::new(), World::new().with("other/type", "postgresql"), World::new().with("other/key", "x")] {
        let ran = world.run(&[("TMPDIR", "/missing")]);
        assert_eq!((ran.code, ran.variables.len(), ran.stderr.as_str()), (Some(0), 0, ""));
        assert_eq!(world.run(&[("SERVICE_BINDING_ROOT", "")]).code, Some(0));
    }
    let ran = World::new().with("corp/type", "ca-certificates").run(&[]);
    insta::assert_snapshot!(ran.stderr, @"warning: the binding `corp` adds no certificate");
    assert_eq!((ran.code, ran.variables.len()), (Some(0), 0));
}

#[test]
fn mistakes_end_the_start() {
    let world =
        World::new().with("corp/type", "ca-certificates").with("corp/a.pem", NAMES).with("corp/key.pem", "secret");
    let ran = world.run(&[]);
    assert_eq!((ran.code, ran.variables.len()), (Some(1), 0));
    insta::assert_snapshot!(ran.stderr, @"error: `[world]/bindings/corp/key.pem` has no certificate: no line is `-----BEGIN CERTIFICATE-----`");
    assert!(fs::read_dir(world.path("tmp")).unwrap().next().is_none());
}

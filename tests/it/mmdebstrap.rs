//! The files of run images are those that mmdebstrap extracts from the same packages.

use crate::wattle;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use wattle_test_support::{Files, Image, Wattle, inventory, run};

/// What images are made of, a set each.
const SETS: [&str; 12] = [
    "base-files libc6",
    "ca-certificates netbase tzdata",
    "coreutils dash",
    "curl",
    "dbus passwd sudo",
    "libblas3",
    "perl-base mawk",
    "nginx",
    "postgresql-client",
    "python3",
    "redis-server",
    "sqlite3",
];

/// What mmdebstrap, apt and dpkg keep for themselves, and the root.
const OF_INSTALLERS: [&str; 11] = [
    "dev/",
    "etc/apt/",
    "etc/dpkg/dpkg.cfg.d/",
    "etc/fstab",
    "etc/hostname",
    "etc/resolv.conf",
    "var/cache/apt/",
    "var/lib/apt/",
    "var/lib/dpkg/",
    "var/log/apt/",
    "",
];

/// What scripts would have made, and the directories that every system has.
const MADE: [&str; 39] = [
    "bin",
    "boot",
    "dev",
    "etc/alternatives/",
    "etc/dpkg/origins/default",
    "etc/group",
    "etc/hosts",
    "etc/localtime",
    "etc/nginx/sites-enabled/default",
    "etc/nsswitch.conf",
    "etc/opt",
    "etc/passwd",
    "etc/shadow",
    "etc/ssl/certs/ca-certificates.crt",
    "etc/timezone",
    "home/",
    "lib",
    "lib64",
    "media",
    "mnt",
    "opt",
    "proc",
    "root",
    "run/",
    "sbin",
    "srv",
    "sys",
    "usr/bin",
    "usr/lib/ssl/",
    "usr/lib64",
    "usr/local/",
    "usr/sbin",
    "var/lib/dpkg/",
    "var/lock",
    "var/mail",
    "var/opt",
    "var/run",
    "var/spool/mail",
    "var/tmp",
];

#[test]
fn files_are_those_that_mmdebstrap_extracts() {
    if !is_here() {
        eprintln!("not compared: this machine has no mmdebstrap");
        return;
    }
    let wattle = wattle();
    let (next, threads) = (AtomicUsize::new(0), thread::available_parallelism().map_or(1, usize::from).min(4));
    let work = || {
        let taken = std::iter::from_fn(|| SETS.get(next.fetch_add(1, Ordering::Relaxed)));
        taken.flat_map(|packages| compare(&wattle, packages)).collect::<Vec<_>>()
    };
    let differences = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

fn is_here() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join("mmdebstrap").is_file())
}

/// What differs, and has no reason to.
fn compare(wattle: &Wattle, packages: &str) -> Vec<String> {
    let names: Vec<String> = packages.split(' ').map(|name| format!("{name:?}")).collect();
    let description = format!(
        "suite = \"bookworm\"\npackages = [{}]\ntargets = [\"amd64\"]\ndocs = true\nlocales = true\nallow-setuid = true\n",
        names.join(", ")
    );
    let directory = Files::of([("run.toml", &*description)]);
    let output = format!("oci:{}", directory.join("image").display());
    let create = wattle.args(["run-image", "create", "--output", &output]);
    create.arg(directory.join("run.toml")).run().succeeds();
    let ours = inventory(Image::verified(&directory.join("image"), "latest").tar(0));
    let theirs = extracted(wattle, &directory);
    assert!(theirs.len() > 100, "{packages}: {} paths", theirs.len());
    differences(&ours, &theirs).map(|line| format!("{packages}: {line}")).collect()
}

fn differences<'a>(
    ours: &'a BTreeMap<String, String>,
    theirs: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = String> + 'a {
    let homes = homes(ours);
    let is_known = move |path: &str, theirs: Option<&String>| match theirs {
        // A directory that becomes a link, or the home of a user that a script makes.
        Some(_) if ["var/lock", "var/run"].contains(&path) || homes.contains_key(path) => true,
        Some(_) => is_in(&OF_INSTALLERS, path),
        None => is_in(&MADE, path) || homes.contains_key(path),
    };
    let alternatives = |path: &str| ours.get(path).is_some_and(|line| line.starts_with("-> /etc/alternatives/"));
    let paths = ours.keys().chain(theirs.keys().filter(|path| !ours.contains_key(*path)));
    let differ = paths.filter(|path| ours.get(*path) != theirs.get(*path));
    let unknown = differ.filter(move |path| !is_known(path, theirs.get(*path)) && !alternatives(path));
    unknown.map(|path| format!("{path}: {:?}, and {:?} extracted", ours.get(path), theirs.get(path)))
}

/// True for a path, or what is in a directory and the directories on the way there.
fn is_in(all: &[&str], path: &str) -> bool {
    all.iter().any(|known| match known.strip_suffix('/') {
        Some(directory) => path == directory || path.starts_with(known) || known.starts_with(&format!("{path}/")),
        None => path == *known,
    })
}

/// Directories that belong to somebody.
fn homes(files: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_home = |line: &str| line.starts_with("directory") && !line.ends_with(" 0:0");
    files.iter().filter(|(_, line)| is_home(line)).map(|(path, line)| (path.clone(), line.clone())).collect()
}

/// What mmdebstrap makes of exactly the locked packages, by an archive of its own whose index says nothing of what they need.
fn extracted(wattle: &Wattle, directory: &Files) -> BTreeMap<String, String> {
    let archive = directory.join("archive");
    fs::create_dir(&archive).unwrap();
    let lock: toml::Table = directory.read("run.lock").parse().unwrap();
    let locked = lock["targets"]["amd64"]["package"].as_array().unwrap();
    let (mut index, mut names) = (String::new(), Vec::new());
    for package in locked {
        let fact = |name: &str| package[name].to_string().replace('"', "");
        let [name, version, architecture, sha256, size] =
            ["name", "version", "architecture", "sha256", "size"].map(fact);
        fs::copy(deb(wattle.store(), &sha256), archive.join(format!("{name}.deb"))).unwrap();
        let _ = writeln!(
            index,
            "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nFilename: ./{name}.deb\nSize: {size}\n\
             SHA256: {sha256}\nDescription: one of the lock\n"
        );
        names.push(name);
    }
    fs::write(archive.join("Packages"), index).unwrap();
    let (source, tar) = (format!("deb [trusted=yes] copy:{} ./", archive.display()), directory.join("extracted.tar"));
    let (include, target) = (format!("--include={}", names.join(",")), tar.to_string_lossy());
    let mode = ["--mode=root", "--variant=extract", "--architectures=amd64", "--skip=output/dev", "--quiet"];
    run("mmdebstrap", mode.into_iter().chain([&*include, "bookworm", &*target, &*source]));
    let found = inventory(File::open(tar).unwrap());
    found.into_iter().map(|(path, line)| (merged(path), line)).collect()
}

/// The store has downloads by their digests.
fn deb(store: &Path, sha256: &str) -> std::path::PathBuf {
    store.join("v1/blobs/sha256").join(&sha256[..2]).join(sha256)
}

/// Where a merged `/usr` has a path.
fn merged(path: String) -> String {
    let first = path.split('/').next().unwrap_or_default();
    if ["bin", "lib", "lib64", "sbin"].contains(&first) { format!("usr/{path}") } else { path }
}

//! The packages that are chosen are those that apt chooses, on whatever machine has apt and its indexes.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]
#![expect(clippy::disallowed_methods, reason = "apt is what this is compared with")]

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tempfile::TempDir;
use wattle_debian::resolve::{Request, Resolution, Root};
use wattle_debian::{Architecture, Cuts, Index, Installed, resolve};

/// What is asked for, each line by itself: what images are made of, and what has many dependencies or alternatives.
const ASKED: &str = "\
base-files
ca-certificates tzdata netbase
coreutils dash
bash
curl
git
python3
python3-pip
python3-numpy
python3-psycopg2
python3-django
nginx
apache2
openjdk-17-jre-headless
default-jre-headless
nodejs
postgresql-client
postgresql
libpq5
redis-server
mariadb-server
sqlite3
php-cli
php-mysql
ruby
ruby-rails
golang-go
build-essential
ffmpeg
imagemagick
openssh-server
gnupg
jq
tini
erlang-base
memcached
haproxy
cron
dbus
podman
libstdc++6 libatomic1 libc6
mawk
locales
";

/// Sets that differ, and why.
/// apt takes packages of equal standing by the order in which its cache has met their names; here it is that of the names.
const DIFFERENT: [(&str, &str); 1] = [("podman", "two packages stand equally for `container-network-stack`")];

#[test]
fn chooses_what_apt_chooses() {
    let Some(index) = indexes() else {
        eprintln!("not compared: this machine has no apt with package indexes");
        return;
    };
    let apt = Apt::new();
    let next = AtomicUsize::new(0);
    let asked: Vec<&str> = ASKED.lines().collect();
    let work = || {
        let taken = std::iter::from_fn(|| asked.get(next.fetch_add(1, Ordering::Relaxed)));
        taken.filter_map(|names| compare(&ours(&index, names), &apt.chooses(names), names)).collect::<Vec<_>>()
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let differences = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

type Set = Option<BTreeSet<String>>;

/// What differs and is not known to.
fn compare(ours: &Set, theirs: &Set, names: &str) -> Option<String> {
    let is_known = DIFFERENT.iter().any(|(known, _)| *known == names);
    (ours != theirs && !is_known).then(|| format!("{names}: {}", difference(ours, theirs)))
}

fn difference(ours: &Set, theirs: &Set) -> String {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            let only = |one: &BTreeSet<String>, other| one.difference(other).cloned().collect::<Vec<_>>().join(", ");
            format!("ours alone {}; apt's alone {}", only(ours, theirs), only(theirs, ours))
        }
        (ours, theirs) => format!("found by us: {}; by apt: {}", ours.is_some(), theirs.is_some()),
    }
}

/// Runs a program; nothing, if it is not there or fails.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// The indexes of this machine's apt, in apt's order.
fn indexes() -> Option<Index> {
    if output("dpkg", &["--print-architecture"])?.trim() != "amd64" {
        return None;
    }
    let paths = output("apt-get", &["indextargets", "--format", "$(FILENAME)", "Created-By: Packages"])?;
    let mut index = Index::default();
    for (at, path) in paths.lines().enumerate() {
        let text = output("/usr/lib/apt/apt-helper", &["cat-file", path])?;
        index = index.join(Index::read(&format!("archive-{at}"), &text.into_bytes().into()).unwrap());
    }
    let is_empty = index.names().next().is_none();
    (!is_empty).then_some(index)
}

fn ours(index: &Index, names: &str) -> Set {
    let packages: Vec<Root> = names.split(' ').map(|name| name.parse().unwrap()).collect();
    let (installed, cuts) = (Installed::none(), Cuts::none());
    let request = Request {
        packages: &packages,
        architecture: Architecture::Amd64,
        installed: &installed,
        recommends: false,
        cuts: &cuts,
    };
    let Resolution { packages, .. } = resolve(index, &request).ok()?;
    Some(packages.iter().map(|it| format!("{} {}", it.package.name, it.package.version)).collect())
}

/// apt where nothing is installed.
struct Apt {
    arguments: Vec<String>,
    /// Its state, and what it reads from the indexes, which all calls share.
    _directory: TempDir,
}

impl Apt {
    fn new() -> Apt {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        std::fs::write(path("status"), "").unwrap();
        let settings = [
            format!("Dir::State::status={}", path("status")),
            format!("Dir::State::extended_states={}", path("extended_states")),
            format!("Dir::Cache::pkgcache={}", path("pkgcache.bin")),
            format!("Dir::Cache::srcpkgcache={}", path("srcpkgcache.bin")),
            "APT::Architectures=amd64".to_owned(),
            "Debug::NoLocking=true".to_owned(),
        ];
        let mut arguments: Vec<_> = settings.into_iter().flat_map(|setting| ["-o".to_owned(), setting]).collect();
        arguments.extend(["--simulate", "--no-install-recommends", "install"].map(str::to_owned));
        let apt = Apt { arguments, _directory: directory };
        // The first call writes the caches, which the others share.
        apt.chooses("base-files");
        apt
    }

    /// What it would install: `Inst name (version archive [architecture])`.
    fn chooses(&self, names: &str) -> Set {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).chain(names.split(' ')).collect();
        let simulated = output("apt-get", &arguments)?;
        let line = |line: &str| {
            let (name, rest) = line.strip_prefix("Inst ")?.split_once(" (")?;
            Some(format!("{name} {}", rest.split_once(' ')?.0))
        };
        Some(simulated.lines().filter_map(line).collect())
    }
}

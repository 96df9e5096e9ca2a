//! The packages that are chosen are those that apt chooses, on whatever machine has apt and its indexes.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]
#![expect(clippy::disallowed_methods, reason = "apt is what this is compared with")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use wattle_debian::resolve::{Request, Resolution, Root};
use wattle_debian::{Architecture, Cuts, Index, Installed, resolve};

/// What is asked for, each line by itself: what images are made of, and what has many dependencies or alternatives.
const ASKED: &str = "\
base-files
ca-certificates tzdata netbase
coreutils dash
bash
curl
wget
git
python3
python3-pip
python3-venv
python3-numpy
python3-psycopg2
python3-django
nginx
nginx-full
apache2
openjdk-17-jre-headless
openjdk-17-jdk-headless
openjdk-17-jre
default-jre-headless
maven
nodejs
postgresql-client
postgresql
libpq5
libpq-dev
redis-server
mariadb-client
mariadb-server
sqlite3
php-cli
php-fpm
php-mysql
ruby
ruby-rails
ruby-dev
perl
golang-go
rustc
cargo
gcc
build-essential
clang
cmake
ffmpeg
imagemagick
libvips42
ghostscript
libreoffice-core
chromium
openssh-client
openssh-server
gnupg
unzip zip
jq
less vim-tiny
tini
dumb-init
fonts-dejavu
graphviz
gdal-bin
texlive-latex-base
erlang-base
mono-runtime
dotnet-host
r-base-core
lua5.4
guile-3.0
sbcl
ghc
memcached
haproxy
varnish
squid
supervisor
cron
exim4-daemon-light
postfix
systemd
dbus
x11-utils
xvfb
qemu-user-static
podman
docker.io
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
    let (mut differences, apt) = (Vec::new(), tempfile::tempdir().unwrap());
    for names in ASKED.lines() {
        let (ours, theirs) = (ours(&index, names), theirs(names, apt.path()));
        let is_known = DIFFERENT.iter().any(|(known, _)| *known == names);
        if ours != theirs && !is_known {
            differences.push(format!("{names}: {}", difference(&ours, &theirs)));
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

type Set = Option<BTreeSet<String>>;

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

/// What apt would install where nothing is: `Inst name (version archive [architecture])`. What it keeps from call to call is
/// in `directory`.
fn theirs(names: &str, directory: &Path) -> Set {
    let status = directory.join("status");
    if !status.exists() {
        std::fs::write(&status, "").unwrap();
    }
    let mut arguments = vec![
        "-o".to_owned(),
        format!("Dir::State::status={}", status.display()),
        "-o".to_owned(),
        format!("Dir::Cache::pkgcache={}", directory.join("pkgcache.bin").display()),
        "-o".to_owned(),
        format!("Dir::State::extended_states={}", directory.join("extended_states").display()),
    ];
    let fixed = [
        "-o",
        "APT::Architectures=amd64",
        "-o",
        "Debug::NoLocking=true",
        "--simulate",
        "--no-install-recommends",
        "install",
    ];
    arguments.extend(fixed.map(str::to_owned));
    arguments.extend(names.split(' ').map(str::to_owned));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let simulated = output("apt-get", &arguments)?;
    let line = |line: &str| {
        let (name, rest) = line.strip_prefix("Inst ")?.split_once(" (")?;
        Some(format!("{name} {}", rest.split_once(' ')?.0))
    };
    Some(simulated.lines().filter_map(line).collect())
}

//! What the maintainer scripts of some packages do when they are configured for the first time, as data.
//!
//! Only what programs in a container look at: no logs of logins, no settings of shells that are not there.

use super::keystore::keystore;
use super::{AssembleError, System, alternatives};
use crate::Unpacked;
use wattle_tree::Node;

/// What one package's scripts do.
type Effect = fn(&mut System) -> Result<(), AssembleError>;

const EFFECTS: [(&str, Effect); 5] = [
    ("base-files", base_files),
    ("ca-certificates", ca_certificates),
    ("netbase", netbase),
    ("nginx-common", nginx_common),
    ("tzdata", tzdata),
];

/// Directories that runtimes mount over, or that programs expect without asking.
const DIRECTORIES: [&str; 9] = ["dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "var/tmp"];

/// Where the C library looks names up. Without it, glibc would ask services that are not there.
const NSSWITCH: &str = "\
passwd: files
group: files
shadow: files
hosts: files dns
networks: files
protocols: files
services: files
";

const HOSTS: &str = "\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
";

/// Where certificates are installed, and where everybody looks for all of them in one file.
const CERTIFICATES: &str = "usr/share/ca-certificates";
const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
/// Where every Java of Debian's looks for them.
const JAVA_BUNDLE: &str = "etc/ssl/certs/java/cacerts";

/// Adds what every system needs.
pub(super) fn complete(system: &mut System) -> Result<(), AssembleError> {
    for directory in DIRECTORIES {
        system.directory(directory)?;
    }
    system.file("etc/nsswitch.conf", NSSWITCH)
}

/// Does what the scripts of these packages would have done. `bundle` has the certificates of the system below, if there is
/// one.
pub(super) fn apply(system: &mut System, packages: &[Unpacked], bundle: Option<&[u8]>) -> Result<(), AssembleError> {
    let is_there = |name: &str| packages.iter().any(|unpacked| unpacked.package.name == name);
    EFFECTS.iter().filter(|(name, _)| is_there(name)).try_for_each(|(_, effect)| effect(system))?;
    if is_there("ca-certificates-java") {
        let own = system.tree.file(BUNDLE).map(|file| read(&file.blob, "ca-certificates", BUNDLE)).transpose()?;
        if let Some(bundle) = own.as_deref().or(bundle) {
            system.missing(JAVA_BUNDLE, || Node::file(keystore(bundle)))?;
        }
    }
    alternatives::apply(system, packages)
}

fn read(blob: &wattle_tree::Blob, package: &str, path: &str) -> Result<Vec<u8>, AssembleError> {
    let failed = |source| AssembleError::Read { package: package.to_owned(), path: path.to_owned(), source };
    blob.to_vec().map_err(failed)
}

/// The directories of the file system standard, and the links that replace directories in `var`.
fn base_files(system: &mut System) -> Result<(), AssembleError> {
    for directory in ["etc/opt", "media", "mnt", "opt", "run/lock", "srv", "var/mail", "var/opt"] {
        system.directory(directory)?;
    }
    for directory in ["bin", "etc", "games", "include", "lib", "sbin", "share", "src"] {
        system.directory(&format!("usr/local/{directory}"))?;
    }
    system.link("etc/dpkg/origins/default", "debian")?;
    system.link("var/lock", "/run/lock")?;
    system.link("var/run", "/run")?;
    system.link("var/spool/mail", "../mail")
}

/// All certificates in one file, as `update-ca-certificates` writes it, and OpenSSL's names for it. The links by hash that it
/// makes beside are left out: they serve only programs that know a directory and no file.
fn ca_certificates(system: &mut System) -> Result<(), AssembleError> {
    let mut bundle = Vec::new();
    for found in system.tree.directory(CERTIFICATES).into_iter().flat_map(wattle_tree::Tree::walk) {
        let (Node::File(file), true) = (found.node, found.path.strip_suffix(".crt").is_some()) else { continue };
        let certificate = read(&file.blob, "ca-certificates", &format!("{CERTIFICATES}/{}", found.path))?;
        bundle.extend_from_slice(certificate.trim_ascii_end());
        bundle.push(b'\n');
    }
    system.missing(BUNDLE, || Node::file(bundle))?;
    system.link("usr/lib/ssl/cert.pem", &format!("/{BUNDLE}"))?;
    system.link("usr/lib/ssl/certs", "/etc/ssl/certs")
}

/// The site that answers until there is another one.
fn nginx_common(system: &mut System) -> Result<(), AssembleError> {
    system.directory("var/log/nginx")?;
    match system.tree.get("etc/nginx/sites-available/default") {
        Some(_) => system.link("etc/nginx/sites-enabled/default", "/etc/nginx/sites-available/default"),
        None => Ok(()),
    }
}

/// Names of the machine itself. Most runtimes lay their own file over it.
fn netbase(system: &mut System) -> Result<(), AssembleError> {
    system.file("etc/hosts", HOSTS)
}

/// Universal time, as servers keep it.
fn tzdata(system: &mut System) -> Result<(), AssembleError> {
    system.link("etc/localtime", "/usr/share/zoneinfo/Etc/UTC")?;
    system.file("etc/timezone", "Etc/UTC\n")
}

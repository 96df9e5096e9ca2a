//! Certificates to trust, as programs look for them.
//!
//! Two ask for this: the buildpack `wattle/ca-certificates`, which puts certificates into an image, and the program of this
//! crate, which runs in images before their processes (CNB exec.d) and takes certificates from service bindings.
//!
//! A directory with a file for each certificate, named after its subject, is what OpenSSL looks into (`SSL_CERT_DIR`); Go and
//! rustls read all files of it. Node reads one file (`NODE_EXTRA_CA_CERTS`). Both add to what is trusted already, which is
//! why there are no others: `REQUESTS_CA_BUNDLE` and its like take the place of a program's own list.

mod pem;
mod subject;

pub use pem::Malformed;

use pem::Certificate;
use std::collections::BTreeMap;

/// The type of service bindings whose entries are certificates.
pub const BINDING: &str = "ca-certificates";
/// Directories of certificates, with `:` between.
pub const DIRECTORIES: &str = "SSL_CERT_DIR";
/// A file of certificates: those of the system.
pub const FILE: &str = "SSL_CERT_FILE";
/// A file of certificates that Node trusts besides its own.
pub const NODE: &str = "NODE_EXTRA_CA_CERTS";

/// Below a directory of ours: the directory of certificates.
pub const DIRECTORY_NAME: &str = "certs";
/// Below a directory of ours: the file of certificates.
pub const BUNDLE_NAME: &str = "bundle.pem";

/// Where distributions keep the certificates of the system in one file; Debian's place first.
pub const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Where a distribution, by its `ID` in os-release, keeps the certificates of the system. One that is not known here does
/// as Debian does.
pub fn system_file(distribution: &str) -> &'static str {
    let [debian, fedora, suse, _] = SYSTEM;
    match distribution {
        "almalinux" | "amzn" | "centos" | "fedora" | "ol" | "rhel" | "rocky" => fedora,
        "opensuse-leap" | "opensuse-tumbleweed" | "sles" => suse,
        _ => debian,
    }
}

/// Certificates, each once, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Certificates(Vec<Certificate>);

impl Certificates {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds those of a PEM file (RFC 7468), and gives their number: one at least.
    pub fn add(&mut self, pem: &[u8]) -> Result<usize, Malformed> {
        let certificates = pem::read(pem)?;
        let count = certificates.len();
        for certificate in certificates {
            if !self.0.contains(&certificate) {
                self.0.push(certificate);
            }
        }
        Ok(count)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Files of a directory as OpenSSL looks for them: `<hash of the subject>.<number>`, each with a certificate.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut numbers: BTreeMap<u32, usize> = BTreeMap::new();
        let mut name = |certificate: &Certificate| {
            let number = numbers.entry(certificate.subject_hash).or_default();
            let name = format!("{:08x}.{number}", certificate.subject_hash);
            *number += 1;
            name
        };
        self.0.iter().map(|certificate| (name(certificate), certificate.to_pem())).collect()
    }

    /// All of them as one file.
    pub fn bundle(&self) -> String {
        self.0.iter().map(Certificate::to_pem).collect()
    }
}

//! Java's store of trusted certificates, in the format `JKS`, which every Java reads.
//!
//! `ca-certificates-java` runs a Java program to write it. The format is a header, an entry a certificate, and a digest of
//! all of it with the password that Java's own tools use.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

const MAGIC: u32 = 0xfeed_feed;
const VERSION: u32 = 2;
const TRUSTED: u32 = 2;
/// The password of every Java's own store.
const PASSWORD: &str = "changeit";
/// What the format has always mixed into its digest.
const SALT: &[u8] = b"Mighty Aphrodite";

/// The store of the certificates in `bundle`, which are in PEM; named by their place in it.
pub(super) fn keystore(bundle: &[u8]) -> Vec<u8> {
    let certificates = certificates(&String::from_utf8_lossy(bundle));
    let mut store = Vec::new();
    let number = |store: &mut Vec<u8>, number: usize| {
        store.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes());
    };
    store.extend_from_slice(&MAGIC.to_be_bytes());
    store.extend_from_slice(&VERSION.to_be_bytes());
    number(&mut store, certificates.len());
    for (at, certificate) in certificates.iter().enumerate() {
        store.extend_from_slice(&TRUSTED.to_be_bytes());
        text(&mut store, &format!("debian:{at:03}"));
        // The time at which it was added, which nothing looks at.
        store.extend_from_slice(&0_u64.to_be_bytes());
        text(&mut store, "X.509");
        number(&mut store, certificate.len());
        store.extend_from_slice(certificate);
    }
    let mut hasher = Sha1::new();
    hasher.update(PASSWORD.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>());
    hasher.update(SALT);
    hasher.update(&store);
    store.extend_from_slice(&hasher.finalize());
    store
}

fn text(store: &mut Vec<u8>, text: &str) {
    store.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    store.extend_from_slice(text.as_bytes());
}

/// The certificates in PEM text; what is none is left out.
fn certificates(bundle: &str) -> Vec<Vec<u8>> {
    let body = |part: &str| {
        let (body, _) = part.split_once("-----END CERTIFICATE-----")?;
        STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).ok()
    };
    bundle.split("-----BEGIN CERTIFICATE-----").skip(1).filter_map(body).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_every_certificate() {
        let pem = |bytes: &[u8]| {
            format!("# name\n-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(bytes))
        };
        let store = keystore(format!("{}{}", pem(b"first"), pem(b"second")).as_bytes());
        assert_eq!(store[..12], [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 2]);
        let holds = |bytes: &[u8]| store.windows(bytes.len()).any(|window| window == bytes);
        assert!(holds(b"first") && holds(b"second") && holds(b"debian:001"));
        assert_eq!(keystore(b"").len(), 12 + 20);
    }
}

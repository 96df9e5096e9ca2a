//! Content digests: `sha256:<hex>` and `sha512:<hex>` (OCI image specification, "Digests"), and the `sha512-<base64>`
//! notation of Subresource Integrity that lock files use.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::Digest as _;
use std::fmt;
use std::str::FromStr;

/// A hash function that Wattle accepts for content addressing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, what everything of ours is addressed by.
    Sha256,
    /// SHA-512, found in lock files.
    Sha512,
}

impl Algorithm {
    /// The name before the colon.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// Length of the digest in bytes.
    pub fn size(self) -> usize {
        match self {
            Algorithm::Sha256 => 32,
            Algorithm::Sha512 => 64,
        }
    }
}

/// The digest of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Digest {
    /// A SHA-256 digest.
    Sha256([u8; 32]),
    /// A SHA-512 digest.
    Sha512([u8; 64]),
}

/// Text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Neither `algorithm:hex` nor an integrity string.
    #[error("`{0}` is not a digest: expected `sha256:` or `sha512:` and hexadecimal digits in lower case")]
    Syntax(String),
    /// A hash function that is too weak or unknown.
    #[error("`{0}` has no digest that can be relied on: SHA-256 or SHA-512 is needed")]
    Algorithm(String),
}

impl Digest {
    /// The SHA-256 digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest::Sha256(sha2::Sha256::digest(bytes).into())
    }

    /// Which hash function it is of.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Digest::Sha256(_) => Algorithm::Sha256,
            Digest::Sha512(_) => Algorithm::Sha512,
        }
    }

    /// The digest without its algorithm.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Digest::Sha256(bytes) => bytes,
            Digest::Sha512(bytes) => bytes,
        }
    }

    /// The hexadecimal half of the usual notation.
    pub fn hex(&self) -> String {
        self.bytes().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    /// Reads a digest in either notation: `sha256:<hex>`, or Subresource Integrity text, of which the strongest digest
    /// counts (W3C Subresource Integrity, section 3.3).
    pub fn parse_any(text: &str) -> Result<Digest, DigestError> {
        match text.parse() {
            Ok(digest) => Ok(digest),
            Err(_) if text.contains('-') => Digest::parse_integrity(text),
            Err(error) => Err(error),
        }
    }

    fn parse_integrity(text: &str) -> Result<Digest, DigestError> {
        text.split_ascii_whitespace()
            .filter_map(|part| {
                let (name, rest) = part.split_once('-')?;
                let value = STANDARD.decode(rest.split('?').next()?).ok()?;
                from_parts(name, &value)
            })
            .max_by_key(Digest::algorithm)
            .ok_or_else(|| DigestError::Algorithm(text.to_owned()))
    }

    /// Subresource Integrity notation, `sha512-<base64>`.
    pub fn integrity(&self) -> String {
        format!("{}-{}", self.algorithm().name(), STANDARD.encode(self.bytes()))
    }
}

fn from_parts(algorithm: &str, bytes: &[u8]) -> Option<Digest> {
    match algorithm {
        "sha256" => Some(Digest::Sha256(bytes.try_into().ok()?)),
        "sha512" => Some(Digest::Sha512(bytes.try_into().ok()?)),
        _ => None,
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Digest, DigestError> {
        let syntax = || DigestError::Syntax(text.to_owned());
        let (algorithm, hex) = text.split_once(':').ok_or_else(syntax)?;
        if !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) || hex.len() % 2 != 0 {
            return Err(syntax());
        }
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).filter_map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect();
        from_parts(algorithm, &bytes).ok_or_else(syntax)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm().name(), self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Computes a digest of bytes as they pass.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

impl Hasher {
    /// Starts a digest.
    pub fn new(algorithm: Algorithm) -> Hasher {
        Hasher(match algorithm {
            Algorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            Algorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
        })
    }

    /// Takes more bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of all bytes taken in.
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Sha256(state) => Digest::Sha256(state.finalize().into()),
            State::Sha512(state) => Digest::Sha512(state.finalize().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn reads_and_writes_the_oci_notation() {
        assert_eq!(Digest::of(b"").to_string(), EMPTY);
        assert_eq!(EMPTY.parse::<Digest>(), Ok(Digest::of(b"")));
        for bad in ["", "sha256", "sha256:", "sha256:e3", &EMPTY.to_uppercase(), "md5:d41d8cd98f00b204e9800998ecf8427e"]
        {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }

    #[test]
    fn takes_the_strongest_of_an_integrity_string() {
        let strong = {
            let mut h = Hasher::new(Algorithm::Sha512);
            h.update(b"x");
            h.finish()
        };
        let text = format!("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= {} {}", Digest::of(b"x").integrity(), strong.integrity());
        assert_eq!(Digest::parse_any(&text), Ok(strong));
        assert!(matches!(Digest::parse_any("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="), Err(DigestError::Algorithm(_))));
    }
}

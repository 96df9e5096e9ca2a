//! Certificates in text form (RFC 7468).

use crate::subject;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// How the lines begin that begin and end something, and how both end.
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// What certificates are called: now, and in old files.
const LABELS: [&str; 2] = ["CERTIFICATE", "X509 CERTIFICATE"];
/// Characters of a line.
const WIDTH: usize = 64;

/// Why a file is not one of certificates. Lines are counted from 1.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Malformed {
    /// It is a certificate, but as bytes.
    #[error("is in DER form, and PEM is needed")]
    Binary,
    /// There is none.
    #[error("has no certificate: no line is `-----BEGIN CERTIFICATE-----`")]
    Empty,
    /// There is something else.
    #[error("has a part `{label}` in line {line}, where only certificates belong")]
    Other {
        /// What it is called.
        label: String,
        /// Where it begins.
        line: usize,
    },
    /// One does not end.
    #[error("ends within the certificate that begins in line {line}")]
    Open {
        /// Where it begins.
        line: usize,
    },
    /// One is not Base64.
    #[error("has a certificate in line {line} that is no Base64")]
    Text {
        /// Where it begins.
        line: usize,
    },
    /// One has other contents.
    #[error("has something in line {line} that is no X.509 certificate: {error}")]
    Contents {
        /// Where it begins.
        line: usize,
        /// What is wrong.
        error: der::Error,
    },
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    der: Vec<u8>,
    /// What OpenSSL finds it by.
    pub(crate) subject_hash: u32,
}

impl Certificate {
    /// It in text form.
    pub(crate) fn to_pem(&self) -> String {
        let text = STANDARD.encode(&self.der);
        let mut pem = format!("{BEGIN}{}{DASHES}\n", LABELS[0]);
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(WIDTH));
            pem.extend([line, "\n"]);
            rest = after;
        }
        pem.extend([END, LABELS[0], DASHES, "\n"]);
        pem
    }
}

/// The certificates of a file, one at least. Text around them is left out.
pub(crate) fn read(file: &[u8]) -> Result<Vec<Certificate>, Malformed> {
    let mut certificates = Vec::new();
    let mut lines = file.split(|byte| *byte == b'\n').map(String::from_utf8_lossy).zip(1..);
    while let Some((text, line)) = lines.next() {
        let Some(label) = marked(&text, BEGIN) else { continue };
        if !LABELS.contains(&label) {
            return Err(Malformed::Other { label: label.to_owned(), line });
        }
        let mut inside = String::new();
        loop {
            match lines.next() {
                Some((text, _)) if marked(&text, END) == Some(label) => break,
                Some((text, _)) if marked(&text, BEGIN).is_some() => return Err(Malformed::Open { line }),
                Some((text, _)) => inside.extend(text.split_whitespace()),
                None => return Err(Malformed::Open { line }),
            }
        }
        let der = STANDARD.decode(inside).map_err(|_| Malformed::Text { line })?;
        let subject_hash = subject::hash(&der).map_err(|error| Malformed::Contents { line, error })?;
        certificates.push(Certificate { der, subject_hash });
    }
    match certificates.is_empty() {
        true if subject::hash(file).is_ok() => Err(Malformed::Binary),
        true => Err(Malformed::Empty),
        false => Ok(certificates),
    }
}

/// What a line begins or ends.
fn marked<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    text.trim_start_matches('\u{feff}').trim().strip_prefix(mark)?.strip_suffix(DASHES)
}

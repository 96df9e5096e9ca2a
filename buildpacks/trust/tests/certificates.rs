//! Files of certificates, and the names that OpenSSL gives them.

#![expect(clippy::unwrap_used, reason = "a test that cannot get what it needs has failed")]

use wattle_trust::{Certificates, system_file};

/// Made by OpenSSL, each after a line with its name: subjects in every form of text.
const NAMES: &str = include_str!("fixtures/names.pem");

/// The certificate of this number, from 1, with the line that names it.
fn certificate(number: usize) -> String {
    let text = NAMES.split("# ").nth(number).unwrap();
    format!("# {text}")
}

fn read(pem: impl AsRef<[u8]>) -> Certificates {
    let mut certificates = Certificates::new();
    certificates.add(pem.as_ref()).unwrap();
    certificates
}

fn error(pem: impl AsRef<[u8]>) -> String {
    Certificates::new().add(pem.as_ref()).unwrap_err().to_string()
}

/// What `openssl x509 -subject_hash` says of each, in their order: `folded`, `printable`, `teletex`, `bmp`, `several`, twice
/// `same`, `ia5`, `none`.
#[test]
fn names_are_those_of_openssl() {
    let hashes = "c9b0731a dba40bfd 4987f1ba 8fd0ad30 7151e7a3 280f03b6 280f03b6 ce4775f0 eea339da";
    let found: Vec<String> = (1..=9)
        .map(|number| read(certificate(number)).files().keys().next().unwrap().trim_end_matches(".0").to_owned())
        .collect();
    assert_eq!(found.join(" "), hashes);
}

#[test]
fn each_is_there_once_and_those_of_one_name_are_counted() {
    let mut certificates = read(NAMES);
    assert_eq!(certificates.add(NAMES.as_bytes()), Ok(9));
    assert_eq!((certificates.len(), certificates.files().len()), (9, 9));
    let files = certificates.files();
    assert!(
        certificate(6).ends_with(&files["280f03b6.0"]) && certificate(7).ends_with(&files["280f03b6.1"]),
        "{files:?}"
    );
    let bundle = certificates.bundle();
    assert_eq!(read(&bundle).bundle(), bundle);
    assert_eq!(bundle.matches("-----BEGIN CERTIFICATE-----\n").count(), 9);
}

#[test]
fn text_may_look_as_it_likes() {
    let plain = read(certificate(1)).bundle();
    let windows = format!("\u{feff}{}", certificate(1).replace('\n', "\r\n"));
    let old = certificate(1).replace(" CERTIFICATE", " X509 CERTIFICATE");
    let indented = certificate(1).replace('\n', " \n  ");
    let one_line =
        plain.replace('\n', "").replace("CERTIFICATE-----", "CERTIFICATE-----\n").replace("-----END", "\n-----END");
    let unended = plain.trim_end().to_owned();
    for text in [windows, old, indented, one_line, unended] {
        assert_eq!(read(&text).bundle(), plain, "{text}");
    }
    let latin = [b"# Universit\xe4t\n".as_slice(), plain.as_bytes()].concat();
    assert_eq!(read(latin).bundle(), plain);
}

#[test]
fn errors_say_what_and_where() {
    let pem = certificate(1);
    insta::assert_snapshot!(error(""), @"has no certificate: no line is `-----BEGIN CERTIFICATE-----`");
    insta::assert_snapshot!(error("0\u{3}abc"), @"has no certificate: no line is `-----BEGIN CERTIFICATE-----`");
    insta::assert_snapshot!(error(format!("{pem}-----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY-----")), @"has a part `EC PRIVATE KEY` in line 12, where only certificates belong");
    insta::assert_snapshot!(error(pem.replace("-----END", "")), @"ends within the certificate that begins in line 2");
    insta::assert_snapshot!(error(format!("{}{pem}", pem.replace("-----END", ""))), @"ends within the certificate that begins in line 2");
    insta::assert_snapshot!(error(pem.replace("\nMII", "\nMI!")), @"has a certificate in line 2 that is no Base64");
    insta::assert_snapshot!(error(pem.replace("\nMII", "\nMIJ")), @"has something in line 2 that is no X.509 certificate: ASN.1 DER message is incomplete: expected 16767, actual 383 at DER byte 4");
    insta::assert_snapshot!(error("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), @"has something in line 1 that is no X.509 certificate: ASN.1 DER message is incomplete: expected 1, actual 0 at DER byte 0");
    insta::assert_snapshot!(error(std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/binary.der")).unwrap()), @"is in DER form, and PEM is needed");
}

#[test]
fn no_bytes_are_a_panic() {
    // Every way to shorten a certificate, and every way to change a byte of it.
    let der = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/binary.der")).unwrap();
    let pem = |der: &[u8]| {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    };
    for length in 0..der.len() {
        error(pem(&der[..length]));
    }
    for at in 0..der.len() {
        for value in [0, 1, 0x1c, 0x30, 0x7f, 0x80, 0x84, 0xff] {
            let mut changed = der.clone();
            changed[at] = value;
            let _ = Certificates::new().add(pem(&changed).as_bytes());
        }
    }
}

#[test]
fn distributions_have_their_places() {
    assert_eq!(
        ["debian", "rhel", "sles", "alpine"].map(system_file),
        [
            "/etc/ssl/certs/ca-certificates.crt",
            "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/ssl/ca-bundle.pem",
            "/etc/ssl/certs/ca-certificates.crt",
        ]
    );
}

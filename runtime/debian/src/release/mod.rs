//! What an archive says about one of its suites (Debian repository format, "Release files").

mod date;
mod signature;

use crate::control::{ControlError, Paragraph, not_a_digest, sha256};
use std::collections::BTreeMap;
use std::time::SystemTime;
use wattle_tree::Digest;

pub use signature::SignatureError;

/// A release file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// Its bytes are no text, or its frame is broken.
    #[error("cannot read the release file: {0}")]
    Text(&'static str),
    /// Its fields make no sense.
    #[error("cannot read the release file")]
    Control(#[from] ControlError),
    /// Nobody who is trusted signed it.
    #[error("cannot trust the release file")]
    Signature(#[from] SignatureError),
    /// It is no longer to be believed: whoever serves it may hold newer ones back.
    #[error("the release file of `{codename}` was valid until {until}: the archive, or the way to it, is out of date")]
    Expired {
        /// Code name of the release.
        codename: String,
        /// When it ended, as it is written.
        until: String,
    },
    /// It does not list a file that is needed.
    #[error("the release `{codename}` does not list `{path}`")]
    Unlisted {
        /// Code name of the release.
        codename: String,
        /// The file, relative to the release file.
        path: String,
    },
}

/// A release file: which suite it is of, and what its indexes are.
#[derive(Debug, Clone)]
pub struct Release {
    /// Name that moves from release to release, `stable`.
    pub suite: String,
    /// Name that stays, `bookworm`.
    pub codename: String,
    /// Version of the distribution, `12.11`; some suites have none.
    pub version: Option<String>,
    /// When it was made, as it is written (RFC 2822).
    pub date: String,
    /// When it is no longer to be believed, as it is written; some suites say nothing.
    pub valid_until: Option<String>,
    /// True if indexes can be had by their digests.
    pub by_hash: bool,
    files: BTreeMap<String, IndexFile>,
}

/// An index that a release lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexFile {
    /// Path relative to the release file: `main/binary-amd64/Packages.xz`.
    pub path: String,
    /// Length in bytes.
    pub size: u64,
    /// Digest of the bytes.
    pub digest: Digest,
}

impl IndexFile {
    /// The path by which an archive that has [`Release::by_hash`] gives these very bytes, even while it is being updated.
    pub fn by_hash(&self) -> String {
        let directory = self.path.rsplit_once('/').map_or(String::new(), |(directory, _)| format!("{directory}/"));
        format!("{directory}by-hash/SHA256/{}", self.digest.hex())
    }
}

impl Release {
    /// Reads `InRelease` after checking that a key of `keyring` signed it, and only what was signed. `keyring` has OpenPGP
    /// keys, binary as in `/usr/share/keyrings`, or armored.
    ///
    /// No clock is read: keys must have been valid when the signature says that it was made, and whether the release is
    /// still to be believed, [`Release::valid_until`] tells.
    pub fn verify(in_release: &[u8], keyring: &[u8]) -> Result<Release, ReleaseError> {
        Release::read(&signature::signed_text(text(in_release)?, keyring)?)
    }

    /// Reads `Release` or `InRelease` without looking at signatures: for those who trust the way by which it came.
    pub fn parse(release: &[u8]) -> Result<Release, ReleaseError> {
        Release::read(&unframed(text(release)?)?)
    }

    fn read(text: &str) -> Result<Release, ReleaseError> {
        let paragraph = Paragraph::only(text)?;
        let optional = |name| paragraph.get(name).map(str::to_owned);
        let files = paragraph.lines("SHA256")?.map(listed).collect::<Result<BTreeMap<_, _>, _>>()?;
        Ok(Release {
            suite: paragraph.need("Suite")?.to_owned(),
            codename: paragraph.need("Codename")?.to_owned(),
            version: optional("Version"),
            date: paragraph.need("Date")?.to_owned(),
            valid_until: optional("Valid-Until"),
            by_hash: paragraph.get("Acquire-By-Hash") == Some("yes"),
            files,
        })
    }

    /// Refuses a release that is no longer to be believed at this time. One that says nothing is believed forever.
    pub fn check_valid(&self, now: SystemTime) -> Result<(), ReleaseError> {
        let Some(until) = &self.valid_until else { return Ok(()) };
        let expected = "a date in universal time";
        let invalid = || ControlError::Invalid { field: "Valid-Until", value: until.clone(), expected };
        if now <= date::parse(until).ok_or_else(invalid)? {
            return Ok(());
        }
        Err(ReleaseError::Expired { codename: self.codename.clone(), until: until.clone() })
    }

    /// A file that the release lists, by its path relative to the release file.
    pub fn file(&self, path: &str) -> Result<&IndexFile, ReleaseError> {
        let unlisted = || ReleaseError::Unlisted { codename: self.codename.clone(), path: path.to_owned() };
        self.files.get(path).ok_or_else(unlisted)
    }

    /// The package index of a component for an architecture: `main`, `amd64`.
    pub fn packages(&self, component: &str, architecture: crate::Architecture) -> Result<&IndexFile, ReleaseError> {
        self.file(&format!("{component}/binary-{architecture}/Packages.xz"))
    }
}

/// One line of the table: digest, size, path.
fn listed(line: &str) -> Result<(String, IndexFile), ControlError> {
    let mut words = line.split_ascii_whitespace();
    let (Some(hex), Some(size), Some(path), None) = (words.next(), words.next(), words.next(), words.next()) else {
        let expected = "a digest, a size and a path";
        return Err(ControlError::Invalid { field: "SHA256", value: line.to_owned(), expected });
    };
    let digest = sha256(hex).ok_or_else(|| not_a_digest(hex))?;
    let number = |_| ControlError::Invalid { field: "SHA256", value: size.to_owned(), expected: "a number of bytes" };
    let size = size.parse().map_err(number)?;
    Ok((path.to_owned(), IndexFile { path: path.to_owned(), size, digest }))
}

fn text(bytes: &[u8]) -> Result<&str, ReleaseError> {
    std::str::from_utf8(bytes).map_err(|_| ReleaseError::Text("it is not UTF-8"))
}

/// The text without the frame of a cleartext signature (RFC 9580, section 7), if it has one.
fn unframed(text: &str) -> Result<String, ReleaseError> {
    let Some(framed) = text.strip_prefix("-----BEGIN PGP SIGNED MESSAGE-----\n") else {
        return Ok(text.to_owned());
    };
    let (_, body) = framed.split_once("\n\n").ok_or(ReleaseError::Text("its signature frame has no text"))?;
    let end = "\n-----BEGIN PGP SIGNATURE-----";
    let (body, _) = body.split_once(end).ok_or(ReleaseError::Text("its signature frame has no end"))?;
    Ok(body.lines().flat_map(|line| [line.strip_prefix("- ").unwrap_or(line), "\n"]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Architecture;

    const TEXT: &str = "\
Origin: Debian
Suite: stable
Version: 12.1
Codename: bookworm
Date: Sat, 22 Jul 2023 09:47:41 UTC
Acquire-By-Hash: yes
SHA256:
 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855        0 main/binary-amd64/Packages
 ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb        1 main/binary-amd64/Packages.xz
";

    fn check(text: &str) -> String {
        let found = Release::parse(text.as_bytes()).and_then(|release| {
            let index = release.packages("main", Architecture::Amd64)?.clone();
            Ok(format!("{} {} {:?}\n{index:#?}\n{}", release.codename, release.date, release.version, index.by_hash()))
        });
        found.unwrap_or_else(|error| crate::testing::reasons(&error))
    }

    #[test]
    fn reads_the_digest_of_the_index() {
        insta::assert_snapshot!(check(TEXT), @r#"
        bookworm Sat, 22 Jul 2023 09:47:41 UTC Some("12.1")
        IndexFile {
            path: "main/binary-amd64/Packages.xz",
            size: 1,
            digest: sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb,
        }
        main/binary-amd64/by-hash/SHA256/ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb
        "#);
    }

    #[test]
    fn reads_through_the_frame_of_a_signature() {
        let framed = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{}-----BEGIN PGP SIGNATURE-----\n\nabc\n",
            TEXT.replace("Origin", "- Origin")
        );
        assert_eq!(check(&framed), check(TEXT));
    }

    #[test]
    fn is_believed_as_long_as_it_says() {
        let text = format!("Valid-Until: Sat, 29 Jul 2023 09:47:41 UTC\n{TEXT}");
        let at = |seconds| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let check = |text: &str, seconds| Release::parse(text.as_bytes()).unwrap().check_valid(at(seconds));
        assert!(check(&text, 1_690_019_261).is_ok() && check(TEXT, u64::from(u32::MAX)).is_ok());
        insta::assert_snapshot!(check(&text, 1_700_000_000).unwrap_err(), @"the release file of `bookworm` was valid until Sat, 29 Jul 2023 09:47:41 UTC: the archive, or the way to it, is out of date");
        let error = check(&text.replace("29 Jul", "29 Juillet"), 0).unwrap_err();
        insta::assert_snapshot!(crate::testing::reasons(&error), @"cannot read the release file: its field `Valid-Until` has the value `Sat, 29 Juillet 2023 09:47:41 UTC`, which is not a date in universal time");
    }

    #[test]
    fn says_what_is_wrong() {
        insta::assert_snapshot!(check(&TEXT.replace("Codename", "Name")), @"cannot read the release file: it has no field `Codename`");
        insta::assert_snapshot!(check(&TEXT.replace("ca97", "CA97")), @"cannot read the release file: its field `SHA256` has the value `CA978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb`, which is not a SHA-256 digest");
        insta::assert_snapshot!(check(&TEXT.replace("       1 ", " one ")), @"cannot read the release file: its field `SHA256` has the value `one`, which is not a number of bytes");
        insta::assert_snapshot!(check(&TEXT.replace("Packages.xz", "Packages.gz")), @"the release `bookworm` does not list `main/binary-amd64/Packages.xz`");
        insta::assert_snapshot!(check("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n"), @"cannot read the release file: its signature frame has no text");
        insta::assert_snapshot!(check(&format!("{TEXT}\n{TEXT}")), @"cannot read the release file: it has 2 paragraphs of control data, and must have one");
    }
}

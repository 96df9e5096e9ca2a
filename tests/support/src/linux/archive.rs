//! An archive of Debian packages on this machine, signed by a key of its own.

use super::deb::Deb;
use super::files::Files;
use super::image::digest;
use super::served::Served;
use lzma_rust2::{XzOptions, XzWriter};
use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, KeyType, SecretKeyParamsBuilder, SignedPublicKey, SignedSecretKey,
};
use pgp::types::Password;
use rand::thread_rng;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::LazyLock;

/// When releases end that are current.
const FAR: &str = "Sat, 01 Jan 2095 00:00:00 UTC";

/// The key of every archive.
static KEY: LazyLock<SignedSecretKey> = LazyLock::new(key);

/// An archive with the releases `bookworm` and `bookworm-security` of Debian for `amd64`, with the same packages.
pub struct Archive {
    served: Served,
    keyring: Files,
}

impl Archive {
    /// One with these packages.
    pub fn of(packages: impl IntoIterator<Item = Deb>) -> Archive {
        let public = SignedPublicKey::from(KEY.clone()).to_armored_bytes(ArmorOptions::default());
        let keyring = Files::new().with("keyring.asc", public.expect("a key can be written"));
        let archive = Archive { served: Served::new(), keyring };
        archive.publish(packages);
        archive
    }

    /// Has these packages from now on, and no others.
    pub fn publish(&self, packages: impl IntoIterator<Item = Deb>) {
        self.publish_until(packages, FAR);
    }

    /// The same, valid until a time (RFC 2822).
    pub fn publish_until(&self, packages: impl IntoIterator<Item = Deb>, until: &str) {
        let mut index = String::new();
        for package in packages {
            let (path, bytes) = (package.path(), package.bytes());
            let digest = hex(&bytes);
            index += &package.control();
            let _ = writeln!(index, "Filename: {path}\nSize: {}\nSHA256: {digest}\n", bytes.len());
            self.served.put(&path, bytes);
        }
        let index = xz(index.as_bytes());
        for codename in ["bookworm", "bookworm-security"] {
            let release = format!(
                "Suite: {codename}\nCodename: {codename}\nDate: Sat, 01 Jan 2022 00:00:00 UTC\nValid-Until: {until}\n\
                 SHA256:\n {} {} main/binary-amd64/Packages.xz\n",
                hex(&index),
                index.len()
            );
            self.served.put(&format!("dists/{codename}/main/binary-amd64/Packages.xz"), index.clone());
            self.served.put(&format!("dists/{codename}/InRelease"), signed(&release));
        }
    }

    /// Changes the bytes of a file that it serves, and nothing that says what these should be.
    #[track_caller]
    pub fn tamper(&self, path: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
        self.served.put(path, change(self.served.get(path)));
    }

    /// Arguments by which the program takes this archive for Debian's, and believes nobody else.
    pub fn arguments(&self) -> Vec<String> {
        let url = self.served.url();
        let keyring = self.keyring.join("keyring.asc").to_string_lossy().into_owned();
        let registries = ["debian", "debian-security"].map(|name| format!("{name}={url}"));
        let [debian, security] = registries;
        ["--registry", &debian, "--registry", &security, "--keyring", &keyring].map(str::to_owned).into()
    }
}

fn key() -> SignedSecretKey {
    let mut parameters = SecretKeyParamsBuilder::default();
    parameters.key_type(KeyType::Ed25519Legacy).can_certify(true).can_sign(true).primary_user_id("archive".into());
    let parameters = parameters.build().expect("the parameters are right");
    parameters.generate(thread_rng()).expect("a key can be made")
}

/// A release file with a signature around it.
fn signed(text: &str) -> Vec<u8> {
    let message = CleartextSignedMessage::sign(thread_rng(), text, &KEY.primary_key, &Password::empty());
    let message = message.and_then(|message| message.to_armored_bytes(ArmorOptions::default()));
    message.expect("a text can be signed")
}

fn hex(bytes: &[u8]) -> String {
    digest(&mut &*bytes).trim_start_matches("sha256:").to_owned()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = XzWriter::new(Vec::new(), XzOptions::with_preset(1)).expect("memory can be written");
    writer.write_all(bytes).expect("memory can be written");
    writer.finish().expect("memory can be written")
}

//! Cleartext signatures (RFC 9580, section 7) by the keys of an archive.
//!
//! The library checks signatures; what makes a key one to be trusted for an archive is decided here.

use pgp::composed::{CleartextSignedMessage, Deserializable, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};
use pgp::types::{Duration, KeyDetails, Tag, Timestamp};

/// A signature that says nothing.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The keyring cannot be read.
    #[error("cannot read the keyring")]
    Keyring(#[source] pgp::errors::Error),
    /// The text is not signed, or its signatures cannot be read.
    #[error("it is not a signed text")]
    Message(#[source] pgp::errors::Error),
    /// No key of the keyring made a good signature.
    #[error(
        "it has {signatures} signatures and the keyring {keys} keys, but no signature is a good one by any of them"
    )]
    Untrusted {
        /// Signatures on the text.
        signatures: usize,
        /// Keys that were tried.
        keys: usize,
    },
}

/// The text that was signed, if a key of `keyring` signed it.
pub(super) fn signed_text(message: &str, keyring: &[u8]) -> Result<String, SignatureError> {
    let keys = read_keys(keyring)?;
    let (message, _) = CleartextSignedMessage::from_string(message).map_err(SignatureError::Message)?;
    let text = message.signed_text();
    let signatures = message.signatures();
    if !signatures.iter().any(|signature| keys.iter().any(|key| signed_by(signature, key, text.as_bytes()))) {
        return Err(SignatureError::Untrusted { signatures: signatures.len(), keys: keys.len() });
    }
    Ok(text.replace("\r\n", "\n"))
}

fn read_keys(keyring: &[u8]) -> Result<Vec<SignedPublicKey>, SignatureError> {
    let (keys, _) = SignedPublicKey::from_reader_many(keyring).map_err(SignatureError::Keyring)?;
    keys.collect::<Result<_, _>>().map_err(SignatureError::Keyring)
}

/// True if `key`, or a subkey that it lets sign, made this signature while it was valid.
fn signed_by(signature: &Signature, key: &SignedPublicKey, text: &[u8]) -> bool {
    let Some(made) = signature.created() else { return false };
    let strong = [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512];
    let of_text = matches!(signature.typ(), Some(SignatureType::Binary | SignatureType::Text));
    // One that expires cannot be judged without a clock; archives write `Valid-Until` instead.
    let lasting = signature.signature_expiration_time().is_none();
    if !of_text || !lasting || !signature.hash_alg().is_some_and(|hash| strong.contains(&hash)) || !stands(key, made) {
        return false;
    }
    let by_subkey = |subkey: &&SignedPublicSubKey| signature.verify(&subkey.key, text).is_ok();
    signature.verify(&key.primary_key, text).is_ok()
        || key.public_subkeys.iter().filter(by_subkey).any(|subkey| may_sign(subkey, key, made))
}

/// True if the primary key was neither expired at that time nor ever revoked.
fn stands(key: &SignedPublicKey, made: Timestamp) -> bool {
    let primary = &key.primary_key;
    if key.details.revocation_signatures.iter().any(|revocation| revocation.verify_key(primary).is_ok()) {
        return false;
    }
    let by_user = key.details.users.iter().flat_map(|user| {
        let own = |signature: &&Signature| {
            signature.typ() != Some(SignatureType::CertRevocation)
                && signature.verify_certification(primary, Tag::UserId, &user.id).is_ok()
        };
        user.signatures.iter().filter(own)
    });
    let direct = key.details.direct_signatures.iter().filter(|signature| signature.verify_key(primary).is_ok());
    newest(by_user.chain(direct)).is_some_and(|own| within(primary.created_at(), own, made))
}

/// True if the primary key says that the subkey signs for it, the subkey agrees, and it was not expired at that time.
fn may_sign(subkey: &SignedPublicSubKey, key: &SignedPublicKey, made: Timestamp) -> bool {
    let primary = &key.primary_key;
    let own = || subkey.signatures.iter().filter(|own| own.verify_subkey_binding(primary, &subkey.key).is_ok());
    if own().any(|own| own.typ() == Some(SignatureType::SubkeyRevocation)) {
        return false;
    }
    let Some(binding) = newest(own()) else { return false };
    let agreed =
        binding.embedded_signature().is_some_and(|back| back.verify_primary_key_binding(&subkey.key, primary).is_ok());
    agreed && binding.key_flags().sign() && within(subkey.key.created_at(), binding, made)
}

/// True if a key, made at `created`, was valid at `moment` by what its newest self-signature says.
fn within(created: Timestamp, own: &Signature, moment: Timestamp) -> bool {
    let lifetime = own.key_expiration_time().map_or(0, Duration::as_secs);
    created <= moment && (lifetime == 0 || moment.as_secs() - created.as_secs() < lifetime)
}

fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|signature| signature.created())
}

#[cfg(test)]
mod tests {
    const KEYRING: &[u8] = include_bytes!("../../testdata/keyring.asc");

    /// The code name in a text, if it may be believed. The texts, the keyring and all their dates are of GnuPG's making.
    fn check(message: &str) -> String {
        match crate::Release::verify(message.as_bytes(), KEYRING) {
            Ok(release) => release.codename,
            Err(error) => crate::testing::reasons(&error),
        }
    }

    #[test]
    fn believes_a_key_and_the_subkeys_that_it_lets_sign() {
        assert_eq!(check(include_str!("../../testdata/by-primary.asc")), "bookworm");
        assert_eq!(check(include_str!("../../testdata/by-rsa.asc")), "bookworm");
        assert_eq!(check(include_str!("../../testdata/by-subkey.asc")), "bookworm");
        assert_eq!(check(include_str!("../../testdata/while-valid.asc")), "bookworm");
    }

    #[test]
    fn believes_nobody_else() {
        for message in [
            include_str!("../../testdata/after-expiry.asc"),
            include_str!("../../testdata/by-expired-subkey.asc"),
            include_str!("../../testdata/by-revoked.asc"),
            include_str!("../../testdata/by-stranger.asc"),
            include_str!("../../testdata/weak-digest.asc"),
            &include_str!("../../testdata/by-primary.asc").replace("bookworm", "bookwarm"),
        ] {
            insta::allow_duplicates! { insta::assert_snapshot!(check(message), @"cannot trust the release file: it has 1 signatures and the keyring 4 keys, but no signature is a good one by any of them") }
        }
    }

    #[test]
    fn only_what_was_signed_is_read() {
        let signed = include_str!("../../testdata/by-primary.asc");
        assert_ne!(check(&format!("Codename: sid\n{signed}")), "bookworm");
        assert_ne!(check(&format!("{signed}\nCodename: sid\n")), "sid");
        insta::assert_snapshot!(check("Codename: sid\n"), @"cannot trust the release file: it is not a signed text: not enough bytes in buffer: cleartext header");
        let error = crate::Release::verify(signed.as_bytes(), b"no keys").unwrap_err();
        insta::assert_snapshot!(crate::testing::reasons(&error), @"cannot trust the release file: cannot read the keyring: not enough bytes in buffer: armor header");
    }
}

//! The number by which OpenSSL finds a certificate in a directory: the beginning of a digest of its subject, in a form in
//! which names are equal that are equal for people.

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode as _, Encode as _, ErrorKind, Reader as _, Result, SliceReader, Tag, TagNumber, Tagged as _};
use sha1::{Digest as _, Sha1};

/// Where a certificate says which version of X.509 it follows, if it does.
const VERSION: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber::N0 };

/// The number of a certificate's subject. Fails for what is no certificate.
pub(crate) fn hash(certificate: &[u8]) -> Result<u32> {
    let digest: [u8; 20] = Sha1::digest(canonical(subject(certificate)?)?).into();
    let [a, b, c, d, ..] = digest;
    Ok(u32::from_le_bytes([a, b, c, d]))
}

/// The subject, as it is written (RFC 5280, section 4.1).
fn subject(certificate: &[u8]) -> Result<AnyRef<'_>> {
    AnyRef::from_der(certificate)?.sequence(|certificate| {
        let subject = AnyRef::decode(certificate)?.sequence(subject_of_signed)?;
        let _algorithm = AnyRef::decode(certificate)?;
        let _signature = BitStringRef::decode(certificate)?;
        Ok(subject)
    })
}

fn subject_of_signed<'c>(signed: &mut SliceReader<'c>) -> Result<AnyRef<'c>> {
    if signed.peek_tag()? == VERSION {
        AnyRef::decode(signed)?;
    }
    // Serial number, algorithm, issuer and validity come first.
    for _ in 0..4 {
        AnyRef::decode(signed)?;
    }
    let subject = AnyRef::decode(signed)?;
    while !signed.is_finished() {
        AnyRef::decode(signed)?;
    }
    Ok(subject)
}

/// A name (RFC 5280, section 4.1.2.4) in the form that is compared: the sets that it consists of, one behind the other.
fn canonical(name: AnyRef<'_>) -> Result<Vec<u8>> {
    name.sequence(|sets| {
        let mut all = Vec::new();
        while !sets.is_finished() {
            let set = AnyRef::decode(sets)?;
            set.tag().assert_eq(Tag::Set)?;
            let mut attributes = Vec::new();
            let mut inside = SliceReader::new(set.value())?;
            while !inside.is_finished() {
                attributes.push(attribute(AnyRef::decode(&mut inside)?)?);
            }
            attributes.sort();
            all.extend(AnyRef::new(Tag::Set, &attributes.concat())?.to_der()?);
        }
        Ok(all)
    })
}

/// One part of a name: what it is, and its text, which is UTF-8 whatever it was.
fn attribute(attribute: AnyRef<'_>) -> Result<Vec<u8>> {
    attribute.sequence(|parts| {
        let kind = AnyRef::decode(parts)?.to_der()?;
        let value = AnyRef::decode(parts)?;
        let value = match text(value)? {
            Some(text) => AnyRef::new(Tag::Utf8String, folded(&text).as_bytes())?.to_der()?,
            None => value.to_der()?,
        };
        AnyRef::new(Tag::Sequence, &[kind, value].concat())?.to_der()
    })
}

/// The text of a value; none if it is of a type whose values are compared as they are.
fn text(value: AnyRef<'_>) -> Result<Option<String>> {
    let bytes = value.value();
    let text = match value.tag() {
        Tag::Utf8String => std::str::from_utf8(bytes).ok().map(str::to_owned),
        // A byte stands for the character of its number, whatever the type promised.
        Tag::PrintableString | Tag::TeletexString | Tag::Ia5String | Tag::VisibleString => {
            Some(bytes.iter().copied().map(char::from).collect())
        }
        Tag::BmpString => {
            let (units, rest) = bytes.as_chunks::<2>();
            let characters = units.iter().map(|unit| char::from_u32(u16::from_be_bytes(*unit).into()));
            characters.collect::<Option<String>>().filter(|_| rest.is_empty())
        }
        _ => return Ok(None),
    };
    text.map(Some).ok_or_else(|| ErrorKind::Value { tag: value.tag() }.into())
}

/// Without blanks at either end, with one for several, and in small letters as far as ASCII has them.
fn folded(text: &str) -> String {
    let words = text.split([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

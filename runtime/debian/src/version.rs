//! Versions of packages, in Debian's order.

use std::cmp::Ordering;
use std::fmt;

/// The version of a package, `[epoch:]upstream[-revision]` (Debian Policy, section 5.6.12). Equality is that of the order:
/// `1.0` and `0:1.0-0` are the same version.
#[derive(Debug, Clone)]
pub struct Version(String);

impl Version {
    /// The version that `text` spells. Any text has a place in the order.
    pub fn new(text: &str) -> Version {
        Version(text.to_owned())
    }

    /// As it was spelled.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Epoch without leading zeros, upstream version, revision.
    fn parts(&self) -> (&str, &str, &str) {
        let (epoch, rest) = self.0.split_once(':').unwrap_or(("", &self.0));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        (epoch, upstream, revision)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Version) -> Ordering {
        let (ours, theirs) = (self.parts(), other.parts());
        compare(ours.0, theirs.0).then_with(|| compare(ours.1, theirs.1)).then_with(|| compare(ours.2, theirs.2))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Version) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Compares one part: in turn what is no digit, byte by byte, and what is digits, as a number of any length.
fn compare(ours: &str, theirs: &str) -> Ordering {
    let (mut ours, mut theirs) = (ours.as_bytes(), theirs.as_bytes());
    while !(ours.is_empty() && theirs.is_empty()) {
        let (our_text, our_rest) = split(ours, |byte| !byte.is_ascii_digit());
        let (their_text, their_rest) = split(theirs, |byte| !byte.is_ascii_digit());
        let (our_number, our_rest) = split(our_rest, u8::is_ascii_digit);
        let (their_number, their_rest) = split(their_rest, u8::is_ascii_digit);
        match compare_text(our_text, their_text).then_with(|| compare_numbers(our_number, their_number)) {
            Ordering::Equal => (ours, theirs) = (our_rest, their_rest),
            decided => return decided,
        }
    }
    Ordering::Equal
}

fn split(bytes: &[u8], matches: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().position(|byte| !matches(byte)).unwrap_or(bytes.len()))
}

/// `~` sorts before the end, the end before letters, letters before everything else.
fn compare_text(ours: &[u8], theirs: &[u8]) -> Ordering {
    let weight = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        None => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    };
    let longest = ours.len().max(theirs.len());
    (0..longest)
        .map(|at| weight(ours.get(at)).cmp(&weight(theirs.get(at))))
        .find(|o| o.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn compare_numbers(ours: &[u8], theirs: &[u8]) -> Ordering {
    let (_, ours) = split(ours, |byte| *byte == b'0');
    let (_, theirs) = split(theirs, |byte| *byte == b'0');
    ours.len().cmp(&theirs.len()).then_with(|| ours.cmp(theirs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn orders_as_debian_does() {
        let ascending = [
            "1.0~~",
            "1.0~~a",
            "1.0~",
            "1.0~rc1-1",
            "1.0",
            "1.0-0.1",
            "1.0-1~deb12u1",
            "1.0-1",
            "1.0-1+b1",
            "1.0-10",
            "1.0a",
            "1.0+dfsg",
            "1.0.1",
            "1.2",
            "1.10",
            "12",
            "2025b-0+deb12u2",
            "1:0.1",
            "10:0",
        ];
        for pair in ascending.windows(2) {
            assert!(Version::new(pair[0]) < Version::new(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn spellings_of_one_version_are_equal() {
        assert_eq!(Version::new("1.0"), Version::new("0:1.0-0"));
        assert_eq!(Version::new("1.001"), Version::new("1.1"));
        assert_ne!(Version::new("1.0"), Version::new("1:1.0"));
    }

    proptest! {
        #[test]
        fn is_an_order(versions in prop::collection::vec("[0-2]?:?[a0-1~.+-]{0,6}", 3)) {
            let [a, b, c] = [0, 1, 2].map(|at| Version::new(&versions[at]));
            prop_assert_eq!(a.cmp(&a), Ordering::Equal);
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }
    }
}

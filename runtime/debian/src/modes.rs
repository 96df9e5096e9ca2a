//! Owners and modes in a tar, which a tree does not keep, read on the way past.

use crate::assemble::Attributes;
use std::collections::BTreeMap;
use std::io::{self, Read};

const BLOCK: usize = 512;
/// Most bytes of a long name.
const MAX_NAME: u64 = 1 << 16;

/// Passes a tar on, and notes what is not the superuser's with mode 0755 or 0644. What is no good tar is passed on as well:
/// whoever unpacks it says so.
pub(crate) struct Headers<R> {
    reader: R,
    header: Vec<u8>,
    /// Bytes of contents, filled up to whole blocks, before the next header.
    contents: u64,
    /// A name that is too long for a header, as it comes by, and its length.
    name: Vec<u8>,
    name_length: u64,
    found: BTreeMap<String, Attributes>,
}

impl<R: Read> Headers<R> {
    pub(crate) fn new(reader: R) -> Headers<R> {
        Headers { reader, header: Vec::new(), contents: 0, name: Vec::new(), name_length: 0, found: BTreeMap::new() }
    }

    /// What was noted, by path.
    pub(crate) fn found(self) -> BTreeMap<String, Attributes> {
        self.found
    }

    fn see(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let wanted = match self.contents {
                0 => BLOCK - self.header.len(),
                left => usize::try_from(left).unwrap_or(usize::MAX),
            };
            let (seen, rest) = bytes.split_at(wanted.min(bytes.len()));
            bytes = rest;
            if self.contents > 0 {
                self.contents -= seen.len() as u64;
                let missing = usize::try_from(self.name_length).unwrap_or_default().saturating_sub(self.name.len());
                self.name.extend_from_slice(&seen[..missing.min(seen.len())]);
                continue;
            }
            self.header.extend_from_slice(seen);
            if self.header.len() == BLOCK {
                let header = std::mem::take(&mut self.header);
                self.note(&header);
            }
        }
    }

    fn note(&mut self, header: &[u8]) {
        let number = |range: std::ops::Range<usize>| octal(&header[range]);
        let (Some(mode), Some(uid), Some(gid), Some(size)) =
            (number(100..108), number(108..116), number(116..124), number(124..136))
        else {
            return;
        };
        let kind = header[156];
        self.contents =
            if matches!(kind, b'0' | 0 | b'L' | b'K' | b'x' | b'g') { size.next_multiple_of(512) } else { 0 };
        if kind == b'L' && size <= MAX_NAME {
            (self.name, self.name_length) = (Vec::new(), size);
            return;
        }
        if matches!(kind, b'K' | b'x' | b'g') {
            return;
        }
        let long = std::mem::take(&mut self.name);
        self.name_length = 0;
        let name = if long.is_empty() { short_name(header) } else { text(&long) };
        let usual = if kind == b'5' || mode & 0o111 != 0 { 0o755 } else { 0o644 };
        let [mode, uid, gid] = [mode & 0o7777, uid, gid].map(|number| u32::try_from(number).unwrap_or_default());
        if matches!(kind, b'0' | 0 | b'5') && (mode, uid, gid) != (usual, 0, 0) {
            let path = name.trim_start_matches("./").trim_matches('/').to_owned();
            self.found.insert(path, Attributes { uid, gid, mode });
        }
    }
}

impl<R: Read> Read for Headers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.see(&buffer[..count]);
        Ok(count)
    }
}

/// Name and, in ustar, what comes before it.
fn short_name(header: &[u8]) -> String {
    let name = text(&header[..100]);
    match &header[257..263] {
        b"ustar\0" if header[345] != 0 => format!("{}/{name}", text(&header[345..500])),
        _ => name,
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn octal(field: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar(entries: &[(&str, u32, u64, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, mode, uid, contents) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_mode(*mode);
            header.set_uid(*uid);
            header.set_gid(0);
            header.set_size(contents.len() as u64);
            header.set_entry_type(if name.ends_with('/') {
                tar::EntryType::Directory
            } else {
                tar::EntryType::Regular
            });
            builder.append_data(&mut header, name, *contents).unwrap();
        }
        builder.into_inner().unwrap()
    }

    /// Reads in pieces of this size.
    fn check(bytes: &[u8], piece: usize) -> String {
        let mut headers = Headers::new(bytes);
        let mut buffer = vec![0; piece];
        while headers.read(&mut buffer).unwrap() > 0 {}
        headers
            .found()
            .iter()
            .map(|(path, at)| format!("{path} {} {:o}\n", at.uid, at.mode))
            .collect::<Vec<_>>()
            .concat()
    }

    #[test]
    fn notes_what_is_unusual() {
        let long = format!("usr/{}/tool", "long/".repeat(40));
        let big = vec![b'x'; 1500];
        let bytes = tar(&[
            ("usr/", 0o755, 0, b""),
            ("usr/bin/sudo", 0o4755, 0, &big),
            ("etc/x", 0o644, 0, b"1"),
            (&long, 0o2755, 0, b"2"),
            ("var/mail/", 0o2775, 0, b""),
            ("var/lib/x", 0o644, 33, b""),
        ]);
        let whole = check(&bytes, 4096);
        insta::assert_snapshot!(whole.replace(&long, "LONG"), @r#"
         0 0
        usr/bin/sudo 0 4755
        LONG 0 2755
        var/lib/x 33 644
        var/mail 0 2775
        "#);
        for piece in [1, 7, 511, 513] {
            assert_eq!(check(&bytes, piece), whole, "{piece}");
        }
    }
}

//! Tar in one fixed form.
//!
//! The same input gives the same bytes as the reference implementation of the buildpack specification does, for the sake
//! of equal digests: USTAR where it can say what there is to say, PAX records (POSIX.1-2001) for the rest; no owner's
//! name; one date for all; absolute names, without a slash at the end of directories; two empty blocks at the end.

use super::source::{Entry, Kind};
use std::io::{self, BufReader, Write};

/// One second after the epoch of DOS, 1980-01-01T00:00:01Z, which every archive format can express.
const MTIME: u64 = 315_532_801;
const BLOCK: usize = 512;
/// How much of a file is read at once, in bytes.
const COPY: usize = 256 << 10;
/// Longest name, and longest link target, of a USTAR header.
const MAX_NAME: usize = 100;
/// Longest prefix of a name in a USTAR header.
const MAX_PREFIX: usize = 155;
/// Largest size in eleven octal digits, and largest owner in seven.
const MAX_SIZE: u64 = 0o777_7777_7777;
const MAX_OWNER: u32 = 0o777_7777;

/// Writes one entry, its contents included.
pub(super) fn write_entry(out: &mut impl Write, entry: &Entry<'_>) -> io::Result<()> {
    let records = pax_records(entry);
    if !records.is_empty() {
        out.write_all(&pax_header(&entry.path, records.len() as u64))?;
        out.write_all(records.as_bytes())?;
        pad(out, records.len() as u64)?;
    }
    out.write_all(&header(entry, !records.is_empty()))?;
    match entry.kind {
        Kind::File(file) => {
            let capacity = usize::try_from(file.blob.len()).unwrap_or(COPY).min(COPY);
            let copied = io::copy(&mut BufReader::with_capacity(capacity, file.blob.reader()), out)?;
            if copied == file.blob.len() { pad(out, copied) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
        }
        Kind::Directory | Kind::Symlink(_) => Ok(()),
    }
}

/// Writes what marks the end.
pub(super) fn write_end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK])
}

fn pad(out: &mut impl Write, len: u64) -> io::Result<()> {
    let over = usize::try_from(len % BLOCK as u64).unwrap_or(0);
    if over == 0 { Ok(()) } else { out.write_all(&[0; BLOCK][over..]) }
}

/// What the USTAR header cannot say. If there is anything, then also what it could say only by splitting the name.
fn pax_records(entry: &Entry<'_>) -> String {
    let long = |text: &str| text.len() > MAX_NAME || !text.is_ascii();
    let target = if let Kind::Symlink(target) = entry.kind { target } else { "" };
    let size = entry.kind.size();
    let fits_ustar = (!long(&entry.path) || split(&entry.path).is_some())
        && !long(target)
        && size <= MAX_SIZE
        && entry.owner.uid.max(entry.owner.gid) <= MAX_OWNER;
    if fits_ustar {
        return String::new();
    }
    let records = [
        (entry.owner.gid > MAX_OWNER).then(|| record("gid", &entry.owner.gid.to_string())),
        long(target).then(|| record("linkpath", target)),
        long(&entry.path).then(|| record("path", &entry.path)),
        (size > MAX_SIZE).then(|| record("size", &size.to_string())),
        (entry.owner.uid > MAX_OWNER).then(|| record("uid", &entry.owner.uid.to_string())),
    ];
    records.into_iter().flatten().collect()
}

/// `<length> <key>=<value>\n`, where the length counts its own digits.
fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let mut len = rest + rest.to_string().len();
    if len.to_string().len() > rest.to_string().len() {
        len += 1;
    }
    format!("{len} {key}={value}\n")
}

/// Cuts a name in two at its last slash that leaves both halves short enough.
fn split(path: &str) -> Option<(&str, &str)> {
    if path.len() <= MAX_NAME || !path.is_ascii() {
        return None;
    }
    let slash = path[..path.len().min(MAX_PREFIX + 1)].rfind('/')?;
    let (prefix, name) = (&path[..slash], &path[slash + 1..]);
    (!prefix.is_empty() && name.len() <= MAX_NAME).then_some((prefix, name))
}

fn header(entry: &Entry<'_>, pax: bool) -> [u8; BLOCK] {
    let (prefix, name) = if pax { None } else { split(&entry.path) }.unwrap_or(("", &entry.path));
    let (mode, kind, target) = match entry.kind {
        Kind::Directory => (0o755, b'5', ""),
        Kind::File(file) if file.executable => (0o755, b'0', ""),
        Kind::File(_) => (0o644, b'0', ""),
        Kind::Symlink(target) => (0o777, b'2', target),
    };
    let mut block = [0; BLOCK];
    put_name(&mut block[..100], name);
    put_octal(&mut block[100..108], entry.mode.map_or(mode, u64::from));
    put_octal(&mut block[108..116], in_range(entry.owner.uid.into(), MAX_OWNER.into()));
    put_octal(&mut block[116..124], in_range(entry.owner.gid.into(), MAX_OWNER.into()));
    put_octal(&mut block[124..136], in_range(entry.kind.size(), MAX_SIZE));
    put_octal(&mut block[136..148], MTIME);
    block[156] = kind;
    put_name(&mut block[157..257], target);
    put_octal(&mut block[329..337], 0);
    put_octal(&mut block[337..345], 0);
    put_text(&mut block[345..500], prefix);
    seal(block)
}

/// The header of the records: nobody's, of no time.
fn pax_header(path: &str, size: u64) -> [u8; BLOCK] {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = ascii(&format!("{directory}/PaxHeaders.0/{name}"));
    let mut block = [0; BLOCK];
    put_text(&mut block[..100], name[..name.len().min(MAX_NAME)].trim_end_matches('/'));
    put_octal(&mut block[100..108], 0);
    put_octal(&mut block[108..116], 0);
    put_octal(&mut block[116..124], 0);
    put_octal(&mut block[124..136], size);
    put_octal(&mut block[136..148], 0);
    block[156] = b'x';
    seal(block)
}

/// Adds what says that it is USTAR, and the checksum, which counts its own place as spaces.
fn seal(mut block: [u8; BLOCK]) -> [u8; BLOCK] {
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    put_octal(&mut block[148..155], sum);
    block
}

/// A number that has its own record stands as zero.
fn in_range(value: u64, max: u64) -> u64 {
    if value > max { 0 } else { value }
}

/// Octal digits over the whole field, and a NUL.
fn put_octal(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    field[..digits].copy_from_slice(format!("{value:0digits$o}").as_bytes());
    field[digits] = 0;
}

fn put_text(field: &mut [u8], text: &str) {
    let len = text.len().min(field.len());
    field[..len].copy_from_slice(&text.as_bytes()[..len]);
}

/// A name that is cut must not end in a slash: old readers would take the file for a directory.
fn put_name(field: &mut [u8], name: &str) {
    let name = ascii(name);
    let cut = &name[..name.len().min(field.len())];
    let text = if cut.len() < name.len() { cut.trim_end_matches('/') } else { cut };
    put_text(field, text);
}

/// What can be said in ASCII; the whole name is in a record then.
fn ascii(text: &str) -> String {
    text.chars().filter(char::is_ascii).collect()
}

impl Kind<'_> {
    /// Bytes of contents.
    fn size(&self) -> u64 {
        if let Kind::File(file) = self { file.blob.len() } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_the_digits_of_its_own_length() {
        assert_eq!(record("path", "x"), "9 path=x\n");
        assert_eq!(record("path", ""), "8 path=\n");
        for len in 80..100 {
            let record = record("path", &"x".repeat(len));
            assert_eq!(record.split(' ').next(), Some(record.len().to_string().as_str()));
        }
    }

    #[test]
    fn a_name_is_cut_at_its_last_slash_that_will_do() {
        let (a, b) = ("a".repeat(99), "b".repeat(99));
        assert_eq!(split("/short"), None);
        assert_eq!(split(&format!("/{a}/{b}")), Some((format!("/{a}").as_str(), b.as_str())));
        assert_eq!(split(&format!("/{a}{a}")), None);
        assert_eq!(split(&format!("/{a}/{b}bb")), None);
        assert_eq!(split(&format!("/{}/{b}", "ä".repeat(30))), None);
    }
}

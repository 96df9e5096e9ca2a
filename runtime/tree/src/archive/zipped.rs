//! zip (PKWARE APPNOTE 6.3), with stored and deflated entries.

use super::builder::Builder;
use super::meter::{Meter, Metered};
use super::{ArchiveError, keep};
use crate::{Blob, File, Scratch};
use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use zip::read::{ArchiveOffset, Config, ZipFile};
use zip::result::ZipError;
use zip::{ZipArchive, ZipReadOptions};

const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const SYMLINK: u32 = 0o120_000;
/// Longest link target that is read, in bytes; the rules for links are stricter still.
const MAX_TARGET: u64 = 64 << 10;
/// Bytes that the table of entries, which is kept in memory, may have.
const TABLE_BYTES: u64 = 32 << 20;
/// Bytes that are read at once.
const WINDOW: usize = 64 << 10;

/// True if a zip begins like this: with its first entry, or with the end of an empty one.
pub(super) fn matches(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06")
}

/// Adds all entries of the zip.
pub(super) fn read(
    blob: &Blob,
    meter: &Meter<'_>,
    builder: &mut Builder<'_>,
    scratch: &Scratch,
) -> Result<(), ArchiveError> {
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let left = Cell::new(TABLE_BYTES);
    let mut archive = ZipArchive::with_config(config, Input::new(blob, &left)).map_err(damaged)?;
    left.set(u64::MAX);
    for index in 0..archive.len() {
        meter.count(1)?;
        // Readers disagree on which of two headers counts: both must say the same, and no name may come twice.
        let options = ZipReadOptions::new().enforce_header_consistency(true);
        let mut file = archive.by_index_with_options(index, options).map_err(damaged)?;
        add(&mut file, meter, builder, scratch)?;
    }
    Ok(())
}

/// The bytes of the archive, as many as may still be read; their errors told from those of what they mean.
///
/// A zip is read by jumping back and forth a little, which a `BufReader` answers by reading everything again.
struct Input<'l> {
    blob: &'l Blob,
    position: u64,
    /// A piece of the archive, and where it begins.
    window: Vec<u8>,
    start: u64,
    left: &'l Cell<u64>,
}

impl<'l> Input<'l> {
    fn new(blob: &'l Blob, left: &'l Cell<u64>) -> Input<'l> {
        Input { blob, position: 0, window: Vec::new(), start: 0, left }
    }

    /// What the window has at the position; empty if that is outside.
    fn rest(&self) -> &[u8] {
        let skipped = self.position.checked_sub(self.start).and_then(|skipped| usize::try_from(skipped).ok());
        skipped.and_then(|skipped| self.window.get(skipped..)).unwrap_or_default()
    }

    fn fill(&mut self) -> Result<(), ArchiveError> {
        self.window.resize(WINDOW, 0);
        let count = self.blob.read_at(&mut self.window, self.position).map_err(ArchiveError::Source)?;
        self.window.truncate(count);
        self.start = self.position;
        let left = self.left.get().checked_sub(count as u64);
        self.left.set(left.ok_or(ArchiveError::Limit { limit: "header", allowed: TABLE_BYTES })?);
        Ok(())
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest().is_empty() {
            self.fill().map_err(io::Error::other)?;
        }
        let count = self.rest().read(buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Input<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(delta) => self.blob.len().checked_add_signed(delta),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

fn add<R: Read>(
    file: &mut ZipFile<'_, R>,
    meter: &Meter<'_>,
    builder: &mut Builder<'_>,
    scratch: &Scratch,
) -> Result<(), ArchiveError> {
    let name = name(file.name_raw())?;
    let mode = file.unix_mode().unwrap_or(0);
    match mode & KIND {
        _ if name.ends_with('/') => builder.directory(&name),
        DIRECTORY => builder.directory(&name),
        0 | REGULAR => {
            let size = file.size();
            meter.check_file(size)?;
            let Some(path) = builder.path(&name)? else { return Ok(()) };
            meter.keep(size)?;
            let blob = keep(&mut Metered::new(file, meter), &name, size, scratch, unreadable)?;
            builder.file(&name, &path, File { blob, executable: mode & 0o111 != 0 })
        }
        SYMLINK => {
            let mut target = Vec::new();
            Metered::new(file, meter).take(MAX_TARGET).read_to_end(&mut target).map_err(unreadable)?;
            let refused = |_| ArchiveError::Name { name: name.clone(), reason: "its target is not UTF-8" };
            builder.symlink(&name, &String::from_utf8(target).map_err(refused)?)
        }
        _ => Err(ArchiveError::Kind { name, kind: "neither a file, a directory nor a link" }),
    }
}

/// Names are taken as UTF-8 whether or not the entry says so. A backslash is refused: some readers take it for a slash.
fn name(bytes: &[u8]) -> Result<String, ArchiveError> {
    let refused = |reason| ArchiveError::Name { name: String::from_utf8_lossy(bytes).into_owned(), reason };
    match std::str::from_utf8(bytes) {
        Err(_) => Err(refused("its name is not UTF-8")),
        Ok(name) if name.contains('\\') => Err(refused("its name has a backslash in it")),
        Ok(name) => Ok(name.to_owned()),
    }
}

fn damaged(error: ZipError) -> ArchiveError {
    match error {
        ZipError::Io(error) => unreadable(error),
        other => unreadable(io::Error::other(other)),
    }
}

/// What went wrong below: a limit, or else the archive itself.
fn unreadable(error: io::Error) -> ArchiveError {
    error.downcast().unwrap_or_else(|source| ArchiveError::Damaged { format: "zip", source })
}

//! Archives become trees: tar, plain or compressed with gzip, xz or zstd, and zip.
//!
//! Reading is strict, because an archive is written by strangers: what a careful reader would have to repair is refused,
//! and nothing is ever written below a name that the archive chose. File contents go to a [`Scratch`], hashed on the way;
//! host memory does not grow with them. What comes out is bounded by [`Limits`] while it is read, not afterwards.

mod builder;
mod compression;
mod meter;
mod tape;
#[cfg(test)]
mod tests;
mod zipped;

pub use compression::{Compression, decompress};
pub use meter::Allowance;

use crate::{Blob, Scratch, Tree};
use builder::Builder;
use compression::Input;
use meter::Meter;
use std::io::{self, Read};

/// How an archive is to be read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// How many leading names every path loses; what has no more names than that is left out.
    pub strip: usize,
    /// What happens to links.
    pub links: Links,
    /// How much may come out.
    pub limits: Limits,
}

/// What happens to the links of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Links {
    /// Symbolic links that stay inside the archive are kept; any other is an error. The target is checked without
    /// following it, so it may climb with `..` only at its start.
    #[default]
    Keep,
    /// Symbolic and hard links are left out, as npm does with packages.
    Drop,
    /// Symbolic links are kept whatever their target, for archives that are made to be unpacked at the root of a system.
    Any,
}

/// How much may come out of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in all: of a tar the whole stream, of a zip the contents of its files.
    pub bytes: u64,
    /// Files, directories and links. A symbolic link counts once more for each 256 bytes of its target.
    pub entries: u64,
    /// How many times more bytes may come out than went in, after the first [`Limits::RATIO_FREE`] bytes.
    pub ratio: u64,
    /// Bytes of one file.
    pub file_size: u64,
}

impl Limits {
    /// Bytes that may come out before [`Limits::ratio`] counts: small things may compress very well.
    pub const RATIO_FREE: u64 = 10 << 20;
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { bytes: 10 << 30, entries: 200_000, ratio: 100, file_size: 4 << 30 }
    }
}

/// An archive that does not become a tree.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It begins like none of the known formats.
    #[error("cannot unpack the archive: it is neither tar (plain, gzip, xz, zstd) nor zip")]
    Format,
    /// The bytes of the archive could not be had.
    #[error("cannot read the bytes of the archive")]
    Source(#[source] io::Error),
    /// It is cut off, damaged, or of a dialect that is not read.
    #[error("cannot unpack the archive as {format}: it is cut off, damaged or of an unknown kind")]
    Damaged {
        /// The format it was read as.
        format: &'static str,
        /// What the reader said.
        source: io::Error,
    },
    /// An entry whose name no tree can have.
    #[error("cannot unpack `{name}` from the archive: {reason}")]
    Name {
        /// The name, as far as it is text.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An entry that is neither file, directory nor link.
    #[error("cannot unpack `{name}` from the archive: it is {kind}")]
    Kind {
        /// Its name.
        name: String,
        /// What it is.
        kind: &'static str,
    },
    /// A link that leads nowhere it may.
    #[error("cannot unpack the link `{name}` to `{target}` from the archive: {reason}")]
    Link {
        /// Name of the link.
        name: String,
        /// What it points to.
        target: String,
        /// What is wrong with that.
        reason: &'static str,
    },
    /// A name that stands for two kinds of things.
    #[error("cannot unpack `{name}` from the archive: an earlier entry makes `{other}` something else")]
    Conflict {
        /// The later entry.
        name: String,
        /// The name that both use.
        other: String,
    },
    /// More would come out than is allowed.
    #[error("cannot unpack the archive: more than the limit `{limit}` of {allowed}")]
    Limit {
        /// Name of the limit: a field of [`Limits`], or `header` for the bytes that describe entries.
        limit: &'static str,
        /// Its value.
        allowed: u64,
    },
    /// More would come out than the [`Allowance`] has left.
    #[error("cannot unpack the archive: more `{limit}` than are left")]
    Allowance {
        /// What there is too much of: `bytes` or `entries`.
        limit: &'static str,
    },
    /// Whoever gave the [`Allowance`] does not want it any more.
    #[error("unpacking was given up")]
    Stopped,
    /// Contents could not be kept.
    #[error("cannot keep the contents of `{name}` from the archive")]
    Scratch {
        /// Name of the file.
        name: String,
        /// What the scratch file said.
        source: io::Error,
    },
}

/// Unpacks `blob`, whose format its first bytes tell.
pub fn unpack(blob: &Blob, scratch: &Scratch, options: &Options) -> Result<Tree, ArchiveError> {
    unpack_within(blob, scratch, options, &Allowance::unlimited())
}

/// Unpacks `blob` as [`unpack`] does, as one of several that share an allowance.
pub fn unpack_within(
    blob: &Blob,
    scratch: &Scratch,
    options: &Options,
    allowance: &Allowance<'_>,
) -> Result<Tree, ArchiveError> {
    let mut start = [0; 512];
    let count = blob.read_at(&mut start, 0).map_err(ArchiveError::Source)?;
    let start = &start[..count];
    let meter = Meter::new(options.limits, allowance);
    if zipped::matches(start) {
        meter.consume(blob.len());
        let mut builder = Builder::new(options, &meter);
        zipped::read(blob, &meter, &mut builder, scratch)?;
        return Ok(builder.finish());
    }
    let compression = Compression::of(start)
        .or_else(|| tape::matches(start).then_some(Compression::None))
        .ok_or(ArchiveError::Format)?;
    read_tape(blob.reader(), compression, &meter, scratch, options)
}

/// Unpacks a tar stream whose compression is known.
pub fn unpack_reader(
    reader: impl Read,
    compression: Compression,
    scratch: &Scratch,
    options: &Options,
) -> Result<Tree, ArchiveError> {
    let allowance = Allowance::unlimited();
    read_tape(reader, compression, &Meter::new(options.limits, &allowance), scratch, options)
}

fn read_tape(
    reader: impl Read,
    compression: Compression,
    meter: &Meter<'_>,
    scratch: &Scratch,
    options: &Options,
) -> Result<Tree, ArchiveError> {
    let format = compression.tar();
    let damaged = |source| ArchiveError::Damaged { format, source };
    let mut builder = Builder::new(options, meter);
    let stream = decompress(Input::new(reader, meter), compression).map_err(damaged)?;
    tape::read(stream, compression, meter, &mut builder, scratch)?;
    Ok(builder.finish())
}

/// Keeps the `size` bytes of the file `name` that `reader` gives; more or fewer are an error.
fn keep(
    reader: &mut impl Read,
    name: &str,
    size: u64,
    scratch: &Scratch,
    damaged: impl Fn(io::Error) -> ArchiveError,
) -> Result<Blob, ArchiveError> {
    let kept = |source| ArchiveError::Scratch { name: name.to_owned(), source };
    let mut region = scratch.region(size);
    let mut buffer = vec![0; usize::try_from(size).unwrap_or(usize::MAX).clamp(1, 64 << 10)];
    let mut written = 0;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(damaged(error)),
        };
        written += count as u64;
        if written > size {
            return Err(damaged(io::Error::other("a file is longer than the archive says")));
        }
        io::Write::write_all(&mut region, &buffer[..count]).map_err(kept)?;
    }
    if written < size {
        return Err(damaged(io::ErrorKind::UnexpectedEof.into()));
    }
    region.finish().map_err(kept)
}

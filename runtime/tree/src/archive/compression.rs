//! Compressions that a tar, or anything else, comes in.

use super::ArchiveError;
use super::meter::Meter;
use std::io::{self, BufReader, Read};

/// Largest window of a zstd frame, as a power of two: what the `zstd` tool itself accepts without being told otherwise.
const ZSTD_WINDOW_LOG: u32 = 27;
/// Memory for the dictionary of an xz block, in KiB: `xz -9` needs 64 MiB.
const XZ_MEMORY: u32 = 130 << 10;

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952), of one member or several.
    Gzip,
    /// xz, of one stream or several.
    Xz,
    /// Zstandard (RFC 8878), of one frame or several.
    Zstd,
}

impl Compression {
    /// The compression of a stream that begins like this, if it is one of ours.
    pub fn of(start: &[u8]) -> Option<Compression> {
        match start {
            [0x1f, 0x8b, ..] => Some(Compression::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Compression::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Compression::Zstd),
            _ => None,
        }
    }

    /// The usual name of a tar that is compressed so.
    pub(super) fn tar(self) -> &'static str {
        match self {
            Compression::None => "tar",
            Compression::Gzip => "tar.gz",
            Compression::Xz => "tar.xz",
            Compression::Zstd => "tar.zst",
        }
    }
}

/// Reads what `reader` gives, decompressed. Memory is bounded; how much comes out is for the caller to bound.
pub fn decompress<'a>(reader: impl Read + 'a, compression: Compression) -> io::Result<Box<dyn Read + 'a>> {
    let reader = BufReader::with_capacity(64 << 10, reader);
    Ok(match compression {
        Compression::None => Box::new(reader),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
        Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(reader, true, XZ_MEMORY)),
        Compression::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(reader)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
    })
}

/// The bytes of an archive as they are stored: counted, and their errors told from those of what they mean.
pub(super) struct Input<'m, R> {
    inner: R,
    meter: &'m Meter<'m>,
}

impl<'m, R: Read> Input<'m, R> {
    pub(super) fn new(inner: R, meter: &'m Meter<'m>) -> Input<'m, R> {
        Input { inner, meter }
    }
}

impl<R: Read> Read for Input<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(count) => {
                self.meter.consume(count as u64);
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => Err(io::Error::other(ArchiveError::Source(error))),
        }
    }
}

//! Whether the bytes of an image's layers are those that it names.

use crate::media::Compression;
use crate::{Image, Layer};
use flate2::read::MultiGzDecoder;
use std::io::{self, Read};
use wattle_tree::{Blob, Digest, Hasher};

const BUFFER: usize = 256 << 10;

/// A layer whose bytes are not what the image says.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    /// The bytes have another length.
    #[error("layer {digest} has {found} bytes where {expected} are named")]
    Size {
        /// The layer.
        digest: Digest,
        /// Bytes that the manifest names.
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// The bytes hash to something else.
    #[error("layer {digest} is {found}")]
    Digest {
        /// The digest that the manifest names.
        digest: Digest,
        /// What the bytes hash to.
        found: Box<Digest>,
    },
    /// The bytes uncompress to something else.
    #[error("layer {digest} uncompresses to {found}, where the configuration names {expected}")]
    DiffId {
        /// The layer.
        digest: Digest,
        /// What the configuration names.
        expected: Box<Digest>,
        /// What it is.
        found: Box<Digest>,
    },
    /// The bytes could not be read, or not be uncompressed.
    #[error("could not read layer {digest}")]
    Read {
        /// The layer.
        digest: Digest,
        /// Why.
        source: io::Error,
    },
}

impl Image {
    /// Reads every layer whose bytes are here, and checks its length, its digest, and what it uncompresses to.
    pub fn validate(&self) -> Result<(), ValidateError> {
        self.layers().iter().try_for_each(Layer::validate)
    }
}

impl Layer {
    /// Checks length and digest, and what it uncompresses to, if the bytes are here.
    pub fn validate(&self) -> Result<(), ValidateError> {
        let Some(blob) = &self.blob else { return Ok(()) };
        let digest = self.descriptor.digest;
        let read = |source| ValidateError::Read { digest, source };
        if blob.len() != self.descriptor.size {
            return Err(ValidateError::Size { digest, expected: self.descriptor.size, found: blob.len() });
        }
        let found = hash(blob.reader(), &digest).map_err(read)?;
        if found != digest {
            return Err(ValidateError::Digest { digest, found: found.into() });
        }
        let found = uncompress(&self.descriptor.media_type, blob).and_then(|tar| hash(tar, &self.diff_id));
        let found = found.map_err(read)?;
        if found != self.diff_id {
            return Err(ValidateError::DiffId { digest, expected: self.diff_id.into(), found: found.into() });
        }
        Ok(())
    }
}

fn uncompress(media_type: &str, blob: &Blob) -> io::Result<Box<dyn Read>> {
    Ok(match Compression::of(media_type) {
        Some(Compression::None) => Box::new(blob.reader()),
        Some(Compression::Gzip) => Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(BUFFER, blob.reader()))),
        Some(Compression::Zstd) => Box::new(zstd::Decoder::new(blob.reader())?),
        None => return Err(io::ErrorKind::Unsupported.into()),
    })
}

/// What it hashes to, in the way that `like` does.
fn hash(mut from: impl Read, like: &Digest) -> io::Result<Digest> {
    let mut hasher = Hasher::new(like.algorithm());
    let mut buffer = vec![0; BUFFER];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            count => hasher.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Descriptor, media};

    /// Of a layer whose tar stream is `contents`, stored as `media_type` says.
    fn layer(media_type: &str, bytes: &[u8], contents: &[u8]) -> Layer {
        let descriptor = Descriptor::new(media_type, Digest::of(bytes), bytes.len() as u64);
        Layer { diff_id: Digest::of(contents), descriptor, blob: Some(bytes.to_vec().into()) }
    }

    fn gzip(contents: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::read::GzEncoder::new(contents, flate2::Compression::fast());
        let mut bytes = Vec::new();
        encoder.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn takes_every_compression() {
        let two_members = [gzip(b"con"), gzip(b"tents")].concat();
        let zstd = zstd::encode_all(&b"contents"[..], 1).unwrap();
        for (media_type, bytes) in [
            (media::LAYER, b"contents".to_vec()),
            (media::LAYER_GZIP, two_members.clone()),
            (media::DOCKER_LAYER_GZIP, two_members),
            (media::LAYER_ZSTD, zstd),
        ] {
            layer(media_type, &bytes, b"contents").validate().unwrap();
        }
    }

    #[test]
    fn says_what_does_not_agree() {
        let good = || layer(media::LAYER_GZIP, &gzip(b"contents"), b"contents");
        let other = Layer { blob: Some("x".into()), ..good() };
        assert!(matches!(other.validate(), Err(ValidateError::Size { found: 1, .. })));
        let other = Layer { blob: Some(vec![0; gzip(b"contents").len()].into()), ..good() };
        assert!(matches!(other.validate(), Err(ValidateError::Digest { .. })));
        let other = Layer { diff_id: Digest::of(b""), ..good() };
        assert!(matches!(other.validate(), Err(ValidateError::DiffId { .. })));
        let other = layer(media::LAYER_GZIP, b"not gzip", b"");
        assert!(matches!(other.validate(), Err(ValidateError::Read { .. })));
        let elsewhere = Layer { blob: None, ..other };
        assert!(elsewhere.validate().is_ok());
    }
}

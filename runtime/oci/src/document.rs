//! JSON together with the bytes that it was read from.

use crate::Descriptor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use wattle_tree::{Digest, Hasher};

/// A value and the very bytes that stand for it: what was read is never written anew to be hashed. Cloning shares the
/// bytes.
#[derive(Debug, Clone)]
pub struct Document<T> {
    value: T,
    bytes: Arc<[u8]>,
    digest: Digest,
}

/// Bytes that are not the document they should be.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON, or not of this shape.
    #[error("could not read {what}")]
    Syntax {
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Could not be turned into JSON.
    #[error("could not write {what}")]
    Write {
        /// What it is.
        what: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl<T> Document<T> {
    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the bytes hash to.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Describes the bytes as being of `media_type`.
    pub fn descriptor(&self, media_type: &str) -> Descriptor {
        Descriptor::new(media_type, self.digest, self.bytes.len() as u64)
    }
}

impl<T: DeserializeOwned> Document<T> {
    /// Reads a document; `what` it is, for the error.
    pub fn read(bytes: impl Into<Arc<[u8]>>, what: &'static str) -> Result<Document<T>, DocumentError> {
        let bytes = bytes.into();
        let value = serde_json::from_slice(&bytes).map_err(|source| DocumentError::Syntax { what, source })?;
        Ok(Document { value, digest: Digest::of(&bytes), bytes })
    }
}

impl<T: Serialize> Document<T> {
    /// Writes a value; `what` it is, for the error.
    pub fn write(value: T, what: &'static str) -> Result<Document<T>, DocumentError> {
        let bytes = serde_json::to_vec(&value).map_err(|source| DocumentError::Write { what, source })?;
        Ok(Document { value, digest: Digest::of(&bytes), bytes: bytes.into() })
    }
}

/// What `bytes` hash to in the way that `like` does.
pub(crate) fn digest_like(like: &Digest, bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::new(like.algorithm());
    hasher.update(bytes);
    hasher.finish()
}

//! Where fetched bytes are kept: the store, or whatever else keeps bytes by digest.

use std::io::{self, Write};
use wattle_store::{BlobWriter, Document, Store, StoreError};
use wattle_tree::{Blob, Digest};

/// A place that keeps bytes by digest, and what is known of documents by name. Used by many threads at once; every call
/// may block.
pub trait Cache: Send + Sync {
    /// The bytes with this digest, of whichever algorithm, if they are kept and are still what they were.
    fn get(&self, digest: &Digest) -> io::Result<Option<Blob>>;

    /// Begins to keep bytes, which must have the digest `expected` in the end and can then be found by it.
    fn writer(&self, expected: Option<Digest>) -> io::Result<Box<dyn Writer>>;

    /// What is known of the document with this name.
    fn document(&self, name: &str) -> io::Result<Option<Document>>;

    /// Notes a document, in place of what was known of it.
    fn keep_document(&self, name: &str, document: &Document) -> io::Result<()>;
}

/// Bytes on their way into a cache, hashed as they are written. Nothing of them is kept if it is dropped before
/// [`Writer::finish`].
pub trait Writer: Write + Send {
    /// Keeps what was written; gives its SHA-256 digest.
    fn finish(self: Box<Self>) -> Result<Digest, NotKept>;
}

/// Why bytes are not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// They are not what was expected.
    #[error("they have the digest `{actual}` instead of `{expected}`")]
    Mismatch {
        /// The digest that they must have.
        expected: Box<Digest>,
        /// The digest that they have.
        actual: Box<Digest>,
    },
    /// Writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Cache for Store {
    fn get(&self, digest: &Digest) -> io::Result<Option<Blob>> {
        Ok(self.blobs().get_verified(digest)?)
    }

    fn writer(&self, expected: Option<Digest>) -> io::Result<Box<dyn Writer>> {
        Ok(Box::new(self.blobs().writer(expected)?))
    }

    fn document(&self, name: &str) -> io::Result<Option<Document>> {
        Ok(self.documents().get(name)?)
    }

    fn keep_document(&self, name: &str, document: &Document) -> io::Result<()> {
        Ok(self.documents().put(name, document)?)
    }
}

impl Writer for BlobWriter {
    fn finish(self: Box<Self>) -> Result<Digest, NotKept> {
        match self.commit() {
            Ok((digest, _)) => Ok(digest),
            Err(StoreError::Mismatch { expected, actual }) => Err(NotKept::Mismatch { expected, actual }),
            Err(error) => Err(NotKept::Io(error.into())),
        }
    }
}

//! Documents that change, such as the index of a package's versions.

use crate::text::{self, name_of, sharded};
use crate::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use wattle_tree::Digest;

/// What is known of documents, by name, so that they are fetched again only if they changed. Their contents are blobs.
#[derive(Clone, Copy)]
pub struct Documents<'a>(pub(crate) &'a Store);

/// A document as it was when it was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The blob with its contents, which may be gone.
    #[serde(with = "text")]
    pub digest: Digest,
    /// `ETag` of the answer, verbatim (RFC 9110, section 8.8.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified` of the answer, verbatim (RFC 9110, section 8.8.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// The address that it came from, without credentials: validators mean nothing elsewhere.
    pub fetched_from: String,
}

#[derive(Serialize, Deserialize)]
struct Record {
    name: String,
    document: Document,
}

impl Documents<'_> {
    /// What is known of this document.
    pub fn get(self, name: &str) -> Result<Option<Document>, StoreError> {
        let record: Option<Record> = self.0.read_record(&self.path(name))?;
        Ok(record.filter(|record| record.name == name).map(|record| record.document))
    }

    /// Notes a document, in place of what was known of it.
    pub fn put(self, name: &str, document: &Document) -> Result<(), StoreError> {
        let record = Record { name: name.to_owned(), document: document.clone() };
        self.0.write_record(&self.path(name), &record)
    }

    fn path(self, name: &str) -> PathBuf {
        self.0.path(&format!("index/{}.json", sharded(&name_of(&[name]))))
    }
}

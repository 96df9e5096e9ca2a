//! What is known of systems and packages, noted in the store by what it follows from.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, Write as _};
use wattle_store::{Document, Store};

/// What was noted under a name, if it is there and can be understood.
pub(super) fn noted<T: DeserializeOwned>(store: &Store, name: &str) -> io::Result<Option<T>> {
    let Some(document) = store.documents().get(name)? else { return Ok(None) };
    let Some(blob) = store.blobs().get_verified(&document.digest)? else { return Ok(None) };
    Ok(blob.to_vec().ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Notes something under a name.
pub(super) fn note(store: &Store, name: &str, value: &impl Serialize) -> io::Result<()> {
    let mut writer = store.blobs().writer(None)?;
    writer.write_all(&serde_json::to_vec(value)?)?;
    let (digest, _) = writer.commit()?;
    store.documents().put(name, &Document { digest, etag: None, last_modified: None, fetched_from: String::new() })?;
    Ok(())
}

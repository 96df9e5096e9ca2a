//! A list of components, of something.

use crate::component::{Component, Kind};
use crate::read::{ReadError, read};
use crate::{cyclonedx, spdx_json};
use serde::Serialize;
use std::collections::BTreeMap;
use wattle_tree::Digest;

/// In which form a bill is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// CycloneDX 1.5, in JSON.
    CycloneDx,
    /// SPDX 2.3, in JSON.
    Spdx,
}

/// What a bill is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// What it is.
    pub kind: Kind,
    /// Its name: that of an image, or `wattle/node:dependencies`.
    pub name: String,
    /// Its version or digest; empty if it has none.
    pub version: String,
}

/// A bill of materials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bom {
    subject: Subject,
    created: String,
    components: Vec<Component>,
}

impl Bom {
    /// The bill of `subject`, made at `created` (RFC 3339, in UTC, without parts of seconds). The order of components does not
    /// count, and what is there twice is there once, with all that is known of it.
    pub fn new(subject: Subject, created: impl Into<String>, components: impl IntoIterator<Item = Component>) -> Bom {
        let mut all: Vec<Component> = components.into_iter().collect();
        all.sort_unstable();
        let mut merged: BTreeMap<(String, String, String), Component> = BTreeMap::new();
        for component in all {
            let key = (component.name.clone(), component.version.clone(), component.identity());
            match merged.get_mut(&key) {
                Some(known) => known.merge(component),
                None => drop(merged.insert(key, component)),
            }
        }
        Bom { subject, created: created.into(), components: merged.into_values().collect() }
    }

    /// The components, sorted by name and version.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// What the bill is of.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// When it is said to be made.
    pub fn created(&self) -> &str {
        &self.created
    }

    /// The document, in UTF-8, with a line break at its end.
    ///
    /// # Errors
    /// None that can come up: all of it is text.
    pub fn write(&self, format: Format) -> Result<Vec<u8>, serde_json::Error> {
        let uuid = self.uuid()?;
        let mut bytes = match format {
            Format::CycloneDx => serde_json::to_vec_pretty(&cyclonedx::Document::of(self, &uuid)),
            Format::Spdx => serde_json::to_vec_pretty(&spdx_json::Document::of(self, &uuid)),
        }?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The components of a document that anybody wrote in this format, without what it is of.
    pub fn read(format: Format, document: &str) -> Result<Vec<Component>, ReadError> {
        read(format, document)
    }

    /// A UUID that follows from the contents and is in no other bill (RFC 9562, version 8).
    fn uuid(&self) -> Result<String, serde_json::Error> {
        let digest = Digest::of(&serde_json::to_vec(self)?);
        let mut bytes: Vec<u8> = digest.bytes().iter().copied().take(16).collect();
        bytes[6] = (bytes[6] & 0x0f) | 0x80;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = |part: &[u8]| part.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let parts = [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]];
        Ok(parts.map(hex).join("-"))
    }
}

//! The way of an image to where it should be, as events.

use crate::event::{Event, Observer};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use wattle_oci::{Descriptor, Digest, Image};
use wattle_transport::{Location, Outcome, Progress};

/// Turns the way of blobs into events.
pub(crate) struct Sending {
    observer: Arc<dyn Observer>,
    to: String,
    total: u64,
    positions: Mutex<HashMap<Digest, u64>>,
}

impl Sending {
    pub(crate) fn new(observer: Arc<dyn Observer>, to: &Location, images: &[Image]) -> Sending {
        let layers = images.iter().flat_map(Image::layers);
        let total = layers.map(|layer| layer.descriptor.size).sum();
        Sending { observer, to: to.to_string(), total, positions: Mutex::default() }
    }

    fn note(&self, blob: &Descriptor, position: u64) {
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        positions.insert(blob.digest, position);
        let bytes = positions.values().sum();
        drop(positions);
        self.observer.event(&Event::Sending { to: self.to.clone(), bytes, total: self.total });
    }
}

impl Progress for Sending {
    fn advanced(&self, blob: &Descriptor, position: u64) {
        self.note(blob, position);
    }

    fn finished(&self, blob: &Descriptor, _: Outcome) {
        self.note(blob, blob.size);
    }
}

//! What is told while an image is written.

use wattle_oci::Descriptor;

/// How a blob came to be where it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was there before.
    Present,
    /// The registry took it from another of its repositories.
    Mounted,
    /// The host's filesystem shares it with the layout of the base image.
    Linked,
    /// Its bytes were sent or written.
    Sent,
}

impl Outcome {
    /// True if none of its bytes had to move.
    pub fn is_reused(self) -> bool {
        self != Outcome::Sent
    }
}

/// Is told how the blobs of an image get where they should be, several of them at once.
pub trait Progress: Send + Sync {
    /// Work on a blob began.
    fn started(&self, blob: &Descriptor) {
        let _ = blob;
    }

    /// `position` bytes of it are on their way. Goes back when an attempt failed and another begins.
    fn advanced(&self, blob: &Descriptor, position: u64) {
        let _ = (blob, position);
    }

    /// It is there.
    fn finished(&self, blob: &Descriptor, outcome: Outcome) {
        let _ = (blob, outcome);
    }
}

/// Tells nobody.
impl Progress for () {}

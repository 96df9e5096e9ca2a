//! Counts what goes into and comes out of an archive, and stops it at the limits.

use super::{ArchiveError, Limits};
use std::cell::Cell;
use std::io::{self, Read};

/// Bytes that may describe one entry: its name, its link, its extensions.
const HEADER_BYTES: u64 = 1 << 20;

/// What has passed so far.
pub(super) struct Meter {
    limits: Limits,
    consumed: Cell<u64>,
    produced: Cell<u64>,
    /// What the description of an entry may still use; none while contents are read.
    header: Cell<Option<u64>>,
    ended: Cell<bool>,
}

impl Meter {
    pub(super) fn new(limits: Limits) -> Meter {
        Meter {
            limits,
            consumed: Cell::new(0),
            produced: Cell::new(0),
            header: Cell::new(None),
            ended: Cell::new(false),
        }
    }

    /// Bytes of the archive itself were used.
    pub(super) fn consume(&self, count: u64) {
        self.consumed.set(self.consumed.get().saturating_add(count));
    }

    /// What is read from here on describes an entry, and is kept in memory.
    pub(super) fn header_begins(&self) {
        self.header.set(Some(HEADER_BYTES));
    }

    /// What is read from here on is contents.
    pub(super) fn header_ends(&self) {
        self.header.set(None);
    }

    /// True if the stream has come to its end.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    /// Refuses a file that says it is too large.
    pub(super) fn check_file(&self, size: u64) -> Result<(), ArchiveError> {
        if size > self.limits.file_size {
            return Err(ArchiveError::Limit { limit: "file_size", allowed: self.limits.file_size });
        }
        Ok(())
    }

    fn produce(&self, count: u64) -> Result<(), ArchiveError> {
        let Limits { bytes, ratio, .. } = self.limits;
        let produced = self.produced.get().saturating_add(count);
        self.produced.set(produced);
        if produced > bytes {
            return Err(ArchiveError::Limit { limit: "bytes", allowed: bytes });
        }
        if produced > Limits::RATIO_FREE.saturating_add(self.consumed.get().saturating_mul(ratio)) {
            return Err(ArchiveError::Limit { limit: "ratio", allowed: ratio });
        }
        if let Some(left) = self.header.get() {
            let left = left.checked_sub(count);
            self.header.set(Some(left.ok_or(ArchiveError::Limit { limit: "header", allowed: HEADER_BYTES })?));
        }
        Ok(())
    }
}

/// A reader of what comes out.
pub(super) struct Metered<'m, R> {
    inner: R,
    meter: &'m Meter,
}

impl<'m, R: Read> Metered<'m, R> {
    pub(super) fn new(inner: R, meter: &'m Meter) -> Metered<'m, R> {
        Metered { inner, meter }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.meter.ended.set(count == 0 && !buffer.is_empty());
        self.meter.produce(count as u64).map_err(io::Error::other)?;
        Ok(count)
    }
}

//! Counts what goes into and comes out of an archive, and stops it at the limits.

use super::{ArchiveError, Limits};
use std::cell::Cell;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that may describe one entry: its name, its link, its extensions.
const HEADER_BYTES: u64 = 1 << 20;

/// What several archives may come to together, and whether to go on with them: for those that are unpacked for somebody
/// who has not so much left, or no more time.
pub struct Allowance<'a> {
    bytes: AtomicU64,
    entries: AtomicU64,
    go_on: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> Allowance<'a> {
    /// `bytes` in files, and `entries`, counted as by [`Limits::entries`]. `go_on` is asked again and again.
    pub fn new(bytes: u64, entries: u64, go_on: &'a (dyn Fn() -> bool + Sync)) -> Allowance<'a> {
        Allowance { bytes: bytes.into(), entries: entries.into(), go_on }
    }

    /// No end to either.
    pub(super) fn unlimited() -> Allowance<'static> {
        Allowance::new(u64::MAX, u64::MAX, &|| true)
    }

    fn check(&self) -> Result<(), ArchiveError> {
        if (self.go_on)() { Ok(()) } else { Err(ArchiveError::Stopped) }
    }
}

fn take(from: &AtomicU64, count: u64, limit: &'static str) -> Result<(), ArchiveError> {
    let taken = from.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(count));
    taken.map(drop).map_err(|_| ArchiveError::Allowance { limit })
}

/// What has passed so far.
pub(super) struct Meter<'a> {
    limits: Limits,
    allowance: &'a Allowance<'a>,
    entries: Cell<u64>,
    consumed: Cell<u64>,
    produced: Cell<u64>,
    /// What the description of an entry may still use; none while contents are read.
    header: Cell<Option<u64>>,
    ended: Cell<bool>,
}

impl<'a> Meter<'a> {
    pub(super) fn new(limits: Limits, allowance: &'a Allowance<'a>) -> Meter<'a> {
        Meter {
            limits,
            allowance,
            entries: Cell::new(0),
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

    /// Counts entries.
    pub(super) fn count(&self, entries: u64) -> Result<(), ArchiveError> {
        self.allowance.check()?;
        take(&self.allowance.entries, entries, "entries")?;
        let (all, allowed) = (self.entries.get().saturating_add(entries), self.limits.entries);
        self.entries.set(all);
        if all > allowed { Err(ArchiveError::Limit { limit: "entries", allowed }) } else { Ok(()) }
    }

    /// Counts bytes that are to be kept.
    pub(super) fn keep(&self, bytes: u64) -> Result<(), ArchiveError> {
        take(&self.allowance.bytes, bytes, "bytes")
    }

    /// Refuses a file that says it is too large.
    pub(super) fn check_file(&self, size: u64) -> Result<(), ArchiveError> {
        if size > self.limits.file_size {
            return Err(ArchiveError::Limit { limit: "file_size", allowed: self.limits.file_size });
        }
        Ok(())
    }

    fn produce(&self, count: u64) -> Result<(), ArchiveError> {
        self.allowance.check()?;
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
    meter: &'m Meter<'m>,
}

impl<'m, R: Read> Metered<'m, R> {
    pub(super) fn new(inner: R, meter: &'m Meter<'m>) -> Metered<'m, R> {
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

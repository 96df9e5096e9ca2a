//! Room for contents: host memory for what is small, and then the scratch file.

use super::Limits;
use super::contents::{Contents, PAGE, Paged, to_usize};
use crate::{Blob, Scratch};
use std::io;

/// Small contents are packed in steps of this many bytes, so that what is freed fits what comes.
const STEP: u64 = 1 << 10;
/// How much more than its budget small contents may take while their files are open; then they are paged.
const SLACK: usize = 8 << 20;

/// The guest has used up the scratch file by leaving gaps in it.
#[derive(Debug, thiserror::Error)]
#[error("the part of the scratch file that a guest may use is used up")]
pub(super) struct Exhausted;

/// Hands out places for contents, and takes them back to use them again.
pub(super) struct Space {
    scratch: Scratch,
    /// Bytes of small contents in host memory, by capacity.
    memory: usize,
    budget: usize,
    pages: Vec<u64>,
    /// Free places for packed contents of 1, 2, .. steps.
    pieces: Vec<Vec<u64>>,
    reserved: u64,
    /// Bounds what a guest can lose between the places, whatever it writes and removes.
    most: u64,
}

impl Space {
    pub(super) fn new(scratch: Scratch, limits: &Limits) -> Space {
        let rounding = (limits.files as u64).saturating_mul(STEP);
        let most = limits.bytes.saturating_mul(2).saturating_add(rounding).saturating_add(64 << 20);
        let pieces = vec![Vec::new(); to_usize(PAGE / STEP) + 1];
        Space { scratch, memory: 0, budget: limits.memory, pages: Vec::new(), pieces, reserved: 0, most }
    }

    pub(super) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    /// Whether small contents have used up their budget.
    pub(super) fn is_full(&self) -> bool {
        self.memory > self.budget
    }

    /// A place for a page.
    pub(super) fn page(&mut self) -> io::Result<u64> {
        match self.pages.pop() {
            Some(place) => Ok(place),
            None => self.reserve(PAGE),
        }
    }

    pub(super) fn free_page(&mut self, place: u64) {
        self.pages.push(place);
    }

    fn reserve(&mut self, len: u64) -> io::Result<u64> {
        if self.reserved + len > self.most {
            return Err(io::Error::new(io::ErrorKind::StorageFull, Exhausted));
        }
        self.reserved += len;
        Ok(self.scratch.reserve(len))
    }

    /// Reads up to `buffer.len()` bytes; fewer only at the end.
    pub(super) fn read(&self, contents: &Contents, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = contents.len().saturating_sub(offset);
        let count = buffer.len().min(to_usize(left));
        if count == 0 {
            return Ok(0);
        }
        let buffer = &mut buffer[..count];
        match contents {
            Contents::Lower(blob) => drop(blob.read_at(buffer, offset)?),
            Contents::Memory(bytes) => {
                let start = to_usize(offset);
                buffer.copy_from_slice(&bytes[start..start + count]);
            }
            Contents::Packed { offset: start, .. } => self.scratch.read_exact_at(buffer, start + offset)?,
            Contents::Paged(paged) => paged.read(&self.scratch, buffer, offset)?,
        }
        Ok(count)
    }

    /// Writes all of `data` at `offset`. After an error some of it may be written.
    pub(super) fn write(&mut self, contents: &mut Contents, data: &[u8], offset: u64) -> io::Result<()> {
        let (len, end) = (contents.len(), offset + data.len() as u64);
        self.thaw(contents, len, len.max(end))?;
        match contents {
            Contents::Memory(bytes) => {
                self.memory -= bytes.capacity();
                overwrite(bytes, data, to_usize(offset));
                self.memory += bytes.capacity();
                Ok(())
            }
            Contents::Paged(paged) => paged.write(self, data, offset),
            Contents::Lower(_) | Contents::Packed { .. } => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Cuts contents off, or lengthens them by zeros.
    pub(super) fn set_len(&mut self, contents: &mut Contents, len: u64) -> io::Result<()> {
        if len == 0 {
            self.release(std::mem::take(contents));
            return Ok(());
        }
        self.thaw(contents, len, len)?;
        match contents {
            Contents::Memory(bytes) => {
                self.memory -= bytes.capacity();
                bytes.resize(to_usize(len), 0);
                bytes.shrink_to_fit();
                self.memory += bytes.capacity();
                Ok(())
            }
            Contents::Paged(paged) => paged.set_len(self, len),
            Contents::Lower(_) | Contents::Packed { .. } => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Makes contents that can be written: their first `keep` bytes, in memory if they and `size` bytes are small enough
    /// for it.
    fn thaw(&mut self, contents: &mut Contents, keep: u64, size: u64) -> io::Result<()> {
        let keep = keep.min(contents.len());
        match contents {
            Contents::Paged(_) => Ok(()),
            Contents::Memory(bytes) if self.fits(size, bytes.capacity()) => Ok(()),
            Contents::Memory(bytes) => {
                let mut paged = Paged::default();
                bytes.truncate(to_usize(keep));
                if let Err(error) = paged.write(self, bytes, 0) {
                    paged.release(self);
                    return Err(error);
                }
                self.memory -= bytes.capacity();
                *contents = Contents::Paged(paged);
                Ok(())
            }
            Contents::Lower(blob) if !self.fits(size, 0) => {
                *contents = Contents::Paged(Paged::over(blob, keep));
                Ok(())
            }
            Contents::Lower(_) | Contents::Packed { .. } => {
                let mut bytes = vec![0; to_usize(keep)];
                self.read(contents, &mut bytes, 0)?;
                self.memory += bytes.capacity();
                self.release(std::mem::replace(contents, Contents::Memory(bytes)));
                self.thaw(contents, keep, size)
            }
        }
    }

    /// Whether contents of `size` bytes may be in memory, of which they have `held` already.
    fn fits(&self, size: u64, held: usize) -> bool {
        let more = to_usize(size).saturating_sub(held);
        size <= PAGE && (more == 0 || self.memory + more <= self.budget.saturating_add(SLACK))
    }

    /// Moves small contents from memory into the scratch file.
    pub(super) fn pack(&mut self, contents: &mut Contents) -> io::Result<()> {
        let Contents::Memory(bytes) = &*contents else { return Ok(()) };
        let len = bytes.len() as u64;
        if len == 0 {
            return Ok(());
        }
        let steps = len.div_ceil(STEP);
        let free = self.pieces.get_mut(to_usize(steps)).and_then(Vec::pop);
        let offset = free.map_or_else(|| self.reserve(steps * STEP), Ok)?;
        if let Err(error) = self.scratch.write_at(bytes, offset) {
            self.free_piece(offset, len);
            return Err(error);
        }
        self.release(std::mem::replace(contents, Contents::Packed { offset, len }));
        Ok(())
    }

    fn free_piece(&mut self, offset: u64, len: u64) {
        if let Some(free) = self.pieces.get_mut(to_usize(len.div_ceil(STEP))) {
            free.push(offset);
        }
    }

    /// Takes back the room of contents.
    pub(super) fn release(&mut self, contents: Contents) {
        match contents {
            Contents::Lower(_) => {}
            Contents::Memory(bytes) => self.memory -= bytes.capacity(),
            Contents::Packed { offset, len } => self.free_piece(offset, len),
            Contents::Paged(paged) => paged.release(self),
        }
    }
}

fn overwrite(bytes: &mut Vec<u8>, data: &[u8], offset: usize) {
    if bytes.len() < offset {
        bytes.resize(offset, 0);
    }
    let over = data.len().min(bytes.len() - offset);
    bytes[offset..offset + over].copy_from_slice(&data[..over]);
    bytes.extend_from_slice(&data[over..]);
}

/// Puts small contents into the scratch file, many with one call.
pub(super) struct Packer {
    scratch: Scratch,
    chunk: Vec<u8>,
    start: u64,
}

impl Packer {
    const CHUNK: usize = 1 << 20;

    pub(super) fn new(scratch: Scratch) -> Packer {
        Packer { scratch, chunk: Vec::new(), start: 0 }
    }

    /// The blob that `bytes` will be once [`Packer::finish`] has succeeded.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> io::Result<Blob> {
        if bytes.is_empty() {
            return Ok(Blob::from(Vec::new()));
        }
        if self.chunk.len() + bytes.len() > Packer::CHUNK || self.chunk.is_empty() {
            self.finish()?;
            self.start = self.scratch.reserve(Packer::CHUNK as u64);
        }
        let offset = self.start + self.chunk.len() as u64;
        self.chunk.extend_from_slice(bytes);
        Ok(self.scratch.blob(offset, bytes.len() as u64))
    }

    /// Writes what has gathered.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.scratch.write_at(&self.chunk, self.start)?;
        self.chunk.clear();
        Ok(())
    }
}

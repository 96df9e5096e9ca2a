//! The contents of one file.

use super::space::Space;
use crate::{Blob, ReadAt, Scratch};
use std::io;

/// Contents are written this many bytes at a time, and files up to this size are small.
pub(super) const PAGE: u64 = 64 << 10;
const HOLE: u64 = u64::MAX;

/// Where the bytes of a file are.
pub(super) enum Contents {
    /// As they came.
    Lower(Blob),
    /// Small, in host memory.
    Memory(Vec<u8>),
    /// Small, in one piece in the scratch file.
    Packed { offset: u64, len: u64 },
    /// In pages of the scratch file.
    Paged(Paged),
}

impl Default for Contents {
    fn default() -> Contents {
        Contents::Memory(Vec::new())
    }
}

impl Contents {
    pub(super) fn len(&self) -> u64 {
        match self {
            Contents::Lower(blob) => blob.len(),
            Contents::Memory(bytes) => bytes.len() as u64,
            Contents::Packed { len, .. } => *len,
            Contents::Paged(paged) => paged.len,
        }
    }
}

/// Contents in pages, over a blob that shows where there is no page.
///
/// All of a page up to the end of the file has been written; what is after the end is anything, and is set to zero when the
/// file grows over it.
#[derive(Default)]
pub(super) struct Paged {
    base: Option<Blob>,
    /// How much of `base` still shows.
    base_len: u64,
    /// Where each page is in the scratch file, or [`HOLE`]: one for each 64 KiB up to the end of the file.
    pages: Vec<u64>,
    len: u64,
}

impl Paged {
    /// The first `len` bytes of `base`, none of them copied.
    pub(super) fn over(base: &Blob, len: u64) -> Paged {
        let base = (len > 0).then(|| base.clone());
        Paged { base, base_len: len, pages: vec![HOLE; pages(len)], len }
    }

    /// Fills `buffer`, all of which is before the end.
    pub(super) fn read(&self, scratch: &Scratch, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            let (place, count) = self.run(offset, buffer.len());
            let (head, tail) = buffer.split_at_mut(count);
            match place {
                Some(place) => scratch.read_exact_at(head, place)?,
                None => self.read_hole(head, offset)?,
            }
            buffer = tail;
            offset += count as u64;
        }
        Ok(())
    }

    /// Where `offset` is in the scratch file, and how many bytes from there on, at most `wanted`, one call can read:
    /// neighbouring pages are often next to each other.
    fn run(&self, offset: u64, wanted: usize) -> (Option<u64>, usize) {
        let (first, within) = split(offset);
        let place = self.page(first);
        let mut count = PAGE - within;
        let mut next = first + 1;
        while count < wanted as u64 && place.is_some() && self.page(next) == place.map(|place| place + within + count) {
            count += PAGE;
            next += 1;
        }
        (place.map(|place| place + within), wanted.min(to_usize(count)))
    }

    fn page(&self, index: usize) -> Option<u64> {
        self.pages.get(index).copied().filter(|place| *place != HOLE)
    }

    /// What shows where no page is.
    fn read_hole(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let from_base = buffer.len().min(to_usize(self.base_len.saturating_sub(offset)));
        let (head, tail) = buffer.split_at_mut(from_base);
        if let Some(base) = &self.base
            && !head.is_empty()
        {
            base.read_at(head, offset)?;
        }
        tail.fill(0);
        Ok(())
    }

    /// Writes all of `data`, growing as needed. After an error some of it may be written.
    pub(super) fn write(&mut self, space: &mut Space, mut data: &[u8], mut offset: u64) -> io::Result<()> {
        if offset > self.len {
            self.grow(space, offset)?;
        }
        while !data.is_empty() {
            let count = data.len().min(to_usize(PAGE - offset % PAGE));
            let (piece, rest) = data.split_at(count);
            self.write_piece(space, piece, offset)?;
            data = rest;
            offset += count as u64;
        }
        Ok(())
    }

    /// Writes what lies in one page and does not start after the end.
    fn write_piece(&mut self, space: &mut Space, piece: &[u8], offset: u64) -> io::Result<()> {
        let (index, within) = split(offset);
        let end = offset + piece.len() as u64;
        if let Some(place) = self.page(index) {
            space.scratch().write_at(piece, place + within)?;
        } else {
            let place = space.page()?;
            if let Err(error) = self.fill_page(space.scratch(), place, piece, offset) {
                space.free_page(place);
                return Err(error);
            }
            if index == self.pages.len() {
                self.pages.push(place);
            } else {
                self.pages[index] = place;
            }
        }
        self.len = self.len.max(end);
        Ok(())
    }

    /// Writes a new page up to the end of the file: `piece`, and around it what showed before.
    fn fill_page(&self, scratch: &Scratch, place: u64, piece: &[u8], offset: u64) -> io::Result<()> {
        let within = offset % PAGE;
        let start = offset - within;
        let filled = to_usize(self.len.min(start + PAGE).max(offset + piece.len() as u64) - start);
        if filled == piece.len() {
            return scratch.write_at(piece, place);
        }
        let mut page = vec![0; filled];
        self.read_hole(&mut page, start)?;
        let within = to_usize(within);
        page[within..within + piece.len()].copy_from_slice(piece);
        scratch.write_at(&page, place)
    }

    pub(super) fn set_len(&mut self, space: &mut Space, len: u64) -> io::Result<()> {
        if len > self.len {
            return self.grow(space, len);
        }
        self.len = len;
        self.base_len = self.base_len.min(len);
        for place in self.pages.drain(pages(len)..).filter(|place| *place != HOLE) {
            space.free_page(place);
        }
        Ok(())
    }

    fn grow(&mut self, space: &Space, len: u64) -> io::Result<()> {
        let (last, within) = split(self.len);
        if let (Some(place), true) = (self.page(last), within > 0) {
            let count = (PAGE - within).min(len - self.len);
            space.scratch().write_at(&vec![0; to_usize(count)], place + within)?;
        }
        self.pages.resize(pages(len), HOLE);
        self.len = len;
        Ok(())
    }

    /// Gives all pages back.
    pub(super) fn release(self, space: &mut Space) {
        for place in self.pages.into_iter().filter(|place| *place != HOLE) {
            space.free_page(place);
        }
    }

    /// As contents that nobody changes any more.
    pub(super) fn freeze(self, scratch: &Scratch) -> Blob {
        Blob::new(self.len, Frozen { scratch: scratch.clone(), paged: self })
    }
}

struct Frozen {
    scratch: Scratch,
    paged: Paged,
}

impl ReadAt for Frozen {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.paged.read(&self.scratch, buffer, offset)
    }
}

/// The page of an offset, and the offset in it.
fn split(offset: u64) -> (usize, u64) {
    (to_usize(offset / PAGE), offset % PAGE)
}

/// How many pages `len` bytes take.
fn pages(len: u64) -> usize {
    to_usize(len.div_ceil(PAGE))
}

/// What does not fit is larger than any buffer.
pub(super) fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

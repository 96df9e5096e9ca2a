//! Reading and writing files, and what that costs.

use super::contents::Contents;
use super::space::{Exhausted, Space};
use super::table::Body;
use super::{Error, Exceeded, Inode, Overlay, Seen};
use std::io;

impl Overlay {
    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end.
    pub fn read_at(&mut self, inode: Inode, buffer: &mut [u8], offset: u64) -> Result<usize, Error> {
        let Overlay { entries, space, recorder, .. } = self;
        let entry = &entries[inode.0 as usize];
        let contents = match &entry.body {
            Body::File(file) => &file.contents,
            Body::Directory(_) => return Err(Error::IsDirectory),
            Body::Symlink(_) => return Err(Error::Invalid),
        };
        if let (Contents::Lower(_), Some(origin)) = (contents, entry.origin) {
            recorder.see(origin, Seen::READ);
        }
        space.read(contents, buffer, offset).map_err(|error| self.failed(error))
    }

    /// Writes all of `data` at `offset`; a gap before it reads as zero.
    pub fn write_at(&mut self, inode: Inode, data: &[u8], offset: u64) -> Result<usize, Error> {
        if data.is_empty() {
            return self.check_writable(inode.0).map(|()| 0);
        }
        let end = offset.checked_add(data.len() as u64).ok_or(Error::FileTooLarge)?;
        let len = self.len(inode);
        self.change(inode, len, len.max(end), |space, contents| space.write(contents, data, offset))?;
        Ok(data.len())
    }

    /// Cuts a file off, or makes it longer by zeros that take no space.
    pub fn set_len(&mut self, inode: Inode, len: u64) -> Result<(), Error> {
        self.change(inode, len, len, |space, contents| space.set_len(contents, len))
    }

    /// Sets or clears the executable bit of the file at `path`, links followed. The guest itself cannot see it.
    pub fn set_executable(&mut self, base: Inode, path: &str, executable: bool) -> Result<(), Error> {
        let inode = self.lookup(base, path, true)?.0;
        self.check_writable(inode)?;
        self.see_moved(inode);
        match &mut self.entry_mut(inode).body {
            Body::File(file) => file.executable = executable,
            Body::Directory(_) => return Err(Error::IsDirectory),
            Body::Symlink(_) => return Err(Error::Loop),
        }
        Ok(())
    }

    /// Changes contents of which the first `kept` bytes count, and that become `size` bytes.
    fn change(
        &mut self,
        inode: Inode,
        kept: u64,
        size: u64,
        change: impl FnOnce(&mut Space, &mut Contents) -> io::Result<()>,
    ) -> Result<(), Error> {
        self.check_writable(inode.0)?;
        let entry = self.entry(inode.0);
        let (charged, origin) = (entry.charged, entry.origin);
        let Body::File(file) = &entry.body else { return Err(Error::IsDirectory) };
        let (len, lower) = (file.contents.len(), matches!(file.contents, Contents::Lower(_)));
        if size > len {
            self.check_file_size(size)?;
        }
        let before = if charged { len } else { 0 };
        self.check_bytes(before, size)?;
        if let (true, Some(origin)) = (lower && kept.min(len) > 0, origin) {
            self.recorder.see(origin, Seen::READ);
        }
        let Overlay { entries, space, usage, .. } = self;
        let entry = &mut entries[inode.0 as usize];
        let Body::File(file) = &mut entry.body else { return Err(Error::IsDirectory) };
        let result = change(space, &mut file.contents);
        if charged || !matches!(file.contents, Contents::Lower(_)) {
            entry.charged = true;
            usage.bytes = usage.bytes - before + file.contents.len();
        }
        result.map_err(|error| self.failed(error))
    }

    /// Moves small contents out of host memory when their file is closed, if there is too much of them.
    pub(super) fn settle(&mut self, inode: u32) {
        let Overlay { entries, space, .. } = self;
        let entry = &mut entries[inode as usize];
        if let Body::File(file) = &mut entry.body
            && entry.links > 0
            && space.is_full()
            && let Err(error) = space.pack(&mut file.contents)
        {
            self.failed(error);
        }
    }

    fn failed(&mut self, error: io::Error) -> Error {
        let code = Error::from(&error);
        if matches!(error.get_ref(), Some(inner) if inner.is::<Exhausted>()) {
            self.exceeded.get_or_insert(Exceeded::Bytes);
        } else {
            self.failure.get_or_insert(error);
        }
        code
    }
}

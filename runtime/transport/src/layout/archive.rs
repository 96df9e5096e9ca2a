//! A layout in one file: a tar archive of it, plain or compressed with gzip, as buildpackages (`.cnb`) come and as other
//! tools save images.

use super::{INDEX, MARK};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::Path;
use std::sync::Arc;
use wattle_tree::archive::{Compression, decompress};
use wattle_tree::{Blob, ReadAt};

/// Most entries that are looked at: an image has hundreds of layers at most.
const MAX_ENTRIES: usize = 100_000;
/// Most bytes that come out of a compressed archive.
const MAX_BYTES: u64 = 10 << 30;
/// Longest document of a compressed archive that is kept, in bytes: a manifest, a configuration, an index.
const MAX_DOCUMENT: u64 = 8 << 20;
/// Most bytes of documents that are kept.
const MAX_DOCUMENTS: u64 = 64 << 20;
/// How a file begins that is compressed with gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The files of an archive, by their paths in it.
#[derive(Debug)]
pub(super) struct Archive(HashMap<String, Blob>);

impl Archive {
    /// Reads what is where in the archive. Of one that is compressed, only JSON documents are kept, because what else is in
    /// it cannot be found without reading all before it: layers are absent then.
    pub(super) fn open(path: &Path) -> io::Result<Archive> {
        let mut file = File::open(path)?;
        let mut start = Vec::new();
        (&mut file).take(GZIP.len() as u64).read_to_end(&mut start)?;
        file.rewind()?;
        let archive = if start == GZIP { Archive::compressed(file)? } else { Archive::plain(file)? };
        match [MARK, INDEX].iter().find(|name| !archive.0.contains_key(**name)) {
            Some(name) => Err(invalid(format!("it has no `{name}`"))),
            None => Ok(archive),
        }
    }

    /// The file at a path.
    pub(super) fn get(&self, path: &str) -> Option<Blob> {
        self.0.get(path).cloned()
    }

    fn plain(file: File) -> io::Result<Archive> {
        let (length, shared) = (file.metadata()?.len(), Arc::new(file.try_clone()?));
        let mut archive = Archive(HashMap::new());
        let mut tar = tar::Archive::new(file);
        for (count, entry) in tar.entries_with_seek()?.enumerate() {
            let entry = checked(count, entry)?;
            let (offset, size) = (entry.raw_file_position(), entry.size());
            if offset.checked_add(size).is_none_or(|end| end > length) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            archive.add(&entry, Blob::new(size, Window { file: shared.clone(), offset }))?;
        }
        Ok(archive)
    }

    fn compressed(file: File) -> io::Result<Archive> {
        let bytes = Bounded { inner: decompress(file, Compression::Gzip)?, left: MAX_BYTES };
        let mut archive = Archive(HashMap::new());
        let mut tar = tar::Archive::new(BufReader::new(bytes));
        let mut budget = MAX_DOCUMENTS;
        for (count, entry) in tar.entries()?.enumerate() {
            let mut entry = checked(count, entry)?;
            if entry.size() > MAX_DOCUMENT.min(budget) {
                continue;
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            if bytes.trim_ascii_start().starts_with(b"{") {
                budget -= bytes.len() as u64;
                archive.add(&entry, bytes.into())?;
            }
        }
        Ok(archive)
    }

    /// Two files of one name would be two things to two readers.
    fn add<R: Read>(&mut self, entry: &tar::Entry<'_, R>, contents: Blob) -> io::Result<()> {
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/");
        if !entry.header().entry_type().is_file() {
            return Ok(());
        }
        match self.0.insert(path, contents) {
            Some(_) => Err(invalid(format!("it has `{name}` twice"))),
            None => Ok(()),
        }
    }
}

fn checked<T>(count: usize, entry: io::Result<T>) -> io::Result<T> {
    if count >= MAX_ENTRIES {
        return Err(invalid(format!("it has more than {MAX_ENTRIES} entries")));
    }
    entry
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// A part of a file.
struct Window {
    file: Arc<File>,
    offset: u64,
}

impl ReadAt for Window {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        ReadAt::read_exact_at(&*self.file, buffer, self.offset + offset)
    }
}

/// Fails rather than give more than there may be.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let left = self.left.checked_sub(count as u64);
        self.left = left.ok_or_else(|| invalid(format!("it expands to more than {MAX_BYTES} bytes")))?;
        Ok(count)
    }
}

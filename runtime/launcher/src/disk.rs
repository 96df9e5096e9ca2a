//! The image's own files.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use wattle_launcher::{Entry, Files};

/// The files of the system that the launcher runs on.
pub(crate) struct Disk;

impl Files for Disk {
    fn list(&self, directory: &[u8]) -> io::Result<Vec<Entry>> {
        match fs::read_dir(OsStr::from_bytes(directory)) {
            Ok(entries) => entries.map(|entry| describe(&entry?)).collect(),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    fn read(&self, file: &[u8]) -> io::Result<Vec<u8>> {
        fs::read(OsStr::from_bytes(file))
    }

    fn is_file(&self, path: &[u8]) -> bool {
        Path::new(OsStr::from_bytes(path)).is_file()
    }
}

fn describe(entry: &fs::DirEntry) -> io::Result<Entry> {
    let kind = entry.file_type()?;
    // A link that leads nowhere is no directory; if it matters, then reading it tells.
    let is_directory =
        kind.is_dir() || kind.is_symlink() && fs::metadata(entry.path()).is_ok_and(|found| found.is_dir());
    Ok(Entry { name: entry.file_name().into_vec(), is_directory, is_link: kind.is_symlink() })
}

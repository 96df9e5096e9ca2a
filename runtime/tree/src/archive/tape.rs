//! tar: POSIX ustar and pax (IEEE Std 1003.1, `pax`), and GNU long names.

use super::builder::Builder;
use super::meter::{Meter, Metered};
use super::{ArchiveError, Compression, keep};
use crate::{File, Scratch};
use std::io::{self, Read};
use tar::EntryType;

/// True if a tar begins like this: the magic of its first header, or the zeros that end an empty one.
pub(super) fn matches(start: &[u8]) -> bool {
    start.get(257..262) == Some(b"ustar") || (start.len() == 512 && start.iter().all(|byte| *byte == 0))
}

/// Adds all entries of the tar that `stream` gives.
pub(super) fn read(
    stream: impl Read,
    compression: Compression,
    meter: &Meter<'_>,
    builder: &mut Builder<'_>,
    scratch: &Scratch,
) -> Result<(), ArchiveError> {
    let format = compression.tar();
    let mut archive = tar::Archive::new(Metered::new(stream, meter));
    let mut entries = archive.entries().map_err(|error| damaged(format, error))?;
    loop {
        meter.header_begins();
        let entry = entries.next().transpose();
        meter.header_ends();
        let Some(mut entry) = entry.map_err(|error| damaged(format, error))? else { break };
        meter.count(1)?;
        add(&mut entry, format, meter, builder, scratch)?;
        io::copy(&mut entry, &mut io::sink()).map_err(|error| damaged(format, error))?;
    }
    // A compressed stream knows where it ends; a plain one is whole only if the blocks of zeros are there.
    if compression == Compression::None && meter.has_ended() {
        return Err(damaged(format, io::ErrorKind::UnexpectedEof.into()));
    }
    // To the end, so that what guards the stream as a whole is checked.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| damaged(format, error))?;
    Ok(())
}

fn add<R: Read>(
    entry: &mut tar::Entry<'_, R>,
    format: &'static str,
    meter: &Meter<'_>,
    builder: &mut Builder<'_>,
    scratch: &Scratch,
) -> Result<(), ArchiveError> {
    let kind = entry.header().entry_type();
    check_extensions(entry, kind).map_err(|error| damaged(format, error))?;
    if kind == EntryType::XGlobalHeader {
        return Ok(());
    }
    let name = text(&entry.path_bytes())?;
    // Before ustar there was no type for directories: a slash at the end of the name said it.
    let is_file = matches!(kind, EntryType::Regular | EntryType::Continuous);
    match kind {
        EntryType::Directory => only_a_header(entry, &name).and_then(|()| builder.directory(&name)),
        _ if is_file && name.ends_with('/') => only_a_header(entry, &name).and_then(|()| builder.directory(&name)),
        _ if is_file => add_file(entry, &name, format, meter, builder, scratch),
        EntryType::Symlink | EntryType::Link => {
            only_a_header(entry, &name)?;
            let target = text(&entry.link_name_bytes().unwrap_or_default())?;
            if kind == EntryType::Link { builder.hard_link(&name, &target) } else { builder.symlink(&name, &target) }
        }
        _ => Err(ArchiveError::Kind { name, kind: refused_kind(kind) }),
    }
}

fn add_file<R: Read>(
    entry: &mut tar::Entry<'_, R>,
    name: &str,
    format: &'static str,
    meter: &Meter<'_>,
    builder: &mut Builder<'_>,
    scratch: &Scratch,
) -> Result<(), ArchiveError> {
    let executable = entry.header().mode().map_err(|error| damaged(format, error))? & 0o111 != 0;
    let size = entry.size();
    meter.check_file(size)?;
    let Some(path) = builder.path(name)? else { return Ok(()) };
    meter.keep(size)?;
    let blob = keep(entry, name, size, scratch, |error| damaged(format, error))?;
    builder.file(name, &path, File { blob, executable })
}

/// What other readers would take for contents, or for no contents, is refused.
fn only_a_header<R: Read>(entry: &tar::Entry<'_, R>, name: &str) -> Result<(), ArchiveError> {
    match entry.size() {
        0 => Ok(()),
        _ => Err(ArchiveError::Kind { name: name.to_owned(), kind: "a directory or a link with contents" }),
    }
}

fn refused_kind(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Char => "a character device",
        EntryType::Block => "a block device",
        EntryType::Fifo => "a named pipe",
        EntryType::GNUSparse => "a sparse file",
        _ => "of a type that is not known",
    }
}

/// Refuses pax extensions that readers disagree on: malformed or repeated ones, sparse files, and names for all entries.
fn check_extensions<R: Read>(entry: &mut tar::Entry<'_, R>, kind: EntryType) -> io::Result<()> {
    let global = kind == EntryType::XGlobalHeader;
    if global && entry.size() > 1 << 20 {
        return Err(io::Error::other("a global pax header is larger than 1 MiB"));
    }
    let Some(mut extensions) = entry.pax_extensions()? else { return Ok(()) };
    let mut seen = [false; 3];
    for extension in &mut extensions {
        let extension = extension?;
        let key = extension.key().map_err(io::Error::other)?;
        if key.starts_with("GNU.sparse.") {
            return Err(io::Error::other("a sparse file is not read"));
        }
        let Some(at) = ["path", "linkpath", "size"].iter().position(|name| *name == key) else { continue };
        if global || std::mem::replace(&mut seen[at], true) {
            return Err(io::Error::other(format!("the pax header `{key}` is global or there twice")));
        }
        if key == "size" {
            extension
                .value()
                .ok()
                .and_then(|text| text.parse::<u64>().ok())
                .ok_or_else(|| io::Error::other("the pax header `size` is not a number"))?;
        }
    }
    match extensions.next() {
        None => Ok(()),
        Some(_) => Err(io::Error::other("malformed pax extension")),
    }
}

fn text(bytes: &[u8]) -> Result<String, ArchiveError> {
    let refused = |reason| ArchiveError::Name { name: String::from_utf8_lossy(bytes).into_owned(), reason };
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| refused("its name or target is not UTF-8"))
}

/// What went wrong below: a limit or the source of the bytes, or else the archive itself.
fn damaged(format: &'static str, error: io::Error) -> ArchiveError {
    error.downcast().unwrap_or_else(|source| ArchiveError::Damaged { format, source })
}

//! The layers of an image, and what lies in them, in the order in which they count: buildpacks as they ran, layers and files
//! by name.

use crate::environment::{Entry, Files};
use std::io;

/// What could not be read, and why.
pub(crate) type Failed = (Vec<u8>, io::Error);

/// The layers of a buildpack, sorted by name: directories, not links to some. A buildpack may have none.
pub(crate) fn of_buildpack(layers_dir: &[u8], id: &str, files: &impl Files) -> Result<Vec<Vec<u8>>, Failed> {
    let directory = join(layers_dir, id.replace('/', "_").as_bytes());
    let entries = list(&directory, files)?;
    let layers = entries.into_iter().filter(|entry| entry.is_directory && !entry.is_link);
    Ok(layers.map(|entry| join(&directory, &entry.name)).collect())
}

/// The files of `<layer>/<directory>` and, of each layer right after them, those of `<layer>/<directory>/<process>`.
///
/// The specification has the files for a process come after those of all layers. The reference implementation goes layer by
/// layer, and that is what buildpacks were tried with.
pub(crate) fn files_in<'a>(
    layers_dir: &[u8],
    buildpacks: impl Iterator<Item = &'a str>,
    directory: &str,
    process: Option<&str>,
    files: &impl Files,
) -> Result<Vec<Vec<u8>>, Failed> {
    let mut found = Vec::new();
    for id in buildpacks {
        for layer in of_buildpack(layers_dir, id, files)? {
            let directory = join(&layer, directory.as_bytes());
            let of_process = process.map(|process| join(&directory, process.as_bytes()));
            for directory in std::iter::once(directory).chain(of_process) {
                let entries = list(&directory, files)?.into_iter().filter(|entry| !entry.is_directory);
                found.extend(entries.map(|entry| join(&directory, &entry.name)));
            }
        }
    }
    Ok(found)
}

pub(crate) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    [directory, b"/", name].concat()
}

/// What is in a directory, sorted by name.
pub(crate) fn list(directory: &[u8], files: &impl Files) -> Result<Vec<Entry>, Failed> {
    let mut entries = files.list(directory).map_err(|error| (directory.to_vec(), error))?;
    entries.sort();
    Ok(entries)
}

pub(crate) fn read(file: &[u8], files: &impl Files) -> Result<Vec<u8>, Failed> {
    files.read(file).map_err(|error| (file.to_vec(), error))
}

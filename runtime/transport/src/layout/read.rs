//! Reading a layout.

use super::archive::Archive;
use super::{INDEX, LayoutError, MARK, blob_name, blob_path, disk, tag_of};
use crate::content::{Check, ContentError};
use crate::location::{LATEST, Pick};
use crate::select::{self, Named, SelectError};
use serde_json::Value;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use wattle_oci::{Descriptor, Digest, Image, Index, MAX_CONFIG, MAX_MANIFEST, Platform, media};
use wattle_tree::{Algorithm, Blob, ReadAt};

/// A directory that holds images, or an archive of one.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    path: PathBuf,
    archive: Option<Arc<Archive>>,
}

impl Layout {
    /// The layout in `path`, if there is one.
    pub(crate) fn open(path: &Path) -> Result<Layout, LayoutError> {
        if !path.exists() {
            return Err(LayoutError::Absent(path.to_owned()));
        }
        Layout::at(path).checked()
    }

    /// The layout in the archive `path`, if there is one.
    pub(crate) fn open_archive(path: &Path) -> Result<Layout, LayoutError> {
        let archive = Archive::open(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => LayoutError::AbsentArchive(path.to_owned()),
            io::ErrorKind::PermissionDenied => disk("open", path)(source),
            _ => LayoutError::Archive { path: path.to_owned(), source },
        })?;
        Layout { path: path.to_owned(), archive: Some(archive.into()) }.checked()
    }

    /// This, if it is of a version that is understood.
    fn checked(self) -> Result<Layout, LayoutError> {
        let layout = self;
        let mark: Value = layout.json(MARK)?;
        match mark.get("imageLayoutVersion").and_then(Value::as_str) {
            Some(version) if version.starts_with("1.") => Ok(layout),
            Some(version) => Err(layout.other(format!("it is of version `{version}`; 1.0.0 is understood"))),
            None => Err(layout.other(format!("`{MARK}` has no `imageLayoutVersion`"))),
        }
    }

    /// The layout that is known to be in `path`.
    pub(crate) fn at(path: &Path) -> Layout {
        Layout { path: path.to_owned(), archive: None }
    }

    /// Reads an image. Its manifest and configuration are checked now, each layer when its bytes are first read; layers
    /// that are not there have no bytes.
    pub(crate) fn read(&self, pick: &Pick, platform: &Platform) -> Result<Named, LayoutError> {
        let index = self.index()?;
        let (mut descriptor, mut among) = self.find(&index, pick, platform)?;
        let mut depth = 0;
        let manifest = loop {
            let bytes = self.bytes(&descriptor, MAX_MANIFEST)?;
            match select::step(&bytes, &descriptor, platform, depth).map_err(|source| self.select(source))? {
                None => break bytes,
                Some((next, offered)) => (descriptor, among) = (next, Some(offered)),
            }
            depth += 1;
        };
        let failed = |source| LayoutError::Image { path: self.path.clone(), source };
        let config = select::config_of(&manifest).map_err(|source| self.select(source))?;
        let image = Image::new(manifest, self.bytes(&config, MAX_CONFIG)?).map_err(failed)?;
        Ok(Named { image: image.with_blobs(|descriptor| self.blob(descriptor)), among })
    }

    /// The images that it names.
    pub(super) fn index(&self) -> Result<Index, LayoutError> {
        self.json(INDEX)
    }

    /// Where a blob is, if it is there and has the right length.
    pub(crate) fn blob_file(&self, descriptor: &Descriptor) -> Option<PathBuf> {
        if self.archive.is_some() {
            return None;
        }
        let path = blob_path(&self.path, &descriptor.digest);
        let found = path.metadata().ok()?;
        (found.is_file() && found.len() == descriptor.size).then_some(path)
    }

    /// A blob, if it is there.
    pub(crate) fn blob(&self, descriptor: &Descriptor) -> Option<Blob> {
        let bytes = self.file(&blob_name(&descriptor.digest)).ok().filter(|found| found.len() == descriptor.size)?;
        let source = Checked { bytes, descriptor: descriptor.clone(), verdict: OnceLock::new() };
        Some(match descriptor.digest.algorithm() {
            Algorithm::Sha256 => Blob::with_digest(descriptor.size, source, descriptor.digest),
            Algorithm::Sha512 => Blob::new(descriptor.size, source),
        })
    }

    /// A file of it.
    fn file(&self, name: &str) -> io::Result<Blob> {
        if let Some(archive) = &self.archive {
            return archive.get(name).ok_or_else(|| io::ErrorKind::NotFound.into());
        }
        let file = File::open(self.path.join(name))?;
        let metadata = file.metadata()?;
        if metadata.is_file() { Ok(Blob::new(metadata.len(), file)) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// The image that is meant, and if it is one of several of that name, for which platforms these are.
    fn find(
        &self,
        index: &Index,
        pick: &Pick,
        platform: &Platform,
    ) -> Result<(Descriptor, Option<Vec<Platform>>), LayoutError> {
        let matching = |test: &dyn Fn(&Descriptor) -> bool| -> Vec<Descriptor> {
            index.manifests.iter().filter(|entry| test(entry)).cloned().collect()
        };
        let found = match pick {
            Pick::Tag(tag) => matching(&|entry| tag_of(entry) == Some(tag)),
            Pick::Digest(digest) => return Ok((self.by_digest(index, digest)?, None)),
            Pick::Default => match matching(&|entry| tag_of(entry) == Some(LATEST)) {
                latest if latest.is_empty() && same_name(index) => index.manifests.clone(),
                latest if latest.is_empty() => return Err(self.ambiguous(index)),
                latest => latest,
            },
        };
        match found.as_slice() {
            [] => Err(self.no_image(index, pick)),
            [one] => Ok((one.clone(), None)),
            // One name for the images of several platforms.
            _ => {
                let several = Index::new(found);
                let chosen = select::choose(&several, platform).cloned();
                Ok((chosen.map_err(|source| self.select(source))?, Some(select::platforms(&several))))
            }
        }
    }

    /// A digest may name what the index does not: an image inside of an index.
    fn by_digest(&self, index: &Index, digest: &Digest) -> Result<Descriptor, LayoutError> {
        if let Some(entry) = index.manifests.iter().find(|entry| entry.digest == *digest) {
            return Ok(entry.clone());
        }
        let file = self.file(&blob_name(digest));
        let size = file.map_err(|_| self.no_image(index, &Pick::Digest(*digest)))?.len();
        Ok(Descriptor::new(media::MANIFEST, *digest, size))
    }

    fn bytes(&self, descriptor: &Descriptor, limit: usize) -> Result<Vec<u8>, LayoutError> {
        let path = blob_path(&self.path, &descriptor.digest);
        let file = self.file(&blob_name(&descriptor.digest)).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => LayoutError::NoBlob { path: self.path.clone(), digest: descriptor.digest },
            _ => disk("open", &path)(source),
        })?;
        let bytes = read_up_to(&file, limit).map_err(disk("read", &path))?;
        let content = |source| LayoutError::Content { path: self.path.clone(), source };
        crate::content::check(&bytes, descriptor).map_err(content)?;
        Ok(bytes)
    }

    fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, LayoutError> {
        let path = self.path.join(name);
        let file = self.file(name).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => self.other(format!("it has no `{name}`")),
            io::ErrorKind::NotADirectory => self.other("it is not a directory".to_owned()),
            _ => disk("open", &path)(source),
        })?;
        let bytes = read_up_to(&file, MAX_MANIFEST).map_err(disk("read", &path))?;
        serde_json::from_slice(&bytes).map_err(|error| self.other(format!("its `{name}` cannot be read: {error}")))
    }

    fn other(&self, reason: String) -> LayoutError {
        LayoutError::Other { path: self.path.clone(), reason }
    }

    fn select(&self, source: SelectError) -> LayoutError {
        LayoutError::Select { path: self.path.clone(), source: source.into() }
    }

    fn no_image(&self, index: &Index, pick: &Pick) -> LayoutError {
        let wanted = match pick {
            Pick::Default => LATEST.to_owned(),
            Pick::Tag(tag) => tag.clone(),
            Pick::Digest(digest) => digest.to_string(),
        };
        LayoutError::NoImage { path: self.path.clone(), wanted, offered: tags(index) }
    }

    fn ambiguous(&self, index: &Index) -> LayoutError {
        LayoutError::Ambiguous { path: self.path.clone(), offered: tags(index) }
    }
}

/// True if all images have one name, or none.
fn same_name(index: &Index) -> bool {
    index.manifests.windows(2).all(|pair| tag_of(&pair[0]) == tag_of(&pair[1]))
}

fn tags(index: &Index) -> Vec<String> {
    let mut tags: Vec<String> = index.manifests.iter().filter_map(tag_of).map(str::to_owned).collect();
    tags.dedup();
    tags
}

fn read_up_to(file: &Blob, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.reader().take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

/// A file that is compared with its digest, as a whole, before the first of its bytes is given out.
struct Checked {
    bytes: Blob,
    descriptor: Descriptor,
    verdict: OnceLock<Result<(), String>>,
}

impl ReadAt for Checked {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let verdict = self.verdict.get_or_init(|| check_file(&self.bytes, &self.descriptor).map_err(|e| e.to_string()));
        verdict.clone().map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?;
        let count = self.bytes.read_at(buffer, offset)?;
        if count == buffer.len() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// Compares a file with what it should be.
pub(super) fn check_file(file: &Blob, descriptor: &Descriptor) -> Result<(), ContentError> {
    let mut check = Check::new(descriptor);
    let mut buffer = vec![0; 256 << 10];
    let mut offset = 0;
    while offset < descriptor.size {
        let count = usize::try_from(descriptor.size - offset).map_or(buffer.len(), |left| left.min(buffer.len()));
        let count = file
            .read_at(&mut buffer[..count], offset)
            .map_err(|source| ContentError::Read { digest: descriptor.digest, source })?;
        if count == 0 {
            break; // It is too short, which is said below.
        }
        check.update(&buffer[..count])?;
        offset += count as u64;
    }
    check.finish()
}

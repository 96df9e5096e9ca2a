//! Reading a layout.

use super::{INDEX, LayoutError, MARK, blob_path, disk, tag_of};
use crate::content::{Check, ContentError};
use crate::location::{LATEST, Pick};
use crate::select::{self, SelectError};
use serde_json::Value;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use wattle_oci::{Descriptor, Digest, Image, Index, MAX_CONFIG, MAX_MANIFEST, Platform, media};
use wattle_tree::{Algorithm, Blob, ReadAt};

/// A directory that holds images.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    path: PathBuf,
}

impl Layout {
    /// The layout in `path`, if there is one.
    pub(crate) fn open(path: &Path) -> Result<Layout, LayoutError> {
        if !path.exists() {
            return Err(LayoutError::Absent(path.to_owned()));
        }
        let layout = Layout::at(path);
        let mark: Value = layout.json(MARK)?;
        match mark.get("imageLayoutVersion").and_then(Value::as_str) {
            Some(version) if version.starts_with("1.") => Ok(layout),
            Some(version) => Err(layout.other(format!("it is of version `{version}`; 1.0.0 is understood"))),
            None => Err(layout.other(format!("`{MARK}` has no `imageLayoutVersion`"))),
        }
    }

    /// The layout that is known to be in `path`.
    pub(crate) fn at(path: &Path) -> Layout {
        Layout { path: path.to_owned() }
    }

    /// Reads an image. Its manifest and configuration are checked now, each layer when its bytes are first read; layers
    /// that are not there have no bytes. Also whether it is one of several for other platforms.
    pub(crate) fn read(&self, pick: &Pick, platform: &Platform) -> Result<(Image, bool), LayoutError> {
        let index = self.index()?;
        let (mut descriptor, one_of_several) = self.find(&index, pick, platform)?;
        let mut depth = 0;
        let manifest = loop {
            let bytes = self.bytes(&descriptor, MAX_MANIFEST)?;
            match select::step(&bytes, &descriptor, platform, depth).map_err(|source| self.select(source))? {
                None => break bytes,
                Some(next) => descriptor = next,
            }
            depth += 1;
        };
        let failed = |source| LayoutError::Image { path: self.path.clone(), source };
        let config = select::config_of(&manifest).map_err(|source| self.select(source))?;
        let image = Image::new(manifest, self.bytes(&config, MAX_CONFIG)?).map_err(failed)?;
        Ok((image.with_blobs(|descriptor| self.blob(descriptor)), one_of_several || depth > 0))
    }

    /// The images that it names.
    pub(super) fn index(&self) -> Result<Index, LayoutError> {
        self.json(INDEX)
    }

    /// Where a blob is, if it is there and has the right length.
    pub(crate) fn blob_file(&self, descriptor: &Descriptor) -> Option<PathBuf> {
        let path = blob_path(&self.path, &descriptor.digest);
        let found = path.metadata().ok()?;
        (found.is_file() && found.len() == descriptor.size).then_some(path)
    }

    /// A blob, if it is there.
    pub(crate) fn blob(&self, descriptor: &Descriptor) -> Option<Blob> {
        let file = File::open(self.blob_file(descriptor)?).ok()?;
        let source = Checked { file, descriptor: descriptor.clone(), verdict: OnceLock::new() };
        Some(match descriptor.digest.algorithm() {
            Algorithm::Sha256 => Blob::with_digest(descriptor.size, source, descriptor.digest),
            Algorithm::Sha512 => Blob::new(descriptor.size, source),
        })
    }

    fn find(&self, index: &Index, pick: &Pick, platform: &Platform) -> Result<(Descriptor, bool), LayoutError> {
        let matching = |test: &dyn Fn(&Descriptor) -> bool| -> Vec<Descriptor> {
            index.manifests.iter().filter(|entry| test(entry)).cloned().collect()
        };
        let found = match pick {
            Pick::Tag(tag) => matching(&|entry| tag_of(entry) == Some(tag)),
            Pick::Digest(digest) => return Ok((self.by_digest(index, digest)?, false)),
            Pick::Default => match matching(&|entry| tag_of(entry) == Some(LATEST)) {
                latest if latest.is_empty() && same_name(index) => index.manifests.clone(),
                latest if latest.is_empty() => return Err(self.ambiguous(index)),
                latest => latest,
            },
        };
        match found.as_slice() {
            [] => Err(self.no_image(index, pick)),
            [one] => Ok((one.clone(), false)),
            // One name for the images of several platforms.
            _ => {
                let chosen = select::choose(&Index::new(found), platform).cloned();
                Ok((chosen.map_err(|source| self.select(source))?, true))
            }
        }
    }

    /// A digest may name what the index does not: an image inside of an index.
    fn by_digest(&self, index: &Index, digest: &Digest) -> Result<Descriptor, LayoutError> {
        if let Some(entry) = index.manifests.iter().find(|entry| entry.digest == *digest) {
            return Ok(entry.clone());
        }
        let path = blob_path(&self.path, digest);
        let size = path.metadata().map_err(|_| self.no_image(index, &Pick::Digest(*digest)))?.len();
        Ok(Descriptor::new(media::MANIFEST, *digest, size))
    }

    fn bytes(&self, descriptor: &Descriptor, limit: usize) -> Result<Vec<u8>, LayoutError> {
        let path = blob_path(&self.path, &descriptor.digest);
        let file = File::open(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => LayoutError::NoBlob { path: self.path.clone(), digest: descriptor.digest },
            _ => disk("open", &path)(source),
        })?;
        let bytes = read_up_to(file, limit).map_err(disk("read", &path))?;
        let content = |source| LayoutError::Content { path: self.path.clone(), source };
        crate::content::check(&bytes, descriptor).map_err(content)?;
        Ok(bytes)
    }

    fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, LayoutError> {
        let path = self.path.join(name);
        let file = File::open(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => self.other(format!("it has no `{name}`")),
            io::ErrorKind::NotADirectory => self.other("it is not a directory".to_owned()),
            _ => disk("open", &path)(source),
        })?;
        let bytes = read_up_to(file, MAX_MANIFEST).map_err(disk("read", &path))?;
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

fn read_up_to(file: File, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

/// A file that is compared with its digest, as a whole, before the first of its bytes is given out.
struct Checked {
    file: File,
    descriptor: Descriptor,
    verdict: OnceLock<Result<(), String>>,
}

impl ReadAt for Checked {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let verdict = self.verdict.get_or_init(|| check_file(&self.file, &self.descriptor).map_err(|e| e.to_string()));
        verdict.clone().map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?;
        self.file.read_exact_at(buffer, offset)
    }
}

/// Compares a file with what it should be.
pub(super) fn check_file(file: &File, descriptor: &Descriptor) -> Result<(), ContentError> {
    let mut check = Check::new(descriptor);
    let mut buffer = vec![0; 256 << 10];
    let mut offset = 0;
    while offset < descriptor.size {
        let count = usize::try_from(descriptor.size - offset).map_or(buffer.len(), |left| left.min(buffer.len()));
        ReadAt::read_exact_at(file, &mut buffer[..count], offset)
            .map_err(|source| ContentError::Read { digest: descriptor.digest, source })?;
        check.update(&buffer[..count])?;
        offset += count as u64;
    }
    check.finish()
}

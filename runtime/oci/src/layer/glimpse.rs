//! What layers have at a few paths: enough to know of which system an image is without unpacking it.

use super::{OPAQUE, WHITEOUT};
use crate::media::Compression;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use wattle_tree::archive;

/// Most bytes of files that are kept of one layer. The package lists of the largest images take a tenth.
const MOST: u64 = 64 << 20;

/// What one layer, or several on top of one another, says about the root directory's entries and the files that were wanted.
/// Paths have no `/` in front.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glimpse {
    entries: BTreeMap<String, Seen>,
    /// Paths that the layer takes away from those below it (OCI image specification, "Whiteouts").
    removed: BTreeSet<String>,
    /// Directories of which nothing of the layers below is left ("Opaque Whiteout").
    opaque: BTreeSet<String>,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// A file of this text; what is no UTF-8 is replaced.
    File(String),
    /// A symbolic link to this.
    Symlink(String),
    /// A directory.
    Directory,
    /// Anything else.
    Other,
}

impl Glimpse {
    /// Reads a layer of this media type: what is directly below the root, and what is `wanted` by its path. Fails as
    /// reading does, if the bytes are no such layer, and if what is wanted is larger than 64 MiB.
    pub fn of(bytes: impl Read, media_type: &str, wanted: impl Fn(&str) -> bool) -> io::Result<Glimpse> {
        let compression = match Compression::of(media_type) {
            Some(Compression::None) => archive::Compression::None,
            Some(Compression::Gzip) => archive::Compression::Gzip,
            Some(Compression::Zstd) => archive::Compression::Zstd,
            None => return Err(invalid(format!("layers of the type `{media_type}` cannot be read"))),
        };
        // Some programs leave out the zeros that fill the last block and end the archive.
        let zeros = io::repeat(0).take(3 * 512);
        let mut tar = tar::Archive::new(archive::decompress(bytes, compression)?.chain(zeros));
        let (mut glimpse, mut budget) = (Glimpse::default(), MOST);
        for entry in tar.entries()? {
            glimpse.add(&mut entry?, &wanted, &mut budget)?;
        }
        Ok(glimpse)
    }

    fn add<R: Read>(
        &mut self,
        entry: &mut tar::Entry<'_, R>,
        wanted: impl Fn(&str) -> bool,
        budget: &mut u64,
    ) -> io::Result<()> {
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/");
        let (directory, last) = path.rsplit_once('/').unwrap_or(("", &path));
        if last == OPAQUE {
            self.opaque.insert(directory.to_owned());
        } else if let Some(hidden) = last.strip_prefix(WHITEOUT) {
            let hidden = if directory.is_empty() { hidden.to_owned() } else { format!("{directory}/{hidden}") };
            self.removed.insert(hidden);
        } else if !path.is_empty() && (!path.contains('/') || wanted(&path)) {
            let seen = see(entry, wanted(&path), budget)?;
            self.entries.insert(path, seen);
        }
        Ok(())
    }

    /// This with `upper` on top of it.
    #[must_use]
    pub fn under(mut self, upper: Glimpse) -> Glimpse {
        let below = |path: &str, directory: &str| {
            directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
        };
        self.entries.retain(|path, _| {
            let removed = upper.removed.iter().any(|removed| path == removed || below(path, removed));
            let hidden = upper.opaque.iter().any(|directory| below(path, directory));
            // What was a directory and is something else now has nothing below it any more.
            let replaced = upper.entries.iter().any(|(other, seen)| *seen != Seen::Directory && below(path, other));
            !removed && !hidden && !replaced
        });
        self.entries.extend(upper.entries);
        self.removed.extend(upper.removed);
        self.opaque.extend(upper.opaque);
        self
    }

    /// What is at a path.
    pub fn get(&self, path: &str) -> Option<&Seen> {
        self.entries.get(path)
    }

    /// The text of the file at a path, if one is there.
    pub fn file(&self, path: &str) -> Option<&str> {
        match self.entries.get(path) {
            Some(Seen::File(text)) => Some(text),
            _ => None,
        }
    }

    /// Everything that was seen, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Seen)> {
        self.entries.iter().map(|(path, seen)| (path.as_str(), seen))
    }

    /// The symbolic links right in the root directory, by name, with what they say.
    pub fn root_links(&self) -> BTreeMap<String, String> {
        let link = |(path, seen): (&String, &Seen)| match seen {
            Seen::Symlink(target) if !path.contains('/') => Some((path.clone(), target.clone())),
            _ => None,
        };
        self.entries.iter().filter_map(link).collect()
    }
}

fn see<R: Read>(entry: &mut tar::Entry<'_, R>, wanted: bool, budget: &mut u64) -> io::Result<Seen> {
    let kind = entry.header().entry_type();
    Ok(match kind {
        tar::EntryType::Regular | tar::EntryType::Continuous if wanted => {
            let mut bytes = Vec::new();
            let count = entry.take(budget.saturating_add(1)).read_to_end(&mut bytes)? as u64;
            *budget =
                budget.checked_sub(count).ok_or_else(|| invalid("what is wanted of it is too large".to_owned()))?;
            Seen::File(String::from_utf8_lossy(&bytes).into_owned())
        }
        tar::EntryType::Symlink => {
            Seen::Symlink(String::from_utf8_lossy(&entry.link_name_bytes().unwrap_or_default()).into_owned())
        }
        tar::EntryType::Directory => Seen::Directory,
        _ => Seen::Other,
    })
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media;

    /// A layer of these entries: `path=text` for files, `path>target` for links, `path/` for directories.
    fn layer(entries: &[&str]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for entry in entries {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(0);
            if let Some((path, target)) = entry.split_once('>') {
                header.set_entry_type(tar::EntryType::Symlink);
                builder.append_link(&mut header, path, target).unwrap();
            } else if let Some((path, text)) = entry.split_once('=') {
                header.set_size(text.len() as u64);
                builder.append_data(&mut header, path, text.as_bytes()).unwrap();
            } else {
                header.set_entry_type(tar::EntryType::Directory);
                builder.append_data(&mut header, entry, io::empty()).unwrap();
            }
        }
        builder.into_inner().unwrap()
    }

    fn check(layers: &[&[&str]]) -> Vec<String> {
        let wanted = |path: &str| path.starts_with("etc/");
        let glimpses = layers.iter().map(|entries| Glimpse::of(&layer(entries)[..], media::LAYER, wanted).unwrap());
        let all = glimpses.reduce(Glimpse::under).unwrap();
        all.entries.iter().map(|(path, seen)| format!("{path} {seen:?}")).collect()
    }

    #[test]
    fn the_root_and_what_is_wanted_are_seen() {
        insta::assert_debug_snapshot!(check(&[&["./lib>usr/lib", "usr/", "usr/lib/x=x", "./etc/passwd=root", "a=text"]]), @r#"
        [
            "a Other",
            "etc/passwd File(\"root\")",
            "lib Symlink(\"usr/lib\")",
            "usr Directory",
        ]
        "#);
    }

    #[test]
    fn upper_layers_change_and_take_away() {
        let base: &[&str] = &["etc/", "etc/a=1", "etc/d/x=1", "etc/d/y=1", "etc/b=1", "lib/"];
        insta::assert_debug_snapshot!(check(&[base, &["etc/a=2", "etc/.wh.b=", "etc/d/.wh..wh..opq=", "etc/d/z=2"]]), @r#"
        [
            "etc Directory",
            "etc/a File(\"2\")",
            "etc/d/z File(\"2\")",
            "lib Directory",
        ]
        "#);
        insta::assert_debug_snapshot!(check(&[base, &[".wh.etc=", "lib>usr/lib"]]), @r#"
        [
            "lib Symlink(\"usr/lib\")",
        ]
        "#);
        insta::assert_debug_snapshot!(check(&[base, &["etc/d>elsewhere"]]), @r#"
        [
            "etc Directory",
            "etc/a File(\"1\")",
            "etc/b File(\"1\")",
            "etc/d Symlink(\"elsewhere\")",
            "lib Directory",
        ]
        "#);
    }

    #[test]
    fn an_archive_may_end_with_its_last_file() {
        let whole = layer(&["etc/passwd=root"]);
        let (end, _) = whole.iter().enumerate().rfind(|(_, byte)| **byte != 0).unwrap();
        let glimpse = Glimpse::of(&whole[..=end], media::LAYER, |_| true).unwrap();
        assert_eq!(glimpse.file("etc/passwd"), Some("root"));
    }

    #[test]
    fn what_is_no_layer_is_refused() {
        let refused = |bytes: &[u8], media_type| Glimpse::of(bytes, media_type, |_| true).unwrap_err().to_string();
        insta::assert_snapshot!(refused(b"", "text/plain"), @"layers of the type `text/plain` cannot be read");
        insta::assert_snapshot!(refused(b"no gzip", media::LAYER_GZIP), @"unexpected end of file");
    }
}

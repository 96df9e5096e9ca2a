//! The files of a site: what they come to, and which of them nginx is told about.

use crate::root::Root;
use sha2::{Digest as _, Sha256};
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use wattle_buildpack::{Error, Result};

/// A site, read once.
#[derive(Debug, Default)]
pub(crate) struct Site {
    /// Stands for all of its contents, in hexadecimal digits.
    pub(crate) digest: String,
    /// `/index.html` is there.
    pub(crate) has_index: bool,
    /// `/404.html` is there.
    pub(crate) has_missing_page: bool,
    /// There are files that were compressed beforehand.
    pub(crate) has_compressed: bool,
    pub(crate) files: usize,
}

/// Hexadecimal digits of the digest that are kept: 80 bits, which no two versions of a site share.
const DIGITS: usize = 20;

impl Site {
    /// Reads what will be served. A link can lead to anything in the application, so with one all of that counts.
    /// Fails for a link that would show visitors what is not of the site.
    pub(crate) fn read(app: &Path, root: &Root) -> Result<Self> {
        let folder = app.join(root.folder());
        let mut walk = Walk::default();
        walk.folder(&folder, "")?;
        let place = |link: &str| format!("{}{link}", root.folder());
        if let Some((link, target)) = walk.links.iter().find(|(link, target)| leads_out(&place(link), target)) {
            return Err(link_error(link, target));
        }
        let mut site = Self {
            has_index: folder.join("index.html").is_file(),
            has_missing_page: folder.join("404.html").is_file(),
            has_compressed: walk.compressed,
            files: walk.files,
            digest: String::new(),
        };
        if !walk.links.is_empty() {
            walk.folder(app, "..")?;
        }
        site.digest = format!("{:x}", walk.hash.finalize());
        site.digest.truncate(DIGITS);
        Ok(site)
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.files == 1 { "file" } else { "files" };
        write!(f, "{} {noun}", self.files)?;
        if self.has_missing_page {
            f.write_str(", with `404.html` for what is not there")?;
        }
        if self.has_compressed {
            f.write_str(", some compressed beforehand")?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Walk {
    hash: Sha256,
    files: usize,
    /// Each with where it is and what it says.
    links: Vec<(String, String)>,
    compressed: bool,
}

impl Walk {
    /// Goes through a folder in the order of names. `path` is that of the folder, as the hash has it.
    fn folder(&mut self, folder: &Path, path: &str) -> io::Result<()> {
        let mut names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
        names.sort();
        for name in names.into_iter().filter(is_served) {
            let entry = folder.join(&name);
            let path = format!("{path}/{}", name.to_string_lossy());
            let kind = fs::symlink_metadata(&entry)?.file_type();
            if kind.is_dir() {
                self.folder(&entry, &path)?;
            } else if kind.is_symlink() {
                let target = fs::read_link(&entry)?.to_string_lossy().into_owned();
                self.add('l', &path, &target);
                self.links.push((path, target));
            } else {
                self.file(&entry, &path)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, entry: &Path, path: &str) -> io::Result<()> {
        self.files += 1;
        self.compressed |= entry.extension().is_some_and(|extension| extension == "gz");
        let mut contents = Sha256::new();
        io::copy(&mut File::open(entry)?, &mut contents)?;
        self.add('f', path, &format!("{:x}", contents.finalize()));
        Ok(())
    }

    /// No file name has a zero byte, so that no two sites are written alike.
    fn add(&mut self, kind: char, path: &str, what: &str) {
        self.hash.update(format!("{kind}{path}\0{what}\0"));
    }
}

/// True if a link leads out of the application, or to what is hidden.
fn leads_out(link: &str, target: &str) -> bool {
    let mut place: Vec<&str> = link.split('/').filter(|part| !part.is_empty()).collect();
    place.pop();
    for part in target.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." if place.pop().is_none() => return true,
            ".." => {}
            part => place.push(part),
        }
    }
    target.starts_with('/') || place.iter().any(|part| !is_served(&OsString::from(part)))
}

fn link_error(link: &str, target: &str) -> Error {
    let summary = format!(
        "the link `{}` would show `{target}`, which is hidden or no part of the application",
        link.trim_start_matches('/')
    );
    Error::user("static/root/link", summary)
        .hint("remove it, leave it out with a line in `.wattleignore`, or put a copy in its place")
}

/// Whether nginx will serve a file of this name, or what is in a folder of this name.
fn is_served(name: &OsString) -> bool {
    name == ".well-known" || !name.as_encoded_bytes().starts_with(b".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_in_the_site() {
        for (link, target) in [("a", "b"), ("docs/latest", "v2"), ("public/x", "../img/./x"), ("a", ".well-known/x")] {
            assert!(!leads_out(link, target), "{link} -> {target}");
        }
        for (link, target) in
            [("a", "/etc/passwd"), ("a", "../x"), ("public/b", "../../x"), ("a", ".env"), ("public/a", "../.git")]
        {
            assert!(leads_out(link, target), "{link} -> {target}");
        }
    }
}

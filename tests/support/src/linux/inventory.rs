//! Everything that an archive says of its files, times excepted.

use super::image::digest;
use std::collections::BTreeMap;
use std::io::Read;
use tar::{Archive, Entry, EntryType};

/// What is at each path: kind, permissions, owner, and the digest of the contents or the target of a link. A hard link is
/// what it leads to.
#[track_caller]
pub fn inventory(archive: impl Read) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in Archive::new(archive).entries().expect("the archive can be read") {
        let mut entry = entry.expect("the archive can be read");
        let path = plain(&entry.path().expect("the archive can be read").to_string_lossy());
        let line = match (entry.header().entry_type(), link(&entry)) {
            (EntryType::Symlink, target) => format!("-> {target}"),
            (EntryType::Link, target) => found.get(&plain(&target)).cloned().unwrap_or_default(),
            (EntryType::Directory, _) => format!("directory {}", owner(&entry)),
            (kind, _) => {
                assert!(kind.is_file(), "`{path}` is of the kind {kind:?}");
                let owner = owner(&entry);
                format!("file {owner} {}", digest(&mut entry))
            }
        };
        found.insert(path, line);
    }
    found
}

fn plain(path: &str) -> String {
    path.strip_prefix("./").unwrap_or(path).trim_matches('/').to_owned()
}

fn link(entry: &Entry<impl Read>) -> String {
    let target = entry.link_name().expect("the archive can be read");
    target.map(|target| target.to_string_lossy().into_owned()).unwrap_or_default()
}

fn owner(entry: &Entry<impl Read>) -> String {
    let header = entry.header();
    let [mode, uid, gid] = [header.mode().map(u64::from), header.uid(), header.gid()]
        .map(|number| number.expect("the archive can be read"));
    format!("{:o} {uid}:{gid}", mode & 0o7777)
}

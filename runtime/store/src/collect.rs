//! Keeping within a budget.

use crate::error::{failed, if_there};
use crate::{Store, StoreError};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What was used this long before the oldest live session began is left alone too: clocks differ a little, the one of a
/// file server above all.
const GRACE: Duration = Duration::from_mins(5);

/// What [`Store::collect`] did, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// Removed.
    pub removed: BTreeMap<Kind, u64>,
    /// Still there.
    pub kept: BTreeMap<Kind, u64>,
    /// Still there, and not to be removed whatever the budget is.
    pub in_use: u64,
}

/// What a store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Downloads and packed layers.
    Blobs,
    /// Layers as trees.
    Trees,
    /// Machine code of components.
    Compiled,
    /// What refers to the others, and is small.
    Notes,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Blobs, Kind::Trees, Kind::Compiled, Kind::Notes];

    /// By the directory below the root of the store.
    fn of(directory: Option<Component>) -> Kind {
        match directory.and_then(|directory| directory.as_os_str().to_str()) {
            Some("blobs") => Kind::Blobs,
            Some("trees") => Kind::Trees,
            Some("compiled") => Kind::Compiled,
            _ => Kind::Notes,
        }
    }
}

struct Item {
    kind: Kind,
    path: PathBuf,
    used: SystemTime,
    size: u64,
}

impl Store {
    /// Bytes in the store, work in progress left out.
    pub fn size(&self) -> Result<u64, StoreError> {
        Ok(self.items()?.iter().map(|item| item.size).sum())
    }

    /// Removes what was not used for the longest time until at most `budget` bytes are left. What this process or any other
    /// live one has used since it opened the store stays, so that more may be left. What refers to something that was
    /// removed is as if it were not there.
    pub fn collect(&self, budget: u64) -> Result<Collected, StoreError> {
        let (oldest, _door) = self.0.session.oldest()?;
        let in_use = oldest.checked_sub(GRACE).unwrap_or(oldest);
        let mut items = self.items()?;
        items.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        let mut left: u64 = items.iter().map(|item| item.size).sum();
        let mut collected = Collected::default();
        for item in &items {
            let of_kind = if item.used >= in_use {
                collected.in_use += item.size;
                &mut collected.kept
            } else if left > budget && remove(&item.path, in_use)? {
                left -= item.size;
                &mut collected.removed
            } else {
                &mut collected.kept
            };
            *of_kind.entry(item.kind).or_default() += item.size;
        }
        Ok(collected)
    }

    fn items(&self) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let tmp = self.path("tmp");
        let mut directories = vec![self.0.root.clone()];
        while let Some(directory) = directories.pop() {
            let Some(entries) = if_there(fs::read_dir(&directory)).map_err(failed("list", &directory))? else {
                continue;
            };
            for entry in entries {
                let entry = entry.map_err(failed("list", &directory))?;
                let path = entry.path();
                let Some(metadata) = if_there(entry.metadata()).map_err(failed("look at", &path))? else { continue };
                if !metadata.is_dir() {
                    let used = metadata.modified().map_err(failed("read the time of", &path))?;
                    let kind =
                        Kind::of(path.strip_prefix(&self.0.root).ok().and_then(|inner| inner.components().next()));
                    items.push(Item { kind, path, used, size: metadata.len() });
                } else if path != tmp {
                    directories.push(path);
                }
            }
        }
        Ok(items)
    }
}

/// Removes a file, unless somebody has come to use it in the meantime.
fn remove(path: &Path, in_use: SystemTime) -> Result<bool, StoreError> {
    let used =
        if_there(fs::metadata(path).and_then(|metadata| metadata.modified())).map_err(failed("look at", path))?;
    match used {
        Some(used) if used >= in_use => Ok(false),
        _ => if_there(fs::remove_file(path)).map(|_| true).map_err(failed("remove", path)),
    }
}

//! Keeping within a budget.

use crate::error::{failed, if_there};
use crate::{Store, StoreError};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What was used this long before the oldest live session began is left alone too: clocks differ a little, the one of a
/// file server above all.
const GRACE: Duration = Duration::from_mins(5);

/// What [`Store::collect`] did, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Removed.
    pub removed: u64,
    /// Still there.
    pub kept: u64,
}

struct Item {
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
        let mut collected = Collected { removed: 0, kept: items.iter().map(|item| item.size).sum() };
        for item in items.iter().take_while(|item| item.used < in_use) {
            if collected.kept <= budget {
                break;
            }
            if remove(&item.path, in_use)? {
                collected.removed += item.size;
                collected.kept -= item.size;
            }
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
                    items.push(Item { path, used, size: metadata.len() });
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

//! Packages, unpacked: each of them once, whatever the number of images that have it.

use super::{ArchiveError, Archives};
use crate::system::notes::{note, noted};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tokio::task::block_in_place;
use wattle_debian::{Attributes, Package, Unpacked};
use wattle_fetch::Fetched;
use wattle_tree::archive::Limits;
use wattle_tree::{Blob, Digest};

/// Changes when packages are unpacked in another way, so that what was unpacked before does not count.
const REVISION: u32 = 1;

impl Archives {
    /// Packages, unpacked: each fetched and unpacked once, whatever the number of images that have it. In the same order.
    pub(crate) async fn unpacked(&self, packages: &[Package]) -> Result<Vec<Unpacked>, ArchiveError> {
        let kept = block_in_place(|| packages.iter().map(|package| self.kept(package)).collect::<Result<Vec<_>, _>>())?;
        let missing = packages.iter().zip(&kept).filter(|(_, kept)| kept.is_none());
        let missing: Vec<&Package> = missing.map(|(package, _)| package).collect();
        let wanted: Vec<_> = missing.iter().map(|package| (package.reference(), Some(package.digest))).collect();
        let debs = if wanted.is_empty() { Vec::new() } else { self.fetch(&wanted).await? };
        let mut unpacked = block_in_place(|| self.unpack_all(&missing, &debs))?.into_iter();
        Ok(kept.into_iter().filter_map(|kept| kept.or_else(|| unpacked.next())).collect())
    }

    /// Unpacks on all processors.
    fn unpack_all(&self, packages: &[&Package], debs: &[Fetched]) -> Result<Vec<Unpacked>, ArchiveError> {
        let jobs: Vec<_> = packages.iter().zip(debs).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((package, deb)) = jobs.get(at) else { return Ok(done) };
                done.push((at, self.unpack(package, &deb.blob)?));
            }
        };
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(jobs.len());
        let mut all: Vec<(usize, Unpacked)> = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let ended = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
            ended.collect::<Result<Vec<_>, ArchiveError>>()
        })?
        .concat();
        all.sort_by_key(|(at, _)| *at);
        Ok(all.into_iter().map(|(_, unpacked)| unpacked).collect())
    }

    /// Unpacks one, and keeps what it was unpacked to.
    pub(in crate::system) fn unpack(&self, package: &Package, deb: &Blob) -> Result<Unpacked, ArchiveError> {
        let scratch = self.store.scratch()?;
        let unpacked = wattle_debian::unpack(package, deb, &scratch, Limits::default())?;
        let tree = self.store.trees().put(&unpacked.tree)?;
        let attributes = unpacked.attributes.iter();
        let kept = Kept {
            control: unpacked.control.clone(),
            postinst: unpacked.postinst.clone(),
            tree: tree.to_string(),
            attributes: attributes.map(|(path, it)| (path.clone(), (it.uid, it.gid, it.mode))).collect(),
        };
        note(&self.store, &document(package), &kept)?;
        Ok(unpacked)
    }

    /// What a package was unpacked to before.
    fn kept(&self, package: &Package) -> Result<Option<Unpacked>, ArchiveError> {
        let Some(kept) = noted::<Kept>(&self.store, &document(package))? else { return Ok(None) };
        let Ok(digest) = kept.tree.parse::<Digest>() else { return Ok(None) };
        let tree = self.store.trees().get(&digest)?;
        let attributes = kept.attributes.into_iter();
        let attributes = attributes.map(|(path, (uid, gid, mode))| (path, Attributes { uid, gid, mode })).collect();
        let Kept { control, postinst, .. } = kept;
        let Some(tree) = tree else { return Ok(None) };
        let before = Unpacked { package: package.clone(), control, postinst, tree, attributes };
        Ok(Some(Unpacked::again(package, before)?))
    }
}

/// What is kept of a package beside what the index says.
#[derive(Serialize, Deserialize)]
struct Kept {
    control: String,
    postinst: Option<String>,
    /// Digest of its files.
    tree: String,
    /// User, group and mode by path.
    attributes: BTreeMap<String, (u32, u32, u32)>,
}

fn document(package: &Package) -> String {
    format!("deb-{REVISION}:{}", package.digest)
}

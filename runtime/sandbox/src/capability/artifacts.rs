//! `artifacts`: fetching and unpacking for the guest.

use crate::capability::image::{Layer, path_error};
use crate::contribution::Fetched;
use crate::failure::{Fault, GuestError};
use crate::generated::wattle::buildpack::artifacts::{self, Placement};
use crate::generated::wattle::buildpack::types::Error;
use crate::grant::Request;
use crate::limits::{Limit, Reached};
use crate::state::State;
use crate::wasi::CHUNK;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use wasmtime::Result;
use wasmtime::component::Resource;
use wattle_tree::archive::{self, Allowance, ArchiveError, Links, Options};
use wattle_tree::overlay::Exceeded;
use wattle_tree::{Blob, Digest, Scratch, Tree};

/// Something fetched.
pub struct Artifact {
    /// Its place in [`Building::provenance`](crate::capability::image::Building).
    place: usize,
    source: String,
    digest: Digest,
    blob: Blob,
}

type Answer<T> = Result<std::result::Result<T, Error>>;

impl artifacts::Host for State {
    fn fetch(&mut self, requests: Vec<artifacts::Request>) -> Answer<Vec<Resource<Artifact>>> {
        if self.building.provenance.len() + requests.len() > self.limits.fetches {
            return Err(Reached(Limit::Fetches).into());
        }
        let requests = match requests.into_iter().map(request).collect::<std::result::Result<Vec<_>, _>>() {
            Ok(requests) => requests,
            Err(error) => return Ok(Err(error.into())),
        };
        let fetched = match self.artifacts.fetch(&requests) {
            Ok(fetched) => fetched,
            Err(error) => return Ok(Err(error.into())),
        };
        let mut handles = Vec::with_capacity(fetched.len());
        let making = self.building.making();
        for (Request { source, digest }, artifact) in requests.into_iter().zip(fetched) {
            let fetched = Fetched {
                source: source.clone(),
                address: artifact.address,
                digest: artifact.digest,
                size: artifact.blob.len(),
            };
            let place = self.building.provenance.fetched(fetched, digest.is_some(), making);
            handles.push(self.table.push(Artifact { place, source, digest: artifact.digest, blob: artifact.blob })?);
        }
        Ok(Ok(handles))
    }

    fn unpack(&mut self, layer: Resource<Layer>, placements: Vec<Placement>) -> Answer<()> {
        let index = self.table.get(&layer)?.0;
        if let Err(error) = self.building.writable(index) {
            return Ok(Err(error.into()));
        }
        let mut jobs = Vec::with_capacity(placements.len());
        for placement in placements {
            let artifact = self.table.get(&placement.artifact)?;
            let links = if placement.without_links { Links::Drop } else { Links::Keep };
            let strip = usize::try_from(placement.strip)?;
            let options = Options { strip, links, ..Options::default() };
            jobs.push(Job {
                place: artifact.place,
                source: artifact.source.clone(),
                blob: artifact.blob.clone(),
                options,
                path: placement.path,
            });
        }
        let root = self.building.path(index);
        let patience = self.patience();
        let (limits, usage) = (self.limits.files, self.files.usage());
        let bytes = limits.bytes.saturating_sub(usage.bytes);
        let entries = limits.files.saturating_sub(usage.files);
        let go_on = || patience.check().is_ok();
        let trees = match unpack_all(&jobs, &self.scratch, &Allowance::new(bytes, entries as u64, &go_on)) {
            Ok(trees) => trees,
            Err((_, ArchiveError::Stopped)) => {
                patience.check()?;
                wasmtime::bail!("unpacking was given up");
            }
            Err((_, ArchiveError::Allowance { limit })) => {
                let exceeded = if limit == "bytes" { Exceeded::Bytes } else { Exceeded::Files };
                return Err(Reached(Limit::Files(exceeded)).into());
            }
            Err((source, error)) => return Ok(Err(archive_error(source, &error).into())),
        };
        for (job, tree) in jobs.iter().zip(trees) {
            let path = if job.path.is_empty() { root.clone() } else { format!("{root}/{}", job.path) };
            if let Err(error) = self.files.merge(&path, tree.clone()) {
                return Ok(Err(path_error(&path, error).into()));
            }
            self.building.provenance.unpacked(job.place, index, tree, job.path.clone());
        }
        Ok(Ok(()))
    }
}

impl artifacts::HostArtifact for State {
    fn digest(&mut self, artifact: Resource<Artifact>) -> Result<String> {
        Ok(self.table.get(&artifact)?.digest.to_string())
    }

    fn size(&mut self, artifact: Resource<Artifact>) -> Result<u64> {
        Ok(self.table.get(&artifact)?.blob.len())
    }

    fn read(&mut self, artifact: Resource<Artifact>, offset: u64, length: u64) -> Answer<Vec<u8>> {
        let place = self.table.get(&artifact)?.place;
        self.building.provenance.read(place);
        let artifact = self.table.get(&artifact)?;
        let left = artifact.blob.len().saturating_sub(offset);
        let mut bytes = vec![0; usize::try_from(length.min(CHUNK).min(left))?];
        Ok(match artifact.blob.read_at(&mut bytes, offset) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(GuestError {
                code: "artifacts/read".to_owned(),
                fault: Fault::Platform,
                summary: format!("`{}` cannot be read from the store: {error}", artifact.source),
                detail: None,
                hints: vec!["build again: what is damaged in the store is fetched anew".to_owned()],
            }
            .into()),
        })
    }

    fn drop(&mut self, artifact: Resource<Artifact>) -> Result<()> {
        self.table.delete(artifact)?;
        Ok(())
    }
}

fn request(request: artifacts::Request) -> std::result::Result<Request, GuestError> {
    let digest = request.digest.as_deref().map(Digest::parse_any).transpose();
    let digest = digest.map_err(|error| {
        GuestError::buildpack(
            "artifacts/digest/syntax",
            format!("the digest of `{}` is unusable: {error}", request.source),
        )
    })?;
    Ok(Request { source: request.source, digest })
}

struct Job {
    place: usize,
    source: String,
    blob: Blob,
    options: Options,
    path: String,
}

/// Unpacks all, on as many threads as there are processors; or gives the first that cannot be, and why.
fn unpack_all<'j>(
    jobs: &'j [Job],
    scratch: &Scratch,
    allowance: &Allowance<'_>,
) -> std::result::Result<Vec<Tree>, (&'j str, ArchiveError)> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<std::result::Result<Tree, ArchiveError>>>> =
        jobs.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        while let Some((job, slot)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            jobs.get(at).zip(results.get(at))
        } {
            let result = archive::unpack_within(&job.blob, scratch, &job.options, allowance);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let taken = results.into_iter().map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner));
    let named = |(job, result): (&'j Job, Option<_>)| {
        result.unwrap_or(Err(ArchiveError::Stopped)).map_err(|error| (job.source.as_str(), error))
    };
    jobs.iter().zip(taken).map(named).collect()
}

fn archive_error(source: &str, error: &ArchiveError) -> GuestError {
    let ours = matches!(error, ArchiveError::Source(_) | ArchiveError::Scratch { .. });
    let hint = if ours {
        "see whether the disk is full, and build again: what is damaged in the store is fetched anew"
    } else {
        "its digest is right, so whoever published it must publish it anew, or another version is needed"
    };
    GuestError {
        code: if ours { "artifacts/read" } else { "artifacts/archive" }.to_owned(),
        fault: if ours { Fault::Platform } else { Fault::User },
        summary: format!("`{source}` cannot be unpacked: {error}"),
        detail: std::error::Error::source(error).map(ToString::to_string),
        hints: vec![hint.to_owned()],
    }
}

//! Fetching many things at once.

use crate::client::{Clients, Timeouts};
use crate::permission::{Source, redacted};
use crate::transfer::{Copy, Route, Transfer};
use crate::{Cache, FetchError, Permission, Registries};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinSet, spawn_blocking};
use wattle_tree::{Blob, Digest};

/// What npm calls an abbreviated document: what installing needs and no more, a tenth of the whole.
const NPM_INDEX: &str = "application/vnd.npm.install-v1+json, application/json;q=0.8";
/// A page of a Python index as JSON (PEP 691), or as HTML from registries that have nothing else.
const PYTHON_INDEX: &str = "application/vnd.pypi.simple.v1+json, text/html;q=0.2";

/// Something to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Request {
    /// `<registry>:<path>`, such as `npm:express/-/express-4.21.2.tgz`, or an `https` address.
    pub source: String,
    /// What the bytes must be. Without it they are what the registry says today.
    pub digest: Option<Digest>,
}

/// What was fetched.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// As it was asked for.
    pub source: String,
    /// Where it came from, now or when it was kept: an address without credentials or query. As asked for, if it was kept
    /// on behalf of something else.
    pub address: String,
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// Length in bytes.
    pub size: u64,
    /// The bytes.
    pub blob: Blob,
    /// Whether they were kept already.
    pub cached: bool,
    /// Whether the registry could not be asked if they are still what it would say today. Only without a digest.
    pub stale: bool,
}

/// How to use the network.
#[derive(Debug, Clone)]
pub struct Network {
    /// Whether to do without it.
    pub offline: bool,
    /// How many files come at once.
    pub parallel: usize,
    /// How often to try again what may pass: no connection, a busy server, an answer that breaks off.
    pub retries: u32,
    /// How long to wait before the first of these; doubled each time, and varied.
    pub pause: Duration,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long to wait for the next bytes.
    pub read_timeout: Duration,
    /// How long one file may take, retries included.
    pub deadline: Duration,
    /// Largest file, in bytes.
    pub largest: u64,
    /// How much one call of [`Fetcher::fetch`] may receive, in bytes.
    pub total: u64,
}

impl Default for Network {
    fn default() -> Network {
        Network {
            offline: false,
            parallel: 16,
            retries: 4,
            pause: Duration::from_millis(300),
            connect_timeout: Duration::from_secs(15),
            read_timeout: Duration::from_secs(30),
            deadline: Duration::from_mins(15),
            largest: 512 << 20,
            total: 8 << 30,
        }
    }
}

/// How a fetch goes on. `index` is the position of the request; equal requests are fetched once, as the first of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The registry answers.
    Started {
        /// Which request.
        index: usize,
        /// How many bytes are to come, if that is known.
        size: Option<u64>,
    },
    /// More bytes came.
    Received {
        /// Which request.
        index: usize,
        /// How many.
        bytes: u64,
    },
    /// It is tried again. What came before counts if `from` is not 0.
    Retried {
        /// Which request.
        index: usize,
        /// What was wrong.
        reason: String,
        /// From which byte on.
        from: u64,
    },
    /// It is here, complete and verified.
    Finished {
        /// Which request.
        index: usize,
        /// Length in bytes.
        size: u64,
        /// Whether it was kept already.
        cached: bool,
    },
}

/// Somebody who wants to know how a fetch goes on.
pub trait Progress: Sync {
    /// Something happened.
    fn report(&self, event: Event);
}

impl Progress for () {
    fn report(&self, _: Event) {}
}

/// Fetches files from registries, through the operator's configuration, into a cache. Cloning shares everything.
#[derive(Clone)]
pub struct Fetcher(Arc<Shared>);

/// What all fetches share.
pub(crate) struct Shared {
    registries: Arc<Registries>,
    pub(crate) cache: Arc<dyn Cache>,
    pub(crate) network: Network,
    pub(crate) clients: Clients,
    slots: Semaphore,
}

/// What to do about a request.
enum Plan {
    Kept(Fetched),
    Fetch(Box<Transfer>),
}

impl Fetcher {
    /// A fetcher that looks addresses up in `registries` and keeps what it fetches in `cache`, and what ecosystems' clients
    /// answer.
    pub fn new(registries: Arc<Registries>, cache: Arc<dyn Cache>, network: Network) -> Fetcher {
        registries.keep_answers(cache.clone());
        let clients = Clients::new(Timeouts { connect: network.connect_timeout, read: network.read_timeout });
        let slots = Semaphore::new(network.parallel.clamp(1, Semaphore::MAX_PERMITS));
        Fetcher(Arc::new(Shared { registries, cache, network, clients, slots }))
    }

    /// The registries that it goes by.
    pub fn registries(&self) -> &Registries {
        &self.0.registries
    }

    /// Fetches all of these and gives them in the same order. If one fails, all do, and what is under way is given up;
    /// what was complete stays in the cache. Must be called within a tokio runtime that has its timer and its I/O.
    pub async fn fetch(
        &self,
        requests: &[Request],
        permission: &Permission,
        progress: &dyn Progress,
    ) -> Result<Vec<Fetched>, FetchError> {
        let plans = self.plan(requests, permission).await?;
        let mut found: HashMap<Request, Fetched> = HashMap::new();
        let mut keep = |fetched: Fetched, index: usize| {
            let event = Event::Finished { index, size: fetched.size, cached: fetched.cached };
            found.insert(requests[index].clone(), fetched);
            progress.report(event);
        };
        let (sender, mut events) = mpsc::unbounded_channel();
        let budget = Arc::new(AtomicU64::new(self.0.network.total));
        let mut tasks = JoinSet::new();
        for (index, plan) in plans {
            match plan {
                Plan::Kept(fetched) => keep(fetched, index),
                Plan::Fetch(transfer) => {
                    let (shared, budget, sender) = (self.0.clone(), budget.clone(), sender.clone());
                    tasks.spawn(async move {
                        let _slot = shared.slots.acquire().await.map_err(|_| FetchError::Cancelled)?;
                        Ok((transfer.run(&shared, &budget, &sender).await?, index))
                    });
                }
            }
        }
        loop {
            tokio::select! {
                biased;
                Some(event) = events.recv() => progress.report(event),
                done = tasks.join_next() => match done {
                    Some(result) => {
                        let (fetched, index) = result.map_err(|_| FetchError::Cancelled)??;
                        keep(fetched, index);
                    }
                    None => break,
                },
            }
        }
        requests.iter().map(|request| found.get(request).cloned().ok_or(FetchError::Cancelled)).collect()
    }

    /// Decides about each request, equal ones once. Reads configuration and the cache and may run an ecosystem's client, so
    /// it is kept off the threads that the network needs.
    async fn plan(&self, requests: &[Request], permission: &Permission) -> Result<Vec<(usize, Plan)>, FetchError> {
        let mut unique: Vec<(usize, Request)> = Vec::new();
        let mut seen = HashSet::new();
        for (index, request) in requests.iter().enumerate() {
            if seen.insert(request) {
                unique.push((index, request.clone()));
            }
        }
        let (shared, permission) = (self.0.clone(), permission.clone());
        let plan = move || {
            unique.iter().map(|(index, request)| Ok((*index, shared.plan(*index, request, &permission)?))).collect()
        };
        spawn_blocking(plan).await.map_err(|_| FetchError::Cancelled)?
    }
}

impl Shared {
    fn plan(&self, index: usize, request: &Request, permission: &Permission) -> Result<Plan, FetchError> {
        let source = Source::parse(&request.source)?;
        source.permitted(&request.source, permission)?;
        // Where a name leads need not be known for what is kept; whether an address is permitted must be.
        let located = match &source {
            Source::Url(_) => Some(source.locate(&request.source, permission, &self.registries)?),
            Source::Named { .. } => None,
        };
        if let Some(digest) = &request.digest {
            if let Some(fetched) = self.kept(request, digest)? {
                return Ok(Plan::Kept(fetched));
            }
            if self.network.offline {
                return Err(FetchError::Offline { request: request.source.clone() });
            }
        }
        let place = match located {
            Some(place) => place,
            None => source.locate(&request.source, permission, &self.registries)?,
        };
        let route = match place.registry {
            Some(registry) => Route::to_registry(registry),
            None => Route::to_host(self.registries.other_hosts()),
        };
        let accept = match () {
            () if request.digest.is_some() => None,
            () if source.is_npm_index() => Some(NPM_INDEX),
            () if source.is_python_index() => Some(PYTHON_INDEX),
            () => None,
        };
        let mut transfer = Transfer::new(index, request.clone(), place.url, route, accept);
        if request.digest.is_none() {
            transfer.copy = Copy::find(self, &transfer)?;
            if self.network.offline {
                let copy = transfer.copy.take();
                let copy = copy.ok_or_else(|| FetchError::Offline { request: request.source.clone() })?;
                return Ok(Plan::Kept(transfer.kept(copy, true)));
            }
        }
        Ok(Plan::Fetch(Box::new(transfer)))
    }

    /// What the cache has with this digest.
    fn kept(&self, request: &Request, digest: &Digest) -> Result<Option<Fetched>, FetchError> {
        let failed = |cause| FetchError::Cache { request: request.source.clone(), cause };
        let Some(blob) = self.cache.get(digest).map_err(failed)? else { return Ok(None) };
        let address = match Source::parse(&request.source)? {
            Source::Url(url) => redacted(&url),
            Source::Named { .. } => {
                let known = self.cache.document(&origin_name(&request.source, digest)).map_err(failed)?;
                known.map_or_else(|| request.source.clone(), |document| document.fetched_from)
            }
        };
        let digest = blob.digest().map_err(failed)?;
        let source = request.source.clone();
        Ok(Some(Fetched { source, address, digest, size: blob.len(), blob, cached: true, stale: false }))
    }
}

/// The name of the document that tells from which address a named source came.
pub(crate) fn origin_name(source: &str, digest: &Digest) -> String {
    format!("fetch/origin/{}", Digest::of(format!("{source}\n{digest}").as_bytes()).hex())
}

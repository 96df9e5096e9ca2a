//! Writing to a registry (distribution specification, "Push").

use super::request::{Call, SILENCE};
use super::{RegistryError, Repository, address, patience};
use crate::content::{ContentError, Pieces};
use crate::progress::Outcome;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt as _};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, LOCATION};
use reqwest::{Body, Method, RequestBuilder, Response, StatusCode, Url};
use std::io;
use std::pin::pin;
use tokio::sync::mpsc;
use tokio::time::error::Elapsed;
use wattle_oci::Descriptor;

/// Bytes of a chunk: the lowest limit of a registry that we know of.
const CHUNK: usize = 4 << 20;
/// The header with the fewest bytes of a chunk.
const MIN_CHUNK: &str = "oci-chunk-min-length";
/// The most that a registry can ask for there.
const MAX_MIN_CHUNK: usize = 64 << 20;

/// Something to send, from its beginning as often as it has to be; or nothing.
pub(crate) type Open<'a> = &'a (dyn Fn() -> Option<Pieces> + Send + Sync);
/// The same, where there is something.
type Again<'a> = &'a (dyn Fn() -> Pieces + Send + Sync);

/// A place for a blob that the registry gave out.
struct Session {
    url: Url,
    chunk: usize,
}

/// How a blob is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In one request.
    Whole,
    /// In as many as it takes.
    Chunks,
}

impl Repository {
    /// Brings a blob into the repository: not at all if it is there, else from the repository `from` of the same
    /// registry, else by sending it. None if there is nothing to send.
    pub(crate) async fn put_blob(
        &self,
        blob: &Descriptor,
        from: Option<&str>,
        open: Open<'_>,
        advanced: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Option<Outcome>, RegistryError> {
        if self.has_blob(blob).await? {
            return Ok(Some(Outcome::Present));
        }
        let mut session = None;
        if let Some(from) = from {
            match self.mount(blob, from).await? {
                Mount::Done => return Ok(Some(Outcome::Mounted)),
                Mount::Session(given) => session = Some(given),
                Mount::Declined => {}
            }
        }
        if open().is_none() {
            return Ok(None);
        }
        let again = || open().unwrap_or_else(|| stream::empty().boxed());
        self.upload(blob, session, &again, advanced).await?;
        Ok(Some(Outcome::Sent))
    }

    /// Puts a manifest under `name`, a tag or its digest. Everything that it names has to be there.
    pub(crate) async fn put_manifest(
        &self,
        name: &str,
        manifest: &Descriptor,
        bytes: &[u8],
    ) -> Result<(), RegistryError> {
        let what = format!("write the manifest `{name}` of `{}`", self.title());
        let body = Bytes::copy_from_slice(bytes);
        let fill = |request: RequestBuilder| request.header(CONTENT_TYPE, &manifest.media_type).body(body.clone());
        let url = self.url(&format!("manifests/{name}"));
        let call = Call { what: &what, method: Method::PUT, url, fill: &fill, silence: Some(SILENCE) };
        let answer = self.ask(&call).await?;
        let answer = self.expect(answer, &what, &[StatusCode::CREATED, StatusCode::OK, StatusCode::ACCEPTED]).await?;
        self.check_digest(answer.headers(), bytes)
    }

    /// Fails if the registry does not let us write here. A place for a blob is asked for and given back; whatever else is
    /// in the way says nothing yet.
    pub(crate) async fn may_write(&self) -> Result<(), RegistryError> {
        let what = format!("begin to write to `{}`", self.title());
        match self.begin(&what).await {
            Ok(place) => {
                let what = format!("give back a place in `{}`", self.title());
                let call = Call {
                    what: &what,
                    method: Method::DELETE,
                    url: place.url,
                    fill: &|it| it,
                    silence: Some(SILENCE),
                };
                // It runs out by itself otherwise.
                let _ = self.ask_once(&call).await;
                Ok(())
            }
            Err(
                error @ (RegistryError::Denied { .. } | RegistryError::Unreachable { .. } | RegistryError::Auth(_)),
            ) => Err(error),
            Err(_) => Ok(()),
        }
    }

    async fn has_blob(&self, blob: &Descriptor) -> Result<bool, RegistryError> {
        let what = format!("look for `{}` in `{}`", blob.digest, self.title());
        let url = self.url(&format!("blobs/{}", blob.digest));
        let call = Call { what: &what, method: Method::HEAD, url, fill: &|it| it, silence: Some(SILENCE) };
        let answer = self.ask(&call).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(false),
            _ => self.expect(answer, &what, &[StatusCode::OK]).await.map(|_| true),
        }
    }

    /// Asks for a blob of another repository. A registry that does not know how, or that may not, says so in many ways.
    async fn mount(&self, blob: &Descriptor, from: &str) -> Result<Mount, RegistryError> {
        let what = format!("mount `{}` in `{}`", blob.digest, self.title());
        let mut url = self.url("blobs/uploads/");
        url.query_pairs_mut().append_pair("mount", &blob.digest.to_string()).append_pair("from", from);
        let call = Call { what: &what, method: Method::POST, url, fill: &empty, silence: Some(SILENCE) };
        let answer = self.ask(&call).await?;
        match answer.status() {
            StatusCode::CREATED => Ok(Mount::Done),
            StatusCode::ACCEPTED => self.session(&answer, &what).map(Mount::Session),
            _ => Ok(Mount::Declined),
        }
    }

    async fn upload(
        &self,
        blob: &Descriptor,
        mut session: Option<Session>,
        open: Again<'_>,
        advanced: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), RegistryError> {
        let what = format!("send `{}` to `{}`", blob.digest, self.title());
        let mut way = Way::Whole;
        let mut done = 0;
        loop {
            let place = match session.take() {
                Some(session) => session,
                None => self.begin(&what).await?,
            };
            let result = match way {
                Way::Whole => self.send_whole(blob, place, open, &what, advanced).await,
                Way::Chunks => self.send_chunks(blob, place, open(), &what, advanced).await,
            };
            done += 1;
            match result {
                Err(error) if way == Way::Whole && (wants_chunks(&error) || (error.is_passing() && done > 1)) => {
                    way = Way::Chunks;
                }
                Err(error) if error.is_passing() && done < patience::ATTEMPTS => {}
                other => return other,
            }
            patience::rest(done, None).await;
        }
    }

    async fn begin(&self, what: &str) -> Result<Session, RegistryError> {
        let url = self.url("blobs/uploads/");
        let call = Call { what, method: Method::POST, url, fill: &empty, silence: Some(SILENCE) };
        let answer = self.ask(&call).await?;
        let answer = self.expect(answer, what, &[StatusCode::ACCEPTED]).await?;
        self.session(&answer, what)
    }

    async fn send_whole(
        &self,
        blob: &Descriptor,
        place: Session,
        open: Again<'_>,
        what: &str,
        advanced: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), RegistryError> {
        let (sender, ticks) = mpsc::unbounded_channel();
        let fill = move |request: RequestBuilder| {
            let body = Body::wrap_stream(told(open(), sender.clone()));
            request.header(CONTENT_LENGTH, blob.size).header(CONTENT_TYPE, "application/octet-stream").body(body)
        };
        let call = Call { what, method: Method::PUT, url: place.closing(blob), fill: &fill, silence: None };
        let answer = match watched(self.ask_once(&call), ticks, advanced).await {
            Ok(answer) => answer?,
            Err(End::Silence(elapsed)) => return Err(self.unreachable(what, elapsed)),
            Err(End::Source(source)) => return Err(self.damaged(source)),
        };
        self.expect(answer, what, &[StatusCode::CREATED]).await.map(drop)
    }

    async fn send_chunks(
        &self,
        blob: &Descriptor,
        mut place: Session,
        mut pieces: Pieces,
        what: &str,
        advanced: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), RegistryError> {
        let mut rest = BytesMut::new();
        let mut position = 0;
        loop {
            let chunk = next_chunk(&mut pieces, &mut rest, place.chunk).await;
            let chunk = chunk.map_err(|source| self.damaged(source))?;
            if chunk.is_empty() {
                break;
            }
            let end = position + chunk.len() as u64;
            place = self.send_chunk(place, chunk, position, what).await?;
            position = end;
            advanced(position);
        }
        let call = Call { what, method: Method::PUT, url: place.closing(blob), fill: &empty, silence: Some(SILENCE) };
        let answer = self.ask_once(&call).await?;
        self.expect(answer, what, &[StatusCode::CREATED]).await.map(drop)
    }

    async fn send_chunk(
        &self,
        place: Session,
        chunk: Bytes,
        position: u64,
        what: &str,
    ) -> Result<Session, RegistryError> {
        let range = format!("{position}-{}", position + chunk.len() as u64 - 1);
        let fill = |request: RequestBuilder| {
            let request = request.header(CONTENT_RANGE, &range).header(CONTENT_TYPE, "application/octet-stream");
            request.body(chunk.clone())
        };
        let call = Call { what, method: Method::PATCH, url: place.url, fill: &fill, silence: Some(SILENCE) };
        let answer = self.ask_once(&call).await?;
        let answer = self.expect(answer, what, &[StatusCode::ACCEPTED]).await?;
        let next = self.session(&answer, what)?;
        Ok(Session { chunk: place.chunk, ..next })
    }

    /// The place that an answer gives.
    fn session(&self, answer: &Response, what: &str) -> Result<Session, RegistryError> {
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let location = header(LOCATION.as_str()).ok_or_else(|| self.protocol(what, "there is no `Location`"))?;
        let url = answer.url().join(location);
        let url = url.map_err(|error| self.protocol(what, format!("its `Location` is no URL: {error}")))?;
        address::check(&self.registry.0.base, &url).map_err(|reason| self.astray(&url, reason))?;
        let least: usize = header(MIN_CHUNK).and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok(Session { url, chunk: CHUNK.max(least.min(MAX_MIN_CHUNK)) })
    }
}

/// What became of the wish for a blob of another repository.
enum Mount {
    Done,
    Session(Session),
    Declined,
}

impl Session {
    /// Where the blob is declared complete.
    fn closing(&self, blob: &Descriptor) -> Url {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("digest", &blob.digest.to_string());
        url
    }
}

/// No body; some registries want to hear that it has no length.
fn empty(request: RequestBuilder) -> RequestBuilder {
    request.header(CONTENT_LENGTH, 0)
}

/// True if a registry may have refused a request because it was too long.
fn wants_chunks(error: &RegistryError) -> bool {
    matches!(error, RegistryError::Refused { status: 400..=499, .. })
        && !matches!(error, RegistryError::Refused { status: 408 | 429, .. })
}

/// As many bytes as a chunk has; fewer, or none, at the end only.
async fn next_chunk(pieces: &mut Pieces, rest: &mut BytesMut, size: usize) -> Result<Bytes, ContentError> {
    while rest.len() < size {
        match pieces.next().await {
            Some(piece) => rest.extend_from_slice(&piece?),
            None => break,
        }
    }
    Ok(rest.split_to(size.min(rest.len())).freeze())
}

/// A sign of life: how many bytes are on their way, or why there are no more.
type Tick = Result<u64, ContentError>;

/// Why waiting ended without an answer.
enum End {
    Silence(Elapsed),
    Source(ContentError),
}

/// The same pieces, where `ticks` hears of each.
fn told(pieces: Pieces, ticks: mpsc::UnboundedSender<Tick>) -> impl Stream<Item = Result<Bytes, io::Error>> {
    let mut position = 0;
    pieces.map(move |piece| {
        let (tick, piece) = match piece {
            Ok(piece) => {
                position += piece.len() as u64;
                (Ok(position), Ok(piece))
            }
            Err(error) => (Err(error), Err(io::ErrorKind::InvalidData.into())),
        };
        // Nobody listens any more when the answer came before the end.
        let _ = ticks.send(tick);
        piece
    })
}

/// Waits for `work` as long as there are signs of life.
async fn watched<T>(
    work: impl Future<Output = T>,
    mut ticks: mpsc::UnboundedReceiver<Tick>,
    advanced: &mut (dyn FnMut(u64) + Send),
) -> Result<T, End> {
    let mut work = pin!(work);
    loop {
        let tick = tokio::select! {
            biased;
            result = &mut work => {
                // What made the source fail says more than that the connection broke.
                while let Ok(tick) = ticks.try_recv() {
                    tick.map_err(End::Source)?;
                }
                return Ok(result);
            }
            tick = tokio::time::timeout(SILENCE, ticks.recv()) => tick.map_err(End::Silence)?,
        };
        match tick {
            Some(tick) => advanced(tick.map_err(End::Source)?),
            // The sender lives as long as `work`.
            None => return Ok(work.await),
        }
    }
}

//! Asking once: which address may be asked, with which headers, where it redirects to, and what its answer means.

use super::{Partial, Transfer};
use crate::client::Connection;
use crate::error::Cause;
use crate::fetcher::Shared;
use crate::permission::redacted;
use crate::reach::{self, NoPublicAddress, Reach};
use crate::{FetchError, Registry, address};
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode};
use std::io;
use std::time::Duration;
use url::Url;

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 5;
/// How its host is reached.
pub(crate) struct Route {
    connection: Connection,
    registry: Option<Registry>,
}

impl Route {
    /// As the registry wants it.
    pub(crate) fn to_registry(registry: &Registry) -> Route {
        Route { connection: registry.connection.clone(), registry: Some(registry.clone()) }
    }

    /// A host that is no registry's: a buildpack names it, so it must be a public one, and prove that it is.
    pub(crate) fn to_host(connection: Connection) -> Route {
        Route { connection: Connection { reach: Reach::Public, ..connection }, registry: None }
    }

    fn allows_plain(&self) -> bool {
        self.registry.as_ref().is_some_and(Registry::allows_plain)
    }
}

/// How a try failed.
pub(super) enum Failure {
    /// It will fail again.
    Final(FetchError),
    /// It may pass, perhaps after the time that the server wishes.
    Passing(FetchError, Option<Duration>),
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Failure {
        Failure::Final(error)
    }
}

impl Transfer {
    /// The answer, and the address that gave it after all redirects.
    pub(super) async fn send(&self, headers: HeaderMap, shared: &Shared) -> Result<(Response, Url), Failure> {
        let address = || redacted(&self.url);
        let client = shared.clients.get(&self.route.connection);
        let client = client.map_err(|cause| FetchError::Client { request: self.name(), address: address(), cause })?;
        let mut url = self.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            self.judge(&url)?;
            let mut request = client.get(url.clone()).headers(headers.clone());
            if let Some(secret) = self.authorization(&url) {
                request = request.header(header::AUTHORIZATION, secret);
            }
            let response = request.send().await.map_err(|error| self.broken(error, &url))?;
            if !is_redirect(response.status()) {
                return Ok((response, url));
            }
            url = self.follow(&url, response.headers())?;
        }
        Err(self.bad_redirect(&url, "there are more than 5 redirects").into())
    }

    /// Whether this address may be asked at all. Every redirect comes through here.
    fn judge(&self, url: &Url) -> Result<(), FetchError> {
        if url.scheme() == "http" && !self.route.allows_plain() {
            return Err(FetchError::Insecure { request: self.name(), address: redacted(url) });
        }
        if self.route.connection.reach == Reach::Public && !reach::may_be_public(url) {
            return Err(FetchError::Private { request: self.name(), address: redacted(url) });
        }
        Ok(())
    }

    fn follow(&self, from: &Url, headers: &HeaderMap) -> Result<Url, FetchError> {
        let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let to = location.and_then(|location| from.join(location).ok());
        let to = to.ok_or_else(|| self.bad_redirect(from, "it redirects to no address"))?;
        match to.scheme() {
            _ if !to.username().is_empty() || to.password().is_some() => {
                Err(self.bad_redirect(from, "it redirects to an address with credentials in it"))
            }
            "https" => Ok(to),
            "http" if from.scheme() == "http" => Ok(to),
            _ => Err(self.bad_redirect(from, "it redirects to where the connection is not protected")),
        }
    }

    pub(super) fn headers(&self, partial: Option<&Partial>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut set = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(header::ACCEPT, self.accept.unwrap_or("*/*"));
        // The digest is that of the bytes as they are; nothing on the way is to change their form.
        set(header::ACCEPT_ENCODING, "identity");
        if let Some(partial) = partial {
            set(header::RANGE, &format!("bytes={}-", partial.written));
            if let Some(etag) = partial.strong_etag() {
                set(header::IF_RANGE, etag);
            }
        } else if let Some(copy) = &self.copy {
            if let Some(etag) = &copy.known.etag {
                set(header::IF_NONE_MATCH, etag);
            }
            if let Some(modified) = &copy.known.last_modified {
                set(header::IF_MODIFIED_SINCE, modified);
            }
        }
        headers
    }

    /// What the registry's own host is told, and no other that it redirects to.
    fn authorization(&self, url: &Url) -> Option<HeaderValue> {
        let registry = self.route.registry.as_ref().filter(|_| address::same_origin(url, &self.url))?;
        let mut value = HeaderValue::from_str(registry.secret(url)?.header()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn bad_redirect(&self, url: &Url, reason: &'static str) -> FetchError {
        FetchError::Redirect { request: self.name(), address: redacted(url), reason }
    }

    /// A connection that is not made, or ends too early.
    pub(super) fn broken(&self, error: reqwest::Error, url: &Url) -> Failure {
        let (request, address) = (self.name(), redacted(url));
        let error: Cause = error.without_url().into();
        if caused_by::<NoPublicAddress>(&*error) {
            return Failure::Final(FetchError::Private { request, address });
        }
        if caused_by::<rustls::Error>(&*error) {
            return Failure::Final(FetchError::Certificate { request, address, cause: error });
        }
        Failure::Passing(FetchError::Unreachable { request, address, cause: error }, None)
    }

    /// An answer that is none.
    pub(super) fn refusal(&self, status: StatusCode, url: &Url, headers: &HeaderMap) -> Failure {
        let (request, address) = (self.name(), redacted(url));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                FetchError::Unauthorised { request, address, status: status.as_u16() }.into()
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => FetchError::NotFound { request, address }.into(),
            _ => {
                let error = FetchError::Refused { request, address, status: status.as_u16() };
                if may_pass(status) { Failure::Passing(error, retry_after(headers)) } else { Failure::Final(error) }
            }
        }
    }
}

/// Whether this partial answer goes on where the last one broke off (RFC 9110, section 14.4).
pub(super) fn continues(partial: Option<&Partial>, headers: &HeaderMap) -> bool {
    let range = headers.get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
    partial.is_some_and(|partial| start == Some(partial.written))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Whether the server may answer otherwise in a moment. A range that it cannot give is asked for anew from the start.
fn may_pass(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::RANGE_NOT_SATISFIABLE
                | StatusCode::PARTIAL_CONTENT
        )
}

/// The time that the server wishes to be left alone for, if it is told in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Whether an error of this type is among the causes. I/O errors hide theirs.
fn caused_by<E: std::error::Error + 'static>(error: &(dyn std::error::Error + 'static)) -> bool {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.is::<E>()
        || inner.is_some_and(|inner| caused_by::<E>(inner))
        || error.source().is_some_and(|source| caused_by::<E>(source))
}

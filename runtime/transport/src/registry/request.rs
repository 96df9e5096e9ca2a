//! One request and its answer.

use super::{RegistryError, Repository, address, patience};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use std::error::Error;
use std::time::Duration;

/// How long a registry may be silent.
pub(super) const SILENCE: Duration = Duration::from_secs(90);
/// How much of an error is read.
const MAX_MESSAGE: usize = 16 << 10;
/// How much of an error is shown.
const SHOWN_MESSAGE: usize = 300;

/// What is asked.
pub(super) struct Call<'a> {
    /// What it is for, as in "could not …".
    pub(super) what: &'a str,
    pub(super) method: Method,
    pub(super) url: Url,
    /// Adds headers and body; called once for each attempt.
    pub(super) fill: &'a (dyn Fn(RequestBuilder) -> RequestBuilder + Send + Sync),
    /// How long to wait for the answer to begin; not at all limited where somebody else watches.
    pub(super) silence: Option<Duration>,
}

impl Repository {
    /// Asks until there is an answer that stays. What it means is for the caller.
    pub(super) async fn ask(&self, call: &Call<'_>) -> Result<Response, RegistryError> {
        patience::patiently(|| self.ask_once(call)).await
    }

    /// Asks, showing credentials if the registry wants some.
    pub(super) async fn ask_once(&self, call: &Call<'_>) -> Result<Response, RegistryError> {
        if !address::same_origin(&call.url, &self.registry.0.base) {
            // A registry may have us send bytes elsewhere, but no credentials.
            return self.send(call, None).await;
        }
        let shown = self.header().await;
        let answer = self.send(call, shown.as_ref()).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        match self.answer_challenge(answer.headers(), shown.as_ref()).await? {
            Some(header) => self.send(call, Some(&header)).await,
            None => Ok(answer),
        }
    }

    async fn send(&self, call: &Call<'_>, header: Option<&HeaderValue>) -> Result<Response, RegistryError> {
        let mut request = (call.fill)(self.registry.0.net.client.request(call.method.clone(), call.url.clone()));
        if let Some(header) = header {
            request = request.header(AUTHORIZATION, header.clone());
        }
        let answer = match call.silence {
            None => request.send().await,
            Some(silence) => match tokio::time::timeout(silence, request.send()).await {
                Ok(answer) => answer,
                Err(elapsed) => return Err(self.unreachable(call.what, elapsed)),
            },
        };
        answer.map_err(|error| self.unreachable(call.what, error.without_url()))
    }

    /// The answer, if it has one of these statuses; or else the error that it is.
    pub(super) async fn expect(
        &self,
        answer: Response,
        what: &str,
        good: &[StatusCode],
    ) -> Result<Response, RegistryError> {
        let status = answer.status();
        if good.contains(&status) {
            return Ok(answer);
        }
        if status.is_success() || status.is_redirection() {
            return Err(self.protocol(what, format!("its status is {status}")));
        }
        let message = message(answer).await;
        let (registry, what) = (self.registry.0.name.clone(), what.to_owned());
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => self.denied(&what, message),
            _ => RegistryError::Refused { registry, what, status: status.as_u16(), message },
        })
    }

    pub(super) fn denied(&self, what: &str, message: String) -> RegistryError {
        let found = self.registry.0.credential.get();
        RegistryError::Denied {
            registry: self.registry.0.name.clone(),
            what: what.to_owned(),
            anonymous: found.is_none_or(|found| found.credential.is_anonymous()),
            message,
            note: found.and_then(|found| found.note.clone()),
        }
    }

    pub(super) fn unreachable(&self, what: &str, source: impl Error + Send + Sync + 'static) -> RegistryError {
        let (registry, what) = (self.registry.0.name.clone(), what.to_owned());
        RegistryError::Unreachable { registry, what, source: Box::new(source) }
    }

    pub(super) fn protocol(&self, what: &str, reason: impl Into<String>) -> RegistryError {
        let (registry, what) = (self.registry.0.name.clone(), what.to_owned());
        RegistryError::Protocol { registry, what, reason: reason.into() }
    }

    pub(super) fn astray(&self, to: &Url, reason: &'static str) -> RegistryError {
        RegistryError::Address { registry: self.registry.0.name.clone(), to: address::shown(to), reason }
    }

    /// The body of an answer that is short by nature.
    pub(super) async fn body(&self, mut answer: Response, what: &str, limit: usize) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        loop {
            let piece = tokio::time::timeout(SILENCE, answer.chunk()).await;
            let piece = piece.map_err(|elapsed| self.unreachable(what, elapsed))?;
            match piece.map_err(|error| self.unreachable(what, error.without_url()))? {
                Some(piece) if bytes.len() + piece.len() <= limit => bytes.extend_from_slice(&piece),
                Some(_) => return Err(self.protocol(what, format!("it is longer than {limit} bytes"))),
                None => return Ok(bytes),
            }
        }
    }
}

/// The error of an answer (distribution specification, "Error Codes").
#[derive(Deserialize)]
struct Errors {
    errors: Vec<OneError>,
}

#[derive(Deserialize)]
struct OneError {
    code: Option<String>,
    message: Option<String>,
}

/// What the answer says, as one line of text that is safe to show.
pub(super) async fn message(mut answer: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Ok(Some(piece))) = tokio::time::timeout(SILENCE, answer.chunk()).await {
        body.extend_from_slice(&piece);
        if body.len() > MAX_MESSAGE {
            break;
        }
    }
    let reason = answer.status().canonical_reason().unwrap_or("no reason given");
    summary(&body).unwrap_or_else(|| reason.to_lowercase())
}

fn summary(body: &[u8]) -> Option<String> {
    let errors: Errors = serde_json::from_slice(body).ok()?;
    let one = |error: OneError| error.message.filter(|text| !text.is_empty()).or(error.code);
    let all: Vec<String> = errors.errors.into_iter().filter_map(one).collect();
    let text: String = all.join("; ").chars().filter(|c| !c.is_control()).take(SHOWN_MESSAGE).collect();
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_shown_as_one_safe_line() {
        let check = |body: &str| summary(body.as_bytes()).unwrap_or_default();
        assert_eq!(check(r#"{"errors":[{"code":"DENIED","message":"no\u001b[2J way"},{"code":"X"}]}"#), "no[2J way; X");
        assert_eq!(check("<html>"), "");
        assert_eq!(check(r#"{"errors":[]}"#), "");
        let long = format!(r#"{{"errors":[{{"message":"{}"}}]}}"#, "a".repeat(1000));
        assert_eq!(check(&long).len(), SHOWN_MESSAGE);
    }
}

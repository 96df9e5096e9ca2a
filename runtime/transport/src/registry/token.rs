//! Showing who we are: basic authentication (RFC 7617), and tokens that are bought for a purpose (distribution
//! specification, "Authentication"; the flow is Docker's token specification).

use super::request::{SILENCE, message};
use super::{RegistryError, Repository, address, patience};
use crate::auth::Credential;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_auth::ChallengeRef;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{RequestBuilder, Response, Url};
use serde::Deserialize;

/// What a purchase of a token is for, as in "could not …".
const WHAT: &str = "get a token";
/// Who we are to those who sell tokens.
const CLIENT: &str = "wattle";
/// Longest answer with a token.
const MAX_TOKEN: usize = 1 << 20;

/// What a registry wants to see.
#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

impl Repository {
    /// What was last shown with success for the same purpose.
    pub(super) async fn header(&self) -> Option<HeaderValue> {
        self.registry.0.shown.lock().await.get(&self.scopes.join(" ")).cloned()
    }

    /// What to show after the registry answered with `headers` to a request that showed `shown`. None if there is nothing
    /// better.
    pub(super) async fn answer_challenge(
        &self,
        headers: &HeaderMap,
        shown: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        // Held while a token is bought: four blobs at once need one token, not four.
        let mut known = self.registry.0.shown.lock().await;
        let purpose = self.scopes.join(" ");
        if let Some(newer) = known.get(&purpose).filter(|newer| Some(*newer) != shown) {
            return Ok(Some(newer.clone()));
        }
        let inner = &self.registry.0;
        let found = inner.credential.get_or_try_init(|| inner.keychain.find(&inner.name)).await?;
        let challenge = challenge(headers);
        let header = match (&found.credential, challenge) {
            (Credential::Bearer(token), _) => Some(bearer(token)),
            (Credential::Basic { user, password }, Some(Challenge::Basic)) => Some(basic(user, password)),
            (credential, Some(Challenge::Bearer { realm, service })) => {
                Some(bearer(&self.buy(credential, &realm, service.as_deref()).await?))
            }
            _ => None,
        };
        let header = header.flatten().filter(|header| Some(header) != shown);
        if let Some(header) = &header {
            known.insert(purpose, header.clone());
        }
        Ok(header)
    }

    async fn buy(&self, credential: &Credential, realm: &str, service: Option<&str>) -> Result<String, RegistryError> {
        let realm = Url::parse(realm).map_err(|error| self.protocol(WHAT, format!("its realm is no URL: {error}")))?;
        address::check(&self.registry.0.base, &realm).map_err(|reason| self.astray(&realm, reason))?;
        let mut answer = self.ask_for_token(credential, &realm, service, &self.scopes).await?;
        if answer.status().is_client_error() && self.scopes.len() > 1 {
            // Not even the right to look at another repository is given to everybody; we can do without.
            answer = self.ask_for_token(credential, &realm, service, &self.scopes[..1]).await?;
        }
        if !answer.status().is_success() {
            let status = answer.status();
            let text = message(answer).await;
            return Err(self.denied(WHAT, format!("{text} ({})", status.as_u16())));
        }
        let body = self.body(answer, WHAT, MAX_TOKEN).await?;
        let found: Option<Answer> = serde_json::from_slice(&body).ok();
        let token = found.and_then(|found| found.token.or(found.access_token)).filter(|token| !token.is_empty());
        token.ok_or_else(|| self.protocol(WHAT, "there is no token in the answer"))
    }

    async fn ask_for_token(
        &self,
        credential: &Credential,
        realm: &Url,
        service: Option<&str>,
        scopes: &[String],
    ) -> Result<Response, RegistryError> {
        let client = &self.registry.0.net.strict;
        patience::patiently(async || {
            let request = token_request(client, credential, realm, service, scopes);
            let answer = tokio::time::timeout(SILENCE, request.send()).await;
            let answer = answer.map_err(|elapsed| self.unreachable(WHAT, elapsed))?;
            answer.map_err(|error| self.unreachable(WHAT, error.without_url()))
        })
        .await
    }
}

fn token_request(
    client: &reqwest::Client,
    credential: &Credential,
    realm: &Url,
    service: Option<&str>,
    scopes: &[String],
) -> RequestBuilder {
    let service = service.map(|service| ("service", service));
    if let Credential::Identity(token) = credential {
        let scope = scopes.join(" ");
        let fields =
            [("grant_type", "refresh_token"), ("client_id", CLIENT), ("scope", &scope), ("refresh_token", token)];
        let body = form(realm, fields.into_iter().chain(service));
        return client.post(realm.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
    }
    let mut url = realm.clone();
    url.query_pairs_mut().extend_pairs(service).extend_pairs(scopes.iter().map(|scope| ("scope", scope)));
    match credential {
        Credential::Basic { user, password } => client.get(url).basic_auth(user, Some(password)),
        _ => client.get(url),
    }
}

/// The fields as a query would have them (WHATWG URL, "application/x-www-form-urlencoded").
fn form<'a>(any: &Url, fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut url = any.clone();
    url.query_pairs_mut().clear().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

/// The challenge that we can answer, tokens before passwords.
fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let texts: Vec<&str> = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).collect();
    let all: Vec<Challenge> = texts
        .iter()
        .filter_map(|text| http_auth::parse_challenges(text).ok())
        .flatten()
        .filter_map(|it| read(&it))
        .collect();
    let is_bearer = |challenge: &Challenge| matches!(challenge, Challenge::Bearer { .. });
    let best = all.iter().position(is_bearer).unwrap_or(0);
    all.into_iter().nth(best)
}

fn read(challenge: &ChallengeRef<'_>) -> Option<Challenge> {
    let value = |name: &str| {
        let mut found = challenge.params.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.to_unescaped())
    };
    if challenge.scheme.eq_ignore_ascii_case("bearer") {
        return Some(Challenge::Bearer { realm: value("realm")?, service: value("service") });
    }
    challenge.scheme.eq_ignore_ascii_case("basic").then_some(Challenge::Basic)
}

fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    secret(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

fn bearer(token: &str) -> Option<HeaderValue> {
    secret(&format!("Bearer {token}"))
}

/// A header that is never shown.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_challenge(headers: &[&str]) -> String {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(WWW_AUTHENTICATE, header.parse().unwrap());
        }
        match challenge(&map) {
            None => "none".to_owned(),
            Some(Challenge::Basic) => "basic".to_owned(),
            Some(Challenge::Bearer { realm, service }) => format!("{realm} {}", service.unwrap_or_default()),
        }
    }

    #[test]
    fn reads_what_a_registry_wants() {
        let bearer =
            r#"Bearer realm="https://auth.example/token",service="r.example",scope="repository:a/b:pull,push""#;
        assert_eq!(check_challenge(&[bearer]), "https://auth.example/token r.example");
        assert_eq!(check_challenge(&["Basic realm=\"x\"", bearer]), "https://auth.example/token r.example");
        assert_eq!(check_challenge(&[r#"BASIC realm="x""#]), "basic");
        assert_eq!(check_challenge(&["Bearer service=x"]), "none");
        assert_eq!(check_challenge(&["Negotiate"]), "none");
        assert_eq!(check_challenge(&[]), "none");
    }

    #[test]
    fn asks_for_a_token_with_each_kind_of_credential() {
        let client = super::super::Net::new(&crate::Settings::default()).unwrap().strict;
        let realm = Url::parse("https://auth.example/token?x=1").unwrap();
        let scopes = ["repository:a:pull,push".to_owned(), "repository:b:pull".to_owned()];
        let check = |credential: Credential| {
            let request = token_request(&client, &credential, &realm, Some("s s"), &scopes).build().unwrap();
            let body =
                request.body().and_then(reqwest::Body::as_bytes).map(String::from_utf8_lossy).unwrap_or_default();
            let shown = request.headers().contains_key(reqwest::header::AUTHORIZATION);
            format!("{} {} {shown} {body}", request.method(), request.url())
        };
        let user = Credential::Basic { user: "u".into(), password: "p".into() };
        insta::assert_snapshot!(check(user), @"GET https://auth.example/token?x=1&service=s+s&scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Ab%3Apull true ");
        insta::assert_snapshot!(check(Credential::Anonymous), @"GET https://auth.example/token?x=1&service=s+s&scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Ab%3Apull false ");
        insta::assert_snapshot!(check(Credential::Identity("t&t".into())), @"POST https://auth.example/token?x=1 false grant_type=refresh_token&client_id=wattle&scope=repository%3Aa%3Apull%2Cpush+repository%3Ab%3Apull&refresh_token=t%26t&service=s+s");
    }
}

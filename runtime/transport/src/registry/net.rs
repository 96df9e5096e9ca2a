//! The connections: TLS, proxies, redirections.

use super::{RegistryError, address};
use crate::settings::{Proxy, Roots, Settings};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, NoProxy, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(30);
/// Redirections in a row, at most.
const MAX_REDIRECTS: usize = 5;
/// What is never reached by a proxy.
const OURS: &str = "localhost,127.0.0.0/8,::1";

/// All connections to all registries.
pub(crate) struct Net {
    /// Follows redirections, without credentials where they lead elsewhere.
    pub(super) client: Client,
    /// Follows none: for requests whose body is a secret.
    pub(super) strict: Client,
    insecure: Vec<String>,
}

impl Net {
    /// Prepares connections; makes none yet.
    pub(crate) fn new(settings: &Settings) -> Result<Net, RegistryError> {
        let tls = tls(&settings.roots)?;
        let client = |redirects: Policy| {
            let builder = Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .redirect(redirects)
                .connect_timeout(CONNECT)
                .user_agent(concat!("wattle/", env!("CARGO_PKG_VERSION")))
                .no_proxy();
            let builder = with_proxies(builder, &settings.proxy)?;
            builder.build().map_err(|error| wrong("no client can be made of them", error))
        };
        let insecure = settings.insecure.iter().map(|name| name.to_ascii_lowercase()).collect();
        Ok(Net { client: client(Policy::custom(follow))?, strict: client(Policy::none())?, insecure })
    }

    /// The address of the registry at `host`, `name` or `name:port`.
    pub(super) fn base(&self, host: &str) -> Result<Url, RegistryError> {
        let parse = |scheme| {
            Url::parse(&format!("{scheme}://{host}/"))
                .map_err(|error| wrong(&format!("`{host}` is not the host of a registry"), error))
        };
        let url = parse("https")?;
        let is_plain =
            self.insecure.contains(&host.to_ascii_lowercase()) || url.host_str().is_some_and(address::is_loopback);
        if is_plain { parse("http") } else { Ok(url) }
    }
}

fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let verdict = match attempt.previous().last() {
        _ if attempt.previous().len() > MAX_REDIRECTS => Err("too many redirections"),
        Some(from) => address::check(from, attempt.url()),
        None => Ok(()),
    };
    match verdict {
        Ok(()) => attempt.follow(),
        Err(reason) => {
            let to = address::shown(attempt.url());
            attempt.error(format!("redirected to `{to}`, which is not followed: {reason}"))
        }
    }
}

fn with_proxies(
    mut builder: reqwest::ClientBuilder,
    settings: &Proxy,
) -> Result<reqwest::ClientBuilder, RegistryError> {
    let except = || NoProxy::from_string(&format!("{OURS},{}", settings.except.as_deref().unwrap_or_default()));
    let failed = |error| wrong("the address of a proxy is not a URL", error);
    if let Some(url) = &settings.http {
        builder = builder.proxy(reqwest::Proxy::http(url).map_err(failed)?.no_proxy(except()));
    }
    if let Some(url) = &settings.https {
        builder = builder.proxy(reqwest::Proxy::https(url).map_err(failed)?.no_proxy(except()));
    }
    Ok(builder)
}

/// TLS with a provider of its own: nothing is installed for the whole process.
fn tls(roots: &Roots) -> Result<ClientConfig, RegistryError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("no version of TLS can be used", error))?;
    let platform = |extra: Vec<CertificateDer<'static>>| {
        rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider.clone())
            .map_err(|error| wrong("the certificate authorities of this machine cannot be read", error))
    };
    let mut config = match roots {
        Roots::Only(pem) => builder.with_root_certificates(only(certificates(pem)?)?),
        Roots::System => builder.dangerous().with_custom_certificate_verifier(Arc::new(platform(Vec::new())?)),
        Roots::SystemAnd(pem) => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(platform(certificates(pem)?)?))
        }
    }
    .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn only(certificates: Vec<CertificateDer<'static>>) -> Result<RootCertStore, RegistryError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        store.add(certificate).map_err(|error| wrong("a certificate authority cannot be used", error))?;
    }
    Ok(store)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, RegistryError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| wrong("the certificate authorities are not PEM", error))?;
    if found.is_empty() {
        let what = "there is no certificate authority in the file that was named".to_owned();
        return Err(RegistryError::Settings { what, source: None });
    }
    Ok(found)
}

fn wrong(what: &str, source: impl Error + Send + Sync + 'static) -> RegistryError {
    RegistryError::Settings { what: what.to_owned(), source: Some(Box::new(source)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p122_speaks_plainly_to_this_machine_and_where_told() {
        let settings = Settings { insecure: vec!["R.example:5000".into()], ..Settings::default() };
        let net = Net::new(&settings).unwrap();
        let check = |host: &str| net.base(host).unwrap().to_string();
        assert_eq!(check("r.example"), "https://r.example/");
        assert_eq!(check("r.example:5000"), "http://r.example:5000/");
        assert_eq!(check("127.0.0.1:5000"), "http://127.0.0.1:5000/");
        assert_eq!(check("localhost"), "http://localhost/");
        assert_eq!(check("[::1]:5000"), "http://[::1]:5000/");
        assert_eq!(check("localhost.r.example"), "https://localhost.r.example/");
    }

    #[test]
    fn says_which_setting_is_wrong() {
        let check = |settings: Settings| Net::new(&settings).err().map(|error| error.to_string()).unwrap_or_default();
        let roots = |pem: &str| Settings { roots: Roots::Only(pem.into()), ..Settings::default() };
        assert!(check(roots("")).contains("there is no certificate authority"));
        assert!(
            check(roots("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")).contains("cannot be used")
        );
        let proxy = Proxy { https: Some("http://".into()), ..Proxy::default() };
        assert!(check(Settings { proxy, ..Settings::default() }).contains("proxy"));
    }
}

//! HTTP clients: one for each way of connecting, so that connections are shared by all requests that go the same way.

use crate::reach::{PublicResolver, Reach};
use reqwest::redirect::Policy;
use reqwest::{Client, NoProxy, Proxy};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How a registry is connected to.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Connection {
    pub(crate) proxies: Proxies,
    pub(crate) roots: Roots,
    pub(crate) reach: Reach,
}

/// Proxies by the scheme of what is asked for. Their addresses may have credentials in them.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Proxies {
    pub(crate) http: Option<String>,
    pub(crate) https: Option<String>,
    /// Hosts that are reached without, in the notation of `NO_PROXY`.
    pub(crate) except: Option<String>,
}

impl Proxies {
    /// The names of the hosts that they are on.
    fn hosts(&self) -> Vec<String> {
        let addresses = self.http.iter().chain(&self.https);
        addresses.filter_map(|address| Some(url::Url::parse(address).ok()?.host_str()?.to_owned())).collect()
    }
}

/// Which certificate authorities are believed: those of the machine unless others are named.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Roots {
    /// PEM files.
    pub(crate) files: Vec<PathBuf>,
    /// Directories of PEM files.
    pub(crate) directories: Vec<PathBuf>,
    /// PEM text.
    pub(crate) pem: Vec<String>,
    /// A PEM file that adds to whatever else is believed.
    pub(crate) extra: Option<PathBuf>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("roots", &self.roots).field("reach", &self.reach).finish_non_exhaustive()
    }
}

/// A connection that cannot even be tried.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No certificate authority could be read.
    #[error("no certificate authority could be read from {0}")]
    Certificates(String),
    /// The address of a proxy is none.
    #[error("the address of the {0} proxy is no URL")]
    Proxy(&'static str),
    /// The TLS or HTTP library refuses.
    #[error("the connection could not be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The clients in use.
#[derive(Debug)]
pub(crate) struct Clients {
    clients: Mutex<HashMap<Connection, Client>>,
    timeouts: Timeouts,
}

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// For a connection.
    pub(crate) connect: Duration,
    /// For the next bytes.
    pub(crate) read: Duration,
}

impl Clients {
    pub(crate) fn new(timeouts: Timeouts) -> Clients {
        Clients { clients: Mutex::default(), timeouts }
    }

    /// The client for this way of connecting.
    pub(crate) fn get(&self, connection: &Connection) -> Result<Client, ClientError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(connection) {
            return Ok(client.clone());
        }
        let client = build(connection, self.timeouts)?;
        clients.insert(connection.clone(), client.clone());
        Ok(client)
    }
}

fn build(connection: &Connection, timeouts: Timeouts) -> Result<Client, ClientError> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls(&connection.roots)?)
        // Redirects are followed one by one, because each has to be judged.
        .redirect(Policy::none())
        .referer(false)
        .user_agent(concat!("wattle/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .no_proxy();
    if connection.reach == Reach::Public {
        builder = builder.dns_resolver(Arc::new(PublicResolver { proxies: connection.proxies.hosts() }));
    }
    for proxy in proxies(&connection.proxies)? {
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| ClientError::Setup(error.into()))
}

fn proxies(proxies: &Proxies) -> Result<Vec<Proxy>, ClientError> {
    let except = || proxies.except.as_deref().and_then(NoProxy::from_string);
    let mut all = Vec::new();
    if let Some(address) = &proxies.http {
        let proxy = Proxy::http(address).map_err(|_| ClientError::Proxy("HTTP"))?;
        all.push(proxy.no_proxy(except()));
    }
    if let Some(address) = &proxies.https {
        let proxy = Proxy::https(address).map_err(|_| ClientError::Proxy("HTTPS"))?;
        all.push(proxy.no_proxy(except()));
    }
    Ok(all)
}

fn tls(roots: &Roots) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::Setup(error.into()))?
        .with_root_certificates(believed(roots)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificate authorities. What cannot be understood is left out, as many systems carry something odd; none at all is
/// an error.
fn believed(roots: &Roots) -> Result<RootCertStore, ClientError> {
    let mut store = RootCertStore::empty();
    let named = !(roots.files.is_empty() && roots.directories.is_empty() && roots.pem.is_empty());
    if !named {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    for file in roots.files.iter().chain(&roots.extra) {
        store.add_parsable_certificates(from_paths(Some(file), None));
    }
    for directory in &roots.directories {
        store.add_parsable_certificates(from_paths(None, Some(directory)));
    }
    for text in &roots.pem {
        store.add_parsable_certificates(CertificateDer::pem_slice_iter(text.as_bytes()).filter_map(Result::ok));
    }
    if store.is_empty() {
        let named = roots.files.iter().chain(&roots.directories).map(|path| format!("`{}`", path.display()));
        let named = named.collect::<Vec<_>>().join(", ");
        return Err(ClientError::Certificates(if named.is_empty() { "the system".to_owned() } else { named }));
    }
    Ok(store)
}

fn from_paths(file: Option<&Path>, directory: Option<&Path>) -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_certs_from_paths(file, directory).certs
}

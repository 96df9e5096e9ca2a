//! How registries are reached.

use std::fmt;

/// How registries are reached. Nothing of it is looked up: who makes it has read the environment and the files.
#[derive(Clone, Default)]
pub struct Settings {
    /// The text of Docker's `config.json`.
    pub docker_config: Option<String>,
    /// The value of `CNB_REGISTRY_AUTH` (platform specification, "Registry Authentication"): a JSON object from registry to
    /// `Authorization` header. It goes before `docker_config`.
    pub registry_auth: Option<String>,
    /// Whether the programs that `docker_config` names (`credHelpers`, `credsStore`) may be run.
    pub credential_helpers: bool,
    /// Registries, `host` or `host:port`, that are spoken to without TLS. Those of this machine always are.
    pub insecure: Vec<String>,
    /// Proxies.
    pub proxy: Proxy,
    /// Whom to believe that a registry is who it says.
    pub roots: Roots,
}

/// Proxies, as their environment variables would name them. Registries of this machine are never reached by a proxy.
#[derive(Clone, Default)]
pub struct Proxy {
    /// URL of the proxy for plain HTTP.
    pub http: Option<String>,
    /// URL of the proxy for HTTPS.
    pub https: Option<String>,
    /// Hosts, domains and address ranges to reach directly, separated by commas.
    pub except: Option<String>,
}

/// Certificate authorities.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// Those that the operating system trusts. Where that is a matter of files, they are found as OpenSSL finds them.
    #[default]
    System,
    /// These as well, in PEM.
    SystemAnd(Vec<u8>),
    /// Only these, in PEM: what `SSL_CERT_FILE` means.
    Only(Vec<u8>),
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("docker_config", &self.docker_config.as_ref().map(|_| "(secret)"))
            .field("registry_auth", &self.registry_auth.as_ref().map(|_| "(secret)"))
            .field("credential_helpers", &self.credential_helpers)
            .field("insecure", &self.insecure)
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

/// The URL of a proxy may hold a password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("http", &self.http.is_some())
            .field("https", &self.https.is_some())
            .field("except", &self.except)
            .finish()
    }
}

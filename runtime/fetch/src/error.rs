//! Why something could not be fetched.

use crate::client::ClientError;
use crate::registries::RegistryError;
use wattle_tree::{Algorithm, Digest};

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The application or the settings.
    User,
    /// The buildpack.
    Buildpack,
    /// The machine, the network or a registry.
    Platform,
}

/// What went wrong below, for people; of no type that callers could come to rely on.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Something that could not be fetched. Each names the request as the buildpack made it; addresses in it have neither
/// credentials nor queries.
#[derive(Debug, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "fields are said by their names: the request, the address, the digest, the size in bytes"
)]
pub enum FetchError {
    /// The request makes no sense.
    #[error("`{request}` cannot be fetched: {reason}")]
    Source { request: String, reason: &'static str },
    /// The buildpack may not use this registry.
    #[error("`{request}` may not be fetched: the registry `{registry}` is not granted to this buildpack")]
    RegistryNotGranted { request: String, registry: String },
    /// The buildpack may not use this host.
    #[error("`{request}` may not be fetched: the host `{host}` is not granted to this buildpack")]
    HostNotGranted { request: String, host: String },
    /// Nothing says where the registry is.
    #[error("`{request}` cannot be fetched")]
    NoRegistry {
        request: String,
        registry: String,
        #[source]
        error: RegistryError,
    },
    /// The address is plain HTTP, and nobody but the application asked for it.
    #[error("`{request}` is not fetched from `{address}`: the connection would not be protected")]
    Insecure { request: String, address: String },
    /// The address is inside the operator's network, and the operator did not name it.
    #[error(
        "`{request}` is not fetched from `{address}`: it is no public host, and no registry that the operator named"
    )]
    Private { request: String, address: String },
    /// A redirect that is not followed.
    #[error("`{request}` cannot be fetched from `{address}`: {reason}")]
    Redirect { request: String, address: String, reason: &'static str },
    /// It is not there.
    #[error("`{request}` is not at `{address}`")]
    NotFound { request: String, address: String },
    /// The registry wants other credentials, or any.
    #[error("`{request}` is refused by `{address}` ({status}): credentials are missing or not enough")]
    Unauthorised { request: String, address: String, status: u16 },
    /// The registry answers with an error.
    #[error("`{request}` cannot be fetched: `{address}` answers {status}")]
    Refused { request: String, address: String, status: u16 },
    /// The registry does not answer, or its answer breaks off.
    #[error("`{request}` cannot be fetched: `{address}` cannot be reached or breaks off")]
    Unreachable {
        request: String,
        address: String,
        #[source]
        cause: Cause,
    },
    /// The other side cannot prove who it is.
    #[error("`{request}` is not fetched from `{address}`: its certificate is not believed")]
    Certificate {
        request: String,
        address: String,
        #[source]
        cause: Cause,
    },
    /// It takes longer than a fetch may take.
    #[error("`{request}` takes too long to come from `{address}`")]
    Deadline { request: String, address: String },
    /// The connection cannot even be tried.
    #[error("`{request}` cannot be fetched from `{address}`")]
    Client {
        request: String,
        address: String,
        #[source]
        cause: ClientError,
    },
    /// The bytes are not what they must be.
    #[error(
        "`{request}` from `{address}` is not what was expected: it has the digest `{}` instead of `{}`",
        written(.actual),
        written(.expected)
    )]
    Digest { request: String, address: String, expected: Box<Digest>, actual: Box<Digest> },
    /// It is larger than one file may be, or all together are.
    #[error("`{request}` from `{address}` is too large: {what} more than {limit} bytes")]
    TooLarge { request: String, address: String, what: &'static str, limit: u64 },
    /// It is not kept here, and nothing may be fetched.
    #[error("`{request}` is not kept on this machine, and the build is offline")]
    Offline { request: String },
    /// What was fetched cannot be kept.
    #[error("`{request}` could not be kept")]
    Cache {
        request: String,
        #[source]
        cause: std::io::Error,
    },
    /// The fetch was given up because the program ends.
    #[error("fetching was given up")]
    Cancelled,
}

impl FetchError {
    /// A stable name, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            FetchError::Source { .. } => "artifacts/source/invalid",
            FetchError::RegistryNotGranted { .. } => "artifacts/registry/not-granted",
            FetchError::HostNotGranted { .. } => "artifacts/host/not-granted",
            FetchError::NoRegistry { .. } => "artifacts/registry/unknown",
            FetchError::Insecure { .. } => "artifacts/address/insecure",
            FetchError::Private { .. } => "artifacts/address/private",
            FetchError::Redirect { .. } => "artifacts/redirect/refused",
            FetchError::NotFound { .. } => "artifacts/not-found",
            FetchError::Unauthorised { .. } => "artifacts/unauthorised",
            FetchError::Refused { .. } => "artifacts/registry/refused",
            FetchError::Unreachable { .. } => "artifacts/registry/unreachable",
            FetchError::Certificate { .. } => "artifacts/registry/certificate",
            FetchError::Deadline { .. } => "artifacts/registry/too-slow",
            FetchError::Client { .. } => "artifacts/connection/invalid",
            FetchError::Digest { .. } => "artifacts/digest/mismatch",
            FetchError::TooLarge { .. } => "artifacts/too-large",
            FetchError::Offline { .. } => "artifacts/offline",
            FetchError::Cache { .. } => "artifacts/cache",
            FetchError::Cancelled => "artifacts/cancelled",
        }
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            FetchError::Source { .. } | FetchError::RegistryNotGranted { .. } | FetchError::HostNotGranted { .. } => {
                Fault::Buildpack
            }
            FetchError::NoRegistry { .. }
            | FetchError::Insecure { .. }
            | FetchError::Private { .. }
            | FetchError::NotFound { .. }
            | FetchError::Unauthorised { .. }
            | FetchError::Client { .. }
            | FetchError::Digest { .. }
            | FetchError::TooLarge { .. }
            | FetchError::Offline { .. } => Fault::User,
            FetchError::Redirect { .. }
            | FetchError::Refused { .. }
            | FetchError::Unreachable { .. }
            | FetchError::Certificate { .. }
            | FetchError::Deadline { .. }
            | FetchError::Cache { .. }
            | FetchError::Cancelled => Fault::Platform,
        }
    }

    /// What to do next, each one line, in the imperative.
    pub fn hints(&self) -> Vec<String> {
        match self {
            FetchError::RegistryNotGranted { registry, .. } => {
                vec![format!("declare the registry `{registry}` in the buildpack's `buildpack.toml`")]
            }
            FetchError::HostNotGranted { host, .. } => vec![
                format!("declare the host `{host}` in the buildpack's `buildpack.toml`, and grant it"),
                "if it is a mirror of a registry, name it as that registry's address".to_owned(),
            ],
            FetchError::NoRegistry { registry, .. } => vec![where_to_say(registry)],
            FetchError::Insecure { .. } => vec!["use an address that begins with `https://`".to_owned()],
            FetchError::Private { .. } => {
                vec!["if it is meant, name it as a registry in `wattle.toml` or on the command line".to_owned()]
            }
            FetchError::NotFound { .. } => {
                vec!["check the name and the version, and that the registry has them".to_owned()]
            }
            FetchError::Unauthorised { .. } => {
                vec!["check the credentials for this address in the configuration of the package manager".to_owned()]
            }
            FetchError::Certificate { .. } | FetchError::Client { cause: ClientError::Certificates(_), .. } => {
                vec![
                    "name the file of your certificate authorities in `SSL_CERT_FILE`, or in npm's `cafile`".to_owned(),
                ]
            }
            FetchError::Client { cause: ClientError::Proxy(_), .. } => {
                vec!["correct the proxy in the environment or in the package manager's configuration".to_owned()]
            }
            FetchError::Unreachable { .. } | FetchError::Deadline { .. } => vec![
                "check the network and the proxy settings, and try again".to_owned(),
                "see with `wattle registries` which address is used, and why".to_owned(),
            ],
            FetchError::Digest { .. } => vec![
                "if the package was published anew, update the lock file".to_owned(),
                "if it was not, the registry or something on the way to it changes files".to_owned(),
            ],
            FetchError::Offline { .. } => vec!["build once with the network, or let this build use it".to_owned()],
            _ => Vec::new(),
        }
    }
}

/// A digest as lock files write it: SHA-512 as Subresource Integrity, the others in hexadecimal.
fn written(digest: &Digest) -> String {
    match digest.algorithm() {
        Algorithm::Sha512 => digest.integrity(),
        Algorithm::Sha256 => digest.to_string(),
    }
}

/// The setting that names a registry.
fn where_to_say(registry: &str) -> String {
    let own = match registry {
        "npm" => "`registry` in `.npmrc`, or `NPM_CONFIG_REGISTRY`, or ",
        "pypi" => "`index-url` in `pip.conf`, or `PIP_INDEX_URL`, or ",
        "debian" | "debian-security" => "an entry in apt's `sources.list`, or ",
        "go" => "`GOPROXY`, or ",
        "maven" => "a mirror of `central` in Maven's `settings.xml`, or ",
        _ => "",
    };
    format!("set {own}`{registry}` under `[registries]` in `wattle.toml`")
}

//! Images in a registry (OCI distribution specification).

mod address;
mod error;
mod net;
mod patience;
mod pull;
mod push;
mod request;
mod token;

pub use error::RegistryError;
pub(crate) use net::Net;

use crate::auth::{self, Found, Keychain};
use reqwest::Url;
use reqwest::header::HeaderValue;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell};

/// One registry, and what it let us show to it so far. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Registry(Arc<Inner>);

struct Inner {
    /// As references name it.
    name: String,
    base: Url,
    net: Arc<Net>,
    keychain: Arc<Keychain>,
    credential: OnceCell<Found>,
    /// `Authorization` headers that worked, by what they are for.
    shown: Mutex<HashMap<String, HeaderValue>>,
}

/// One repository of a registry. Cloning shares the registry.
#[derive(Clone)]
pub(crate) struct Repository {
    registry: Registry,
    name: String,
    /// What we ask to be allowed, the most important first (distribution token specification, "scope").
    scopes: Vec<String>,
}

impl Registry {
    /// The registry that references call `name`.
    pub(crate) fn new(name: &str, net: Arc<Net>, keychain: Arc<Keychain>) -> Result<Registry, RegistryError> {
        let base = net.base(auth::endpoint(name))?;
        let (credential, shown) = (OnceCell::new(), Mutex::default());
        Ok(Registry(Arc::new(Inner { name: name.to_owned(), base, net, keychain, credential, shown })))
    }

    /// A repository to read from.
    pub(crate) fn to_read(&self, repository: &str) -> Repository {
        let scopes = vec![format!("repository:{repository}:pull")];
        Repository { registry: self.clone(), name: repository.to_owned(), scopes }
    }

    /// A repository to write to, taking over blobs from the repositories `from` of the same registry.
    pub(crate) fn to_write(&self, repository: &str, from: &[&str]) -> Repository {
        let mut scopes = vec![format!("repository:{repository}:pull,push")];
        scopes.extend(from.iter().map(|from| format!("repository:{from}:pull")));
        scopes.dedup();
        Repository { registry: self.clone(), name: repository.to_owned(), scopes }
    }
}

impl Repository {
    /// `registry/repository`.
    fn title(&self) -> String {
        format!("{}/{}", self.registry.0.name, self.name)
    }

    /// The address of something in the repository. Names of repositories, tags and digests need no escaping.
    fn url(&self, rest: &str) -> Url {
        let mut url = self.registry.0.base.clone();
        url.set_path(&format!("/v2/{}/{rest}", self.name));
        url
    }
}

//! What registries there are on this machine.

use crate::client::Connection;
use crate::credentials::{self, Credential, Secret};
use crate::discover::{self, Ecosystem};
use crate::reach::Reach;
use crate::{Address, AddressError, Cache, Settings};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use url::Url;

/// A registry: its name, its address, and what is needed to reach it.
#[derive(Clone, Debug)]
pub struct Registry {
    /// The name that buildpacks ask by, such as `npm`.
    pub name: String,
    /// The scope that it is for, such as `@acme`; none for the rest.
    pub scope: Option<String>,
    /// Where it is.
    pub address: Address,
    /// Where that was found, for people: "`registry` in the user's npm configuration".
    pub origin: String,
    /// Whether the operator vouches for the address, so that it may be in a private network or without TLS.
    pub(crate) trusted: bool,
    /// What may be sent to it.
    pub(crate) credentials: Vec<Credential>,
    /// How it is connected to.
    pub(crate) connection: Connection,
}

/// A registry that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Nothing says where it is.
    #[error("nothing says where the registry `{name}` is")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// What says where it is makes no sense.
    #[error("the registry `{name}` cannot be used: {error}")]
    Address {
        /// Its name.
        name: String,
        /// What is wrong. Said by this error already, and not its source.
        error: AddressError,
    },
}

/// The registries of this machine. Where each is gets looked up when it is first asked for, in this order: what the operator
/// named; the ecosystem's environment variables; its configuration files; what its own client answers, if it may be run. A
/// [`Fetcher`](crate::Fetcher) keeps such answers.
pub struct Registries {
    settings: Settings,
    ecosystems: BTreeMap<String, OnceLock<Ecosystem>>,
    /// Where answers of clients are kept; without it they are asked each time.
    answers: OnceLock<Arc<dyn Cache>>,
}

impl Registries {
    /// Registries as `settings` have them. Fails if an address that the operator named is none; what configuration files
    /// say is judged when it is used.
    pub fn discover(settings: Settings) -> Result<Registries, AddressError> {
        for explicit in settings.explicit.values() {
            Address::parse(&explicit.address, &explicit.origin)?;
        }
        let named = settings.explicit.keys().map(|key| split_scope(key).0);
        let names: BTreeSet<&str> = discover::ECOSYSTEMS.iter().copied().chain(named).collect();
        let ecosystems = names.into_iter().map(|name| (name.to_owned(), OnceLock::new())).collect();
        Ok(Registries { settings, ecosystems, answers: OnceLock::new() })
    }

    /// The registry with this name that serves `scope`: the scope's own, or the one that serves the rest.
    pub fn get(&self, name: &str, scope: Option<&str>) -> Result<&Registry, RegistryError> {
        let unknown = || RegistryError::Unknown { name: name.to_owned() };
        let ecosystem = self.ecosystem(name).ok_or_else(unknown)?;
        let scoped = scope.and_then(|scope| ecosystem.registries.iter().find(|r| r.scope.as_deref() == Some(scope)));
        if let Some(registry) = scoped.or_else(|| ecosystem.registries.iter().find(|r| r.scope.is_none())) {
            return Ok(registry);
        }
        Err(match &ecosystem.problem {
            Some(error) => RegistryError::Address { name: name.to_owned(), error: error.clone() },
            None => unknown(),
        })
    }

    /// Every registry that has an address, by name, the scoped ones after the others. Looks all of them up.
    pub fn iter(&self) -> impl Iterator<Item = &Registry> {
        self.ecosystems.keys().filter_map(|name| self.ecosystem(name)).flat_map(|ecosystem| &ecosystem.registries)
    }

    /// Every registry that has none, and why. Looks all of them up.
    pub fn problems(&self) -> impl Iterator<Item = RegistryError> {
        self.ecosystems.keys().filter_map(|name| self.get(name, None).err())
    }

    /// The one of the registries called `name` that `url` is below, the closest if there are several.
    pub(crate) fn covering(&self, name: &str, url: &Url) -> Option<&Registry> {
        let registries = self.ecosystem(name)?.registries.iter();
        registries.filter(|r| r.address.contains(url)).max_by_key(|r| r.address.url().path().len())
    }

    /// How a host is reached that is no registry's.
    pub(crate) fn other_hosts(&self) -> Connection {
        Connection { reach: Reach::Public, ..discover::environment(&self.settings) }
    }

    /// Has what clients answer kept, and found again as long as nothing changes that it depends on. The first cache counts.
    pub(crate) fn keep_answers(&self, cache: Arc<dyn Cache>) {
        self.answers.get_or_init(|| cache);
    }

    fn ecosystem(&self, name: &str) -> Option<&Ecosystem> {
        let look_up = || discover::ecosystem(name, &self.settings, self.answers.get().map(|cache| &**cache));
        Some(self.ecosystems.get(name)?.get_or_init(look_up))
    }
}

impl std::fmt::Debug for Registries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.ecosystems.keys()).finish()
    }
}

impl Registry {
    /// Whether `http` is acceptable: only if the operator wrote an address without TLS, as apt's usually are.
    pub(crate) fn allows_plain(&self) -> bool {
        self.address.is_plain() && self.trusted
    }

    /// What to send to `url`, if it may be sent there.
    pub(crate) fn secret(&self, url: &Url) -> Option<&Secret> {
        let protected = url.scheme() == "https" || self.allows_plain();
        protected.then(|| credentials::choose(&self.credentials, url)).flatten()
    }
}

/// The name and the scope of `npm:@acme`.
pub(crate) fn split_scope(key: &str) -> (&str, Option<&str>) {
    key.split_once(':').map_or((key, None), |(name, scope)| (name, Some(scope)))
}

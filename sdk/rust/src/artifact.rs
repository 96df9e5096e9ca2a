//! Files from elsewhere, fetched and unpacked by the host.

use crate::bindings::wattle::buildpack::artifacts as host;
use crate::{Error, Result};
use serde::de::DeserializeOwned;

/// The most that one call of the contract reads.
const CHUNK: u64 = 1 << 20;

/// Something to fetch.
///
/// ```
/// # use wattle_buildpack::Request;
/// let index = Request::new("npm:express");
/// let archive = Request::new("npm:express/-/express-4.21.2.tgz").digest("sha256:44e2…");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    source: String,
    digest: Option<String>,
}

impl Request {
    /// `<registry>:<path>`, such as `npm:express/-/express-4.21.2.tgz`, or an `https` URL as a lock file gives it.
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), digest: None }
    }

    /// What the bytes must be: `sha256:<hex>`, `sha512:<hex>` or Subresource Integrity text. Leave it out for an index of
    /// versions, and for nothing else.
    #[must_use]
    pub fn digest(mut self, digest: impl Into<String>) -> Self {
        self.digest = Some(digest.into());
        self
    }

    pub(crate) fn into_host(self) -> host::Request {
        host::Request { source: self.source, digest: self.digest }
    }
}

impl From<&str> for Request {
    fn from(source: &str) -> Self {
        Self::new(source)
    }
}

impl From<String> for Request {
    fn from(source: String) -> Self {
        Self::new(source)
    }
}

/// What was fetched.
#[derive(Debug)]
pub struct Artifact(pub(crate) host::Artifact);

impl Artifact {
    /// `sha256:<hex>` of the bytes.
    pub fn digest(&self) -> String {
        self.0.digest()
    }

    /// Length in bytes.
    pub fn size(&self) -> u64 {
        self.0.size()
    }

    /// All of it, in memory: for what is to be understood. What is to be unpacked goes to
    /// [`Layer::unpack`](crate::Layer::unpack) and never comes here.
    pub fn read(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            let chunk = self.0.read(bytes.len() as u64, CHUNK).map_err(Error::from_host)?;
            if chunk.is_empty() {
                return Ok(bytes);
            }
            bytes.extend(chunk);
        }
    }

    /// All of it as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_slice(&self.read()?)?)
    }
}

/// An archive (tar, plain or compressed by gzip, xz or zstd, or zip) and where its contents go.
///
/// ```no_run
/// # use wattle_buildpack::{Artifact, Layer, Placement, Result};
/// # fn unpack(layer: &Layer, archive: &Artifact) -> Result<()> {
/// layer.unpack([Placement::new(archive).below("node_modules/express").strip(1).without_links()])
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Placement<'a> {
    artifact: &'a Artifact,
    path: String,
    strip: u32,
    without_links: bool,
}

impl<'a> Placement<'a> {
    /// Into the layer itself, with everything that is in the archive.
    pub fn new(artifact: &'a Artifact) -> Self {
        Self { artifact, path: String::new(), strip: 0, without_links: false }
    }

    /// Into this directory of the layer, made if missing.
    #[must_use]
    pub fn below(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Takes this many leading directories off the names in the archive; entries with fewer are left out.
    #[must_use]
    pub fn strip(mut self, directories: u32) -> Self {
        self.strip = directories;
        self
    }

    /// Leaves links out; otherwise links that lead out of the archive are refused.
    #[must_use]
    pub fn without_links(mut self) -> Self {
        self.without_links = true;
        self
    }

    pub(crate) fn into_host(self) -> host::Placement<'a> {
        host::Placement {
            artifact: &self.artifact.0,
            path: self.path,
            strip: self.strip,
            without_links: self.without_links,
        }
    }
}

impl<'a> From<&'a Artifact> for Placement<'a> {
    fn from(artifact: &'a Artifact) -> Self {
        Self::new(artifact)
    }
}

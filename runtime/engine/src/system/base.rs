//! What system a run image has, read from its layers, each of them once.

use super::notes::{note, noted};
use crate::error::EngineError;
use crate::request::Engine;
use std::io;
use tokio::task::block_in_place;
use wattle_debian::assemble::Below;
use wattle_oci::Layer;
use wattle_oci::layer::{Glimpse, Seen};
use wattle_store::Store;
use wattle_transport::Source;
use wattle_tree::{Blob, Node, Tree};

/// Changes when what is looked for does, so that what was seen before does not count.
const REVISION: u32 = 1;
/// Where a system says what it is (os-release(5)), and where its packages and accounts are.
const FILES: [&str; 6] =
    ["etc/os-release", "usr/lib/os-release", "etc/passwd", "etc/group", CERTIFICATES, "var/lib/dpkg/status"];
/// All certificates that the system believes, in one file.
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
/// Where images without a package manager have a file for each package.
const STATUS_DIR: &str = "var/lib/dpkg/status.d";

/// The system of a run image.
#[derive(Debug)]
pub(crate) struct System(Glimpse);

impl System {
    /// Of which distribution it is, and of which version of that (`ID` and `VERSION_ID`); `debian` and empty if it does not say.
    pub(crate) fn distribution(&self) -> (String, String) {
        let vendor = self.release("ID").unwrap_or_else(|| "debian".to_owned());
        (vendor, self.release("VERSION_ID").unwrap_or_default())
    }

    /// A field of `os-release`, unquoted.
    pub(crate) fn release(&self, field: &str) -> Option<String> {
        let text = self.0.file("usr/lib/os-release").or_else(|| self.0.file("etc/os-release"))?;
        let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix('='))?;
        Some(value.trim().trim_matches(['"', '\'']).to_owned()).filter(|value| !value.is_empty())
    }

    /// What was seen of it, as files.
    pub(crate) fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        for (path, seen) in self.0.iter() {
            let node = match seen {
                Seen::File(text) => Node::file(text.as_str()),
                Seen::Symlink(target) => Node::symlink(target),
                Seen::Directory | Seen::Other => continue,
            };
            // What no tree can have is of no interest here.
            let _ = tree.insert(path, node);
        }
        tree
    }

    /// What packages that are added have to know of it.
    pub(crate) fn below(&self) -> Below {
        let file = |path| self.0.file(path).map(str::to_owned);
        Below {
            links: self.0.root_links(),
            passwd: file("etc/passwd"),
            group: file("etc/group"),
            certificates: file(CERTIFICATES).map(String::into_bytes),
        }
    }
}

impl Engine {
    /// Reads what system `base` has. Its layers are fetched, unless what they have was noted before.
    pub(crate) async fn system(&self, base: &Source) -> Result<System, EngineError> {
        self.system_of(base, base.image.layers()).await
    }

    /// Reads what system these layers of an image have, the lowest first.
    pub(crate) async fn system_of(&self, base: &Source, layers: &[Layer]) -> Result<System, EngineError> {
        let unreadable =
            |source: io::Error| EngineError::RunImageLayers { reference: base.location.to_string(), source };
        let mut all = Glimpse::default();
        for layer in layers {
            let known = block_in_place(|| noted(&self.store, &name(layer))).map_err(unreadable)?;
            let glimpse = if let Some(glimpse) = known {
                glimpse
            } else {
                let blob = self.layer(base, layer).await?;
                block_in_place(|| look(&self.store, layer, &blob)).map_err(unreadable)?
            };
            all = all.under(glimpse);
        }
        Ok(System(all))
    }

    /// The bytes of a layer of `base`.
    pub(crate) async fn layer(&self, base: &Source, layer: &Layer) -> Result<Blob, EngineError> {
        let digest = &layer.descriptor.digest;
        let found = match &layer.blob {
            Some(blob) => Some(blob.clone()),
            None => self.store.blobs().get_verified(digest)?,
        };
        if let Some(blob) = found {
            return Ok(blob);
        }
        let into = self.store.blobs().writer(Some(*digest))?;
        let fetched = self.transport.fetch(base, layer, into, &()).await;
        fetched.map_err(EngineError::reading(&base.location))?.commit()?;
        let blob = self.store.blobs().get(digest)?;
        blob.ok_or_else(|| {
            let source = io::Error::new(io::ErrorKind::NotFound, "a layer disappeared from the store");
            EngineError::RunImageLayers { reference: base.location.to_string(), source }
        })
    }
}

fn name(layer: &Layer) -> String {
    format!("system-{REVISION}:{}", layer.diff_id)
}

/// Reads a layer, and notes what it has.
fn look(store: &Store, layer: &Layer, blob: &Blob) -> io::Result<Glimpse> {
    let wanted = |path: &str| {
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        FILES.contains(&path) || directory == STATUS_DIR
    };
    let glimpse = Glimpse::of(blob.reader(), &layer.descriptor.media_type, wanted)?;
    note(store, &name(layer), &glimpse)?;
    Ok(glimpse)
}

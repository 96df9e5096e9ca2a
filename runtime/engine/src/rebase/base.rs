//! Which run image an image is put on.

use super::{RebaseFailed, RebaseReason, RebaseRequest};
use crate::error::EngineError;
use crate::event::Event;
use crate::export;
use crate::request::Engine;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell};
use wattle_oci::cnb::{BaseName, BuildMetadata, NewBase, RunImageName};
use wattle_oci::{Platform, Reference};
use wattle_transport::{Fault, Location, Source};

/// What the version of our launcher begins with: it tells images of ours from others.
const OURS: &str = "wattle-launcher";
/// Digits of a digest at the end of the name of an assembled run image.
const DIGITS: usize = 16;

/// A run image that was found.
pub(super) struct Base {
    pub(super) source: Source,
}

impl Base {
    /// As an image is to be put on it.
    pub(super) fn as_new(&self) -> NewBase<'_> {
        let name = match &self.source.location {
            Location::Registry(reference) => BaseName::Registry(reference.clone()),
            layout @ (Location::Layout { .. } | Location::Archive { .. }) => BaseName::Local(export::name(layout)),
        };
        NewBase { image: &self.source.image, name, reference: export::reference(&self.source) }
    }
}

/// Run images that were found for one image serve the others.
#[derive(Default)]
pub(super) struct Bases(Mutex<HashMap<(Wanted, Platform), Found>>);

/// One that is being looked for, or was found.
type Found = Arc<OnceCell<Arc<Base>>>;

/// A run image that is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Wanted {
    /// The newest of those that are assembled of packages.
    Assembled,
    /// The one there.
    At(String),
}

impl Engine {
    /// The run image for `image`, which is to be written to `to`: the one that was asked for, or what the image names.
    pub(super) async fn base_of(
        &self,
        request: &RebaseRequest,
        image: &Source,
        names: &RunImageName,
        to: &Location,
        bases: &Bases,
    ) -> Result<Arc<Base>, EngineError> {
        let platform = image.image.config().value().platform();
        if let Some(location) = &request.run_image {
            return self.known_base(bases, Wanted::At(location.to_string()), &platform, Some(location)).await;
        }
        let failed = |reason| EngineError::from(RebaseFailed { image: image.location.to_string(), reason });
        if is_assembled(&names.image, &platform) {
            return self.known_base(bases, Wanted::Assembled, &platform, None).await;
        }
        if !names.image.contains(['/', ':']) && is_ours(image) && !names.image.is_empty() {
            return Err(failed(RebaseReason::Directory(names.image.clone())));
        }
        let mut error = None;
        for reference in candidates(names, to) {
            let location = Location::Registry(reference);
            let wanted = Wanted::At(location.to_string());
            match self.known_base(bases, wanted, &platform, Some(&location)).await {
                Err(found) if is_passed_over(&found) => error.get_or_insert(found),
                result => return result,
            };
        }
        Err(error.unwrap_or_else(|| failed(RebaseReason::Unnamed)))
    }

    async fn known_base(
        &self,
        bases: &Bases,
        wanted: Wanted,
        platform: &Platform,
        location: Option<&Location>,
    ) -> Result<Arc<Base>, EngineError> {
        let cell = bases.0.lock().await.entry((wanted, platform.clone())).or_default().clone();
        let find = async || {
            let source = match location {
                Some(location) => self.read_base(location, platform).await?,
                None => self.run_image(platform, None).await?.source,
            };
            Ok(Arc::new(Base { source }))
        };
        cell.get_or_try_init(find).await.cloned()
    }

    /// Whatever machine it is for: what comes of that is for the rebase to say.
    async fn read_base(&self, location: &Location, platform: &Platform) -> Result<Source, EngineError> {
        let source = self.read_image(location, platform).await?;
        let (reference, digest) = (location.to_string(), source.digest.to_string());
        self.observer.event(&Event::RunImage { reference, digest });
        Ok(source)
    }
}

/// The names that can be tried, those of the registry that the image is in first (Platform specification, "Run Image
/// Resolution"). Names of this machine's directories are not among them, whatever an image says.
fn candidates(names: &RunImageName, to: &Location) -> Vec<Reference> {
    let registry = match to {
        Location::Registry(reference) => Some(reference.registry()),
        Location::Layout { .. } | Location::Archive { .. } => None,
    };
    let mut found: Vec<Reference> = names.all().filter_map(|name| name.parse().ok()).collect();
    found.sort_by_key(|reference| Some(reference.registry()) != registry);
    found
}

/// True if another name may still lead to a run image.
fn is_passed_over(error: &EngineError) -> bool {
    match error {
        EngineError::ReadImage { source, .. } => {
            matches!(source.fault(), Fault::NotFound | Fault::Unauthorised | Fault::Unreachable)
        }
        _ => false,
    }
}

/// `debian-bookworm-amd64-` and digits: no name in a registry, but one of a run image that is assembled of packages.
fn is_assembled(name: &str, platform: &Platform) -> bool {
    let Some((family, digits)) = name.rsplit_once('-') else { return false };
    let is_digits = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digits && !name.contains(['/', ':']) && family.ends_with(&format!("-{}", platform.architecture))
}

fn is_ours(image: &Source) -> bool {
    let build = BuildMetadata::of(&image.image).ok().flatten();
    build.is_some_and(|build| build.launcher.version.starts_with(OURS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p81_p110_mirrors_of_the_same_registry_come_first() {
        let names = RunImageName {
            image: "run:12".to_owned(),
            mirrors: vec!["oci:/etc".to_owned(), "m.example/run".to_owned(), "../..".to_owned()],
        };
        let check = |to: &str| {
            let found = candidates(&names, &to.parse().unwrap());
            found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        insta::assert_snapshot!(check("m.example/app:1"), @"m.example/run docker.io/library/run:12");
        insta::assert_snapshot!(check("oci:app"), @"docker.io/library/run:12 m.example/run");
    }

    #[test]
    fn assembled_run_images_are_known_by_their_names() {
        let check = |name: &str| is_assembled(name, &Platform::new("linux", "amd64"));
        assert!(check("debian-bookworm-amd64-dc500d1f1e7ff380"));
        for other in
            ["debian", "debian-bookworm-arm64-dc500d1f1e7ff380", "r.example/debian-bookworm-amd64-dc500d1f1e7ff380", ""]
        {
            assert!(!check(other), "{other}");
        }
    }
}

//! The packages that a build adds to its run image: asked for by the user and by buildpacks, resolved together.

mod error;

pub use error::PackagesError;

use super::archive::{ArchiveError, Archives, Listed, Place};
use super::base::System;
use super::filesystem::{pack, tell};
use super::image::Chosen;
use super::notes::{note, noted};
use crate::artifacts::cancelled;
use crate::event::Event;
use crate::packing::{self, Packing};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::runtime::Handle;
use wattle_debian::assemble::Options;
use wattle_debian::lock::Locked;
use wattle_debian::resolve::{Request, Resolution, Root, resolve};
use wattle_debian::{Architecture, Cuts, Index, Installed, Package, Relations, Suite};
use wattle_fetch::FetchError;
use wattle_oci::{Addition, Layer};
use wattle_plan::{BuildpackKey, Capabilities};
use wattle_sandbox::{Cancel, Fault, GuestError};
use wattle_sbom::{Component, DebianPackage};
use wattle_store::Packed;
use wattle_tree::Digest;

/// Parts of the archives that packages of a build come from.
const COMPONENTS: [&str; 1] = ["main"];
/// What the layer is called where its progress is told.
const NAME: &str = "packages";
/// How the history of that layer begins, before the names of what was asked for.
pub(crate) const PACKAGES: &str = "Packages: ";
/// Changes when the same packages become another layer.
const REVISION: u32 = 1;
/// Changes when more is noted of what packages come to.
const NOTED: u32 = 2;

/// The packages of one build.
pub(crate) struct Packages {
    archives: Archives,
    runtime: Handle,
    cancel: Cancel,
    run_image: String,
    /// Name and version of the distribution, as the run image's labels have them.
    distribution: Option<(String, String)>,
    system: System,
    architecture: String,
    asked: Mutex<Asked>,
}

/// What was asked for so far, and what it comes to.
#[derive(Default)]
struct Asked {
    /// Names, or names with versions, sorted.
    roots: BTreeSet<String>,
    found: Found,
    /// Known when the first package is asked for.
    listed: Option<Arc<Listing>>,
}

/// Which packages there are.
struct Listing {
    architecture: Architecture,
    indexes: Vec<Listed>,
    /// Read when something has to be resolved that was not resolved from the same before.
    index: OnceLock<Index>,
}

/// What everything that was asked for comes to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Found {
    /// What is added, sorted by name.
    packages: Vec<Locked>,
    /// Name and version of the source package of each, by its name.
    sources: BTreeMap<String, (String, String)>,
    /// What each of the roots is: name, version, and whether the run image has it.
    answers: BTreeMap<String, (String, String, bool)>,
}

impl Packages {
    /// Those that are added to a run image of this system, none so far.
    pub(crate) fn new(
        archives: Archives,
        cancel: Cancel,
        base: &Chosen,
        system: System,
        architecture: &str,
    ) -> Packages {
        Packages {
            archives,
            runtime: Handle::current(),
            cancel,
            run_image: base.name.clone(),
            distribution: base.distribution(),
            system,
            architecture: architecture.to_owned(),
            asked: Mutex::default(),
        }
    }

    /// Adds these to what was asked for, and gives what each of them came to. May block. Adds nothing if it fails.
    pub(crate) fn require(&self, packages: &[String]) -> Result<Vec<wattle_sandbox::Installed>, PackagesError> {
        let mut asked = self.asked();
        let roots: BTreeSet<String> = asked.roots.iter().chain(packages).cloned().collect();
        let listing = self.listing(&mut asked)?;
        let found = self.found(&roots, &listing)?;
        let answer = |text: &String| {
            let (name, version, in_run_image) = found.answers.get(text).cloned().unwrap_or_default();
            wattle_sandbox::Installed { name, version, in_run_image }
        };
        let answers = packages.iter().map(answer).collect();
        *asked = Asked { roots, found, listed: Some(listing) };
        Ok(answers)
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listing(&self, asked: &mut Asked) -> Result<Arc<Listing>, PackagesError> {
        if let Some(listing) = &asked.listed {
            return Ok(listing.clone());
        }
        let suite = self.suite()?;
        let unknown = |_| ArchiveError::Distribution(format!("{} on {}", suite.distribution, self.architecture));
        let architecture = self.architecture.parse().map_err(unknown)?;
        let places = Place::of(&suite, architecture)?;
        let components = COMPONENTS.map(str::to_owned);
        let indexes = self.wait(self.archives.listed(&suite, &places, &components, architecture))?;
        let listing = Listing { architecture, indexes, index: OnceLock::new() };
        Ok(asked.listed.insert(Arc::new(listing)).clone())
    }

    /// Resolves what was not resolved from the same indexes over the same system before.
    fn found(&self, roots: &BTreeSet<String>, listing: &Listing) -> Result<Found, PackagesError> {
        let digests: Vec<_> = listing.indexes.iter().map(|index| index.digest.to_string()).collect();
        let facts = (NOTED, self.system.tree().digest()?.to_string(), digests, roots);
        let document = format!("packages-for:{}", Digest::of(format!("{facts:?}").as_bytes()));
        if let Some(found) = noted(&self.archives.store, &document)? {
            return Ok(found);
        }
        let found = self.resolved(roots, listing)?;
        note(&self.archives.store, &document, &found)?;
        Ok(found)
    }

    fn resolved(&self, roots: &BTreeSet<String>, listing: &Listing) -> Result<Found, PackagesError> {
        let index = if let Some(index) = listing.index.get() {
            index
        } else {
            let read = self.wait(self.archives.index(&listing.indexes))?;
            listing.index.get_or_init(|| read)
        };
        let installed = Installed::of(&self.system.tree())
            .map_err(|source| PackagesError::Installed { image: self.run_image.clone(), source })?;
        let wanted = roots.iter().map(|text| text.parse()).collect::<Result<Vec<Root>, _>>()?;
        let request = Request {
            packages: &wanted,
            architecture: listing.architecture,
            installed: &installed,
            recommends: false,
            cuts: &Cuts::default(),
        };
        let resolution = resolve(index, &request)?;
        let mut packages: Vec<_> = resolution.packages.iter().map(|it| Locked::of(&it.package)).collect();
        packages.sort_by(|one, other| one.name.cmp(&other.name));
        let source = |it: &Package| (it.name.clone(), (it.source.clone(), it.source_version.to_string()));
        let sources = resolution.packages.iter().map(|it| source(&it.package)).collect();
        let answers = roots.iter().map(|text| (text.clone(), answer(text, &resolution, &installed))).collect();
        Ok(Found { packages, sources, answers })
    }

    /// Waits for an archive until somebody interrupts.
    fn wait<T>(&self, work: impl Future<Output = Result<T, ArchiveError>>) -> Result<T, ArchiveError> {
        self.runtime.block_on(async {
            tokio::select! {
                done = work => done,
                () = cancelled(&self.cancel) => Err(FetchError::Cancelled.into()),
            }
        })
    }

    /// The release that the run image says it is of: in its files, or in the labels of base images.
    fn suite(&self) -> Result<Suite, PackagesError> {
        let image = self.run_image.clone();
        let labels = self.distribution.clone();
        let (labelled, number) = labels.map_or((None, None), |(name, version)| (Some(name), Some(version)));
        let Some(distribution) = self.system.release("ID").or(labelled) else {
            return Err(PackagesError::Unknown(image));
        };
        if !["debian", "ubuntu"].contains(&distribution.as_str()) {
            return Err(PackagesError::Distribution { image, distribution });
        }
        let version = self.system.release("VERSION_ID").or(number).unwrap_or_default();
        match self.system.release("VERSION_CODENAME") {
            Some(codename) => Ok(Suite { distribution, version, codename }),
            None => Suite::numbered(&distribution, &version).ok_or(PackagesError::Unknown(image)),
        }
    }
}

impl Packages {
    /// The layer of everything that was asked for and is not in the run image; none if nothing is missing.
    pub(crate) fn addition(&self, packing: &Packing) -> Result<Option<Addition>, PackagesError> {
        let asked = self.asked();
        let Some(listing) = asked.listed.as_ref().filter(|_| !asked.found.packages.is_empty()) else { return Ok(None) };
        let packages = asked.found.packages.iter().map(Locked::package).collect::<Result<Vec<Package>, _>>()?;
        self.archives.observer.event(&Event::AddingPackages {
            asked: asked.roots.iter().cloned().collect(),
            packages: packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect(),
        });
        let created_by = format!("{PACKAGES}{}", asked.roots.iter().cloned().collect::<Vec<_>>().join(", "));
        let document = self.document(&packages)?;
        if let Some(packed) = noted::<Packed>(packing.store, &document)?
            && let Some(layer) = packing.reuse(NAME, &packed)?
        {
            return Ok(Some(Addition { layer, created_by }));
        }
        let layer = self.assembled(&packages, listing.architecture, packing)?;
        note(packing.store, &document, &packing::packed(&layer))?;
        Ok(Some(Addition { layer, created_by }))
    }

    /// Everything that is added.
    pub(crate) fn components(&self) -> Vec<Component> {
        let Asked { found, .. } = &*self.asked();
        let known = self.suite().map(|suite| (suite.distribution, suite.version));
        let (vendor, release) = known.unwrap_or_else(|_| self.system.distribution());
        let component = |package: &Locked| {
            let own = (&package.name, &package.version);
            let (source, source_version) =
                found.sources.get(&package.name).map_or(own, |(name, version)| (name, version));
            let component = Component::debian(&DebianPackage {
                name: &package.name,
                version: &package.version,
                architecture: &package.architecture,
                source: (source, source_version),
                distribution: (&vendor, &release),
            });
            let digests = format!("sha256:{}", package.sha256).parse().into_iter().collect();
            Component { digests, source: Some(package.source.clone()), ..component }
        };
        found.packages.iter().map(component).collect()
    }

    fn assembled(
        &self,
        packages: &[Package],
        architecture: Architecture,
        packing: &Packing,
    ) -> Result<Layer, PackagesError> {
        let unpacked = self.wait(self.archives.unpacked(packages))?;
        let options = Options { architecture, documentation: false, locales: false, users: Vec::new(), setuid: false };
        let made = wattle_debian::assemble::add(&unpacked, &self.system.below(), &options)?;
        tell(&*self.archives.observer, &made.notes);
        Ok(pack(packing, NAME, made)?)
    }

    /// By what the layer is known: by the system below, and by the packages.
    fn document(&self, packages: &[Package]) -> io::Result<String> {
        let mut text = format!("{REVISION} {}\n", self.system.tree().digest()?);
        for package in packages {
            let _ = writeln!(text, "{} {} {}", package.name, package.version, package.digest);
        }
        Ok(format!("packages-of:{}", Digest::of(text.as_bytes())))
    }
}

/// What a package that was asked for came to, itself or one that stands for it: name, version, and whether it was there.
fn answer(text: &str, found: &Resolution, installed: &Installed) -> (String, String, bool) {
    let wanted = text.split('=').next().unwrap_or(text);
    let added = found.packages.iter().map(|it| &it.package);
    let added = added.map(|it| (it.name.as_str(), &it.version, &it.relations, false));
    let there = installed.iter().map(|(name, it)| (name, &it.version, &it.relations, true));
    let all: Vec<_> = added.chain(there).collect();
    let stands_for = |relations: &Relations| relations.provides.iter().any(|provided| *provided.name == *wanted);
    let itself = all.iter().find(|(name, ..)| *name == wanted);
    match itself.or_else(|| all.iter().find(|(_, _, relations, _)| stands_for(relations))) {
        Some((name, version, _, in_run_image)) => ((*name).to_owned(), version.to_string(), *in_run_image),
        None => (wanted.to_owned(), String::new(), true),
    }
}

/// The packages of a build, as far as one buildpack may ask for them.
pub(crate) struct Granted {
    /// None if no buildpack of the plan may ask for any.
    pub(crate) packages: Option<Arc<Packages>>,
    pub(crate) buildpack: BuildpackKey,
    pub(crate) capabilities: Capabilities,
}

impl wattle_sandbox::Packages for Granted {
    fn require(&self, wanted: &[String]) -> Result<Vec<wattle_sandbox::Installed>, GuestError> {
        let Some(packages) = self.packages.as_ref().filter(|_| !self.capabilities.packages.is_empty()) else {
            return Err(self.refused(wanted.first().map_or("", String::as_str)));
        };
        if let Some(request) = wanted.iter().find(|request| !self.capabilities.may_have(request)) {
            return Err(self.refused(request));
        }
        packages.require(wanted).map_err(PackagesError::into_guest)
    }
}

impl Granted {
    fn refused(&self, request: &str) -> GuestError {
        GuestError {
            code: "packages/not-granted".to_owned(),
            fault: Fault::Buildpack,
            summary: format!("`{}` may not add the package `{request}`", self.buildpack.id),
            detail: None,
            hints: vec!["declare it in `[metadata.wattle.packages]` of its `buildpack.toml`".to_owned()],
        }
    }
}

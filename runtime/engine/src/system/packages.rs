//! The packages that a build adds to its run image: asked for by the user and by buildpacks, resolved together.

use super::archive::{ArchiveError, Archives, get, put};
use super::base::System;
use super::filesystem::{pack, tell};
use crate::artifacts::cancelled;
use crate::packing::{self, Packing};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;
use wattle_debian::assemble::{AssembleError, Options};
use wattle_debian::resolve::{Request, Resolution, ResolveError, Root, RootError, Unmet, resolve};
use wattle_debian::run_image::Suite;
use wattle_debian::{Architecture, Cuts, Index, Installed, Package, Relations};
use wattle_fetch::FetchError;
use wattle_oci::{Addition, Layer};
use wattle_plan::{BuildpackKey, Capabilities};
use wattle_sandbox::{Cancel, Fault, GuestError};
use wattle_store::Packed;
use wattle_tree::Digest;

/// Parts of the archives that packages of a build come from.
const COMPONENTS: [&str; 1] = ["main"];
/// What the layer is called where its progress is told.
const NAME: &str = "packages";
/// Changes when the same packages become another layer.
const REVISION: u32 = 1;

/// Packages that cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum PackagesError {
    /// What was asked for is the name of no package.
    #[error(transparent)]
    Name(#[from] RootError),
    /// The run image does not say what it is.
    #[error("packages cannot be added to the run image `{0}`: it does not say of which distribution it is")]
    Unknown(String),
    /// There are no packages for it.
    #[error("packages cannot be added to the run image `{image}`, which is of `{distribution}`: they come from Debian or Ubuntu")]
    Distribution {
        /// Name of the image.
        image: String,
        /// `ID` of its `os-release`.
        distribution: String,
    },
    /// What the run image has cannot be read.
    #[error("packages cannot be added to the run image `{image}`")]
    Installed {
        /// Name of the image.
        image: String,
        /// Why.
        #[source]
        source: wattle_debian::InstalledError,
    },
    /// The archives cannot be used.
    #[error("packages cannot be had")]
    Archive(#[from] ArchiveError),
    /// They do not go together.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// Their files do not.
    #[error("packages cannot be added to the run image")]
    Assemble(#[from] AssembleError),
    /// Their layer cannot be packed.
    #[error("packages cannot be packed")]
    Pack(#[from] io::Error),
}

impl PackagesError {
    /// Stable, for programs.
    pub fn code(&self) -> String {
        match self {
            PackagesError::Name(_) => "packages/name",
            PackagesError::Unknown(_) | PackagesError::Distribution { .. } => "packages/distribution",
            PackagesError::Installed { .. } => "packages/installed",
            PackagesError::Archive(error) => return error.code(),
            PackagesError::Assemble(_) => "packages/assemble",
            PackagesError::Pack(_) => "packages/pack",
            PackagesError::Resolve(ResolveError::Unmet { reason: Unmet::Missing { .. }, .. }) => "packages/unknown",
            PackagesError::Resolve(ResolveError::Unmet { .. }) => "packages/unmet",
            PackagesError::Resolve(ResolveError::Conflict { .. }) => "packages/conflict",
            PackagesError::Resolve(ResolveError::Virtual { .. }) => "packages/virtual",
            PackagesError::Resolve(ResolveError::Index(_)) => "packages/index",
        }
        .to_owned()
    }

    /// Whose fault it is.
    pub(crate) fn fault(&self) -> Fault {
        match self {
            PackagesError::Archive(error) if !error.is_of_user() => Fault::Platform,
            PackagesError::Installed { .. }
            | PackagesError::Resolve(ResolveError::Index(_))
            | PackagesError::Assemble(_)
            | PackagesError::Pack(_) => Fault::Platform,
            _ => Fault::User,
        }
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            PackagesError::Unknown(_) | PackagesError::Distribution { .. } => {
                vec!["take a run image of Debian or Ubuntu, or none, for the default one".to_owned()]
            }
            PackagesError::Archive(error) => error.hints(),
            _ => Vec::new(),
        }
    }

    /// As a guest is told it, everything behind it in its detail.
    fn into_guest(self) -> GuestError {
        let mut detail = Vec::new();
        let mut next = std::error::Error::source(&self);
        while let Some(cause) = next {
            detail.push(cause.to_string());
            next = cause.source();
        }
        GuestError {
            code: self.code(),
            fault: self.fault(),
            summary: self.to_string(),
            detail: Some(detail.join("\n")).filter(|detail| !detail.is_empty()),
            hints: self.hints(),
        }
    }
}

/// The packages of one build.
pub(crate) struct Packages {
    archives: Archives,
    runtime: Handle,
    cancel: Cancel,
    run_image: String,
    system: System,
    architecture: String,
    asked: Mutex<Asked>,
}

/// What was asked for so far, and what it comes to.
#[derive(Default)]
struct Asked {
    roots: Vec<Root>,
    found: Resolution,
    /// Read when the first package is asked for.
    known: Option<Arc<Known>>,
}

/// What packages are resolved by.
struct Known {
    index: Index,
    installed: Installed,
    architecture: Architecture,
}

impl Packages {
    /// Those that are added to a run image of this system, none so far.
    pub(crate) fn new(
        archives: Archives,
        cancel: Cancel,
        run_image: &str,
        system: System,
        architecture: &str,
    ) -> Packages {
        Packages {
            archives,
            runtime: Handle::current(),
            cancel,
            run_image: run_image.to_owned(),
            system,
            architecture: architecture.to_owned(),
            asked: Mutex::default(),
        }
    }

    /// Adds these to what was asked for, and gives what each of them came to. May block. Adds nothing if it fails.
    pub(crate) fn require(&self, packages: &[String]) -> Result<Vec<wattle_sandbox::Installed>, PackagesError> {
        let mut asked = self.asked();
        let mut roots = asked.roots.clone();
        let wanted = packages.iter().map(|text| text.parse()).collect::<Result<Vec<Root>, _>>()?;
        roots.extend(wanted.iter().filter(|root| !asked.roots.contains(root)).cloned());
        let known = self.known(&mut asked)?;
        let request = Request {
            packages: &roots,
            architecture: known.architecture,
            installed: &known.installed,
            recommends: false,
            cuts: &Cuts::default(),
        };
        let found = resolve(&known.index, &request)?;
        let answers = packages.iter().map(|text| answer(text, &found, &known.installed)).collect();
        *asked = Asked { roots, found, known: Some(known) };
        Ok(answers)
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, asked: &mut Asked) -> Result<Arc<Known>, PackagesError> {
        if let Some(known) = &asked.known {
            return Ok(known.clone());
        }
        let suite = self.suite()?;
        let architecture = self.architecture.parse().map_err(|_| {
            ArchiveError::Distribution(format!("{} on {}", suite.distribution, self.architecture))
        })?;
        let installed = Installed::of(&self.system.tree())
            .map_err(|source| PackagesError::Installed { image: self.run_image.clone(), source })?;
        let components = COMPONENTS.map(str::to_owned);
        let index = self.runtime.block_on(async {
            let reading = async {
                let listed = self.archives.listed(&suite, &components, architecture).await?;
                self.archives.index(&listed).await
            };
            tokio::select! {
                index = reading => index,
                () = cancelled(&self.cancel) => Err(FetchError::Cancelled.into()),
            }
        })?;
        Ok(asked.known.insert(Arc::new(Known { index, installed, architecture })).clone())
    }

    /// The release that the run image says it is of.
    fn suite(&self) -> Result<Suite, PackagesError> {
        let image = self.run_image.clone();
        let Some(distribution) = self.system.release("ID") else { return Err(PackagesError::Unknown(image)) };
        if !["debian", "ubuntu"].contains(&distribution.as_str()) {
            return Err(PackagesError::Distribution { image, distribution });
        }
        let codename = self.system.release("VERSION_CODENAME").ok_or(PackagesError::Unknown(image))?;
        let version = self.system.release("VERSION_ID").unwrap_or_default();
        Ok(Suite { distribution, version, codename })
    }
}

impl Packages {
    /// The layer of everything that was asked for and is not in the run image; none if nothing is missing.
    pub(crate) fn addition(&self, packing: &Packing) -> Result<Option<Addition>, PackagesError> {
        let asked = self.asked();
        let Some(known) = asked.known.as_ref().filter(|_| !asked.found.packages.is_empty()) else { return Ok(None) };
        let mut packages: Vec<Package> = asked.found.packages.iter().map(|it| it.package.clone()).collect();
        packages.sort_by(|one, other| one.name.cmp(&other.name));
        let asked_for: Vec<String> = asked.roots.iter().map(ToString::to_string).collect();
        let created_by = format!("Packages: {}", asked_for.join(", "));
        let document = self.document(&packages)?;
        if let Some(packed) = get::<Packed>(packing.store, &document)?
            && let Some(layer) = packing.reuse(NAME, &packed)?
        {
            return Ok(Some(Addition { layer, created_by }));
        }
        let layer = self.assembled(&packages, known.architecture, packing)?;
        put(packing.store, &document, &packing::packed(&layer))?;
        Ok(Some(Addition { layer, created_by }))
    }

    fn assembled(
        &self,
        packages: &[Package],
        architecture: Architecture,
        packing: &Packing,
    ) -> Result<Layer, PackagesError> {
        let unpacked = self.runtime.block_on(async {
            tokio::select! {
                unpacked = self.archives.unpacked(packages) => unpacked,
                () = cancelled(&self.cancel) => Err(FetchError::Cancelled.into()),
            }
        })?;
        let options =
            Options { architecture, documentation: false, locales: false, users: Vec::new(), setuid: false };
        let made = wattle_debian::assemble::add(&unpacked, &self.system.below(), &options)?;
        tell(&*self.archives.observer, &made.notes);
        Ok(pack(packing, NAME, made)?)
    }

    /// By what the layer is known: by the system below, and by the packages.
    fn document(&self, packages: &[Package]) -> io::Result<String> {
        let mut text = format!("{REVISION} {}\n", self.system.tree().digest()?);
        for package in packages {
            text.push_str(&format!("{} {} {}\n", package.name, package.version, package.digest));
        }
        Ok(format!("packages-of:{}", Digest::of(text.as_bytes())))
    }
}

/// What a package that was asked for came to: itself, or one that stands for it.
fn answer(text: &str, found: &Resolution, installed: &Installed) -> wattle_sandbox::Installed {
    let wanted = text.split('=').next().unwrap_or(text);
    let stands_for = |relations: &Relations| relations.provides.iter().any(|provided| *provided.name == *wanted);
    let added = |is: &dyn Fn(&Package) -> bool| found.packages.iter().map(|it| &it.package).find(|package| is(package));
    let there = |is: &dyn Fn(&str, &Relations) -> bool| installed.iter().find(|(name, it)| is(name, &it.relations));
    let (name, version, in_run_image) = if let Some(package) = added(&|it| it.name == wanted) {
        (package.name.as_str(), package.version.to_string(), false)
    } else if let Some((name, package)) = there(&|name, _| name == wanted) {
        (name, package.version.to_string(), true)
    } else if let Some(package) = added(&|it| stands_for(&it.relations)) {
        (package.name.as_str(), package.version.to_string(), false)
    } else if let Some((name, package)) = there(&|_, relations| stands_for(relations)) {
        (name, package.version.to_string(), true)
    } else {
        (wanted, String::new(), true)
    };
    wattle_sandbox::Installed { name: name.to_owned(), version, in_run_image }
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

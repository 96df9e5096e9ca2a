//! Run images: which packages, and the facts about the image that they become.

use crate::assemble::{AssembleError, Filesystem, Options, User, assemble};
use crate::lock::LockError;
use crate::resolve::{Request, Root};
use crate::{Architecture, Cuts, Index, Installed, Package, Resolution, ResolveError, Unpacked, resolve};
use std::collections::BTreeMap;
use wattle_tree::{Algorithm, Digest, Hasher};

pub use crate::suite::Suite;

/// Changes when this crate makes other images of the same packages, so that their names differ.
const REVISION: u32 = 2;

/// Where programs are looked for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What the standard run image is asked to have: what dynamically linked programs need, Node's own binaries among them.
/// `libatomic1` is for these since their version 26. `dash` is `/bin/sh`, because a `Procfile` may say `$PORT`; `coreutils`,
/// because programs begin with `#!/usr/bin/env`.
const STANDARD: [&str; 9] =
    ["base-files", "ca-certificates", "coreutils", "dash", "libatomic1", "libc6", "libstdc++6", "netbase", "tzdata"];

/// What a run image is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Spec {
    /// Where its packages are from.
    pub suite: Suite,
    /// The machines that it is for.
    pub architecture: Architecture,
    /// Its packages; what they need comes with them.
    pub packages: Vec<Root>,
    /// Whether what they recommend comes too.
    pub recommends: bool,
    /// What they do not need.
    pub cuts: Cuts,
    /// Its users, beside those of every system. Processes run as the first of them.
    pub users: Vec<User>,
    /// Environment of its processes, beside `PATH`.
    pub environment: BTreeMap<String, String>,
    /// Labels, beside those of a base image.
    pub labels: BTreeMap<String, String>,
    /// Whether documentation stays.
    pub documentation: bool,
    /// Whether translations stay.
    pub locales: bool,
    /// Whether programs may be setuid or setgid.
    pub setuid: bool,
}

impl Spec {
    /// The run image that is used when none is named.
    pub fn standard(architecture: Architecture) -> Spec {
        // Not the user that builds (1000), but of the same group (CNB platform specification, "Run image").
        let user = User { name: "cnb".to_owned(), uid: 1001, gid: 1000, home: "/home/cnb".to_owned() };
        Spec {
            suite: Suite::bookworm(),
            architecture,
            packages: STANDARD.iter().map(|name| Root::named(name)).collect(),
            recommends: false,
            cuts: Cuts::default(),
            users: vec![user],
            environment: BTreeMap::new(),
            labels: BTreeMap::new(),
            documentation: false,
            locales: false,
            setuid: false,
        }
    }

    /// Finds its packages.
    pub fn select(&self, index: &Index) -> Result<Selection, RunImageError> {
        let request = Request {
            packages: &self.packages,
            architecture: self.architecture,
            installed: &Installed::none(),
            recommends: self.recommends,
            cuts: &self.cuts,
        };
        let refused = |source| RunImageError::Resolve {
            suite: self.suite.codename.clone(),
            architecture: self.architecture,
            source: Box::new(source),
        };
        let resolution = resolve(index, &request).map_err(refused)?;
        let packages = resolution.packages.iter().map(|resolved| resolved.package.clone()).collect();
        Ok(Selection { resolution, ..Selection::exactly(self, packages) })
    }

    /// How packages become its files.
    pub fn options(&self) -> Options {
        Options {
            architecture: self.architecture,
            documentation: self.documentation,
            locales: self.locales,
            users: self.users.clone(),
            setuid: self.setuid,
        }
    }
}

/// A run image that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RunImageError {
    /// Its packages cannot be had.
    #[error("cannot choose the packages for {architecture} from the suite `{suite}`")]
    Resolve {
        /// Name of the suite.
        suite: String,
        /// The machines that they should be for.
        architecture: Architecture,
        /// Why not.
        source: Box<ResolveError>,
    },
    /// Its lock cannot be used.
    #[error(transparent)]
    Lock(LockError),
    /// The packages that were unpacked are not those that were selected.
    #[error("cannot make the run image `{image}`: its packages are {expected}, and those unpacked are {found}")]
    Other {
        /// Name of the run image.
        image: String,
        /// What was selected.
        expected: String,
        /// What was unpacked.
        found: String,
    },
    /// The packages do not become a file system.
    #[error("cannot make the run image `{image}`")]
    Assemble {
        /// Name of the run image.
        image: String,
        /// Why not.
        source: AssembleError,
    },
}

/// The packages of a run image, each in one version.
#[derive(Debug, Clone)]
pub struct Selection {
    spec: Spec,
    packages: Vec<Package>,
    resolution: Resolution,
}

impl Selection {
    /// These packages, whatever a search would find.
    pub(crate) fn exactly(spec: &Spec, mut packages: Vec<Package>) -> Selection {
        packages.sort_by(|one, other| one.name.cmp(&other.name));
        Selection { spec: spec.clone(), packages, resolution: Resolution::default() }
    }

    /// What it was made for.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Why each package is there, and what was cut. Empty, if a lock said what is there.
    pub fn resolution(&self) -> &Resolution {
        &self.resolution
    }

    /// The packages, sorted by name: what is to be fetched and unpacked.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The name of the image, by what is in it: equal names are equal images. `debian-bookworm-amd64-` and 16 hexadecimal
    /// digits, fit for a tag.
    pub fn name(&self) -> String {
        let Spec { suite, architecture, users, environment, labels, documentation, locales, setuid, .. } = &self.spec;
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let flags = (documentation, locales, setuid);
        let facts = format!("{REVISION} {suite:?} {architecture} {users:?} {environment:?} {labels:?} {flags:?}\n");
        hasher.update(facts.as_bytes());
        for Package { name, version, digest, .. } in &self.packages {
            hasher.update(format!("{name} {version} {digest}\n").as_bytes());
        }
        let hex = hasher.finish().hex();
        format!("{}-{}-{architecture}-{}", suite.distribution, suite.codename, &hex[..16])
    }

    /// Makes the image of these packages, unpacked, in any order.
    pub fn assemble(&self, unpacked: &[Unpacked]) -> Result<RunImage, RunImageError> {
        self.check(unpacked)?;
        let Spec { suite, architecture, users, environment, .. } = &self.spec;
        let filesystem = assemble(unpacked, &self.spec.options())
            .map_err(|source| RunImageError::Assemble { image: self.name(), source })?;
        let mut all = BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]);
        all.extend(environment.clone());
        let mut labels = labels(suite);
        labels.extend(self.spec.labels.clone());
        Ok(RunImage {
            filesystem,
            os: "linux",
            architecture: *architecture,
            labels,
            environment: all.into_iter().collect(),
            user: users.first().map_or("0:0".to_owned(), |user| format!("{}:{}", user.uid, user.gid)),
        })
    }

    fn check(&self, unpacked: &[Unpacked]) -> Result<(), RunImageError> {
        let list = |packages: &mut dyn Iterator<Item = &Package>| {
            let mut all: Vec<(String, Digest)> =
                packages.map(|package| (format!("`{} {}`", package.name, package.version), package.digest)).collect();
            all.sort();
            all
        };
        let expected = list(&mut self.packages.iter());
        let found = list(&mut unpacked.iter().map(|unpacked| &unpacked.package));
        let names = |all: Vec<(String, Digest)>| all.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
        if expected != found {
            let (expected, found) = (names(expected), names(found));
            return Err(RunImageError::Other { image: self.name(), expected, found });
        }
        Ok(())
    }
}

/// The labels of a base image (CNB platform specification, "Base images").
fn labels(suite: &Suite) -> BTreeMap<String, String> {
    let Suite { distribution, version, codename } = suite;
    let facts = [
        ("description", format!("{distribution} {version} ({codename}) for applications built by Wattle")),
        ("distro.name", distribution.clone()),
        ("distro.version", version.clone()),
        ("id", format!("wattle.run.{distribution}.{codename}")),
        ("maintainer", "Wattle".to_owned()),
    ];
    facts.into_iter().map(|(name, value)| (format!("io.buildpacks.base.{name}"), value)).collect()
}

/// A run image as data.
#[derive(Debug, Clone)]
pub struct RunImage {
    /// Its files: one layer at the root.
    pub filesystem: Filesystem,
    /// Operating system, as OCI names it.
    pub os: &'static str,
    /// The machines that it is for.
    pub architecture: Architecture,
    /// Labels of its configuration.
    pub labels: BTreeMap<String, String>,
    /// Environment of its processes.
    pub environment: Vec<(String, String)>,
    /// User and group of its processes, by number.
    pub user: String,
}

#[cfg(test)]
#[path = "run_image_tests.rs"]
mod tests;

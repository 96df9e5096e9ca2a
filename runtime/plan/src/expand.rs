//! From an order with composite buildpacks to plain groups (CNB buildpack specification, "Order Resolution").

use crate::{BuildpackId, BuildpackKey, ExecEnv, Group, GroupEntry, Kind, Manifest, Order, Version};
use std::collections::{BTreeMap, BTreeSet};

/// Most buildpacks that a group may have, as written and after expansion.
pub const MAX_GROUP: usize = 32;
/// Most different buildpacks that an order may lead to.
pub const MAX_BUILDPACKS: usize = 64;
/// Most groups that an order may stand for.
pub const MAX_GROUPS: usize = 1024;

/// The buildpacks at hand, by id and version.
#[derive(Debug, Clone, Default)]
pub struct Buildpacks(BTreeMap<BuildpackKey, Manifest>);

/// A group without composites. No id is in it twice, but for what is excluded.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpandedGroup {
    /// Its members, in the sequence of their work.
    pub entries: Vec<ExpandedEntry>,
}

/// A place in an [`ExpandedGroup`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpandedEntry {
    /// Which buildpack.
    pub buildpack: BuildpackKey,
    /// Whether the group can do without it.
    pub optional: bool,
    /// Whether it is not for the execution environment of the build. It is not asked then, required or not, and is here to
    /// be named by who explains why a group does not work out. It may be a composite.
    pub excluded: bool,
}

/// Why an order cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// The same buildpack is there twice.
    #[error("buildpack `{0}` is given twice")]
    Duplicate(BuildpackKey),
    /// Two ids that share a directory where case does not count.
    #[error("buildpacks `{0}` and `{1}` have ids that differ in case only")]
    Collision(BuildpackId, BuildpackId),
    /// The order names what is not there.
    #[error(
        "the order names buildpack `{wanted}`, which is not there{}",
        list(", but these versions of it are: ", known)
    )]
    Missing {
        /// Id, and version if it gives one.
        wanted: String,
        /// What there is of the same id.
        known: Vec<Version>,
    },
    /// The order gives no version, and there are several.
    #[error("the order names buildpack `{id}` without a version, and there are several: {}", list("", known))]
    Ambiguous {
        /// The id.
        id: BuildpackId,
        /// Its versions.
        known: Vec<Version>,
    },
    /// A composite buildpack that leads back to itself.
    #[error("composite buildpacks stand for each other in a circle: {}", list("", .0))]
    Cycle(
        /// The way round; the first is also the last.
        Vec<BuildpackKey>,
    ),
    /// Too long a group.
    #[error("a group of the order has {0} buildpacks; {MAX_GROUP} is the most")]
    LongGroup(usize),
    /// Too many buildpacks.
    #[error("the order leads to {0} buildpacks; {MAX_BUILDPACKS} is the most")]
    ManyBuildpacks(usize),
    /// Too many groups.
    #[error(
        "the order stands for more than {MAX_GROUPS} groups, once its composite buildpacks are replaced by their groups"
    )]
    ManyGroups,
}

fn list(before: &str, items: &[impl ToString]) -> String {
    let items: Vec<_> = items.iter().map(|item| format!("`{}`", item.to_string())).collect();
    if items.is_empty() { String::new() } else { format!("{before}{}", items.join(", ")) }
}

impl Buildpacks {
    /// Takes these buildpacks.
    ///
    /// # Errors
    /// If one is there twice, or two ids differ in case only.
    pub fn new(manifests: impl IntoIterator<Item = Manifest>) -> Result<Buildpacks, ExpandError> {
        let mut buildpacks = BTreeMap::new();
        let mut ids: BTreeMap<String, BuildpackId> = BTreeMap::new();
        for manifest in manifests {
            let key = manifest.key.clone();
            let id = ids.entry(key.id.directory().to_ascii_lowercase()).or_insert_with(|| key.id.clone());
            if *id != key.id {
                return Err(ExpandError::Collision(id.clone(), key.id));
            }
            if buildpacks.insert(key.clone(), manifest).is_some() {
                return Err(ExpandError::Duplicate(key));
            }
        }
        Ok(Buildpacks(buildpacks))
    }

    /// The buildpack with this id and version.
    pub fn get(&self, key: &BuildpackKey) -> Option<&Manifest> {
        self.0.get(key)
    }

    /// All of them, sorted by id and version.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Manifest> {
        self.0.values()
    }

    /// What an entry of a group names.
    fn find(&self, entry: &GroupEntry) -> Result<&Manifest, ExpandError> {
        let versions = || self.0.keys().filter(|key| key.id == entry.id).map(|key| key.version).collect::<Vec<_>>();
        let version = match (entry.version, versions().as_slice()) {
            (Some(version), _) | (None, &[version]) => version,
            (None, []) => return Err(ExpandError::Missing { wanted: entry.id.to_string(), known: Vec::new() }),
            (None, known) => return Err(ExpandError::Ambiguous { id: entry.id.clone(), known: known.to_vec() }),
        };
        let key = BuildpackKey { id: entry.id.clone(), version };
        self.0.get(&key).ok_or_else(|| ExpandError::Missing { wanted: key.to_string(), known: versions() })
    }
}

/// The groups that `order` stands for, in the sequence in which they are to be tried. A composite is replaced by each group
/// of its own order in turn, and, if it is optional, by nothing at last; of several composites in a group the first varies
/// slowest. A buildpack whose id is in the group already is dropped, and what is not for `exec_env` is excluded.
///
/// # Errors
/// If a buildpack is not there, composites form a circle, or a bound is exceeded.
pub fn expand(order: &Order, buildpacks: &Buildpacks, exec_env: &ExecEnv) -> Result<Vec<ExpandedGroup>, ExpandError> {
    let mut expansion = Expansion { buildpacks, exec_env, done: BTreeMap::new(), trail: Vec::new() };
    let mut groups = expansion.order(order)?;
    groups.retain(|group| !group.entries.is_empty());
    match candidates(&groups).len() {
        count if count > MAX_BUILDPACKS => Err(ExpandError::ManyBuildpacks(count)),
        _ => Ok(groups),
    }
}

/// Every buildpack in these groups that is not excluded: who is to be asked.
pub fn candidates(groups: &[ExpandedGroup]) -> BTreeSet<&BuildpackKey> {
    let entries = groups.iter().flat_map(|group| &group.entries);
    entries.filter(|entry| !entry.excluded).map(|entry| &entry.buildpack).collect()
}

struct Expansion<'a> {
    buildpacks: &'a Buildpacks,
    exec_env: &'a ExecEnv,
    /// Composites whose groups are known: each is expanded once, however often it is named.
    done: BTreeMap<&'a BuildpackKey, Vec<ExpandedGroup>>,
    /// Composites that are being expanded, the outermost first.
    trail: Vec<&'a BuildpackKey>,
}

impl<'a> Expansion<'a> {
    fn order(&mut self, order: &Order) -> Result<Vec<ExpandedGroup>, ExpandError> {
        let mut groups = Vec::new();
        for group in &order.0 {
            groups.extend(self.group(group)?);
            groups = distinct(groups);
            check_count(groups.len())?;
        }
        Ok(groups)
    }

    /// The product of what the entries stand for.
    fn group(&mut self, group: &Group) -> Result<Vec<ExpandedGroup>, ExpandError> {
        check_length(group.0.len())?;
        let mut groups = vec![ExpandedGroup::default()];
        for entry in &group.0 {
            let tails = self.entry(entry)?;
            check_count(groups.len().saturating_mul(tails.len()))?;
            let product = groups.iter().flat_map(|head| tails.iter().map(|tail| head.followed_by(tail)));
            groups = distinct(product);
            check_length(groups.iter().map(|group| group.entries.len()).max().unwrap_or(0))?;
        }
        Ok(groups)
    }

    fn entry(&mut self, entry: &GroupEntry) -> Result<Vec<ExpandedGroup>, ExpandError> {
        let buildpack = self.buildpacks.find(entry)?;
        let excluded = !self.exec_env.is_among(&entry.exec_env) || !buildpack.serves(self.exec_env);
        match &buildpack.kind {
            Kind::Composite(order) if !excluded => {
                let mut groups = self.composite(&buildpack.key, order)?;
                groups.extend(entry.optional.then(ExpandedGroup::default));
                Ok(groups)
            }
            _ => {
                let (buildpack, optional) = (buildpack.key.clone(), entry.optional);
                Ok(vec![ExpandedGroup { entries: vec![ExpandedEntry { buildpack, optional, excluded }] }])
            }
        }
    }

    fn composite(&mut self, key: &'a BuildpackKey, order: &Order) -> Result<Vec<ExpandedGroup>, ExpandError> {
        if let Some(start) = self.trail.iter().position(|outer| *outer == key) {
            let way = self.trail[start..].iter().chain([&key]).map(|key| (*key).clone());
            return Err(ExpandError::Cycle(way.collect()));
        }
        if let Some(groups) = self.done.get(key) {
            return Ok(groups.clone());
        }
        self.trail.push(key);
        let groups = self.order(order)?;
        self.trail.pop();
        self.done.insert(key, groups.clone());
        Ok(groups)
    }
}

impl ExpandedGroup {
    fn followed_by(&self, tail: &ExpandedGroup) -> ExpandedGroup {
        let mut entries = self.entries.clone();
        for entry in &tail.entries {
            // An entry that is for another environment makes no place for the one that is for this.
            let same = |before: &ExpandedEntry| before.buildpack.id == entry.buildpack.id;
            if !entries.iter().any(|before| same(before) && (entry.excluded || !before.excluded)) {
                entries.push(entry.clone());
            }
        }
        ExpandedGroup { entries }
    }
}

/// These groups without those that came before: to try one again leads nowhere.
fn distinct(groups: impl IntoIterator<Item = ExpandedGroup>) -> Vec<ExpandedGroup> {
    let mut seen = BTreeSet::new();
    groups.into_iter().filter(|group| seen.insert(group.clone())).collect()
}

fn check_length(length: usize) -> Result<(), ExpandError> {
    if length > MAX_GROUP { Err(ExpandError::LongGroup(length)) } else { Ok(()) }
}

fn check_count(count: usize) -> Result<(), ExpandError> {
    if count > MAX_GROUPS { Err(ExpandError::ManyGroups) } else { Ok(()) }
}

#[cfg(test)]
mod tests;

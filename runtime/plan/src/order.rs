//! Candidates, in the sequence in which they are to be tried.

use crate::exec_env::Served;
use crate::{BuildpackId, Document, DocumentError, Version};
use serde::Deserialize;
use toml::Spanned;

/// Groups of buildpacks: the first whose members agree builds the application (`[[order]]`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order(
    /// The groups, the first choice first.
    pub Vec<Group>,
);

impl Order {
    /// The same, with `before` and `after` around the members of each group.
    #[must_use]
    pub fn around(&self, before: &[GroupEntry], after: &[GroupEntry]) -> Order {
        let group = |Group(members): &Group| Group([before, members, after].concat());
        Order(self.0.iter().map(group).collect())
    }
}

/// Buildpacks that build together, one after the other (`[[order.group]]`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group(
    /// Its members, in the sequence of their work.
    pub Vec<GroupEntry>,
);

/// A place in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupEntry {
    /// Which buildpack.
    pub id: BuildpackId,
    /// Its version; none stands for the only one at hand.
    pub version: Option<Version>,
    /// Whether the group can do without it.
    pub optional: bool,
    /// Execution environments that the entry is for; none, or `*`, means all.
    pub exec_env: Vec<String>,
}

/// `[[order]]` as it is written.
#[derive(Deserialize)]
pub(crate) struct RawOrder {
    group: Vec<Spanned<RawEntry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawEntry {
    id: BuildpackId,
    version: Option<Version>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    exec_env: Vec<Served>,
}

/// Reads the groups of an order; `versions` says whether each entry has to give one.
pub(crate) fn read(document: &Document, raw: &[Spanned<RawOrder>], versions: bool) -> Result<Order, DocumentError> {
    raw.iter().map(|raw| read_group(document, raw, versions)).collect::<Result<_, _>>().map(Order)
}

fn read_group(document: &Document, raw: &Spanned<RawOrder>, versions: bool) -> Result<Group, DocumentError> {
    let span = raw.span();
    let entries = &raw.get_ref().group;
    if entries.is_empty() {
        return Err(document.error(span, "expected at least one `[[order.group]]` in this `[[order]]`"));
    }
    let entry = |raw: &Spanned<RawEntry>| {
        let span = raw.span();
        let RawEntry { id, version, optional, exec_env } = raw.get_ref();
        if versions && version.is_none() {
            return Err(document.error(span, format!("expected the `version` of `{id}`, such as `1.4.0`")));
        }
        let exec_env = exec_env.iter().map(|served| served.0.clone()).collect();
        Ok(GroupEntry { id: id.clone(), version: *version, optional: *optional, exec_env })
    };
    entries.iter().map(entry).collect::<Result<_, _>>().map(Group)
}

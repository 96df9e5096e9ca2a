//! Which buildpacks build an application, and in which order they are tried: those that were typed, else those of
//! `project.toml`, else the embedded ones.

use super::cap::open_package;
use crate::args::Application;
use crate::embedded;
use crate::settings::{Project, Used};
use anyhow::{Context as _, Result, bail};
use std::path::Path;
use wattle_engine::Package;
use wattle_plan::{BuildpackSource, Group, GroupEntry, Order, ProjectBuildpack};

/// The buildpacks at hand, and the order.
pub(super) fn choose(args: &Application, project: &Project, used: &mut Used) -> Result<(Vec<Package>, Order)> {
    if !args.buildpacks.is_empty() {
        let mut hand = Hand { project, embedded: Vec::new(), opened: Vec::new() };
        let group = args.buildpacks.iter().map(|path| hand.open(path)).collect::<Result<_>>()?;
        return Ok((hand.opened, Order(vec![Group(group)])));
    }
    let said = &project.said;
    let mut hand = Hand { project, embedded: embedded::buildpacks()?, opened: Vec::new() };
    let mut group = |buildpacks: &[ProjectBuildpack]| -> Result<Vec<GroupEntry>> {
        let entry = |ProjectBuildpack { source, exec_env }: &ProjectBuildpack| -> Result<GroupEntry> {
            Ok(GroupEntry { exec_env: exec_env.clone(), ..hand.entry(source)? })
        };
        let group: Vec<GroupEntry> = buildpacks.iter().map(entry).collect::<Result<_>>()?;
        for entry in &group {
            used.item("buildpack", entry.id.as_str(), &project.name);
        }
        Ok(group)
    };
    let order = if said.group.is_empty() {
        let (before, after) = (group(&said.pre)?, group(&said.post)?);
        embedded::order()?.around(&before, &after)
    } else {
        Order(vec![Group(group(&said.group)?)])
    };
    Ok((hand.embedded.into_iter().chain(hand.opened).collect(), order))
}

/// The buildpacks at hand.
struct Hand<'a> {
    project: &'a Project,
    embedded: Vec<Package>,
    opened: Vec<Package>,
}

impl Hand<'_> {
    /// The place of the buildpack in a group. One that is in a directory is taken in hand.
    fn entry(&mut self, source: &BuildpackSource) -> Result<GroupEntry> {
        match source {
            BuildpackSource::AtHand { id, version } => {
                Ok(GroupEntry { id: id.clone(), version: *version, optional: false, exec_env: Vec::new() })
            }
            BuildpackSource::Directory { path, id } => {
                let entry = self.open(&self.project.directory.join(path))?;
                match id {
                    Some(id) if *id != entry.id => {
                        bail!(
                            "`{}` says that the buildpack in `{path}` is `{id}`, and it is `{}`",
                            self.project.name,
                            entry.id
                        )
                    }
                    _ => Ok(entry),
                }
            }
        }
    }

    /// Takes the buildpack in a directory in hand, instead of an embedded one of its name.
    fn open(&mut self, path: &Path) -> Result<GroupEntry> {
        let package = open_package(path).with_context(|| format!("`{}` is no buildpack", path.display()))?;
        let key = package.manifest().key.clone();
        self.embedded.retain(|other| other.manifest().key.id != key.id);
        self.opened.push(package);
        Ok(GroupEntry { id: key.id, version: Some(key.version), optional: false, exec_env: Vec::new() })
    }
}

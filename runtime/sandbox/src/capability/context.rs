//! `context`: what a buildpack is told.

use crate::contribution::PlanEntry;
use crate::failure::GuestError;
use crate::generated::wattle::buildpack::context::{self, Distribution, Entry};
use crate::generated::wattle::buildpack::types::Error;
use crate::generated::wattle::buildpack::types::Field;
use crate::grant::{Binding, Identity, Platform, Target};
use crate::state::State;
use std::collections::BTreeMap;
use wasmtime::Result;
use wasmtime::component::Resource;

/// Everything that there is to tell.
pub(crate) struct Told {
    pub(crate) buildpack: Identity,
    pub(crate) target: Target,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) plan: Vec<PlanEntry>,
    pub(crate) platform: Platform,
}

/// Where service bindings are, below the root.
pub(crate) const BINDINGS: &str = "platform/bindings";
/// Where what the user set is, below the root.
pub(crate) const VARIABLES: &str = "platform/env";

/// The handle of the one context.
pub struct Context;

/// The handle of the one plan.
pub struct Plan;

impl context::Host for State {}

impl context::HostContext for State {
    fn application(&mut self, _: Resource<Context>) -> Result<String> {
        Ok(self.told.platform.workspace.clone())
    }

    fn buildpack(&mut self, _: Resource<Context>) -> Result<String> {
        Ok("/buildpack".to_owned())
    }

    fn id(&mut self, _: Resource<Context>) -> Result<String> {
        Ok(self.told.buildpack.id.clone())
    }

    fn version(&mut self, _: Resource<Context>) -> Result<String> {
        Ok(self.told.buildpack.version.clone())
    }

    fn target(&mut self, _: Resource<Context>) -> Result<context::Target> {
        let target = self.told.target.clone();
        Ok(context::Target {
            os: target.os,
            architecture: target.architecture,
            architecture_variant: target.variant,
            distribution: target.distribution.map(|(name, version)| Distribution { name, version }),
        })
    }

    fn environment(&mut self, _: Resource<Context>) -> Result<Vec<Field>> {
        let fields = self.told.environment.iter();
        Ok(fields.map(|(name, value)| Field { name: name.clone(), value: value.clone() }).collect())
    }

    fn execution_environment(&mut self, _: Resource<Context>) -> Result<String> {
        Ok(self.told.platform.execution_environment.clone())
    }

    fn bindings(&mut self, _: Resource<Context>) -> Result<Vec<context::Binding>> {
        let bindings = self.told.platform.bindings.iter().cloned();
        let told = |Binding { name, kind, provider, .. }: Binding| context::Binding {
            path: format!("/{BINDINGS}/{name}"),
            name,
            binding_type: kind,
            provider,
        };
        Ok(bindings.map(told).collect())
    }

    fn drop(&mut self, context: Resource<Context>) -> Result<()> {
        self.table.delete(context)?;
        Ok(())
    }
}

impl context::HostPlan for State {
    fn entries(&mut self, _: Resource<Plan>) -> Result<Vec<Entry>> {
        let entries = self.told.plan.iter();
        Ok(entries.map(|entry| Entry { name: entry.name.clone(), metadata: entry.metadata.clone() }).collect())
    }

    fn leave(&mut self, _: Resource<Plan>, name: String) -> Result<std::result::Result<(), Error>> {
        if !self.told.plan.iter().any(|entry| entry.name == name) {
            let name: String = name.chars().take(64).collect();
            let summary = format!("`{name}` cannot be left to others: the plan of this buildpack has no such entry");
            return Ok(Err(GuestError::buildpack("plan/leave/unknown", summary).into()));
        }
        self.building.left.insert(name);
        Ok(Ok(()))
    }

    fn drop(&mut self, plan: Resource<Plan>) -> Result<()> {
        self.table.delete(plan)?;
        Ok(())
    }
}

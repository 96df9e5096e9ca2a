//! What a builder has.

use super::model::{InspectedBuilder, InspectedEntry, InspectedLifecycle, InspectedModule, InspectedRunImage};
use super::order::Orders;
use super::package::{layers, module};
use super::problems::Problems;
use wattle_oci::Image;
use wattle_oci::cnb::{
    self, BUILDPACK_MODULES, BuilderLifecycle, BuilderMetadata, EXTENSION_MODULES, Module, ModuleInfo, Modules, ORDER,
    ORDER_EXTENSIONS, SystemBuildpacks, SystemList,
};

/// What the labels of `image` say, of which `metadata` is the one that makes it a builder.
pub(super) fn of(image: &Image, metadata: &BuilderMetadata, problems: &mut Problems) -> InspectedBuilder {
    let buildpacks = modules(image, BUILDPACK_MODULES, problems);
    let extensions = modules(image, EXTENSION_MODULES, problems);
    let system = problems.unless(SystemBuildpacks::of(image)).unwrap_or_default();
    let order = problems.unless(cnb::order(image, ORDER));
    let order_extensions = problems.unless(cnb::order(image, ORDER_EXTENSIONS));
    let mut orders = Orders::new(&buildpacks);
    let order = orders.groups(&order);
    if orders.is_shortened() {
        problems.add(ORDER, "it stands for more buildpacks than are told");
    }
    InspectedBuilder {
        description: metadata.description.clone(),
        created_by: format!("{} {}", metadata.created_by.name, metadata.created_by.version).trim().to_owned(),
        build_user: build_user(image, problems),
        lifecycle: lifecycle(&metadata.lifecycle),
        run_images: metadata
            .run_images()
            .into_iter()
            .map(|it| InspectedRunImage { image: it.image, mirrors: it.mirrors, ..InspectedRunImage::default() })
            .collect(),
        order,
        order_extensions: Orders::new(&extensions).groups(&order_extensions),
        system_before: entries(&system.pre, &buildpacks),
        system_after: entries(&system.post, &buildpacks),
        buildpacks: list(&metadata.buildpacks, &buildpacks),
        extensions: list(&metadata.extensions, &extensions),
    }
}

fn modules(image: &Image, key: &'static str, problems: &mut Problems) -> Modules {
    let modules = problems.unless(Modules::of(image, key)).unwrap_or_default();
    layers(image, key, &modules, problems);
    modules
}

/// The list is what the builder means to have, the modules are what it has.
fn list(list: &[ModuleInfo], modules: &Modules) -> Vec<InspectedModule> {
    let none = Module::default();
    let told = |info: &ModuleInfo| {
        let (_, found) = modules.get(&info.id, &info.version).unwrap_or(("", &none));
        let known = module(&info.id, &info.version, found);
        let or = |one: &String, other: String| if one.is_empty() { other } else { one.clone() };
        InspectedModule { name: or(&info.name, known.name), homepage: or(&info.homepage, known.homepage), ..known }
    };
    list.iter().map(told).collect()
}

fn entries(list: &SystemList, modules: &Modules) -> Vec<InspectedEntry> {
    Orders::new(modules).entries(&list.buildpacks)
}

fn lifecycle(lifecycle: &BuilderLifecycle) -> InspectedLifecycle {
    let apis = lifecycle.apis.clone();
    InspectedLifecycle {
        version: lifecycle.version.clone(),
        buildpack_apis: apis.buildpack.supported,
        deprecated_buildpack_apis: apis.buildpack.deprecated,
        platform_apis: apis.platform.supported,
        deprecated_platform_apis: apis.platform.deprecated,
    }
}

/// Nothing builds without these two.
fn build_user(image: &Image, problems: &mut Problems) -> String {
    let config = &image.config().value().config;
    let ids: Vec<&str> = ["CNB_USER_ID", "CNB_GROUP_ID"]
        .into_iter()
        .filter_map(|name| {
            let id = config.variable(name).filter(|id| id.parse::<u32>().is_ok());
            if id.is_none() {
                problems.add(name, "the builder does not set it to a number");
            }
            id
        })
        .collect();
    ids.join(":")
}

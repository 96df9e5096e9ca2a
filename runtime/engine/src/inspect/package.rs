//! What a package of buildpacks or extensions has.

use super::model::{InspectedBuildpackage, InspectedModule};
use super::order::Orders;
use super::problems::Problems;
use wattle_oci::Image;
use wattle_oci::cnb::{
    BUILDPACK_MODULES, EXTENSION_MODULES, LabelError, Module, ModuleTarget, Modules, PACKAGE_METADATA, PackageMetadata,
};

/// What the labels of `image` say, of which `metadata` is the one that makes it a package.
pub(super) fn of(
    image: &Image,
    metadata: PackageMetadata,
    problems: &mut Problems,
) -> Result<InspectedBuildpackage, LabelError> {
    let [buildpacks, extensions] = [BUILDPACK_MODULES, EXTENSION_MODULES].map(|key| Modules::of(image, key));
    let (buildpacks, extensions) = (buildpacks?, extensions?);
    if buildpacks.is_none() && extensions.is_none() {
        problems.add(BUILDPACK_MODULES, "the image has no such label, which packages of buildpacks need");
    }
    let (buildpacks, extensions) = (buildpacks.unwrap_or_default(), extensions.unwrap_or_default());
    for (key, modules) in [(BUILDPACK_MODULES, &buildpacks), (EXTENSION_MODULES, &extensions)] {
        layers(image, key, modules, problems);
    }
    let all = [&buildpacks, &extensions];
    let main = all.into_iter().find_map(|modules| modules.get(&metadata.id, &metadata.version));
    if main.is_none() {
        let name = format!("{}@{}", metadata.id, metadata.version);
        problems.add(PACKAGE_METADATA, format!("`{name}`, which the package is of, is not in it"));
    }
    let none = Module::default();
    let (_, main) = main.unwrap_or(("", &none));
    let mut orders = Orders::new(&buildpacks);
    let order = orders.groups(&main.order);
    if orders.is_shortened() {
        problems.add(BUILDPACK_MODULES, "the order stands for more buildpacks than are told");
    }
    let told = module(&metadata.id, &metadata.version, main);
    let or = |one: String, other: String| if one.is_empty() { other } else { one };
    Ok(InspectedBuildpackage {
        main: InspectedModule {
            name: or(metadata.name, told.name.clone()),
            homepage: or(metadata.homepage, told.homepage.clone()),
            ..told
        },
        description: metadata.description,
        keywords: metadata.keywords,
        licenses: metadata.licenses.into_iter().map(|it| or(it.kind, it.uri)).filter(|it| !it.is_empty()).collect(),
        order,
        buildpacks: buildpacks.iter().map(|(id, version, it)| module(id, version, it)).collect(),
        extensions: extensions.iter().map(|(id, version, it)| module(id, version, it)).collect(),
    })
}

/// What is known of a buildpack or extension.
pub(super) fn module(id: &str, version: &str, module: &Module) -> InspectedModule {
    InspectedModule {
        id: id.to_owned(),
        version: version.to_owned(),
        name: module.name.clone(),
        homepage: module.homepage.clone(),
        api: module.api.clone(),
        targets: module.targets.iter().map(target).collect(),
        stacks: module.stacks.iter().map(|stack| stack.id.clone()).collect(),
        composite: !module.order.is_empty(),
        layer: module.layer.clone(),
    }
}

/// Notes those whose layer is not in the image.
pub(super) fn layers(image: &Image, key: &str, modules: &Modules, problems: &mut Problems) {
    let has = |digest: &str| image.layers().iter().any(|layer| layer.diff_id.to_string() == digest);
    for (id, version, module) in modules.iter().filter(|(_, _, module)| !has(&module.layer)) {
        problems.add(key, format!("the layer of `{id}@{version}`, `{}`, is not in the image", module.layer));
    }
}

/// `linux/arm64/v8 debian@12 ubuntu`; `any` if nothing is said.
fn target(target: &ModuleTarget) -> String {
    let platform = [&target.os, &target.arch, &target.variant];
    let platform = platform.map(|part| if part.is_empty() { "*" } else { part }).join("/");
    let platform = platform.trim_end_matches("/*").to_owned();
    let distros = target.distros.iter().map(|distro| match (distro.name.as_str(), distro.version.as_str()) {
        (name, "") => name.to_owned(),
        (name, version) => format!("{name}@{version}"),
    });
    std::iter::once(platform).chain(distros).collect::<Vec<_>>().join(" ")
}

//! The environment of a phase (Buildpack specification, "Environment").

use super::context::BINDINGS;
use crate::grant::Grant;
use std::collections::BTreeMap;

/// What the user says of these comes before what layers say; of others it takes their place.
const PATHS: [&str; 5] = ["CPATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "PATH", "PKG_CONFIG_PATH"];

/// What layers of earlier buildpacks make, then what the user set, then what the specification has every buildpack know.
pub(crate) fn environment(grant: &Grant) -> BTreeMap<String, String> {
    let mut environment = grant.environment.clone();
    if !grant.platform.clear_env {
        for (name, value) in &grant.platform.variables {
            let before = environment.get(name).filter(|before| PATHS.contains(&name.as_str()) && !before.is_empty());
            let value = before.map_or_else(|| value.clone(), |before| format!("{value}:{before}"));
            environment.insert(name.clone(), value);
        }
    }
    environment.extend(own(grant).into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    environment
}

/// The specification's own variables. What is not known is not there.
fn own(grant: &Grant) -> [(&'static str, Option<String>); 10] {
    let Grant { buildpack, target, platform, .. } = grant;
    let fixed = |text: &str| Some(text.to_owned());
    let (distro, version) = target.distribution.clone().unzip();
    [
        ("CNB_BUILDPACK_DIR", fixed("/buildpack")),
        ("CNB_EXEC_ENV", fixed(&platform.execution_environment)),
        ("CNB_LAYERS_DIR", Some(format!("/layers/{}", buildpack.directory))),
        ("CNB_PLATFORM_DIR", fixed("/platform")),
        ("CNB_TARGET_ARCH", fixed(&target.architecture)),
        ("CNB_TARGET_ARCH_VARIANT", target.variant.clone()),
        ("CNB_TARGET_DISTRO_NAME", distro),
        ("CNB_TARGET_DISTRO_VERSION", version),
        ("CNB_TARGET_OS", fixed(&target.os)),
        ("SERVICE_BINDING_ROOT", (!platform.bindings.is_empty()).then(|| format!("/{BINDINGS}"))),
    ]
}

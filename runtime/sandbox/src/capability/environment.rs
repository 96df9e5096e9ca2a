//! The environment of a phase (Buildpack specification, "Environment").

use super::context::BINDINGS;
use crate::grant::{Grant, Identity, Platform, Target};
use std::collections::BTreeMap;

/// What the user says of these comes before what layers say; of others it takes their place.
const PATHS: [&str; 5] = ["CPATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "PATH", "PKG_CONFIG_PATH"];

/// What layers of earlier buildpacks make, then what the user set, then what the specification has every buildpack know.
pub(crate) fn environment(grant: &Grant) -> BTreeMap<String, String> {
    layered(grant.environment.clone(), &grant.platform, own(&grant.buildpack, &grant.target, &grant.platform))
}

type Own = [(&'static str, Option<String>); 10];

/// The three, what comes later above what was there.
fn layered(mut environment: BTreeMap<String, String>, platform: &Platform, own: Own) -> BTreeMap<String, String> {
    if !platform.clear_env {
        for (name, value) in &platform.variables {
            let before = environment.get(name).filter(|before| PATHS.contains(&name.as_str()) && !before.is_empty());
            let value = before.map_or_else(|| value.clone(), |before| format!("{value}:{before}"));
            environment.insert(name.clone(), value);
        }
    }
    environment.extend(own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    environment
}

/// The specification's own variables. What is not known is not there.
fn own(buildpack: &Identity, target: &Target, platform: &Platform) -> Own {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(text: &str) -> BTreeMap<String, String> {
        let pair = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        text.split_whitespace().filter_map(pair).collect()
    }

    /// What a buildpack sees when layers and user set these; what is always so is left out.
    fn check(layers: &str, user: &str, clear_env: bool) -> String {
        let buildpack = Identity { id: "a/b".into(), version: "1.0.0".into(), directory: "a_b".into() };
        let target = Target { os: "linux".into(), architecture: "arm64".into(), variant: None, distribution: None };
        let platform = Platform { variables: variables(user), clear_env, ..Platform::default() };
        let mut seen = layered(variables(layers), &platform, own(&buildpack, &target, &platform));
        for (name, value) in [
            ("CNB_BUILDPACK_DIR", "/buildpack"),
            ("CNB_EXEC_ENV", "production"),
            ("CNB_LAYERS_DIR", "/layers/a_b"),
            ("CNB_PLATFORM_DIR", "/platform"),
            ("CNB_TARGET_ARCH", "arm64"),
            ("CNB_TARGET_OS", "linux"),
        ] {
            assert_eq!(seen.remove(name).as_deref(), Some(value), "{name}");
        }
        seen.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn b46_what_is_not_known_is_not_there() {
        assert_eq!(check("", "", false), "", "no variant, no distribution, no bindings");
    }

    #[test]
    fn b49_b50_b53_the_user_is_above_layers_and_the_specification_above_both() {
        assert_eq!(check("A=layer B=layer", "B=user C=user", false), "A=layer B=user C=user");
        assert_eq!(
            check("PATH=/layers/x/bin CPATH=/layers/x/include", "PATH=/bin", false),
            "CPATH=/layers/x/include PATH=/bin:/layers/x/bin"
        );
        assert_eq!(check("", "PATH=/bin", false), "PATH=/bin", "no separator without a second part");
        assert_eq!(check("LIBRARY_PATH=", "LIBRARY_PATH=/lib", false), "LIBRARY_PATH=/lib");
        assert_eq!(check("CNB_TARGET_OS=layer", "CNB_TARGET_ARCH=user CNB_EXEC_ENV=user", false), "");
    }

    #[test]
    fn b50_a_buildpack_may_want_nothing_of_the_users() {
        assert_eq!(check("A=layer PATH=/layers/x/bin", "A=user PATH=/bin B=user", true), "A=layer PATH=/layers/x/bin");
    }
}

use super::*;
use crate::{Distro, GroupEntry};

const NODE: &str = r#"
api = "0.12"

[buildpack]
id = "wattle/node"
version = "1.4.0"
name = "Node.js"
keywords = ["node", "npm"]
sbom-formats = ["application/spdx+json"]
exec-env = ["production", { name = "test" }]
[[buildpack.licenses]]
type = "Apache-2.0"

[[targets]]
os = "linux"
arch-variant = "v8"

[metadata]
note = 1
[metadata.wattle]
component = "node.wasm"
[metadata.wattle.artifacts]
registries = ["npm"]
hosts = ["b.example:8443", "a.example"]
[metadata.wattle.packages]
names = ["nginx", "libpq5"]
"#;

const HEAD: &str = "api = '0.12'\n[buildpack]\nid = 'a'\nversion = '1.0.0'\n";
const COMPONENT: &str = "[metadata.wattle]\ncomponent = 'a.wasm'\n";

fn check(text: &str) -> String {
    match Manifest::parse("buildpack.toml", text) {
        Ok(manifest) => format!("{}\n{}", show(&manifest.kind), manifest.warnings.join("\n")),
        Err(error) => error.to_string(),
    }
}

fn show(kind: &Kind) -> String {
    let entry = |e: &GroupEntry| format!("{} {:?} optional={}", e.id, e.version.map(|v| v.to_string()), e.optional);
    match kind {
        Kind::Component { component, capabilities } => format!("{component} {capabilities:?}"),
        Kind::Composite(order) => order.0.iter().flat_map(|group| &group.0).map(entry).collect::<Vec<_>>().join("; "),
    }
}

/// `NODE` with one line replaced, or left out.
fn change(from: &str, to: &str) -> String {
    assert!(NODE.contains(from));
    check(&NODE.replacen(from, to, 1))
}

#[test]
fn b6_b14_reads_a_component() {
    let manifest = Manifest::parse("buildpack.toml", NODE).unwrap();
    assert_eq!(manifest.key.to_string(), "wattle/node@1.4.0");
    assert_eq!(manifest.exec_env, ["production", "test"]);
    assert!(manifest.serves(&ExecEnv::new("test").unwrap()) && !manifest.serves(&ExecEnv::new("debug").unwrap()));
    assert_eq!(manifest.targets[0].variant, "v8");
    assert!(!manifest.builds_for(&Target { os: "windows".into(), ..Target::default() }));
    assert_eq!(manifest.metadata["note"].as_integer(), Some(1));
    insta::assert_snapshot!(check(NODE), @r#"node.wasm Capabilities { registries: ["npm"], hosts: ["a.example", "b.example:8443"], packages: ["libpq5", "nginx"], bindings: [] }"#);
}

#[test]
fn b9_b10_a_composite_has_an_order_and_nothing_of_a_component() {
    let order = "[[order]]\n[[order.group]]\nid = \"a\"\nversion = \"1.0.0\"\noptional = true\n";
    let head = "api = \"0.12\"\n[buildpack]\nid = \"all\"\nversion = \"1.0.0\"\n";
    insta::assert_snapshot!(check(&format!("{head}{order}")), @r#"a Some("1.0.0") optional=true"#);
    insta::assert_snapshot!(check(&format!("{head}{order}[[targets]]\nos = \"linux\"")), @"buildpack.toml:10:1: expected no `targets` beside `order`: the buildpacks of the order have their own");
    insta::assert_snapshot!(check(&format!("{head}[[order]]\n[[order.group]]\nid = \"a\"")), @"buildpack.toml:6:1: expected the `version` of `a`, such as `1.4.0`");
    insta::assert_snapshot!(check(&format!("{head}{order}[metadata.wattle]\ncomponent = \"a.wasm\"")), @"buildpack.toml:11:13: expected no `component` beside `order`: the buildpacks of the order have their own");
    insta::assert_snapshot!(check(head), @r#"buildpack.toml:1:1: expected `[metadata.wattle]` with `component = "<name>.wasm"`, or an `[[order]]`: without one of them there is nothing to run"#);
}

#[test]
fn b12_unknown_keys_are_warnings() {
    insta::assert_snapshot!(change("name =", "colour = 1\nname ="), @r#"
    node.wasm Capabilities { registries: ["npm"], hosts: ["a.example", "b.example:8443"], packages: ["libpq5", "nginx"], bindings: [] }
    `buildpack.toml`: `buildpack.colour` is unknown and has no effect
    "#);
    insta::assert_snapshot!(change("component =", "colour = 1\ncomponent ="), @r#"
    node.wasm Capabilities { registries: ["npm"], hosts: ["a.example", "b.example:8443"], packages: ["libpq5", "nginx"], bindings: [] }
    `buildpack.toml`: `metadata.wattle.colour` is unknown and has no effect
    "#);
    let misspelled = NODE.replace("os =", "oss =").replace("type =", "typ =").replace("registries =", "registrys =");
    let warnings = Manifest::parse("b.toml", &misspelled).unwrap().warnings.join("\n");
    insta::assert_snapshot!(warnings, @r"
    `b.toml`: `buildpack.licenses.0.typ` is unknown and has no effect; did you mean `type`?
    `b.toml`: `targets.0.oss` is unknown and has no effect; did you mean `os`?
    `b.toml`: `metadata.wattle.artifacts.registrys` is unknown and has no effect; did you mean `registries`?
    `b.toml`: a license has no effect: expected its `type`, its `uri`, or both
    ");
}

#[test]
fn b3_b4_b12_points_at_what_is_wrong() {
    insta::assert_snapshot!(change("\"0.12\"", "\"0.4\""), @"buildpack.toml:2:7: Buildpack API `0.4` is not supported: expected `0.12`");
    insta::assert_snapshot!(change("\"0.12\"", "12"), @"buildpack.toml:2:7: invalid type: integer `12`, expected a string");
    insta::assert_snapshot!(change("api = \"0.12\"", ""), @"buildpack.toml:1:1: missing field `api`");
    insta::assert_snapshot!(change("wattle/node", "wattle_node"), @"buildpack.toml:5:6: `wattle_node` is not the id of a buildpack: expected letters, digits, `.`, `/` and `-`");
    insta::assert_snapshot!(change("1.4.0", "1.4"), @"buildpack.toml:6:11: `1.4` is not the version of a buildpack: expected three numbers without leading zeros, such as `1.4.0`");
    insta::assert_snapshot!(change("id = \"wattle/node\"", ""), @"buildpack.toml:4:1: missing field `id`");
    insta::assert_snapshot!(change("[\"node\", \"npm\"]", "[\"node\", 1]"), @"buildpack.toml:8:21: invalid type: integer `1`, expected a string");
    insta::assert_snapshot!(change("{ name = \"test\" }", "1"), @"buildpack.toml:10:12: expected the name of an execution environment");
    insta::assert_snapshot!(change("[[targets]]", "[[targets]"), @"buildpack.toml:14:11: unclosed array table, expected `]`");
    insta::assert_snapshot!(change("node.wasm", "../node.wasm"), @"buildpack.toml:21:13: `../node.wasm` is not a path below the buildpack's directory: expected one such as `node.wasm`");
    insta::assert_snapshot!(change("\"npm\"]\nhosts", "\"NPM\"]\nhosts"), @"buildpack.toml:23:15: `NPM`: expected the name of a registry, such as `npm`");
    insta::assert_snapshot!(change("a.example", "*.example"), @"buildpack.toml:24:28: `*.example`: expected a host in lower case, such as `downloads.example`");
    insta::assert_snapshot!(change("component = \"node.wasm\"", "component = \"node.wasm\"\nbindings = [\"*\"]"), @"buildpack.toml:22:13: `*`: expected the type of a service binding, such as `ca-certificates`");
    insta::assert_snapshot!(change("\"production\", {", "\"a/b\", {"), @"buildpack.toml:10:12: `a/b` is not the name of an execution environment: expected letters, digits, `.` and `-`, such as `production`");
    insta::assert_snapshot!(change("8443", "84430"), @"buildpack.toml:24:10: `b.example:84430`: expected a host in lower case, such as `downloads.example`");
}

#[test]
fn b7_b12_every_key_of_a_buildpack_is_read() {
    let text = r#"
api = "0.12"
[buildpack]
id = "a/b"
version = "1.0.0"
name = "A"
homepage = "https://a.example"
description = "one sentence"
keywords = ["x", "y"]
clear-env = true
sbom-formats = ["application/vnd.cyclonedx+json;version=1.4", "application/spdx+json"]
[[buildpack.licenses]]
type = "MIT"
uri = "https://a.example/license"
[[buildpack.licenses]]
uri = "https://a.example/other"
[metadata.wattle]
component = "a.wasm"
bindings = ["ca-certificates", "Team/secret", "ca-certificates"]
"#;
    let manifest = Manifest::parse("buildpack.toml", text).unwrap();
    assert_eq!(manifest.warnings, [""; 0]);
    assert_eq!(manifest.name.as_deref(), Some("A"));
    assert_eq!(manifest.homepage.as_deref(), Some("https://a.example"));
    assert_eq!(manifest.description.as_deref(), Some("one sentence"));
    assert_eq!(manifest.keywords, ["x", "y"]);
    assert!(manifest.clear_env);
    assert_eq!(manifest.sbom_formats, ["application/vnd.cyclonedx+json;version=1.4", "application/spdx+json"]);
    let licenses: Vec<_> = manifest.licenses.iter().map(|it| (it.spdx.as_deref(), it.uri.as_deref())).collect();
    let (license, other) = (Some("https://a.example/license"), Some("https://a.example/other"));
    assert_eq!(licenses, [(Some("MIT"), license), (None, other)]);
    let Kind::Component { capabilities, .. } = manifest.kind else { panic!("it builds") };
    assert_eq!(capabilities.bindings, ["Team/secret", "ca-certificates"]);
    assert!(capabilities.may_see_binding("CA-Certificates") && !capabilities.may_see_binding("postgresql"));
    let nothing = "api = '0.12'\n[buildpack]\nid = 'a'\nversion = '1.0.0'\n[metadata.wattle]\ncomponent = 'a.wasm'";
    let nothing = Manifest::parse("buildpack.toml", nothing).unwrap();
    assert!(!nothing.clear_env && nothing.sbom_formats.is_empty() && nothing.licenses.is_empty());
    assert_eq!(nothing.kind, Kind::Component { component: "a.wasm".into(), capabilities: Capabilities::default() });
}

#[test]
fn b13_parameters_of_media_types_do_not_count() {
    let declared = |format: &str| NODE.replace("application/spdx+json", format);
    for (format, written, expected) in [
        ("application/vnd.cyclonedx+json", "application/vnd.cyclonedx+json", true),
        ("application/vnd.cyclonedx+json;version=1.4", "application/vnd.cyclonedx+json", true),
        ("application/vnd.cyclonedx+json; version=1.4", "Application/vnd.cyclonedx+json ;version=1.5", true),
        ("application/vnd.cyclonedx+json", "application/spdx+json", false),
        ("application/vnd.cyclonedx", "application/vnd.cyclonedx+json", false),
    ] {
        let manifest = Manifest::parse("buildpack.toml", &declared(format)).unwrap();
        assert_eq!(manifest.writes_sbom(written), expected, "{format} / {written}");
    }
    let silent = NODE.replace("sbom-formats", "# sbom-formats");
    assert!(!Manifest::parse("buildpack.toml", &silent).unwrap().writes_sbom("application/spdx+json"));
}

#[test]
fn b8_a2_execution_environments_are_text_or_tables() {
    let served = |text: &str| {
        let text = format!("{HEAD}{text}\n{COMPONENT}");
        Manifest::parse("buildpack.toml", &text).map(|manifest| manifest.exec_env).map_err(|error| error.to_string())
    };
    assert_eq!(served("").unwrap(), [""; 0]);
    assert_eq!(served(r#"exec-env = ["test", "*"]"#).unwrap(), ["test", "*"]);
    assert_eq!(
        served("[[buildpack.exec-env]]\nname = 'test'\n[[buildpack.exec-env]]\nname = 'debug'").unwrap(),
        ["test", "debug"]
    );
    insta::assert_snapshot!(served("exec-env = 'test'").unwrap_err(), @r#"buildpack.toml:5:12: invalid type: string "test", expected a sequence"#);
    insta::assert_snapshot!(served("[[buildpack.exec-env]]\nid = 'test'").unwrap_err(), @"buildpack.toml:5:1: expected the name of an execution environment");
}

#[test]
fn b10_b11_entries_of_an_order() {
    let text = format!(
        "{HEAD}[[order]]\n[[order.group]]\nid = 'x'\nversion = '1.2.3'\n[[order.group]]\nid = 'y'\nversion = '1.0.0'\n\
         optional = true\nexec-env = ['test', '*']\n[[order]]\n[[order.group]]\nid = 'z'\nversion = '1.0.0'\n"
    );
    let entries = |text: &str| match Manifest::parse("buildpack.toml", text).map(|manifest| manifest.kind) {
        Ok(Kind::Composite(order)) => format!("{order:?}").replace("GroupEntry ", "\n"),
        other => format!("{:?}", other.map_err(|error| error.to_string())),
    };
    insta::assert_snapshot!(entries(&text), @r#"
    Order([Group([
    { id: BuildpackId("x"), version: Some(Version { major: 1, minor: 2, patch: 3 }), optional: false, exec_env: [] }, 
    { id: BuildpackId("y"), version: Some(Version { major: 1, minor: 0, patch: 0 }), optional: true, exec_env: ["test", "*"] }]), Group([
    { id: BuildpackId("z"), version: Some(Version { major: 1, minor: 0, patch: 0 }), optional: false, exec_env: [] }])])
    "#);
    insta::assert_snapshot!(entries(&text.replace("'*'", "'a/b'")), @r#"Err("buildpack.toml:13:12: `a/b` is not the name of an execution environment: expected letters, digits, `.` and `-`, such as `production`")"#);
    insta::assert_snapshot!(entries(&text.replace("id = 'x'\n", "")), @r#"Err("buildpack.toml:6:1: missing field `id`")"#);
    insta::assert_snapshot!(entries(&text.replace("true", "'yes'")), @r#"Err("buildpack.toml:12:12: invalid type: string \"yes\", expected a boolean")"#);
    insta::assert_snapshot!(entries(&format!("{HEAD}[[order]]\ngroup = []")), @r#"Err("buildpack.toml:5:1: expected at least one `[[order.group]]` in this `[[order]]`")"#);
    insta::assert_snapshot!(entries(&format!("order = []\n{HEAD}")), @r#"Err("buildpack.toml:1:9: expected at least one group in `order`")"#);
    insta::assert_snapshot!(entries(&format!("{text}[[stacks]]\nid = '*'\n")), @r#"Err("buildpack.toml:18:1: expected no `stacks` beside `order`: the buildpacks of the order have their own")"#);
}

#[test]
fn b14_b15_a1_targets_and_the_two_names_of_a_variant() {
    let targets = |text: &str| {
        let text = format!("{HEAD}{COMPONENT}{text}");
        Manifest::parse("buildpack.toml", &text).map(|manifest| manifest.targets).map_err(|error| error.to_string())
    };
    let target = |text: &str| targets(&format!("[[targets]]\n{text}")).unwrap().remove(0);
    let all = "os = 'linux'\narch = 'arm64'\nvariant = 'v8'\n[[targets.distros]]\nname = 'debian'\nversion = '12'\n[[targets.distros]]\nname = 'ubuntu'";
    let distro = |name: &str, version: &str| Distro { name: name.into(), version: version.into() };
    let distros = vec![distro("debian", "12"), distro("ubuntu", "")];
    let expected = Target { os: "linux".into(), arch: "arm64".into(), variant: "v8".into(), distros };
    assert_eq!(target(all), expected);
    assert_eq!(target(&all.replace("variant", "arch-variant")), expected);
    assert_eq!(target("").variant, "");
    insta::assert_snapshot!(targets("[[targets]]\nvariant = 'v8'\narch-variant = 'v8'").unwrap_err(), @"buildpack.toml:7:1: duplicate field `variant`");
    insta::assert_snapshot!(targets("[[targets]]\nos = ['linux']").unwrap_err(), @"buildpack.toml:8:6: invalid type: sequence, expected a string");
}

#[test]
fn b18_without_targets_everything_fits() {
    let manifest = Manifest::parse("buildpack.toml", &format!("{HEAD}{COMPONENT}")).unwrap();
    for (os, arch) in [("linux", "amd64"), ("windows", "arm64"), ("", "")] {
        assert!(manifest.builds_for(&Target { os: os.into(), arch: arch.into(), ..Target::default() }), "{os}/{arch}");
    }
    let text = format!("{HEAD}{COMPONENT}[[targets]]\narch = 'amd64'\n[[targets]]\narch = 'arm64'\n");
    let manifest = Manifest::parse("buildpack.toml", &text).unwrap();
    let fits = |arch: &str| manifest.builds_for(&Target { arch: arch.into(), ..Target::default() });
    assert!(fits("amd64") && fits("arm64") && !fits("riscv64"), "any of several will do");
}

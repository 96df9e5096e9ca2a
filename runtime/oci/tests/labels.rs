//! Images are held to the schemas of their labels, and what launchers read to a second library for TOML.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot get what it needs has failed")]
#![expect(clippy::disallowed_methods, reason = "what is compared with comes from Python")]

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use wattle_oci::cnb::{self, Application, Buildpack, LaunchLayer, LifecycleMetadata, Process, RunImageName, Slice};
use wattle_oci::layer::{Owner, Source};
use wattle_oci::{Base, Digest, Image, Layer, Platform};
use wattle_tree::{Node, Tree};

const OWNER: Owner = Owner { uid: 1000, gid: 1000 };
/// Text that every notation has to escape somewhere.
const AWKWARD: &str = "a \"b\" 'c' \\d\n\té日本 <&> # [x] = \u{7f}\u{2028}";

fn tree(paths: &[&str]) -> Tree {
    let mut tree = Tree::new();
    for path in paths {
        tree.insert(path, Node::file(*path)).unwrap();
    }
    tree
}

fn packed(source: &Source) -> Layer {
    Layer::in_memory(source).unwrap()
}

fn run_image() -> Image {
    let labels = [("distro.name", "debian"), ("distro.version", "12"), ("id", "x"), ("released", "2026-01-01")];
    let labels = labels.map(|(name, value)| (format!("io.buildpacks.base.{name}"), value.to_owned()));
    let base = Base {
        platform: Platform::new("linux", "amd64"),
        layer: packed(&Source::filesystem(tree(&["etc/os-release"]), BTreeMap::new())),
        created_by: "made".to_owned(),
        created: cnb::CREATED.to_owned(),
        environment: vec![("PATH".to_owned(), "/bin".to_owned())],
        user: "1001:1000".to_owned(),
        labels: labels.into(),
    };
    wattle_oci::base(base).unwrap()
}

/// Nothing but what has to be there.
fn small() -> Application {
    let launcher = packed(&cnb::launcher("elf".into()).unwrap());
    let app = vec![packed(&cnb::application(cnb::APP_DIR, Some(tree(&["a"])), OWNER).unwrap())];
    Application {
        packages: None,
        buildpacks: Vec::new(),
        sboms: Vec::new(),
        slices: Vec::new(),
        app,
        workspace: cnb::APP_DIR.to_owned(),
        launcher,
        processes: Vec::new(),
        default_process: None,
        execution_environment: cnb::PRODUCTION.to_owned(),
        labels: BTreeMap::new(),
        user_labels: BTreeMap::new(),
        user: None,
        project: cnb::ProjectMetadata::default(),
        run_image_reference: format!("r.example/run@{}", Digest::of(b"run")),
        run_image_name: RunImageName::default(),
        owner: OWNER,
        created: cnb::CREATED.to_owned(),
    }
}

fn process(kind: &str, edit: impl FnOnce(&mut Process)) -> Process {
    let mut process = Process {
        kind: kind.to_owned(),
        command: vec!["serve".to_owned()],
        args: Vec::new(),
        direct: true,
        buildpack_id: "some/pack".to_owned(),
        working_dir: None,
        exec_env: Vec::new(),
    };
    edit(&mut process);
    process
}

/// Everything that there can be, with awkward text wherever text can be anything.
fn large() -> Application {
    let slices =
        vec![Slice { paths: vec!["a".to_owned(), "[é-ü]*".to_owned()] }, Slice { paths: vec!["\\*".to_owned()] }];
    let parts = cnb::slice(&tree(&["a", "b/c", "*"]), "/srv/shop", &slices).unwrap();
    let app = parts.into_iter().map(|part| packed(&cnb::application("/srv/shop", part, OWNER).unwrap()));
    let layer = cnb::launch_layer("some/pack", "tools", tree(&["bin/x"]), OWNER).unwrap();
    let tools = LaunchLayer {
        name: "tools".to_owned(),
        layer: packed(&layer),
        data: json!({"version": "1", "more": [1, 2.5, AWKWARD], AWKWARD: null}),
        build: true,
        cache: true,
    };
    let pack = Buildpack {
        id: "some/pack".to_owned(),
        version: "1.2.3".to_owned(),
        homepage: Some("https://pack.example/?a&b".to_owned()),
        layers: vec![tools],
        store: Some(json!({"seen": {"deep": [AWKWARD]}})),
    };
    let sbom = |of| cnb::Sbom { of, format: cnb::SbomFormat::CycloneDx, document: b"{}".to_vec() };
    Application {
        app: app.collect(),
        slices,
        buildpacks: vec![pack],
        sboms: vec![sbom(cnb::SbomOf::Launcher), sbom(cnb::SbomOf::Buildpack("some/pack".to_owned()))],
        workspace: "/srv/shop".to_owned(),
        processes: vec![
            process("web", |it| it.args = vec![AWKWARD.to_owned(), String::new()]),
            process("test", |it| it.exec_env = vec!["test".to_owned(), "*".to_owned()]),
            process("a.b_c-D", |it| {
                it.command = vec![AWKWARD.to_owned(), "--".to_owned()];
                it.working_dir = Some(format!("/srv/{AWKWARD}"));
            }),
        ],
        default_process: Some("web".to_owned()),
        execution_environment: "test".to_owned(),
        labels: [("some.label".to_owned(), AWKWARD.to_owned())].into(),
        user_labels: [("maintainer".to_owned(), AWKWARD.to_owned())].into(),
        user: Some("1002".to_owned()),
        project: cnb::ProjectMetadata { source: Some(json!({"type": "git", "version": {"commit": "4d5e"}})) },
        run_image_name: RunImageName {
            image: "r.example/run:1".to_owned(),
            mirrors: vec!["m.example/run:1".to_owned()],
        },
        ..small()
    }
}

fn labels(image: &Image) -> Value {
    let config: Value = serde_json::from_slice(image.config().bytes()).unwrap();
    config["config"]["Labels"].clone()
}

fn metadata_toml(image: &Image) -> String {
    let config = LifecycleMetadata::of(image).unwrap().unwrap().config.sha;
    let layer = image.layers().iter().find(|layer| Some(layer.diff_id) == config).unwrap();
    let mut tar = tar::Archive::new(MultiGzDecoder::new(layer.blob.as_ref().unwrap().reader()));
    let mut entries = tar.entries().unwrap().map(Result::unwrap);
    let mut file = entries.find(|entry| *entry.path_bytes() == *b"/layers/config/metadata.toml").unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    text
}

/// What Python's `tomllib` reads.
fn by_python(text: &str) -> Value {
    let script = "import json, sys, tomllib; json.dump(tomllib.loads(sys.stdin.buffer.read().decode()), sys.stdout)";
    let mut command = Command::new("python3");
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = command.spawn().expect("this test wants `python3`");
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{text}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn i23_i24_i30_i33_i40_i43_l33_labels_are_as_the_schemas_have_them() {
    for application in [small(), large()] {
        let image = cnb::compose(&run_image(), application).unwrap();
        image.validate().unwrap();
        wattle_test_schemas::check_labels(&labels(&image)).unwrap();
        let document = toml::from_str(&metadata_toml(&image)).unwrap();
        wattle_test_schemas::check("metadata-toml", &document).unwrap();
    }
}

#[test]
fn p96_p97_w15_what_launchers_read_is_the_same_by_another_library() {
    let image = cnb::compose(&run_image(), large()).unwrap();
    let text = metadata_toml(&image);
    let found = by_python(&text);
    assert_eq!(found, toml::from_str::<Value>(&text).unwrap());
    assert_eq!(found["buildpack-default-process-type"], "web");
    assert_eq!(found["buildpacks"][0]["homepage"], "https://pack.example/?a&b");
    let types: Vec<&Value> = found["processes"].as_array().unwrap().iter().map(|process| &process["type"]).collect();
    assert_eq!(types, ["a.b_c-D", "test", "web"]);
    assert_eq!(found["processes"][0]["command"], json!([AWKWARD, "--"]));
    assert_eq!(found["processes"][0]["working-dir"], format!("/srv/{AWKWARD}"));
    assert_eq!(found["processes"][1]["exec-env"], json!(["test", "*"]));
    assert_eq!(found["processes"][2]["args"], json!([AWKWARD, ""]));
    assert_eq!(found["labels"], json!([{"key": "some.label", "value": AWKWARD}]));
    assert_eq!(found["slices"], json!([{"paths": ["a", "[é-ü]*"]}, {"paths": ["\\*"]}]));
}

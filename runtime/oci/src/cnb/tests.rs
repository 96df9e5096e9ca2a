//! The image of a small application on a small base.

mod config;
mod labels;
mod layout;
mod refused;

use super::*;
use crate::layer::Order::{Directories, Paths};
use crate::layer::Owner;
use crate::{Addition, Descriptor, Digest, Image, Layer, media};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wattle_tree::Tree;

const OWNER: Owner = Owner { uid: 1000, gid: 1000 };

/// A base as Docker makes them: its media types, `null`s, a history with entries that made no layer.
fn base(edit: impl FnOnce(&mut Value)) -> Image {
    let mut config = json!({
        "architecture": "arm64", "variant": "v8", "os": "linux", "os.version": "13", "container": "4d5e",
        "config": {
            "User": "1000:1000", "Env": ["PATH=/usr/bin:/bin", "CNB_APP_DIR=/elsewhere", "LANG=C.UTF-8"], "Cmd": ["/bin/sh"],
            "Entrypoint": null, "Labels": {"io.buildpacks.base.distro.name": "debian", "a": "base", "b": "base"},
            "Healthcheck": {"Test": ["NONE"]}, "OnBuild": null
        },
        "rootfs": {"type": "layers", "diff_ids": [Digest::of(b"base").to_string()]},
        "history": [
            {"created": "2026-01-01T00:00:00Z", "created_by": "ADD / # buildkit"},
            {"created": "2026-01-01T00:00:00Z", "created_by": "CMD [\"/bin/sh\"]", "empty_layer": true}
        ]
    });
    edit(&mut config);
    let layer = json!({"mediaType": media::DOCKER_LAYER_GZIP, "digest": Digest::of(b"base.gz").to_string(), "size": 7});
    let layers = vec![layer; config["rootfs"]["diff_ids"].as_array().unwrap().len()];
    let config = serde_json::to_vec(&config).unwrap();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media::DOCKER_MANIFEST,
        "config": {"mediaType": media::DOCKER_CONFIG, "digest": Digest::of(&config).to_string(), "size": config.len()},
        "layers": layers,
        "annotations": {"org.opencontainers.image.version": "13"}
    });
    Image::new(serde_json::to_vec(&manifest).unwrap(), config).unwrap()
}

fn layer(name: &str) -> Layer {
    let descriptor = Descriptor::new(media::LAYER_GZIP, Digest::of(format!("{name}.gz").as_bytes()), 9);
    Layer { diff_id: Digest::of(name.as_bytes()), descriptor, blob: None }
}

fn launch_layer(name: &str, data: Value) -> LaunchLayer {
    LaunchLayer { name: name.to_owned(), layer: layer(name), data, build: false, cache: true }
}

fn process(kind: &str) -> Process {
    Process {
        kind: kind.to_owned(),
        command: vec!["node".to_owned(), format!("{kind}.js")],
        args: Vec::new(),
        direct: true,
        working_dir: None,
        buildpack_id: "wattle/node".to_owned(),
        exec_env: Vec::new(),
    }
}

fn shop() -> Application {
    let node = Buildpack {
        id: "wattle/node".to_owned(),
        version: "0.1.0".to_owned(),
        homepage: Some("https://wattle.example".to_owned()),
        layers: vec![launch_layer("runtime", json!({"version": "22.4.1"})), launch_layer("dependencies", Value::Null)],
        store: Some(json!({"seen": 1})),
    };
    let procfile = Buildpack {
        id: "wattle/procfile".to_owned(),
        version: "0.1.0".to_owned(),
        homepage: None,
        layers: Vec::new(),
        store: None,
    };
    Application {
        packages: None,
        buildpacks: vec![node, procfile],
        sboms: Vec::new(),
        slices: Vec::new(),
        app: vec![layer("app")],
        workspace: APP_DIR.to_owned(),
        launcher: layer("launcher"),
        processes: vec![Process { args: vec!["-v".to_owned()], ..process("worker") }, process("web")],
        default_process: Some("web".to_owned()),
        execution_environment: PRODUCTION.to_owned(),
        labels: [("b".to_owned(), "ours".to_owned())].into(),
        user_labels: BTreeMap::new(),
        user: None,
        project: ProjectMetadata::default(),
        run_image_reference: format!("r.example/run@{}", Digest::of(b"run")),
        run_image_name: RunImageName {
            image: "r.example/run:13".to_owned(),
            mirrors: vec!["m.example/run:13".to_owned()],
        },
        owner: OWNER,
        created: CREATED.to_owned(),
    }
}

/// What is not of interest here: the launcher's version follows that of the workspace.
fn text(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap().replace(LAUNCHER_VERSION, "LAUNCHER")
}

fn document(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn label(image: &Image, key: &str) -> String {
    text(&serde_json::from_str(image.config().label(key).unwrap()).unwrap())
}

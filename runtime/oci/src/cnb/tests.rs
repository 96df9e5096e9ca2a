//! The image of a small application on a small base.

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
    let config = serde_json::to_vec(&config).unwrap();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media::DOCKER_MANIFEST,
        "config": {"mediaType": media::DOCKER_CONFIG, "digest": Digest::of(&config).to_string(), "size": config.len()},
        "layers": [{"mediaType": media::DOCKER_LAYER_GZIP, "digest": Digest::of(b"base.gz").to_string(), "size": 7}],
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

#[test]
fn the_configuration_is_that_of_the_base_and_ours() {
    let image = compose(&base(|_| {}), shop()).unwrap();
    let mut config = document(image.config().bytes());
    for key in [LIFECYCLE_METADATA, BUILD_METADATA] {
        config["config"]["Labels"][key] = "below".into();
    }
    insta::assert_snapshot!(text(&config), @r#"
    {
      "architecture": "arm64",
      "config": {
        "Entrypoint": [
          "/cnb/process/web"
        ],
        "Env": [
          "PATH=/cnb/process:/cnb/lifecycle:/usr/bin:/bin",
          "CNB_APP_DIR=/workspace",
          "LANG=C.UTF-8",
          "CNB_LAYERS_DIR=/layers",
          "CNB_PLATFORM_API=0.15",
          "CNB_DEPRECATION_MODE=quiet"
        ],
        "Healthcheck": {
          "Test": [
            "NONE"
          ]
        },
        "Labels": {
          "a": "base",
          "b": "ours",
          "io.buildpacks.base.distro.name": "debian",
          "io.buildpacks.build.metadata": "below",
          "io.buildpacks.exec-env": "production",
          "io.buildpacks.lifecycle.metadata": "below",
          "io.buildpacks.project.metadata": "{}"
        },
        "OnBuild": null,
        "User": "1000:1000",
        "WorkingDir": "/workspace"
      },
      "created": "1980-01-01T00:00:01Z",
      "history": [
        {
          "created": "2026-01-01T00:00:00Z",
          "created_by": "ADD / # buildkit"
        },
        {
          "created": "1980-01-01T00:00:01Z",
          "created_by": "Layer: 'dependencies', Created by buildpack: wattle/node@0.1.0"
        },
        {
          "created": "1980-01-01T00:00:01Z",
          "created_by": "Layer: 'runtime', Created by buildpack: wattle/node@0.1.0"
        },
        {
          "created": "1980-01-01T00:00:01Z",
          "created_by": "Application Layer"
        },
        {
          "created": "1980-01-01T00:00:01Z",
          "created_by": "Buildpacks Application Launcher"
        },
        {
          "created": "1980-01-01T00:00:01Z",
          "created_by": "Buildpacks Launcher Config"
        },
        {
          "created": "1980-01-01T00:00:01Z",
          "created_by": "Buildpacks Process Types"
        }
      ],
      "os": "linux",
      "os.version": "13",
      "rootfs": {
        "diff_ids": [
          "sha256:cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2",
          "sha256:2188dfc2d889b53230f6891977d505642d718b940aa3eec23985afb379141dcd",
          "sha256:d92c6a81b2ff50096bcda80885427d1f59a25b5f483f7055523504925d16ab23",
          "sha256:a172cedcae47474b615c54d510a5d84a8dea3032e958587430b413538be3f333",
          "sha256:ec9a6e9fe278eb1a471fbab6f40367d8548078b651d9c71581c57c2a6ca379e0",
          "sha256:bfa8a8a6d6620583740109e33bb9165708f11fde9132467b0213aba5514ac833",
          "sha256:1e31f5710892fe5b42b5f39798eeeca4b20dfca447191222a0720dd60f547571"
        ],
        "type": "layers"
      },
      "variant": "v8"
    }
    "#);
}

#[test]
fn the_manifest_is_one_of_oci_throughout() {
    let image = compose(&base(|_| {}), shop()).unwrap();
    let manifest = image.manifest().value();
    assert!(manifest.layers.iter().all(|layer| layer.media_type == media::LAYER_GZIP));
    assert_eq!(manifest.config.media_type, media::CONFIG);
    assert_eq!(manifest.media_type.as_deref(), Some(media::MANIFEST));
    assert_eq!(manifest.layers[0].digest, Digest::of(b"base.gz"));
    assert_eq!(manifest.annotations["org.opencontainers.image.version"], "13");
    // Only what was made here has bytes, and those are what they are said to be.
    let known: Vec<bool> = image.layers().iter().map(|layer| layer.blob.is_some()).collect();
    assert_eq!(known, [false, false, false, false, false, true, true]);
    image.validate().unwrap();
}

#[test]
fn the_labels_say_which_layer_is_what() {
    let image = compose(&base(|_| {}), shop()).unwrap();
    insta::assert_snapshot!(label(&image, LIFECYCLE_METADATA), @r#"
    {
      "app": [
        {
          "sha": "sha256:a172cedcae47474b615c54d510a5d84a8dea3032e958587430b413538be3f333"
        }
      ],
      "buildpacks": [
        {
          "key": "wattle/node",
          "layers": {
            "dependencies": {
              "build": false,
              "cache": true,
              "data": null,
              "launch": true,
              "sha": "sha256:2188dfc2d889b53230f6891977d505642d718b940aa3eec23985afb379141dcd"
            },
            "runtime": {
              "build": false,
              "cache": true,
              "data": {
                "version": "22.4.1"
              },
              "launch": true,
              "sha": "sha256:d92c6a81b2ff50096bcda80885427d1f59a25b5f483f7055523504925d16ab23"
            }
          },
          "store": {
            "metadata": {
              "seen": 1
            }
          },
          "version": "0.1.0"
        },
        {
          "key": "wattle/procfile",
          "layers": {},
          "version": "0.1.0"
        }
      ],
      "config": {
        "sha": "sha256:bfa8a8a6d6620583740109e33bb9165708f11fde9132467b0213aba5514ac833"
      },
      "launcher": {
        "sha": "sha256:ec9a6e9fe278eb1a471fbab6f40367d8548078b651d9c71581c57c2a6ca379e0"
      },
      "process-types": {
        "sha": "sha256:1e31f5710892fe5b42b5f39798eeeca4b20dfca447191222a0720dd60f547571"
      },
      "runImage": {
        "image": "r.example/run:13",
        "mirrors": [
          "m.example/run:13"
        ],
        "reference": "r.example/run@sha256:acba25512100f80b56fc3ccd14c65be55d94800cda77585c5f41a887e398f9be",
        "topLayer": "sha256:cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2"
      },
      "stack": {
        "runImage": {
          "image": "r.example/run:13",
          "mirrors": [
            "m.example/run:13"
          ]
        }
      }
    }
    "#);
    insta::assert_snapshot!(label(&image, BUILD_METADATA), @r#"
    {
      "buildpack-default-process-type": "web",
      "buildpacks": [
        {
          "homepage": "https://wattle.example",
          "id": "wattle/node",
          "version": "0.1.0"
        },
        {
          "id": "wattle/procfile",
          "version": "0.1.0"
        }
      ],
      "launcher": {
        "source": {
          "git": {
            "commit": "",
            "repository": "wattle"
          }
        },
        "version": "LAUNCHER"
      },
      "processes": [
        {
          "args": null,
          "buildpackID": "wattle/node",
          "command": [
            "node",
            "web.js"
          ],
          "direct": true,
          "type": "web"
        },
        {
          "args": [
            "-v"
          ],
          "buildpackID": "wattle/node",
          "command": [
            "node",
            "worker.js"
          ],
          "direct": true,
          "type": "worker"
        }
      ]
    }
    "#);
    // What was written can be read.
    let read = LifecycleMetadata::of(&image).unwrap().unwrap();
    assert_eq!(read.run_image.top_layer, Some(Digest::of(b"base")));
    let read = BuildMetadata::of(&image).unwrap().unwrap();
    assert_eq!(read.processes[0].args, Vec::<String>::new());
    assert!(BuildMetadata::of(&base(|_| {})).unwrap().is_none());
}

#[test]
fn the_launcher_reads_what_the_reference_launcher_reads() {
    let mut application = shop();
    application.processes.sort_by(|a, b| a.kind.cmp(&b.kind));
    insta::assert_snapshot!(metadata::Metadata::of(&application).to_toml().unwrap(), @r#"
    buildpack-default-process-type = "web"

    [[buildpacks]]
    id = "wattle/node"
    version = "0.1.0"
    api = "0.12"
    homepage = "https://wattle.example"

    [[buildpacks]]
    id = "wattle/procfile"
    version = "0.1.0"
    api = "0.12"

    [[labels]]
    key = "b"
    value = "ours"

    [[processes]]
    type = "web"
    command = ["node", "web.js"]
    args = []
    direct = true
    buildpack-id = "wattle/node"

    [[processes]]
    type = "worker"
    command = ["node", "worker.js"]
    args = ["-v"]
    direct = true
    buildpack-id = "wattle/node"
    "#);
}

#[test]
fn equal_inputs_give_equal_images() {
    let mut other = shop();
    other.processes.reverse();
    other.buildpacks[0].layers.reverse();
    assert_eq!(compose(&base(|_| {}), other).unwrap().digest(), compose(&base(|_| {}), shop()).unwrap().digest());
}

#[test]
fn without_processes_the_launcher_is_the_entrypoint() {
    let application = Application { processes: Vec::new(), default_process: None, ..shop() };
    let image = compose(&base(|_| {}), application).unwrap();
    assert_eq!(image.config().value().config.entrypoint, [LAUNCHER]);
    assert_eq!(image.layers().len(), 6);
    assert!(label(&image, LIFECYCLE_METADATA).contains("\"process-types\": {\n    \"sha\": \"\"\n  }"));
}

#[test]
fn packages_of_the_system_are_right_on_the_run_image_and_not_of_it() {
    let packages = Addition { layer: layer("packages"), created_by: "Packages: nginx".to_owned() };
    let (plain, base) = (compose(&base(|_| {}), shop()).unwrap(), base(|_| {}));
    let image = compose(&base, Application { packages: Some(packages.clone()), ..shop() }).unwrap();
    let below = base.layers().len();
    assert_eq!(image.layers()[below].diff_id, packages.layer.diff_id);
    assert_eq!(image.config().value().history[below].created_by.as_deref(), Some("Packages: nginx"));
    assert_eq!(label(&image, LIFECYCLE_METADATA), label(&plain, LIFECYCLE_METADATA));
}

#[test]
fn a_history_that_does_not_fit_the_layers_is_replaced() {
    let check = |history: Value| {
        let image = compose(&base(|config| config["history"] = history), shop()).unwrap();
        let history = &image.config().value().history;
        assert_eq!(history.len(), image.layers().len());
        history[0].created_by.clone()
    };
    assert_eq!(check(json!([{"created_by": "one"}])).as_deref(), Some("one"));
    assert_eq!(check(json!([{"created_by": "one"}, {"created_by": "two"}])), None);
    assert_eq!(check(Value::Null), None);
}

#[test]
fn a_base_without_path_gets_the_one_that_runtimes_assume() {
    let path = |edit: fn(&mut Value)| {
        let image = compose(&base(edit), shop()).unwrap();
        image.config().value().config.variable("PATH").map(str::to_owned)
    };
    assert_eq!(path(|_| {}).as_deref(), Some("/cnb/process:/cnb/lifecycle:/usr/bin:/bin"));
    assert_eq!(path(|c| c["config"]["Env"] = json!(["PATH="])).as_deref(), Some("/cnb/process:/cnb/lifecycle"));
    let assumed = "/cnb/process:/cnb/lifecycle:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    assert_eq!(path(|c| c["config"]["Env"] = Value::Null).as_deref(), Some(assumed));
}

#[test]
fn what_is_no_image_is_refused() {
    let edits: [fn(&mut Application); 10] = [
        |a| a.buildpacks[1].id = "wattle_node".into(),
        |a| a.buildpacks[1].id = "wattle/node".into(),
        |a| a.buildpacks[0].layers[0].name = "../x".into(),
        |a| a.buildpacks[0].layers[0].name = "dependencies".into(),
        |a| a.processes[0].kind = "launcher".into(),
        |a| a.processes[0].kind = "web".into(),
        |a| a.processes[0].command.clear(),
        |a| a.default_process = Some("task".into()),
        |a| drop(a.labels.insert(BUILD_METADATA.into(), "{}".into())),
        |a| drop(a.labels.insert("x".into(), "\0".into())),
    ];
    let check = |edit: fn(&mut Application)| {
        let mut application = shop();
        edit(&mut application);
        compose(&base(|_| {}), application).unwrap_err().to_string()
    };
    insta::assert_snapshot!(edits.map(check).join("\n"), @r#"
    `wattle_node` cannot be the name of a buildpack: it has letters, digits, `.`, `-`, and `/` between parts that are not empty
    the layers of `wattle/node` and of another buildpack would both be in `/layers/wattle_node`
    `../x` cannot be the name of a layer: a name has a slash or a NUL in it
    there are two layers `dependencies`
    `launcher` cannot be the name of a process type: the launcher itself has it
    there are two processes `web`
    the process `worker` has no command
    the default process `task` is not one of the processes
    the label `io.buildpacks.build.metadata` is not for buildpacks to set: labels that begin with `io.buildpacks.` are the platform's
    the label `x` has a NUL byte in it
    "#);
}

#[test]
fn layers_stand_where_the_specification_says() {
    let paths = |source: crate::layer::Source| {
        let layer = Layer::in_memory(&source).unwrap();
        layer.validate().unwrap();
        layer.diff_id
    };
    let at = |path: &str, tree: Tree, owner, order| {
        let root = crate::layer::Root { path: path.to_owned(), tree, owner };
        paths(crate::layer::Source::new(vec![root], order).unwrap())
    };
    let mut tree = Tree::new();
    tree.insert("launcher", wattle_tree::Node::program("x")).unwrap();
    assert_eq!(paths(launcher("x".into()).unwrap()), at("/cnb/lifecycle", tree.clone(), Owner::ROOT, Directories));
    assert_eq!(
        paths(application(APP_DIR, Some(tree.clone()), OWNER).unwrap()),
        at("/workspace", tree.clone(), OWNER, Paths)
    );
    let layer = super::launch_layer("wattle/node", "runtime", tree.clone(), OWNER).unwrap();
    assert_eq!(paths(layer), at("/layers/wattle_node/runtime", tree, OWNER, Directories));
}

#[test]
fn reads_labels_of_other_tools() {
    let other: BuildMetadata = serde_json::from_str(
        r#"{"bom":null,"buildpacks":[{"id":"x","version":"1"}],"launcher":{"version":"","source":{"git":{"repository":"","commit":""}}},
            "processes":[{"type":"web","command":"sh","args":null,"direct":false,"buildpackID":"x"}]}"#,
    )
    .unwrap();
    assert_eq!(other.processes[0].command, ["sh"]);
    let other: LifecycleMetadata =
        serde_json::from_str(r#"{"app":null,"buildpacks":null,"runImage":{"topLayer":"","reference":""},"x":1}"#)
            .unwrap();
    assert_eq!(other, LifecycleMetadata::default());
}

#[test]
fn bills_of_materials_lie_between_the_layers_of_buildpacks_and_the_application() {
    let sbom = Sbom { of: SbomOf::Launcher, format: SbomFormat::Spdx, document: b"{}".to_vec() };
    let image = compose(&base(|_| {}), Application { sboms: vec![sbom], ..shop() }).unwrap();
    let metadata = LifecycleMetadata::of(&image).unwrap().unwrap();
    let layer = sbom_layer(&image, &metadata).unwrap();
    let at = image.layers().iter().position(|it| it.diff_id == layer.diff_id).unwrap();
    assert_eq!(image.layers()[at - 1].diff_id, metadata.buildpacks[0].layers["runtime"].sha);
    assert_eq!(Some(image.layers()[at + 1].diff_id), metadata.app[0].sha);
    let history = &image.config().value().history[at];
    assert_eq!(history.created_by.as_deref(), Some("Software Bill-of-Materials"));
    let without = compose(&base(|_| {}), shop()).unwrap();
    assert!(sbom_layer(&without, &LifecycleMetadata::of(&without).unwrap().unwrap()).is_none());
}

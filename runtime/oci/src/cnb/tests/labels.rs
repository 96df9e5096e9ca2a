//! Sections 3.3 and 3.4 of the checklist: the labels, and what launchers read.

use super::*;

#[test]
fn a7_a8_i30_i31_i32_i40_i41_the_labels_say_which_layer_is_what() {
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
        "sha": "sha256:97a931deaf0064b2181c327e6b571bb7e1b937b4bd45e28baa3425bce2450483"
      },
      "launcher": {
        "sha": "sha256:ec9a6e9fe278eb1a471fbab6f40367d8548078b651d9c71581c57c2a6ca379e0"
      },
      "process-types": {
        "sha": "sha256:c32b6c6d08c5d84a980a518d1dd9093c22b9e003f2b6b468f12fe1e7cd918b3f"
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
fn l39_p96_p97_the_launcher_reads_what_the_reference_launcher_reads() {
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
fn i40_i42_reads_labels_of_other_tools() {
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
fn i43_i44_the_project_s_label_says_where_the_source_comes_from() {
    let check = |source| {
        let project = ProjectMetadata { source };
        let image = compose(&base(|_| {}), Application { project: project.clone(), ..shop() }).unwrap();
        assert_eq!(ProjectMetadata::of(&image).unwrap(), Some(project));
        image.config().label(PROJECT_METADATA).unwrap().to_owned()
    };
    assert_eq!(check(None), "{}");
    let source = json!({"type": "git", "version": {"commit": "4d5e"}, "metadata": {"refs": ["main"]}});
    insta::assert_snapshot!(check(Some(source)), @r#"{"source":{"metadata":{"refs":["main"]},"type":"git","version":{"commit":"4d5e"}}}"#);
}

/// Written down by a program in Go with the reference implementation's own types.
#[test]
fn i31_i40_i45_l29_labels_are_those_of_the_reference_letter_for_letter() {
    let mut application = shop();
    application.processes[1].args = vec!["<a> & b\u{2028}".to_owned()];
    application.processes[1].working_dir = Some("lib".to_owned());
    application.processes[1].exec_env = vec!["*".to_owned()];
    let image = compose(&base(|_| {}), application).unwrap();
    let read = BuildMetadata::of(&image).unwrap().unwrap();
    assert_eq!(read.processes[0].args, ["<a> & b\u{2028}"]);
    insta::assert_snapshot!(image.config().label(BUILD_METADATA).unwrap().replace(LAUNCHER_VERSION, "LAUNCHER"), @r#"{"buildpacks":[{"id":"wattle/node","version":"0.1.0","homepage":"https://wattle.example"},{"id":"wattle/procfile","version":"0.1.0"}],"launcher":{"version":"LAUNCHER","source":{"git":{"repository":"wattle","commit":""}}},"processes":[{"type":"web","command":["node","web.js"],"args":["\u003ca\u003e \u0026 b\u2028"],"direct":true,"buildpackID":"wattle/node","working-dir":"lib","exec-env":["*"]},{"type":"worker","command":["node","worker.js"],"args":["-v"],"direct":true,"buildpackID":"wattle/node"}],"buildpack-default-process-type":"web"}"#);
    let metadata = image.config().label(LIFECYCLE_METADATA).unwrap();
    insta::assert_snapshot!(metadata.split(",\"config\"").next().unwrap(), @r#"{"app":[{"sha":"sha256:a172cedcae47474b615c54d510a5d84a8dea3032e958587430b413538be3f333"}],"buildpacks":[{"key":"wattle/node","version":"0.1.0","layers":{"dependencies":{"sha":"sha256:2188dfc2d889b53230f6891977d505642d718b940aa3eec23985afb379141dcd","data":null,"build":false,"launch":true,"cache":true},"runtime":{"sha":"sha256:d92c6a81b2ff50096bcda80885427d1f59a25b5f483f7055523504925d16ab23","data":{"version":"22.4.1"},"build":false,"launch":true,"cache":true}},"store":{"metadata":{"seen":1}}},{"key":"wattle/procfile","version":"0.1.0","layers":{}}]"#);
}

#[test]
fn b69_w14_whole_numbers_of_other_tools_are_whole_numbers() {
    let text = r#"{"buildpacks":[{"key":"a","layers":{"b":{"sha":"SHA","data":{"n":1.0,"half":1.5,"list":[-2.0,3],"huge":1e300}}},
        "store":{"metadata":{"n":9007199254740992.0}}}]}"#;
    let text = text.replace("SHA", &Digest::of(b"").to_string());
    let read: LifecycleMetadata = serde_json::from_str(&text).unwrap();
    let found = &read.buildpacks[0].layers["b"].data;
    assert_eq!(found.to_string(), r#"{"half":1.5,"huge":1e+300,"list":[-2,3],"n":1}"#);
    assert_eq!(read.buildpacks[0].store.as_ref().unwrap().metadata, json!({"n": 9_007_199_254_740_992_i64}));
}

#[test]
fn b90_p96_p97_the_launcher_s_file_has_slices_and_execution_environments() {
    let mut application = shop();
    application.processes.truncate(1);
    application.processes[0].exec_env = vec!["test".to_owned(), "development".to_owned()];
    application.slices = vec![Slice { paths: vec!["public/*".to_owned(), "[a-z]\\*".to_owned()] }, Slice::default()];
    let text = metadata::Metadata::of(&application).to_toml().unwrap();
    insta::assert_snapshot!(text.split_once("[[processes]]").unwrap().1, @r#"

    type = "worker"
    command = ["node", "worker.js"]
    args = ["-v"]
    direct = true
    buildpack-id = "wattle/node"
    exec-env = ["test", "development"]

    [[slices]]
    paths = ["public/*", '[a-z]\*']

    [[slices]]
    paths = []
    "#);
}

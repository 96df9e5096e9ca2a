use super::*;
use serde_json::{Value, json};
use wattle_oci::{Config, Descriptor, Digest, Document, History, ImageConfig, MAX_CONFIG, Manifest, RootFs, media};
use wattle_tree::{Node, Tree};

/// The diff-id of a layer, by its place.
fn layer(at: usize) -> Digest {
    Digest::of(at.to_string().as_bytes())
}

/// An image with this many layers. In labels, `{0}` is the diff-id of the lowest.
fn image(layers: usize, labels: &[(&str, Value)], edit: impl FnOnce(&mut ImageConfig)) -> Source {
    let with_layers =
        |text: String| (0..layers).fold(text, |text, at| text.replace(&format!("{{{at}}}"), &layer(at).to_string()));
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), with_layers(text(value)))).collect();
    let mut config = ImageConfig {
        os: "linux".to_owned(),
        architecture: "arm64".to_owned(),
        variant: "v8".to_owned(),
        config: Config { labels, ..Config::default() },
        rootfs: RootFs { kind: "layers".to_owned(), diff_ids: (0..layers).map(layer).collect() },
        ..ImageConfig::default()
    };
    edit(&mut config);
    let descriptors = (0..layers).map(|at| Descriptor::new(media::LAYER_GZIP, layer(at), at as u64 + 1)).collect();
    let config = Document::write(config, "the configuration").unwrap();
    let manifest = Manifest::new(config.descriptor(media::CONFIG), descriptors);
    let manifest = Document::write(manifest, "the manifest").unwrap();
    let image = Image::new(manifest.bytes(), config.bytes()).unwrap();
    Source { digest: image.digest(), image, location: "registry.example/shop:1".parse().unwrap(), among: None }
}

fn inspect(source: &Source) -> Result<Inspection, LabelError> {
    describe(source, Summary::default(), Problems::default())
}

/// A part of what is told, with layers by their places.
fn told(source: &Source, parts: &[&str]) -> String {
    let all = serde_json::to_value(inspect(source).unwrap()).unwrap();
    let part: Value =
        parts.iter().map(|part| ((*part).to_owned(), all[part].clone())).collect::<serde_json::Map<_, _>>().into();
    let text = serde_json::to_string_pretty(&part).unwrap();
    let text = (0..source.image.layers().len())
        .fold(text, |text, at| text.replace(&layer(at).to_string(), &format!("{{{at}}}")));
    text.replace(&source.digest.to_string(), "DIGEST")
}

fn refused(source: &Source) -> String {
    let error = inspect(source).unwrap_err();
    format!("{error}: {}", std::error::Error::source(&error).unwrap())
}

/// As the reference implementation writes it.
fn lifecycle() -> Value {
    json!({
        "app": [{ "sha": "{3}" }],
        "sbom": { "sha": "{2}" },
        "buildpacks": [
            { "key": "acme/node", "version": "1.2.3", "layers": {
                "modules": { "sha": "{1}", "data": { "ratio": 0.25, "lock": "abc" }, "build": false, "launch": true, "cache": true }
            }, "store": { "metadata": { "seen": 3 } } },
            { "key": "acme/start", "version": "0.1", "layers": {} }
        ],
        "config": { "sha": "{5}" }, "launcher": { "sha": "{4}" }, "process-types": { "sha": "{6}" },
        "runImage": { "topLayer": "{0}", "reference": "registry.example/run@sha256:12", "image": "registry.example/run:1",
            "mirrors": ["mirror.example/run:1"] },
        "stack": { "runImage": { "image": "registry.example/run:1", "mirrors": ["mirror.example/run:1"] } },
        "unknown": [1.5, null]
    })
}

fn build() -> Value {
    json!({
        "bom": null,
        "buildpacks": [
            { "id": "acme/node", "version": "1.2.3", "homepage": "https://node.example" },
            { "id": "acme/start", "version": "0.1" }
        ],
        "extensions": [{ "id": "acme/curl", "version": "2" }],
        "launcher": { "version": "0.21.17", "source": { "git": { "repository": "https://git.example/lifecycle", "commit": "4bd4b13" } } },
        "processes": [
            { "type": "web", "command": ["node"], "args": ["server.js"], "direct": true, "buildpackID": "acme/start" },
            { "type": "task", "command": "rake db", "args": null, "direct": false, "working-dir": "/srv", "buildpackID": "acme/start" },
            { "type": "test", "command": ["npm", "test"], "args": null, "direct": true, "exec-env": ["test"], "buildpackID": "acme/node" }
        ],
        "buildpack-default-process-type": "web",
        "unknown": {}
    })
}

fn application(lifecycle: &Value, build: &Value, others: &[(&str, Value)]) -> Source {
    let mut labels = vec![(cnb::LIFECYCLE_METADATA, lifecycle.clone()), (cnb::BUILD_METADATA, build.clone())];
    labels.extend(others.iter().cloned());
    image(7, &labels, |config| {
        config.created = Some("1980-01-01T00:00:01Z".to_owned());
        config.config.entrypoint = vec!["/cnb/process/web".to_owned()];
        config.config.working_dir = "/workspace".to_owned();
        config.config.env = ["CNB_PLATFORM_API=0.14", "PATH=/cnb/process:/bin", "EMPTY="].map(str::to_owned).into();
        config.config.exposed_ports.insert("8080/tcp".to_owned(), json!({}));
        let made = |by: &str| History { created_by: Some(by.to_owned()), ..History::default() };
        config.history =
            ["base", "Layer: 'modules'", "Software Bill-of-Materials", "Application Layer"].map(made).into();
        config.history.insert(1, History { empty_layer: true, ..made("nothing") });
        config.history.extend(["launcher", "config", "types"].map(made));
    })
}

#[test]
fn l32_i30_i40_what_the_labels_of_an_application_say() {
    let others = [
        ("io.buildpacks.project.metadata", json!({ "source": { "type": "git", "version": { "commit": "0123abc" } } })),
        ("io.buildpacks.base.distro.name", json!("debian")),
        ("io.buildpacks.base.distro.version", json!("12")),
        ("io.buildpacks.base.maintainer", json!("somebody")),
        ("io.buildpacks.stack.mixins", json!(["curl"])),
        ("io.buildpacks.exec-env", json!("production")),
        ("org.example", json!("text")),
    ];
    let source = application(&lifecycle(), &build(), &others);
    let parts =
        ["kind", "platform", "run-image", "rebasable", "platform-api", "execution-environment", "launcher", "source"];
    insta::assert_snapshot!(told(&source, &parts), @r#"
    {
      "execution-environment": "production",
      "kind": "application",
      "launcher": {
        "commit": "4bd4b13",
        "repository": "https://git.example/lifecycle",
        "version": "0.21.17"
      },
      "platform": "linux/arm64/v8",
      "platform-api": "0.14",
      "rebasable": true,
      "run-image": {
        "image": "registry.example/run:1",
        "mirrors": [
          "mirror.example/run:1"
        ],
        "reference": "registry.example/run@sha256:12",
        "top-layer": "{0}"
      },
      "source": {
        "type": "git",
        "version": {
          "commit": "0123abc"
        }
      }
    }
    "#);
    insta::assert_snapshot!(told(&source, &["buildpacks", "extensions", "processes"]), @r#"
    {
      "buildpacks": [
        {
          "homepage": "https://node.example",
          "id": "acme/node",
          "store": {
            "seen": 3
          },
          "version": "1.2.3"
        },
        {
          "id": "acme/start",
          "version": "0.1"
        }
      ],
      "extensions": [
        {
          "id": "acme/curl",
          "version": "2"
        }
      ],
      "processes": [
        {
          "arguments": [
            "server.js"
          ],
          "buildpack": "acme/start",
          "command": [
            "node"
          ],
          "default": true,
          "type": "web"
        },
        {
          "buildpack": "acme/start",
          "command": [
            "rake db"
          ],
          "default": false,
          "shell": true,
          "type": "task",
          "working-directory": "/srv"
        },
        {
          "buildpack": "acme/node",
          "command": [
            "npm",
            "test"
          ],
          "default": false,
          "execution-environments": [
            "test"
          ],
          "type": "test"
        }
      ]
    }
    "#);
    insta::assert_snapshot!(told(&source, &["base", "environment", "entrypoint", "ports", "labels", "problems"]), @r#"
    {
      "base": {
        "distribution": "debian 12",
        "maintainer": "somebody",
        "mixins": [
          "curl"
        ]
      },
      "entrypoint": [
        "/cnb/process/web"
      ],
      "environment": {
        "CNB_PLATFORM_API": "0.14",
        "EMPTY": "",
        "PATH": "/cnb/process:/bin"
      },
      "labels": {
        "io.buildpacks.exec-env": "production",
        "org.example": "text"
      },
      "ports": [
        "8080/tcp"
      ],
      "problems": null
    }
    "#);
}

#[test]
fn i30_i51_layers_are_what_the_label_says_they_are() {
    let source = application(&lifecycle(), &build(), &[]);
    let layers = inspect(&source).unwrap().layers;
    let line =
        |it: &InspectedLayer| format!("{} ({}) {:?}", it.name, it.created_by, it.uses.as_ref().map(|uses| &uses.data));
    insta::assert_snapshot!(layers.iter().map(line).collect::<Vec<_>>().join("\n"), @r#"
    run image (base) None
    acme/node:modules (Layer: 'modules') Some(Object {"lock": String("abc"), "ratio": Number(0.25)})
    bill of materials (Software Bill-of-Materials) None
    application (Application Layer) None
    launcher (launcher) None
    configuration (config) None
    process types (types) None
    "#);
}

#[test]
fn l32_without_labels_there_is_what_every_image_has() {
    let source = image(1, &[("maintainer", json!("x"))], |_| {});
    insta::assert_snapshot!(told(&source, &["kind", "digest", "platform", "user", "labels", "layers", "buildpacks"]), @r#"
    {
      "buildpacks": null,
      "digest": "DIGEST",
      "kind": "other",
      "labels": {
        "maintainer": "x"
      },
      "layers": [
        {
          "diff-id": "{0}",
          "digest": "{0}",
          "media-type": "application/vnd.oci.image.layer.v1.tar+gzip",
          "name": "unknown",
          "size": 1
        }
      ],
      "platform": "linux/arm64/v8",
      "user": ""
    }
    "#);
    let base = image(1, &[("io.buildpacks.stack.id", json!("io.example"))], |_| {});
    assert_eq!(inspect(&base).unwrap().kind, ImageKind::Base);
}

#[test]
fn l31_an_image_says_why_it_cannot_be_rebased() {
    let check = |change: &dyn Fn(&mut Value), label: Option<&str>, history: bool| {
        let mut lifecycle = lifecycle();
        change(&mut lifecycle);
        let labels = [(cnb::LIFECYCLE_METADATA, lifecycle), (cnb::BUILD_METADATA, build())];
        let labels = labels.into_iter().chain(label.map(|text| ("io.buildpacks.rebasable", json!(text))));
        let source = image(7, &labels.collect::<Vec<_>>(), |config| {
            config.history = vec![History::default(); if history { 3 } else { 7 }];
        });
        inspect(&source).unwrap().application.unwrap().rebase_obstacles.join("; ")
    };
    let same = |_: &mut Value| {};
    assert_eq!(check(&same, None, false), "");
    assert_eq!(check(&same, Some("true"), false), "");
    assert_eq!(check(&same, Some("false"), false), "its label `io.buildpacks.rebasable` is `false`");
    assert_eq!(check(&same, None, true), "its history has 3 entries for 7 layers");
    let top = |text: &'static str| move |label: &mut Value| label["runImage"]["topLayer"] = text.into();
    assert!(check(&top(""), None, false).contains("names no `runImage.topLayer`"));
    assert!(check(&top("{3}"), None, false).contains("is below"));
}

#[test]
fn l33_l34_what_would_confuse_other_tools_is_told() {
    let mut build = build();
    build["processes"][0]["command"] = json!([]);
    build["processes"][1]["type"] = "web2".into();
    let others = [
        ("io.buildpacks.rebasable", json!("maybe")),
        ("io.buildpacks.project.metadata", json!("{")),
        ("io.buildpacks.stack.mixins", json!({ "a": 1 })),
    ];
    let mut lifecycle = lifecycle();
    lifecycle["sbom"]["sha"] = Digest::of(b"elsewhere").to_string().into();
    insta::assert_snapshot!(told(&application(&lifecycle, &build, &others), &["problems"]), @r#"
    {
      "problems": [
        {
          "about": "io.buildpacks.rebasable",
          "reason": "it is `maybe`, which is neither `true` nor `false`"
        },
        {
          "about": "io.buildpacks.project.metadata",
          "reason": "it cannot be read: EOF while parsing an object at line 1 column 1"
        },
        {
          "about": "io.buildpacks.build.metadata",
          "reason": "the process `web` has no command"
        },
        {
          "about": "io.buildpacks.stack.mixins",
          "reason": "it cannot be read: invalid type: map, expected a sequence at line 1 column 0"
        }
      ]
    }
    "#);
}

#[test]
fn labels_that_matter_are_refused_if_they_cannot_be_read() {
    let check = |key: &str, value: &Value| refused(&image(1, &[(key, value.clone())], |_| {}));
    let text = |text: &str| Value::from(text);
    insta::assert_snapshot!(check(cnb::LIFECYCLE_METADATA, &text("{")), @"could not read the label `io.buildpacks.lifecycle.metadata`: EOF while parsing an object at line 1 column 1");
    insta::assert_snapshot!(check(cnb::LIFECYCLE_METADATA, &json!({ "buildpacks": 5 })), @"could not read the label `io.buildpacks.lifecycle.metadata`: invalid type: integer `5`, expected a sequence at line 1 column 15");
    insta::assert_snapshot!(check(cnb::LIFECYCLE_METADATA, &json!({ "app": [{ "sha": "md5:1" }] })), @"could not read the label `io.buildpacks.lifecycle.metadata`: `md5:1` is not a digest: expected `sha256:` or `sha512:` and hexadecimal digits in lower case at line 1 column 23");
    insta::assert_snapshot!(check(cnb::BUILD_METADATA, &json!({ "processes": [{ "type": "web", "command": { } }] })), @"could not read the label `io.buildpacks.build.metadata`: data did not match any variant of untagged enum Command at line 1 column 27");
    insta::assert_snapshot!(check(cnb::BUILD_METADATA, &text(r#"{ "processes": [], "processes": [] }"#)), @"could not read the label `io.buildpacks.build.metadata`: duplicate field `processes` at line 1 column 30");
    insta::assert_snapshot!(check(cnb::BUILDER_METADATA, &json!([])), @"could not read the label `io.buildpacks.builder.metadata`: invalid type: sequence, expected a map at line 1 column 0");
    insta::assert_snapshot!(check(cnb::PACKAGE_METADATA, &json!({ "id": ["x"] })), @"could not read the label `io.buildpacks.buildpackage.metadata`: invalid type: sequence, expected a string at line 1 column 6");
    let deep = format!("{}{}", r#"{"buildpacks":[{"key":"a","store":{"metadata":"#, "[".repeat(100_000));
    assert!(check(cnb::LIFECYCLE_METADATA, &text(&deep)).contains("recursion limit exceeded"));
}

/// Whatever stands in whichever label, there is an answer.
#[test]
fn no_label_breaks_it() {
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!("x"),
        json!(""),
        json!([]),
        json!({}),
        json!([null]),
        json!([[]]),
        json!([{}]),
        json!({ "": { "": {} } }),
        json!({ "a": { "1": { "order": [{ "group": [{ "id": "a" }] }] } } }),
        json!({ "group": null }),
        json!({ "buildpacks": null, "lifecycle": null, "images": [{}], "runImage": null, "layers": {} }),
        json!("\u{1b}[2J\u{9b}\u{202e}"),
        json!({ "source": { "\u{1b}": ["\u{7}"] } }),
    ];
    let keys = [
        cnb::LIFECYCLE_METADATA,
        cnb::BUILD_METADATA,
        cnb::PROJECT_METADATA,
        cnb::BUILDER_METADATA,
        cnb::ORDER,
        cnb::ORDER_EXTENSIONS,
        cnb::SYSTEM_BUILDPACKS,
        cnb::PACKAGE_METADATA,
        cnb::BUILDPACK_MODULES,
        cnb::EXTENSION_MODULES,
        "io.buildpacks.rebasable",
        "io.buildpacks.stack.mixins",
        "io.buildpacks.exec-env",
    ];
    for (key, value) in keys.iter().flat_map(|key| values.iter().map(move |value| (key, value))) {
        // Alone, and beside what makes the image a builder, a package or an application.
        let sound = [
            (cnb::BUILDER_METADATA, json!({})),
            (cnb::PACKAGE_METADATA, json!({ "id": "a", "version": "1" })),
            (cnb::LIFECYCLE_METADATA, lifecycle()),
        ];
        for beside in std::iter::once(None).chain(sound.iter().map(Some)) {
            let quoted = [(*key, value.clone()), (*key, Value::from(value.to_string()))];
            for label in quoted {
                let labels: Vec<_> =
                    beside.into_iter().filter(|(beside, _)| *beside != *key).cloned().chain([label]).collect();
                let _ = inspect(&image(7, &labels, |_| {}));
            }
        }
    }
}

#[test]
fn the_largest_label_that_fits_is_read() {
    let many: Vec<Value> = (0..30_000).map(|at| json!({ "id": format!("acme/{at}"), "version": "1" })).collect();
    let build = json!({ "buildpacks": many, "processes": [] });
    assert!(build.to_string().len() < MAX_CONFIG);
    let source = application(&lifecycle(), &build, &[]);
    assert_eq!(inspect(&source).unwrap().application.unwrap().buildpacks.len(), 30_000);
}

/// A builder's labels, as the reference implementation writes them.
fn builder(order: &Value, modules: &Value, others: &[(&str, Value)]) -> Source {
    let metadata = json!({
        "description": "builds everything",
        "buildpacks": [
            { "id": "acme/java", "version": "1", "homepage": "https://java.example" },
            { "id": "acme/jre", "name": "A Java runtime", "version": "2.0" }
        ],
        "extensions": null,
        "stack": { "runImage": { "image": "registry.example/run:1", "mirrors": null } },
        "lifecycle": {
            "version": "0.20.1",
            "api": { "buildpack": "0.7", "platform": "0.7" },
            "apis": { "buildpack": { "deprecated": null, "supported": ["0.10", "0.11"] },
                "platform": { "deprecated": ["0.3"], "supported": ["0.13"] } }
        },
        "createdBy": { "name": "Pack CLI", "version": "0.40.6" },
        "images": [{ "image": "registry.example/run:1", "mirrors": ["mirror.example/run:1"] }]
    });
    let labels =
        [(cnb::BUILDER_METADATA, metadata), (cnb::ORDER, order.clone()), (cnb::BUILDPACK_MODULES, modules.clone())];
    let labels: Vec<_> = labels.into_iter().chain(others.iter().cloned()).collect();
    image(2, &labels, |config| config.config.env = ["CNB_USER_ID=1000", "CNB_GROUP_ID=1001"].map(str::to_owned).into())
}

fn group(ids: &[&str]) -> Value {
    let entry = |id: &&str| match id.split_once('@') {
        Some((id, version)) => json!({ "id": id, "version": version }),
        None => json!({ "id": id, "optional": true }),
    };
    json!({ "group": ids.iter().map(entry).collect::<Vec<_>>() })
}

#[test]
fn d22_d23_what_the_labels_of_a_builder_say() {
    let modules = json!({
        "acme/java": { "1": { "api": "0.10", "order": [group(&["acme/jre@2.0", "acme/none@3"]), group(&["acme/jre"])],
            "layerDiffID": "{1}" } },
        "acme/jre": { "2.0": { "api": "0.10", "stacks": null, "layerDiffID": "{1}", "name": "other",
            "targets": [{ "os": "linux", "arch": "amd64", "distros": [{ "name": "debian", "version": "12" }] }, { "os": "linux" }] } }
    });
    let system = json!({ "pre": { "buildpacks": [{ "id": "acme/jre", "version": "2.0" }] }, "post": null });
    let others = [(cnb::SYSTEM_BUILDPACKS, system), (cnb::ORDER_EXTENSIONS, json!(null))];
    let source = builder(&json!([group(&["acme/java@1"])]), &modules, &others);
    insta::assert_snapshot!(told(&source, &["kind", "builder", "problems"]), @r#"
    {
      "builder": {
        "build-user": "1000:1001",
        "buildpacks": [
          {
            "api": "0.10",
            "composite": true,
            "homepage": "https://java.example",
            "id": "acme/java",
            "layer": "{1}",
            "version": "1"
          },
          {
            "api": "0.10",
            "id": "acme/jre",
            "layer": "{1}",
            "name": "A Java runtime",
            "targets": [
              "linux/amd64 debian@12",
              "linux"
            ],
            "version": "2.0"
          }
        ],
        "created-by": "Pack CLI 0.40.6",
        "description": "builds everything",
        "lifecycle": {
          "buildpack-apis": [
            "0.10",
            "0.11"
          ],
          "deprecated-platform-apis": [
            "0.3"
          ],
          "platform-apis": [
            "0.13"
          ],
          "version": "0.20.1"
        },
        "order": [
          {
            "group": [
              {
                "id": "acme/java",
                "order": [
                  {
                    "group": [
                      {
                        "id": "acme/jre",
                        "version": "2.0"
                      },
                      {
                        "id": "acme/none",
                        "missing": true,
                        "version": "3"
                      }
                    ]
                  },
                  {
                    "group": [
                      {
                        "id": "acme/jre",
                        "optional": true,
                        "version": "2.0"
                      }
                    ]
                  }
                ],
                "version": "1"
              }
            ]
          }
        ],
        "run-images": [
          {
            "image": "registry.example/run:1",
            "mirrors": [
              "mirror.example/run:1"
            ]
          }
        ],
        "system-before": [
          {
            "id": "acme/jre",
            "version": "2.0"
          }
        ]
      },
      "kind": "builder",
      "problems": null
    }
    "#);
    let names: Vec<String> = inspect(&source).unwrap().layers.into_iter().map(|layer| layer.name).collect();
    assert_eq!(names, ["unknown", "acme/java@1, acme/jre@2.0"]);
}

#[test]
fn d23_cycles_are_marked_and_what_is_endless_is_shortened() {
    let composite = |order: Value| json!({ "1": { "order": order, "layerDiffID": "{0}" } });
    let cyclic = json!({ "a": composite(json!([group(&["b@1"])])), "b": composite(json!([group(&["a@1"])])) });
    let source = builder(&json!([group(&["a@1"])]), &cyclic, &[]);
    let inspection = inspect(&source).unwrap();
    let order = serde_json::to_string(&inspection.builder.unwrap().order).unwrap();
    assert_eq!(
        order,
        r#"[{"group":[{"id":"a","version":"1","order":[{"group":[{"id":"b","version":"1","order":[{"group":[{"id":"a","version":"1","cyclic":true}]}]}]}]}]}]"#
    );

    // Ten times each: ten to the twentieth.
    let chain: serde_json::Map<String, Value> =
        (0..20).map(|at| (format!("m{at}"), composite(json!(vec![group(&[&format!("m{}@1", at + 1)]); 10])))).collect();
    let source = builder(&json!([group(&["m0@1"])]), &chain.into(), &[]);
    let inspection = inspect(&source).unwrap();
    let about: Vec<&str> = inspection.problems.iter().map(|problem| problem.about.as_str()).collect();
    assert!(about.contains(&cnb::ORDER), "{about:?}");
    let order = serde_json::to_string(&inspection.builder.unwrap().order).unwrap();
    assert!(order.len() < 2 << 20 && order.contains("shortened"), "{} bytes", order.len());
    serde_json::from_str::<Value>(&order).unwrap();
}

#[test]
fn d4_d5_d6_what_the_labels_of_a_package_say() {
    let metadata = json!({ "id": "acme/java", "version": "1", "homepage": "https://java.example", "description": "Java",
        "licenses": [{ "Type": "MIT", "URI": "" }], "stacks": [{ "id": "*" }] });
    let modules = json!({
        "acme/java": { "1": { "api": "0.10", "order": [group(&["acme/jre@2.0"])], "layerDiffID": "{0}", "stacks": null } },
        "acme/jre": { "2.0": { "api": "0.10", "stacks": [{ "id": "*" }], "layerDiffID": "sha256:no" } }
    });
    let labels = [(cnb::PACKAGE_METADATA, metadata.clone()), (cnb::BUILDPACK_MODULES, modules)];
    insta::assert_snapshot!(told(&image(1, &labels, |_| {}), &["kind", "package", "problems"]), @r#"
    {
      "kind": "buildpackage",
      "package": {
        "api": "0.10",
        "buildpacks": [
          {
            "api": "0.10",
            "composite": true,
            "id": "acme/java",
            "layer": "{0}",
            "version": "1"
          },
          {
            "api": "0.10",
            "id": "acme/jre",
            "layer": "sha256:no",
            "stacks": [
              "*"
            ],
            "version": "2.0"
          }
        ],
        "composite": true,
        "description": "Java",
        "homepage": "https://java.example",
        "id": "acme/java",
        "layer": "{0}",
        "licenses": [
          "MIT"
        ],
        "order": [
          {
            "group": [
              {
                "id": "acme/jre",
                "version": "2.0"
              }
            ]
          }
        ],
        "version": "1"
      },
      "problems": [
        {
          "about": "io.buildpacks.buildpack.layers",
          "reason": "the layer of `acme/jre@2.0`, `sha256:no`, is not in the image"
        }
      ]
    }
    "#);
    let lonely = image(1, &[(cnb::PACKAGE_METADATA, metadata)], |_| {});
    insta::assert_snapshot!(told(&lonely, &["problems"]), @r#"
    {
      "problems": [
        {
          "about": "io.buildpacks.buildpack.layers",
          "reason": "the image has no such label, which packages of buildpacks need"
        },
        {
          "about": "io.buildpacks.buildpackage.metadata",
          "reason": "`acme/java@1`, which the package is of, is not in it"
        }
      ]
    }
    "#);
}

#[test]
fn d10_a_package_of_an_extension() {
    let metadata = json!({ "id": "acme/curl", "version": "2", "stacks": null });
    let modules = json!({ "acme/curl": { "2": { "api": "0.10", "layerDiffID": "{0}" } } });
    let labels = [(cnb::PACKAGE_METADATA, metadata), (cnb::EXTENSION_MODULES, modules)];
    insta::assert_snapshot!(told(&image(1, &labels, |_| {}), &["kind", "package", "problems"]), @r#"
    {
      "kind": "extension-package",
      "package": {
        "api": "0.10",
        "extensions": [
          {
            "api": "0.10",
            "id": "acme/curl",
            "layer": "{0}",
            "version": "2"
          }
        ],
        "id": "acme/curl",
        "layer": "{0}",
        "version": "2"
      },
      "problems": null
    }
    "#);
}

#[test]
fn i73_bills_of_materials_tell_of_packages() {
    let document = r#"{ "bomFormat": "CycloneDX", "components": [{ "name": "nginx", "version": "1.22.1" }] }"#;
    let check = |packages: &str| {
        let mut files = Tree::new();
        let directory = "layers/sbom/launch";
        files.insert(&format!("{directory}/_system/packages/sbom.cdx.json"), Node::file(packages)).unwrap();
        files
            .insert(&format!("{directory}/acme_x/sbom.syft.json"), Node::file("no JSON, and none that is read"))
            .unwrap();
        let mut problems = Problems::default();
        let summary = summary::of(&files, &mut problems);
        format!("{:?} {:?} {}", summary.bill.formats, summary.packages, Vec::from(problems).len())
    };
    insta::assert_snapshot!(check(document), @r#"["cyclonedx", "syft"] [InspectedPackage { name: "nginx", version: "1.22.1" }] 0"#);
    insta::assert_snapshot!(check("{"), @r#"["cyclonedx", "syft"] [] 1"#);
}

#[test]
fn one_of_several_says_what_else_there_is() {
    let mut source = image(0, &[], |_| {});
    source.among = Some(["linux/amd64", "linux/arm64/v8"].map(|platform| platform.parse().unwrap()).into());
    insta::assert_snapshot!(told(&source, &["platform", "platforms"]), @r#"
    {
      "platform": "linux/arm64/v8",
      "platforms": [
        "linux/amd64",
        "linux/arm64/v8"
      ]
    }
    "#);
}

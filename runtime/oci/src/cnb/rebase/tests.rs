//! Images of Wattle and of the reference implementation, put on newer run images.

mod refusals;

use super::*;
use crate::cnb::{self, Application, Buildpack, CREATED, LaunchLayer, Process, ProjectMetadata};
use crate::layer::Owner;
use crate::{Descriptor, Reference, media};
use proptest::prelude::*;
use serde_json::{Value, json};

fn layer(name: &str) -> Layer {
    let descriptor = Descriptor::new(media::LAYER_GZIP, Digest::of(format!("{name}.gz").as_bytes()), 9);
    Layer { diff_id: Digest::of(name.as_bytes()), descriptor, blob: None }
}

fn image(config: &Value, layers: &[Layer], docker: bool, annotations: &Value) -> Image {
    let config = serde_json::to_vec(config).unwrap();
    let types = if docker {
        [media::DOCKER_MANIFEST, media::DOCKER_CONFIG, media::DOCKER_LAYER_GZIP]
    } else {
        [media::MANIFEST, media::CONFIG, media::LAYER_GZIP]
    };
    let blob = |layer: &Layer| {
        let Descriptor { digest, size, .. } = &layer.descriptor;
        json!({"mediaType": types[2], "digest": digest.to_string(), "size": size})
    };
    let manifest = json!({
        "schemaVersion": 2, "mediaType": types[0],
        "config": {"mediaType": types[1], "digest": Digest::of(&config).to_string(), "size": config.len()},
        "layers": layers.iter().map(blob).collect::<Vec<_>>(), "annotations": annotations
    });
    Image::new(serde_json::to_vec(&manifest).unwrap(), config).unwrap()
}

/// A run image of two layers, `release` of Debian 12.
fn run_image(release: &str, edit: impl FnOnce(&mut Value)) -> Image {
    let layers = [layer(&format!("{release}-1")), layer(&format!("{release}-2"))];
    let mut config = json!({
        "architecture": "arm64", "variant": "v8", "os": "linux", "os.version": release,
        "config": {
            "User": "1000:1000", "Env": ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"], "Cmd": ["/bin/sh"],
            "Labels": {
                "io.buildpacks.base.distro.name": "debian", "io.buildpacks.base.distro.version": "12",
                "io.buildpacks.base.released": release, "io.buildpacks.stack.id": "some.stack", "maintainer": "somebody"
            }
        },
        "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|it| it.diff_id.to_string()).collect::<Vec<_>>()},
        "history": [
            {"created_by": format!("ADD {release}")}, {"created_by": "ENV", "empty_layer": true}, {"created_by": "RUN update"}
        ]
    });
    edit(&mut config);
    image(&config, &layers, false, &json!({"org.opencontainers.image.version": release}))
}

fn named<'a>(image: &'a Image, name: &str) -> NewBase<'a> {
    let name: Reference = name.parse().unwrap();
    NewBase { image, reference: name.at(image.digest()).to_string(), name: BaseName::Registry(name) }
}

/// An image as Wattle makes them.
fn wattle(base: &NewBase) -> Image {
    let node = LaunchLayer {
        name: "runtime".to_owned(),
        layer: layer("runtime"),
        data: json!({"version": "22.4.1"}),
        build: false,
        cache: true,
    };
    let process = Process {
        kind: "web".to_owned(),
        command: vec!["node".to_owned()],
        args: Vec::new(),
        direct: true,
        working_dir: None,
        buildpack_id: "wattle/node".to_owned(),
        exec_env: Vec::new(),
    };
    let application = Application {
        packages: None,
        buildpacks: vec![Buildpack {
            id: "wattle/node".to_owned(),
            version: "0.1.0".to_owned(),
            homepage: None,
            layers: vec![node],
            store: None,
        }],
        sboms: Vec::new(),
        slices: Vec::new(),
        app: vec![layer("app")],
        workspace: cnb::APP_DIR.to_owned(),
        launcher: layer("launcher"),
        processes: vec![process],
        default_process: Some("web".to_owned()),
        execution_environment: cnb::PRODUCTION.to_owned(),
        labels: BTreeMap::new(),
        user_labels: BTreeMap::new(),
        user: None,
        project: ProjectMetadata::default(),
        run_image_reference: base.reference.clone(),
        run_image_name: RunImageName { image: base.name.to_string(), mirrors: vec!["m.example/run:12".to_owned()] },
        owner: Owner { uid: 1000, gid: 1000 },
        created: CREATED.to_owned(),
    };
    cnb::compose(base.image, application).unwrap()
}

/// What the reference implementation writes: escapes, numbers that are no integers any more, keys that we do not know, blank
/// history, media types of Docker.
const REFERENCE_LABEL: &str = r#"{"app":[{"sha":"APP"}],"sbom":{"sha":"SBOM"},"buildpacks":[{"key":"a/b","version":"1","layers":{"jre":{"sha":"JRE","data":{"url":"x?a=1\u0026b=2","n":1.0,"big":9007199254740993},"build":false,"launch":true,"cache":false}}}],"config":{"sha":"CONFIG"},"launcher":{"sha":"LAUNCHER"},"process-types":{"sha":"TYPES"},"unknown":{"b":1,"a":2},"runImage":{"topLayer":"TOP","reference":"index.docker.io/some/run@DIGEST","image":"some/run:12","mirrors":["r.example/run:12"]},"stack":{"runImage":{"image":"some/run:12","mirrors":["r.example/run:12"]}}}"#;
const REFERENCE_LAYERS: [&str; 6] = ["JRE", "SBOM", "APP", "LAUNCHER", "CONFIG", "TYPES"];

fn reference(base: &Image, edit: impl FnOnce(&mut Value, &mut String)) -> Image {
    let mut label = REFERENCE_LABEL.replace("DIGEST", &base.digest().to_string());
    for name in REFERENCE_LAYERS {
        label = label.replace(&format!("\"{name}\""), &format!("\"{}\"", layer(name).diff_id));
    }
    label = label.replace("\"TOP\"", &format!("\"{}\"", base.layers()[1].diff_id));
    let layers: Vec<Layer> = base.layers().iter().cloned().chain(REFERENCE_LAYERS.map(layer)).collect();
    let mut config: Value = serde_json::from_slice(base.config().bytes()).unwrap();
    config["created"] = CREATED.into();
    config["author"] = "somebody".into();
    config["rootfs"]["diff_ids"] = layers.iter().map(|layer| layer.diff_id.to_string()).collect();
    config["history"] = vec![json!({"created": CREATED}); layers.len()].into();
    config["config"]["Env"] = json!([
        "PATH=/cnb/process:/cnb/lifecycle:/usr/bin:/bin",
        "LANG=C.UTF-8",
        "CNB_LAYERS_DIR=/layers",
        "CNB_APP_DIR=/workspace",
        "CNB_PLATFORM_API=0.15",
        "CNB_DEPRECATION_MODE=quiet"
    ]);
    edit(&mut config, &mut label);
    if config["config"]["Labels"][LIFECYCLE_METADATA].is_null() {
        config["config"]["Labels"][LIFECYCLE_METADATA] = label.into();
    }
    image(&config, &layers, true, &Value::Null)
}

fn without_digests(text: &str, names: &[(&str, Digest)]) -> String {
    names.iter().fold(text.to_owned(), |text, (name, digest)| text.replace(&digest.to_string(), name))
}

#[test]
fn i83_i85_i87_a9_it_is_the_image_that_a_build_on_the_new_run_image_makes() {
    let (old, new) = (run_image("2026-01", |_| {}), run_image("2026-02", |_| {}));
    let (old, new) = (named(&old, "r.example/run:12"), named(&new, "r.example/run:12"));
    let rebased = rebase(&wattle(&old), &new, RebaseOptions::default()).unwrap();
    let built = wattle(&new);
    assert_eq!(rebased.image.config().value(), built.config().value());
    assert_eq!(rebased.image.digest(), built.digest());
    assert_eq!((rebased.removed, rebased.added, rebased.kept, rebased.changed), (2, 2, 5, true));
    assert!(rebased.notes.is_empty() && rebased.overridden.is_empty());
}

#[test]
fn what_is_up_to_date_stays_byte_for_byte() {
    let base = run_image("2026-01", |_| {});
    let ours = named(&base, "r.example/run:12");
    for image in [wattle(&ours), reference(&base, |_, _| {})] {
        let rebased = rebase(&image, &ours, RebaseOptions { force: true }).unwrap();
        assert!(!rebased.changed);
        assert_eq!(rebased.image.manifest().bytes(), image.manifest().bytes());
    }
    // It comes to rest, whatever it was.
    let new = run_image("2026-02", |_| {});
    let new = named(&new, "r.example/run:12");
    let once = rebase(&reference(&base, |_, _| {}), &new, RebaseOptions::default()).unwrap();
    let twice = rebase(&once.image, &new, RebaseOptions::default()).unwrap();
    assert_eq!((once.changed, twice.changed, once.image.digest()), (true, false, twice.image.digest()));
}

#[test]
fn i85_i90_i92_p91_w2_w14_w22_of_an_image_of_the_reference_only_the_run_image_changes() {
    let old = run_image("2026-01", |_| {});
    let new = run_image("2026-02", |config| {
        config["config"]["Labels"]["io.buildpacks.base.description"] = "new".into();
        config["config"]["Labels"]["other"] = "new".into();
        config["config"]["Env"] = json!(["PATH=/opt/bin:/bin", "LANG=C.UTF-8", "SSL_CERT_FILE=/certs"]);
        config["config"]["User"] = "2000".into();
    });
    let image = reference(&old, |_, _| {});
    let rebased = rebase(&image, &named(&new, "r.example/run:12"), RebaseOptions::default()).unwrap();
    let mut config: Value = serde_json::from_slice(rebased.image.config().bytes()).unwrap();
    let label = config["config"]["Labels"][LIFECYCLE_METADATA].as_str().unwrap().to_owned();
    let mut names: Vec<_> = REFERENCE_LAYERS.iter().map(|name| (*name, layer(name).diff_id)).collect();
    names.extend([
        ("NEW-TOP", layer("2026-02-2").diff_id),
        ("NEW-1", layer("2026-02-1").diff_id),
        ("NEW", new.digest()),
    ]);
    insta::assert_snapshot!(without_digests(&label, &names), @r#"{"app":[{"sha":"APP"}],"sbom":{"sha":"SBOM"},"buildpacks":[{"key":"a/b","version":"1","layers":{"jre":{"sha":"JRE","data":{"url":"x?a=1\u0026b=2","n":1.0,"big":9007199254740993},"build":false,"launch":true,"cache":false}}}],"config":{"sha":"CONFIG"},"launcher":{"sha":"LAUNCHER"},"process-types":{"sha":"TYPES"},"unknown":{"b":1,"a":2},"runImage":{"topLayer":"NEW-TOP","reference":"r.example/run@NEW","image":"some/run:12","mirrors":["r.example/run:12"]},"stack":{"runImage":{"image":"some/run:12","mirrors":["r.example/run:12"]}}}"#);
    config["config"]["Labels"][LIFECYCLE_METADATA] = "above".into();
    insta::assert_snapshot!(without_digests(&serde_json::to_string_pretty(&config).unwrap(), &names), @r#"
    {
      "architecture": "arm64",
      "author": "somebody",
      "config": {
        "Cmd": [
          "/bin/sh"
        ],
        "Env": [
          "PATH=/cnb/process:/cnb/lifecycle:/usr/bin:/bin",
          "LANG=C.UTF-8",
          "CNB_LAYERS_DIR=/layers",
          "CNB_APP_DIR=/workspace",
          "CNB_PLATFORM_API=0.15",
          "CNB_DEPRECATION_MODE=quiet"
        ],
        "Labels": {
          "io.buildpacks.base.description": "new",
          "io.buildpacks.base.distro.name": "debian",
          "io.buildpacks.base.distro.version": "12",
          "io.buildpacks.base.released": "2026-02",
          "io.buildpacks.lifecycle.metadata": "above",
          "io.buildpacks.stack.id": "some.stack",
          "maintainer": "somebody"
        },
        "User": "1000:1000"
      },
      "created": "1980-01-01T00:00:01Z",
      "history": [
        {
          "created_by": "ADD 2026-02"
        },
        {
          "created_by": "RUN update"
        },
        {
          "created": "1980-01-01T00:00:01Z"
        },
        {
          "created": "1980-01-01T00:00:01Z"
        },
        {
          "created": "1980-01-01T00:00:01Z"
        },
        {
          "created": "1980-01-01T00:00:01Z"
        },
        {
          "created": "1980-01-01T00:00:01Z"
        },
        {
          "created": "1980-01-01T00:00:01Z"
        }
      ],
      "os": "linux",
      "os.version": "2026-02",
      "rootfs": {
        "diff_ids": [
          "NEW-1",
          "NEW-TOP",
          "JRE",
          "SBOM",
          "APP",
          "LAUNCHER",
          "CONFIG",
          "TYPES"
        ],
        "type": "layers"
      },
      "variant": "v8"
    }
    "#);
    let notes: Vec<String> = rebased.notes.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(notes.join("\n"), @r#"
    `SSL_CERT_FILE` stays unset; the new run image has `/certs`
    `PATH` stays `/usr/bin:/bin`; the new run image has `/opt/bin:/bin`
    the user stays `1000:1000`; the new run image has `2000`
    "#);
    let types = rebased.image.manifest().value().layers.iter().map(|layer| layer.media_type.as_str());
    assert!(types.into_iter().all(|kind| kind == media::LAYER_GZIP), "no mixture of media types");
    let digests = |layers: &[Layer]| layers.iter().map(|layer| layer.descriptor.digest).collect::<Vec<_>>();
    assert_eq!(digests(&rebased.image.layers()[2..]), digests(&image.layers()[2..]), "layers of the application");
}

#[test]
fn i84_run_images_of_this_machine_go_by_what_they_are() {
    let (old, new) = (run_image("2026-01", |_| {}), run_image("2026-02", |_| {}));
    let local = |name: &str| NewBase {
        image: &new,
        name: BaseName::Local(name.to_owned()),
        reference: format!("{name}@{}", new.digest()),
    };
    let recorded = |image: &Image, name: &str| rebase(image, &local(name), RebaseOptions::default()).unwrap().new;
    let found = recorded(&reference(&old, plain), "copy");
    assert_eq!((found.image.as_str(), found.reference), ("some/run:12", format!("copy@{}", new.digest())));
    let from_directory = recorded(&reference(&old, plain), "copy");
    assert_eq!(from_directory.mirrors, ["r.example/run:12"]);
    let built = NewBase { image: &old, ..local("base") };
    assert_eq!(recorded(&wattle(&built), "other").image, "other");
}

#[test]
fn i86_a11_w7_the_platform_is_that_of_the_new_run_image() {
    let old = run_image("2026-01", |config| {
        config.as_object_mut().unwrap().remove("variant");
        config["os.features"] = json!(["old"]);
    });
    let new = run_image("2026-02", |_| {});
    for image in [wattle(&named(&old, "r.example/run:12")), reference(&old, plain)] {
        let rebased = rebase(&image, &named(&new, "r.example/run:12"), RebaseOptions::default()).unwrap().image;
        let config: Value = serde_json::from_slice(rebased.config().bytes()).unwrap();
        let fields = ["os", "architecture", "variant", "os.version", "os.features"].map(|name| config[name].clone());
        assert_eq!(json!(fields), json!(["linux", "arm64", "v8", "2026-02", null]));
        assert_eq!(config["author"], serde_json::from_slice::<Value>(image.config().bytes()).unwrap()["author"]);
    }
}

fn same(_: &mut Value) {}
fn plain(_: &mut Value, _: &mut String) {}

proptest! {
    /// Whatever stands in the label, the layers that are kept are all that the label says are not the run image's.
    #[test]
    fn i83_no_label_takes_the_application_away(at in 0..REFERENCE_LABEL.len(), with in "[\\x20-\\x7e]{0,3}", top in 0..9usize) {
        prop_assume!(REFERENCE_LABEL.is_char_boundary(at));
        let (old, new) = (run_image("2026-01", same), run_image("2026-02", same));
        let tops = ["2026-01-1", "2026-01-2", "JRE", "SBOM", "APP", "LAUNCHER", "CONFIG", "TYPES", "none"];
        let image = reference(&old, |_, label| {
            *label = label.replace(&layer("2026-01-2").diff_id.to_string(), &layer(tops[top]).diff_id.to_string());
            label.replace_range(at..at, &with);
        });
        if let Ok(rebased) = rebase(&image, &named(&new, "r.example/run:12"), RebaseOptions { force: true }) {
            let kept = rebased.image.layers();
            let lost = REFERENCE_LAYERS.iter().filter(|name| !kept.iter().any(|kept| kept.diff_id == layer(name).diff_id));
            // A name in the label may be damaged, and then nothing is known of that layer.
            prop_assert!(lost.count() <= usize::from(!with.is_empty()) && rebased.image.validate().is_ok());
        }
    }
}

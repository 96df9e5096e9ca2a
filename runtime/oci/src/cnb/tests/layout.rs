//! Sections 3.5, 3.6, 3.8 and 3.10 of the checklist: the layers, their order and what is in them, and the manifest.

use super::*;

#[test]
fn a10_i90_i92_w22_the_manifest_is_one_of_oci_throughout() {
    let image = compose(&base(|_| {}), shop()).unwrap();
    let manifest = image.manifest().value();
    assert!(manifest.layers.iter().all(|layer| layer.media_type == media::LAYER_GZIP));
    assert_eq!(manifest.config.media_type, media::CONFIG);
    assert_eq!(manifest.media_type.as_deref(), Some(media::MANIFEST));
    // What was packed before keeps its bytes.
    assert_eq!(manifest.layers[0].digest, Digest::of(b"base.gz"));
    assert_eq!(manifest.layers[1], layer("dependencies").descriptor);
    assert_eq!(manifest.annotations["org.opencontainers.image.version"], "13");
    // Only what was made here has bytes, and those are what they are said to be.
    let known: Vec<bool> = image.layers().iter().map(|layer| layer.blob.is_some()).collect();
    assert_eq!(known, [false, false, false, false, false, true, true]);
    image.validate().unwrap();
}

#[test]
fn p150_w1_equal_inputs_give_equal_images() {
    let mut other = shop();
    other.processes.reverse();
    other.buildpacks[0].layers.reverse();
    assert_eq!(compose(&base(|_| {}), other).unwrap().digest(), compose(&base(|_| {}), shop()).unwrap().digest());
}

#[test]
fn i32_packages_of_the_system_are_right_on_the_run_image_and_not_of_it() {
    let packages = Addition { layer: layer("packages"), created_by: "Packages: nginx".to_owned() };
    let (plain, base) = (compose(&base(|_| {}), shop()).unwrap(), base(|_| {}));
    let image = compose(&base, Application { packages: Some(packages.clone()), ..shop() }).unwrap();
    let below = base.layers().len();
    assert_eq!(image.layers()[below].diff_id, packages.layer.diff_id);
    assert_eq!(image.config().value().history[below].created_by.as_deref(), Some("Packages: nginx"));
    assert_eq!(label(&image, LIFECYCLE_METADATA), label(&plain, LIFECYCLE_METADATA));
}

#[test]
fn a9_i52_i53_w6_a_history_that_does_not_fit_the_layers_is_replaced() {
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
fn i55_i56_i66_i70_layers_stand_where_the_specification_says() {
    let paths = |source: crate::layer::Source| {
        let layer = Layer::in_memory(&source).unwrap();
        layer.validate().unwrap();
        layer.diff_id
    };
    let at = |path: &str, parents, tree: Tree, owner, order| {
        let root = crate::layer::Root { path: path.to_owned(), parents, tree, owner };
        paths(crate::layer::Source::new(vec![root], order).unwrap())
    };
    let mut tree = Tree::new();
    tree.insert("launcher", wattle_tree::Node::program("x")).unwrap();
    let expected = at("/cnb/lifecycle", Owner::ROOT, tree.clone(), Owner::ROOT, Directories);
    assert_eq!(paths(launcher("x".into()).unwrap()), expected);
    assert_eq!(
        paths(application(APP_DIR, Some(tree.clone()), OWNER).unwrap()),
        at("/workspace", Owner::ROOT, tree.clone(), OWNER, Paths)
    );
    let layer = crate::cnb::launch_layer("wattle/node", "runtime", tree.clone(), OWNER).unwrap();
    assert_eq!(paths(layer), at("/layers/wattle_node/runtime", OWNER, tree, OWNER, Directories));
}

#[test]
fn i50_i73_bills_of_materials_lie_between_the_layers_of_buildpacks_and_the_application() {
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

fn sbom(of: SbomOf) -> Sbom {
    Sbom { of, format: SbomFormat::Spdx, document: b"{}".to_vec() }
}

#[test]
fn i50_i51_i53_i60_every_layer_has_its_place_and_a_history_entry() {
    let application = Application {
        packages: Some(Addition { layer: layer("packages"), created_by: "Packages: nginx".to_owned() }),
        sboms: vec![sbom(SbomOf::Launcher)],
        slices: vec![Slice { paths: vec!["a".to_owned()] }, Slice { paths: vec!["b".to_owned()] }],
        app: ["one", "two", "three"].map(layer).into(),
        ..shop()
    };
    let image = compose(&base(|_| {}), application).unwrap();
    let history: Vec<&str> = image.config().value().history.iter().filter_map(|it| it.created_by.as_deref()).collect();
    assert_eq!(history.len(), image.layers().len());
    insta::assert_snapshot!(history.join("\n"), @r#"
    ADD / # buildkit
    Packages: nginx
    Layer: 'dependencies', Created by buildpack: wattle/node@0.1.0
    Layer: 'runtime', Created by buildpack: wattle/node@0.1.0
    Software Bill-of-Materials
    Application Slice: 1
    Application Slice: 2
    Application Slice: 3
    Buildpacks Application Launcher
    Buildpacks Launcher Config
    Buildpacks Process Types
    "#);
    let metadata = LifecycleMetadata::of(&image).unwrap().unwrap();
    let slices = ["one", "two", "three"].map(|name| Sha { sha: Some(Digest::of(name.as_bytes())) });
    assert_eq!(metadata.app, slices);
    let at = |sha: Sha| image.layers().iter().position(|layer| Some(layer.diff_id) == sha.sha).unwrap();
    assert_eq!(slices.map(at), [5, 6, 7]);
}

/// `mode owner path`, and the target of a link, for each entry of a layer that was made here.
fn entries(layer: &Layer) -> String {
    let mut tar = tar::Archive::new(flate2::read::MultiGzDecoder::new(layer.blob.as_ref().unwrap().reader()));
    let entries = tar.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        let header = entry.header();
        let target = entry.link_name().unwrap().map(|target| format!(" -> {}", target.display())).unwrap_or_default();
        let (mode, uid, gid) = (header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap());
        format!("{mode:o} {uid}:{gid} {}{target}\n", String::from_utf8_lossy(&entry.path_bytes()))
    });
    entries.collect()
}

#[test]
fn i55_i70_i71_i72_i73_l37_l38_l40_layers_of_the_platform_have_these_entries() {
    let sboms = vec![sbom(SbomOf::Launcher), sbom(SbomOf::Layer("wattle/node".to_owned(), "runtime".to_owned()))];
    let launcher = Layer::in_memory(&launcher("elf".into()).unwrap()).unwrap();
    let image = compose(&base(|_| {}), Application { sboms, launcher, ..shop() }).unwrap();
    let metadata = LifecycleMetadata::of(&image).unwrap().unwrap();
    let check = |sha: Sha| entries(image.layers().iter().find(|layer| Some(layer.diff_id) == sha.sha).unwrap());
    insta::assert_snapshot!(check(metadata.launcher), @r#"
    755 0:0 /cnb
    755 0:0 /cnb/lifecycle
    755 0:0 /cnb/lifecycle/launcher
    "#);
    insta::assert_snapshot!(check(metadata.process_types), @r#"
    755 0:0 /cnb
    755 0:0 /cnb/process
    755 0:0 /cnb/process/web -> /cnb/lifecycle/launcher
    755 0:0 /cnb/process/worker -> /cnb/lifecycle/launcher
    "#);
    insta::assert_snapshot!(check(metadata.config), @r#"
    755 1000:1000 /layers
    755 1000:1000 /layers/config
    644 1000:1000 /layers/config/metadata.toml
    "#);
    insta::assert_snapshot!(check(metadata.sbom.unwrap()), @r#"
    755 1000:1000 /layers
    755 1000:1000 /layers/sbom
    755 1000:1000 /layers/sbom/launch
    755 1000:1000 /layers/sbom/launch/buildpacksio_lifecycle
    755 1000:1000 /layers/sbom/launch/buildpacksio_lifecycle/launcher
    644 1000:1000 /layers/sbom/launch/buildpacksio_lifecycle/launcher/sbom.spdx.json
    644 1000:1000 /layers/sbom/launch/sbom.legacy.json
    755 1000:1000 /layers/sbom/launch/wattle_node
    755 1000:1000 /layers/sbom/launch/wattle_node/runtime
    644 1000:1000 /layers/sbom/launch/wattle_node/runtime/sbom.spdx.json
    "#);
}

#[test]
fn i63_w30_layers_that_are_there_twice_are_taken_as_they_are() {
    let twice = base(|config| {
        config["rootfs"]["diff_ids"] = json!(vec![Digest::of(b"base").to_string(); 2]);
    });
    let slices = vec![Slice { paths: vec!["nothing".to_owned()] }, Slice { paths: vec!["nothing else".to_owned()] }];
    let app = ["empty", "empty", "app"].map(layer).into();
    let image = compose(&twice, Application { slices, app, ..shop() }).unwrap();
    // Read as anybody would who finds it somewhere.
    let image = Image::new(image.manifest().bytes(), image.config().bytes()).unwrap();
    let found: Vec<Digest> = image.layers().iter().map(|layer| layer.diff_id).collect();
    assert_eq!(
        (found[0], found[1], found[4], found[5]),
        (found[1], layer("base").diff_id, found[5], layer("empty").diff_id)
    );
    assert_eq!(image.config().value().history.len(), found.len());
    assert_eq!(LifecycleMetadata::of(&image).unwrap().unwrap().app.len(), 3);
}

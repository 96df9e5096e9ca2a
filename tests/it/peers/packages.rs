//! Wattle inspects what pack packaged, and says of it what pack says.

use super::World;
use serde_json::Value;
use std::path::Path;
use wattle_test_support::{Files, run, skopeo};

/// A buildpack, one that stands for it, and how pack packages the two.
fn buildpacks() -> Files {
    let script = "#!/bin/sh\n";
    let files = Files::of([
        (
            "jre/buildpack.toml",
            "api = \"0.10\"\n[buildpack]\nid = \"acme/jre\"\nversion = \"2.1.0\"\nname = \"A Java runtime\"\n\
             homepage = \"https://jre.test\"\n[[targets]]\nos = \"linux\"\narch = \"amd64\"\n\
             [[targets.distros]]\nname = \"debian\"\nversion = \"12\"\n",
        ),
        ("jre/bin/detect", script),
        ("jre/bin/build", script),
        (
            "java/buildpack.toml",
            "api = \"0.10\"\n[buildpack]\nid = \"acme/java\"\nversion = \"1.0.0\"\nname = \"Java\"\n\
             description = \"builds Java\"\nkeywords = [\"java\"]\n[[buildpack.licenses]]\ntype = \"MIT\"\n\
             [[order]]\n[[order.group]]\nid = \"acme/jre\"\nversion = \"2.1.0\"\noptional = true\n",
        ),
        ("package.toml", "[buildpack]\nuri = \"java\"\n[[dependencies]]\nuri = \"jre\"\n[platform]\nos = \"linux\"\n"),
    ]);
    run("chmod", ["-R", "755", files.text()]);
    files
}

impl World {
    fn pack_makes(&self, args: &[&str]) {
        let _ = self.peers.run("pack", args).succeeds();
    }

    /// An image to build on: `run:1` with the user that builds.
    fn build_image(&self) -> String {
        let (files, _) = self.pulled("run:1");
        let layout = format!("{}:latest", files.join("pulled").display());
        let variables = ["CNB_USER_ID=1000", "CNB_GROUP_ID=1001"].iter().flat_map(|it| ["--config.env", it]);
        run("umoci", ["config", "--image", &layout].into_iter().chain(variables));
        let name = self.image("build:1");
        let to = format!("docker://{name}");
        skopeo(["copy", "--quiet", "--dest-tls-verify=false", &format!("oci:{layout}"), &to]);
        name
    }

    /// A lifecycle as builders take it.
    fn lifecycle(files: &Files) {
        let toml = "[api]\nplatform = \"0.7\"\nbuildpack = \"0.7\"\n[apis.buildpack]\ndeprecated = []\n\
                    supported = [\"0.10\", \"0.11\"]\n[apis.platform]\ndeprecated = [\"0.7\"]\nsupported = [\"0.14\"]\n\
                    [lifecycle]\nversion = \"0.21.17\"\n";
        std::fs::create_dir_all(files.join("lc/lifecycle")).unwrap();
        std::fs::write(files.join("lc/lifecycle.toml"), toml).unwrap();
        // What they are does not matter to a builder: pack looks at their names.
        let names =
            ["detector", "restorer", "analyzer", "builder", "exporter", "launcher", "creator", "extender", "rebaser"];
        for name in names {
            std::fs::write(files.join("lc/lifecycle").join(name), "#!/bin/sh\n").unwrap();
        }
        let (from, to) = (files.join("lc").display().to_string(), files.join("lc.tgz").display().to_string());
        run("chmod", ["-R", "755", &from]);
        run("tar", ["-czf", &to, "-C", &from, "lifecycle", "lifecycle.toml"]);
    }
}

fn inspected(name: &str) -> Value {
    crate::wattle().args(["inspect", "--format", "json", name]).run().succeeds().json_lines().pop().unwrap()
}

fn ids(modules: &Value) -> Vec<String> {
    let id = |it: &Value| format!("{}@{}", it["id"].as_str().unwrap(), it["version"].as_str().unwrap());
    let mut ids: Vec<String> = modules.as_array().unwrap().iter().map(id).collect();
    ids.sort();
    ids
}

#[test]
fn d1_d2_d4_d5_d6_wattle_inspects_what_pack_packaged() {
    let Some(world) = World::new() else { return };
    let files = buildpacks();
    let (config, file) = (files.join("package.toml"), files.join("java.cnb"));
    let text = |path: &Path| path.display().to_string();
    let (config, file, name) = (text(&config), text(&file), world.image("java:1"));
    world.pack_makes(&["buildpack", "package", &file, "--config", &config, "--format", "file"]);
    world.pack_makes(&["buildpack", "package", &name, "--config", &config, "--publish"]);
    let said = inspected(&name);
    assert_eq!((&said["kind"], &said["problems"]), (&"buildpackage".into(), &Value::Null));
    assert_eq!(inspected(&file)["package"], said["package"]);
    let package = &said["package"];
    assert_eq!(ids(&package["buildpacks"]), ["acme/java@1.0.0", "acme/jre@2.1.0"]);
    assert_eq!((&package["id"], &package["licenses"][0]), (&"acme/java".into(), &"MIT".into()));
    assert_eq!(package["order"][0]["group"][0]["id"], "acme/jre");
    assert_eq!(package["buildpacks"][1]["targets"][0], "linux/amd64 debian@12");
    assert!(said["layers"].as_array().unwrap().iter().all(|layer| layer["name"] != "unknown"), "{said:#}");
}

#[test]
fn d20_d21_d22_d23_wattle_inspects_what_pack_made_a_builder() {
    let Some(world) = World::new() else { return };
    let files = buildpacks();
    World::lifecycle(&files);
    let (run_image, mirror) = (world.image("run:1"), world.image("run:2"));
    let toml = format!(
        "description = \"for Java\"\n[[buildpacks]]\nuri = \"java\"\n[[buildpacks]]\nuri = \"jre\"\n[[order]]\n\
         [[order.group]]\nid = \"acme/java\"\nversion = \"1.0.0\"\n[build]\nimage = \"{}\"\n[[run.images]]\n\
         image = \"{run_image}\"\nmirrors = [\"{mirror}\"]\n[lifecycle]\nuri = \"lc.tgz\"\n",
        world.build_image(),
    );
    std::fs::write(files.join("builder.toml"), toml).unwrap();
    let (config, name) = (files.join("builder.toml").display().to_string(), world.image("builder:1"));
    world.pack_makes(&["builder", "create", &name, "--config", &config, "--publish"]);
    let said = inspected(&name);
    let builder = &said["builder"];
    assert_eq!((&said["kind"], &said["problems"]), (&"builder".into(), &Value::Null));
    // Beside what pack says of it itself.
    let theirs = world.peers.run("pack", ["builder", "inspect", &name, "--output", "json"]).succeeds();
    let theirs: Value = serde_json::from_str(&theirs.stdout).unwrap();
    let theirs = &theirs["remote_info"];
    assert_eq!(builder["description"], theirs["description"]);
    assert_eq!(ids(&builder["buildpacks"]), ids(&theirs["buildpacks"]));
    assert_eq!(builder["lifecycle"]["version"], theirs["lifecycle"]["version"]);
    assert_eq!(builder["lifecycle"]["buildpack-apis"], theirs["lifecycle"]["buildpack_apis"]["supported"]);
    assert_eq!(builder["lifecycle"]["deprecated-platform-apis"], theirs["lifecycle"]["platform_apis"]["deprecated"]);
    assert_eq!(builder["run-images"][0]["image"], theirs["run_images"][0]["name"]);
    let (ours, theirs) = (&builder["order"][0]["group"][0], &theirs["detection_order"][0]["buildpacks"][0]);
    assert_eq!(ours["id"], theirs["id"]);
    assert_eq!(ours["order"][0]["group"][0]["id"], "acme/jre");
    assert!(theirs.to_string().contains("acme/jre"), "{theirs:#}");
    assert_eq!(
        (&builder["build-user"], &ours["order"][0]["group"][0]["optional"]),
        (&"1000:1001".into(), &true.into())
    );
}

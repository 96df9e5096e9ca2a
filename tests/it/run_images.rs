//! Run images of real packages: what is in them, and that the programs in them start.

use crate::wattle;
use std::collections::BTreeSet;
use std::path::Path;
use wattle_test_support::{Bundle, Files, Image};

/// A directory with the description of a run image.
fn description(packages: &str, targets: &str) -> Files {
    let packages: Vec<String> = packages.split(' ').map(|name| format!("{name:?}")).collect();
    let text = format!("suite = \"bookworm\"\npackages = [{}]\ntargets = [{targets}]\n", packages.join(", "));
    Files::new().with("run.toml", text)
}

fn create(directory: &Files) {
    let output = format!("oci:{}", directory.join("image").display());
    let call = wattle().args(["run-image", "create", "--output", &output]);
    call.arg(directory.join("run.toml")).run().succeeds();
}

/// What a program of an image prints, on both streams.
#[track_caller]
fn printed<'a>(bundle: &Bundle, args: impl IntoIterator<Item = &'a str>) -> String {
    let output = bundle.run(args).succeeds();
    output.stdout + &output.stderr
}

/// The packages that a lock has for a target, and those that scanners find in an image.
fn locked_and_found(lock: &str, architecture: &str, root: &Path) -> [BTreeSet<String>; 2] {
    let start = format!("[[targets.{architecture}.package]]\n");
    let name = |entry: &str| entry.lines().next()?.strip_prefix("name = ").map(|name| name.replace('"', ""));
    let locked = lock.split("\n\n").filter_map(|entry| name(entry.strip_prefix(&start)?));
    let directory = root.join("var/lib/dpkg/status.d").read_dir().unwrap();
    let found = directory.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    [locked.collect(), found.collect()]
}

const CERTIFICATES: &str = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))";

#[test]
fn each_target_has_an_image_that_starts() {
    let directory = description("base-files ca-certificates nginx python3", r#""amd64", "arm64""#);
    create(&directory);
    for architecture in ["amd64", "arm64"] {
        let aside = directory.join("aside");
        let image = Image::of_index(&directory.join("image"), "latest", architecture, &aside);
        let label = |name: &str| image.config["config"]["Labels"][format!("io.buildpacks.base.{name}")].clone();
        assert_eq!(image.config["architecture"], architecture);
        assert_eq!([label("distro.name"), label("distro.version")], ["debian", "12"]);
        assert_eq!(image.config["config"]["User"], "1001:1000");

        let bundle = Bundle::unpack(&aside, architecture);
        let [locked, found] = locked_and_found(&directory.read("run.lock"), architecture, &bundle.root());
        assert!(found == locked && found.len() > 30, "{found:?}");
        let start = |args: [&str; 3]| match architecture {
            "amd64" => printed(&bundle, args),
            _ => bundle.emulate(args).succeeds().stdout,
        };
        let certificates: u32 = start(["/usr/bin/python3", "-c", CERTIFICATES]).trim().parse().unwrap();
        assert!(certificates > 100, "{certificates}");
    }
    let bundle = Bundle::unpack(&directory.join("aside"), "amd64").with_tmp();
    let nginx = printed(&bundle, ["/usr/sbin/nginx", "-v"]);
    assert!(nginx.starts_with("nginx version: nginx/1."), "{nginx}");
}

#[test]
fn a_c_library_is_enough() {
    let directory = description("base-files libc6", r#""amd64""#);
    create(&directory);
    let image = Image::verified(&directory.join("image"), "latest");
    let size = image.manifest["layers"][0]["size"].as_u64().unwrap();
    assert!(size <= 6_000_000, "{size}");
    let bundle = Bundle::unpack(&directory.join("image"), "latest");
    let version = printed(&bundle, ["/lib64/ld-linux-x86-64.so.2", "--version"]);
    assert!(version.starts_with("ld.so (Debian GLIBC 2.36"), "{version}");
}

#[test]
fn programs_of_many_packages_start() {
    let directory = description("base-files dash nodejs openjdk-17-jre-headless postgresql-client", r#""amd64""#);
    create(&directory);
    let bundle = Bundle::unpack(&directory.join("image"), "latest").with_tmp();
    let java = printed(&bundle, ["/usr/bin/java", "-version"]);
    assert!(java.starts_with("openjdk version \"17."), "{java}");
    let node = printed(&bundle, ["/usr/bin/node", "--print", "process.platform"]);
    assert_eq!(node, "linux\n");
    // A wrapper in Perl, which would tell of missing locales.
    let psql = printed(&bundle, ["/usr/bin/psql", "--version"]);
    assert!(psql.starts_with("psql (PostgreSQL) 15.") && psql.lines().count() == 1, "{psql}");
    let shell = printed(&bundle, ["/bin/sh", "-c", "echo $HOME; command -v psql"]);
    assert_eq!(shell, "/home/cnb\n/usr/bin/psql\n");
}

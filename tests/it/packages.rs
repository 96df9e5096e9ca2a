//! Packages over a run image, and what buildpacks make of them.

use crate::run_image::TinyRunImage;
use crate::wattle;
use std::path::Path;
use wattle_test_support::{Archive, Bundle, Call, Deb, Files, Image, Registry, inventory, run};

/// An application that needs nothing.
fn application() -> Files {
    Files::of([("Procfile", "web: tool")])
}

/// A system of Debian's, and a program for it.
fn archive() -> Archive {
    let release = "ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n";
    Archive::of([
        Deb::new("base").file("etc/os-release", 0o644, release).file("usr/lib/libbase.so", 0o644, "elf"),
        Deb::new("tool").field("Depends", "base, libtool").file("bin/tool", 0o755, "elf"),
        Deb::new("libtool").file("lib/libtool.so", 0o644, "elf"),
    ])
}

/// A build with the package `tool` over a run image.
fn build(application: &Files, run_image: &str, archive: &Archive, output: &Path) -> Call {
    let output = format!("oci:{}", output.display());
    let call = wattle().args(["build", "--platform", "linux/amd64", "--package", "tool", "--run-image", run_image]);
    call.args(archive.arguments()).args(["--output", &output]).arg(application.path())
}

/// Paths of the files that the layer over the run image's own brings.
fn added(layout: &Path) -> Vec<String> {
    let files = inventory(Image::verified(layout, "latest").tar(1));
    files.into_iter().filter(|(_, line)| line.starts_with("file")).map(|(path, _)| path).collect()
}

#[test]
fn over_a_run_image_of_a_registry() {
    let (archive, registry, directory) = (archive(), Registry::new(), application());
    let description = Files::of([("run.toml", "suite = \"bookworm\"\npackages = [\"base\"]\n")]);
    let base = registry.image("run/debian:12");
    let create = wattle().args(["run-image", "create", "--output", &base]).args(archive.arguments());
    create.arg(description.join("run.toml")).run().succeeds();
    let output = Files::new();
    build(&directory, &base, &archive, &output.join("image")).run().succeeds();
    // `base` is there, and `bin` and `lib` are links.
    let expected = ["usr/bin/tool", "usr/lib/libtool.so"];
    let status = ["libtool", "tool"].map(|name| format!("var/lib/dpkg/status.d/{name}"));
    assert_eq!(added(&output.join("image")), [expected.map(str::to_owned), status].concat());
}

#[test]
fn over_a_run_image_of_other_tools() {
    let (archive, tiny, output) = (archive(), TinyRunImage::amd64(), Files::new());
    let status = "Package: base\nStatus: install ok installed\nVersion: 1.0\nArchitecture: amd64\n\n\
                  Package: libtool\nStatus: deinstall ok config-files\nVersion: 1.0\nArchitecture: amd64\n";
    let release = "ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n";
    let files = Files::of([("status", status), ("os-release", release)]);
    for (file, place) in [("status", "/var/lib/dpkg/status"), ("os-release", "/etc/os-release")] {
        let image = tiny.name().replace("oci:", "");
        run("umoci", ["insert", "--image", &image, &files.join(file).to_string_lossy(), place]);
    }
    let application = application();
    build(&application, &tiny.name(), &archive, &output.join("image")).run().succeeds();
    let image = Image::verified(&output.join("image"), "latest");
    let layer = inventory(image.tar(3));
    let brought: Vec<_> = layer.keys().filter(|path| path.contains("status.d/") || path.contains("tool")).collect();
    insta::assert_debug_snapshot!(brought, @r#"
    [
        "usr/bin/tool",
        "usr/lib/libtool.so",
        "var/lib/dpkg/status.d/libtool",
        "var/lib/dpkg/status.d/tool",
    ]
    "#);
}

#[test]
fn over_a_run_image_that_is_not_debian() {
    let (archive, tiny, output, application) = (archive(), TinyRunImage::amd64(), Files::new(), application());
    let call = build(&application, &tiny.name(), &archive, &output.join("image"));
    insta::assert_snapshot!(call.calling(tiny.path(), "base").run().fails(2).failure(), @r#"
    error: packages cannot be added to the run image `oci:[base]/layout:latest`, which is of `tiny`: they come from Debian or Ubuntu
    hint: take a run image of Debian or Ubuntu, or none, for the default one
    "#);
    assert!(output.is_empty());
}

#[test]
fn a_package_that_is_asked_for_runs() {
    let (application, output) = (Files::of([("Procfile", "web: tree --version")]), Files::new());
    let call = wattle().args(["build", "--package", "tree", "--output"]);
    call.arg(format!("oci:{}", output.join("image").display())).arg(application.path()).run().succeeds();
    let said = Bundle::unpack(&output.join("image"), "latest").run([]).succeeds().stdout;
    assert!(said.starts_with("tree v2."), "{said}");
}

#[test]
fn a_site_is_served() {
    let (site, output) = (Files::copy_of("samples/static-site"), Files::new());
    let image = format!("oci:{}", output.join("site").display());
    wattle().args(["build", "--output", &image]).arg(site.path()).run().succeeds();
    let container = Bundle::unpack(&output.join("site"), "latest").with_tmp().start();
    let page = |path: &str| site.read(&format!("public/{path}"));
    let cached = |head: &str| head.lines().find_map(|line| line.strip_prefix("Cache-Control: ").map(str::to_owned));
    // What is not there may be there soon, and is not kept at all.
    for (path, status, file, cache) in [
        ("/", 200, "index.html", Some("no-cache")),
        ("/about", 200, "about.html", Some("no-cache")),
        ("/nope", 404, "404.html", None),
        ("/assets/app.502678d0.js", 200, "assets/app.502678d0.js", Some("public, max-age=31536000, immutable")),
    ] {
        let answer = container.get(path);
        let found = (answer.status, &answer.body, cached(&answer.head));
        assert_eq!(found, (status, &page(file), cache.map(str::to_owned)), "{path}");
    }
    assert_eq!(container.end_by("TERM"), 0);
}

//! With Debian's `docker-registry` (distribution 2.8) and `skopeo`.

#![expect(clippy::disallowed_methods, reason = "a test starts what it compares with")]

use crate::images::{at, bytes, explain, image, platform, read, transport, wait, without_bytes, write};
use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use wattle_oci::Image;
use wattle_transport::Outcome::{Linked, Mounted, Present, Sent};

/// A registry of its own for each test. Ends with it.
pub(crate) struct Registry {
    child: Child,
    pub(crate) host: String,
    _directory: TempDir,
}

impl Registry {
    pub(crate) fn start() -> Registry {
        Registry::with_tls(None)
    }

    /// One that shows this certificate and has this key, both in PEM.
    pub(crate) fn with_tls(tls: Option<(&str, &str)>) -> Registry {
        let directory = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("127.0.0.1:{port}");
        let path = |name: &str| directory.path().join(name);
        let mut config = "version: 0.1\nlog: { level: error, accesslog: { disabled: true } }\n".to_owned();
        writeln!(config, "storage: {{ filesystem: {{ rootdirectory: '{}' }} }}", path("data").display()).unwrap();
        writeln!(config, "http:\n  addr: {host}").unwrap();
        if let Some((certificate, key)) = tls {
            std::fs::write(path("tls.crt"), certificate).unwrap();
            std::fs::write(path("tls.key"), key).unwrap();
            let (certificate, key) = (path("tls.crt"), path("tls.key"));
            writeln!(config, "  tls: {{ certificate: '{}', key: '{}' }}", certificate.display(), key.display())
                .unwrap();
        }
        std::fs::write(path("config.yml"), config).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(path("config.yml")).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("`docker-registry` (Debian package `docker-registry`) is needed");
        let mut registry = Registry { child, host, _directory: directory };
        registry.wait_until_it_listens();
        registry
    }

    fn wait_until_it_listens(&mut self) {
        while TcpStream::connect(&self.host).is_err() {
            assert_eq!(self.child.try_wait().unwrap(), None, "`docker-registry` ended by itself");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn skopeo(args: &[&str]) -> String {
    let output = Command::new("skopeo").args(args).output().expect("`skopeo` (Debian package `skopeo`) is needed");
    assert!(output.status.success(), "skopeo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn sizes(image: &Image) -> u64 {
    let layers: u64 = image.layers().iter().map(|layer| layer.descriptor.size).sum();
    layers + (image.config().bytes().len() + image.manifest().bytes().len()) as u64
}

#[test]
fn b65_i64_what_is_written_is_what_is_read_and_is_sent_once() {
    let registry = Registry::start();
    let to = format!("{}/team/app:v1", registry.host);
    let image = image(&[bytes("a", 3), bytes("b", 5 << 20), bytes("a", 3), bytes("c", 0)]);

    let (first, outcomes) = write(&image, None, &to).unwrap();
    assert_eq!(outcomes, [Sent, Sent, Sent, Sent]);
    assert_eq!((first.digest, first.blobs_reused), (image.digest(), 0));
    assert_eq!(first.bytes_sent, first.size, "everything was new");
    assert_eq!(first.size, sizes(&image) - 3, "a layer that stands there twice is stored once");
    assert_eq!(first.reference, format!("{}/team/app@{}", registry.host, image.digest()));

    let (again, outcomes) = write(&image, None, &to).unwrap();
    assert_eq!(outcomes, [Present, Present, Present, Present]);
    assert_eq!((again.blobs_reused, again.bytes_sent), (4, image.manifest().bytes().len() as u64));

    for name in [&to, &first.reference] {
        let found = read(name).unwrap();
        assert_eq!(found.image.manifest().bytes(), image.manifest().bytes());
        assert!(found.image.layers().iter().all(|layer| layer.blob.is_none()), "no layer was fetched");
    }
    let seen = skopeo(&["inspect", "--tls-verify=false", "--format", "{{.Digest}}", &format!("docker://{to}")]);
    assert_eq!(seen.trim(), image.digest().to_string());
}

#[test]
fn a_layer_is_fetched_only_when_asked_for() {
    let registry = Registry::start();
    let to = format!("{}/app", registry.host);
    let image = image(&[bytes("x", 700_000)]);
    write(&image, None, &to).unwrap();
    let source = read(&to).unwrap();
    let layer = &source.image.layers()[0];
    let fetched = wait(transport().fetch(&source, layer, Vec::new(), &())).unwrap();
    assert!(fetched == bytes("x", 700_000).to_vec().unwrap());
}

#[test]
fn p123_base_layers_are_mounted_within_a_registry() {
    let registry = Registry::start();
    let (base, app) = (image(&[bytes("base", 1000)]), image(&[bytes("base", 1000), bytes("app", 1000)]));
    write(&base, None, &format!("{}/base", registry.host)).unwrap();
    let source = read(&format!("{}/base", registry.host)).unwrap();
    let app = without_bytes(&app)
        .with_blobs(|layer| Some(bytes("app", 1000)).filter(|it| it.digest().unwrap() == layer.digest));
    let (_, outcomes) = write(&app, Some(&source), &format!("{}/app", registry.host)).unwrap();
    assert_eq!(outcomes, [Mounted, Sent]);
}

#[test]
fn base_layers_come_from_wherever_the_base_is() {
    let (one, two, directory) = (Registry::start(), Registry::start(), TempDir::new().unwrap());
    let layout = |name: &str| format!("oci:{}", directory.path().join(name).display());
    let image = image(&[bytes("base", 300_000)]);
    let bare = without_bytes(&image);
    write(&image, None, &format!("{}/a", one.host)).unwrap();

    let source = read(&format!("{}/a", one.host)).unwrap();
    assert_eq!(write(&bare, Some(&source), &format!("{}/b", two.host)).unwrap().1, [Sent], "registry to registry");
    assert_eq!(write(&bare, Some(&source), &layout("c")).unwrap().1, [Sent], "registry to layout");
    let source = read(&layout("c")).unwrap();
    assert_eq!(write(&bare, Some(&source), &layout("d")).unwrap().1, [Linked], "layout to layout");
    assert_eq!(write(&bare, Some(&source), &format!("{}/e", two.host)).unwrap().1, [Sent], "layout to registry");

    let error = write(&bare, None, &layout("f")).unwrap_err();
    assert!(explain(&error).contains("are neither here nor where the base image came from"), "{}", explain(&error));
    assert!(!directory.path().join("f").exists(), "nothing half-written");
    let error = write(&bare, None, &format!("{}/f", one.host)).unwrap_err();
    assert!(explain(&error).starts_with("NotFound: the bytes of the layer"), "{}", explain(&error));
}

#[test]
fn p131_w21_others_read_our_layouts_and_we_read_theirs() {
    let (registry, directory) = (Registry::start(), TempDir::new().unwrap());
    let path = |name: &str| directory.path().join(name).display().to_string();
    let image = image(&[bytes("\x1f\u{b}", 2000), bytes("b", 10)]);
    write(&image, None, &format!("oci:{}:v1", path("ours"))).unwrap();
    skopeo(&[
        "copy",
        "--preserve-digests",
        "--dest-tls-verify=false",
        &format!("oci:{}:v1", path("ours")),
        &format!("docker://{}/app:v1", registry.host),
    ]);
    skopeo(&[
        "copy",
        "--preserve-digests",
        "--src-tls-verify=false",
        &format!("docker://{}/app:v1", registry.host),
        &format!("oci:{}:v2", path("theirs")),
    ]);
    for from in [format!("{}/app:v1", registry.host), format!("oci:{}:v2", path("theirs"))] {
        assert_eq!(read(&from).unwrap().digest, image.digest(), "{from}");
    }
}

#[test]
fn i93_an_index_leads_to_the_image_of_the_platform() {
    let registry = Registry::start();
    let image = image(&[bytes("a", 10)]);
    let to = format!("{}/app:amd64", registry.host);
    write(&image, None, &to).unwrap();
    let mut entry = image.descriptor();
    entry.platform = Some(platform());
    let index = wattle_oci::Document::write(wattle_oci::Index::new(vec![entry]), "the index").unwrap();
    put(&registry.host, "app/manifests/all", wattle_oci::media::INDEX, index.bytes());

    let from = format!("{}/app:all", registry.host);
    assert_eq!(read(&from).unwrap().digest, image.digest(), "by tag");
    assert_eq!(read(&format!("{}/app@{}", registry.host, index.digest())).unwrap().digest, image.digest(), "by digest");
    let other = wait(transport().read(&at(&from), &"linux/s390x".parse().unwrap())).unwrap_err();
    assert!(
        explain(&other).contains("there is no image for `linux/s390x`, only for `linux/amd64`"),
        "{}",
        explain(&other)
    );
}

/// A request as simple as they come.
fn put(host: &str, path: &str, media_type: &str, body: &[u8]) {
    use std::io::{Read as _, Write as _};
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(stream, "PUT /v2/{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n").unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

#[test]
fn what_is_not_there_is_said_so() {
    let registry = Registry::start();
    let host = &registry.host;
    let error = explain(&read(&format!("{host}/app:v9")).unwrap_err()).replace(host, "HOST");
    insta::assert_snapshot!(error, @r"
    NotFound: there is no image `v9` in `HOST/app`
    check the name; some registries also say this of images that you may not see
    ");
    let error = write(&image(&[]), None, &format!("{host}/app@{}", image(&[]).digest())).unwrap_err();
    assert!(explain(&error).contains("can be read, but not written"), "{}", explain(&error));
}

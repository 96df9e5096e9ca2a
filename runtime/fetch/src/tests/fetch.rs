//! Fetching from registries on the loopback interface.

use super::server::{Asked, Server, cut_off, ok, response};
use crate::{Explicit, FetchError, Fetched, Fetcher, Network, Permission, Registries, Request, Settings};
use insta::assert_snapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use wattle_store::Store;
use wattle_tree::{Algorithm, Digest, Hasher};

/// A fetcher, what it may do, and the directories it uses.
struct Bench {
    directory: TempDir,
    settings: Settings,
    network: Network,
    permission: Permission,
}

impl Bench {
    /// With the npm registry on `server`.
    fn new(server: &Server) -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let explicit = Explicit { address: server.address(), origin: "a test".to_owned() };
        let settings = Settings {
            explicit: BTreeMap::from([("npm".to_owned(), explicit)]),
            home: Some(directory.path().join("home")),
            project: directory.path().join("project"),
            ..Settings::default()
        };
        std::fs::create_dir_all(directory.path().join("home")).unwrap();
        let network = Network { pause: Duration::from_millis(1), retries: 2, ..Network::default() };
        let permission = Permission { registries: BTreeSet::from(["npm".to_owned()]), hosts: BTreeSet::new() };
        Bench { directory, settings, network, permission }
    }

    /// With the user's npm configuration.
    fn configured(server: &Server, npmrc: &str) -> Bench {
        let bench = Bench::new(server);
        std::fs::write(bench.directory.path().join("home/.npmrc"), npmrc).unwrap();
        bench
    }

    async fn fetch(&self, requests: &[Request]) -> Result<Vec<Fetched>, FetchError> {
        let registries = Registries::discover(self.settings.clone()).unwrap();
        let store = Store::open(&self.directory.path().join("store")).unwrap();
        let fetcher = Fetcher::new(Arc::new(registries), Arc::new(store), self.network.clone());
        fetcher.fetch(requests, &self.permission, &()).await
    }

    /// What comes of one request, for people; the server is called `registry.test`.
    async fn check(&self, server: &Server, request: Request) -> String {
        let text = match self.fetch(&[request]).await {
            Ok(fetched) => fetched.iter().map(describe).collect(),
            Err(error) => tell(&error),
        };
        text.replace(&server.host, "registry.test")
    }
}

fn describe(fetched: &Fetched) -> String {
    let Fetched { source, address, size, blob, cached, stale, .. } = fetched;
    let text = String::from_utf8(blob.to_vec().unwrap()).unwrap();
    assert_eq!(fetched.digest, Digest::of(text.as_bytes()));
    format!("{source} from {address}: {size} bytes `{text}` cached={cached} stale={stale}")
}

fn tell(error: &FetchError) -> String {
    format!("{} ({:?})\n{error}\n{}", error.code(), error.fault(), error.hints().join("\n")).trim().to_owned()
}

fn request(source: &str) -> Request {
    Request { source: source.to_owned(), digest: None }
}

fn exactly(source: &str, bytes: &[u8]) -> Request {
    let mut hasher = Hasher::new(Algorithm::Sha512);
    hasher.update(bytes);
    Request { source: source.to_owned(), digest: Some(hasher.finish()) }
}

#[tokio::test]
async fn many_come_at_once_in_order_and_are_kept() {
    let server = Server::start(|asked| ok(&asked.path)).await;
    let bench = Bench::new(&server);
    let one = |number: usize| {
        exactly(&format!("npm:p/-/p-{}.tgz", number % 40), format!("/p/-/p-{}.tgz", number % 40).as_bytes())
    };
    let requests: Vec<Request> = (0..50).map(one).collect();
    let fetched = bench.fetch(&requests).await.unwrap();
    assert!(
        fetched.iter().zip(&requests).all(|(fetched, request)| fetched.source == request.source && !fetched.cached)
    );
    assert_eq!(server.asked().len(), 40, "what is asked for twice is fetched once");
    let host = server.host.clone();
    drop(server);
    let again = bench.fetch(&requests).await.unwrap();
    assert!(again.iter().all(|fetched| fetched.cached && fetched.address.contains(&host)));
}

#[tokio::test]
async fn what_has_another_digest_is_told_and_never_kept() {
    let server = Server::start(|_| ok("evil")).await;
    let bench = Bench::new(&server);
    let wanted = Request { source: "npm:p/-/p-1.tgz".to_owned(), digest: Some(Digest::of(b"good")) };
    assert_snapshot!(bench.check(&server, wanted).await, @r"
    artifacts/digest/mismatch (User)
    `npm:p/-/p-1.tgz` from `http://registry.test/p/-/p-1.tgz` is not what was expected: it has the digest `sha256:b5c1fb2efc6d6b4674c2fdcc48ce01b43a3b7c03763c0c3355de0099ee0f8c73` instead of `sha256:770e607624d689265ca6c44884d0807d9b054d23c473c106c72be9de08b7376c`
    if the package was published anew, update the lock file
    if it was not, the registry or something on the way to it changes files
    ");
    let store = Store::open(&bench.directory.path().join("store")).unwrap();
    assert!(store.blobs().get(&Digest::of(b"evil")).unwrap().is_none());
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let busy = |asked: &Asked| match asked.before {
        0 => response("503 Service Unavailable", "", b"busy"),
        1 => response("429 Too Many Requests", "retry-after: 0\r\n", b"busy"),
        _ => ok("at last"),
    };
    let server = Server::start(busy).await;
    assert_snapshot!(Bench::new(&server).check(&server, exactly("npm:p/-/p.tgz", b"at last")).await, @"npm:p/-/p.tgz from http://registry.test/p/-/p.tgz: 7 bytes `at last` cached=false stale=false");
    let server = Server::start(|_| response("503 Service Unavailable", "", b"busy")).await;
    assert_snapshot!(Bench::new(&server).check(&server, exactly("npm:p/-/p.tgz", b"at last")).await, @r"
    artifacts/registry/refused (Platform)
    `npm:p/-/p.tgz` cannot be fetched: `http://registry.test/p/-/p.tgz` answers 503
    ");
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn what_breaks_off_goes_on_where_it_broke_off() {
    const WHOLE: &[u8] = b"0123456789";
    let breaking = |asked: &Asked| match asked.header("range") {
        None => cut_off("200 OK", "etag: \"v1\"\r\n", &WHOLE[..4], 10),
        Some("bytes=4-") => response("206 Partial Content", "content-range: bytes 4-9/10\r\n", &WHOLE[4..]),
        Some(other) => response("416 Range Not Satisfiable", "", other.as_bytes()),
    };
    let server = Server::start(breaking).await;
    assert_snapshot!(Bench::new(&server).check(&server, exactly("npm:p/-/p.tgz", WHOLE)).await, @"npm:p/-/p.tgz from http://registry.test/p/-/p.tgz: 10 bytes `0123456789` cached=false stale=false");
    assert_eq!(server.asked()[1].header("if-range"), Some("\"v1\""));
}

#[tokio::test]
async fn what_breaks_off_begins_anew_if_the_server_cannot_go_on() {
    let breaking = |asked: &Asked| match asked.before {
        0 => cut_off("200 OK", "etag: \"v1\"\r\n", b"old", 10),
        1 => response("206 Partial Content", "content-range: bytes 0-9/10\r\n", b"wrong part"),
        _ => ok("new and whole"),
    };
    let server = Server::start(breaking).await;
    assert_snapshot!(Bench::new(&server).check(&server, request("npm:p")).await, @"npm:p from http://registry.test/p: 13 bytes `new and whole` cached=false stale=false");
}

#[tokio::test]
async fn credentials_go_to_the_registry_and_not_where_it_redirects_to() {
    let other = Server::start(|_| ok("bytes")).await;
    let elsewhere = other.address();
    let server = Server::start(move |_| response("302 Found", &format!("location: {elsewhere}files/p\r\n"), b"")).await;
    let token = format!("//{}/:_authToken=secret\n//{}/:_authToken=other\n", server.host, other.host);
    let bench = Bench::configured(&server, &token);
    assert_snapshot!(bench.check(&server, exactly("npm:p/-/p.tgz", b"bytes")).await, @"npm:p/-/p.tgz from http://registry.test/p/-/p.tgz: 5 bytes `bytes` cached=false stale=false");
    assert_eq!(server.asked()[0].header("authorization"), Some("Bearer secret"));
    assert_eq!(other.asked()[0].header("authorization"), None);
}

#[tokio::test]
async fn the_proxy_is_asked_except_for_hosts_that_are_reached_without() {
    let server = Server::start(|asked| ok(&asked.path)).await;
    let mut bench = Bench::new(&server);
    let explicit = Explicit { address: "http://127.0.0.1:1/".to_owned(), origin: "a test".to_owned() };
    bench.settings.explicit.insert("npm".to_owned(), explicit);
    bench.settings.environment.insert("HTTP_PROXY".to_owned(), server.address());
    assert_snapshot!(bench.check(&server, request("npm:p")).await, @"npm:p from http://127.0.0.1:1/p: 20 bytes `http://127.0.0.1:1/p` cached=false stale=false");
    bench.network.retries = 0;
    bench.settings.environment.insert("NO_PROXY".to_owned(), "127.0.0.1".to_owned());
    assert_eq!(bench.fetch(&[request("npm:q")]).await.unwrap_err().code(), "artifacts/registry/unreachable");
}

#[tokio::test]
async fn redirects_have_an_end() {
    let server = Server::start(|_| response("302 Found", "location: /again\r\n", b"")).await;
    assert_snapshot!(Bench::new(&server).check(&server, request("npm:p")).await, @r"
    artifacts/redirect/refused (Platform)
    `npm:p` cannot be fetched from `http://registry.test/again`: there are more than 5 redirects
    ");
    assert_eq!(server.asked().len(), 6);
    let server = Server::start(|_| response("302 Found", "location: ftp://registry.test/\r\n", b"")).await;
    assert_snapshot!(Bench::new(&server).check(&server, request("npm:p")).await, @r"
    artifacts/redirect/refused (Platform)
    `npm:p` cannot be fetched from `http://registry.test/p`: it redirects to where the connection is not protected
    ");
}

#[tokio::test]
async fn what_is_missing_or_refused_is_told_at_once() {
    let server = Server::start(|asked| match &*asked.path {
        "/gone" => response("404 Not Found", "", b""),
        "/closed" => response("401 Unauthorized", "", b""),
        _ => response("418 I'm a teapot", "", b""),
    })
    .await;
    let bench = Bench::new(&server);
    assert_snapshot!(bench.check(&server, request("npm:gone")).await, @r"
    artifacts/not-found (User)
    `npm:gone` is not at `http://registry.test/gone`
    check the name and the version, and that the registry has them
    ");
    assert_snapshot!(bench.check(&server, request("npm:closed")).await, @r"
    artifacts/unauthorised (User)
    `npm:closed` is refused by `http://registry.test/closed` (401): credentials are missing or not enough
    check the credentials for this address in the configuration of the package manager
    ");
    assert_snapshot!(bench.check(&server, request("npm:teapot")).await, @r"
    artifacts/registry/refused (Platform)
    `npm:teapot` cannot be fetched: `http://registry.test/teapot` answers 418
    ");
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_scope_has_its_own_registry_and_token() {
    let server = Server::start(|_| ok("public")).await;
    let acme = Server::start(|_| ok("acme")).await;
    let npmrc = format!("@acme:registry=http://{0}/npm\n//{0}/npm/:_authToken=secret\n", acme.host);
    let bench = Bench::configured(&server, &npmrc);
    for source in ["npm:@acme/p", "npm:@acme/p/-/p-1.0.0.tgz", "npm:@other/p"] {
        bench.fetch(&[request(source)]).await.unwrap();
    }
    let by_address = format!("http://{}/npm/@acme/p/-/p-2.0.0.tgz", acme.host);
    bench.fetch(&[request(&by_address)]).await.unwrap();
    let log = |server: &Server| -> String {
        let line = |asked: &Asked| format!("{} {:?}\n", asked.path, asked.header("authorization"));
        server.asked().iter().map(line).collect()
    };
    assert_snapshot!(log(&acme), @r#"
    /npm/@acme%2fp Some("Bearer secret")
    /npm/@acme/p/-/p-1.0.0.tgz Some("Bearer secret")
    /npm/@acme/p/-/p-2.0.0.tgz Some("Bearer secret")
    "#);
    assert_snapshot!(log(&server), @"/@other%2fp None");
}

#[tokio::test]
async fn what_is_not_granted_is_not_fetched() {
    let server = Server::start(|_| ok("bytes")).await;
    let mut bench = Bench::new(&server);
    assert_snapshot!(bench.check(&server, request("pypi:flask/")).await, @r"
    artifacts/registry/not-granted (Buildpack)
    `pypi:flask/` may not be fetched: the registry `pypi` is not granted to this buildpack
    declare the registry `pypi` in the buildpack's `buildpack.toml`
    ");
    assert_snapshot!(bench.check(&server, request("https://files.test/p.tgz?token=x")).await, @r"
    artifacts/host/not-granted (Buildpack)
    `https://files.test/p.tgz` may not be fetched: the host `files.test` is not granted to this buildpack
    declare the host `files.test` in the buildpack's `buildpack.toml`, and grant it
    if it is a mirror of a registry, name it as that registry's address
    ");
    bench.permission.registries = BTreeSet::from(["maven".to_owned()]);
    assert_snapshot!(bench.check(&server, request(&format!("{}p.tgz", server.address()))).await, @r"
    artifacts/host/not-granted (Buildpack)
    `http://registry.test/p.tgz` may not be fetched: the host `registry.test` is not granted to this buildpack
    declare the host `registry.test` in the buildpack's `buildpack.toml`, and grant it
    if it is a mirror of a registry, name it as that registry's address
    ");
    assert_snapshot!(bench.check(&server, request("maven:p.jar")).await, @r"
    artifacts/registry/unknown (User)
    `maven:p.jar` cannot be fetched
    set a mirror of `central` in Maven's `settings.xml`, or `maven` under `[registries]` in `wattle.toml`
    ");
    bench.permission.hosts = BTreeSet::from([server.host.clone(), "files.test".to_owned(), "localhost:1".to_owned()]);
    assert_snapshot!(bench.check(&server, request(&format!("{}p.tgz", server.address()))).await, @r"
    artifacts/address/insecure (User)
    `http://registry.test/p.tgz` is not fetched from `http://registry.test/p.tgz`: the connection would not be protected
    use an address that begins with `https://`
    ");
    assert_snapshot!(bench.check(&server, request("https://localhost:1/p.tgz")).await, @r"
    artifacts/address/private (User)
    `https://localhost:1/p.tgz` is not fetched from `https://localhost:1/p.tgz`: it is no public host, and no registry that the operator named
    if it is meant, name it as a registry in `wattle.toml` or on the command line
    ");
    assert_snapshot!(bench.check(&server, request("http://files.test/p.tgz")).await, @r"
    artifacts/address/insecure (User)
    `http://files.test/p.tgz` is not fetched from `http://files.test/p.tgz`: the connection would not be protected
    use an address that begins with `https://`
    ");
    assert_snapshot!(bench.check(&server, request("https://files.test:444/p.tgz")).await, @r"
    artifacts/host/not-granted (Buildpack)
    `https://files.test:444/p.tgz` may not be fetched: the host `files.test:444` is not granted to this buildpack
    declare the host `files.test:444` in the buildpack's `buildpack.toml`, and grant it
    if it is a mirror of a registry, name it as that registry's address
    ");
}

#[tokio::test]
async fn a_buildpack_does_not_learn_whose_credentials_it_uses() {
    let server = Server::start(|_| ok("somebody")).await;
    let bench = Bench::new(&server);
    let refusal = "it is a service of the registry, which answers about whose credentials are used";
    for source in ["npm:-/whoami".to_owned(), "npm:%2D/whoami".to_owned(), format!("{}-/npm/v1/user", server.address())]
    {
        let said = bench.check(&server, request(&source)).await;
        assert!(said.contains("artifacts/source/invalid") && said.contains(refusal), "{said}");
    }
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn an_application_that_is_not_trusted_names_no_private_registry() {
    let server = Server::start(|_| ok("inside")).await;
    let mut bench = Bench::new(&server);
    bench.settings.explicit.clear();
    std::fs::create_dir_all(&bench.settings.project).unwrap();
    std::fs::write(bench.settings.project.join(".npmrc"), format!("registry={}", server.address())).unwrap();
    assert_snapshot!(bench.check(&server, request("npm:p")).await, @r"
    artifacts/address/insecure (User)
    `npm:p` is not fetched from `http://registry.test/p`: the connection would not be protected
    use an address that begins with `https://`
    ");
    std::fs::write(bench.settings.project.join(".npmrc"), "registry=https://169.254.169.254/").unwrap();
    assert_snapshot!(bench.check(&server, request("npm:p")).await, @r"
    artifacts/address/private (User)
    `npm:p` is not fetched from `https://169.254.169.254/p`: it is no public host, and no registry that the operator named
    if it is meant, name it as a registry in `wattle.toml` or on the command line
    ");
    std::fs::write(bench.settings.project.join(".npmrc"), format!("registry={}", server.address())).unwrap();
    bench.settings.trust_project = true;
    assert_snapshot!(bench.check(&server, request("npm:p")).await, @"npm:p from http://registry.test/p: 6 bytes `inside` cached=false stale=false");
}

#[tokio::test]
async fn an_index_is_asked_for_again_and_kept_for_when_nobody_answers() {
    let server = Server::start(|asked| match asked.header("if-none-match") {
        Some("\"v1\"") => response("304 Not Modified", "", b""),
        _ => response("200 OK", "etag: \"v1\"\r\n", b"{}"),
    })
    .await;
    let mut bench = Bench::new(&server);
    bench.network.retries = 0;
    assert_snapshot!(bench.check(&server, request("npm:p")).await, @"npm:p from http://registry.test/p: 2 bytes `{}` cached=false stale=false");
    assert_snapshot!(bench.check(&server, request("npm:p")).await, @"npm:p from http://registry.test/p: 2 bytes `{}` cached=true stale=false");
    let accepts: Vec<_> = server.asked().iter().map(|asked| asked.header("accept").unwrap().to_owned()).collect();
    assert!(accepts.iter().all(|accept| accept.starts_with("application/vnd.npm.install-v1+json")), "{accepts:?}");
    let host = server.host.clone();
    drop(server);
    let told = |text: String| text.replace(&host, "registry.test");
    assert_snapshot!(told(describe(&bench.fetch(&[request("npm:p")]).await.unwrap()[0])), @"npm:p from http://registry.test/p: 2 bytes `{}` cached=true stale=true");
    assert_snapshot!(told(tell(&bench.fetch(&[request("npm:q")]).await.unwrap_err())), @r"
    artifacts/registry/unreachable (Platform)
    `npm:q` cannot be fetched: `http://registry.test/q` cannot be reached or breaks off
    check the network and the proxy settings, and try again
    see with `wattle registries` which address is used, and why
    ");
    bench.network.offline = true;
    assert_snapshot!(told(describe(&bench.fetch(&[request("npm:p")]).await.unwrap()[0])), @"npm:p from http://registry.test/p: 2 bytes `{}` cached=true stale=true");
    assert_snapshot!(told(tell(&bench.fetch(&[request("npm:q")]).await.unwrap_err())), @r"
    artifacts/offline (User)
    `npm:q` is not kept on this machine, and the build is offline
    build once with the network, or let this build use it
    ");
}

#[tokio::test]
async fn sizes_are_bounded_whether_the_server_tells_them_or_not() {
    let server = Server::start(|asked| match &*asked.path {
        "/told" => cut_off("200 OK", "", b"", 1000),
        _ => b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n0123456789".to_vec(),
    })
    .await;
    let mut bench = Bench::new(&server);
    bench.network.largest = 9;
    assert_snapshot!(bench.check(&server, request("npm:told")).await, @r"
    artifacts/too-large (User)
    `npm:told` from `http://registry.test/told` is too large: it has more than 9 bytes
    ");
    assert_snapshot!(bench.check(&server, request("npm:untold")).await, @r"
    artifacts/too-large (User)
    `npm:untold` from `http://registry.test/untold` is too large: it has more than 9 bytes
    ");
    bench.network.largest = 10;
    bench.network.total = 15;
    assert!(bench.fetch(&[request("npm:untold")]).await.is_ok());
    let both = bench.fetch(&[request("npm:untold"), request("npm:another")]).await.unwrap_err();
    assert_eq!(both.code(), "artifacts/too-large");
}

//! What registries do, at their worst.

use crate::fake::{Answer, Fake, Request, answer};
use crate::images::{Outcomes, at, bytes, explain, image, platform, read, wait, write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use wattle_oci::{Image, media};
use wattle_transport::{Settings, Source, Transport};

/// Settings with a user for `host`.
fn user(host: &str) -> Settings {
    let auth = format!(r#"{{ "{host}": "Basic dTpw" }}"#);
    Settings { registry_auth: Some(auth), ..Settings::default() }
}

/// A registry that has nothing and takes everything.
fn takes_everything(request: &Request) -> Answer {
    match request.method.as_str() {
        "POST" => answer(202).header("Location", "/upload?state=1"),
        "PATCH" => answer(202).header("Location", "/upload?state=2"),
        "PUT" => answer(201),
        _ => answer(404),
    }
}

/// Text without what is different in every image and on every run.
fn neat(text: &str, fake: &Fake, image: &Image) -> String {
    let config = image.manifest().value().config.digest;
    let layers = image.layers().iter().zip(1..).map(|(layer, at)| (layer.descriptor.digest, format!("LAYER{at}")));
    let names = layers.chain([(config, "CONFIG".to_owned()), (image.digest(), "MANIFEST".to_owned())]);
    let digests = names.fold(text.replace(&fake.host, "HOST"), |text, (digest, name)| {
        text.replace(&digest.to_string(), &name).replace(&digest.to_string().replace(':', "%3A"), &name)
    });
    digests.trim_end().to_owned()
}

/// What the registry was asked, or the error.
fn push(settings: Settings, fake: &Fake, image: &Image) -> String {
    let transport = Transport::new(settings).unwrap();
    let to = at(&format!("{}/app:v1", fake.host));
    match wait(transport.write(image, None, &to, &Outcomes::default())) {
        Ok(_) => neat(&fake.log(), fake, image),
        Err(error) => neat(&explain(&error), fake, image),
    }
}

/// Answers the requests that show `Bearer <token>`; sells that token to the user `u`.
fn with_tokens(request: &Request, token: &str) -> Option<Answer> {
    if request.is("GET", "/token") {
        let sold = answer(200).body(format!(r#"{{"token":"{token}"}}"#));
        return Some(if request.header("authorization") == "Basic dTpw" { sold } else { answer(401) });
    }
    let host = request.header("host");
    let challenge = format!(r#"Bearer realm="http://{host}/token",service="fake""#);
    let refused = answer(401).header("WWW-Authenticate", challenge);
    (request.header("authorization") != format!("Bearer {token}")).then_some(refused)
}

#[test]
fn a_token_is_bought_once() {
    let image = image(&[bytes("a", 10), bytes("b", 10)]);
    let fake = Fake::start(|request| with_tokens(request, "t").unwrap_or_else(|| takes_everything(request)));
    let seen = push(user(&fake.host), &fake, &image);
    assert_eq!(seen.matches("GET /token?service=fake&scope=repository%3Aapp%3Apull%2Cpush Basic").count(), 1, "{seen}");
    assert!(seen.ends_with("PUT /v2/app/manifests/v1 Bearer"), "{seen}");
}

#[test]
fn a_token_that_runs_out_is_replaced() {
    let image = image(&[bytes("a", 10)]);
    let count = AtomicUsize::new(0);
    // Each token is good for three requests.
    let fake = Fake::start(move |request| {
        let used = count.load(Ordering::SeqCst);
        let refused = with_tokens(request, &format!("t{}", used / 3));
        refused.unwrap_or_else(|| {
            count.fetch_add(1, Ordering::SeqCst);
            takes_everything(request)
        })
    });
    insta::assert_snapshot!(push(user(&fake.host), &fake, &image), @r"
    HEAD /v2/app/blobs/LAYER1
    GET /token?service=fake&scope=repository%3Aapp%3Apull%2Cpush Basic
    HEAD /v2/app/blobs/LAYER1 Bearer
    POST /v2/app/blobs/uploads/ Bearer
    PUT /upload?state=1&digest=LAYER1 Bearer
    HEAD /v2/app/blobs/CONFIG Bearer
    GET /token?service=fake&scope=repository%3Aapp%3Apull%2Cpush Basic
    HEAD /v2/app/blobs/CONFIG Bearer
    POST /v2/app/blobs/uploads/ Bearer
    PUT /upload?state=1&digest=CONFIG Bearer
    PUT /v2/app/manifests/v1 Bearer
    GET /token?service=fake&scope=repository%3Aapp%3Apull%2Cpush Basic
    PUT /v2/app/manifests/v1 Bearer
    ");
}

#[test]
fn credentials_are_refused_with_a_reason() {
    let fake = Fake::start(|request| with_tokens(request, "t").unwrap_or_else(|| takes_everything(request)));
    insta::assert_snapshot!(push(Settings::default(), &fake, &image(&[])), @r"
    Unauthorised: the registry `HOST` refuses to get a token without credentials: unauthorized (401)
    log in, as with `docker login HOST`, or set `CNB_REGISTRY_AUTH`
    ");
    let fake = Fake::start(|_| answer(403).body(r#"{"errors":[{"code":"DENIED","message":"not yours"}]}"#));
    insta::assert_snapshot!(push(user(&fake.host), &fake, &image(&[])), @r"
    Unauthorised: the registry `HOST` refuses to look for `CONFIG` in `HOST/app` without credentials: forbidden
    log in, as with `docker login HOST`, or set `CNB_REGISTRY_AUTH`
    ");
    let helper = r#"{ "credsStore": "nowhere" }"#;
    let settings = Settings { docker_config: Some(helper.into()), ..Settings::default() };
    let fake = Fake::start(|_| answer(401).header("WWW-Authenticate", "Basic realm=x"));
    insta::assert_snapshot!(push(settings.clone(), &fake, &image(&[])), @r"
    Unauthorised: the registry `HOST` refuses to look for `CONFIG` in `HOST/app` without credentials: unauthorized
    credentials were not shown: its credentials are with `docker-credential-nowhere`, which may not be run here
    ");
    let settings = Settings { credential_helpers: true, ..settings };
    insta::assert_snapshot!(push(settings, &fake, &image(&[])), @r"
    Other: the credential helper `docker-credential-nowhere` gave no credentials for `HOST`: No such file or directory (os error 2)
    try `docker-credential-nowhere list`; without that program, remove it from Docker's `config.json`
    ");
}

#[test]
fn nobody_is_told_who_we_are_but_whom_it_concerns() {
    let thief = Fake::start(|_| answer(200).body(r#"{"token":"t"}"#));
    let realm = thief.host.replace("127.0.0.1", "thief.example");
    let fake =
        Fake::start(move |_| answer(401).header("WWW-Authenticate", format!(r#"Bearer realm="http://{realm}/token""#)));
    let port = thief.host.rsplit(':').next().unwrap();
    insta::assert_snapshot!(push(user(&fake.host), &fake, &image(&[])).replace(port, "PORT"), @"Other: the registry `HOST` points to `http://thief.example:PORT`, which is not followed: it is not HTTPS");

    // An upload to another server, and a blob from one: allowed, without credentials.
    let other = Fake::start(takes_everything);
    let host = other.host.clone();
    let fake = Fake::start(move |request| {
        with_tokens(request, "t").unwrap_or_else(|| match request.method.as_str() {
            "POST" => answer(202).header("Location", format!("http://{host}/elsewhere")),
            _ => takes_everything(request),
        })
    });
    let image = image(&[]);
    push(user(&fake.host), &fake, &image);
    insta::assert_snapshot!(neat(&other.log(), &other, &image), @"PUT /elsewhere?digest=CONFIG");
}

#[test]
fn redirections_lose_the_credentials() {
    let image = image(&[]);
    let config = image.config().bytes().to_vec();
    let other = Fake::start(move |_| answer(200).body(config.clone()));
    let (host, manifest) = (other.host.clone(), image.manifest().bytes().to_vec());
    let fake = Fake::start(move |request| {
        with_tokens(request, "t").unwrap_or_else(|| match request.target.as_str() {
            "/v2/app/manifests/latest" => answer(200).header("Content-Type", media::MANIFEST).body(manifest.clone()),
            _ => answer(307).header("Location", format!("http://{host}/storage")),
        })
    });
    let transport = Transport::new(user(&fake.host)).unwrap();
    let source = wait(transport.read(&at(&format!("{}/app", fake.host)), &platform())).unwrap();
    assert_eq!((source.digest, other.log()), (image.digest(), "GET /storage".to_owned()));
}

#[test]
fn a_mount_that_is_declined_is_an_upload_that_began() {
    let base = image(&[bytes("a", 10)]);
    let (manifest, config) = (base.manifest().bytes().to_vec(), base.config().bytes().to_vec());
    let layer = bytes("a", 10).to_vec().unwrap();
    let fake = Fake::start(move |request| {
        if request.is("GET", "/v2/base/manifests") {
            return answer(200).header("Content-Type", media::MANIFEST).body(manifest.clone());
        }
        let config_digest = wattle_oci::Digest::of(&config).to_string();
        match request.method.as_str() {
            "GET" if request.target.contains(&config_digest) => answer(200).body(config.clone()),
            "GET" => answer(200).body(layer.clone()),
            _ => takes_everything(request),
        }
    });
    let source = read(&format!("{}/base", fake.host)).unwrap();
    write(&source.image, Some(&source), &format!("{}/app:v1", fake.host)).unwrap();
    insta::assert_snapshot!(neat(&fake.log(), &fake, &base), @r"
    GET /v2/base/manifests/latest
    GET /v2/base/blobs/CONFIG
    HEAD /v2/app/blobs/LAYER1
    POST /v2/app/blobs/uploads/?mount=LAYER1&from=base
    GET /v2/base/blobs/LAYER1
    PUT /upload?state=1&digest=LAYER1
    HEAD /v2/app/blobs/CONFIG
    POST /v2/app/blobs/uploads/
    PUT /upload?state=1&digest=CONFIG
    PUT /v2/app/manifests/v1
    ");
}

#[test]
fn what_the_repository_has_already_is_not_asked_for() {
    let both = image(&[bytes("a", 10), bytes("b", 10)]);
    let fake = Fake::start(|request| match request.method.as_str() {
        "POST" if request.target.contains("mount=") => answer(201),
        _ => takes_everything(request),
    });
    let source = |image: Image, repository: &str| Source {
        digest: image.digest(),
        image,
        location: at(&format!("{}/{repository}", fake.host)),
        among: None,
    };
    let (base, app) = (source(image(&[bytes("a", 10)]), "base"), source(image(&[bytes("b", 10)]), "app"));
    let transport = Transport::new(Settings::default()).unwrap();
    let to = at(&format!("{}/app:v2", fake.host));
    let written = wait(transport.write_from(&both, &[&base, &app], &to, &())).unwrap();
    assert_eq!(written.blobs_reused, 2);
    insta::assert_snapshot!(neat(&fake.log(), &fake, &both), @r#"
    HEAD /v2/app/blobs/LAYER1
    POST /v2/app/blobs/uploads/?mount=LAYER1&from=base
    HEAD /v2/app/blobs/CONFIG
    POST /v2/app/blobs/uploads/
    PUT /upload?state=1&digest=CONFIG
    PUT /v2/app/manifests/v2
    "#);
}

#[test]
fn what_is_too_long_for_one_request_goes_in_chunks() {
    let image = image(&[bytes("abc", (9 << 20) + 1)]);
    let ranges: &'static Mutex<Vec<String>> = Box::leak(Box::default());
    let fake = Fake::start(move |request| {
        if request.method == "PATCH" {
            let received = wattle_oci::Digest::of(&request.body);
            assert_ne!(received, wattle_oci::Digest::of(b""));
            ranges.lock().unwrap().push(request.header("content-range").to_owned());
        }
        if request.method == "PUT" && request.body.len() > 4 << 20 { answer(413) } else { takes_everything(request) }
    });
    insta::assert_snapshot!(push(Settings::default(), &fake, &image), @r"
    HEAD /v2/app/blobs/LAYER1
    POST /v2/app/blobs/uploads/
    PUT /upload?state=1&digest=LAYER1
    POST /v2/app/blobs/uploads/
    PATCH /upload?state=1
    PATCH /upload?state=2
    PATCH /upload?state=2
    PUT /upload?state=2&digest=LAYER1
    HEAD /v2/app/blobs/CONFIG
    POST /v2/app/blobs/uploads/
    PUT /upload?state=1&digest=CONFIG
    PUT /v2/app/manifests/v1
    ");
    assert_eq!(*ranges.lock().unwrap(), ["0-4194303", "4194304-8388607", "8388608-9437184"]);
}

#[test]
fn p123_what_passes_is_tried_again() {
    let image = image(&[]);
    let count = AtomicUsize::new(0);
    let fake = Fake::start(move |request| match count.fetch_add(1, Ordering::SeqCst) {
        0 => answer(503),
        2 => answer(429).header("Retry-After", "0"),
        _ => takes_everything(request),
    });
    insta::assert_snapshot!(push(Settings::default(), &fake, &image), @r"
    HEAD /v2/app/blobs/CONFIG
    HEAD /v2/app/blobs/CONFIG
    POST /v2/app/blobs/uploads/
    POST /v2/app/blobs/uploads/
    PUT /upload?state=1&digest=CONFIG
    PUT /v2/app/manifests/v1
    ");
    let fake = Fake::start(|_| answer(502).header("Retry-After", "0"));
    insta::assert_snapshot!(push(Settings::default(), &fake, &image), @r"
    Unreachable: could not look for `CONFIG` in `HOST/app`: the registry `HOST` answered 502: bad gateway
    the fault is with the registry: try again later
    ");
    assert_eq!(fake.log().lines().count(), 5);
}

#[test]
fn a_broken_download_goes_on_where_it_was() {
    let image = image(&[bytes("abc", 100_000)]);
    let (manifest, config) = (image.manifest().bytes().to_vec(), image.config().bytes().to_vec());
    let layer = bytes("abc", 100_000).to_vec().unwrap();
    let fake = Fake::start(move |request| {
        if request.is("GET", "/v2/app/manifests") {
            return answer(200).header("Content-Type", media::MANIFEST).body(manifest.clone());
        }
        if request.target.contains(&wattle_oci::Digest::of(&config).to_string()) {
            return answer(200).body(config.clone());
        }
        match request.header("range") {
            "" => answer(200).body(layer.clone()).cut(1000),
            "bytes=1000-" => answer(206).body(&layer[1000..]).cut(1000),
            // One that forgot how to begin in the middle.
            "bytes=2000-" => answer(200).body(layer.clone()),
            _ => answer(416),
        }
    });
    let source = read(&format!("{}/app", fake.host)).unwrap();
    let transport = Transport::new(Settings::default()).unwrap();
    let fetched = wait(transport.fetch(&source, &source.image.layers()[0], Vec::new(), &())).unwrap();
    assert!(fetched == bytes("abc", 100_000).to_vec().unwrap());
}

/// What the registry was asked before a build whose image is to go there, or the error.
fn ask_first(settings: Settings, fake: &Fake) -> String {
    let to = at(&format!("{}/app:v1", fake.host));
    match wait(Transport::new(settings).unwrap().check(&to, &platform())) {
        Ok(_) => fake.log().trim_end().to_owned(),
        Err(error) => neat(&explain(&error), fake, &image(&[])),
    }
}

#[test]
fn p22_whether_it_may_be_written_is_asked_before() {
    let fake = Fake::start(takes_everything);
    insta::assert_snapshot!(ask_first(Settings::default(), &fake), @"
    POST /v2/app/blobs/uploads/
    DELETE /upload?state=1
    GET /v2/app/manifests/v1
    ");
    let fake = Fake::start(|request| match request.method.as_str() {
        "POST" => answer(403).body(r#"{"errors":[{"code":"DENIED","message":"you may read"}]}"#),
        _ => answer(404),
    });
    insta::assert_snapshot!(ask_first(Settings::default(), &fake), @"
    Unauthorised: the registry `HOST` refuses to begin to write to `HOST/app` without credentials: you may read
    log in, as with `docker login HOST`, or set `CNB_REGISTRY_AUTH`
    ");
    let fake = Fake::start(|request| with_tokens(request, "t").unwrap_or_else(|| takes_everything(request)));
    insta::assert_snapshot!(ask_first(Settings::default(), &fake), @"
    Unauthorised: the registry `HOST` refuses to get a token without credentials: unauthorized (401)
    log in, as with `docker login HOST`, or set `CNB_REGISTRY_AUTH`
    ");
    insta::assert_snapshot!(ask_first(user(&fake.host), &fake).lines().last().unwrap_or_default(), @"GET /v2/app/manifests/v1 Bearer");
    // What has no such place, or another way to say so, may still take the image.
    let fake = Fake::start(|_| answer(404));
    insta::assert_snapshot!(ask_first(Settings::default(), &fake), @"
    POST /v2/app/blobs/uploads/
    GET /v2/app/manifests/v1
    ");
}

#[test]
fn what_comes_is_what_was_meant_or_an_error() {
    let image = image(&[bytes("abc", 10)]);
    let (manifest, config) = (image.manifest().bytes().to_vec(), image.config().bytes().to_vec());
    let fake = Fake::start(move |request| match request.target.as_str() {
        "/v2/app/manifests/latest" => answer(200).header("Content-Type", media::MANIFEST).body(manifest.clone()),
        "/v2/app/manifests/index" => answer(200).header("Content-Type", media::INDEX).body(manifest.clone()),
        "/v2/app/manifests/liar" => {
            let other = wattle_oci::Digest::of(b"other").to_string();
            answer(200)
                .header("Content-Type", media::MANIFEST)
                .header("Docker-Content-Digest", other)
                .body(manifest.clone())
        }
        path if path.starts_with("/v2/app/manifests/") => {
            answer(200).header("Content-Type", media::MANIFEST).body(config.clone())
        }
        path if path.contains(&wattle_oci::Digest::of(&config).to_string()) => answer(200).body(config.clone()),
        _ => answer(200).body("xyzxyzxyzx"),
    });
    let check = |name: &str| {
        let error = read(&format!("{}/app{name}", fake.host)).unwrap_err();
        neat(&explain(&error), &fake, &image)
    };
    insta::assert_snapshot!(check(":index"), @"Other: could not find the image `HOST/app:index`: `MANIFEST`, said to be of type `application/vnd.oci.image.index.v1+json`, reads as `application/vnd.oci.image.manifest.v1+json`; an image or an index of images was expected");
    insta::assert_snapshot!(check(":liar"), @r"
    Damaged: could not move a blob from or to `HOST/app`: the bytes that came for `sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa` are not it: they hash to `MANIFEST`
    try again. If it stays so, what they come from is damaged, or something on the way changes them
    ");
    insta::assert_snapshot!(check(&format!("@{}", image.digest())), @"Damaged: could not find the image `HOST/app@MANIFEST`: the bytes that came for `MANIFEST` are not it: they hash to `CONFIG`");

    let source = read(&format!("{}/app", fake.host)).unwrap();
    let transport = Transport::new(Settings::default()).unwrap();
    let error = wait(transport.fetch(&source, &source.image.layers()[0], Vec::new(), &())).unwrap_err();
    insta::assert_snapshot!(neat(&explain(&error), &fake, &image), @r"
    Damaged: the bytes that came for `LAYER1` are not it: they hash to `sha256:0d67cf15816b25673540734a90f3f6825055eed87ec199abd76266ea152d9ca8`
    try again. If it stays so, what they come from is damaged, or something on the way changes them
    ");
}

#[test]
fn nobody_there() {
    let fake = Fake::start(|_| answer(404));
    let host = fake.host.clone();
    drop(fake);
    let error = explain(&read(&format!("{host}/app")).unwrap_err()).replace(&host, "HOST");
    assert!(error.starts_with("Unreachable: could not read the manifest `latest` of `HOST/app`"), "{error}");
}

/// A disk without room.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_said_so() {
    let image = image(&[bytes("abc", 10)]);
    let fake = Fake::start(takes_everything);
    let source = Source {
        among: None,
        digest: image.digest(),
        image: image.clone(),
        location: at(&format!("{}/app", fake.host)),
    };
    let transport = Transport::new(Settings::default()).unwrap();
    let error = wait(transport.fetch(&source, &image.layers()[0], Full, &())).err().unwrap();
    insta::assert_snapshot!(neat(&explain(&error), &fake, &image), @r"
    Disk: could not write `LAYER1`: no storage space
    the disk is full: free some space, or name another directory
    ");
}

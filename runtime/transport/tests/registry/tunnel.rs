//! Through a proxy, and with TLS.

use crate::fake::{Fake, answer};
use crate::images::{at, bytes, explain, image, platform, wait};
use crate::real::Registry;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use wattle_transport::{Proxy, Roots, Settings, Transport, Written};

/// A proxy that leads to `host`, wherever it is asked to go. Serves as many connections as come while the test runs.
fn tunnel_to(host: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, host) = (listener.local_addr().unwrap(), host.to_owned());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let host = host.clone();
            std::thread::spawn(move || tunnel(stream, &host));
        }
    });
    format!("http://{address}")
}

fn tunnel(mut near: TcpStream, host: &str) -> Option<()> {
    let mut reader = BufReader::new(near.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    assert!(line.starts_with("CONNECT r.example:443 "), "{line}");
    while line.trim_end() != "" {
        line.clear();
        reader.read_line(&mut line).ok()?;
    }
    let mut far = TcpStream::connect(host).ok()?;
    near.write_all(b"HTTP/1.1 200 Whatever\r\n\r\n").ok()?;
    let mut back = (far.try_clone().ok()?, near.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut back.0, &mut back.1);
        let _ = back.1.shutdown(Shutdown::Write);
    });
    std::io::copy(&mut reader, &mut far).ok()?;
    far.shutdown(Shutdown::Write).ok()
}

#[test]
fn a_registry_is_reached_through_a_proxy_and_has_to_prove_who_it_is() {
    let made = rcgen::generate_simple_self_signed(["r.example".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let registry = Registry::with_tls(Some((&certificate, &key)));
    let proxy = Proxy { https: Some(tunnel_to(&registry.host)), ..Proxy::default() };
    let image = image(&[bytes("a", 1 << 20)]);
    let write = |roots: Roots, to: &str| -> Result<Written, String> {
        let transport = Transport::new(Settings { proxy: proxy.clone(), roots, ..Settings::default() }).unwrap();
        wait(transport.write(&image, None, &at(to), &())).map_err(|error| explain(&error))
    };
    let written = write(Roots::Only(certificate.clone().into()), "r.example/app").unwrap();
    assert_eq!(written.reference, format!("r.example/app@{}", image.digest()));
    assert_eq!(write(Roots::SystemAnd(certificate.into()), "r.example/app").unwrap().blobs_reused, 2);

    let stranger = rcgen::generate_simple_self_signed(["r.example".to_owned()]).unwrap().cert.pem();
    let error = write(Roots::Only(stranger.into()), "r.example/app").unwrap_err();
    assert!(error.starts_with("Unreachable: could not look for") && error.contains("certificate"), "{error}");
}

#[test]
fn this_machine_is_not_asked_for_through_a_proxy() {
    let proxy = Fake::start(|_| answer(404));
    let there = Fake::start(|_| answer(404));
    let settings = Settings {
        proxy: Proxy {
            http: Some(format!("http://{}", proxy.host)),
            except: Some("n.example".into()),
            ..Proxy::default()
        },
        insecure: vec!["r.example:5000".into()],
        ..Settings::default()
    };
    let transport = Transport::new(settings).unwrap();
    for host in ["r.example:5000", &there.host] {
        assert!(wait(transport.read(&at(&format!("{host}/app")), &platform())).is_err());
    }
    assert_eq!(proxy.log(), "GET http://r.example:5000/v2/app/manifests/latest");
    assert_eq!(there.log(), "GET /v2/app/manifests/latest");
}

fn on_any_thread(_: impl Send) {}

#[test]
fn futures_can_be_sent() {
    let transport = Transport::new(Settings::default()).unwrap();
    let (image, to) = (image(&[]), at("oci:nowhere"));
    on_any_thread(transport.write(&image, None, &to, &()));
    on_any_thread(transport.read(&to, &platform()));
}

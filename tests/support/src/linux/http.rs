//! As much HTTP as it takes to see that something answers.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 200, if all is well.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// Without headers.
    pub body: String,
}

/// Asks a server on this machine for a path.
pub fn get(port: u16, path: &str) -> io::Result<Response> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Response { status, head: head.to_owned(), body: body.to_owned() })
}

/// What `host`, with its port, answers to a request with a body of a media type, which has to be a good answer: head and body.
/// Of what there are several forms, manifests of OCI's and Docker's images are preferred.
pub fn ask(host: &str, method: &str, path: &str, kind: &str, body: &[u8]) -> io::Result<(String, Vec<u8>)> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {host}\r\nAccept: {MANIFESTS}\r\nContent-Type: {kind}\r\n")?;
    write!(stream, "Content-Length: {length}\r\n\r\n")?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    let head = String::from_utf8_lossy(&answer[..end]).replace('\r', "");
    let body = answer.split_off(end + 4);
    if head.split(' ').nth(1).is_some_and(|status| status.starts_with('2')) {
        return Ok((head, body));
    }
    Err(io::Error::other(format!("{method} {path}: {head}\n{}", String::from_utf8_lossy(&body))))
}

const MANIFESTS: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// A port that nobody listens on, given to nobody else in this process, and not of those that systems give by themselves.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 100).expect("it is below 100") * 100;
    for _ in 0..100 {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 100;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free from {first} on");
}

/// A server that takes connections and never answers.
pub struct Silent {
    port: u16,
    asked: Receiver<TcpStream>,
}

impl Silent {
    /// Listens on a port of its own.
    #[expect(clippy::new_without_default, reason = "a server is not a default value")]
    pub fn new() -> Silent {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
        let port = listener.local_addr().expect("a listener has an address").port();
        let (sender, asked) = channel();
        // Ends with the first connection after the receiver is gone, or with the process.
        thread::spawn(move || listener.incoming().flatten().try_for_each(|stream| sender.send(stream)));
        Silent { port, asked }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Waits until somebody has connected. The connection stays open as long as the value is kept.
    pub fn asked(&self) -> TcpStream {
        self.asked.recv_timeout(Duration::from_mins(5)).expect("somebody asks")
    }
}

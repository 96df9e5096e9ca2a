//! Files that this machine serves over HTTP.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

type Contents = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A server of files that are in memory. It answers as long as the process runs.
#[derive(Clone)]
pub(crate) struct Served {
    port: u16,
    files: Contents,
}

impl Served {
    /// One with nothing to serve.
    pub(crate) fn new() -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
        let port = listener.local_addr().expect("a listener has an address").port();
        let files = Contents::default();
        let served = files.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let files = served.clone();
                // Who hangs up in the middle needs no answer.
                thread::spawn(move || answer(&stream, &files));
            }
        });
        Served { port, files }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Serves these bytes at a path.
    pub(crate) fn put(&self, path: &str, bytes: Vec<u8>) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), bytes);
    }

    /// What is at a path.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(path).unwrap_or_else(|| panic!("nothing is served at `{path}`")).clone()
    }
}

fn answer(mut stream: &TcpStream, files: &Contents) -> io::Result<()> {
    let mut head = BufReader::new(stream).lines();
    let request = head.next().transpose()?.unwrap_or_default();
    while head.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    let found = files.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
    let (status, body) = found.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body)
}

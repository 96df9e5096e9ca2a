//! A container daemon that has no images: as much of one as pack asks for before it speaks to a registry.

use super::files::Files;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

/// It answers as long as the process runs; its socket is gone when this is dropped.
pub(crate) struct Daemon(Files);

const SOCKET: &str = "docker.sock";

impl Daemon {
    pub(crate) fn new() -> Daemon {
        let files = Files::new();
        let listener = UnixListener::bind(files.join(SOCKET)).expect("a socket can be made");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Who hangs up needs no answer.
                thread::spawn(move || answer(&stream));
            }
        });
        Daemon(files)
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.0.join(SOCKET).display())
    }
}

fn answer(mut stream: &UnixStream) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while let Some(request) = lines.next().transpose()? {
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let path = request.split(' ').nth(1).unwrap_or_default();
        let (status, body) = if path.ends_with("/_ping") {
            ("200 OK", "")
        } else if path.ends_with("/version") {
            ("200 OK", r#"{"Os":"linux","Arch":"amd64","ApiVersion":"1.44"}"#)
        } else {
            ("404 Not Found", r#"{"message":"No such image"}"#)
        };
        let head = "Api-Version: 1.44\r\nContent-Type: application/json";
        write!(stream, "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
    }
    Ok(())
}

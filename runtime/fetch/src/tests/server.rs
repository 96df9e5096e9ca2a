//! A registry of a few lines, on the loopback interface, that answers as it is told.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A server that stops when it is dropped.
pub(crate) struct Server {
    /// `127.0.0.1:<port>`.
    pub(crate) host: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// With the query.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// How many times the path was asked for before.
    pub(crate) before: usize,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Server {
    /// Serves what `answer` makes of each request: the whole response, after which the connection is closed.
    pub(crate) async fn start(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (log, answer) = (asked.clone(), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, log.clone(), answer.clone()));
            }
        });
        Server { host, asked, task }
    }

    /// The address of a registry on it.
    pub(crate) fn address(&self) -> String {
        format!("http://{}/", self.host)
    }

    /// What it was asked, in order of arrival.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<F: Fn(&Asked) -> Vec<u8>>(mut stream: TcpStream, log: Arc<Mutex<Vec<Asked>>>, answer: Arc<F>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let asked = {
        let mut log = log.lock().unwrap();
        let before = log.iter().filter(|asked| asked.path == path).count();
        log.push(Asked { path, headers, before });
        log.last().unwrap().clone()
    };
    let response = answer(&asked);
    // The other side may have enough before the end.
    let _ = stream.write_all(&response).await;
    let _ = stream.shutdown().await;
}

/// A response whose length is that of its body.
pub(crate) fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    cut_off(status, headers, body, body.len())
}

/// A response that promises `length` bytes.
pub(crate) fn cut_off(status: &str, headers: &str, body: &[u8], length: usize) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// A response with this body.
pub(crate) fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    response("200 OK", "", body.as_ref())
}

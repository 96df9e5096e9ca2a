//! Counting what goes over the wire.

use anyhow::Result;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// A way to a server on this machine on which bytes are counted. It is open as long as the process runs.
pub(crate) struct Proxy {
    address: String,
    bytes: Arc<AtomicU64>,
}

impl Proxy {
    /// One to a host and port.
    pub(crate) fn to(server: &str) -> Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let proxy = Proxy { address: listener.local_addr()?.to_string(), bytes: Arc::default() };
        let (server, bytes) = (server.to_owned(), Arc::clone(&proxy.bytes));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&server) else { continue };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { continue };
                    let bytes = Arc::clone(&bytes);
                    thread::spawn(move || pass_on(from, to, &bytes));
                }
            }
        });
        Ok(proxy)
    }

    /// Its host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// How many bytes have gone, both ways together.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, bytes: &AtomicU64) {
    let mut buffer = [0; 16 << 10];
    while let Ok(number @ 1..) = from.read(&mut buffer) {
        bytes.fetch_add(number as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..number]).is_err() {
            break;
        }
    }
    // Who has gone already needs no word.
    let _ = to.shutdown(Shutdown::Write);
}

//! A buildpack that wants sockets.

use std::net::TcpStream;
use wattle_buildpack::{Build, Buildpack, Detect, Detection, Launch, Result, register};

struct Socket;

impl Buildpack for Socket {
    fn detect(&self, _: &Detect) -> Result<Detection> {
        Ok(Detection::pass())
    }

    fn build(&self, _: &Build) -> Result<Launch> {
        TcpStream::connect(("127.0.0.1", 80))?;
        Ok(Launch::web(["true"]))
    }
}

register!(Socket);

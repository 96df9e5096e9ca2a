//! The smallest whole buildpack: greets whoever `hello.txt` names.

use serde::Serialize;
use std::fs;
use wattle_buildpack::{Build, Buildpack, Detect, Detection, Launch, Result, register};

struct Hello;

#[derive(Serialize)]
struct Greeting<'a> {
    name: &'a str,
    arch: &'a str,
}

impl Buildpack for Hello {
    fn detect(&self, cx: &Detect) -> Result<Detection> {
        if !cx.app("hello.txt").exists() {
            return Ok(Detection::skip("there is no `hello.txt`"));
        }
        Ok(Detection::pass().provides("hello").requires("hello"))
    }

    fn build(&self, cx: &Build) -> Result<Launch> {
        let name = fs::read_to_string(cx.app("hello.txt"))?;
        let greeting = Greeting { name: name.trim(), arch: cx.arch() };
        let layer = cx
            .layer("greeting")
            .launch()
            .cached_by(&greeting)
            .or_create(|dir| Ok(fs::write(dir.join("greeting"), format!("Hello, {}!\n", greeting.name))?))?;
        Ok(Launch::web(["cat", &layer.at("greeting")]))
    }
}

register!(Hello);

//! A buildpack that does what it should not: the application's file `misbehave` says what.

use std::fs;
use std::hint::black_box;
use wattle_buildpack::{Build, Buildpack, Detect, Detection, Error, Launch, Placement, Result, Scope, register};

struct Misbehaving;

impl Buildpack for Misbehaving {
    fn detect(&self, cx: &Detect) -> Result<Detection> {
        match fs::read_to_string(cx.app("misbehave")) {
            Ok(how) if how.trim() == "loop in detect" => endless(),
            Ok(_) => Ok(Detection::pass()),
            Err(_) => Ok(Detection::skip("there is no `misbehave`")),
        }
    }

    fn build(&self, cx: &Build) -> Result<Launch> {
        let how = fs::read_to_string(cx.app("misbehave"))?;
        match how.trim() {
            "read host files" => read_host_files(),
            "loop" => endless(),
            "allocate" => allocate(),
            "write files" => write_files(cx),
            "write bytes" => write_bytes(cx),
            "print" => print_much(),
            "panic" => give_up("the author did not expect this"),
            "recurse" => Ok(Launch::web(["true", &recurse(1).to_string()])),
            "exit" => std::process::exit(7),
            "escape" => escape(cx),
            "fetch" => fetch(cx),
            "unpack" => unpack_often(cx),
            "contribute" => contribute_much(cx),
            "read" => Ok(read_and_get_over_it(cx)),
            other => Err(Error::user("misbehave/unknown", format!("`{other}` is no misbehaviour that is known here"))),
        }
    }
}

fn read_host_files() -> Result<Launch> {
    for path in
        ["/etc/passwd", "/proc/self/environ", "../../../etc/passwd", "/workspace/../../etc/passwd", "/workspace/link"]
    {
        if let Ok(text) = fs::read_to_string(path) {
            return Err(Error::user("misbehave/read", format!("`{path}` was read: {text}")));
        }
    }
    Err(Error::user("misbehave/contained", "no file of the host was read"))
}

fn endless<T>() -> T {
    loop {
        black_box(());
    }
}

#[expect(clippy::unnecessary_wraps, reason = "like the others")]
fn allocate() -> Result<Launch> {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    while kept.len() < 8 << 10 {
        kept.push(vec![1; 1 << 20]);
    }
    Ok(Launch::web(["true", &kept.len().to_string()]))
}

fn write_files(cx: &Build) -> Result<Launch> {
    for number in 0..10_000_000 {
        fs::write(cx.app(format!("file-{number}")), "")?;
    }
    Ok(Launch::web(["true"]))
}

fn write_bytes(cx: &Build) -> Result<Launch> {
    let piece = vec![7; 1 << 20];
    for number in 0..100_000 {
        fs::write(cx.app(format!("big-{number}")), &piece)?;
    }
    Ok(Launch::web(["true"]))
}

#[expect(clippy::print_stdout, reason = "standard output is the build log")]
fn print_much() -> Result<Launch> {
    let line = "x".repeat(1023);
    for _ in 0..1 << 20 {
        println!("{line}");
    }
    println!("\u{1b}]0;title\u{7}");
    Err(Error::user("misbehave/contained", "all was printed"))
}

fn give_up(why: &str) -> Result<Launch> {
    panic!("{why}")
}

fn recurse(depth: u64) -> u64 {
    if depth == u64::MAX { 0 } else { recurse(black_box(depth + 1)).wrapping_add(1) }
}

fn escape(cx: &Build) -> Result<Launch> {
    let attempts = [
        ("/evil", fs::write("/evil", "x")),
        ("/buildpack/evil", fs::write("/buildpack/evil", "x")),
        ("/layers/evil", fs::write("/layers/evil", "x")),
        ("/layers/other_buildpack", fs::create_dir_all("/layers/other_buildpack/layer")),
        ("../evil", fs::write(cx.app("../evil"), "x")),
    ];
    match attempts.iter().find(|(_, done)| done.is_ok()) {
        Some((path, _)) => Err(Error::user("misbehave/escape", format!("`{path}` was written"))),
        None => Err(Error::user("misbehave/contained", "nothing was written outside")),
    }
}

fn fetch(cx: &Build) -> Result<Launch> {
    cx.fetch(["https://metadata.invalid/latest", "npm:express"])?;
    Err(Error::user("misbehave/fetch", "something was fetched"))
}

fn unpack_often(cx: &Build) -> Result<Launch> {
    let archives = cx.fetch(["test:archive"])?;
    let layer = cx.layer("full").launch().open()?;
    let places = archives.iter().flat_map(|archive| (0..1000).map(|at| Placement::new(archive).below(at.to_string())));
    layer.unpack(places)?;
    Ok(Launch::web(["true"]))
}

fn contribute_much(cx: &Build) -> Result<Launch> {
    let layer = cx.layer("variables").launch().open()?;
    for number in 0..1 << 20 {
        layer.env(Scope::All).set(&format!("NAME_{number}"), "x".repeat(1 << 10))?;
    }
    Ok(Launch::web(["true"]))
}

/// Something that is not there and something that cannot be read are the same to it.
fn read_and_get_over_it(cx: &Build) -> Launch {
    let text = fs::read_to_string(cx.app("unreadable")).unwrap_or_default();
    Launch::web(["true", &text])
}

register!(Misbehaving);

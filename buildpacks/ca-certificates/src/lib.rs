//! Has the image's programs trust certificates of service bindings: of those that are there when it is built, and of those
//! that are there when it is started; `README.md` has the rules.

mod bound;
mod settings;

use bound::Bound;
use serde::Serialize;
use settings::Settings;
use sha2::{Digest as _, Sha256};
use std::fs;
use wattle_buildpack::{Build, Buildpack, Detect, Detection, Error, Launch, Layer, Result, Scope, register};
use wattle_trust::{BINDING, BUNDLE_NAME, DIRECTORIES, DIRECTORY_NAME, FILE, NODE, system_file};

struct CaCertificates;

impl Buildpack for CaCertificates {
    fn detect(&self, cx: &Detect) -> Result<Detection> {
        let settings = Settings::read(cx)?;
        if !settings.embeds && !settings.looks {
            return Ok(Detection::skip("no certificates are wanted in the image, nor when it is started"));
        }
        Ok(Detection::pass().provides(BINDING).requires(BINDING))
    }

    fn build(&self, cx: &Build) -> Result<Launch> {
        let settings = Settings::read(cx)?;
        // What is wrong with a certificate is said now, even if it is not to be in the image.
        let bound = Bound::read(cx)?;
        if settings.embeds {
            embed(cx, &bound)?;
        } else {
            bound.leave_out();
        }
        if settings.looks {
            add_program(cx)?;
        }
        Ok(Launch::new())
    }
}

register!(CaCertificates);

/// What the layer of certificates is a function of.
#[derive(Serialize)]
struct Embedded {
    certificates: String,
    system: &'static str,
}

fn embed(cx: &Build, bound: &Bound) -> Result<()> {
    let certificates = bound.certificates();
    if certificates.is_empty() {
        return Err(Error::user("ca-certificates/none", "`BP_EMBED_CERTS` is set, and no certificate is bound")
            .hint("bind a directory with PEM files and a file `type` that says `ca-certificates`")
            .hint("or leave out `BP_EMBED_CERTS`"));
    }
    let distribution = cx.target().distribution.as_ref().map(|it| it.name.as_str()).unwrap_or_default();
    let bundle = certificates.bundle();
    let key = Embedded { certificates: format!("{:x}", Sha256::digest(&bundle)), system: system_file(distribution) };
    let layer = cx.layer("certificates").launch().cached_by(&key).or_create(|layer| {
        fs::create_dir(layer.join(DIRECTORY_NAME))?;
        for (name, pem) in certificates.files() {
            fs::write(layer.join(DIRECTORY_NAME).join(name), pem)?;
        }
        Ok(fs::write(layer.join(BUNDLE_NAME), &bundle)?)
    })?;
    bound.announce();
    trust(&layer, key.system)
}

/// The variables by which programs find what is in the layer, besides what they trust already. Who looks into directories
/// that are named no longer looks where the system has its own, so that has to be said too.
fn trust(layer: &Layer, system: &str) -> Result<()> {
    layer
        .env(Scope::Launch)
        .append(DIRECTORIES, layer.at(DIRECTORY_NAME), ":")?
        .default(FILE, system)?
        .default(NODE, layer.at(BUNDLE_NAME))?;
    Ok(())
}

/// What the layer with the program is a function of.
#[derive(Serialize)]
struct Program {
    program: String,
}

/// The program that looks for bindings when a process starts.
fn add_program(cx: &Build) -> Result<()> {
    let program = fs::read(cx.buildpack(format!("trust-{}", cx.arch()))).map_err(|error| {
        let summary = format!("there is no program for `{}`", cx.arch());
        Error::internal("ca-certificates/program", summary).source(error)
    })?;
    let key = Program { program: format!("{:x}", Sha256::digest(&program)) };
    cx.layer("start").launch().cached_by(&key).or_create(|layer| layer.exec_d(None, "ca-certificates", &program))?;
    Ok(())
}

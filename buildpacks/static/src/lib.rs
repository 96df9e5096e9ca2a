//! Serves a folder of HTML with nginx; `README.md` has the rules.

mod cache;
mod log;
mod nginx;
mod project;
mod root;
mod settings;
mod site;

use nginx::Config;
use root::Root;
use serde::Serialize;
use settings::{Settings, Wish};
use sha2::{Digest as _, Sha256};
use site::Site;
use std::fs;
use wattle_buildpack::{Build, Buildpack, Detect, Detection, Error, Launch, Layer, Result, register};

struct Static;

/// nginx itself, and what its start needs: a shell, and `mktemp`.
const PACKAGES: [&str; 3] = ["nginx", "dash", "coreutils"];

/// The program that starts nginx.
const SERVE: &str = include_str!("serve.sh");

impl Buildpack for Static {
    fn detect(&self, cx: &Detect) -> Result<Detection> {
        Ok(match root::verdict(&cx.app(""), &Wish::read(cx)) {
            Ok(()) => Detection::pass().provides("nginx").requires("nginx"),
            Err(reason) => Detection::skip(reason),
        })
    }

    fn build(&self, cx: &Build) -> Result<Launch> {
        let settings = Settings::read(cx)?;
        let root = root::choose(&cx.app(""), &settings.wish)?;
        let site = Site::read(&cx.app(""), &root)?;
        if settings.push_state && !site.has_index {
            return Err(nothing_to_fall_back_on(&root));
        }
        let config = Config::new(&cx.app("").to_string_lossy(), &root, &site, &settings)?.to_string();
        let packages = cx.require_packages(PACKAGES)?;
        let version = packages.first().map(|nginx| format!(" {}", nginx.version())).unwrap_or_default();
        log::line(&format!("{root} by nginx{version}: {site}"));
        let layer = server(cx, &root, &site, &config)?;
        Ok(Launch::web([layer.at("serve")]))
    }
}

register!(Static);

/// What the layer is a function of. The first two are in `text` as well, and here so that a change can be read.
#[derive(Serialize)]
struct Key<'a> {
    root: &'a str,
    site: &'a str,
    text: String,
}

fn server(cx: &Build, root: &Root, site: &Site, config: &str) -> Result<Layer> {
    let text = Sha256::new().chain_update(config).chain_update(SERVE).finalize();
    let key = Key { root: root.folder(), site: &site.digest, text: format!("{text:x}") };
    cx.layer("server").launch().cached_by(&key).or_create(|layer| {
        fs::write(layer.join("site.conf"), config)?;
        fs::write(layer.join("serve"), SERVE)?;
        layer.set_executable("serve", true)
    })
}

fn nothing_to_fall_back_on(root: &Root) -> Error {
    let summary = format!("`BP_WEB_SERVER_ENABLE_PUSH_STATE` is set, but {root} has no `index.html` to serve");
    Error::user("static/push-state/no-index", summary)
        .hint("name the folder that has it: `BP_WEB_SERVER_ROOT=dist`")
        .hint("or leave out `BP_WEB_SERVER_ENABLE_PUSH_STATE`")
}

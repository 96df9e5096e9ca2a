//! What the user says in the build environment.

use crate::cache::{self, Rule};
use wattle_buildpack::{Context, Error, Result};

/// What the user wants to be served, and by what.
#[derive(Debug, Default)]
pub(crate) struct Wish {
    /// `BP_WEB_SERVER_ROOT`: the folder.
    pub(crate) root: Option<String>,
    /// `BP_WEB_SERVER`: `nginx`, or something that is not served here.
    pub(crate) server: Option<String>,
}

/// All settings of a build.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) wish: Wish,
    /// `BP_WEB_SERVER_ENABLE_PUSH_STATE`: paths that are not there get `/index.html`.
    pub(crate) push_state: bool,
    /// `BP_WEB_SERVER_FORCE_HTTPS`: what did not come by HTTPS is sent there.
    pub(crate) force_https: bool,
    /// `BP_STATIC_CACHE_CONTROL`, in its order.
    pub(crate) cache: Vec<Rule>,
}

impl Wish {
    pub(crate) fn read(cx: &Context) -> Self {
        let text = |name| cx.env(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        Self { root: text("BP_WEB_SERVER_ROOT"), server: text("BP_WEB_SERVER") }
    }

    /// Another server than nginx.
    pub(crate) fn other_server(&self) -> Option<&str> {
        self.server.as_deref().filter(|server| *server != "nginx")
    }

    /// Whether the user wants a site to be served, whatever else the application is.
    pub(crate) fn is_said(&self) -> bool {
        self.root.is_some() || self.server.is_some()
    }
}

impl Settings {
    pub(crate) fn read(cx: &Context) -> Result<Self> {
        Ok(Self {
            wish: Wish::read(cx),
            push_state: switch(cx, "BP_WEB_SERVER_ENABLE_PUSH_STATE")?,
            force_https: switch(cx, "BP_WEB_SERVER_FORCE_HTTPS")?,
            cache: cache::parse(cx.env("BP_STATIC_CACHE_CONTROL").unwrap_or_default())
                .map_err(|error| cache_error(&error))?,
        })
    }
}

fn switch(cx: &Context, name: &str) -> Result<bool> {
    let value = cx.env(name).unwrap_or_default().trim();
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" | "" => Ok(false),
        _ => Err(Error::user("static/setting/switch", format!("`{name}` is `{value}`: expected `true` or `false`"))
            .hint(format!("write `{name}=true`, or leave it out"))),
    }
}

fn cache_error(error: &cache::Malformed) -> Error {
    Error::user("static/cache-control/malformed", error.to_string())
        .hint("write `pattern = value`, one a line or with `;` between, such as `/downloads/ = public, max-age=86400`")
}

//! What the user says in the build environment.

use wattle_buildpack::{Context, Error, Result};

/// Certificates that are bound at build are put into the image.
const EMBED: &str = "BP_EMBED_CERTS";
/// No certificates are looked for when the image is started.
const DISABLED: &str = "BP_RUNTIME_CERT_BINDING_DISABLED";
/// The opposite, as it was said before.
const ENABLED: &str = "BP_ENABLE_RUNTIME_CERT_BINDING";

/// The settings of a build.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) embeds: bool,
    /// Whether certificates are looked for when the image is started.
    pub(crate) looks: bool,
}

impl Settings {
    pub(crate) fn read(cx: &Context) -> Result<Self> {
        let disabled = match switch(cx, DISABLED)? {
            None => switch(cx, ENABLED)?.map(|enabled| !enabled),
            said => said,
        };
        Ok(Self { embeds: switch(cx, EMBED)?.unwrap_or_default(), looks: !disabled.unwrap_or_default() })
    }
}

fn switch(cx: &Context, name: &str) -> Result<Option<bool>> {
    let value = cx.env(name).unwrap_or_default().trim();
    match value.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" => Ok(Some(true)),
        "false" | "f" | "0" => Ok(Some(false)),
        "" => Ok(None),
        _ => {
            let summary = format!("`{name}` is `{value}`: expected `true` or `false`");
            Err(Error::user("ca-certificates/setting/switch", summary)
                .hint(format!("write `{name}=true`, or leave it out")))
        }
    }
}

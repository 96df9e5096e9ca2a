//! Go modules: `GOPROXY`, a list of proxies of which the first counts (Go modules reference, "Module proxies").

use super::ask::Question;
use super::{Findings, Found, environment, ini};
use crate::Settings;
use crate::settings::read;
use std::path::PathBuf;

pub(super) fn find(settings: &Settings) -> Findings {
    let mut addresses = Vec::new();
    if let Some(address) = settings.variable(&["GOPROXY"]).and_then(first) {
        addresses.push(Found::new(address, "`GOPROXY` in the environment"));
    }
    let file = settings.variable(&["GOENV"]).map(PathBuf::from).or_else(|| settings.user_configuration("go/env"));
    let text = file.as_deref().and_then(read).unwrap_or_default();
    let entries = ini::entries(&text);
    let configured = entries.iter().find(|entry| entry.name == "GOPROXY").and_then(|entry| first(entry.value));
    addresses.extend(configured.map(|address| Found::new(address, "`GOPROXY` in the user's Go configuration")));
    let question = Question {
        program: "go",
        arguments: &["env", "GOPROXY"],
        read: first,
        files: file.into_iter().collect(),
        beside: "go.env",
    };
    Findings { addresses, connection: environment(settings), question: Some(question), ..Findings::default() }
}

/// The first proxy of a list, which may also say `direct` and `off`.
fn first(list: &str) -> Option<&str> {
    list.split([',', '|']).map(str::trim).find(|part| part.starts_with("https://") || part.starts_with("http://"))
}

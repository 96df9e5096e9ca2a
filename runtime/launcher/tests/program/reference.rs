//! The launcher of the reference implementation, where it is here.

use std::env;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::thread;

/// Names the directory that it is in; else it is looked for in the user's cache (see CONTRIBUTING.md).
const VARIABLE: &str = "WATTLE_PEERS";

/// It, if it is here. If not, the test that asks is over, and this says so.
pub(crate) fn launcher() -> Option<PathBuf> {
    let named = env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let cache = env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    let directory = named.clone().or_else(|| Some(cache?.join("wattle-peers/bin")));
    let launcher = directory.map(|directory| directory.join("launcher")).filter(|launcher| launcher.is_file());
    // Whoever names a directory wants these tests to run.
    assert!(launcher.is_some() || named.is_none(), "`{VARIABLE}` names a directory without the reference's launcher");
    if launcher.is_none() {
        skip("the reference implementation is not here (`WATTLE_PEERS`)");
    }
    launcher
}

/// Says on standard output, and not as output of a test is kept, that the test on this thread is skipped: it is counted among
/// those, and not among those that passed.
fn skip(why: &str) {
    let name = thread::current().name().unwrap_or("a test").to_owned();
    // On a line of its own, whatever was written before.
    io::stdout().lock().write_all(format!("\nskipped: {name}: {why}\n").as_bytes()).unwrap();
}

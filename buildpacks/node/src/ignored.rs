//! Why a file may not be in the application: a build reads it without what ignore files name.

use wattle_command::npm::Files;

/// What to do about a file that a build step would have made.
pub(crate) fn hint(path: &str, files: &dyn Files) -> String {
    match rule(path, files) {
        Some((file, rule)) if file.ends_with(".wattleignore") => {
            format!("make it before `wattle build`, and take `{rule}` out of `{file}`, which leaves it out")
        }
        Some((file, rule)) => format!(
            "make it before `wattle build`, and bring it back by the line `!{rule}` in `.wattleignore`: `{file}` leaves out `{rule}`"
        ),
        None => format!(
            "if a build step makes it, run that before `wattle build`; if an ignore file leaves it out, write `!{}` into `.wattleignore`",
            path.split('/').next().unwrap_or(path)
        ),
    }
}

/// The line that leaves a file out, and the ignore file that it is in. Patterns with stars are beyond this.
fn rule(path: &str, files: &dyn Files) -> Option<(String, String)> {
    let parents = path.match_indices('/').map(|(at, _)| &path[..=at]);
    for parent in std::iter::once("").chain(parents) {
        for name in [".wattleignore", ".gitignore"] {
            let file = format!("{parent}{name}");
            let text = files.read(&file).unwrap_or_default();
            let found = text.lines().map(str::trim).find(|line| leaves_out(line, &path[parent.len()..]));
            if let Some(line) = found {
                return Some((file, line.to_owned()));
            }
        }
    }
    None
}

fn leaves_out(line: &str, path: &str) -> bool {
    let pattern = line.strip_prefix("**/").unwrap_or(line).trim_end_matches('/');
    if pattern.is_empty() || pattern.starts_with(['#', '!']) {
        return false;
    }
    let from_here = pattern.trim_start_matches('/');
    if pattern.contains('/') {
        path.strip_prefix(from_here).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    } else {
        path.split('/').any(|step| step == pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::leaves_out;

    #[test]
    fn plain_patterns_of_ignore_files() {
        for line in ["dist", "dist/", "/dist", "/dist/", "**/dist", "server.js", "dist/server.js"] {
            assert!(leaves_out(line, "dist/server.js"), "{line}");
        }
        for line in ["", "/", "#dist", "!dist", "dis", "/server.js", "dist/serve", "src"] {
            assert!(!leaves_out(line, "dist/server.js"), "{line}");
        }
    }
}

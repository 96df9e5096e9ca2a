//! Names that buildpacks give, and where they lead.

/// Identifiers that would fall on directories with another meaning (Buildpack specification, "Buildpack ID").
const RESERVED_BUILDPACKS: [&str; 4] = ["app", "config", "generated", "sbom"];
/// Names whose description would fall on a file with another meaning (Buildpack specification, "Layer Types").
const RESERVED_LAYERS: [&str; 3] = ["build", "launch", "store"];

/// Directories of an image, and whose they are.
const TAKEN: [(&str, &str); 6] = [
    (super::LAYERS_DIR, "the layers of buildpacks are in `/layers`"),
    ("/cnb", "the launcher is in `/cnb`"),
    ("/platform", "the platform has `/platform`"),
    ("/dev", "the system has `/dev`"),
    ("/proc", "the system has `/proc`"),
    ("/sys", "the system has `/sys`"),
];

/// A name that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` cannot be the name of {what}: {reason}")]
pub struct NameError {
    /// `a layer`, or the like.
    pub what: &'static str,
    /// The name.
    pub name: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// A directory where no application can be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the application cannot be in `{path}`: {reason}")]
pub struct WorkspaceError {
    /// The directory.
    pub path: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Checks the identifier of a buildpack: letters, digits, `.`, `/` and `-`.
pub fn check_buildpack(id: &str) -> Result<(), NameError> {
    let error = |reason| Err(NameError { what: "a buildpack", name: id.to_owned(), reason });
    let good = |part: &str| {
        !matches!(part, "" | "." | "..") && part.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
    };
    if !id.split('/').all(good) {
        return error("it has letters, digits, `.`, `-`, and `/` between parts that are not empty");
    }
    if RESERVED_BUILDPACKS.contains(&id) { error("it is reserved") } else { Ok(()) }
}

/// Checks the name of a layer: that of a directory, without a dot, which would end it in the name of its SBOM.
pub fn check_layer(name: &str) -> Result<(), NameError> {
    let error = |reason| Err(NameError { what: "a layer", name: name.to_owned(), reason });
    if let Err(reason) = wattle_tree::check_name(name) {
        return error(reason);
    }
    match name {
        _ if name.contains('.') => error("it has a dot in it"),
        _ if RESERVED_LAYERS.contains(&name) => error("it is reserved"),
        _ => Ok(()),
    }
}

/// Checks the type of a process: letters, digits, `.`, `_` and `-` (Buildpack specification, "launch.toml").
pub fn check_process(kind: &str) -> Result<(), NameError> {
    let error = |reason| Err(NameError { what: "a process type", name: kind.to_owned(), reason });
    match kind {
        "" | "." | ".." => error("it is not the name of a file"),
        "launcher" => error("the launcher itself has it"),
        _ if kind.len() > wattle_tree::MAX_NAME => error("it is longer than 255 bytes"),
        _ if !kind.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) => {
            error("it has letters, digits, `.`, `_` and `-`")
        }
        _ => Ok(()),
    }
}

/// Checks the name of an execution environment: letters, digits, `.` and `-` (Buildpack specification, "Execution
/// Environments").
pub fn check_execution_environment(name: &str) -> Result<(), NameError> {
    let error = |reason| Err(NameError { what: "an execution environment", name: name.to_owned(), reason });
    match name {
        _ if name.len() > wattle_tree::MAX_NAME => error("it is longer than 255 bytes"),
        _ if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b)) => {
            error("it has letters, digits, `.` and `-`")
        }
        _ => Ok(()),
    }
}

/// Checks the directory of an application in its image: an absolute path to where nothing else is.
pub fn check_workspace(path: &str) -> Result<(), WorkspaceError> {
    let error = |reason| Err(WorkspaceError { path: path.to_owned(), reason });
    let names = path.strip_prefix('/').filter(|names| !names.is_empty());
    if names.is_none_or(|names| wattle_tree::components(names).is_err()) {
        return error("it is not an absolute path of plain names, as `/workspace` is");
    }
    let inside = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let taken = TAKEN.iter().find(|(taken, _)| inside(taken, path) || inside(path, taken));
    taken.map_or(Ok(()), |(_, reason)| error(reason))
}

/// The directory of a buildpack below [`LAYERS_DIR`](super::LAYERS_DIR).
pub fn directory(id: &str) -> String {
    id.replace('/', "_")
}

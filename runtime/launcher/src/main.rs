//! The launcher. What it decides is in the library; here it is done.

use std::process::ExitCode;

#[cfg(unix)]
mod unix;

#[cfg(unix)]
fn main() -> ExitCode {
    unix::main()
}

/// Images are for Linux. Elsewhere, the launcher is compiled only because the workspace is.
#[cfg(not(unix))]
#[expect(clippy::print_stderr, reason = "it is the program's only output")]
fn main() -> ExitCode {
    eprintln!("error: the launcher runs only inside images");
    ExitCode::FAILURE
}

//! The launcher. What it decides is in the library; here it is done.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
mod before;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(target_os = "linux")]
mod init;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod signals;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    linux::main()
}

/// Images are for Linux. Elsewhere, the launcher is compiled only because the workspace is.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::print_stderr, reason = "it is the program's only output")]
fn main() -> ExitCode {
    eprintln!("error: the launcher runs only inside images");
    ExitCode::FAILURE
}

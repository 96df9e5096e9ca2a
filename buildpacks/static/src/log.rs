//! The build log.

/// Says a line to whoever watches the build.
#[expect(clippy::print_stdout, reason = "standard output is the build log")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}

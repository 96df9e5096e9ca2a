//! Running all tests, and counting them.

use crate::{set_up, shell};
use anyhow::{Context as _, Result};
use std::io::{BufRead as _, BufReader};
use std::process::{ExitCode, Stdio};

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only tests whose name contains this
    filter: Option<String>,
}

/// Installs what is missing and runs all tests of the workspace. The last line says how many passed and failed.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore speaks to who runs it")]
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    set_up::for_tests()?;
    let mut words = vec!["test", "--release", "--workspace", "--no-fail-fast"];
    words.extend(args.filter.as_deref());
    let mut cargo = shell::command("cargo", &words);
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("`cargo` cannot be started")?;
    let mut tally = Tally::default();
    for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(|output| output.split(b'\n')) {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        tally.add(&line);
    }
    let status = child.wait()?;
    if !status.success() {
        eprintln!("error: `cargo {}` ended with {status}", words.join(" "));
        // Tests that did not compile, or that ended before they could say how they went.
        tally.failed = tally.failed.max(1);
    }
    if tally.ignored > 0 {
        println!("{} ignored", tally.ignored);
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How tests went.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    /// Adds what this line says, if it is one like `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|result| result.split_once(". ")) else {
            return;
        };
        for count in counts.split("; ") {
            let Some((number, what)) = count.split_once(' ') else { continue };
            let number: u64 = number.parse().unwrap_or(0);
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_summed_up() {
        let mut tally = Tally::default();
        for line in [
            "running 7 tests",
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "test a::b ... ok",
            "test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 3 filtered out; finished in 1.20s",
        ] {
            tally.add(line);
        }
        assert_eq!(tally, Tally { passed: 17, failed: 2, ignored: 1 });
    }
}

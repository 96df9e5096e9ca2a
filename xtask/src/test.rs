//! Running all tests, and counting them.

use crate::{set_up, shell};
use anyhow::{Context as _, Result};
use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::process::{ExitCode, Stdio};

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only tests whose name contains this
    filter: Option<String>,
}

/// Installs what is missing and runs all tests of the workspace. The last line says how many passed and failed, and how many
/// were skipped, if any were.
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
    for skipped in &tally.skipped {
        println!("skipped: {skipped}");
    }
    println!("{tally}");
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How tests went.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// Tests that could not run here: name and reason. Their harness counts them among those that passed.
    skipped: Vec<String>,
}

impl Tally {
    /// Adds what this line says, if it is one like `test result: ok. 5 passed; 0 failed; 1 ignored; …`, or like
    /// `skipped: NAME: REASON`, which tests print that want something that is not here.
    fn add(&mut self, line: &str) {
        if let Some(skipped) = line.strip_prefix("skipped: ") {
            self.skipped.push(skipped.to_owned());
            return;
        }
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

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let skipped = self.skipped.len() as u64;
        write!(f, "{} passed, {} failed", self.passed.saturating_sub(skipped), self.failed)?;
        if skipped > 0 { write!(f, ", {skipped} skipped") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally<const N: usize>(lines: [&str; N]) -> Tally {
        let mut tally = Tally::default();
        for line in lines {
            tally.add(line);
        }
        tally
    }

    #[test]
    fn results_are_summed_up() {
        let tally = tally([
            "running 7 tests",
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "test a::b ... ok",
            "test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 3 filtered out; finished in 1.20s",
        ]);
        assert_eq!(tally, Tally { passed: 17, failed: 2, ignored: 1, skipped: Vec::new() });
        assert_eq!(tally.to_string(), "17 passed, 2 failed");
    }

    #[test]
    fn what_is_skipped_has_not_passed() {
        let tally = tally([
            "test a ... ok",
            "skipped: b: there is no c here",
            "ok",
            "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
        ]);
        assert_eq!(tally.skipped, ["b: there is no c here"]);
        assert_eq!(tally.to_string(), "1 passed, 0 failed, 1 skipped");
    }
}

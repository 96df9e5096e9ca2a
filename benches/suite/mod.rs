//! What Wattle costs, beside what others cost that do the same, all in one run: medians of several rounds in which both
//! take turns, so that a ratio holds when the machine's speed drifts. Nothing is judged here.

mod building;
mod cost;
mod files;
mod fleet;
mod launching;
mod machine;
mod packing;
mod proxy;
mod rebasing;
mod run_images;
mod sizes;
mod table;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use table::Row;

/// Measure speed and memory beside peers
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench")]
pub(crate) struct Args {
    /// Only these groups
    #[arg(value_enum)]
    groups: Vec<Group>,
    /// Runs of everything; downloads are measured in three at most
    #[arg(short = 'n', long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    runs: u8,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// A guest's files, beside the same program outside the sandbox
    Files,
    /// Packing a layer, beside tar and gzip, and umoci
    Packing,
    /// Building the sample, beside `npm ci`
    Building,
    /// Making the default run image, beside mmdebstrap
    RunImages,
    /// Rebasing a thousand images in a registry, beside the reference's `rebaser`
    Rebasing,
    /// Starting a process by the launcher, beside the reference's
    Launching,
    /// Sizes of what is shipped
    Sizes,
}

/// The suite, or one of the processes that it measures.
pub(crate) fn main() -> Result<()> {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == INSIDE) {
        return inside(&words.collect::<Vec<_>>());
    }
    let args = Args::parse();
    let machine = machine::describe();
    let mut rows = Vec::new();
    for group in Group::value_variants().iter().filter(|group| args.groups.is_empty() || args.groups.contains(group)) {
        tell(&format!("measuring {group:?}"));
        rows.extend(group.measure(args.runs)?);
    }
    print(&args, &machine, &rows)
}

impl Group {
    fn measure(self, runs: u8) -> Result<Vec<Row>> {
        match self {
            Group::Files => files::measure(runs),
            Group::Packing => packing::measure(runs),
            Group::Building => building::measure(runs),
            Group::RunImages => run_images::measure(runs),
            Group::Rebasing => rebasing::measure(runs),
            Group::Launching => launching::measure(runs),
            Group::Sizes => sizes::measure(),
        }
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn print(args: &Args, machine: &str, rows: &[Row]) -> Result<()> {
    if args.json {
        let report = serde_json::json!({ "machine": machine, "rows": rows });
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{machine}\n\n{}", table::markdown(rows));
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "it takes minutes: who waits wants to see why")]
fn tell(text: &str) {
    eprintln!("{text} ...");
}

/// First argument of this program when it is one of the processes that are measured.
const INSIDE: &str = "inside";

/// This program, to run `what` in a process of its own.
fn this(what: &str) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("this program has no path")?);
    command.args([INSIDE, what]);
    Ok(command)
}

fn inside(words: &[OsString]) -> Result<()> {
    let [what, rest @ ..] = words else { bail!("nothing to do") };
    let paths: Vec<PathBuf> = rest.iter().map(PathBuf::from).collect();
    match (what.to_str(), paths.as_slice()) {
        (Some("cost"), [report, ..]) => cost::run(report, &rest[1..]),
        (Some("guest"), [work, code, directory]) => files::guest(&work.to_string_lossy(), code, directory),
        (Some("native"), [work, directory]) => files::native(&work.to_string_lossy(), directory),
        (Some("pack"), [directory, out]) => packing::pack(directory, out),
        _ => bail!("`{}` is nothing that can be done here", what.to_string_lossy()),
    }
}

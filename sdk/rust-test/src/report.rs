//! A build as text, for snapshots.

use crate::built::Built;
use crate::layer::{Layer, line, listing};
use std::fmt;
use wattle_sandbox::{Change, LayerState, Process, Uses};
use wattle_tree::{ChangeKind, diff};

impl fmt::Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.layers().iter().try_for_each(|layer| write!(f, "{layer}"))?;
        changes(self, f)?;
        self.processes().iter().try_for_each(|it| process(it, f))?;
        self.labels().iter().try_for_each(|(key, value)| writeln!(f, "label {key}={value}"))?;
        self.slices().iter().try_for_each(|patterns| writeln!(f, "slice {}", words(patterns)))?;
        self.sboms().iter().try_for_each(|(of, it)| writeln!(f, "{of:?} SBOM in {}", it.format.media_type()))?;
        self.stored().map_or(Ok(()), |text| writeln!(f, "stored {text}"))?;
        self.left_to_others().iter().try_for_each(|name| writeln!(f, "left {name}"))?;
        self.fetched().iter().try_for_each(|it| writeln!(f, "fetched {} ({} bytes)", it.source, it.size))?;
        self.packages().iter().try_for_each(|it| {
            let note = if it.in_run_image { " (of the run image)" } else { "" };
            writeln!(f, "package {} {}{note}", it.name, it.version)
        })?;
        self.log().lines().try_for_each(|line| writeln!(f, "| {line}"))
    }
}

/// As [`Display`](fmt::Display), so that `unwrap_err` in a test shows all of it.
impl fmt::Debug for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Its name, uses and state, its key, and what is in it unless it is reused.
impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "layer {}{}: ", self.name(), uses(self.uses()))?;
        match self.state() {
            LayerState::Created => writeln!(f, "created")?,
            LayerState::Restored => writeln!(f, "restored")?,
            LayerState::Kept => writeln!(f, "kept")?,
            LayerState::Stale(changes) => {
                writeln!(f, "stale, {}", changes.iter().map(change).collect::<Vec<_>>().join(", "))?;
            }
        }
        if self.is_reused() {
            return Ok(());
        }
        self.key().iter().try_for_each(|(name, value)| writeln!(f, "  {name} = {value}"))?;
        self.sboms().iter().try_for_each(|it| writeln!(f, "  SBOM in {}", it.format.media_type()))?;
        f.write_str(&listing(self.tree()))
    }
}

fn uses(uses: Uses) -> String {
    let all = [(uses.build, " build"), (uses.launch, " launch"), (uses.cache, " cache")];
    all.into_iter().filter_map(|(used, word)| used.then_some(word)).collect()
}

/// In the words that users see: `name World -> Moon`.
fn change(change: &Change) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    format!("{} {} -> {}", change.name, value(&change.before), value(&change.after))
}

fn changes(built: &Built, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (before, after) = (&built.app.application, built.application());
    let Ok(changes) = diff(before, after) else { return writeln!(f, "app: cannot be read") };
    for change in changes {
        let path = &change.path;
        let now = after.get(path).map(|node| line(path, node));
        match (change.kind, now) {
            // A directory of which every file is listed by itself.
            (_, Some(None)) => {}
            (ChangeKind::Added, Some(Some(now))) => writeln!(f, "app + {now}")?,
            (_, Some(Some(now))) => writeln!(f, "app ~ {now}")?,
            (_, None) => writeln!(f, "app - {path}")?,
        }
    }
    Ok(())
}

fn process(process: &Process, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Process { kind, command, arguments, default, working_directory, execution_environments } = process;
    write!(f, "process {kind}{}: {}", if *default { " (default)" } else { "" }, words(command))?;
    if !arguments.is_empty() {
        write!(f, " [{}]", words(arguments))?;
    }
    if let Some(directory) = working_directory {
        write!(f, " in {directory}")?;
    }
    if !execution_environments.is_empty() {
        write!(f, " for {}", words(execution_environments))?;
    }
    writeln!(f)
}

/// Words with spaces or nothing in them are quoted, so that it shows where they end.
fn words(words: &[String]) -> String {
    let quoted = |word: &String| {
        let plain =
            !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\\' | '[' | ']'));
        if plain { word.clone() } else { format!("{word:?}") }
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

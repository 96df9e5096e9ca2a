//! Figures, and the table that they make.

use super::cost::Cost;
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;

/// A line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    what: String,
    unit: Unit,
    wattle: Figure,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<Peer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    Seconds,
    Bytes,
}

/// The same, measured several times.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    median: f64,
    min: f64,
    max: f64,
    runs: usize,
}

/// Somebody else who does the same.
#[derive(Debug, Serialize)]
pub(crate) struct Peer {
    name: String,
    /// None if it is not on this machine.
    figure: Option<Figure>,
}

impl Figure {
    fn of(mut values: Vec<f64>) -> Option<Figure> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
        Some(Figure { median, min, max, runs: values.len() })
    }
}

/// What is read from a cost.
pub(crate) type Read = (&'static str, Unit, fn(&Cost) -> f64);

pub(crate) const WALL: Read = ("wall", Unit::Seconds, |cost| cost.wall.as_secs_f64());
pub(crate) const CPU: Read = ("CPU", Unit::Seconds, |cost| cost.cpu.as_secs_f64());
#[expect(clippy::cast_precision_loss, reason = "a byte more or less does not show")]
pub(crate) const PEAK: Read = ("peak memory", Unit::Bytes, |cost| cost.peak as f64);

/// Costs of a peer, or none if it is not on this machine.
pub(crate) type Costs<'a> = Option<&'a [Cost]>;

/// Rows of the same two series: wall, CPU and peak memory.
pub(crate) fn rows(what: &str, wattle: &[Cost], peer: Option<(&str, Costs)>) -> Vec<Row> {
    [WALL, CPU, PEAK].into_iter().filter_map(|read| row(what, read, wattle, peer)).collect()
}

/// A row of one thing that is read from two series.
pub(crate) fn row(what: &str, read: Read, wattle: &[Cost], peer: Option<(&str, Costs)>) -> Option<Row> {
    let (name, unit, value) = read;
    let values = |costs: &[Cost]| costs.iter().map(value).collect();
    let peer = peer.map(|(name, costs)| (name, costs.map(values)));
    compared(&format!("{what}: {name}"), unit, values(wattle), peer)
}

/// A row of values.
pub(crate) fn compared(
    what: &str,
    unit: Unit,
    wattle: Vec<f64>,
    peer: Option<(&str, Option<Vec<f64>>)>,
) -> Option<Row> {
    let wattle = Figure::of(wattle)?;
    let peer = peer.map(|(name, values)| Peer { name: name.to_owned(), figure: values.and_then(Figure::of) });
    let other = peer.as_ref().and_then(|peer| peer.figure.as_ref());
    let ratio = other.filter(|other| other.median > 0.0).map(|other| wattle.median / other.median);
    Some(Row { what: what.to_owned(), unit, wattle, peer, ratio })
}

/// The table, in Markdown that is also read as it is.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let head = ["what", "Wattle", "peer", "ratio", "runs"].map(str::to_owned);
    let cells: Vec<[String; 5]> = std::iter::once(head).chain(rows.iter().map(cells)).collect();
    let widths: Vec<usize> =
        (0..5).map(|column| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for (number, row) in cells.iter().enumerate() {
        let padded: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "| {} |", padded.join(" | "));
        if number == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            let _ = writeln!(text, "| {} |", rules.join(" | "));
        }
    }
    text
}

fn cells(row: &Row) -> [String; 5] {
    let peer = row.peer.as_ref().map(|peer| match &peer.figure {
        Some(figure) => format!("{} {}", peer.name, shown(row.unit, figure)),
        None => format!("{} is not here: skipped", peer.name),
    });
    let ratio = row.ratio.map(|ratio| format!("{ratio:.2}x"));
    [
        row.what.clone(),
        shown(row.unit, &row.wattle),
        peer.unwrap_or_default(),
        ratio.unwrap_or_default(),
        row.wattle.runs.to_string(),
    ]
}

/// `1.21 s (1.18..1.40)`.
fn shown(unit: Unit, figure: &Figure) -> String {
    let Figure { median, min, max, runs } = figure;
    let (scale, name) = match unit {
        Unit::Seconds if *median < 1.0 => (1e-3, "ms"),
        Unit::Seconds => (1.0, "s"),
        Unit::Bytes if *median < 1e6 => (1024.0, "KiB"),
        Unit::Bytes => (1_048_576.0, "MiB"),
    };
    let number = |value: &f64| {
        let value = value / scale;
        if value < 10.0 {
            format!("{value:.2}")
        } else if value < 100.0 {
            format!("{value:.1}")
        } else {
            format!("{value:.0}")
        }
    };
    if *runs == 1 {
        return format!("{} {name}", number(median));
    }
    format!("{} {name} ({}..{})", number(median), number(min), number(max))
}

/// Times as values of a row.
pub(crate) fn seconds(times: impl Iterator<Item = Duration>) -> Vec<f64> {
    times.map(|time| time.as_secs_f64()).collect()
}

/// A row of a length that every run has.
pub(crate) fn bytes(what: &str, wattle: u64, peer: Option<(&str, u64)>) -> Option<Row> {
    bytes_beside(what, wattle, peer.map(|(name, len)| (name, Some(len))))
}

/// The same, beside a peer that may not be on this machine.
#[expect(clippy::cast_precision_loss, reason = "a byte more or less does not show")]
pub(crate) fn bytes_beside(what: &str, wattle: u64, peer: Option<(&str, Option<u64>)>) -> Option<Row> {
    let peer = peer.map(|(name, len)| (name, len.map(|len| vec![len as f64])));
    compared(what, Unit::Bytes, vec![wattle as f64], peer)
}

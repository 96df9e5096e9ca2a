//! Figures and tables for people.

use std::time::Duration;

/// Bytes in decimal units: `812 B`, `4.2 MB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000, "kB"), (1_000_000, "MB"), (1_000_000_000, "GB")];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let tenths = |unit: u64| (bytes / (unit / 20)).div_ceil(2);
    // The smallest unit in which it has no more than three digits once it is rounded.
    let fitting = UNITS.iter().find(|(unit, _)| tenths(*unit) < 10_000);
    let (unit, name) = fitting.unwrap_or(&UNITS[2]);
    format!("{}.{} {name}", tenths(*unit) / 10, tenths(*unit) % 10)
}

/// A count and its noun: `1 layer`, `2 layers`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Time in the unit that fits: `82 ms`, `4.2 s`, `3 min 12 s`.
pub(crate) fn duration(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// A digest as people compare them: the algorithm and the first twelve digits.
pub(crate) fn short(digest: &str) -> String {
    match digest.split_once(':') {
        Some((algorithm, hex)) => format!("{algorithm}:{}", hex.get(..12).unwrap_or(hex)),
        None => digest.to_owned(),
    }
}

/// A line as it may be shown: what comes from buildpacks, images and registries must neither steer the terminal nor pass for
/// a line of ours. Control characters, and those that turn the direction of text, become visible; further lines are
/// indented; of escape sequences only those `ours` stay.
pub(crate) fn shown(line: &str, ours: &[&str]) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line.trim_end_matches(['\n', '\r']);
    while let Some(char) = rest.chars().next() {
        let sequence = ours.iter().find(|sequence| rest.starts_with(**sequence));
        let taken = sequence.map_or(char.len_utf8(), |sequence| sequence.len());
        match char {
            _ if sequence.is_some() => out.push_str(&rest[..taken]),
            '\n' => out.push_str("\n    "),
            '\r' if rest[taken..].starts_with('\n') => {}
            '\t' => out.push_str("    "),
            char if char.is_control() || turns(char) => out.push('\u{fffd}'),
            char => out.push(char),
        }
        rest = &rest[taken..];
    }
    out
}

/// JSON that steers no terminal and means the same, and is also YAML: what JSON lets stand of control characters, those that
/// turn the direction of text, and those that YAML takes for ends of lines or for none of its own, are escaped. They are
/// only ever in its strings.
pub(crate) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for char in json.chars() {
        match char {
            '\n' => out.push(char),
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => out += &escape(char),
            char if char.is_control() || turns(char) => out += &escape(char),
            char => out.push(char),
        }
    }
    out
}

fn escape(char: char) -> String {
    format!("\\u{:04x}", u32::from(char))
}

/// Whether a character changes the direction of the text around it.
fn turns(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}')
}

/// Rows with aligned columns, two spaces between them.
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!([0, 999, 1000, 1_049_999, 2_000_000_000].map(size), ["0 B", "999 B", "1.0 kB", "1.0 MB", "2.0 GB"]);
        assert_eq!([1_050_000, 1_960_000, 999_949, 999_950].map(size), ["1.1 MB", "2.0 MB", "999.9 kB", "1.0 MB"]);
        assert_eq!(size(u64::MAX), "18446744073.7 GB");
        let times = [5, 999, 4_240, 59_999, 192_000].map(Duration::from_millis);
        assert_eq!(times.map(duration), ["5 ms", "999 ms", "4.2 s", "60.0 s", "3 min 12 s"]);
        assert_eq!([count(0, "layer"), count(1, "layer"), count(2, "layer")], ["0 layers", "1 layer", "2 layers"]);
    }

    #[test]
    fn nothing_that_is_shown_steers_the_terminal() {
        let check = |line: &str| shown(line, &["\u{1b}[1m", "\u{1b}[0m"]);
        assert_eq!(check("\u{1b}[1mbold\u{1b}[0m, größer → 1"), "\u{1b}[1mbold\u{1b}[0m, größer → 1");
        assert_eq!(check("a\u{1b}[2J\u{9b}2J\u{7}"), "a\u{fffd}[2J\u{fffd}2J\u{fffd}");
        assert_eq!(check("a\u{1b}[8mb"), "a\u{fffd}[8mb");
        assert_eq!(check("no\rerror: forged"), "no\u{fffd}error: forged");
        assert_eq!(check("no\r\nerror: forged\n"), "no\n    error: forged");
        assert_eq!(check("x\u{202e}y\tz"), "x\u{fffd}y    z");
    }

    #[test]
    fn json_steers_no_terminal_and_means_the_same() {
        let value = serde_json::json!({ "a\u{9b}2J": "\u{1b}[2J\u{202e}x\u{7f}é\n" });
        for json in [serde_json::to_string(&value), serde_json::to_string_pretty(&value)] {
            let escaped = escaped(&json.unwrap());
            assert!(!escaped.chars().any(|char| char != '\n' && (char.is_control() || turns(char))), "{escaped}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
        }
    }

    #[test]
    fn columns_align_by_characters() {
        let rows = [vec!["a".to_owned(), "→".to_owned(), "x".to_owned()], vec!["bcd".to_owned(), "ef".to_owned()]];
        assert_eq!(table(&rows), ["a    →   x", "bcd  ef"]);
    }
}

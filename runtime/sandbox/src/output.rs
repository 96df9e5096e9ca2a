//! A guest's standard output and standard error: bounded, a line at a time, with nothing in it that a terminal obeys.

use crate::grant::{Log, Stream};
use std::collections::VecDeque;
use std::sync::Arc;

/// Longest line, in bytes; a longer one is broken.
const LINE: usize = 16 << 10;
/// How many of the last lines of standard error a report can show.
const LAST_LINES: usize = 12;

/// Both streams of one guest.
pub(crate) struct Console {
    log: Arc<dyn Log>,
    left: u64,
    limit: u64,
    dropped: u64,
    output: Vec<u8>,
    error: Vec<u8>,
    last: VecDeque<String>,
}

impl Console {
    pub(crate) fn new(log: Arc<dyn Log>, limit: u64) -> Console {
        Console { log, left: limit, limit, dropped: 0, output: Vec::new(), error: Vec::new(), last: VecDeque::new() }
    }

    /// Takes what the guest wrote. Past the limit bytes are only counted.
    pub(crate) fn write(&mut self, stream: Stream, bytes: &[u8]) {
        let kept = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.left -= kept as u64;
        self.dropped += (bytes.len() - kept) as u64;
        for piece in bytes[..kept].split_inclusive(|byte| *byte == b'\n') {
            let line = self.pending(stream);
            line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || line.len() >= LINE {
                self.emit(stream);
            }
        }
    }

    /// Emits unfinished lines, and says how much was dropped.
    pub(crate) fn finish(&mut self) {
        for stream in [Stream::Output, Stream::Error] {
            if !self.pending(stream).is_empty() {
                self.emit(stream);
            }
        }
        if self.dropped > 0 {
            let text =
                format!("(the `log-bytes` limit of {} bytes was reached: {} bytes dropped)", self.limit, self.dropped);
            self.log.line(Stream::Error, &text);
            self.dropped = 0;
        }
    }

    /// The last lines of standard error.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        self.last.iter().cloned().collect()
    }

    fn pending(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Output => &mut self.output,
            Stream::Error => &mut self.error,
        }
    }

    fn emit(&mut self, stream: Stream) {
        let bytes = std::mem::take(self.pending(stream));
        let text = printable(&String::from_utf8_lossy(&bytes));
        if stream == Stream::Error {
            if self.last.len() == LAST_LINES {
                self.last.pop_front();
            }
            self.last.push_back(text.clone());
        }
        self.log.line(stream, &text);
    }
}

/// The text without its line end, escape sequences, other control characters, and characters that change the direction of
/// text. After a carriage return the line starts anew, as it would have looked.
pub(crate) fn printable(text: &str) -> String {
    let text = text.trim_end_matches(['\n', '\r']);
    let text = text.rsplit('\r').next().unwrap_or(text);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_until_final(&mut chars),
            '\t' => out.push_str("    "),
            char if char.is_control() || is_direction(char) => {}
            char => out.push(char),
        }
    }
    out
}

fn is_direction(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}')
}

/// Skips what follows ESC: a control sequence, an operating system command or other string, or a short sequence
/// (ECMA-48, section 5).
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => skip_until_final(chars),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(char) = chars.next() {
                if char == '\u{7}' || char == '\u{9c}' || (char == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        Some(char) if ('\u{20}'..='\u{2f}').contains(&char) => {
            while chars.next_if(|char| ('\u{20}'..='\u{2f}').contains(char)).is_some() {}
            chars.next();
        }
        _ => {}
    }
}

fn skip_until_final(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    for char in chars.by_ref() {
        if ('\u{40}'..='\u{7e}').contains(&char) {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl Log for Lines {
        fn line(&self, stream: Stream, text: &str) {
            self.0.lock().unwrap().push(format!("{stream:?} {text}"));
        }
    }

    fn check(limit: u64, writes: &[(Stream, &str)]) -> Vec<String> {
        let lines = Arc::new(Lines::default());
        let mut console = Console::new(lines.clone(), limit);
        for (stream, text) in writes {
            console.write(*stream, text.as_bytes());
        }
        console.finish();
        lines.0.lock().unwrap().clone()
    }

    #[test]
    fn lines_are_whole_however_they_were_written() {
        let writes = [
            (Stream::Output, "on"),
            (Stream::Error, "warn\n"),
            (Stream::Output, "e\ntwo\nth"),
            (Stream::Output, "ree"),
        ];
        assert_eq!(check(1000, &writes), ["Error warn", "Output one", "Output two", "Output three"]);
    }

    #[test]
    fn past_the_limit_output_is_counted_not_kept() {
        let lines = check(4, &[(Stream::Output, "abcdef"), (Stream::Output, "ghi")]);
        assert_eq!(lines, ["Output abcd", "Error (the `log-bytes` limit of 4 bytes was reached: 5 bytes dropped)"]);
    }

    #[test]
    fn nothing_that_a_terminal_obeys_comes_through() {
        let cases = [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]52;c;aGk=\u{1b}\\text", "text"),
            ("\u{1b}]8;;https://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("safe\rforged", "forged"),
            ("a\u{8}b\u{0}c", "abc"),
            ("x\u{202e}y", "xy"),
            ("\u{1b}(Btext", "text"),
            ("\u{9b}2Jtext", "text"),
            ("unfinished \u{1b}[12", "unfinished "),
            ("tab\tbed\r\n", "tab    bed"),
        ];
        for (text, expected) in cases {
            assert_eq!(printable(text), expected, "{text:?}");
        }
    }
}

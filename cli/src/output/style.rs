//! Colour, which never carries meaning alone.

/// Every sequence that [`Style`] writes.
const SEQUENCES: [&str; 7] =
    ["\u{1b}[1;32m", "\u{1b}[1;31m", "\u{1b}[1;33m", "\u{1b}[1;36m", "\u{1b}[2m", "\u{1b}[1m", "\u{1b}[0m"];

/// Whether to use it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) colour: bool,
}

impl Style {
    /// The escape sequences that may be in what is printed.
    pub(crate) fn sequences(self) -> &'static [&'static str] {
        if self.colour { &SEQUENCES } else { &[] }
    }

    /// What is being done.
    pub(crate) fn verb(self, text: &str) -> String {
        self.paint("1;32", text)
    }

    /// What went wrong.
    pub(crate) fn error(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// What deserves attention.
    pub(crate) fn warning(self, text: &str) -> String {
        self.paint("1;33", text)
    }

    /// What to do next.
    pub(crate) fn hint(self, text: &str) -> String {
        self.paint("1;36", text)
    }

    /// What matters less.
    pub(crate) fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// What matters more.
    pub(crate) fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_painted_may_be_printed() {
        let style = Style { colour: true };
        for painted in [
            style.verb("x"),
            style.error("x"),
            style.warning("x"),
            style.hint("x"),
            style.faint("x"),
            style.strong("x"),
        ] {
            assert_eq!(super::super::text::shown(&painted, style.sequences()), painted);
        }
    }
}

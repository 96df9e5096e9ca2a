//! Labels as one text: `key=value other="with blanks"`.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

/// What is wrong, and at which character, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    at: usize,
    what: String,
}

/// The labels, in their order.
pub(crate) fn parse(text: &str) -> Result<Vec<(String, String)>, Malformed> {
    let mut reader = Reader { rest: text.chars().peekable(), at: 1 };
    let mut labels = Vec::new();
    reader.skip_blanks();
    while reader.rest.peek().is_some() {
        labels.push(reader.label()?);
        reader.skip_blanks();
    }
    Ok(labels)
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    /// The place of the next character.
    at: usize,
}

impl Reader<'_> {
    fn label(&mut self) -> Result<(String, String), Malformed> {
        let at = self.at;
        let key = self.part(|c| c == '=' || c.is_whitespace())?;
        self.skip_blanks();
        if self.rest.peek() != Some(&'=') {
            return Err(Malformed { at, what: format!("has `{key}` without `=` and a value") });
        }
        if key.is_empty() {
            return Err(Malformed { at, what: "has a label without a name".to_owned() });
        }
        self.next();
        Ok((key, self.part(char::is_whitespace)?))
    }

    /// Characters until `ends`, of which those in quotation marks count as they are. A backslash before a quotation mark
    /// makes it a character as any other; everywhere else it is itself.
    fn part(&mut self, ends: impl Fn(char) -> bool) -> Result<String, Malformed> {
        let mut part = String::new();
        while let Some(c) = self.rest.peek().copied().filter(|c| !ends(*c)) {
            let at = self.at;
            self.next();
            match c {
                '"' | '\'' => {
                    self.quoted(c, at, &mut part)?;
                    if let Some(c) = self.rest.peek().copied().filter(|c| !ends(*c)) {
                        return Err(Malformed {
                            at: self.at,
                            what: format!("has `{c}` right behind a quotation mark"),
                        });
                    }
                }
                c => part.push(self.unescaped(c)),
            }
        }
        Ok(part)
    }

    fn quoted(&mut self, mark: char, begin: usize, part: &mut String) -> Result<(), Malformed> {
        loop {
            match self.next() {
                Some(c) if c == mark => return Ok(()),
                Some(c) => part.push(self.unescaped(c)),
                None => return Err(Malformed { at: begin, what: format!("has a `{mark}` that is not closed") }),
            }
        }
    }

    fn unescaped(&mut self, c: char) -> char {
        let mark = self.rest.peek().copied().filter(|next| c == '\\' && matches!(next, '"' | '\''));
        if mark.is_some() {
            self.next();
        }
        mark.unwrap_or(c)
    }

    fn skip_blanks(&mut self) {
        while self.rest.peek().is_some_and(|c| c.is_whitespace()) {
            self.next();
        }
    }

    fn next(&mut self) -> Option<char> {
        self.at += 1;
        self.rest.next()
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, at character {}", self.what, self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match parse(text) {
            Ok(labels) => labels.iter().map(|(key, value)| format!("[{key}]=[{value}]")).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn labels_have_blanks_between() {
        insta::assert_snapshot!(check(""), @"");
        insta::assert_snapshot!(check(" \n\t"), @"");
        insta::assert_snapshot!(check("alpha=bravo charlie=\"delta echo\""), @"[alpha]=[bravo] [charlie]=[delta echo]");
        insta::assert_snapshot!(check("\n a=1\n\n  b=2 \t c= d=4"), @"[a]=[1] [b]=[2] [c]=[] [d]=[4]");
        insta::assert_snapshot!(check("foo=bar=baz a=(b)c"), @"[foo]=[bar=baz] [a]=[(b)c]");
        insta::assert_snapshot!(check("key =1"), @"[key]=[1]");
    }

    #[test]
    fn quotation_marks_hold_together() {
        insta::assert_snapshot!(check(r#"'a b'='c d' "e=f"=g"#), @"[a b]=[c d] [e=f]=[g]");
        insta::assert_snapshot!(check(r#"a="it's" b='say "x"' c="""#), @r#"[a]=[it's] [b]=[say "x"] [c]=[]"#);
        insta::assert_snapshot!(check(r#"a="b\"c" d='e\'f' g=\'h\' i=C:\dir "#), @r#"[a]=[b"c] [d]=[e'f] [g]=['h'] [i]=[C:\dir]"#);
        insta::assert_snapshot!(check(r#"a=b"c d""#), @"[a]=[bc d]");
    }

    #[test]
    fn errors_say_what_and_where() {
        insta::assert_snapshot!(check("a=1 title=My Shop"), @"has `Shop` without `=` and a value, at character 14");
        insta::assert_snapshot!(check("=1"), @"has a label without a name, at character 1");
        insta::assert_snapshot!(check("a=1 ''=2"), @"has a label without a name, at character 5");
        insta::assert_snapshot!(check("a='b"), @"has a `'` that is not closed, at character 3");
        insta::assert_snapshot!(check("\"a=b"), @"has a `\"` that is not closed, at character 1");
        insta::assert_snapshot!(check("a=b\""), @"has a `\"` that is not closed, at character 4");
        insta::assert_snapshot!(check("a=\"b\"c=d"), @"has `c` right behind a quotation mark, at character 6");
        insta::assert_snapshot!(check("é=\"ü\"\"x\""), @"has `\"` right behind a quotation mark, at character 6");
    }
}

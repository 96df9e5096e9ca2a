//! The names of the tests in a file of Rust.

/// Names of all functions that are tests and not ignored, in macros too.
pub(crate) fn tests(text: &str) -> Vec<String> {
    let code = code(text);
    let mut names = Vec::new();
    let (mut is_test, mut is_ignored) = (false, false);
    let mut rest = code.as_str();
    while let Some(at) = rest.find(|c: char| !c.is_whitespace()) {
        rest = &rest[at..];
        if let Some((attribute, after)) = attribute(rest) {
            is_test |= attribute == "test" || attribute.ends_with("::test");
            is_ignored |= attribute == "ignore";
            rest = after;
            continue;
        }
        let (word, after) = word(rest);
        rest = after;
        match word {
            "pub" | "async" | "unsafe" | "const" => continue,
            "fn" if is_test && !is_ignored => names.push(self::word(rest.trim_start()).0.to_owned()),
            _ => {}
        }
        (is_test, is_ignored) = (false, false);
    }
    names
}

/// The path of the attribute that this begins with, and what follows it.
fn attribute(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("#[")?;
    let mut depth = 1_usize;
    let end = inner.find(|c: char| {
        depth = depth + usize::from(c == '[') - usize::from(c == ']');
        depth == 0
    })?;
    let path = inner[..end].split(['(', '=']).next().unwrap_or_default();
    Some((path.trim(), &inner[end + 1..]))
}

/// The first word, or the first character, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let length = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let first = text.chars().next().map_or(0, char::len_utf8);
    text.split_at(length.max(first))
}

/// The text without comments and without what is in literals: a test that is quoted or commented out is none.
fn code(text: &str) -> String {
    let (mut code, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(first) = rest.chars().next() {
        let hidden = comment(rest).or_else(|| literal(rest));
        let (shown, length) = if let Some(length) = hidden {
            (" ", length)
        } else {
            // A word as a whole: its last letter begins no literal, as in `for"`.
            let length = if first.is_alphanumeric() { word(rest).0.len() } else { first.len_utf8() };
            (&rest[..length], length)
        };
        code.push_str(shown);
        rest = &rest[length..];
    }
    code
}

/// The length of the comment that this begins with.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let mut at = text.strip_prefix("/*").map(|_| 2)?;
    let mut depth = 1_usize;
    while depth > 0 {
        let rest = &text[at..];
        let Some(next) = rest.find("*/") else { return Some(text.len()) };
        match rest.find("/*") {
            Some(inner) if inner < next => (depth, at) = (depth + 1, at + inner + 2),
            _ => (depth, at) = (depth - 1, at + next + 2),
        }
    }
    Some(at)
}

/// The length of the literal that this begins with: text, raw text, or a character.
fn literal(text: &str) -> Option<usize> {
    let start = text.find(|c| !matches!(c, 'b' | 'c' | 'r')).filter(|start| *start <= 2)?;
    let (prefix, rest) = text.split_at(start);
    if prefix.ends_with('r') {
        let marks = rest.len() - rest.trim_start_matches('#').len();
        let inner = rest[marks..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(marks));
        let length = inner.find(&end).map_or(inner.len(), |at| at + end.len());
        return Some(start + marks + 1 + length);
    }
    if let Some(inner) = rest.strip_prefix('"') {
        return Some(start + 1 + end(inner, '"'));
    }
    let inner = rest.strip_prefix('\'')?;
    // A character, or else the name of a lifetime.
    let is_character = inner.starts_with('\\') || inner.chars().nth(1) == Some('\'');
    is_character.then(|| start + 1 + end(inner, '\''))
}

/// The length up to and with the mark that ends a literal.
fn end(text: &str, mark: char) -> usize {
    let mut escaped = false;
    let at = text.find(|c: char| {
        let found = c == mark && !escaped;
        escaped = c == '\\' && !escaped;
        found
    });
    at.map_or(text.len(), |at| at + mark.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::tests;

    #[test]
    fn finds_tests_wherever_they_are() {
        let text = r#"
            #[test]
            fn b1_plain() {}
            mod tests {
                /// What it shows.
                #[test]
                #[cfg(unix)]
                #[expect(clippy::unwrap_used, reason = "a ] in text")]
                pub(super) fn not_after_a_word_in_parentheses() {}
                #[tokio::test(flavor = "multi_thread")]
                async fn b2_waits() {}
                #[test] fn b3_on_one_line() {}
            }
            proptest! {
                #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
                #[test]
                fn b4_for_all(case in case()) {}
            }
            #[cfg(test)]
            fn helper() {}
            fn b5_no_test() {}
        "#;
        assert_eq!(tests(text), ["b1_plain", "b2_waits", "b3_on_one_line", "b4_for_all"]);
    }

    #[test]
    fn what_is_no_code_is_no_test() {
        let text = r##"
            // #[test] fn b1_commented() {}
            /* #[test] /* nested */ fn b2_commented() {} */
            const A: &str = "\" #[test] fn b3_quoted() {}";
            const B: &str = r#"" #[test] fn b4_quoted() {}"#;
            const C: (char, char, u8) = ('"', '\'', b'"');
            fn lifetime<'a>(text: &'a str) -> &'a str { text }
            #[test]
            #[ignore = "not today"]
            fn b5_ignored() {}
            #[test]
            // Said in between.
            fn b6_is_one() { for"x" in y {} }
            #[test]
            struct NoFunction;
            fn b7_not_a_test() {}
        "##;
        assert_eq!(tests(text), ["b6_is_one"]);
        for broken in ["/* ", "\"", "r#\"", "'", "#[", "#[test", "#[test]", "#[test] fn", "b'"] {
            assert!(tests(broken).iter().all(String::is_empty), "{broken}");
        }
    }
}

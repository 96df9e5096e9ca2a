//! `BP_STATIC_CACHE_CONTROL`: for which paths which `Cache-Control`.
//!
//! Entries are `pattern = value`, one a line or with `;` between; the first that matches a path counts. A pattern that
//! begins with `/` is a whole path, one without any `/` the name of a file in whichever folder, one that ends with `/` all
//! that is below a folder. `*` stands for anything but `/`, `**` for anything.

use std::fmt::{self, Write as _};

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// What it matches, as a regular expression of ASCII letters, digits and `/ _ - \ [ ] ^ * . $`.
    pub(crate) expression: String,
    /// The header's value: directives of RFC 9111 and its extensions that are listed here.
    pub(crate) value: String,
}

/// An entry that says nothing: which one, counted from 1, and what is wrong.
#[derive(Debug)]
pub(crate) struct Malformed {
    number: usize,
    entry: String,
    what: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, entry, what } = self;
        write!(f, "entry {number} of `BP_STATIC_CACHE_CONTROL`, `{}`, {what}", printable(entry))
    }
}

fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The longest pattern, in bytes; nginx reads no words longer than 4,095, and each byte may take four.
const LONGEST: usize = 512;

/// Directives that stand alone.
const PLAIN: [&str; 9] = [
    "immutable",
    "must-revalidate",
    "must-understand",
    "no-cache",
    "no-store",
    "no-transform",
    "private",
    "proxy-revalidate",
    "public",
];

/// Directives with a number of seconds.
const TIMED: [&str; 4] = ["max-age", "s-maxage", "stale-if-error", "stale-while-revalidate"];

/// Reads the setting.
pub(crate) fn parse(text: &str) -> Result<Vec<Rule>, Malformed> {
    let entries = text.split([';', '\n', '\r']).map(str::trim).filter(|entry| !entry.is_empty());
    let rule = |(index, entry): (usize, &str)| {
        Rule::parse(entry).map_err(|what| Malformed { number: index + 1, entry: entry.to_owned(), what })
    };
    entries.enumerate().map(rule).collect()
}

impl Rule {
    fn parse(entry: &str) -> Result<Self, String> {
        let Some((pattern, value)) = entry.split_once('=') else {
            return Err("is not `pattern = value`: there is no `=`".to_owned());
        };
        Ok(Self { expression: expression(pattern.trim_end())?, value: directives(value)? })
    }
}

fn expression(pattern: &str) -> Result<String, String> {
    if let Some(wrong) = pattern.chars().find(|c| c.is_control() || "?#".contains(*c)) {
        return Err(format!("has `{}` in its pattern, which no path has", wrong.escape_debug()));
    }
    let start = match pattern.find('/') {
        _ if pattern.is_empty() => return Err("has no pattern before the `=`".to_owned()),
        _ if pattern.len() > LONGEST => return Err(format!("has a pattern of more than {LONGEST} bytes")),
        Some(0) => "^",
        None => "/",
        Some(_) => return Err(format!("has a pattern with `/` that does not begin with one: write `/{pattern}`")),
    };
    let end = if pattern.ends_with('/') { "" } else { "$" };
    Ok(format!("{start}{}{end}", stars(pattern)))
}

fn stars(pattern: &str) -> String {
    let parts = pattern.split("**").map(|part| part.split('*').map(literal).collect::<Vec<_>>().join("[^/]*"));
    parts.collect::<Vec<_>>().join(".*")
}

/// A regular expression for just this text, in which nothing is left that means anything to nginx.
fn literal(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/_-".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

fn directives(value: &str) -> Result<String, String> {
    let directives = value.split(',').map(|word| directive(word.trim())).collect::<Result<Vec<_>, _>>()?;
    Ok(directives.join(", "))
}

fn directive(word: &str) -> Result<String, String> {
    let lower = word.to_ascii_lowercase();
    let (name, seconds) = lower.split_once('=').map_or((lower.as_str(), None), |(name, text)| (name, Some(text)));
    let is_number = |text: &str| (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    match seconds {
        None if PLAIN.contains(&name) => Ok(lower),
        Some(text) if TIMED.contains(&name) && is_number(text) => Ok(lower),
        _ if TIMED.contains(&name) => Err(format!("needs a number of seconds for `{name}`, such as `{name}=3600`")),
        Some(_) if PLAIN.contains(&name) => Err(format!("gives a value to `{name}`, which has none")),
        _ if word.is_empty() => Err("has an empty directive in its value".to_owned()),
        _ => Err(format!(
            "has `{}` in its value: expected `{}`, or a number of seconds for `{}`",
            printable(word),
            PLAIN.join("`, `"),
            TIMED.join("`, `")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str) -> String {
        match parse(text) {
            Ok(rules) => {
                rules.iter().map(|rule| format!("{} -> {}", rule.expression, rule.value)).collect::<Vec<_>>().join("\n")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn entries_in_their_order() {
        insta::assert_snapshot!(
            check("*.pdf = public, max-age=86400; /downloads/ = No-Store\n\n  /a/**/b*.js=max-age=1 , immutable\r\n"),
            @r#"
        /[^/]*\x2epdf$ -> public, max-age=86400
        ^/downloads/ -> no-store
        ^/a/.*/b[^/]*\x2ejs$ -> max-age=1, immutable
        "#
        );
        insta::assert_snapshot!(check("/über $1.txt = private; ** = no-cache"), @r#"
        ^/\xc3\xbcber\x20\x241\x2etxt$ -> private
        /.*$ -> no-cache
        "#);
        insta::assert_snapshot!(check(" ;\n; "), @"");
    }

    #[test]
    fn mistakes_are_pointed_at() {
        let entries = [
            "/a = public; *.pdf",
            "= public",
            "a/b = public",
            "/a?b = public",
            "/a\u{7}b = public",
            "/a =",
            "/a = public,",
            "/a = max-age",
            "/a = max-age=1h",
            "/a = max-age=12345678901",
            "/a = public=1",
            "/a = public max-age=1",
            "/a = \"x\" { return 200",
            "/a = $http_cookie",
        ];
        let all: Vec<_> = entries.into_iter().map(check).collect();
        insta::assert_snapshot!(all.join("\n"), @r#"
        entry 2 of `BP_STATIC_CACHE_CONTROL`, `*.pdf`, is not `pattern = value`: there is no `=`
        entry 1 of `BP_STATIC_CACHE_CONTROL`, `= public`, has no pattern before the `=`
        entry 1 of `BP_STATIC_CACHE_CONTROL`, `a/b = public`, has a pattern with `/` that does not begin with one: write `/a/b`
        entry 1 of `BP_STATIC_CACHE_CONTROL`, `/a?b = public`, has `?` in its pattern, which no path has
        entry 1 of `BP_STATIC_CACHE_CONTROL`, `/a�b = public`, has `\u{7}` in its pattern, which no path has
        entry 1 of `BP_STATIC_CACHE_CONTROL`, `/a =`, has an empty directive in its value
        entry 1 of `BP_STATIC_CACHE_CONTROL`, `/a = public,`, has an empty directive in its value
        entry 1 of `BP_STATIC_CACHE_CONTROL`, `/a = max-age`, needs a number of seconds for `max-age`, such as `max-age=3600`
        entry 1 of `BP_STATIC_CACHE_CONTROL`, `/a = max-age=1h`, needs a number of seconds for `max-age`, such as `max-age=3600`
        entry 1 of `BP_STATIC_CACHE_CONTROL`, `/a = max-age=12345678901`, needs a number of seconds for `max-age`, such as `max-age=3600`
        entry 1 of `BP_STATIC_CACHE_CONTROL`, `/a = public=1`, gives a value to `public`, which has none
        entry 1 of `BP_STATIC_CACHE_CONTROL`, `/a = public max-age=1`, has `public max-age=1` in its value: expected `immutable`, `must-revalidate`, `must-understand`, `no-cache`, `no-store`, `no-transform`, `private`, `proxy-revalidate`, `public`, or a number of seconds for `max-age`, `s-maxage`, `stale-if-error`, `stale-while-revalidate`
        entry 1 of `BP_STATIC_CACHE_CONTROL`, `/a = "x" { return 200`, has `"x" { return 200` in its value: expected `immutable`, `must-revalidate`, `must-understand`, `no-cache`, `no-store`, `no-transform`, `private`, `proxy-revalidate`, `public`, or a number of seconds for `max-age`, `s-maxage`, `stale-if-error`, `stale-while-revalidate`
        entry 1 of `BP_STATIC_CACHE_CONTROL`, `/a = $http_cookie`, has `$http_cookie` in its value: expected `immutable`, `must-revalidate`, `must-understand`, `no-cache`, `no-store`, `no-transform`, `private`, `proxy-revalidate`, `public`, or a number of seconds for `max-age`, `s-maxage`, `stale-if-error`, `stale-while-revalidate`
        "#);
        assert!(check(&format!("/{} = public", "x".repeat(LONGEST))).ends_with("of more than 512 bytes"));
    }

    fn matches(expression: &str, path: &str) -> bool {
        let expression = format!("(?s-u){expression}");
        regex::bytes::Regex::new(&expression).unwrap().is_match(path.as_bytes())
    }

    #[test]
    fn stars_stop_at_folders_and_double_stars_do_not() {
        let check = |pattern: &str, path: &str| matches(&expression(pattern).unwrap(), path);
        assert!(check("*.pdf", "/a/b.pdf") && !check("*.pdf", "/a/b.pdf/c") && !check("a.pdf", "/ba.pdf"));
        assert!(check("/a/*", "/a/b") && !check("/a/*", "/a/b/c") && check("/a/**", "/a/b/c"));
        assert!(check("/a/", "/a/b/c") && !check("/a/", "/a") && !check("/a/", "/b/a/c"));
    }

    proptest! {
        #[test]
        fn a_pattern_without_stars_matches_itself_alone(name in "[^*?#=/;\\p{C}]{1,9}", other in "[^/\\p{C}]{0,9}") {
            let expression = expression(&format!("/{name}")).unwrap();
            let path = format!("/{name}");
            prop_assert!(matches(&expression, &path));
            prop_assert_eq!(matches(&expression, &format!("/{other}")), name == other);
        }

        #[test]
        fn nothing_is_left_that_means_anything_to_nginx(text in "(?s).{0,60}|[a-z*/$\"';{}\\\\]{1,8} ?= ?(public|max-age=[0-9\"]{0,3})") {
            for rule in parse(&text).unwrap_or_default() {
                prop_assert!(rule.value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-=, ".contains(&b)), "{}", rule.value);
                prop_assert!(rule.expression.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_-\\[]^*.$".contains(&b)), "{}", rule.expression);
            }
        }
    }
}

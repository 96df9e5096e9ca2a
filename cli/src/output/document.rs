//! One value in the forms that programs read.

use super::text::escaped;
use serde::Serialize;
use serde_json::{Number, Value};

/// A value that a form has no place for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    /// In JSON, of which the others are made.
    #[error("the result cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// In TOML.
    #[error("the result cannot be written as TOML")]
    Toml(#[from] ::toml::ser::Error),
}

/// JSON on many lines.
pub(crate) fn json(value: &impl Serialize) -> Result<String, DocumentError> {
    Ok(escaped(&serde_json::to_string_pretty(value)?))
}

/// YAML, its keys sorted. It means the same to readers of 1.1 and 1.2: what either might take for something else than a
/// text is written as JSON writes it, which is YAML too.
pub(crate) fn yaml(value: &impl Serialize) -> Result<String, DocumentError> {
    Ok(yaml_lines(&serde_json::to_value(value)?).into_iter().map(|line| line + "\n").collect())
}

fn yaml_lines(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) if !values.is_empty() => values.iter().flat_map(yaml_item).collect(),
        Value::Object(values) if !values.is_empty() => values.iter().flat_map(yaml_member).collect(),
        Value::String(text) => vec![yaml_text(text)],
        Value::Number(number) => vec![yaml_number(number)],
        // What is empty, `null`, `true` and `false` are as in JSON.
        _ => vec![value.to_string()],
    }
}

fn yaml_item(value: &Value) -> Vec<String> {
    let lines = yaml_lines(value).into_iter().enumerate();
    lines.map(|(at, line)| if at == 0 { format!("- {line}") } else { format!("  {line}") }).collect()
}

fn yaml_member((key, value): (&String, &Value)) -> Vec<String> {
    let lines = yaml_lines(value);
    let is_nested = matches!(value, Value::Array(values) if !values.is_empty())
        || matches!(value, Value::Object(values) if !values.is_empty());
    if is_nested {
        let below = lines.into_iter().map(|line| format!("  {line}"));
        std::iter::once(format!("{}:", yaml_text(key))).chain(below).collect()
    } else {
        vec![format!("{}: {}", yaml_text(key), lines.concat())]
    }
}

fn yaml_text(text: &str) -> String {
    let inner = |char: char| char.is_ascii_alphanumeric() || "_-./@+".contains(char);
    // A colon or a space is nothing special between two of the others.
    let plain = text.split([':', ' ']).all(|part| !part.is_empty() && part.chars().all(inner));
    let begins = text.starts_with(|char: char| char.is_ascii_alphabetic() || char == '/');
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if plain && begins && !words.contains(&text.to_ascii_lowercase().as_str()) && !text.contains(" -") {
        text.to_owned()
    } else {
        escaped(&Value::from(text).to_string())
    }
}

/// Readers of YAML 1.1 want a point and a sign where there is an exponent.
fn yaml_number(number: &Number) -> String {
    let text = number.to_string();
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let point = if mantissa.contains('.') { "" } else { ".0" };
            let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
            format!("{mantissa}{point}e{sign}{exponent}")
        }
        None => text,
    }
}

/// TOML, its keys sorted. It has no `null`: what is `null` is left out. Numbers that it cannot have are texts.
pub(crate) fn toml(value: &impl Serialize) -> Result<String, DocumentError> {
    let value = in_toml(serde_json::to_value(value)?).unwrap_or_else(|| ::toml::Table::new().into());
    Ok(::toml::to_string(&value)?)
}

fn in_toml(value: Value) -> Option<::toml::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => value.into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => number.into(),
            (None, Some(float)) if number.is_f64() => float.into(),
            _ => number.to_string().into(),
        },
        Value::String(text) => text.into(),
        Value::Array(values) => values.into_iter().filter_map(in_toml).collect::<Vec<_>>().into(),
        Value::Object(values) => {
            let values = values.into_iter().filter_map(|(key, value)| Some((key, in_toml(value)?)));
            values.collect::<::toml::Table>().into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    /// What readers of YAML or TOML like to take for something else.
    const TRAPS: &[&str] = &[
        "",
        " ",
        "yes",
        "NO",
        "on",
        "y",
        "~",
        "null",
        "True",
        "1:30",
        "0777",
        "0o7",
        "0x1f",
        "1e3",
        ".inf",
        "-.NaN",
        "=",
        "<<",
        "- a",
        "a: b",
        "a #b",
        "&x",
        "*x",
        "!t",
        "|",
        ">-",
        "%d",
        "@a",
        "`b",
        "2001-01-01",
        "1_000",
        "---",
        "...",
        "'",
        "\"",
        "\\",
        "a\nb\n\n",
        "\u{1b}[2J\u{9b}",
        "\u{85}\u{2028}\u{feff}",
        "'''\"\"\"",
    ];

    /// Numbers that are always the same and look like any (Marsaglia, "Xorshift RNGs").
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).unwrap() % limit
        }

        fn text(&mut self) -> String {
            let chars = [
                'a', 'B', '0', '1', ':', ' ', '-', '#', '.', 'e', '+', '\'', '"', '\\', '\n', '\r', '\t', '\u{1b}',
                '\u{7f}', '\u{85}', '\u{9b}', '\u{2028}', '\u{202e}', '\u{feff}', '\u{ffff}', 'é', '😀', ',', '[', '{',
                '&', '*', '!', '|', '%', '@', '`', '?', '=', '~', '_', '/',
            ];
            match self.below(2) {
                0 => TRAPS[self.below(TRAPS.len())].to_owned(),
                _ => (0..self.below(9)).map(|_| chars[self.below(chars.len())]).collect(),
            }
        }

        /// A value of any form, without `null`, which TOML has not.
        fn value(&mut self, depth: usize) -> Value {
            match self.below(if depth > 3 { 5 } else { 9 }) {
                0 | 1 => self.text().into(),
                2 => (self.below(2) == 0).into(),
                3 => [0, 1, -7, i64::MAX, i64::MIN][self.below(5)].into(),
                4 => [0.5, -1.25, 1e20, 1e-7, 1.5e300, 3.0][self.below(6)].into(),
                5 | 6 => (0..self.below(4)).map(|_| self.value(depth + 1)).collect(),
                _ => self.object(depth),
            }
        }

        fn object(&mut self, depth: usize) -> Value {
            Value::Object((0..self.below(5)).map(|_| (self.text(), self.value(depth + 1))).collect())
        }

        fn objects(&mut self) -> Vec<Value> {
            (0..2000).map(|_| self.object(0)).collect()
        }
    }

    /// What another program reads, of YAML 1.1.
    fn read_by_python(yaml: &str) -> Value {
        let program = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin.buffer.read().decode()), sys.stdout)";
        let mut python = Command::new("python3");
        python.args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut python = python.spawn().unwrap();
        python.stdin.take().unwrap().write_all(yaml.as_bytes()).unwrap();
        let output = python.wait_with_output().unwrap();
        assert!(output.status.success(), "it cannot be read:\n{yaml}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    #[test]
    fn what_is_written_as_toml_is_read_again() {
        for value in Numbers(42).objects() {
            assert_eq!(::toml::from_str::<Value>(&toml(&value).unwrap()).unwrap(), value);
        }
    }

    #[test]
    fn what_is_written_as_yaml_is_read_again_by_another_program() {
        let mut values = Numbers(4711).objects();
        values.push(serde_json::json!({ "a": null, "b": [null, [], {}], "c": [[["x"], "y"], { "d": [{}] }] }));
        // All at once: starting the program takes longer than reading.
        let written = yaml(&values).unwrap();
        assert!(!written.chars().any(|char| char != '\n' && char.is_control()), "it steers the terminal");
        let read = read_by_python(&written);
        let read = read.as_array().unwrap();
        assert_eq!(read.iter().zip(&values).find(|(read, value)| read != value), None);
        assert_eq!(read.len(), values.len());
    }

    #[test]
    fn toml_has_what_it_can_have() {
        let value = serde_json::json!({ "null": null, "list": [1, null, "x"], "large": u64::MAX, "float": 0.5 });
        insta::assert_snapshot!(toml(&value).unwrap(), @r#"
        float = 0.5
        large = "18446744073709551615"
        list = [1, "x"]
        "#);
    }

    #[test]
    fn yaml_reads_well() {
        let value = serde_json::json!({
            "image": "registry.example/shop:1", "size": 5, "list": ["no", { "id": "a/b", "of": ["x y", ""] }], "none": []
        });
        insta::assert_snapshot!(yaml(&value).unwrap(), @r#"
        image: registry.example/shop:1
        list:
          - "no"
          - id: a/b
            of:
              - x y
              - ""
        none: []
        size: 5
        "#);
    }
}

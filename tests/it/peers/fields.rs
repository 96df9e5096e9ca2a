//! How two configurations differ, field by field.

use serde_json::Value;

/// How what we rebased differs from what the reference rebased: a line that is not what `docs/rebase.md` says of it.
/// `theirs` first, `ours` second: our history says what is in the layers.
pub(super) fn rebased_differences(theirs: &Value, ours: &Value) -> Vec<String> {
    let is_told = |line: &String| line.starts_with("/history/") && line.contains("/created");
    let history = |config: &Value| config["history"].as_array().map_or(0, Vec::len);
    assert_eq!(history(theirs), history(ours));
    let lines = differences(theirs, ours).into_iter();
    lines.filter(|line| !is_told(line)).collect()
}

/// Lines that say where two documents differ: `path: one | other`. Labels that are JSON are compared by what they say; nulls
/// are as good as nothing.
pub(super) fn differences(one: &Value, other: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(&mut found, "", one, other);
    found
}

fn compare(found: &mut Vec<String>, path: &str, one: &Value, other: &Value) {
    match (parsed(one), parsed(other)) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
            for key in keys {
                let at = |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or_default();
                compare(found, &format!("{path}/{key}"), &at(&one), &at(&other));
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (number, (one, other)) in one.iter().zip(&other).enumerate() {
                compare(found, &format!("{path}/{number}"), one, other);
            }
        }
        (one, other) if one != other => found.push(format!("{path}: {one} | {other}")),
        _ => {}
    }
}

/// A text that is a JSON object, as that.
fn parsed(value: &Value) -> Value {
    let object = value.as_str().and_then(|text| serde_json::from_str(text).ok()).filter(Value::is_object);
    object.unwrap_or_else(|| value.clone())
}

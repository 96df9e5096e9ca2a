//! A layer's key: any serialisable value as a sorted list of named texts, so that the host can say what changed.

use crate::bindings::wattle::buildpack::types::Field;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Fields of objects are named by their path (`node.version`); `null` is no field; a value that is no object is one field,
/// `value`; lists are the text of their JSON, for nobody wants to read that element 17 moved.
pub(crate) fn fields<T: Serialize>(key: &T) -> serde_json::Result<Vec<Field>> {
    let mut fields = BTreeMap::new();
    match serde_json::to_value(key)? {
        Value::Object(object) => object.into_iter().for_each(|(name, value)| flatten(&mut fields, name, value)),
        other => flatten(&mut fields, "value".to_owned(), other),
    }
    Ok(fields.into_iter().map(|(name, value)| Field { name, value }).collect())
}

fn flatten(fields: &mut BTreeMap<String, String>, name: String, value: Value) {
    match value {
        Value::Null => {}
        Value::Object(object) => {
            for (inner, value) in object {
                flatten(fields, format!("{name}.{inner}"), value);
            }
        }
        Value::String(text) => {
            fields.insert(name, text);
        }
        other => {
            fields.insert(name, other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(key: &Value) -> String {
        fields(key).unwrap().iter().map(|f| format!("{}={}", f.name, f.value)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn values_become_fields() {
        insta::assert_snapshot!(
            check(&json!({ "node": { "version": "24.1.0", "lts": true, "note": null }, "arch": "amd64", "n": [1, 2] })),
            @"arch=amd64 n=[1,2] node.lts=true node.version=24.1.0"
        );
        insta::assert_snapshot!(check(&json!("abc")), @"value=abc");
        insta::assert_snapshot!(check(&json!(null)), @"");
    }
}

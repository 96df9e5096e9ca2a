//! What the labels of images look like, as JSON schemas beside this file, which tests hold every image to.
//!
//! They are written from the conformance checklist, not from our code: what they forbid, other tools drop or stumble over.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;
use std::sync::LazyLock;

/// The schemas, by the names of their files.
const SCHEMAS: [(&str, &str); 6] = [
    ("labels", include_str!("../labels.json")),
    ("lifecycle-metadata", include_str!("../lifecycle-metadata.json")),
    ("build-metadata", include_str!("../build-metadata.json")),
    ("project-metadata", include_str!("../project-metadata.json")),
    ("stack-mixins", include_str!("../stack-mixins.json")),
    ("metadata-toml", include_str!("../metadata-toml.json")),
];

/// Labels whose text is JSON, and the schema of each.
const DOCUMENTS: [(&str, &str); 4] = [
    ("io.buildpacks.lifecycle.metadata", "lifecycle-metadata"),
    ("io.buildpacks.build.metadata", "build-metadata"),
    ("io.buildpacks.project.metadata", "project-metadata"),
    ("io.buildpacks.stack.mixins", "stack-mixins"),
];

static COMPILED: LazyLock<(Schemas, Vec<(&str, SchemaIndex)>)> = LazyLock::new(|| {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let indices = SCHEMAS.map(|(name, text)| {
        let address = format!("urn:wattle:{name}");
        let index = serde_json::from_str(text)
            .map_err(|error| error.to_string())
            .and_then(|schema| compiler.add_resource(&address, schema).map_err(|error| error.to_string()))
            .and_then(|()| compiler.compile(&address, &mut schemas).map_err(|error| format!("{error:#}")));
        (name, index.unwrap_or_else(|error| panic!("`{name}.json` is no schema: {error}")))
    });
    (schemas, indices.into())
});

/// Checks a document by the schema of this name; gives what is wrong with it, and where.
pub fn check(schema: &str, document: &Value) -> Result<(), String> {
    let (schemas, indices) = &*COMPILED;
    let (_, index) = indices.iter().find(|(name, _)| *name == schema).ok_or_else(|| format!("no schema `{schema}`"))?;
    schemas.validate(document, *index).map_err(|error| format!("`{schema}`: {error:#}\n{document:#}"))
}

/// Checks all labels of an image, and the JSON in those that have some.
pub fn check_labels(labels: &Value) -> Result<(), String> {
    check("labels", labels)?;
    for (key, schema) in DOCUMENTS {
        if let Some(text) = labels[key].as_str() {
            let document = serde_json::from_str(text).map_err(|error| format!("`{key}` is not JSON: {error}"))?;
            check(schema, &document)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_other_tools_stumble_over_is_found() {
        let process = |edit: fn(&mut Value)| {
            let mut document = json!({
                "buildpacks": [{"id": "a/b", "version": "1"}],
                "launcher": {"version": "x", "source": {"git": {"repository": "", "commit": ""}}},
                "processes": [{"type": "web", "command": ["x"], "args": null, "direct": true, "buildpackID": "a/b"}]
            });
            edit(&mut document);
            check("build-metadata", &document)
        };
        assert_eq!(process(|_| {}), Ok(()));
        let edits: [fn(&mut Value); 5] = [
            |it| it["processes"][0]["args"] = json!([]),
            |it| it["processes"][0]["command"] = json!([]),
            |it| it["launcher"]["version"] = "0.1.0".into(),
            |it| it["buildpacks"][0]["api"] = "0.12".into(),
            |it| it["bom"] = Value::Null,
        ];
        for edit in edits {
            assert!(process(edit).is_err());
        }
    }

    #[test]
    fn labels_of_the_platform_are_known_and_come_together() {
        assert_eq!(check_labels(&json!({"maintainer": "x", "io.buildpacks.stack.mixins": "[\"a\"]"})), Ok(()));
        assert!(check_labels(&json!({"io.buildpacks.lifecycle.metadata": "{}"})).is_err());
        assert!(check_labels(&json!({"io.buildpacks.surprise": ""})).is_err());
        assert!(check_labels(&json!({"io.buildpacks.stack.mixins": "{}"})).is_err());
        assert!(check_labels(&json!({"io.buildpacks.rebasable": "no"})).is_err());
    }
}

use super::super::builder::{BuilderMetadata, SystemBuildpacks};
use super::*;

#[test]
fn d5_a_version_may_be_left_out_if_there_is_one_only() {
    let text = r#"{ "a": { "1": { "api": "0.10" } }, "b": { "1": {}, "2": { "layerDiffID": null } }, "c": {} }"#;
    let modules: Modules = serde_json::from_str(text).unwrap();
    let found = |id, version| modules.get(id, version).map(|(version, _)| version);
    assert_eq!((found("a", "1"), found("a", ""), found("a", "2")), (Some("1"), Some("1"), None));
    assert_eq!((found("b", "2"), found("b", ""), found("c", ""), found("d", "")), (Some("2"), None, None, None));
    let all: Vec<String> = modules.iter().map(|(id, version, _)| format!("{id}@{version}")).collect();
    assert_eq!(all, ["a@1", "b@1", "b@2"]);
}

#[test]
fn d4_d22_what_is_null_is_empty() {
    let text = r#"{ "id": null, "keywords": null, "licenses": [{ "Type": null }], "other": 1 }"#;
    let package: PackageMetadata = serde_json::from_str(text).unwrap();
    assert_eq!(package, PackageMetadata { licenses: vec![PackageLicense::default()], ..PackageMetadata::default() });
    let text = r#"{ "description": null, "buildpacks": null, "stack": null, "lifecycle": { "apis": null }, "createdBy": null }"#;
    assert_eq!(serde_json::from_str::<BuilderMetadata>(text).unwrap(), BuilderMetadata::default());
    assert_eq!(
        serde_json::from_str::<SystemBuildpacks>(r#"{ "pre": { "buildpacks": null }, "post": null }"#).unwrap(),
        SystemBuildpacks::default()
    );
}

#[test]
fn d22_older_builders_name_their_run_image_elsewhere() {
    let names = |text: &str| {
        let metadata: BuilderMetadata = serde_json::from_str(text).unwrap();
        metadata.run_images().into_iter().map(|it| it.image).collect::<Vec<_>>()
    };
    let stack = r#""stack": { "runImage": { "image": "old" } }"#;
    assert_eq!(names(&format!("{{ {stack} }}")), ["old"]);
    assert_eq!(names(&format!(r#"{{ {stack}, "images": [{{ "image": "new" }}] }}"#)), ["new"]);
    assert!(names("{}").is_empty());
}

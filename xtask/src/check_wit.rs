//! The rules of the contract that a program can check; `wit/README.md` has them all.

use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use wit_parser::{Docs, Function, Interface, Resolve, Stability, TypeDef, TypeDefKind, World, WorldItem};

/// Fails, naming every offence, unless each item has a sentence and `@since`, and published versions are untouched.
#[expect(clippy::print_stdout, reason = "a chore speaks to who runs it")]
pub(crate) fn run(wit: &Path) -> Result<()> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).context("the contract does not parse")?;
    let mut offences = Vec::new();
    for (name, id) in &resolve.packages[package].interfaces {
        check_interface(&resolve, name, &resolve.interfaces[*id], &mut offences);
    }
    for (name, id) in &resolve.packages[package].worlds {
        check_world(name, &resolve.worlds[*id], &mut offences);
    }
    let version = resolve.packages[package].name.version.clone().context("the package has no version")?;
    check_released(wit, &version.to_string(), &mut offences)?;
    if !offences.is_empty() {
        bail!("the contract breaks its rules:\n  {}", offences.join("\n  "));
    }
    println!("wit: {} interfaces keep the rules", resolve.packages[package].interfaces.len());
    Ok(())
}

fn check(place: &str, docs: &Docs, stability: &Stability, offences: &mut Vec<String>) {
    check_docs(place, docs, offences);
    if !matches!(stability, Stability::Stable { .. }) {
        offences.push(format!("{place} has no `@since`"));
    }
}

fn check_docs(place: &str, docs: &Docs, offences: &mut Vec<String>) {
    if docs.contents.as_deref().is_none_or(|text| text.trim().is_empty()) {
        offences.push(format!("{place} has no sentence that says what it is"));
    }
}

fn check_interface(resolve: &Resolve, name: &str, interface: &Interface, offences: &mut Vec<String>) {
    check(name, &interface.docs, &interface.stability, offences);
    for (type_name, id) in &interface.types {
        check_type(&format!("{name}.{type_name}"), &resolve.types[*id], offences);
    }
    for (function_name, function) in &interface.functions {
        check_function(&format!("{name}.{function_name}"), function, offences);
    }
}

fn check_function(place: &str, function: &Function, offences: &mut Vec<String>) {
    check(place, &function.docs, &function.stability, offences);
}

fn check_type(place: &str, of: &TypeDef, offences: &mut Vec<String>) {
    let mut part = |name: &str, docs: &Docs| check_docs(&format!("{place}.{name}"), docs, offences);
    match &of.kind {
        TypeDefKind::Type(_) => return, // a `use` of a type that is checked where it is defined
        TypeDefKind::Record(record) => record.fields.iter().for_each(|field| part(&field.name, &field.docs)),
        TypeDefKind::Variant(variant) => variant.cases.iter().for_each(|case| part(&case.name, &case.docs)),
        TypeDefKind::Enum(cases) => cases.cases.iter().for_each(|case| part(&case.name, &case.docs)),
        TypeDefKind::Flags(flags) => flags.flags.iter().for_each(|flag| part(&flag.name, &flag.docs)),
        _ => {}
    }
    check(place, &of.docs, &of.stability, offences);
}

fn check_world(name: &str, world: &World, offences: &mut Vec<String>) {
    check(name, &world.docs, &world.stability, offences);
    for (key, item) in world.imports.iter().chain(&world.exports) {
        match item {
            WorldItem::Interface { stability: Stability::Stable { .. }, .. } => {}
            _ => offences.push(format!("{name}: {key:?} has no `@since` or is not an interface")),
        }
    }
}

/// What was published under this version must still be what is here.
fn check_released(wit: &Path, version: &str, offences: &mut Vec<String>) -> Result<()> {
    let released = wit.join("released").join(version);
    if !released.is_dir() {
        return Ok(());
    }
    if wit_files(&released)? != wit_files(wit)? {
        offences.push(format!("version {version} was published and has changed since: give the package a new version"));
    }
    Ok(())
}

fn wit_files(directory: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wit") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_keeps_its_rules() {
        run(&crate::root().join("wit")).unwrap();
    }

    #[test]
    fn an_item_without_a_sentence_or_a_version_is_found() {
        let mut resolve = Resolve::default();
        let text = "package a:b@1.0.0;\n/// Documented.\n@since(version = 1.0.0)\ninterface i {\n  f: func();\n  record r { x: u8 }\n}";
        let package = resolve.push_str("test.wit", text).unwrap();
        let mut offences = Vec::new();
        let id = resolve.packages[package].interfaces["i"];
        check_interface(&resolve, "i", &resolve.interfaces[id], &mut offences);
        assert_eq!(offences.len(), 5, "{offences:?}");
    }
}

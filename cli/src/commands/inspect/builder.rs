//! What builders and packages of buildpacks have.

use super::{Context, facts, listing, optional, section};
use wattle_engine::{
    InspectedBuilder, InspectedBuildpackage, InspectedEntry, InspectedGroup, InspectedModule, InspectedRunImage,
};

pub(super) fn builder(cx: &Context, builder: &InspectedBuilder, depth: usize) {
    let run_image = |it: &InspectedRunImage| vec![it.image.clone(), it.mirrors.join(", ")];
    section(cx, "Run images", &builder.run_images.iter().map(run_image).collect::<Vec<_>>());
    section(cx, "Buildpacks", &modules(&builder.buildpacks));
    optional(cx, "Extensions", &modules(&builder.extensions));
    order(cx, "Detection order", &builder.order, depth);
    order(cx, "Order of extensions", &builder.order_extensions, depth);
    entries(cx, "Before every group", &builder.system_before, depth);
    entries(cx, "After every group", &builder.system_after, depth);
}

pub(super) fn package(cx: &Context, package: &InspectedBuildpackage, depth: usize) {
    optional(cx, "Buildpacks", &modules(&package.buildpacks));
    optional(cx, "Extensions", &modules(&package.extensions));
    order(cx, "Detection order", &package.order, depth);
}

fn modules(modules: &[InspectedModule]) -> Vec<Vec<String>> {
    let row = |it: &InspectedModule| {
        let builds_for = if it.targets.is_empty() { &it.stacks } else { &it.targets };
        let builds_for = if it.composite { "composite".to_owned() } else { builds_for.join(", ") };
        let api = if it.api.is_empty() { String::new() } else { format!("api {}", it.api) };
        vec![it.id.clone(), it.version.clone(), api, builds_for, it.homepage.clone()]
    };
    modules.iter().map(row).collect()
}

fn order(cx: &Context, title: &str, groups: &[InspectedGroup], depth: usize) {
    if !groups.is_empty() {
        listing(cx, title, &tree(groups, depth));
    }
}

fn entries(cx: &Context, title: &str, entries: &[InspectedEntry], depth: usize) {
    if !entries.is_empty() {
        let mut lines = Vec::new();
        branches(&mut lines, "", entries, depth);
        listing(cx, title, &lines);
    }
}

/// Groups and what is in them; composites unfold `depth` times.
fn tree(groups: &[InspectedGroup], depth: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        lines.push(format!("group {}", at + 1));
        branches(&mut lines, "", &group.group, depth);
    }
    lines
}

fn branches(lines: &mut Vec<String>, indent: &str, entries: &[InspectedEntry], depth: usize) {
    for (at, entry) in entries.iter().enumerate() {
        let (branch, below) = if at + 1 == entries.len() { ("└ ", "  ") } else { ("├ ", "│ ") };
        lines.push(format!("{indent}{branch}{}", label(entry, depth)));
        let Some(depth) = depth.checked_sub(1) else { continue };
        for (at, group) in entry.order.iter().enumerate() {
            let indent = format!("{indent}{below}");
            let last = at + 1 == entry.order.len();
            lines.push(format!("{indent}{}group {}", if last { "└ " } else { "├ " }, at + 1));
            branches(lines, &format!("{indent}{}", if last { "  " } else { "│ " }), &group.group, depth);
        }
    }
}

fn label(entry: &InspectedEntry, depth: usize) -> String {
    let version = if entry.version.is_empty() { String::new() } else { format!("@{}", entry.version) };
    let shortened = entry.shortened || depth == 0 && !entry.order.is_empty();
    let notes =
        [(entry.optional, "(optional)"), (entry.missing, "(not there)"), (entry.cyclic, "(cyclic)"), (shortened, "…")];
    let notes: String = notes.into_iter().filter(|(holds, _)| *holds).flat_map(|(_, note)| [" ", note]).collect();
    format!("{}{version}{notes}", facts::line(&entry.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, order: Vec<InspectedGroup>) -> InspectedEntry {
        InspectedEntry { id: id.to_owned(), version: "1".to_owned(), order, ..InspectedEntry::default() }
    }

    fn group(entries: impl IntoIterator<Item = InspectedEntry>) -> InspectedGroup {
        InspectedGroup { group: entries.into_iter().collect() }
    }

    #[test]
    fn d23_an_order_is_shown_as_a_tree() {
        let cyclic = InspectedEntry { cyclic: true, optional: true, ..entry("a", vec![]) };
        let inner = vec![group([entry("x", vec![]), cyclic]), group([entry("y\nz", vec![])])];
        let composite = entry("a", inner.clone());
        let order =
            [group([composite, entry("b", inner)]), group([InspectedEntry { missing: true, ..entry("c", vec![]) }])];
        insta::assert_snapshot!(tree(&order, usize::MAX).join("\n"), @r#"
        group 1
        ├ a@1
        │ ├ group 1
        │ │ ├ x@1
        │ │ └ a@1 (optional) (cyclic)
        │ └ group 2
        │   └ y\nz@1
        └ b@1
          ├ group 1
          │ ├ x@1
          │ └ a@1 (optional) (cyclic)
          └ group 2
            └ y\nz@1
        group 2
        └ c@1 (not there)
        "#);
        insta::assert_snapshot!(tree(&order, 0).join("\n"), @r#"
        group 1
        ├ a@1 …
        └ b@1 …
        group 2
        └ c@1 (not there)
        "#);
    }
}

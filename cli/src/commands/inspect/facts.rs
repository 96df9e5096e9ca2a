//! What is said of an image in one line each.

use crate::output::{size, table};
use serde_json::Value;
use wattle_engine::{
    ImageKind, InspectedApplication, InspectedBill, InspectedBuilder, InspectedBuildpackage, Inspection,
};

/// When images are made that do not say when: equal builds make equal images.
const FIXED: &str = "1980-01-01T00:00:01Z";

/// Facts with their names, aligned.
#[derive(Default)]
pub(super) struct Facts(Vec<Vec<String>>);

impl Facts {
    /// Adds a fact, unless there is nothing to say.
    pub(super) fn add(&mut self, name: &str, value: impl AsRef<str>) {
        if !value.as_ref().is_empty() {
            self.0.push(vec![name.to_owned(), line(value.as_ref())]);
        }
    }
}

/// Everything about the image as a whole.
pub(super) fn of(image: &Inspection) -> Vec<String> {
    let mut facts = Facts::default();
    facts.add("Image", &image.image);
    facts.add("Kind", kind(image.kind));
    facts.add("Digest", &image.digest);
    facts.add("Platform", platform(image));
    let created = image.created.clone().unwrap_or_default();
    facts.add("Created", if created == FIXED { format!("{created} (fixed)") } else { created });
    facts.add("Size", size(image.size));
    if let Some(application) = &image.application {
        made(&mut facts, application);
    }
    if let Some(base) = &image.base {
        facts.add("Distribution", &base.distribution);
        facts.add("Stack", &base.stack);
        let fact = |(name, value): (&String, &String)| format!("{name} {value}");
        facts.add("Base", base.facts.iter().map(fact).collect::<Vec<_>>().join(", "));
    }
    if let Some(builder) = &image.builder {
        builds(&mut facts, builder);
    }
    if let Some(package) = &image.package {
        packages(&mut facts, package);
    }
    starts(&mut facts, image);
    table(&facts.0)
}

fn kind(kind: ImageKind) -> &'static str {
    match kind {
        ImageKind::Application => "application, built by buildpacks",
        ImageKind::Builder => "builder",
        ImageKind::Buildpackage => "package of buildpacks",
        ImageKind::ExtensionPackage => "package of an image extension",
        ImageKind::Base => "image to build or run on",
        ImageKind::Other => "image, not built by buildpacks",
    }
}

fn platform(image: &Inspection) -> String {
    match image.platforms.as_slice() {
        [] => image.platform.clone(),
        several => format!("{}, one of {}", image.platform, several.join(", ")),
    }
}

fn starts(facts: &mut Facts, image: &Inspection) {
    let settings = &image.settings;
    facts.add("User", &settings.user);
    facts.add("Directory", &settings.working_directory);
    facts.add("Entry point", words(&settings.entrypoint));
    facts.add("Command", words(&settings.command));
    facts.add("Ports", settings.ports.join(", "));
    facts.add("Volumes", settings.volumes.join(", "));
    facts.add("Stop signal", &settings.stop_signal);
}

fn made(facts: &mut Facts, application: &InspectedApplication) {
    let run_image = &application.run_image;
    facts.add("Run image", &run_image.image);
    facts.add("Mirrors", run_image.mirrors.join(", "));
    facts.add("By digest", &run_image.reference);
    facts.add("Top layer", run_image.top_layer.clone().unwrap_or_default());
    let rebasable = if application.rebasable {
        "yes".to_owned()
    } else {
        format!("no: {}", application.rebase_obstacles.join("; "))
    };
    facts.add("Rebasable", rebasable);
    facts.add("Platform API", application.platform_api.clone().unwrap_or_default());
    facts.add("Made for", application.execution_environment.clone().unwrap_or_default());
    if let Some(launcher) = &application.launcher {
        let source: Vec<&str> = [&launcher.repository, &launcher.commit]
            .into_iter()
            .map(String::as_str)
            .filter(|it| !it.is_empty())
            .collect();
        let source = if source.is_empty() { String::new() } else { format!(" ({})", source.join(" ")) };
        facts.add("Launcher", format!("{}{source}", launcher.version));
    }
    facts.add("Source", application.source.as_ref().map(source).unwrap_or_default());
    facts.add("Bills", bill(&application.bill_of_materials));
}

/// Everything that is a text or a number, each with its key.
fn source(source: &Value) -> String {
    let kind = source.get("type").and_then(Value::as_str).unwrap_or_default();
    let mut parts = vec![kind.to_owned()];
    for values in ["version", "metadata"].iter().filter_map(|key| source.get(*key)?.as_object()) {
        for (key, value) in values {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            parts.push(format!("{key} {value}"));
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

fn bill(bill: &InspectedBill) -> String {
    match (bill.present, bill.documents.len()) {
        (false, _) => "none".to_owned(),
        (true, 0) => "there, not read".to_owned(),
        (true, count) => format!("{count} documents: {}", bill.formats.join(", ")),
    }
}

fn builds(facts: &mut Facts, builder: &InspectedBuilder) {
    facts.add("Description", &builder.description);
    facts.add("Created by", &builder.created_by);
    facts.add("Builds as", &builder.build_user);
    let lifecycle = &builder.lifecycle;
    facts.add("Lifecycle", &lifecycle.version);
    let apis = |supported: &[String], deprecated: &[String]| {
        let deprecated = if deprecated.is_empty() { String::new() } else { format!(" ({})", deprecated.join(", ")) };
        format!("{}{deprecated}", supported.join(", "))
    };
    facts.add("Buildpack APIs", apis(&lifecycle.buildpack_apis, &lifecycle.deprecated_buildpack_apis));
    facts.add("Platform APIs", apis(&lifecycle.platform_apis, &lifecycle.deprecated_platform_apis));
}

fn packages(facts: &mut Facts, package: &InspectedBuildpackage) {
    let main = &package.main;
    facts.add("Package", format!("{} {}", main.id, main.version));
    facts.add("Name", &main.name);
    facts.add("Description", &package.description);
    facts.add("Homepage", &main.homepage);
    facts.add("Keywords", package.keywords.join(", "));
    facts.add("Licences", package.licenses.join(", "));
    facts.add("Targets", main.targets.join(", "));
    facts.add("Stacks", main.stacks.join(", "));
}

/// Words as a shell would need them.
pub(super) fn words(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:=@%+,".contains(char);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// A text in one line: no value of an image passes for a line of its own.
pub(super) fn line(text: &str) -> String {
    text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}

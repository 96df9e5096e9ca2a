//! Layers of the last build: from the store, and where that knows nothing, from the image that was built before.

use crate::containment::buildpack;
use crate::run_image::TinyRunImage;
use crate::{cold, wattle};
use serde_json::Value;
use wattle_test_support::{Files, Output, Registry, Wattle};

/// A call of the test buildpack (`tests/components/calls`), and where its image goes.
struct Attempt {
    buildpack: Files,
    application: Files,
    run_image: TinyRunImage,
    registry: Registry,
}

impl Attempt {
    fn new(files: &[(&str, &str)]) -> Attempt {
        let application = Files::of(files.iter().copied());
        Attempt {
            buildpack: buildpack("calls"),
            application,
            run_image: TinyRunImage::new(),
            registry: Registry::new(),
        }
    }

    fn build(&self, wattle: &Wattle, more: &[&str]) -> Output {
        let call = wattle.args(["build", self.application.text(), "--buildpack", self.buildpack.text()]);
        let call = call.args(["--format", "json", "--run-image", &self.run_image.name()]);
        call.args(["--output", &self.registry.image("team/shop:1")]).args(more).run().succeeds()
    }
}

/// What became of each layer, in the order asked for.
fn layers(output: &Output) -> String {
    let lines = output.json_lines();
    let layers = lines.iter().filter(|line| line["event"] == "layer");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    layers.map(|line| format!("{} {}", text(&line["layer"]), text(&line["state"]))).collect::<Vec<_>>().join(", ")
}

fn digest(output: &Output) -> String {
    output.json_lines().pop().unwrap()["digest"].as_str().unwrap().to_owned()
}

#[test]
fn b61_b63_b64_a_new_store_takes_over_what_the_previous_image_has() {
    let attempt = Attempt::new(&[("call", "keyed layers"), ("version", "1"), ("when", "first")]);
    let first = attempt.build(&cold(), &[]);
    assert_eq!(layers(&first), "cached created, built created, launched created, none created");
    // Contents come from a cache alone; a layer of the image is taken over without any.
    let second = attempt.build(&cold(), &[]);
    assert_eq!(layers(&second), "cached created, built created, launched reused, none created");
    assert_eq!(digest(&first), digest(&second));
    // In the same store all of them come back.
    let same = cold();
    attempt.build(&same, &[]);
    assert_eq!(layers(&attempt.build(&same, &[])), "cached reused, built reused, launched reused, none created");
    let changed = attempt.application.with("version", "2");
    let attempt = Attempt { application: changed, ..attempt };
    assert_eq!(layers(&attempt.build(&cold(), &[])), "cached created, built created, launched stale, none created");
}

#[test]
fn b62_b95_w9_bills_of_layers_that_are_taken_over_stay() {
    let attempt = Attempt::new(&[("call", "sboms")]);
    let first = attempt.build(&cold(), &[]);
    let second = attempt.build(&cold(), &[]);
    assert_eq!((layers(&first), layers(&second)), ("described created".to_owned(), "described reused".to_owned()));
    assert_eq!(digest(&first), digest(&second));
    let image = attempt.registry.image("team/shop:1");
    let sbom = wattle().args(["sbom", &image, "--no-run-image", "--format", "json"]).run().succeeds();
    let documents = sbom.json_lines().pop().unwrap()["documents"].to_string();
    assert!(documents.contains("test_calls/described/sbom.cdx.json"), "{documents}");
}

#[test]
fn b67_what_a_buildpack_stored_comes_back_from_the_previous_image() {
    let attempt = Attempt::new(&[("call", "store"), ("again", "")]);
    let stored = |output: &Output| {
        let lines = output.json_lines();
        let texts = lines.iter().filter(|line| line["event"] == "output").map(|line| line["text"].to_string());
        texts.filter(|text| text.contains("Stored")).collect::<String>()
    };
    assert_eq!(stored(&attempt.build(&cold(), &[])), r#""Stored { builds: 0 }""#);
    assert_eq!(stored(&attempt.build(&cold(), &[])), r#""Stored { builds: 1 }""#);
    assert_eq!(stored(&attempt.build(&cold(), &[])), r#""Stored { builds: 2 }""#);
}

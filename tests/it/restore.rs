//! Layers of the last build: from the store, and where that knows nothing, from the image that was built before.

use crate::guest::Guest;
use crate::{cold, wattle};
use serde_json::Value;
use wattle_test_support::{Output, Registry, Wattle};

/// A call of the test buildpack, and a registry for its image.
struct Attempt {
    guest: Guest,
    registry: Registry,
}

impl Attempt {
    fn new(files: &[(&str, &str)]) -> Attempt {
        Attempt { guest: Guest::calls(files), registry: Registry::new() }
    }

    fn build(&self, wattle: &Wattle) -> Output {
        self.guest.call_to(wattle, &self.registry.image("team/shop:1")).args(["--format", "json"]).run().succeeds()
    }

    /// With this file in the application.
    fn with(mut self, path: &str, text: &str) -> Attempt {
        self.guest.application = self.guest.application.with(path, text);
        self
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
    let first = attempt.build(&cold());
    assert_eq!(layers(&first), "cached created, built created, launched created, none created");
    // Contents come from a cache alone; a layer of the image is taken over without any.
    let second = attempt.build(&cold());
    assert_eq!(layers(&second), "cached created, built created, launched reused, none created");
    assert_eq!(digest(&first), digest(&second));
    // In the same store all of them come back.
    let same = cold();
    attempt.build(&same);
    assert_eq!(layers(&attempt.build(&same)), "cached reused, built reused, launched reused, none created");
    let attempt = attempt.with("version", "2");
    assert_eq!(layers(&attempt.build(&cold())), "cached created, built created, launched stale, none created");
}

#[test]
fn b62_b95_w9_bills_of_layers_that_are_taken_over_stay() {
    let attempt = Attempt::new(&[("call", "sboms")]);
    let first = attempt.build(&cold());
    let second = attempt.build(&cold());
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
    assert_eq!(stored(&attempt.build(&cold())), r#""Stored { builds: 0 }""#);
    assert_eq!(stored(&attempt.build(&cold())), r#""Stored { builds: 1 }""#);
    // A store that was there before somebody else built does not know better than the image.
    let there = cold();
    assert_eq!(stored(&attempt.build(&there)), r#""Stored { builds: 2 }""#);
    assert_eq!(stored(&attempt.build(&cold())), r#""Stored { builds: 3 }""#);
    assert_eq!(stored(&attempt.build(&there)), r#""Stored { builds: 4 }""#);
}

#[test]
fn b66_b68_what_is_not_made_again_is_not_in_the_next_image() {
    let attempt = Attempt::new(&[("call", "sboms")]);
    attempt.build(&cold());
    let attempt = attempt.with("call", "context");
    attempt.build(&cold());
    let image = attempt.registry.image("team/shop:1");
    let inspected = wattle().args(["inspect", &image, "--format", "json"]).run().succeeds();
    let layers = inspected.json_lines().pop().unwrap()["layers"].to_string();
    assert!(!layers.contains("test/calls"), "{layers}");
    let sbom = wattle().args(["sbom", &image, "--no-run-image", "--format", "json"]).run().succeeds();
    let documents = sbom.json_lines().pop().unwrap()["documents"].to_string();
    assert!(!documents.contains("test_calls"), "{documents}");
}

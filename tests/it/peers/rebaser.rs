//! The `rebaser` of the reference and `wattle rebase` make the same of an image, but for what is told in `fields`.

use super::fields::rebased_differences;
use super::{World, application};
use wattle_test_support::Files;

const NONE: [&str; 0] = [];

impl World {
    /// Rebases an image with both, each on its own copy of it, and holds what comes of it to each other.
    fn both_rebase(&self, image: &str, run_image: &str) {
        for name in ["by-wattle:1", "by-rebaser:1"] {
            self.tag(image, name);
        }
        let run = self.image(run_image);
        self.wattle_rebases(&["by-wattle:1"]).args(["--run-image", &run]).run().succeeds();
        self.rebaser_rebases(&[], run_image, &["by-rebaser:1"]).succeeds();
        let (ours, theirs) = (self.seen("by-wattle:1"), self.seen("by-rebaser:1"));
        assert_eq!(ours.diff_ids(), theirs.diff_ids());
        assert_eq!(ours.blobs(), theirs.blobs(), "layers were packed anew");
        assert_eq!(rebased_differences(&theirs.config, &ours.config), NONE);
    }
}

#[test]
fn i80_i83_i85_i86_i87_an_image_of_wattle_is_rebased_alike() {
    let Some(world) = World::new() else { return };
    world.wattle_builds(&application(), true, "run:1", "shop:1");
    world.tag("run:2", "run:1");
    world.both_rebase("shop:1", "run:1");
    let run_image = world.seen("run:2");
    let rebased = world.seen("by-rebaser:1");
    assert_eq!(rebased.label("io.buildpacks.base.released"), "2");
    assert!(rebased.diff_ids().starts_with(&run_image.diff_ids()));
    // It starts, on the new run image.
    let bundle = world.unpacked("by-rebaser:1");
    assert_eq!(bundle.run(["/cnb/process/replaceable"]).succeeds().stdout, "replaced or not\n");
    assert_eq!(bundle.run(["/cnb/lifecycle/launcher", "--", "cat", "/etc/release"]).succeeds().stdout, "2\n");
}

#[test]
fn i83_an_image_that_wattle_rebased_is_rebased_again() {
    let Some(world) = World::new() else { return };
    world.wattle_builds(&application(), true, "run:1", "shop:1");
    let built = world.seen("shop:1");
    world.tag("run:1", "first:1");
    world.tag("run:2", "run:1");
    world.wattle_rebases(&["shop:1"]).run().succeeds();
    assert_ne!(world.seen("shop:1").digest, built.digest);
    // Back to where it came from.
    world.tag("first:1", "run:1");
    world.both_rebase("shop:1", "run:1");
    let back = world.seen("by-rebaser:1");
    assert_eq!((back.diff_ids(), back.blobs()), (built.diff_ids(), built.blobs()));
    assert_eq!(rebased_differences(&back.config, &built.config), NONE);
    assert_eq!(world.seen("by-wattle:1").digest, built.digest, "there and back again is not where it was");
}

#[test]
fn i84_i88_another_run_image_takes_force_and_the_report_says_what_came_of_it() {
    let Some(world) = World::new() else { return };
    world.wattle_builds(&application(), true, "run:1", "shop:1");
    let before = world.seen("shop:1");
    let refused = world.rebaser_rebases(&[], "run:2", &["shop:1"]).fails(72);
    let told = refused.stdout + &refused.stderr;
    assert!(told.contains("not found in existing run image metadata"), "{told}");
    assert_eq!(world.seen("shop:1").digest, before.digest);
    let files = Files::new();
    let report = files.join("report.toml").to_string_lossy().into_owned();
    let forced = world.rebaser_rebases(&["-force", "-report", &report], "run:2", &["shop:1", "shop:2"]);
    forced.succeeds();
    let after = world.seen("shop:2");
    assert_eq!(world.seen("shop:1").digest, after.digest);
    assert_eq!(after.lifecycle()["runImage"]["image"], world.image("run:2"));
    let report: toml::Table = files.read("report.toml").parse().unwrap();
    assert_eq!(report["image"]["digest"].as_str(), Some(&*after.digest));
    // Ours takes it from there.
    let again = world.wattle_rebases(&["shop:2"]).run().succeeds();
    insta::assert_snapshot!(again.told(), @r"
     Run image [server]/run:2 [digest]
    Up to date [server]/shop:2
    ");
}

#[test]
fn i82_both_refuse_a_run_image_of_another_distribution() {
    let Some(world) = World::new() else { return };
    world.wattle_builds(&application(), true, "run:1", "shop:1");
    let before = world.seen("shop:1");
    world.label("run:2", "run:1", &["io.buildpacks.base.distro.version=99"]);
    let refused = world.rebaser_rebases(&[], "run:1", &["shop:1"]).fails(72);
    let told = refused.stdout + &refused.stderr;
    assert!(told.contains("unable to satisfy target os/arch constraints"), "{told}");
    let ours = world.wattle_rebases(&["shop:1"]).run().fails(1);
    insta::assert_snapshot!(ours.failure(), @r"
    error: the image `[server]/shop:1` cannot be rebased
      caused by: it is made for `debian 12`, and the run image is `debian 99`
    hint: its programs may need what this run image has not: build it again on that run image; `--force` goes on without asking
    ");
    assert_eq!(world.seen("shop:1").digest, before.digest);
}

#[test]
fn i81_both_refuse_an_image_that_says_so() {
    let Some(world) = World::new() else { return };
    world.wattle_builds(&application(), true, "run:1", "built:1");
    world.label("built:1", "shop:1", &["io.buildpacks.rebasable=false"]);
    let before = world.seen("shop:1");
    let refused = world.rebaser_rebases(&[], "run:1", &["shop:1"]).fails(72);
    let told = refused.stdout + &refused.stderr;
    assert!(told.contains("not marked as rebasable"), "{told}");
    let ours = world.wattle_rebases(&["shop:1"]).run().fails(1);
    insta::assert_snapshot!(ours.failure(), @r"
    error: the image `[server]/shop:1` cannot be rebased
      caused by: its label `io.buildpacks.rebasable` is `false`
    hint: who made it says that it only works on the run image that it has: build it again, or go on with `--force`
    ");
    assert_eq!(world.seen("shop:1").digest, before.digest);
    world.rebaser_rebases(&["-force"], "run:1", &["shop:1"]).succeeds();
}

//! What is refused, and what of that can be forced.

use super::*;

/// How it goes to rebase an image of the reference on `name`: what it records then, or why not; with force behind the arrow.
fn check(edit: impl Fn(&mut Value, &mut String), edit_base: impl Fn(&mut Value), name: &str) -> String {
    let (old, new) = (run_image("2026-01", |_| {}), run_image("2026-02", edit_base));
    let image = reference(&old, edit);
    let go = |force| {
        rebase(&image, &named(&new, name), RebaseOptions { force }).map(|rebased| {
            let RunImage { image, mirrors, .. } = rebased.new;
            let again = LIFECYCLE_METADATA.to_owned();
            let labels = &rebased.image.config().value().config.labels;
            let read: cnb::LifecycleMetadata = serde_json::from_str(&labels[&again]).unwrap();
            assert_eq!(read.run_image_name(), RunImageName { image: image.clone(), mirrors: mirrors.clone() });
            assert_eq!(read.stack.run_image, read.run_image_name(), "both places say the same");
            assert_eq!(rebased.image.config().value().history.len(), rebased.image.layers().len());
            [vec![image], mirrors].concat().join(" ")
        })
    };
    let mut names: Vec<_> = REFERENCE_LAYERS.iter().map(|name| (*name, layer(name).diff_id)).collect();
    names.push(("TOP", layer("2026-01-2").diff_id));
    names.push(("BELOW", layer("2026-01-1").diff_id));
    let text = match (go(false), go(true)) {
        (Ok(names), Ok(_)) => names,
        (Err(error), Ok(names)) => {
            assert!(error.may_be_forced() && error.hint().contains("--force"));
            format!("{error} -> {names}")
        }
        (Err(error), Err(_)) => {
            assert!(!error.may_be_forced() && !error.hint().contains("--force"));
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            format!("{}: {error}{cause}", error.code())
        }
        (Ok(_), Err(error)) => panic!("force makes it worse: {error}"),
    };
    without_digests(&text, &names)
}

#[test]
fn i84_p111_w3_w4_names_are_compared_by_repository() {
    let name = |name: &str| check(plain, same, name);
    insta::assert_snapshot!(name("r.example/run:12"), @"some/run:12 r.example/run:12");
    insta::assert_snapshot!(name("index.docker.io/some/run:12"), @"some/run:12 r.example/run:12");
    insta::assert_snapshot!(name(&format!("some/run@{}", Digest::of(b""))), @"some/run:12 r.example/run:12");
    insta::assert_snapshot!(name(&format!("some/run:12@{}", Digest::of(b""))), @"some/run:12 r.example/run:12");
    insta::assert_snapshot!(name("r.example/run:12.5"), @"r.example/run:12.5");
    insta::assert_snapshot!(name("r.example/run"), @"r.example/run:latest");
    insta::assert_snapshot!(name("r.example/other:12"), @"the run image `r.example/other:12` is none that it names: `some/run:12`, `r.example/run:12` -> r.example/other:12");
    let unnamed = |_: &mut Value, label: &mut String| {
        *label = label.replace(r#""image":"some/run:12","mirrors":["r.example/run:12"]"#, r#""image":"""#);
    };
    insta::assert_snapshot!(check(unnamed, same, "r.example/run:12"), @"the run image `r.example/run:12` is none that it names: it names none -> r.example/run:12");
    // Older images name it in `stack` only.
    let stack = |_: &mut Value, label: &mut String| {
        *label = label.replacen(r#","image":"some/run:12","mirrors":["r.example/run:12"]"#, "", 1);
    };
    insta::assert_snapshot!(check(stack, same, "r.example/run:12.5"), @"r.example/run:12.5");
}

#[test]
fn i82_w18_targets_have_to_agree() {
    let base = |edit: fn(&mut Value)| check(plain, edit, "r.example/run:12");
    insta::assert_snapshot!(base(|c| c["os"] = "windows".into()), @"rebase/platform: it is for `linux/arm64/v8`, and the run image for `windows/arm64/v8`");
    insta::assert_snapshot!(base(|c| c["architecture"] = "amd64".into()), @"rebase/platform: it is for `linux/arm64/v8`, and the run image for `linux/amd64/v8`");
    insta::assert_snapshot!(base(|c| c["variant"] = "v7".into()), @"it is for `linux/arm64/v8`, and the run image for `linux/arm64/v7` -> some/run:12 r.example/run:12");
    insta::assert_snapshot!(base(|c| c["variant"] = "".into()), @"some/run:12 r.example/run:12");
    insta::assert_snapshot!(base(|c| c["config"]["Labels"]["io.buildpacks.base.distro.version"] = "13".into()), @"it is made for `debian 12`, and the run image is `debian 13` -> some/run:12 r.example/run:12");
    insta::assert_snapshot!(base(|c| c["config"]["Labels"]["io.buildpacks.base.distro.version"] = "".into()), @"some/run:12 r.example/run:12");
    insta::assert_snapshot!(base(|c| c["config"]["Labels"]["io.buildpacks.base.distro.name"] = "ubuntu".into()), @"it is made for `debian 12`, and the run image is `ubuntu 12` -> some/run:12 r.example/run:12");
    insta::assert_snapshot!(base(|c| c["config"]["Labels"] = json!({})), @"it is made for `debian 12`, and the run image is an unknown distribution -> some/run:12 r.example/run:12");
    let unlabelled = |c: &mut Value, label: &mut String| c["config"]["Labels"] = json!({LIFECYCLE_METADATA: label});
    insta::assert_snapshot!(check(unlabelled, same, "r.example/run:12"), @"it is made for an unknown distribution, and the run image is `debian 12` -> some/run:12 r.example/run:12");
    insta::assert_snapshot!(check(unlabelled, |c| c["config"]["Labels"] = json!({}), "r.example/run:12"), @"some/run:12 r.example/run:12");
}

#[test]
fn i80_before_targets_there_were_stacks() {
    let api = |api: &'static str, mixins: &'static str, stack: &'static str| {
        let ours = move |c: &mut Value, _: &mut String| {
            c["config"]["Env"] = json!([format!("CNB_PLATFORM_API={api}")]);
            c["config"]["Labels"]["io.buildpacks.stack.mixins"] = r#"["a", "run:b"]"#.into();
            c["config"]["Labels"]["io.buildpacks.base.distro.version"] = "11".into();
        };
        let theirs = move |c: &mut Value| {
            c["config"]["Labels"]["io.buildpacks.stack.mixins"] = mixins.into();
            c["config"]["Labels"]["io.buildpacks.stack.id"] = stack.into();
        };
        check(ours, theirs, "r.example/run:12")
    };
    insta::assert_snapshot!(api("0.11", r#"["b", "run:a", "c"]"#, "some.stack"), @"some/run:12 r.example/run:12");
    insta::assert_snapshot!(api("0.11", r#"["build:a"]"#, "some.stack"), @"the run image lacks mixins that it relies on: b -> some/run:12 r.example/run:12");
    insta::assert_snapshot!(api("0.11", "[]", "other.stack"), @"it is made for the stack `some.stack`, and the run image is of `other.stack` -> some/run:12 r.example/run:12");
    insta::assert_snapshot!(api("0.11", "{}", "some.stack"), @"rebase/label: could not read the label `io.buildpacks.stack.mixins`: invalid type: map, expected a sequence at line 1 column 0");
    insta::assert_snapshot!(api("0.12", "[]", "other.stack"), @"it is made for `debian 11`, and the run image is `debian 12` -> some/run:12 r.example/run:12");
    insta::assert_snapshot!(api("new", "[]", "some.stack"), @"rebase/platform-api: its variable `CNB_PLATFORM_API` is `new`, which is no version of the Platform API");
    insta::assert_snapshot!(check(|c, _| c["config"]["Env"] = json!([]), same, "r.example/run:12"), @"some/run:12 r.example/run:12");
}

#[test]
fn what_an_image_says_of_itself_is_not_believed_blindly() {
    let label = |edit: &dyn Fn(&str) -> String| check(|_, label| *label = edit(label), same, "r.example/run:12");
    insta::assert_snapshot!(label(&|_| "{".to_owned()), @"rebase/label: could not read the label `io.buildpacks.lifecycle.metadata`: EOF while parsing an object at line 1 column 1");
    insta::assert_snapshot!(label(&|_| "[]".to_owned()), @"rebase/label: could not read the label `io.buildpacks.lifecycle.metadata`: invalid type: sequence, expected an object at line 1 column 0");
    insta::assert_snapshot!(label(&|_| "{}".to_owned()), @"rebase/top-layer: its label `io.buildpacks.lifecycle.metadata` names no `runImage.topLayer`");
    insta::assert_snapshot!(label(&|text| text.replace("\"app\"", "\"RUNIMAGE\":{},\"app\"")), @"rebase/label: its label `io.buildpacks.lifecycle.metadata` has both `RUNIMAGE` and `runImage`, which some tools take for the same");
    insta::assert_snapshot!(label(&|text| text.replace("\"topLayer\"", "\"toplayer\":\"\",\"topLayer\"")), @"rebase/label: its label `io.buildpacks.lifecycle.metadata` has both `toplayer` and `topLayer`, which some tools take for the same");
    insta::assert_snapshot!(label(&|text| text.replace("some/run", &"x".repeat(2000))), @"rebase/label: its label `io.buildpacks.lifecycle.metadata` has 2003 bytes in a name; 1024 is the most that is read");
    insta::assert_snapshot!(label(&|text| text.replace("{\"b\":1", &format!("{{\"b\":\"{}\"", "x".repeat(5 << 20)))), @"rebase/label: its label `io.buildpacks.lifecycle.metadata` has 5243952 bytes; 4194304 is the most that is read");
    insta::assert_snapshot!(label(&|text| text.replace("{\"b\":1,\"a\":2}", &("[".repeat(9999) + &"]".repeat(9999)))), @"some/run:12 r.example/run:12");
    let twice = run_image("2026-01", same);
    let error = rebase(&twice, &named(&twice, "r.example/run:12"), RebaseOptions { force: true }).unwrap_err();
    insta::assert_snapshot!(error, @"it has no label `io.buildpacks.lifecycle.metadata`: it was not built by buildpacks");
}

#[test]
fn i81_only_the_word_false_forbids_it() {
    let image = |edit: fn(&mut Value, &mut String)| check(edit, same, "r.example/run:12");
    insta::assert_snapshot!(image(|c, _| c["config"]["Labels"]["io.buildpacks.rebasable"] = "false".into()), @"its label `io.buildpacks.rebasable` is `false` -> some/run:12 r.example/run:12");
    insta::assert_snapshot!(image(|c, _| c["config"]["Labels"]["io.buildpacks.rebasable"] = "False".into()), @"some/run:12 r.example/run:12");
    insta::assert_snapshot!(image(|c, _| c["config"]["Labels"]["io.buildpacks.rebasable"] = "true".into()), @"some/run:12 r.example/run:12");
}

#[test]
fn i53_w6_history_has_one_entry_a_layer_or_none() {
    let image = |edit: fn(&mut Value, &mut String)| check(edit, same, "r.example/run:12");
    insta::assert_snapshot!(image(|c, _| drop(c["history"].as_array_mut().unwrap().pop())), @"its history has 7 entries for 8 layers -> some/run:12 r.example/run:12");
    insta::assert_snapshot!(image(|c, _| c["history"] = Value::Null), @"some/run:12 r.example/run:12");
    insta::assert_snapshot!(image(|c, _| c["history"].as_array_mut().unwrap().push(json!({}))), @"its history has 9 entries for 8 layers -> some/run:12 r.example/run:12");
    insta::assert_snapshot!(image(|c, _| c["history"].as_array_mut().unwrap().push(json!({"empty_layer": true}))), @"some/run:12 r.example/run:12");
}

#[test]
fn i83_w5_a12_the_run_image_ends_in_one_place() {
    let label = |edit: &dyn Fn(&str) -> String| check(|_, label| *label = edit(label), same, "r.example/run:12");
    let top = |name: &str| label(&|text| text.replace(&layer("2026-01-2").diff_id.to_string(), name));
    insta::assert_snapshot!(top(""), @"rebase/top-layer: its label `io.buildpacks.lifecycle.metadata` names no `runImage.topLayer`");
    insta::assert_snapshot!(top("sha256:12"), @"rebase/label: could not read the label `io.buildpacks.lifecycle.metadata`: `sha256:12` is not a digest: expected `sha256:` or `sha512:` and hexadecimal digits in lower case at line 1 column 767");
    insta::assert_snapshot!(top(&Digest::of(b"").to_string()), @"rebase/top-layer: `sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`, by its label the top layer of its run image, is not one of its layers");
    insta::assert_snapshot!(top(&layer("APP").diff_id.to_string()), @"rebase/top-layer: the layer of the application is below `APP`, by its label the top layer of its run image");
    insta::assert_snapshot!(top(&layer("TYPES").diff_id.to_string()), @"rebase/top-layer: the layer of the application is below `TYPES`, by its label the top layer of its run image");
    let twice = run_image("2026-01", same);
    let image = reference(&twice, |config, _| {
        config["rootfs"]["diff_ids"][0] = config["rootfs"]["diff_ids"][1].clone();
    });
    let error = rebase(&image, &named(&twice, "r.example/run:12"), RebaseOptions { force: true }).unwrap_err();
    insta::assert_snapshot!(without_digests(&error.to_string(), &[("TOP", layer("2026-01-2").diff_id)]), @"`TOP`, by its label the top layer of its run image, is 2 of its layers");
}

#[test]
fn a_run_image_has_layers() {
    let empty = json!({"architecture": "arm64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}});
    let empty = image(&empty, &[], false, &Value::Null);
    let error = rebase(
        &reference(&run_image("1", same), plain),
        &named(&empty, "r.example/run:12"),
        RebaseOptions { force: true },
    );
    assert!(matches!(error, Err(RebaseError::EmptyBase)));
}

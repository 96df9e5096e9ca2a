//! Section 3.2 of the checklist: the configuration of the image.

use super::*;

#[test]
fn a3_i10_i11_i12_i13_i14_i20_i21_i23_i24_i51_w19_the_configuration_is_that_of_the_base_and_ours() {
    let image = compose(&base(|_| {}), shop()).unwrap();
    let mut config = document(image.config().bytes());
    for key in [LIFECYCLE_METADATA, BUILD_METADATA] {
        config["config"]["Labels"][key] = "below".into();
    }
    insta::assert_snapshot!(text(&config), @r#"
    {
      "architecture": "arm64",
      "config": {
        "Entrypoint": [
          "/cnb/process/web"
        ],
        "Env": [
          "PATH=/cnb/process:/cnb/lifecycle:/usr/bin:/bin",
          "CNB_APP_DIR=/workspace",
          "LANG=C.UTF-8",
          "CNB_LAYERS_DIR=/layers",
          "CNB_PLATFORM_API=0.15",
          "CNB_DEPRECATION_MODE=quiet"
        ],
        "Healthcheck": {
          "Test": [
            "NONE"
          ]
        },
        "Labels": {
          "a": "base",
          "b": "ours",
          "io.buildpacks.base.distro.name": "debian",
          "io.buildpacks.build.metadata": "below",
          "io.buildpacks.exec-env": "production",
          "io.buildpacks.lifecycle.metadata": "below",
          "io.buildpacks.project.metadata": "{}"
        },
        "OnBuild": null,
        "User": "1000:1000",
        "WorkingDir": "/workspace"
      },
      "created": "1980-01-01T00:00:01Z",
      "history": [
        {
          "created": "2026-01-01T00:00:00Z",
          "created_by": "ADD / # buildkit"
        },
        {
          "created": "1980-01-01T00:00:01Z",
          "created_by": "Layer: 'dependencies', Created by buildpack: wattle/node@0.1.0"
        },
        {
          "created": "1980-01-01T00:00:01Z",
          "created_by": "Layer: 'runtime', Created by buildpack: wattle/node@0.1.0"
        },
        {
          "created": "1980-01-01T00:00:01Z",
          "created_by": "Application Layer"
        },
        {
          "created": "1980-01-01T00:00:01Z",
          "created_by": "Buildpacks Application Launcher"
        },
        {
          "created": "1980-01-01T00:00:01Z",
          "created_by": "Buildpacks Launcher Config"
        },
        {
          "created": "1980-01-01T00:00:01Z",
          "created_by": "Buildpacks Process Types"
        }
      ],
      "os": "linux",
      "os.version": "13",
      "rootfs": {
        "diff_ids": [
          "sha256:cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2",
          "sha256:2188dfc2d889b53230f6891977d505642d718b940aa3eec23985afb379141dcd",
          "sha256:d92c6a81b2ff50096bcda80885427d1f59a25b5f483f7055523504925d16ab23",
          "sha256:a172cedcae47474b615c54d510a5d84a8dea3032e958587430b413538be3f333",
          "sha256:ec9a6e9fe278eb1a471fbab6f40367d8548078b651d9c71581c57c2a6ca379e0",
          "sha256:97a931deaf0064b2181c327e6b571bb7e1b937b4bd45e28baa3425bce2450483",
          "sha256:c32b6c6d08c5d84a980a518d1dd9093c22b9e003f2b6b468f12fe1e7cd918b3f"
        ],
        "type": "layers"
      },
      "variant": "v8"
    }
    "#);
}

#[test]
fn a3_i2_i12_a_base_without_path_gets_the_one_that_runtimes_assume() {
    let path = |edit: fn(&mut Value)| {
        let image = compose(&base(edit), shop()).unwrap();
        image.config().value().config.variable("PATH").map(str::to_owned)
    };
    assert_eq!(path(|_| {}).as_deref(), Some("/cnb/process:/cnb/lifecycle:/usr/bin:/bin"));
    assert_eq!(path(|c| c["config"]["Env"] = json!(["PATH="])).as_deref(), Some("/cnb/process:/cnb/lifecycle"));
    let assumed = "/cnb/process:/cnb/lifecycle:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    assert_eq!(path(|c| c["config"]["Env"] = Value::Null).as_deref(), Some(assumed));
}

#[test]
fn a8_i22_i31_without_processes_the_launcher_is_the_entrypoint() {
    let application = Application { processes: Vec::new(), default_process: None, ..shop() };
    let image = compose(&base(|_| {}), application).unwrap();
    assert_eq!(image.config().value().config.entrypoint, [LAUNCHER]);
    assert_eq!(image.layers().len(), 6);
    assert!(label(&image, LIFECYCLE_METADATA).contains("\"process-types\": {\n    \"sha\": \"\"\n  }"));
}

#[test]
fn i10_i13_user_and_workspace_are_those_that_were_asked_for() {
    let application = Application { user: Some("app:web".to_owned()), workspace: "/srv/shop".to_owned(), ..shop() };
    let image = compose(&base(|_| {}), application).unwrap();
    let config = &image.config().value().config;
    assert_eq!((config.user.as_str(), config.working_dir.as_str()), ("app:web", "/srv/shop"));
    assert_eq!(config.variable("CNB_APP_DIR"), Some("/srv/shop"));
}

#[test]
fn i14_p151_the_moment_that_was_asked_for_stands_in_the_history_too() {
    let moment = "2026-01-02T03:04:05Z";
    let image = compose(&base(|_| {}), Application { created: moment.to_owned(), ..shop() }).unwrap();
    let config = image.config().value();
    assert_eq!(config.created.as_deref(), Some(moment));
    assert!(config.history[1..].iter().all(|entry| entry.created.as_deref() == Some(moment)));
    assert_eq!(config.history[0].created.as_deref(), Some("2026-01-01T00:00:00Z"));
}

#[test]
fn a5_i24_l3_the_execution_environment_is_a_label_and_the_launcher_is_told() {
    let check = |name: &str| {
        let image = compose(&base(|_| {}), Application { execution_environment: name.to_owned(), ..shop() }).unwrap();
        assert_eq!(image.config().label(EXECUTION_ENVIRONMENT), Some(name));
        assert!(!label(&image, LIFECYCLE_METADATA).contains("exec-env"));
        image.config().value().config.variable("CNB_EXEC_ENV").map(str::to_owned)
    };
    assert_eq!(check(PRODUCTION), None);
    assert_eq!(check("test").as_deref(), Some("test"));
}

#[test]
fn a4_i3_i25_labels_of_the_run_image_stay_whether_it_can_be_exchanged_among_them() {
    let rebasable = |value: Value| {
        let image = compose(&base(|c| c["config"]["Labels"]["io.buildpacks.rebasable"] = value), shop()).unwrap();
        image.config().label("io.buildpacks.rebasable").map(str::to_owned)
    };
    assert_eq!(rebasable("false".into()).as_deref(), Some("false"));
    let image = compose(&base(|_| {}), shop()).unwrap();
    assert_eq!(image.config().label("io.buildpacks.rebasable"), None);
    assert_eq!(image.config().label("io.buildpacks.base.distro.name"), Some("debian"));
}

#[test]
fn b84_i23_of_labels_the_user_s_come_before_those_of_buildpacks_and_these_before_the_run_image_s() {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let labels = [pair("a", "buildpack"), pair("c", "buildpack")].into();
    let user_labels = [pair("c", "user"), pair("d", "user")].into();
    let image = compose(&base(|_| {}), Application { labels, user_labels, ..shop() }).unwrap();
    let found = ["a", "b", "c", "d"].map(|key| image.config().label(key).unwrap());
    assert_eq!(found, ["buildpack", "base", "user", "user"]);
}

use super::*;
use crate::testing::reasons;

fn check(text: &str) -> String {
    match RunToml::parse(text) {
        Ok(run) => {
            let spec = run.spec(run.targets[0]);
            let packages: Vec<_> = spec.packages.iter().map(Root::to_string).collect();
            format!(
                "{:?} {:?}\n{:?} {:?}\n{} {:?}\n",
                run.suite,
                run.components,
                run.archives,
                run.targets,
                packages.join(", "),
                spec.users
            )
        }
        Err(error) => format!("{} ({})", reasons(&error), error.hints().join("; ")),
    }
}

#[test]
fn reads_all_fields() {
    let text = r#"
        distribution = "debian"
        suite = "bookworm"
        components = ["main", "contrib"]
        packages = ["python3", "libssl3=3.0.15-1"]
        users = [{ name = "app", uid = 1500 }]
        environment = { LANG = "C.UTF-8" }
        labels = { "org.example.team" = "web" }
        targets = ["amd64", "arm64"]
        docs = true
        locales = true
        allow-setuid = true
        recommends = true
        cuts = { add = ["python3 -> mime-support"], keep = ["openssl"] }
    "#;
    insta::assert_snapshot!(check(text), @r#"
    Suite { distribution: "debian", version: "12", codename: "bookworm" } ["main", "contrib"]
    [("debian", "bookworm"), ("debian", "bookworm-updates"), ("debian-security", "bookworm-security")] [Amd64, Arm64]
    python3, libssl3 (= 3.0.15-1) [User { name: "app", uid: 1500, gid: 1500, home: "/home/app" }]
    "#);
    insta::assert_snapshot!(check("suite = \"noble\"\npackages = [\"libc6\"]"), @r#"
    Suite { distribution: "ubuntu", version: "24.04", codename: "noble" } ["main"]
    [("ubuntu", "noble"), ("ubuntu", "noble-updates"), ("ubuntu", "noble-security")] [Amd64]
    libc6 [User { name: "cnb", uid: 1001, gid: 1000, home: "/home/cnb" }]
    "#);
}

#[test]
fn its_digest_is_of_what_it_says() {
    let digest = |text: &str| RunToml::parse(text).unwrap().digest;
    let one = digest("suite = \"bookworm\"\npackages = [\"a\"]");
    assert_eq!(digest("# why\npackages = [ \"a\" ]\nsuite = \"bookworm\""), one);
    assert_ne!(digest("packages = [\"b\"]\nsuite = \"bookworm\""), one);
}

#[test]
fn says_what_to_write_instead() {
    insta::assert_snapshot!(check("suite = \"bookwurm\"\npackages = [\"x\"]"), @r#"the suite `bookwurm` is not known: name one of bookworm, or say its `distribution` and `version` (write `suite = "bookworm"`)"#);
    insta::assert_snapshot!(check("suite = \"bookworm\"\ndistribution = \"ubuntu\"\npackages = [\"x\"]"), @"the suite `bookworm` is of `debian`, not of `ubuntu` ()");
    insta::assert_snapshot!(check("suite = \"bookworm\""), @r#"a run image needs `packages` (write `packages = ["base-files", "libc6"]`)"#);
    insta::assert_snapshot!(check("suite = \"bookworm\"\npackages = [\"a b\"]"), @"cannot use `packages`: `a b` names no package: expected `name`, `name=version`, `name (>= version)` or `name | name` ()");
    insta::assert_snapshot!(check("suite = \"bookworm\"\npackages = [\"x\"]\ntargets = [\"mips\"]"), @"cannot use `targets`: there are no run images for the architecture `mips`: `amd64` and `arm64` are known ()");
    insta::assert_snapshot!(check("suite = \"bookworm\"\npackages = [\"x\"]\ncuts.keep = [\"y\"]"), @"cannot use `cuts.keep`: nothing cuts `y` (what is cut is listed in the documentation of run images)");
    insta::assert_snapshot!(check("suite = \"bookworm\"\npackages = [\"x\"]\nenvironment = { \"A=B\" = \"\" }"), @"cannot use `environment`: `A=B` is no name ()");
    assert!(check("suite = \"bookworm\"\npackage = [\"x\"]").contains("unknown field `package`"));
}

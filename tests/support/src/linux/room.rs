//! A container of a builder, for the lifecycle: its paths are those that images have.

use super::files::Files;
use super::peers::Peers;
use super::process::{Output, Process, run};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Accounts of it: phases that run buildpacks are not root.
const PASSWD: &str = "root:x:0:0::/root:/bin/sh\ncnb:x:1000:1000::/tmp:/bin/sh\n";
/// The lifecycle is in this directory of it.
const LIFECYCLE: &str = "/cnb/lifecycle";

/// A root directory with `/workspace`, `/layers` and `/cnb` of its own and the programs of this machine, gone when this is
/// dropped.
pub struct Room<'a> {
    peers: &'a Peers,
    root: Files,
}

impl<'a> Room<'a> {
    /// One with these buildpacks, in this order: identifier, version, and the directory where each is. `run_image` is the
    /// name that it gives to images as that of their run image.
    pub fn new(peers: &'a Peers, run_image: &str, buildpacks: &[(&str, &str, &Path)]) -> Room<'a> {
        let mut order = "[[order]]\n".to_owned();
        for (id, version, _) in buildpacks {
            order.extend(["[[order.group]]\nid = \"", id, "\"\nversion = \"", version, "\"\n"]);
        }
        let root = Files::new()
            .with("etc/passwd", PASSWD)
            .with("etc/group", "root:x:0:\ncnb:x:1000:\n")
            .with("cnb/order.toml", order)
            .with("cnb/run.toml", format!("[[images]]\nimage = \"{run_image}\"\n"));
        root.open_to_all(false);
        let room = Room { peers, root };
        let owned = [room.path("layers"), room.path("cache"), room.path("platform/env")];
        run(
            "mkdir",
            ["-p", "-m", "755"].into_iter().chain(owned.iter().map(|path| path.to_str().expect("it is UTF-8"))),
        );
        for (id, version, from) in buildpacks {
            room.put(from, &format!("cnb/buildpacks/{}/{version}", id.replace('/', "_")));
        }
        room
    }

    /// Puts a copy of an application where it has to be, in place of the one before, and takes away what earlier builds left
    /// but for their cache.
    pub fn receive(&self, application: &Path) {
        for left in ["workspace", "layers"] {
            run("rm", ["-rf", &*self.path(left).to_string_lossy()]);
        }
        run("mkdir", ["-m", "755", &*self.path("layers").to_string_lossy()]);
        self.put(application, "workspace");
    }

    /// A path in it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Runs a program of the lifecycle in it.
    #[must_use]
    pub fn run<A: AsRef<OsStr>>(&self, program: &str, args: impl IntoIterator<Item = A>) -> Output {
        let command = self.peers.command(program, args);
        let mut inside = Command::new("unshare");
        inside.args(["--mount", "sh", "-c", ENTER, "sh"]).arg(self.root.path()).arg(self.peers.program(""));
        inside.arg(format!("{LIFECYCLE}/{program}")).args(command.get_args());
        inside.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        inside.env_remove("CNB_LAYERS_DIR").env("HOME", "/tmp").env("CNB_USER_ID", "1000").env("CNB_GROUP_ID", "1000");
        Process::start(inside).finish()
    }

    fn put(&self, from: &Path, to: &str) {
        let to = self.path(to);
        run("mkdir", ["-p", &*to.parent().expect("it is below the root").to_string_lossy()]);
        run("cp", ["-a", &*from.to_string_lossy(), &*to.to_string_lossy()]);
    }
}

/// Nobody else sees what is mounted here, and it is gone with the process. `/lib64` and the like are links where `/usr` is
/// merged, and directories elsewhere.
const ENTER: &str = r#"
set -e
root=$1 lifecycle=$2
shift 2
cd "$root"
mkdir -p usr dev proc tmp cnb/lifecycle
chmod 1777 tmp
for name in bin sbin lib lib32 lib64; do
    if [ -L "/$name" ]; then
        ln -sfn "$(readlink "/$name")" "$name"
    elif [ -d "/$name" ]; then
        mkdir -p "$name"
        mount --rbind "/$name" "$name"
    fi
done
for name in usr dev proc; do
    mount --rbind "/$name" "$name"
done
mount --bind "$lifecycle" cnb/lifecycle
exec chroot "$root" "$@"
"#;

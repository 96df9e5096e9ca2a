//! What was typed.

use clap::{Args as Arguments, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Turns application source into OCI images with sandboxed WebAssembly buildpacks
///
/// Needs no Docker, no root and no Linux. The images are Cloud Native Buildpacks images.
#[derive(Debug, Parser)]
#[command(
    name = "wattle",
    version,
    propagate_version = true,
    after_long_help = "\
Examples:
  wattle build --output oci:shop              build the application in this directory into an OCI layout
  wattle build shop --output registry.example/team/shop:1
  wattle detect shop                          what each buildpack says of an application
  wattle inspect oci:shop                     what is in an image
  wattle rebase registry.example/team/shop:1  put it on a newer run image

Exit status: 0 done, 1 the application or a buildpack said no, 2 usage or configuration, 3 the network, a \
registry, the disk or Wattle failed, 130 interrupted, 143 terminated."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// Options of every command.
#[derive(Debug, Arguments)]
pub(crate) struct Global {
    /// Say only what went wrong, and the result
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more: every layer, every address, whole digests
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// How to print: for people, or JSON lines for programs
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// When to use colour; `NO_COLOR` and `CLICOLOR_FORCE` are obeyed too
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(crate) color: Colour,
    /// Directory that keeps what survives a build
    #[arg(long, global = true, env = "WATTLE_STORE", value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Read settings from this file instead of `wattle.toml` in the application and in the user's configuration
    #[arg(long, global = true, env = "WATTLE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where a package registry is, such as `npm=https://npm.example`
    #[arg(long = "registry", global = true, value_name = "NAME=URL")]
    pub(crate) registries: Vec<String>,
    /// Believe archives of operating-system packages that these keys have signed, and no others
    #[arg(long, global = true, env = "WATTLE_KEYRING", value_name = "FILE")]
    pub(crate) keyring: Option<PathBuf>,
    /// Use only what is in the store
    #[arg(long, global = true, env = "WATTLE_OFFLINE")]
    pub(crate) offline: bool,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// JSON lines
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// If the output is a terminal that can
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, and it is not moved about")]
pub(crate) enum Command {
    Build(Build),
    Detect(Detect),
    Plan(Plan),
    Inspect(Inspect),
    Sbom(Sbom),
    Rebase(Rebase),
    RunImage(RunImage),
    Registries(Registries),
    Store(Store),
}

/// What an application is and what builds it.
#[derive(Debug, Arguments)]
pub(crate) struct Application {
    /// Directory of the application
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// Use this buildpack, a directory with `buildpack.toml`; repeat it for several, in their order, instead of the
    /// embedded ones
    #[arg(short, long = "buildpack", value_name = "DIR")]
    pub(crate) buildpacks: Vec<PathBuf>,
    /// Set a variable of the build environment; without a value, take it from the environment of this command
    #[arg(short, long = "env", value_name = "NAME[=VALUE]")]
    pub(crate) environment: Vec<String>,
    /// Set variables of the build environment: a file with a line `NAME=VALUE`, or `NAME`, for each
    #[arg(long = "env-file", value_name = "FILE")]
    pub(crate) env_files: Vec<PathBuf>,
    /// Let buildpacks know a service: a directory with a file `type` and others that say how to reach it. Those in
    /// `$SERVICE_BINDING_ROOT` are known too
    #[arg(long = "binding", value_name = "NAME=DIR")]
    pub(crate) bindings: Vec<String>,
    /// What the image is for, if not `production`: `test`, `development`, or a name of yours [env: CNB_EXEC_ENV]
    #[arg(long = "exec-env", value_name = "NAME")]
    pub(crate) execution_environment: Option<String>,
    /// Read this file instead of the application's `project.toml`
    #[arg(long, value_name = "FILE")]
    pub(crate) descriptor: Option<PathBuf>,
    /// Add a package of the run image's operating system, and what it depends on: `ffmpeg`, or `ffmpeg=VERSION`
    #[arg(long = "package", value_name = "NAME[=VERSION]")]
    pub(crate) packages: Vec<String>,
    /// What the image will run on, such as `linux/arm64`; this machine's architecture unless said
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,
    /// Leave out what this kind of file says, besides `.wattleignore`
    #[arg(long = "ignore", value_enum, value_name = "KIND")]
    pub(crate) ignore: Vec<Ignore>,
    /// Set a limit of the sandbox, such as `memory=512MiB` or `time=60s`
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    pub(crate) limits: Vec<String>,
}

/// Files that say what to leave out of the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ignore {
    /// `.gitignore`, everywhere in the application (the default)
    Git,
    /// `.dockerignore`, at the root
    Docker,
    /// None of them
    None,
}

/// Registries of images that are spoken to without TLS.
#[derive(Debug, Default, Arguments)]
pub(crate) struct Insecure {
    /// Speak plain HTTP to this registry of images, as is done for this machine's own
    #[arg(long = "insecure-registry", value_name = "HOST")]
    pub(crate) hosts: Vec<String>,
}

/// Build an image from an application
///
/// Asks every buildpack whether it applies, lets those that do contribute layers, and puts these on top of a run image.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  wattle build --output oci:shop                       into the OCI layout `shop`, tag `latest`
  wattle build shop --output oci:out:1.0               another directory, another tag
  wattle build --output registry.example/team/shop     to a registry, with the credentials of `docker login`
  wattle build --output oci:shop --platform linux/arm64
  wattle build --output oci:shop --run-image registry.example/base:12
  wattle build --output registry.example/team/shop:1.4 --tag registry.example/team/shop:latest
  wattle build --output oci:shop --env-file build.env --binding db=bindings/db
  wattle build --output oci:shop --format json | tail -n 1

Without --run-image one is assembled from Debian packages, once.")]
pub(crate) struct Build {
    #[command(flatten)]
    pub(crate) application: Application,
    /// Where the image goes: `oci:DIR[:TAG]` or a registry's `HOST/NAME[:TAG]`
    #[arg(short, long, value_name = "IMAGE")]
    pub(crate) output: Option<String>,
    /// What the image is put on: `oci:DIR[:TAG]` or a registry's `HOST/NAME[:TAG]`
    #[arg(long, value_name = "IMAGE")]
    pub(crate) run_image: Option<String>,
    /// Give the image this name too
    #[arg(short, long = "tag", value_name = "IMAGE")]
    pub(crate) tags: Vec<String>,
    /// Set a label of the image, though a buildpack sets it otherwise
    #[arg(long = "label", value_name = "KEY=VALUE")]
    pub(crate) labels: Vec<String>,
    /// Which process starts when nothing is said
    #[arg(long, value_name = "TYPE")]
    pub(crate) default_process: Option<String>,
    /// Who processes run as, instead of the run image's user
    #[arg(long, value_name = "USER[:GROUP]")]
    pub(crate) user: Option<String>,
    /// Where the application is in the image, instead of `/workspace`
    #[arg(long, value_name = "DIR")]
    pub(crate) workspace: Option<String>,
    /// When the image is said to be made: `now`, seconds since 1970, or such as `2026-01-31T12:00:00Z`; `SOURCE_DATE_EPOCH`
    /// is obeyed too. A fixed time in 1980 unless said, so that equal builds give equal images
    #[arg(long, value_name = "TIME")]
    pub(crate) creation_time: Option<String>,
    /// How much the image says of its source
    #[arg(long, value_enum, value_name = "DETAIL")]
    pub(crate) source_metadata: Option<SourceMetadata>,
    /// The image that an earlier build made, if it has another name than this one
    #[arg(long, value_name = "IMAGE")]
    pub(crate) previous_image: Option<String>,
    /// Write what was made to this file, as TOML
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write the bills of materials of the image, and those of what only the build used, into this directory
    #[arg(long, value_name = "DIR")]
    pub(crate) sbom_output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) insecure: Insecure,
}

/// How much an image says of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SourceMetadata {
    /// Nothing
    None,
    /// The Git commit, and what `project.toml` declares (the default)
    Commit,
    /// Also the remote's address, branches and tags, in which clones differ
    Full,
}

/// Say what each buildpack thinks of an application
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  wattle detect shop
  wattle detect shop --format json | jq .verdict")]
pub(crate) struct Detect {
    #[command(flatten)]
    pub(crate) application: Application,
}

/// Say which buildpacks would build an application, and what each would have to provide
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  wattle plan shop
  wattle plan shop --buildpack my-buildpack --format json")]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) application: Application,
}

/// Say what is in an image, a builder or a package of buildpacks
///
/// Whoever built it: buildpacks, processes, layers and their metadata, run image and whether it can be exchanged; of a builder
/// also in which order buildpacks are asked. No layer is fetched but that of the bills of materials, if it is small.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  wattle inspect oci:shop
  wattle inspect registry.example/team/shop:1 --platform linux/arm64
  wattle inspect registry.example/builder:1 --depth 1
  wattle inspect buildpack.cnb --as yaml
  wattle inspect oci:shop --format json | jq .layers")]
pub(crate) struct Inspect {
    /// The image: `oci:DIR[:TAG]`, a registry's `HOST/NAME[:TAG]`, or a file, such as `buildpack.cnb`
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// Print all of it in this form; what people read leaves some out without `--verbose`
    #[arg(long = "as", value_enum, value_name = "FORM")]
    pub(crate) form: Option<InspectForm>,
    /// How many composite buildpacks to unfold in one another, in the orders that people read
    #[arg(long, value_name = "NUMBER", default_value_t = usize::MAX, hide_default_value = true)]
    pub(crate) depth: usize,
    /// Which of several, if the image is for several platforms
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,
    #[command(flatten)]
    pub(crate) insecure: Insecure,
}

/// Forms of what is in an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InspectForm {
    /// For people
    Human,
    /// JSON
    Json,
    /// YAML 1.1 and 1.2
    Yaml,
    /// TOML
    Toml,
}

/// Put images on a newer run image, without building them again
///
/// Exchanges the layers of the run image; those of the application stay as they are and are not moved. Takes images of
/// Wattle and of other buildpacks platforms.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  wattle rebase registry.example/team/shop:1
  wattle rebase registry.example/team/shop:1 registry.example/team/cart:4 --dry-run
  wattle rebase oci:shop --run-image registry.example/base:12.5
  wattle rebase registry.example/team/shop:1-next --previous-image registry.example/team/shop:1

Without --run-image, the newest that each image names as its run image, or the newest one that is assembled. One image \
that cannot be rebased keeps no other back; then the exit status is not 0.")]
pub(crate) struct Rebase {
    /// The images: `oci:DIR[:TAG]` or a registry's `HOST/NAME[:TAG]`
    #[arg(value_name = "IMAGE", required = true)]
    pub(crate) images: Vec<String>,
    /// What they are put on: `oci:DIR[:TAG]` or a registry's `HOST/NAME[:TAG]`
    #[arg(long, value_name = "IMAGE")]
    pub(crate) run_image: Option<String>,
    /// Read this image, which stays as it is, and write what becomes of it to every IMAGE
    #[arg(long, value_name = "IMAGE")]
    pub(crate) previous_image: Option<String>,
    /// Go on although an image says that it must not be rebased, or is made for another distribution or run image
    #[arg(long)]
    pub(crate) force: bool,
    /// Change nothing; print what would change
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write what became of each image to this file, as TOML
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Which of several to read, if an image is for several platforms
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,
    #[command(flatten)]
    pub(crate) insecure: Insecure,
}

/// Say what an image consists of: its bill of materials
///
/// Everything that buildpacks fetched, by layer; the packages that were added; the run image's packages.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  wattle sbom oci:shop
  wattle sbom oci:shop --as cyclonedx > shop.cdx.json      for a scanner
  wattle sbom registry.example/team/shop:1 --output bom    the documents, as they are in the image")]
pub(crate) struct Sbom {
    /// The image: `oci:DIR[:TAG]` or a registry's `HOST/NAME[:TAG]`
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// Print one document of everything
    #[arg(long = "as", value_enum, value_name = "FORM", conflicts_with = "output")]
    pub(crate) form: Option<BomForm>,
    /// Write the documents that the image has into this directory
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Leave out the run image, whose layers are fetched to see its packages
    #[arg(long)]
    pub(crate) no_run_image: bool,
    /// Which of several, if the image is for several platforms
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,
    #[command(flatten)]
    pub(crate) insecure: Insecure,
}

/// Forms of bills of materials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BomForm {
    /// CycloneDX 1.5, in JSON
    Cyclonedx,
    /// SPDX 2.3, in JSON
    Spdx,
}

/// Make run images of packages, which are unpacked and never installed
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  wattle run-image create run.toml --output oci:base
  wattle run-image create run.toml --output registry.example/base:12 --locked
  wattle run-image update run.toml

A run.toml says what the image is to be, such as:
  suite = \"bookworm\"
  packages = [\"base-files\", \"ca-certificates\", \"libc6\", \"python3\"]
  targets = [\"amd64\", \"arm64\"]

Its lock is beside it: run.lock for run.toml.")]
pub(crate) struct RunImage {
    #[command(subcommand)]
    pub(crate) action: RunImageAction,
}

/// What to do with a run image.
#[derive(Debug, Subcommand)]
pub(crate) enum RunImageAction {
    /// Make the image that a `run.toml` describes, of the packages in its lock; chooses and locks them if there is no lock for
    /// what it says now
    Create {
        /// The description
        #[arg(default_value = "run.toml", value_name = "FILE")]
        file: PathBuf,
        /// Where the image goes: `oci:DIR[:TAG]` or a registry's `HOST/NAME[:TAG]`
        #[arg(short, long, value_name = "IMAGE")]
        output: String,
        /// Fail rather than choose packages
        #[arg(long)]
        locked: bool,
        #[command(flatten)]
        insecure: Insecure,
    },
    /// Choose the newest packages, lock them, and say what is different
    Update {
        /// The description
        #[arg(default_value = "run.toml", value_name = "FILE")]
        file: PathBuf,
        /// Where the image of them goes; without it, no image is made
        #[arg(short, long, value_name = "IMAGE")]
        output: Option<String>,
        #[command(flatten)]
        insecure: Insecure,
    },
}

/// Print where package registries are, and why there
///
/// The first that is there wins: `--registry` and `wattle.toml`, the ecosystem's environment variables and configuration
/// files, the lock file, and what the ecosystem's own client answers.
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  wattle registries
  wattle registries shop --registry npm=https://npm.example
  wattle registries --format json")]
pub(crate) struct Registries {
    /// Directory of the application, whose configuration files count
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) path: PathBuf,
}

/// Look after the store, which keeps downloads, compiled components and layers
#[derive(Debug, Parser)]
#[command(after_long_help = "\
Examples:
  wattle store size
  wattle store prune --keep 2GiB
  rm -r \"$(wattle store dir)\"                 is safe while no build runs")]
pub(crate) struct Store {
    #[command(subcommand)]
    pub(crate) action: StoreAction,
}

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreAction {
    /// Print where it is
    Dir,
    /// Print how large it is
    Size,
    /// Remove what was not used for longest until it is small enough
    Prune {
        /// How large it may stay
        #[arg(long, value_name = "SIZE", default_value = "0")]
        keep: String,
    },
}

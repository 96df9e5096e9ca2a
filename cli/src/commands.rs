//! The commands, each thin over one function of the engine.

mod assess;
mod build;
mod buildpacks;
mod cap;
mod inspect;
mod interrupt;
mod rebase;
mod registries;
mod report;
mod run_image;
mod sbom;
mod signal;
mod store;

use self::signal::Terminated;
use crate::args::{Application, Args, Command, Global, Insecure};
use crate::embedded;
use crate::output::{About, Human, Json, Printer, report, report_engine};
use crate::settings::{self, Project, Settings, Used};
use anyhow::{Context as _, Result};
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use wattle_engine::{
    Cancel, Engine, EngineError, FAILED, Fault, INVALID_ARGUMENTS, ImageOptions, Observer, PackageError, Request,
};
use wattle_fetch::{Fetcher, Registries};
use wattle_plan::DocumentError;
use wattle_sandbox::{LoadError, Sandbox};
use wattle_store::Store;
use wattle_transport::Transport;

/// The application or a buildpack said no.
const SAID_NO: u8 = 1;
/// Usage or configuration.
const USAGE: u8 = 2;
/// The network, a registry, the disk, or Wattle.
const WORLD: u8 = 3;
/// Interrupted.
const INTERRUPTED: u8 = 130;
/// Asked to end by the system.
const TERMINATED: u8 = 143;

/// Runs a command; gives the exit status.
pub(crate) fn run(args: Args) -> ExitCode {
    let printer = Arc::new(Printer::new(&args.global, settings::variable));
    let cx = Context { global: args.global, printer };
    let done = match args.command {
        Command::Build(args) => build::run(&cx, &args),
        Command::Detect(args) => assess::detect(&cx, &args.application),
        Command::Plan(args) => assess::plan(&cx, &args.application),
        Command::Inspect(args) => inspect::run(&cx, &args),
        Command::Sbom(args) => sbom::run(&cx, &args),
        Command::Rebase(args) => rebase::run(&cx, &args),
        Command::RunImage(args) => run_image::run(&cx, &args),
        Command::Registries(args) => registries::run(&cx, &args),
        Command::Store(args) => store::run(&cx, &args),
    };
    let status = match done {
        Ok(()) => 0,
        Err(error) => failed(&cx.printer, &error),
    };
    match cx.printer.unwritten() {
        Some(error) if status == 0 => ExitCode::from(failed(&cx.printer, &unsaid(error))),
        _ => ExitCode::from(status),
    }
}

/// Says what is wrong with how the command was called, or the help that was asked for; gives the exit status.
pub(crate) fn answer(error: &clap::Error) -> ExitCode {
    match error.print() {
        Err(unwritten) if unwritten.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(WORLD),
        _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE)),
    }
}

/// The result is there, and nobody was told.
fn unsaid(error: io::Error) -> anyhow::Error {
    anyhow::Error::from(error).context(Unsaid)
}

#[derive(Debug)]
struct Unsaid;

impl std::fmt::Display for Unsaid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the result cannot be written to standard output")
    }
}

/// No buildpack applies, and everything about it is said already.
#[derive(Debug)]
pub(crate) struct SaidNo;

impl std::error::Error for SaidNo {}

impl std::fmt::Display for SaidNo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no buildpack applies")
    }
}

/// Wattle itself broke off, and has said where.
#[derive(Debug)]
pub(crate) struct Broken;

impl std::error::Error for Broken {}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wattle broke off: this is an error in Wattle itself")
    }
}

/// Reports an error; gives the exit status.
fn failed(printer: &Printer, error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<EngineError>() {
        report_engine(printer, error, None);
        return status(error.fault());
    }
    if let Some(error) = error.downcast_ref::<rebase::NotAll>() {
        return error.status;
    }
    if error.is::<SaidNo>() {
        return SAID_NO;
    }
    // Everything else is about how the command was called, but for what the machine refuses.
    let (code, status) = match () {
        () if error.is::<Terminated>() => ("terminated", TERMINATED),
        () if error.is::<Unsaid>() => ("output", WORLD),
        () if error.is::<wattle_store::StoreError>() => ("store", WORLD),
        () if error.is::<LoadError>() => ("sandbox", WORLD),
        () if error.is::<Broken>() => ("internal", WORLD),
        () => ("usage", USAGE),
    };
    let place = error.chain().find_map(|cause| match cause.downcast_ref() {
        Some(PackageError::Manifest(error)) => Some(error),
        _ => cause.downcast_ref::<DocumentError>(),
    });
    let (details, mut hints) = place.map(|place| (place.excerpt(), vec![place.hint()])).unwrap_or_default();
    hints.extend(error.downcast_ref::<run_image::Unusable>().map(|error| error.source.hints()).unwrap_or_default());
    let platform_exit_code = if status == USAGE { INVALID_ARGUMENTS } else { FAILED };
    let (details, hints) = (details.as_slice(), hints.as_slice());
    report(printer, error.as_ref(), &About { code, phase: None, platform_exit_code, details, hints });
    status
}

/// The exit status that says whose fault it is.
fn status(fault: Fault) -> u8 {
    match fault {
        Fault::Application => SAID_NO,
        Fault::Usage => USAGE,
        Fault::World => WORLD,
        Fault::Interrupted => INTERRUPTED,
    }
}

/// What every command has.
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) printer: Arc<Printer>,
}

impl Context {
    /// Settings for an application, their warnings said.
    pub(crate) fn settings(&self, application: &std::path::Path) -> Result<Settings> {
        let settings = Settings::read(application, &self.global)?;
        self.warn(settings.warnings());
        Ok(settings)
    }

    fn warn(&self, warnings: &[String]) {
        for warning in warnings {
            self.observer(true).event(&wattle_engine::Event::Warning { text: warning.clone() });
        }
    }

    /// Who hears what happens. A command whose result is data keeps events out of it.
    pub(crate) fn observer(&self, events_are_the_result: bool) -> Arc<dyn Observer> {
        match (self.printer.json, events_are_the_result) {
            (true, true) => Arc::new(Json(self.printer.clone())),
            (true, false) => Arc::new(Nobody),
            (false, _) => Arc::new(Human::new(self.printer.clone())),
        }
    }

    /// An engine for these settings.
    pub(crate) fn engine(
        &self,
        settings: &Settings,
        insecure: &Insecure,
        observer: Arc<dyn Observer>,
    ) -> Result<Engine> {
        let store = Store::open(&Settings::store(&self.global)?)?;
        let registries = Registries::discover(settings.registries(&self.global)?)?;
        let network = Settings::network(&self.global);
        Ok(Engine {
            sandbox: Sandbox::new()?,
            transport: Transport::new(settings.transport(&insecure.hosts)?)?,
            fetcher: Fetcher::new(Arc::new(registries), Arc::new(store.clone()), network),
            keyring: settings.keyring(&self.global)?,
            now: std::time::SystemTime::now(),
            store,
            observer,
        })
    }
}

/// What the engine is asked about an application.
pub(crate) fn request(
    cx: &Context,
    settings: &Settings,
    application: &Application,
    project: &Project,
    used: &mut Used,
) -> Result<Request> {
    cx.warn(&project.said.warnings);
    let execution_environment = settings.execution_environment(application.execution_environment.as_deref(), used)?;
    let (buildpacks, order) = buildpacks::choose(application, project, used)?;
    for package in &buildpacks {
        cx.warn(&package.manifest().warnings);
    }
    let (detect_limits, build_limits) = Settings::limits(application)?;
    Ok(Request {
        application: settings.application.clone(),
        rules: settings.rules(&application.ignore, project, used),
        buildpacks,
        order,
        target: settings.platform(application.platform.as_deref())?,
        packages: settings.packages(&application.packages, project, used),
        environment: settings.environment(application, project, &execution_environment, used)?,
        bindings: settings.bindings(&application.bindings, used)?,
        execution_environment,
        secrets: std::mem::take(&mut used.secrets),
        image: ImageOptions::default(),
        detect_limits,
        build_limits,
        launchers: embedded::launchers(),
        cancel: Cancel::default(),
    })
}

/// Hears nothing.
struct Nobody;

impl Observer for Nobody {
    fn event(&self, _: &wattle_engine::Event) {}
}

/// The runtime that waits for the network.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads can be started")
}

/// Hears only what takes long: the rest is the result, which is printed at the end.
pub(crate) struct Compiling(pub(crate) Arc<Printer>);

impl Observer for Compiling {
    fn event(&self, event: &wattle_engine::Event) {
        if let wattle_engine::Event::Compiling { buildpack } = event {
            self.0.step("Compiling", &format!("{buildpack}, once"));
        }
    }
}

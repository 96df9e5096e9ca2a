//! Running one phase of one component.

use crate::capability::context::{BINDINGS, Context, Plan, Told, VARIABLES};
use crate::capability::environment::environment;
use crate::capability::image::{Building, Image};
use crate::contribution::{Built, Detected};
use crate::engine::Component;
use crate::failure::{Failure, Fault, GuestError};
use crate::generated::Host_;
use crate::grant::{BuildGrant, Cancel, Grant};
use crate::limits::{Limit, Meter, Reached};
use crate::output::Console;
use crate::state::State;
use crate::wasi::{Clock, Exit};
use std::time::Instant;
use wasmtime::component::{Resource, ResourceTable, ResourceTableError};
use wasmtime::{Store, Trap, UpdateDeadline};
use wattle_tree::overlay::{Access, Overlay};
use wattle_tree::{Node, Tree};

impl Component {
    /// Asks whether this buildpack takes part. Blocks until it has answered.
    pub fn detect(&self, grant: Grant) -> Result<Detected, Failure> {
        let state = State::new(grant, BuildGrant::nothing(), Access::ReadOnly)?;
        let (state, detection) = self.run(state, |guest, store| {
            let cx = store.data_mut().table.push(Context)?;
            guest.wattle_buildpack_handler().call_detect(&mut *store, Resource::new_borrow(cx.rep()))
        })?;
        let detection = detection.map_err(|error| refused(&state, error.into()))?;
        state.intact()?;
        Ok(Detected { detection: detection.into(), trace: state.files.trace() })
    }

    /// Lets this buildpack contribute. Blocks until it has.
    pub fn build(&self, grant: Grant, build: BuildGrant) -> Result<Built, Failure> {
        let state = State::new(grant, build, Access::Writable)?;
        let (state, result) = self.run(state, |guest, store| {
            let table = &mut store.data_mut().table;
            let (cx, plan, image) = (table.push(Context)?, table.push(Plan)?, table.push(Image)?);
            let (cx, plan, image) =
                (Resource::new_borrow(cx.rep()), Resource::new_borrow(plan.rep()), Resource::new_borrow(image.rep()));
            guest.wattle_buildpack_handler().call_build(&mut *store, cx, plan, image)
        })?;
        result.map_err(|error| refused(&state, error.into()))?;
        state.intact()?;
        let (trace, memory) = (state.files.trace(), state.meter.memory());
        let contribution = state.building.finish(state.files)?;
        Ok(Built { contribution, trace, memory })
    }

    /// Runs `call` in an instance of its own. Whatever happens, the instance and its store are gone afterwards.
    fn run<T>(
        &self,
        state: State,
        call: impl FnOnce(&Host_, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<(State, T), Failure> {
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(store.data().limits.host_call);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|cx| check_time(cx.data()));
        let result = self.pre.instantiate(&mut store).and_then(|guest| call(&guest, &mut store));
        let mut state = store.into_data();
        state.console.finish();
        match result {
            Ok(value) => Ok((state, value)),
            Err(error) => Err(failure(&state, &error)),
        }
    }
}

fn check_time(state: &State) -> wasmtime::Result<UpdateDeadline> {
    state.patience().check().map(|()| UpdateDeadline::Continue(1))
}

/// Whether a phase is to go on: for what the host does for a guest, during which no guest looks up.
pub(crate) struct Patience {
    cancel: Cancel,
    deadline: Instant,
}

impl Patience {
    /// The error that ends the guest, if it is to end.
    #[expect(clippy::disallowed_methods, reason = "the time limit is one of the clock on the wall")]
    pub(crate) fn check(&self) -> wasmtime::Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Interrupted.into());
        }
        if Instant::now() >= self.deadline {
            return Err(Reached(Limit::Time).into());
        }
        Ok(())
    }
}

/// The guest was told to end: travels through wasmtime as the cause of a trap.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
struct Interrupted;

impl State {
    pub(crate) fn patience(&self) -> Patience {
        Patience { cancel: self.cancel.clone(), deadline: self.deadline }
    }

    /// An error of the host's, though the guest got over it: what it made of that is not what it would make elsewhere.
    fn intact(&self) -> Result<(), Failure> {
        match self.files.failure() {
            Some(error) => Err(Failure::Scratch(std::io::Error::new(error.kind(), error.to_string()))),
            None => Ok(()),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the time limit is one of the clock on the wall")]
    fn new(grant: Grant, mut build: BuildGrant, application: Access) -> Result<State, Failure> {
        let files = files(&grant, &build, application)?;
        let environment = environment(&grant);
        let mut table = ResourceTable::new();
        table.set_max_capacity(grant.limits.handles);
        Ok(State {
            files,
            table,
            console: Console::new(grant.log, grant.limits.log),
            clock: Clock::default(),
            random: 0,
            meter: Meter::new(&grant.limits),
            deadline: Instant::now() + grant.limits.time,
            scratch: grant.scratch,
            building: Building::new(grant.buildpack.directory.clone(), &grant.platform.workspace, &mut build),
            told: Told {
                buildpack: grant.buildpack,
                target: grant.target,
                environment,
                plan: build.plan,
                platform: grant.platform,
            },
            limits: grant.limits,
            artifacts: build.artifacts,
            packages: build.packages,
            cancel: grant.cancel,
        })
    }
}

/// The guest's root directory, as `wit/world.wit` describes it.
fn files(grant: &Grant, build: &BuildGrant, application: Access) -> Result<Overlay, Failure> {
    let mut root = Tree::new();
    let failed = |error| Failure::Scratch(std::io::Error::other(error));
    let workspace = grant.platform.workspace.trim_matches('/');
    let layers = format!("layers/{}", grant.buildpack.directory);
    let fixed =
        [(workspace, &grant.application), ("buildpack", &grant.files), ("tmp", &Tree::new()), (&*layers, &Tree::new())];
    let earlier = build.layers.iter().map(|(path, tree)| (format!("layers/{path}"), tree));
    for (path, tree) in fixed.into_iter().map(|(path, tree)| (path.to_owned(), tree)).chain(earlier) {
        root.insert(&path, Node::Directory(tree.clone())).map_err(failed)?;
    }
    for directory in [VARIABLES, BINDINGS] {
        root.insert(directory, Node::Directory(Tree::new())).map_err(failed)?;
    }
    for (name, value) in &grant.platform.variables {
        // What is no name of a file can be no variable of a platform directory either.
        let _ = root.insert(&format!("{VARIABLES}/{name}"), Node::file(value.as_str()));
    }
    for binding in &grant.platform.bindings {
        let path = format!("{BINDINGS}/{}", binding.name);
        root.insert(&path, Node::Directory(binding.entries.clone())).map_err(failed)?;
    }
    let mut files = Overlay::new(root, grant.scratch.clone(), grant.limits.files);
    for (path, access) in [(workspace, application), ("tmp", Access::Writable)] {
        files.set_access(path, access).map_err(|error| Failure::Scratch(std::io::Error::other(error)))?;
    }
    Ok(files)
}

/// An error that the guest returned. If the host could not read or keep its files, that is why; if it did not expect it and
/// a limit of files was reached, that is.
fn refused(state: &State, error: GuestError) -> Failure {
    if let Err(failure) = state.intact() {
        return failure;
    }
    match state.files.exceeded() {
        Some(exceeded) if error.fault == Fault::Buildpack => {
            let limit = Limit::Files(exceeded);
            Failure::Limit { limit, value: state.limits.value_of(limit), last_lines: vec![error.summary] }
        }
        _ => Failure::Refused(error),
    }
}

/// Says in our words how the guest ended.
fn failure(state: &State, error: &wasmtime::Error) -> Failure {
    let last_lines = state.console.last_lines();
    if error.is::<Interrupted>() || state.cancel.is_cancelled() {
        return Failure::Cancelled;
    }
    if let Err(failure) = state.intact() {
        return failure;
    }
    if let Some(Exit(status)) = error.downcast_ref::<Exit>() {
        return Failure::Exit { status: *status, last_lines };
    }
    if let Some(limit) = limit_of(error).or_else(|| state.files.exceeded().map(Limit::Files)) {
        return Failure::Limit { limit, value: state.limits.value_of(limit), last_lines };
    }
    Failure::Trap { message: error.root_cause().to_string(), backtrace: backtrace(error), last_lines }
}

fn limit_of(error: &wasmtime::Error) -> Option<Limit> {
    if let Some(Reached(limit)) = error.downcast_ref::<Reached>() {
        return Some(*limit);
    }
    if let Some(Trap::StackOverflow) = error.downcast_ref::<Trap>() {
        return Some(Limit::Stack);
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        return Some(Limit::Handles);
    }
    // wasmtime has no types for these two.
    let text = error.root_cause().to_string();
    if text.contains("fuel allocated for hostcalls") {
        return Some(Limit::HostCall);
    }
    text.contains("resource limit exceeded").then_some(Limit::Instances)
}

fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<wasmtime::WasmBacktrace>() else { return Vec::new() };
    trace.frames().iter().filter_map(|frame| Some(format!("at {}", without_hash(frame.func_name()?)))).collect()
}

/// A function's name without the hash that Rust adds to it, which differs from build to build.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((head, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => head,
        _ => name,
    }
}

//! The engine, and components ready to run.

use crate::generated;
use crate::state::State;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use wasmtime::component::{Component as Compiled, HasSelf, Linker};
use wasmtime::{Config, Engine};

/// Stack of a guest, in bytes.
pub(crate) const STACK: usize = 1 << 20;
/// How often running guests look up, so how exact the time limit is.
const TICK: Duration = Duration::from_millis(10);

/// Compiles, loads and runs components. One for a process is enough; cloning shares it.
#[derive(Clone)]
pub struct Sandbox {
    engine: Engine,
    linker: Arc<Linker<State>>,
}

/// Why a component could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Bytes of another kind.
    #[error("it is not WebAssembly")]
    Foreign,
    /// WebAssembly that is not a component, or not a valid one.
    #[error("it is not a WebAssembly component that can be compiled")]
    Compile(#[source] wasmtime::Error),
    /// Code that this engine did not compile.
    #[error("its compiled code cannot be loaded")]
    Code(#[source] wasmtime::Error),
    /// It wants what no buildpack gets.
    #[error("it imports {}, which is not offered to buildpacks: there are no sockets, no HTTP and no threads", quoted(.0))]
    Imports(Vec<String>),
    /// It wants something of another version than is offered, or does not export `detect` and `build`.
    #[error("it does not fit the contract `wattle:buildpack@0.1`")]
    Contract(#[source] wasmtime::Error),
    /// The engine itself cannot run on this machine.
    #[error("the WebAssembly engine cannot run on this machine")]
    Engine(#[source] wasmtime::Error),
}

impl Sandbox {
    /// An engine for this machine.
    pub fn new() -> Result<Sandbox, LoadError> {
        let engine = Engine::new(&config()).map_err(LoadError::Engine)?;
        let mut linker = Linker::new(&engine);
        generated::Host_::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state).map_err(LoadError::Engine)?;
        tick(&engine);
        Ok(Sandbox { engine, linker: Arc::new(linker) })
    }

    /// What compiled code depends on besides the component: the engine's version and settings and this kind of processor.
    /// Code may be loaded only where this text is equal.
    pub fn compatibility(&self) -> String {
        let mut hasher = Fnv::default();
        self.engine.precompile_compatibility_hash().hash(&mut hasher);
        format!("{:016x}", hasher.0)
    }

    /// Compiles a component to machine code, to be kept and loaded by [`Sandbox::load`]. Takes seconds for a large one.
    pub fn compile(&self, component: &[u8]) -> Result<Vec<u8>, LoadError> {
        if !component.starts_with(b"\0asm") {
            return Err(LoadError::Foreign);
        }
        self.engine.precompile_component(component).map_err(LoadError::Compile)
    }

    /// Loads what [`Sandbox::compile`] made, mapping the file into memory.
    ///
    /// The file is trusted: whoever can write it can run anything as this process. It must come from our own store and
    /// from nowhere else, and must not change while the component lives.
    pub fn load(&self, code: &Path) -> Result<Component, LoadError> {
        #[expect(unsafe_code, reason = "compiled code is loaded from our own store only, where `compile` put it")]
        // SAFETY: by the contract above the file is what `Engine::precompile_component` returned, unchanged.
        let compiled = unsafe { Compiled::deserialize_file(&self.engine, code) }.map_err(LoadError::Code)?;
        self.link(&compiled)
    }

    /// Compiles and loads in one go, for components that are not worth keeping, such as those of tests.
    pub fn compile_and_load(&self, component: &[u8]) -> Result<Component, LoadError> {
        let compiled = Compiled::new(&self.engine, component).map_err(LoadError::Compile)?;
        self.link(&compiled)
    }

    fn link(&self, compiled: &Compiled) -> Result<Component, LoadError> {
        let imports: Vec<String> =
            compiled.component_type().imports(&self.engine).map(|(name, _)| name.to_owned()).collect();
        let foreign = foreign(&imports);
        if !foreign.is_empty() {
            return Err(LoadError::Imports(foreign));
        }
        let pre = self.linker.instantiate_pre(compiled).map_err(LoadError::Contract)?;
        let pre = generated::Host_Pre::new(pre).map_err(LoadError::Contract)?;
        Ok(Component { pre, engine: self.engine.clone(), imports })
    }
}

/// A component that is ready to run. Cloning shares it.
#[derive(Clone)]
pub struct Component {
    pub(crate) pre: generated::Host_Pre<State>,
    pub(crate) engine: Engine,
    imports: Vec<String>,
}

impl Component {
    /// The interfaces that it imports, which is the most it can do.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }
}

/// The interfaces of the world `host` in `wit/world.wit`.
const OFFERED: [&str; 25] = [
    "wattle:buildpack/types",
    "wattle:buildpack/context",
    "wattle:buildpack/image",
    "wattle:buildpack/artifacts",
    "wattle:buildpack/packages",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/types",
    "wasi:filesystem/preopens",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
];

/// Interfaces among `imports` that are not offered in any version.
fn foreign(imports: &[String]) -> Vec<String> {
    let names = imports.iter().map(|import| import.split('@').next().unwrap_or(import));
    names.filter(|name| !OFFERED.contains(name)).map(str::to_owned).collect()
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.max_wasm_stack(STACK);
    config.wasm_component_model(true);
    // Equal inputs give equal bytes on every processor: the two places where WebAssembly leaves a choice.
    config.relaxed_simd_deterministic(true);
    config.cranelift_nan_canonicalization(true);
    // No buildpack needs it, and it is younger than the rest.
    config.wasm_memory64(false);
    // A trap's functions are named in the report; its addresses would only differ from machine to machine.
    config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(16));
    config.memory_init_cow(true);
    config
}

/// Moves the epoch on for as long as the engine lives.
fn tick(engine: &Engine) {
    let engine = engine.weak();
    thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    });
}

/// FNV-1a: a hash that is the same in every process, unlike the standard library's.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left to the processor would make equal builds differ.
    #[test]
    fn nothing_is_left_to_the_processor() {
        let hash = |change: fn(&mut Config) -> &mut Config| {
            let mut hasher = Fnv::default();
            Engine::new(change(&mut config())).unwrap().precompile_compatibility_hash().hash(&mut hasher);
            hasher.0
        };
        let ours = hash(|config| config);
        assert_ne!(ours, hash(|config| config.relaxed_simd_deterministic(false)));
        assert_ne!(ours, hash(|config| config.cranelift_nan_canonicalization(false)));
    }

    #[test]
    fn what_is_offered_is_what_the_world_says() {
        let world = include_str!("../../../wit/world.wit");
        let imports = world.lines().filter_map(|line| line.trim().strip_prefix("import ")?.strip_suffix(';'));
        let names: Vec<String> = imports
            .map(|name| match name.split_once('@') {
                Some((name, _)) => name.to_owned(),
                None => format!("wattle:buildpack/{name}"),
            })
            .collect();
        assert_eq!(names, OFFERED);
    }
}

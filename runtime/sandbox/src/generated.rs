//! Bindings of the contract and of WASI 0.2, generated from `wit/`. They stay inside this crate.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "wattle:buildpack/host",
    imports: { default: trappable },
    trappable_error_type: {
        "wasi:filesystem/types.error-code" => crate::wasi::FilesystemError,
        "wasi:io/streams.stream-error" => crate::wasi::StreamError,
    },
    with: {
        "wasi:filesystem/types.descriptor": crate::wasi::Descriptor,
        "wasi:filesystem/types.directory-entry-stream": crate::wasi::Entries,
        "wasi:io/streams.input-stream": crate::wasi::Input,
        "wasi:io/streams.output-stream": crate::wasi::Output,
        "wasi:io/poll.pollable": crate::wasi::Pollable,
        "wasi:io/error.error": crate::wasi::IoError,
        "wasi:cli/terminal-input.terminal-input": crate::wasi::Terminal,
        "wasi:cli/terminal-output.terminal-output": crate::wasi::Terminal,
        "wattle:buildpack/context.context": crate::capability::context::Context,
        "wattle:buildpack/context.plan": crate::capability::context::Plan,
        "wattle:buildpack/image.image": crate::capability::image::Image,
        "wattle:buildpack/image.layer": crate::capability::image::Layer,
        "wattle:buildpack/image.process": crate::capability::image::Process,
        "wattle:buildpack/artifacts.artifact": crate::capability::artifacts::Artifact,
    },
});

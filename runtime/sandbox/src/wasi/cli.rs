//! `wasi:cli`: environment, exit, and the standard streams.

use super::streams::{Input, Output};
use crate::generated::wasi::cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr, terminal_stdin,
    terminal_stdout,
};
use crate::grant::Stream;
use crate::state::State;
use wasmtime::Result;
use wasmtime::component::Resource;

/// A terminal. There is none, so none of these is ever made.
pub struct Terminal;

/// The guest ended itself: travels through wasmtime as the cause of a trap.
#[derive(Debug, thiserror::Error)]
#[error("exit with status {0}")]
pub(crate) struct Exit(pub(crate) i32);

impl environment::Host for State {
    fn get_environment(&mut self) -> Result<Vec<(String, String)>> {
        Ok(self.told.environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    fn get_arguments(&mut self) -> Result<Vec<String>> {
        Ok(vec![self.told.buildpack.id.clone()])
    }

    fn initial_cwd(&mut self) -> Result<Option<String>> {
        Ok(Some(self.told.platform.workspace.clone()))
    }
}

impl exit::Host for State {
    fn exit(&mut self, status: Result<(), ()>) -> Result<()> {
        Err(Exit(i32::from(status.is_err())).into())
    }

    fn exit_with_code(&mut self, status: u8) -> Result<()> {
        Err(Exit(i32::from(status)).into())
    }
}

impl stdin::Host for State {
    fn get_stdin(&mut self) -> Result<Resource<Input>> {
        Ok(self.table.push(Input::Empty)?)
    }
}

impl stdout::Host for State {
    fn get_stdout(&mut self) -> Result<Resource<Output>> {
        Ok(self.table.push(Output::Console(Stream::Output))?)
    }
}

impl stderr::Host for State {
    fn get_stderr(&mut self) -> Result<Resource<Output>> {
        Ok(self.table.push(Output::Console(Stream::Error))?)
    }
}

impl terminal_input::Host for State {}

impl terminal_input::HostTerminalInput for State {
    fn drop(&mut self, terminal: Resource<Terminal>) -> Result<()> {
        self.table.delete(terminal)?;
        Ok(())
    }
}

impl terminal_output::Host for State {}

impl terminal_output::HostTerminalOutput for State {
    fn drop(&mut self, terminal: Resource<Terminal>) -> Result<()> {
        self.table.delete(terminal)?;
        Ok(())
    }
}

impl terminal_stdin::Host for State {
    fn get_terminal_stdin(&mut self) -> Result<Option<Resource<Terminal>>> {
        Ok(None)
    }
}

impl terminal_stdout::Host for State {
    fn get_terminal_stdout(&mut self) -> Result<Option<Resource<Terminal>>> {
        Ok(None)
    }
}

impl terminal_stderr::Host for State {
    fn get_terminal_stderr(&mut self) -> Result<Option<Resource<Terminal>>> {
        Ok(None)
    }
}

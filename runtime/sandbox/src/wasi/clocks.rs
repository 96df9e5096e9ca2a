//! `wasi:clocks` and `wasi:io/poll`: a clock that only the guest's own calls move, so that equal inputs stay equal.

use super::EPOCH;
use crate::generated::wasi::clocks::{monotonic_clock, wall_clock};
use crate::generated::wasi::io::poll;
use crate::state::State;
use wasmtime::Result;
use wasmtime::component::Resource;

/// Nanoseconds that reading the clock takes.
const STEP: u64 = 1000;

/// The guest's clock, in nanoseconds since it started.
#[derive(Default)]
pub(crate) struct Clock(u64);

impl Clock {
    fn now(&mut self) -> u64 {
        self.0 = self.0.saturating_add(STEP);
        self.0
    }

    fn advance(&mut self, to: u64) {
        self.0 = self.0.max(to);
    }
}

/// Something to wait for: files are always ready, so it is a time.
pub struct Pollable {
    at: u64,
}

impl Pollable {
    /// Ready at once.
    pub(crate) const READY: Pollable = Pollable { at: 0 };
}

impl monotonic_clock::Host for State {
    fn now(&mut self) -> Result<u64> {
        Ok(self.clock.now())
    }

    fn resolution(&mut self) -> Result<u64> {
        Ok(STEP)
    }

    fn subscribe_instant(&mut self, at: u64) -> Result<Resource<Pollable>> {
        Ok(self.table.push(Pollable { at })?)
    }

    fn subscribe_duration(&mut self, duration: u64) -> Result<Resource<Pollable>> {
        let at = self.clock.0.saturating_add(duration);
        Ok(self.table.push(Pollable { at })?)
    }
}

impl wall_clock::Host for State {
    fn now(&mut self) -> Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime { seconds: EPOCH, nanoseconds: 0 })
    }

    fn resolution(&mut self) -> Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime { seconds: 1, nanoseconds: 0 })
    }
}

impl poll::Host for State {
    fn poll(&mut self, list: Vec<Resource<Pollable>>) -> Result<Vec<u32>> {
        let times = list.iter().map(|pollable| Ok(self.table.get(pollable)?.at)).collect::<Result<Vec<_>>>()?;
        let Some(first) = times.iter().copied().min() else { wasmtime::bail!("`poll` was given nothing to wait for") };
        self.clock.advance(first);
        Ok((0u32..).zip(times).filter(|(_, at)| *at <= self.clock.0).map(|(index, _)| index).collect())
    }
}

impl poll::HostPollable for State {
    fn ready(&mut self, pollable: Resource<Pollable>) -> Result<bool> {
        Ok(self.table.get(&pollable)?.at <= self.clock.0)
    }

    fn block(&mut self, pollable: Resource<Pollable>) -> Result<()> {
        let at = self.table.get(&pollable)?.at;
        self.clock.advance(at);
        Ok(())
    }

    fn drop(&mut self, pollable: Resource<Pollable>) -> Result<()> {
        self.table.delete(pollable)?;
        Ok(())
    }
}

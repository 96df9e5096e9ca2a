//! How much a guest may use, each limit by name.

use std::fmt;
use std::time::Duration;
use wasmtime::ResourceLimiter;
use wattle_tree::overlay;

/// Everything that bounds one phase of one buildpack. All are always in force.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Linear memory, all memories of the component together, in bytes.
    pub memory: usize,
    /// Time on the clock on the wall.
    pub time: Duration,
    /// Core instances.
    pub instances: usize,
    /// Linear memories.
    pub memories: usize,
    /// Tables.
    pub tables: usize,
    /// Elements of one table.
    pub table_elements: usize,
    /// Resources held at once: open files, streams, layers, artifacts.
    pub handles: usize,
    /// Bytes that one call may hand to the host.
    pub host_call: usize,
    /// Bytes of output that are kept; the rest is dropped, and said.
    pub log: u64,
    /// Things fetched.
    pub fetches: usize,
    /// Files and bytes written.
    pub files: overlay::Limits,
}

impl Limits {
    /// For `detect`, which should only look: 256 MiB of memory, 30 seconds.
    pub fn detect() -> Limits {
        Limits { memory: 256 << 20, time: Duration::from_secs(30), ..Limits::build() }
    }

    /// For `build`: 2 GiB of memory, 30 minutes.
    pub fn build() -> Limits {
        Limits {
            memory: 2 << 30,
            time: Duration::from_mins(30),
            instances: 64,
            memories: 16,
            tables: 32,
            table_elements: 100_000,
            handles: 10_000,
            host_call: 16 << 20,
            log: 4 << 20,
            fetches: 10_000,
            files: overlay::Limits::default(),
        }
    }
}

/// The name of a limit, as reports print it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::memory`].
    Memory,
    /// [`Limits::time`].
    Time,
    /// [`Limits::instances`], [`Limits::memories`] or [`Limits::tables`].
    Instances,
    /// [`Limits::table_elements`].
    Tables,
    /// [`Limits::handles`].
    Handles,
    /// [`Limits::host_call`].
    HostCall,
    /// [`Limits::fetches`].
    Fetches,
    /// The stack of the guest.
    Stack,
    /// One of [`Limits::files`].
    Files(overlay::Exceeded),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::Memory => "memory",
            Limit::Time => "time",
            Limit::Instances => "instances",
            Limit::Tables => "tables",
            Limit::Handles => "handles",
            Limit::HostCall => "host-call-bytes",
            Limit::Fetches => "fetches",
            Limit::Stack => "stack",
            Limit::Files(overlay::Exceeded::Bytes) => "bytes",
            Limit::Files(overlay::Exceeded::Files) => "files",
            Limit::Files(overlay::Exceeded::Open) => "open-files",
            Limit::Files(overlay::Exceeded::FileSize) => "file-size",
            Limit::Files(overlay::Exceeded::Depth) => "depth",
            Limit::Files(overlay::Exceeded::Names) => "names",
        })
    }
}

impl Limits {
    /// What a limit is set to, for people.
    pub fn value_of(&self, limit: Limit) -> String {
        match limit {
            Limit::Memory => bytes(self.memory as u64),
            Limit::Time => format!("{} s", self.time.as_secs_f64()),
            Limit::Instances => self.instances.to_string(),
            Limit::Tables => self.table_elements.to_string(),
            Limit::Handles => self.handles.to_string(),
            Limit::HostCall => bytes(self.host_call as u64),
            Limit::Fetches => self.fetches.to_string(),
            Limit::Stack => bytes(crate::engine::STACK as u64),
            Limit::Files(exceeded) => match exceeded {
                overlay::Exceeded::Bytes => bytes(self.files.bytes),
                overlay::Exceeded::FileSize => bytes(self.files.file_size),
                overlay::Exceeded::Files => self.files.files.to_string(),
                overlay::Exceeded::Open => self.files.open.to_string(),
                overlay::Exceeded::Depth => self.files.depth.to_string(),
                overlay::Exceeded::Names => self.files.names.to_string(),
            },
        }
    }
}

fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = UNITS.iter().find(|(shift, _)| count >= 1 << shift && count.is_multiple_of(1 << shift));
    unit.map_or_else(|| format!("{count} bytes"), |(shift, unit)| format!("{} {unit}", count >> shift))
}

/// A limit was reached and the guest must end: travels through wasmtime as the cause of a trap.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the `{0}` limit was reached")]
pub(crate) struct Reached(pub(crate) Limit);

/// Counts what the instances of one store take.
pub(crate) struct Meter {
    memory: usize,
    memory_limit: usize,
    table_elements: usize,
    instances: usize,
    memories: usize,
    tables: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Meter {
        Meter {
            memory: 0,
            memory_limit: limits.memory,
            table_elements: limits.table_elements,
            instances: limits.instances,
            memories: limits.memories,
            tables: limits.tables,
        }
    }

    /// Most linear memory that was in use, in bytes. Memories only grow.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.memory_limit {
            return Err(Reached(Limit::Memory).into());
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.table_elements {
            return Err(Reached(Limit::Tables).into());
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_people_write_them() {
        let limits = Limits::build();
        assert_eq!(limits.value_of(Limit::Memory), "2 GiB");
        assert_eq!(limits.value_of(Limit::HostCall), "16 MiB");
        assert_eq!(limits.value_of(Limit::Time), "1800 s");
        assert_eq!(bytes(1000), "1000 bytes");
    }

    #[test]
    fn memory_is_counted_over_all_memories_up_to_the_last_byte() {
        let mut meter = Meter::new(&Limits { memory: 100, ..Limits::detect() });
        assert!(meter.memory_growing(0, 60, None).unwrap());
        assert!(meter.memory_growing(0, 40, None).unwrap());
        assert!(meter.memory_growing(40, 41, None).is_err());
        assert_eq!(meter.memory(), 100);
    }
}

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
    /// Bytes of text contributed: keys and environment of layers, processes and labels. Each text counts 64 more.
    pub contribution: usize,
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
            contribution: 1 << 20,
            files: overlay::Limits::default(),
        }
    }
}

/// A setting of a limit that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// No such limit.
    #[error("`{0}` is no limit; there are {names}", names = NAMES.join(", "))]
    Name(String),
    /// Not a value for it.
    #[error("`{value}` is no value for the limit `{name}`: expected {expected}")]
    Value {
        /// Name of the limit.
        name: String,
        /// What was given.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

/// Limits that can be set.
const NAMES: [&str; 12] = [
    "memory",
    "time",
    "instances",
    "tables",
    "handles",
    "host-call-bytes",
    "fetches",
    "contribution-bytes",
    "log-bytes",
    "bytes",
    "file-size",
    "files",
];

impl Limits {
    /// Sets the limit of this name, as people write values: `512MiB`, `90s`, `10000`.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), LimitError> {
        let wrong = |expected| LimitError::Value { name: name.to_owned(), value: value.to_owned(), expected };
        let bytes = || parse_bytes(value).ok_or_else(|| wrong("bytes, such as `512MiB`"));
        let memory = || usize::try_from(bytes()?).map_err(|_| wrong("bytes that this machine can address"));
        let time = || parse_time(value).ok_or_else(|| wrong("seconds or minutes, such as `90s` or `5m`"));
        let count = || value.parse().map_err(|_| wrong("a whole number"));
        match name {
            "memory" => self.memory = memory()?,
            "time" => self.time = time()?,
            "instances" => self.instances = count()?,
            "tables" => self.table_elements = count()?,
            "handles" => self.handles = count()?,
            "host-call-bytes" => self.host_call = memory()?,
            "fetches" => self.fetches = count()?,
            "contribution-bytes" => self.contribution = memory()?,
            "log-bytes" => self.log = bytes()?,
            "bytes" => self.files.bytes = bytes()?,
            "file-size" => self.files.file_size = bytes()?,
            "files" => self.files.files = count()?,
            _ => return Err(LimitError::Name(name.to_owned())),
        }
        Ok(())
    }
}

/// Reads `4096`, `512KiB`, `1.5GiB` or `2GB`.
pub fn parse_bytes(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 10] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("kB", 1_000),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("B", 1),
    ];
    let (number, unit) =
        UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?.trim_end(), *unit))).unwrap_or((text, 1));
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(unit);
    }
    let (whole, fraction) = number.split_once('.')?;
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 6)?;
    let part: u64 = fraction.parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(part.checked_mul(unit)? / 10_u64.pow(digits))
}

fn parse_time(text: &str) -> Option<Duration> {
    let (number, unit) = match (text.strip_suffix('s'), text.strip_suffix('m')) {
        (Some(seconds), _) => (seconds, 1),
        (_, Some(minutes)) => (minutes, 60),
        _ => (text, 1),
    };
    number.parse::<u64>().ok()?.checked_mul(unit).filter(|seconds| *seconds > 0).map(Duration::from_secs)
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
    /// [`Limits::contribution`].
    Contribution,
    /// The stack of the guest.
    Stack,
    /// One of [`Limits::files`].
    Files(overlay::Exceeded),
}

impl Limit {
    /// Whether [`Limits::set`] knows it.
    pub(crate) fn can_be_set(self) -> bool {
        NAMES.contains(&self.to_string().as_str())
    }
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
            Limit::Contribution => "contribution-bytes",
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
            Limit::Contribution => bytes(self.contribution as u64),
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
    fn limits_are_set_as_people_write_them() {
        let mut limits = Limits::build();
        for (name, value) in
            [("memory", "512MiB"), ("time", "5m"), ("files", "10"), ("bytes", "1.5GiB"), ("log-bytes", "64kB")]
        {
            limits.set(name, value).unwrap();
        }
        assert_eq!((limits.memory, limits.time, limits.files.files), (512 << 20, Duration::from_mins(5), 10));
        assert_eq!((limits.files.bytes, limits.log), (3 << 29, 64_000));
        for (name, value) in
            [("memory", "much"), ("memory", "-1"), ("time", "0s"), ("files", "1.5"), ("bytes", "99999999999TiB")]
        {
            assert!(matches!(limits.set(name, value), Err(LimitError::Value { .. })), "{name}={value}");
        }
        assert_eq!(limits.set("speed", "1"), Err(LimitError::Name("speed".to_owned())));
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

//! What the host keeps for one running guest.

use crate::capability::context::Told;
use crate::capability::image::Building;
use crate::grant::{Artifacts, Cancel, Packages};
use crate::limits::{Limits, Meter};
use crate::output::Console;
use crate::wasi::Clock;
use std::sync::Arc;
use std::time::Instant;
use wasmtime::component::ResourceTable;
use wattle_tree::Scratch;
use wattle_tree::overlay::Overlay;

/// Data of one store.
pub(crate) struct State {
    pub(crate) files: Overlay,
    pub(crate) table: ResourceTable,
    pub(crate) console: Console,
    pub(crate) clock: Clock,
    pub(crate) random: u64,
    pub(crate) meter: Meter,
    pub(crate) limits: Limits,
    pub(crate) scratch: Scratch,
    pub(crate) told: Told,
    pub(crate) building: Building,
    pub(crate) artifacts: Arc<dyn Artifacts>,
    pub(crate) packages: Arc<dyn Packages>,
    pub(crate) cancel: Cancel,
    pub(crate) deadline: Instant,
}

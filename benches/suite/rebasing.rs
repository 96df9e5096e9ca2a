//! Rebasing a thousand images in a registry on this machine, beside the reference's `rebaser`, which does one at a time.

use super::cost::{self, Cost};
use super::fleet::{Fleet, Way};
use super::machine::has;
use super::proxy::Proxy;
use super::table::{self, Row};
use anyhow::Result;
use std::time::Duration;
use wattle_test_support::{Peers, Registry};

/// How many images are rebased.
const IMAGES: usize = 1000;
/// Of how many the peer's cost is measured.
const OF_PEER: usize = 100;
/// What the peer's cost is multiplied by: it is the same for every image.
const TIMES: u32 = 10;
/// A thousand take a while.
const RUNS: u8 = 3;
const SERIAL: &str = "`rebaser`, 10 times that of 100";
const PARALLEL: &str = "`rebaser`, 4 at a time, 10 times that of 100";

/// Time and memory of all, and what goes over the wire.
pub(crate) fn measure(runs: u8) -> Result<Vec<Row>> {
    if let Some(program) = ["docker-registry", "umoci", "skopeo"].into_iter().find(|program| !has(program)) {
        super::tell(&format!("skipped: `{program}` is not here"));
        return Ok(Vec::new());
    }
    let what = format!("rebase of {IMAGES} images");
    let mut rows = costs(&what, runs.min(RUNS))?;
    rows.extend(bytes(&what)?);
    Ok(rows)
}

/// All in turn, each time from one release of the run image to the other.
fn costs(what: &str, runs: u8) -> Result<Vec<Row>> {
    let registry = Registry::new();
    let mut fleet = Fleet::new(&registry.image(""), IMAGES)?;
    let peers = Peers::find();
    let (mut ours, mut serial, mut parallel) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        fleet.release()?;
        ours.push(cost::of(&fleet.rebase(&Way::Wattle, IMAGES))?.0);
        if let Some(peers) = &peers {
            for (at_once, costs) in [(1, &mut serial), (4, &mut parallel)] {
                fleet.release()?;
                costs.push(many(&cost::of(&fleet.rebase(&Way::Rebaser(peers, at_once), OF_PEER))?.0));
            }
        }
    }
    let here = peers.is_some();
    let mut rows = table::rows(what, &ours, Some((SERIAL, here.then_some(&serial))));
    for read in [table::WALL, table::CPU] {
        rows.extend(table::row(what, read, &ours, Some((PARALLEL, here.then_some(&parallel)))));
    }
    Ok(rows)
}

/// The cost of so many more, in the memory of one.
fn many(cost: &Cost) -> Cost {
    let times = |duration: Duration| duration * TIMES;
    Cost { wall: times(cost.wall), cpu: times(cost.cpu), peak: cost.peak }
}

/// What goes from and to the registry, counted once: no layer.
fn bytes(what: &str) -> Result<Option<Row>> {
    let registry = Registry::new();
    let proxy = Proxy::to(registry.image("").trim_end_matches('/'))?;
    let mut fleet = Fleet::new(&format!("{}/", proxy.address()), IMAGES)?;
    let mut moved = |way: &Way, images| -> Result<u64> {
        fleet.release()?;
        let before = proxy.bytes();
        cost::of(&fleet.rebase(way, images))?;
        Ok(proxy.bytes() - before)
    };
    let ours = moved(&Way::Wattle, IMAGES)?;
    let theirs = Peers::find().map(|peers| moved(&Way::Rebaser(&peers, 1), OF_PEER)).transpose()?;
    let what = format!("{what}: bytes over the wire");
    Ok(table::bytes_beside(&what, ours, Some((SERIAL, theirs.map(|bytes| bytes * u64::from(TIMES))))))
}

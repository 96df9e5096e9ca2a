//! Work that somebody may ask to end.

use super::signal::Signals;
use super::{Broken, runtime};
use anyhow::Result;
use std::time::Duration;
use wattle_engine::{Cancel, EngineError};

/// Runs the work to its end. The first signal asks it to end by `cancel`, a second one does not wait for that.
pub(super) fn interruptible<T: Send + 'static>(
    cancel: &Cancel,
    work: impl Future<Output = Result<T, EngineError>> + Send + 'static,
) -> Result<T> {
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::new()?;
        let mut work = tokio::spawn(work);
        // Nobody takes the work away, so that it ended without a result only if it panicked.
        let joined = |result: Result<Result<T, EngineError>, _>| Ok(result.map_err(|_| Broken)??);
        let signal = tokio::select! {
            result = &mut work => return joined(result),
            signal = signals.next() => signal,
        };
        cancel.cancel();
        let ended = tokio::select! {
            // What was finished in spite of it is finished.
            result = work => joined(result),
            _ = signals.next() => Err(EngineError::Interrupted.into()),
        };
        ended.map_err(|error| signal.explain(error))
    });
    match ended {
        Ok(_) => runtime.shutdown_background(),
        // What was at work on the disk may remove what it began; what cannot be interrupted is not waited for.
        Err(_) => runtime.shutdown_timeout(Duration::from_secs(1)),
    }
    ended
}

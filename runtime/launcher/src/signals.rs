//! Waiting for signals, and for something to read at the same time.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::Signal;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;

/// Signals that are listened to from when this is made.
pub(crate) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    /// Listens to these. A program that is started does not inherit that: what has a handler gets its default back.
    pub(crate) fn new(signals: impl IntoIterator<Item = Signal>) -> io::Result<Signals> {
        let (read, write) = UnixStream::pair()?;
        let signals = signals.into_iter().map(Signal::as_raw);
        SignalDelivery::with_pipe(read, write, SignalOnly, signals).map(Signals)
    }

    /// Waits until some of the signals have arrived, or there is something to read from `other`, or its end.
    pub(crate) fn wait(&mut self, other: Option<BorrowedFd<'_>>) -> io::Result<Vec<Signal>> {
        let own = PollFd::new(self.0.get_read(), PollFlags::IN);
        let other = other.map(|other| PollFd::from_borrowed_fd(other, PollFlags::IN));
        let mut awaited: Vec<PollFd<'_>> = std::iter::once(own).chain(other).collect();
        match poll(&mut awaited, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.0.pending().filter_map(Signal::from_named_raw).collect())
    }
}

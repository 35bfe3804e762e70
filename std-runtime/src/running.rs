//! A scheduler at work, and how it stops.

use core::future::Future;
use core::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::clock;
use crate::pump::Event;

/// A scheduler at work. Dropping it stops the scheduler softly, without waiting.
#[derive(Debug)]
pub struct Running {
    pub(crate) pump: JoinHandle<usize>,
    pub(crate) sender: mpsc::UnboundedSender<Event>,
}

/// How a scheduler stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// How many jobs it still held. They run again elsewhere or later, once their leases end.
    pub left: usize,
}

impl Running {
    /// Stops softly: nothing new starts, what has not started is handed back, and what runs may
    /// go on for `grace`; then it is aborted.
    pub async fn stop(mut self, grace: Duration) -> Stopped {
        self.send(Event::Stop);
        if let Some(stopped) = self.within(grace).await {
            return stopped;
        }
        self.abort().await
    }

    /// Stops hard: what runs is aborted, and runs again elsewhere or later.
    pub async fn abort(mut self) -> Stopped {
        self.send(Event::Stop);
        self.send(Event::Abort);
        if let Some(stopped) = self.within(ABORT_WITHIN).await {
            return stopped;
        }
        self.send(Event::Quit);
        let left = (&mut self.pump).await.unwrap_or(0);
        Stopped { left }
    }

    /// Stops softly like [`stop`](Self::stop), but hard as soon as `signal` resolves.
    pub async fn stop_or_abort(
        mut self,
        grace: Duration,
        signal: impl Future<Output = ()>,
    ) -> Stopped {
        self.send(Event::Stop);
        tokio::select! {
            stopped = self.within(grace) => {
                if let Some(stopped) = stopped {
                    return stopped;
                }
            }
            () = signal => {}
        }
        self.abort().await
    }

    async fn within(&mut self, span: Duration) -> Option<Stopped> {
        tokio::select! {
            left = &mut self.pump => Some(Stopped { left: left.unwrap_or(0) }),
            () = clock::wait_for(span) => None,
        }
    }

    fn send(&self, event: Event) {
        // A pump that has ended needs to be told nothing.
        let _ = self.sender.send(event);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.send(Event::Stop);
    }
}

/// How long aborted runs and their last words may take.
const ABORT_WITHIN: Duration = Duration::from_secs(15);

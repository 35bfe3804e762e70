//! Who asks the store all the time and is harmed by nobody: if even he is kept waiting, the machine
//! has more to do than it can, and a lease that ends then says nothing about who held it.
//!
//! He uses no part of what is under test, takes no lock and reads no row, so that nothing that our
//! own transactions do to each other keeps him waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use mainspring_chaos::clock;
use mainspring_core::time::{Span, Timestamp};

/// A thread that asks.
#[derive(Debug)]
pub(crate) struct Witness {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<(Timestamp, Timestamp)>>,
}

impl Witness {
    /// Asks from now on; `ask` says whether there was an answer.
    pub(crate) fn start<F: Future<Output = bool>>(ask: impl Fn() -> F + Send + 'static) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime can be made");
            let mut stalls = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let from = clock::wall();
                clock::pass(BREAK);
                let answered = runtime.block_on(ask());
                let until = clock::wall();
                // Who is refused is refused on purpose.
                if answered && until.since(from) > PATIENCE {
                    stalls.push((from, until));
                }
            }
            stalls
        });
        Self { is_over, thread }
    }

    /// The stretches in which he was kept waiting.
    pub(crate) fn end(self) -> Vec<(Timestamp, Timestamp)> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("the witness lives")
    }
}

/// Between an answer and the next question.
const BREAK: Duration = Duration::from_millis(250);
/// A break and an answer take no longer on a machine that has time; an answer alone takes a few
/// milliseconds then, and an idle node asks for many of them within a fraction of its lease.
const PATIENCE: Span = Span::from_millis(500);

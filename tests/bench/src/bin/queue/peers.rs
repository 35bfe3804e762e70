//! What others would build on: the heap of the standard library and tokio's timer wheel.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::task::{Context, Poll, Waker};

use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Cron;
use tokio::runtime::Runtime;
use tokio::time::Instant;
use tokio_util::time::DelayQueue;

use crate::crons::{START, next};
use crate::{Contestant, Fired, clock};

struct Binary {
    heap: BinaryHeap<Reverse<(Timestamp, u32)>>,
    crons: Vec<Cron>,
}

pub(crate) fn binary_heap(crons: &[Cron]) -> Box<dyn Contestant> {
    let heap = (0..).zip(crons).map(|(n, cron)| Reverse((next(cron, START), n)));
    Box::new(Binary { heap: heap.collect(), crons: crons.to_vec() })
}

impl Contestant for Binary {
    fn run(&mut self, until: Timestamp) -> Fired {
        let mut fired = Fired::default();
        while let Some(mut top) = self.heap.peek_mut() {
            let Reverse((at, number)) = *top;
            if at > until {
                break;
            }
            fired.add(number as usize, at);
            *top = Reverse((next(&self.crons[number as usize], at), number));
        }
        fired
    }
}

/// On tokio's paused clock, which is moved from one instant to the next; what that costs is part of
/// the time.
struct Delays {
    runtime: Runtime,
    queue: DelayQueue<(Timestamp, u32)>,
    crons: Vec<Cron>,
    epoch: Instant,
}

pub(crate) fn delay_queue(crons: &[Cron]) -> Box<dyn Contestant> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let entered = runtime.enter();
    let epoch = clock::tokio_now();
    let mut queue = DelayQueue::with_capacity(crons.len());
    for (number, cron) in (0..).zip(crons) {
        let at = next(cron, START);
        queue.insert_at((at, number), epoch + at.since(START).to_duration());
    }
    drop(entered);
    Box::new(Delays { runtime, queue, crons: crons.to_vec(), epoch })
}

impl Contestant for Delays {
    fn run(&mut self, until: Timestamp) -> Fired {
        let Self { runtime, queue, crons, epoch } = self;
        let end = *epoch + until.since(START).to_duration();
        let mut context = Context::from_waker(Waker::noop());
        let mut fired = Fired::default();
        runtime.block_on(async {
            while let Some(first) = queue.peek().map(|key| queue.deadline(&key)) {
                if first > end {
                    break;
                }
                tokio::time::advance(first.saturating_duration_since(clock::tokio_now())).await;
                while let Poll::Ready(Some(expired)) = queue.poll_expired(&mut context) {
                    let (at, number) = expired.into_inner();
                    fired.add(number as usize, at);
                    let at = next(&crons[number as usize], at);
                    queue.insert_at((at, number), *epoch + at.since(START).to_duration());
                }
            }
        });
        fired
    }
}

//! What everything else is compared with: a heap of instants and the crons, and nothing more.

use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Cron;

use crate::crons::{START, next};
use crate::{Contestant, Fired};

/// A four-ary heap of instants with the number of the cron that named each.
struct Bare {
    heap: Vec<(Timestamp, u32)>,
    crons: Vec<Cron>,
}

pub(crate) fn start(crons: &[Cron]) -> Box<dyn Contestant> {
    let mut heap: Vec<_> = (0..).zip(crons).map(|(n, cron)| (next(cron, START), n)).collect();
    // A sorted list is a heap.
    heap.sort_unstable();
    Box::new(Bare { heap, crons: crons.to_vec() })
}

impl Contestant for Bare {
    fn run(&mut self, until: Timestamp) -> Fired {
        let mut fired = Fired::default();
        while let Some(&(at, number)) = self.heap.first().filter(|(at, _)| *at <= until) {
            fired.add(number as usize, at);
            let next = next(&self.crons[number as usize], at);
            sink(&mut self.heap, (next, number));
        }
        fired
    }
}

/// Puts `entry` in place of the top.
fn sink(heap: &mut [(Timestamp, u32)], entry: (Timestamp, u32)) {
    let mut at = 0;
    loop {
        let first = 4 * at + 1;
        let least = match heap.get(first..first + 4) {
            Some(children) => {
                let pair = |a: usize, b: usize| if children[b].0 < children[a].0 { b } else { a };
                let (left, right) = (pair(0, 1), pair(2, 3));
                first + pair(left, right)
            }
            None if first < heap.len() => {
                let rest = first..heap.len();
                rest.min_by_key(|&child| heap[child].0).expect("there is a child")
            }
            None => break,
        };
        if entry.0 <= heap[least].0 {
            break;
        }
        heap[at] = heap[least];
        at = least;
    }
    heap[at] = entry;
}

//! Prints what the queue and the planner cost on top of the triggers: fires per second, as ratios
//! to a bare four-ary heap of the same crons in the same run, at a thousand to a million resident
//! schedules; and the memory of one schedule. `cargo bench-queue` runs it; it takes other sizes.
//!
//! Every contestant carries the same schedules through the same windows of simulated time, in turn,
//! and must have fired the same instants at the end of each. A cell is the best of all windows, so
//! that a busy machine makes it slower only if it is busy all the time.

use std::alloc::System;
use std::fmt::Write as _;

use cap::Cap;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Cron, Trigger};

use crons::{START, Utc, crons};

mod bare;
mod clock;
mod crons;
mod ours;
mod peers;

/// Counts what is allocated; it limits nothing.
#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// How many schedules are resident.
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// About so many fires are timed at once.
const FIRES: usize = 400_000;

const ROUNDS: usize = 30;

/// A scheduler of crons, somewhere on the time line.
trait Contestant {
    /// Fires everything that is due up to and including `until`.
    fn run(&mut self, until: Timestamp) -> Fired;
}

/// What was fired, in a form that does not depend on the order among equal instants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Fired {
    count: u64,
    sum: u64,
}

impl Fired {
    fn add(&mut self, schedule: usize, at: Timestamp) {
        self.count += 1;
        let at = at.as_secs().cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.sum = self.sum.wrapping_add(at ^ schedule as u64);
    }
}

type Start = fn(&[Cron]) -> Box<dyn Contestant>;

/// The first is what the others are compared with.
const CONTESTANTS: [(&str, Start); 6] = [
    ("bare 4-ary heap", bare::start),
    ("queue", ours::queue),
    ("queue + fire::due", ours::decide),
    ("queue + planner", ours::planner),
    ("std BinaryHeap", peers::binary_heap),
    ("tokio DelayQueue", peers::delay_queue),
];

/// Best nanoseconds per fire and bytes per schedule of each contestant.
fn measure(size: usize) -> Vec<(f64, f64)> {
    let crons = crons(size);
    let mut contestants = Vec::new();
    let mut cells = Vec::new();
    for (_, start) in CONTESTANTS {
        let before = HEAP.allocated();
        contestants.push(start(&crons));
        cells.push((f64::INFINITY, (HEAP.allocated() - before) as f64 / size as f64));
    }
    let window = window(&crons);
    let mut until = START;
    for _ in 0..ROUNDS {
        until = until + window;
        let mut expected = None;
        for ((contestant, (name, _)), cell) in
            contestants.iter_mut().zip(CONTESTANTS).zip(&mut cells)
        {
            let mut fired = Fired::default();
            let nanos = clock::time(|| fired = contestant.run(until));
            cell.0 = cell.0.min(nanos / fired.count as f64);
            assert_eq!(*expected.get_or_insert(fired), fired, "{name} fires something else");
        }
    }
    cells
}

/// How long the schedules take for about [`FIRES`] fires.
fn window(crons: &[Cron]) -> Span {
    let day = START + Span::from_days(1);
    let sample = crons.len().min(1_000);
    let fires: usize = crons[..sample]
        .iter()
        .map(|&cron| Utc(cron).fires(START).take_while(|at| *at <= day).count())
        .sum();
    let per_day = fires as f64 * (crons.len() as f64 / sample as f64);
    Span::from_secs((86_400.0 * FIRES as f64 / per_day) as i64)
}

/// One row for each contestant, one column for each size.
fn table(title: &str, sizes: &[usize], decimals: usize, cell: &dyn Fn(usize, usize) -> f64) {
    let mut text = format!("\n{title:<28}");
    for size in sizes {
        write!(text, "{size:>11}").expect("a string takes it");
    }
    for (row, (name, _)) in CONTESTANTS.iter().enumerate() {
        write!(text, "\n{name:<28}").expect("a string takes it");
        for column in 0..sizes.len() {
            write!(text, "{:>11.decimals$}", cell(column, row)).expect("a string takes it");
        }
    }
    println!("{text}");
}

fn main() {
    let named = std::env::args().skip(1).map(|size| size.parse().expect("a number of schedules"));
    let named: Vec<usize> = named.collect();
    let sizes = if named.is_empty() { &SIZES[..] } else { &named };
    let columns: Vec<_> = sizes.iter().map(|&size| measure(size)).collect();
    let table = |title: &str, decimals, cell: &dyn Fn(usize, usize) -> f64| {
        table(title, sizes, decimals, cell);
    };
    println!("bar: queue + planner at least 0.70 of the bare heap at every size");
    table("fires/s, ratio to bare", 2, &|column, row| {
        columns[column][0].0 / columns[column][row].0
    });
    table("million fires/s", 2, &|column, row| 1e3 / columns[column][row].0);
    table("ns per fire", 1, &|column, row| columns[column][row].0);
    table("bytes per schedule, measured", 1, &|column, row| columns[column][row].1);
    println!("\nbytes per schedule, computed");
    for (name, bytes) in ours::sizes() {
        println!("{name:<38}{bytes:>6.1}");
    }
}

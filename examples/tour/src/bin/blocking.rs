//! A program without any async: tasks on threads, and calls that wait.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it")]

use std::time::Duration;

use mainspring::blocking::Runtime;
use mainspring::{Scheduler, Task};
use mainspring_memory::MemoryStore;

fn factors(number: u64) -> Result<Vec<u64>, String> {
    let mut rest = number;
    let mut factors = Vec::new();
    for factor in 2..=number {
        while rest.is_multiple_of(factor) {
            factors.push(factor);
            rest /= factor;
        }
    }
    if number > 0 { Ok(factors) } else { Err("nothing divides nothing".to_owned()) }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Runtime::start()?;
    let builder = Scheduler::builder(MemoryStore::default());
    let scheduler = runtime.build(builder.task(Task::blocking("factors", factors)))?;
    let running = scheduler.start()?;
    for number in [360, 97, 0] {
        match scheduler.run(scheduler.job("factors", &number))?.output::<Vec<u64>>() {
            Ok(factors) => println!("{number}: {factors:?}"),
            Err(_) => println!("{number}: failed"),
        }
    }
    println!("left behind: {}", running.stop(Duration::from_secs(5)).left);
    Ok(())
}

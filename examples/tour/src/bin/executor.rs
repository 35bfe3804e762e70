//! An executor of one's own: all runs of some tasks on one thread, which owns what they need.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it")]

use std::cell::RefCell;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use mainspring::{Call, Context, Executor, Outcome, RunEnd, Scheduler, Task, TaskRun};
use mainspring_memory::MemoryStore;
use tokio::sync::oneshot;

/// A thread that nobody else may touch, such as that of an interface, or of a device.
struct Desk(Sender<(Call, oneshot::Sender<RunEnd>)>);

impl Desk {
    fn open() -> Self {
        let (calls, to_do) = channel::<(Call, oneshot::Sender<RunEnd>)>();
        thread::spawn(move || {
            for (call, end) in to_do {
                // Whoever asked may have gone.
                let _ = end.send(call.run());
            }
        });
        Self(calls)
    }
}

impl Executor for Desk {
    type Work = Call;

    fn run(&self, call: Call, _: Context) -> TaskRun {
        let (end, ended) = oneshot::channel();
        let sent = self.0.send((call, end));
        Box::pin(async move {
            let closed = || RunEnd::failure(Outcome::Failed, "the desk is closed");
            if sent.is_err() { closed() } else { ended.await.unwrap_or_else(|_| closed()) }
        })
    }
}

thread_local! {
    /// What only its thread can see.
    static LEDGER: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn sign(name: String) -> Result<usize, String> {
    if name.is_empty() {
        return Err("a name is needed".to_owned());
    }
    LEDGER.with_borrow_mut(|names| {
        names.push(name);
        Ok(names.len())
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let task = Task::on("sign", Desk::open(), sign);
    let scheduler = Scheduler::builder(MemoryStore::default()).task(task).build().await?;
    let running = scheduler.start().await?;
    for name in ["ada", "grace", ""] {
        let end = scheduler.job("sign", name).enqueue_and_wait().await?;
        match end.error() {
            None => println!("{name} is number {}", end.output::<usize>()?),
            Some(why) => println!("{}: {why}", end.outcome()),
        }
    }
    running.stop(Duration::from_secs(5)).await;
    Ok(())
}

//! A node of a cluster that is mistreated: `node STORE NAME JOURNAL`.
//!
//! Its task writes down when it starts and ends. The node starts again and again until its store is
//! there, as a service manager would make it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use mainspring::{Context, Running, Task};
use mainspring_chaos::clock;
use mainspring_chaos::cluster::{LEASE, TASK, Work};
use mainspring_chaos::journal::{Fire, Line, Word};
use mainspring_chaos::store;

type Error = Box<dyn core::error::Error + Send + Sync>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter("warn,mainspring::node=info")
        .init();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [url, name, journal] = &args[..] else {
        return Err("usage: node STORE NAME JOURNAL".into());
    };
    let journal = OpenOptions::new().append(true).create(true).open(journal)?;
    let journal = Arc::new(journal);
    let running = loop {
        match start(url, name, &journal).await {
            Ok(running) => break running,
            Err(error) => tracing::warn!(target: "mainspring::node", %error, "not started"),
        }
        clock::rest(Duration::from_millis(100)).await;
    };
    mainspring::signal::interrupt().await;
    running.stop(Duration::from_secs(10)).await;
    Ok(())
}

async fn start(url: &str, name: &str, journal: &Arc<File>) -> Result<Running, Error> {
    let journal = Arc::clone(journal);
    let work = move |work, run| do_work(Arc::clone(&journal), work, run);
    let task = Task::new(TASK, work);
    let scheduler = store::builder(url).await?.node(name).lease(LEASE).task(task).build().await?;
    Ok(scheduler.start().await?)
}

async fn do_work(journal: Arc<File>, work: Work, run: Context) -> Result<(), Error> {
    say(&journal, Word::Start, &run)?;
    clock::rest(Duration::from_millis(work.ms)).await;
    if work.fails_first && run.attempt() == 1 {
        say(&journal, Word::Fail, &run)?;
        return Err("failed on purpose".into());
    }
    say(&journal, Word::End, &run)?;
    Ok(())
}

/// One write to a file that was opened for appending: lines of several processes stay whole.
fn say(mut journal: &File, word: Word, run: &Context) -> Result<(), Error> {
    let fire = match (run.schedule(), run.fire_at()) {
        (Some(schedule), Some(at)) => Fire { schedule: schedule.to_string(), at },
        _ => Fire::queued(run.job()),
    };
    let (job, attempt, token) = (run.job(), run.attempt(), run.token());
    let (pid, at) = (std::process::id(), clock::wall());
    let line = Line { word, fire, job, attempt, token, pid, at };
    journal.write_all(format!("{line}\n").as_bytes())?;
    Ok(())
}

//! A node of a cluster that is mistreated: `node STORE NAME JOURNAL AHEAD LIMIT BROKER`.
//!
//! Its clock is `AHEAD` seconds ahead, which it knows for its journal only. `LIMIT` is how many
//! jobs may run at a time, and `BROKER` an address; both may be empty.
//!
//! Its task writes down when it starts and ends, and the node, what of that its store has
//! acknowledged. The node starts again and again until its store is there, as a service manager
//! would make it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mainspring::{Context, Event, Events, JobId, Running, Task};
use mainspring_chaos::clock;
use mainspring_chaos::cluster::{LEASE, TASK, Work};
use mainspring_chaos::journal::{Fire, Line, Word};
use mainspring_chaos::store;
use mainspring_core::id::Token;
use mainspring_core::time::Span;

type Error = Box<dyn core::error::Error + Send + Sync>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter("warn,mainspring::node=info")
        .init();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [url, name, journal, ahead, limit, broker] = &args[..] else {
        return Err("usage: node STORE NAME JOURNAL AHEAD LIMIT BROKER".into());
    };
    let file = OpenOptions::new().append(true).create(true).open(journal)?;
    let ahead = Span::from_secs(ahead.parse()?);
    let journal = Arc::new(Journal { file, ahead, ended: Mutex::default() });
    let limit = Some(limit).filter(|limit| !limit.is_empty()).map(|limit| limit.parse());
    let limit = limit.transpose()?;
    let running = loop {
        match start([url, name, broker], limit, &journal).await {
            Ok(running) => break running,
            Err(error) => tracing::warn!(target: "mainspring::node", %error, "not started"),
        }
        clock::rest(Duration::from_millis(100)).await;
    };
    mainspring::signal::interrupt().await;
    running.stop(Duration::from_secs(10)).await;
    Ok(())
}

/// Where lines go, and the runs whose end the store has not acknowledged.
struct Journal {
    file: File,
    /// How far this process's clock is ahead.
    ahead: Span,
    ended: Mutex<Vec<Context>>,
}

impl Journal {
    /// The run of this attempt, which nobody asks for again.
    fn recorded(&self, job: JobId, token: Token) -> Option<Context> {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let at = ended.iter().position(|run| (run.job(), run.token()) == (job, token))?;
        Some(ended.swap_remove(at))
    }
}

async fn start(
    [url, name, broker]: [&str; 3],
    limit: Option<u32>,
    journal: &Arc<Journal>,
) -> Result<Running, Error> {
    let (journal, recorder) = (Arc::clone(journal), Arc::clone(journal));
    let work = move |work, run| do_work(Arc::clone(&journal), work, run);
    let mut task = Task::new(TASK, work);
    if let Some(limit) = limit {
        task = task.max_running(limit);
    }
    let mut builder = store::builder(url).await?.node(name).lease(LEASE).task(task);
    if !broker.is_empty() {
        builder = store::with_broker(builder, broker)?;
    }
    let scheduler = builder.build().await?;
    tokio::spawn(note_records(scheduler.events(), recorder));
    Ok(scheduler.start().await?)
}

/// Writes down what the store has written down.
async fn note_records(mut events: Events, journal: Arc<Journal>) {
    while let Some(event) = events.next().await {
        if let Event::RunRecorded { job, token } = event {
            let found = journal.recorded(job, token);
            // Without this line the matcher knows less, and finds nothing wrong.
            let _ = found.map(|run| say(&journal, Word::Written, &run));
        }
    }
}

async fn do_work(journal: Arc<Journal>, work: Work, run: Context) -> Result<(), Error> {
    say(&journal, Word::Start, &run)?;
    clock::rest(Duration::from_millis(work.ms)).await;
    if work.fails_first && run.attempt() == 1 {
        say(&journal, Word::Fail, &run)?;
        return Err("failed on purpose".into());
    }
    say(&journal, Word::End, &run)?;
    journal.ended.lock().unwrap_or_else(PoisonError::into_inner).push(run);
    Ok(())
}

/// One write to a file that was opened for appending: lines of several processes stay whole.
fn say(journal: &Journal, word: Word, run: &Context) -> Result<(), Error> {
    let fire = match (run.schedule(), run.fire_at()) {
        (Some(schedule), Some(at)) => Fire { schedule: schedule.to_string(), at },
        _ => Fire::queued(run.job()),
    };
    let (job, attempt, token) = (run.job(), run.attempt(), run.token());
    let (pid, at) = (std::process::id(), clock::wall() - journal.ahead);
    let line = Line { word, fire, job, attempt, token, pid, at };
    (&journal.file).write_all(format!("{line}\n").as_bytes())?;
    Ok(())
}

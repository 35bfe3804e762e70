//! What every test here needs: a guard, tasks that report, and questions to a store.

use core::future::Future;
use core::time::Duration;

use mainspring::{Context, Scheduler, Task};
use mainspring_contract::record::{Job, Run, Schedule};
use mainspring_contract::store::{JobFilter, RunFilter, ScheduleFilter, SkipFilter};
use mainspring_contract::{JobId, Store};
use mainspring_core::fire::Skip;
use mainspring_core::lease::LeaseTerms;
use mainspring_core::time::{Span, Timestamp};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::flaky::Flaky;

/// What `work` returns. It is waited for generously: this only ever ends a test that has failed.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), work).await.expect("what must happen happens")
}

/// The next report of a task.
pub(crate) async fn next<T>(reports: &mut UnboundedReceiver<T>) -> T {
    soon(reports.recv()).await.expect("its sender is there")
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Some time ago.
pub(crate) fn past() -> Timestamp {
    Timestamp::UNIX_EPOCH + Span::from_days(10_000)
}

/// A task that reports each of its runs and succeeds.
pub(crate) fn reporting(name: &str) -> (Task, UnboundedReceiver<Context>) {
    let (report, reports) = unbounded_channel();
    let run = move |(): (), context: Context| {
        let report = report.clone();
        async move { report.send(context).map_err(|error| error.to_string()) }
    };
    (Task::new(name, run), reports)
}

/// A task whose runs report and go on until they are told to stop, or until they are sent a word
/// through what they reported.
pub(crate) fn waiting(name: &str) -> (Task, UnboundedReceiver<(Context, UnboundedSender<()>)>) {
    let (report, reports) = unbounded_channel();
    let run = move |(): (), context: Context| {
        let report = report.clone();
        async move {
            let (word, mut words) = unbounded_channel();
            report.send((context, word)).map_err(|error| error.to_string())?;
            words.recv().await.ok_or_else(|| "nobody is there to end this run".to_owned())
        }
    };
    (Task::new(name, run), reports)
}

pub(crate) async fn build(store: &Flaky, tasks: Vec<Task>) -> Scheduler {
    let builder = Scheduler::builder(store.clone());
    let builder = tasks.into_iter().fold(builder, |builder, task| builder.task(task));
    builder.build().await.expect("these tasks are valid")
}

/// The attempts of a job, oldest first.
pub(crate) async fn runs_of(store: &Flaky, job: JobId) -> Vec<Run> {
    let filter = RunFilter { job: Some(job), ..RunFilter::newest(100) };
    let mut runs: Vec<Run> =
        store.runs(&filter).await.expect("listings work").into_iter().map(|v| v.run).collect();
    runs.reverse();
    runs
}

/// The attempts of a job, once it is over.
pub(crate) async fn settled(store: &Flaky, job: JobId) -> Vec<Run> {
    store.until(|| async { runs_of(store, job).await.iter().any(|run| run.settled) }).await;
    runs_of(store, job).await
}

/// The jobs that are not over.
pub(crate) async fn jobs(store: &Flaky) -> Vec<Job> {
    store.jobs(&JobFilter::first(100)).await.expect("listings work")
}

/// The skipped fires of every schedule, newest first.
pub(crate) async fn skips(store: &Flaky) -> Vec<Skip> {
    let views = store.skips(&SkipFilter::newest(1_000)).await.expect("listings work");
    views.into_iter().map(|view| view.skip).collect()
}

/// A lease that is not renewed as long as any test takes.
pub(crate) fn long_lease() -> LeaseTerms {
    LeaseTerms { lease_for: Span::from_hours(6), margin: Span::from_secs(2) }
}

/// The schedules, by name.
pub(crate) async fn schedules(store: &Flaky) -> Vec<Schedule> {
    let views = store.schedules(&ScheduleFilter::first(100)).await.expect("listings work");
    views.into_iter().map(|view| view.schedule).collect()
}

//! Fires and queued jobs run.

use mainspring::{Context, Schedule, Scheduler, Task};
use mainspring_contract::Store;
use mainspring_contract::record::{Conflict, JobState, PutSchedule};
use mainspring_contract::{Clock, Encoded};
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::schedule::Next;
use mainspring_core::settings::{Priority, Timeout};
use mainspring_core::time::Span;
use tokio::sync::mpsc::unbounded_channel;

use crate::flaky::{Flaky, Trouble};
use crate::rig::{
    build, jobs, long_lease, millis, next, past, reporting, runs_of, schedules, settled, waiting,
};

#[tokio::test]
async fn a_fire_runs_once_with_its_arguments_and_context() {
    let store = Flaky::default();
    let (report, mut reports) = unbounded_channel();
    let run = move |arguments: (String, u32), context: Context| {
        let report = report.clone();
        async move { report.send((arguments, context)).map_err(|error| error.to_string()) }
    };
    let scheduler = build(&store, vec![Task::new("greet", run)]).await;
    let running = scheduler.start().await.expect("it starts");
    let schedule = || Schedule::at("once", "greet", past()).arguments(&("world", 7));
    scheduler.put(schedule()).await.expect("it is valid");
    let (arguments, context) = next(&mut reports).await;
    assert_eq!(arguments, ("world".to_owned(), 7));
    assert_eq!(context.task().as_str(), "greet");
    assert_eq!(context.schedule().map(|id| id.as_str()), Some("once"));
    assert_eq!((context.fire_at(), context.attempt()), (Some(past()), 1));
    assert!(context.token() > Token::default() && context.why_cancelled().is_none());
    let runs = settled(&store, context.job()).await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].ended.outcome, Outcome::Succeeded);
    assert_eq!(runs[0].ended.started_at, Some(context.started_at()));
    assert_eq!(runs[0].node.as_ref(), Some(scheduler.node()));
    scheduler.put(schedule()).await.expect("it is valid");
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
    drop(scheduler);
    assert!(reports.recv().await.is_none(), "it ran once");
}

#[tokio::test]
async fn every_fire_runs_in_its_turn() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("tick");
    let scheduler = build(&store, vec![task]).await;
    let running = scheduler.start().await.expect("it starts");
    scheduler.put(Schedule::every("ticks", "tick", millis(50))).await.expect("it is valid");
    let mut last = None;
    for _ in 0..10 {
        let context = next(&mut reports).await;
        let fire_at = context.fire_at().expect("a fire has an instant");
        assert_eq!(fire_at.as_micros() % 50_000, 0);
        assert!(context.started_at() >= fire_at, "never too early");
        assert!(last < Some(fire_at), "each once, in order");
        last = Some(fire_at);
    }
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}

#[tokio::test]
async fn a_queued_job_runs_and_its_result_can_be_read_again_and_again() {
    let store = Flaky::default();
    let double = |number: u32, _: Context| async move { Ok::<_, String>(number * 2) };
    let scheduler = build(&store, vec![Task::new("double", double)]).await;
    let _running = scheduler.start().await.expect("it starts");
    let job = scheduler.enqueue("double", &21_u32).await.expect("it is valid");
    for _ in 0..3 {
        let runs = settled(&store, job).await;
        let detail = runs[0].ended.detail.as_ref().expect("a result");
        let output = detail.output.as_ref().expect("a result");
        assert_eq!(output.from_json::<u32>(1), Ok(42));
        assert_eq!((runs[0].schedule.as_ref(), runs[0].fire_at), (None, None));
    }
}

#[tokio::test]
async fn a_job_of_an_unknown_task_waits_unclaimed_until_somebody_knows_it() {
    let store = Flaky::default();
    let (known, mut reports) = reporting("known");
    let scheduler = build(&store, vec![known]).await;
    let running = scheduler.start().await.expect("it starts");
    let unknown = scheduler.enqueue("unknown", &()).await.expect("it is valid");
    let known = scheduler.enqueue("known", &()).await.expect("it is valid");
    assert_eq!(next(&mut reports).await.job(), known);
    settled(&store, known).await;
    let waiting = jobs(&store).await;
    assert_eq!(
        waiting.iter().map(|job| (job.id, job.token)).collect::<Vec<_>>(),
        [(unknown, Token::default())]
    );
    let (task, mut reports) = reporting("unknown");
    scheduler.replace_tasks(vec![task]).await.expect("it is valid");
    assert_eq!(next(&mut reports).await.job(), unknown);
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}

#[tokio::test]
async fn a_job_whose_task_is_taken_away_while_it_is_claimed_goes_back_without_a_trace() {
    let store = Flaky::default();
    let (task, _reports) = reporting("a");
    let scheduler = build(&store, vec![task]).await;
    let job = scheduler.enqueue("a", &()).await.expect("it is valid");
    store.meets("claim_jobs", Trouble::AnswerLate);
    let running = scheduler.start().await.expect("it starts");
    let leased = |state: &JobState| matches!(state, JobState::Leased { .. });
    store.until(|| async { jobs(&store).await.iter().any(|job| leased(&job.state)) }).await;
    scheduler.replace_tasks(Vec::new()).await.expect("it is valid");
    store.meets("claim_jobs", Trouble::None);
    store.until(|| async { !jobs(&store).await.iter().any(|job| leased(&job.state)) }).await;
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
    let waits = &jobs(&store).await[0];
    assert_eq!((waits.id, waits.attempt()), (job, 1));
    assert_eq!(runs_of(&store, job).await, []);
}

#[tokio::test]
async fn an_unreadable_schedule_is_put_aside_with_its_reason_and_the_others_go_on() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("tick");
    let scheduler = build(&store, vec![task]).await;
    scheduler.put(Schedule::at("a-bad", "tick", past())).await.expect("it is valid");
    scheduler.put(Schedule::at("b-worse", "tick", past())).await.expect("it is valid");
    for (schedule, json) in schedules(&store).await.into_iter().zip(["{", r#"{"moon":{}}"#]) {
        let mut spec = schedule.spec;
        spec.trigger = Encoded { bytes: json.as_bytes().into(), ..spec.trigger };
        let (next, conflict) = (Next::At(past()), Conflict::Replace);
        let put = PutSchedule { spec, next, conflict };
        store.put_schedules(Clock::Server, &[put]).await.expect("a store takes any bytes");
    }
    let running = scheduler.start().await.expect("it starts");
    scheduler.put(Schedule::every("good", "tick", millis(20))).await.expect("it is valid");
    for _ in 0..3 {
        assert_eq!(next(&mut reports).await.schedule().map(|id| id.as_str()), Some("good"));
    }
    let reasons = || async {
        let all = schedules(&store).await;
        all.into_iter().filter_map(|schedule| schedule.quarantine).collect::<Vec<_>>()
    };
    store.until(|| async { reasons().await.len() == 2 }).await;
    assert!(
        reasons().await.iter().all(|reason| reason.contains("trigger")),
        "{:?}",
        reasons().await
    );
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}

#[tokio::test]
async fn a_fire_of_which_only_a_claim_on_jobs_has_told_is_in_time() {
    let store = Flaky::default();
    let (long, mut begun) = waiting("long");
    let (task, mut reports) = reporting("tick");
    let builder = Scheduler::builder(store.clone()).task(long).task(task);
    let builder = builder.max_idle(millis(3_600_000)).lease(long_lease());
    let scheduler = builder.build().await.expect("these tasks are valid");
    scheduler.enqueue("long", &()).await.expect("it is valid");
    store.meets("claim_jobs", Trouble::Down);
    let _running = scheduler.start().await.expect("it starts");
    let asked = |verb| store.calls(verb) > 0;
    store.until(|| async { asked("claim_schedules") && asked("claim_jobs") }).await;
    let elsewhere = build(&store.beside(), Vec::new()).await;
    elsewhere.put(Schedule::at("once", "tick", past())).await.expect("it is valid");
    store.meets("claim_jobs", Trouble::None);
    let (_, word) = next(&mut begun).await;
    assert_eq!(next(&mut reports).await.schedule().map(|id| id.as_str()), Some("once"));
    word.send(()).expect("it waits");
}

#[tokio::test]
async fn a_job_takes_each_setting_from_its_schedule_or_else_from_its_task() {
    let store = Flaky::default();
    let (task, mut reports) = waiting("a");
    let task = task.priority(Priority::LAST).timeout(millis(50_000)).max_rescues(9);
    let scheduler = build(&store, vec![task]).await;
    let _running = scheduler.start().await.expect("it starts");
    let schedule = Schedule::at("once", "a", past()).priority(Priority::FIRST);
    scheduler.put(schedule).await.expect("it is valid");
    let (_, word) = next(&mut reports).await;
    let terms = jobs(&store).await[0].terms;
    assert_eq!(terms.priority, Priority::FIRST);
    assert_eq!(terms.timeout, Timeout::After(Span::from_secs(50)));
    assert_eq!((terms.max_rescues, terms.retry.max), (9, 0));
    word.send(()).expect("it waits");
}

//! What can be asked of a device, and what it answers.

use mainspring_core::fire::Resume;
use mainspring_core::schedule::Policies;
use mainspring_core::task::Task;
use mainspring_core::time::Span;
use mainspring_core::verb::{Cancelled, Enqueue, Enqueued, Paused, Put, Resumed};
use mainspring_embassy::command::{Answer, Command};
use mainspring_embassy::name::{JobId, Name};
use mainspring_embassy::timing::Fires;

use crate::rig::{Bench, TASK, secs, spec, with};

#[test]
fn a_schedule_is_put_paused_resumed_and_removed() {
    let mut bench = Bench::new();
    let beat = spec("beat", Fires::every_secs(10));
    let name = beat.id;
    assert_eq!(bench.tell(Command::Put(beat.clone())), Answer::Put(Put::Created));
    assert_eq!(bench.tell(Command::Put(beat)), Answer::Put(Put::Unchanged));
    bench.pass(secs(15));
    assert_eq!(bench.tell(Command::Pause(name)), Answer::Paused(Paused::Done));
    bench.pass(secs(20));
    let now = Resume::At(bench.engine.clock().now().wall);
    assert_eq!(bench.tell(Command::Resume(name, now)), Answer::Resumed(Resumed::Done));
    bench.pass(secs(10));
    assert_eq!(bench.started("beat"), [10, 40]);
    assert_eq!(bench.tell(Command::Remove(name)), Answer::Removed(true));
    assert_eq!(bench.tell(Command::Remove(name)), Answer::Removed(false));
    bench.pass(secs(20));
    assert_eq!(bench.started("beat"), [10, 40]);
}

#[test]
fn what_came_due_in_a_pause_can_be_caught_up_with() {
    let mut bench = Bench::new();
    let beat = spec("beat", Fires::every_secs(10));
    let name = beat.id;
    bench.put(beat);
    bench.tell(Command::Pause(name));
    bench.pass(secs(25));
    assert_eq!(bench.tell(Command::Resume(name, Resume::Owed)), Answer::Resumed(Resumed::Done));
    bench.pass(secs(10));
    assert_eq!(bench.started("beat"), [25, 30]);
}

#[test]
fn a_pattern_that_is_paused_and_resumed_still_waits_for_the_time() {
    let mut bench = Bench::new();
    let hourly = spec("hourly", Fires::cron("0 * * * *", "UTC0"));
    let name = hourly.id;
    bench.put(hourly.clone());
    bench.tell(Command::Pause(name));
    let now = Resume::At(bench.engine.clock().now().wall);
    assert_eq!(bench.tell(Command::Resume(name, now)), Answer::Resumed(Resumed::Done));
    bench.put(with(hourly, Policies { slack: secs(1), ..Policies::DEFAULT }));
    bench.pass(Span::from_days(1));
    assert!(bench.starts.is_empty());
    bench.set_clock("2026-11-22T09:30:00Z");
    bench.pass(Span::from_hours(1));
    assert_eq!(bench.fires("hourly"), ["2026-11-22T10:00:00Z"]);
}

#[test]
fn a_schedule_runs_by_hand_besides_its_fires() {
    let mut bench = Bench::new();
    let beat = spec("beat", Fires::every_secs(10));
    let name = beat.id;
    bench.put(beat);
    bench.pass(secs(3));
    let told = bench.tell(Command::RunNow(name));
    assert!(matches!(told, Answer::Queued(_, Enqueued::Inserted)), "{told:?}");
    let told = bench.tell(Command::RunNow(Name::of("nobody")));
    assert!(matches!(told, Answer::Queued(_, Enqueued::Missing)), "{told:?}");
    bench.pass(secs(10));
    assert_eq!(bench.started("beat"), [3, 10]);
}

#[test]
fn a_full_ledger_hands_back_what_was_to_be_put() {
    let mut bench = Bench::new();
    for name in ["a", "b", "c", "d"] {
        bench.put(spec(name, Fires::every_secs(10)));
    }
    let fifth = spec("e", Fires::every_secs(10));
    assert_eq!(bench.tell(Command::Put(fifth.clone())), Answer::Full(Command::Put(fifth)));
    for name in ["one", "two"] {
        assert_eq!(bench.tell(Command::PutTask(Task::new(Name::of(name)))), Answer::Done);
    }
    let third = Task::new(Name::of("three"));
    assert_eq!(bench.tell(Command::PutTask(third.clone())), Answer::Full(Command::PutTask(third)));
    let job = Enqueue::new(JobId::queued(TASK, 0), TASK, 0);
    assert_eq!(bench.tell(Command::Enqueue(job.clone())), Answer::Full(Command::Enqueue(job)));
}

#[test]
fn a_job_that_waits_is_cancelled_at_once() {
    let mut bench = Bench::new();
    let id = JobId::queued(TASK, 7);
    let later = Some(bench.engine.clock().now().wall + secs(60));
    let job = Enqueue { ready_at: later, ..Enqueue::new(id, TASK, 0) };
    let told = bench.tell(Command::Enqueue(job.clone()));
    assert_eq!(told, Answer::Queued(id, Enqueued::Inserted));
    assert_eq!(bench.tell(Command::Enqueue(job)), Answer::Queued(id, Enqueued::Exists));
    bench.pass(secs(1));
    assert_eq!(bench.tell(Command::Cancel(id)), Answer::Cancelled(Cancelled::Settled));
    assert_eq!(bench.tell(Command::Cancel(id)), Answer::Cancelled(Cancelled::Missing));
    bench.pass(secs(100));
    assert!(bench.starts.is_empty());
}

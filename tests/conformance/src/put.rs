//! Putting schedules and tasks.

use mainspring_contract::Store;
use mainspring_contract::record::{Conflict, Put, PutSchedule, Task};
use mainspring_contract::{Encoded, Format, Tags};
use mainspring_core::overlap::Overlap;
use mainspring_core::schedule::{Coalesce, Jitter, Next, Policies, Spread};
use mainspring_core::settings::{Backoff, Priority, Retry, Settings, Timeout};

use crate::Subject;
use crate::rig::{Rig, clock, value};
use crate::sample::{at, encoded, replace, schedule_id, secs, source, spec, task, task_id};

/// What is put is what is listed, with the cursor that was asked for.
pub async fn a_new_schedule_is_there_as_it_was_said<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    assert_eq!(rig.put(0, &replace(&spec("a", "t"), at(5))).await, Put::Created);
    let never = PutSchedule { next: Next::Done, ..replace(&spec("b", "t"), at(0)) };
    assert_eq!(rig.put(0, &never).await, Put::Created);
    let a = rig.schedule("a").await.expect("it was put");
    assert_eq!((&a.spec, a.next), (&spec("a", "t"), Next::At(at(5))));
    assert_eq!((a.last_fire_at, a.quarantine), (None, None));
    assert_eq!(rig.schedule("b").await.map(|b| b.next), Some(Next::Done));
}

/// Every field of a schedule survives, including bytes that are no text and unknown formats.
pub async fn a_schedule_is_read_back_word_for_word<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let retry = |backoff, jitter| Some(Retry { max: u16::MAX, backoff, jitter });
    let backoffs = [
        None,
        retry(Backoff::Fixed(secs(3)), 0),
        retry(Backoff::Exponential { first: secs(1), max: secs(60) }, 100),
        retry(Backoff::Linear { first: secs(2), max: secs(9) }, 30),
    ];
    let timeouts = [None, Some(Timeout::Never), Some(Timeout::After(secs(7))), None];
    let bytes =
        Encoded { format: Format::from_code(77), version: u16::MAX, bytes: [0, 255].into() };
    for (n, (retry, timeout)) in backoffs.into_iter().zip(timeouts).enumerate() {
        let mut wanted = spec(&format!("grüße {n}"), "täsk");
        wanted.trigger = bytes.clone();
        wanted.payload = Encoded { bytes: [].into(), ..bytes.clone() };
        wanted.policies = Policies {
            coalesce: Coalesce::ALL[n % 3],
            misfire_grace: retry.map(|_| secs(9)),
            catch_up: u16::MAX,
            jitter: retry.map(|_| Jitter { up_to: secs(5), spread: Spread::ALL[n % 2] }),
            slack: secs(i64::from(n == 1)),
            overlap: Overlap::ALL[n],
            limit: retry.map(|_| u32::MAX),
            after_run: retry.map(|_| secs(8)),
            max_failures: retry.map(|_| u16::MAX),
        };
        wanted.exclusions = retry.map(|_| bytes.clone());
        wanted.tags = match n {
            0 => None,
            1 => Some(Tags::NONE),
            _ => Some(Tags::new(["eu", "gpu"]).expect("tags")),
        };
        wanted.settings = Settings {
            priority: timeout.map(|_| Priority::LAST),
            timeout,
            retry,
            max_rescues: None,
        };
        wanted.paused = n == 2;
        assert_eq!(rig.put(0, &replace(&wanted, at(5))).await, Put::Created);
        let found = rig.schedule(wanted.id.as_str()).await.expect("it was put");
        assert_eq!(found.spec, wanted);
        assert_eq!(rig.put(0, &replace(&wanted, at(5))).await, Put::Unchanged);
    }
}

/// A program that starts again and puts what it always puts disturbs nothing, not even a claim.
pub async fn the_same_words_again_change_nothing<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let put = replace(&spec("a", "t"), at(5));
    assert_eq!(rig.put(0, &put).await, Put::Created);
    rig.claim_due(5, "planner", 1).await;
    let (before, pulse) = (rig.schedule("a").await, rig.pulse(6).await);
    for conflict in [Conflict::Replace, Conflict::Keep, Conflict::Reject] {
        let again = PutSchedule { conflict, next: Next::At(at(99)), ..put.clone() };
        assert_eq!(rig.put(6, &again).await, Put::Unchanged, "{conflict:?}");
    }
    assert_eq!((rig.schedule("a").await, rig.pulse(6).await), (before, pulse));
}

/// The two policies that protect what is there.
pub async fn reject_and_keep_change_nothing<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    assert_eq!(rig.put(0, &replace(&spec("a", "t"), at(5))).await, Put::Created);
    let (before, pulse) = (rig.schedule("a").await, rig.pulse(1).await);
    let other = replace(&spec("a", "other"), at(9));
    let reject = PutSchedule { conflict: Conflict::Reject, ..other.clone() };
    let keep = PutSchedule { conflict: Conflict::Keep, ..other };
    assert_eq!(rig.put(1, &reject).await, Put::Rejected);
    assert_eq!(rig.put(1, &keep).await, Put::Kept);
    assert_eq!((rig.schedule("a").await, rig.pulse(1).await), (before, pulse));
}

/// Editing anything but the trigger does not move the cursor.
pub async fn replacing_raises_the_revision_and_an_unchanged_trigger_keeps_its_cursor<S: Subject>(
    subject: &S,
) {
    let rig = Rig(subject.fresh().await);
    assert_eq!(rig.put(0, &replace(&spec("a", "t"), at(50))).await, Put::Created);
    let before = rig.schedule("a").await.expect("it was put");
    assert_eq!(rig.put(1, &replace(&spec("a", "other"), at(99))).await, Put::Replaced);
    let after = rig.schedule("a").await.expect("it was put");
    assert_eq!((after.next, after.revision), (Next::At(at(50)), before.revision.after_put()));
    assert_eq!(after.spec.task, task_id("other"));
}

/// A new trigger that nothing is owed under starts where it says.
pub async fn a_new_trigger_starts_at_its_own_first_instant<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let mut new = spec("a", "t");
    assert_eq!(rig.put(0, &replace(&new, at(50))).await, Put::Created);
    new.trigger = encoded("another");
    assert_eq!(rig.put(1, &replace(&new, at(20))).await, Put::Replaced);
    assert_eq!(rig.schedule("a").await.map(|a| a.next), Some(Next::At(at(20))));
}

/// A fire that was due when the schedule was edited still happens.
pub async fn replacing_never_loses_a_fire_that_is_owed<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let mut new = spec("a", "t");
    assert_eq!(rig.put(0, &replace(&new, at(5))).await, Put::Created);
    new.trigger = encoded("another");
    assert_eq!(rig.put(5, &replace(&new, at(20))).await, Put::Replaced);
    assert_eq!(rig.schedule("a").await.map(|a| a.next), Some(Next::At(at(5))));
}

/// A file must not take a schedule over that a person made.
pub async fn another_source_is_never_overwritten<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    assert_eq!(rig.put(0, &replace(&spec("a", "t"), at(5))).await, Put::Created);
    let before = rig.schedule("a").await;
    let mut other = spec("a", "t");
    other.source = source("file");
    for conflict in [Conflict::Replace, Conflict::Keep, Conflict::Reject] {
        let put = PutSchedule { conflict, ..replace(&other, at(9)) };
        assert_eq!(rig.put(1, &put).await, Put::OtherSource, "{conflict:?}");
    }
    assert_eq!(rig.schedule("a").await, before);
}

/// Whoever plans the old schedule need not be waited for.
pub async fn replacing_takes_the_claim_away<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    assert_eq!(rig.put(0, &replace(&spec("a", "t"), at(5))).await, Put::Created);
    assert_eq!(rig.claim_due(5, "one", 1).await.len(), 1);
    assert_eq!(rig.put(6, &replace(&spec("a", "other"), at(9))).await, Put::Replaced);
    assert_eq!(rig.claim_due(7, "two", 1).await.len(), 1);
}

/// A batch is one request with many answers.
pub async fn a_batch_is_answered_item_by_item<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let a = replace(&spec("a", "t"), at(5));
    let b = replace(&spec("b", "t"), at(5));
    let a2 = replace(&spec("a", "other"), at(5));
    let answers = value(rig.0.put_schedules(clock(0), &[a.clone(), b, a, a2]).await);
    assert_eq!(answers, [Put::Created, Put::Created, Put::Unchanged, Put::Replaced]);
    let names: Vec<_> =
        rig.schedules(None, 10).await.into_iter().map(|view| view.schedule.spec.id).collect();
    assert_eq!(names, [schedule_id("a"), schedule_id("b")]);
}

/// During a rolling restart the old program's definition of a task does not win.
pub async fn an_older_program_does_not_overwrite_a_task<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, Task { version: 2, ..task("t", Some(1)) }).await;
    rig.put_task(0, Task { version: 1, ..task("t", Some(5)) }).await;
    rig.enqueue_all(0, &[1, 2, 3].map(|n| crate::sample::queued(n, "t"))).await;
    assert_eq!(rig.claim(0, "w", &["t"], 9).await.len(), 1);
    rig.put_task(0, Task { version: 2, ..task("t", Some(2)) }).await;
    assert_eq!(rig.claim(0, "w", &["t"], 9).await.len(), 1);
}

/// Nodes that start again do not make the others reload.
pub async fn a_task_put_again_word_for_word_is_no_change<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, Task { version: 2, ..task("t", Some(1)) }).await;
    let before = rig.pulse(1).await;
    rig.put_task(1, Task { version: 2, ..task("t", Some(1)) }).await;
    rig.put_task(1, Task { version: 1, ..task("t", Some(9)) }).await;
    assert_eq!(rig.pulse(1).await, before);
}

//! Many at once, over two handles of the same data if it can be shared: whatever the order, the
//! sums fit and nobody is left behind.

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;
use std::collections::BTreeSet;

use mainspring_contract::record::{
    Advanced, Conflict, Enqueued, Hold, Job, Put, PutSchedule, Written,
};
use mainspring_contract::store::{JobFilter, RunFilter};
use mainspring_contract::{JobId, Store};
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_core::trigger::Count;

use crate::Subject;
use crate::rig::{Rig, ok};
use crate::sample::{
    advance, at, job_id, keyed, overlapping, queued, replace, schedule_id, spec, task,
};

/// One handle, or two of the same data.
async fn handles<S: Subject>(subject: &S) -> Vec<Rig<S::Store>> {
    let one = Rig(subject.fresh().await);
    let two = Rig(subject.beside(&one.0).await);
    if one.0.capabilities().shared { vec![one, two] } else { vec![one] }
}

/// Lets futures go on in turn until all of them are over.
async fn all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<(Option<Pin<Box<_>>>, Option<T>)> =
        futures.into_iter().map(|future| (Some(Box::pin(future)), None)).collect();
    poll_fn(move |context| {
        for (future, output) in &mut waiting {
            if let Some(Poll::Ready(value)) = future.as_mut().map(|one| one.as_mut().poll(context))
            {
                (*future, *output) = (None, Some(value));
            }
        }
        if waiting.iter().all(|(future, _)| future.is_none()) {
            let outputs = waiting.iter_mut().filter_map(|(_, output)| output.take());
            return Poll::Ready(outputs.collect());
        }
        Poll::Pending
    })
    .await
}

/// Claims and settles until no job is left; every third attempt fails once more.
async fn work<S: Store>(rig: &Rig<S>, worker: usize) -> u32 {
    let (mut settled, name) = (0, format!("w{worker}"));
    while ok(rig.0.count_jobs(&JobFilter::first(1), 0).await) != Count::Exact(0) {
        for job in rig.claim(9, &name, &["t", "few"], 3).await {
            let number = u64::from(job.id.as_bytes()[15]);
            if number % 3 == 0 && job.attempt() == 1 {
                assert_eq!(rig.retry(9, &job, 0).await, Written::Done);
            } else {
                assert_eq!(rig.settle(9, &job, Outcome::Succeeded).await, Written::Done);
                settled += 1;
            }
        }
    }
    settled
}

/// Each attempt once, and each job over once.
pub async fn each_job_is_over_once<S: Subject>(subject: &S) {
    let rigs = handles(subject).await;
    rigs[0].put_task(0, task("few", Some(2))).await;
    let jobs: Vec<_> = (1..=40).map(|n| queued(n, if n % 2 == 0 { "t" } else { "few" })).collect();
    rigs[0].enqueue_all(0, &jobs).await;
    let workers = (0..4).map(|number| work(&rigs[number % rigs.len()], number));
    assert_eq!(all(workers).await.into_iter().sum::<u32>(), 40);
    let runs = rigs[0].runs(&RunFilter::newest(999)).await;
    let attempts: BTreeSet<_> =
        runs.iter().map(|view| (view.run.job, view.run.token.number())).collect();
    assert_eq!((runs.len(), attempts.len()), (40 + 13, 40 + 13));
    assert_eq!(runs.iter().filter(|view| view.run.settled).count(), 40);
}

/// Fires second 1 to 20 of a schedule, as whoever gets there first; says how many became jobs.
async fn plan<S: Store>(rig: &Rig<S>, name: &str) -> u32 {
    let mut inserted = 0;
    loop {
        let schedule = rig.schedule(name).await.expect("it was put");
        let next = schedule.next.at().expect("it never ends");
        if next > at(20) {
            return inserted;
        }
        let after = next + crate::sample::secs(1);
        match rig.advance(30, &advance(&schedule, next, after)).await {
            Advanced::Done { inserted: more, .. } => inserted += more,
            Advanced::Stale => {}
            Advanced::Full => panic!("there is room"),
        }
    }
}

/// Whoever decides about it, and however often.
pub async fn each_fire_is_decided_once<S: Subject>(subject: &S) {
    let rigs = handles(subject).await;
    for (name, overlap) in [("a", Overlap::Allow), ("s", Overlap::Skip), ("q", Overlap::Queue)] {
        let _ = rigs[0].put(0, &replace(&overlapping(name, overlap), at(1))).await;
    }
    for (name, expected) in [("a", 20), ("s", 1), ("q", 2)] {
        let planners = (0..4).map(|number| plan(&rigs[number % rigs.len()], name));
        assert_eq!(all(planners).await.into_iter().sum::<u32>(), expected, "{name}");
        assert_eq!(rigs[0].schedule(name).await.map(|one| one.fired), Some(expected));
        let of = JobFilter { schedule: Some(schedule_id(name)), ..JobFilter::first(99) };
        assert_eq!(ok(rigs[0].0.jobs(&of).await).len(), expected as usize);
        let skipped: u64 = rigs[0].skips_of(name).await.iter().map(|skip| skip.count.value()).sum();
        assert_eq!(skipped, u64::from(20 - expected), "each is noted once");
    }
}

/// Fires come while earlier jobs end: whoever is held goes on when the last of them is over, also if
/// both happen at the same moment.
pub async fn a_held_job_is_never_left_behind<S: Subject>(subject: &S) {
    let rigs = handles(subject).await;
    let _ = rigs[0].put(0, &replace(&overlapping("q", Overlap::Queue), at(1))).await;
    let (one, two) = (&rigs[0], &rigs[rigs.len() - 1]);
    for fire in 1..=20 {
        let running = one.claim(30, "w", &["t"], 9).await;
        assert!(running.len() <= 1, "one at a time");
        let end = async {
            for job in &running {
                assert_eq!(one.settle(30, job, Outcome::Succeeded).await, Written::Done);
            }
        };
        let fire = async {
            let _ = two.fire(30, "q", &[fire], fire + 1).await;
        };
        let both: [Pin<Box<dyn Future<Output = ()>>>; 2] = [Box::pin(end), Box::pin(fire)];
        all(both).await;
    }
    while let Some(job) = one.claim(31, "w", &["t"], 1).await.pop() {
        assert_eq!(one.settle(31, &job, Outcome::Succeeded).await, Written::Done);
    }
    assert_eq!(one.jobs().await, [], "nobody is held for nobody");
}

/// One of those that want it gets a key; of those that replace each other, the last stays.
pub async fn a_key_has_one_holder<S: Subject>(subject: &S) {
    let rigs = handles(subject).await;
    let want = async |number: u64, conflict| {
        let handle = usize::try_from(number).expect("small") % rigs.len();
        rigs[handle].enqueue(0, &keyed(number, "t", "k", Hold::Live, conflict)).await
    };
    let answers = all((1..=8).map(|number| want(number, Conflict::Reject))).await;
    assert_eq!(answers.iter().filter(|answer| **answer == Enqueued::Inserted).count(), 1);
    let holder = rigs[0].jobs().await.iter().map(|job| job.id).collect::<Vec<JobId>>();
    assert_eq!(answers.iter().filter(|one| **one == Enqueued::Rejected(holder[0])).count(), 7);
    let answers = all((11..=18).map(|number| want(number, Conflict::Replace))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Enqueued::Replaced(_))), "{answers:?}");
    let left: Vec<Job> = rigs[0].jobs().await;
    assert_eq!(left.len(), 1);
    let cancelled = rigs[0].runs(&RunFilter::newest(99)).await;
    let gone: BTreeSet<_> = cancelled.iter().map(|view| view.run.job).collect();
    assert_eq!((cancelled.len(), gone.len()), (8, 8), "each that was replaced, once");
}

/// A schedule that several put at once is new to one of them.
pub async fn a_new_schedule_is_created_once<S: Subject>(subject: &S) {
    let rigs = handles(subject).await;
    let put = PutSchedule { conflict: Conflict::Reject, ..replace(&spec("a", "t"), at(5)) };
    let other = PutSchedule { conflict: Conflict::Reject, ..replace(&spec("a", "u"), at(6)) };
    let puts = (0..8).map(|number| {
        rigs[number % rigs.len()].put(0, if number % 2 == 0 { &put } else { &other })
    });
    let answers = all(puts).await;
    assert_eq!(answers.iter().filter(|answer| **answer == Put::Created).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == Put::Unchanged).count(), 3);
    assert_eq!(answers.iter().filter(|answer| **answer == Put::Rejected).count(), 4);
}

/// The same job, queued by several at once, is one job.
pub async fn a_job_queued_by_several_is_one_job<S: Subject>(subject: &S) {
    let rigs = handles(subject).await;
    for number in 1..=5 {
        let job = queued(number, "t");
        let asks = (0..6).map(|handle| rigs[handle % rigs.len()].enqueue(0, &job));
        let answers = all(asks).await;
        assert_eq!(answers.iter().filter(|answer| **answer == Enqueued::Inserted).count(), 1);
        assert_eq!(answers.iter().filter(|answer| **answer == Enqueued::Exists).count(), 5);
        assert!(rigs[0].job(job_id(number)).await.is_some());
    }
}

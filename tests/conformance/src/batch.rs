//! Many requests in one call: each is answered as if it had come alone, one after the other.

use mainspring_contract::Store;
use mainspring_contract::record::{
    Advanced, Cancelled, Conflict, Ended, Enqueue, Enqueued, Hold, Job, Renew, Renewed, Retry,
    Settle, Written,
};
use mainspring_contract::{Detail, JobId};
use mainspring_core::outcome::Outcome;
use mainspring_core::retry::Cause;
use mainspring_core::schedule::Policies;

use crate::Subject;
use crate::rig::{Rig, clock, value};
use crate::sample::{
    advance, at, encoded, ended, job_id, keyed, queued, replace, secs, urgent, with,
};

/// A request may ask twice for the same thing.
pub async fn what_is_named_twice_is_done_once<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let store = &rig.0;
    let key = |number| keyed(number, "t", "k", Hold::Live, Conflict::Keep);
    let jobs = [queued(1, "t"), queued(1, "t"), key(2), key(2), key(3), queued(4, "t")];
    let answers = value(store.enqueue(clock(0), &jobs).await);
    let kept = Enqueued::Kept(job_id(2));
    assert_eq!(
        answers,
        [
            Enqueued::Inserted,
            Enqueued::Exists,
            Enqueued::Inserted,
            Enqueued::Exists,
            kept,
            Enqueued::Inserted
        ]
    );
    let job = rig.claim(1, "w", &["t"], 1).await.remove(0);
    let renew = Renew { job: job.id, token: job.token, lease_for: secs(60) };
    let renewed = value(store.renew(clock(1), &[renew.clone(), renew]).await);
    assert_eq!(renewed, [Renewed::Kept { cancel: false }; 2]);
    let settle = Settle { job: job.id, token: job.token, ended: ended(Outcome::Succeeded, at(2)) };
    let failed = Settle { ended: ended(Outcome::Failed, at(2)), ..settle.clone() };
    let written = value(store.settle(clock(2), &[settle.clone(), failed, settle]).await);
    assert_eq!(written, [Written::Done, Written::LeaseLost, Written::Done]);
    assert_eq!(rig.runs_of(job.id).await.len(), 1);
    let cancelled = value(store.cancel(clock(3), &[job_id(2), job_id(2), job_id(9)]).await);
    assert_eq!(cancelled, [Cancelled::Settled, Cancelled::Over, Cancelled::Missing]);
}

/// Decisions about several schedules, one of them stale and one named twice.
pub async fn advances_are_answered_item_by_item<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let mut requests = Vec::new();
    for name in ["a", "b", "c"] {
        let limit = (name == "b").then_some(1);
        let spec = with(name, Policies { limit, ..Policies::DEFAULT });
        let _ = rig.put(0, &replace(&spec, at(5))).await;
        let schedule = rig.schedule(name).await.expect("it was put");
        requests.push(advance(&schedule, at(5), at(15)));
    }
    let _ = rig.pause(1, "c").await;
    requests.push(requests[0].clone());
    let answers = value(rig.0.advance(clock(5), &requests).await);
    let inserted = |answer: &Advanced| match answer {
        Advanced::Done { inserted, .. } => Some(*inserted),
        Advanced::Stale | Advanced::Full => None,
    };
    let inserted: Vec<_> = answers.iter().map(inserted).collect();
    assert_eq!(inserted, [Some(1), Some(1), None, Some(0)], "the last is the first once more");
    assert_eq!(rig.jobs().await.len(), 2);
    assert_eq!(rig.schedule("b").await.and_then(|one| one.next.at()), None, "its limit");
}

/// A thousand jobs are queued, claimed and settled in one call each.
pub async fn a_large_batch_is_one_call<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let jobs: Vec<_> = (1..=1_000).map(|number| queued(number, "t")).collect();
    rig.enqueue_all(0, &jobs).await;
    let claimed = rig.claim(1, "w", &["t"], 2_000).await;
    let ids: Vec<JobId> = claimed.iter().map(|job| job.id).collect();
    assert_eq!(ids, (1..=1_000).map(job_id).collect::<Vec<_>>());
    let settles: Vec<_> = claimed
        .iter()
        .map(|job| Settle {
            job: job.id,
            token: job.token,
            ended: ended(Outcome::Succeeded, at(2)),
        })
        .collect();
    let written = value(rig.0.settle(clock(2), &settles).await);
    assert_eq!(written, vec![Written::Done; 1_000]);
    assert_eq!(rig.jobs().await, []);
}

/// A batch in which most jobs are alike, some are not, one is large, and some are known.
pub async fn jobs_of_a_batch_keep_what_is_their_own<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let wanted = |number: u64| {
        let length = if number == 33 { 5_000 } else { number % 7 };
        let payload = encoded(&"x".repeat(usize::try_from(length).expect("a small number")));
        let priority = if number.is_multiple_of(100) { 0 } else { 4 };
        Enqueue { payload, ..urgent(number, "t", priority) }
    };
    let mut jobs: Vec<_> = (1..=400).map(wanted).collect();
    let known: [usize; 3] = [50, 200, 399];
    for &number in &known {
        rig.enqueue_all(0, &jobs[number - 1..number]).await;
    }
    jobs.push(wanted(7));
    let answers = value(rig.0.enqueue(clock(0), &jobs).await);
    let exists = |number: &usize| known.contains(number) || *number == jobs.len();
    let expected = (1..=jobs.len()).map(|number| match exists(&number) {
        true => Enqueued::Exists,
        false => Enqueued::Inserted,
    });
    assert_eq!(answers, expected.collect::<Vec<_>>());
    let mut order: Vec<u64> = (1..=400).collect();
    order.sort_by_key(|number| !number.is_multiple_of(100));
    let claimed = rig.claim(1, "w", &["t"], 1_000).await;
    let claimed: Vec<_> = claimed.into_iter().map(|job| (job.id, job.payload)).collect();
    let expected: Vec<_> =
        order.iter().map(|&number| (job_id(number), wanted(number).payload)).collect();
    assert_eq!(claimed, expected);
}

/// A batch of ends in which some come too late.
pub async fn only_what_is_leased_is_settled_with_its_batch<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let jobs: Vec<_> = (1..=300).map(|number| queued(number, "t")).collect();
    rig.enqueue_all(0, &jobs).await;
    let settles = |jobs: &[Job]| {
        let ended = ended(Outcome::Succeeded, at(2));
        let settle = |job: &Job| Settle { job: job.id, token: job.token, ended: ended.clone() };
        jobs.iter().map(settle).collect::<Vec<_>>()
    };
    let mut late = rig.claim(1, "w", &["t"], 10).await;
    for job in &late {
        assert_eq!(rig.release(1, job).await, Written::Done);
    }
    let claimed = rig.claim(1, "v", &["t"], 300).await;
    let others = settles(&claimed);
    let (done, rest) = others.split_at(20);
    assert_eq!(value(rig.0.settle(clock(2), done).await), vec![Written::Done; 20]);
    late.extend(claimed.iter().skip(20).cloned());
    let written = value(rig.0.settle(clock(3), &settles(&late)).await);
    let lost = |number: usize| if number < 10 { Written::LeaseLost } else { Written::Done };
    assert_eq!(written, (0..290).map(lost).collect::<Vec<_>>());
    assert_eq!(value(rig.0.settle(clock(4), rest).await), vec![Written::Done; 280], "once more");
    assert_eq!(rig.jobs().await, []);
    assert_eq!(rig.runs_of(claimed[0].id).await.len(), 1);
}

/// Long texts, quotes, other scripts and control characters; a store that cannot keep a NUL puts
/// U+FFFD in its place, because a job must be over whatever its task has to say.
pub async fn what_a_run_left_behind_is_kept_whatever_it_is<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let texts = [
        "'; DROP TABLE jobs; --\"`".to_owned(),
        "two\nlines\t\u{1}\u{7f} and \u{1f9ed} \u{5e9}\u{5dc}\u{5d5}\u{5dd}".to_owned(),
        "a\0b".to_owned(),
        "x".repeat(200_000),
        String::new(),
    ];
    for (number, text) in (1..).zip(texts) {
        for (retried, id) in [(false, number), (true, number + 100)] {
            rig.enqueue_all(0, &[queued(id, "t")]).await;
            let job = rig.claim_one(1, "w", "t").await;
            let detail = Detail { output: Some(encoded(&text)), error: Some(text.clone()) };
            let ended = Ended { detail: Some(detail), ..ended(Outcome::Failed, at(2)) };
            let (job, token) = (job.id, job.token);
            let written = if retried {
                let (after, cause) = (secs(0), Cause::Failure);
                let retry = Retry { job, token, after, cause, ended };
                value(rig.0.retry(clock(2), &[retry]).await)
            } else {
                value(rig.0.settle(clock(2), &[Settle { job, token, ended }]).await)
            };
            assert_eq!(written, [Written::Done]);
            let kept = rig.runs_of(job).await.remove(0).ended.detail.expect("it is there");
            assert_eq!(kept.output, Some(encoded(&text)));
            let plain = |text: String| text.replace('\0', "\u{fffd}");
            assert_eq!(kept.error.map(plain), Some(plain(text.clone())));
            let _ = rig.cancel(3, job).await;
        }
    }
}

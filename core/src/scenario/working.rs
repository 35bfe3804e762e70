//! Lives in which work is what goes wrong.

use super::*;

/// A worker that has claimed job 1 and has been asked nothing since.
fn claimed(rig: &mut Rig) {
    assert_eq!(rig.enqueue(1, Settings::NONE), Enqueued::Inserted);
    let Some(output @ worker::Output::Claim { .. }) = rig.worker.poll(rig.now) else {
        panic!("a fresh worker asks for jobs")
    };
    rig.work(output);
    assert_eq!(rig.worker.len(), 1);
}

/// For how many jobs a worker with 16 places asks when one run has just ended and more jobs are
/// said to be there.
fn asks_for(settles_travel: bool) -> u32 {
    let mut rig = Rig::new();
    if settles_travel {
        rig.worker.settles_travel();
    }
    claimed(&mut rig);
    let Some(worker::Output::Run(job)) = rig.worker.poll(rig.now) else { panic!("a job") };
    rig.running.insert(job.id, (job, rig.now, rig.now));
    let more = rig.worker.poll(rig.now).expect("where one job was, there may be more");
    rig.work(more);
    rig.end_run(1, Outcome::Succeeded);
    rig.worker.handle(worker::Input::Hint, rig.now);
    let ended = rig.worker.poll(rig.now);
    assert!(matches!(ended, Some(worker::Output::Settle { .. })), "{ended:?}");
    match rig.worker.poll(rig.now) {
        Some(worker::Output::Claim { max, .. }) => max,
        other => panic!("a claim follows, not {other:?}"),
    }
}

#[test]
fn a_place_is_claimed_for_before_it_is_free_only_if_its_settle_travels_with_the_claim() {
    assert_eq!((asks_for(false), asks_for(true)), (15, 16));
}

#[test]
fn a_job_that_comes_back_to_its_stubborn_former_run_is_not_asked_for_over_and_over() {
    let mut rig = Rig::new();
    rig.behaviour.takes = Span::from_secs(60);
    rig.stubborn = true;
    assert_eq!(rig.enqueue(5, Settings::NONE), Enqueued::Inserted);
    rig.pass(Span::from_secs(1));
    rig.store_is_down = true;
    rig.pass(Span::from_secs(20));
    rig.store_is_down = false;
    rig.claims = 0;
    rig.pass(Span::from_secs(35));
    assert_eq!(rig.started.len(), 1, "the former run goes on");
    assert!(rig.claims < 100, "{}", rig.claims);
    rig.behaviour.takes = Span::from_secs(1);
    rig.pass(Span::from_secs(15));
    assert_eq!(rig.started.len(), 2);
    assert_eq!(rig.outcomes().last(), Some(&Outcome::Succeeded));
}

#[test]
fn a_run_that_cannot_start_here_goes_back_and_leaves_no_trace() {
    let mut rig = Rig::new();
    claimed(&mut rig);
    let Some(worker::Output::Run(job)) = rig.worker.poll(rig.now) else { panic!("a job") };
    let input = worker::Input::Unstarted { job: job.id, token: job.token };
    rig.worker.handle(input, rig.now);
    rig.worker.handle(worker::Input::Stop, rig.now);
    rig.drain();
    assert!(rig.worker.is_idle());
    let job = rig.store.jobs().next().expect("the job is there");
    assert!(matches!(job.state, JobState::Waiting { .. }) && job.attempt() == 1);
}

#[test]
fn what_a_run_has_done_is_kept_while_it_takes_long_to_be_written_down() {
    let mut rig = Rig::new();
    claimed(&mut rig);
    let Some(worker::Output::Run(job)) = rig.worker.poll(rig.now) else { panic!("a job") };
    let (token, outcome, now) = (job.token, Outcome::Succeeded, rig.now.wall);
    let ended = Ended { outcome, started_at: Some(now), finished_at: now, detail: None };
    let input = worker::Input::Finished { job: job.id, token, ended, ask: Ask::Nothing };
    rig.worker.handle(input, rig.now);
    let Some(worker::Output::Settle { .. }) = rig.worker.poll(rig.now) else { panic!("a settle") };
    // The store has not answered when the lease is to be renewed.
    let at = rig.worker.deadline(rig.now).expect("something is under way");
    assert!(at <= LeaseTerms::DEFAULT.renew_at(rig.now.mono));
    rig.now = Now { mono: LeaseTerms::DEFAULT.renew_at(rig.now.mono), ..rig.now };
    let mut renewed = None;
    while let Some(output) = rig.worker.poll(rig.now) {
        if let worker::Output::Renew { ticket, renew } = output {
            renewed = Some((ticket, renew.job));
        }
    }
    let (ticket, id) = renewed.expect("the lease is kept");
    assert_eq!(id, job.id);
    let lost = worker::Input::Renewed { ticket, job: id, result: Ok(Renewed::LeaseLost) };
    rig.worker.handle(lost, rig.now);
    while let Some(output) = rig.worker.poll(rig.now) {
        assert!(!matches!(output, worker::Output::Renew { .. }), "a lost lease is not asked for");
    }
}

#[test]
fn a_claim_from_before_a_sleep_is_not_trusted() {
    let mut asleep_before_answer = Rig::new();
    let rig = &mut asleep_before_answer;
    assert_eq!(rig.enqueue(1, Settings::NONE), Enqueued::Inserted);
    let output = rig.worker.poll(rig.now).expect("a fresh worker asks for jobs");
    rig.worker.handle(worker::Input::ClockJumped, rig.now);
    rig.work(output);
    assert!(matches!(rig.worker.poll(rig.now), Some(worker::Output::Release { .. })));

    let mut asleep_before_start = Rig::new();
    let rig = &mut asleep_before_start;
    claimed(rig);
    rig.worker.handle(worker::Input::ClockJumped, rig.now);
    assert!(matches!(rig.worker.poll(rig.now), Some(worker::Output::Release { .. })));
}

#[test]
fn a_run_that_was_told_to_stop_hears_it_at_once_when_its_node_is_told_to_ask() {
    let mut rig = Rig::new();
    rig.behaviour.takes = Span::from_secs(60);
    for id in [1, 2] {
        assert_eq!(rig.enqueue(id, Settings::NONE), Enqueued::Inserted);
    }
    rig.pass(Span::from_millis(10));
    assert_eq!(rig.started.len(), 2);
    let asked = rig.store.cancel(&1, rig.now.wall, &mut rig.records);
    assert_eq!(asked, Cancelled::Asked);
    rig.worker.handle(worker::Input::Verify(worker::Suspects::Job(1)), rig.now);
    rig.pass(Span::from_millis(10));
    assert_eq!(rig.outcomes(), [Outcome::Cancelled]);
    assert!(rig.running.contains_key(&2), "nobody else is disturbed");
}

#[test]
fn only_runs_that_overlap_may_cancel_are_suspected_with_their_schedule() {
    let mut rig = Rig::new();
    claimed(&mut rig);
    let Some(worker::Output::Run(job)) = rig.worker.poll(rig.now) else { panic!("a job") };
    for (schedule, watched, asks) in [(9, true, false), (1, false, false), (1, true, true)] {
        let mut worker =
            Worker::<Numbers, Room>::new(&Inline, LeaseTerms::DEFAULT, limits::MAX_IDLE);
        worker.adopt(Job { schedule: Some(1), watched, ..job.clone() }, rig.now).expect("room");
        while worker.poll(rig.now).is_some() {}
        worker.handle(worker::Input::Verify(worker::Suspects::Schedule(schedule)), rig.now);
        let renews = matches!(worker.poll(rig.now), Some(worker::Output::Renew { .. }));
        assert_eq!(renews, asks, "{schedule} {watched}");
    }
}

#[test]
fn a_renewal_from_before_a_sleep_is_not_trusted() {
    let mut rig = Rig::new();
    claimed(&mut rig);
    let Some(worker::Output::Run(job)) = rig.worker.poll(rig.now) else { panic!("a job") };
    rig.now = rig.now.after(Span::from_secs(5));
    let renewal = |rig: &mut Rig| {
        let mut outputs = core::iter::from_fn(|| rig.worker.poll(rig.now));
        let ticket = outputs.find_map(|output| match output {
            worker::Output::Renew { ticket, .. } => Some(ticket),
            _ => None,
        });
        ticket.expect("a lease is renewed")
    };
    let old = renewal(&mut rig);
    rig.worker.handle(worker::Input::ClockJumped, rig.now);
    let new = renewal(&mut rig);
    assert_ne!(old, new);
    let answer = |ticket, verdict| worker::Input::Renewed { ticket, job: 1, result: Ok(verdict) };
    rig.worker.handle(answer(new, Renewed::LeaseLost), rig.now);
    rig.worker.handle(answer(old, Renewed::Kept { cancel: false }), rig.now);
    let why = Outcome::LeaseLost;
    let abort = worker::Output::Abort { job: 1, token: job.token, why };
    assert_eq!(rig.worker.poll(rig.now), Some(abort));
}

#[test]
fn an_interrupted_job_no_longer_expires() {
    let mut rig = Rig::new();
    rig.behaviour.takes = Span::from_secs(60);
    let start_by = Some(rig.now.wall + Span::from_secs(2));
    let settings = Settings::NONE;
    let job = Enqueue { settings, start_by, ..Enqueue::new(5, TASK, 0) };
    assert_eq!(rig.store.enqueue(job, rig.now.wall, &mut rig.records), Ok(Enqueued::Inserted));
    rig.pass(Span::from_secs(10));
    rig.worker.handle(worker::Input::Abort, rig.now);
    rig.pass(Span::from_secs(70));
    assert_eq!(rig.outcomes(), [Outcome::Interrupted, Outcome::Succeeded]);
}

#[test]
fn a_run_that_takes_its_time_to_stop_is_dropped_when_its_lease_ends() {
    let mut rig = Rig::new();
    rig.behaviour.takes = Span::from_mins(60);
    rig.stubborn = true;
    let timeout = Some(Timeout::After(Span::from_secs(3)));
    assert_eq!(rig.enqueue(5, Settings { timeout, ..Settings::NONE }), Enqueued::Inserted);
    rig.pass(Span::from_secs(4));
    let Some((job, ..)) = rig.running.values().next().cloned() else { panic!("it runs") };
    let lost = worker::Output::Abort { job: 5, token: job.token, why: Outcome::LeaseLost };
    rig.store_is_down = true;
    let mut aborts = Vec::new();
    for _ in 0..15 {
        rig.now = rig.now.after(Span::from_secs(1));
        while let Some(output) = rig.worker.poll(rig.now) {
            if matches!(output, worker::Output::Abort { .. }) {
                aborts.push(output);
            } else {
                rig.work(output);
            }
        }
    }
    assert_eq!(
        aborts.as_slice(),
        core::slice::from_ref(&lost),
        "its lease is no longer to be trusted"
    );

    let mut refused = Rig::new();
    let rig = &mut refused;
    claimed(rig);
    let Some(worker::Output::Run(job)) = rig.worker.poll(rig.now) else { panic!("a job") };
    rig.worker.handle(worker::Input::Abort, rig.now);
    assert!(matches!(rig.worker.poll(rig.now), Some(worker::Output::Abort { .. })));
    rig.now = rig.now.after(Span::from_secs(5));
    let mut outputs = core::iter::from_fn(|| rig.worker.poll(rig.now));
    let renewal = outputs.find_map(|output| match output {
        worker::Output::Renew { ticket, .. } => Some(ticket),
        _ => None,
    });
    let ticket = renewal.expect("a lease is renewed");
    let input = worker::Input::Renewed { ticket, job: 1, result: Ok(Renewed::LeaseLost) };
    rig.worker.handle(input, rig.now);
    let why = Outcome::LeaseLost;
    let abort = worker::Output::Abort { job: 1, token: job.token, why };
    assert_eq!(rig.worker.poll(rig.now), Some(abort));
}

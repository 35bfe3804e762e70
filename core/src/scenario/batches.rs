//! Lives in which more jobs wait than one claim can bring.

use super::*;
use crate::id::Ticket;
use crate::room::Boxed;

const BATCH: u32 = limits::JOBS_PER_CLAIM;

/// A worker with places for two whole batches, and a store that hands it out job after job.
struct Crowd {
    worker: Worker<Numbers, Boxed>,
    now: Now,
    given: u64,
    /// Settles that the store has not answered.
    settles: Vec<(Ticket, u64)>,
}

impl Crowd {
    fn new() -> Self {
        let mut worker =
            Worker::new(&Boxed(2 * BATCH as usize), LeaseTerms::DEFAULT, limits::MAX_IDLE);
        worker.settles_travel();
        let now = Now { wall: at(1_000), mono: Mono::from_micros(7) };
        Self { worker, now, given: 0, settles: Vec::new() }
    }

    /// For how many jobs each claim asks that it sends now.
    fn claims(&mut self) -> Vec<(Ticket, u32)> {
        let mut claims = Vec::new();
        while let Some(output) = self.worker.poll(self.now) {
            match output {
                worker::Output::Claim { ticket, max, .. } => claims.push((ticket, max)),
                worker::Output::Settle { ticket, settle } => {
                    self.settles.push((ticket, settle.job))
                }
                _ => {}
            }
        }
        claims
    }

    /// Answers so many of the oldest settles and the claim that they travelled with.
    fn answer(&mut self, settles: usize, ticket: Ticket, count: u32) {
        let pulse = Store::new(Inline, Inline, Inline).pulse(self.now.wall);
        for (ticket, job) in self.settles.drain(..settles) {
            let result = Ok((Written::Done, pulse));
            self.worker.handle(worker::Input::Written { ticket, job, result }, self.now);
        }
        for _ in 0..count {
            let job = Enqueue::new(self.given, TASK, 0).job(&Task::new(TASK), self.now.wall);
            self.worker
                .adopt(job, self.now)
                .expect("no claim asks for more than there is room for");
            self.given += 1;
        }
        let result = Ok((count, pulse));
        self.worker.handle(worker::Input::Claimed { ticket, result }, self.now);
    }

    fn end(&mut self, jobs: core::ops::Range<u64>) {
        for job in jobs {
            let (outcome, finished_at) = (Outcome::Succeeded, self.now.wall);
            let ended = Ended { outcome, started_at: None, finished_at, detail: None };
            let (token, ask) = (Token::default(), Ask::Nothing);
            self.worker.handle(worker::Input::Finished { job, token, ended, ask }, self.now);
        }
    }
}

/// The only one.
fn one(claims: &[(Ticket, u32)], max: u32) -> Ticket {
    let [(ticket, asked)] = *claims else { panic!("one claim, not {claims:?}") };
    assert_eq!(asked, max);
    ticket
}

#[test]
fn where_whole_batches_wait_two_claims_are_under_way() {
    let mut crowd = Crowd::new();
    let first = one(&crowd.claims(), BATCH);
    crowd.answer(0, first, BATCH);
    let mut older = one(&crowd.claims(), BATCH);
    let batch = u64::from(BATCH);
    let mut settles = 0;
    for round in 0..5 {
        crowd.end(round * batch..(round + 1) * batch);
        // What has ended makes room for what travels with its settles.
        let younger = one(&crowd.claims(), BATCH);
        crowd.answer(settles, older, BATCH);
        assert_eq!(crowd.claims(), [], "the window is full");
        (older, settles) = (younger, BATCH as usize);
    }
}

#[test]
fn claims_that_are_under_way_together_may_be_answered_in_any_order() {
    let mut crowd = Crowd::new();
    let first = one(&crowd.claims(), BATCH);
    crowd.answer(0, first, BATCH);
    let older = one(&crowd.claims(), BATCH);
    crowd.end(0..u64::from(BATCH));
    let younger = one(&crowd.claims(), BATCH);
    crowd.answer(BATCH as usize, younger, BATCH);
    assert_eq!(crowd.claims(), [], "there is no room beside the older claim");
    crowd.answer(0, older, 1);
    // What is left is less than a batch, and there may be more.
    one(&crowd.claims(), BATCH - 1);
    assert!(!crowd.worker.is_idle());
}

#[test]
fn both_claims_may_leave_with_what_has_ended_together() {
    let mut crowd = Crowd::new();
    let first = one(&crowd.claims(), BATCH);
    crowd.answer(0, first, BATCH);
    let second = one(&crowd.claims(), BATCH);
    crowd.answer(0, second, BATCH);
    assert_eq!(crowd.claims(), []);
    crowd.end(0..2 * u64::from(BATCH));
    let maxima: Vec<u32> = crowd.claims().iter().map(|(_, max)| *max).collect();
    assert_eq!(maxima, [BATCH, BATCH]);
}

#[test]
fn a_claim_that_brought_less_than_a_batch_is_followed_by_one_at_a_time() {
    let mut crowd = Crowd::new();
    let first = one(&crowd.claims(), BATCH);
    crowd.answer(0, first, BATCH - 1);
    one(&crowd.claims(), BATCH);
    crowd.end(0..u64::from(BATCH - 1));
    assert_eq!(crowd.claims(), [], "the first one is under way");
}

#[test]
fn a_worker_asks_for_no_more_jobs_at_once_than_it_was_told_to() {
    let mut crowd = Crowd::new();
    crowd.worker.jobs_per_claim(10);
    let first = one(&crowd.claims(), 10);
    crowd.answer(0, first, 10);
    // It was a whole batch, and there is room for more than one.
    let claims = crowd.claims();
    assert_eq!(claims.iter().map(|(_, max)| *max).collect::<Vec<_>>(), [10, 10]);
    crowd.answer(0, claims[0].0, 9);
    assert_eq!(crowd.claims(), [], "one is under way, and no whole batch waits");
}

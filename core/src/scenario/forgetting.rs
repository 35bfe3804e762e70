//! What a ledger of fixed size forgets, so that there is room for what comes.

use super::*;

type Tight = Ledger<Numbers, Inline<1>, Inline<2>, Inline<8>>;

fn queue(ledger: &mut Tight, id: u64, task: u16, tags: u8) -> Result<Enqueued<u64>, Full<()>> {
    let job = Enqueue { tags: Some(tags), ..Enqueue::new(id, task, 0) };
    ledger.enqueue(job, at(0), &mut ())
}

#[test]
fn a_task_that_nobody_put_goes_with_its_last_job() {
    let mut ledger = Tight::new(Inline, Inline, Inline);
    for (id, task) in (1..).zip(1..=9) {
        for id in [id, 100 + id] {
            assert_eq!(queue(&mut ledger, id, task, 0), Ok(Enqueued::Inserted), "task {task}");
        }
        for id in [id, 100 + id] {
            assert_eq!(ledger.cancel(&id, at(0), &mut ()), Cancelled::Settled);
        }
    }
}

#[test]
fn a_task_whose_job_found_no_room_takes_none() {
    let mut ledger = Tight::new(Inline, Inline, Inline);
    // Both sets of tags are taken, but only one place for a task.
    assert_eq!(queue(&mut ledger, 1, 1, 1), Ok(Enqueued::Inserted));
    assert_eq!(queue(&mut ledger, 2, 1, 2), Ok(Enqueued::Inserted));
    assert_eq!(queue(&mut ledger, 3, 2, 0), Err(Full(())));
    assert_eq!(ledger.cancel(&1, at(0), &mut ()), Cancelled::Settled);
    assert_eq!(queue(&mut ledger, 4, 3, 0), Ok(Enqueued::Inserted));
}

#[test]
fn a_task_that_somebody_put_stays() {
    let mut ledger = Tight::new(Inline, Inline, Inline);
    let task = Task { max_running: Some(0), ..Task::new(1) };
    ledger.put_task(task).expect("there is room");
    assert_eq!(queue(&mut ledger, 1, 1, 0), Ok(Enqueued::Inserted));
    assert_eq!(ledger.cancel(&1, at(0), &mut ()), Cancelled::Settled);
    assert_eq!(queue(&mut ledger, 2, 1, 0), Ok(Enqueued::Inserted));
    let claim =
        ClaimJobs { node: NODE, tasks: &[1], tags: &0, lease_for: Span::from_secs(9), max: 9 };
    ledger.claim_jobs(&claim, at(0), |job| panic!("its limit is forgotten: {job:?}"));
}

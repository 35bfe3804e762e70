//! Jobs on their way into the store.

use std::collections::HashMap;

use mainspring_contract::TaskId;
use mainspring_contract::record::{Enqueue, Enqueued, Job, Task};
use mainspring_core::domain::Origin;
use mainspring_core::job::Change;
use mainspring_core::overlap::Admission;
use mainspring_core::verb::Contest;

use crate::chain::{self, Beside};
use crate::schedules::{self, Found};
use crate::transaction::Transaction;
use crate::{finish, jobs, keys, tasks};

/// Queues jobs.
pub(crate) async fn enqueue(
    tx: &mut Transaction<'_>,
    requests: &[Enqueue],
) -> Result<Vec<Enqueued>, sqlx::Error> {
    let mut known: HashMap<&TaskId, Task> = HashMap::new();
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        if !known.contains_key(&request.task) {
            known.insert(&request.task, tasks::find(tx, &request.task).await?);
        }
        let answer = match known.get(&request.task) {
            Some(task) => enqueue_one(tx, request, task).await?,
            None => Enqueued::Missing,
        };
        answers.push(answer);
    }
    Ok(answers)
}

async fn enqueue_one(
    tx: &mut Transaction<'_>,
    request: &Enqueue,
    task: &Task,
) -> Result<Enqueued, sqlx::Error> {
    let job = request.clone().job(task, tx.now());
    if request.unique.is_none() && request.extra.is_none() {
        let inserted = jobs::insert(tx, &job).await?;
        return Ok(if inserted { Enqueued::Inserted } else { Enqueued::Exists });
    }
    if jobs::is_known(tx, &request.id).await? {
        return Ok(Enqueued::Exists);
    }
    let contest = match &request.unique {
        Some((unique, conflict)) => keys::contest(tx, &job.task, &unique.key, *conflict).await?,
        None => Contest::Free,
    };
    if let Contest::Lost(answer) = contest {
        return Ok(answer);
    }
    let mut admission = Admission::Ready;
    let mut watched = false;
    if let Some(extra) = &request.extra {
        let found = schedules::find(tx, &extra.schedule).await?;
        let Some(Found { schedule: Ok(schedule), .. }) = found else {
            return Ok(Enqueued::Missing);
        };
        let policies = schedule.spec.policies;
        watched = policies.watches();
        if extra.origin != Origin::Backfill {
            let replaced = match &contest {
                Contest::Replace(holder) => Some(holder),
                _ => None,
            };
            let beside = Beside { schedule: &extra.schedule, last: true, replaced };
            admission = chain::admit(tx, policies.overlap, beside).await?;
        }
    }
    let Some(job) = job.admitted(admission) else { return Ok(Enqueued::Overlapped) };
    if let Contest::Replace(holder) = &contest {
        // If it is of the same schedule, overlap may have cancelled it already.
        if let Some(replaced) = jobs::find(tx, holder).await? {
            let done = finish::end(tx, replaced, &Change::Cancel, None).await?;
            debug_assert!(done.is_ok(), "a waiting job is over when it is cancelled");
        }
        // What it held for a while after its end goes to the new one at once.
        keys::forget(tx, &job, holder).await?;
    }
    let job = Job { watched, ..job };
    keys::take(tx, &job).await?;
    jobs::insert(tx, &job).await?;
    Ok(match contest {
        Contest::Replace(holder) => Enqueued::Replaced(holder),
        _ => Enqueued::Inserted,
    })
}

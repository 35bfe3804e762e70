//! Verbs inside a transaction that somebody else has begun and will end: what a program writes to
//! its own tables, and the job that stands for it, last together or not at all.
//!
//! Nothing is tried again here: a transaction that was in somebody's way is over for all who take
//! part in it, and its owner begins anew. Nodes that lie idle learn of new jobs with their next
//! question to the store.

use super::work::Work;
use super::{Done, Tables};
use crate::record::{Enqueue, Enqueued, Settle, Written};

/// Queues jobs.
///
/// # Errors
/// Whatever the database says. The transaction must not be committed then.
pub async fn enqueue<T: Tables>(tables: T, jobs: &[Enqueue]) -> Done<Vec<Enqueued>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut work = Work::new(tables);
    let answers = work.enqueue(jobs).await?;
    work.leave().await?;
    Ok(answers)
}

/// Records last attempts.
///
/// # Errors
/// Whatever the database says. The transaction must not be committed then.
pub async fn settle<T: Tables>(tables: T, settles: &[Settle]) -> Done<Vec<Written>> {
    if settles.is_empty() {
        return Ok(Vec::new());
    }
    let mut work = Work::new(tables);
    let answers = work.settle(settles).await?;
    work.leave().await?;
    Ok(answers)
}

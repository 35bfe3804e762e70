//! Handing out ready jobs.

use mainspring_contract::Tags;
use mainspring_contract::record::{ClaimJobs, Job};
use mainspring_contract::tables::Row;
use mainspring_core::job::Change;
use mainspring_sql::json::names;
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::jobs;
use crate::transaction::{Bind, Transaction};

type Done<T> = Result<T, sqlx::Error>;

/// Whether a claim would find anything.
pub(crate) async fn any_claimable(tx: &mut Transaction<'_>, claim: &ClaimJobs<'_>) -> Done<bool> {
    Ok(!ready(tx, claim, 1, 0).await?.is_empty())
}

/// Leases ready jobs. `turn` says which task comes first.
pub(crate) async fn claim(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    max: u32,
    turn: u32,
) -> Done<Vec<Row<Job, i64>>> {
    let now = tx.now();
    let until = now + claim.lease_for;
    let take = Change::Claim { node: claim.node.clone(), until };
    let (mut found, mut taken) = (Vec::new(), Vec::new());
    let ready = ready(tx, claim, max, turn).await?;
    for (seq, job) in ready.iter().zip(jobs::at(tx, &ready).await?) {
        let Some(mut job) = job else { continue };
        if let Ok(job) = &mut job {
            if job.apply(&take, now).is_err() {
                continue;
            }
            taken.push(*seq);
        }
        found.push(job);
    }
    if !taken.is_empty() {
        let statement = tx.sql(|sql| &sql.job_lease).bind(Value::from(taken).to_string());
        let statement = statement.bind(claim.node.as_str().to_owned()).at(until);
        tx.run(statement).await?;
    }
    Ok(found)
}

/// The numbers of jobs that this claim may have, in the order in which it is to have them.
async fn ready(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    max: u32,
    turn: u32,
) -> Done<Vec<i64>> {
    let lanes = lanes(tx, claim, max, turn).await?;
    let now = tx.now();
    let statement = match &lanes[..] {
        [] => return Ok(Vec::new()),
        // Nobody's turn has to be found out.
        [Lane { task, room, tags, .. }] => {
            let statement = tx.sql(|sql| &sql.job_ready).bind(task.clone()).bind(tags.clone());
            statement.at(now).bind(i64::from(max).min(*room))
        }
        lanes => {
            let lanes =
                lanes.iter().map(|lane| json!([lane.task, lane.place, lane.room, lane.tags]));
            let lanes = Value::from_iter(lanes).to_string();
            tx.sql(|sql| &sql.job_claimable).bind(lanes).at(now).bind(i64::from(max))
        }
    };
    let row = statement.fetch_one(tx.connection()).await?;
    serde_json::from_str(row.try_get("ready")?).map_err(|e| sqlx::Error::Decode(e.into()))
}

/// A set of tags that waiting jobs of a task need.
struct Lane {
    task: String,
    /// When it is the task's turn.
    place: i64,
    /// How many more jobs of the task may run.
    room: i64,
    tags: String,
}

/// The lanes of waiting jobs that this claim may look into.
async fn lanes(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    max: u32,
    turn: u32,
) -> Done<Vec<Lane>> {
    let tasks = names(claim.tasks);
    let statement = tx.sql(|sql| &sql.job_lanes).bind(tasks).bind(i64::from(max));
    let rows = tx.rows(statement.bind(i64::from(turn))).await?;
    let mut lanes = Vec::with_capacity(rows.len());
    for row in rows {
        let (task, tags): (&str, &str) = (row.try_get("task")?, row.try_get("tags")?);
        // A job whose tags cannot be read is to be found, and settled for that.
        if Tags::from_text(tags).is_ok_and(|needed| !claim.tags.covers(&needed)) {
            continue;
        }
        let (place, room): (i64, i64) = (row.try_get("place")?, row.try_get("room")?);
        lanes.push(Lane { task: task.to_owned(), place, room, tags: tags.to_owned() });
    }
    Ok(lanes)
}

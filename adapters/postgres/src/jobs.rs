//! The rows of jobs: known, insert, lock, update, renew, lapsed, bury, and the chain of a schedule.

use std::collections::{HashMap, HashSet};

use mainspring_contract::record::{Job, JobState, Renew, Renewed, Rescue};
use mainspring_contract::store::Place;
use mainspring_contract::tables::{Damaged, Done, FoundJobs, Link as ChainLink};
use mainspring_contract::{JobId, ScheduleId};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::columns::{self, ids, uuid};
use crate::row::{self, RowId};
use crate::schedules::texts;
use crate::statements::{Statement, query};
use crate::transaction::Transaction;

/// Where a job in the state with this number stands.
const fn place(state: i16) -> Option<Place> {
    match state {
        0 => Some(Place::Waiting),
        1 => Some(Place::Leased),
        2 => Some(Place::Held),
        _ => None,
    }
}

/// Which of these jobs exist, or existed and are over.
pub(crate) async fn known(tx: &mut Transaction<'_>, wanted: &[JobId]) -> Done<Vec<bool>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.all(query(&tx.common.sql.job_known).bind(ids(wanted))).await?;
    let found = rows.iter().map(|row| row.try_get(0)).collect::<Result<HashSet<Uuid>, _>>();
    let found = found.map_err(|error| tx.error(error))?;
    Ok(wanted.iter().map(|id| found.contains(&uuid(id))).collect())
}

/// Which of these jobs the list in a row's first column names; all of them, if there is none.
pub(crate) fn unless_all<'a>(
    tx: &Transaction<'_>,
    wanted: impl ExactSizeIterator<Item = &'a JobId>,
    row: &PgRow,
) -> Done<Vec<bool>> {
    let some: Option<Vec<Uuid>> = row.try_get(0).map_err(|error| tx.error(error))?;
    let Some(some) = some else { return Ok(vec![true; wanted.len()]) };
    let some: HashSet<Uuid> = some.into_iter().collect();
    Ok(wanted.map(|id| some.contains(&uuid(id))).collect())
}

/// The schedules that have to hear of the end of these jobs.
pub(crate) async fn watchers(
    tx: &mut Transaction<'_>,
    wanted: &[JobId],
) -> Done<Vec<Option<ScheduleId>>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.all(query(&tx.common.sql.job_watchers).bind(ids(wanted))).await?;
    let found = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get::<String, _>(1)?)));
    let found = found.collect::<Result<HashMap<Uuid, _>, _>>().map_err(|error| tx.error(error))?;
    let schedule = |id: &JobId| ScheduleId::new(found.get(&uuid(id))?.as_str()).ok();
    Ok(wanted.iter().map(schedule).collect())
}

/// The jobs of these ids that are not over, locked in the order of their ids.
pub(crate) async fn lock(tx: &mut Transaction<'_>, wanted: &[JobId]) -> Done<FoundJobs<RowId>> {
    let statement = query(&tx.common.sql.job_lock);
    locked(tx, statement, wanted).await
}

/// The same without waiting for others.
pub(crate) async fn lock_now(tx: &mut Transaction<'_>, wanted: &[JobId]) -> Done<FoundJobs<RowId>> {
    let statement = query(&tx.common.sql.job_lock_now);
    locked(tx, statement, wanted).await
}

async fn locked(
    tx: &mut Transaction<'_>,
    statement: Statement<'_>,
    wanted: &[JobId],
) -> Done<FoundJobs<RowId>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.all(statement.bind(ids(wanted))).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let id: Uuid = row.try_get(0).map_err(|error| tx.error(error))?;
        found.insert(id, row::job_or_damaged(&row).map_err(|error| tx.error(error))?);
    }
    Ok(wanted.iter().map(|id| found.remove(&uuid(id))).collect())
}

/// Writes what can change about jobs; those that are over leave the table.
pub(crate) async fn update(tx: &mut Transaction<'_>, jobs: &[Job]) -> Done<()> {
    let over = |job: &&Job| matches!(job.state, JobState::Settled { .. });
    let gone = ids(jobs.iter().filter(over).map(|job| &job.id));
    if !gone.is_empty() {
        tx.run(query(&tx.common.sql.job_delete).bind(gone)).await?;
    }
    let live: Vec<&Job> = jobs.iter().filter(|job| !over(job)).collect();
    if live.is_empty() {
        return Ok(());
    }
    let lease = |job: &&Job| match &job.state {
        JobState::Leased { lease, cancel } => Some((lease.node.to_string(), lease.until, *cancel)),
        _ => None,
    };
    let leases: Vec<_> = live.iter().map(lease).collect();
    let ready_at = |job: &&Job| match job.state {
        JobState::Held { ready_at } | JobState::Waiting { ready_at } => Some(ready_at.as_micros()),
        JobState::Leased { .. } | JobState::Settled { .. } => None,
    };
    let statement = query(&tx.common.sql.job_update)
        .bind(ids(live.iter().map(|job| &job.id)))
        .bind(live.iter().map(|job| i32::from(job.counts.failures)).collect::<Vec<_>>())
        .bind(live.iter().map(|job| i32::from(job.counts.rescues)).collect::<Vec<_>>())
        .bind(live.iter().map(|job| i64::from(job.token.number())).collect::<Vec<_>>())
        .bind(live.iter().map(|job| columns::state(&job.state)).collect::<Vec<_>>())
        .bind(live.iter().map(ready_at).collect::<Vec<_>>())
        .bind(leases.iter().map(|lease| lease.as_ref().map(|l| l.0.as_str())).collect::<Vec<_>>())
        .bind(leases.iter().map(|l| l.as_ref().map(|l| l.1.as_micros())).collect::<Vec<_>>())
        .bind(leases.iter().map(|lease| lease.as_ref().is_some_and(|l| l.2)).collect::<Vec<_>>())
        .bind(live.iter().map(|job| columns::at(job.start_by)).collect::<Vec<_>>())
        .bind(tx.now.as_micros());
    tx.run(statement).await?;
    Ok(())
}

/// Prolongs leases of these tokens.
pub(crate) async fn renew(tx: &mut Transaction<'_>, renews: &[Renew]) -> Done<Vec<Renewed>> {
    if renews.is_empty() {
        return Ok(Vec::new());
    }
    let until = |renew: &Renew| (tx.now + renew.lease_for).as_micros();
    let statement = query(&tx.common.sql.job_renew)
        .bind(ids(renews.iter().map(|renew| &renew.job)))
        .bind(renews.iter().map(|renew| i64::from(renew.token.number())).collect::<Vec<_>>())
        .bind(renews.iter().map(until).collect::<Vec<_>>());
    let rows = tx.all(statement).await?;
    let kept = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let kept = kept.collect::<Result<HashMap<Uuid, bool>, _>>().map_err(|error| tx.error(error))?;
    let answer = |renew: &Renew| match kept.get(&uuid(&renew.job)) {
        Some(&cancel) => Renewed::Kept { cancel },
        None => Renewed::LeaseLost,
    };
    Ok(renews.iter().map(answer).collect())
}

/// Jobs of which a rescue has to take care.
pub(crate) async fn lapsed(
    tx: &mut Transaction<'_>,
    rescue: &Rescue,
    max: u32,
) -> Done<Vec<JobId>> {
    let statement = match rescue {
        Rescue::Lapsed => query(&tx.common.sql.job_lapsed).bind(tx.now.as_micros()),
        Rescue::HeldBy(node) => query(&tx.common.sql.job_held_by).bind(node.as_str()),
    };
    let rows = tx.all(statement.bind(i64::from(max))).await?;
    let ids = rows.iter().map(job_id).collect::<Result<_, _>>();
    ids.map_err(|error| tx.error(error))
}

/// The job that a row names in its first column.
fn job_id(row: &PgRow) -> Result<JobId, sqlx::Error> {
    Ok(JobId::from_bytes(row.try_get::<Uuid, _>(0)?.into_bytes()))
}

/// Settles jobs whose rows cannot be read; their keys become free.
pub(crate) async fn bury(tx: &mut Transaction<'_>, rows: &[Damaged<RowId>]) -> Done<()> {
    let bad = rows.iter().filter_map(|row| match &row.row {
        RowId::Job(id) => Some((uuid(id), row.why.as_str())),
        RowId::Schedule(_) => None,
    });
    let (jobs, reasons): (Vec<_>, Vec<_>) = bad.unzip();
    if jobs.is_empty() {
        return Ok(());
    }
    let statement =
        query(&tx.common.sql.job_bury).bind(jobs).bind(reasons).bind(tx.now.as_micros());
    tx.run(statement).await?;
    Ok(())
}

/// Which of these schedules have a job that is held.
pub(crate) async fn any_held(
    tx: &mut Transaction<'_>,
    schedules: &[ScheduleId],
) -> Done<Vec<bool>> {
    let statement = query(&tx.common.sql.chain_held);
    named(tx, statement, schedules).await
}

/// Which of these schedules have a job in turn that waits or is leased.
pub(crate) async fn any_free(
    tx: &mut Transaction<'_>,
    schedules: &[ScheduleId],
) -> Done<Vec<bool>> {
    let statement = query(&tx.common.sql.chain_any_free);
    named(tx, statement, schedules).await
}

/// Which of these schedules a statement names.
async fn named(
    tx: &mut Transaction<'_>,
    statement: Statement<'_>,
    schedules: &[ScheduleId],
) -> Done<Vec<bool>> {
    if schedules.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.all(statement.bind(texts(schedules))).await?;
    let found = rows.iter().map(|row| row.try_get(0)).collect::<Result<HashSet<String>, _>>();
    let found = found.map_err(|error| tx.error(error))?;
    Ok(schedules.iter().map(|id| found.contains(id.as_str())).collect())
}

/// The jobs of each of these schedules that are not over, the newest first, locked in the order of
/// their ids.
pub(crate) async fn lock_chains(
    tx: &mut Transaction<'_>,
    schedules: &[ScheduleId],
) -> Done<Vec<Vec<ChainLink>>> {
    if schedules.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.all(query(&tx.common.sql.chain_lock).bind(texts(schedules))).await?;
    let mut chains: HashMap<String, Vec<(i64, ChainLink)>> = HashMap::new();
    for row in rows {
        let link = (|| {
            let link = ChainLink {
                job: job_id(&row)?,
                // A job that cannot be read is in the way of others until it is found.
                place: place(row.try_get(2)?).unwrap_or(Place::Waiting),
                watched: row.try_get(3)?,
            };
            Ok((row.try_get(1)?, row.try_get(4)?, link))
        })();
        let (schedule, seq, link): (String, _, _) = link.map_err(|error| tx.error(error))?;
        chains.entry(schedule).or_default().push((seq, link));
    }
    let chain = |id: &ScheduleId| {
        let mut chain = chains.remove(id.as_str()).unwrap_or_default();
        chain.sort_by_key(|&(seq, _)| core::cmp::Reverse(seq));
        chain.into_iter().map(|(_, link)| link).collect()
    };
    Ok(schedules.iter().map(chain).collect())
}

/// Makes a schedule hear of the end of these jobs.
pub(crate) async fn watch(tx: &mut Transaction<'_>, jobs: &[JobId]) -> Done<()> {
    if !jobs.is_empty() {
        tx.run(query(&tx.common.sql.chain_watch).bind(ids(jobs))).await?;
    }
    Ok(())
}

/// Lets held jobs wait.
pub(crate) async fn free(tx: &mut Transaction<'_>, jobs: &[JobId]) -> Done<()> {
    if !jobs.is_empty() {
        let statement = query(&tx.common.sql.chain_free).bind(ids(jobs)).bind(tx.now.as_micros());
        tx.run(statement).await?;
    }
    Ok(())
}

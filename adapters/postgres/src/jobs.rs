//! The rows of jobs: known, insert, lock, update, renew, lapsed, bury, and the chain of a schedule.

use std::collections::{HashMap, HashSet};

use mainspring_contract::record::{Job, JobState, Renew, Renewed, Rescue};
use mainspring_contract::tables::{Damaged, Done, Link as ChainLink, Place, Row};
use mainspring_contract::{JobId, ScheduleId};
use mainspring_core::domain::Origin;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::columns::{self, ids, uuid};
use crate::row::{self, RowId};
use crate::statements::query;
use crate::transaction::{Link, Transaction};

/// Where a job in the state with this number stands.
pub(crate) const fn place(state: i16) -> Option<Place> {
    match state {
        0 => Some(Place::Waiting),
        1 => Some(Place::Leased),
        2 => Some(Place::Held),
        _ => None,
    }
}

/// Which of these jobs exist, or existed and are over.
pub(crate) async fn known<C: Link>(tx: &mut Transaction<C>, wanted: &[JobId]) -> Done<Vec<bool>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.all(query(&tx.sql.job_known).bind(ids(wanted))).await?;
    among(tx, wanted.iter(), &rows)
}

/// Which of these jobs the rows name in their first column.
pub(crate) fn among<'a, C: Link>(
    tx: &Transaction<C>,
    wanted: impl ExactSizeIterator<Item = &'a JobId>,
    rows: &[PgRow],
) -> Done<Vec<bool>> {
    // All of them, as a rule: then nobody has to look which.
    if rows.len() == wanted.len() {
        return Ok(vec![true; rows.len()]);
    }
    let found = rows.iter().map(|row| row.try_get::<Uuid, _>(0)).collect::<Result<HashSet<_>, _>>();
    let found = found.map_err(|error| tx.error(error))?;
    Ok(wanted.map(|id| found.contains(&uuid(id))).collect())
}

/// The jobs of these ids that are not over, locked in the order of their ids.
pub(crate) async fn lock<C: Link>(
    tx: &mut Transaction<C>,
    wanted: &[JobId],
) -> Done<Vec<Option<Row<Job, RowId>>>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.all(query(&tx.sql.job_lock).bind(ids(wanted))).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let id: Uuid = row.try_get(0).map_err(|error| tx.error(error))?;
        found.insert(id, row::job_or_damaged(&row).map_err(|error| tx.error(error))?);
    }
    Ok(wanted.iter().map(|id| found.remove(&uuid(id))).collect())
}

/// Writes what can change about jobs; those that are over leave the table.
pub(crate) async fn update<C: Link>(tx: &mut Transaction<C>, jobs: &[Job]) -> Done<()> {
    let over = |job: &&Job| matches!(job.state, JobState::Settled { .. });
    let gone = ids(jobs.iter().filter(over).map(|job| &job.id));
    if !gone.is_empty() {
        tx.run(query(&tx.sql.job_delete).bind(gone)).await?;
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
    let statement = query(&tx.sql.job_update)
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
pub(crate) async fn renew<C: Link>(
    tx: &mut Transaction<C>,
    renews: &[Renew],
) -> Done<Vec<Renewed>> {
    if renews.is_empty() {
        return Ok(Vec::new());
    }
    let until = |renew: &Renew| (tx.now + renew.lease_for).as_micros();
    let statement = query(&tx.sql.job_renew)
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

/// Jobs of which a rescue has to take care, locked.
pub(crate) async fn lapsed<C: Link>(
    tx: &mut Transaction<C>,
    rescue: &Rescue,
    max: u32,
) -> Done<Vec<Row<Job, RowId>>> {
    let statement = match rescue {
        Rescue::Lapsed => query(&tx.sql.job_lapsed).bind(tx.now.as_micros()),
        Rescue::HeldBy(node) => query(&tx.sql.job_held_by).bind(node.as_str()),
    };
    let rows = tx.all(statement.bind(i64::from(max))).await?;
    let jobs = rows.iter().map(row::job_or_damaged).collect::<Result<Vec<_>, _>>();
    jobs.map_err(|error| tx.error(error))
}

/// Whether a rescue would find anything.
pub(crate) async fn any_lapsed<C: Link>(tx: &mut Transaction<C>, rescue: &Rescue) -> Done<bool> {
    let statement = match rescue {
        Rescue::Lapsed => query(&tx.sql.job_any_lapsed).bind(tx.now.as_micros()),
        Rescue::HeldBy(node) => query(&tx.sql.job_any_held_by).bind(node.as_str()),
    };
    let row = tx.one(statement).await?;
    row.try_get(0).map_err(|error| tx.error(error))
}

/// Settles jobs whose rows cannot be read; their keys become free.
pub(crate) async fn bury<C: Link>(tx: &mut Transaction<C>, rows: &[Damaged<RowId>]) -> Done<()> {
    let bad = rows.iter().filter_map(|row| match &row.row {
        RowId::Job(id) => Some((uuid(id), row.why.as_str())),
        RowId::Schedule(_) => None,
    });
    let (jobs, reasons): (Vec<_>, Vec<_>) = bad.unzip();
    if jobs.is_empty() {
        return Ok(());
    }
    let statement = query(&tx.sql.job_bury).bind(jobs).bind(reasons).bind(tx.now.as_micros());
    tx.run(statement).await?;
    Ok(())
}

/// The jobs of a schedule that are not over, the newest first, locked.
pub(crate) async fn lock_chain<C: Link>(
    tx: &mut Transaction<C>,
    schedule: &ScheduleId,
) -> Done<Vec<ChainLink>> {
    let rows = tx.all(query(&tx.sql.chain_lock).bind(schedule.as_str())).await?;
    let mut chain = Vec::with_capacity(rows.len());
    for row in rows {
        let link = (|| {
            let (state, origin): (i16, i16) = (row.try_get(1)?, row.try_get(2)?);
            Ok(ChainLink {
                job: JobId::from_bytes(row.try_get::<Uuid, _>(0)?.into_bytes()),
                // A job that cannot be read is in the way of others until it is found.
                place: place(state).unwrap_or(Place::Waiting),
                origin: u8::try_from(origin)
                    .ok()
                    .and_then(Origin::from_code)
                    .unwrap_or(Origin::Fire),
                watched: row.try_get(3)?,
            })
        })();
        chain.push(link.map_err(|error| tx.error(error))?);
    }
    Ok(chain)
}

/// Makes a schedule hear of the end of these jobs.
pub(crate) async fn watch<C: Link>(tx: &mut Transaction<C>, jobs: &[JobId]) -> Done<()> {
    if !jobs.is_empty() {
        tx.run(query(&tx.sql.chain_watch).bind(ids(jobs))).await?;
    }
    Ok(())
}

/// Lets held jobs wait.
pub(crate) async fn free<C: Link>(tx: &mut Transaction<C>, jobs: &[JobId]) -> Done<()> {
    if !jobs.is_empty() {
        let statement = query(&tx.sql.chain_free).bind(ids(jobs)).bind(tx.now.as_micros());
        tx.run(statement).await?;
    }
    Ok(())
}

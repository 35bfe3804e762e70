//! The rows of jobs.

use std::collections::{HashMap, HashSet};

use mainspring_contract::record::{Job, JobState, Renew, Renewed, Rescue};
use mainspring_contract::tables::{Damaged, Done, Link, Row};
use mainspring_contract::{JobId, ScheduleId};
use mainspring_core::time::Timestamp;
use mainspring_sql::column::Columns;
use mainspring_sql::json::JsonRows;
use mainspring_sql::{read, write};

use crate::error;
use crate::row::{self, Cols, Values};
use crate::statements::{Statement, Statements, Text, padded, parts};
use crate::transaction::{Id, Transaction};

/// Which of these jobs exist, or existed and are over.
pub(crate) async fn known(tx: &mut Transaction<'_>, ids: &[JobId]) -> Done<Vec<bool>> {
    let mut known = HashSet::new();
    for list in padded(ids) {
        let statement = bind(tx.common.sql.job_known.repeated(list.len()), &list);
        let rows = tx.all(bind(statement, &list)).await?;
        known.extend(rows.iter().filter_map(|row| read::job_id(&Cols(row), "id").ok()));
    }
    Ok(ids.iter().map(|id| known.contains(id)).collect())
}

/// Adds jobs that wait or are held, except those that are known; which were added.
///
/// First they are inserted, and then those are taken back that turn out to be over: a job of the
/// same name that somebody else settled in between left the table before ours could come in, and
/// its record was committed with that.
pub(crate) async fn insert(tx: &mut Transaction<'_>, jobs: &[Job]) -> Done<Vec<bool>> {
    let max_packet = tx.common.max_packet;
    let mut added = HashSet::with_capacity(jobs.len());
    for part in parts(jobs, max_packet, bytes) {
        if let Some(long) = part.iter().find(|job| bytes(job) > max_packet) {
            let what = format!("job {}", long.id);
            return Err(error::too_long(&tx.common.name, &what, bytes(long), max_packet));
        }
        added.extend(insert_part(tx, part).await?);
    }
    let ids: Vec<_> = added.iter().copied().collect();
    let over = select(tx, |sql| &sql.run_known, "job", &ids).await?;
    if !over.is_empty() {
        delete(tx, &over).await?;
        for id in over {
            added.remove(&id);
        }
    }
    Ok(jobs.iter().map(|job| added.contains(&job.id)).collect())
}

/// Adds those of these jobs that are not there.
async fn insert_part(tx: &mut Transaction<'_>, jobs: &[Job]) -> Done<Vec<JobId>> {
    match try_insert(tx, jobs.iter()).await {
        Ok(()) => return Ok(jobs.iter().map(|job| job.id).collect()),
        Err(why) if error::is_duplicate(&why) => {}
        Err(why) => return Err(tx.failed(why)),
    }
    // Only the statement failed, not the transaction. What is there now is locked, so it stays.
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    let there = select(tx, |sql| &sql.job_exist, "id", &ids).await?;
    let there: HashSet<_> = there.into_iter().collect();
    let rest: Vec<_> = jobs.iter().filter(|job| !there.contains(&job.id)).collect();
    for part in parts(&rest, usize::MAX, |_| 1) {
        // One that appeared in this very moment makes the verb start over.
        let done = try_insert(tx, part.iter().copied()).await;
        done.map_err(|why| tx.failed(why))?;
    }
    Ok(rest.into_iter().map(|job| job.id).collect())
}

async fn try_insert<'a>(
    tx: &mut Transaction<'_>,
    jobs: impl ExactSizeIterator<Item = &'a Job> + Send,
) -> Result<(), sqlx::Error> {
    if jobs.len() == 0 {
        return Ok(());
    }
    let (count, mut values) = (jobs.len(), Values::default());
    for job in jobs {
        write::job(job, &mut values);
    }
    let statement = tx.common.sql.job_insert.rows(count, values);
    tx.try_execute(statement).await?;
    Ok(())
}

/// About how many bytes of a packet a job takes.
fn bytes(job: &Job) -> usize {
    ROW_BYTES + job.payload.bytes.len()
}

/// The schedules that have to hear of the end of these jobs.
pub(crate) async fn watchers(
    tx: &mut Transaction<'_>,
    ids: &[JobId],
) -> Done<Vec<Option<ScheduleId>>> {
    let mut found = HashMap::new();
    for list in padded(ids) {
        let statement = bind(tx.common.sql.job_watchers.repeated(list.len()), &list);
        for row in tx.all(statement).await? {
            let row = Cols(&row);
            if let Ok(id) = read::job_id(&row, "id") {
                found.insert(id, ScheduleId::new(row.lossy("schedule")).ok());
            }
        }
    }
    Ok(ids.iter().map(|id| found.remove(id).flatten()).collect())
}

/// The jobs of these ids that are not over, locked; without waiting if `now` says so.
pub(crate) async fn lock(
    tx: &mut Transaction<'_>,
    ids: &[JobId],
    now: bool,
) -> Done<Vec<Option<Row<Job, Id>>>> {
    let mut found = HashMap::with_capacity(ids.len());
    for list in padded(ids) {
        let sql = &tx.common.sql;
        let text = if now { &sql.job_lock_now } else { &sql.job_lock };
        let statement = bind(text.repeated(list.len()), &list);
        for row in tx.all(statement).await? {
            let row = Cols(&row);
            if let Ok(id) = read::job_id(&row, "id") {
                found.insert(id, job(&row));
            }
        }
    }
    Ok(ids.iter().map(|id| found.remove(id)).collect())
}

/// The job of a row.
pub(crate) fn job(row: &Cols<'_>) -> Row<Job, Id> {
    read::job(row).map_err(|why| Damaged {
        row: row.raw("id"),
        watched_by: read::watched_by(row),
        why: why.to_string(),
    })
}

/// Writes what can change about jobs; those that are over leave the table.
pub(crate) async fn update(tx: &mut Transaction<'_>, jobs: &[Job]) -> Done<()> {
    let is_over = |job: &&Job| matches!(job.state, JobState::Settled { .. });
    let over: Vec<_> = jobs.iter().filter(is_over).map(|job| job.id).collect();
    delete(tx, &over).await?;
    if over.len() == jobs.len() {
        return Ok(());
    }
    let rest = jobs.iter().filter(|job| !is_over(job));
    let (rows, ids) = JsonRows::of(rest, write::job_update).into_parts();
    let statement = tx.common.sql.job_update.query();
    tx.execute(statement.bind(rows).bind(ids)).await?;
    Ok(())
}

/// Prolongs leases.
pub(crate) async fn renew(tx: &mut Transaction<'_>, renews: &[Renew]) -> Done<Vec<Renewed>> {
    let ids: Vec<_> = renews.iter().map(|renew| renew.job).collect();
    let mut leased = HashMap::with_capacity(ids.len());
    for list in padded(&ids) {
        let statement = bind(tx.common.sql.job_renewable.repeated(list.len()), &list);
        for row in tx.all(statement).await? {
            let row = Cols(&row);
            if let (Ok(id), Ok(token), Ok(Some(cancel))) =
                (read::job_id(&row, "id"), row::token(&row), row.flag("cancel"))
            {
                leased.insert(id, (token, cancel));
            }
        }
    }
    let now = tx.now();
    let mut kept: HashMap<Timestamp, Vec<JobId>> = HashMap::new();
    let mut answers = Vec::with_capacity(renews.len());
    for renew in renews {
        answers.push(match leased.get(&renew.job) {
            Some(&(token, cancel)) if token == renew.token => {
                kept.entry(now + renew.lease_for).or_default().push(renew.job);
                Renewed::Kept { cancel }
            }
            _ => Renewed::LeaseLost,
        });
    }
    for (until, ids) in kept {
        for list in padded(&ids) {
            let statement = tx.common.sql.job_renew.repeated(list.len()).bind(until.as_micros());
            tx.execute(bind(statement, &list)).await?;
        }
    }
    Ok(answers)
}

/// Jobs of which a rescue has to take care.
pub(crate) async fn lapsed(
    tx: &mut Transaction<'_>,
    rescue: &Rescue,
    max: u32,
) -> Done<Vec<JobId>> {
    let (now, max) = (tx.now().as_micros(), i64::from(max));
    let sql = &tx.common.sql;
    let statement = match rescue {
        Rescue::Lapsed => sql.job_lapsed.query().bind(now).bind(max).bind(now).bind(max).bind(max),
        Rescue::HeldBy(node) => sql.job_held_by.query().bind(node.as_str()).bind(max),
    };
    let rows = tx.all(statement).await?;
    Ok(rows.iter().filter_map(|row| read::job_id(&Cols(row), "id").ok()).collect())
}

/// Settles jobs whose rows cannot be read.
pub(crate) async fn bury(tx: &mut Transaction<'_>, rows: &[Damaged<Id>]) -> Done<()> {
    let now = tx.now().as_micros();
    for damaged in rows {
        let id = &damaged.row[..];
        let record = tx.common.sql.job_bury.query();
        tx.execute(record.bind(now).bind(now).bind(damaged.why.as_str()).bind(id)).await?;
        let key = tx.common.sql.key_forget.query();
        tx.execute(key.bind(id).bind(id)).await?;
        let row = tx.common.sql.job_delete.repeated(1);
        tx.execute(row.bind(id)).await?;
    }
    Ok(())
}

/// Which of these schedules have a job that is held.
pub(crate) async fn any_held(tx: &mut Transaction<'_>, ids: &[ScheduleId]) -> Done<Vec<bool>> {
    named(tx, |sql| &sql.chain_any_held, ids).await
}

/// Which of these schedules have a job in turn that waits or is leased.
pub(crate) async fn any_free(tx: &mut Transaction<'_>, ids: &[ScheduleId]) -> Done<Vec<bool>> {
    named(tx, |sql| &sql.chain_any_free, ids).await
}

/// Which of these schedules a statement names.
async fn named(
    tx: &mut Transaction<'_>,
    text: fn(&Statements) -> &Text,
    ids: &[ScheduleId],
) -> Done<Vec<bool>> {
    let mut found = HashSet::new();
    for list in padded(ids) {
        let text = text(&tx.common.sql).repeated(list.len());
        let statement = list.iter().fold(text, |s, id| s.bind(id.as_str()));
        let rows = tx.all(statement).await?;
        found.extend(rows.iter().map(|row| Cols(row).lossy("schedule")));
    }
    Ok(ids.iter().map(|id| found.contains(id.as_str())).collect())
}

/// The jobs of each of these schedules that are not over, the newest first, locked.
pub(crate) async fn lock_chains(
    tx: &mut Transaction<'_>,
    ids: &[ScheduleId],
) -> Done<Vec<Vec<Link>>> {
    let mut chains: HashMap<String, Vec<Link>> = HashMap::new();
    for list in padded(ids) {
        let text = tx.common.sql.chain_lock.repeated(list.len());
        let statement = list.iter().fold(text, |s, id| s.bind(id.as_str()));
        for row in tx.all(statement).await? {
            let row = Cols(&row);
            // What cannot be read does not stand in the way of others.
            if let Ok(link) = read::link(&row) {
                chains.entry(row.lossy("schedule")).or_default().push(link);
            }
        }
    }
    Ok(ids.iter().map(|id| chains.remove(id.as_str()).unwrap_or_default()).collect())
}

/// Makes a schedule hear of the end of these jobs.
pub(crate) async fn watch(tx: &mut Transaction<'_>, ids: &[JobId]) -> Done<()> {
    for list in padded(ids) {
        let statement = bind(tx.common.sql.chain_watch.repeated(list.len()), &list);
        tx.execute(statement).await?;
    }
    Ok(())
}

/// Lets held jobs wait.
pub(crate) async fn free(tx: &mut Transaction<'_>, ids: &[JobId]) -> Done<()> {
    for list in padded(ids) {
        let statement = bind(tx.common.sql.chain_free.repeated(list.len()), &list);
        tx.execute(statement).await?;
    }
    Ok(())
}

/// Removes the rows of jobs.
pub(crate) async fn delete(tx: &mut Transaction<'_>, ids: &[JobId]) -> Done<()> {
    for list in padded(ids) {
        let statement = bind(tx.common.sql.job_delete.repeated(list.len()), &list);
        tx.execute(statement).await?;
    }
    Ok(())
}

async fn select(
    tx: &mut Transaction<'_>,
    text: impl Fn(&Statements) -> &Text + Send,
    column: &str,
    ids: &[JobId],
) -> Done<Vec<JobId>> {
    let mut found = Vec::new();
    for list in padded(ids) {
        let statement = bind(text(&tx.common.sql).repeated(list.len()), &list);
        let rows = tx.all(statement).await?;
        found.extend(rows.iter().filter_map(|row| read::job_id(&Cols(row), column).ok()));
    }
    Ok(found)
}

/// Binds the names of jobs.
pub(crate) fn bind<'q>(statement: Statement<'q>, ids: &'q [JobId]) -> Statement<'q> {
    ids.iter().fold(statement, |statement, id| statement.bind(&id.as_bytes()[..]))
}

/// What a row takes besides its payload, at most, and rounded up.
const ROW_BYTES: usize = 8 << 10;

//! The rows of jobs.

use std::collections::{HashMap, HashSet};

use mainspring_contract::record::{Job, JobState, Renew, Renewed, Rescue};
use mainspring_contract::store::Place;
use mainspring_contract::tables::{Damaged, FoundJobs, Link, Row};
use mainspring_contract::{Encoded, JobId, ScheduleId};
use mainspring_core::time::Timestamp;
use mainspring_sql::column::Cells;
use mainspring_sql::json::{JsonRows, ids, names};
use mainspring_sql::lists::{parts, repeat};
use mainspring_sql::{read, write};
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _};

use crate::columns::{Cols, Values};
use crate::transaction::{Bind, Transaction};

type Done<T> = Result<T, sqlx::Error>;

/// Which of these jobs exist, or existed and are over.
pub(crate) async fn known(tx: &mut Transaction<'_>, jobs: &[JobId]) -> Done<Vec<bool>> {
    let statement = tx.sql(|sql| &sql.job_known).parts(ids(jobs));
    let known = tx.numbered(statement, jobs.len(), |_| ()).await?;
    Ok(known.iter().map(Option::is_some).collect())
}

/// Adds jobs that are not known; which were added. Nobody else writes meanwhile.
pub(crate) async fn insert(tx: &mut Transaction<'_>, jobs: &[Job]) -> Done<Vec<bool>> {
    let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    let mut seen = HashSet::with_capacity(jobs.len());
    let known = match any_between(tx, &ids).await? {
        true => known(tx, &ids).await?,
        false => vec![false; ids.len()],
    };
    let added: Vec<bool> =
        ids.iter().zip(known).map(|(id, known)| seen.insert(*id) && !known).collect();
    let new: Vec<&Job> =
        jobs.iter().zip(&added).filter(|(_, added)| **added).map(|(job, _)| job).collect();
    let mut others: Vec<&Job> = Vec::new();
    for part in new.chunk_by(|one, next| alike(one, next)) {
        match part.len() < MANY {
            true => others.extend(part),
            false => insert_alike(tx, part).await?,
        }
    }
    for part in parts(&others, usize::MAX, |_| 1) {
        let mut values = Values::default();
        for job in part {
            write::job(job, &mut values);
        }
        let sql = repeat(&tx.shared.sql.job_insert, part.len());
        tx.run(sqlx::query_with(AssertSqlSafe(sql), values.0)).await?;
    }
    Ok(added)
}

/// Whether there is or was a job with an id from the smallest of these to the largest. Ids begin
/// with their time: as a rule nobody else has one in between, and two looks tell that for all.
async fn any_between(tx: &mut Transaction<'_>, ids: &[JobId]) -> Done<bool> {
    let range = ids.iter().min().zip(ids.iter().max());
    let Some((first, last)) = range else { return Ok(false) };
    let statement = tx.sql(|sql| &sql.job_between).bind(first.as_bytes().to_vec());
    Ok(!tx.rows(statement.bind(last.as_bytes().to_vec())).await?.is_empty())
}

/// Whether jobs of nobody's schedule differ in nothing but their ids and payloads. Those of
/// schedules are written in the order in which they come.
fn alike(one: &Job, other: &Job) -> bool {
    let Job {
        id: _,
        task,
        schedule,
        origin,
        fire_at,
        payload,
        terms,
        tags,
        unique,
        watched,
        start_by,
        created_at,
        counts: _,
        token: _,
        state,
    } = one;
    let shape = |payload: &Encoded| (payload.format, payload.version);
    schedule.is_none()
        && other.schedule.is_none()
        && (task, origin, fire_at) == (&other.task, &other.origin, &other.fire_at)
        && shape(payload) == shape(&other.payload)
        && (terms, tags, unique) == (&other.terms, &other.tags, &other.unique)
        && (watched, start_by) == (&other.watched, &other.start_by)
        && (created_at, state) == (&other.created_at, &other.state)
}

/// Adds jobs that are [`alike`]. What they have in common is bound once: of what such a job costs,
/// binding every value would be more than half.
async fn insert_alike(tx: &mut Transaction<'_>, jobs: &[&Job]) -> Done<()> {
    let Some(&first) = jobs.first() else { return Ok(()) };
    // Never empty, because SQLite cuts NULL out of no bytes at all.
    let (mut ids, mut payloads) = (Vec::with_capacity(16 * jobs.len()), vec![0]);
    let mut places = Vec::with_capacity(jobs.len());
    for job in jobs {
        ids.extend_from_slice(job.id.as_bytes());
        places.push(((payloads.len() + 1) << 32) | job.payload.bytes.len());
        payloads.extend_from_slice(&job.payload.bytes);
    }
    let payload = Encoded { bytes: payloads.into(), ..first.payload.clone() };
    let mut values = Values::default();
    write::job_but_id(&Job { payload, ..first.clone() }, &mut values);
    let statement = tx.sql_with(|sql| &sql.job_insert_alike, values.0);
    tx.run(statement.bind(ids).bind(Value::from(places).to_string())).await.map(drop)
}

/// The schedules that have to hear of the end of these jobs.
pub(crate) async fn watchers(
    tx: &mut Transaction<'_>,
    jobs: &[JobId],
) -> Done<Vec<Option<ScheduleId>>> {
    let statement = tx.sql(|sql| &sql.job_watchers).parts(ids(jobs));
    let schedule =
        |row: &SqliteRow| ScheduleId::try_from(row.try_get::<&str, _>("schedule").ok()?).ok();
    let found = tx.numbered(statement, jobs.len(), schedule).await?;
    Ok(found.into_iter().map(Option::flatten).collect())
}

/// The jobs of these ids that are not over.
pub(crate) async fn find(tx: &mut Transaction<'_>, jobs: &[JobId]) -> Done<FoundJobs<i64>> {
    let statement = tx.sql(|sql| &sql.job_find).parts(ids(jobs));
    let found = tx.numbered(statement, jobs.len(), job).await?;
    found.into_iter().map(Option::transpose).collect()
}

/// The jobs with these numbers, in this order. As a rule most of them are like the first.
pub(crate) async fn at(tx: &mut Transaction<'_>, seqs: &[i64]) -> Done<FoundJobs<i64>> {
    let Some(first) = seqs.first() else { return Ok(Vec::new()) };
    let mut found: FoundJobs<i64> = vec![None; seqs.len()];
    if seqs.len() >= MANY {
        let model = rows_at(tx, &[*first]).await?.pop().flatten();
        if let Some(Ok(model)) = model {
            alike_at(tx, seqs, &model, &mut found).await?;
        }
    }
    let others: Vec<usize> = (0..seqs.len()).filter(|&place| found[place].is_none()).collect();
    let numbers: Vec<i64> = others.iter().map(|&place| seqs[place]).collect();
    for (place, job) in others.into_iter().zip(rows_at(tx, &numbers).await?) {
        found[place] = job;
    }
    Ok(found)
}

async fn rows_at(tx: &mut Transaction<'_>, seqs: &[i64]) -> Done<FoundJobs<i64>> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let statement = tx.sql(|sql| &sql.job_at).bind(Value::from(seqs).to_string());
    let found = tx.numbered(statement, seqs.len(), job).await?;
    found.into_iter().map(Option::transpose).collect()
}

/// Puts those of the jobs with these numbers that are like the first, which is `model`, where they
/// belong.
async fn alike_at(
    tx: &mut Transaction<'_>,
    seqs: &[i64],
    model: &Job,
    found: &mut FoundJobs<i64>,
) -> Done<()> {
    let statement = tx.sql(|sql| &sql.job_alike).bind(Value::from(seqs).to_string());
    let row = statement.bind(seqs[0]).fetch_one(tx.connection()).await?;
    let Some(alike) = row.try_get::<Option<&str>, _>("alike")? else { return Ok(()) };
    for text in alike.split(';') {
        // What cannot be read is looked at as a row.
        let Some((place, job)) = like(model, text) else { continue };
        if let Some(found) = found.get_mut(place) {
            *found = Some(Ok(job));
        }
    }
    Ok(())
}

/// A job like this one, for which `sql/job_alike.sql` says this, and its place.
fn like(model: &Job, text: &str) -> Option<(usize, Job)> {
    let mut values = text.split(',');
    let place = values.next()?.parse().ok()?;
    let ready_at = Timestamp::from_micros(values.next()?.parse().ok()?)?;
    let created_at = Timestamp::from_micros(values.next()?.parse().ok()?)?;
    let id = JobId::from_bytes(u128::from_str_radix(values.next()?, 16).ok()?.to_be_bytes());
    let digit =
        |digit: &u8| char::from(*digit).to_digit(16).and_then(|half| u8::try_from(half).ok());
    let byte = |pair: &[u8]| Some(digit(&pair[0])? << 4 | digit(&pair[1])?);
    let bytes = values.next()?.as_bytes().chunks_exact(2).map(byte).collect::<Option<Vec<_>>>()?;
    let payload = Encoded { bytes: bytes.into(), ..model.payload.clone() };
    let state = JobState::Waiting { ready_at };
    Some((place, Job { id, payload, created_at, state, ..model.clone() }))
}

/// A job, or what is known of a row that cannot be read.
pub(crate) fn job(row: &SqliteRow) -> Done<Row<Job, i64>> {
    let cols = Cols(row);
    Ok(match read::job(&cols) {
        Ok(job) => Ok(job),
        Err(why) => Err(Damaged {
            row: row.try_get("seq")?,
            watched_by: read::watched_by(&cols),
            why: why.to_string(),
        }),
    })
}

/// Writes what can change about jobs; those that are over leave the table.
pub(crate) async fn update(tx: &mut Transaction<'_>, jobs: &[Job]) -> Done<()> {
    let is_over = |job: &&Job| matches!(job.state, JobState::Settled { .. });
    let over: Vec<JobId> = jobs.iter().filter(is_over).map(|job| job.id).collect();
    if over.len() < jobs.len() {
        let rows = JsonRows::of(jobs.iter().filter(|job| !is_over(job)), write::job_update);
        let statement = tx.sql(|sql| &sql.job_update).rows(rows);
        tx.run(statement).await?;
    }
    delete(tx, &over).await
}

/// Removes jobs that are over.
pub(crate) async fn delete(tx: &mut Transaction<'_>, over: &[JobId]) -> Done<()> {
    if over.is_empty() {
        return Ok(());
    }
    let statement = tx.sql(|sql| &sql.job_delete).parts(ids(over));
    tx.run(statement).await.map(drop)
}

/// Prolongs leases.
pub(crate) async fn renew(tx: &mut Transaction<'_>, renews: &[Renew]) -> Done<Vec<Renewed>> {
    let now = tx.now();
    let rows = JsonRows::of(renews, |renew, out| {
        out.id(renew.job);
        out.int(Some(i64::from(renew.token.number())));
        out.int(Some((now + renew.lease_for).as_micros()));
    });
    let statement = tx.sql(|sql| &sql.job_renew).rows(rows);
    let mut kept = HashMap::new();
    for row in tx.rows(statement).await? {
        if let Ok(id) = read::job_id(&Cols(&row), "id") {
            kept.insert(id, row.try_get("cancel")?);
        }
    }
    let answer = |renew: &Renew| match kept.get(&renew.job) {
        Some(&cancel) => Renewed::Kept { cancel },
        None => Renewed::LeaseLost,
    };
    Ok(renews.iter().map(answer).collect())
}

/// At most `max` jobs of which a rescue has to take care.
pub(crate) async fn lapsed(
    tx: &mut Transaction<'_>,
    rescue: &Rescue,
    max: u32,
) -> Done<Vec<JobId>> {
    let now = tx.now();
    let statement = match rescue {
        Rescue::Lapsed => tx.sql(|sql| &sql.job_lapsed).at(now),
        Rescue::HeldBy(node) => tx.sql(|sql| &sql.job_held_by).bind(node.as_str().to_owned()),
    };
    let rows = tx.rows(statement.bind(i64::from(max))).await?;
    Ok(rows.iter().filter_map(|row| read::job_id(&Cols(row), "id").ok()).collect())
}

/// Settles jobs whose rows cannot be read.
pub(crate) async fn bury(tx: &mut Transaction<'_>, rows: &[Damaged<i64>]) -> Done<()> {
    let now = tx.now();
    for Damaged { row, why, .. } in rows {
        let statement = tx.sql(|sql| &sql.job_bury).bind(*row).at(now).bind(why.clone());
        tx.run(statement).await?;
        let statement = tx.sql(|sql| &sql.key_forget).bind(*row);
        tx.run(statement).await?;
        let statement = tx.sql(|sql| &sql.job_forget).bind(*row);
        tx.run(statement).await?;
    }
    Ok(())
}

/// Which of these schedules have a job that is held.
pub(crate) async fn any_held(
    tx: &mut Transaction<'_>,
    schedules: &[ScheduleId],
) -> Done<Vec<bool>> {
    let statement = tx.sql(|sql| &sql.chain_held).bind(names(schedules));
    let held = tx.numbered(statement, schedules.len(), |_| ()).await?;
    Ok(held.iter().map(Option::is_some).collect())
}

/// Which of these schedules have a job in turn that waits or is leased.
pub(crate) async fn any_free(
    tx: &mut Transaction<'_>,
    schedules: &[ScheduleId],
) -> Done<Vec<bool>> {
    let statement = tx.sql(|sql| &sql.chain_any_free).bind(names(schedules));
    let free = tx.numbered(statement, schedules.len(), |_| ()).await?;
    Ok(free.iter().map(Option::is_some).collect())
}

/// The jobs of each of these schedules that are not over, the newest first.
pub(crate) async fn chains(
    tx: &mut Transaction<'_>,
    schedules: &[ScheduleId],
) -> Done<Vec<Vec<Link>>> {
    let statement = tx.sql(|sql| &sql.chain).bind(names(schedules));
    let mut chains = vec![Vec::new(); schedules.len()];
    for row in tx.rows(statement).await? {
        let number: i64 = row.try_get("number")?;
        let chain = usize::try_from(number).ok().and_then(|number| chains.get_mut(number));
        let link = link(&row);
        if let (Some(chain), Some(link)) = (chain, link) {
            chain.push(link);
        }
    }
    Ok(chains)
}

/// A job whose state cannot be read is not over, so it counts as one that waits.
fn link(row: &SqliteRow) -> Option<Link> {
    let cols = Cols(row);
    let unknown = || {
        Some(Link { job: read::job_id(&cols, "id").ok()?, place: Place::Waiting, watched: true })
    };
    read::link(&cols).ok().or_else(unknown)
}

/// Makes a schedule hear of the end of these jobs.
pub(crate) async fn watch(tx: &mut Transaction<'_>, jobs: &[JobId]) -> Done<()> {
    let statement = tx.sql(|sql| &sql.chain_watch).parts(ids(jobs));
    tx.run(statement).await.map(drop)
}

/// Lets held jobs wait.
pub(crate) async fn free(tx: &mut Transaction<'_>, jobs: &[JobId]) -> Done<()> {
    let statement = tx.sql(|sql| &sql.job_free).parts(ids(jobs));
    tx.run(statement).await.map(drop)
}

/// The ids in a column.
pub(crate) fn job_ids(rows: &[SqliteRow], column: &str) -> HashSet<JobId> {
    rows.iter().filter_map(|row| read::job_id(&Cols(row), column).ok()).collect()
}

/// From so many jobs on, a statement of their own costs less than to bind every value.
const MANY: usize = 8;

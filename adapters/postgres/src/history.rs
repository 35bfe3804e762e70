//! History: settle, record, recorded, prune.

use std::collections::HashMap;

use mainspring_contract::JobId;
use mainspring_contract::record::{Run, Settle};
use mainspring_contract::tables::Done;
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Timestamp;
use sqlx::Row as _;
use uuid::Uuid;

use crate::columns::{self, EncodedList, ids, uuid};
use crate::statements::query;
use crate::transaction::Transaction;
use crate::{jobs, parts};

/// Settles those jobs whose end concerns nobody else; which were settled.
pub(crate) async fn settle_alone(tx: &mut Transaction<'_>, settles: &[Settle]) -> Done<Vec<bool>> {
    if settles.is_empty() {
        return Ok(Vec::new());
    }
    let detail = |settle: &'_ Settle| settle.ended.detail.is_some();
    let mut output = EncodedList::default();
    let mut errors = Vec::new();
    if settles.iter().any(detail) {
        for settle in settles {
            let detail = settle.ended.detail.as_ref();
            output.push(detail.and_then(|detail| detail.output.as_ref()));
            errors.push(detail.and_then(|detail| detail.error.as_deref()).map(columns::text));
        }
    }
    let ended = || settles.iter().map(|settle| &settle.ended);
    let statement = query(&tx.common.sql.job_settle)
        .bind(ids(settles.iter().map(|settle| &settle.job)))
        .bind(settles.iter().map(|settle| i64::from(settle.token.number())).collect::<Vec<_>>())
        .bind(ended().map(|ended| i16::from(ended.outcome.code())).collect::<Vec<_>>())
        .bind(ended().map(|ended| columns::at(ended.started_at)).collect::<Vec<_>>())
        .bind(ended().map(|ended| ended.finished_at.as_micros()).collect::<Vec<_>>());
    // Lists that are too short are filled up with nothing.
    let statement = output.bind(statement).bind(errors).bind(tx.now.as_micros());
    let row = tx.one(statement).await?;
    jobs::unless_all(tx, settles.iter().map(|settle| &settle.job), &row)
}

/// Adds records of attempts.
pub(crate) async fn record(tx: &mut Transaction<'_>, runs: &[Run]) -> Done<()> {
    if runs.is_empty() {
        return Ok(());
    }
    let mut output = EncodedList::default();
    let mut errors = Vec::with_capacity(runs.len());
    for run in runs {
        let detail = run.ended.detail.as_ref();
        output.push(detail.and_then(|detail| detail.output.as_ref()));
        errors.push(detail.and_then(|detail| detail.error.as_deref()).map(columns::text));
    }
    let schedule = |run: &Run| run.schedule.as_ref().map(ToString::to_string);
    let node = |run: &Run| run.node.as_ref().map(ToString::to_string);
    let ended = || runs.iter().map(|run| &run.ended);
    let statement = query(&tx.common.sql.run_insert)
        .bind(ids(runs.iter().map(|run| &run.job)))
        .bind(runs.iter().map(|run| i64::from(run.token.number())).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| i64::from(run.attempt)).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.task.as_str()).collect::<Vec<_>>())
        .bind(runs.iter().map(schedule).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| i16::from(run.origin.code())).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| columns::at(run.fire_at)).collect::<Vec<_>>())
        .bind(runs.iter().map(node).collect::<Vec<_>>())
        .bind(ended().map(|ended| i16::from(ended.outcome.code())).collect::<Vec<_>>())
        .bind(runs.iter().map(|run| run.settled).collect::<Vec<_>>())
        .bind(ended().map(|ended| columns::at(ended.started_at)).collect::<Vec<_>>())
        .bind(ended().map(|ended| ended.finished_at.as_micros()).collect::<Vec<_>>());
    let statement = output.bind(statement).bind(errors).bind(tx.now.as_micros());
    tx.run(statement).await?;
    Ok(())
}

/// How these attempts ended, and whether that settled the job.
pub(crate) async fn recorded(
    tx: &mut Transaction<'_>,
    attempts: &[(JobId, Token)],
) -> Done<Vec<Option<(Outcome, bool)>>> {
    if attempts.is_empty() {
        return Ok(Vec::new());
    }
    let statement = query(&tx.common.sql.run_recorded)
        .bind(ids(attempts.iter().map(|(job, _)| job)))
        .bind(attempts.iter().map(|(_, token)| i64::from(token.number())).collect::<Vec<_>>());
    let rows = tx.all(statement).await?;
    let mut found: HashMap<(Uuid, i64), (Outcome, bool)> = HashMap::with_capacity(rows.len());
    for row in rows {
        let read = (|| {
            let key = (row.try_get(0)?, row.try_get(1)?);
            Ok((key, row.try_get::<i16, _>(2)?, row.try_get(3)?))
        })();
        let (key, code, settled) = read.map_err(|error| tx.error(error))?;
        if let Some(outcome) = u8::try_from(code).ok().and_then(Outcome::from_code) {
            found.insert(key, (outcome, settled));
        }
    }
    let answer =
        |(job, token): &(JobId, Token)| found.get(&(uuid(job), i64::from(token.number()))).copied();
    Ok(attempts.iter().map(answer).collect())
}

/// Forgets the oldest records; how many.
pub(crate) async fn prune(tx: &mut Transaction<'_>, before: Timestamp, max: u32) -> Done<u32> {
    let look = tx.one(query(&tx.common.sql.prune_look).bind(before.as_micros())).await?;
    if max == 0 || !look.try_get::<bool, _>(0).map_err(|error| tx.error(error))? {
        return Ok(0);
    }
    tx.all(query(&tx.common.sql.prune_lock)).await?;
    let statement = query(&tx.common.sql.prune_runs).bind(before.as_micros()).bind(i64::from(max));
    let runs: i64 = match tx.all(statement).await?.first() {
        Some(row) => row.try_get(0).map_err(|error| tx.error(error))?,
        None => 0,
    };
    let statement = query(&tx.common.sql.prune_skips).bind(before.as_micros()).bind(i64::from(max));
    let skips = tx.run(statement).await?;
    parts::tidy(tx, before).await?;
    Ok(u32::try_from(runs.unsigned_abs() + skips).unwrap_or(u32::MAX))
}

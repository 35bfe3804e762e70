//! Records of attempts.

use std::collections::HashMap;

use mainspring_contract::JobId;
use mainspring_contract::record::{Run, Settle};
use mainspring_contract::tables::Done;
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Timestamp;
use mainspring_sql::column::Cells;
use mainspring_sql::{read, write};

use crate::error;
use crate::jobs;
use crate::row::{self, Cols, Values};
use crate::statements::{padded, parts};
use crate::transaction::Transaction;

/// Adds records of attempts.
pub(crate) async fn record(tx: &mut Transaction<'_>, runs: &[Run]) -> Done<()> {
    let (now, max_packet) = (tx.now().as_micros(), tx.common.max_packet);
    for part in parts(runs, max_packet, bytes) {
        if let Some(long) = part.iter().find(|run| bytes(run) > max_packet) {
            let what = format!("what job {} left behind", long.job);
            return Err(error::too_long(&tx.common.name, &what, bytes(long), max_packet));
        }
        let mut values = Values::default();
        for run in part {
            write::run(run, &mut values);
            values.int(Some(now));
        }
        let statement = tx.common.sql.run_insert.rows(part.len(), values);
        tx.execute(statement).await?;
    }
    Ok(())
}

/// About how many bytes of a packet a record takes.
fn bytes(run: &Run) -> usize {
    let detail = run.ended.detail.as_ref();
    let output = detail.and_then(|detail| detail.output.as_ref());
    let error = detail.and_then(|detail| detail.error.as_ref());
    ROW_BYTES + output.map_or(0, |output| output.bytes.len()) + error.map_or(0, String::len)
}

/// Settles those jobs whose end concerns nobody else; which.
pub(crate) async fn settle_alone(tx: &mut Transaction<'_>, settles: &[Settle]) -> Done<Vec<bool>> {
    let ids: Vec<_> = settles.iter().map(|settle| settle.job).collect();
    let mut leased = HashMap::with_capacity(ids.len());
    for list in padded(&ids) {
        let statement = jobs::bind(tx.common.sql.job_settleable.repeated(list.len()), &list);
        for row in tx.all(statement).await? {
            // What cannot be read is for those who lock the whole row.
            if let Ok(attempt) = row::attempt(&Cols(&row)) {
                leased.insert(attempt.job, attempt);
            }
        }
    }
    let mut settled = Vec::with_capacity(settles.len());
    let mut runs = Vec::with_capacity(settles.len());
    for settle in settles {
        let attempt = leased.get(&settle.job).filter(|attempt| attempt.token == settle.token);
        settled.push(attempt.is_some());
        if let Some(attempt) = attempt {
            runs.push(Run { ended: settle.ended.clone(), ..attempt.clone() });
        }
    }
    if !runs.is_empty() {
        record(tx, &runs).await?;
        let over: Vec<_> = runs.iter().map(|run| run.job).collect();
        jobs::delete(tx, &over).await?;
    }
    Ok(settled)
}

/// How these attempts ended, and whether that settled the job.
pub(crate) async fn recorded(
    tx: &mut Transaction<'_>,
    attempts: &[(JobId, Token)],
) -> Done<Vec<Option<(Outcome, bool)>>> {
    let ids: Vec<_> = attempts.iter().map(|(job, _)| *job).collect();
    let mut found = HashMap::new();
    for list in padded(&ids) {
        let statement = jobs::bind(tx.common.sql.run_recorded.repeated(list.len()), &list);
        for row in tx.all(statement).await? {
            let row = Cols(&row);
            if let (Ok(job), Ok(token)) = (read::job_id(&row, "job"), row::token(&row)) {
                found.entry((job, token)).or_insert_with(|| read::ending(&row).ok());
            }
        }
    }
    Ok(attempts.iter().map(|attempt| found.get(attempt).copied().flatten()).collect())
}

/// Forgets old history; how many records went.
pub(crate) async fn prune(tx: &mut Transaction<'_>, before: Timestamp, max: u32) -> Done<u32> {
    let sql = &tx.common.sql;
    let statements = [sql.prune_runs.query(), sql.prune_skips.query()];
    let mut gone = 0;
    for statement in statements {
        gone += tx.execute(statement.bind(before.as_micros()).bind(i64::from(max))).await?;
    }
    Ok(u32::try_from(gone).unwrap_or(u32::MAX))
}

/// What a row takes besides what the attempt left behind, at most, and rounded up.
const ROW_BYTES: usize = 4 << 10;

//! Which job holds which key.

use std::collections::{HashMap, HashSet};

use mainspring_contract::tables::{Done, Hold, Holder};
use mainspring_contract::{JobId, Key, TaskId};
use mainspring_core::time::Span;
use mainspring_core::time::Timestamp;
use mainspring_sql::column::Columns;
use mainspring_sql::read;

use crate::jobs;
use crate::row::Cols;
use crate::statements::{Statement, padded, parts};
use crate::transaction::Transaction;

/// The rows of these keys, locked. A key without a row cannot be locked; whoever is slower to write
/// it starts over.
pub(crate) async fn lock(
    tx: &mut Transaction<'_>,
    keys: &[(TaskId, Key)],
) -> Done<Vec<Option<Holder>>> {
    let mut found = HashMap::new();
    for list in padded(keys) {
        let text = tx.common.sql.key_lock.repeated(list.len());
        let statement =
            list.iter().fold(text, |s, (task, key)| s.bind(task.as_str()).bind(key.as_str()));
        for row in tx.all(statement).await? {
            let row = Cols(&row);
            let name = (row.lossy("task"), row.lossy("unique_key"));
            let over_until = row.int("over_until_us").ok().flatten();
            // Whatever is out of range is over at the end of the range.
            let over_until = over_until.map(|us| Timestamp::UNIX_EPOCH + Span::from_micros(us));
            // A job of which not even the name can be read has no row either.
            let job = read::job_id(&row, "job").unwrap_or(JobId::from_bytes([0; 16]));
            found.insert(name, (job, over_until));
        }
    }
    let ids: Vec<_> = found.values().map(|(job, _)| *job).collect();
    let mut live = HashSet::new();
    for list in padded(&ids) {
        let statement = jobs::bind(tx.common.sql.job_live.repeated(list.len()), &list);
        let rows = tx.all(statement).await?;
        live.extend(rows.iter().filter_map(|row| read::job_id(&Cols(row), "id").ok()));
    }
    let holder = |(task, key): &(TaskId, Key)| {
        let (job, over_until) = found.remove(&(task.to_string(), key.to_string()))?;
        Some(Holder { job, over_until, lives: live.contains(&job) })
    };
    Ok(keys.iter().map(holder).collect())
}

/// Gives keys to jobs, and forgets a few that nobody holds any more.
pub(crate) async fn take(tx: &mut Transaction<'_>, holds: &[(Hold, Option<JobId>)]) -> Done<()> {
    let (taken, new): (Vec<_>, Vec<_>) = holds.iter().partition(|(_, former)| former.is_some());
    for (hold, _) in taken {
        let statement = tx.common.sql.key_take.query();
        let statement = statement
            .bind(&hold.job.as_bytes()[..])
            .bind(hold.task.as_str())
            .bind(hold.key.as_str());
        tx.execute(statement).await?;
    }
    for part in parts(&new, usize::MAX, |_| 1) {
        let text = tx.common.sql.key_insert.repeated(part.len());
        let statement = part.iter().fold(text, |s, (hold, _)| whole(s, hold));
        tx.execute(statement).await?;
    }
    sweep(tx, new.len().saturating_mul(2)).await
}

/// Forgets at most so many keys that nobody holds any more.
async fn sweep(tx: &mut Transaction<'_>, most: usize) -> Done<()> {
    if most == 0 {
        return Ok(());
    }
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let statement = tx.common.sql.key_old.query().bind(tx.now().as_micros()).bind(most);
    let rows = tx.all(statement).await?;
    let name = |row| (Cols(row).lossy("task"), Cols(row).lossy("unique_key"));
    let old: Vec<_> = rows.iter().map(name).collect();
    for list in padded(&old) {
        let text = tx.common.sql.key_delete.repeated(list.len());
        let statement = list.iter().fold(text, |s, (task, key)| s.bind(task).bind(key));
        tx.execute(statement).await?;
    }
    Ok(())
}

/// Jobs leave their keys, unless others have them by now.
pub(crate) async fn leave(
    tx: &mut Transaction<'_>,
    holds: &[(Hold, Option<Timestamp>)],
) -> Done<()> {
    let mut by_instant: HashMap<Option<Timestamp>, Vec<&Hold>> = HashMap::new();
    for (hold, until) in holds {
        by_instant.entry(*until).or_default().push(hold);
    }
    for (until, holds) in by_instant {
        for list in padded(&holds) {
            let sql = &tx.common.sql;
            let statement = match until {
                Some(until) => sql.key_keep.repeated(list.len()).bind(until.as_micros()),
                None => sql.key_leave.repeated(list.len()),
            };
            let statement = list.iter().fold(statement, |s, hold| whole(s, hold));
            tx.execute(statement).await?;
        }
    }
    Ok(())
}

/// Task, key and job.
fn whole<'q>(statement: Statement<'q>, hold: &'q Hold) -> Statement<'q> {
    statement.bind(hold.task.as_str()).bind(hold.key.as_str()).bind(&hold.job.as_bytes()[..])
}

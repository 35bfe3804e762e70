//! Which job holds which key.

use std::collections::{HashMap, HashSet};

use mainspring_contract::tables::{Done, Hold, Holder};
use mainspring_contract::{JobId, Key, StoreError, StoreErrorKind, TaskId};
use mainspring_core::time::{Span, Timestamp};
use sqlx::Row as _;
use uuid::Uuid;

use crate::columns::uuid;
use crate::statements::query;
use crate::transaction::Transaction;

/// Who holds these keys, locked in their order.
pub(crate) async fn lock(
    tx: &mut Transaction<'_>,
    keys: &[(TaskId, Key)],
) -> Done<Vec<Option<Holder>>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let statement = query(&tx.common.sql.key_lock)
        .bind(keys.iter().map(|(task, _)| task.as_str()).collect::<Vec<_>>())
        .bind(keys.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>());
    let rows = tx.all(statement).await?;
    let mut held: HashMap<(String, String), Holder> = HashMap::with_capacity(rows.len());
    for row in rows {
        let holder = (|| {
            let over_until: Option<i64> = row.try_get(3)?;
            let holder = Holder {
                job: JobId::from_bytes(row.try_get::<Uuid, _>(2)?.into_bytes()),
                over_until: over_until.map(|us| Timestamp::UNIX_EPOCH + Span::from_micros(us)),
                lives: false,
            };
            Ok(((row.try_get(0)?, row.try_get(1)?), holder))
        })();
        let (key, holder) = holder.map_err(|error| tx.error(error))?;
        held.insert(key, holder);
    }
    if !held.is_empty() {
        let jobs: Vec<Uuid> = held.values().map(|holder| uuid(&holder.job)).collect();
        let rows = tx.all(query(&tx.common.sql.key_lives).bind(jobs)).await?;
        let lives = rows.iter().map(|row| row.try_get(0)).collect::<Result<HashSet<Uuid>, _>>();
        let lives = lives.map_err(|error| tx.error(error))?;
        for holder in held.values_mut() {
            holder.lives = lives.contains(&uuid(&holder.job));
        }
    }
    let of = |(task, key): &(TaskId, Key)| {
        held.get(&(task.as_str().to_owned(), key.as_str().to_owned())).copied()
    };
    Ok(keys.iter().map(of).collect())
}

/// Gives keys to jobs, from those that are named beside them, and forgets a few that nobody holds
/// any more.
pub(crate) async fn take(tx: &mut Transaction<'_>, holds: &[(Hold, Option<JobId>)]) -> Done<()> {
    if holds.is_empty() {
        return Ok(());
    }
    let (tasks, keys, jobs) = lists(holds.iter().map(|(hold, _)| hold));
    let before: Vec<Option<Uuid>> =
        holds.iter().map(|(_, holder)| holder.as_ref().map(uuid)).collect();
    let statement = query(&tx.common.sql.key_take).bind(tasks).bind(keys).bind(jobs).bind(before);
    let taken = tx.run(statement).await?;
    if usize::try_from(taken) != Ok(holds.len()) {
        let message = format!("somebody else has taken a key in `{}` (ask again)", tx.common.name);
        return Err(StoreError::new(StoreErrorKind::Contended, message));
    }
    let room = i64::try_from(holds.len()).unwrap_or(i64::MAX).saturating_mul(2);
    let sweep = query(&tx.common.sql.key_sweep).bind(tx.now.as_micros()).bind(room);
    tx.run(sweep).await?;
    Ok(())
}

/// Jobs leave their keys, unless others have them by now: at once, or at an instant.
pub(crate) async fn leave(
    tx: &mut Transaction<'_>,
    holds: &[(Hold, Option<Timestamp>)],
) -> Done<()> {
    let now = holds.iter().filter(|(_, until)| until.is_none()).map(|(hold, _)| hold);
    let (tasks, keys, jobs) = lists(now);
    if !tasks.is_empty() {
        tx.run(query(&tx.common.sql.key_leave).bind(tasks).bind(keys).bind(jobs)).await?;
    }
    let later = holds.iter().filter(|(_, until)| until.is_some());
    let until: Vec<i64> =
        later.clone().filter_map(|(_, at)| at.map(Timestamp::as_micros)).collect();
    let (tasks, keys, jobs) = lists(later.map(|(hold, _)| hold));
    if !tasks.is_empty() {
        tx.run(query(&tx.common.sql.key_keep).bind(tasks).bind(keys).bind(jobs).bind(until))
            .await?;
    }
    Ok(())
}

fn lists<'a>(holds: impl Iterator<Item = &'a Hold>) -> (Vec<&'a str>, Vec<&'a str>, Vec<Uuid>) {
    let (mut tasks, mut keys, mut jobs) = (Vec::new(), Vec::new(), Vec::new());
    for hold in holds {
        tasks.push(hold.task.as_str());
        keys.push(hold.key.as_str());
        jobs.push(uuid(&hold.job));
    }
    (tasks, keys, jobs)
}

//! Housekeeping, a few rows at a time: rescue and prune.

use mainspring_contract::record::{JobState, Rescue, Run};
use mainspring_core::job::Change;
use mainspring_core::time::Timestamp;
use sqlx::sqlite::SqliteRow;

use crate::columns::Columns;
use crate::transaction::Transaction;
use crate::{finish, jobs, row};

/// Whether a rescue would find anything.
pub(crate) async fn any_lapsed(
    tx: &mut Transaction<'_>,
    rescue: &Rescue,
    max: u32,
) -> Result<bool, sqlx::Error> {
    // A node that starts or ends does so rarely: what it holds is not worth a look first.
    let rare = matches!(rescue, Rescue::HeldBy(_));
    Ok(rare || max > 0 && !lapsed(tx, rescue, 1).await?.is_empty())
}

/// Takes care of jobs whose lease or start deadline has passed.
pub(crate) async fn rescue(
    tx: &mut Transaction<'_>,
    rescue: &Rescue,
    max: u32,
) -> Result<Vec<Run>, sqlx::Error> {
    if let Rescue::HeldBy(node) = rescue {
        sqlx::query(DROP_CLAIMS).bind(node.as_str()).execute(tx.connection()).await?;
    }
    let rows = lapsed(tx, rescue, max).await?;
    let mut runs = Vec::with_capacity(rows.len());
    for found in rows {
        let job = match row::job(&found) {
            Ok(job) => job,
            Err(why) => {
                jobs::bury(tx, &found, &why).await?;
                continue;
            }
        };
        let change = match job.state {
            JobState::Leased { .. } => Change::Rescue { lapsed: *rescue == Rescue::Lapsed },
            _ => Change::Expire,
        };
        runs.extend(finish::end(tx, job, &change, None).await?.ok().flatten());
    }
    Ok(runs)
}

async fn lapsed(
    tx: &mut Transaction<'_>,
    rescue: &Rescue,
    max: u32,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    let now = tx.now();
    let statement = match rescue {
        Rescue::Lapsed => sqlx::query(LAPSED).at(now),
        Rescue::HeldBy(node) => sqlx::query(HELD).bind(node.as_str()),
    };
    statement.bind(i64::from(max)).fetch_all(tx.connection()).await
}

/// Whether a prune would find anything.
pub(crate) async fn any_old(
    tx: &mut Transaction<'_>,
    before: Timestamp,
) -> Result<bool, sqlx::Error> {
    let found = sqlx::query(LOOK).at(before).fetch_optional(tx.connection()).await?;
    Ok(found.is_some())
}

/// Forgets old history.
pub(crate) async fn prune(
    tx: &mut Transaction<'_>,
    before: Timestamp,
    max: u32,
) -> Result<u32, sqlx::Error> {
    let mut gone = 0_u64;
    for statement in [RUNS, SKIPS] {
        let done =
            sqlx::query(statement).at(before).bind(i64::from(max)).execute(tx.connection()).await?;
        gone += done.rows_affected();
    }
    Ok(u32::try_from(gone).unwrap_or(u32::MAX))
}

const LAPSED: &str = include_str!("sql/job_lapsed.sql");
const DROP_CLAIMS: &str = include_str!("sql/schedule_drop_claims.sql");
const HELD: &str = include_str!("sql/job_held_by.sql");
const LOOK: &str = include_str!("sql/prune_look.sql");
const RUNS: &str = include_str!("sql/prune_runs.sql");
const SKIPS: &str = include_str!("sql/prune_skips.sql");

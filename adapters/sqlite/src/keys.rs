//! The rows of keys: which job holds which.

use mainspring_contract::tables::{Hold, Holder};
use mainspring_contract::{JobId, Key, TaskId};
use mainspring_core::time::Timestamp;
use mainspring_sql::column::Cells;
use mainspring_sql::json::JsonRows;
use mainspring_sql::read;

use crate::columns::Cols;
use crate::transaction::{Bind, Transaction};

type Done<T> = Result<T, sqlx::Error>;

/// The rows of these keys. One that cannot be read holds nothing.
pub(crate) async fn find(
    tx: &mut Transaction<'_>,
    keys: &[(TaskId, Key)],
) -> Done<Vec<Option<Holder>>> {
    let rows = JsonRows::of(keys, |(task, key), out| {
        out.text(Some(task.as_str()));
        out.text(Some(key.as_str()));
    });
    let statement = tx.sql(|sql| &sql.key_find).bind(rows.into_parts().0);
    let found = tx.numbered(statement, keys.len(), |row| read::holder(&Cols(row)).ok()).await?;
    Ok(found.into_iter().map(Option::flatten).collect())
}

/// Gives keys to jobs. There is one writer, so nobody can have been faster.
pub(crate) async fn take(tx: &mut Transaction<'_>, holds: &[(Hold, Option<JobId>)]) -> Done<()> {
    let now = tx.now();
    let gone = i64::try_from(2 * holds.len()).unwrap_or(i64::MAX);
    let statement = tx.sql(|sql| &sql.key_sweep).at(now).bind(gone);
    tx.run(statement).await?;
    let rows = JsonRows::of(holds, |(hold, _), out| write(hold, out));
    let statement = tx.sql(|sql| &sql.key_take).rows(rows);
    tx.run(statement).await.map(drop)
}

/// Jobs leave their keys: at once, or at an instant.
pub(crate) async fn leave(
    tx: &mut Transaction<'_>,
    holds: &[(Hold, Option<Timestamp>)],
) -> Done<()> {
    let rows = JsonRows::of(holds, |(hold, until), out| {
        write(hold, out);
        out.int(until.map(Timestamp::as_micros));
    });
    let parts = rows.into_parts();
    if holds.iter().any(|(_, until)| until.is_some()) {
        let statement = tx.sql(|sql| &sql.key_keep).parts(parts.clone());
        tx.run(statement).await?;
    }
    let statement = tx.sql(|sql| &sql.key_leave).parts(parts);
    tx.run(statement).await.map(drop)
}

fn write(hold: &Hold, out: &mut JsonRows) {
    out.text(Some(hold.task.as_str()));
    out.text(Some(hold.key.as_str()));
    out.id(hold.job);
}

//! One transaction: a connection and the instant by which everything in it is judged.

use std::sync::Arc;

use mainspring_contract::tables::{KnownTasks, Mode};
use mainspring_contract::{Clock, StoreError};
use mainspring_core::id::ConfigRevision;
use mainspring_core::pulse::Pulse;
use mainspring_core::time::{Span, Timestamp};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use crate::connections::{Connections, Lent};
use crate::statements::{Statement, Statements, query};
use crate::{clock, error};

/// What all transactions of a store have in common.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) connections: Arc<Connections>,
    pub(crate) sql: Statements,
    /// What people call the database.
    pub(crate) name: String,
    /// What tasks said lately.
    pub(crate) tasks: KnownTasks,
}

/// Rows of a store inside a transaction: the store's own, or one that somebody else has begun.
#[derive(Debug)]
pub struct Transaction<'c> {
    link: Link<'c>,
    pub(crate) common: Arc<Common>,
    pub(crate) now: Timestamp,
    /// How often schedules and tasks had changed when it began.
    pub(crate) config_revision: ConfigRevision,
    /// It has written tasks.
    pub(crate) has_put_tasks: bool,
    /// It has added jobs with ids from the first of these to the last, and is to fail if somebody
    /// else has run one of them.
    unproven: Option<(Uuid, Uuid)>,
}

/// What a transaction runs on.
#[derive(Debug)]
enum Link<'c> {
    /// A connection of the store. Boxed, because the driver's own futures are large enough.
    Own(Box<Lent>),
    /// Somebody else's, who has begun the transaction and will end it.
    Theirs(&'c mut PgConnection),
}

/// What a connection of the store starts with: settings, and the statements that travel together
/// with `BEGIN` and `COMMIT`, which prepared statements of the driver cannot.
pub(crate) fn setup(sql: &Statements) -> String {
    let Statements { setup, start, job_add, prove, pulse, .. } = sql;
    format!(
        "{setup}\nPREPARE mainspring_start AS\n{start};\n\
         PREPARE mainspring_add (\
            bigint, bigint, uuid, bytea, bigint, bigint, text, smallint, smallint, integer, \
            smallint, bigint, integer, smallint, bigint, bigint, smallint, integer, text\
         ) AS\n{job_add};\n\
         PREPARE mainspring_prove (uuid, uuid) AS\n{prove};\n\
         PREPARE mainspring_pulse (bigint) AS\n{pulse};"
    )
}

impl Transaction<'static> {
    /// Begins one on a connection of the store, in one round trip.
    ///
    /// A connection that lay idle may have been cut in the meantime, which shows only when it is
    /// used. Nothing has happened then, so another one is tried.
    pub(crate) async fn begin(
        common: &Arc<Common>,
        mode: Mode,
        clock: Clock,
    ) -> Result<Self, sqlx::Error> {
        loop {
            let mut lent = common.connections.borrow().await?;
            match begin_on(&mut lent.connection, &common.sql, mode).await {
                Ok(row) => return Self::new(Link::Own(Box::new(lent)), common, clock, &row),
                Err(error) if error::is_lost(&error) && !lent.fresh => common.connections.forget(),
                Err(error) => return Err(error),
            }
        }
    }
}

async fn begin_on(
    connection: &mut PgConnection,
    sql: &Statements,
    mode: Mode,
) -> Result<PgRow, sqlx::Error> {
    let begin = match mode {
        Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        Mode::Write => "BEGIN",
    };
    let begin = format!("{begin};\n{};\nEXECUTE mainspring_start", sql.share);
    sqlx::raw_sql(AssertSqlSafe(begin)).fetch_one(connection).await
}

impl<'c> Transaction<'c> {
    /// Works inside a transaction that somebody else has begun and will end.
    ///
    /// It has to see what was committed before each statement: whether a key is free, or who is to
    /// be freed, is looked up after the locks are there, and an older state has another answer.
    pub(crate) async fn within(
        connection: &'c mut PgConnection,
        common: &Arc<Common>,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let failed = |error| error::of_statement(&common.name, error);
        let row = query(&common.sql.start).fetch_one(&mut *connection).await.map_err(failed)?;
        let isolation: String = row.try_get(2).map_err(failed)?;
        if isolation != "read committed" {
            return Err(error::wrong_isolation(&common.name, &isolation));
        }
        Self::new(Link::Theirs(connection), common, clock, &row).map_err(failed)
    }

    /// One that has begun with this row.
    fn new(
        link: Link<'c>,
        common: &Arc<Common>,
        clock: Clock,
        start: &PgRow,
    ) -> Result<Self, sqlx::Error> {
        let now = match clock {
            Clock::Fixed(at) => at,
            Clock::Server => clock::instant(start.try_get(0)?)?,
        };
        let config_revision = ConfigRevision::new(start.try_get::<i64, _>(1)?.unsigned_abs());
        let common = Arc::clone(common);
        Ok(Self { link, common, now, config_revision, has_put_tasks: false, unproven: None })
    }

    /// Jobs with ids in this range were added, and history had none in it. Whether it has one by
    /// the end of this transaction can be seen with the commit, which then fails, and the verb is
    /// tried again: so for one range of a transaction that this store ends itself. Whether this is
    /// it.
    pub(crate) fn proves(&mut self, range: (Uuid, Uuid)) -> bool {
        let can = matches!(self.link, Link::Own(_)) && self.unproven.is_none();
        if can {
            self.unproven = Some(range);
        }
        can
    }

    /// The connection.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        match &mut self.link {
            Link::Own(lent) => &mut lent.connection,
            Link::Theirs(connection) => connection,
        }
    }

    /// The rows that a statement returns.
    pub(crate) async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<PgRow>, StoreError> {
        let done = statement.fetch_all(self.connection()).await;
        done.map_err(|error| self.error(error))
    }

    /// The one row that a statement returns.
    pub(crate) async fn one(&mut self, statement: Statement<'_>) -> Result<PgRow, StoreError> {
        let done = statement.fetch_one(self.connection()).await;
        done.map_err(|error| self.error(error))
    }

    /// How many rows a statement has changed.
    pub(crate) async fn run(&mut self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let done = statement.execute(self.connection()).await;
        done.map(|done| done.rows_affected()).map_err(|error| self.error(error))
    }

    /// The error of a statement.
    pub(crate) fn error(&self, error: sqlx::Error) -> StoreError {
        error::of_statement(&self.common.name, error)
    }

    /// The pulse; a transaction of the store's own is committed, in the same round trip.
    pub(crate) async fn commit(self) -> Result<Pulse, StoreError> {
        let Self { link, common, now, unproven, .. } = self;
        let row = match link {
            Link::Own(mut lent) => {
                let prove = unproven.map(|(first, last)| {
                    format!("EXECUTE mainspring_prove('{first}', '{last}'); ")
                });
                let rest = format!("EXECUTE mainspring_pulse({}); COMMIT", now.as_micros());
                let all = prove.unwrap_or_default() + &rest;
                let rows = sqlx::raw_sql(AssertSqlSafe(all)).fetch_all(&mut lent.connection).await;
                let rows = rows.map_err(|error| error::of_commit(&common.name, error))?;
                lent.give_back();
                rows.into_iter().next_back().ok_or(sqlx::Error::RowNotFound)
            }
            Link::Theirs(connection) => {
                query(&common.sql.pulse).bind(now.as_micros()).fetch_one(connection).await
            }
        };
        row.and_then(|row| pulse(&row, now))
            .map_err(|error| error::of_statement(&common.name, error))
    }

    /// Ends a transaction that has only read, if it is the store's own.
    pub(crate) async fn leave(self) -> Result<(), StoreError> {
        if let Link::Own(mut lent) = self.link {
            let done = sqlx::raw_sql("COMMIT").execute(&mut lent.connection).await;
            done.map_err(|error| error::of_statement(&self.common.name, error))?;
            lent.give_back();
        }
        Ok(())
    }
}

/// The pulse that a row holds, by the names of `sql/pulse.sql`.
pub(crate) fn pulse(row: &PgRow, store_now: Timestamp) -> Result<Pulse, sqlx::Error> {
    let revision: i64 = row.try_get("config_revision")?;
    // A start deadline itself is still in time.
    let start_by = instant(row, "pulse_start_by_us")?.map(|at| at + Span::from_micros(1));
    Ok(Pulse {
        store_now,
        next_due_at: instant(row, "pulse_due_us")?,
        next_ready_at: instant(row, "pulse_ready_us")?,
        next_lapse_at: instant(row, "pulse_lapse_us")?.into_iter().chain(start_by).min(),
        config_revision: ConfigRevision::new(revision.unsigned_abs()),
    })
}

/// An instant out of range stops at the end of the range: the row it is from is put aside by the
/// verb that reads it, and that verb must be called for it.
fn instant(row: &PgRow, column: &str) -> Result<Option<Timestamp>, sqlx::Error> {
    let micros: Option<i64> = row.try_get(column)?;
    Ok(micros.map(|us| Timestamp::UNIX_EPOCH + Span::from_micros(us)))
}

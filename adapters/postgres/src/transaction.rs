//! One transaction: a connection and the instant by which everything in it is judged.

use std::sync::Arc;

use mainspring_contract::tables::Mode;
use mainspring_contract::{Clock, StoreError};
use mainspring_core::id::ConfigRevision;
use mainspring_core::pulse::Pulse;
use mainspring_core::time::{Span, Timestamp};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::connections::{Connections, Lent};
use crate::statements::{Statement, Statements, query};
use crate::{clock, error};

/// Rows of a store inside a transaction: the store's own, or one that somebody else has begun.
#[derive(Debug)]
pub struct Transaction<'c> {
    link: Link<'c>,
    pub(crate) sql: Arc<Statements>,
    pub(crate) name: Arc<str>,
    pub(crate) now: Timestamp,
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
    let Statements { setup, clock, pulse, .. } = sql;
    format!(
        "{setup}\nPREPARE mainspring_clock AS\n{clock};\n\
         PREPARE mainspring_pulse (bigint) AS\n{pulse};"
    )
}

impl Transaction<'static> {
    /// Begins one on a connection of the store, in one round trip.
    ///
    /// A connection that lay idle may have been cut in the meantime, which shows only when it is
    /// used. Nothing has happened then, so another one is tried.
    pub(crate) async fn begin(
        connections: &Arc<Connections>,
        sql: &Arc<Statements>,
        name: &Arc<str>,
        mode: Mode,
        clock: Clock,
    ) -> Result<Self, sqlx::Error> {
        loop {
            let mut link = connections.borrow().await?;
            match Self::begin_on(&mut link.connection, sql, mode, clock).await {
                Ok(now) => {
                    let (sql, name) = (Arc::clone(sql), Arc::clone(name));
                    return Ok(Self { link: Link::Own(Box::new(link)), sql, name, now });
                }
                Err(error) if error::is_lost(&error) && !link.fresh => connections.forget(),
                Err(error) => return Err(error),
            }
        }
    }

    async fn begin_on(
        connection: &mut PgConnection,
        sql: &Statements,
        mode: Mode,
        clock: Clock,
    ) -> Result<Timestamp, sqlx::Error> {
        let begin = match mode {
            Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Mode::Write => "BEGIN",
        };
        let ask = match clock {
            Clock::Server => "EXECUTE mainspring_clock",
            Clock::Fixed(_) => "",
        };
        let begin = format!("{begin};\n{};\n{ask}", sql.share);
        let statement = sqlx::raw_sql(AssertSqlSafe(begin));
        match clock {
            Clock::Fixed(at) => statement.execute(connection).await.map(|_| at),
            Clock::Server => clock::instant(statement.fetch_one(connection).await?.try_get(0)?),
        }
    }
}

impl<'c> Transaction<'c> {
    /// Works inside a transaction that somebody else has begun and will end.
    ///
    /// It has to see what was committed before each statement: whether a key is free, or who is to
    /// be freed, is looked up after the locks are there, and an older state has another answer.
    pub(crate) async fn within(
        connection: &'c mut PgConnection,
        sql: &Arc<Statements>,
        name: &Arc<str>,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let failed = |error| error::of_statement(name, error);
        let row = query(&sql.within).fetch_one(&mut *connection).await.map_err(failed)?;
        let isolation: String = row.try_get(1).map_err(failed)?;
        if isolation != "read committed" {
            return Err(error::wrong_isolation(name, &isolation));
        }
        let now = match clock {
            Clock::Fixed(at) => at,
            Clock::Server => row.try_get(0).and_then(clock::instant).map_err(failed)?,
        };
        let link = Link::Theirs(connection);
        Ok(Self { link, sql: Arc::clone(sql), name: Arc::clone(name), now })
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
        error::of_statement(&self.name, error)
    }

    /// The pulse; a transaction of the store's own is committed, in the same round trip.
    pub(crate) async fn commit(self) -> Result<Pulse, StoreError> {
        let Self { link, sql, name, now } = self;
        let row = match link {
            Link::Own(mut lent) => {
                let both = format!("EXECUTE mainspring_pulse({}); COMMIT", now.as_micros());
                let statement = sqlx::raw_sql(AssertSqlSafe(both));
                let row = statement.fetch_one(&mut lent.connection).await;
                let row = row.map_err(|error| error::of_commit(&name, error))?;
                lent.give_back();
                Ok(row)
            }
            Link::Theirs(connection) => {
                query(&sql.pulse).bind(now.as_micros()).fetch_one(connection).await
            }
        };
        row.and_then(|row| pulse(&row, now)).map_err(|error| error::of_statement(&name, error))
    }

    /// Ends a transaction that has only read, if it is the store's own.
    pub(crate) async fn leave(self) -> Result<(), StoreError> {
        if let Link::Own(mut lent) = self.link {
            let done = sqlx::raw_sql("COMMIT").execute(&mut lent.connection).await;
            done.map_err(|error| error::of_statement(&self.name, error))?;
            lent.give_back();
        }
        Ok(())
    }
}

fn pulse(row: &PgRow, store_now: Timestamp) -> Result<Pulse, sqlx::Error> {
    let revision: i64 = row.try_get(4)?;
    // A start deadline itself is still in time.
    let start_by = instant(row, 3)?.map(|at| at + Span::from_micros(1));
    Ok(Pulse {
        store_now,
        next_due_at: instant(row, 0)?,
        next_ready_at: instant(row, 1)?,
        next_lapse_at: instant(row, 2)?.into_iter().chain(start_by).min(),
        config_revision: ConfigRevision::new(revision.unsigned_abs()),
    })
}

/// An instant out of range stops at the end of the range: the row it is from is put aside by the
/// verb that reads it, and that verb must be called for it.
fn instant(row: &PgRow, column: usize) -> Result<Option<Timestamp>, sqlx::Error> {
    let micros: Option<i64> = row.try_get(column)?;
    Ok(micros.map(|us| Timestamp::UNIX_EPOCH + Span::from_micros(us)))
}

//! One transaction: a connection and the instant by which everything in it is judged.
//!
//! The connection is the store's own, on loan, or the one of a user's transaction. The former is
//! lost with the transaction unless it ended well; the latter stays the user's.

use std::sync::Arc;

use mainspring_contract::tables::{Done, Mode};
use mainspring_contract::{Clock, StoreError};
use mainspring_core::time::Timestamp;
use mainspring_sql::column::Columns;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Row};

use crate::clock;
use crate::connections::{Connections, Lent};
use crate::error;
use crate::lanes::Lanes;
use crate::row::Cols;
use crate::statements::{Statement, Statements};

/// What names a row of schedules or jobs whatever the row says: the bytes of its primary key.
pub(crate) type Id = Vec<u8>;

/// What all transactions of a store have in common.
#[derive(Debug)]
pub(crate) struct Common {
    /// What people call the database.
    pub(crate) name: String,
    /// The statements.
    pub(crate) sql: Statements,
    /// The longest packet that the server takes, in bytes.
    pub(crate) max_packet: usize,
    /// Which lanes there were lately.
    pub(crate) lanes: Lanes,
}

/// An open transaction. Dropped before its end, it changes nothing.
#[derive(Debug)]
pub struct Transaction<'c> {
    connection: Holder<'c>,
    pub(crate) common: Arc<Common>,
    mode: Mode,
    now: Timestamp,
}

#[derive(Debug)]
enum Holder<'c> {
    Own(Lent),
    User(&'c mut MySqlConnection),
}

impl Transaction<'static> {
    /// Begins a transaction on one of the store's connections. One that has lain idle may have been
    /// closed by the server since: then nothing was begun, and a new one takes its place.
    pub(crate) async fn begin(
        connections: &Arc<Connections>,
        common: &Arc<Common>,
        mode: Mode,
        clock: Clock,
    ) -> Done<Self> {
        let failed = |why| error::of_statement(&common.name, why);
        loop {
            let mut lent = connections.borrow().await.map_err(failed)?;
            let begin = match mode {
                Mode::Read => &common.sql.begin_read,
                Mode::Write => &common.sql.begin_write,
            };
            let sql = begin.with(&[]);
            let row = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_one(&mut lent.connection).await;
            match row {
                Ok(row) => {
                    let now = now(&row, clock).map_err(failed)?;
                    let (connection, common) = (Holder::Own(lent), Arc::clone(common));
                    return Ok(Self { connection, common, mode, now });
                }
                Err(why) if error::is_lost(&why) && !lent.fresh => connections.forget(),
                Err(why) => return Err(failed(why)),
            }
        }
    }
}

impl<'c> Transaction<'c> {
    /// Goes on in a transaction that the user has begun.
    ///
    /// It has to see what was committed before each statement: whether a key is free, or who is to
    /// be freed, is looked up after the locks are there, and an older state has another answer.
    pub(crate) async fn within(
        connection: &'c mut MySqlConnection,
        common: &Arc<Common>,
        clock: Clock,
    ) -> Done<Self> {
        let failed = |why| error::of_statement(&common.name, why);
        let sql = AssertSqlSafe(common.sql.within.with(&[]));
        let row = sqlx::raw_sql(sql).fetch_one(&mut *connection).await.map_err(failed)?;
        let now = now(&row, clock).map_err(failed)?;
        let isolation = Cols(&row).lossy("isolation");
        if isolation != READ_COMMITTED {
            return Err(error::wrong_isolation(&common.name, &isolation));
        }
        let (connection, common) = (Holder::User(connection), Arc::clone(common));
        Ok(Self { connection, common, mode: Mode::Write, now })
    }

    /// Runs a last query together with the commit and gives the connection back; what a user has
    /// begun the user commits.
    pub(crate) async fn commit_with(mut self, query: String) -> Done<MySqlRow> {
        let own = matches!(self.connection, Holder::Own(_));
        let sql = if own { format!("{query};\nCOMMIT") } else { query };
        // All rows, so that the commit has been heard of as well.
        let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(self.connection()).await;
        let name = &self.common.name;
        let mut rows = rows.map_err(|why| match self.mode {
            Mode::Read => error::of_statement(name, why),
            Mode::Write => error::of_commit(name, why),
        })?;
        let row = rows.pop().ok_or(sqlx::Error::RowNotFound);
        let row = row.map_err(|why| error::of_statement(name, why))?;
        if let Holder::Own(lent) = self.connection {
            lent.give_back();
        }
        Ok(row)
    }

    /// The connection.
    pub(crate) fn connection(&mut self) -> &mut MySqlConnection {
        match &mut self.connection {
            Holder::Own(lent) => &mut lent.connection,
            Holder::User(connection) => connection,
        }
    }

    /// Ends a transaction that has only read.
    pub(crate) async fn end(mut self) -> Done<()> {
        if let Holder::User(_) = self.connection {
            return Ok(());
        }
        let done = sqlx::raw_sql("COMMIT").execute(self.connection()).await;
        done.map_err(|why| self.failed(why))?;
        if let Holder::Own(lent) = self.connection {
            lent.give_back();
        }
        Ok(())
    }

    /// Runs a statement; how many rows it found.
    pub(crate) async fn execute(&mut self, statement: Statement<'_>) -> Done<u64> {
        let done = self.try_execute(statement).await;
        done.map_err(|why| self.failed(why))
    }

    /// The same with the server's own error.
    pub(crate) async fn try_execute(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<u64, sqlx::Error> {
        Ok(statement.execute(self.connection()).await?.rows_affected())
    }

    /// All rows of a query.
    pub(crate) async fn all(&mut self, statement: Statement<'_>) -> Done<Vec<MySqlRow>> {
        let rows = statement.fetch_all(self.connection()).await;
        rows.map_err(|why| self.failed(why))
    }

    /// The row of a query, if there is one.
    pub(crate) async fn optional(&mut self, statement: Statement<'_>) -> Done<Option<MySqlRow>> {
        let row = statement.fetch_optional(self.connection()).await;
        row.map_err(|why| self.failed(why))
    }

    /// All rows of several queries that are sent together. Values in them are literals.
    pub(crate) async fn several(&mut self, sql: String) -> Done<Vec<MySqlRow>> {
        let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(self.connection()).await;
        rows.map_err(|why| self.failed(why))
    }

    /// The instant by which everything here is judged.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// What an error of a statement means.
    pub(crate) fn failed(&self, why: sqlx::Error) -> StoreError {
        error::of_statement(&self.common.name, why)
    }
}

fn now(row: &MySqlRow, clock: Clock) -> Result<Timestamp, sqlx::Error> {
    match clock {
        Clock::Fixed(at) => Ok(at),
        Clock::Server => clock::instant(row.try_get("now_us")?),
    }
}

/// What the server calls an isolation in which each statement sees what was committed before it.
const READ_COMMITTED: &str = "READ-COMMITTED";

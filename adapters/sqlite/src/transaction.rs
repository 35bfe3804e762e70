//! One transaction: a borrowed connection and the instant by which everything in it is judged.

use std::path::PathBuf;
use std::sync::Arc;

use mainspring_contract::tables::Mode;
use mainspring_contract::{Clock, StoreError};
use mainspring_core::time::Timestamp;
use mainspring_sql::Prefix;
use mainspring_sql::json::JsonRows;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Row, Sqlite, SqliteConnection};

use crate::clock;
use crate::connections::{Borrowed, Connections};
use crate::error::{self, is_busy};
use crate::statements::Statements;

/// A statement and the values bound to it so far.
pub(crate) type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

/// What all transactions of a store know.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) path: PathBuf,
    pub(crate) prefix: Prefix,
    pub(crate) sql: Statements,
}

/// Rows of a store inside a transaction: the store's own, which changes nothing if it is dropped
/// without a commit, or one that somebody else has begun.
#[derive(Debug)]
pub struct Transaction<'c> {
    link: Link<'c>,
    pub(crate) shared: Arc<Shared>,
    now: Timestamp,
}

/// What a transaction runs on.
#[derive(Debug)]
enum Link<'c> {
    /// A connection of the store.
    Own(Box<Borrowed>),
    /// Somebody else's, who has begun the transaction and will end it.
    Theirs(&'c mut SqliteConnection),
}

impl Transaction<'static> {
    /// Begins, with a few attempts if somebody else holds the lock.
    ///
    /// SQLite itself waits for a lock; but there are moments, such as the recovery of the log
    /// after a crash, when it says at once that the file is busy.
    pub(crate) async fn begin(
        shared: &Arc<Shared>,
        connections: &Arc<Connections>,
        mode: Mode,
        clock: Clock,
    ) -> Result<Self, sqlx::Error> {
        let mut attempt = 1;
        loop {
            match Self::try_begin(shared, connections, mode, clock).await {
                Err(error) if is_busy(&error) && attempt < ATTEMPTS => {
                    clock::back_off(attempt).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn try_begin(
        shared: &Arc<Shared>,
        connections: &Arc<Connections>,
        mode: Mode,
        clock: Clock,
    ) -> Result<Self, sqlx::Error> {
        let mut borrowed = Connections::borrow(connections).await?;
        let begin = match mode {
            // It never waits for a writer.
            Mode::Read => "BEGIN",
            // The write lock is taken at once: a transaction that asks for it only when it first
            // writes can fail half way because somebody else was faster.
            Mode::Write => "BEGIN IMMEDIATE",
        };
        if let Err(error) = sqlx::query(begin).execute(borrowed.connection()).await {
            if is_busy(&error) {
                // Nothing was begun, so the connection is as clean as before.
                borrowed.give_back();
            }
            return Err(error);
        }
        let now = clock::now(borrowed.connection(), clock).await?;
        Ok(Self { link: Link::Own(Box::new(borrowed)), shared: Arc::clone(shared), now })
    }
}

impl<'c> Transaction<'c> {
    /// Works inside a transaction that somebody else has begun and will end.
    pub(crate) async fn within(
        connection: &'c mut SqliteConnection,
        shared: &Arc<Shared>,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let now = clock::now(connection, clock).await;
        let now = now.map_err(|why| error::of_statement(&shared.path, why))?;
        Ok(Self { link: Link::Theirs(connection), shared: Arc::clone(shared), now })
    }

    /// The connection.
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        match &mut self.link {
            Link::Own(borrowed) => borrowed.connection(),
            Link::Theirs(connection) => connection,
        }
    }

    /// Makes the changes last and gives the connection back; somebody else's transaction goes on.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        if let Link::Own(mut borrowed) = self.link {
            sqlx::query("COMMIT").execute(borrowed.connection()).await?;
            borrowed.give_back();
        }
        Ok(())
    }

    /// The store's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// The statement that `choose` names.
    pub(crate) fn sql<'q>(&self, choose: fn(&Statements) -> &Arc<str>) -> Statement<'q> {
        self.sql_with(choose, SqliteArguments::default())
    }

    /// The same, with values for its question marks.
    pub(crate) fn sql_with<'q>(
        &self,
        choose: fn(&Statements) -> &Arc<str>,
        values: SqliteArguments,
    ) -> Statement<'q> {
        sqlx::query_with(AssertSqlSafe(Arc::clone(choose(&self.shared.sql))), values)
    }

    /// Runs a statement; how many rows it changed.
    pub(crate) async fn run(&mut self, statement: Statement<'_>) -> Result<u64, sqlx::Error> {
        Ok(statement.execute(self.connection()).await?.rows_affected())
    }

    /// The rows of a statement.
    pub(crate) async fn rows(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        statement.fetch_all(self.connection()).await
    }

    /// The numbers of the items that a statement has something to say about, and what.
    pub(crate) async fn numbered<T>(
        &mut self,
        statement: Statement<'_>,
        count: usize,
        read: impl Fn(&SqliteRow) -> T,
    ) -> Result<Vec<Option<T>>, sqlx::Error> {
        let mut answers: Vec<Option<T>> = (0..count).map(|_| None).collect();
        for row in self.rows(statement).await? {
            let number: i64 = row.try_get("number")?;
            let place = usize::try_from(number).ok().and_then(|number| answers.get_mut(number));
            if let Some(place) = place {
                *place = Some(read(&row));
            }
        }
        Ok(answers)
    }

    /// The error of a statement that was not a commit.
    pub(crate) fn error(&self, error: sqlx::Error) -> StoreError {
        error::of_statement(&self.shared.path, error)
    }
}

/// Binds what several records share.
pub(crate) trait Bind: Sized {
    /// The text and the bytes of rows.
    fn rows(self, rows: JsonRows) -> Self;
    /// A JSON text and the bytes that it refers to.
    fn parts(self, parts: (String, Vec<u8>)) -> Self;
    /// Microseconds since 1970.
    fn at(self, at: Timestamp) -> Self;
}

impl Bind for Statement<'_> {
    fn rows(self, rows: JsonRows) -> Self {
        self.parts(rows.into_parts())
    }

    fn parts(self, (text, bytes): (String, Vec<u8>)) -> Self {
        self.bind(text).bind(bytes)
    }

    fn at(self, at: Timestamp) -> Self {
        self.bind(at.as_micros())
    }
}

/// How often a transaction tries to begin. Each attempt waits for the lock for this part of the
/// time that the options allow.
pub(crate) const ATTEMPTS: u32 = 5;

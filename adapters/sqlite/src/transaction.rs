//! One transaction: a borrowed connection and the instant by which everything in it is judged.

use mainspring_contract::Clock;
use mainspring_core::time::Timestamp;
use sqlx::SqliteConnection;

use crate::clock;
use crate::connections::{Borrowed, Connections};
use crate::error::is_busy;

/// What a transaction may do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode {
    /// See one state of the file; never waits for a writer.
    Read,
    /// Change the file. The write lock is taken at once: a transaction that asks for it only when
    /// it first writes can fail half way because somebody else was faster.
    Write,
}

/// An open transaction. Dropped without a commit, it changes nothing.
#[derive(Debug)]
pub(crate) struct Transaction<'a> {
    borrowed: Borrowed<'a>,
    now: Timestamp,
}

impl<'a> Transaction<'a> {
    /// Begins, with a few attempts if somebody else holds the lock.
    ///
    /// SQLite itself waits for a lock; but there are moments, such as the recovery of the log
    /// after a crash, when it says at once that the file is busy.
    pub(crate) async fn begin(
        connections: &'a Connections,
        mode: Mode,
        clock: Clock,
    ) -> Result<Self, sqlx::Error> {
        let mut attempt = 1;
        loop {
            match Self::try_begin(connections, mode, clock).await {
                Err(error) if is_busy(&error) && attempt < ATTEMPTS => {
                    clock::back_off(attempt).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    /// The connection.
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        self.borrowed.connection()
    }

    /// Makes the changes last and gives the connection back.
    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        sqlx::query("COMMIT").execute(self.connection()).await?;
        self.borrowed.give_back();
        Ok(())
    }

    /// The store's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    async fn try_begin(
        connections: &'a Connections,
        mode: Mode,
        clock: Clock,
    ) -> Result<Self, sqlx::Error> {
        let mut borrowed = connections.borrow().await?;
        let begin = match mode {
            Mode::Read => "BEGIN",
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
        Ok(Self { borrowed, now })
    }
}

/// How often a transaction tries to begin. Each attempt waits for the lock for this part of the
/// time that the options allow.
pub(crate) const ATTEMPTS: u32 = 5;

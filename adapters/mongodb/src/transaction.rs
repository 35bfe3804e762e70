//! One transaction: a session, the instant by which everything in it is judged, and what it has
//! locked.
//!
//! # Locks
//!
//! A transaction of MongoDB sees one snapshot, and reading locks nothing. Who writes a document
//! that somebody else has written since that snapshot, or is writing, is ended with a write
//! conflict; nobody waits. So to lock a document means here to owe it a write: whatever was
//! `lock`ed and not written by the verb itself is counted up in its field `lk` before the commit.
//! Of two transactions that have locked the same document one is ended, and begins anew with a
//! later snapshot.
//!
//! # Why the verbs are right under snapshots
//!
//! They are written for READ COMMITTED, where a statement sees what was committed before it began.
//! Here it sees what was committed before the transaction began, and its transaction cannot commit
//! if a document that it has locked was written since. So a decision can only be wrong if it rests
//! on something that was not locked, which the verbs allow in four places:
//!
//! - *Protected by another document.* Whether a job is held (`any_held`), which jobs a chain has,
//!   whether a key's holder lives: whoever changes that has locked, and so written, the schedule or
//!   the key. The verb locks the same document, so that the older snapshot does not commit. This is
//!   why each lock has to become a write, of those too that change nothing: a job that was held
//!   since our snapshot has left nothing else for us to run into.
//! - *What to lock* (`watchers`, `lapsed`, what comes due): in a snapshot it agrees with what is
//!   locked afterwards.
//! - *Names that are not there* (new schedules, jobs, keys) cannot be locked. Two who insert one
//!   name meet in the index of `_id`. A job that was inserted and has been settled since our
//!   snapshot has left its place in that index in a newer version than ours, and inserting it again
//!   is a conflict as well: a job that is over does not come back.
//! - *Limits.* How many jobs of a task run is counted under a lock on the task, which every claim
//!   of a limited task writes. Jobs that end since the snapshot only make the count too large.
//!
//! What was read and not locked is otherwise an answer to somebody who could have asked a moment
//! before.
//!
//! # Rows that others have
//!
//! See [`crowd`](crate::crowd): claims leave them out.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use mainspring_contract::tables::{Done, KnownTasks, Mode};
use mainspring_contract::{Clock, JobId, Key, StoreError, TaskId};
use mainspring_core::id::ConfigRevision;
use mainspring_core::time::Timestamp;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::error::{Error, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{ReadConcern, WriteConcern};
use mongodb::{ClientSession, Database};

use crate::collections::{CONFIG_REVISION, Collections, NUMBERS};
use crate::crowd::Crowd;
use crate::document::{job_ids, texts};
use crate::lanes::Lanes;
use crate::{clock, error, keys};

/// What names a row of schedules or jobs whatever the row says: its `_id`.
pub(crate) type Id = Bson;

/// What all transactions of a store have in common.
#[derive(Debug)]
pub(crate) struct Common {
    /// What people call the database.
    pub(crate) name: String,
    /// What its programs call themselves on the server.
    pub(crate) app: String,
    /// The name of the database on its server.
    pub(crate) database: String,
    pub(crate) collections: Collections,
    /// Which lanes there were lately.
    pub(crate) lanes: Lanes,
    /// Which documents others had lately.
    pub(crate) crowd: Crowd,
    /// Jobs that turned out to be there, or to be over, when they were inserted.
    pub(crate) doubtful: std::sync::Mutex<HashSet<JobId>>,
    /// What tasks said lately.
    pub(crate) tasks: KnownTasks,
}

/// An open transaction. Dropped before its end, it changes nothing.
#[derive(Debug)]
pub struct Transaction<'c> {
    session: Holder<'c>,
    database: Database,
    pub(crate) common: Arc<Common>,
    mode: Mode,
    now: Timestamp,
    config_revision: ConfigRevision,
    /// What is locked and was not written.
    pub(crate) owed: Owed,
    pub(crate) made: Made,
}

/// Documents that are locked and were not written yet.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    pub(crate) schedules: BTreeSet<String>,
    pub(crate) jobs: BTreeSet<JobId>,
    pub(crate) keys: BTreeSet<(TaskId, Key)>,
}

/// What this transaction did that only it can see.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// Who holds a claim on a locked schedule, and until when.
    pub(crate) claims: HashMap<String, (Option<String>, Option<i64>)>,
    /// There may be jobs that others do not see waiting yet.
    pub(crate) waiting: bool,
    /// Jobs that it has written and that may be claimed.
    pub(crate) written: BTreeSet<JobId>,
    /// Jobs that it has inserted without asking whether they are over.
    pub(crate) unproven: BTreeSet<JobId>,
    /// Tasks were written.
    pub(crate) tasks: bool,
    /// How many leases of a task have ended.
    pub(crate) ended: HashMap<TaskId, i64>,
    /// What a claim has taken or looked at, so that it does not meet it again.
    pub(crate) seen: Vec<Bson>,
}

#[derive(Debug)]
enum Holder<'c> {
    Own(Box<ClientSession>),
    User(&'c mut ClientSession),
}

impl Holder<'_> {
    fn session(&mut self) -> &mut ClientSession {
        match self {
            Self::Own(session) => session,
            Self::User(session) => session,
        }
    }
}

impl Transaction<'static> {
    /// Begins a transaction, with the snapshot that it sees.
    pub(crate) async fn begin(
        database: &Database,
        common: &Arc<Common>,
        mode: Mode,
        clock: Clock,
    ) -> Done<Self> {
        let failed = |why| error::of_statement(&common.name, why);
        let mut attempt = 1;
        loop {
            let mut session = database.client().start_session().await.map_err(failed)?;
            let begin = session.start_transaction();
            let begin = begin.read_concern(ReadConcern::snapshot());
            begin.write_concern(WriteConcern::majority()).await.map_err(failed)?;
            let session = Holder::Own(Box::new(session));
            // The first operation of a transaction only reads. If our future is dropped meanwhile,
            // the driver does not know that there is a transaction to be ended, and nothing is
            // locked by it.
            match Self::look_around(session, database.clone(), common, mode, clock).await {
                // A connection that has lain idle may have been closed since.
                Err(Begun::Failed(why)) if error::is_lost(&why) && attempt < 2 => attempt += 1,
                Err(Begun::Failed(why)) => return Err(failed(why)),
                Err(Begun::Odd(why)) => return Err(why),
                Ok(transaction) => return Ok(transaction),
            }
        }
    }
}

/// Why a transaction did not begin.
enum Begun {
    Failed(Error),
    Odd(StoreError),
}

impl<'c> Transaction<'c> {
    /// Goes on in a transaction that the user has begun.
    pub(crate) async fn within(
        session: &'c mut ClientSession,
        common: &Arc<Common>,
        clock: Clock,
    ) -> Done<Self> {
        let database = session.client().database(&common.database);
        let session = Holder::User(session);
        let begun = Self::look_around(session, database, common, Mode::Write, clock).await;
        begun.map_err(|why| match why {
            Begun::Failed(why) => error::of_statement(&common.name, why),
            Begun::Odd(why) => why,
        })
    }

    /// Asks for the server's clock and the number of changes.
    async fn look_around(
        mut session: Holder<'c>,
        database: Database,
        common: &Arc<Common>,
        mode: Mode,
        clock: Clock,
    ) -> Result<Self, Begun> {
        let command = doc! {
            "aggregate": &common.collections.meta,
            "pipeline": [
                { "$match": { "_id": CONFIG_REVISION } },
                { "$project": { "value": 1, "now": "$$NOW" } },
            ],
            "cursor": {},
        };
        let mut found = read(&database, session.session(), command).await.map_err(Begun::Failed)?;
        let missing = || {
            let (code, said) = (error::code::NAMESPACE_NOT_FOUND, "there is no `config_revision`");
            Begun::Odd(error::of_code(&common.name, code, said))
        };
        let row = found.pop().ok_or_else(missing)?;
        let odd = |why: mongodb::bson::error::Error| {
            Begun::Odd(error::unreadable(&common.name, &why.to_string()))
        };
        let now = match clock {
            Clock::Fixed(at) => at,
            Clock::Server => {
                let now = row.get_datetime("now").map_err(odd)?.timestamp_millis();
                clock::instant(now).map_err(Begun::Odd)?
            }
        };
        Ok(Self {
            session,
            database,
            common: Arc::clone(common),
            mode,
            now,
            config_revision: ConfigRevision::new(number(&row, "value").unsigned_abs()),
            owed: Owed::default(),
            made: Made::default(),
        })
    }

    /// Writes what is owed and reads a document afterwards.
    pub(crate) async fn pay_and_find(&mut self, command: Document) -> Done<RawDocumentBuf> {
        self.pay().await?;
        let row = self.find(command).await?.pop();
        row.ok_or_else(|| error::unreadable(&self.common.name, "`meta` is empty"))
    }

    /// Commits; what a user has begun the user commits.
    pub(crate) async fn commit(self) -> Done<()> {
        let (name, mode) = (self.common.name.clone(), self.mode);
        if let Holder::Own(mut session) = self.session {
            match mode {
                // Nothing was written: there is nothing to wait for.
                Mode::Read => drop(session.abort_transaction().await),
                Mode::Write => {
                    commit(&mut session).await.map_err(|why| error::of_commit(&name, why))?;
                }
            }
        }
        Ok(())
    }

    /// Ends a transaction that has only read; or leaves one to the user, with all its locks.
    pub(crate) async fn end(mut self) -> Done<()> {
        self.pay().await?;
        if let Holder::Own(mut session) = self.session {
            // Whether or not the server heard it, nothing was changed.
            drop(session.abort_transaction().await);
        }
        Ok(())
    }

    /// Makes a write of each lock that is not one yet.
    async fn pay(&mut self) -> Done<()> {
        let Owed { schedules, jobs, keys } = core::mem::take(&mut self.owed);
        let common = Arc::clone(&self.common);
        let names = &common.collections;
        let all = [
            (&names.schedules, texts(schedules.iter().map(String::as_str))),
            (&names.jobs, job_ids(&jobs)),
            (
                &names.keys,
                Bson::Array(keys.iter().map(|(task, key)| keys::id(task, key)).collect()),
            ),
        ];
        for (collection, ids) in all {
            if ids.as_array().is_none_or(Vec::is_empty) {
                continue;
            }
            let bump = every(doc! { "_id": { "$in": ids } }, doc! { "$inc": { "lk": 1_i64 } });
            self.update(collection, vec![bump]).await?;
        }
        Ok(())
    }

    /// What `find` or `aggregate` finds.
    pub(crate) async fn find(&mut self, command: Document) -> Done<Vec<RawDocumentBuf>> {
        let found = read(&self.database, self.session.session(), command).await;
        found.map_err(|why| self.failed(why))
    }

    /// The same outside of the transaction: what is committed by now.
    pub(crate) async fn find_now(&self, command: Document) -> Done<Vec<RawDocumentBuf>> {
        let found = async {
            let mut cursor = self.database.run_cursor_command(command).await?;
            let mut found = Vec::new();
            while cursor.advance().await? {
                found.push(cursor.current().to_owned());
            }
            Ok(found)
        };
        found.await.map_err(|why| self.failed(why))
    }

    /// Runs a command.
    pub(crate) async fn run(&mut self, command: Document) -> Done<Document> {
        let done = self.try_run(command).await;
        done.map_err(|why| self.failed(why))
    }

    /// The same with the server's own error.
    pub(crate) async fn try_run(&mut self, command: Document) -> Result<Document, Error> {
        self.database.run_command(command).session(self.session.session()).await
    }

    /// Changes documents, as each of these says ([`one`], [`every`]); how many were found.
    pub(crate) async fn update(&mut self, collection: &str, changes: Vec<Document>) -> Done<u64> {
        let mut found = 0;
        for part in parts(changes) {
            let command = doc! { "update": collection, "updates": part, "ordered": true };
            found += self.write(command).await?;
        }
        Ok(found)
    }

    /// Removes what these filters name; how many documents that were.
    pub(crate) async fn delete(&mut self, collection: &str, filters: Vec<Document>) -> Done<u64> {
        let mut found = 0;
        let deletes = filters.into_iter().map(|filter| doc! { "q": filter, "limit": 0 });
        for part in parts(deletes.collect()) {
            let command = doc! { "delete": collection, "deletes": part, "ordered": true };
            found += self.write(command).await?;
        }
        Ok(found)
    }

    /// Adds documents.
    pub(crate) async fn insert(
        &mut self,
        collection: &str,
        documents: Vec<RawDocumentBuf>,
    ) -> Done<()> {
        self.fit(&documents)?;
        let done = self.try_insert(collection, documents).await;
        done.map_err(|why| self.failed(why))
    }

    /// Refuses documents that no server takes.
    pub(crate) fn fit(&self, documents: &[RawDocumentBuf]) -> Done<()> {
        let is_long = documents.iter().any(|row| row.as_bytes().len() > DOCUMENT);
        if is_long { Err(error::too_long(&self.common.name)) } else { Ok(()) }
    }

    /// The same with the server's own error.
    pub(crate) async fn try_insert(
        &mut self,
        collection: &str,
        documents: Vec<RawDocumentBuf>,
    ) -> Result<(), Error> {
        let collection = self.database.collection::<RawDocumentBuf>(collection);
        collection.insert_many(documents).session(self.session.session()).await?;
        Ok(())
    }

    /// The first of so many new numbers of records. They are drawn outside of the transaction, so
    /// that nobody waits for anybody; those of one that is ended are lost. They last if what is
    /// written with them does, because it is written later.
    pub(crate) async fn numbers(&self, count: usize) -> Done<i64> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let command = doc! {
            "findAndModify": &self.common.collections.meta,
            "query": { "_id": NUMBERS },
            "update": { "$inc": { "value": count } },
            "new": true,
            "writeConcern": { "w": 1 },
        };
        let done = self.database.run_command(command).await.map_err(|why| self.failed(why))?;
        let last = done.get_document("value").ok().and_then(|row| row.get("value"));
        let last = last.and_then(|last| last.as_i64().or_else(|| last.as_i32().map(i64::from)));
        let last = last.ok_or_else(|| error::unreadable(&self.common.name, "`numbers`"))?;
        Ok(last - count + 1)
    }

    /// The database, for what happens outside of the transaction.
    pub(crate) const fn database(&self) -> &Database {
        &self.database
    }

    /// The instant by which everything here is judged.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// How often schedules and tasks had changed in the beginning.
    pub(crate) const fn config_revision(&self) -> ConfigRevision {
        self.config_revision
    }

    /// The transaction is the user's own.
    pub(crate) const fn is_users(&self) -> bool {
        matches!(self.session, Holder::User(_))
    }

    /// What an error of an operation means.
    pub(crate) fn failed(&self, why: Error) -> StoreError {
        error::of_statement(&self.common.name, why)
    }

    async fn write(&mut self, command: Document) -> Done<u64> {
        let done = self.run(command).await?;
        if let Some(Bson::Document(error)) =
            done.get_array("writeErrors").ok().and_then(|errors| errors.first())
        {
            let said = error.get_str("errmsg").unwrap_or_default();
            let code = error.get_i32("code").unwrap_or_default();
            return Err(error::of_code(&self.common.name, code, said));
        }
        let found = done.get("n").and_then(Bson::as_i32);
        Ok(found.and_then(|found| u64::try_from(found).ok()).unwrap_or_default())
    }
}

/// A change of the one document that this filter names.
pub(crate) fn one(filter: Document, change: impl Into<Bson>) -> Document {
    doc! { "q": filter, "u": change.into() }
}

/// A change of every document that this filter names.
pub(crate) fn every(filter: Document, change: impl Into<Bson>) -> Document {
    doc! { "q": filter, "u": change.into(), "multi": true }
}

/// A number in a document, or 0.
pub(crate) fn number(row: &RawDocumentBuf, field: &str) -> i64 {
    row.get_i64(field).or_else(|_| row.get_i32(field).map(i64::from)).unwrap_or_default()
}

async fn read(
    database: &Database,
    session: &mut ClientSession,
    command: Document,
) -> Result<Vec<RawDocumentBuf>, Error> {
    let mut cursor = database.run_cursor_command(command).session(&mut *session).await?;
    let mut found = Vec::new();
    while cursor.advance(session).await? {
        found.push(cursor.current().to_owned());
    }
    Ok(found)
}

/// Commits; again if nobody knows whether it worked, which is safe and tells.
async fn commit(session: &mut ClientSession) -> Result<(), Error> {
    let mut attempt = 1;
    loop {
        match session.commit_transaction().await {
            Err(why) if why.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) && attempt < 3 => {
                attempt += 1;
            }
            done => return done,
        }
    }
}

/// Statements in commands that the server takes: not too many, and not too long.
fn parts(statements: Vec<Document>) -> Vec<Vec<Bson>> {
    let (mut all, mut part, mut bytes) = (Vec::new(), Vec::new(), 0);
    for statement in statements {
        let length = mongodb::bson::serialize_to_vec(&statement).map_or(0, |bytes| bytes.len());
        if !part.is_empty() && (part.len() >= STATEMENTS || bytes + length > BYTES) {
            all.push(core::mem::take(&mut part));
            bytes = 0;
        }
        bytes += length;
        part.push(Bson::Document(statement));
    }
    if !part.is_empty() {
        all.push(part);
    }
    all
}

/// How many bytes a document has at most.
const DOCUMENT: usize = 16 << 20;
/// How many statements a command has at most; a server takes 100,000.
const STATEMENTS: usize = 5_000;
/// How many bytes of statements, unless one is longer; a server takes 16 MB.
const BYTES: usize = 8 << 20;
/// How many documents a reply brings at most, if they are short enough.
pub(crate) const BATCH: i32 = 100_000;

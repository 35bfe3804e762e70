//! Adding jobs: the batch is sent as what its jobs have in common, and what differs.

use std::collections::HashMap;
use std::sync::Arc;

use mainspring_contract::record::{Enqueue, Job, JobState, Task};
use mainspring_contract::tables::Done;
use mainspring_contract::{Clock, ScheduleId, TaskId};
use mainspring_core::pulse::Pulse;
use mainspring_core::settings::{Settings, Terms};
use mainspring_core::time::Timestamp;
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use crate::columns::{self, SettingsList, ids};
use crate::statements::{Statement, query};
use crate::transaction::{self, Common, Transaction};
use crate::{clock, error, jobs};

/// Adds jobs that wait or are held, except those that are known; which were added.
pub(crate) async fn insert(tx: &mut Transaction<'_>, jobs: &[Job]) -> Done<Vec<bool>> {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    if jobs.iter().all(|job| job.schedule.is_none()) {
        // Neighbours in the index one after the other. Jobs of schedules keep to their order.
        order.sort_unstable_by_key(|&number| jobs[number].id);
    }
    let sorted: Vec<&Job> = order.iter().map(|&number| &jobs[number]).collect();
    let mut inserted = Vec::with_capacity(jobs.len());
    let mut rest = &sorted[..];
    while !rest.is_empty() {
        let mut kinds = Kinds::default();
        let numbers: Vec<i32> = rest.iter().map_while(|job| kinds.number(job)).collect();
        let (part, others) = rest.split_at(numbers.len());
        inserted.extend(insert_part(tx, part, &kinds, numbers).await?);
        rest = others;
    }
    let mut answers = vec![false; jobs.len()];
    for (number, inserted) in order.into_iter().zip(inserted) {
        answers[number] = inserted;
    }
    Ok(answers)
}

/// Adds one job that wants no key and has no schedule in one round trip; see
/// [`enqueue_at_once`](mainspring_contract::tables::Database::enqueue_at_once).
///
/// The driver sends prepared statements one by one and waits for each, so that the transaction is
/// one text. What users wrote stands in it as hexadecimal digits.
pub(crate) async fn at_once(
    common: &Arc<Common>,
    clock: Clock,
    request: &Enqueue,
) -> Done<Option<Pulse>> {
    let Some((seen_at, task)) = common.tasks.last(&request.task) else { return Ok(None) };
    if request.payload.bytes.len() > SMALL {
        return Ok(None);
    }
    let task = task.unwrap_or_else(|| Task::new(request.task.clone()));
    let add = written(request, &task);
    let now = match clock {
        Clock::Fixed(at) => at.as_micros().to_string(),
        Clock::Server => "(extract(epoch FROM now()) * 1000000)::bigint".to_owned(),
    };
    let (seen_at, id, share) = (seen_at.number(), columns::uuid(&request.id), &common.sql.share);
    let all = format!(
        "BEGIN;\n{share};\n\
         EXECUTE mainspring_add({seen_at}, {now}, {add});\n\
         EXECUTE mainspring_prove('{id}', '{id}');\n\
         EXECUTE mainspring_pulse({now});\n\
         COMMIT"
    );
    let mut lent = common
        .connections
        .borrow()
        .await
        .map_err(|error| error::of_connect(&common.name, error))?;
    let rows = sqlx::raw_sql(AssertSqlSafe(all)).fetch_all(&mut lent.connection).await;
    let rows = rows.map_err(|error| {
        if error::is_lost(&error) && !lent.fresh {
            common.connections.forget();
        }
        error::of_commit(&common.name, error)
    })?;
    lent.give_back();
    let failed = |error| error::of_statement(&common.name, error);
    let [add, .., pulse] = &rows[..] else { return Err(failed(sqlx::Error::RowNotFound)) };
    let is_added: bool = add.try_get(1).map_err(failed)?;
    if !is_added {
        return Ok(None);
    }
    let now = add.try_get(0).and_then(clock::instant).map_err(failed)?;
    transaction::pulse(pulse, now).map(Some).map_err(failed)
}

/// What `sql/job_add.sql` is told of a job, from its name on.
fn written(request: &Enqueue, task: &Task) -> String {
    let ready_at = columns::numbers(&[columns::at(request.ready_at)]);
    // Whatever it says of now is left to the server.
    let job = request.clone().job(task, Timestamp::UNIX_EPOCH);
    let mut terms = SettingsList::default();
    terms.push(&settings(&job.terms));
    [
        format!("'{}'", columns::uuid(&job.id)),
        columns::bytes(&job.payload.bytes),
        ready_at,
        columns::numbers(&[columns::at(job.start_by)]),
        columns::words(job.task.as_str()),
        i16::from(job.origin.code()).to_string(),
        i16::from(job.payload.format.code()).to_string(),
        job.payload.version.to_string(),
        terms.written(),
        columns::words(&job.tags.to_string()),
    ]
    .join(", ")
}

async fn insert_part(
    tx: &mut Transaction<'_>,
    jobs: &[&Job],
    kinds: &Kinds<'_>,
    numbers: Vec<i32>,
) -> Done<Vec<bool>> {
    let ready_at = |job: &&Job| match job.state {
        JobState::Held { ready_at } | JobState::Waiting { ready_at } => ready_at.as_micros(),
        // Only jobs that wait or are held are inserted.
        JobState::Leased { .. } | JobState::Settled { .. } => job.created_at.as_micros(),
    };
    let key = |job: &&Job| job.unique.as_ref().map(|unique| unique.key.to_string());
    let statement = query(&tx.common.sql.job_insert)
        .bind(ids(jobs.iter().map(|job| &job.id)))
        .bind(jobs.iter().map(|job| &*job.payload.bytes).collect::<Vec<_>>())
        .bind(jobs.iter().map(ready_at).collect::<Vec<_>>())
        .bind(jobs.iter().map(|job| columns::at(job.fire_at)).collect::<Vec<_>>())
        .bind(jobs.iter().map(|job| columns::at(job.start_by)).collect::<Vec<_>>())
        .bind(jobs.iter().map(key).collect::<Vec<_>>())
        .bind(numbers)
        .bind(schedules(jobs))
        .bind(jobs.iter().map(|job| i16::from(job.origin.code())).collect::<Vec<_>>())
        .bind(jobs.iter().map(|job| job.watched).collect::<Vec<_>>())
        .bind(jobs.iter().map(|job| columns::state(&job.state)).collect::<Vec<_>>());
    let range = jobs.iter().map(|job| columns::uuid(&job.id)).fold(None, widened);
    let (first, last) = range.unzip();
    let statement = kinds.bind(statement).bind(tx.now.as_micros()).bind(first).bind(last);
    let row = tx.one(statement).await?;
    let mut added = jobs::unless_all(tx, jobs.iter().map(|job| &job.id), &row)?;
    let nobody_ran_any: bool = row.try_get(1).map_err(|error| tx.error(error))?;
    // Whoever added one of them at the same moment may have settled it by now.
    if nobody_ran_any && range.is_some_and(|range| tx.proves(range)) {
        return Ok(added);
    }
    let statement = query(&tx.common.sql.job_take_back)
        .bind(ids(jobs.iter().zip(&added).filter(|(_, added)| **added).map(|(job, _)| &job.id)))
        .bind(first)
        .bind(last);
    for row in tx.all(statement).await? {
        let over: Uuid = row.try_get(0).map_err(|error| tx.error(error))?;
        for (job, added) in jobs.iter().zip(&mut added) {
            *added &= columns::uuid(&job.id) != over;
        }
    }
    Ok(added)
}

/// The range from the smallest id to the largest, with one more in it.
fn widened(range: Option<(Uuid, Uuid)>, id: Uuid) -> Option<(Uuid, Uuid)> {
    let (first, last) = range.unwrap_or((id, id));
    Some((first.min(id), last.max(id)))
}

/// The schedules of jobs; nothing, if none has one: lists that are too short are filled up with
/// nothing.
fn schedules<'a>(jobs: &[&'a Job]) -> Vec<Option<&'a str>> {
    let schedule = |job: &&'a Job| job.schedule.as_ref().map(ScheduleId::as_str);
    let all: Vec<_> = jobs.iter().map(schedule).collect();
    if all.iter().all(Option::is_none) { Vec::new() } else { all }
}

/// What jobs of a batch have in common, each kind once.
#[derive(Default)]
struct Kinds<'a> {
    /// The job that a kind was first seen with.
    seen: HashMap<Kind<'a>, i32>,
    first: Vec<&'a Job>,
}

/// What makes two jobs of one kind, apart from what hardly ever differs if this does not.
#[derive(PartialEq, Eq, Hash)]
struct Kind<'a> {
    task: &'a TaskId,
    payload: (u8, u16),
    terms: Terms,
    tags: &'a mainspring_contract::Tags,
    hold: (Option<i16>, Option<i64>),
    created_at: Timestamp,
}

impl<'a> Kind<'a> {
    fn of(job: &'a Job) -> Self {
        Self {
            task: &job.task,
            payload: (job.payload.format.code(), job.payload.version),
            terms: job.terms,
            tags: &job.tags,
            hold: columns::hold(job.unique.as_ref()),
            created_at: job.created_at,
        }
    }
}

impl<'a> Kinds<'a> {
    /// The number of a job's kind, from 1; `None` if there is no room for one more kind.
    fn number(&mut self, job: &'a Job) -> Option<i32> {
        let kind = Kind::of(job);
        // The usual batch has one kind.
        if let Some(last) = self.first.last()
            && Kind::of(last) == kind
        {
            return i32::try_from(self.first.len()).ok();
        }
        if let Some(number) = self.seen.get(&kind) {
            return Some(*number);
        }
        if self.first.len() == KINDS {
            return None;
        }
        self.first.push(job);
        let number = i32::try_from(self.first.len()).ok()?;
        self.seen.insert(kind, number);
        Some(number)
    }

    fn bind<'q>(&self, statement: Statement<'q>) -> Statement<'q> {
        let first = &self.first;
        let mut terms = SettingsList::default();
        for job in first {
            terms.push(&settings(&job.terms));
        }
        let holds: Vec<_> = first.iter().map(|job| columns::hold(job.unique.as_ref())).collect();
        let statement = statement
            .bind(first.iter().map(|job| job.task.to_string()).collect::<Vec<_>>())
            .bind(first.iter().map(|job| i16::from(job.payload.format.code())).collect::<Vec<_>>())
            .bind(first.iter().map(|job| i32::from(job.payload.version)).collect::<Vec<_>>());
        terms
            .bind(statement)
            .bind(first.iter().map(|job| job.tags.to_string()).collect::<Vec<_>>())
            .bind(holds.iter().map(|hold| hold.0).collect::<Vec<_>>())
            .bind(holds.iter().map(|hold| hold.1).collect::<Vec<_>>())
            .bind(first.iter().map(|job| job.created_at.as_micros()).collect::<Vec<_>>())
    }
}

/// The eight settings, all of them decided.
const fn settings(terms: &Terms) -> Settings {
    Settings {
        priority: Some(terms.priority),
        timeout: Some(terms.timeout),
        retry: Some(terms.retry),
        max_rescues: Some(terms.max_rescues),
    }
}

/// The most bytes of a payload that is written out as digits.
const SMALL: usize = 4_096;

/// The most kinds in one statement, which goes through all of them for each job.
const KINDS: usize = 32;

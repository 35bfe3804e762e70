//! What both services offer, whatever they speak HTTP with: a request's body goes in, a status and
//! JSON come out.
//!
//! | request | what it does |
//! |---|---|
//! | `POST /schedules` | puts a schedule: `{"name", "task", "trigger", "arguments"}` |
//! | `GET /schedules` | lists schedules with their next fire |
//! | `POST /schedules/NAME/pause` and `/resume` | stops its fires, and lets them go on |
//! | `DELETE /schedules/NAME` | removes it |
//! | `POST /jobs` | queues a job: `{"task", "arguments"}` |
//! | `GET /jobs/ID` | says where it stands, and what came out |
//!
//! A trigger is a text such as `every 15m` or `cron 30 2 * * * in Europe/Berlin`.

use std::time::Duration;

use mainspring::{Error, JobId, Queued, Resume, Schedule, Scheduler, Task};
use mainspring_contract::store::{Page, ScheduleFilter, ScheduleView};
use mainspring_contract::trigger::TriggerForm;
use mainspring_sqlite::SqliteStore;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// How long requests under way and running jobs have each, once the service is told to stop.
pub const GRACE: Duration = Duration::from_secs(10);

/// Where a service listens: its first argument, else a port of this machine.
pub fn address() -> String {
    std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned())
}

/// A scheduler behind HTTP. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Service {
    /// Started and stopped by the program.
    pub scheduler: Scheduler,
}

/// What is said to a request.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body; `null` if there is nothing to say.
    pub body: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSchedule {
    name: String,
    task: String,
    trigger: String,
    #[serde(default)]
    arguments: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewJob {
    task: String,
    #[serde(default)]
    arguments: Value,
}

/// The task that clients may ask for.
async fn count_words(text: String) -> Result<usize, &'static str> {
    match text.split_whitespace().count() {
        0 => Err("there is no word to count"),
        words => Ok(words),
    }
}

impl Service {
    /// A service on the file `web.db`.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub async fn open() -> Result<Self, Box<dyn std::error::Error>> {
        let store = SqliteStore::open("web.db").await?;
        let task = Task::new("count-words", count_words);
        Ok(Self { scheduler: Scheduler::builder(store).task(task).build().await? })
    }

    /// Puts a schedule.
    pub async fn create(&self, body: &[u8]) -> Answer {
        let put = async {
            let new: NewSchedule = parse(body)?;
            self.known(&new.task).await?;
            let trigger = new.trigger.parse::<TriggerForm>().map_err(|e| refused(400, &e))?;
            let schedule = Schedule::new(&new.name, &new.task, trigger).arguments(&new.arguments);
            self.scheduler.put(schedule).await?;
            Ok(Answer { status: 201, body: json!({ "name": new.name }) })
        };
        put.await.unwrap_or_else(|refusal: Answer| refusal)
    }

    /// Lists the first hundred schedules.
    pub async fn list(&self) -> Answer {
        match self.scheduler.schedules(&ScheduleFilter::first(100)).await {
            Ok(views) => Answer { status: 200, body: views.iter().map(shown).collect() },
            Err(error) => error.into(),
        }
    }

    /// Pauses a schedule.
    pub async fn pause(&self, name: &str) -> Answer {
        Answer::done(self.scheduler.pause(name).await)
    }

    /// Lets a paused schedule fire again; what it missed is made up for as its policies say.
    pub async fn resume(&self, name: &str) -> Answer {
        Answer::done(self.scheduler.resume(name, Resume::Owed).await)
    }

    /// Removes a schedule.
    pub async fn remove(&self, name: &str) -> Answer {
        match self.scheduler.remove(name).await {
            Ok(false) => refused(404, &format!("there is no schedule `{name}`")),
            removed => Answer::done(removed),
        }
    }

    /// Queues a job.
    pub async fn enqueue(&self, body: &[u8]) -> Answer {
        let enqueue = async {
            let new: NewJob = parse(body)?;
            self.known(&new.task).await?;
            let queued: Queued = self.scheduler.job(&new.task, &new.arguments).enqueue().await?;
            Ok(Answer { status: 202, body: json!({ "job": queued.id().to_string() }) })
        };
        enqueue.await.unwrap_or_else(|refusal: Answer| refusal)
    }

    /// Says where a job stands. Asking does not consume its result.
    pub async fn job(&self, id: &str) -> Answer {
        let look = async {
            let job: JobId = id.parse().map_err(|_| refused(400, &format!("`{id}` is no job")))?;
            if let Some(job) = self.scheduler.find_job(job).await? {
                return Ok(Answer { status: 200, body: json!({ "attempts": job.attempt() }) });
            }
            let missing = || refused(404, &format!("there is no job `{id}`"));
            let end = self.scheduler.result(job).await?.ok_or_else(missing)?;
            let output: Option<Value> = end.output().ok();
            let outcome = end.outcome().name();
            let body = json!({ "outcome": outcome, "output": output, "error": end.error() });
            Ok(Answer { status: 200, body })
        };
        look.await.unwrap_or_else(|refusal: Answer| refusal)
    }

    /// A task that nobody knows would wait for ever.
    async fn known(&self, task: &str) -> Result<(), Answer> {
        let tasks = self.scheduler.tasks(&Page::first(100)).await?;
        if tasks.iter().any(|known| known.id.as_str() == task) {
            return Ok(());
        }
        Err(refused(422, &format!("there is no task `{task}`")))
    }
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        if self.body.is_null() { String::new() } else { self.body.to_string() }
    }

    fn done(result: Result<bool, Error>) -> Self {
        result.map_or_else(Self::from, |_| Self { status: 204, body: Value::Null })
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        let status = match &error {
            error if error.is_missing() => 404,
            error if error.is_conflict() => 409,
            error if error.is_invalid() => 422,
            // The store cannot be reached; its clients may ask again.
            _ => 503,
        };
        refused(status, &error)
    }
}

fn refused(status: u16, why: &impl ToString) -> Answer {
    Answer { status, body: json!({ "error": why.to_string() }) }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|error| refused(400, &error))
}

fn shown(view: &ScheduleView) -> Value {
    let schedule = &view.schedule;
    let trigger: Option<TriggerForm> = serde_json::from_slice(&schedule.spec.trigger.bytes).ok();
    json!({
        "name": schedule.spec.id.as_str(),
        "task": schedule.spec.task.as_str(),
        "trigger": trigger.map(|form| form.to_string()),
        "paused": schedule.is_paused(),
        "next": schedule.next.at().map(|at| at.to_string()),
        "last": view.last_run.as_ref().map(|run| run.ended.outcome.name()),
    })
}

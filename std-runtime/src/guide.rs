//! Where you come from: the words of other schedulers in ours. And [what a scheduler
//! tells](tracing) to logs and traces, and [how far it goes](scale).
//!
//! A page without code. What a name here does is told at that name.
//!
//! # Which kind of task
//!
//! | the work | the task |
//! |---|---|
//! | waits for others: databases, the network | [`Task::new`] |
//! | blocks, or computes for a moment | [`Task::blocking`], or [`Task::on`] some [`Threads`] |
//! | computes for long, may crash, leaks, must be killable | `process::Pool` |
//! | is another program | `process::Commands` |
//! | belongs to a thread or a device of yours | [`Task::on`] with an [`Executor`] of yours |
//!
//! A thread cannot be stopped from outside, a process can. `mainspring::process` is there with the
//! feature `process`, on Unix; its page says what `main` has to begin with.
//!
//! # From cron(8)
//!
//! | there | here |
//! |---|---|
//! | a line of a crontab | a table `[schedules.NAME]` of the daemon's file |
//! | `crontab -e` | an editor and SIGHUP; `mainspring check FILE` names every mistake first |
//! | `CRON_TZ`, `TZ` | `zone = "Europe/Berlin"`; UTC if there is none |
//! | day of month *or* day of week | the same rule in [`cron`] |
//! | `@daily`, `@reboot` | `@daily`; for the start of a program, [`enqueue`] |
//! | clock changes as on Debian | the preset `once`, which is the default |
//! | a machine that was off (anacron) | missed fires are made up for: [`coalesce`] |
//! | `flock -n` | `max_running = 1`, `overlap = "skip"` |
//! | `sleep $((RANDOM % 60))` | `jitter = "1m"` |
//! | mail with the output | `mainspring status`, [`runs`] |
//!
//! # From APScheduler 3
//!
//! | there | here |
//! |---|---|
//! | `add_job(func, "cron", hour=9)` | [`Task::new`] and [`Schedule::cron`] |
//! | `"interval"`, `"date"` | [`Schedule::every`], [`Schedule::at`] |
//! | `id=`, `replace_existing=True` | the schedule's name; [`put`] replaces |
//! | `coalesce`, `misfire_grace_time` | [`coalesce`], [`misfire_grace`] |
//! | `max_instances` | [`overlap`], [`Task::max_running`] |
//! | `jitter` | [`jitter`] |
//! | `BackgroundScheduler`, `BlockingScheduler` | [`blocking`] |
//! | `AsyncIOScheduler` | [`Scheduler`] |
//! | a job store for one process only | a store that any number of nodes share |
//! | `modify_job`, `reschedule_job` | [`put`] once more |
//! | `add_listener` | [`events`] |
//!
//! # From APScheduler 4
//!
//! What its scheduler does, and what its interface offers; where we do otherwise, and why.
//!
//! | there | here |
//! |---|---|
//! | `AsyncScheduler(data_store, …)` | [`Scheduler::builder`] |
//! | `Scheduler` (sync) | [`blocking::Scheduler`] |
//! | `identity` | [`node`], [`node_is_mine`] |
//! | `lease_duration` | [`lease`]; by the store's clock, and fenced by tokens |
//! | `max_concurrent_jobs` | [`Builder::max_running`] |
//! | `cleanup_interval`, `cleanup()` | [`keep_history`]; always on, nothing to call |
//! | `task_defaults`, `@task` | the methods of [`Task`]; a constant holds what several share |
//! | `configure_task` | [`replace_tasks`] |
//! | `run_until_stopped` | [`run_until`] |
//! | `start_in_background`, `wait_until_stopped` | [`start`], [`Running`] |
//! | `stop()`, which cancels what runs | [`Running::stop`] with a grace, [`abort`] |
//! | an interface that is never started | the same: a [`Scheduler`] that is not started |
//! | a failing store or job ends the scheduler | it goes on; [`health`], [`events`] |
//! | `add_schedule`, conflict policies | [`put`] |
//! | `get_schedule(s)`, `remove_schedule` | [`schedule`], [`schedules`], [`remove`] |
//! | `pause_schedule`, `unpause_schedule` | [`pause`], [`resume`] with [`Resume`] |
//! | `metadata` | arguments, or [`tags`] where they decide who runs it |
//! | coalesce earliest, latest, all | [`Coalesce`]; bounded by [`catch_up`] |
//! | `max_jitter`, which delays nothing | [`jitter`], which does |
//! | a crash between job and schedule doubles | one transaction, and an id derived from the fire |
//! | an exception of a trigger ends the scheduler | [`Event::Quarantined`] |
//! | `add_job` | [`enqueue`], [`job`] |
//! | `run_job` | [`enqueue_and_wait`] |
//! | `get_job_result`, once | [`result`], [`wait`]; as often as one likes |
//! | `get_jobs` | [`jobs`] with filters |
//! | no way to stop a job | [`cancel`], [`Task::timeout`] |
//! | `max_running_jobs` | [`Task::max_running`]; what is leased counts, no counter |
//! | a full task hides others | claims go by task and tags: it hides nothing |
//! | an abandoned job is not run again | it is, up to [`max_rescues`] |
//! | jobs of unknown tasks end the worker | they wait for a node that knows the task |
//! | executors `async`, `threadpool` | [`Task::new`], [`Task::blocking`] |
//! | executor `processpool`, pickle | `process::Pool`, with the feature `process`; JSON |
//! | a crash of a process breaks its pool | it is the outcome of its own run |
//! | executor `qt`, custom executors | an [`Executor`], given to [`Task::on`] |
//! | a task that names no executor there is | a value and no name: it does not compile |
//! | a job in line for a thread cannot be stopped | it is given back, and counts as nothing |
//! | `current_job` | [`Context`] as a parameter |
//! | `current_async_scheduler` | [`State`], which has a type |
//! | `subscribe`, `get_next_event` | [`events`] |
//! | callables by import path, pickle | names and JSON: a store holds data and no code |
//!
//! # From apalis
//!
//! | there | here |
//! |---|---|
//! | `WorkerBuilder`, `Monitor` | one [`Scheduler`] for all tasks |
//! | `storage.push(task)` | [`enqueue`] |
//! | `Data<T>` | [`State<T>`] |
//! | tower layers for retry and timeout | [`retries`], [`timeout`]; kept in the store |
//! | `.concurrency(n)` | [`Task::max_running`], on all nodes together |
//! | `idempotency_key` | [`unique`] and [`hold`] |
//! | `apalis-cron` piped into a storage | [`Schedule::cron`]; several nodes fire once |
//! | workflows, web board | none |
//!
//! # From tokio-cron-scheduler
//!
//! | there | here |
//! |---|---|
//! | `Job::new_async("0 0 9 * * *", …)` | [`Schedule::cron`], with five or six fields |
//! | `Job::new_repeated`, `new_one_shot` | [`every`], [`at`], or a job with a [`delay`] |
//! | closures in the scheduler | tasks with names, so that schedules outlive the program |
//! | a zone as a fixed offset | [`zone`], which knows clock changes |
//! | `on_job_started`, `on_job_done` | [`events`] |
//! | `remove(&uuid)` | [`remove`] by name |
//!
//! [`Builder::max_running`]: crate::Builder::max_running
//! [`Coalesce`]: crate::Coalesce
//! [`Context`]: crate::Context
//! [`Event::Quarantined`]: crate::Event::Quarantined
//! [`Executor`]: crate::Executor
//! [`Resume`]: crate::Resume
//! [`Running::stop`]: crate::Running::stop
//! [`Running`]: crate::Running
//! [`Schedule::at`]: crate::Schedule::at
//! [`Schedule::cron`]: crate::Schedule::cron
//! [`Schedule::every`]: crate::Schedule::every
//! [`Scheduler::builder`]: crate::Scheduler::builder
//! [`Scheduler`]: crate::Scheduler
//! [`State<T>`]: crate::State
//! [`State`]: crate::State
//! [`Task::blocking`]: crate::Task::blocking
//! [`Task::max_running`]: crate::Task::max_running
//! [`Task::new`]: crate::Task::new
//! [`Task::on`]: crate::Task::on
//! [`Task::timeout`]: crate::Task::timeout
//! [`Task`]: crate::Task
//! [`Threads`]: crate::Threads
//! [`abort`]: crate::Running::abort
//! [`at`]: crate::Schedule::at
//! [`blocking::Scheduler`]: crate::blocking::Scheduler
//! [`blocking`]: crate::blocking
//! [`cancel`]: crate::Scheduler::cancel
//! [`catch_up`]: crate::Schedule::catch_up
//! [`coalesce`]: crate::Schedule::coalesce
//! [`cron`]: crate::Schedule::cron
//! [`delay`]: crate::NewJob::delay
//! [`enqueue_and_wait`]: crate::NewJob::enqueue_and_wait
//! [`enqueue`]: crate::Scheduler::enqueue
//! [`events`]: crate::Scheduler::events
//! [`every`]: crate::Schedule::every
//! [`health`]: crate::Scheduler::health
//! [`hold`]: crate::NewJob::hold
//! [`jitter`]: crate::Schedule::jitter
//! [`job`]: crate::Scheduler::job
//! [`jobs`]: crate::Scheduler::jobs
//! [`keep_history`]: crate::Builder::keep_history
//! [`lease`]: crate::Builder::lease
//! [`max_rescues`]: crate::Task::max_rescues
//! [`misfire_grace`]: crate::Schedule::misfire_grace
//! [`node_is_mine`]: crate::Builder::node_is_mine
//! [`node`]: crate::Builder::node
//! [`overlap`]: crate::Schedule::overlap
//! [`pause`]: crate::Scheduler::pause
//! [`put`]: crate::Scheduler::put
//! [`remove`]: crate::Scheduler::remove
//! [`replace_tasks`]: crate::Scheduler::replace_tasks
//! [`result`]: crate::Scheduler::result
//! [`resume`]: crate::Scheduler::resume
//! [`retries`]: crate::Task::retries
//! [`run_until`]: crate::Scheduler::run_until
//! [`runs`]: crate::Scheduler::runs
//! [`schedule`]: crate::Scheduler::schedule
//! [`schedules`]: crate::Scheduler::schedules
//! [`start`]: crate::Scheduler::start
//! [`tags`]: crate::Schedule::tags
//! [`timeout`]: crate::Task::timeout
//! [`unique`]: crate::NewJob::unique
//! [`wait`]: crate::Scheduler::wait
//! [`zone`]: crate::Schedule::zone

pub mod scale;
pub mod tracing;

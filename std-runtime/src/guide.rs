//! Where you come from: the words of other schedulers in ours.
//!
//! A page without code. What a name here does is told at that name.
//!
//! # From cron(8)
//!
//! | there | here |
//! |---|---|
//! | a line of a crontab | a table `[schedules.NAME]` of the daemon's file: `cron = "…"`, `shell = "…"` |
//! | `crontab -e` | an editor and SIGHUP; `mainspring check FILE` names every mistake first |
//! | `CRON_TZ`, `TZ` | `zone = "Europe/Berlin"`; UTC if there is none |
//! | day of month *or* day of week | the same rule in [`cron`](crate::Schedule::cron) |
//! | `@daily`, `@reboot` | `@daily`; for the start of a program, [`enqueue`](crate::Scheduler::enqueue) |
//! | clock changes as on Debian | the preset `once`, which is the default |
//! | a machine that was off (anacron) | missed fires are made up for: [`coalesce`](crate::Schedule::coalesce) |
//! | `flock -n` | `max_running = 1`, `overlap = "skip"` |
//! | `sleep $((RANDOM % 60))` | `jitter = "1m"` |
//! | mail with the output | `mainspring status`, [`runs`](crate::Scheduler::runs) |
//!
//! # From APScheduler 3
//!
//! | there | here |
//! |---|---|
//! | `add_job(func, "cron", hour=9)` | [`Task::new`](crate::Task::new) and [`Schedule::cron`](crate::Schedule::cron) |
//! | `"interval"`, `"date"` | [`Schedule::every`](crate::Schedule::every), [`Schedule::at`](crate::Schedule::at) |
//! | `id=`, `replace_existing=True` | the schedule's name; [`put`](crate::Scheduler::put) replaces |
//! | `coalesce`, `misfire_grace_time` | [`coalesce`](crate::Schedule::coalesce), [`misfire_grace`](crate::Schedule::misfire_grace) |
//! | `max_instances` | [`overlap`](crate::Schedule::overlap), [`Task::max_running`](crate::Task::max_running) |
//! | `jitter` | [`jitter`](crate::Schedule::jitter) |
//! | `BackgroundScheduler`, `BlockingScheduler` | [`blocking`](crate::blocking) |
//! | `AsyncIOScheduler` | [`Scheduler`](crate::Scheduler) |
//! | a job store for one process only | a store that any number of nodes share |
//! | `modify_job`, `reschedule_job` | [`put`](crate::Scheduler::put) once more |
//! | `add_listener` | [`events`](crate::Scheduler::events) |
//!
//! # From APScheduler 4
//!
//! What its scheduler does, and what its interface offers; where we do otherwise, and why.
//!
//! | there | here |
//! |---|---|
//! | `AsyncScheduler(data_store, …)` | [`Scheduler::builder`](crate::Scheduler::builder) |
//! | `Scheduler` (sync) | [`blocking::Scheduler`](crate::blocking::Scheduler) |
//! | `identity` | [`node`](crate::Builder::node), [`node_is_mine`](crate::Builder::node_is_mine) |
//! | `lease_duration` | [`lease`](crate::Builder::lease); by the store's clock, and fenced by tokens |
//! | `max_concurrent_jobs` | [`Builder::max_running`](crate::Builder::max_running) |
//! | `cleanup_interval`, `cleanup()` | [`keep_history`](crate::Builder::keep_history); always on, nothing to call |
//! | `task_defaults`, `@task` | the methods of [`Task`](crate::Task); a constant holds what several share |
//! | `configure_task` | [`replace_tasks`](crate::Scheduler::replace_tasks) |
//! | `run_until_stopped` | [`run_until`](crate::Scheduler::run_until) |
//! | `start_in_background`, `wait_until_stopped` | [`start`](crate::Scheduler::start), [`Running`](crate::Running) |
//! | `stop()`, which cancels what runs | [`Running::stop`](crate::Running::stop) with a grace, [`abort`](crate::Running::abort) |
//! | an interface that is never started | the same: a [`Scheduler`](crate::Scheduler) that is not started |
//! | a failing store or job ends the scheduler | it goes on; [`health`](crate::Scheduler::health), [`events`](crate::Scheduler::events) |
//! | `add_schedule`, conflict policies | [`put`](crate::Scheduler::put) |
//! | `get_schedule(s)`, `remove_schedule` | [`schedule`](crate::Scheduler::schedule), [`schedules`](crate::Scheduler::schedules), [`remove`](crate::Scheduler::remove) |
//! | `pause_schedule`, `unpause_schedule` | [`pause`](crate::Scheduler::pause), [`resume`](crate::Scheduler::resume) with [`Resume`](crate::Resume) |
//! | `metadata` | arguments, or [`tags`](crate::Schedule::tags) where they decide who runs it |
//! | coalesce earliest, latest, all | [`Coalesce`](crate::Coalesce); bounded by [`catch_up`](crate::Schedule::catch_up) |
//! | `max_jitter`, which delays nothing | [`jitter`](crate::Schedule::jitter), which does |
//! | a crash between job and schedule doubles | one transaction, and an id derived from the fire |
//! | an exception of a trigger ends the scheduler | the schedule is quarantined: [`Event::Quarantined`](crate::Event::Quarantined) |
//! | `add_job` | [`enqueue`](crate::Scheduler::enqueue), [`job`](crate::Scheduler::job) |
//! | `run_job` | [`enqueue_and_wait`](crate::NewJob::enqueue_and_wait) |
//! | `get_job_result`, once | [`result`](crate::Scheduler::result), [`wait`](crate::Scheduler::wait); as often as one likes |
//! | `get_jobs` | [`jobs`](crate::Scheduler::jobs) with filters |
//! | no way to stop a job | [`cancel`](crate::Scheduler::cancel), [`Task::timeout`](crate::Task::timeout) |
//! | `max_running_jobs` | [`Task::max_running`](crate::Task::max_running); what is leased counts, no counter |
//! | a full task hides others | claims go by task and tags: it hides nothing |
//! | an abandoned job is not run again | it is, up to [`max_rescues`](crate::Task::max_rescues) |
//! | jobs of unknown tasks end the worker | they wait for a node that knows the task |
//! | executors `async`, `threadpool` | [`Task::new`](crate::Task::new), [`Task::blocking`](crate::Task::blocking) |
//! | executor `processpool` | none for functions yet; the daemon runs commands as processes |
//! | executor `qt`, custom executors | [`Task::raw`](crate::Task::raw) hands its runs to whatever there is |
//! | `current_job` | [`Context`](crate::Context) as a parameter |
//! | `current_async_scheduler` | [`State`](crate::State), which has a type |
//! | `subscribe`, `get_next_event` | [`events`](crate::Scheduler::events) |
//! | callables by import path, pickle | tasks by name, arguments as JSON: a store is data and not code |
//!
//! # From apalis
//!
//! | there | here |
//! |---|---|
//! | `WorkerBuilder`, `Monitor` | one [`Scheduler`](crate::Scheduler) for all tasks |
//! | `storage.push(task)` | [`enqueue`](crate::Scheduler::enqueue) |
//! | `Data<T>` | [`State<T>`](crate::State) |
//! | tower layers for retry and timeout | [`retries`](crate::Task::retries), [`timeout`](crate::Task::timeout); kept in the store |
//! | `.concurrency(n)` | [`Task::max_running`](crate::Task::max_running), on all nodes together |
//! | `idempotency_key` | [`unique`](crate::NewJob::unique) and [`hold`](crate::NewJob::hold) |
//! | `apalis-cron` piped into a storage | [`Schedule::cron`](crate::Schedule::cron); several nodes fire once |
//! | workflows, web board | none |
//!
//! # From tokio-cron-scheduler
//!
//! | there | here |
//! |---|---|
//! | `Job::new_async("0 0 9 * * *", …)` | [`Schedule::cron`](crate::Schedule::cron), with five or six fields |
//! | `Job::new_repeated`, `new_one_shot` | [`every`](crate::Schedule::every), [`at`](crate::Schedule::at), or a job with a [`delay`](crate::NewJob::delay) |
//! | closures in the scheduler | tasks with names, so that schedules outlive the program |
//! | a zone as a fixed offset | [`zone`](crate::Schedule::zone), which knows clock changes |
//! | `on_job_started`, `on_job_done` | [`events`](crate::Scheduler::events) |
//! | `remove(&uuid)` | [`remove`](crate::Scheduler::remove) by name |

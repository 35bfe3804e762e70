//! What a scheduler tells: spans and events of [`tracing`](https://docs.rs/tracing), and how a
//! trace goes on from where a job was queued to where it runs.
//!
//! Names, targets and fields of spans do not change without a word in the changelog. Texts of
//! events are for people and may. Without a subscriber nothing of it is made.
//!
//! # Spans
//!
//! | name | target | level | what it covers |
//! |---|---|---|---|
//! | `mainspring.run` | `mainspring::run` | info | one attempt of a job |
//! | `mainspring.store` | `mainspring::store` | debug | one question to the store |
//!
//! | name | fields |
//! |---|---|
//! | `mainspring.run` | `job`, `task`, `schedule`, `attempt`, `node`, `outcome` |
//! | `mainspring.store` | `verb`, `error` |
//!
//! Whatever a task says while it runs, on a thread of a [blocking task](crate::Task::blocking) too,
//! is inside its `mainspring.run`. What it spawns is not, unless it says so with
//! `tracing::Instrument`. `schedule` is missing for a job that was queued by itself, and `outcome`
//! until the run is over: `succeeded`, `failed`, `panicked`, `timed_out` and so on, as
//! `Outcome::name` has them. A run has no parent: it is the root of what happens in it.
//!
//! `verb` is `claim_schedules` and `advance` (the planner), `claim_jobs`, `renew`, `settle`,
//! `settle_and_claim`, `retry`, `release` and `rescue` (the worker), `enqueue`, `put_schedules`,
//! `jobs` and so on (who asks). `error` is there if the store failed. What a program asks for is
//! inside the span that it is in at that time; what the scheduler asks for by itself has no parent.
//!
//! # Events
//!
//! | target | level | when |
//! |---|---|---|
//! | `mainspring::run` | info | a run has started, or finished |
//! | `mainspring::run` | warn | a run failed or was told to stop, its lease was lost |
//! | `mainspring::run` | warn | the job of a lost node was taken over |
//! | `mainspring::schedule` | warn | due fires became no jobs |
//! | `mainspring::schedule` | error | a schedule is out of service |
//! | `mainspring::store` | warn | the store failed; it is tried again (info: it is back) |
//! | `mainspring::broker` | warn | the broker cannot be reached (info: it can) |
//! | `mainspring::node` | info, warn | this process starts, stops, or finds its clock set |
//!
//! The [events](crate::Events) of [`Scheduler::events`](crate::Scheduler::events) are the same for
//! programs.
//!
//! # OpenTelemetry
//!
//! `tracing-opentelemetry` makes traces of the spans; nothing of ours knows about it. With a filter
//! of `mainspring=info` a trace has a span for each run; with `mainspring=debug` also one for each
//! question to the store.
//!
//! A job has no place for a trace context beside its arguments, so whoever wants to follow a trace
//! from the request that queued a job into its run hands the context over as one of the arguments:
//! a map of a few texts that a propagator fills in and reads again. Queued by itself, a job may be
//! run minutes later or a second time, and so its run is a trace of its own by default. To be a
//! part of the trace that queued it, the task opens a span and names its parent:
//!
//! ```text
//! async fn ship(order: Traced<Order>) {
//!     let span = tracing::info_span!("ship");
//!     span.set_parent(order.trace());         // `OpenTelemetrySpanExt`
//!     async { … }.instrument(span).await
//! }
//! ```
//!
//! `examples/traces` is all of it, with what a collector was sent.

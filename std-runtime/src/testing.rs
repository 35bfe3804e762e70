//! A kit for the tests of your own program: a clock that the test moves by hand.
//!
//! A scheduler that was made by a [`HandClock`] goes by that clock alone. No time passes while
//! tasks run, however slow the machine is; time passes in [`advance`](HandClock::advance), and
//! nothing is left to be done when that returns. So a test needs no sleep, and a month takes it a
//! moment.
//!
//! ```
//! use core::time::Duration;
//! use mainspring::testing::HandClock;
//! use mainspring::{Schedule, Scheduler, State, Task};
//! use mainspring_memory::MemoryStore;
//!
//! // What is tested: each morning, everybody is queued a letter.
//! async fn write_to_all((): (), scheduler: State<Scheduler>) -> Result<(), mainspring::Error> {
//!     for name in ["ada", "grace"] {
//!         scheduler.enqueue("mail", name).await?;
//!     }
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = HandClock::at("2027-03-01T08:59:00Z".parse()?);
//! let store = MemoryStore::default();
//! let mailer = clock.builder(store.clone()).build().await?; // of another node, which is not there
//! let scheduler = clock
//!     .builder(store)
//!     .state(mailer)
//!     .task(Task::new("write-to-all", write_to_all))
//!     .build()
//!     .await?;
//! scheduler.put(Schedule::cron("mornings", "write-to-all", "0 9 * * *")).await?;
//! let _running = scheduler.start().await?;
//!
//! clock.advance(Duration::from_secs(59)).await;
//! assert_eq!(clock.enqueued::<String>(&scheduler, "mail").await?, [""; 0]);
//!
//! clock.advance(Duration::from_secs(1)).await;
//! assert_eq!(clock.enqueued::<String>(&scheduler, "mail").await?, ["ada", "grace"]);
//!
//! clock.advance(Duration::from_secs(30 * 86_400)).await; // each of thirty more mornings
//! assert_eq!(clock.enqueued::<String>(&scheduler, "mail").await?.len(), 62);
//! # Ok(())
//! # }
//! ```
//!
//! # Tasks that wait
//!
//! A run keeps the clock where it is until it ends, so a task that sleeps by the timers of tokio
//! takes its time for real, and none by this clock. A task whose waiting is to be tested waits with
//! [`HandClock::wait`]; give it the clock as [`State`](crate::State):
//!
//! ```
//! use core::time::Duration;
//! use mainspring::testing::HandClock;
//! use mainspring::{State, Task};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! async fn slow((): (), clock: State<HandClock>) {
//!     clock.wait(Duration::from_secs(3_600)).await;
//! }
//! let clock = HandClock::at("2027-03-01T00:00:00Z".parse()?);
//! let scheduler = clock
//!     .builder(mainspring_memory::MemoryStore::default())
//!     .state(clock.clone())
//!     .task(Task::new("slow", slow).timeout(Duration::from_secs(60)))
//!     .build()
//!     .await?;
//! let _running = scheduler.start().await?;
//! let job = scheduler.enqueue("slow", &()).await?;
//! clock.advance(Duration::from_secs(59)).await;
//! assert!(scheduler.result(job).await?.is_none(), "it runs");
//! clock.advance(Duration::from_secs(1)).await;
//! let end = scheduler.result(job).await?.expect("it is over");
//! assert_eq!(end.outcome().to_string(), "timed out");
//! # Ok(())
//! # }
//! ```
//!
//! # Several nodes
//!
//! All schedulers that one clock makes go by it, whichever store they use; they may share one. A
//! node that is lost is a [`Running`](crate::Running) that was aborted, or a scheduler that was
//! never started.
//!
//! # What it does not cover
//!
//! The grace of [`Running::stop`](crate::Running::stop) is real time.

mod hand;

pub use hand::HandClock;

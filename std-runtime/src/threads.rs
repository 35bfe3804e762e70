//! The threads on which blocking tasks run: an [`Executor`] of [`Call`]s.
//!
//! They are our own, so that functions that block, or compute for long, hold up neither the pump
//! nor anything else that the program does with its async runtime. There are never more than a
//! fixed number; what finds none free waits in line. A thread without work ends after a while.

use core::fmt;
use core::future::Future;
use core::time::Duration;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use mainspring_core::outcome::Outcome;
use tokio::sync::oneshot;
use tracing::Span;

use crate::context::Context;
use crate::runs::panic_text;
use crate::task::{Call, Executor, RunEnd, TaskRun};

/// What a thread is to do.
struct Work {
    run: Box<dyn FnOnce() + Send>,
    turn: Arc<Turn>,
}

/// Whether work has begun or was given up before: one of the two, and for good.
#[derive(Default)]
struct Turn(AtomicU8);

impl Turn {
    const BEGUN: u8 = 1;
    const GIVEN_UP: u8 = 2;

    /// Whether this is the first word on it.
    fn becomes(&self, what: u8) -> bool {
        self.0.compare_exchange(0, what, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn is_given_up(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::GIVEN_UP
    }
}

/// Gives work up as it is dropped, unless a thread has begun.
struct Asker(Arc<Turn>);

impl Drop for Asker {
    fn drop(&mut self) {
        self.0.becomes(Turn::GIVEN_UP);
    }
}

/// A bounded set of threads for functions that block, or compute for long.
///
/// A scheduler has one, with as many threads as it runs jobs at once: that of
/// [`Task::blocking`](crate::Task::blocking). A set of its own keeps a task within fewer threads,
/// or others from waiting for it. What finds no thread free waits in line. Cheap to clone; clones
/// are the same threads.
///
/// ```
/// use mainspring::{Task, Threads};
/// fn shrink(picture: String) -> Result<(), std::io::Error> {
///     let bytes = std::fs::read(picture)?;
///     // …
///     # drop(bytes);
///     Ok(())
/// }
/// let two = Threads::new(2);
/// let tasks = [Task::on("shrink", two.clone(), shrink), Task::on("again", two, shrink)];
/// # let _ = tasks;
/// ```
#[derive(Clone)]
pub struct Threads {
    shared: Arc<Shared>,
}

struct Shared {
    line: Mutex<Line>,
    bell: Condvar,
    max: usize,
}

/// Invariant: `idle <= threads <= max`.
#[derive(Default)]
struct Line {
    work: VecDeque<Work>,
    threads: usize,
    idle: usize,
}

/// Why work has no result.
enum Lost {
    /// It panicked with this.
    Panic(Box<dyn core::any::Any + Send>),
    /// No thread could be started, for this reason.
    NoThread(std::io::Error),
    /// It was given up before a thread came to it.
    NotBegun,
}

impl Threads {
    /// At most so many threads (and at least one), started as they are needed.
    pub fn new(max: usize) -> Self {
        let shared = Shared { line: Mutex::default(), bell: Condvar::new(), max: max.max(1) };
        Self { shared: Arc::new(shared) }
    }

    /// Runs work on a thread and waits for it. What has not begun is given up once `given_up`
    /// resolves, or if the future is dropped; what has begun goes on to its end.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        given_up: impl Future<Output = ()> + Send,
    ) -> Result<T, Lost> {
        let (sender, mut receiver) = oneshot::channel();
        let span = Span::current();
        let run = move || {
            let _inside = span.entered();
            let result = catch_unwind(AssertUnwindSafe(work));
            // Whoever asked may have gone.
            let _ = sender.send(result.map_err(Lost::Panic));
        };
        let asker = Asker(Arc::default());
        let turn = Arc::clone(&asker.0);
        self.push(Work { run: Box::new(run), turn }).map_err(Lost::NoThread)?;
        let result = tokio::select! {
            biased;
            result = &mut receiver => result,
            () = given_up => {
                if asker.0.becomes(Turn::GIVEN_UP) {
                    return Err(Lost::NotBegun);
                }
                receiver.await
            }
        };
        result.unwrap_or_else(|_| {
            let ended = std::io::Error::other("the thread ended before its work");
            Err(Lost::NoThread(ended))
        })
    }

    fn push(&self, work: Work) -> std::io::Result<()> {
        let mut line = self.shared.line();
        if line.threads == self.shared.max {
            // Threads may hang while what waits for them is given up, again and again.
            line.work.retain(|work| !work.turn.is_given_up());
        }
        line.work.push_back(work);
        if line.idle >= line.work.len() || line.threads == self.shared.max {
            self.shared.bell.notify_one();
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let name = "mainspring-task".to_owned();
        match thread::Builder::new().name(name).spawn(move || shared.serve()) {
            Ok(_) => line.threads += 1,
            // The threads that there are come to it in time.
            Err(_) if line.threads > 0 => {}
            Err(error) => {
                line.work.pop_back();
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Executor for Threads {
    type Work = Call;

    fn run(&self, call: Call, run: Context) -> TaskRun {
        let threads = self.clone();
        Box::pin(async move {
            let result = threads.work(|| call.run(), run.cancelled()).await;
            result.unwrap_or_else(|lost| lost.run_end(&run))
        })
    }
}

impl Lost {
    fn run_end(self, run: &Context) -> RunEnd {
        match self {
            Self::Panic(payload) => RunEnd::failure(Outcome::Panicked, panic_text(&*payload)),
            Self::NoThread(error) => {
                RunEnd::failure(Outcome::Failed, format!("no thread could be started: {error}"))
            }
            Self::NotBegun => {
                run.never_began();
                let why = run.why_cancelled().unwrap_or(Outcome::Interrupted);
                RunEnd::failure(why, format!("not started, because no thread became free: {why}"))
            }
        }
    }
}

impl Shared {
    /// One thread's life.
    fn serve(&self) {
        let mut line = self.line();
        loop {
            if let Some(work) = line.work.pop_front() {
                drop(line);
                if work.turn.becomes(Turn::BEGUN) {
                    (work.run)();
                }
                line = self.line();
                continue;
            }
            line.idle += 1;
            let waited = self.bell.wait_timeout(line, KEEP_IDLE);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            line = woken;
            line.idle -= 1;
            if timeout.timed_out() && line.work.is_empty() {
                line.threads -= 1;
                return;
            }
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // Nothing that can panic happens under this lock.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").field("max", &self.shared.max).finish_non_exhaustive()
    }
}

/// How long a thread without work stays.
const KEEP_IDLE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use core::future::{pending, ready};
    use std::collections::HashSet;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[tokio::test]
    async fn as_many_run_at_once_as_there_are_threads_and_no_more() {
        let threads = Threads::new(3);
        // Three meet at the barrier, which two could not.
        let barrier = Arc::new(Barrier::new(3));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..30 {
            let (threads, barrier) = (threads.clone(), Arc::clone(&barrier));
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            set.spawn(async move {
                let work = move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    barrier.wait();
                    now.fetch_sub(1, Ordering::SeqCst);
                    thread::current().id()
                };
                threads.work(work, pending()).await.ok().expect("it ends")
            });
        }
        let seen: HashSet<_> = set.join_all().await.into_iter().collect();
        assert_eq!((seen.len(), most.load(Ordering::SeqCst)), (3, 3));
    }

    #[tokio::test]
    async fn a_panic_is_a_result_and_its_thread_lives_on() {
        let threads = Threads::new(1);
        let lost = threads.work(|| panic!("on purpose"), pending()).await;
        assert!(matches!(lost, Err::<(), _>(Lost::Panic(_))));
        assert!(matches!(threads.work(|| 7, pending()).await, Ok(7)));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_does_not_start() {
        let threads = Threads::new(1);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let first = tokio::spawn({
            let threads = threads.clone();
            async move { threads.work(move || wait.recv().is_ok(), pending()).await.is_ok() }
        });
        let begun = || threads.shared.line().threads == 1 && threads.shared.line().work.is_empty();
        while !begun() {
            tokio::task::yield_now().await;
        }
        let ran = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&ran);
        let mut second =
            Box::pin(threads.work(move || counted.fetch_add(1, Ordering::SeqCst), pending()));
        assert!(
            core::future::poll_fn(|c| core::task::Poll::Ready(second.as_mut().poll(c)))
                .await
                .is_pending()
        );
        drop(second);
        let third = threads.work(|| panic!("nobody wants it"), ready(())).await;
        assert!(matches!(third, Err::<(), _>(Lost::NotBegun)));
        assert_eq!(threads.shared.line().work.len(), 1, "the second one is forgotten");
        go.send(()).expect("the first one waits");
        assert!(first.await.expect("it ends"));
        // There is one thread, so what comes after it was passed over.
        assert!(threads.work(|| (), pending()).await.is_ok());
        assert_eq!(ran.load(Ordering::SeqCst), 0);
    }
}

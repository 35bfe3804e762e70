//! The threads on which blocking tasks run.
//!
//! They are our own, so that functions that block, or compute for long, hold up neither the pump
//! nor anything else that the program does with its async runtime. There are never more than a
//! fixed number; what finds none free waits in line. A thread without work ends after a while.

use core::fmt;
use core::time::Duration;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// A bounded set of threads. Cheap to clone; clones are the same threads.
#[derive(Clone)]
pub(crate) struct Threads {
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
pub(crate) enum Lost {
    /// It panicked with this.
    Panic(Box<dyn core::any::Any + Send>),
    /// No thread could be started, for this reason.
    NoThread(std::io::Error),
}

impl Threads {
    /// At most so many threads, started as they are needed.
    pub(crate) fn new(max: usize) -> Self {
        let shared = Shared { line: Mutex::default(), bell: Condvar::new(), max: max.max(1) };
        Self { shared: Arc::new(shared) }
    }

    /// Runs work on a thread and waits for it. Dropping the future takes back what has not
    /// started; what has goes on to its end.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Lost> {
        let (sender, receiver) = oneshot::channel();
        let work = move || {
            if sender.is_closed() {
                return;
            }
            let result = catch_unwind(AssertUnwindSafe(work));
            // Whoever asked may have gone.
            let _ = sender.send(result.map_err(Lost::Panic));
        };
        self.push(Box::new(work)).map_err(Lost::NoThread)?;
        receiver.await.unwrap_or_else(|_| {
            let ended = std::io::Error::other("the thread ended before its work");
            Err(Lost::NoThread(ended))
        })
    }

    fn push(&self, work: Work) -> std::io::Result<()> {
        let mut line = self.shared.line();
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

impl Shared {
    /// One thread's life.
    fn serve(&self) {
        let mut line = self.line();
        loop {
            if let Some(work) = line.work.pop_front() {
                drop(line);
                work();
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
    use std::collections::HashSet;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

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
                threads.run(work).await.ok().expect("it ends")
            });
        }
        let seen: HashSet<_> = set.join_all().await.into_iter().collect();
        assert_eq!((seen.len(), most.load(Ordering::SeqCst)), (3, 3));
    }

    #[tokio::test]
    async fn a_panic_is_a_result_and_its_thread_lives_on() {
        let threads = Threads::new(1);
        let lost = threads.run(|| panic!("on purpose")).await;
        assert!(matches!(lost, Err::<(), _>(Lost::Panic(_))));
        assert!(matches!(threads.run(|| 7).await, Ok(7)));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_does_not_start() {
        let threads = Threads::new(1);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let first = tokio::spawn({
            let threads = threads.clone();
            async move { threads.run(move || wait.recv().is_ok()).await.is_ok() }
        });
        while threads.shared.line().threads == 0 {
            tokio::task::yield_now().await;
        }
        let ran = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&ran);
        let mut second = Box::pin(threads.run(move || counted.fetch_add(1, Ordering::SeqCst)));
        assert!(
            core::future::poll_fn(|c| core::task::Poll::Ready(second.as_mut().poll(c)))
                .await
                .is_pending()
        );
        drop(second);
        go.send(()).expect("the first one waits");
        assert!(first.await.expect("it ends"));
        // There is one thread, so what comes after it was passed over.
        assert!(threads.run(|| ()).await.is_ok());
        assert_eq!(ran.load(Ordering::SeqCst), 0);
    }
}

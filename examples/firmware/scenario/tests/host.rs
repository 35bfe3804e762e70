//! The scenario on a host, on a timer that leaps from second to second.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::{fmt, fs, path};

use embassy_time::{Duration, MockDriver};
use mainspring_scenario::{Engine, Flash, Trace, play};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn keep(line: fmt::Arguments<'_>) {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_string());
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Polls a future to its end, for at most thirty days.
fn run(future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&flag));
    let mut context = Context::from_waker(&waker);
    for _ in 0..30 * 86_400 {
        while flag.0.swap(false, Ordering::SeqCst) {
            if let Poll::Ready(()) = future.as_mut().poll(&mut context) {
                return;
            }
        }
        MockDriver::get().advance(Duration::from_secs(1));
    }
    panic!("the scenario does not end");
}

#[test]
fn the_trace_is_the_reviewed_one() {
    let mut engine = Box::new(Engine::EMPTY);
    let flash = Flash::erased();
    run(play(Trace(keep), &mut engine, &flash));
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner).join("\n") + "\n";
    let path = path::Path::new(env!("CARGO_MANIFEST_DIR")).join("trace.txt");
    if std::env::var_os("UPDATE_TRACE").is_some() {
        fs::write(&path, &lines).expect("the trace can be written");
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(lines, reviewed, "review the difference and run with UPDATE_TRACE=1");
}

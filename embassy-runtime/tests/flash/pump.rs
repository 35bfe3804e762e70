//! A pump over the journal of cursors: a device that loses its power in the middle of a run, and
//! learns the time some minutes after it is back.

use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::sync::Arc;
use std::task::Wake;

use embassy_time::{Duration, MockDriver, Timer};
use mainspring_core::schedule::Spec;
use mainspring_core::time::Span;
use mainspring_embassy::command::{Command, Commands};
use mainspring_embassy::cursors::{CursorJournal, Interrupted, Options};
use mainspring_embassy::engine;
use mainspring_embassy::fixed::{Fixed, InProgram, Plain};
use mainspring_embassy::journal::{Loss, Restored};
use mainspring_embassy::name::Name;
use mainspring_embassy::pump::Pump;
use mainspring_embassy::task::{self, Run};
use mainspring_embassy::timing::Fires;

use crate::nor::Nor;

type Engine = engine::Engine<Fixed, 2, 1, 4, 2, 2>;
type Flash = Nor<512, 4>;

const WORK: Name = Name::of("work");

/// Each takes as many seconds as its number says.
static SCHEDULES: [Spec<Fixed>; 2] = [
    Spec { payload: 0, ..Fixed::spec(Name::of("beat"), WORK, Fires::every_secs(40)) },
    Spec { payload: 50, ..Fixed::spec(Name::of("hourly"), WORK, Fires::cron("0 * * * *", "UTC0")) },
];

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Polls a future for so long, second by second.
fn run_for<F: Future>(mut future: Pin<&mut F>, seconds: u64) -> Option<F::Output> {
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&flag));
    let mut context = Context::from_waker(&waker);
    for second in 0..=seconds {
        if second > 0 {
            MockDriver::get().advance(Duration::from_secs(1));
        }
        while flag.0.swap(false, Ordering::SeqCst) {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return Some(output);
            }
        }
    }
    None
}

/// Switches a device on, tells it the time after a minute, and takes its power away another minute
/// later; says what was restored, and for which instants the hourly schedule started.
fn power(flash: &mut Flash, interrupted: Interrupted, told: &str) -> (Restored, Vec<String>) {
    let mut engine = Box::new(Engine::EMPTY);
    let commands: Commands<Fixed, 1> = Commands::new();
    let options = Options { interrupted, within: Span::ZERO };
    let range = flash.range();
    let journal = CursorJournal::<Plain, _, 2>::new(flash, range, &SCHEDULES, options);
    let journal = journal.expect("a flash of even pages");
    let start = run_for(pin!(Pump::start(&mut engine, &commands, journal, ())), 0);
    let (mut pump, restored) = start.expect("nothing to wait for").expect("the flash answers");
    for schedule in &SCHEDULES {
        pump.tell(Command::Put(InProgram(schedule)));
    }
    let (hours, beats) = (RefCell::new(Vec::new()), Cell::new(0));
    let tasks = task::tasks().on(WORK, async |run: &Run<Fixed>| {
        if run.schedule == Some(SCHEDULES[1].id) {
            hours.borrow_mut().extend(run.fire_at.map(|at| at.to_string()));
        } else {
            beats.set(beats.get() + 1);
        }
        Timer::after_secs(run.payload.into()).await;
        Ok(())
    });
    let mut run = pin!(pump.run(&tasks));
    assert!(run_for(run.as_mut(), 60).is_none());
    assert!(hours.borrow().is_empty(), "nobody has said what time it is");
    let now = told.parse().expect("an instant");
    assert!(commands.try_send(Command::set_clock(now)).is_ok());
    assert!(run_for(run, 60).is_none());
    assert!(beats.get() >= 2, "an interval needs no clock");
    let hours = hours.borrow().clone();
    (restored, hours)
}

#[test]
fn a_device_goes_on_where_its_schedules_stood() {
    for interrupted in [Interrupted::RunsAgain, Interrupted::IsOver] {
        let mut flash = Flash::erased(4);
        let ten = ["2026-11-22T10:00:00Z".to_owned()];
        let (restored, hours) = power(&mut flash, interrupted, "2026-11-22T09:59:30Z");
        // The power goes after thirty seconds of the fifty that it takes.
        assert_eq!((restored.schedules, &hours[..]), (0, &ten[..]));
        let (restored, hours) = power(&mut flash, interrupted, "2026-11-22T10:05:00Z");
        let owed = if interrupted == Interrupted::RunsAgain { &ten[..] } else { &[] };
        assert_eq!((restored.schedules, &hours[..]), (2, owed));
        // By now it is over in either case; what came due without power is not.
        let (restored, hours) = power(&mut flash, interrupted, "2026-11-22T10:10:00Z");
        assert_eq!((restored.schedules, &hours[..]), (2, &[][..]));
        let (restored, hours) = power(&mut flash, interrupted, "2026-11-22T12:30:00Z");
        assert_eq!(restored.loss, Loss::NONE);
        assert_eq!(hours, ["2026-11-22T12:00:00Z"]);
    }
}

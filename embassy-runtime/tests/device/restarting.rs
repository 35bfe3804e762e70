//! What a device makes of what its journal has kept.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use mainspring_core::id::ConfigRevision;
use mainspring_core::ledger::Ledger;
use mainspring_core::room::Inline;
use mainspring_core::schedule::{Next, Schedule};
use mainspring_core::time::{Mono, Timestamp};
use mainspring_core::verb::Enqueue;
use mainspring_embassy::command::{Answer, Command, Commands};
use mainspring_embassy::domain::Small;
use mainspring_embassy::engine::UNTOLD;
use mainspring_embassy::flash::{FlashJournal, Options};
use mainspring_embassy::journal::{Cursors, Durable, Journal, Restored};
use mainspring_embassy::name::{JobId, Name};
use mainspring_embassy::pump::Pump;
use mainspring_embassy::task::{self, Run};
use mainspring_embassy::timing::Fires;

use crate::nor::Nor;
use crate::rig::{Engine, TASK, at, run_for, secs, spec, timer};

/// A journal in which somebody else has written.
struct Found(Vec<Schedule<Small>>, Cursors);

type Kept = Ledger<Small, Inline<4>, Inline<2>, Inline<4>, Inline<0>>;

impl Journal<Small, Inline<4>, Inline<2>, Inline<4>, Inline<0>> for Found {
    type Error = Infallible;

    async fn restore(&mut self, ledger: &mut Kept) -> Result<Restored, Infallible> {
        let schedules = self.0.len();
        for schedule in self.0.drain(..) {
            assert!(ledger.restore_schedule(schedule).is_ok(), "there is room");
        }
        Ok(Restored { schedules, cursors: self.1, ..Restored::NOTHING })
    }

    async fn record(&mut self, _: &Kept, _: Mono) -> Result<(), Infallible> {
        Ok(())
    }

    async fn flush(&mut self, _: &Kept) -> Result<(), Infallible> {
        Ok(())
    }

    fn deadline(&self) -> Option<Mono> {
        None
    }
}

/// An interval of ten minutes and an hourly pattern, as they were written at a time.
fn found(written: &str, beat: &str, hourly: &str) -> Vec<Schedule<Small>> {
    let schedule = |name, fires, next| {
        let next = Next::At(at(next));
        let mut schedule: Schedule<Small> =
            Schedule::created(spec(name, fires), next, ConfigRevision::default(), at(written));
        schedule.last_fire_at = Some(at(written));
        schedule
    };
    vec![
        schedule("beat", Fires::every_secs(600), beat),
        schedule("hourly", Fires::cron("0 * * * *", "UTC0"), hourly),
    ]
}

/// Where both stand after a start, and what time the device thinks it is; then the same once it was
/// told the time.
fn restarted(found: Found, told: &str) -> [[Timestamp; 3]; 2] {
    let _timer = timer();
    let mut engine = Box::new(Engine::EMPTY);
    let commands: Commands<Small, 1> = Commands::new();
    let mut start = pin!(Pump::start(&mut engine, &commands, found, ()));
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok((mut pump, _))) = start.as_mut().poll(&mut context) else {
        panic!("nothing to wait for")
    };
    let before = pump_state(&pump);
    let _ = pump.tell(Command::set_clock(at(told)));
    [before, pump_state(&pump)]
}

fn pump_state<L>(pump: &Pump<'_, Small, L, (), 4, 2, 4, 2, 4, 1>) -> [Timestamp; 3]
where
    L: Journal<Small, Inline<4>, Inline<2>, Inline<4>, Inline<0>>,
{
    let next = |name| {
        let schedule = pump.engine().ledger().schedule(&Name::of(name)).expect("it is there");
        schedule.next.at().expect("it goes on")
    };
    [pump.engine().clock().now().wall, next("beat"), next("hourly")]
}

#[test]
fn time_goes_on_from_what_the_journal_knows_and_intervals_with_it() {
    let written = "2026-11-22T09:55:00Z";
    let (beat, hourly) = ("2026-11-22T10:02:00Z", "2026-11-22T10:00:00Z");
    let found = Found(found(written, beat, hourly), Cursors::Kept);
    let [before, after] = restarted(found, "2026-11-22T12:30:00Z");
    assert_eq!(before, [at(written), at(beat), at(hourly)]);
    // Seven minutes were left of the interval; what the pattern has missed is owed.
    let told = at("2026-11-22T12:30:00Z");
    assert_eq!(after, [told, told + secs(7 * 60), at(hourly)]);
}

#[test]
fn an_interval_that_was_written_under_a_wrong_clock_is_no_longer_than_it_is() {
    let written = "2026-11-22T09:55:00Z";
    let found = Found(found(written, "2099-01-01T00:00:00Z", written), Cursors::Kept);
    let [before, _] = restarted(found, "2026-11-22T12:30:00Z");
    assert_eq!(before[1], at(written) + secs(600));
}

#[test]
fn where_nobody_knows_the_cursors_everything_starts_anew() {
    let written = "2026-11-22T09:55:00Z";
    let found = Found(found(written, written, written), Cursors::Unknown);
    let [before, after] = restarted(found, "2026-11-22T12:30:00Z");
    assert_eq!(before, [at(written), at(written) + secs(600), UNTOLD]);
    let told = at("2026-11-22T12:30:00Z");
    assert_eq!(after, [told, told + secs(600), at("2026-11-22T13:00:00Z")]);
}

#[test]
fn a_fixed_delay_is_neither_cut_short_nor_drawn_out_by_a_restart() {
    let written = "2026-11-22T09:55:00Z";
    let delayed = |next: &str| {
        let mut schedules = found(written, next, next);
        schedules[0].spec.policies.after_run = Some(secs(7_200));
        schedules[0].fired = 3;
        schedules
    };
    // The interval is ten minutes, but it was for the first run only.
    let kept = Found(delayed("2026-11-22T11:40:00Z"), Cursors::Kept);
    let [before, _] = restarted(kept, "2026-11-22T12:30:00Z");
    assert_eq!(before[1], at("2026-11-22T11:40:00Z"));
    let wrong = Found(delayed("2099-01-01T00:00:00Z"), Cursors::Kept);
    let [before, _] = restarted(wrong, "2026-11-22T12:30:00Z");
    assert_eq!(before[1], at(written) + secs(7_200));
}

type Flash = Nor<1024, 4>;

/// What somebody asks a device for, and how many seconds pass then.
type Step = (fn() -> Command<Small>, i64);

/// What a device has to say between two losses of power.
struct Life {
    restored: Restored,
    /// Where its schedules stand, and what time it thinks it is: when it starts, and after each
    /// command.
    states: Vec<[Timestamp; 3]>,
    /// For which instants they ran.
    ran: Vec<(Name, Timestamp)>,
}

/// Switches a device on, leaves it alone for a minute, takes these steps, and takes its power away.
fn live(flash: &mut Flash, durable: Durable, steps: &[Step]) -> Life {
    let _timer = timer();
    let mut engine = Box::new(Engine::EMPTY);
    let commands: Commands<Small, 1> = Commands::new();
    let range = flash.range();
    let options = Options { durable, layout: 0 };
    let journal = FlashJournal::<Small, _, 4, 4>::new(flash, range, options);
    let journal = journal.expect("a flash of even pages");
    let start = run_for(pin!(Pump::start(&mut engine, &commands, journal, ())), 0);
    let (mut pump, restored) = start.expect("nothing to wait for").expect("the flash answers");
    for schedule in
        [spec("beat", Fires::every_secs(1_500)), spec("hourly", Fires::cron("0 * * * *", "UTC0"))]
    {
        assert!(matches!(pump.tell(Command::Put(schedule)), Answer::Put(_)));
    }
    let ran = RefCell::new(Vec::new());
    let tasks = task::tasks().on(TASK, async |run: &Run<Small>| {
        ran.borrow_mut().extend(run.schedule.zip(run.fire_at));
        Ok(())
    });
    let mut states = vec![pump_state(&pump)];
    assert!(run_for(pin!(pump.run(&tasks)), 60).is_none());
    for (command, seconds) in steps {
        let _ = pump.tell(command());
        states.push(pump_state(&pump));
        assert!(run_for(pin!(pump.run(&tasks)), *seconds).is_none());
    }
    let ran = ran.borrow().clone();
    Life { restored, states, ran }
}

#[test]
fn with_configuration_only_what_came_due_without_power_is_skipped() {
    let mut flash = Flash::erased(4);
    let (beat, hourly) = (Name::of("beat"), Name::of("hourly"));
    let step: Step = (|| Command::set_clock(at("2026-11-22T09:30:00Z")), 3_600);
    let life = live(&mut flash, Durable::Config, &[step]);
    assert_eq!(life.restored, Restored::NOTHING);
    // A minute of its twenty-five is over when the device is told the time.
    let expected = [
        (beat, at("2026-11-22T09:54:00Z")),
        (hourly, at("2026-11-22T10:00:00Z")),
        (beat, at("2026-11-22T10:19:00Z")),
    ];
    assert_eq!(life.ran, expected);
    let step: Step = (|| Command::set_clock(at("2026-11-22T12:30:00Z")), 3_600);
    let life = live(&mut flash, Durable::Config, &[step]);
    let expected = Restored { schedules: 2, cursors: Cursors::Unknown, ..Restored::NOTHING };
    assert_eq!(life.restored, expected);
    let [before, after] = life.states[..] else { panic!("one command") };
    assert_eq!(before[1..], [before[0] + secs(1_500), UNTOLD]);
    let told = at("2026-11-22T12:30:00Z");
    assert_eq!(after, [told, told + secs(1_440), at("2026-11-22T13:00:00Z")]);
    let expected = [
        (beat, at("2026-11-22T12:54:00Z")),
        (hourly, at("2026-11-22T13:00:00Z")),
        (beat, at("2026-11-22T13:19:00Z")),
    ];
    assert_eq!(life.ran, expected);
}

#[test]
fn a_wrong_clock_that_was_corrected_does_not_come_back() {
    let told = at("2026-11-22T09:30:00Z");
    let wrong: Step = (|| Command::set_clock(at("2099-11-22T09:10:00Z")), 10);
    let corrected: Step = (|| Command::set_clock(at("2026-11-22T09:30:00Z")), 10);
    // What is noted meanwhile: a pause, a job and a fire.
    let pauses = || Command::Pause(Name::of("hourly"));
    let queues = || {
        let ready_at = Some(at("2099-11-23T00:00:00Z"));
        let id = JobId::queued(TASK, 1);
        Command::Enqueue(Enqueue { ready_at, ..Enqueue::new(id, TASK, 0) })
    };
    let fires = || Command::set_clock(at("2099-11-22T09:59:50Z"));
    let meanwhile: [fn() -> Command<Small>; 3] = [pauses, queues, fires];
    for durable in [Durable::Every, Durable::Within(secs(3_600)), Durable::Config] {
        for (noted, is_job) in meanwhile.into_iter().zip([false, true, false]) {
            let mut flash = Flash::erased(4);
            let life = live(&mut flash, durable, &[wrong, (noted, 60), corrected]);
            assert_eq!(life.states[3][0], told);
            let life = live(&mut flash, durable, &[]);
            // Where jobs are not kept, nothing is known of the time.
            let forgets = is_job && durable == Durable::Config;
            let known = if forgets { Timestamp::UNIX_EPOCH } else { told };
            assert_eq!(life.states[0][0], known, "{durable:?}");
        }
    }
}

//! The pump: tasks that take their time, commands from elsewhere, and its end.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;

use embassy_time::Timer;
use mainspring_core::fire::Skip;
use mainspring_core::id::Token;
use mainspring_core::ledger::Ledger;
use mainspring_core::outcome::Outcome;
use mainspring_core::room::Room;
use mainspring_core::schedule::Spec;
use mainspring_core::settings::{Settings, Timeout};
use mainspring_core::time::Mono;
use mainspring_core::verb::{self, Cancelled, Enqueue, Enqueued, History};
use mainspring_embassy::command::{Answer, Command, Commands, Reply};
use mainspring_embassy::domain::Small;
use mainspring_embassy::journal::{Journal, Ram, Restored};
use mainspring_embassy::name::{JobId, Name};
use mainspring_embassy::pump::Pump;
use mainspring_embassy::task::{self, Run};
use mainspring_embassy::timing::Fires;

use crate::rig::{Engine, TASK, run_for, secs, spec, timer, timer_secs};

static REPLY: Reply<Small> = Reply::new();

/// How attempts ended.
#[derive(Clone, Default)]
struct Heard(Rc<RefCell<Vec<Outcome>>>);

impl History<Small> for Heard {
    fn run(&mut self, run: verb::Run<Small>) {
        self.0.borrow_mut().push(run.ended.outcome);
    }
    fn skip(&mut self, _: &Name, _: Skip) {}
    fn is_settled(&self, _: &JobId) -> bool {
        false
    }
    fn ended(&self, _: &JobId, _: Token) -> Option<(Outcome, bool)> {
        None
    }
}

fn now<F: Future>(future: F) -> F::Output {
    run_for(pin!(future), 0).expect("nothing to wait for")
}

fn job(number: u32, payload: u32) -> Enqueue<Small> {
    Enqueue::new(JobId::queued(TASK, number), TASK, payload)
}

#[test]
fn no_more_tasks_run_at_once_than_there_are_places() {
    let _timer = timer();
    let mut engine = Box::new(Engine::EMPTY);
    let commands: Commands<Small, 4> = Commands::new();
    let Ok((mut pump, restored)) = now(Pump::start(&mut engine, &commands, Ram, ()));
    assert_eq!(restored, Restored::NOTHING);
    for number in 0..4 {
        let told = pump.tell(Command::Enqueue(job(number, 10)));
        assert!(matches!(told, Answer::Queued(_, Enqueued::Inserted)));
    }
    let (running, most, ends) = (Cell::new(0), Cell::new(0), RefCell::new(Vec::new()));
    let tasks = task::tasks().on(TASK, async |run: &Run<Small>| {
        running.set(running.get() + 1);
        most.set(most.get().max(running.get()));
        Timer::after_secs(run.payload.into()).await;
        running.set(running.get() - 1);
        ends.borrow_mut().push(timer_secs());
        Ok(())
    });
    let mut run = pin!(pump.run(&tasks));
    assert!(run_for(run.as_mut(), 15).is_none());
    assert_eq!((most.get(), running.get()), (2, 2));
    assert_eq!(commands.try_send(Command::Stop), Ok(()));
    // What runs may end; what waits does not start any more.
    assert!(run_for(run.as_mut(), 3).is_none());
    assert!(run_for(run, 10).is_some());
    assert_eq!(*ends.borrow(), [10, 10, 20, 20]);
    assert_eq!(timer_secs(), 20);
}

#[test]
fn a_task_is_dropped_when_it_takes_too_long_or_is_cancelled() {
    let _timer = timer();
    let mut engine = Box::new(Engine::EMPTY);
    let commands: Commands<Small, 4> = Commands::new();
    let heard = Heard::default();
    {
        let Ok((mut pump, _)) = now(Pump::start(&mut engine, &commands, Ram, heard.clone()));
        let timeout = Some(Timeout::After(secs(5)));
        let settings = Settings { timeout, ..Settings::NONE };
        let _ = pump.tell(Command::Enqueue(Enqueue { settings, ..job(0, 100) }));
        let _ = pump.tell(Command::Enqueue(job(1, 100)));
        let dropped = RefCell::new(Vec::new());
        let tasks = task::tasks().on(TASK, async |run: &Run<Small>| {
            struct Told<'a>(&'a RefCell<Vec<(u64, JobId)>>, JobId);
            impl Drop for Told<'_> {
                fn drop(&mut self) {
                    self.0.borrow_mut().push((timer_secs(), self.1));
                }
            }
            let _told = Told(&dropped, run.job);
            Timer::after_secs(run.payload.into()).await;
            Ok(())
        });
        let mut run = pin!(pump.run(&tasks));
        assert!(run_for(run.as_mut(), 7).is_none());
        let id = JobId::queued(TASK, 1);
        let mut ask = pin!(commands.ask(Command::Cancel(id), &REPLY));
        assert!(run_for(ask.as_mut(), 0).is_none());
        assert!(run_for(run.as_mut(), 1).is_none());
        assert_eq!(run_for(ask, 0), Some(Answer::Cancelled(Cancelled::Asked)));
        assert_eq!(*dropped.borrow(), [(5, JobId::queued(TASK, 0)), (7, id)]);
    }
    assert_eq!(*heard.0.borrow(), [Outcome::TimedOut, Outcome::Cancelled]);
}

#[test]
fn a_full_channel_hands_the_command_back() {
    let commands: Commands<Small, 2> = Commands::new();
    let beat = Command::Put(spec("beat", Fires::every_secs(10)));
    assert_eq!(commands.try_send(Command::RunNow(TASK)), Ok(()));
    assert_eq!(commands.try_send(beat.clone()), Ok(()));
    assert_eq!(commands.try_send(beat.clone()).map_err(|full| full.0), Err(beat));
}

#[test]
fn tasks_are_found_by_their_names() {
    let _timer = timer();
    let mut engine = Box::new(Engine::EMPTY);
    let commands: Commands<Small, 4> = Commands::new();
    let Ok((mut pump, _)) = now(Pump::start(&mut engine, &commands, Ram, ()));
    let seen = RefCell::new(Vec::new());
    for (name, every) in [("one", 10), ("two", 15)] {
        let name = Name::of(name);
        let put = Spec::new(name, name, 0, Fires::every_secs(every), every);
        let _ = pump.tell(Command::Put(put));
    }
    let note = |name: &'static str| {
        let seen = &seen;
        async move |run: &Run<Small>| {
            seen.borrow_mut().push((name, run.payload, timer_secs()));
            Ok(())
        }
    };
    let tasks = task::tasks().on(Name::of("one"), note("one")).on(Name::of("two"), note("two"));
    assert!(run_for(pin!(pump.run(&tasks)), 31).is_none());
    let mut seen = seen.into_inner();
    seen.sort_unstable_by_key(|(name, _, at)| (*at, *name));
    let expected =
        [("one", 10, 10), ("two", 15, 15), ("one", 10, 20), ("one", 10, 30), ("two", 15, 30)];
    assert_eq!(seen, expected);
}

/// A journal that cannot write as long as it is broken.
struct Shaky<'a>(&'a Cell<bool>);

impl<S: Room, T: Room, J: Room, K: Room> Journal<Small, S, T, J, K> for Shaky<'_> {
    type Error = &'static str;

    async fn restore(
        &mut self,
        _: &mut Ledger<Small, S, T, J, K>,
    ) -> Result<Restored, &'static str> {
        Ok(Restored::NOTHING)
    }

    async fn record(&mut self, _: &Ledger<Small, S, T, J, K>, _: Mono) -> Result<(), &'static str> {
        if self.0.get() { Err("worn out") } else { Ok(()) }
    }

    async fn flush(&mut self, _: &Ledger<Small, S, T, J, K>) -> Result<(), &'static str> {
        Ok(())
    }

    fn deadline(&self) -> Option<Mono> {
        None
    }
}

#[test]
fn what_cannot_be_written_down_is_said_to_be_so_and_does_not_start() {
    static REPLY: Reply<Small> = Reply::new();
    let _timer = timer();
    let mut engine = Box::new(Engine::EMPTY);
    let commands: Commands<Small, 4> = Commands::new();
    let broken = Cell::new(true);
    let Ok((mut pump, _)) = now(Pump::start(&mut engine, &commands, Shaky(&broken), ())) else {
        panic!("it can be read")
    };
    let ran = Cell::new(0);
    let tasks = task::tasks().on(TASK, async |_: &Run<Small>| {
        ran.set(ran.get() + 1);
        Ok(())
    });
    let mut run = pin!(pump.run(&tasks));
    let mut ask = pin!(commands.ask(Command::Enqueue(job(1, 0)), &REPLY));
    assert!(run_for(ask.as_mut(), 0).is_none());
    assert!(run_for(run.as_mut(), 0).is_none());
    assert_eq!(run_for(ask, 0), Some(Answer::Unwritten));
    assert!(run_for(run.as_mut(), 60).is_none());
    assert_eq!(ran.get(), 0);
    broken.set(false);
    assert!(run_for(run.as_mut(), 60).is_none());
    assert_eq!(ran.get(), 1, "it is tried again until it can be written");
}

#[test]
fn the_time_of_a_run_does_not_pass_before_it_could_start() {
    let _timer = timer();
    let mut engine = Box::new(Engine::EMPTY);
    let commands: Commands<Small, 4> = Commands::new();
    let broken = Cell::new(true);
    let heard = Heard::default();
    let start = now(Pump::start(&mut engine, &commands, Shaky(&broken), heard.clone()));
    let Ok((mut pump, _)) = start else { panic!("it can be read") };
    let settings = Settings { timeout: Some(Timeout::After(secs(5))), ..Settings::NONE };
    // As many as there are places, and one more.
    for number in 0..3 {
        let told = pump.tell(Command::Enqueue(Enqueue { settings, ..job(number, 4) }));
        assert!(matches!(told, Answer::Queued(_, Enqueued::Inserted)));
    }
    let ran = RefCell::new(Vec::new());
    let tasks = task::tasks().on(TASK, async |run: &Run<Small>| {
        ran.borrow_mut().push(run.job);
        Timer::after_secs(run.payload.into()).await;
        Ok(())
    });
    let mut run = pin!(pump.run(&tasks));
    assert!(run_for(run.as_mut(), 60).is_none());
    // One that has not started is over as soon as somebody cancels it.
    let id = JobId::queued(TASK, 1);
    assert_eq!(commands.try_send(Command::Cancel(id)), Ok(()));
    assert!(run_for(run.as_mut(), 60).is_none());
    assert_eq!(*ran.borrow(), []);
    assert_eq!(*heard.0.borrow(), [Outcome::Cancelled]);
    broken.set(false);
    assert!(run_for(run.as_mut(), 60).is_none());
    let mut ran = ran.borrow().clone();
    ran.sort_unstable();
    assert_eq!(ran, [JobId::queued(TASK, 0), JobId::queued(TASK, 2)]);
    assert_eq!(heard.0.borrow()[1..], [Outcome::Succeeded; 2]);
}

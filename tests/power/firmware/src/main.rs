//! A device that loses its power at every moment, and looks whether it has lost anything else.
//!
//! It is the pump with a journal in flash, over three schedules whose fires must all run and be
//! settled, one of them at the second attempt. Flash and belief lie in memory that QEMU keeps in a
//! file, so that it outlives the board. There are two ways to lose power: the host kills QEMU
//! whenever it likes, or the watchdog raises an interrupt that cannot be masked, at an exact
//! instruction, and the handler resets the board.
//!
//! In a sweep, the board goes back to the same state before each cut: record after record is cut
//! after so many ticks, and once more so many later, until the record is done before it is cut.
#![no_std]
#![no_main]

#[path = "../../../../examples/firmware/qemu/src/board.rs"]
#[expect(unreachable_pub, reason = "there it is a library")]
mod board;
mod cell;
mod nor;
mod watch;

use core::fmt;
use core::panic::PanicInfo;

use cortex_m::peripheral::SCB;
use cortex_m_rt::{entry, exception};
use cortex_m_semihosting::{debug, hprintln};
use embassy_executor::raw;
use embassy_time::Timer;
use mainspring_core::schedule::{Coalesce, Policies, Spec};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::Every;
use mainspring_embassy::clock::Clock;
use mainspring_embassy::command::{Command, Commands};
use mainspring_embassy::domain::Small;
use mainspring_embassy::engine;
use mainspring_embassy::flash::{FlashJournal, Options};
use mainspring_embassy::name::Name;
use mainspring_embassy::pump::Pump;
use mainspring_embassy::task::{Failure, Run, tasks};
use mainspring_embassy::timing::Fires;
use static_cell::{ConstStaticCell, StaticCell};

use cell::{FLASH_LEN, Plan, World, is_settled, store};
use nor::Nor;
use watch::{Settles, Watched};

pub(crate) const SCHEDULES: usize = 4;
pub(crate) const TASKS: usize = 2;
pub(crate) const JOBS: usize = 16;

type Engine = engine::Engine<Small, SCHEDULES, TASKS, JOBS, 3, SCHEDULES>;

static ENGINE: ConstStaticCell<Engine> = ConstStaticCell::new(Engine::EMPTY);
static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();
static COMMANDS: Commands<Small, 1> = Commands::new();

/// What a start is for.
mod part {
    // 0: to live until somebody takes the power away.

    /// To look whether nothing was lost, and say so.
    pub(crate) const LOOK: u32 = 1;
    /// To live as long as it takes to be worth cutting, and keep that state.
    pub(crate) const WARM_UP: u32 = 2;
    /// To go back to that state and be cut.
    pub(crate) const CUT: u32 = 3;
    /// To recover from it.
    pub(crate) const RECOVER: u32 = 4;
    /// To look whether that was kept.
    pub(crate) const AGAIN: u32 = 5;
}

/// How many records a device makes after a cut.
const RECOVERY: u32 = 5;

/// Each fires after so many units; the task of the last one fails at first.
const NAMES: [(Name, u32); 3] = [(Name::of("a"), 1), (Name::of("b"), 2), (Name::of("c"), 3)];
const WORK: Name = Name::of("work");

#[entry]
fn main() -> ! {
    Plan::Starts.add(1);
    if Plan::Part.read() == part::CUT {
        cell::reload(Plan::Saved.read());
    }
    if World::Magic.read() != MAGIC {
        cell::create();
        World::Magic.write(MAGIC);
    }
    board::start_timer();
    let executor = EXECUTOR.init(raw::Executor::new(core::ptr::null_mut()));
    match device(ENGINE.take()) {
        Ok(device) => executor.spawner().spawn(device),
        Err(_) => fail(format_args!("no room for the device")),
    }
    board::run(executor)
}

#[embassy_executor::task]
async fn device(engine: &'static mut Engine) {
    let range = 0..u32::try_from(FLASH_LEN).unwrap_or(u32::MAX);
    let Ok(journal) = FlashJournal::new(Nor, range, Options::default()) else {
        fail(format_args!("no room for a journal"))
    };
    let began = World::Clock.read();
    let Ok((mut pump, _)) = Pump::start(engine, &COMMANDS, Watched(journal), Settles).await else {
        fail(format_args!("the device does not start"))
    };
    match Plan::Part.read() {
        part::LOOK => look(),
        part::AGAIN => next_cut(Plan::Delay.read() + Plan::Stride.read()),
        _ => {}
    }
    pump.tell(Command::set_clock(wall(began)));
    for (number, (name, _)) in (0..).zip(NAMES) {
        let Some(grid) = Every::new(period(number), BASE) else { continue };
        let policies =
            Policies { coalesce: Coalesce::All, catch_up: u16::MAX, ..Policies::DEFAULT };
        let spec = Spec::new(name, WORK, 0, Fires::Grid(grid), number);
        pump.tell(Command::Put(Spec { policies, ..spec }));
    }
    let tasks = tasks().on(WORK, async move |run: &Run<Small>| {
        let passed = u32::try_from(Clock::raw().as_micros() / 1_000).unwrap_or(u32::MAX);
        World::Clock.write(began + passed);
        World::Runs.add(1);
        if let (Some(name), Some(at)) = (run.schedule, run.fire_at) {
            let schedule = number_of(name);
            if is_settled(schedule, fire_of(schedule, at)) {
                fail(format_args!("schedule {schedule} ran again at {at}"));
            }
        }
        if run.payload == 2 && run.attempt == 1 {
            return Err(Failure::RetryAfter(Span::from_millis(1), 0));
        }
        if run.payload == 1 {
            Timer::after_micros(300).await;
        }
        Ok(())
    });
    pump.run(&tasks).await;
}

/// Before a record is made: it may be the one that is cut.
pub(crate) fn before_record() {
    if Plan::Part.read() == part::CUT && made() == Plan::Record.read() {
        store(WATCHDOG_LOCK, WATCHDOG_KEY);
        store(WATCHDOG, Plan::Delay.read().max(1));
        store(WATCHDOG_CONTROL, 1);
    }
}

/// After a record was made.
pub(crate) fn after_record() {
    let made = made() + 1;
    match Plan::Part.read() {
        part::CUT if made > Plan::Record.read() => {
            store(WATCHDOG_CONTROL, 0);
            // It took less time than that: the next one.
            Plan::Record.write(Plan::Record.read() + 1);
            next_cut(1)
        }
        part::WARM_UP if World::Erased.read() < Plan::WarmUp.read() => {
            cell::save(World::Records.read())
        }
        part::WARM_UP => {
            // Back to the third record before this one, which has erased pages. That one is done,
            // but nobody has noted it: a cut leaves such a state too.
            let begin = World::Records.read().saturating_sub(3);
            Plan::Saved.write(begin);
            Plan::Record.write(begin);
            Plan::Records.add(begin);
            next_cut(1)
        }
        part::RECOVER if made >= Plan::Record.read() + RECOVERY => {
            Plan::Part.write(part::AGAIN);
            SCB::sys_reset()
        }
        _ => {}
    }
}

fn made() -> u32 {
    World::Records.read()
}

/// Cuts after so many ticks next time, or is done.
fn next_cut(delay: u32) -> ! {
    if Plan::Record.read() >= Plan::Records.read() {
        let (cuts, erases) = (Plan::Cuts.read(), Plan::Erases.read());
        hprintln!("{} cuts, {} during an erase, {} starts", cuts, erases, Plan::Starts.read());
        end(true)
    }
    Plan::Delay.write(delay);
    Plan::Part.write(part::CUT);
    SCB::sys_reset()
}

/// The power goes.
#[exception]
unsafe fn NonMaskableInt() -> ! {
    Plan::Cuts.add(1);
    Plan::Erases.add(World::Erasing.read());
    World::Erasing.write(0);
    Plan::Part.write(part::RECOVER);
    SCB::sys_reset()
}

/// Looks whether every fire up to the last few was settled.
fn look() -> ! {
    let mut settled = [0; NAMES.len()];
    for (schedule, settled) in (0..).zip(&mut settled) {
        let over = (0..cell::FIRES).filter(|fire| is_settled(schedule, *fire));
        let (first, last) = over
            .clone()
            .fold((cell::FIRES, 0), |(first, last), fire| (first.min(fire), last.max(fire)));
        let missing = (first..last).filter(|fire| !is_settled(schedule, *fire)).count();
        *settled = over.count();
        if *settled == 0 || first > LATE {
            fail(format_args!("schedule {schedule} lost every fire before {first}"));
        }
        // Runs do not end in the order of their fires; more than there can be jobs is a loss.
        let late = (first..last.saturating_sub(LATE)).find(|fire| !is_settled(schedule, *fire));
        if let Some(fire) = late {
            fail(format_args!("schedule {schedule} lost fire {fire}; {missing} missing to {last}"));
        }
    }
    hprintln!(
        "{} starts, {} records, {} runs, {} settled {:?}, {} pages erased",
        Plan::Starts.read(),
        World::Records.read(),
        World::Runs.read(),
        World::Settled.read(),
        settled,
        World::Erased.read(),
    );
    end(true)
}

/// A schedule by its name.
pub(crate) fn number_of(name: Name) -> u32 {
    let found = (0..).zip(NAMES).find(|(_, (known, _))| *known == name);
    found.map_or_else(|| fail(format_args!("nobody put {name}")), |(number, _)| number)
}

/// Which fire of a schedule is due at that instant.
pub(crate) fn fire_of(schedule: u32, at: Timestamp) -> u32 {
    let fires = at.since(BASE).as_micros() / period(schedule).as_micros();
    u32::try_from(fires).unwrap_or(u32::MAX)
}

fn period(schedule: u32) -> Span {
    let units = NAMES.get(schedule as usize).map_or(1, |(_, units)| *units);
    Span::from_micros(i64::from(Plan::Unit.read()) * i64::from(units))
}

fn wall(millis: u32) -> Timestamp {
    BASE + Span::from_millis(millis.into())
}

/// Ends the test, which has failed.
pub(crate) fn fail(what: fmt::Arguments<'_>) -> ! {
    let (record, delay) = (Plan::Record.read(), Plan::Delay.read());
    hprintln!("{}; cut {} in record {} after {} ticks", what, Plan::Cuts.read(), record, delay);
    end(false)
}

fn end(success: bool) -> ! {
    debug::exit(if success { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    loop {
        cortex_m::asm::wfi();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    fail(format_args!("{info}"))
}

/// When the clock of the device shows zero milliseconds.
const BASE: Timestamp = Timestamp::UNIX_EPOCH;

const MAGIC: u32 = 0x6d61_696e;

/// As many fires of a schedule can wait for others.
const LATE: u32 = 16;

/// The watchdog counts down at 25 MHz.
const WATCHDOG: usize = 0x4000_8000;
const WATCHDOG_CONTROL: usize = 0x4000_8008;
const WATCHDOG_LOCK: usize = 0x4000_8c00;
const WATCHDOG_KEY: u32 = 0x1acc_e551;

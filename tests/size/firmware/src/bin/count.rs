//! Counts instructions, and prints a line `label: number` for each count.
//!
//! It runs under `qemu-system-arm -M mps2-an386 -icount shift=6`: an instruction takes 64 ns there
//! and a tick of SysTick 40 ns, so that eight ticks are five instructions.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::entry;
use cortex_m_semihosting::hprintln;
use mainspring_core::id::{ConfigRevision, Revision};
use mainspring_core::limits;
use mainspring_core::planner::{Input, Output, Planner};
use mainspring_core::pulse::Pulse;
use mainspring_core::room::Inline;
use mainspring_core::schedule::{Schedule, Spec};
use mainspring_core::time::{Mono, Now, Span, Timestamp};
use mainspring_core::trigger::{Cron, Dst, Every, Trigger};
use mainspring_core::verb::Advanced;
use mainspring_core::zone::{Rule, Zone};
use mainspring_size_firmware::device::{Command, Device, Engine, plain};
use mainspring_size_firmware::domain::{self, Fires, Kind, Patterns, Small};
use mainspring_size_firmware::exit;

#[entry]
fn main() -> ! {
    let Some(peripherals) = cortex_m::Peripherals::take() else { exit(false) };
    let mut counter = Counter::new(peripherals.SYST);
    patterns(&mut counter);
    zones(&mut counter);
    intervals(&mut counter);
    for schedules in [1, 8, 32] {
        planner(&mut counter, schedules);
    }
    for schedules in [1, 8, 32] {
        device(&mut counter, schedules);
    }
    exit(true)
}

/// Instants from which each pattern is asked for its next fire.
const STARTS: u32 = 64;

fn starts() -> impl Iterator<Item = Timestamp> {
    let mut state: u32 = 1;
    let year_2026 = 1_767_225_601;
    let later = (1..STARTS).map(move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Somewhere in the eight years after.
        year_2026 + i64::from(state >> 4)
    });
    core::iter::once(year_2026).chain(later).filter_map(Timestamp::from_secs)
}

fn patterns(counter: &mut Counter) {
    for text in ["*/15 * * * *", "0 9 * * mon-fri", "30 4 1 1 *", "0 0 29 2 *", "0 12 31 * *"] {
        let Ok(cron) = Cron::parse(text) else { exit(false) };
        let (mut first, mut worst) = (None, 0);
        for t in starts() {
            let count = counter.count(|| cron.next_after(black_box(t), &Zone::UTC, Dst::ONCE));
            first = first.or(Some(count));
            worst = worst.max(count);
        }
        hprintln!("next {} from new year 2026: {}", text, first.unwrap_or(0));
        hprintln!("next {} worst of {}: {}", text, STARTS, worst);
    }
}

fn zones(counter: &mut Counter) {
    let zone = Rule::parse("CET-1CEST,M3.5.0,M10.5.0/3").map(Zone::posix);
    let (Ok(zone), Ok(cron)) = (zone, Cron::parse("0 9 * * mon-fri")) else { exit(false) };
    let mut worst = 0;
    for t in starts() {
        worst = worst.max(counter.count(|| cron.next_after(black_box(t), &zone, Dst::ONCE)));
    }
    hprintln!("next 0 9 * * mon-fri in Berlin worst of {}: {}", STARTS, worst);
}

fn intervals(counter: &mut Counter) {
    let Some(every) = Every::new(Span::from_mins(15), Timestamp::UNIX_EPOCH) else { exit(false) };
    let counts = starts().map(|t| counter.count(|| every.next_after(black_box(t))));
    hprintln!("next every 15m worst of {}: {}", STARTS, counts.max().unwrap_or(0));
}

const MINUTELY: Fires = domain::cron("* * * * *", 0);

/// All schedules of a full window are due in the same minute: counts the worst of the steps in
/// which one of them is decided and its store's answer is heard.
#[inline(never)]
fn planner(counter: &mut Counter, schedules: u16) {
    let mut planner =
        Planner::<Small<Patterns>, &Fires, Inline<32>>::new(&Inline, limits::MAX_IDLE);
    let boot = Now { wall: Timestamp::UNIX_EPOCH, mono: Mono::ZERO };
    let now = boot.after(Span::from_mins(1));
    let Some(Output::Claim { ticket, .. }) = planner.poll(now) else { exit(false) };
    for id in 0..schedules {
        let Some(spec) = STOCK.get(usize::from(id)).map(Patterns::hold) else { exit(false) };
        let next = MINUTELY.next_after(boot.wall).into();
        let schedule = Schedule::created(spec, next, ConfigRevision::default(), boot.wall);
        if planner.adopt(&schedule, Patterns::plan(&schedule.spec)).is_err() {
            exit(false);
        }
    }
    let pulse = Pulse {
        store_now: now.wall,
        next_due_at: None,
        next_ready_at: None,
        next_lapse_at: None,
        config_revision: ConfigRevision::default(),
    };
    planner.handle(Input::Claimed { ticket, result: Ok(pulse) }, now);
    let mut worst = 0;
    for _ in 0..schedules {
        let mut advanced = false;
        let count = counter.count(|| {
            if let Some(Output::Advance { ticket, advance }) = planner.poll(black_box(now)) {
                let done = Advanced::Done { revision: Revision::new(1), inserted: 1 };
                let (schedule, result) = (advance.schedule, Ok((done, pulse)));
                planner.handle(Input::Advanced { ticket, schedule, result }, now);
                advanced = true;
            }
        });
        if !advanced {
            exit(false);
        }
        worst = worst.max(count);
    }
    hprintln!("planner step at {}: {}", schedules, worst);
}

/// Schedules that fire every minute.
static STOCK: [Spec<Small<Patterns>>; 32] = {
    let mut specs = [const { plain::<Patterns>(0, MINUTELY) }; 32];
    let mut id = 0;
    while id < 32 {
        specs[id as usize].id = id;
        id += 1;
    }
    specs
};

/// Two minutes of minutely schedules: counts what one fire costs from its claim to the record of
/// its job's end, everything in between and all idling included.
#[inline(never)]
fn device(counter: &mut Counter, schedules: u16) {
    let now = Now { wall: Timestamp::UNIX_EPOCH, mono: Mono::ZERO };
    let mut engine = Engine::<Patterns>::EMPTY;
    let mut device = Device::new(now, &STOCK, &mut engine);
    let mut put = device.command(Command::Task(0, 0));
    for id in 0..schedules {
        put &= device.command(Command::Put(id));
    }
    let mut done = device.run(Mono::ZERO + Span::from_mins(1));
    let count = counter.count(|| done = device.run(Mono::ZERO + Span::from_mins(3)) - done);
    if !put || done != u32::from(schedules) * 2 {
        exit(false);
    }
    hprintln!("device per fire at {}: {}", schedules, count / done);
}

struct Counter {
    timer: SYST,
    /// What counting itself takes, in ticks.
    overhead: u32,
}

impl Counter {
    fn new(mut timer: SYST) -> Self {
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(TICKS);
        timer.clear_current();
        timer.enable_counter();
        // Right after its start the timer reads 0 until its first tick.
        while SYST::get_current() == 0 {}
        let mut counter = Self { timer, overhead: 0 };
        counter.overhead = counter.ticks(|| ());
        counter
    }

    /// How many instructions `work` takes: at most ten million.
    fn count<R>(&mut self, work: impl FnOnce() -> R) -> u32 {
        let ticks = self.ticks(work).saturating_sub(self.overhead);
        if self.timer.has_wrapped() {
            exit(false);
        }
        (ticks * 5 + 4) / 8
    }

    #[inline(never)]
    fn ticks<R>(&mut self, work: impl FnOnce() -> R) -> u32 {
        self.timer.clear_current();
        while SYST::get_current() == 0 {}
        let before = SYST::get_current();
        black_box(work());
        let after = SYST::get_current();
        before.wrapping_sub(after) & TICKS
    }
}

/// The timer has 24 bits.
const TICKS: u32 = 0x00ff_ffff;

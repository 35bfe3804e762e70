//! An nRF52840 development kit whose first lamp blinks by a schedule, and once more when its first
//! button is pressed. It logs over the debug probe, and goes on after a loss of power.
//!
//! What comes over the serial port of its USB cable are orders: `mainspring firmware clock` tells
//! it the time, and `mainspring firmware encode FILE` further schedules for the task `lamp`.
#![no_std]
#![no_main]

use core::cell::RefCell;

use cortex_m as _;
use cortex_m_rt as _;
use defmt::{info, warn};
use defmt_rtt as _;
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_executor::Spawner;
use embassy_nrf::buffered_uarte::{BufferedUarte, InterruptHandler};
use embassy_nrf::gpio::{Input, Level, Output, OutputDrive, Pull};
use embassy_nrf::nvmc::Nvmc;
use embassy_nrf::rng::Rng;
use embassy_nrf::{bind_interrupts, peripherals, uarte};
use embassy_time::Timer;
use mainspring_core::dice::Dice;
use mainspring_core::schedule::{Jitter, Policies, Spec, Spread};
use mainspring_core::time::Span;
use mainspring_embassy::command::{Command, Commands};
use mainspring_embassy::domain::Small;
use mainspring_embassy::engine;
use mainspring_embassy::flash::{FlashJournal, Options};
use mainspring_embassy::journal::Durable;
use mainspring_embassy::name::Name;
use mainspring_embassy::pump::Pump;
use mainspring_embassy::task::{self, Run};
use mainspring_embassy::timing::Fires;
use mainspring_embassy::wire::Receiver;
use panic_probe as _;
use static_cell::ConstStaticCell;

/// Eight schedules, two tasks and eight jobs, of which two run at once.
type Engine = engine::Engine<Small, 8, 2, 8, 2, 8>;

static ENGINE: ConstStaticCell<Engine> = ConstStaticCell::new(Engine::EMPTY);
static COMMANDS: Commands<Small, 4> = Commands::new();
static HEARD: ConstStaticCell<[u8; 512]> = ConstStaticCell::new([0; 512]);
static SAID: ConstStaticCell<[u8; 8]> = ConstStaticCell::new([0; 8]);

bind_interrupts!(struct Interrupts {
    UARTE0 => InterruptHandler<peripherals::UARTE0>;
});

const LAMP: Name = Name::of("lamp");
const MINUTELY: Name = Name::of("minutely");

const JOURNAL: core::ops::Range<u32> = 0xf_8000..0x10_0000;

/// A beat each second is not worth flash that wears out: what happens is written every ten minutes,
/// what people change at once.
const OPTIONS: Options = Options { durable: Durable::Within(Span::from_mins(10)), layout: 0 };

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let board = embassy_nrf::init(Default::default());
    let lamp = RefCell::new(Output::new(board.P0_13, Level::High, OutputDrive::Standard));
    let button = Input::new(board.P0_11, Pull::Up);
    spawner.spawn(watch(button).expect("the first and only one"));
    let serial = BufferedUarte::new(
        board.UARTE0,
        board.TIMER1,
        board.PPI_CH0,
        board.PPI_CH1,
        board.PPI_GROUP0,
        board.P0_08,
        board.P0_06,
        Interrupts,
        uarte::Config::default(),
        HEARD.take(),
        SAID.take(),
    );
    spawner.spawn(listen(serial).expect("the first and only one"));

    let flash = BlockingAsync::new(Nvmc::new(board.NVMC));
    let journal = FlashJournal::<_, _, 8, 8>::new(flash, JOURNAL, OPTIONS);
    let journal = journal.expect("an even number of pages");
    let started = Pump::start(ENGINE.take(), &COMMANDS, journal, ()).await;
    let (mut pump, restored) = started.expect("the flash answers");
    info!("power on: {}", restored);
    pump.dice(Dice::from_rng(&mut Rng::new_blocking(board.RNG)));

    // Up to two seconds late, so that both fire in one wake-up, and then as late as chance says.
    let jitter = Some(Jitter { up_to: Span::from_millis(500), spread: Spread::Random });
    let policies = Policies { slack: Span::from_secs(2), jitter, ..Policies::DEFAULT };
    let minutely = Spec::new(MINUTELY, LAMP, 0, Fires::every_secs(60), 5);
    pump.tell(Command::Put(Spec { policies, ..minutely }));
    pump.tell(Command::Put(Spec::new(Name::of("beat"), LAMP, 0, Fires::every_secs(5), 1)));
    let tasks = task::tasks().on(LAMP, async |run: &Run<Small>| {
        info!("{} of {}, attempt {}", run.origin.name(), run.schedule, run.attempt);
        for _ in 0..run.payload {
            lamp.borrow_mut().set_low();
            Timer::after_millis(50).await;
            lamp.borrow_mut().set_high();
            Timer::after_millis(150).await;
        }
        Ok(())
    });
    pump.run(&tasks).await;
}

/// A host sends schedules and the time.
#[embassy_executor::task]
async fn listen(mut serial: BufferedUarte<'static>) {
    let mut receiver = Receiver::<256>::new();
    let mut bytes = [0; 32];
    loop {
        let Ok(count) = serial.read(&mut bytes).await else {
            // The frame in which they are is refused; the next one is read.
            warn!("bytes from the host came too fast and were lost");
            continue;
        };
        for byte in &bytes[..count] {
            match receiver.take::<Small>(*byte) {
                Some(Ok(order)) => COMMANDS.send(Command::from(order)).await,
                Some(Err(error)) => warn!("what came is no order: {}", error),
                None => {}
            }
        }
    }
}

/// The button asks for a run besides the schedule.
#[embassy_executor::task]
async fn watch(mut button: Input<'static>) {
    loop {
        button.wait_for_falling_edge().await;
        if COMMANDS.try_send(Command::RunNow(MINUTELY)).is_err() {
            warn!("too many wishes at once");
        }
        Timer::after_millis(200).await;
    }
}

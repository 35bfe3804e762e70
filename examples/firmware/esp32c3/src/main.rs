//! An ESP32-C3 that speaks over its USB port by a schedule, with nothing wired to it. What is
//! scheduled is in RAM only.
#![no_std]
#![no_main]

use core::cell::RefCell;
use core::fmt::Write;
use core::panic::PanicInfo;

use embassy_executor::Spawner;
use esp_hal::rng::Rng;
use esp_hal::timer::timg::TimerGroup;
use esp_hal::usb::usb_serial_jtag::UsbSerialJtag;
use mainspring_core::dice::Dice;
use mainspring_core::schedule::{Jitter, Policies, Spec, Spread};
use mainspring_core::time::Span;
use mainspring_embassy::command::{Command, Commands};
use mainspring_embassy::domain::Small;
use mainspring_embassy::engine;
use mainspring_embassy::journal::Ram;
use mainspring_embassy::name::Name;
use mainspring_embassy::pump::Pump;
use mainspring_embassy::task::{self, Failure, Run};
use mainspring_embassy::timing::Fires;
use static_cell::ConstStaticCell;

esp_bootloader_esp_idf::esp_app_desc!();

/// Eight schedules, two tasks and eight jobs, of which two run at once.
type Engine = engine::Engine<Small, 8, 2, 8, 2, 8>;

static ENGINE: ConstStaticCell<Engine> = ConstStaticCell::new(Engine::EMPTY);
static COMMANDS: Commands<Small, 4> = Commands::new();

const SPEAK: Name = Name::of("speak");

#[esp_rtos::main]
async fn main(_spawner: Spawner) {
    let board = esp_hal::init(esp_hal::Config::default());
    let timers = TimerGroup::new(board.TIMG0);
    esp_rtos::start(timers.timer0, board.FROM_CPU_INTR0);
    let usb = RefCell::new(UsbSerialJtag::new(board.USB_DEVICE));

    let Ok((mut pump, _)) = Pump::start(ENGINE.take(), &COMMANDS, Ram, ()).await;
    let random = Rng::new();
    pump.dice(Dice::seeded(u64::from(random.random()) << 32 | u64::from(random.random())));
    // Each minute, up to ten seconds late by chance, as a fleet of them would report.
    let jitter = Some(Jitter { up_to: Span::from_secs(10), spread: Spread::Random });
    let policies = Policies { jitter, ..Policies::DEFAULT };
    let report = Spec::new(Name::of("report"), SPEAK, 0, Fires::every_secs(60), 0);
    pump.tell(Command::Put(Spec { policies, ..report }));
    pump.tell(Command::Put(Spec::new(Name::of("beat"), SPEAK, 0, Fires::every_secs(5), 1)));
    let tasks = task::tasks().on(SPEAK, async |run: &Run<Small>| {
        let word = if run.payload == 0 { "report" } else { "beat" };
        writeln!(usb.borrow_mut(), "{word}, attempt {}", run.attempt)
            .map_err(|_| Failure::Failed(1))
    });
    pump.run(&tasks).await;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

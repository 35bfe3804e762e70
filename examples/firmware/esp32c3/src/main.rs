//! An ESP32-C3 that speaks over its USB port by a schedule, with nothing wired to it. Its schedules
//! are part of the program; where they stand is in RAM only.
#![no_std]
#![no_main]

use core::cell::RefCell;
use core::fmt::{Debug, Write};
use core::panic::PanicInfo;

use embassy_executor::Spawner;
use esp_hal::rng::Rng;
use esp_hal::timer::timg::TimerGroup;
use esp_hal::usb::usb_serial_jtag::UsbSerialJtag;
use mainspring_core::dice::Dice;
use mainspring_core::few::One;
use mainspring_core::note::Notable;
use mainspring_core::offer::Offer;
use mainspring_core::room::{Inline, Room};
use mainspring_core::schedule::{Jitter, Policies, Spec, Spread};
use mainspring_core::time::{Span, Timestamp};
use mainspring_embassy::command::{Command, Commands};
use mainspring_embassy::domain::Kind;
use mainspring_embassy::engine;
use mainspring_embassy::fixed::{Fixed, InProgram};
use mainspring_embassy::journal::Ram;
use mainspring_embassy::name::Name;
use mainspring_embassy::pump::Pump;
use mainspring_embassy::task::{self, Failure, Run};
use mainspring_embassy::timing::Interval;
use static_cell::ConstStaticCell;

esp_bootloader_esp_idf::esp_app_desc!();

/// What the device needs of the engine: intervals, and jitter. The rest stays out of its flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Reporter;

impl Kind for Reporter {
    type Fires = Interval;
    type Payload = u32;
    type Fired<T: Clone + Debug + PartialEq> = One<T>;
    type Skips<T: Clone + Debug + PartialEq> = ();
    type Chains<J: Room> = Inline<0>;
    type Cursor = Option<Timestamp>;
    type Note<T: Notable> = T;

    const OFFER: Offer = Offer { jitter: true, ..Offer::PLAIN };
}

type Here = Fixed<Reporter>;

/// Two schedules, one task and eight jobs, of which two run at once.
type Engine = engine::Engine<Here, 2, 1, 8, 2, 2>;

static ENGINE: ConstStaticCell<Engine> = ConstStaticCell::new(Engine::EMPTY);
static COMMANDS: Commands<Here, 4> = Commands::new();

const SPEAK: Name = Name::of("speak");

/// Up to ten seconds late by chance, as a fleet of them would report.
const SPREAD: Policies = Policies {
    jitter: Some(Jitter { up_to: Span::from_secs(10), spread: Spread::Random }),
    ..Policies::DEFAULT
};

static SCHEDULES: [Spec<Here>; 2] = [
    Spec { policies: SPREAD, ..Fixed::spec(Name::of("report"), SPEAK, Interval::secs(60)) },
    Spec { payload: 1, ..Fixed::spec(Name::of("beat"), SPEAK, Interval::secs(5)) },
];

#[esp_rtos::main]
async fn main(_spawner: Spawner) {
    let board = esp_hal::init(esp_hal::Config::default());
    let timers = TimerGroup::new(board.TIMG0);
    esp_rtos::start(timers.timer0, board.FROM_CPU_INTR0);
    let usb = RefCell::new(UsbSerialJtag::new(board.USB_DEVICE));

    let Ok((mut pump, _)) = Pump::start(ENGINE.take(), &COMMANDS, Ram, ()).await;
    let random = Rng::new();
    pump.dice(Dice::seeded(u64::from(random.random()) << 32 | u64::from(random.random())));
    for schedule in &SCHEDULES {
        pump.tell(Command::Put(InProgram(schedule)));
    }
    let tasks = task::tasks().on(SPEAK, async |run: &Run<Here>| {
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

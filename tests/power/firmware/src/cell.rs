//! Memory that outlives a loss of power: the PSRAM of the board, which QEMU keeps in a file.
//!
//! It holds the flash of the device, what the device believes about the flash, and what the whole
//! test is about to do. Each word is written at once, so that none is torn.

/// Where the device has its flash, and how much.
pub(crate) const FLASH: usize = 0x2100_0000;
pub(crate) const FLASH_LEN: usize = 8 * 1024;

/// What the device believes, and how much of it there is.
const WORLD: usize = 0x2101_0000;
const WORLD_LEN: usize = 0x8000;

/// Flash and world as they were, some times over.
const SAVED: usize = 0x2108_0000;
pub(crate) const SAVES: u32 = 4;

/// What the test is about to do.
const PLAN: usize = 0x2110_0000;

/// A word of the plan. The host writes the first of them before it starts the board.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plan {
    /// What the next start is for: see [`Part`](crate::Part).
    Part,
    /// Microseconds between the fires of the fastest schedule.
    Unit,
    /// How many ticks of the watchdog lie between two cuts.
    Stride,
    /// How many records are cut.
    Records,
    /// How many pages are erased before the first cut.
    WarmUp,
    /// The record that is cut, and after how many ticks.
    Record,
    Delay,
    /// How many cuts there were.
    Cuts,
    /// How many of them hit an erase.
    Erases,
    /// How many starts, of any kind.
    Starts,
    /// Which state a cut begins with.
    Saved,
}

impl Plan {
    pub(crate) fn read(self) -> u32 {
        load(PLAN + 4 * self as usize)
    }

    pub(crate) fn write(self, value: u32) {
        store(PLAN + 4 * self as usize, value);
    }

    pub(crate) fn add(self, more: u32) {
        self.write(self.read() + more);
    }
}

/// A word of what the device believes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum World {
    /// Whether there is a world.
    Magic,
    /// What is true of the words that follow: see [`Phase`](crate::watch::Phase).
    Phase,
    /// The ledger as it was recorded, and as it is being recorded.
    RecordedLow,
    RecordedHigh,
    AttemptedLow,
    AttemptedHigh,
    /// Milliseconds on the clock of the device, which goes on without power.
    Clock,
    /// How many jobs have been settled since the last record, and which.
    Pending,
    /// Counts for people.
    Runs,
    Settled,
    Erased,
    /// Whether pages are being erased.
    Erasing,
    Records,
    /// The first of the pending jobs: its schedule and the number of its fire.
    FirstPending,
}

/// How many jobs can be settled between two records.
pub(crate) const PENDING: u32 = 16;

impl World {
    pub(crate) fn read(self) -> u32 {
        load(WORLD + 4 * self as usize)
    }

    pub(crate) fn write(self, value: u32) {
        store(WORLD + 4 * self as usize, value);
    }

    pub(crate) fn add(self, more: u32) {
        self.write(self.read() + more);
    }
}

/// One of the pending jobs.
pub(crate) fn pending(index: u32) -> (u32, u32) {
    let at = WORLD + 4 * World::FirstPending as usize + 8 * index as usize;
    (load(at), load(at + 4))
}

pub(crate) fn set_pending(index: u32, schedule: u32, fire: u32) {
    let at = WORLD + 4 * World::FirstPending as usize + 8 * index as usize;
    store(at, schedule);
    store(at + 4, fire);
}

/// Where the bits of fires begin: one for each, of each schedule.
const BITS: usize = WORLD + 0x1000;
const BITS_LEN: usize = 0x2000;

/// How many fires of a schedule there can be.
pub(crate) const FIRES: u32 = 8 * BITS_LEN as u32;

/// Whether this fire of a schedule is over for good.
pub(crate) fn is_settled(schedule: u32, fire: u32) -> bool {
    load(bit(schedule, fire).0) & bit(schedule, fire).1 != 0
}

pub(crate) fn set_settled(schedule: u32, fire: u32) {
    let (at, mask) = bit(schedule, fire);
    store(at, load(at) | mask);
}

fn bit(schedule: u32, fire: u32) -> (usize, u32) {
    assert!(schedule < 3 && fire < FIRES, "no room to remember this fire");
    (BITS + BITS_LEN * schedule as usize + 4 * (fire / 32) as usize, 1 << (fire % 32))
}

/// A new world with a flash that was erased in the factory.
pub(crate) fn create() {
    for at in (0..WORLD_LEN).step_by(4) {
        store(WORLD + at, 0);
    }
    for at in (0..FLASH_LEN).step_by(4) {
        store(FLASH + at, u32::MAX);
    }
}

/// Keeps flash and world under this number.
pub(crate) fn save(number: u32) {
    copy(FLASH, saved(number), FLASH_LEN);
    copy(WORLD, saved(number) + FLASH_LEN, WORLD_LEN);
}

/// Makes them again what they were when they were kept.
pub(crate) fn reload(number: u32) {
    copy(saved(number), FLASH, FLASH_LEN);
    copy(saved(number) + FLASH_LEN, WORLD, WORLD_LEN);
}

fn saved(number: u32) -> usize {
    SAVED + (number % SAVES) as usize * (FLASH_LEN + WORLD_LEN)
}

fn copy(from: usize, to: usize, length: usize) {
    for at in (0..length).step_by(4) {
        store(to + at, load(from + at));
    }
}

pub(crate) fn load(at: usize) -> u32 {
    // SAFETY: callers name words of the PSRAM, or registers, which can be read at any time.
    unsafe { (at as *const u32).read_volatile() }
}

pub(crate) fn store(at: usize, value: u32) {
    // SAFETY: callers name words of the PSRAM, which no variable of this program lies in, or
    // registers.
    unsafe { (at as *mut u32).write_volatile(value) }
}

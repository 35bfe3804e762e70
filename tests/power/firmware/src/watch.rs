//! A journal that is watched: what it has restored must be what it had recorded.
//!
//! Before each record, the ledger is summed up in memory that outlives a loss of power, and after
//! it, that it is recorded now. After a start, the ledger must be the recorded one, or the one that
//! was being recorded when the power went.

use mainspring_core::fire::Skip;
use mainspring_core::id::Token;
use mainspring_core::job::JobState;
use mainspring_core::ledger::Ledger;
use mainspring_core::outcome::Outcome;
use mainspring_core::room::Inline;
use mainspring_core::time::{Mono, Span, Timestamp};
use mainspring_core::verb::{History, Run};
use mainspring_embassy::domain::Small;
use mainspring_embassy::flash::FlashJournal;
use mainspring_embassy::journal::{Journal, Loss, Restored};
use mainspring_embassy::name::{JobId, Name};

use crate::cell::{self, PENDING, World, is_settled, set_pending, set_settled};
use crate::nor::Nor;
use crate::{JOBS, SCHEDULES, TASKS, after_record, before_record, fail, fire_of, number_of};

/// The ledger of the device.
pub(crate) type Store = Ledger<Small, Inline<SCHEDULES>, Inline<TASKS>, Inline<JOBS>, Inline<0>>;

/// What is known of the flash.
mod phase {
    /// It has what was recorded.
    pub(crate) const IDLE: u32 = 0;
    /// Perhaps it has what is being recorded by now.
    pub(crate) const ATTEMPTED: u32 = 1;
    /// It has what was being recorded.
    pub(crate) const DONE: u32 = 2;
}

#[derive(Debug)]
pub(crate) struct Watched(pub(crate) FlashJournal<Small, Nor, SCHEDULES, JOBS, 256>);

impl Journal<Small, Inline<SCHEDULES>, Inline<TASKS>, Inline<JOBS>, Inline<0>> for Watched {
    type Error = ();

    async fn restore(&mut self, ledger: &mut Store) -> Result<Restored, ()> {
        let restored = self.0.restore(ledger).await.map_err(|_| ())?;
        if restored.loss != Loss::NONE {
            fail(format_args!("the journal lost something: {:?}", restored.loss));
        }
        let is = sum(ledger);
        let (recorded, attempted) = (recorded(), attempted());
        let whole = match World::Phase.read() {
            phase::IDLE => false,
            phase::ATTEMPTED => is == attempted && is != recorded,
            _ => true,
        };
        let expected = if whole { attempted } else { recorded };
        if is != expected {
            fail(format_args!(
                "restored {is:x}, recorded {recorded:x}, attempted {attempted:x}, phase {}",
                World::Phase.read()
            ));
        }
        if whole {
            settle();
        }
        believe(is);
        Ok(restored)
    }

    async fn record(&mut self, ledger: &Store, now: Mono) -> Result<(), ()> {
        let sum = sum(ledger);
        if sum == recorded() {
            return self.0.record(ledger, now).await.map_err(|_| ());
        }
        World::AttemptedLow.write(low(sum));
        World::AttemptedHigh.write(low(sum >> 32));
        World::Phase.write(phase::ATTEMPTED);
        before_record();
        let done = self.0.record(ledger, now).await;
        after_record();
        if let Err(error) = done {
            fail(format_args!("not recorded: {error:?}"));
        }
        World::Phase.write(phase::DONE);
        settle();
        believe(sum);
        World::Records.add(1);
        Ok(())
    }

    async fn flush(&mut self, ledger: &Store) -> Result<(), ()> {
        self.0.flush(ledger).await.map_err(|_| ())
    }

    fn deadline(&self) -> Option<Mono> {
        // Everything is written at once.
        None
    }
}

/// Hears which jobs are over. That is for good when it is recorded.
#[derive(Debug)]
pub(crate) struct Settles;

impl History<Small> for Settles {
    fn run(&mut self, run: Run<Small>) {
        let (Some(schedule), Some(at), true) = (run.schedule, run.fire_at, run.settled) else {
            return;
        };
        let index = World::Pending.read();
        if index == PENDING {
            fail(format_args!("too many jobs between two records"));
        }
        let schedule = number_of(schedule);
        set_pending(index, schedule, fire_of(schedule, at));
        World::Pending.write(index + 1);
    }

    fn skip(&mut self, schedule: &Name, skip: Skip) {
        fail(format_args!("{schedule} skipped {skip:?}"));
    }

    fn is_settled(&self, _: &JobId) -> bool {
        false
    }

    fn ended(&self, _: &JobId, _: Token) -> Option<(Outcome, bool)> {
        None
    }
}

/// What was over when the record began is over for good.
fn settle() {
    for index in 0..World::Pending.read() {
        let (schedule, fire) = cell::pending(index);
        if !is_settled(schedule, fire) {
            set_settled(schedule, fire);
            World::Settled.add(1);
        }
    }
}

/// The flash has this. The phase says at each moment which of the words are to be believed.
fn believe(sum: u64) {
    if World::Phase.read() == phase::ATTEMPTED && sum == recorded() {
        // It was not recorded: nothing has happened.
        World::Phase.write(phase::IDLE);
    } else if World::Phase.read() != phase::IDLE {
        World::Phase.write(phase::DONE);
        World::RecordedLow.write(low(sum));
        World::RecordedHigh.write(low(sum >> 32));
        World::Phase.write(phase::IDLE);
    }
    World::Pending.write(0);
}

/// The ledger in eight bytes, in whatever slots its rows lie: FNV-1a of each, added up.
fn sum(ledger: &Store) -> u64 {
    let mut buffer = [0; 256];
    let mut sum: u64 = 0;
    for (schedule, _) in ledger.schedules() {
        sum = sum.wrapping_add(hash(postcard::to_slice(schedule, &mut buffer)));
    }
    for job in ledger.jobs() {
        let mut job = job.clone();
        if let JobState::Leased { lease, .. } = &mut job.state {
            lease.until = Timestamp::UNIX_EPOCH + Span::ZERO;
        }
        sum = sum.wrapping_add(hash(postcard::to_slice(&job, &mut buffer)));
    }
    sum
}

fn hash(bytes: postcard::Result<&mut [u8]>) -> u64 {
    let Ok(bytes) = bytes else { fail(format_args!("a row of more than 256 bytes")) };
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn recorded() -> u64 {
    u64::from(World::RecordedHigh.read()) << 32 | u64::from(World::RecordedLow.read())
}

fn attempted() -> u64 {
    u64::from(World::AttemptedHigh.read()) << 32 | u64::from(World::AttemptedLow.read())
}

const fn low(number: u64) -> u32 {
    (number & 0xffff_ffff) as u32
}

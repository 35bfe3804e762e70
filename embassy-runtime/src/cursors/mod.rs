//! The smallest journal in flash: where the schedules of a program stand, and nothing else.
//!
//! A device whose schedules are part of its program ([`Fixed`]) knows what they say after every
//! start. All that a loss of power takes is where each of them stood: its cursor, and whether
//! somebody had paused it. A [`CursorJournal`] keeps that, in records of 32 bytes, one after the
//! other. It needs no serializer, no buffer and no list of jobs.
//!
//! # What a loss of power costs
//!
//! | | [`Interrupted::RunsAgain`] | [`Interrupted::IsOver`] |
//! |---|---|---|
//! | a fire that is not due yet | is owed | is owed |
//! | a fire whose job waits, runs or is to be tried again | is owed | is lost |
//! | a fire whose job is over | is over, if all before it are | is over |
//! | a run by hand, or a job that somebody queued | is lost | is lost |
//!
//! What is owed comes due once the device runs again and knows the time. The policies of its
//! schedule say what becomes of it: of several fires, usually the latest; and a job begins with its
//! first attempt. A fire costs one write, when its job is over, or before it starts; in a
//! [`FlashJournal`](crate::flash::FlashJournal) it costs two, of twice the size each.
//!
//! A schedule whose trigger has changed begins anew, because its cursor means nothing any more; so
//! does one that was not there, or replaced, when the power went. Failures in a row are counted
//! anew, and a pause counts from the last fire.
//!
//! # How it is laid out
//!
//! The range of the journal is two halves of as many pages each, and each half is a row of records
//! from its first byte on. One half counts. When it is full, the other one is erased, and a record
//! of every schedule opens it; once the last of them is written, that half counts. So nothing that
//! counts is ever erased. What was being written when the power went has a wrong sum, or looks as
//! if nothing was there: the first record after a start leaves one place free.
//!
//! # What lies in a record, byte by byte
//!
//! Numbers are little endian. Instants are microseconds since 1970; those of the years 1 to 9999
//! leave five bits of such a number free, so that it is multiplied by 32.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | sum: the FNV-1a hash of all that follows |
//! | 4 | number: counts records from the first one ever, so that a missing one is noticed |
//! | 4 | who: the FNV-1a hash of the schedule's name and of its trigger, as [`Hash`] has it |
//! | 4 | how many fires became jobs |
//! | 8 | cursor × 32, + 1; or 2 if the schedule is done, or 0 if there is none; + a pause |
//! | 8 | last fire × 32, + 1; or 0 if there was none; + 2 if the half is complete; + 4 × version |
//!
//! A pause is 4 if a person asked for it, and 8 after failures. The version is 1; the sum, the
//! number and the five bits of the last field mean the same in all of them.
//!
//! # How long the flash lasts
//!
//! Each page is erased once in a cycle, which is as many fires as records fit into both halves,
//! less one in either for each schedule but one. In 16 KiB that are 450 fires for 32 schedules, and
//! 498 for eight: with a fire each minute, 10 000 cycles last for 8.6 years, and 9.5.
//!
//! ```
//! use core::fmt::Debug;
//!
//! use embedded_storage_async::nor_flash::NorFlash;
//! use mainspring_core::schedule::Spec;
//! use mainspring_embassy::command::{Command, Commands};
//! use mainspring_embassy::cursors::{CursorJournal, Options};
//! use mainspring_embassy::fixed::{Fixed, InProgram};
//! use mainspring_embassy::name::Name;
//! use mainspring_embassy::pump::Pump;
//! use mainspring_embassy::timing::Fires;
//!
//! static SCHEDULES: [Spec<Fixed>; 2] = [
//!     Fixed::spec(Name::of("beat"), Name::of("lamp"), Fires::every_secs(60)),
//!     Fixed::spec(Name::of("hourly"), Name::of("lamp"), Fires::cron("0 * * * *", "UTC0")),
//! ];
//!
//! type Engine = mainspring_embassy::engine::Engine<Fixed, 2, 1, 4, 1, 2>;
//!
//! async fn start(flash: impl NorFlash<Error: Debug>, engine: &mut Engine) {
//!     let commands: Commands<Fixed, 1> = Commands::new();
//!     let journal = CursorJournal::new(flash, 0..0x4000, &SCHEDULES, Options::default());
//!     let journal = journal.expect("an even number of pages");
//!     let started = Pump::start(engine, &commands, journal, ()).await;
//!     let (mut pump, restored) = started.expect("the flash answers");
//!     assert!(restored.schedules <= 2);
//!     for schedule in &SCHEDULES {
//!         pump.tell(Command::Put(InProgram(schedule)));
//!     }
//! }
//! # let _ = Options::default();
//! ```

mod record;
mod slots;

use core::fmt;
use core::hash::Hash;
use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;
use mainspring_core::domain::Origin;
use mainspring_core::id::Revision;
use mainspring_core::job::JobState;
use mainspring_core::ledger::Ledger;
use mainspring_core::note::{Cursor as _, Note};
use mainspring_core::room::Room;
use mainspring_core::schedule::{Schedule, Spec};
use mainspring_core::time::{Mono, Span, Timestamp};
use mainspring_core::verb::Remove;

use crate::domain::Kind;
use crate::fixed::{Fixed, InProgram};
use crate::flash::halves::Half;
use crate::flash::{Error, RangeError};
use crate::journal::{Cursors, Due, Journal, Loss, Restored};
use record::{Bytes, Cursor, Record, Stand, VERSION, who};
use slots::{Found, Reading, Slots};

/// What becomes of a fire whose job is not over when the power goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Interrupted {
    /// It is owed: each fire runs at least once. A task that brings the device down runs again
    /// after each start, and nobody counts how often.
    #[default]
    RunsAgain,
    /// It is over: each fire runs at most once.
    IsOver,
}

/// How a journal of cursors writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Options {
    /// What becomes of a fire whose job is not over when the power goes.
    pub interrupted: Interrupted,
    /// A cursor that moved may stay unwritten for this long; zero, the default, writes it before
    /// anything follows from it. What fired or ran after the last write happens again after a loss
    /// of power. Schedules that are put, removed, paused or resumed are written at once.
    pub within: Span,
}

/// A journal of where the `N` schedules of a program stand, in a range of flash.
///
/// The flash must write words of at most 32 bytes.
pub struct CursorJournal<K: Kind, F, const N: usize> {
    flash: F,
    slots: Slots,
    schedules: &'static [Spec<Fixed<K>>; N],
    options: Options,
    /// What each schedule is called in a record.
    names: [u32; N],
    /// What the half that counts has of each schedule.
    kept: [Cursor; N],
    /// The half that counts, and the first place in it that is free.
    half: Half,
    free: u32,
    /// The number of the next record.
    number: u32,
    /// Whether nothing in the half is missing, and nothing that was to be written to it failed. If
    /// not, the next write begins the other half.
    sound: bool,
    /// When a change was first seen that is not written yet.
    unwritten_since: Option<Mono>,
}

impl<K: Kind<Fires: Hash>, F: NorFlash, const N: usize> CursorJournal<K, F, N> {
    /// A journal of these schedules, in this range of the flash, which is an even number of pages.
    /// Nothing is read or written yet.
    ///
    /// # Errors
    /// If the range, or the flash, cannot hold such a journal.
    ///
    /// # Panics
    /// If two of the schedules have one name, or share their number by chance: rename one.
    pub fn new(
        flash: F,
        range: Range<u32>,
        schedules: &'static [Spec<Fixed<K>>; N],
        options: Options,
    ) -> Result<Self, RangeError> {
        const { assert!(N > 0, "there is a schedule to be kept") };
        let slots = Slots::new(&flash, range)?;
        // With no place to spare, every write would erase a half.
        if usize::try_from(slots.count()).is_ok_and(|count| count <= N) {
            return Err(RangeError::TooSmall);
        }
        let mut journal = Self {
            flash,
            slots,
            schedules,
            options,
            names: [0; N],
            kept: [Cursor::NONE; N],
            half: Half::Second,
            free: 0,
            number: 0,
            sound: false,
            unwritten_since: None,
        };
        for (at, spec) in schedules.iter().enumerate() {
            let name = who(spec.id, &spec.trigger);
            let known = &journal.names[..at];
            let twice = known.contains(&name) || schedules[..at].iter().any(|it| it.id == spec.id);
            assert!(!twice, "two schedules have one name");
            journal.names[at] = name;
        }
        Ok(journal)
    }

    /// The flash, for whoever else uses other parts of it between two calls.
    pub const fn flash(&mut self) -> &mut F {
        &mut self.flash
    }

    /// The flash, for somebody else.
    pub fn into_flash(self) -> F {
        self.flash
    }

    /// Where a schedule stands in the ledger; nowhere, if something else has taken its place.
    fn stand<S: Room, T: Room, J: Room, U: Room>(
        &self,
        ledger: &Ledger<Fixed<K>, S, T, J, U>,
        at: usize,
    ) -> Stand {
        let spec = &self.schedules[at];
        let is_it = |row: &&Schedule<Fixed<K>>| row.spec == InProgram(spec);
        let Some(row) = ledger.schedule(&spec.id).filter(is_it) else { return Stand::NONE };
        let last_fire_at = row.last_fire_at.value();
        let mut next = row.next.at();
        if row.next.is_after_run() {
            // The run that it waits for is lost with the power.
            let last = last_fire_at.unwrap_or(Timestamp::UNIX_EPOCH);
            next = Some(last + spec.policies.after_run.unwrap_or(Span::ZERO));
        }
        let mut fired = row.fired.value();
        if self.options.interrupted == Interrupted::RunsAgain {
            for job in ledger.jobs() {
                let over = matches!(job.state, JobState::Settled { .. });
                let is_fire = job.origin == Origin::Fire && job.schedule == Some(spec.id);
                if let Some(at) = job.fire_at.filter(|_| is_fire && !over) {
                    next = Some(next.map_or(at, |next| next.min(at)));
                    fired = fired.saturating_sub(1);
                }
            }
        }
        let pause = row.pause.map(|pause| pause.reason);
        Stand { cursor: Cursor::new(next, pause), last_fire_at, fired }
    }

    /// Puts a schedule back where it stood, as this record says.
    #[inline(never)]
    fn replay<S: Room, T: Room, J: Room, U: Room>(
        &mut self,
        ledger: &mut Ledger<Fixed<K>, S, T, J, U>,
        record: &Record,
    ) {
        let Some(at) = self.names.iter().position(|name| *name == record.who) else { return };
        let (spec, Stand { cursor, last_fire_at, fired }) = (&self.schedules[at], record.stand);
        self.kept[at] = cursor;
        let Some(next) = cursor.next() else {
            ledger.remove_schedules(&Remove::Named(&[spec.id]), |_| ());
            return;
        };
        let schedule = Schedule {
            spec: InProgram(spec),
            revision: Revision::new(record.number),
            next: K::Cursor::new(next.at(), next.is_after_run()),
            last_fire_at: Note::of(last_fire_at),
            fired: Note::of(fired),
            failures: Note::of(0),
            pause: cursor.pause(last_fire_at.unwrap_or(Timestamp::UNIX_EPOCH)),
            quarantine: None,
        };
        // Whether there is room for it is seen at the end.
        let _ = ledger.restore_schedule(schedule);
    }

    /// Writes what has changed, whether it is due or not.
    async fn write<S: Room, T: Room, J: Room, U: Room>(
        &mut self,
        ledger: &Ledger<Fixed<K>, S, T, J, U>,
    ) -> Result<(), Error<F::Error>> {
        // From here on the half is taken for broken, in case this future is dropped or fails.
        let mut half = self.half;
        if !core::mem::replace(&mut self.sound, false) {
            half = half.other();
        }
        loop {
            let opens = half != self.half;
            if opens {
                self.slots.erase(&mut self.flash, half).await.map_err(Error::Flash)?;
            }
            match self.append(ledger, half).await {
                Ok(()) => break,
                Err(error) if opens => return Err(error),
                // Full, or worn out.
                Err(_) => half = half.other(),
            }
        }
        for at in 0..N {
            self.kept[at] = self.stand(ledger, at).cursor;
        }
        self.sound = true;
        self.unwritten_since = None;
        Ok(())
    }

    /// Appends a record of each schedule that has changed, or opens the other half with one of
    /// each.
    async fn append<S: Room, T: Room, J: Room, U: Room>(
        &mut self,
        ledger: &Ledger<Fixed<K>, S, T, J, U>,
        half: Half,
    ) -> Result<(), Error<F::Error>> {
        let opens = half != self.half;
        let mut slot = if opens { 0 } else { self.free };
        for at in 0..N {
            let Some(bytes) = self.changed(ledger, at, opens) else { continue };
            if slot >= self.slots.count() {
                return Err(Error::Full);
            }
            let written = self.slots.write(&mut self.flash, half, slot, &bytes).await;
            written.map_err(Error::Flash)?;
            self.number = self.number.wrapping_add(1);
            slot += 1;
        }
        (self.half, self.free) = (half, slot);
        Ok(())
    }

    /// The next record, of this schedule: if it has changed, or opens a half.
    #[inline(never)]
    fn changed<S: Room, T: Room, J: Room, U: Room>(
        &self,
        ledger: &Ledger<Fixed<K>, S, T, J, U>,
        at: usize,
        opens: bool,
    ) -> Option<Bytes> {
        let stand = self.stand(ledger, at);
        if !opens && stand.cursor == self.kept[at] {
            return None;
        }
        let (number, who, complete) = (self.number, self.names[at], !opens || at + 1 == N);
        Some(Record { number, who, stand, complete, version: VERSION }.bytes())
    }

    /// Whether something has changed, and whether that is written at once.
    fn due<S: Room, T: Room, J: Room, U: Room>(
        &self,
        ledger: &Ledger<Fixed<K>, S, T, J, U>,
    ) -> Due {
        let mut due = Due::Nothing;
        for (at, kept) in self.kept.into_iter().enumerate() {
            let cursor = self.stand(ledger, at).cursor;
            if cursor != kept {
                if self.options.within <= Span::ZERO || cursor.is_edited(kept) {
                    return Due::Now;
                }
                due = Due::Later;
            }
        }
        due
    }
}

impl<K, F, S, T, J, U, const N: usize> Journal<Fixed<K>, S, T, J, U> for CursorJournal<K, F, N>
where
    K: Kind<Fires: Hash>,
    F: NorFlash,
    S: Room,
    T: Room,
    J: Room,
    U: Room,
{
    type Error = Error<F::Error>;

    async fn restore(
        &mut self,
        ledger: &mut Ledger<Fixed<K>, S, T, J, U>,
    ) -> Result<Restored, Self::Error> {
        self.sound = false;
        self.unwritten_since = None;
        let mut found: Option<Found> = None;
        let mut reading = Reading::default();
        for pass in 0..3 {
            // Each half is looked at, and then the one that counts is read: of those that are
            // complete, the one that was written last.
            let half = match (pass, found) {
                (0, _) => Half::First,
                (1, _) => Half::Second,
                (_, Some(found)) => found.half,
                (_, None) => break,
            };
            let (mut newest, mut end) = (None, 0);
            for slot in 0..self.slots.count() {
                let read = self.slots.read(&mut self.flash, half, slot).await;
                let Some(bytes) = read.map_err(Error::Flash)? else { continue };
                end = slot + 1;
                let Some(record) = Record::read(&bytes) else { continue };
                if pass < 2 {
                    newest = newest.max(Some(record.number).filter(|_| record.complete));
                } else if reading.takes(slot, &record) {
                    self.replay(ledger, &record);
                }
            }
            let latest = |newest: &u32| found.is_none_or(|found| *newest > found.newest);
            if let Some(newest) = newest.filter(latest) {
                found = Some(Found { half, newest, end });
            }
        }
        let Some(Found { half, newest, end }) = found else { return Ok(Restored::NOTHING) };
        (self.half, self.number) = (half, newest.wrapping_add(1));
        // One place looks erased and may be half written.
        self.free = end.saturating_add(1);
        let mut loss = reading.loss;
        let schedules = ledger.schedules().count();
        let known = self.kept.iter().filter(|kept| **kept != Cursor::NONE).count();
        loss.rows = u32::try_from(known.saturating_sub(schedules)).unwrap_or(u32::MAX);
        self.sound = loss == Loss::NONE;
        Ok(Restored { schedules, jobs: 0, cursors: Cursors::Kept, loss })
    }

    async fn record(
        &mut self,
        ledger: &Ledger<Fixed<K>, S, T, J, U>,
        now: Mono,
    ) -> Result<(), Self::Error> {
        match self.due(ledger) {
            Due::Nothing => {
                self.unwritten_since = None;
                return Ok(());
            }
            Due::Later => {
                let since = *self.unwritten_since.get_or_insert(now);
                if since + self.options.within > now {
                    return Ok(());
                }
            }
            Due::Now => {}
        }
        self.write(ledger).await
    }

    async fn flush(&mut self, ledger: &Ledger<Fixed<K>, S, T, J, U>) -> Result<(), Self::Error> {
        match self.due(ledger) {
            Due::Nothing => Ok(()),
            Due::Later | Due::Now => self.write(ledger).await,
        }
    }

    fn deadline(&self) -> Option<Mono> {
        self.unwritten_since.map(|since| since + self.options.within)
    }
}

impl<K: Kind, F, const N: usize> fmt::Debug for CursorJournal<K, F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slots, options, half, free, number, sound, .. } = self;
        f.debug_struct("CursorJournal")
            .field("slots", slots)
            .field("options", options)
            .field("half", half)
            .field("free", free)
            .field("number", number)
            .field("sound", sound)
            .finish_non_exhaustive()
    }
}

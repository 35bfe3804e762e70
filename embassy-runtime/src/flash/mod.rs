//! A [`Journal`] in flash: what became of rows is appended, and read again after a loss of power.
//!
//! It works on any [`NorFlash`] and needs neither a second write to a word that was written nor a
//! driver that can be interrupted.
//!
//! # How it is laid out
//!
//! The range of the journal is two halves of as many pages each. One half counts; it begins with
//! all rows of the ledger, and what changed follows. When it is full, the other half is erased and
//! begins with all rows as they are by then; from the moment on when the last of them is written,
//! that half counts. So nothing that counts is ever erased, and a page that was being erased when
//! the power went never counts, whatever its bytes look like. Whoever needs that half next erases
//! it again.
//!
//! Within a page, `sequential-storage` frames items with a length and checksums, finds the first
//! free word again after a loss of power, and passes over what was not written to its end. Each
//! page is a storage of its own, so that a page that cannot be read takes no other with it.
//!
//! # What lies in an item, byte by byte
//!
//! Numbers are [postcard's]: a `u8` or `bool` is a byte; larger ones are varints, seven bits in
//! each byte, the lowest first, signed ones in zigzag; an `Option` is the byte 0, or 1 and the
//! value; an enum is its variant's number and then the variant's fields; a struct is its fields in
//! the order of their declaration; an instant or a span is a signed number of microseconds. The
//! bytes of one life, record by record, are in `tests/flash/bytes.txt`.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version, 1. These first four fields stay what they are in every version |
//! | 1 | layout: the application's own version of its domain, see [`Options::layout`] |
//! | 1 | flags: 1 opens a half, 2 ends a transaction, 4 cursors and jobs are not kept |
//! | 1 to 5 | number: counts items from the first one ever, so that a missing one is noticed |
//! | … | rows, until the item ends |
//!
//! | a row starts with | and goes on with |
//! |---|---|
//! | 0: a schedule is | the [`Schedule`] |
//! | 1: it fired, or a run ended | id, revision, [`Next`], last fire (`Option`), fires, failures |
//! | 2: it is gone | id |
//! | 3: a job is | the [`Job`] |
//! | 4: it was claimed, failed, … | id, watched, [start by], [`Counts`], token, [`JobState`] |
//! | 5: it is over | id |
//!
//! [`Schedule`]: mainspring_core::schedule::Schedule
//! [`Next`]: mainspring_core::schedule::Next
//! [`Job`]: mainspring_core::job::Job
//! [`JobState`]: mainspring_core::job::JobState
//! [`Counts`]: mainspring_core::retry::Counts
//! [start by]: mainspring_core::job::Job::start_by
//!
//! What changed between two calls of [`Journal::record`] is a transaction. If it is larger than the
//! buffer it goes into several items, of which only the last has the flag 2: a transaction without
//! its last item does not count. What follows it is written to the other half.
//!
//! # What is missing, and what is reported
//!
//! An item whose bytes have changed is passed over; the gap in the numbers tells. Items of a later
//! version or another layout are passed over, and rows that make no sense, and what belongs to rows
//! that are missing. The rest is kept, and [`Loss`] has the counts. If a page does not answer,
//! nobody knows what it has: that is reported as one missing item at least. After a loss the first
//! write begins the other half, so that it is reported once. A key that outlives its job
//! ([`Hold::AtLeast`](mainspring_core::job::Hold)) is not kept.
//!
//! # How long the flash lasts
//!
//! A cycle is everything that fits into the pages of both halves; it erases each page once. A test
//! (`endurance`) computes this table from what the journal really writes for one of five schedules,
//! whose job succeeds at once: a record when it fires and is claimed, and one when it is over. The
//! years are up to the rated number of cycles.
//!
#![doc = include_str!("endurance.md")]
//!
//! [postcard's]: https://postcard.jamesmunns.com/wire-format

pub(crate) mod halves;
mod pages;
mod record;
mod replay;
mod rows;

use core::fmt;
use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;
use mainspring_core::ledger::Ledger;
use mainspring_core::room::{Inline, Room};
use mainspring_core::time::Mono;

pub use halves::RangeError;
pub use pages::Error;
pub use record::Lasting;

use crate::journal::{Cursors, Due, Durable, Journal, Loss, Restored};
use halves::Half;
use pages::Pages;
use record::{HEADER_MAX, Header, Row, VERSION, flag};
use rows::{Rows, Scope};

/// How a journal writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Options {
    /// What is written, and when.
    pub durable: Durable,
    /// The application's own version of its domain. Whoever changes what ids, payloads or triggers
    /// look like as bytes raises it, so that the rows of before are not taken for something else.
    pub layout: u8,
}

/// A journal of a ledger with room for `S` schedules and `J` jobs, in a range of flash.
///
/// `B` is the size of the buffer through which items go. An item that is larger cannot be written,
/// and one that was written with a larger buffer cannot be read; a row is between ten and about a
/// hundred and fifty bytes, plus what the domain's own types take.
pub struct FlashJournal<D: Lasting, F, const S: usize, const J: usize, const B: usize = 512> {
    pages: Pages<F>,
    options: Options,
    /// What the half that counts has of each row.
    rows: Rows<D, S, J>,
    /// The half that counts, and the page in it that is written to.
    half: Half,
    page: u32,
    /// The number of the next item.
    number: u32,
    /// Whether what was written last was written to its end, and nothing in the half is missing. If
    /// not, the next write begins the other half.
    sound: bool,
    /// When a change was first seen that is not written yet.
    unwritten_since: Option<Mono>,
    buffer: Buffer<B>,
}

/// Some flash controllers read whole words of memory only.
#[repr(align(4))]
struct Buffer<const B: usize>([u8; B]);

impl<D: Lasting, F: NorFlash, const S: usize, const J: usize, const B: usize>
    FlashJournal<D, F, S, J, B>
{
    /// A journal in this range of the flash, which is an even number of pages. Nothing is read or
    /// written yet.
    ///
    /// # Errors
    /// If the range, or the flash, cannot hold a journal.
    pub fn new(flash: F, range: Range<u32>, options: Options) -> Result<Self, RangeError> {
        const { assert!(B > HEADER_MAX, "the buffer holds a header and a row at least") };
        Ok(Self {
            pages: Pages::new(flash, range)?,
            options,
            rows: Rows::NONE,
            half: Half::Second,
            page: 0,
            number: 0,
            sound: false,
            unwritten_since: None,
            buffer: Buffer([0; B]),
        })
    }

    /// The flash, for whoever else uses other parts of it between two calls.
    pub const fn flash(&mut self) -> &mut F {
        self.pages.flash()
    }

    /// The flash, for somebody else.
    pub fn into_flash(self) -> F {
        self.pages.into_flash()
    }

    /// Writes what has changed, whether it is due or not.
    async fn write<SR: Room, T: Room, JR: Room, K: Room>(
        &mut self,
        ledger: &Ledger<D, SR, T, JR, K>,
    ) -> Result<(), Error<F::Error>> {
        // From here on the half is taken for broken, in case this future is dropped or fails.
        let was_sound = core::mem::replace(&mut self.sound, false);
        if !was_sound || self.append(ledger, Target::Same).await.is_err() {
            // Full, or worn out: in the other half there is room for everything.
            self.rows = Rows::NONE;
            // Nothing is erased for rows that do not fit.
            self.append(ledger, Target::Nowhere).await?;
            self.pages.erase(self.half.other()).await?;
            self.append(ledger, Target::Other).await?;
        }
        self.rows.keep(ledger);
        self.sound = true;
        self.unwritten_since = None;
        Ok(())
    }

    /// Appends what became of rows since they were kept, as one transaction.
    async fn append<SR: Room, T: Room, JR: Room, K: Room>(
        &mut self,
        ledger: &Ledger<D, SR, T, JR, K>,
        target: Target,
    ) -> Result<(), Error<F::Error>> {
        let Self { pages, options, rows, buffer: Buffer(buffer), .. } = self;
        let (half, page, mut flags) = match target {
            Target::Same => (self.half, self.page, 0),
            Target::Other | Target::Nowhere => (self.half.other(), 0, flag::OPENS),
        };
        if options.durable == Durable::Config {
            flags |= flag::CONFIG;
        }
        let taken = (target == Target::Nowhere).then_some(0);
        let mut out = Out { pages, half, page, number: self.number, layout: options.layout, taken };
        let mut length = out.header(buffer, flags)?;
        for row in rows.changes(ledger, scope(options.durable)) {
            if let Some(longer) = put(&row, buffer, length) {
                length = longer;
                continue;
            }
            out.push(&buffer[..length]).await?;
            flags &= !flag::OPENS;
            length = out.header(buffer, flags)?;
            length = put(&row, buffer, length).ok_or(Error::RowTooBig)?;
        }
        // As long as it was: its length depends on the number only.
        out.header(buffer, flags | flag::ENDS)?;
        out.push(&buffer[..length]).await?;
        if target != Target::Nowhere {
            (self.half, self.page, self.number) = (out.half, out.page, out.number);
        }
        Ok(())
    }

    /// Whether something has changed that is to be written at all, and whether at once.
    fn due<SR: Room, T: Room, JR: Room, K: Room>(&self, ledger: &Ledger<D, SR, T, JR, K>) -> Due {
        let edited = self.rows.is_edited(ledger);
        let durable = self.options.durable;
        let is_changed = || self.rows.changes(ledger, scope(durable)).next().is_some();
        match durable {
            Durable::Config if !edited => Due::Nothing,
            _ if !is_changed() => Due::Nothing,
            Durable::Within(_) if !edited => Due::Later,
            Durable::Every | Durable::Within(_) | Durable::Config => Due::Now,
        }
    }
}

impl<D, F, T, K, const S: usize, const J: usize, const B: usize>
    Journal<D, Inline<S>, T, Inline<J>, K> for FlashJournal<D, F, S, J, B>
where
    D: Lasting,
    F: NorFlash,
    T: Room,
    K: Room,
{
    type Error = Error<F::Error>;

    async fn restore(
        &mut self,
        ledger: &mut Ledger<D, Inline<S>, T, Inline<J>, K>,
    ) -> Result<Restored, Self::Error> {
        self.sound = false;
        self.unwritten_since = None;
        let Some(counts) = replay::find(&mut self.pages, &mut self.buffer.0).await? else {
            return Ok(Restored::NOTHING);
        };
        // A page that answers again has no later numbers than what is written from now on.
        let unread = if counts.unread { self.pages.items_max() } else { 0 };
        self.number = counts.newest.wrapping_add(1).wrapping_add(unread);
        (self.half, self.page) = (counts.half, counts.page);
        let mut replay = replay::Replay::new(ledger, self.options, counts);
        replay.run(&mut self.pages, &mut self.buffer.0).await;
        let loss = replay.loss();
        self.rows.keep(ledger);
        replay::mend(ledger);
        let config = self.options.durable == Durable::Config;
        self.sound = loss == Loss::NONE && !counts.is_torn() && counts.config == config;
        let cursors = if counts.config { Cursors::Unknown } else { Cursors::Kept };
        let (schedules, jobs) = (ledger.schedules().count(), ledger.jobs().count());
        Ok(Restored { schedules, jobs, cursors, loss })
    }

    async fn record(
        &mut self,
        ledger: &Ledger<D, Inline<S>, T, Inline<J>, K>,
        now: Mono,
    ) -> Result<(), Self::Error> {
        match self.due(ledger) {
            Due::Nothing => {
                self.rows.notice(ledger);
                self.unwritten_since = None;
                return Ok(());
            }
            Due::Later => {
                self.unwritten_since.get_or_insert(now);
                if self.deadline_at().is_some_and(|at| at > now) {
                    return Ok(());
                }
            }
            Due::Now => {}
        }
        self.write(ledger).await
    }

    async fn flush(
        &mut self,
        ledger: &Ledger<D, Inline<S>, T, Inline<J>, K>,
    ) -> Result<(), Self::Error> {
        match self.due(ledger) {
            Due::Nothing => Ok(()),
            Due::Later | Due::Now => self.write(ledger).await,
        }
    }

    fn deadline(&self) -> Option<Mono> {
        self.deadline_at()
    }
}

impl<D: Lasting, F, const S: usize, const J: usize, const B: usize> FlashJournal<D, F, S, J, B> {
    fn deadline_at(&self) -> Option<Mono> {
        let Durable::Within(span) = self.options.durable else { return None };
        self.unwritten_since.map(|since| since + span)
    }
}

impl<D: Lasting, F, const S: usize, const J: usize, const B: usize> fmt::Debug
    for FlashJournal<D, F, S, J, B>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pages, options, half, page, number, sound, .. } = self;
        f.debug_struct("FlashJournal")
            .field("pages", pages)
            .field("options", options)
            .field("half", half)
            .field("page", page)
            .field("number", number)
            .field("sound", sound)
            .finish_non_exhaustive()
    }
}

/// Which half a transaction goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// The one that counts.
    Same,
    /// The other one, which counts from then on.
    Other,
    /// None: it is only seen whether all rows fit into a half.
    Nowhere,
}

/// Where the items of a transaction go.
struct Out<'j, F> {
    pages: &'j mut Pages<F>,
    half: Half,
    page: u32,
    number: u32,
    layout: u8,
    /// How much of the page would be taken, if nothing is written.
    taken: Option<usize>,
}

impl<F: NorFlash> Out<'_, F> {
    /// Writes the header of the next item to the front of the buffer; says how long it is.
    fn header(&self, buffer: &mut [u8], flags: u8) -> Result<usize, Error<F::Error>> {
        let header = Header { version: VERSION, layout: self.layout, flags, number: self.number };
        postcard::to_slice(&header, buffer).map(|used| used.len()).map_err(|_| Error::RowTooBig)
    }

    /// Appends an item to the page, or to the next one that takes it.
    async fn push(&mut self, item: &[u8]) -> Result<(), Error<F::Error>> {
        let mut error = Error::Full;
        while self.page < self.pages.count() {
            let done = match &mut self.taken {
                None => self.pages.push((self.half, self.page), item).await,
                Some(taken) => pretend::<F>(taken, item),
            };
            match done {
                Ok(()) => {
                    self.number = self.number.wrapping_add(1);
                    return Ok(());
                }
                Err(Error::RowTooBig) => return Err(Error::RowTooBig),
                Err(other) => error = other,
            }
            self.page += 1;
            self.taken = self.taken.map(|_| 0);
        }
        Err(error)
    }
}

/// Takes room for an item in a page of which this much is taken.
fn pretend<F: NorFlash>(taken: &mut usize, item: &[u8]) -> Result<(), Error<F::Error>> {
    let needed = Pages::<F>::taken_by(item.len());
    if needed > Pages::<F>::room() {
        return Err(Error::RowTooBig);
    }
    if *taken + needed > Pages::<F>::room() {
        return Err(Error::Full);
    }
    *taken += needed;
    Ok(())
}

/// Writes a row behind what is in the buffer; `None` if it does not fit.
fn put<D: Lasting>(row: &Row<'_, D>, buffer: &mut [u8], length: usize) -> Option<usize> {
    let free = buffer.get_mut(length..)?;
    postcard::to_slice(row, free).ok().map(|used| length + used.len())
}

const fn scope(durable: Durable) -> Scope {
    match durable {
        Durable::Every | Durable::Within(_) => Scope::All,
        Durable::Config => Scope::Schedules,
    }
}

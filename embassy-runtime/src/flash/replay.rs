//! What is done once after each start: find the half that counts, and read it into the ledger.

use embedded_storage_async::nor_flash::NorFlash;
use mainspring_core::domain::Domain;
use mainspring_core::job::{Job, JobState};
use mainspring_core::ledger::Ledger;
use mainspring_core::note::Note;
use mainspring_core::room::Room;
use mainspring_core::schedule::{Next, Schedule};
use mainspring_core::time::Timestamp;

use super::Options;
use super::halves::Half;
use super::pages::{Error, Pages, Place};
use super::record::{Entry, Header, Lasting, VERSION, entries, flag, is_after};
use crate::journal::{Durable, Loss};

/// A half that counts: it has a transaction from beginning to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) half: Half,
    /// The last page that has an item.
    pub(super) page: u32,
    /// The last item of the last transaction.
    upto: u32,
    /// The last item. If it is another, it belongs to a transaction without an end.
    pub(super) newest: u32,
    /// Whether cursors and jobs were not kept up to date.
    pub(super) config: bool,
    /// Whether a page of either half did not answer, which may have been written later.
    pub(super) unread: bool,
}

impl Counts {
    /// Whether a transaction follows that has no end.
    pub(super) const fn is_torn(&self) -> bool {
        self.upto != self.newest
    }

    /// The half as one more item shows it; `None` as long as it does not count. Numbers rise unless
    /// the flash has lost its mind.
    fn with(before: Option<Self>, (half, page): Place, header: &Header) -> Option<Self> {
        let latest = |other| if is_after(other, header.number) { other } else { header.number };
        let newest = before.map_or(header.number, |before| latest(before.newest));
        if header.has(flag::ENDS) {
            let upto = before.map_or(header.number, |before| latest(before.upto));
            let config = header.has(flag::CONFIG);
            return Some(Self { half, page, upto, newest, config, unread: false });
        }
        before.map(|before| Self { page, newest, ..before })
    }
}

/// Reads both halves to see which one counts: the one that was written last. One whose beginning
/// was not written to its end has no transaction, because the beginning is the first.
///
/// # Errors
/// If none counts, and a page could not be read.
pub(super) async fn find<F: NorFlash>(
    pages: &mut Pages<F>,
    buffer: &mut [u8],
) -> Result<Option<Counts>, Error<F::Error>> {
    let mut found: Option<Counts> = None;
    let mut failed = None;
    for half in [Half::First, Half::Second] {
        let mut counts = None;
        for page in 0..pages.count() {
            let place = (half, page);
            let read = pages.read(place, buffer, |item| {
                if let Some((header, _)) = Header::read(item) {
                    counts = Counts::with(counts, place, &header);
                }
            });
            failed = read.await.err().or(failed);
        }
        found = match (found, counts) {
            (Some(found), Some(counts)) if is_after(counts.upto, found.upto) => Some(counts),
            (found, counts) => found.or(counts),
        };
    }
    match (found, failed) {
        (None, Some(error)) => Err(Error::Flash(error)),
        (found, failed) => Ok(found.map(|found| Counts { unread: failed.is_some(), ..found })),
    }
}

/// Reads the half that counts into a ledger.
pub(super) struct Replay<'l, D: Domain, S: Room, T: Room, J: Room, K: Room> {
    ledger: &'l mut Ledger<D, S, T, J, K>,
    options: Options,
    counts: Counts,
    /// The number that the next item should have.
    next: Option<u32>,
    loss: Loss,
}

impl<'l, D: Lasting, S: Room, T: Room, J: Room, K: Room> Replay<'l, D, S, T, J, K> {
    pub(super) fn new(
        ledger: &'l mut Ledger<D, S, T, J, K>,
        options: Options,
        counts: Counts,
    ) -> Self {
        Self { ledger, options, counts, next: None, loss: Loss::NONE }
    }

    /// Reads every item that counts.
    pub(super) async fn run<F: NorFlash>(&mut self, pages: &mut Pages<F>, buffer: &mut [u8]) {
        for page in 0..pages.count() {
            let place = (self.counts.half, page);
            let all = pages.read(place, buffer, |item| self.item(item)).await;
            if !all.unwrap_or(false) {
                // Numbers tell of what is missing in front of what is there, and nothing of the
                // end.
                self.loss.missing = self.loss.missing.saturating_add(1);
            }
        }
        if self.counts.unread {
            // A page that answers by now was left out all the same: nobody knew what is in it.
            self.loss.missing = self.loss.missing.max(1);
        }
    }

    /// What is missing.
    pub(super) const fn loss(&self) -> Loss {
        self.loss
    }

    fn item(&mut self, item: &[u8]) {
        let Some((header, body)) = Header::read(item) else {
            self.loss.unreadable += 1;
            return;
        };
        if is_after(header.number, self.counts.upto) {
            return;
        }
        self.expect(header.number, header.has(flag::OPENS));
        self.next = Some(header.number.wrapping_add(1));
        if header.version != VERSION || header.layout != self.options.layout {
            self.loss.foreign += 1;
            return;
        }
        // All of an item, or nothing: a cursor does not move without its jobs.
        if entries::<D>(body).any(|entry| entry.is_err()) {
            self.loss.unreadable += 1;
            return;
        }
        for entry in entries::<D>(body).flatten() {
            if !self.apply(entry) {
                self.loss.rows += 1;
            }
        }
    }

    /// Counts what is missing in front of the item with this number.
    fn expect(&mut self, number: u32, opens: bool) {
        match self.next {
            Some(next) if is_after(number, next) => {
                self.loss.missing = self.loss.missing.saturating_add(number.wrapping_sub(next));
            }
            // How many there were before, nobody knows.
            None if !opens => self.loss.missing = self.loss.missing.saturating_add(1),
            _ => {}
        }
    }

    /// Makes a row what it became; says whether it could be made so.
    fn apply(&mut self, entry: Entry<D>) -> bool {
        let ledger = &mut *self.ledger;
        let jobs = self.options.durable != Durable::Config;
        match entry {
            Entry::Schedule(schedule) => ledger.restore_schedule(schedule).is_ok(),
            Entry::Cursor(cursor) => {
                let Some(schedule) = ledger.schedule(&cursor.id).cloned() else { return false };
                ledger.restore_schedule(cursor.moved(schedule)).is_ok()
            }
            Entry::ScheduleGone(id) => {
                ledger.remove_schedules(&mainspring_core::verb::Remove::Named(&[id]), |_| ());
                true
            }
            Entry::Job(_) | Entry::Progress(_) | Entry::JobGone(_) if !jobs => true,
            Entry::Job(job) => ledger.restore_job(job).is_ok(),
            Entry::Progress(progress) => {
                let job = ledger.jobs().find(|job| job.id == progress.id).cloned();
                job.is_some_and(|job| ledger.restore_job(progress.made(job)).is_ok())
            }
            Entry::JobGone(id) => {
                ledger.forget_job(&id);
                true
            }
        }
    }
}

/// Lets nothing wait for a job that is not there: it was lost, or jobs are not kept.
pub(super) fn mend<D: Domain, S: Room, T: Room, J: Room, K: Room>(
    ledger: &mut Ledger<D, S, T, J, K>,
) {
    let (schedules, jobs) = ledger.slots();
    for slot in 0..schedules {
        let Some(schedule) = ledger.schedule_at(slot) else { continue };
        let id = &schedule.spec().id;
        let awaited = |job: &Job<D>| job.watched && job.schedule.as_ref() == Some(id);
        if schedule.cursor() == Next::AfterRun && !ledger.jobs().any(awaited) {
            let at = schedule.last_fire_at.value().unwrap_or(Timestamp::UNIX_EPOCH);
            let schedule = Schedule { next: Next::At(at).keep(), ..schedule.clone() };
            let _ = ledger.restore_schedule(schedule);
        }
    }
    for slot in 0..jobs {
        let Some(job) = ledger.job_at(slot) else { continue };
        let JobState::Held { ready_at } = job.state else { continue };
        let frees = |other: &Job<D>| {
            let held = matches!(other.state, JobState::Held { .. });
            !held && other.is_in_turn() && other.schedule == job.schedule
        };
        if !ledger.jobs().any(frees) {
            let state = JobState::Waiting { ready_at };
            let job = Job { state, ..job.clone() };
            let _ = ledger.restore_job(job);
        }
    }
}

//! What outlives a loss of power: the [`Journal`] that the pump tells of every change of its
//! ledger, and [`Ram`], which keeps nothing.
//!
//! A journal does not log what was asked of the ledger but what became of its rows, so that nothing
//! that a verb does besides can be forgotten, and a record that is lost costs only the rows in it.
//! Whatever changed between two calls of [`Journal::record`] is one transaction: after a loss of
//! power all of it is there, or nothing. A schedule's cursor and the jobs of its fires change in
//! one verb of the ledger, so they are never torn apart.
//!
//! # What the pump promises
//!
//! 1. [`restore`](Journal::restore) comes first, on an empty ledger. Tasks and schedules that the
//!    program itself brings along are put after it: what is there already, word for word, keeps its
//!    cursor.
//! 2. Then [`Engine::begin`](crate::engine::Engine::begin), with what was restored, before anything
//!    is planned. Whatever ran when the power went counts as a lost attempt. If
//!    [`Restored::cursors`] says that nobody knows where the schedules stood, each of them begins
//!    anew: see [`Cursors::Unknown`].
//! 3. [`record`](Journal::record) is awaited after verbs have changed the ledger, and before
//!    anything that follows from that leaves the device: before a job that was claimed starts, and
//!    before a command is answered. Several verbs may share one call.
//! 4. It is called again by [`deadline`](Journal::deadline), so that a change does not stay
//!    unwritten because nothing else happens.
//! 5. A future of the journal is awaited to its end: no `select!` over it. Dropping it half-way is
//!    as if the power had gone: nothing is torn, but what was to be written may be missing until
//!    the next call.
//!
//! An error does not harm the ledger: the change is still unwritten, and the next call tries again.

use core::convert::Infallible;
use core::fmt::Debug;

use mainspring_core::domain::Domain;
use mainspring_core::ledger::Ledger;
use mainspring_core::room::Room;
use mainspring_core::time::{Mono, Span};

/// Keeps what a ledger holds over a loss of power.
///
/// No `Send` bound: firmware runs its pump on one executor.
#[expect(async_fn_in_trait, reason = "the pump awaits it on its own executor")]
pub trait Journal<D: Domain, S: Room, T: Room, J: Room, K: Room> {
    /// What can go wrong with the memory behind it.
    type Error: Debug;

    /// Reads what was written before the power went into an empty ledger, and says what that was
    /// and what is missing. What cannot be read is no error: it is a [`Loss`].
    ///
    /// # Errors
    /// If the memory itself does not answer. The ledger has what could be read.
    async fn restore(
        &mut self,
        ledger: &mut Ledger<D, S, T, J, K>,
    ) -> Result<Restored, Self::Error>;

    /// Writes what has changed in the ledger since the last call, as far as [`Durable`] asks for it
    /// now. Nothing is written if nothing has changed.
    ///
    /// # Errors
    /// If it could not be written. It is still due: the next call tries again.
    async fn record(
        &mut self,
        ledger: &Ledger<D, S, T, J, K>,
        now: Mono,
    ) -> Result<(), Self::Error>;

    /// Writes what has changed whenever it is due: before a restart that is planned, or when the
    /// battery runs low.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    async fn flush(&mut self, ledger: &Ledger<D, S, T, J, K>) -> Result<(), Self::Error>;

    /// When [`record`](Self::record) has something to write, if it has nothing to write now.
    fn deadline(&self) -> Option<Mono>;
}

/// Which changes outlive a loss of power, and so how often flash is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Durable {
    /// All of them, before they take effect: no fire that was recorded is lost, and none happens
    /// twice; a job runs again only if the power went while it ran.
    #[default]
    Every,
    /// All of them, but a change may stay unwritten for this long. Schedules that are put, removed,
    /// paused or resumed are written at once. What fired or ran after the last write happens again
    /// after a loss of power.
    Within(Span),
    /// Only schedules: that they were put, removed, paused or resumed. Where they stood and which
    /// jobs there were is forgotten, and what came due while there was no power is skipped.
    Config,
}

/// When a change is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Later,
    Now,
}

/// Where the cursors of restored schedules stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Cursors {
    /// Where they stood: what came due without power is owed, and the policies of each schedule say
    /// what becomes of it.
    Kept,
    /// Nobody knows ([`Durable::Config`]): what came due without power is skipped. An interval
    /// begins when the device starts, and what follows the clock goes on with its first fire after
    /// the moment at which the clock is set. A fixed delay of which the journal knows that it had
    /// begun is over.
    Unknown,
}

/// What [`Journal::restore`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub struct Restored {
    /// Schedules that are in the ledger now.
    pub schedules: usize,
    /// Jobs that are in the ledger now.
    pub jobs: usize,
    /// Where the schedules stand.
    pub cursors: Cursors,
    /// What is missing.
    pub loss: Loss,
}

impl Restored {
    /// Nothing was there, and nothing is missing.
    pub const NOTHING: Self =
        Self { schedules: 0, jobs: 0, cursors: Cursors::Kept, loss: Loss::NONE };
}

/// What was written once and cannot be restored. A loss of power alone is never the reason: what it
/// interrupts was not written yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Loss {
    /// Records that are missing between others: the flash has lost them.
    pub missing: u32,
    /// Records of a later version, or of another layout of the domain.
    pub foreign: u32,
    /// Records that are whole but make no sense to this program.
    pub unreadable: u32,
    /// Rows for which the ledger has no room, or which belong to records that are missing.
    pub rows: u32,
}

impl Loss {
    /// Nothing is missing.
    pub const NONE: Self = Self { missing: 0, foreign: 0, unreadable: 0, rows: 0 };
}

/// Keeps nothing: after a loss of power the device starts with the schedules that its program puts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ram;

impl<D: Domain, S: Room, T: Room, J: Room, K: Room> Journal<D, S, T, J, K> for Ram {
    type Error = Infallible;

    async fn restore(&mut self, _: &mut Ledger<D, S, T, J, K>) -> Result<Restored, Infallible> {
        Ok(Restored::NOTHING)
    }

    async fn record(&mut self, _: &Ledger<D, S, T, J, K>, _: Mono) -> Result<(), Infallible> {
        Ok(())
    }

    async fn flush(&mut self, _: &Ledger<D, S, T, J, K>) -> Result<(), Infallible> {
        Ok(())
    }

    fn deadline(&self) -> Option<Mono> {
        None
    }
}

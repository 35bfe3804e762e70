//! Pages of flash as logs of items: the only file that sees `sequential-storage`.
//!
//! Each page is a queue of its own, so that one whose bytes make no sense hides no other. A half of
//! the pages is written from its first page to its last, after all of it was erased.

use core::fmt;
use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;
use sequential_storage::Error as Queued;
use sequential_storage::cache::page_pointers::ArrayPagePointers;
use sequential_storage::cache::page_states::ArrayPageStates;
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::queue::{QueueConfig, QueueStorage};

use super::halves::{Half, Halves, RangeError};

/// Why something could not be written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Error<E> {
    /// The flash says so.
    Flash(E),
    /// Half of the pages has no room for all rows. Give the journal more pages.
    Full,
    /// A row does not fit into the buffer, or not into a page. Give the journal a larger buffer.
    RowTooBig,
    /// A page is not what was written to it.
    Damaged,
}

impl<E: fmt::Debug> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(error) => write!(f, "the flash failed: {error:?}"),
            Self::Full => f.write_str("the ledger does not fit into half of the journal's pages"),
            Self::RowTooBig => f.write_str("a row does not fit into the journal's buffer"),
            Self::Damaged => f.write_str("a page of the journal cannot be written"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for Error<E> {}

impl<E> From<Queued<E>> for Error<E> {
    fn from(error: Queued<E>) -> Self {
        match error {
            Queued::Storage { value, .. } => Self::Flash(value),
            Queued::FullStorage => Self::Full,
            Queued::ItemTooBig | Queued::BufferTooSmall(_) => Self::RowTooBig,
            _ => Self::Damaged,
        }
    }
}

/// A page: its half, and its number there.
pub(super) type Place = (Half, u32);

/// What is known of the page that is written to, so that it is not read again for each item.
type Known = Cache<ArrayPageStates<1>, ArrayPagePointers<1>, Uncached>;

pub(super) struct Pages<F> {
    flash: F,
    halves: Halves,
    known: Option<(Place, Known)>,
}

impl<F: NorFlash> Pages<F> {
    pub(super) fn new(flash: F, range: Range<u32>) -> Result<Self, RangeError> {
        let halves = Halves::new(&flash, range)?;
        if QueueConfig::<&mut F>::try_new(halves.page(Half::First, 0)).is_err() {
            return Err(RangeError::Geometry);
        }
        Ok(Self { flash, halves, known: None })
    }

    /// Erases every page of a half, whatever it looks like: an erase that was interrupted leaves
    /// pages that look like anything.
    pub(super) async fn erase(&mut self, half: Half) -> Result<(), Error<F::Error>> {
        self.known = None;
        self.halves.erase(&mut self.flash, half).await.map_err(Error::Flash)
    }

    /// Appends an item to a page.
    pub(super) async fn push(&mut self, place: Place, item: &[u8]) -> Result<(), Error<F::Error>> {
        let known = match self.known.take() {
            Some((there, known)) if there == place => known,
            _ => Cache::new(ArrayPageStates::new(), ArrayPagePointers::new(), Uncached),
        };
        let Ok(config) = QueueConfig::try_new(self.halves.page(place.0, place.1)) else {
            return Err(Error::Damaged);
        };
        let mut queue = QueueStorage::new(&mut self.flash, config, known);
        queue.push(item, false).await?;
        self.known = Some((place, queue.destroy().1));
        Ok(())
    }

    /// Shows every item of a page that is whole, in the order in which they were written; says
    /// whether all of the page was seen.
    ///
    /// # Errors
    /// If the flash does not answer.
    pub(super) async fn read(
        &mut self,
        place: Place,
        buffer: &mut [u8],
        mut visit: impl FnMut(&[u8]),
    ) -> Result<bool, F::Error> {
        let Ok(config) = QueueConfig::try_new(self.halves.page(place.0, place.1)) else {
            return Ok(false);
        };
        let mut queue = QueueStorage::new(&mut self.flash, config, Cache::new_uncached());
        let mut items = match queue.iter().await {
            Ok(items) => items,
            Err(Queued::Storage { value, .. }) => return Err(value),
            Err(_) => return Ok(false),
        };
        loop {
            match items.next(buffer).await {
                Ok(Some(item)) => visit(&item),
                Err(Queued::Storage { value, .. }) => return Err(value),
                Ok(None) => return Ok(true),
                Err(_) => return Ok(false),
            }
        }
    }

    /// How much of a page an item of this length takes.
    pub(super) fn taken_by(length: usize) -> usize {
        let word = F::WRITE_SIZE.max(F::READ_SIZE).max(1);
        let overhead = QueueStorage::<&mut F, Known>::item_overhead_size();
        overhead as usize + length.next_multiple_of(word)
    }

    /// How much of a page items can take: it has a word at either end that says what is in it.
    pub(super) fn room() -> usize {
        F::ERASE_SIZE.saturating_sub(2 * F::WRITE_SIZE.max(F::READ_SIZE))
    }

    /// How many pages a half has.
    pub(super) const fn count(&self) -> u32 {
        self.halves.pages()
    }

    /// More items than a half can have.
    pub(super) const fn items_max(&self) -> u32 {
        self.halves.bytes()
    }

    pub(super) const fn flash(&mut self) -> &mut F {
        &mut self.flash
    }

    pub(super) fn into_flash(self) -> F {
        self.flash
    }
}

impl<F> fmt::Debug for Pages<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("halves", &self.halves).finish_non_exhaustive()
    }
}

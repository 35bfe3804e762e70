//! Where the two halves of a journal lie, of which one is never erased while it counts.

use core::fmt;
use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;

/// Why a range of flash cannot hold a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RangeError {
    /// It does not start and end where pages do.
    Unaligned,
    /// It is not an even number of pages, at least two.
    OddPages,
    /// It ends behind the end of the flash.
    OutOfBounds,
    /// The pages, or the words that are written at once, are of a size that cannot be used.
    Geometry,
    /// Half of it has no room for one record of each schedule, and one more.
    TooSmall,
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unaligned => "the range does not start and end at pages",
            Self::OddPages => "the range is not an even number of pages",
            Self::OutOfBounds => "the range ends behind the end of the flash",
            Self::Geometry => "the flash has pages or words of a size that cannot be used",
            Self::TooSmall => "half of the range has no room for all schedules",
        })
    }
}

impl core::error::Error for RangeError {}

/// One of the two halves of the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    First,
    Second,
}

impl Half {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// A range of flash in two halves of as many pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Halves {
    start: u32,
    /// How many pages there are in each half.
    pages: u32,
    /// How many bytes a page has; never zero.
    page: u32,
}

impl Halves {
    pub(crate) fn new<F: NorFlash>(flash: &F, range: Range<u32>) -> Result<Self, RangeError> {
        let page = u32::try_from(F::ERASE_SIZE).unwrap_or(u32::MAX).max(1);
        if !range.start.is_multiple_of(page) || !range.end.is_multiple_of(page) {
            return Err(RangeError::Unaligned);
        }
        let pages = range.end.saturating_sub(range.start) / page;
        if pages < 2 || !pages.is_multiple_of(2) {
            return Err(RangeError::OddPages);
        }
        if usize::try_from(range.end).map_or(true, |end| end > flash.capacity()) {
            return Err(RangeError::OutOfBounds);
        }
        Ok(Self { start: range.start, pages: pages / 2, page })
    }

    /// Erases every page of a half, whatever it looks like.
    ///
    /// # Errors
    /// Those of the flash.
    pub(crate) async fn erase<F: NorFlash>(
        &self,
        flash: &mut F,
        half: Half,
    ) -> Result<(), F::Error> {
        for page in 0..self.pages {
            let Range { start, end } = self.page(half, page);
            flash.erase(start, end).await?;
        }
        Ok(())
    }

    /// How many pages a half has.
    pub(crate) const fn pages(&self) -> u32 {
        self.pages
    }

    /// How many bytes a half has.
    pub(crate) const fn bytes(&self) -> u32 {
        self.pages * self.page
    }

    /// Where a half begins.
    pub(crate) const fn start(&self, half: Half) -> u32 {
        match half {
            Half::First => self.start,
            Half::Second => self.start + self.bytes(),
        }
    }

    /// Where a page of a half lies.
    pub(crate) const fn page(&self, half: Half, page: u32) -> Range<u32> {
        let start = self.start(half) + page * self.page;
        start..start + self.page
    }
}

//! Places for records in flash: two halves of as many, each a row without gaps between pages.

use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;

use super::record::{Bytes, LEN, Record};
use crate::flash::RangeError;
use crate::flash::halves::{Half, Halves};

/// Where records lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots(Halves);

/// What a half holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) half: Half,
    /// The number of the last record.
    pub(super) newest: u32,
    /// The first place behind everything that is not erased.
    pub(super) end: u32,
}

impl Slots {
    pub(super) fn new<F: NorFlash>(flash: &F, range: Range<u32>) -> Result<Self, RangeError> {
        let fits = |size: usize| size > 0 && LEN.is_multiple_of(size);
        let halves = Halves::new(flash, range)?;
        if !fits(F::WRITE_SIZE) || !fits(F::READ_SIZE) || !F::ERASE_SIZE.is_multiple_of(LEN) {
            return Err(RangeError::Geometry);
        }
        Ok(Self(halves))
    }

    /// How many there are in each half.
    pub(super) const fn count(&self) -> u32 {
        self.0.bytes() / SLOT
    }

    /// What lies at a place, unless it is erased.
    pub(super) async fn read<F: NorFlash>(
        &self,
        flash: &mut F,
        half: Half,
        slot: u32,
    ) -> Result<Option<Bytes>, F::Error> {
        let mut bytes = Bytes([0; LEN]);
        flash.read(self.0.start(half) + slot * SLOT, &mut bytes.0).await?;
        Ok(Some(bytes).filter(|bytes| !bytes.is_erased()))
    }

    pub(super) async fn write<F: NorFlash>(
        &self,
        flash: &mut F,
        (half, slot): (Half, u32),
        record: &Record,
    ) -> Result<(), F::Error> {
        flash.write(self.0.start(half) + slot * SLOT, &record.bytes().0).await
    }

    pub(super) async fn erase<F: NorFlash>(
        &self,
        flash: &mut F,
        half: Half,
    ) -> Result<(), F::Error> {
        self.0.erase(flash, half).await
    }

    /// The half that counts: of those that are complete, the one that was written last.
    pub(super) async fn find<F: NorFlash>(&self, flash: &mut F) -> Result<Option<Found>, F::Error> {
        let mut found: Option<Found> = None;
        for half in [Half::First, Half::Second] {
            let (mut newest, mut end) = (None, 0);
            for slot in 0..self.count() {
                let Some(bytes) = self.read(flash, half, slot).await? else { continue };
                end = slot + 1;
                let complete = Record::read(&bytes).filter(|record| record.complete);
                newest = newest.max(complete.map(|record| record.number));
            }
            let Some(newest) = newest else { continue };
            if found.is_none_or(|found| newest > found.newest) {
                found = Some(Found { half, newest, end });
            }
        }
        Ok(found)
    }
}

/// [`LEN`], as flash counts.
const SLOT: u32 = 32;

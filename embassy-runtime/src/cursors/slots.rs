//! Places for records in flash: two halves of as many, each a row without gaps between pages.

use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;

use super::record::{Bytes, LEN, Record, VERSION};
use crate::flash::RangeError;
use crate::flash::halves::{Half, Halves};
use crate::journal::Loss;

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
        half: Half,
        slot: u32,
        bytes: &Bytes,
    ) -> Result<(), F::Error> {
        flash.write(self.0.start(half) + slot * SLOT, &bytes.0).await
    }

    pub(super) async fn erase<F: NorFlash>(
        &self,
        flash: &mut F,
        half: Half,
    ) -> Result<(), F::Error> {
        self.0.erase(flash, half).await
    }
}

/// Reads the half that counts, record by record.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The number that the next record should have.
    expected: Option<u32>,
    /// What is missing.
    pub(super) loss: Loss,
}

impl Reading {
    /// Whether the record at this place can be taken for what it says.
    pub(super) fn takes(&mut self, slot: u32, record: &Record) -> bool {
        // A half that counts begins with a record at its first place.
        let missing = self.expected.map_or(slot, |number| record.number.saturating_sub(number));
        self.loss.missing = self.loss.missing.saturating_add(missing);
        self.expected = Some(record.number.wrapping_add(1));
        let known = record.version == VERSION;
        self.loss.foreign += u32::from(!known);
        known
    }
}

/// [`LEN`], as flash counts.
const SLOT: u32 = 32;

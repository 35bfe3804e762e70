//! A flash of RAM, which outlives the device's losses of power as long as the program runs.

use core::cell::RefCell;
use core::ops::Range;

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// Four pages of 4 KiB: bits that are erased are ones, and writing only clears them.
#[derive(Debug)]
pub struct Flash(RefCell<[u8; SIZE]>);

impl Flash {
    /// All of it.
    pub const RANGE: Range<u32> = 0..0x4000;

    /// All erased.
    pub const fn erased() -> Self {
        Self(RefCell::new([0xff; SIZE]))
    }

    fn with<R>(
        &self,
        from: u32,
        len: usize,
        act: impl FnOnce(&mut [u8]) -> R,
    ) -> Result<R, Beyond> {
        let mut bytes = self.0.borrow_mut();
        let from = usize::try_from(from).map_err(|_| Beyond)?;
        bytes.get_mut(from..).and_then(|rest| rest.get_mut(..len)).map(act).ok_or(Beyond)
    }
}

/// There is no such place in the flash.
#[derive(Clone, Copy, Debug)]
pub struct Beyond;

impl NorFlashError for Beyond {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::OutOfBounds
    }
}

impl ErrorType for &Flash {
    type Error = Beyond;
}

impl ReadNorFlash for &Flash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, from: u32, into: &mut [u8]) -> Result<(), Beyond> {
        self.with(from, into.len(), |bytes| into.copy_from_slice(bytes))
    }

    fn capacity(&self) -> usize {
        SIZE
    }
}

impl NorFlash for &Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4_096;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Beyond> {
        let len = to.checked_sub(from).and_then(|len| usize::try_from(len).ok()).ok_or(Beyond)?;
        self.with(from, len, |bytes| bytes.fill(0xff))
    }

    async fn write(&mut self, to: u32, new: &[u8]) -> Result<(), Beyond> {
        self.with(to, new.len(), |bytes| {
            bytes.iter_mut().zip(new).for_each(|(byte, new)| *byte &= new);
        })
    }
}

const SIZE: usize = 0x4000;

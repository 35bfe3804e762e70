//! The flash of the device: NOR by its rules, in memory that outlives a loss of power.

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

use crate::cell::{FLASH, FLASH_LEN, World, load, store};

/// Pages of 1 KiB and words of four bytes.
#[derive(Debug)]
pub(crate) struct Nor;

/// A driver that asks for what flash refuses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused;

impl NorFlashError for Refused {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl ErrorType for Nor {
    type Error = Refused;
}

impl ReadNorFlash for Nor {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Refused> {
        let from = offset as usize;
        if from + bytes.len() > FLASH_LEN {
            return Err(Refused);
        }
        for (at, byte) in (from..).zip(bytes) {
            *byte = load(FLASH + at / 4 * 4).to_le_bytes()[at % 4];
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        FLASH_LEN
    }
}

impl NorFlash for Nor {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    /// All cells lose their charge at once, at different speeds: a cut leaves random bits.
    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Refused> {
        let (from, to) = (from as usize, to as usize);
        let aligned = from.is_multiple_of(Self::ERASE_SIZE) && to.is_multiple_of(Self::ERASE_SIZE);
        if !aligned || to > FLASH_LEN {
            return Err(Refused);
        }
        World::Erasing.write(1);
        for page in (from..to).step_by(Self::ERASE_SIZE) {
            let mut luck = World::Erased.read().wrapping_mul(0x9e37_79b9) | 1;
            for pass in 0..4 {
                for at in (page..page + Self::ERASE_SIZE).step_by(4) {
                    luck ^= luck << 13;
                    luck ^= luck >> 17;
                    luck ^= luck << 5;
                    let done = if pass == 3 { u32::MAX } else { luck };
                    store(FLASH + at, load(FLASH + at) | done);
                }
            }
            World::Erased.add(1);
        }
        World::Erasing.write(0);
        Ok(())
    }

    /// A byte after the other.
    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Refused> {
        let from = offset as usize;
        let aligned = from.is_multiple_of(4) && bytes.len().is_multiple_of(4);
        if !aligned || from + bytes.len() > FLASH_LEN {
            return Err(Refused);
        }
        for (at, word) in (from..).step_by(4).zip(bytes.chunks(4)) {
            if load(FLASH + at) != u32::MAX {
                return Err(Refused);
            }
            for (byte, value) in word.iter().enumerate() {
                let mask = !(u32::from(!value) << (8 * byte));
                store(FLASH + at, load(FLASH + at) & mask);
            }
        }
        Ok(())
    }
}

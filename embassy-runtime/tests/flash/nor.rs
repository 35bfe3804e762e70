//! A NOR flash that refuses what flash refuses, and loses power when it is told to.

use std::collections::HashSet;

use embassy_futures::block_on;
use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use mainspring_core::dice::Dice;

/// Why the flash did not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not at a word or page.
    Misaligned,
    /// Behind the end.
    OutOfBounds,
    /// A word that was written since it was erased.
    NotErased,
    /// A word that was being written when the power went: nobody can see that, so that anybody may
    /// try.
    Torn,
    /// The power is gone.
    Dark,
    /// A page that does not answer.
    Deaf,
}

impl NorFlashError for Refused {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Misaligned => NorFlashErrorKind::NotAligned,
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Self::NotErased | Self::Torn | Self::Dark | Self::Deaf => NorFlashErrorKind::Other,
        }
    }
}

/// What the flash was asked to do.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// To erase this range.
    Erase(u32, u32),
    /// To write these bytes there.
    Write(u32, Vec<u8>),
}

/// Flash with pages of `PAGE` bytes and words of `WORD` bytes.
#[derive(Clone, Debug)]
pub(crate) struct Nor<const PAGE: usize, const WORD: usize> {
    pub(crate) bytes: Vec<u8>,
    /// Words that are not erased, by their number.
    written: HashSet<usize>,
    /// The word that was being written when the power went.
    torn: Option<usize>,
    /// The page that cannot be read.
    pub(crate) deaf: Option<usize>,
    /// After how many bytes that are written or erased the power goes.
    pub(crate) left: Option<u64>,
    /// What is left of the bits that were being changed when the power went is a matter of luck.
    luck: Dice,
    /// How many bytes were written or erased.
    pub(crate) spent: u64,
    /// How many pages were erased.
    pub(crate) erased: u64,
    /// What the driver was asked for that flash refuses.
    pub(crate) refused: Vec<Refused>,
    /// What it was asked to do since somebody took this.
    pub(crate) asked: Vec<Asked>,
}

impl<const PAGE: usize, const WORD: usize> Nor<PAGE, WORD> {
    /// Flash that holds these bytes.
    pub(crate) fn holding(bytes: Vec<u8>) -> Self {
        let dirty = |(_, word): &(usize, &[u8])| word.iter().any(|byte| *byte != 0xff);
        let written =
            bytes.chunks(WORD).enumerate().filter(dirty).map(|(number, _)| number).collect();
        let (torn, deaf, left, luck) = (None, None, None, Dice::seeded(0));
        let (refused, asked) = (Vec::new(), Vec::new());
        Self { bytes, written, torn, deaf, left, luck, spent: 0, erased: 0, refused, asked }
    }

    /// This many erased pages.
    pub(crate) fn erased(pages: usize) -> Self {
        Self::holding(vec![0xff; pages * PAGE])
    }

    /// The power goes after so many more bytes are written or erased.
    pub(crate) fn dies_after(mut self, bytes: u64, seed: u64) -> Self {
        self.left = Some(bytes);
        self.luck = Dice::seeded(seed);
        self
    }

    /// The same flash with power.
    pub(crate) fn revived(mut self) -> Self {
        self.left = None;
        self.asked.clear();
        self
    }

    /// The same flash, asked all this until the power goes.
    pub(crate) fn asked(mut self, asked: &[Asked]) -> Self {
        for ask in asked {
            let done = match ask {
                Asked::Erase(from, to) => block_on(self.erase(*from, *to)),
                Asked::Write(offset, bytes) => block_on(self.write(*offset, bytes)),
            };
            if done.is_err() {
                break;
            }
        }
        self.asked.clear();
        self
    }

    /// The whole range.
    pub(crate) fn range(&self) -> core::ops::Range<u32> {
        0..u32::try_from(self.bytes.len()).expect("a small flash")
    }

    fn checked(&mut self, from: u32, to: u32, unit: usize) -> Result<(usize, usize), Refused> {
        let (from, to) = (from as usize, to as usize);
        let refused = if self.left == Some(0) {
            return Err(Refused::Dark);
        } else if to > self.bytes.len() || from > to {
            Refused::OutOfBounds
        } else if !from.is_multiple_of(unit) || !to.is_multiple_of(unit) {
            Refused::Misaligned
        } else {
            return Ok((from, to));
        };
        self.refused.push(refused);
        Err(refused)
    }

    /// One more byte; whether the power holds.
    fn holds(&mut self) -> bool {
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                return false;
            }
        }
        self.spent += 1;
        true
    }

    fn chance(&mut self) -> u64 {
        let micros = self.luck.span(mainspring_core::time::Span::from_secs(1)).as_micros();
        micros.unsigned_abs()
    }

    /// Eight random bits, each of which is set with this chance in a million.
    fn mask(&mut self, chance: u64) -> u8 {
        (0..8).fold(0, |mask, bit| mask | u8::from(self.chance() < chance) << bit)
    }
}

impl<const PAGE: usize, const WORD: usize> ErrorType for Nor<PAGE, WORD> {
    type Error = Refused;
}

impl<const PAGE: usize, const WORD: usize> ReadNorFlash for Nor<PAGE, WORD> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Refused> {
        let end = offset + u32::try_from(bytes.len()).expect("a small read");
        let (from, to) = self.checked(offset, end, 1)?;
        if self.deaf.is_some_and(|page| from < (page + 1) * PAGE && to > page * PAGE) {
            return Err(Refused::Deaf);
        }
        bytes.copy_from_slice(&self.bytes[from..to]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const PAGE: usize, const WORD: usize> NorFlash for Nor<PAGE, WORD> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Refused> {
        self.asked.push(Asked::Erase(from, to));
        let (from, to) = self.checked(from, to, PAGE)?;
        for page in (from..to).step_by(PAGE) {
            // All cells of a page are erased at once, and none is done before the end.
            for done in 0..PAGE {
                if !self.holds() {
                    let chance = self.chance_at(done);
                    for at in page..page + PAGE {
                        self.bytes[at] |= self.mask(chance);
                    }
                    return Err(Refused::Dark);
                }
            }
            self.bytes[page..page + PAGE].fill(0xff);
            self.written.retain(|word| !(page..page + PAGE).contains(&(word * WORD)));
            self.erased += 1;
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Refused> {
        self.asked.push(Asked::Write(offset, bytes.to_vec()));
        let end = offset + u32::try_from(bytes.len()).expect("a small write");
        let (from, to) = self.checked(offset, end, WORD)?;
        let mut words = from / WORD..to / WORD;
        if let Some(word) = words.find(|word| self.written.contains(word)) {
            if self.torn == Some(word) {
                return Err(Refused::Torn);
            }
            self.refused.push(Refused::NotErased);
            return Err(Refused::NotErased);
        }
        for (at, byte) in (from..to).zip(bytes) {
            let holds = self.holds();
            // A byte that is interrupted has some of its bits.
            let spared = if holds { 0 } else { self.mask(500_000) };
            self.bytes[at] &= byte | spared;
            if self.bytes[at] != 0xff {
                self.written.insert(at / WORD);
            }
            if !holds {
                self.torn = Some(at / WORD);
                return Err(Refused::Dark);
            }
        }
        Ok(())
    }
}

impl<const PAGE: usize, const WORD: usize> Nor<PAGE, WORD> {
    /// How likely a cell is erased when so much of the time that it takes is over: mostly all or
    /// nothing, and anything between.
    fn chance_at(&mut self, done: usize) -> u64 {
        match done % 4 {
            0 => self.chance(),
            1 => 1_000_000 - self.chance() / 50,
            2 => 1_000_000 - self.chance() / 1_000,
            _ => self.chance() / 50,
        }
    }
}

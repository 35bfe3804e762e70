//! What a device knows of the time: how much has passed, and what the wall clock shows, if anybody
//! has told.
//!
//! Between the two lies one distance, which changes only when the clock is set. How much time has
//! passed is the board's timer, made faster or slower by what its crystal was found to be wrong by:
//! so intervals and deadlines are right as well.

use embassy_time::Instant;
use mainspring_core::time::{Mono, Now, Span, Timestamp};

/// The clock of a device. An empty one is all zeros.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// What the wall clock shows at the start of the steady clock, counted from 1970.
    base: Span,
    /// Whether somebody has set it.
    is_set: bool,
    /// Two readings of one moment: of the board's timer and of the steady clock.
    raw: Mono,
    steady: Mono,
    /// How much faster than the timer the steady clock runs, in billionths.
    drift: i32,
}

impl Clock {
    /// Nobody has said what time it is: the wall clock starts with 1970.
    pub const UNKNOWN: Self =
        Self { base: Span::ZERO, is_set: false, raw: Mono::ZERO, steady: Mono::ZERO, drift: 0 };

    /// The board's timer.
    pub fn raw() -> Mono {
        Mono::from_micros(Instant::now().as_micros().cast_signed())
    }

    /// The moment at which the board's timer shows `raw`.
    pub fn at(&self, raw: Mono) -> Now {
        let mono = self.steady + Self::stretched(raw.since(self.raw), self.drift);
        Now { mono, wall: Timestamp::UNIX_EPOCH + self.base + mono.since(Mono::ZERO) }
    }

    /// This moment.
    pub fn now(&self) -> Now {
        self.at(Self::raw())
    }

    /// When the board's timer will show that the steady clock has come to `mono`.
    pub fn raw_at(&self, mono: Mono) -> Mono {
        // To first order the way back is as long with the opposite sign.
        let near = self.raw + Self::stretched(mono.since(self.steady), -self.drift);
        let short = mono.since(self.at(near).mono);
        if short == Span::ZERO { near } else { near + short + Span::from_micros(1) }
    }

    /// Whether the time is known.
    pub const fn is_set(&self) -> bool {
        self.is_set
    }

    /// How much faster than the board's timer time is taken to run, in billionths.
    pub const fn drift(&self) -> i32 {
        self.drift
    }

    /// Lets an unknown time go on from here, and not from 1970, now that the board's timer shows
    /// `raw`: from the last moment that a restored ledger knows of.
    pub fn begin(&mut self, wall: Timestamp, raw: Mono) {
        if !self.is_set {
            self.base = self.base + wall.since(self.at(raw).wall);
        }
    }

    /// When the board's timer showed `raw`, it was `wall`; says by how much that moves the clock.
    ///
    /// If it was set before, at least [`LEARN_AFTER`] ago, and has gone wrong by no more than a
    /// crystal can, half of that is taken for the crystal's error from now on: half, because
    /// whoever sets the clock is not exact either.
    pub fn set(&mut self, wall: Timestamp, raw: Mono) -> Span {
        let then = self.at(raw);
        let moved = wall.since(then.wall);
        let past = raw.since(self.raw);
        if self.is_set && past >= LEARN_AFTER {
            let billionths = moved.as_micros().saturating_mul(1_000) / (past.as_micros() / MILLION);
            if billionths.abs() <= i64::from(MAX_DRIFT) {
                let drift = i64::from(self.drift) + billionths / 2;
                let drift = drift.clamp(-i64::from(MAX_DRIFT), i64::from(MAX_DRIFT));
                self.drift = i32::try_from(drift).unwrap_or(0);
            }
        }
        // From here on with the new drift.
        (self.raw, self.steady) = (raw, then.mono);
        self.base = self.base + moved;
        self.is_set = true;
        moved
    }

    /// A span with so many billionths more.
    fn stretched(span: Span, billionths: i32) -> Span {
        if billionths == 0 {
            return span;
        }
        let (micros, billionths) = (span.as_micros(), i64::from(billionths));
        // Seconds and the rest, so that nothing overflows in 200 000 years.
        let whole = micros.div_euclid(MILLION) * billionths / 1_000;
        let rest = micros.rem_euclid(MILLION) * billionths / BILLION;
        span + Span::from_micros(whole + rest)
    }
}

/// The drift of a crystal is not worth learning from readings closer than this: SNTP is wrong by
/// some ten milliseconds, which is 11 millionths of a quarter of an hour.
pub const LEARN_AFTER: Span = Span::from_mins(15);

/// No crystal that works is wrong by more, in billionths; internal oscillators are, and are not
/// corrected.
pub const MAX_DRIFT: i32 = 500_000;

const MILLION: i64 = 1_000_000;
const BILLION: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(secs: i64) -> Mono {
        Mono::ZERO + Span::from_secs(secs)
    }

    fn wall(secs: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Span::from_secs(1_700_000_000 + secs)
    }

    #[test]
    fn setting_the_clock_moves_the_wall_and_not_what_has_passed() {
        let mut clock = Clock::UNKNOWN;
        assert_eq!(clock.at(raw(5)).wall, Timestamp::UNIX_EPOCH + Span::from_secs(5));
        assert_eq!(clock.set(wall(0), raw(10)), Span::from_secs(1_699_999_990));
        assert_eq!(clock.at(raw(11)), Now { wall: wall(1), mono: raw(11) });
        assert_eq!(clock.set(wall(-3_600), raw(10)), Span::from_hours(-1));
        assert_eq!(clock.at(raw(11)).mono, raw(11));
    }

    #[test]
    fn an_unknown_time_goes_on_from_where_it_is_told() {
        let mut clock = Clock::UNKNOWN;
        clock.begin(wall(0), raw(10));
        assert_eq!(clock.at(raw(11)), Now { wall: wall(1), mono: raw(11) });
        assert!(!clock.is_set());
        clock.set(wall(100), raw(20));
        clock.begin(wall(0), raw(30));
        assert_eq!(clock.at(raw(30)).wall, wall(110), "a time that is known is not made up");
    }

    #[test]
    fn a_crystal_that_is_slow_is_found_out_and_made_up_for() {
        let mut clock = Clock::UNKNOWN;
        // Of each second the timer misses 40 µs.
        let day = 86_400;
        for days in 0..12 {
            let passed = days * day * 1_000_000;
            let timer = Mono::from_micros(passed - passed / 25_000);
            let moved = clock.set(wall(days * day), timer);
            if days > 8 {
                assert!(moved.as_micros().abs() < 20_000, "{moved} on day {days}");
            }
        }
        assert!((39_900..40_100).contains(&clock.drift()), "{}", clock.drift());
        // The steady clock is never reached early.
        for secs in [1, 1_000, 100_000, 10_000_000] {
            let at = clock.at(raw(day * 12)).mono + Span::from_secs(secs);
            let back = clock.at(clock.raw_at(at)).mono.since(at).as_micros();
            assert!((-1..3).contains(&back), "{back} µs off after {secs} s");
        }
    }

    #[test]
    fn a_clock_that_was_wrong_says_nothing_about_the_crystal() {
        let mut clock = Clock::UNKNOWN;
        clock.set(wall(0), raw(0));
        clock.set(wall(7_200), raw(3_600));
        assert_eq!(clock.drift(), 0);
        clock.set(wall(7_201), raw(3_600));
        assert_eq!(clock.drift(), 0, "too soon to tell");
    }
}

//! The clocks of one node: a wall clock that people set, and a monotonic one that drifts a little
//! and stands still while the machine sleeps.

use mainspring_core::limits;
use mainspring_core::time::{Mono, Now, Span, Timestamp};

/// Two simulated clocks.
#[derive(Clone, Debug)]
pub(crate) struct Hands {
    boot: Timestamp,
    slept: Span,
    /// How much faster the monotonic clock runs, in millionths.
    drift: i64,
    /// How much the wall clock is ahead.
    ahead: Span,
    /// Wall minus monotonic clock when they were last compared.
    apart: Span,
}

impl Hands {
    /// The clocks of a machine that boots at `at`.
    pub(crate) fn new(at: Timestamp, ahead: Span, drift: i64) -> Self {
        let mut hands = Self { boot: at, slept: Span::ZERO, drift, ahead, apart: Span::ZERO };
        hands.jumped(at);
        hands
    }

    /// What they show.
    pub(crate) fn now(&self, at: Timestamp) -> Now {
        let run = (at.since(self.boot) - self.slept).as_micros();
        let mono = Mono::from_micros(run + run / 1_000_000 * self.drift);
        Now { wall: at + self.ahead, mono }
    }

    /// Really how long it is until the monotonic clock shows `then`, and a little more.
    pub(crate) fn until(&self, then: Mono, at: Timestamp) -> Span {
        let wait = then.since(self.now(at).mono).as_micros().max(0);
        let slower = wait / 1_000_000 * self.drift.min(0);
        Span::from_micros(wait - slower + 1)
    }

    /// Whether they moved apart since this was last asked, as the runtime finds out.
    pub(crate) fn jumped(&mut self, at: Timestamp) -> bool {
        let apart = self.apart(at);
        is_jump(apart - core::mem::replace(&mut self.apart, apart))
    }

    fn apart(&self, at: Timestamp) -> Span {
        let now = self.now(at);
        now.wall.since(Timestamp::UNIX_EPOCH) - now.mono.since(Mono::ZERO)
    }

    /// Somebody sets the wall clock.
    pub(crate) fn set(&mut self, by: Span) {
        self.ahead = self.ahead + by;
    }

    /// The machine slept for so long, until `at`.
    ///
    /// Who compares the clocks sees it. A clock that had just been set back by as much would hide
    /// it from everybody, and a run that began then would be nobody's mistake: it is set a little
    /// less far.
    pub(crate) fn slumber(&mut self, span: Span, at: Timestamp) {
        self.slept = self.slept + span;
        if span > limits::CLOCK_JUMP && !is_jump(self.apart(at) - self.apart) {
            self.set(limits::CLOCK_JUMP + limits::CLOCK_JUMP);
        }
    }
}

fn is_jump(moved: Span) -> bool {
    moved > limits::CLOCK_JUMP || moved < Span::ZERO - limits::CLOCK_JUMP
}

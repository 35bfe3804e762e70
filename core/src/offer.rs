//! What the schedules of a domain may ask for.

/// What schedules and jobs of a domain may ask for.
///
/// A policy is a value that each schedule may have, so that its code is there for all of them. A
/// domain that rules a policy out at compile time goes without that code. Putting a schedule that
/// asks for more is a mistake of the program, and an assertion says so.
///
/// ```
/// use mainspring_core::offer::Offer;
/// use mainspring_core::schedule::Policies;
/// const OFFER: Offer = Offer { jitter: true, ..Offer::PLAIN };
/// const _: () = assert!(Policies::DEFAULT.is_within(OFFER));
/// assert!(!Policies { limit: Some(1), ..Policies::DEFAULT }.is_within(OFFER));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is on or off by itself")]
pub struct Offer {
    /// [`Coalesce::All`](crate::schedule::Coalesce::All), and with it the catch-up limit.
    pub all: bool,
    /// [`misfire_grace`](crate::schedule::Policies::misfire_grace).
    pub misfire_grace: bool,
    /// [`jitter`](crate::schedule::Policies::jitter).
    pub jitter: bool,
    /// [`slack`](crate::schedule::Policies::slack).
    pub slack: bool,
    /// Any [`Overlap`](crate::overlap::Overlap) but `Allow`.
    pub overlap: bool,
    /// [`limit`](crate::schedule::Policies::limit).
    pub limit: bool,
    /// [`after_run`](crate::schedule::Policies::after_run).
    pub after_run: bool,
    /// [`max_failures`](crate::schedule::Policies::max_failures).
    pub max_failures: bool,
    /// Jobs besides a schedule's fires: [runs by hand and backfills](crate::verb::Extra).
    pub extra: bool,
    /// A record of the fires that become no job. Without, nobody counts them.
    pub skips: bool,
    /// A history, of which what is old is pruned.
    pub history: bool,
    /// Waits before retries that grow from one to the next, or that chance shortens: any
    /// [`Retry`](crate::settings::Retry) but those with a fixed wait.
    pub backoff: bool,
    /// A store that may be somewhere else: it can fail, answers late, and other nodes change it.
    /// Without, it lies beside the machines, which are the only ones: each request is answered by
    /// the same clock and before the next input, leases last until they are given up, and a job
    /// that is cancelled while it runs is [told so](crate::worker::Input::Cancelled).
    pub remote: bool,
}

impl Offer {
    /// Whatever there is.
    pub const EVERYTHING: Self = Self {
        all: true,
        misfire_grace: true,
        jitter: true,
        slack: true,
        overlap: true,
        limit: true,
        after_run: true,
        max_failures: true,
        extra: true,
        skips: true,
        history: true,
        backoff: true,
        remote: true,
    };

    /// Nothing but what [`Policies::DEFAULT`](crate::schedule::Policies::DEFAULT) says, for one
    /// node with the store in its memory.
    pub const PLAIN: Self = Self {
        all: false,
        misfire_grace: false,
        jitter: false,
        slack: false,
        overlap: false,
        limit: false,
        after_run: false,
        max_failures: false,
        extra: false,
        skips: false,
        history: false,
        backoff: false,
        remote: false,
    };

    /// Whether jobs of one schedule have to know of each other.
    pub(crate) const fn chains(self) -> bool {
        self.overlap || self.after_run
    }

    /// Whether leases have to be renewed: to keep them, or to hear who was told to stop.
    pub(crate) const fn renews(self) -> bool {
        self.remote || self.overlap
    }

    /// Whether a schedule may have to hear of the end of its jobs.
    pub(crate) const fn watches(self) -> bool {
        self.chains() || self.max_failures
    }
}

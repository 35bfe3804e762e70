//! Bugs that are planted to see whether they are found: each changes what the store does with a
//! request, or what the pump does with an output, and nothing inside the engine.

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Ends of runs are applied whatever token they carry.
    StaleWrites,
    /// Moving the cursor and inserting the jobs are two steps, and sometimes there is a crash in
    /// between.
    SplitAdvance,
    /// Attempts are counted when they report a failure, so a lost node is not counted.
    LossesUncounted,
    /// A lapsed lease is judged by the clock of the node that sweeps.
    NodeClockJudges,
    /// Rescues come while leases are live.
    LiveRescued,
    /// A run goes on although its lease has ended.
    HolderNeverStops,
    /// A run that is within its grace does not hear that its lease has ended.
    AbortedLinger,
    /// Overlap is ignored.
    OverlapIgnored,
    /// Claims ignore how many jobs of a task may run.
    LimitIgnored,
    /// A job that replaces another does not take its key.
    ReplaceUnchecked,
    /// Decisions are carried out whatever revision they were based on.
    StaleDecisions,
    /// Records of skipped fires are dropped.
    SkipsDropped,
    /// A job can be claimed at once, whatever `ready_at` says.
    ReadyIgnored,
    /// A resumed schedule forgets what it was paused for.
    ResumeUnrecorded,
    /// A pause is acknowledged and not written down.
    PauseIgnored,
    /// Jobs that are over are forgotten, so that a repeated request adds them again.
    EndsForgotten,
    /// A cancellation of a running job is acknowledged and not written down.
    CancelForgotten,
    /// Any worker is given any job of a task that it knows.
    TagsIgnored,
    /// The pump drops the reply to a decision now and then, as if it had never been asked.
    RepliesDropped,
    /// Backoff is written down and not kept: a retry is ready at once.
    BackoffIgnored,
    /// A schedule that could not be read is taken out of service although it was put again.
    StaleQuarantine,
    /// A claim leaves jobs where they are that cannot be read.
    UnreadableStay,
    /// Pruning forgets whatever was recorded, however young it is.
    PrunesAll,
    /// The pump takes the store's clock from the first reply of its life, and never again.
    ClockHeardOnce,
}

impl Bug {
    /// Every bug, with the checker that must find it.
    pub const ALL: &[(Self, &str)] = &[
        (Self::StaleWrites, "lease"),
        (Self::SplitAdvance, "lost"),
        (Self::LossesUncounted, "attempts"),
        (Self::NodeClockJudges, "lease"),
        (Self::LiveRescued, "lease"),
        (Self::HolderNeverStops, "runs"),
        (Self::AbortedLinger, "runs"),
        (Self::OverlapIgnored, "overlap"),
        (Self::LimitIgnored, "running"),
        (Self::ReplaceUnchecked, "unique"),
        (Self::StaleDecisions, "lost"),
        (Self::SkipsDropped, "lost"),
        (Self::ReadyIgnored, "early"),
        (Self::ResumeUnrecorded, "lost"),
        (Self::PauseIgnored, "pause"),
        (Self::EndsForgotten, "twice"),
        (Self::CancelForgotten, "settled"),
        (Self::TagsIgnored, "lease"),
        (Self::RepliesDropped, "late"),
        (Self::BackoffIgnored, "early"),
        (Self::StaleQuarantine, "readable"),
        (Self::UnreadableStay, "stuck"),
        (Self::PrunesAll, "twice"),
        (Self::ClockHeardOnce, "late"),
    ];

    /// The bug of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().map(|(bug, _)| *bug).find(|bug| format!("{bug:?}") == name)
    }
}

//! Every planted bug is found within a thousand seeds, by the checker that is there for it.

use mainspring_simulation::bug::Bug;
use mainspring_simulation::watch;

/// Plants a bug and looks for it.
fn find(bug: Bug) {
    let (_, checker) = Bug::ALL.iter().find(|(one, _)| *one == bug).expect("it is in the list");
    let (seed, violation) = watch::first(bug, 0..1_000).expect("a thousand seeds show it");
    eprintln!("{bug:?}: seed {seed}, {violation}");
    assert_eq!(violation.checker, *checker, "seed {seed}: {violation}");
}

macro_rules! found {
    ($($name:ident => $bug:ident,)*) => {
        $(
            #[test]
            fn $name() {
                find(Bug::$bug);
            }
        )*

        #[test]
        fn every_bug_is_looked_for() {
            let all: Vec<Bug> = Bug::ALL.iter().map(|(bug, _)| *bug).collect();
            assert_eq!([$(Bug::$bug),*], all[..]);
        }
    };
}

found! {
    stale_writes => StaleWrites,
    split_advance => SplitAdvance,
    losses_uncounted => LossesUncounted,
    node_clock_judges => NodeClockJudges,
    live_rescued => LiveRescued,
    holder_never_stops => HolderNeverStops,
    aborted_linger => AbortedLinger,
    overlap_ignored => OverlapIgnored,
    limit_ignored => LimitIgnored,
    replace_unchecked => ReplaceUnchecked,
    stale_decisions => StaleDecisions,
    skips_dropped => SkipsDropped,
    ready_ignored => ReadyIgnored,
    resume_unrecorded => ResumeUnrecorded,
    pause_ignored => PauseIgnored,
    ends_forgotten => EndsForgotten,
    cancel_forgotten => CancelForgotten,
    tags_ignored => TagsIgnored,
    replies_dropped => RepliesDropped,
    backoff_ignored => BackoffIgnored,
    stale_quarantine => StaleQuarantine,
    unreadable_stay => UnreadableStay,
    prunes_all => PrunesAll,
    clock_heard_once => ClockHeardOnce,
}

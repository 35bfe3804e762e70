//! Fires that came due before their schedule was edited: they are owed as it was written then.

use mainspring_contract::record::{Advance, Advanced, ClaimSchedules, Schedule};
use mainspring_contract::{NodeId, StoreError};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::{fire, limits};

use crate::erased::AnyStore;
use crate::schedule::trigger_of;
use crate::telemetry;
use crate::trigger::AnyTrigger;
use crate::zone::Zones;

/// Turns what is due into jobs and skips, as the schedules in the store say it.
///
/// A new trigger does not name the fires of the old one, and a replaced schedule remembers a single
/// due fire. So whoever replaces schedules calls this first. Schedules that a planner has claimed
/// are left to it: it does the same within moments. Those that `wanted` refuses are
/// left alone, and under a claim for a moment, so only what is about to be removed may be refused.
pub(crate) async fn advance(
    store: &dyn AnyStore,
    node: &NodeId,
    zones: &Zones,
    wanted: impl Fn(&Schedule) -> bool + Send,
) -> Result<(), StoreError> {
    let claim = ClaimSchedules {
        node: node.clone(),
        within: Span::ZERO,
        claim_for: limits::PLAN_GRACE,
        max: limits::CLAIM_MAX,
    };
    loop {
        // The claims keep one round from seeing what the round before has seen.
        let claimed = store.claim_schedules(&claim).await?;
        if claimed.value.is_empty() {
            return Ok(());
        }
        for schedule in claimed.value.into_iter().filter(&wanted) {
            // One that cannot be read is put into quarantine by the planner that claims it next.
            if let Ok(trigger) = trigger_of(&schedule, zones) {
                advance_one(store, schedule, &trigger, claimed.pulse.store_now).await?;
            }
        }
    }
}

async fn advance_one(
    store: &dyn AnyStore,
    mut schedule: Schedule,
    trigger: &AnyTrigger,
    now: Timestamp,
) -> Result<(), StoreError> {
    // A long catch-up comes in pieces.
    while let Some(advance) = decide(&schedule, trigger, now) {
        let advanced = store.advance(core::slice::from_ref(&advance)).await?.value;
        let Some(Advanced::Done { revision, .. }) = advanced.into_iter().next() else {
            // Somebody else was faster.
            return Ok(());
        };
        advance.skips.iter().for_each(|skip| telemetry::skipped(&advance.schedule, skip));
        (schedule.revision, schedule.next) = (revision, advance.next);
    }
    Ok(())
}

fn decide(schedule: &Schedule, trigger: &AnyTrigger, now: Timestamp) -> Option<Advance> {
    let spec = &schedule.spec;
    let decision = fire::due(trigger, schedule.due()?, now, &spec.policies)?;
    Some(Advance::decided(&spec.id, schedule.revision, &spec.policies, decision))
}

//! Fires that came due before their schedule was edited: they are owed as it was written then.

use std::collections::HashSet;

use mainspring_contract::record::{Advance, Advanced, ClaimSchedules, Schedule, Spec};
use mainspring_contract::{StoreError, StoreErrorKind};
use mainspring_core::dice::Dice;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::{fire, limits};

use crate::dice;
use crate::plan::{self, AnyPlan};
use crate::scheduler::Shared;

/// Turns what is due into jobs and skips, as the schedules in the store say it.
///
/// A new trigger does not name the fires of the old one, and a replaced schedule remembers a single
/// due fire. So whoever replaces schedules calls this first. Schedules that a planner has claimed
/// are left to it: it does the same within moments. Those that `wanted` refuses are
/// left alone, and under a claim for a moment, so only what is about to be removed may be refused.
pub(crate) async fn advance(
    shared: &Shared,
    plan_of: impl Fn(&Spec) -> Result<AnyPlan, String> + Send,
    wanted: impl Fn(&Schedule) -> bool + Send,
) -> Result<(), StoreError> {
    let claim = ClaimSchedules {
        node: shared.node.clone(),
        within: Span::ZERO,
        claim_for: limits::PLAN_GRACE,
        max: limits::CLAIM_MAX,
    };
    let mut left = HashSet::new();
    loop {
        // The claims keep one round from seeing what the round before has seen, for some seconds.
        let claimed = shared.store.claim_schedules(&claim).await?;
        if claimed.value.iter().all(|schedule| left.contains(&schedule.spec.id)) {
            return Ok(());
        }
        let mut due = Vec::new();
        for schedule in claimed.value {
            // One that cannot be read is put into quarantine by the planner that claims it next.
            match plan_of(&schedule.spec).ok().filter(|_| wanted(&schedule)) {
                Some(plan) => due.push((schedule, plan)),
                None => drop(left.insert(schedule.spec.id)),
            }
        }
        advance_all(shared, due, claimed.pulse.store_now).await?;
    }
}

/// Turns what is due of the schedule that `spec` is about to replace into jobs and skips.
pub(crate) async fn advance_before(
    shared: &Shared,
    spec: &Spec,
    plan_of: impl Fn(&Spec) -> Result<AnyPlan, String> + Send,
) -> Result<(), StoreError> {
    let there = match shared.store.schedule(&spec.id).await {
        // What cannot be read is replaced as it is.
        Err(error) if error.kind() == StoreErrorKind::Corrupt => None,
        there => there?.map(|view| view.schedule),
    };
    let changes = |there: &Schedule| there.spec != *spec && there.spec.source == spec.source;
    let Some(schedule) = there.filter(|there| there.due().is_some() && changes(there)) else {
        return Ok(());
    };
    if let Ok(plan) = plan_of(&schedule.spec) {
        // Putting nothing tells the store's clock.
        let now = shared.store.put_schedules(&[]).await?.pulse.store_now;
        advance_all(shared, vec![(schedule, plan)], now).await?;
    }
    Ok(())
}

/// Decides about all of these at once, until nothing of them is due.
async fn advance_all(
    shared: &Shared,
    mut due: Vec<(Schedule, AnyPlan)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut dice = dice::new();
    // A long catch-up comes in pieces.
    loop {
        let mut advances = Vec::new();
        due.retain(|(schedule, plan)| match decide(schedule, plan, now, &mut dice) {
            Some(advance) => {
                advances.push(advance);
                true
            }
            None => false,
        });
        if due.is_empty() {
            return Ok(());
        }
        let advanced = shared.store.advance(&advances).await?.value;
        let answers = due.into_iter().zip(advances).zip(advanced);
        let done = answers.filter_map(|(((mut schedule, plan), advance), answer)| {
            // Otherwise somebody else was faster.
            let Advanced::Done { revision, inserted } = answer else { return None };
            advance.skips.iter().for_each(|skip| shared.telemetry.skipped(&advance.schedule, skip));
            if inserted > 0 {
                shared.neighbours.ready(&schedule.spec.task);
            }
            (schedule.revision, schedule.next) = (revision, advance.next);
            schedule.fired = schedule.fired.saturating_add(inserted);
            Some((schedule, plan))
        });
        due = done.collect();
    }
}

fn decide(schedule: &Schedule, plan: &AnyPlan, now: Timestamp, dice: &mut Dice) -> Option<Advance> {
    let policies = schedule.policies();
    let decision = fire::due(plan, schedule.due()?, now, &policies)?;
    if plan::fault(plan).is_some() {
        // The planner puts it into quarantine.
        return None;
    }
    Some(Advance::decided(&schedule.spec.id, schedule.revision, &policies, decision, dice))
}

//! What the worker makes of news: replies of the store, and ends of runs.

use super::{Phase, Worker};
use crate::domain::Domain;
use crate::id::{Ticket, Token};
use crate::limits;
use crate::outcome::Outcome;
use crate::planner::Down;
use crate::pulse::{Pulse, look_at};
use crate::retry::Ask;
use crate::room::Room;
use crate::time::{Mono, Now};
use crate::verb::{Ended, Renewed, Written};

impl<D: Domain, R: Room> Worker<D, R> {
    pub(super) fn claimed(&mut self, ticket: Ticket, result: Result<(u32, Pulse), Down>, now: Now) {
        let count = result.map_or(0, |(count, _)| count);
        let batch = self.batch();
        let Some(epoch) = self.claims.answered(ticket, count, batch) else { return };
        match result {
            Ok((count, pulse)) => {
                self.answered();
                let idle = self.max_idle.unwrap_or(limits::MAX_IDLE);
                self.look_at = look_at(now.mono, idle, D::OFFER.remote);
                self.horizon.learn(pulse.mono_at(pulse.next_ready_at, now), epoch);
                if count > 0 {
                    // There may be more; ask until there is nothing.
                    self.horizon.hear(Some(now.mono));
                }
            }
            Err(Down) => self.failed(now.mono),
        }
    }

    pub(super) fn finished(
        &mut self,
        job: &D::JobId,
        token: Token,
        mut ended: Ended<D>,
        mut ask: Ask,
    ) {
        let Some(slot) = self.window.find(job) else { return };
        let Some(entry) = self.window.get_mut(slot).filter(|e| e.token == token) else {
            return;
        };
        match entry.phase {
            Phase::Running { .. } => {}
            // A run that succeeded although it was to be aborted has succeeded; whether that
            // still counts is for the token to decide.
            Phase::Aborting { .. } if ended.outcome == Outcome::Succeeded => {}
            Phase::Aborting { why: Outcome::LeaseLost, .. } => {
                // The store knows by itself: the lease ends, and the job is rescued.
                self.drop_slot(slot);
                return;
            }
            Phase::Aborting { why, .. } => (ended.outcome, ask) = (why, Ask::Nothing),
            Phase::Claimed(_) | Phase::Ending { .. } => return,
        }
        entry.phase = Phase::Ending { ended: Some((ended, ask)), under_way: None };
        self.rearm(slot);
    }

    pub(super) fn unstarted(&mut self, job: &D::JobId, token: Token) {
        let Some(slot) = self.window.find(job) else { return };
        let Some(entry) = self.window.get_mut(slot).filter(|e| e.token == token) else {
            return;
        };
        if matches!(entry.phase, Phase::Running { .. } | Phase::Aborting { .. }) {
            entry.phase = Phase::Ending { ended: None, under_way: None };
            self.rearm(slot);
        }
    }

    pub(super) fn renewed(
        &mut self,
        ticket: Ticket,
        job: &D::JobId,
        result: Result<Renewed, Down>,
        now: Now,
    ) {
        if !D::OFFER.renews() {
            return;
        }
        match result {
            Ok(_) => self.answered(),
            Err(Down) => self.failed(now.mono),
        }
        let retry_at = self.outage(now.mono).unwrap_or(now.mono);
        let terms = self.lease();
        let Some(slot) = self.window.find(job) else { return };
        let entry = self.window.get_mut(slot).expect("find returns slots that are in use");
        let mut trust = entry.trust();
        let Some((_, sent)) = trust.renewing.filter(|(asked, _)| *asked == ticket) else { return };
        trust.renewing = None;
        let stop = match result {
            Ok(Renewed::Kept { cancel }) => {
                (trust.sent, trust.renew_at) = (sent, terms.renew_at(sent));
                cancel.then_some(Outcome::Cancelled)
            }
            Ok(Renewed::LeaseLost) => Some(Outcome::LeaseLost),
            Err(Down) => {
                trust.renew_at = retry_at;
                None
            }
        };
        match (stop, &entry.phase) {
            (Some(why), Phase::Running { .. }) => {
                entry.phase = Phase::Aborting { why, told: false };
            }
            (Some(Outcome::LeaseLost), Phase::Ending { .. }) => trust.renew_at = Mono::MAX,
            (Some(Outcome::LeaseLost), Phase::Aborting { why, told }) => {
                let told = *told && *why == Outcome::LeaseLost;
                entry.phase = Phase::Aborting { why: Outcome::LeaseLost, told };
            }
            _ => {}
        }
        entry.change_trust(|there| *there = trust);
        self.rearm(slot);
    }

    pub(super) fn written(
        &mut self,
        ticket: Ticket,
        job: &D::JobId,
        result: Result<(Written, Pulse), Down>,
        now: Now,
    ) {
        match &result {
            Ok((_, pulse)) => {
                self.hear(pulse, now);
                // A finished job may have made room for another one of its task.
                self.horizon.hear(Some(now.mono));
            }
            Err(Down) => self.failed(now.mono),
        }
        let Some(slot) = self.window.find(job) else { return };
        let entry = self.window.get_mut(slot).expect("find returns slots that are in use");
        match &mut entry.phase {
            Phase::Ending { under_way, .. } if *under_way == Some(ticket) => *under_way = None,
            _ => return,
        }
        if result.is_ok() {
            // Written, or the lease is lost: either way the job is no longer ours.
            self.drop_slot(slot);
        } else {
            self.rearm(slot);
        }
    }

    pub(super) fn hear(&mut self, pulse: &Pulse, now: Now) {
        self.answered();
        self.horizon.hear(pulse.mono_at(pulse.next_ready_at, now));
    }
}

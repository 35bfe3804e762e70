//! No early run: never before the instant that was asked for, and no first attempt after the start
//! deadline, by the store's clock. What was ready stays ready when that clock is set back.

use std::collections::HashMap;

use mainspring_core::time::{Span, Timestamp};

use super::book::is_leased;
use super::{Book, Checker};
use crate::fact::{Fact, Moment, Verb};

#[derive(Debug, Default)]
pub(super) struct Early {
    asked: HashMap<u64, Window>,
}

/// When a job may be claimed.
#[derive(Debug, Default)]
struct Window {
    from: Option<Timestamp>,
    start_by: Option<Timestamp>,
}

impl Checker for Early {
    fn see(&mut self, fact: &Fact, moment: Moment, book: &Book) -> Result<(), String> {
        let Fact::Commit(commit) = fact else { return Ok(()) };
        match &commit.verb {
            Verb::Advance { advance, moved: true, .. } => {
                let page = book.schedules.get(&advance.schedule);
                let jitter = page.and_then(|page| page.spec.policies.jitter);
                let longest = jitter.map_or(Span::ZERO, |jitter| jitter.up_to);
                for fire in &advance.fires {
                    if fire.ready_at < fire.at || fire.ready_at > fire.at + longest {
                        let (at, ready) = (fire.at, fire.ready_at);
                        return Err(format!("a fire at {at} is to be ready at {ready}"));
                    }
                    if commit.born.iter().any(|job| job.id == fire.job) {
                        let window = Window { from: Some(fire.ready_at), start_by: fire.start_by };
                        self.asked.insert(fire.job, window);
                    }
                }
            }
            Verb::Enqueue(request, _) if commit.born.iter().any(|job| job.id == request.id) => {
                let window = Window { from: request.ready_at, start_by: request.start_by };
                self.asked.insert(request.id, window);
            }
            Verb::Retry(retry, _) if commit.changed.iter().any(|(b, _)| b.id == retry.job) => {
                let from = Some(moment.store + retry.after);
                self.asked.insert(retry.job, Window { from, start_by: None });
            }
            Verb::Rescue(_) => {
                for (before, _) in commit.changed.iter().filter(|(before, _)| is_leased(before)) {
                    self.asked.insert(before.id, Window::default());
                }
            }
            Verb::Claim { .. } => {
                for (_, after) in commit.changed.iter().filter(|(_, after)| is_leased(after)) {
                    let Some(window) = self.asked.get(&after.id) else {
                        return Err(format!("job {} is claimed that nobody asked for", after.id));
                    };
                    let shown = moment.store + moment.set_back;
                    if let Some(from) = window.from.filter(|from| *from > shown) {
                        return Err(format!("job {} is claimed before {from}", after.id));
                    }
                    if let Some(by) = window.start_by.filter(|by| *by < moment.store) {
                        return Err(format!("job {} is claimed after {by}", after.id));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

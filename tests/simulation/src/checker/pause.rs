//! A paused schedule does not fire, whoever or whatever paused it.

use mainspring_core::domain::Origin;

use super::{Book, Checker};
use crate::fact::{Fact, Moment};

#[derive(Debug)]
pub(super) struct Pauses;

impl Checker for Pauses {
    fn see(&mut self, fact: &Fact, _: Moment, book: &Book) -> Result<(), String> {
        let Fact::Commit(commit) = fact else { return Ok(()) };
        for job in commit.born.iter().filter(|job| job.origin == Origin::Fire) {
            let page = job.schedule.and_then(|schedule| book.schedules.get(&schedule));
            match page {
                None => return Err(format!("job {} is of no schedule", job.id)),
                Some(page) if page.is_paused() => {
                    return Err(format!("schedule {} is paused and fires", page.spec.id));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

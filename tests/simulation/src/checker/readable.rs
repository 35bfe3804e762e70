//! What cannot be read is out of service and nothing else is: a schedule goes into quarantine for
//! what is written down now, and leaves it when it is put again; until then it does not fire.

use mainspring_core::domain::Origin;

use super::{Book, Checker};
use crate::domain::Form;
use crate::fact::{Fact, Moment, Verb};

#[derive(Debug)]
pub(super) struct Readable;

impl Checker for Readable {
    fn see(&mut self, fact: &Fact, _: Moment, book: &Book) -> Result<(), String> {
        let Fact::Commit(commit) = fact else { return Ok(()) };
        if let Verb::Quarantine(quarantine, true) = &commit.verb {
            let id = quarantine.schedule;
            let page = book.schedules.get(&id);
            if page.is_none_or(|page| page.spec.trigger != Form::Unreadable) {
                return Err(format!("schedule {id} can be read and is out of service"));
            }
        }
        for job in commit.born.iter().filter(|job| job.origin == Origin::Fire) {
            let page = job.schedule.and_then(|schedule| book.schedules.get(&schedule));
            if let Some(page) = page.filter(|page| page.spec.trigger == Form::Unreadable) {
                return Err(format!("schedule {} cannot be read and fires", page.spec.id));
            }
        }
        Ok(())
    }
}

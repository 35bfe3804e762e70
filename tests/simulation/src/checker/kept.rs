//! History is kept: nobody asks for anything younger to be forgotten than was told to.

use mainspring_core::time::Span;

use super::{Book, CLOCKS_APART, Checker};
use crate::fact::{Fact, Moment, Verb};
use crate::swarm::Swarm;

#[derive(Debug)]
pub(super) struct Kept(Span);

impl Kept {
    pub(super) fn new(swarm: &Swarm) -> Self {
        Self(swarm.keep_history)
    }
}

impl Checker for Kept {
    fn see(&mut self, fact: &Fact, moment: Moment, _: &Book) -> Result<(), String> {
        let Fact::Commit(commit) = fact else { return Ok(()) };
        let Verb::Prune(before, _) = commit.verb else { return Ok(()) };
        let age = moment.store.since(before);
        if age + moment.set_back + CLOCKS_APART < self.0 {
            return Err(format!("what is {age} old is forgotten, and was to be kept"));
        }
        Ok(())
    }
}

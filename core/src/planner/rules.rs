//! What the planner keeps of a schedule's policies.

use crate::domain::Domain;
use crate::note::{Notable, Note};
use crate::schedule::{Coalesce, Jitter, Policies, Spread};
use crate::time::Span;

/// What decisions depend on: the part of [`Policies`] that matters here, in few bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<D: Domain> {
    /// The longest span stands for however late: no fire is later than that.
    misfire_grace: Span,
    /// `None`: each fire follows the run before, and there are never several. How long after it is
    /// for the store to say.
    coalesce: Option<Coalesce>,
    wishes: D::Note<Wishes>,
}

/// What a plain domain does not offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wishes {
    /// Matters only if there is a `spread`.
    jitter: Span,
    /// Never below zero.
    slack: Span,
    /// How many fires are left of the limit. The largest number stands for any number: nobody
    /// counts that far.
    left: u32,
    catch_up: u16,
    spread: Option<Spread>,
}

impl Notable for Wishes {
    const NOTHING: Self =
        Self { jitter: Span::ZERO, slack: Span::ZERO, left: u32::MAX, catch_up: 1, spread: None };
}

impl<D: Domain> Rules<D> {
    /// Of policies that are as for the next decision: their limit is what is left of it.
    pub(super) fn of(policies: &Policies) -> Self {
        // A fire must not be noticed too late to start.
        let latest = policies.misfire_grace.filter(|_| policies.after_run.is_none());
        Self {
            misfire_grace: policies.misfire_grace.unwrap_or(Span::MAX),
            coalesce: policies.after_run.is_none().then_some(policies.coalesce),
            wishes: D::Note::of(Wishes {
                jitter: policies.jitter.map_or(Span::ZERO, |jitter| jitter.up_to),
                slack: policies.slack.min(latest.unwrap_or(Span::MAX)).max(Span::ZERO),
                left: policies.limit.unwrap_or(u32::MAX),
                catch_up: policies.catch_up,
                spread: policies.jitter.map(|jitter| jitter.spread),
            }),
        }
    }

    /// The policies that lead to the same decision.
    #[inline]
    pub(super) fn policies(self, one_by_one: bool) -> Policies {
        let Wishes { jitter, slack, left, catch_up, spread } = self.wishes.value();
        let left = if one_by_one { left.min(1) } else { left };
        Policies {
            coalesce: self.coalesce.unwrap_or_default(),
            misfire_grace: Some(self.misfire_grace).filter(|grace| *grace != Span::MAX),
            catch_up,
            jitter: spread.map(|spread| Jitter { up_to: jitter, spread }),
            slack,
            limit: (left != u32::MAX).then_some(left),
            after_run: if self.coalesce.is_none() { Some(Span::ZERO) } else { None },
            ..Policies::DEFAULT
        }
    }

    /// How much later the next fire may be noticed.
    #[inline]
    pub(super) fn slack(&self) -> Span {
        self.wishes.value().slack
    }

    /// So many fires became jobs.
    pub(super) fn spend(&mut self, inserted: u32) {
        let wishes = self.wishes.value();
        if wishes.left != u32::MAX {
            let left = wishes.left.saturating_sub(inserted);
            self.wishes = D::Note::of(Wishes { left, ..wishes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::Numbers;
    use crate::fire::due;
    use crate::time::Timestamp;
    use crate::trigger::Every;

    /// Policies that differ from each other in everything that a decision can depend on.
    fn all(mut each: impl FnMut(Policies)) {
        let second = Span::from_secs(1);
        for coalesce in Coalesce::ALL {
            for limit in [None, Some(0), Some(1), Some(3), Some(u32::MAX)] {
                for after_run in [None, Some(second)] {
                    for misfire_grace in
                        [None, Some(Span::ZERO - second), Some(Span::from_secs(15))]
                    {
                        let spread = Spread::Stable;
                        for jitter in [None, Some(Jitter { up_to: second, spread })] {
                            each(Policies {
                                coalesce,
                                limit,
                                after_run,
                                misfire_grace,
                                jitter,
                                catch_up: 2,
                                ..Policies::DEFAULT
                            });
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_kept_leads_to_the_same_decision() {
        let at = |secs| Timestamp::UNIX_EPOCH + Span::from_secs(secs);
        let every = Every::new(Span::from_secs(10), at(0)).expect("the span is positive");
        all(|policies| {
            let kept = Rules::<Numbers>::of(&policies).policies(false);
            for now in [at(50), at(59), at(99)] {
                let decisions = [&kept, &policies].map(|by| due(&every, at(50), now, by));
                assert_eq!(decisions[0], decisions[1], "{policies:?}");
            }
            let (jitter, grace) = (kept.jitter, kept.misfire_grace);
            assert_eq!((jitter, grace), (policies.jitter, policies.misfire_grace));
        });
    }

    #[test]
    fn a_limit_is_spent_and_never_exceeded() {
        let limited = |limit| Rules::<Numbers>::of(&Policies { limit, ..Policies::DEFAULT });
        let mut rules = limited(Some(3));
        rules.spend(2);
        assert_eq!(rules.policies(false).limit, Some(1));
        rules.spend(2);
        assert_eq!(rules.policies(true).limit, Some(0));
        let mut any = limited(None);
        any.spend(7);
        assert_eq!((any.policies(false).limit, any.policies(true).limit), (None, Some(1)));
    }
}

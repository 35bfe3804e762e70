//! What nodes tell each other: a set of hints that can be merged with any other.

use crate::broker::Named;
use crate::{JobId, NodeId, ScheduleId, TaskId};

/// Hints, merged: there are few kinds, and to be told twice is to be told once. However much is
/// merged, the size is bounded.
///
/// ```
/// use mainspring_contract::TaskId;
/// use mainspring_contract::broker::{Hints, Named};
/// let mut hints = Hints::default();
/// hints.ready.add(TaskId::new("report")?);
/// hints.merge(Hints { changed: true, ..Hints::default() });
/// assert!(hints.ready.holds(&TaskId::new("report")?) && hints.changed);
/// hints.merge(Hints { ready: Named::Any, ..Hints::default() });
/// assert!(hints.ready.holds(&TaskId::new("anything")?));
/// # Ok::<(), mainspring_contract::NameError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Jobs of these tasks are ready, or will be sooner than anybody knew.
    pub ready: Named<TaskId>,
    /// People changed schedules or tasks.
    pub changed: bool,
    /// These jobs were told to stop.
    pub cancelled: Named<JobId>,
    /// Jobs of these schedules may have been told to stop, to make room for new ones.
    pub displaced: Named<ScheduleId>,
    /// These jobs are over: for whoever awaits them.
    pub settled: Named<JobId>,
    /// Somebody waits for the end of these jobs, and asks whoever settles them to say so. `Any`
    /// says nothing: whoever waits looks by himself as well.
    pub awaited: Named<JobId>,
    /// These nodes began to work, or are back.
    pub joined: Named<NodeId>,
    /// These nodes have ended, or were cut off. What they hold is theirs until its lease ends.
    pub gone: Named<NodeId>,
}

impl Hints {
    /// Adds all that the others say.
    pub fn merge(&mut self, others: Self) {
        self.ready.merge(others.ready);
        self.changed |= others.changed;
        self.cancelled.merge(others.cancelled);
        self.displaced.merge(others.displaced);
        self.settled.merge(others.settled);
        self.awaited.merge(others.awaited);
        self.joined.merge(others.joined);
        self.gone.merge(others.gone);
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Says "any" instead of the names of one kind, the one with the most; `false` if there are no
    /// names left.
    pub fn shorten(&mut self) -> bool {
        type Kind = (usize, fn(&mut Hints));
        let kinds: [Kind; 7] = [
            (self.ready.len(), |hints| hints.ready = Named::Any),
            (self.cancelled.len(), |hints| hints.cancelled = Named::Any),
            (self.displaced.len(), |hints| hints.displaced = Named::Any),
            (self.settled.len(), |hints| hints.settled = Named::Any),
            (self.awaited.len(), |hints| hints.awaited = Named::Any),
            (self.joined.len(), |hints| hints.joined = Named::Any),
            (self.gone.len(), |hints| hints.gone = Named::Any),
        ];
        let most = kinds.into_iter().filter(|(names, _)| *names > 0).max_by_key(|kind| kind.0);
        most.inspect(|(_, shorten)| shorten(self)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_with_the_most_names_is_shortened_first() {
        let mut hints = Hints::default();
        for name in ["a", "b"] {
            hints.ready.add(TaskId::new(name).expect("a name"));
        }
        hints.gone.add(NodeId::new("n").expect("a name"));
        assert!(hints.shorten());
        assert_eq!((hints.ready == Named::Any, hints.gone.len()), (true, 1));
        assert!(hints.shorten() && !hints.shorten());
        assert_eq!(hints.gone, Named::Any);
    }

    #[test]
    fn nothing_merged_with_nothing_is_nothing() {
        let mut hints = Hints::default();
        hints.merge(Hints::default());
        assert!(hints.is_empty());
        hints.merge(Hints { settled: Named::Any, ..Hints::default() });
        assert!(!hints.is_empty());
    }
}

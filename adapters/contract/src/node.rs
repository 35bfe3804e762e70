//! Nodes: what each says about itself, when it says so, and when it counts as lost.
//!
//! A node beats: it writes its row anew every [`BEAT_EVERY`](limits::BEAT_EVERY). Nothing is
//! decided by that, because leases and claims say who may do what; it is for people, and for
//! whoever looks for work that nobody offers to do.

use mainspring_core::limits;
use mainspring_core::time::{Mono, Now, Span, Timestamp};

use crate::name::{NodeId, Program, TaskId};
use crate::tags::Tags;

/// What a node does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// It plans schedules and runs jobs.
    #[default]
    Both,
    /// It turns due schedules into jobs, rescues jobs and forgets history, and runs nothing.
    Planner,
    /// It runs jobs, and leaves schedules, lost jobs and old history to others.
    Worker,
}

impl Role {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Both, Self::Planner, Self::Worker];

    /// Whether it turns due schedules into jobs.
    pub const fn plans(self) -> bool {
        matches!(self, Self::Both | Self::Planner)
    }

    /// Whether it runs jobs.
    pub const fn works(self) -> bool {
        matches!(self, Self::Both | Self::Worker)
    }

    /// Its number in a store.
    pub const fn code(self) -> u8 {
        match self {
            Self::Both => 0,
            Self::Planner => 1,
            Self::Worker => 2,
        }
    }

    /// The role with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Planner => "planner",
            Self::Worker => "worker",
        }
    }
}

/// What a node says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub id: NodeId,
    /// What it does.
    pub role: Role,
    /// What it offers.
    pub tags: Tags,
    /// The tasks that it knows.
    pub tasks: Vec<TaskId>,
    /// The program that it runs.
    pub program: Program,
    /// Since when, by the store's clock.
    pub started_at: Timestamp,
    /// How far its wall clock is ahead of the store's; negative, if it is behind.
    pub clock_offset: Span,
}

impl Node {
    /// Its tasks as one text: a JSON list of their names.
    pub fn tasks_text(&self) -> String {
        let names: serde_json::Value = self.tasks.iter().map(TaskId::as_str).collect();
        names.to_string()
    }

    /// The tasks in such a text.
    ///
    /// # Errors
    /// What is wrong with the text, for people.
    pub fn tasks_from_text(text: &str) -> Result<Vec<TaskId>, String> {
        let names: Vec<String> = serde_json::from_str(text).map_err(|why| why.to_string())?;
        names.into_iter().map(|name| TaskId::new(name).map_err(|why| why.to_string())).collect()
    }
}

/// A node as listings show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// What it says about itself.
    pub node: Node,
    /// When it last said so, by the store's clock.
    pub beat_at: Timestamp,
    /// It should have said so again by now, several times: it is gone without a word, stands still
    /// or cannot reach the store.
    pub lost: bool,
}

impl NodeView {
    /// What is to be shown of a node at `now`.
    pub fn new(node: Node, beat_at: Timestamp, now: Timestamp) -> Self {
        let lost = now.since(beat_at) > limits::LOST_AFTER;
        Self { node, beat_at, lost }
    }

    /// Whether a node that beat last at `beat_at` is forgotten at `now`.
    pub fn is_forgotten(beat_at: Timestamp, now: Timestamp) -> bool {
        beat_at < Self::forgotten_before(now)
    }

    /// Nodes that beat last before this instant are forgotten at `now`.
    pub fn forgotten_before(now: Timestamp) -> Timestamp {
        now - limits::FORGET_NODE_AFTER
    }
}

/// Decides when a node beats, and measures its clock on the way. It owns no clock and does no I/O.
///
/// An answer takes time to arrive, in which the store's clock goes on, so each answer shows the
/// node's clock a little further ahead than it is. The smallest difference since the last beat is
/// therefore the best one.
#[derive(Debug)]
pub struct Heart {
    node: Node,
    started: bool,
    /// The smallest difference that was seen since the last beat.
    seen: Option<Span>,
    /// When to beat again; nothing before the store was heard of.
    beat_at: Option<Mono>,
    under_way: bool,
    /// Whether the clock was far off when it was last judged.
    is_off: bool,
}

impl Heart {
    /// The heart of a node that has yet to hear from its store.
    pub fn new(node: Node) -> Self {
        Self { node, started: false, seen: None, beat_at: None, under_way: false, is_off: false }
    }

    /// Takes note of the store's clock, as an answer that has just arrived shows it.
    pub fn heard(&mut self, store_now: Timestamp, now: Now) {
        if !self.started {
            self.started = true;
            self.node.started_at = store_now;
        }
        let ahead = now.wall.since(store_now);
        self.seen = Some(self.seen.map_or(ahead, |seen| seen.min(ahead)));
        if self.beat_at.is_none() {
            // Better than what nobody knows, until the beat, which comes at once.
            self.node.clock_offset = ahead;
            self.beat_at = Some(now.mono);
        }
    }

    /// The wall clock was set or the machine slept: what was seen before says nothing any more.
    pub fn clock_jumped(&mut self) {
        self.seen = None;
        self.beat_at = None;
    }

    /// What the node says about itself, if it is time to say so. It is then to be told how that
    /// [went](Self::beaten).
    pub fn poll(&mut self, now: Now) -> Option<Node> {
        if self.under_way || self.beat_at.is_none_or(|at| at > now.mono) {
            return None;
        }
        self.under_way = true;
        self.beat_at = Some(now.mono + limits::BEAT_EVERY);
        if let Some(seen) = self.seen.take() {
            self.node.clock_offset = seen;
        }
        Some(self.node.clone())
    }

    /// A beat was answered, or failed. One that failed is not made up for: the next one says the
    /// same.
    pub fn beaten(&mut self) {
        self.under_way = false;
    }

    /// What the wall clock shows too much, as far as that is known: what it shows is not to be told
    /// to people on other machines. A clock that is not [far](limits::CLOCK_OFF) off is right, as
    /// an answer is on its way for about as long.
    pub fn correction(&self) -> Span {
        let ahead = self.node.clock_offset;
        if is_far(ahead) { ahead } else { Span::ZERO }
    }

    /// How far ahead of the store's clock the node's clock is, if that is [far](limits::CLOCK_OFF)
    /// and this was not said since it last was not.
    pub fn strayed(&mut self) -> Option<Span> {
        let ahead = self.node.clock_offset;
        let is_off = is_far(ahead);
        let was_off = core::mem::replace(&mut self.is_off, is_off);
        (is_off && !was_off).then_some(ahead)
    }

    /// When [`poll`](Self::poll) has something to say.
    pub fn deadline(&self) -> Option<Mono> {
        self.beat_at.filter(|_| !self.under_way)
    }
}

fn is_far(ahead: Span) -> bool {
    ahead > limits::CLOCK_OFF || ahead < Span::ZERO - limits::CLOCK_OFF
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heart() -> Heart {
        Heart::new(Node {
            id: NodeId::new("n").expect("a name"),
            role: Role::Both,
            tags: Tags::NONE,
            tasks: Vec::new(),
            program: Program::new("p 1").expect("a name"),
            started_at: Timestamp::UNIX_EPOCH,
            clock_offset: Span::ZERO,
        })
    }

    /// Both clocks of a node whose wall clock is `ahead` seconds ahead of the store's, at second
    /// `t` of the store.
    fn now(t: i64, ahead: i64) -> Now {
        Now { wall: store(t) + Span::from_secs(ahead), mono: Mono::ZERO + Span::from_secs(t) }
    }

    fn store(t: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Span::from_secs(1_000 + t)
    }

    #[test]
    fn it_beats_once_the_store_was_heard_of_and_then_now_and_then() {
        let mut heart = heart();
        assert_eq!((heart.poll(now(0, 0)), heart.deadline()), (None, None));
        heart.heard(store(1), now(1, 0));
        assert_eq!(heart.deadline(), Some(now(1, 0).mono));
        let node = heart.poll(now(1, 0)).expect("it is time");
        assert_eq!(node.started_at, store(1));
        assert_eq!((heart.poll(now(99, 0)), heart.deadline()), (None, None));
        heart.beaten();
        assert_eq!(heart.deadline(), Some(now(1, 0).mono + limits::BEAT_EVERY));
        assert_eq!(heart.poll(now(2, 0)), None);
        let again = heart.poll(now(99, 0)).expect("it is time");
        assert_eq!(again.started_at, store(1));
    }

    #[test]
    fn the_fastest_answer_says_how_far_the_clock_is_off() {
        let mut heart = heart();
        // The first answer took three seconds.
        heart.heard(store(1), now(4, -10));
        assert_eq!(heart.correction(), Span::from_secs(-7), "it is known before the first beat");
        heart.heard(store(5), now(5, -10));
        heart.heard(store(5), now(6, -10));
        let node = heart.poll(now(6, -10)).expect("it is time");
        assert_eq!(node.clock_offset, Span::from_secs(-10));
        assert_eq!(heart.strayed(), Some(Span::from_secs(-10)));
        assert_eq!(heart.strayed(), None, "it is said once");
        assert_eq!(heart.correction(), Span::from_secs(-10));
        heart.beaten();
        heart.clock_jumped();
        heart.heard(store(7), now(7, 1));
        assert_eq!(heart.poll(now(7, 1)).expect("anew").clock_offset, Span::from_secs(1));
        assert_eq!((heart.strayed(), heart.correction()), (None, Span::ZERO), "it is not far");
    }

    #[test]
    fn a_role_is_read_back_from_its_number() {
        for role in Role::ALL {
            assert_eq!(Role::from_code(role.code()), Some(role));
            assert!(role.plans() || role.works());
        }
        assert_eq!(Role::from_code(9), None);
    }
}

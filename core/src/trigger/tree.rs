//! Combinations that are put together at run time, without a heap.

use core::fmt;

use super::{All, Any, Budget, Children, Search, Trigger};
use crate::time::{Span, Timestamp};

/// Combinations of up to `N` triggers and groups, nested as one likes, inline.
///
/// It is built from the leaves up: [`leaf`](Self::leaf) adds a trigger, and [`any`](Self::any) and
/// [`all`](Self::all) take the last few trees that stand side by side under one roof. What it fires
/// at is the last tree's doing; earlier ones that were never taken up wait in vain.
///
/// ```
/// use mainspring_core::{time::{Span, Timestamp}, trigger::{Every, Tree, Trigger}};
/// let every = |secs| Every::new(Span::from_secs(secs), Timestamp::UNIX_EPOCH).unwrap();
/// let tree = Tree::<Every, 8>::new();
/// // Every four seconds together with any of every six and every ten.
/// let tree = tree.leaf(every(4))?.leaf(every(6))?.leaf(every(10))?.any(2)?.all(2, Span::ZERO)?;
/// let fires = tree.fires(Timestamp::UNIX_EPOCH).take(4);
/// let secs: Vec<i64> = fires.map(Timestamp::as_secs).collect();
/// assert_eq!(secs, [12, 20, 24, 36]);
/// # Ok::<(), mainspring_core::trigger::TreeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree<T, const N: usize> {
    /// Every group stands right behind its children, and every node knows how many nodes its
    /// whole tree has.
    nodes: heapless::Vec<Node<T>, N>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node<T> {
    kind: Kind<T>,
    /// This node and everything under it.
    size: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind<T> {
    Leaf(T),
    Any(usize),
    All(usize, Span),
}

/// Why a [`Tree`] cannot be built like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeError {
    /// It has as many nodes as it can hold.
    Full,
    /// A group was to have more children than there are trees, or none.
    Children,
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the tree holds no more triggers (give it a larger capacity)",
            Self::Children => "a group needs at least one tree and no more than there are",
        })
    }
}

impl core::error::Error for TreeError {}

impl<T: Trigger, const N: usize> Tree<T, N> {
    /// A tree without nodes, which never fires.
    pub const fn new() -> Self {
        Self { nodes: heapless::Vec::new() }
    }

    /// Adds a trigger beside what is there.
    ///
    /// # Errors
    /// [`TreeError::Full`].
    pub fn leaf(self, trigger: T) -> Result<Self, TreeError> {
        self.push(Node { kind: Kind::Leaf(trigger), size: 1 })
    }

    /// Puts the last `count` trees under one [`Any`].
    ///
    /// # Errors
    /// [`TreeError`], if there are fewer or the tree is full.
    pub fn any(self, count: usize) -> Result<Self, TreeError> {
        let size = self.size_of_last(count)?;
        self.push(Node { kind: Kind::Any(count), size })
    }

    /// Puts the last `count` trees under one [`All`].
    ///
    /// # Errors
    /// [`TreeError`], if there are fewer or the tree is full.
    pub fn all(self, count: usize, threshold: Span) -> Result<Self, TreeError> {
        let size = self.size_of_last(count)?;
        self.push(Node { kind: Kind::All(count, threshold), size })
    }

    fn push(mut self, node: Node<T>) -> Result<Self, TreeError> {
        self.nodes.push(node).map_err(|_| TreeError::Full)?;
        Ok(self)
    }

    /// How many nodes a group over the last `count` trees has.
    fn size_of_last(&self, count: usize) -> Result<usize, TreeError> {
        let mut left = self.nodes.len();
        for _ in 0..count {
            let last = left.checked_sub(1).ok_or(TreeError::Children)?;
            left -= self.nodes[last].size;
        }
        if count == 0 { Err(TreeError::Children) } else { Ok(self.nodes.len() - left + 1) }
    }

    fn root(&self) -> Option<Branch<'_, T>> {
        Branch::last_of(&self.nodes)
    }
}

impl<T: Trigger, const N: usize> Trigger for Tree<T, N> {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.root()?.next_after(t)
    }

    fn search_after(&self, t: Timestamp) -> Search {
        self.root().map_or(Search::Over, |root| root.search_after(t))
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        self.root()?.prev_before(t)
    }

    fn next_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        self.root()?.next_within(t, budget)
    }

    fn prev_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        self.root()?.prev_within(t, budget)
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.root() {
            Some(root) => root.describe(f),
            None => f.write_str("never"),
        }
    }
}

/// A node and everything under it.
struct Branch<'a, T> {
    root: &'a Kind<T>,
    below: &'a [Node<T>],
}

impl<'a, T: Trigger> Branch<'a, T> {
    /// The tree whose root is the last of these nodes.
    fn last_of(nodes: &'a [Node<T>]) -> Option<Self> {
        let (root, before) = nodes.split_last()?;
        Some(Self { root: &root.kind, below: &before[before.len() + 1 - root.size..] })
    }

    /// Does the same to whichever kind of trigger the root is.
    fn with<R>(&self, visit: impl FnOnce(&dyn Trigger) -> R) -> R {
        let group = |count| Group { below: self.below, count };
        match *self.root {
            Kind::Leaf(ref trigger) => visit(trigger),
            Kind::Any(count) => visit(&Any(group(count))),
            Kind::All(count, threshold) => visit(&All::new(group(count)).threshold(threshold)),
        }
    }
}

impl<T: Trigger> Trigger for Branch<'_, T> {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.with(|trigger| trigger.next_after(t))
    }

    fn search_after(&self, t: Timestamp) -> Search {
        self.with(|trigger| trigger.search_after(t))
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        self.with(|trigger| trigger.prev_before(t))
    }

    fn next_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        self.with(|trigger| trigger.next_within(t, budget))
    }

    fn prev_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        self.with(|trigger| trigger.prev_within(t, budget))
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|trigger| trigger.describe(f))
    }
}

/// The trees right under a group, which fill the nodes below it.
struct Group<'a, T> {
    below: &'a [Node<T>],
    count: usize,
}

impl<T: Trigger> Children for Group<'_, T> {
    fn each(&self, visit: &mut dyn FnMut(&dyn Trigger)) {
        // Sizes lead from the last tree to the first, and children are shown in order.
        for later in (0..self.count).rev() {
            let mut nodes = self.below;
            for _ in 0..later {
                let size = nodes.last().map_or(0, |node| node.size);
                nodes = &nodes[..nodes.len() - size];
            }
            if let Some(branch) = Branch::last_of(nodes) {
                visit(&branch);
            }
        }
    }
}

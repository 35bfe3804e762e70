//! Nodes that tell that they live.

use mainspring_contract::node::{Node, NodeView, Role};
use mainspring_contract::store::Page;
use mainspring_contract::{NodeId, Program, Store, Tags};
use mainspring_core::limits;
use mainspring_core::time::Span;

use crate::Subject;
use crate::rig::{Rig, clock, one, value};
use crate::sample::{at, node, secs, task_id};

/// What the node of this name says about itself.
pub fn record(name: &str) -> Node {
    Node {
        id: node(name),
        role: Role::Worker,
        tags: Tags::new(["eu", "gpu"]).expect("two tags"),
        tasks: ["a", "b, \"c\"", "d"].map(task_id).to_vec(),
        program: Program::new("mainspring 0.1.0").expect("a name"),
        started_at: at(1),
        clock_offset: Span::from_micros(-1_500_000),
    }
}

async fn beat<S: Store>(rig: &Rig<S>, t: i64, node: &Node) {
    value(rig.0.beat(clock(t), node).await);
}

async fn nodes<S: Store>(rig: &Rig<S>, t: i64) -> Vec<NodeView> {
    value(rig.0.nodes(clock(t), &Page::first(99)).await)
}

/// Word for word, with the instant at which it was heard.
pub async fn a_node_is_shown_as_it_describes_itself<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    assert_eq!(nodes(&rig, 0).await, []);
    let plain = Node {
        role: Role::Planner,
        tags: Tags::NONE,
        tasks: Vec::new(),
        clock_offset: Span::from_hours(3),
        ..record("a")
    };
    for node in [plain, record("b")] {
        beat(&rig, 5, &node).await;
        let views = nodes(&rig, 6).await;
        let shown = views.last();
        assert_eq!(shown, Some(&NodeView { node, beat_at: at(5), lost: false }));
    }
}

/// What it says takes the place of what it said before.
pub async fn a_node_that_beats_again_is_one_node<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    for t in [5, 5, 6] {
        beat(&rig, t, &record("a")).await;
    }
    assert_eq!(one(nodes(&rig, 6).await).beat_at, at(6));
    let changed = Node { role: Role::Both, started_at: at(7), tasks: Vec::new(), ..record("a") };
    beat(&rig, 8, &changed).await;
    assert_eq!(one(nodes(&rig, 8).await).node, changed);
}

/// At once, and leaving again changes nothing.
pub async fn a_node_that_left_is_gone<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    beat(&rig, 5, &record("a")).await;
    beat(&rig, 5, &record("b")).await;
    for _ in 0..2 {
        value(rig.0.leave(clock(6), &node("a")).await);
        assert_eq!(one(nodes(&rig, 6).await).node.id, node("b"));
    }
    beat(&rig, 7, &record("a")).await;
    assert_eq!(nodes(&rig, 7).await.len(), 2);
}

/// A few beats may be missing before.
pub async fn a_node_that_is_not_heard_of_is_lost<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    beat(&rig, 0, &record("a")).await;
    let lost_after = limits::LOST_AFTER.as_micros() / secs(1).as_micros();
    assert!(!one(nodes(&rig, lost_after).await).lost);
    assert!(one(nodes(&rig, lost_after + 1).await).lost);
    beat(&rig, lost_after + 2, &record("a")).await;
    assert!(!one(nodes(&rig, lost_after + 3).await).lost, "it is back");
}

/// Nobody has to ask for it, and those that live stay.
pub async fn a_node_that_is_long_gone_is_forgotten<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    beat(&rig, 0, &record("gone")).await;
    beat(&rig, 10, &record("lost")).await;
    let day = limits::FORGET_NODE_AFTER.as_micros() / secs(1).as_micros();
    assert_eq!(nodes(&rig, day).await.len(), 2);
    assert_eq!(one(nodes(&rig, day + 1).await).node.id, node("lost"), "it is not shown any more");
    beat(&rig, day + 1, &record("new")).await;
    // By an earlier clock, so that whatever still has a row is shown.
    let left: Vec<NodeId> = nodes(&rig, 10).await.into_iter().map(|view| view.node.id).collect();
    assert_eq!(left, [node("lost"), node("new")]);
}

/// Each node once, whatever the size of the pages.
pub async fn nodes_come_in_pages_by_name<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    for name in ["d", "a", "e", "c", "b"] {
        beat(&rig, 0, &record(name)).await;
    }
    for limit in 1..7 {
        let mut found: Vec<NodeId> = Vec::new();
        loop {
            let page = Page { after: found.last().cloned(), limit };
            let part = value(rig.0.nodes(clock(0), &page).await);
            assert!(part.len() <= usize::try_from(limit).expect("small"));
            if part.is_empty() {
                break;
            }
            found.extend(part.into_iter().map(|view| view.node.id));
        }
        assert_eq!(found, ["a", "b", "c", "d", "e"].map(node), "pages of {limit}");
    }
}

/// A node that comes and goes is no change of schedules or tasks.
pub async fn what_nodes_say_leaves_the_config_revision<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let before = rig.pulse(0).await.config_revision;
    beat(&rig, 0, &record("a")).await;
    value(rig.0.leave(clock(1), &node("a")).await);
    assert_eq!(rig.pulse(1).await.config_revision, before);
}

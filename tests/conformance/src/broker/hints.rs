//! What all brokers do with the help of `mainspring-broker`: hints go from node to node.

use mainspring_broker::{News, connect};
use mainspring_contract::broker::{Broker, Hints, Link, MESSAGE_MAX, Named, Unread};

use super::Switchboard;
use super::rig::{Node, channel, job, link, node, number, ready, schedule, send, soon, task};

/// All that can be said arrives as it was said.
pub async fn every_kind_of_hint_reaches_every_node<S: Switchboard>() {
    let board = S::shared().await;
    let channel = channel();
    let one = Node::joined(&board, &channel, "one").await;
    let mut two = Node::joined(&board, &channel, "two").await;
    let mut three = Node::joined(&board, &channel, "three").await;
    let odd = "O'Neill \"%s\" \\ 火";
    let kinds = [
        ready(odd),
        Hints { ready: Named::Any, ..Hints::default() },
        Hints { changed: true, ..Hints::default() },
        Hints { cancelled: [job(1), job(2)].into_iter().collect(), ..Hints::default() },
        Hints { displaced: schedule(odd).into(), ..Hints::default() },
        Hints { settled: job(3).into(), ..Hints::default() },
        Hints { awaited: job(4).into(), ..Hints::default() },
        Hints { joined: node(odd).into(), ..Hints::default() },
        Hints { gone: node(odd).into(), ..Hints::default() },
    ];
    let mut all = Hints::default();
    for hints in kinds {
        one.post.tell(hints.clone());
        assert_eq!((two.heard().await, three.heard().await), (hints.clone(), hints.clone()));
        all.merge(hints);
    }
    one.post.tell(all.clone());
    assert_eq!(two.heard().await, all);
}

/// Echoes are not news.
pub async fn nobody_hears_himself<S: Switchboard>() {
    let board = S::shared().await;
    let channel = channel();
    let mut one = Node::joined(&board, &channel, "one").await;
    let mut two = Node::joined(&board, &channel, "two").await;
    one.post.tell(ready("mine"));
    assert_eq!(two.heard().await, ready("mine"));
    // By now an echo would be on its way, and before this.
    two.post.tell(ready("yours"));
    assert_eq!(one.heard().await, ready("yours"));
}

/// Others may use the channel, now or in a later version of ours.
pub async fn what_is_none_of_ours_is_ignored_and_told_once<S: Switchboard>() {
    let board = S::shared().await;
    let channel = channel();
    let mut one = Node::joined(&board, &channel, "one").await;
    let broker = board.broker(&channel);
    let mut stranger = link(&broker).await;
    let later = r#"{"v":99,"from":"0000000000000001","changed":true}"#;
    for text in ["hello", "", "{}", later, later, r#"{"v":1,"from":"zz"}"#, "[]"] {
        send(&mut stranger, text).await;
    }
    if broker.capabilities().max_message > MESSAGE_MAX {
        send(&mut stranger, &"x".repeat(MESSAGE_MAX + 1)).await;
        send(&mut stranger, &"x".repeat(MESSAGE_MAX + 1)).await;
    }
    soon(stranger.close()).await;
    // Nothing orders the messages of two senders: the other one speaks when both kinds were told.
    let mut kinds = Vec::new();
    while kinds.len() < 2 {
        let News::Ignored(unread) = one.next().await else { panic!("nobody has told anything") };
        kinds.extend(kind(&unread));
    }
    let other = Node::joined(&board, &channel, "other").await;
    other.post.tell(ready("a"));
    loop {
        match one.next().await {
            News::Ignored(unread) => kinds.extend(kind(&unread)),
            News::Heard(hints) => {
                assert_eq!(*hints, ready("a"));
                break;
            }
            news => panic!("{news:?}"),
        }
    }
    assert_eq!(kinds, ["malformed", "version"]);
}

/// What every broker lets through; a message that is too long may end in the broker itself.
fn kind(unread: &Unread) -> Option<&'static str> {
    match unread {
        Unread::Malformed(_) => Some("malformed"),
        Unread::Version(99) => Some("version"),
        Unread::TooLong(_) => None,
        _ => Some("something else"),
    }
}

/// Hints that do not fit into a message of this broker still say what kind of thing happened.
pub async fn what_is_too_large_is_said_less_exactly<S: Switchboard>() {
    let board = S::shared().await;
    let channel = channel();
    let one = Node::joined(&board, &channel, "one").await;
    let mut two = Node::joined(&board, &channel, "two").await;
    let many = (0..200).map(|number| task(&format!("{number:0>200}"))).collect();
    let settled: Named<_> = [job(1), job(2)].into_iter().collect();
    one.post.tell(Hints { ready: many, settled: settled.clone(), ..Hints::default() });
    assert_eq!(two.heard().await, Hints { ready: Named::Any, settled, ..Hints::default() });
}

/// A listener that panics neither ends its own node nor any other.
pub async fn a_listener_that_panics_harms_nobody<S: Switchboard>() {
    let board = S::shared().await;
    let channel = channel();
    let broker = board.broker(&channel);
    let (clumsy, courier) =
        connect(broker, node("clumsy"), number(), |news| panic!("told to panic at {news:?}"));
    tokio::spawn(courier.run());
    let mut one = Node::joined(&board, &channel, "one").await;
    let mut two = Node::joined(&board, &channel, "two").await;
    for name in ["a", "b", "c"] {
        one.post.tell(ready(name));
        assert_eq!(two.heard().await, ready(name));
    }
    clumsy.tell(ready("d"));
    assert_eq!((one.heard().await, two.heard().await), (ready("d"), ready("d")));
}

/// A thousand hints a second are a few messages a second.
pub async fn a_busy_node_does_not_send_a_message_for_each_hint<S: Switchboard>() {
    let board = S::shared().await;
    let channel = channel();
    let one = Node::joined(&board, &channel, "one").await;
    let mut two = Node::joined(&board, &channel, "two").await;
    for number in 0..10_000 {
        one.post.tell(ready(&format!("task {}", number % 100)));
        tokio::task::yield_now().await;
    }
    one.post.tell(ready("last"));
    let (all, messages) = two.heard_until(|hints| hints.ready.holds(&task("last"))).await;
    assert_eq!(all.ready.len(), 101, "nothing is lost on the way");
    assert!(messages < 1_000, "{messages} messages");
}

/// What was told before the end is sent before the end.
pub async fn the_last_word_is_sent<S: Switchboard>() {
    let board = S::shared().await;
    let channel = channel();
    let mut two = Node::joined(&board, &channel, "two").await;
    for number in 0..5 {
        let one = Node::joined(&board, &channel, "one").await;
        let name = format!("task {number}");
        one.post.tell(ready(&name));
        drop(one);
        assert_eq!(two.heard().await, ready(&name));
    }
}

//! What an adapter does: texts go from link to link.

use core::pin::pin;
use core::task::Poll;

use mainspring_contract::broker::{Broker, Link};

use super::Switchboard;
use super::rig::{channel, link, receive, receive_other, send, soon};

/// Everybody who is connected hears what one says.
pub async fn a_text_reaches_every_link<S: Switchboard>() {
    let board = S::shared().await;
    let broker = board.broker(&channel());
    let (mut one, mut two, mut three) =
        (link(&broker).await, link(&broker).await, link(&broker).await);
    for number in 0..10 {
        let text = format!("text {number}");
        send(&mut one, &text).await;
        assert_eq!(receive(&mut two).await, text);
        assert_eq!(receive(&mut three).await, text);
    }
    send(&mut two, "answer").await;
    assert_eq!(receive(&mut three).await, "answer");
    loop {
        if receive(&mut one).await == "answer" {
            return;
        }
    }
}

/// No character is special, and the longest text fits.
pub async fn a_text_arrives_as_it_was_sent<S: Switchboard>() {
    let board = S::shared().await;
    let broker = board.broker(&channel());
    let (mut one, mut two) = (link(&broker).await, link(&broker).await);
    let max = broker.capabilities().max_message;
    assert!(max >= 1_000, "a message that names nothing must fit");
    let longest = "x".repeat(max);
    let wide = "火".repeat(max / 3);
    for text in ["", "'; DROP TABLE x; --", "\"\\'$1 %s {} `", "grüße 火 🦀", &longest, &wide]
    {
        send(&mut one, text).await;
        assert_eq!(receive(&mut two).await, text);
    }
}

/// A future of `receive` that is dropped takes nothing with it.
pub async fn waiting_for_a_text_can_be_given_up<S: Switchboard>() {
    let board = S::shared().await;
    let broker = board.broker(&channel());
    let (mut one, mut two) = (link(&broker).await, link(&broker).await);
    for number in 0..200 {
        send(&mut one, &number.to_string()).await;
    }
    let mut heard = Vec::new();
    while heard.len() < 200 {
        // Polled once and dropped, again and again, whatever comes in meanwhile.
        let polled = {
            let mut receive = pin!(two.receive());
            core::future::poll_fn(|context| Poll::Ready(receive.as_mut().poll(context))).await
        };
        match polled {
            Poll::Ready(text) => heard.push(text.expect("the link is whole")),
            Poll::Pending => tokio::task::yield_now().await,
        }
    }
    let all: Vec<_> = (0..200).map(|number: u32| number.to_string().into_bytes()).collect();
    heard.sort();
    let mut sorted = all;
    sorted.sort();
    assert_eq!(heard, sorted);
}

/// What is said on one channel is not heard on another.
pub async fn channels_do_not_mix<S: Switchboard>() {
    let board = S::shared().await;
    let name = channel();
    let (here, there) = (board.broker(&name), board.broker(&format!("{name}x")));
    let (mut one, mut two, mut far) = (link(&here).await, link(&here).await, link(&there).await);
    let mut other = link(&there).await;
    send(&mut one, "near").await;
    assert_eq!(receive(&mut two).await, "near");
    send(&mut other, "far").await;
    assert_eq!(receive(&mut far).await, "far");
}

/// Names are what people write: with blanks, quotes, wildcards, and not only in English.
pub async fn a_channel_may_have_any_name<S: Switchboard>() {
    let board = S::shared().await;
    let odd =
        ["Two Words", "a.b.>", "a/+/#", "*", "$SYS", "'quoted' \"too\"", "früh-火", "semi;colon\\"];
    for name in odd {
        let broker = board.broker(&format!("{name}{}", channel()));
        let (mut one, mut two) = (link(&broker).await, link(&broker).await);
        send(&mut one, name).await;
        assert_eq!(receive(&mut two).await, name);
        // Not a pattern that hears everything.
        let mut other = link(&board.broker(&format!("a/b/{}", channel()))).await;
        send(&mut other, "elsewhere").await;
        send(&mut one, "done").await;
        assert_eq!(receive(&mut two).await, "done");
    }
}

/// A link that is dropped is a link that broke.
pub async fn a_farewell_is_told_if_a_link_breaks_and_there_is_a_last_will<S: Switchboard>() {
    let board = S::shared().await;
    let broker = board.broker(&channel());
    let (mut listener, breaking) = (link(&broker).await, link(&broker).await);
    drop(breaking);
    if broker.capabilities().last_will {
        assert_eq!(receive(&mut listener).await, "farewell");
    } else {
        let mut other = link(&broker).await;
        send(&mut other, "something else").await;
        assert_eq!(receive(&mut listener).await, "something else");
    }
}

/// Whoever closes has said everything before, and no last will after it.
pub async fn a_link_that_is_closed_has_sent_everything_and_says_no_farewell<S: Switchboard>() {
    let board = S::shared().await;
    let broker = board.broker(&channel());
    let (mut listener, mut leaving) = (link(&broker).await, link(&broker).await);
    send(&mut leaving, "last words").await;
    soon(leaving.close()).await;
    assert_eq!(receive(&mut listener).await, "last words");
    let mut other = link(&broker).await;
    send(&mut other, "something else").await;
    assert_eq!(receive(&mut listener).await, "something else");
}

/// A silent link is not taken for a broken one.
pub async fn a_server_that_is_there_says_so<S: Switchboard>() {
    let board = S::shared().await;
    let broker = board.broker(&channel());
    let (mut one, mut two) = (link(&broker).await, link(&broker).await);
    for _ in 0..3 {
        send(&mut two, "heard nevertheless").await;
        soon(one.check()).await.expect("it is there");
        assert_eq!(receive_other(&mut one, "").await, "heard nevertheless");
    }
}

/// Names are shown in logs.
pub async fn nobody_sees_a_password<S: Switchboard>() {
    let board = S::own().await;
    let broker = board.broker(&channel());
    let name = broker.name();
    assert!(name.contains(':') && !name.contains("secret"), "{name}");
}

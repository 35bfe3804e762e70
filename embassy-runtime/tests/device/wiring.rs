//! Commands that come over a wire.

use mainspring_core::fire::Resume;
use mainspring_core::schedule::{Coalesce, Jitter, Policies, Spec, Spread};
use mainspring_core::settings::{Retry, Settings, Timeout};
use mainspring_core::task::Task;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{At, Every};
use mainspring_embassy::command::{Answer, Command};
use mainspring_embassy::domain::Small;
use mainspring_embassy::name::Name;
use mainspring_embassy::timing::Fires;
use mainspring_embassy::wire::{Order, Receiver, WireError, decode, encode};

use crate::rig::{BERLIN, Bench, TASK, at, secs, spec};

fn orders() -> Vec<Order<Small>> {
    let everything = Spec {
        policies: Policies {
            coalesce: Coalesce::All,
            misfire_grace: Some(Span::from_mins(1)),
            catch_up: u16::MAX,
            jitter: Some(Jitter { up_to: Span::MAX, spread: Spread::Stable }),
            slack: Span::from_days(100),
            limit: Some(u32::MAX),
            max_failures: Some(7),
            ..Policies::DEFAULT
        },
        settings: Settings {
            timeout: Some(Timeout::After(Span::from_mins(3))),
            retry: Some(Retry::times(3)),
            max_rescues: Some(0),
            ..Settings::NONE
        },
        paused: true,
        payload: u32::MAX,
        ..spec("everything", Fires::cron("*/7 3-5 1,L * mon-fri", BERLIN))
    };
    let grid = Every::new(secs(900), Timestamp::UNIX_EPOCH + secs(300)).expect("a positive span");
    vec![
        Order::Put(everything),
        Order::Put(spec("grid", Fires::Grid(grid))),
        Order::Put(spec("once", Fires::At(At(at("2026-12-24T18:00:00Z"))))),
        Order::Put(spec("beat", Fires::every_secs(10))),
        Order::PutTask(Task { max_running: Some(2), ..Task::new(TASK) }),
        Order::Remove(Name::of("grid")),
        Order::Pause(Name::of("beat")),
        Order::Resume(Name::of("beat"), Resume::Owed),
        Order::RunNow(Name::of("beat")),
        Order::SetClock(at("2026-11-22T09:30:00Z")),
    ]
}

fn frame(order: &Order<Small>) -> Vec<u8> {
    let mut buffer = [0xff; 256];
    encode(order, &mut buffer).expect("256 bytes are enough").to_vec()
}

#[test]
fn every_order_comes_out_as_it_went_in() {
    let mut receiver = Receiver::<256>::new();
    for order in orders() {
        let frame = frame(&order);
        let (last, rest) = frame.split_last().expect("a frame");
        assert!(*last == 0 && !rest.contains(&0), "{frame:?}");
        assert!(rest.iter().all(|byte| receiver.take::<Small>(*byte).is_none()));
        assert_eq!(receiver.take(0), Some(Ok(order)));
    }
    assert_eq!(receiver.take::<Small>(0), None, "a quiet wire");
}

#[test]
fn a_device_does_what_came_over_the_wire() {
    let mut bench = Bench::new();
    let mut receiver = Receiver::<256>::new();
    let hourly = Order::Put(spec("hourly", Fires::cron("0 * * * *", BERLIN)));
    for order in [hourly, Order::SetClock(at("2026-11-22T09:59:00Z"))] {
        let orders = frame(&order).into_iter().filter_map(|byte| receiver.take::<Small>(byte));
        for order in orders.collect::<Vec<_>>() {
            let answer = bench.tell(Command::from(order.expect("it came through")));
            assert!(matches!(answer, Answer::Put(_) | Answer::Done), "{answer:?}");
        }
    }
    bench.pass(Span::from_hours(2));
    assert_eq!(bench.fires("hourly"), ["2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"]);
}

#[test]
fn a_frame_that_was_damaged_is_refused_and_the_next_one_is_read() {
    for order in orders() {
        let whole = frame(&order);
        for at in 0..whole.len() - 1 {
            for bit in 0..8 {
                let mut frame = whole.clone();
                frame[at] ^= 1 << bit;
                if frame[at] != 0 {
                    let read = decode::<Small>(&mut frame);
                    assert!(
                        matches!(read, Err(WireError::Damaged | WireError::Version(_))),
                        "{read:?}"
                    );
                }
            }
        }
    }
    let mut receiver = Receiver::<256>::new();
    let whole = frame(&Order::RunNow(TASK));
    // The listener came late.
    let stream: Vec<u8> = whole[3..].iter().chain(&whole).copied().collect();
    let read: Vec<_> = stream.into_iter().filter_map(|byte| receiver.take::<Small>(byte)).collect();
    assert_eq!(read, [Err(WireError::Damaged), Ok(Order::RunNow(TASK))]);
}

#[test]
fn what_is_too_long_or_of_another_version_is_said_so() {
    let order = &orders()[0];
    assert_eq!(encode(order, &mut [0; 40]), Err(WireError::TooLong));
    assert_eq!(encode(order, &mut []), Err(WireError::TooLong));
    let mut receiver = Receiver::<16>::new();
    let read: Vec<_> =
        frame(order).into_iter().filter_map(|byte| receiver.take::<Small>(byte)).collect();
    assert_eq!(read, [Err(WireError::TooLong)]);
    // The version is the first byte behind the first code, and no part of the checksum.
    let mut other = frame(&Order::RunNow(TASK));
    other[1] = 2;
    assert_eq!(decode::<Small>(&mut other), Err(WireError::Version(2)));
}

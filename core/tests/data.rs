//! Records as data: written down and read back, for people and for machines.

use std::fmt::Debug;
use std::string::String;

use mainspring_core::domain::{Domain, Origin};
use mainspring_core::id::{Revision, Token};
use mainspring_core::job::{Hold, Job, JobState, Unique};
use mainspring_core::lease::Lease;
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_core::retry::Counts;
use mainspring_core::schedule::{
    Coalesce, Jitter, Next, Pause, PauseReason, Policies, Schedule, Spec, Spread,
};
use mainspring_core::settings::{Backoff, Priority, Retry, Settings, Terms, Timeout};
use mainspring_core::time::{Span, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Texts;

impl Domain for Texts {
    type ScheduleId = String;
    type TaskId = u16;
    type JobId = u64;
    type NodeId = u8;
    type Source = u8;
    type Trigger = String;
    type Payload = [u8; 3];
    type Detail = u32;
    type Text = String;
    type Exclusions = ();
    type Key = String;
    type Tags = u8;
    type Held<T: Clone + Debug + PartialEq + 'static> = T;
    type Settings = Settings;
    type Terms = Terms;
    type Fires<T: Clone + Debug + PartialEq> = mainspring_core::fire::Several<T>;
    type Skips<T: Clone + Debug + PartialEq> = mainspring_core::fire::Skips<T>;
    type Chains<J: mainspring_core::room::Room> = J;
    type Cursor = Next;
    type Note<T: mainspring_core::note::Notable> = T;

    fn fire_job(schedule: &String, at: Timestamp, origin: Origin) -> u64 {
        schedule.len() as u64 ^ at.as_micros().cast_unsigned() ^ u64::from(origin.code())
    }
    fn spread(schedule: &String) -> u64 {
        schedule.len() as u64
    }
    fn covers(offered: &u8, needed: &u8) -> bool {
        needed & !offered == 0
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Span::from_secs(secs)
}

fn schedule() -> Schedule<Texts> {
    let settings = Settings {
        priority: Some(Priority::FIRST),
        timeout: Some(Timeout::After(Span::from_secs(90))),
        retry: Some(Retry {
            backoff: Backoff::Linear { first: Span::from_secs(1), max: Span::from_mins(1) },
            jitter: 20,
            ..Retry::times(3)
        }),
        max_rescues: Some(1),
    };
    let policies = Policies {
        coalesce: Coalesce::All,
        misfire_grace: Some(Span::from_mins(2)),
        jitter: Some(Jitter { up_to: Span::from_millis(5), spread: Spread::Stable }),
        overlap: Overlap::Queue,
        limit: Some(7),
        after_run: Some(Span::from_secs(1)),
        max_failures: Some(2),
        ..Policies::DEFAULT
    };
    let trigger = String::from("every 5m");
    let spec = Spec::new(String::from("nightly"), 4, 1, trigger, [1, 2, 3]);
    Schedule {
        spec: Spec { settings, policies, tags: Some(5), ..spec },
        revision: Revision::new(9),
        next: Next::At(at(77)),
        last_fire_at: Some(at(-3)),
        fired: 2,
        failures: 1,
        pause: Some(Pause { reason: PauseReason::Failures, since: at(1) }),
        quarantine: Some(String::from("a reason")),
    }
}

fn job() -> Job<Texts> {
    Job {
        id: 3,
        task: 4,
        schedule: Some(String::from("nightly")),
        origin: Origin::Manual,
        fire_at: Some(at(5)),
        payload: [4, 5, 6],
        terms: schedule().spec.settings.resolve(),
        tags: 1,
        unique: Some(Unique { key: String::from("key"), hold: Hold::AtLeast(Span::from_secs(1)) }),
        watched: true,
        start_by: None,
        created_at: at(4),
        counts: Counts { failures: 1, rescues: 2 },
        token: Token::new(8),
        state: JobState::Leased {
            lease: Lease { node: 1, token: Token::new(8), until: at(20) },
            cancel: false,
        },
    }
}

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_string(value).expect("it can be written as JSON");
    assert_eq!(&serde_json::from_str::<T>(&text).expect("it is read back"), value, "{text}");
    let bytes = postcard::to_stdvec(value).expect("it can be written as postcard");
    assert_eq!(&postcard::from_bytes::<T>(&bytes).expect("it is read back"), value);
}

#[test]
fn records_are_read_back_as_they_were_written() {
    comes_back(&schedule());
    comes_back(&job());
    let settled = JobState::Settled { outcome: Outcome::TimedOut, finished_at: at(9) };
    comes_back(&Job { state: settled, ..job() });
}

#[test]
fn people_see_instants_and_spans_as_texts() {
    let text = serde_json::to_string(&schedule()).expect("it can be written");
    assert!(text.contains(r#""last_fire_at":"1969-12-31T23:59:57Z""#), "{text}");
    assert!(text.contains(r#""misfire_grace":"2m""#), "{text}");
}

#[test]
fn what_is_out_of_range_is_refused_with_a_reason() {
    let refused = |error: serde_json::Error| error.to_string();
    let priority = serde_json::from_str::<Priority>("10").map_err(refused);
    assert!(priority.is_err_and(|text| text.contains("10 is no priority")));
    let instant = serde_json::from_str::<Timestamp>("\"yesterday\"").map_err(refused);
    assert!(instant.is_err());
    let bytes = postcard::to_stdvec(&i64::MAX).expect("a number");
    assert!(postcard::from_bytes::<Timestamp>(&bytes).is_err());
}

//! What happens to the device from outside.

use embassy_time::{Duration, Timer};
use mainspring_core::fire::Resume;
use mainspring_core::schedule::{Policies, Spec};
use mainspring_core::settings::{Backoff, Retry, Settings, Timeout};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::verb::Enqueue;
use mainspring_embassy::command::{Answer, Command, Commands, Reply};
use mainspring_embassy::domain::Small;
use mainspring_embassy::name::{JobId, Name};
use mainspring_embassy::timing::Fires;

use crate::Trace;
use crate::cast::{MEASURE, SEND, WATER, spelt};

/// From power-on to the loss of power.
pub(crate) type Act = [Step];

/// Something that happens.
pub(crate) enum Step {
    /// So many minutes pass.
    Minutes(u64),
    /// So many seconds pass.
    Seconds(u64),
    /// Somebody says what time it is: seconds since 1970.
    Clock(i64),
    Pause(&'static str),
    /// A schedule goes on, with what came due in the meantime or without.
    Resume(&'static str, Resume),
    RunNow(&'static str),
    /// Somebody wants something to be sent, which fails so often.
    Send(u32, u32),
    /// Somebody wants water for so many seconds.
    Water(u32, u32),
    Cancel(u32),
    Stop,
}

use Step::{Cancel, Clock, Minutes, Pause, RunNow, Seconds, Send, Stop, Water};

pub(crate) static ACTS: [&Act; 3] = [&FIRST, &SECOND, &THIRD];

/// Saturday evening to Sunday noon; in the night clocks go back in Berlin.
static FIRST: [Step; 22] = [
    // Nobody has said what time it is: only the interval runs. Nothing here happens in the same
    // moment as a fire, because what comes first then depends on microseconds.
    Minutes(130),
    Seconds(7),
    Clock(SATURDAY_EVENING),
    // Something fails twice and then does not.
    Send(1, 2),
    Minutes(60 * 13),
    // A schedule is paused; what comes due meanwhile is owed.
    Pause("beat"),
    Minutes(150),
    Step::Resume("beat", Resume::Owed),
    Seconds(10),
    // Something takes too long, something is called off.
    Water(1, 600),
    Water(2, 600),
    Water(3, 5),
    Seconds(20),
    Cancel(2),
    Minutes(11),
    // The clock was half an hour fast, then it is said to be an hour slow.
    Clock(SUNDAY_NOON),
    Minutes(35),
    Clock(SUNDAY_NOON + 5_700),
    RunNow("office"),
    Minutes(31),
    Water(4, 60),
    // In the middle of which the power goes.
    Seconds(30),
];

/// It comes back without a clock; the time is told three days later, on Wednesday.
static SECOND: [Step; 5] =
    [Minutes(75), Clock(WEDNESDAY), Minutes(24 * 60), Water(5, 300), Seconds(1)];

static THIRD: [Step; 5] = [Seconds(1), Clock(WEDNESDAY + 100_000), Minutes(2), Send(2, 0), Stop];

/// What the program brings along.
pub(crate) fn put_schedules(tell: &mut impl FnMut(Command<Small>) -> Answer<Small>, trace: Trace) {
    let spec =
        |name: &str, task, fires, payload| Spec::new(Name::of(name), task, 0, fires, payload);
    let lazy = Policies { slack: Span::from_mins(5), ..Policies::DEFAULT };
    let strict = Policies { misfire_grace: Some(Span::from_mins(10)), ..Policies::DEFAULT };
    let patient = Settings {
        retry: Some(Retry { backoff: Backoff::Fixed(Span::from_secs(30)), ..Retry::times(3) }),
        ..Settings::NONE
    };
    let schedules = [
        Spec { policies: lazy, ..spec("beat", MEASURE, Fires::every_secs(3_600), 0) },
        spec("early", MEASURE, Fires::cron("30 2 * * *", BERLIN), 0),
        Spec { settings: patient, ..spec("office", SEND, Fires::cron("0 9 * * *", BERLIN), 1) },
        Spec { policies: strict, ..spec("garden", WATER, Fires::cron("0 */6 * * *", BERLIN), 7) },
    ];
    for schedule in schedules {
        let name = schedule.id;
        let Answer::Put(put) = tell(Command::Put(schedule)) else { continue };
        trace.line(format_args!("{} is put: {put:?}", spelt(name)));
    }
}

/// Lets an act happen.
pub(crate) async fn tell<const N: usize>(act: &Act, commands: &Commands<Small, N>, trace: Trace) {
    for step in act {
        let command = match *step {
            Minutes(minutes) => {
                Timer::after(Duration::from_secs(minutes * 60)).await;
                continue;
            }
            Seconds(seconds) => {
                Timer::after_secs(seconds).await;
                continue;
            }
            Clock(secs) => {
                let Some(now) = Timestamp::from_secs(secs) else { continue };
                trace.line(format_args!("it is {now}"));
                Command::set_clock(now)
            }
            Pause(name) => Command::Pause(Name::of(name)),
            Step::Resume(name, point) => Command::Resume(Name::of(name), point),
            RunNow(name) => Command::RunNow(Name::of(name)),
            Send(number, fails) => {
                let settings = Settings { retry: Some(Retry::times(5)), ..Settings::NONE };
                let id = JobId::queued(SEND, number);
                Command::Enqueue(Enqueue { settings, ..Enqueue::new(id, SEND, fails) })
            }
            Water(number, seconds) => {
                let timeout = Some(Timeout::After(Span::from_mins(3)));
                let settings = Settings { timeout, ..Settings::NONE };
                let id = JobId::queued(WATER, number);
                Command::Enqueue(Enqueue { settings, ..Enqueue::new(id, WATER, seconds) })
            }
            Cancel(number) => Command::Cancel(JobId::queued(WATER, number)),
            Stop => {
                commands.send(Command::Stop).await;
                // The pump ends by itself.
                core::future::pending().await
            }
        };
        say(commands.ask(command, &REPLY).await, trace);
    }
}

fn say(answer: Answer<Small>, trace: Trace) {
    match answer {
        Answer::Done => trace.line(format_args!("done")),
        Answer::Paused(paused) => trace.line(format_args!("pause: {paused:?}")),
        Answer::Resumed(resumed) => trace.line(format_args!("resume: {resumed:?}")),
        Answer::Queued(_, queued) => trace.line(format_args!("job: {queued:?}")),
        Answer::Cancelled(cancelled) => trace.line(format_args!("cancel: {cancelled:?}")),
        Answer::Put(_)
        | Answer::Removed(_)
        | Answer::Unwritten
        | Answer::NotOffered
        | Answer::Full(_) => {
            trace.line(format_args!("{answer:?}"));
        }
    }
}

static REPLY: Reply<Small> = Reply::new();

const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// 2026-10-24T20:00:00Z.
const SATURDAY_EVENING: i64 = 1_792_872_000;

/// 2026-10-25T11:00:00Z.
const SUNDAY_NOON: i64 = SATURDAY_EVENING + 15 * 3_600;

/// 2026-10-28T09:30:00Z.
const WEDNESDAY: i64 = SATURDAY_EVENING + (3 * 24 + 13) * 3_600 + 1_800;

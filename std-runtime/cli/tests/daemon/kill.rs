//! The daemon is killed thirty times at random moments, and what ran is held against what was due.

use std::collections::BTreeSet;
use std::time::Duration;

use mainspring_chaos::clock::{self, Deadline};
use mainspring_chaos::daemon::{Daemon, PATIENCE, SERVING};
use mainspring_chaos::dice::{Dice, SEED};
use mainspring_chaos::history::Visit;
use mainspring_chaos::journal::{Fire, Journal};
use mainspring_chaos::matcher::{self, Evidence, Life, Skipped, Trouble};
use mainspring_core::time::{Span, Timestamp};
use rustix::process::Signal;

use crate::place::{Place, program};

const KILLS: usize = 30;

/// The schedules: name, seconds between fires, the rest of the table.
const SCHEDULES: [(&str, i64, &str); 5] = [
    ("second", 1, "every = \"1s\"\ntask = \"quick\"\ncoalesce = \"all\"\ncatch_up = 10000"),
    ("long", 2, "every = \"2s\"\ntask = \"long\"\ncoalesce = \"all\"\ncatch_up = 10000"),
    ("cron", 3, "cron = \"*/3 * * * * *\"\ntask = \"quick\"\ncoalesce = \"all\"\ncatch_up = 10000"),
    ("flaky", 2, "every = \"2s\"\ntask = \"flaky\"\ncoalesce = \"all\"\ncatch_up = 10000"),
    ("latest", 1, "every = \"1s\"\ntask = \"quick\"\ncoalesce = \"latest\""),
];

#[test]
fn nothing_is_lost_doubled_overlapped_or_stuck_in_thirty_kills() {
    let mut dice = Dice::from_env();
    println!("{SEED}={}", dice.seed());
    let place = Place::new();
    let journal = Journal::new(place.path());
    place.write(&config(&journal, None));

    let mut evidence = Evidence::default();
    let first = clock::wall();
    let mut began = None;
    for round in 0..KILLS {
        let life = one_life(&place, &mut dice, round, &mut evidence);
        began = began.or(life);
    }
    // What remains has an end, so that everything can be over.
    let end = whole_second_after(clock::wall() + Span::from_secs(1));
    place.write(&config(&journal, Some(end)));
    let mut daemon = place.serve();
    let from = clock::wall();
    settle(&place.visit(), &mut daemon);
    evidence.lives.push(Life { from, until: clock::wall() });
    daemon.signal(Signal::TERM);
    let stopped = daemon.ended();
    assert!(stopped.status.success(), "{}", stopped.said);

    let began = began.expect("the first daemon served");
    for (schedule, step, _) in SCHEDULES {
        evidence.optional.extend(fires(schedule, step, first, began));
        evidence.due.extend(fires(schedule, step, began, end));
    }
    collect(&mut evidence, &place.visit(), &journal);
    let (faults, tally) = matcher::check(&evidence);
    println!("{tally}");
    assert!(faults.is_empty(), "{SEED}={}:\n{faults:#?}", dice.seed());
    assert_eq!(tally.kills, KILLS);
    // Otherwise the test would prove little.
    assert!(tally.kills_in_commands >= KILLS / 3 && tally.interrupted > 0, "{tally}");
    assert!(tally.skipped > 0, "{tally}");
}

/// Starts a daemon and kills it; returns when it served, if it came to that.
fn one_life(
    place: &Place,
    dice: &mut Dice,
    round: usize,
    evidence: &mut Evidence,
) -> Option<Timestamp> {
    let file = place.file().into_os_string();
    let args = ["serve".into(), file, "--node".into(), "chaos".into()];
    // Mostly the next daemon starts at once; now and then fires come due while there is none.
    if round % 10 == 7 {
        clock::pass(Duration::from_millis(dice.between(2_100, 3_000)));
    }
    let mut daemon = Daemon::start(program(), &args);
    // Every fifth daemon does not live to see the end of its start. The first one must: before
    // it has served, nothing was promised.
    let in_start = round % 5 == 4;
    let mut ready = None;
    let span = if in_start {
        dice.between(0, 150)
    } else {
        daemon.hear(SERVING);
        ready = Some(clock::wall());
        dice.between(300, 3_000)
    };
    daemon.listen(Duration::from_millis(span));
    let asked = clock::wall();
    daemon.kill();
    let gone = clock::wall();
    evidence.troubles.push(Trouble::kill(asked, gone));
    evidence.lives.extend(ready.map(|from| Life { from, until: asked }));
    ready
}

fn config(journal: &Journal, end: Option<Timestamp>) -> String {
    let (quick, long) = (journal.task("0", ""), journal.task("1.5", ""));
    let flaky = journal.task("0", "0369");
    let mut text = format!(
        "[tasks.quick]\n{quick}rescues = 1000\n\
         [tasks.long]\n{long}rescues = 1000\n\
         [tasks.flaky]\n{flaky}rescues = 1000\nretries = 1000\nbackoff = \"100ms\"\n"
    );
    for (name, _, table) in SCHEDULES {
        text.push_str(&format!("[schedules.{name}]\n{table}\n"));
        text.extend(end.map(|end| format!("end = {end}\n")));
    }
    text
}

/// Waits until no job is left and no schedule has fires left.
fn settle(visit: &Visit, daemon: &mut Daemon) {
    let deadline = Deadline::after(PATIENCE);
    while !(left(visit).is_empty() && visit.jobs().is_empty()) {
        assert!(!deadline.left().is_zero(), "{:?}\n{}", visit.jobs(), daemon.said());
        daemon.listen(Duration::from_millis(50));
    }
}

fn left(visit: &Visit) -> Vec<String> {
    let schedules = visit.schedules().into_iter().map(|view| view.schedule);
    let open = schedules.filter(|s| s.next.at().is_some() || s.quarantine.is_some());
    open.map(|s| format!("{}: next {:?}, {:?}", s.spec.id, s.next, s.quarantine)).collect()
}

fn collect(evidence: &mut Evidence, visit: &Visit, journal: &Journal) {
    evidence.journal = journal.lines();
    evidence.runs = visit.runs();
    evidence.skips = visit
        .skips()
        .into_iter()
        .map(|view| Skipped {
            schedule: view.schedule.to_string(),
            reason: view.skip.reason,
            from: view.skip.from,
            to: view.skip.to,
            count: view.skip.count.value(),
        })
        .collect();
    evidence.open_jobs = visit.jobs().iter().map(|job| format!("{job:?}")).collect();
    evidence.open_schedules = left(visit);
    evidence.survivors = journal.survivors();
}

/// The fires after `from`, up to and including `until`.
fn fires(schedule: &str, step: i64, from: Timestamp, until: Timestamp) -> BTreeSet<Fire> {
    let multiples = (from.as_secs() / step + 1..).map(|n| n * step);
    let instants = multiples.map(|secs| Timestamp::UNIX_EPOCH + Span::from_secs(secs));
    let within = instants.take_while(|at| *at <= until);
    within.map(|at| Fire { schedule: schedule.to_owned(), at }).collect()
}

fn whole_second_after(at: Timestamp) -> Timestamp {
    Timestamp::UNIX_EPOCH + Span::from_secs(at.as_secs() + 1)
}

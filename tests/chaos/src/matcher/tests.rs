//! The matcher passes a faultless run and finds every fault that is planted into one.

use mainspring_contract::{Detail, JobId, NodeId, ScheduleId, TaskId};
use mainspring_core::domain::Origin;
use mainspring_core::verb::Ended;

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Span::from_days(20_000) + Span::from_millis(ms)
}

fn fire(ms: i64) -> Fire {
    Fire { schedule: "tick".to_owned(), at: at(ms) }
}

fn job(fire: &Fire) -> JobId {
    let id = ScheduleId::new(fire.schedule.as_str()).expect("a name");
    JobId::derived(&id, fire.at, Origin::Fire)
}

fn line(word: Word, fire_ms: i64, token: u32, ms: i64) -> Line {
    let fire = fire(fire_ms);
    let job = job(&fire);
    Line { word, fire, job, attempt: token, token: Token::new(token), pid: 1, at: at(ms) }
}

fn run(outcome: Outcome, fire_ms: i64, token: u32, from: Option<i64>, to: i64) -> Run {
    let fire = fire(fire_ms);
    Run {
        job: job(&fire),
        token: Token::new(token),
        attempt: token,
        task: TaskId::new("tick").expect("a name"),
        schedule: ScheduleId::new("tick").ok(),
        origin: Origin::Fire,
        fire_at: Some(fire.at),
        node: NodeId::new("chaos").ok(),
        settled: outcome == Outcome::Succeeded,
        ended: Ended {
            outcome,
            started_at: from.map(at),
            finished_at: at(to),
            detail: None::<Detail>,
        },
    }
}

/// Six fires: one runs, one is killed at 2500 and rescued, one fails first, one is claimed when
/// its daemon is killed, one has just ended then, and one is skipped.
fn faultless() -> Evidence {
    use Outcome::{Failed, LeaseLost, Succeeded};
    use Word::{End, Fail, Start};
    Evidence {
        due: [1_000, 2_000, 2_100, 2_200, 2_300, 2_400].into_iter().map(fire).collect(),
        optional: [fire(0)].into(),
        journal: vec![
            line(Start, 1_000, 1, 1_020),
            line(End, 1_000, 1, 1_500),
            line(Start, 2_000, 1, 2_010),
            line(Start, 2_100, 1, 2_110),
            line(Fail, 2_100, 1, 2_120),
            line(Start, 2_100, 2, 2_220),
            line(End, 2_100, 2, 2_230),
            line(Start, 2_300, 1, 2_310),
            line(End, 2_300, 1, 2_499),
            line(Start, 2_000, 2, 2_700),
            line(Start, 2_200, 2, 2_710),
            line(Start, 2_300, 2, 2_720),
            line(End, 2_000, 2, 2_800),
            line(End, 2_200, 2, 2_810),
            line(End, 2_300, 2, 2_820),
        ],
        runs: vec![
            run(Succeeded, 1_000, 1, Some(1_015), 1_505),
            run(Failed, 2_100, 1, Some(2_105), 2_125),
            run(Succeeded, 2_100, 2, Some(2_215), 2_235),
            run(LeaseLost, 2_000, 1, None, 2_600),
            run(LeaseLost, 2_200, 1, None, 2_600),
            run(LeaseLost, 2_300, 1, None, 2_600),
            run(Succeeded, 2_000, 2, Some(2_695), 2_805),
            run(Succeeded, 2_200, 2, Some(2_705), 2_815),
            run(Succeeded, 2_300, 2, Some(2_715), 2_825),
        ],
        skips: vec![Skipped {
            schedule: "tick".to_owned(),
            reason: SkipReason::Coalesced,
            from: at(2_400),
            to: at(2_400),
            count: 1,
        }],
        troubles: vec![Trouble::kill(at(2_500), at(2_502))],
        lives: vec![
            Life { from: at(500), until: at(2_500) },
            Life { from: at(2_650), until: at(9_000) },
        ],
        ..Evidence::default()
    }
}

fn faults<T>(plant: impl FnOnce(&mut Evidence) -> T) -> Vec<Fault> {
    let mut evidence = faultless();
    plant(&mut evidence);
    check(&evidence).0
}

#[test]
fn a_faultless_run_passes_and_is_counted() {
    let (faults, tally) = check(&faultless());
    assert_eq!(faults, []);
    let expected = Tally {
        due: 6,
        ran: 5,
        skipped: 1,
        starts: 8,
        acknowledged: 0,
        interrupted: 1,
        rescued: 3,
        unstarted: 1,
        unwritten: 1,
        fenced: 0,
        retried: 1,
        kills: 1,
        pauses: 0,
        outages: 0,
        stalls: 0,
        kills_in_commands: 1,
        judged: 2,
        worst_lateness: Span::from_millis(15),
        median_lateness: Span::from_millis(15),
    };
    assert_eq!(tally, expected);
}

#[test]
fn an_optional_fire_may_run_or_not() {
    let found = faults(|e| {
        e.runs.push(run(Outcome::Succeeded, 0, 1, Some(5), 10));
        e.journal.insert(0, line(Word::Start, 0, 1, 6));
        e.journal.insert(1, line(Word::End, 0, 1, 9));
    });
    assert_eq!(found, []);
}

#[test]
fn a_fire_without_a_trace_is_lost() {
    assert_eq!(faults(|e| e.due.insert(fire(3_000))), [Fault::Lost(fire(3_000))]);
}

#[test]
fn a_job_that_was_rescued_and_then_forgotten_is_lost() {
    let found = faults(|e| {
        e.runs.retain(|run| run.fire_at != Some(at(2_000)) || !run.settled);
        e.journal.retain(|line| line.fire != fire(2_000) || line.token == Token::new(1));
    });
    assert_eq!(found, [Fault::Lost(fire(2_000))]);
}

#[test]
fn a_success_without_a_command_never_ran() {
    let found = faults(|e| e.journal.retain(|line| line.fire != fire(1_000)));
    assert_eq!(found, [Fault::NeverRan(fire(1_000))]);
    let half = faults(|e| {
        e.journal.retain(|line| line.fire != fire(1_000) || line.word == Word::Start);
    });
    assert_eq!(half, [Fault::NeverRan(fire(1_000))]);
}

#[test]
fn a_fire_that_was_not_due_is_noticed() {
    let found = faults(|e| e.due.remove(&fire(1_000)));
    assert_eq!(found, [Fault::Undue(fire(1_000))]);
}

#[test]
fn a_second_success_is_a_double() {
    let found = faults(|e| {
        e.runs.push(run(Outcome::Succeeded, 1_000, 2, Some(1_600), 1_700));
        e.journal.push(line(Word::Start, 1_000, 2, 1_600));
        e.journal.push(line(Word::End, 1_000, 2, 1_690));
    });
    let expected =
        [Fault::SettledTwice(fire(1_000)), Fault::StartedAgain(fire(1_000), Token::new(2))];
    assert_eq!(found, expected);
}

#[test]
fn two_jobs_of_one_fire_are_a_double() {
    let found = faults(|e| {
        let other = run(Outcome::LeaseLost, 2_000, 0, None, 2_600);
        e.runs.push(Run { job: job(&fire(1)), ..other });
    });
    assert!(found.contains(&Fault::SettledTwice(fire(2_000))), "{found:?}");
}

#[test]
fn what_the_store_has_written_down_must_not_be_done_again() {
    let found = faults(|e| e.journal.push(line(Word::Written, 2_300, 1, 2_499)));
    assert_eq!(found, [Fault::DoneTwice(fire(2_300))]);
    let failed = faults(|e| e.journal.push(line(Word::End, 2_100, 1, 2_121)));
    assert_eq!(failed, [Fault::DoneTwice(fire(2_100))]);
}

#[test]
fn what_a_node_heard_to_be_written_down_is_known_to_the_store() {
    let token = Token::new(1);
    let tell = |e: &mut Evidence| e.journal.push(line(Word::Written, 1_000, 1, 1_506));
    assert_eq!(faults(tell), []);
    // An attempt that failed is written down too, though its job goes on.
    assert_eq!(faults(|e| e.journal.push(line(Word::Written, 2_100, 1, 2_126))), []);
    let unsettled = faults(|e| {
        tell(e);
        e.runs[0].settled = false;
    });
    assert_eq!(unsettled, [Fault::Lost(fire(1_000)), Fault::Unrecorded(fire(1_000), token)]);
    // The store came back without what it had acknowledged, and the job was run once more.
    let forgotten = faults(|e| {
        tell(e);
        e.runs[0] = run(Outcome::Succeeded, 1_000, 2, Some(1_600), 1_700);
        e.journal.push(line(Word::Start, 1_000, 2, 1_610));
        e.journal.push(line(Word::End, 1_000, 2, 1_690));
    });
    assert!(forgotten.contains(&Fault::Unrecorded(fire(1_000), token)), "{forgotten:?}");
    let (_, tally) =
        check(&Evidence { journal: vec![line(Word::Written, 1_000, 1, 1_506)], ..faultless() });
    assert_eq!(tally.acknowledged, 1);
}

#[test]
fn a_command_that_nobody_recorded_is_noticed() {
    let found = faults(|e| e.journal.insert(0, line(Word::Start, 1_000, 0, 1_001)));
    let token = Token::new(0);
    let again = Fault::StartedAgain(fire(1_000), Token::new(1));
    assert_eq!(found, [Fault::Unrecorded(fire(1_000), token), again]);
}

#[test]
fn a_restart_under_the_same_token_is_noticed() {
    let found = faults(|e| e.journal.insert(3, line(Word::Start, 2_000, 1, 2_020)));
    let token = Token::new(1);
    assert!(found.contains(&Fault::TokenNotRaised(fire(2_000), token)), "{found:?}");
}

#[test]
fn a_run_beside_another_one_is_noticed() {
    // The command itself could not have its lock.
    let seen = faults(|e| e.journal[9].word = Word::Overlap);
    assert!(seen.contains(&Fault::Overlap(fire(2_000), Token::new(2))), "{seen:?}");
    // It had the lock, yet it started before the job was rescued.
    let early = faults(|e| e.journal[9].at = at(2_590));
    assert_eq!(early, [Fault::Overlap(fire(2_000), Token::new(2))]);
    // It started before the failed attempt had ended.
    let retried = faults(|e| e.journal[5].at = at(2_115));
    assert_eq!(retried, [Fault::Overlap(fire(2_100), Token::new(2))]);
}

#[test]
fn a_lease_that_is_lost_while_its_holder_is_well_is_noticed() {
    let found = faults(|e| e.troubles.clear());
    let tokens = |ms| Fault::LostUnexplained(fire(ms), Token::new(1));
    for ms in [2_000, 2_200, 2_300] {
        assert!(found.contains(&tokens(ms)), "{found:?}");
    }
}

/// What there is to say of the claim at 2200 that came to nothing, if this trouble was all.
fn unstarted(from: i64, until: i64, lease_for: Option<Span>) -> bool {
    let found = faults(|e| {
        e.troubles = vec![Trouble::kill(at(from), at(until))];
        e.lease_for = lease_for;
    });
    found.contains(&Fault::LostUnexplained(fire(2_200), Token::new(1)))
}

#[test]
fn trouble_before_a_claim_does_not_explain_that_its_lease_was_lost() {
    // It takes a second until a node that went on knows.
    assert!(!unstarted(1_100, 1_200, None));
    assert!(unstarted(1_100, 1_199, None));
    // Nor does what is done after the rescue.
    assert!(!unstarted(2_601, 2_700, None));
    assert!(unstarted(2_602, 2_700, None));
    // It may have been due for long: its lease did not last longer for that.
    let lease_for = Some(Span::from_millis(300));
    assert!(!unstarted(1_200, 1_300, lease_for));
    let long_due = |found: &mut Evidence, until| {
        found.due.insert(fire(-9_000));
        found.runs.push(run(Outcome::LeaseLost, -9_000, 1, None, 2_600));
        found.runs.push(run(Outcome::Succeeded, -9_000, 2, Some(2_710), 2_800));
        found.journal.push(line(Word::Start, -9_000, 2, 2_720));
        found.journal.push(line(Word::End, -9_000, 2, 2_790));
        let node = found.runs[3].node.clone();
        found.troubles.push(Trouble { harm: Harm::Kill, node, from: at(-9_500), until: at(until) });
        found.troubles[0].node = NodeId::new("other").ok();
        found.lease_for = lease_for;
    };
    let lost = Fault::LostUnexplained(fire(-9_000), Token::new(1));
    assert!(!faults(|e| long_due(e, 300)).contains(&lost));
    assert!(faults(|e| long_due(e, 299)).contains(&lost));
    assert!(!faults(|e| (long_due(e, 299), e.lease_for = None)).contains(&lost));
}

#[test]
fn trouble_before_the_attempt_before_explains_nothing() {
    let again = |e: &mut Evidence, until| {
        // It was claimed once more before it was run.
        for run in e.runs.iter_mut().filter(|run| run.fire_at == Some(at(2_200)) && run.settled) {
            run.token = Token::new(3);
        }
        for line in e.journal.iter_mut().filter(|line| line.fire == fire(2_200)) {
            line.token = Token::new(3);
        }
        e.runs.push(run(Outcome::LeaseLost, 2_200, 2, None, 2_700));
        e.troubles[0].until = at(until);
    };
    let lost = Fault::LostUnexplained(fire(2_200), Token::new(2));
    assert_eq!(faults(|e| (again(e, 1_600), e.troubles[0].from = at(1_000))), []);
    assert_eq!(faults(|e| (again(e, 1_599), e.troubles[0].from = at(1_000))), [lost]);
}

#[test]
fn a_job_that_is_given_up_ended_badly() {
    let found = faults(|e| {
        e.runs[0].ended.outcome = Outcome::Abandoned;
    });
    assert!(found.contains(&Fault::EndedBadly(fire(1_000), Outcome::Abandoned)), "{found:?}");
}

#[test]
fn skips_must_be_of_due_fires_that_did_not_run() {
    let wide = faults(|e| e.skips[0].to = at(2_900));
    assert_eq!(wide, []);
    let miscounted = faults(|e| e.skips[0].count = 2);
    assert!(matches!(miscounted[..], [Fault::Miscounted(_)]), "{miscounted:?}");
    let ran_too = faults(|e| {
        e.skips[0].from = at(2_300);
        e.skips[0].count = 2;
    });
    assert_eq!(ran_too, [Fault::SkippedToo(fire(2_300))]);
    let twice = faults(|e| e.skips.push(e.skips[0].clone()));
    assert_eq!(twice, [Fault::SkippedToo(fire(2_400))]);
}

#[test]
fn whatever_is_left_over_is_noticed() {
    let left = || "left".to_owned();
    assert_eq!(faults(|e| e.open_jobs.push(left())), [Fault::StuckJob(left())]);
    assert_eq!(faults(|e| e.open_schedules.push(left())), [Fault::StuckSchedule(left())]);
    assert_eq!(faults(|e| e.survivors.push(left())), [Fault::Survivor(left())]);
}

/// The node of every run stands still for five seconds.
fn paused(evidence: &mut Evidence) {
    let node = evidence.runs[3].node.clone();
    evidence.troubles[0] = Trouble { harm: Harm::Pause, node, from: at(2_490), until: at(2_710) };
}

#[test]
fn a_node_that_stood_still_may_start_and_end_too_late() {
    let mut evidence = faultless();
    paused(&mut evidence);
    // One goes on with what it had begun, one starts what it had claimed.
    evidence.journal.push(line(Word::End, 2_000, 1, 2_750));
    evidence.journal.push(line(Word::Start, 2_200, 1, 2_715));
    evidence.journal.push(line(Word::End, 2_200, 1, 2_760));
    let (faults, tally) = check(&evidence);
    assert_eq!(faults, []);
    assert_eq!((tally.fenced, tally.unwritten, tally.pauses), (1, 2, 1));
}

#[test]
fn a_machine_that_is_too_busy_explains_what_a_pause_of_every_node_would() {
    let mut evidence = faultless();
    paused(&mut evidence);
    evidence.troubles[0].harm = Harm::Stall;
    evidence.troubles[0].node = None;
    evidence.journal.push(line(Word::End, 2_000, 1, 2_750));
    let (faults, tally) = check(&evidence);
    assert_eq!(faults, []);
    assert_eq!((tally.pauses, tally.outages, tally.stalls), (0, 0, 1));
}

#[test]
fn who_is_late_in_good_times_is_found() {
    let late = |e: &mut Evidence| {
        e.promptness = Some(Span::from_millis(300));
        e.runs[0].ended.started_at = Some(at(1_301));
    };
    assert_eq!(faults(late), [Fault::Late(fire(1_000), Span::from_millis(301))]);
    assert_eq!(faults(|e| (late(e), e.runs[0].ended.started_at = Some(at(1_300)))), []);
    // Nobody said how soon it has to be.
    assert_eq!(faults(|e| (late(e), e.promptness = None)), []);
    // Nobody served, or the machine was too busy.
    assert_eq!(faults(|e| (late(e), e.lives[0].from = at(1_001))), []);
    let (node, from, until) = (None, at(1_100), at(1_200));
    let busy = |e: &mut Evidence| {
        late(e);
        e.troubles.push(Trouble { harm: Harm::Stall, node, from, until });
    };
    assert_eq!(faults(busy), []);
}

#[test]
fn going_on_too_late_needs_a_pause() {
    // The store was away: that is no reason not to stop in time.
    let found = faults(|e| {
        paused(e);
        e.troubles[0].harm = Harm::Outage;
        e.journal.push(line(Word::End, 2_000, 1, 2_750));
    });
    assert_eq!(found, [Fault::Overlap(fire(2_000), Token::new(2))]);
    // It had started before, so that it had to stop; and it counts for nobody else.
    let early = faults(|e| {
        paused(e);
        e.journal[9].at = at(2_590);
    });
    assert_eq!(early, [Fault::Overlap(fire(2_000), Token::new(2))]);
}

#[test]
fn a_pause_that_was_over_before_the_rescue_or_came_after_it_excuses_nothing() {
    let plant = |e: &mut Evidence, from, until| {
        paused(e);
        let node = e.troubles[0].node.clone();
        // What was lost was lost for another reason.
        e.troubles[0].harm = Harm::Outage;
        e.troubles.push(Trouble { harm: Harm::Pause, node, from: at(from), until: at(until) });
        e.journal.push(line(Word::End, 2_000, 1, 2_750));
        e.journal.push(line(Word::Start, 2_200, 1, 2_715));
    };
    assert_eq!(faults(|e| plant(e, 1_500, 1_600)), []);
    let overlap = |ms| Fault::Overlap(fire(ms), Token::new(2));
    for (from, until) in [(1_500, 1_599), (2_601, 2_800)] {
        let found = faults(|e| plant(e, from, until));
        assert!(found.contains(&overlap(2_000)), "{found:?}");
        let raised = Fault::TokenNotRaised(fire(2_200), Token::new(1));
        assert!(found.contains(&raised), "{found:?}");
    }
}

#[test]
fn the_trouble_of_another_node_explains_nothing() {
    let found = faults(|e| {
        paused(e);
        e.troubles[0].node = NodeId::new("other").ok();
    });
    assert!(found.contains(&Fault::LostUnexplained(fire(2_200), Token::new(1))), "{found:?}");
}

#[test]
fn a_job_of_its_own_is_known_by_its_id() {
    let mut evidence = faultless();
    let mut queued = run(Outcome::Succeeded, 1_000, 1, Some(1_015), 1_505);
    (queued.schedule, queued.fire_at) = (None, None);
    queued.job = job(&fire(77));
    let target = Fire::queued(queued.job);
    for (word, ms) in [(Word::Start, 1_020), (Word::End, 1_500)] {
        let line = line(word, 1_000, 1, ms);
        evidence.journal.push(Line { fire: target.clone(), job: queued.job, ..line });
    }
    evidence.runs.push(queued);
    assert_eq!(check(&evidence).0, [Fault::Undue(target.clone())]);
    evidence.due.insert(target);
    assert_eq!(check(&evidence).0, []);
}

#[test]
fn an_attempt_that_is_dated_by_a_wrong_clock_is_found() {
    for (from, to) in [(1_000 + 10_100, 20_000), (1_000 - 9_100, 1_505)] {
        let mut evidence = faultless();
        evidence.runs[0] = run(Outcome::Succeeded, 1_000, 1, Some(from), to);
        let (found, _) = check(&evidence);
        assert_eq!(found, [Fault::Misdated(fire(1_000), Token::new(1))]);
    }
}

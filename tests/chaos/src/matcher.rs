//! The matcher: holds what ran against what was due.
//!
//! It knows nothing of daemons and stores, only of what they left behind, and it trusts neither
//! the journal nor the history alone: each must bear out the other. Its own tests plant every
//! fault that it is there to find.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use mainspring_contract::record::Run;
use mainspring_core::fire::SkipReason;
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::{Span, Timestamp};

use crate::journal::{Fire, Line, Word};

/// Everything that was left behind.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Fires that must have run or been skipped.
    pub due: BTreeSet<Fire>,
    /// Fires that may have: those from while the first daemon was starting.
    pub optional: BTreeSet<Fire>,
    /// What commands wrote down.
    pub journal: Vec<Line>,
    /// The store's attempts.
    pub runs: Vec<Run>,
    /// The store's skips.
    pub skips: Vec<Skipped>,
    /// Jobs that the store still has, for people.
    pub open_jobs: Vec<String>,
    /// Schedules that should have come to their end and have not, for people.
    pub open_schedules: Vec<String>,
    /// Processes and locks that should be gone, for people.
    pub survivors: Vec<String>,
    /// When daemons were killed.
    pub kills: Vec<Kill>,
    /// When daemons served.
    pub lives: Vec<Life>,
}

/// A range of fires that did not become jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Whose.
    pub schedule: String,
    /// Why.
    pub reason: SkipReason,
    /// The first.
    pub from: Timestamp,
    /// The last.
    pub to: Timestamp,
    /// How many.
    pub count: u64,
}

/// One SIGKILL.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    /// Just before it was sent.
    pub asked: Timestamp,
    /// Just after the daemon was gone.
    pub gone: Timestamp,
}

/// A stretch in which a daemon served.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// When it said so.
    pub from: Timestamp,
    /// When it was killed or asked to stop.
    pub until: Timestamp,
}

/// Something that must not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A due fire left no trace.
    Lost(Fire),
    /// A job of a fire that nobody asked for.
    Undue(Fire),
    /// A fire that was both run and skipped, or skipped twice.
    SkippedToo(Fire),
    /// A range of skips that counts other fires than were due in it.
    Miscounted(Skipped),
    /// The history says that the job was over more than once, or says so of two jobs.
    SettledTwice(Fire),
    /// A fire whose job was over in any other way than by success.
    EndedBadly(Fire, Outcome),
    /// The history says that the job succeeded, but its command did not run to its end.
    NeverRan(Fire),
    /// The command ran to its end although another run of it counted.
    DoneTwice(Fire),
    /// A command ran that the history does not know of.
    Unrecorded(Fire, Token),
    /// A command started again although its earlier start was not lost in a kill or failed.
    StartedAgain(Fire, Token),
    /// A later start without a higher token.
    TokenNotRaised(Fire, Token),
    /// A command started while an earlier run of its job was alive.
    Overlap(Fire, Token),
    /// The history says that a lease was lost when no daemon had been killed.
    LostWithoutKill(Fire, Token),
    /// A job that is not over.
    StuckJob(String),
    /// A schedule that is out of service or has fires left.
    StuckSchedule(String),
    /// A process or lock that outlived its daemon.
    Survivor(String),
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Fires that were due.
    pub due: usize,
    /// Fires that ran to their end, exactly once each in the history.
    pub ran: usize,
    /// Fires that were skipped, with a reason.
    pub skipped: usize,
    /// Commands that were started.
    pub starts: usize,
    /// Commands that a kill interrupted.
    pub interrupted: usize,
    /// Attempts that the next daemon took over.
    pub rescued: usize,
    /// Of these, attempts that were claimed but had not started their command.
    pub unstarted: usize,
    /// Of these, attempts whose command had just ended but was not yet written down.
    pub unwritten: usize,
    /// Attempts that failed on purpose and were made again.
    pub retried: usize,
    /// Daemons killed.
    pub kills: usize,
    /// Kills during which at least one command ran.
    pub kills_in_commands: usize,
    /// The worst lateness of a first attempt of a fire that came due while a daemon served.
    pub worst_lateness: Span,
    /// The middle one of these.
    pub median_lateness: Span,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |span: Span| span.as_micros() / 1_000;
        writeln!(
            f,
            "fires due {}, ran {}, skipped with a reason {}",
            self.due, self.ran, self.skipped
        )?;
        writeln!(
            f,
            "commands started {}, interrupted {}, failed and retried {}",
            self.starts, self.interrupted, self.retried
        )?;
        writeln!(
            f,
            "attempts rescued {} (of these not yet started {}, ended but not yet written down {})",
            self.rescued, self.unstarted, self.unwritten
        )?;
        writeln!(f, "kills {}, in the middle of a command {}", self.kills, self.kills_in_commands)?;
        write!(
            f,
            "lateness outside of kills: worst {} ms, median {} ms",
            ms(self.worst_lateness),
            ms(self.median_lateness)
        )
    }
}

/// Holds what ran against what was due: every fault, and what was counted.
pub fn check(evidence: &Evidence) -> (Vec<Fault>, Tally) {
    let mut faults = Vec::new();
    let mut tally =
        Tally { due: evidence.due.len(), kills: evidence.kills.len(), ..Tally::default() };
    let skipped = skips(evidence, &mut faults);
    tally.skipped = skipped.len();
    let mut traces: BTreeMap<Fire, Trace<'_>> = BTreeMap::new();
    for fire in &evidence.due {
        traces.entry(fire.clone()).or_default();
    }
    for line in &evidence.journal {
        traces.entry(line.fire.clone()).or_default().lines.push(line);
    }
    for run in &evidence.runs {
        if let Some(fire) = fire_of(run) {
            traces.entry(fire).or_default().runs.push(run);
        }
    }
    for (fire, mut trace) in traces {
        trace.runs.sort_by_key(|run| run.token);
        let is_skipped = skipped.contains(&fire);
        let known = evidence.due.contains(&fire) || evidence.optional.contains(&fire);
        if !known {
            faults.push(Fault::Undue(fire));
        } else if !trace.is_empty() && is_skipped {
            faults.push(Fault::SkippedToo(fire));
        } else if !trace.is_empty() {
            trace.check(&fire, evidence, &mut faults, &mut tally);
        } else if !is_skipped {
            faults.push(Fault::Lost(fire));
        }
    }
    let of = |texts: &[String], fault: fn(String) -> Fault| -> Vec<Fault> {
        texts.iter().cloned().map(fault).collect()
    };
    faults.extend(of(&evidence.open_jobs, Fault::StuckJob));
    faults.extend(of(&evidence.open_schedules, Fault::StuckSchedule));
    faults.extend(of(&evidence.survivors, Fault::Survivor));
    tally.kills_in_commands = evidence.kills.iter().filter(|k| evidence.hit(k)).count();
    lateness(evidence, &mut tally);
    (faults, tally)
}

/// The fires that were skipped.
fn skips(evidence: &Evidence, faults: &mut Vec<Fault>) -> BTreeSet<Fire> {
    let mut skipped = BTreeSet::new();
    for skip in &evidence.skips {
        let all = evidence.due.iter().chain(&evidence.optional);
        let within = |fire: &&Fire| {
            fire.schedule == skip.schedule && skip.from <= fire.at && fire.at <= skip.to
        };
        let covered: Vec<&Fire> = all.filter(within).collect();
        if u64::try_from(covered.len()) != Ok(skip.count) {
            faults.push(Fault::Miscounted(skip.clone()));
        }
        for fire in covered {
            if !skipped.insert(fire.clone()) {
                faults.push(Fault::SkippedToo(fire.clone()));
            }
        }
    }
    skipped
}

fn fire_of(run: &Run) -> Option<Fire> {
    let schedule = run.schedule.as_ref()?.to_string();
    Some(Fire { schedule, at: run.fire_at? })
}

fn lateness(evidence: &Evidence, tally: &mut Tally) {
    let mut all: Vec<Span> = evidence.runs.iter().filter_map(|run| evidence.late(run)).collect();
    all.sort();
    tally.worst_lateness = all.last().copied().unwrap_or(Span::ZERO);
    tally.median_lateness = all.get(all.len() / 2).copied().unwrap_or(Span::ZERO);
}

impl Evidence {
    /// How late a first attempt started, if a daemon served all the time since it came due.
    fn late(&self, run: &Run) -> Option<Span> {
        let (due, started) = (run.fire_at?, run.ended.started_at?);
        let served = |life: &Life| life.from <= due && started <= life.until;
        (run.attempt == 1 && self.lives.iter().any(served)).then(|| started.since(due))
    }

    /// Whether a command ran when a daemon was killed.
    fn hit(&self, kill: &Kill) -> bool {
        let began = |line: &&Line| matches!(line.word, Word::Start | Word::Overlap);
        self.journal.iter().filter(began).any(|start| {
            let end = self.journal.iter().find(|line| {
                matches!(line.word, Word::End | Word::Fail)
                    && line.job == start.job
                    && line.token == start.token
            });
            let lost = self.runs.iter().any(|run| {
                run.job == start.job
                    && run.token == start.token
                    && run.ended.outcome == Outcome::LeaseLost
                    && run.ended.finished_at >= kill.asked - ROUNDING
            });
            start.at <= kill.asked && end.is_none_or(|end| end.at > kill.asked) && lost
        })
    }

    /// Whether a daemon was killed between `from` and `to`, give or take what it takes a command
    /// to notice.
    fn kill_between(&self, from: Timestamp, to: Timestamp) -> bool {
        self.kills.iter().any(|kill| kill.gone + NOTICE >= from && kill.asked <= to)
    }
}

/// What one fire left behind.
#[derive(Default)]
struct Trace<'a> {
    lines: Vec<&'a Line>,
    /// By token.
    runs: Vec<&'a Run>,
}

impl Trace<'_> {
    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.runs.is_empty()
    }

    fn check(&self, fire: &Fire, evidence: &Evidence, faults: &mut Vec<Fault>, tally: &mut Tally) {
        let settled: Vec<&&Run> = self.runs.iter().filter(|run| run.settled).collect();
        let jobs: BTreeSet<_> = self.runs.iter().map(|run| run.job).collect();
        match settled[..] {
            [] => faults.push(Fault::Lost(fire.clone())),
            [run] if jobs.len() == 1 => {
                if run.ended.outcome != Outcome::Succeeded {
                    faults.push(Fault::EndedBadly(fire.clone(), run.ended.outcome));
                } else if self.said(run.token, Word::Start).is_none()
                    || self.said(run.token, Word::End).is_none()
                {
                    faults.push(Fault::NeverRan(fire.clone()));
                } else {
                    tally.ran += 1;
                }
            }
            _ => faults.push(Fault::SettledTwice(fire.clone())),
        }
        for run in &self.runs {
            self.check_attempt(run, fire, evidence, faults, tally);
        }
        self.check_starts(fire, faults, tally);
    }

    /// One attempt in the history.
    fn check_attempt(
        &self,
        run: &Run,
        fire: &Fire,
        evidence: &Evidence,
        faults: &mut Vec<Fault>,
        tally: &mut Tally,
    ) {
        let start =
            self.said(run.token, Word::Start).or_else(|| self.said(run.token, Word::Overlap));
        let end = self.said(run.token, Word::End);
        match run.ended.outcome {
            Outcome::LeaseLost => {
                tally.rescued += 1;
                let rescued_at = run.ended.finished_at + ROUNDING;
                let began = start.map_or(Timestamp::MIN, |line| line.at);
                if !evidence.kill_between(began, rescued_at) {
                    faults.push(Fault::LostWithoutKill(fire.clone(), run.token));
                }
                match (start, end.or_else(|| self.said(run.token, Word::Fail))) {
                    (None, _) => tally.unstarted += 1,
                    (Some(_), None) => tally.interrupted += 1,
                    // A command that ended is settled within moments, or its daemon was killed.
                    (Some(_), Some(end)) if evidence.kill_between(end.at, end.at + WRITING) => {
                        tally.unwritten += 1;
                    }
                    (Some(_), Some(_)) => faults.push(Fault::DoneTwice(fire.clone())),
                }
            }
            Outcome::Succeeded => {}
            _ => {
                tally.retried += usize::from(!run.settled);
                if end.is_some() {
                    faults.push(Fault::DoneTwice(fire.clone()));
                }
            }
        }
    }

    /// The starts in the journal, in their order.
    fn check_starts(&self, fire: &Fire, faults: &mut Vec<Fault>, tally: &mut Tally) {
        let begins = |line: &&&Line| matches!(line.word, Word::Start | Word::Overlap);
        let starts: Vec<&&Line> = self.lines.iter().filter(begins).collect();
        tally.starts += starts.len();
        for start in &starts {
            if start.word == Word::Overlap {
                faults.push(Fault::Overlap(fire.clone(), start.token));
            }
            if self.run(start.token).is_none() {
                faults.push(Fault::Unrecorded(fire.clone(), start.token));
            }
        }
        for pair in starts.windows(2) {
            let (earlier, later) = (pair[0], pair[1]);
            if later.token <= earlier.token {
                faults.push(Fault::TokenNotRaised(fire.clone(), later.token));
            }
            let run = self.run(earlier.token);
            if run.is_none_or(|run| run.settled || run.ended.outcome == Outcome::Succeeded) {
                faults.push(Fault::StartedAgain(fire.clone(), later.token));
            }
            let end = [Word::End, Word::Fail].into_iter().find_map(|w| self.said(earlier.token, w));
            let over = match (end, run) {
                (Some(end), _) => end.at,
                // Without a last word, it was over when it was rescued.
                (None, Some(run)) => run.ended.finished_at,
                (None, None) => earlier.at,
            };
            if later.at < over {
                faults.push(Fault::Overlap(fire.clone(), later.token));
            }
        }
    }

    fn run(&self, token: Token) -> Option<&Run> {
        self.runs.iter().copied().find(|run| run.token == token)
    }

    fn said(&self, token: Token, word: Word) -> Option<&Line> {
        self.lines.iter().copied().find(|line| line.token == token && line.word == word)
    }
}

/// The store's clock counts whole milliseconds.
const ROUNDING: Span = Span::from_millis(1);
/// How long a command may live on when its daemon is gone: until its guard runs.
const NOTICE: Span = Span::from_secs(1);
/// How long it may take until the end of a command is written down.
const WRITING: Span = Span::from_secs(2);

#[cfg(test)]
mod tests;

//! The matcher: holds what ran against what was due.
//!
//! It knows nothing of nodes and stores, only of what they left behind, and it trusts neither
//! the journal nor the history alone: each must bear out the other. Its own tests plant every
//! fault that it is there to find.
//!
//! One daemon on its own store and several nodes that share one are the same to it: who was in
//! trouble, and when, is part of the evidence.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use mainspring_contract::record::Run;
use mainspring_contract::{JobId, NodeId};
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
    /// What was done to nodes and to the store.
    pub troubles: Vec<Trouble>,
    /// When daemons served.
    pub lives: Vec<Life>,
    /// How long a lease lasts, if somebody always is there to rescue a job as soon as it is over;
    /// `None` if all nodes are mistreated, so that a rescue may come at any time later.
    pub lease_for: Option<Span>,
    /// By how much the start of a first attempt may be late while daemons serve and the machine
    /// has time for them; `None` if it is only to be counted.
    pub promptness: Option<Span>,
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

/// Something that was done to a node, or to the store and so to every node.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// What.
    pub harm: Harm,
    /// To whom; `None` if to all.
    pub node: Option<NodeId>,
    /// Just before it was done.
    pub from: Timestamp,
    /// Just after it was over: the node was gone or went on, the store was back.
    pub until: Timestamp,
}

/// What can be done to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// SIGKILL.
    Kill,
    /// SIGSTOP until SIGCONT: when it goes on, it does not know that its leases have ended.
    Pause,
    /// The store was killed, stood still or cut connections.
    Outage,
    /// Nobody did anything, but the machine had more to do than it can: the store kept even those
    /// waiting whom nobody harms, and a node may have stood still for as long.
    Stall,
}

impl Trouble {
    /// The only daemon was killed.
    pub const fn kill(from: Timestamp, until: Timestamp) -> Self {
        Self { harm: Harm::Kill, node: None, from, until }
    }

    /// Whether it can be why something happened to a run between two instants, give or take what
    /// it takes to notice.
    fn meets(&self, run: &Run, from: Timestamp, to: Timestamp) -> bool {
        let concerns = self.node.is_none() || self.node == run.node;
        concerns && self.until + NOTICE >= from && self.from <= to
    }
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
    /// The history does not know of a command that ran, or of an end of which a node has noted that
    /// the store had written it down.
    Unrecorded(Fire, Token),
    /// A command started again although its earlier start was not lost in a kill or failed.
    StartedAgain(Fire, Token),
    /// A later start without a higher token.
    TokenNotRaised(Fire, Token),
    /// A command started while an earlier run of its job was alive.
    Overlap(Fire, Token),
    /// The history says that a lease was lost when nothing had been done to its holder.
    LostUnexplained(Fire, Token),
    /// The history says that an attempt started at an instant at which it did not: before its fire
    /// was due, or after it wrote that it had started.
    Misdated(Fire, Token),
    /// A first attempt that started so late although daemons served and nothing was done to them.
    Late(Fire, Span),
    /// A job that is not over.
    StuckJob(String),
    /// A schedule that is out of service or has fires left.
    StuckSchedule(String),
    /// A process or lock that outlived its daemon.
    Survivor(String),
}

impl Fault {
    /// Which fire it is about, if it is about one.
    fn fire(&self) -> Option<&Fire> {
        match self {
            Self::Lost(fire)
            | Self::Undue(fire)
            | Self::SkippedToo(fire)
            | Self::SettledTwice(fire)
            | Self::EndedBadly(fire, _)
            | Self::NeverRan(fire)
            | Self::DoneTwice(fire)
            | Self::Unrecorded(fire, _)
            | Self::StartedAgain(fire, _)
            | Self::TokenNotRaised(fire, _)
            | Self::Overlap(fire, _)
            | Self::LostUnexplained(fire, _)
            | Self::Late(fire, _)
            | Self::Misdated(fire, _) => Some(fire),
            Self::Miscounted(_)
            | Self::StuckJob(_)
            | Self::StuckSchedule(_)
            | Self::Survivor(_) => None,
        }
    }
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
    /// Ends of which a node noted that its store had written them down.
    pub acknowledged: usize,
    /// Commands that a kill interrupted.
    pub interrupted: usize,
    /// Attempts that the next daemon took over.
    pub rescued: usize,
    /// Of these, attempts that were claimed but had not started their command.
    pub unstarted: usize,
    /// Of these, attempts whose command ended but could not be written down in time.
    pub unwritten: usize,
    /// Of these, attempts of a node that stood still and then went on, not knowing that its lease
    /// had ended; what they did did not count.
    pub fenced: usize,
    /// Attempts that failed on purpose and were made again.
    pub retried: usize,
    /// Nodes killed.
    pub kills: usize,
    /// Nodes that stood still for a while.
    pub pauses: usize,
    /// Stretches in which the store was killed, stood still or cut connections.
    pub outages: usize,
    /// Stretches in which the machine was too busy.
    pub stalls: usize,
    /// Kills during which at least one command ran.
    pub kills_in_commands: usize,
    /// First attempts of fires that came due while a daemon served and was left alone.
    pub judged: usize,
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
            "commands started {}, ends acknowledged {}, interrupted {}, failed and retried {}",
            self.starts, self.acknowledged, self.interrupted, self.retried
        )?;
        writeln!(
            f,
            "attempts rescued {} (of these not yet started {}, ended but not yet written down {}, \
             too late {})",
            self.rescued, self.unstarted, self.unwritten, self.fenced
        )?;
        writeln!(
            f,
            "kills {} (in the middle of a command {}), pauses {}, outages of the store {}, stalls \
             of the machine {}",
            self.kills, self.kills_in_commands, self.pauses, self.outages, self.stalls
        )?;
        write!(f, "fires in times without trouble {}", self.judged)?;
        if self.judged == 0 {
            return Ok(());
        }
        let (worst, median) = (ms(self.worst_lateness), ms(self.median_lateness));
        write!(f, ", lateness worst {worst} ms, median {median} ms")
    }
}

/// Holds what ran against what was due: every fault, and what was counted.
pub fn check(evidence: &Evidence) -> (Vec<Fault>, Tally) {
    let mut faults = Vec::new();
    let of = |harm| evidence.troubles.iter().filter(|trouble| trouble.harm == harm).count();
    let mut tally = Tally {
        due: evidence.due.len(),
        kills: of(Harm::Kill),
        pauses: of(Harm::Pause),
        outages: of(Harm::Outage),
        stalls: of(Harm::Stall),
        ..Tally::default()
    };
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
        traces.entry(Fire::of(run)).or_default().runs.push(run);
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
    tally.kills_in_commands = evidence.hits();
    lateness(evidence, &mut faults, &mut tally);
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

fn lateness(evidence: &Evidence, faults: &mut Vec<Fault>, tally: &mut Tally) {
    let mut all = Vec::new();
    for run in &evidence.runs {
        let Some(late) = evidence.late(run) else { continue };
        if evidence.promptness.is_some_and(|least| late > least) {
            faults.push(Fault::Late(Fire::of(run), late));
        }
        all.push(late);
    }
    all.sort();
    tally.judged = all.len();
    tally.worst_lateness = all.last().copied().unwrap_or(Span::ZERO);
    tally.median_lateness = all.get(all.len() / 2).copied().unwrap_or(Span::ZERO);
}

impl Evidence {
    /// What there is about the first few faults, for who has to find out.
    pub fn about(&self, faults: &[Fault]) -> String {
        let mut text = String::new();
        for fire in faults.iter().filter_map(Fault::fire).take(3) {
            let lines = self.journal.iter().filter(|line| line.fire == *fire);
            text.extend(lines.map(|line| format!("{line}\n")));
            let runs = self.runs.iter().filter(|run| Fire::of(run) == *fire);
            text.extend(runs.map(|run| format!("{run:?}\n")));
            let near = |trouble: &&Trouble| {
                let reach = Span::from_secs(60);
                trouble.from < fire.at + reach && trouble.until + reach > fire.at
            };
            let near = self.troubles.iter().filter(near);
            text.extend(near.map(|trouble| format!("{trouble:?}\n")));
        }
        text
    }

    /// How late a first attempt started, if a daemon served all the time since it came due, and
    /// the machine had time for it.
    fn late(&self, run: &Run) -> Option<Span> {
        let (due, started) = (run.fire_at?, run.ended.started_at?);
        let served = |life: &Life| life.from <= due && started <= life.until;
        let served = run.attempt == 1 && self.lives.iter().any(served);
        (served && !self.harmed(run, &[Harm::Stall], due, started)).then(|| started.since(due))
    }

    /// In how many kills a command ran.
    fn hits(&self) -> usize {
        let said = |words: [Word; 2]| {
            let lines = self.journal.iter().filter(move |line| words.contains(&line.word));
            lines.map(|line| ((line.job, line.token), line.at))
        };
        let starts: BTreeMap<(JobId, Token), _> = said([Word::Start, Word::Overlap]).collect();
        let ends: BTreeMap<(JobId, Token), _> = said([Word::End, Word::Fail]).collect();
        let kills = self.troubles.iter().filter(|trouble| trouble.harm == Harm::Kill);
        let was_hit = |kill: &&Trouble| {
            self.runs.iter().any(|run| {
                let attempt = (run.job, run.token);
                run.ended.outcome == Outcome::LeaseLost
                    && run.ended.finished_at >= kill.from - ROUNDING
                    && (kill.node.is_none() || kill.node == run.node)
                    && starts.get(&attempt).is_some_and(|at| *at <= kill.from)
                    && ends.get(&attempt).is_none_or(|at| *at > kill.from)
            })
        };
        kills.filter(was_hit).count()
    }

    /// Whether something of these kinds was done to the holder of a run between two instants.
    fn harmed(&self, run: &Run, harms: &[Harm], from: Timestamp, to: Timestamp) -> bool {
        let mut troubles = self.troubles.iter().filter(|trouble| harms.contains(&trouble.harm));
        troubles.any(|trouble| trouble.meets(run, from, to))
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
        self.check_starts(fire, evidence, faults, tally);
        self.check_written(fire, faults, tally);
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
        if let Some(started_at) = run.ended.started_at {
            let early = run.fire_at.is_some_and(|due| started_at < due - DATING);
            if early || start.is_some_and(|start| start.at + DATING < started_at) {
                faults.push(Fault::Misdated(fire.clone(), run.token));
            }
        }
        match run.ended.outcome {
            Outcome::LeaseLost => {
                tally.rescued += 1;
                let rescued_at = run.ended.finished_at + ROUNDING;
                let began = start.map(|line| line.at);
                let began = began.unwrap_or_else(|| self.claimed_after(run, evidence));
                let began = began.min(rescued_at);
                if !evidence.harmed(run, &ALL, began, rescued_at) {
                    faults.push(Fault::LostUnexplained(fire.clone(), run.token));
                }
                let written = self.said(run.token, Word::Written).is_some();
                match (start, end.or_else(|| self.said(run.token, Word::Fail))) {
                    // What the store has said to be written down must not be done again.
                    _ if written => faults.push(Fault::DoneTwice(fire.clone())),
                    (None, _) => tally.unstarted += 1,
                    (Some(start), _) if is_fenced(evidence, run, start.at) => tally.fenced += 1,
                    (Some(_), None) => tally.interrupted += 1,
                    (Some(_), Some(_)) => tally.unwritten += 1,
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
    fn check_starts(
        &self,
        fire: &Fire,
        evidence: &Evidence,
        faults: &mut Vec<Fault>,
        tally: &mut Tally,
    ) {
        let begins = |line: &&&Line| matches!(line.word, Word::Start | Word::Overlap);
        let mut starts: Vec<&&Line> = self.lines.iter().filter(begins).collect();
        tally.starts += starts.len();
        // A node may be stopped between a look at the clock and the write.
        starts.sort_by_key(|start| start.at);
        for start in &starts {
            if start.word == Word::Overlap {
                faults.push(Fault::Overlap(fire.clone(), start.token));
            }
            if self.run(start.token).is_none() {
                faults.push(Fault::Unrecorded(fire.clone(), start.token));
            }
        }
        // What a node starts that stood still is in nobody's way: its token is too old.
        starts.retain(|start| {
            !self.run(start.token).is_some_and(|run| is_fenced(evidence, run, start.at))
        });
        for pair in starts.windows(2) {
            let (earlier, later) = (pair[0], pair[1]);
            if later.token <= earlier.token {
                faults.push(Fault::TokenNotRaised(fire.clone(), later.token));
            }
            let run = self.run(earlier.token);
            if run.is_none_or(|run| run.settled || run.ended.outcome == Outcome::Succeeded) {
                faults.push(Fault::StartedAgain(fire.clone(), later.token));
            }
            if later.at < self.over(earlier, evidence) {
                faults.push(Fault::Overlap(fire.clone(), later.token));
            }
        }
    }

    /// The ends of which a node noted that its store had written them down.
    fn check_written(&self, fire: &Fire, faults: &mut Vec<Fault>, tally: &mut Tally) {
        for line in self.lines.iter().filter(|line| line.word == Word::Written) {
            tally.acknowledged += 1;
            // A lease that was lost all the same has been found as one that was done twice.
            let is_known = |run: &Run| run.settled || run.ended.outcome != Outcome::Succeeded;
            if !self.run(line.token).is_some_and(is_known) {
                faults.push(Fault::Unrecorded(fire.clone(), line.token));
            }
        }
    }

    /// Before when an attempt cannot have been claimed of which nothing but its rescue is known:
    /// its fire had to be due, the attempt before it to be over, and its lease may have ended only
    /// just before.
    fn claimed_after(&self, run: &Run, evidence: &Evidence) -> Timestamp {
        let before = self.runs.iter().rfind(|other| other.token < run.token);
        let before = before.map(|other| other.ended.finished_at);
        let lease = evidence.lease_for.map(|span| run.ended.finished_at - span - NOTICE);
        [run.fire_at, before, lease].into_iter().flatten().max().unwrap_or(Timestamp::MIN)
    }

    /// When the run of this start was over, at the latest: nobody may start before.
    fn over(&self, start: &Line, evidence: &Evidence) -> Timestamp {
        let words = [Word::End, Word::Fail];
        let end = words.into_iter().find_map(|word| self.said(start.token, word));
        let end = end.map_or(start.at, |line| line.at);
        match self.run(start.token) {
            Some(run) if run.ended.outcome == Outcome::LeaseLost => {
                let rescued_at = run.ended.finished_at;
                // A node that stood still ends what it had begun, too late to count.
                let may_go_on = evidence.harmed(run, &STILL, rescued_at, rescued_at);
                if may_go_on { rescued_at } else { end.max(rescued_at) }
            }
            // Without a last word, it was over when that was written down.
            Some(run) if end == start.at => run.ended.finished_at,
            _ => end,
        }
    }

    fn run(&self, token: Token) -> Option<&Run> {
        self.runs.iter().copied().find(|run| run.token == token)
    }

    fn said(&self, token: Token, word: Word) -> Option<&Line> {
        self.lines.iter().copied().find(|line| line.token == token && line.word == word)
    }
}

/// Whether a run was started only after its lease had ended, because its node stood still.
fn is_fenced(evidence: &Evidence, run: &Run, start: Timestamp) -> bool {
    let rescued_at = run.ended.finished_at;
    run.ended.outcome == Outcome::LeaseLost
        && start >= rescued_at
        && evidence.harmed(run, &STILL, rescued_at, rescued_at)
}

const ALL: [Harm; 4] = [Harm::Kill, Harm::Pause, Harm::Outage, Harm::Stall];
/// What makes a node go on with what is no longer its own.
const STILL: [Harm; 2] = [Harm::Pause, Harm::Stall];

/// How exactly a node whose clock is wrong knows the right time: it judges by the fastest of a few
/// answers of its store, which may all have been kept back for a while.
const DATING: Span = Span::from_secs(9);
/// The store's clock counts whole milliseconds.
const ROUNDING: Span = Span::from_millis(1);
/// How long it takes until something is noticed: by a guard that its daemon is gone, by a node that
/// time has passed.
const NOTICE: Span = Span::from_secs(1);

#[cfg(test)]
mod tests;

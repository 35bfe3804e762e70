//! Facts as lines for people.

use mainspring_core::job::Job;

use crate::domain::Sim;
use crate::fact::{Commit, Fact, Verb};

/// One line for what was asked, and one for each thing that came of it.
pub(crate) fn lines(fact: &Fact) -> Vec<String> {
    match fact {
        Fact::Commit(commit) => committed(commit),
        Fact::Began(run) => vec![format!("{run:?} begins")],
        Fact::Ended(run, outcome, ask) => vec![format!("{run:?} ends: {outcome} {ask:?}")],
        other => vec![format!("{other:?}")],
    }
}

fn committed(commit: &Commit) -> Vec<String> {
    let first = match &commit.verb {
        Verb::Advance { advance, answer, moved } => {
            let fires: Vec<String> = advance
                .fires
                .iter()
                .map(|fire| format!("{} ready {} by {:?}", fire.at, fire.ready_at, fire.start_by))
                .collect();
            let (id, revision, next) = (advance.schedule, advance.revision, advance.next);
            format!(
                "advance {id} r{revision} {fires:?} skips {:?} next {next:?}: {answer:?}, {moved}",
                advance.skips
            )
        }
        verb => format!("{verb:?}"),
    };
    let mut lines = vec![first];
    lines.extend(commit.skips.iter().map(|(id, skip)| format!("  skip of {id}: {skip:?}")));
    lines.extend(commit.runs.iter().map(|run| {
        let (outcome, settled) = (run.ended.outcome, run.settled);
        format!("  record of job {}: {outcome}, settled {settled}", run.job)
    }));
    lines.extend(commit.born.iter().map(|job| format!("  new {}", short(job))));
    lines.extend(commit.changed.iter().map(|(_, after)| format!("  now {}", short(after))));
    lines.extend(commit.gone.iter().map(|job| format!("  gone {}", short(job))));
    lines
}

fn short(job: &Job<Sim>) -> String {
    let Job { id, task, schedule, fire_at, counts, token, state, .. } = job;
    format!("job {id} task {task} of {schedule:?} for {fire_at:?} t{token} {counts:?} {state:?}")
}

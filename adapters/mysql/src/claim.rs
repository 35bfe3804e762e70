//! Handing out ready jobs.
//!
//! One request asks which tasks have limits, for the heads of all lanes that this node covers, and
//! for lanes that are not known yet. Whose turn it is, is decided here; a second request locks
//! exactly as many jobs of each lane as are wanted and leaves those out that somebody else has
//! locked; a third writes the leases. Tasks with limits are locked and counted before that. No
//! request walks past jobs that cannot be claimed, however many there are.

use std::collections::{BTreeMap, HashMap, HashSet};

use mainspring_contract::record::{ClaimJobs, Job};
use mainspring_contract::tables::{Done, Row, by_turn, choose, in_turn};
use mainspring_contract::{JobId, Tags, TaskId};
use mainspring_core::job::Change;
use mainspring_core::time::Timestamp;
use mainspring_sql::column::Columns;
use mainspring_sql::read;
use sqlx::Row as _;
use sqlx::mysql::MySqlRow;

use crate::jobs;
use crate::lanes::Spot;
use crate::row::Cols;
use crate::statements::{binary, literal, padded};
use crate::transaction::{Id, Transaction};

/// Leases at most `max` ready jobs.
pub(crate) async fn claim(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    max: u32,
    turn: u32,
) -> Done<Vec<Row<Job, Id>>> {
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let mut offer = Offer {
        tasks: in_turn(claim.tasks, turn),
        tags: claim.tags,
        room: None,
        open: max,
        dry: HashSet::new(),
    };
    let mut taken: Vec<Taken> = Vec::new();
    while offer.open > 0 && !offer.tasks.is_empty() {
        let Heads { first, only } = heads(tx, &mut offer).await?;
        let wanted = match only {
            // Nobody else has a turn, so it is enough to know that there is one.
            Some(lane) if !first.is_empty() => vec![(lane, offer.room(lane.0))],
            _ => wanted(&first, &offer),
        };
        if wanted.is_empty() {
            break;
        }
        let mut found = take(tx, &offer.tasks, &wanted).await?;
        lease(tx, claim, &mut found).await?;
        let short = offer.took(&wanted, &found);
        // Rows that cannot be read are for the caller, who comes again.
        let odd = found.iter().any(|taken| taken.job.is_err());
        taken.extend(found);
        if odd || !short || only.is_some() {
            break;
        }
    }
    taken.sort_unstable_by_key(|taken| (taken.task, taken.order));
    Ok(by_turn(taken.into_iter().map(|taken| (taken.task, taken.job))))
}

/// What a claim may still have.
struct Offer<'a> {
    /// In the order of their turn.
    tasks: Vec<TaskId>,
    tags: &'a Tags,
    /// How many more jobs of each task may run, once that is known.
    room: Option<Vec<usize>>,
    /// How many more jobs may be claimed.
    open: usize,
    /// Lanes of which all other jobs are locked: somebody else is about to have them.
    dry: HashSet<LaneOf>,
}

impl Offer<'_> {
    /// How many more jobs of a task may be claimed.
    fn room(&self, task: usize) -> usize {
        let room = self.room.as_ref().and_then(|room| room.get(task).copied());
        room.unwrap_or(usize::MAX).min(self.open)
    }

    /// Some jobs were taken; whether fewer than were wanted.
    fn took(&mut self, wanted: &[(LaneOf, usize)], found: &[Taken]) -> bool {
        self.open = self.open.saturating_sub(found.len());
        let mut short = false;
        for (lane, want) in wanted {
            let got = found.iter().filter(|job| (job.task, job.order.spot()) == *lane).count();
            if let Some(room) = self.room.as_mut().and_then(|room| room.get_mut(lane.0)) {
                *room = room.saturating_sub(got);
            }
            if got < *want {
                self.dry.insert(*lane);
                short = true;
            }
        }
        short
    }
}

/// How many more jobs of each task may run. Those of these names had a limit a moment ago: nobody
/// else leases their jobs until this transaction is over.
async fn room(
    tx: &mut Transaction<'_>,
    tasks: &[TaskId],
    limited: &HashMap<String, (i64, i64)>,
) -> Done<Vec<usize>> {
    if limited.is_empty() {
        return Ok(vec![usize::MAX; tasks.len()]);
    }
    let names: Vec<_> = limited.keys().map(|task| literal(task)).collect();
    let sql = tx.common.sql.job_limits.with(&[(":tasks", &names.join(", "))]);
    let mut answers = Answers::default();
    for row in tx.several(sql).await? {
        answers.hear(&row, &[]).map_err(|why| tx.failed(why))?;
    }
    let room = |task: &TaskId| match answers.limits.get(task.as_str()) {
        Some((limit, running)) => usize::try_from(limit - running).unwrap_or(0),
        None => usize::MAX,
    };
    Ok(tasks.iter().map(room).collect())
}

/// A lane of the task of this number.
type LaneOf = (usize, Spot);

/// Where a job stands among those of its task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    priority: i16,
    ready_at_us: i64,
    id: [u8; 16],
    lane: [u8; 16],
}

impl Order {
    const fn spot(&self) -> Spot {
        Spot { lane: self.lane, priority: self.priority }
    }
}

/// The first ready jobs of each task, in their order.
type First = BTreeMap<usize, Vec<Order>>;

/// Where there are ready jobs.
struct Heads {
    first: First,
    /// The lane that was asked, if it was one: then only the very first job is known.
    only: Option<LaneOf>,
}

/// The first ready jobs of every lane that is covered, except those that are dry. The first time,
/// the same request asks which tasks have limits.
///
/// Each round finds lanes that nobody knew. With very many of them a claim takes what it has found,
/// and later ones find the rest.
async fn heads(tx: &mut Transaction<'_>, offer: &mut Offer<'_>) -> Done<Heads> {
    let mut round = 0;
    loop {
        round += 1;
        let asked = ask(tx, offer);
        let mut answers = Answers::default();
        for row in tx.several(asked.sql).await? {
            answers.hear(&row, &asked.lanes).map_err(|why| tx.failed(why))?;
        }
        if offer.room.is_none() {
            offer.room = Some(room(tx, &offer.tasks, &answers.limits).await?);
        }
        let all = answers.others.is_empty();
        for (task, spot, tags) in answers.others {
            if let Some(task) = offer.tasks.get(task) {
                tx.common.lanes.found(task, spot, tags);
            }
        }
        let most = if answers.heads.is_empty() { MOST_ROUNDS } else { ROUNDS };
        if !all && round < most {
            continue;
        }
        let only = (all && asked.lanes.len() == 1).then(|| asked.lanes[0]);
        for (task, spot) in asked.foreign {
            tx.common.lanes.visited(&offer.tasks[task], &spot, false);
        }
        for lane in asked.lanes {
            let any = answers.found.contains(&lane);
            tx.common.lanes.visited(&offer.tasks[lane.0], &lane.1, any);
        }
        for orders in answers.heads.values_mut() {
            orders.sort_unstable();
        }
        return Ok(Heads { first: answers.heads, only });
    }
}

/// What the server answers.
#[derive(Default)]
struct Answers {
    /// Limits of tasks, and how many of their jobs are leased.
    limits: HashMap<String, (i64, i64)>,
    heads: First,
    /// The lanes that have heads.
    found: HashSet<LaneOf>,
    /// Lanes that were not known, and their tags.
    others: Vec<(usize, Spot, String)>,
}

impl Answers {
    fn hear(&mut self, row: &MySqlRow, lanes: &[LaneOf]) -> Result<(), sqlx::Error> {
        let source = |row: &MySqlRow| -> Result<usize, sqlx::Error> {
            Ok(usize::try_from(row.try_get::<i64, _>("source")?).unwrap_or(usize::MAX))
        };
        match row.try_get::<i64, _>("part")? {
            LIMIT => {
                self.limits.entry(task_of(row)).or_default().0 = row.try_get("number")?;
            }
            RUNNING => {
                self.limits.entry(task_of(row)).or_default().1 = row.try_get("number")?;
            }
            HEAD => {
                if let Some(&(task, spot)) = lanes.get(source(row)?) {
                    let Spot { lane, priority } = spot;
                    let ready_at_us = row.try_get("ready_at_us")?;
                    let order = Order { priority, ready_at_us, id: id(row), lane };
                    self.heads.entry(task).or_default().push(order);
                    self.found.insert((task, spot));
                }
            }
            _ => {
                let lane: [u8; 16] = Cols(row).raw("lane").try_into().unwrap_or_default();
                let spot = Spot { lane, priority: row.try_get("priority")? };
                self.others.push((source(row)?, spot, Cols(row).lossy("tags")));
            }
        }
        Ok(())
    }
}

/// What is asked: the statements, and the lanes that their `source` counts.
struct Asked {
    sql: String,
    lanes: Vec<LaneOf>,
    /// Lanes with tags that are not covered.
    foreign: Vec<LaneOf>,
}

fn ask(tx: &Transaction<'_>, offer: &Offer<'_>) -> Asked {
    let mut asked = Asked { sql: String::new(), lanes: Vec::new(), foreign: Vec::new() };
    let sql = &tx.common.sql;
    let names: Vec<_> = offer.tasks.iter().map(|task| literal(task.as_str())).collect();
    if offer.room.is_none() {
        push(&mut asked.sql, &sql.job_limited.with(&[(":tasks", &names.join(", "))]));
    }
    for (number, (task, name)) in offer.tasks.iter().zip(&names).enumerate() {
        if offer.room(number) == 0 {
            continue;
        }
        let mut stretches = Vec::new();
        let mut before: Option<Spot> = None;
        for (spot, lane) in tx.common.lanes.of(task) {
            push_stretches(&mut stretches, before, Some(spot));
            before = Some(spot);
            // A job whose tags cannot be read is to be found, and settled for that.
            let covered =
                Tags::from_text(&lane.tags).map_or(true, |needed| offer.tags.covers(&needed));
            if !covered {
                asked.foreign.push((number, spot));
            } else if !offer.dry.contains(&(number, spot)) {
                asked.lanes.push((number, spot));
            }
        }
        push_stretches(&mut stretches, before, None);
        let source = number.to_string();
        for part in stretches.chunks(STRETCHES) {
            let part = part.join(" OR ");
            let values = [(":source", &*source), (":task", name), (":stretches", &*part)];
            push(&mut asked.sql, &sql.job_other_lanes.with(&values));
        }
    }
    for (source, &(number, spot)) in asked.lanes.iter().enumerate() {
        let most = if asked.lanes.len() == 1 { 1 } else { offer.room(number) };
        let values = lane_values(source, &names[number], spot, tx.now(), most);
        push(&mut asked.sql, &with(&sql.job_candidates, &values));
    }
    asked
}

/// What lies between two lanes: the rest of the first one's tags, other tags, and those of the
/// second one's tags that come before it.
fn push_stretches(stretches: &mut Vec<String>, from: Option<Spot>, to: Option<Spot>) {
    let lane = |spot: Spot| binary(&spot.lane);
    match (from, to) {
        (None, None) => stretches.push("TRUE".to_owned()),
        (Some(a), Some(b)) if a.lane == b.lane => {
            if a.priority + 1 < b.priority {
                let (lane, after, before) = (lane(a), a.priority, b.priority);
                stretches
                    .push(format!("lane = {lane} AND priority > {after} AND priority < {before}"));
            }
        }
        _ => {
            if let Some(a) = from.filter(|a| a.priority < LAST_PRIORITY) {
                stretches.push(format!("lane = {} AND priority > {}", lane(a), a.priority));
            }
            let after = from.map(|a| format!("lane > {}", lane(a)));
            let before = to.map(|b| format!("lane < {}", lane(b)));
            let between: Vec<_> = after.into_iter().chain(before).collect();
            stretches.push(between.join(" AND "));
            if let Some(b) = to.filter(|b| b.priority > 0) {
                stretches.push(format!("lane = {} AND priority < {}", lane(b), b.priority));
            }
        }
    }
}

/// How many jobs of each lane are wanted.
fn wanted(heads: &First, offer: &Offer<'_>) -> Vec<(LaneOf, usize)> {
    let mut wanted: BTreeMap<LaneOf, usize> = BTreeMap::new();
    for (task, order) in choose(heads, offer.open, |task| offer.room(task)) {
        *wanted.entry((task, order.spot())).or_default() += 1;
    }
    wanted.into_iter().collect()
}

/// A job that is locked.
struct Taken {
    task: usize,
    order: Order,
    job: Row<Job, Id>,
}

/// Locks as many jobs of each lane as are wanted, as far as nobody else has locked them.
async fn take(
    tx: &mut Transaction<'_>,
    tasks: &[TaskId],
    wanted: &[(LaneOf, usize)],
) -> Done<Vec<Taken>> {
    let mut sql = String::new();
    for (number, ((task, spot), want)) in wanted.iter().enumerate() {
        let name = literal(tasks[*task].as_str());
        let values = lane_values(number, &name, *spot, tx.now(), *want);
        push(&mut sql, &with(&tx.common.sql.job_take, &values));
    }
    let rows = tx.several(sql).await?;
    let mut taken = Vec::with_capacity(rows.len());
    for row in rows {
        let source: i64 = row.try_get("source").map_err(|why| tx.failed(why))?;
        let source = usize::try_from(source).ok().and_then(|source| wanted.get(source));
        let Some(&((task, Spot { lane, priority }), _)) = source else { continue };
        let ready_at_us = row.try_get("ready_at_us").map_err(|why| tx.failed(why))?;
        let order = Order { priority, ready_at_us, id: id(&row), lane };
        taken.push(Taken { task, order, job: jobs::job(&Cols(&row)) });
    }
    Ok(taken)
}

/// Writes the leases.
async fn lease(tx: &mut Transaction<'_>, claim: &ClaimJobs<'_>, found: &mut [Taken]) -> Done<()> {
    let now = tx.now();
    let until = now + claim.lease_for;
    let change = Change::Claim { node: claim.node.clone(), until };
    let mut leased = Vec::with_capacity(found.len());
    for job in found.iter_mut().filter_map(|taken| taken.job.as_mut().ok()) {
        let done = job.apply(&change, now);
        debug_assert!(done.is_ok(), "the statement found only jobs that can be claimed");
        leased.push(job.id);
    }
    for list in padded(&leased) {
        let text = tx.common.sql.job_lease.repeated(list.len());
        let statement = text.bind(claim.node.as_str()).bind(until.as_micros());
        tx.execute(jobs::bind(statement, &list)).await?;
    }
    Ok(())
}

/// What the statements about one lane are asked with.
fn lane_values(
    source: usize,
    name: &str,
    spot: Spot,
    now: Timestamp,
    max: usize,
) -> [(&'static str, String); 6] {
    [
        (":source", source.to_string()),
        (":task", name.to_owned()),
        (":lane", binary(&spot.lane)),
        (":priority", spot.priority.to_string()),
        (":now", now.as_micros().to_string()),
        (":max", max.to_string()),
    ]
}

fn with(text: &crate::statements::Text, values: &[(&'static str, String)]) -> String {
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    text.with(&values)
}

fn push(text: &mut String, statement: &str) {
    if !text.is_empty() {
        text.push_str(";\n");
    }
    text.push_str(statement);
}

fn id(row: &MySqlRow) -> [u8; 16] {
    read::job_id(&Cols(row), "id").map_or([0; 16], |id: JobId| *id.as_bytes())
}

fn task_of(row: &MySqlRow) -> String {
    Cols(row).lossy("task")
}

/// What the statements say in `part`; another lane is 3.
const LIMIT: i64 = 0;
const RUNNING: i64 = 1;
const HEAD: i64 = 2;
/// How often a claim that has found something looks for more lanes, and how often one that has not.
const ROUNDS: u32 = 32;
const MOST_ROUNDS: u32 = 1_000;
/// How many stretches of an index one statement asks about. One of them answers, so that many new
/// lanes are found sooner by several statements; and a few known lanes cost one.
const STRETCHES: usize = 16;
/// The last of the priorities, which the table checks.
const LAST_PRIORITY: i16 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    fn order(priority: i16, ready_at_us: i64) -> Order {
        Order { priority, ready_at_us, id: [0; 16], lane: [0; 16] }
    }

    #[test]
    fn what_is_wanted_is_counted_by_lane() {
        let heads = First::from([
            (0, vec![order(1, 1), order(1, 2), order(5, 1)]),
            (1, vec![order(0, 9), order(5, 9)]),
        ]);
        let lane = |task, priority| (task, Spot { lane: [0; 16], priority });
        let chosen = |room: [usize; 2], open| {
            let (tasks, room) = (Vec::new(), Some(room.to_vec()));
            let offer = Offer { tasks, tags: &Tags::NONE, room, open, dry: HashSet::new() };
            wanted(&heads, &offer)
        };
        let all = [(lane(0, 1), 2), (lane(0, 5), 1), (lane(1, 0), 1), (lane(1, 5), 1)];
        assert_eq!(chosen([9, 9], 9), all);
        assert_eq!(chosen([9, 9], 3), [(lane(0, 1), 2), (lane(1, 0), 1)]);
        assert_eq!(chosen([1, 9], 9), [(lane(0, 1), 1), (lane(1, 0), 1), (lane(1, 5), 1)]);
        assert_eq!(chosen([0, 0], 9), []);
    }
}

//! Triggers that a program brings along: stored, listed, combined and planned like ours, and when
//! they fail, they fail alone.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

use core::time::Duration;

use mainspring::{Context, Schedule, Scheduler, Task};
use mainspring_contract::record;
use mainspring_contract::store::ScheduleFilter;
use mainspring_contract::trigger::{AnyForm, EveryForm, TriggerForm};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Every, Trigger};
use mainspring_memory::MemoryStore;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

/// What a schedule says about a grid.
#[derive(Debug, Serialize, Deserialize)]
struct Grid {
    millis: i64,
}

/// Fires at whole multiples, except where the program says otherwise.
#[derive(Debug)]
struct OnGrid(Every);

impl Trigger for OnGrid {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.0.next_after(t)
    }
}

/// Keeps its promises for a while, and then does this.
#[derive(Clone, Copy, Debug)]
struct Fails {
    from: Timestamp,
    how: Way,
}

impl Trigger for Fails {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        if t < self.from { Some(self.from) } else { (self.how)(t) }
    }
}

fn on_grid(grid: Grid) -> Result<OnGrid, String> {
    let every = Every::new(Span::from_millis(grid.millis), Timestamp::UNIX_EPOCH);
    every.map(OnGrid).ok_or_else(|| format!("{} ms are no distance", grid.millis))
}

/// A task that says when it runs, and its ear.
fn told() -> (Task, mpsc::UnboundedReceiver<String>) {
    let (sender, ear) = mpsc::unbounded_channel();
    let task = Task::new("tell", move |(): (), context: Context| {
        let sender = sender.clone();
        let who = context.schedule().map(ToString::to_string).unwrap_or_default();
        async move {
            let _ = sender.send(who);
            Ok::<(), std::io::Error>(())
        }
    });
    (task, ear)
}

async fn listed(scheduler: &Scheduler, name: &str) -> record::Schedule {
    let views = scheduler.schedules(&ScheduleFilter::first(100)).await.unwrap();
    let views = views.into_iter().map(|view| view.schedule);
    views.into_iter().find(|schedule| schedule.spec.id.as_str() == name).unwrap()
}

/// The reason for which a schedule is out of service, once it is.
async fn quarantine(scheduler: &Scheduler, name: &str) -> String {
    let waiting = async {
        loop {
            if let Some(reason) = listed(scheduler, name).await.quarantine {
                return reason;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap()
}

#[tokio::test]
async fn a_trigger_of_ones_own_is_stored_listed_and_planned_like_ours() {
    let (task, mut ear) = told();
    let builder = Scheduler::builder(MemoryStore::default()).task(task);
    let scheduler = builder.trigger("on-grid", on_grid).build().await.unwrap();
    let grid = Grid { millis: 20 };
    scheduler.put(Schedule::custom("own", "tell", "on-grid", &grid).unwrap()).await.unwrap();
    let own = listed(&scheduler, "own").await;
    let form: TriggerForm = own.spec.trigger.from_json(1).unwrap();
    assert_eq!(form.to_json(), r#"{"custom":{"name":"on-grid","arguments":{"millis":20}}}"#);
    assert_eq!(own.next.at().unwrap().as_micros() % 20_000, 0);

    let yearly = TriggerForm::Every(EveryForm::new(Span::from_days(365)));
    let any = TriggerForm::Any(AnyForm::new(vec![form, yearly]));
    scheduler.put(Schedule::new("combined", "tell", any)).await.unwrap();
    let running = scheduler.start().await.unwrap();
    let mut heard = std::collections::BTreeMap::<String, u32>::new();
    while heard.len() < 2 || heard.values().any(|&times| times < 3) {
        *heard.entry(ear.recv().await.unwrap()).or_default() += 1;
    }
    running.stop(Duration::from_secs(10)).await;
}

/// Every 40 ms, and from an instant on 20 ms beside what it was.
#[derive(Clone, Copy, Debug)]
struct Drifts(Timestamp);

impl Trigger for Drifts {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        let grid = |anchor| Every::new(Span::from_millis(40), Timestamp::UNIX_EPOCH + anchor);
        let next = grid(Span::ZERO)?.next_after(t)?;
        if next < self.0 {
            return Some(next);
        }
        grid(Span::from_millis(20))?.next_after(t.max(self.0))
    }
}

#[tokio::test]
async fn a_schedule_whose_search_gives_up_is_not_taken_for_finished() {
    let (task, mut ear) = told();
    let drift = |from: i64| Timestamp::from_micros(from).map(Drifts).ok_or("no such instant");
    let builder = Scheduler::builder(MemoryStore::default()).task(task).trigger("drifts", drift);
    let scheduler = builder.build().await.unwrap();
    let together = |from: Timestamp| {
        let drifts =
            format!(r#"{{"custom":{{"name":"drifts","arguments":{}}}}}"#, from.as_micros());
        let every = r#"{"every":{"span":"40ms"}}"#;
        let all = format!(r#"{{"all":{{"of":[{every},{drifts}],"threshold":"0s"}}}}"#);
        Schedule::new("together", "tell", TriggerForm::from_json(&all).unwrap())
    };
    let reason = "its triggers did not fire together within 20000 steps after ";
    let error = scheduler.put(together(Timestamp::UNIX_EPOCH)).await.unwrap_err();
    assert!(error.is_invalid() && error.to_string().starts_with(reason), "{error}");

    scheduler.put(Schedule::every("ours", "tell", Duration::from_millis(20))).await.unwrap();
    let soon = listed(&scheduler, "ours").await.next.at().unwrap() + Span::from_secs(2);
    scheduler.put(together(soon)).await.unwrap();
    let running = scheduler.start().await.unwrap();
    let found = quarantine(&scheduler, "together").await;
    assert!(found.starts_with(reason), "{found}");
    while ear.try_recv().is_ok() {}
    assert_eq!(ear.recv().await.unwrap(), "ours");
    running.stop(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_when_it_is_put() {
    let builder = Scheduler::builder(MemoryStore::default()).trigger("on-grid", on_grid);
    let builder = builder.trigger("rude", |(): ()| -> Result<Every, String> { panic!("no!") });
    let scheduler = builder.build().await.unwrap();
    for (name, arguments, message) in [
        ("on-grid", serde_json::json!({"millis": 0}), "trigger `on-grid`: 0 ms are no distance"),
        (
            "on-grid",
            serde_json::json!({}),
            "trigger `on-grid`: its arguments: missing field `millis`",
        ),
        ("rude", serde_json::Value::Null, "trigger `rude`: panicked: no!"),
        (
            "off-grid",
            serde_json::Value::Null,
            "this program has no trigger `off-grid` (it has `on-grid`, `rude`; add it with \
             `Builder::trigger`)",
        ),
    ] {
        let schedule = Schedule::custom("a", "tell", name, &arguments).unwrap();
        let error = scheduler.put(schedule).await.unwrap_err();
        assert!(error.is_invalid());
        assert_eq!(error.to_string(), message);
    }
    let twice = Scheduler::builder(MemoryStore::default()).trigger("on-grid", on_grid);
    let error = twice.trigger("on-grid", on_grid).build().await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
}

#[tokio::test]
async fn a_name_that_a_node_does_not_know_takes_only_that_schedule_out_of_service() {
    let (task, mut ear) = told();
    let store = MemoryStore::default();
    let knows =
        Scheduler::builder(store.clone()).trigger("on-grid", on_grid).build().await.unwrap();
    let grid = Grid { millis: 20 };
    knows.put(Schedule::custom("own", "tell", "on-grid", &grid).unwrap()).await.unwrap();
    knows.put(Schedule::every("ours", "tell", Duration::from_millis(20))).await.unwrap();

    // The same store under a program that was built without the trigger.
    let ignorant = Scheduler::builder(store).task(task).build().await.unwrap();
    let running = ignorant.start().await.unwrap();
    let reason = quarantine(&knows, "own").await;
    assert!(reason.contains("this program has no trigger `on-grid`"), "{reason}");
    assert_eq!(ear.recv().await.unwrap(), "ours");
    running.stop(Duration::from_secs(10)).await;
}

type Way = fn(Timestamp) -> Option<Timestamp>;

/// The ways in which a trigger breaks, and what is said about each.
const WAYS: [(&str, Way, &str); 2] = [
    ("panics", |_| panic!("out of moons"), "trigger `panics` panicked: out of moons"),
    ("repeats", Some, "trigger `repeats` named "),
];

#[tokio::test]
async fn a_trigger_that_breaks_takes_only_its_schedule_out_of_service() {
    let (task, mut ear) = told();
    let mut builder = Scheduler::builder(MemoryStore::default()).task(task);
    for (name, how, _) in WAYS {
        let make = move |from| {
            Timestamp::from_micros(from).map(|from| Fails { from, how }).ok_or("no such instant")
        };
        builder = builder.trigger(name, make);
    }
    let scheduler = builder.build().await.unwrap();
    scheduler.put(Schedule::every("ours", "tell", Duration::from_millis(20))).await.unwrap();
    let soon = listed(&scheduler, "ours").await.next.at().unwrap() + Span::from_secs(2);
    for (name, _, _) in WAYS {
        let schedule = Schedule::custom(name, "tell", name, &soon.as_micros()).unwrap();
        scheduler.put(schedule).await.unwrap();
    }
    let running = scheduler.start().await.unwrap();
    for (name, _, reason) in WAYS {
        let found = quarantine(&scheduler, name).await;
        assert!(found.starts_with(reason), "{found}");
    }
    while ear.try_recv().is_ok() {}
    assert_eq!(ear.recv().await.unwrap(), "ours");
    running.stop(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_trigger_that_is_broken_from_the_start_is_refused() {
    let mut builder = Scheduler::builder(MemoryStore::default());
    for (name, how, _) in WAYS {
        let from = Timestamp::MIN;
        builder = builder.trigger(name, move |(): ()| Ok::<_, String>(Fails { from, how }));
    }
    let scheduler = builder.build().await.unwrap();
    for (name, _, reason) in WAYS {
        let schedule = Schedule::custom(name, "tell", name, &()).unwrap();
        let error = scheduler.put(schedule).await.unwrap_err();
        assert!(error.is_invalid() && error.to_string().starts_with(reason), "{error}");
    }
}

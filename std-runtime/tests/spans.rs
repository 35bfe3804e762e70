//! The spans that `guide::tracing` promises, seen by a subscriber that keeps all of them.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

use core::fmt::Debug;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock};

use mainspring::{Context, JobId, Schedule, Scheduler, Task};
use mainspring_memory::{Capacity, MemoryStore};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Instrument, Level, Subscriber, info, info_span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context as Scope, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

type Fields = BTreeMap<&'static str, String>;

#[derive(Clone, Debug)]
struct Seen {
    name: &'static str,
    target: &'static str,
    level: Level,
    fields: Fields,
    /// The span around it.
    parent: Option<Id>,
}

#[derive(Debug, Default)]
struct All {
    /// An id may be used again; the last one with it counts.
    spans: Vec<(Id, Seen)>,
    events: Vec<Seen>,
}

impl All {
    fn span(&self, id: &Id) -> &Seen {
        self.spans.iter().rev().find_map(|(seen, span)| (seen == id).then_some(span)).unwrap()
    }

    /// The span of a job's run.
    fn run(&self, job: JobId) -> (&Id, &Seen) {
        let job = job.to_string();
        let mut runs = self.spans.iter().filter(|(_, span)| span.name == "mainspring.run");
        let (id, run) = runs.find(|(_, run)| run.fields["job"] == job).unwrap();
        (id, run)
    }
}

struct Reader<'f>(&'f mut Fields);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

struct Collector;

fn all() -> MutexGuard<'static, All> {
    static ALL: OnceLock<Mutex<All>> = OnceLock::new();
    ALL.get_or_init(Mutex::default).lock().unwrap()
}

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for Collector {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, scope: Scope<'_, S>) {
        let mut fields = Fields::new();
        attributes.record(&mut Reader(&mut fields));
        let (meta, parent) = (attributes.metadata(), scope.span(id).unwrap().parent());
        let (name, target, level) = (meta.name(), meta.target(), *meta.level());
        let parent = parent.map(|parent| parent.id());
        all().spans.push((id.clone(), Seen { name, target, level, fields, parent }));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Scope<'_, S>) {
        let mut all = all();
        let (_, span) = all.spans.iter_mut().rev().find(|(seen, _)| seen == id).unwrap();
        values.record(&mut Reader(&mut span.fields));
    }

    fn on_event(&self, event: &Event<'_>, scope: Scope<'_, S>) {
        let mut fields = Fields::new();
        event.record(&mut Reader(&mut fields));
        let (meta, parent) = (event.metadata(), scope.event_span(event));
        let (name, target, level) = (meta.name(), meta.target(), *meta.level());
        let parent = parent.map(|parent| parent.id());
        all().events.push(Seen { name, target, level, fields, parent });
    }
}

/// Everything that is told in this process goes to the collector from now on.
fn listen() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let all = tracing_subscriber::registry().with(Collector);
        tracing::subscriber::set_global_default(all).unwrap();
    });
}

async fn waits(text: String) {
    info!(text, "before");
    tokio::task::yield_now().await;
    info!(text, "after");
}

fn blocks(text: String, _: Context) -> Result<(), String> {
    info!(text, "on a thread");
    Err("no".to_owned())
}

#[tokio::test]
async fn what_a_task_tells_is_inside_the_span_of_its_run() {
    listen();
    let tasks = [Task::new("waits", waits), Task::blocking("blocks", blocks)];
    let builder = Scheduler::builder(MemoryStore::default()).node("n1");
    let builder = tasks.into_iter().fold(builder, |builder, task| builder.task(task));
    let scheduler = builder.build().await.unwrap();
    let running = scheduler.start().await.unwrap();
    for (task, outcome, told) in [("waits", "succeeded", 2), ("blocks", "failed", 1)] {
        let end = scheduler.job(task, &task).enqueue_and_wait().await.unwrap();
        let all = all();
        let (id, run) = all.run(end.run().job);
        assert_eq!((run.target, run.level), ("mainspring::run", Level::INFO));
        let mut fields = run.fields.clone();
        fields.remove("job");
        let expected = [("attempt", "1"), ("node", "n1"), ("outcome", outcome), ("task", task)];
        assert_eq!(fields, expected.map(|(name, value)| (name, value.to_owned())).into());
        assert_eq!(run.parent, None);
        let mine = |event: &&Seen| event.fields.get("text").is_some_and(|text| text == task);
        let events: Vec<_> = all.events.iter().filter(mine).collect();
        assert_eq!(events.len(), told);
        assert!(events.iter().all(|event| event.parent.as_ref() == Some(id)), "{events:?}");
        let inside = all.events.iter().filter(|event| event.parent.as_ref() == Some(id));
        let ours: Vec<_> = inside.filter(|event| event.target == "mainspring::run").collect();
        let messages: Vec<_> = ours.iter().map(|event| &*event.fields["message"]).collect();
        assert_eq!(messages, ["run started", "run finished"]);
    }
    running.stop(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn the_run_of_a_fire_names_its_schedule() {
    listen();
    let (sender, mut ear) = tokio::sync::mpsc::unbounded_channel();
    let task = Task::new("tick", move |(): (), run: Context| {
        let sender = sender.clone();
        async move {
            let _ = sender.send(run.job());
        }
    });
    let builder = Scheduler::builder(MemoryStore::default()).task(task);
    let scheduler = builder.build().await.unwrap();
    scheduler
        .put(Schedule::at("once", "tick", "2020-01-01T00:00:00Z".parse().unwrap()))
        .await
        .unwrap();
    let running = scheduler.start().await.unwrap();
    let job = ear.recv().await.unwrap();
    running.stop(Duration::from_secs(10)).await;
    let all = all();
    let (_, run) = all.run(job);
    assert_eq!(run.fields["schedule"], "once");
    let verbs = |span: &&(Id, Seen)| span.1.name == "mainspring.store" && span.1.parent.is_none();
    let verbs: Vec<_> =
        all.spans.iter().filter(verbs).map(|(_, span)| &*span.fields["verb"]).collect();
    for verb in ["claim_schedules", "advance", "claim_jobs"] {
        assert!(verbs.contains(&verb), "{verb}: {verbs:?}");
    }
}

#[tokio::test]
async fn the_verbs_of_a_store_are_inside_the_span_of_who_asks() {
    listen();
    let capacity = Capacity { jobs: 1, ..Capacity::default() };
    let store = MemoryStore::with_capacity(capacity);
    let scheduler = Scheduler::builder(store).build().await.unwrap();
    let request = info_span!("request of the test");
    let enqueue = async {
        scheduler.enqueue("t", &()).await.unwrap();
        scheduler.enqueue("t", &()).await.unwrap_err()
    };
    let error = enqueue.instrument(request).await;
    let all = all();
    let asked = |span: &&Seen| {
        let parent = span.parent.as_ref().map(|id| all.span(id).name);
        parent == Some("request of the test")
    };
    let asked: Vec<_> = all.spans.iter().map(|(_, span)| span).filter(asked).collect();
    assert_eq!(asked.len(), 2);
    for span in &asked {
        assert_eq!((span.name, span.target), ("mainspring.store", "mainspring::store"));
        assert_eq!((span.level, &*span.fields["verb"]), (Level::DEBUG, "enqueue"));
    }
    assert_eq!(asked[0].fields.get("error"), None);
    let said = asked[1].fields.get("error").unwrap();
    assert!(error.to_string().ends_with(said.as_str()), "{error}: {said}");
}

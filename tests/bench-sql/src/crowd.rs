//! Many rows: schedules by the million that come due all the time, jobs by the million that wait.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainspring::{Context, Schedule, Scheduler, Task, Timestamp};
use mainspring_contract::trigger::{EveryForm, TriggerForm};
use mainspring_core::time::Span;
use mainspring_support::Postgres;
use sqlx::{AssertSqlSafe, Row};

use crate::arguments::Arguments;
use crate::server::Place;
use crate::throughput::open;
use crate::{clock, ours, stats};

/// So many schedules, evenly spread, of which `fires` come due each second.
pub(crate) async fn schedules(server: &Postgres, arguments: &Arguments) {
    let Arguments { rows, fires, seconds, .. } = *arguments;
    let place = Place::new(server).await;
    let late: Arc<Mutex<Vec<f64>>> = Arc::default();
    let told = Arc::clone(&late);
    let task = Task::new("fire", move |(): (), run: Context| {
        let due = run.fire_at().map_or(0, Timestamp::as_micros);
        let after = (clock::wall_us() - due) as f64 / 1e6;
        told.lock().expect("nobody panicked").push(after);
        async { Ok::<(), String>(()) }
    });
    let builder = Scheduler::builder(open(&place).await).task(task);
    let scheduler = builder.max_running(arguments.window).build().await.expect("a scheduler");
    let period_us = i64::try_from(rows * 1_000_000 / fires).expect("some days at most");
    let first = clock::wall_us() + 20_000_000 + i64::try_from(rows / 20).expect("small");
    let anchor = Timestamp::from_micros(first).expect("an instant of these years");
    let mut every = EveryForm::new(Span::from_micros(period_us));
    every.anchor = Some(anchor);
    let schedule = Schedule::new("s0", "fire", TriggerForm::Every(every)).arguments(&());
    let _ = scheduler.put(schedule).await.expect("a schedule is put");
    let count = i64::try_from(rows).expect("a small number");
    let copy = with_columns(&place, COPY_SCHEDULES, "mainspring_schedules").await;
    let copied = sqlx::query(AssertSqlSafe(copy)).bind(count).bind(first).bind(period_us);
    copied.execute(&place.pool).await.expect("schedules are copied");
    place.settle_down().await;
    println!("\n{rows} schedules in PostgreSQL, {fires} fires/s wanted, one node");
    println!("due scan: {}", plan(&place, DUE).await);
    let before = place.number("SELECT count(*) FROM mainspring_runs").await;
    let running = scheduler.start().await.expect("it starts");
    let lead = u64::try_from((first - clock::wall_us()).max(0)).expect("not negative");
    clock::wait(Duration::from_micros(lead) + WARM_UP).await;
    late.lock().expect("nobody panicked").clear();
    let start = clock::now();
    clock::wait(Duration::from_secs(seconds)).await;
    let samples = core::mem::take(&mut *late.lock().expect("nobody panicked"));
    let took = clock::since(start);
    let _ = running.stop(Duration::from_secs(10)).await;
    let after = place.number("SELECT count(*) FROM mainspring_runs").await;
    stats::line("start after due", &samples);
    println!("fires/s {:.0}, runs in the history {}", samples.len() as f64 / took, after - before);
    println!("memory of this process: {} MB", resident_mb());
}

/// So many jobs wait before a node starts.
pub(crate) async fn backlog(server: &Postgres, arguments: &Arguments) {
    let place = Place::new(server).await;
    let (scheduler, runs) = ours::scheduler(open(&place).await, arguments.window).await;
    scheduler.enqueue(ours::TASK, &0_u64).await.expect("a job is queued");
    copy_jobs(&place, arguments.rows, 0).await;
    let before = resident_mb();
    let start = clock::now();
    let running = scheduler.start().await.expect("it starts");
    while runs.load(Ordering::Relaxed) == 0 {
        clock::wait(Duration::from_millis(1)).await;
    }
    let first = clock::since(start);
    clock::wait(Duration::from_secs(arguments.seconds)).await;
    let rate = runs.load(Ordering::Relaxed) as f64 / clock::since(start);
    println!("\n{} jobs wait in PostgreSQL when a node starts", arguments.rows);
    println!("first run after {:.0} ms, then {rate:.0}/s", first * 1e3);
    println!("memory of this process: {before} MB before, {} MB now", resident_mb());
    let _ = running.stop(Duration::from_secs(10)).await;
}

/// Throughput beside so many jobs that are not ready for a long time.
pub(crate) async fn future(server: &Postgres, arguments: &Arguments) {
    println!("\nthroughput beside jobs of the far future, PostgreSQL");
    for rows in [0, arguments.rows] {
        let place = Place::new(server).await;
        let (scheduler, runs) = ours::scheduler(open(&place).await, arguments.window).await;
        if rows > 0 {
            let later = scheduler.job(ours::TASK, &0_u64).delay(Duration::from_secs(DAYS_US));
            let _ = later.enqueue().await.expect("a job is queued");
            copy_jobs(&place, rows, 1_000_000).await;
        }
        let enqueue = ours::enqueue(&scheduler, arguments.jobs, arguments.batch).await;
        place.settle_down().await;
        let run = ours::drain(&scheduler, &runs, arguments.jobs).await;
        let per_s = |seconds: f64| arguments.jobs as f64 / seconds;
        println!("{rows:>9} beside: enqueued {:.0}/s, run {:.0}/s", per_s(enqueue), per_s(run));
    }
}

/// A load that goes on while a transaction of somebody else stays open: it keeps an old snapshot
/// and has a number of its own, so that vacuum removes nothing that has died since, in any table.
pub(crate) async fn bloat(server: &Postgres, arguments: &Arguments) {
    let place = Place::new(server).await;
    let (scheduler, runs) = ours::scheduler(open(&place).await, arguments.window).await;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ";
    let mut idle = place.pool.begin_with(begin).await.expect("a transaction");
    sqlx::query("SELECT txid_current()").execute(&mut *idle).await.expect("a snapshot");
    let extension = sqlx::query("CREATE EXTENSION pgstattuple").execute(&place.pool).await;
    extension.expect("the extension comes with the server");
    let running = scheduler.start().await.expect("it starts");
    println!("\na load of {}/s beside a transaction that stays open", arguments.fires);
    println!(
        "{:>6} {:>10} {:>10} {:>10} {:>12} {:>12} {:>10}",
        "s", "run/s", "waiting", "dead rows", "jobs KB", "indexes KB", "runs KB"
    );
    let start = clock::now();
    let (mut queued, mut counted, mut looked) = (0_u64, 0, 0.0);
    let step = arguments.seconds as f64 / 10.0;
    while clock::since(start) < arguments.seconds as f64 {
        let due = (clock::since(start) * arguments.fires as f64) as u64;
        if due > queued {
            ours::enqueue(&scheduler, due - queued, arguments.batch).await;
            queued = due;
        }
        clock::wait(Duration::from_millis(50)).await;
        let now = clock::since(start);
        if now >= looked + step {
            let ran = runs.load(Ordering::Relaxed);
            let rate = (ran - counted) as f64 / (now - looked);
            (counted, looked) = (ran, now);
            let row = sqlx::query(SIZES).fetch_one(&place.pool).await.expect("sizes");
            let size = |column: usize| row.get::<i64, _>(column);
            println!(
                "{now:>6.0} {rate:>10.0} {:>10} {:>10} {:>12} {:>12} {:>10}",
                // Jobs run while a call that queues others is still under way.
                queued.saturating_sub(ran),
                size(0),
                size(1),
                size(2),
                size(3)
            );
        }
    }
    let _ = running.stop(Duration::from_secs(30)).await;
    idle.rollback().await.expect("it ends");
}

/// Multiplies the one job that is there: so many, each so much later than the one before.
async fn copy_jobs(place: &Place, rows: u64, step_us: i64) {
    let count = i64::try_from(rows).expect("a small number");
    let copy = with_columns(place, COPY_JOBS, "mainspring_jobs").await;
    let copied = sqlx::query(AssertSqlSafe(copy)).bind(count).bind(step_us);
    copied.execute(&place.pool).await.expect("jobs are copied");
    place.settle_down().await;
}

/// A statement with the columns of a table that can be written.
async fn with_columns(place: &Place, sql: &str, table: &str) -> String {
    let names = "SELECT column_name::text FROM information_schema.columns
        WHERE table_name = $1 AND is_generated = 'NEVER'";
    let rows = sqlx::query(names).bind(table).fetch_all(&place.pool).await.expect("columns");
    let all: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let new: Vec<String> = all.iter().map(|name| format!("new.{name}")).collect();
    sql.replace("{columns}", &all.join(", ")).replace("{new}", &new.join(", "))
}

/// How the server finds what is due: the lines of its plan that name indexes and tables.
async fn plan(place: &Place, sql: &'static str) -> String {
    let rows = sqlx::query(sql).fetch_all(&place.pool).await.expect("a plan");
    let lines = rows.iter().map(|row| row.get::<String, _>(0).trim().to_owned());
    lines.filter(|line| line.contains("Scan")).collect::<Vec<_>>().join("; ")
}

fn resident_mb() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux says it");
    let pages: u64 = text.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a number");
    pages * 4096 / 1_000_000
}

const WARM_UP: Duration = Duration::from_secs(5);
const DAYS_US: u64 = 30 * 86_400;

const COPY_SCHEDULES: &str = "
    INSERT INTO mainspring_schedules ({columns}) SELECT {new}
    FROM mainspring_schedules AS old CROSS JOIN generate_series(1, $1 - 1) AS i
    CROSS JOIN LATERAL jsonb_populate_record(old, jsonb_build_object(
        'id', 's' || i,
        'next_at_us', $2 + i * $3 / $1,
        'trigger_bytes', '\\x' || encode(convert_to(jsonb_set(
            convert_from(old.trigger_bytes, 'UTF8')::jsonb, '{every,anchor}',
            to_jsonb(to_char(
                to_timestamp(($2 + i * $3 / $1) / 1e6) AT TIME ZONE 'UTC',
                'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'
            ))
        )::text, 'UTF8'), 'hex')
    )) AS new
    WHERE old.id = 's0'";

const COPY_JOBS: &str = "
    INSERT INTO mainspring_jobs ({columns}) SELECT {new}
    FROM mainspring_jobs AS old CROSS JOIN generate_series(1, $1 - 1) AS i
    CROSS JOIN LATERAL jsonb_populate_record(old, jsonb_build_object(
        'id', gen_random_uuid(), 'ready_at_us', old.ready_at_us + i * $2
    )) AS new";

const DUE: &str = "
    EXPLAIN (COSTS OFF) SELECT id FROM mainspring_schedules
    WHERE due_at_us IS NOT NULL AND next_at_us <= 0
        AND (claimed_until_us IS NULL OR claimed_until_us <= 0)
    ORDER BY next_at_us, id LIMIT 100 FOR UPDATE SKIP LOCKED";

/// Dead rows as they lie in the table: what the server's statistics say of them comes late.
const SIZES: &str = "
    SELECT (SELECT dead_tuple_count FROM pgstattuple('mainspring_jobs')),
        pg_table_size('mainspring_jobs') / 1024, pg_indexes_size('mainspring_jobs') / 1024,
        (SELECT sum(pg_total_relation_size(inhrelid))::bigint / 1024 FROM pg_inherits
         WHERE inhparent = 'mainspring_runs'::regclass)";

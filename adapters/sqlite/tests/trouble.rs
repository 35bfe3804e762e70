//! Full disks and rows that cannot be read: trouble stays where it is.

use std::path::{Path, PathBuf};
use std::process::Command;

use mainspring_conformance::node::record;
use mainspring_conformance::rig::{Rig, clock, one, value};
use mainspring_conformance::sample::{
    advance, at, encoded, fired, job_id, keyed, overlapping, queued, replace, schedule_id, secs,
    spec, task, urgent,
};
use mainspring_contract::record::{Advanced, Cancelled, Conflict, Enqueue, Hold, Put, Written};
use mainspring_contract::store::{Page, RunFilter};
use mainspring_contract::{Encoded, Store, StoreErrorKind as Kind};
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_sqlite::{Options, SqliteStore};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

/// A store, its folder, and a way behind its back.
struct Patient {
    rig: Rig<SqliteStore>,
    path: PathBuf,
    _folder: TempDir,
}

impl Patient {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder for temporary files");
        let path = folder.path().join("jobs.db");
        let rig = Rig(SqliteStore::open(&path).await.expect("it opens"));
        Self { rig, path, _folder: folder }
    }

    /// Spoils rows as another program, or a newer one, might.
    async fn spoil(&self, sql: &'static str) {
        let mut connection =
            SqliteConnectOptions::new().filename(&self.path).connect().await.expect("it opens");
        let changed =
            sqlx::raw_sql("PRAGMA ignore_check_constraints = ON").execute(&mut connection);
        changed.await.expect("a pragma");
        let done = sqlx::raw_sql(sql).execute(&mut connection).await.expect("the statement runs");
        assert!(done.rows_affected() > 0, "{sql} spoils something");
    }
}

/// Ways to spoil the schedule `bad`, and what the reason must name.
const BAD_SCHEDULES: [(&str, &str); 12] = [
    ("UPDATE mainspring_schedules SET coalesce = 9 WHERE id = 'bad'", "coalesce"),
    ("UPDATE mainspring_schedules SET task = ' x' WHERE id = 'bad'", "task"),
    ("UPDATE mainspring_schedules SET priority = 77 WHERE id = 'bad'", "priority"),
    ("UPDATE mainspring_schedules SET retry_max = 1 WHERE id = 'bad'", "backoff"),
    ("UPDATE mainspring_schedules SET catch_up = -1 WHERE id = 'bad'", "catch_up"),
    ("UPDATE mainspring_schedules SET last_fire_at_us = 1 << 62 WHERE id = 'bad'", "last_fire"),
    ("UPDATE mainspring_schedules SET overlap = 9 WHERE id = 'bad'", "overlap"),
    ("UPDATE mainspring_schedules SET jitter_us = 1 WHERE id = 'bad'", "jitter_spread"),
    ("UPDATE mainspring_schedules SET exclude_format = 1 WHERE id = 'bad'", "exclude_version"),
    ("UPDATE mainspring_schedules SET tags = 'a,,b' WHERE id = 'bad'", "tags"),
    ("UPDATE mainspring_schedules SET next_kind = 7 WHERE id = 'bad'", "next_kind"),
    ("UPDATE mainspring_schedules SET source = CAST(x'ff' AS TEXT) WHERE id = 'bad'", "source"),
];

#[tokio::test]
async fn a_schedule_row_that_cannot_be_read_is_put_aside_by_the_claim() {
    for (sql, reason) in BAD_SCHEDULES {
        let patient = Patient::new().await;
        let rig = &patient.rig;
        for name in ["bad", "good"] {
            let _ = rig.put(0, &replace(&spec(name, "t"), at(5))).await;
        }
        patient.spoil(sql).await;
        let before = rig.pulse(1).await;
        let claimed = one(rig.claim_due(9, "p", 1).await);
        assert_eq!(claimed.spec.id, schedule_id("good"), "a bad row takes no place: {sql}");
        assert!(rig.pulse(9).await.config_revision > before.config_revision);
        assert_eq!(rig.claim_due(9, "p", 9).await, [], "nor is it found again");
        let error = rig.0.schedule(&schedule_id("bad")).await.expect_err("it cannot be read");
        assert_eq!(error.kind(), Kind::Corrupt, "{error}");
        assert!(error.to_string().contains("`bad`") && error.to_string().contains(reason));
        let listed = rig.schedules(None, 1).await;
        assert_eq!(one(listed).schedule.spec.id, schedule_id("good"), "a page is filled up");
        let why = quarantine(&patient).await;
        assert!(why.contains(reason), "{why} names {reason}");
    }
}

async fn quarantine(patient: &Patient) -> String {
    let mut connection =
        SqliteConnectOptions::new().filename(&patient.path).connect().await.expect("it opens");
    let query = "SELECT quarantine FROM mainspring_schedules WHERE id = 'bad'";
    sqlx::query_scalar(query).fetch_one(&mut connection).await.expect("a reason")
}

#[tokio::test]
async fn putting_a_bad_schedule_again_heals_it_and_fences_whoever_planned_it() {
    for (sql, _) in BAD_SCHEDULES {
        let patient = Patient::new().await;
        let rig = &patient.rig;
        let _ = rig.put(0, &replace(&spec("bad", "t"), at(5))).await;
        let claimed = one(rig.claim_due(5, "p", 1).await);
        patient.spoil(sql).await;
        let request = advance(&claimed, at(5), at(15));
        assert_eq!(rig.advance(6, &request).await, Advanced::Stale, "{sql}");
        assert_eq!(rig.put(6, &replace(&spec("bad", "t"), at(7))).await, Put::Replaced, "{sql}");
        assert_eq!(rig.advance(6, &request).await, Advanced::Stale, "{sql}");
        assert_eq!(one(rig.claim_due(7, "p", 1).await).spec, spec("bad", "t"), "{sql}");
    }
}

/// Ways to spoil job 1, and what the reason must name.
const BAD_JOBS: [(&str, &str); 7] = [
    ("UPDATE mainspring_jobs SET origin = 200 WHERE hex(id) LIKE '%01'", "origin"),
    ("UPDATE mainspring_jobs SET payload_version = -5 WHERE hex(id) LIKE '%01'", "payload_version"),
    ("UPDATE mainspring_jobs SET schedule = '' WHERE hex(id) LIKE '%01'", "schedule"),
    ("UPDATE mainspring_jobs SET created_at_us = 1 << 62 WHERE hex(id) LIKE '%01'", "created_at"),
    ("UPDATE mainspring_jobs SET tags = 'a,,b' WHERE hex(id) LIKE '%01'", "tags"),
    ("UPDATE mainspring_jobs SET unique_key = ' x' WHERE hex(id) LIKE '%01'", "unique_key"),
    ("UPDATE mainspring_jobs SET backoff_kind = 4 WHERE hex(id) LIKE '%01'", "backoff_kind"),
];

#[tokio::test]
async fn a_job_row_that_cannot_be_read_is_settled_by_the_claim() {
    for (sql, reason) in BAD_JOBS {
        let patient = Patient::new().await;
        let rig = &patient.rig;
        rig.put_task(0, task("t", Some(1))).await;
        rig.enqueue_all(0, &[urgent(1, "t", 0), urgent(2, "t", 9)]).await;
        patient.spoil(sql).await;
        assert_eq!(rig.jobs().await.len(), 1, "listings leave it out");
        let job = one(rig.claim(1, "w", &["t"], 1).await);
        assert_eq!(job.id, job_id(2), "a bad row takes no place: {sql}");
        assert_eq!(rig.jobs().await.len(), 1);
        assert_eq!(rig.cancel(2, job_id(1)).await, Cancelled::Over);
        assert_eq!(rig.settle(2, &job, Outcome::Succeeded).await, Written::Done);
        if !["origin", "schedule"].contains(&reason) {
            let run = rig.runs_of(job_id(1)).await.remove(0);
            assert_eq!((run.ended.outcome, run.settled), (Outcome::Undecodable, true));
            let error = run.ended.detail.and_then(|detail| detail.error).unwrap_or_default();
            assert!(error.contains(reason), "{error} names {reason}");
        }
    }
}

#[tokio::test]
async fn a_leased_job_whose_row_was_spoiled_does_not_stop_the_rescue() {
    let patient = Patient::new().await;
    let rig = &patient.rig;
    rig.put_task(0, task("t", Some(2))).await;
    rig.enqueue_all(0, &[1, 2, 3].map(|n| queued(n, "t"))).await;
    let held = rig.claim(0, "w", &["t"], 9).await;
    patient.spoil(BAD_JOBS[1].0).await;
    assert_eq!(rig.rescue(99, 9).await.len(), 1, "the other one");
    assert_eq!(rig.settle(99, &held[0], Outcome::Succeeded).await, Written::LeaseLost);
    assert_eq!(rig.pulse(99).await.next_lapse_at, None);
    assert_eq!(rig.claim(99, "w", &["t"], 9).await.len(), 2, "its place is free");
}

#[tokio::test]
async fn a_spoiled_job_leaves_its_key_and_frees_whoever_is_held_for_it() {
    let patient = Patient::new().await;
    let rig = &patient.rig;
    let _ = rig.put(0, &replace(&overlapping("a", Overlap::Queue), at(5))).await;
    assert_eq!(rig.fire(15, "a", &[5, 15], 25).await, 2);
    let unique = |number| keyed(number, "keyed", "k", Hold::Live, Conflict::Reject);
    rig.enqueue_all(15, &[unique(1)]).await;
    patient.spoil("UPDATE mainspring_jobs SET created_at_us = 1 << 62 WHERE state = 0").await;
    assert_eq!(one(rig.claim(16, "w", &["t", "keyed"], 9).await).id, fired("a", 15));
    rig.enqueue_all(17, &[unique(2)]).await;
}

#[tokio::test]
async fn a_key_whose_holder_is_gone_is_free() {
    let patient = Patient::new().await;
    let unique = |number| keyed(number, "t", "k", Hold::Live, Conflict::Reject);
    patient.rig.enqueue_all(0, &[unique(1)]).await;
    patient.spoil("DELETE FROM mainspring_jobs").await;
    patient.rig.enqueue_all(1, &[unique(2)]).await;
}

#[tokio::test]
async fn keys_that_nobody_holds_any_more_do_not_pile_up() {
    let patient = Patient::new().await;
    let rig = &patient.rig;
    for number in 1..=200 {
        let t = i64::try_from(number).expect("small");
        let key = format!("k{number}");
        let hold = Hold::AtLeast(secs(10));
        rig.enqueue_all(t, &[keyed(number, "t", &key, hold, Conflict::Reject)]).await;
        let _ = rig.cancel(t, job_id(number)).await;
    }
    let mut connection =
        SqliteConnectOptions::new().filename(&patient.path).connect().await.expect("it opens");
    let query = "SELECT count(*) FROM mainspring_keys";
    let count: i64 = sqlx::query_scalar(query).fetch_one(&mut connection).await.expect("a number");
    assert_eq!(count, 10, "those that are held for a while yet");
}

#[tokio::test]
async fn nodes_that_cannot_be_read_are_left_out_of_pages_until_they_beat_again() {
    let patient = Patient::new().await;
    let rig = &patient.rig;
    for name in ["a", "b", "c", "d"] {
        value(rig.0.beat(clock(0), &record(name)).await);
    }
    patient.spoil("UPDATE mainspring_nodes SET role = 9 WHERE id = 'b'").await;
    patient.spoil("UPDATE mainspring_nodes SET tasks = '[1' WHERE id = 'c'").await;
    let names = async || -> Vec<String> {
        let found = value(rig.0.nodes(clock(0), &Page::first(2)).await);
        found.iter().map(|view| view.node.id.to_string()).collect()
    };
    assert_eq!(names().await, ["a", "d"], "a page is filled up");
    value(rig.0.beat(clock(0), &record("b")).await);
    assert_eq!(names().await, ["a", "b"]);
}

#[tokio::test]
async fn history_that_cannot_be_read_is_left_out_of_pages() {
    let patient = Patient::new().await;
    let rig = &patient.rig;
    rig.enqueue_all(0, &[1, 2, 3, 4].map(|n| queued(n, "t"))).await;
    for number in 1..=4 {
        let _ = rig.cancel(1, job_id(number)).await;
    }
    patient.spoil("UPDATE mainspring_runs SET outcome = 99 WHERE seq IN (2, 3)").await;
    let jobs: Vec<_> =
        rig.runs(&RunFilter::newest(2)).await.into_iter().map(|view| view.run.job).collect();
    assert_eq!(jobs, [job_id(4), job_id(1)]);
}

/// A place where 1 MB fits: a file system of that size, or, for a user who may not make one, a
/// file that may not grow any further.
struct SmallDisk {
    folder: TempDir,
    mounted: bool,
}

impl SmallDisk {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder for temporary files");
        let mount = ["-t", "tmpfs", "-o", "size=1m", "tmpfs"];
        let mounted = Command::new("mount").args(mount).arg(folder.path()).output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        Self { folder, mounted }
    }

    fn options(&self) -> Options {
        let max_bytes = (!self.mounted).then_some(1 << 20);
        Options { max_bytes, ..Options::new(self.path().join("jobs.db")) }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.mounted {
            drop(Command::new("umount").arg("-l").arg(self.path()).status());
        }
    }
}

fn large(number: u64, bytes: usize) -> Enqueue {
    let payload = Encoded { bytes: vec![7; bytes].into(), ..encoded("") };
    Enqueue { payload, ..queued(number, "t") }
}

async fn full_changes_nothing(options: Options) {
    let rig = Rig(SqliteStore::open_with(options).await.expect("it opens"));
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let before = rig.jobs().await;
    for _ in 0..3 {
        let jobs = [queued(2, "t"), large(3, 2_000_000)];
        let error = rig.0.enqueue(clock(1), &jobs).await.expect_err("there is no room");
        assert_eq!(error.kind(), Kind::Full, "{error}: {error:?}");
        assert!(error.to_string().contains("jobs.db"), "{error}");
        assert_eq!(rig.jobs().await, before, "all or nothing");
    }
    rig.enqueue_all(2, &[queued(2, "t")]).await;
    assert_eq!(rig.claim(2, "w", &["t"], 9).await.len(), 2);
}

#[tokio::test]
async fn a_full_disk_changes_nothing_and_what_fits_still_works() {
    let disk = SmallDisk::new();
    full_changes_nothing(disk.options()).await;
}

#[tokio::test]
async fn a_file_at_its_own_limit_is_full_in_the_same_way() {
    let folder = TempDir::new().expect("a folder for temporary files");
    let path = folder.path().join("jobs.db");
    full_changes_nothing(Options { max_bytes: Some(1 << 20), ..Options::new(path) }).await;
}

#[tokio::test]
async fn opening_a_new_file_on_a_full_disk_says_so() {
    let disk = SmallDisk::new();
    let options = if disk.mounted {
        std::fs::write(disk.path().join("ballast"), vec![0; 2 << 20]).expect_err("it is full");
        disk.options()
    } else {
        Options { max_bytes: Some(4_096), ..disk.options() }
    };
    let error = SqliteStore::open_with(options).await.expect_err("must not open");
    assert_eq!(error.kind(), Kind::Full, "{error}: {error:?}");
}

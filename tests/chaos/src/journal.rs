//! The journal: what commands wrote down about themselves, one line at a time.
//!
//! A line is `WORD SCHEDULE FIRE_AT JOB ATTEMPT TOKEN PID NANOSECONDS`. Commands append it with
//! one write to a file that was opened for appending, so lines are whole and in order.

use core::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use mainspring_contract::JobId;
use mainspring_contract::record::Run;
use mainspring_core::id::Token;
use mainspring_core::time::{Span, Timestamp};

/// One due instant of one schedule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fire {
    /// Whose.
    pub schedule: String,
    /// The instant that the trigger named.
    pub at: Timestamp,
}

impl Fire {
    /// What stands for a job that no schedule asked for.
    pub fn queued(job: JobId) -> Self {
        Self { schedule: format!("job-{job}"), at: Timestamp::UNIX_EPOCH }
    }

    /// What a run was for.
    pub fn of(run: &Run) -> Self {
        match (&run.schedule, run.fire_at) {
            (Some(schedule), Some(at)) => Self { schedule: schedule.to_string(), at },
            _ => Self::queued(run.job),
        }
    }
}

/// What a command has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It started, and no other run of its job was alive.
    Start,
    /// It started while another run of its job was alive.
    Overlap,
    /// It ended well.
    End,
    /// It ended badly, on purpose.
    Fail,
    /// Its node heard from the store that its end is written down.
    Written,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What happened.
    pub word: Word,
    /// What it was run for.
    pub fire: Fire,
    /// The job.
    pub job: JobId,
    /// The attempt, counted from 1.
    pub attempt: u32,
    /// The token of this attempt.
    pub token: Token,
    /// The command's process.
    pub pid: u32,
    /// When it happened.
    pub at: Timestamp,
}

impl Line {
    /// Reads a line; `None` if it is none.
    pub fn parse(line: &str) -> Option<Self> {
        let parts: Vec<&str> = line.split(' ').collect();
        let [word, schedule, fire_at, job, attempt, token, pid, nanos] = parts[..] else {
            return None;
        };
        let (word, _) = WORDS.into_iter().find(|(_, text)| *text == word)?;
        let nanos: i64 = nanos.parse().ok()?;
        Some(Self {
            word,
            fire: Fire { schedule: schedule.to_owned(), at: fire_at.parse().ok()? },
            job: job.parse().ok()?,
            attempt: attempt.parse().ok()?,
            token: Token::new(token.parse().ok()?),
            pid: pid.parse().ok()?,
            at: Timestamp::UNIX_EPOCH + Span::from_micros(nanos / 1_000),
        })
    }
}

/// As [`Line::parse`] reads it.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = WORDS.into_iter().find(|(word, _)| *word == self.word);
        let (_, word) = word.expect("every word has its text");
        let Fire { schedule, at } = &self.fire;
        let (token, micros) =
            (self.token.number(), self.at.since(Timestamp::UNIX_EPOCH).as_micros());
        let Self { job, attempt, pid, .. } = self;
        write!(f, "{word} {schedule} {at} {job} {attempt} {token} {pid} {micros}000")
    }
}

const WORDS: [(Word, &str); 5] = [
    (Word::Start, "start"),
    (Word::Overlap, "overlap"),
    (Word::End, "end"),
    (Word::Fail, "fail"),
    (Word::Written, "written"),
];

/// A folder with the journal, a lock file for each job, and the program that writes them.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
}

impl Journal {
    /// A new journal in the folder `dir`.
    ///
    /// # Panics
    /// If the folder cannot be written.
    pub fn new(dir: &Path) -> Self {
        fs::create_dir_all(dir.join("locks")).expect("the folder can be written");
        fs::write(dir.join("subject.sh"), SUBJECT).expect("the folder can be written");
        fs::write(dir.join("journal"), "").expect("the folder can be written");
        Self { dir: dir.to_owned() }
    }

    /// The keys of a task that writes into this journal, works for `seconds` and fails if its
    /// process number ends with one of the digits in `fails`.
    pub fn task(&self, seconds: &str, fails: &str) -> String {
        let dir = self.dir.display();
        format!(
            "run = [\"/bin/sh\", \"{dir}/subject.sh\", \"{seconds}\", \"{fails}\"]\n\
             env = {{ {MARK} = \"{dir}\" }}\n"
        )
    }

    /// The file.
    pub fn file(&self) -> PathBuf {
        self.dir.join("journal")
    }

    /// Every line so far.
    ///
    /// # Panics
    /// If one is torn.
    pub fn lines(&self) -> Vec<Line> {
        let text = fs::read_to_string(self.dir.join("journal")).expect("the journal is there");
        let read = |line: &str| Line::parse(line).unwrap_or_else(|| panic!("a torn line: {line}"));
        text.lines().map(read).collect()
    }

    /// What is left of the commands: lock files that are still held, and processes.
    ///
    /// # Panics
    /// If the folder cannot be read.
    pub fn survivors(&self) -> Vec<String> {
        let locks = fs::read_dir(self.dir.join("locks")).expect("the folder is there");
        let held = locks.map_while(Result::ok).filter(|lock| {
            let file = fs::File::open(lock.path()).expect("a lock file can be opened");
            file.try_lock().is_err()
        });
        let held = held.map(|lock| format!("lock {}", lock.file_name().to_string_lossy()));
        let mark = format!("{MARK}={}", self.dir.display());
        let alive = crate::process::with_variable(&mark).into_iter();
        held.chain(alive.map(|pid| format!("process {pid}"))).collect()
    }
}

/// The variable by which commands of a journal are recognised.
const MARK: &str = "CHAOS_DIR";

/// The command that the daemon runs. Its children inherit the lock, so they count as alive too.
const SUBJECT: &str = r#"# $1: how long to work
# $2: fails if the process number ends with one of these digits
say() {
    printf '%s %s %s %s %s %s %s %s\n' "$1" "$MAINSPRING_SCHEDULE" "$MAINSPRING_FIRE_AT" \
        "$MAINSPRING_JOB" "$MAINSPRING_ATTEMPT" "$MAINSPRING_TOKEN" "$$" "$(date +%s%N)" \
        >> "$CHAOS_DIR/journal"
}
exec 9>> "$CHAOS_DIR/locks/$MAINSPRING_JOB"
if flock --nonblock 9; then say start; else say overlap; exit 9; fi
[ "$1" = 0 ] || sleep "$1"
case "$$" in *["$2"]) say fail; echo 'failed on purpose' >&2; exit 1 ;; esac
say end
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_a_torn_one_is_not() {
        let job = "01890000-0000-8000-8000-000000000000";
        let text = format!("start tick 2026-01-01T00:00:00Z {job} 2 3 77 1767225600123456789");
        let line = Line::parse(&text).expect("a line");
        assert_eq!((line.word, line.attempt, line.pid), (Word::Start, 2, 77));
        assert_eq!(line.at.since(line.fire.at), Span::from_micros(123_456));
        assert_eq!(line.to_string(), text.replace("123456789", "123456000"));
        assert_eq!(Line::parse(&text[..text.len() - 20]), None);
        assert_eq!(Line::parse(&text.replace("start", "begin")), None);
    }
}

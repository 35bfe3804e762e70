//! The words of the text form, and what to say to people who write others.

use mainspring_core::time::{Span, Timestamp};

/// The kinds, the words that may follow each, and an example.
pub(super) const KINDS: [(&str, &[&str], &str); 7] = [
    ("at", &[], "at 2027-01-01T00:00:00Z"),
    ("every", &["anchor", "start", "end"], "every 15m"),
    (
        "cron",
        &["in", "dialect", "seed", "dst", "gap", "fold", "start", "end"],
        "cron 0 9 * * mon-fri",
    ),
    (
        "calendar",
        &["anchor", "at", "in", "dst", "gap", "fold", "start", "end"],
        "calendar 1mo anchor 2026-01-31 at 09:30",
    ),
    ("any", &["start", "end"], "any(every 4h; cron 0 0 * * mon)"),
    ("all", &["within", "start", "end"], "all(every 3d; cron 0 0 * * mon) within 1s"),
    ("custom", &[], "custom full-moon {\"hour\": 22}"),
];

/// The words that follow a kind, and what follows them.
pub(super) const CLAUSES: [(&str, &str); 11] = [
    ("anchor", "one of the instants, or the first date of a calendar"),
    ("at", "a time of day, such as `09:30`"),
    ("in", "a zone, such as `Europe/Berlin`"),
    ("dialect", "`crontab`, `quartz` or `apscheduler`"),
    ("seed", "a text, such as the id of the schedule"),
    ("dst", "`once` or `literal`"),
    ("gap", "`skip`, `at_end` or `shift`"),
    ("fold", "`first`, `second` or `both`"),
    ("within", "a span, such as `5m`"),
    ("start", "the first instant, such as `2027-01-01T00:00:00Z`"),
    ("end", "the last instant, such as `2027-01-01T00:00:00Z`"),
];

/// Whether a word in the place of a value has to be quoted, because it says what comes next.
pub(super) fn is_reserved(word: &str) -> bool {
    CLAUSES.iter().any(|(name, _)| *name == word)
}

/// The text from a byte on up to where a word ends: at a blank, a `;`, or a `)` that it did not
/// open itself.
pub(super) fn word_at(text: &str) -> &str {
    let mut open = 0_usize;
    let end = text.find(|c: char| match c {
        '(' => {
            open += 1;
            false
        }
        ')' if open > 0 => {
            open -= 1;
            false
        }
        _ => c.is_whitespace() || matches!(c, ';' | ')'),
    });
    &text[..end.unwrap_or(text.len())]
}

pub(super) fn example(kind: &str) -> &'static str {
    KINDS.iter().find(|row| row.0 == kind).map_or("", |row| row.2)
}

/// What to say of a trigger that begins with no kind.
pub(super) fn no_kind(word: &str, rest: &str) -> String {
    if word.is_empty() {
        let [at, every, cron] = ["at", "every", "cron"].map(example);
        return format!("a trigger is missing: write for example `{every}`, `{cron}` or `{at}`");
    }
    let whole = shown(rest.split([';', '\n']).next().unwrap_or(rest).trim());
    if word.parse::<Timestamp>().is_ok() {
        return format!("an instant is written `at {whole}`");
    }
    if word.parse::<Span>().is_ok() {
        return format!("a span is written `every {whole}`");
    }
    if word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '*' | '@')) {
        return format!("a cron pattern is written `cron {whole}`");
    }
    let known = KINDS.map(|(kind, ..)| kind);
    let near = near(word, &known).map_or_else(|| listed(&known), did_you_mean);
    format!("unknown kind of trigger `{}`{near}", shown(word))
}

/// What to say of a word that stands where one of `allowed` should.
pub(super) fn no_clause(word: &str, kind: &str, allowed: &[&str]) -> String {
    let hint = match word {
        "from" if allowed.contains(&"start") => {
            ", write `start` for the first instant or `anchor` for one to count from".to_owned()
        }
        "until" | "to" if allowed.contains(&"end") => ", write `end`".to_owned(),
        "zone" | "tz" if allowed.contains(&"in") => ", write `in Europe/Berlin`".to_owned(),
        "threshold" if allowed.contains(&"within") => ", write `within`".to_owned(),
        "time" if allowed.contains(&"at") => ", write `at`".to_owned(),
        _ => near(word, allowed).map_or_else(|| listed(allowed), did_you_mean),
    };
    format!("`{}` has no meaning after `{kind}`{hint}", shown(word))
}

fn did_you_mean(word: &str) -> String {
    format!(", did you mean `{word}`?")
}

/// What may stand here instead, to follow a complaint.
pub(super) fn listed(words: &[&str]) -> String {
    if words.is_empty() {
        return ", which takes nothing more".to_owned();
    }
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    format!(" (known: {})", words.join(", "))
}

/// The word that was probably meant: at most two letters are wrong, and not half of them.
fn near<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    let best = words.iter().map(|known| (distance(word, known), *known)).min()?;
    (best.0 <= 2 && best.0 * 2 < best.1.len()).then_some(best.1)
}

/// Letters to insert, remove or replace; by Levenshtein.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().take(40).enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[row.len() - 1]
}

/// A piece of the text as a message shows it: on one line, and not too long.
pub(super) fn shown(text: &str) -> String {
    let start = text.chars().take(60);
    let mut shown: String = start.map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}

//! What help texts show: each verb as one would type it.

use clap::Command;

/// The program's words, with examples at the end of each verb's help.
pub(crate) fn with_examples(program: Command) -> Command {
    EXAMPLES.iter().fold(program, |program, (verb, lines)| {
        let text = lines.iter().fold("Examples:".to_owned(), |text, line| text + "\n  " + line);
        at(program, &verb.split(' ').collect::<Vec<_>>(), text)
    })
}

fn at(command: Command, path: &[&str], text: String) -> Command {
    match path {
        [] => command.after_long_help(text),
        [first, rest @ ..] => command.mut_subcommand(*first, |command| at(command, rest, text)),
    }
}

/// Verbs and how they are used.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("check", &["mainspring check /etc/mainspring.toml"]),
    ("completions", &["mainspring completions bash > /etc/bash_completion.d/mainspring"]),
    (
        "doctor",
        &[
            "mainspring doctor -c mainspring.toml",
            "mainspring doctor --store postgres://scheduler@db.example.org/jobs --json",
        ],
    ),
    ("explain", &["mainspring explain '30 2 * * *' --tz Europe/Berlin"]),
    (
        "jobs cancel",
        &["mainspring jobs cancel 018f6a1e-3c00-7000-8000-000000000000 -c mainspring.toml"],
    ),
    (
        "jobs enqueue",
        &[
            "mainspring jobs enqueue backup -c mainspring.toml",
            "mainspring jobs enqueue mail --arguments '{\"to\":\"ada\"}' --key ada --delay 10m \
         --store sqlite:jobs.db",
        ],
    ),
    (
        "jobs list",
        &[
            "mainspring jobs list -c mainspring.toml",
            "mainspring jobs list --task mail --state waiting --limit 10 -c mainspring.toml",
        ],
    ),
    (
        "jobs retry",
        &[
            "mainspring jobs retry 018f6a1e-3c00-7000-8000-000000000000 -c mainspring.toml",
            "mainspring jobs retry 018f6a1e-3c00-7000-8000-000000000000 \
             --arguments '{\"to\":\"ada\"}' --store sqlite:jobs.db",
        ],
    ),
    (
        "jobs show",
        &["mainspring jobs show 018f6a1e-3c00-7000-8000-000000000000 -c mainspring.toml --json"],
    ),
    ("migrate apply", &["mainspring migrate apply -c mainspring.toml"]),
    ("migrate check", &["mainspring migrate check --store mysql://scheduler@db.example.org/jobs"]),
    ("migrate plan", &["mainspring migrate plan -c mainspring.toml"]),
    (
        "next",
        &[
            "mainspring next --cron '0 9 * * mon-fri' --tz Europe/Berlin",
            "mainspring next --trigger 'any(every 4h; cron @daily in Asia/Tokyo)' --count 3",
        ],
    ),
    ("nodes", &["mainspring nodes -c mainspring.toml"]),
    ("prune", &["mainspring prune --older-than 30d -c mainspring.toml"]),
    (
        "schedules add",
        &[
            "mainspring schedules add report --task mail --trigger 'cron 0 9 * * mon-fri in \
         Europe/Berlin' -c mainspring.toml",
            "mainspring schedules add poll --task fetch --trigger 'every 15m' --overlap skip \
         --misfire-grace 5m --on-conflict replace -c mainspring.toml",
        ],
    ),
    (
        "schedules backfill",
        &["mainspring schedules backfill report --from 2027-03-01T00:00:00Z --to \
         2027-03-31T00:00:00Z --yes -c mainspring.toml"],
    ),
    ("schedules list", &["mainspring schedules list --task mail -c mainspring.toml"]),
    ("schedules pause", &["mainspring schedules pause report -c mainspring.toml"]),
    ("schedules remove", &["mainspring schedules remove report poll -c mainspring.toml"]),
    ("schedules resume", &["mainspring schedules resume report --from now -c mainspring.toml"]),
    ("schedules run", &["mainspring schedules run report -c mainspring.toml"]),
    ("schedules show", &["mainspring schedules show report -c mainspring.toml"]),
    (
        "serve",
        &[
            "mainspring serve /etc/mainspring.toml --metrics 127.0.0.1:9186",
            "mainspring serve mainspring.toml --role worker --node worker-7 --grace 5m",
        ],
    ),
    (
        "status",
        &[
            "mainspring status mainspring.toml",
            "mainspring status --store sqlite:jobs.db --runs 50 --json",
        ],
    ),
    ("tasks", &["mainspring tasks -c mainspring.toml"]),
];

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::Arguments;

    /// The words of a line as a shell takes it apart: single quotes keep blanks together.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (place, part) in line.split('\'').enumerate() {
            if place % 2 == 1 {
                words.push(part.to_owned());
            } else {
                words.extend(part.split_whitespace().map(str::to_owned));
            }
        }
        let redirected = words.iter().position(|word| word == ">").unwrap_or(words.len());
        words.truncate(redirected);
        words
    }

    /// The verbs below `command` that take no further verb.
    fn leaves(command: &Command, path: &str, all: &mut Vec<String>) {
        let below: Vec<_> =
            command.get_subcommands().filter(|below| below.get_name() != "help").collect();
        if below.is_empty() {
            all.push(path.trim_start().to_owned());
        }
        for command in below {
            leaves(command, &format!("{path} {}", command.get_name()), all);
        }
    }

    #[test]
    fn every_example_is_understood() {
        for (verb, lines) in EXAMPLES {
            for line in *lines {
                let words = words(line);
                let parsed = with_examples(Arguments::command()).try_get_matches_from(&words);
                let matches = parsed.unwrap_or_else(|error| panic!("{line}\n{error}"));
                let mut path = Vec::new();
                let mut at = matches.subcommand();
                while let Some((name, below)) = at {
                    path.push(name.to_owned());
                    at = below.subcommand();
                }
                assert_eq!(path.join(" "), *verb);
            }
        }
    }

    #[test]
    fn every_verb_has_one() {
        let mut verbs = Vec::new();
        leaves(&Arguments::command(), "", &mut verbs);
        verbs.retain(|verb| !verb.starts_with("firmware"));
        let mut known: Vec<_> = EXAMPLES.iter().map(|(verb, _)| (*verb).to_owned()).collect();
        verbs.sort();
        known.sort();
        assert_eq!(known, verbs);
    }

    #[test]
    fn help_shows_them() {
        let mut program = with_examples(Arguments::command());
        let schedules = program.find_subcommand_mut("schedules").expect("it is there");
        let add = schedules.find_subcommand_mut("add").expect("it is there");
        let help = add.render_long_help().to_string();
        assert!(help.contains("Examples:\n  mainspring schedules add report"), "{help}");
    }
}

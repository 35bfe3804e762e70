//! The reviewed numbers: upper bounds of what is measured, give or take a little.

use std::collections::BTreeMap;
use std::fs;

/// Numbers by machine and label.
#[derive(Debug, Default)]
pub(crate) struct Measured(BTreeMap<String, u64>);

impl Measured {
    pub(crate) fn add(&mut self, target: &str, label: &str, number: u64) {
        self.0.insert(format!("{target} {label}"), number);
    }
}

/// Compares with the kept numbers.
///
/// # Errors
/// A line for each number that grew by more than [`GROWTH`] percent, or has no counterpart.
pub(crate) fn check(measured: &Measured) -> Result<(), String> {
    let text = fs::read_to_string(PATH).map_err(|error| format!("{PATH}: {error}"))?;
    let complaints = complaints(&parse(&text), &measured.0);
    if complaints.is_empty() {
        println!("\nNothing grew by more than {GROWTH} % over tests/size/kept.txt.");
        return Ok(());
    }
    let advice = "say why in the commit and run `cargo size --update`";
    Err(format!("not as in tests/size/kept.txt ({advice}):\n{}", complaints.join("\n")))
}

/// Keeps the measured numbers.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn update(measured: &Measured) -> Result<(), String> {
    let mut text = HEAD.to_owned();
    for (label, number) in &measured.0 {
        text.push_str(&format!("{label}: {number}\n"));
    }
    fs::write(PATH, text).map_err(|error| format!("{PATH}: {error}"))
}

fn parse(text: &str) -> BTreeMap<String, u64> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once(": "))
        .filter_map(|(label, number)| Some((label.to_owned(), number.parse().ok()?)))
        .collect()
}

fn complaints(kept: &BTreeMap<String, u64>, measured: &BTreeMap<String, u64>) -> Vec<String> {
    let mut complaints = Vec::new();
    for (label, number) in measured {
        match kept.get(label) {
            None => complaints.push(format!("  {label}: {number}, not kept yet")),
            Some(bound) if *number > bound + bound * GROWTH / 100 => {
                complaints.push(format!("  {label}: {number}, kept {bound}"));
            }
            Some(_) => {}
        }
    }
    for label in kept.keys().filter(|label| !measured.contains_key(*label)) {
        complaints.push(format!("  {label}: kept, but not measured any more"));
    }
    complaints
}

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/kept.txt");

/// By how many percent a number may grow without anybody saying why.
const GROWTH: u64 = 5;

const HEAD: &str = "\
# What `cargo size --check` compares with: bytes over an empty program, and instructions.
# Written by `cargo size --update`; a number that grows needs its reason in the commit.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> BTreeMap<String, u64> {
        parse(text)
    }

    #[test]
    fn growth_beyond_the_limit_and_unknown_labels_are_named() {
        let kept = numbers("# head\na b: 100\nc: 100\nd: 7\n");
        let measured = numbers("a b: 105\nc: 106\ne: 1\n");
        let expected =
            ["  c: 106, kept 100", "  e: 1, not kept yet", "  d: kept, but not measured any more"];
        assert_eq!(complaints(&kept, &measured), expected);
    }

    #[test]
    fn the_kept_file_has_a_number_in_every_line() {
        let text = include_str!("../kept.txt");
        let lines = text.lines().filter(|line| !line.starts_with('#')).count();
        assert!(lines > 0);
        assert_eq!(parse(text).len(), lines);
    }
}

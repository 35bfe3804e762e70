//! What is printed, for people to read.

use crate::image::{Kind, Taken};

pub(crate) fn heading(target: &str) {
    println!(
        "{target:<42}{:>8}{:>8}{:>10}{:>8}{:>8}{:>8}",
        "flash", "over", "statics", "stack", "RAM", "over"
    );
}

pub(crate) fn row(kind: &Kind, taken: &Taken, empty: &Taken) {
    let over = taken.over(empty);
    println!(
        "  {:<40}{:>8}{:>8}{:>10}{:>8}{:>8}{:>8}",
        kind.about,
        taken.flash,
        over.flash,
        taken.statics,
        or_dash(taken.stack),
        or_dash(taken.ram()),
        or_dash(over.ram()),
    );
    if let Some((flash, ram)) = kind.bar {
        println!(
            "  {:<40}{:>8}{flash:>8}{:>10}{:>8}{:>8}{ram:>8}",
            "  bar on thumbv6m", "", "", "", ""
        );
    }
}

/// Instructions, a column for each machine.
///
/// # Errors
/// If the machines counted different things.
pub(crate) fn counts(columns: &[Vec<(String, u64)>]) -> Result<(), String> {
    let Some(first) = columns.first() else { return Ok(()) };
    println!("{:<54}{:>14}{:>14}", "instructions", "thumbv6m", "thumbv7em");
    for (index, (label, _)) in first.iter().enumerate() {
        print!("  {label:<52}");
        for column in columns {
            match column.get(index) {
                Some((same, count)) if same == label => print!("{count:>14}"),
                _ => return Err(format!("one machine did not count `{label}`")),
            }
        }
        println!();
    }
    println!("  bars of `next_after` in UTC: 2500 on thumbv6m, 500 on thumbv7em");
    Ok(())
}

/// Bytes of records: the same on both machines.
pub(crate) fn records(records: &[(String, u64)]) {
    println!("{:<42}{:>8}", "records of the firmware's domain", "bytes");
    for (label, size) in records {
        println!("  {label:<40}{size:>8}");
    }
}

pub(crate) fn symbols(target: &str, name: &str, symbols: &[(u64, String)]) {
    println!("{name} on {target}, the largest symbols:");
    for (size, symbol) in symbols.iter().take(SHOWN) {
        println!("{size:>8}  {symbol}");
    }
}

pub(crate) fn files(target: &str, name: &str, files: &[(u64, String)]) {
    println!("{name} on {target}, bytes of code by source file:");
    for (size, file) in files.iter().take(SHOWN) {
        println!("{size:>8}  {file}");
    }
}

fn or_dash(number: Option<u64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.to_string())
}

/// Enough to see what dominates.
const SHOWN: usize = 60;

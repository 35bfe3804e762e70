//! How many crates a program takes along that only wants a scheduler in memory.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// More than this is a burden on those who build it, and audit it.
const MOST: usize = 40;

#[test]
fn a_scheduler_in_memory_takes_few_crates_along() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges=normal", "--prefix=none", "--no-dedupe"])
        .args(["--format={p}", "--package=mainspring", "--package=mainspring-memory"])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).expect("names are text");
    // A line is a name, a version, and where it comes from: two versions are two crates.
    let crates = tree.lines().filter(|line| !line.is_empty());
    let crates: BTreeSet<_> = crates.map(|line| line.split(" (").next().unwrap_or(line)).collect();
    println!("{} crates: {crates:?}", crates.len());
    assert!(crates.len() <= MOST, "{} crates: {crates:#?}", crates.len());
    for ours in ["mainspring ", "mainspring-memory ", "tokio "] {
        assert!(crates.iter().any(|one| one.starts_with(ours)), "{ours}is not counted");
    }
}

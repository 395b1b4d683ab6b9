//! lockrank_test.go

use gort_runtime2::{LOCK_NAMES, LOCK_PARTIAL_ORDER};
use gort_tests::{absent, go_command};
use std::collections::HashMap;
use std::process::Command;

/// What stands between two texts.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("no {from:?}")).1;
    rest.split_once(to).unwrap_or_else(|| panic!("no {to:?}")).0
}

/// The lines `KEY: VALUE,` of a table.
fn table<'a>(text: &'a str, from: &str) -> HashMap<&'a str, &'a str> {
    let lines = between(text, from, "\n}").lines().filter_map(|l| l.trim().split_once(':'));
    lines.map(|(k, v)| (k, v.trim().trim_end_matches(',').trim_matches(['"', '{', '}']))).collect()
}

/// The ranks, their names and their order are those that Go has generated.
///
/// Go (runtime): lockrank_test.go:16 TestLockRankGenerated
#[test]
fn the_tables_are_gos() {
    let Some(go) = go_command() else {
        return absent("Go 1.23", "the table of lock ranks is not compared with Go's");
    };
    let out =
        Command::new(go).args(["env", "GOROOT"]).env("GOTOOLCHAIN", "local").output().unwrap();
    let file = format!("{}/src/runtime/lockrank.go", String::from_utf8(out.stdout).unwrap().trim());
    let text = std::fs::read_to_string(file).unwrap();
    let ranks: Vec<&str> = between(&text, "const (\n", "\n)")
        .lines()
        .filter_map(|l| l.split("//").next().unwrap_or_default().split_whitespace().next())
        .collect();
    let names = table(&text, "var lockNames = []string{");
    let order = table(&text, "var lockPartialOrder [][]lockRank = [][]lockRank{");
    assert_eq!((ranks.len(), ranks[0]), (LOCK_NAMES.len(), "lockRankUnknown"));
    for (i, rank) in ranks.iter().enumerate() {
        assert_eq!(LOCK_NAMES[i], names.get(rank).copied().unwrap_or_default(), "{rank}");
        let after: Vec<&str> = LOCK_PARTIAL_ORDER[i].iter().map(|r| ranks[r.0 as usize]).collect();
        let want = order.get(rank).copied().unwrap_or_default();
        assert_eq!(after, want.split(", ").filter(|r| !r.is_empty()).collect::<Vec<_>>(), "{rank}");
    }
}

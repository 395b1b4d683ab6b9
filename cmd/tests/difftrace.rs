//! `gort diff --trace`: programs do the same, event by event, on real Go and on gort.

use gort_tests::{Outcome, absent, go_command, gort_command, wait};
use std::path::PathBuf;
use std::time::Duration;

fn diff(programs: &[&str]) -> Option<Outcome> {
    if go_command().is_none() {
        absent("Go", "traces are not compared");
        return None;
    }
    let mut c = gort_command()?;
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/go/corpus");
    c.args(["diff", "--trace"]).args(programs).current_dir(corpus);
    c.env_remove("GOMAXPROCS").env_remove("GODEBUG").env_remove("GORT_TRACE");
    Some(wait(c, b"", Duration::from_secs(600)))
}

/// What prints nothing is compared as well: who was created, ran, waited and why, was woken by
/// whom, ended.
#[test]
fn the_same_sequence() {
    let programs = [
        "order/gosched_takes_turns.go",
        "order/runnext_runs_first.go",
        "order/nested_go.go",
        "channels/close_wakes_receivers.go",
        "select/evaluates_all_operands.go",
        "sync/cond_bounded_queue.go",
    ];
    let Some(o) = diff(&programs) else { return };
    o.ok();
    let same =
        o.stdout.lines().filter(|l| l.contains(".go: same") || l.contains(".go: strays")).count();
    assert_eq!(same, programs.len(), "{o}");
}

#[test]
fn a_directory_is_refused() {
    let Some(o) = diff(&["order"]) else { return };
    o.exited(2).stderr_has("--trace is for programs of one file");
}

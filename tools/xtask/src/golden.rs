//! `cargo xtask golden`: records the expected events of `tests/go/order` from real Go.

use crate::golang;
use crate::process;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How often each case runs. Go is preemptive by the clock, so one run may differ from its own
/// order.
const RUNS: usize = 7;

/// Runs the command; the result is the exit status.
pub fn run(
    root: &Path,
    goroot: Option<PathBuf>,
    cases: &[String],
    check: bool,
) -> Result<u8, String> {
    let go = golang::goroot(goroot)?;
    let exe = std::env::temp_dir().join(format!("gort-golden-{}", std::process::id()));
    golang::build(&go, &root.join("tests/go/order"), &exe)?;
    let status = record(root, &exe, cases, check);
    let _ = std::fs::remove_file(&exe);
    status
}

fn record(root: &Path, exe: &Path, cases: &[String], check: bool) -> Result<u8, String> {
    let limit = Duration::from_secs(60);
    let mut known: Vec<String> =
        process::run(&mut Command::new(exe), limit)?.stderr.lines().map(str::to_string).collect();
    known.sort();
    if let Some(c) = cases.iter().find(|c| !known.contains(c)) {
        return Err(format!("tests/go/order has no case {c}; it has\n  {}", known.join(" ")));
    }
    let cases = if cases.is_empty() { &known } else { cases };
    let (mut changed, mut undecided) = (0, 0);
    for case in cases {
        let mut outputs: HashMap<String, usize> = HashMap::new();
        for _ in 0..RUNS {
            let mut cmd = Command::new(exe);
            cmd.env("ORDER", case).env("GOMAXPROCS", "1").env("GOGC", "off");
            let o = process::run(&mut cmd, limit)?;
            if o.code != Some(0) {
                return Err(format!("{case}: ended with {:?}\n{}", o.code, o.stderr));
            }
            *outputs.entry(o.stderr).or_default() += 1;
        }
        let mut outputs: Vec<(String, usize)> = outputs.into_iter().collect();
        outputs.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let (best, votes) = &outputs[0];
        for (other, n) in &outputs[1..] {
            println!("{case}: {n} of {RUNS} runs differ, {}", difference(best, other));
        }
        if 2 * votes <= RUNS {
            println!("{case}: no majority, not recorded");
            undecided += 1;
            continue;
        }
        let path = root.join("tests/golden/order").join(format!("{case}.txt"));
        let old = std::fs::read_to_string(&path).ok();
        if old.as_ref() != Some(best) {
            changed += 1;
            let what = old.map_or("new".into(), |old| difference(&old, best));
            println!("{case}: {} {what}", if check { "would change," } else { "recorded," });
            if !check {
                std::fs::write(&path, best).map_err(|e| format!("{}: {e}", path.display()))?;
            }
        }
    }
    // Recordings of cases that are no more.
    let dir = root.join("tests/golden/order");
    for e in std::fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?.flatten() {
        let path = e.path();
        if path.file_stem().is_some_and(|s| !known.iter().any(|k| s == k.as_str())) {
            println!("{}: tests/go/order has no such case", path.display());
            undecided += 1;
        }
    }
    println!("{} cases, {changed} changed, {undecided} to look at", cases.len());
    Ok(u8::from(undecided > 0 || (check && changed > 0)))
}

/// The first line in which two outputs differ.
fn difference(a: &str, b: &str) -> String {
    let (mut x, mut y, mut n) = (a.lines(), b.lines(), 1);
    loop {
        match (x.next(), y.next()) {
            (Some(l), Some(r)) if l == r => n += 1,
            (l, r) => {
                return format!("line {n}: {:?} and {:?}", l.unwrap_or("end"), r.unwrap_or("end"));
            }
        }
    }
}

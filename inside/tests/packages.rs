//! Go's own tests of its packages with the port inside: those that pass on unchanged Go, on the
//! same machine, pass, but for those in `inside/gotest.list`, each with a reason; and those do
//! fail.
//!
//! `GORT_PACKAGES=all` (or names with commas between): the packages of [`ALL`] and not only some
//! fast ones.

use gort_inside::command::{self, Options};
use gort_tests::{absent, go_command, wait};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What CI has time for each time.
const SOME: &[&str] = &["context", "iter", "sync", "sync/atomic"];
/// All that have to do with scheduling.
const ALL: &[&str] = &[
    "context",
    "internal/poll",
    "internal/trace",
    "iter",
    "net",
    "net/http",
    "os/exec",
    "os/signal",
    "runtime",
    "runtime/debug",
    "runtime/metrics",
    "runtime/pprof",
    "runtime/trace",
    "sync",
    "sync/atomic",
    "testing",
    "time",
];

/// What fails, as `PACKAGE TEST`: of subtests the whole name; a package that ends otherwise without
/// a test.
fn failures(c: Command) -> BTreeSet<String> {
    let o = wait(c, b"", Duration::from_secs(7200));
    let mut failed = BTreeSet::new();
    for l in o.stdout.lines() {
        let Ok(v) = serde_json::from_str::<serde_json::Value>(l) else { continue };
        if v["Action"] == "fail" {
            let test = v["Test"].as_str().unwrap_or("-");
            failed.insert(format!("{} {test}", v["Package"].as_str().unwrap_or("?")));
        }
    }
    // A test that fails makes those around it fail.
    let inner: Vec<_> = failed.iter().map(|f| f.split_once(' ').unwrap().0.to_string()).collect();
    failed.retain(|f| {
        let (package, test) = f.split_once(' ').unwrap();
        test != "-" || inner.iter().filter(|p| *p == package).count() == 1
    });
    assert!(o.code == 0 || !failed.is_empty(), "{o}");
    failed
}

#[test]
fn what_passes_on_go_passes_inside() {
    let Some(root) = go_command().and_then(|go| {
        let o = Command::new(go).args(["env", "GOROOT"]).output().ok()?;
        let root = PathBuf::from(String::from_utf8(o.stdout).ok()?.trim());
        std::fs::read_to_string(root.join("VERSION"))
            .is_ok_and(|v| v.starts_with("go1.23.1\n"))
            .then_some(root)
    }) else {
        return absent("Go 1.23.1", "none of Go's tests has had the port inside");
    };
    let wanted = std::env::var("GORT_PACKAGES").unwrap_or_default();
    let packages: Vec<&str> = match wanted.as_str() {
        "" => SOME.to_vec(),
        "all" => ALL.to_vec(),
        names => names.split(',').collect(),
    };
    let args: Vec<OsString> = ["test", "-short", "-json", "-count=1"]
        .iter()
        .chain(&packages)
        .map(OsString::from)
        .collect();
    let list =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/gotest.list")).unwrap();
    let expected: BTreeSet<String> = list
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(|l| {
            let (test, reason) = l.split_once(": ").expect("a reason");
            assert!(!reason.trim().is_empty(), "{l}");
            test.to_string()
        })
        .filter(|t| packages.contains(&t.split(' ').next().unwrap()))
        .collect();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gort");
    let o = Options { goroot: Some(root.clone()), ..Options::default() };
    let (c, _shadow) = command::prepare(&o, &args, &cache).unwrap();
    let inside = failures(c);
    // What fails on Go as well is none of the port's business; asked only if something fails.
    let mut own = BTreeSet::new();
    if inside != expected {
        let mut c = Command::new(root.join("bin/go"));
        c.args(&args).env("GOROOT", &root).env("GOTOOLCHAIN", "local");
        own = failures(c);
    }
    let new: Vec<_> = inside.difference(&expected).filter(|t| !own.contains(*t)).collect();
    let gone: Vec<_> = expected.difference(&inside).collect();
    println!(
        "{} packages, {} tests fail inside, {} on Go",
        packages.len(),
        inside.len(),
        own.len()
    );
    assert!(new.is_empty(), "these fail, and are not in gotest.list: {new:#?}");
    assert!(gone.is_empty(), "these do not fail, and are in gotest.list: {gone:#?}");
}

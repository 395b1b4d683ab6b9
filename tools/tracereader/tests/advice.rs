//! The advisor: what it finds in traces of programs with a fault, and in those of the same programs
//! without it (tests/go/trace/advice). The traces of tests/golden/trace/advice are recorded with
//! real Go 1.23.1; where Go is installed some are made anew.

use gort_tests::{absent, go_command, tests_dir};
use gort_tracereader::advice::{Advice, advise};
use gort_tracereader::summary::Summary;
use gort_tracereader::timeline::Timeline;
use gort_tracereader::{Reader, spec};
use std::path::{Path, PathBuf};
use std::process::Command;

fn advice(bytes: &[u8]) -> Advice {
    let (mut t, mut s) = (Timeline::default(), Summary::default());
    for e in Reader::new(bytes).unwrap() {
        let e = e.unwrap();
        t.event(&e);
        s.event(&e);
    }
    t.finish();
    s.finish();
    advise(&t, &s)
}

fn recorded(name: &str) -> Advice {
    let file = tests_dir().join(format!("golden/trace/advice/{name}.trace"));
    advice(&std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())))
}

fn rules(a: &Advice) -> Vec<&'static str> {
    let mut rules: Vec<_> = a.findings.iter().map(|f| f.rule).collect();
    rules.sort_unstable();
    rules
}

/// Program; GODEBUG=asyncpreemptoff=1; the fault's rule and a function of its place; what else is
/// found.
type Faulty = (&'static str, bool, &'static str, &'static str, &'static [&'static str]);

const FAULTY: [Faulty; 10] = [
    ("few", false, "few-ps", "", &[]),
    ("turns", false, "many-ps", "", &[]),
    ("waits", false, "idle-ps", "", &[]),
    ("hog", true, "hog", "main.hog.func1", &["few-ps"]),
    ("convoy", false, "convoy", ".locks.", &[]),
    ("calls", false, "syscalls", "main.calls", &[]),
    ("locked", false, "migration", "locked", &[]),
    ("starve", false, "starvation", "main.starve", &["few-ps"]),
    ("leak", false, "leak", "main.ask.func1", &[]),
    ("sleeper", true, "timers", "main.hog", &[]),
];

/// The same without the fault. What is found in them is right too: one P and twenty goroutines that
/// compute, or that do not end.
const SOUND: [(&str, &[&str]); 11] = [
    ("enough", &[]),
    ("stays", &[]),
    ("unlocked", &[]),
    ("hog", &["few-ps"]),
    ("own-locks", &[]),
    ("quiet-calls", &[]),
    ("fair", &["few-ps"]),
    ("no-leak", &[]),
    ("pool", &[]),
    ("sleeper", &[]),
    ("not-stopped", &[]),
];

fn file(program: &str, off: bool) -> String {
    if off { format!("{program}-off") } else { program.into() }
}

#[test]
fn each_fault_is_found() {
    for (program, off, rule, place, others) in FAULTY {
        let a = recorded(&file(program, off));
        let mut want = others.to_vec();
        want.push(rule);
        want.sort_unstable();
        assert_eq!(rules(&a), want, "{program}:\n{a}");
        let f = a.findings.iter().find(|f| f.rule == rule).unwrap();
        let there = place.is_empty() || f.stack.iter().any(|s| s.func.contains(place));
        assert!(there, "{program}:\n{a}");
        assert!(f.cost >= 10_000_000 && f.at >= 0 && f.at < a.span, "{program}: {f:?}");
    }
    let a = recorded("stopped");
    assert_eq!(rules(&a), ["stalls"], "{a}");
}

#[test]
fn nothing_else_is_found() {
    for (program, want) in SOUND {
        let a = recorded(program);
        assert_eq!(rules(&a), want, "{program}:\n{a}");
    }
}

#[test]
fn what_is_printed() {
    let text = recorded("convoy").to_string();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("1. A queue before one lock: main."), "{text}");
    assert!(lines[1].starts_with("   Cost: ") && lines[1].contains("; worst at "), "{text}");
    assert!(lines[2].contains(" waits of ") && lines[2].contains(" by 8 goroutines"), "{text}");
    assert!(lines[3].starts_with("     sync.(*Mutex).Lock sync/mutex.go:"), "{text}");
    assert!(lines.last().unwrap().starts_with("   Hold the lock for a shorter time"), "{text}");
    assert!(recorded("enough").to_string().starts_with("Nothing was found in "));
    let bytes = std::fs::read(tests_dir().join("golden/trace/events.trace")).unwrap();
    let text = advice(&bytes).to_string();
    assert!(text.starts_with("The trace is too short to judge: "), "{text}");
    // The costs fall.
    let starve = recorded("starve");
    assert!(
        starve.findings.windows(2).all(|f| f[0].cost >= f[1].cost) && starve.findings.len() > 1
    );
}

/// Wherever a trace ends, no rule stumbles.
#[test]
fn a_trace_that_is_cut() {
    for name in ["starve", "stopped", "locked", "leak"] {
        let file = tests_dir().join(format!("golden/trace/advice/{name}.trace"));
        let bytes = std::fs::read(file).unwrap();
        let events: Vec<_> = Reader::new(&bytes[..]).unwrap().map(Result::unwrap).collect();
        let mut judged = 0;
        for n in (0..events.len()).step_by(events.len() / 50 + 1) {
            let (mut t, mut s) = (Timeline::default(), Summary::default());
            for e in events[..n].iter().filter(|e| e.typ() != spec::SYNC) {
                t.event(e);
                s.event(e);
            }
            t.finish();
            s.finish();
            let a = advise(&t, &s);
            judged += usize::from(a.span >= 20_000_000);
            assert!(!a.to_string().is_empty());
        }
        assert!(judged > 10, "{name}");
    }
}

fn build(dir: &Path) -> Option<PathBuf> {
    let Some(go) = go_command() else {
        absent("Go 1.23", "the advisor sees recorded traces only");
        return None;
    };
    let program = dir.join("advice");
    let mut c = Command::new(go);
    c.args(["build", "-trimpath", "-o"]).arg(&program);
    c.arg(tests_dir().join("go/trace/advice/main.go"));
    assert!(c.env("GOTOOLCHAIN", "local").env("GOFLAGS", "").status().unwrap().success());
    Some(program)
}

fn record(exe: &Path, program: &str, off: bool, out: &Path) {
    let mut c = Command::new(exe);
    if program == "waits" {
        // One processor, that others wait for.
        c = Command::new("taskset");
        c.args(["-c", "0"]).arg(exe);
    }
    c.env("GODEBUG", if off { "asyncpreemptoff=1" } else { "" });
    assert!(c.arg(program).arg(out).status().unwrap().success(), "{program}");
}

/// The faults that a busy machine cannot hide.
#[test]
fn live() {
    let dir = tempfile::tempdir().unwrap();
    let Some(exe) = build(dir.path()) else { return };
    for (program, off, rule, ..) in FAULTY {
        if ["turns", "waits", "locked", "starve", "calls"].contains(&program) {
            continue;
        }
        let out = dir.path().join("trace");
        record(&exe, program, off, &out);
        let a = advice(&std::fs::read(&out).unwrap());
        assert!(rules(&a).contains(&rule), "{program}: no {rule}:\n{a}");
    }
}

/// Records the traces anew. A busy machine shows in them (rule `idle-ps`): as root, with
/// `chrt -f 1`, programs have the processors to themselves.
#[test]
#[ignore = "changes tests/golden"]
fn record_all() {
    let dir = tempfile::tempdir().unwrap();
    let exe = build(dir.path()).expect("Go");
    let out = tests_dir().join("golden/trace/advice");
    std::fs::create_dir_all(&out).unwrap();
    let faulty = FAULTY.iter().map(|f| (f.0, f.1)).chain([("stopped", false)]);
    for (program, off) in faulty.chain(SOUND.map(|s| (s.0, false))) {
        record(&exe, program, off, &out.join(format!("{}.trace", file(program, off))));
    }
}

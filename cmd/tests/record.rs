//! `gort run --trace FILE`, `GORT_TRACE=FILE`: what is recorded is a valid trace, for gort's
//! validator and for Go's, however the program ends.

use gort_tests::{Outcome, absent, go_command, wait};
use gort_tracereader::validate;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn gort(args: &[&str], env: &[(&str, &str)]) -> Outcome {
    let mut cmd = Command::new(env!("CARGO_BIN_EXE_gort"));
    for k in ["GOMAXPROCS", "GODEBUG", "GOTRACEBACK", "GORTSTACK", "GORT_TRACE"] {
        cmd.env_remove(k);
    }
    cmd.args(args).envs(env.iter().copied());
    wait(cmd, b"", Duration::from_secs(120))
}

/// Go's validator, built in the GOROOT that it is a part of.
fn gotracevalidate(dir: &Path) -> Option<PathBuf> {
    let Some(go) = go_command() else {
        absent("Go", "its validator has not seen the traces");
        return None;
    };
    let o = Command::new(&go).args(["env", "GOROOT"]).output().expect("go env");
    let root = PathBuf::from(String::from_utf8_lossy(&o.stdout).trim());
    let exe = dir.join("gotracevalidate");
    let mut c = Command::new(&go);
    c.args(["build", "-o"]).arg(&exe).arg("internal/trace/testdata/cmd/gotracevalidate");
    c.current_dir(root.join("src")).env("GOTOOLCHAIN", "local").env("GOFLAGS", "");
    let o = c.output().expect("go build");
    assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
    Some(exe)
}

/// Both validators take it; the number of its events.
fn valid(file: &Path, go: Option<&Path>, what: &str) -> usize {
    let trace = std::fs::read(file).unwrap_or_else(|e| panic!("{what}: {e}"));
    let n = validate::check(&trace[..]).unwrap_or_else(|e| panic!("{what}: {e}"));
    if let Some(go) = go {
        let mut c = Command::new(go);
        c.stdin(std::fs::File::open(file).expect("the trace"));
        let o = c.output().expect("gotracevalidate");
        assert!(o.status.success(), "{what}: Go: {}", String::from_utf8_lossy(&o.stderr));
    }
    n
}

/// The examples, with sizes at which each does all that it can.
const EXAMPLES: &[(&str, &str, i32)] = &[
    ("hello", "3", 0),
    ("sieve", "100", 0),
    ("ring", "5", 0),
    ("pingpong", "3000", 0),
    ("tree", "12", 0),
    ("pipeline", "3000", 0),
    ("mutex", "3000", 0),
    ("sleepers", "500", 0),
    ("ticker", "2", 0),
    ("million", "5000", 0),
    ("echo", "2000", 0),
    ("http", "1000", 0),
    ("pull", "10", 0),
    ("deadlock", "3", 2),
    ("panic", "3", 2),
    ("overflow", "1", 2),
    ("goexit", "2", 2),
    #[cfg(feature = "grow")]
    ("grow", "50000", 0),
];

#[test]
fn every_example() {
    let o = gort(&["run", "--list"], &[]);
    for l in o.ok().stdout.lines() {
        let name = l.split_whitespace().next().unwrap_or_default();
        assert!(name == "signals" || EXAMPLES.iter().any(|e| e.0 == name), "{name}");
    }
    let dir = tempfile::tempdir().unwrap();
    let go = gotracevalidate(dir.path());
    let file = dir.path().join("trace");
    for (name, n, code) in EXAMPLES {
        for procs in ["1", "2", "4", "64"] {
            let what = format!("{name} -n {n} -p {procs}");
            let o =
                gort(&["run", "--trace", file.to_str().unwrap(), "-p", procs, name, "-n", n], &[]);
            assert_eq!(o.code, *code, "{what}\n{o}");
            assert!(valid(&file, go.as_deref(), &what) > 10, "{what}");
        }
    }
}

/// What a program does is the same with a trace: here the order in which goroutines run, by their
/// output.
#[test]
fn a_deadlock_is_found_and_in_the_trace() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("trace");
    let plain = gort(&["run", "-p", "1", "deadlock"], &[]);
    let traced = gort(&["run", "-p", "1", "deadlock"], &[("GORT_TRACE", file.to_str().unwrap())]);
    plain.exited(2).stderr_has("all goroutines are asleep - deadlock!");
    assert_eq!(plain.stderr, traced.stderr);
    let o = gort(&["trace", "--events", file.to_str().unwrap()], &[]);
    // The main goroutine's last event is that it waits.
    let last =
        o.ok().stdout.lines().rfind(|l| l.contains("GoID=1 ")).unwrap_or_default().to_string();
    assert!(last.contains("Running->Waiting") && last.contains("chan receive"), "{last}\n{o}");
}

#[test]
fn a_file_that_cannot_be_written() {
    let o = gort(&["run", "--trace", "/nowhere/t", "hello"], &[]);
    o.exited(1)
        .stdout_is("")
        .stderr_has("gort: GORT_TRACE: cannot write /nowhere/t: No such file or directory");
    // A disk that is full: told once, and the program goes on.
    if Path::new("/dev/full").exists() {
        let o = gort(&["run", "--trace", "/dev/full", "sieve", "-n", "200"], &[]);
        o.ok().stderr_has("gort: the trace is incomplete: its file cannot be written (error 28)");
        assert_eq!(o.stderr.matches("incomplete").count(), 1, "{o}");
    }
    // None is asked for.
    gort(&["run", "hello"], &[("GORT_TRACE", "")]).ok();
}

/// `%p` is the process's number: a program's children write files of their own.
#[test]
fn a_file_for_each_process() {
    let dir = tempfile::tempdir().unwrap();
    gort(&["run", "hello"], &[("GORT_TRACE", dir.path().join("t%p").to_str().unwrap())]).ok();
    let files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let name = files[0].file_name().unwrap().to_str().unwrap();
    assert!(name[1..].parse::<u32>().is_ok(), "{name}");
    valid(&files[0], None, name);
}

/// Package runtime/trace, and testing's `-test.trace`, in a Go program.
#[test]
fn a_go_program_records_itself() {
    use gort_tracereader::{Reader, event::Kind};
    let dir = tempfile::tempdir().unwrap();
    let go = gotracevalidate(dir.path());
    let program = gort_tests::tests_dir().join("go/trace/program/main.go");
    let [a, b] = ["a", "b"].map(|f| dir.path().join(f));
    for procs in ["1", "4"] {
        let args = ["run", program.to_str().unwrap(), a.to_str().unwrap(), b.to_str().unwrap()];
        let Some(mut cmd) = gort_tests::gort_command() else { return };
        cmd.args(args).env("GOMAXPROCS", procs).env_remove("GORT_TRACE");
        let o = wait(cmd, b"", Duration::from_secs(300));
        o.ok().stdout_is("true runtime error: tracing is already enabled\nfalse <nil>\nPASS\n");
        for (file, expected) in [(&a, [1, 1, 3, 3, 3]), (&b, [0, 0, 0, 0, 1])] {
            valid(file, go.as_deref(), procs);
            let trace = std::fs::read(file).unwrap();
            let mut r = Reader::new(&trace[..]).unwrap();
            let mut n = std::collections::HashMap::new();
            while let Some(e) = r.read_event().unwrap() {
                *n.entry(e.kind()).or_insert(0) += 1;
            }
            let kinds =
                [Kind::TaskBegin, Kind::TaskEnd, Kind::RegionBegin, Kind::RegionEnd, Kind::Log];
            assert_eq!(kinds.map(|k| n.get(&k).copied().unwrap_or(0)), expected);
        }
    }
}

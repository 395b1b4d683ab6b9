//! The corpus and random programs with the port inside of real Go: what they do is what real Go
//! did.
//!
//! * `GORT_CORPUS=all cargo test -p gort-inside --test corpus`: all programs of tests/go/corpus,
//!   and not only some of each group
//! * `GORT_SEEDS=N`: so many random programs, `GORT_SEED_BASE` the first one's seed
//! * `GORT_REQUESTS=N`: so many requests to a web server
//! * `GORT_SOAK=SECONDS`: for so long everything at once

#[path = "../compile.rs"]
mod compile;

use gort_diff::process::Status;
use gort_generator::{INTERPRETER, PROGRAM, Program};
use gort_inside::command::{self, Options};
use gort_tests::{
    Outcome, absent, go_answer, go_command, normalise_program, tests_dir, undisturbed, wait,
};
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For one program, on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);
/// For go, which may have std to build.
const BUILD: Duration = Duration::from_secs(3600);

/// Kept between runs, as that of the other tests: std is built in it.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("gort")
}

fn options() -> Option<Options> {
    let root = go_command().and_then(|go| {
        let o = Command::new(go).args(["env", "GOROOT"]).output().ok()?;
        let root = PathBuf::from(String::from_utf8(o.stdout).ok()?.trim());
        std::fs::read_to_string(root.join("VERSION"))
            .is_ok_and(|v| v.starts_with("go1.23.1\n"))
            .then_some(root)
    });
    if root.is_none() {
        absent("Go 1.23.1", "no program has had the port inside");
    }
    root.map(|g| Options { goroot: Some(g), ..Options::default() })
}

fn strings(a: &[&str]) -> Vec<OsString> {
    a.iter().map(OsString::from).collect()
}

/// `go build ARGS` in `dir`: with the port, or real Go's own.
fn build(o: &Options, inside: bool, dir: &Path, args: &[&str]) {
    let args = [&["build"], args].concat();
    let (mut c, _shadow) = if inside {
        let (c, s) = command::prepare(o, &strings(&args), &cache()).unwrap();
        (c, Some(s))
    } else {
        let root = o.goroot.as_ref().unwrap();
        let mut c = Command::new(root.join("bin/go"));
        c.args(&args).env("GOROOT", root);
        (c, None)
    };
    c.current_dir(dir)
        .env("CGO_ENABLED", "0")
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "-mod=mod");
    wait(c, b"", BUILD).ok();
}

/// The programs of `tests/go/corpus`, or some.
fn programs() -> Vec<PathBuf> {
    let entries = |d: &Path| {
        let mut v: Vec<_> = std::fs::read_dir(d).unwrap().map(|e| e.unwrap().path()).collect();
        v.sort();
        v
    };
    let all = std::env::var("GORT_CORPUS").is_ok_and(|v| v == "all");
    let mut v = vec![];
    for group in entries(&tests_dir().join("go/corpus")).into_iter().filter(|d| d.is_dir()) {
        let files =
            entries(&group).into_iter().filter(|f| f.extension().is_some_and(|e| e == "go"));
        // Two of each group, if not all: building one takes seconds.
        v.extend(files.take(if all { usize::MAX } else { 2 }));
    }
    v
}

#[test]
fn the_corpus_does_the_same() {
    let Some(o) = options() else { return };
    let dir = tempfile::tempdir().unwrap();
    let files = programs();
    std::fs::write(dir.path().join("go.mod"), "module corpus\n\ngo 1.23\n").unwrap();
    std::fs::create_dir(dir.path().join("bin")).unwrap();
    // The language of the golden files is that of gccgo 12.
    let mut args =
        vec!["-gcflags=-lang=go1.18".to_string(), "-ldflags=-w".into(), "-o".into(), "bin/".into()];
    for f in &files {
        let name = f.file_stem().unwrap().to_str().unwrap();
        std::fs::create_dir(dir.path().join(name)).unwrap();
        std::fs::copy(f, dir.path().join(name).join(f.file_name().unwrap())).unwrap();
        args.push(format!("./{name}"));
    }
    build(&o, true, dir.path(), &args.iter().map(String::as_str).collect::<Vec<_>>());
    let (mut n, mut wrong) = (0, vec![]);
    for f in &files {
        let text = std::fs::read_to_string(f).unwrap();
        let mut cases: Vec<Value> = text
            .lines()
            .filter_map(|l| l.strip_prefix("//corpus:run "))
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        if cases.is_empty() {
            cases.push(Value::Object(serde_json::Map::default()));
        }
        let several = cases.len() > 1;
        let stem = f.file_stem().unwrap().to_str().unwrap();
        let group = f.parent().unwrap().file_name().unwrap().to_str().unwrap();
        for c in cases {
            let list = |k: &str| c[k].as_array().cloned().unwrap_or_default();
            let args: Vec<String> =
                list("args").iter().map(|a| a.as_str().unwrap().into()).collect();
            let order = c["order"] == true;
            let mut name = c["name"].as_str().unwrap_or_default().to_string();
            if name.is_empty() && several {
                name = args.join("_");
            }
            let dot = if name.is_empty() { "" } else { "." };
            let golden =
                tests_dir().join("golden/corpus").join(format!("{group}/{stem}{dot}{name}.txt"));
            let golden = std::fs::read_to_string(&golden).unwrap();
            let mut procs: Vec<u64> = list("procs").iter().filter_map(Value::as_u64).collect();
            if order {
                procs = vec![1];
            } else if procs.is_empty() {
                procs = vec![0];
            }
            for p in procs {
                let exe = dir.path().join("bin").join(stem);
                let run = || {
                    let mut r = if order { undisturbed(&exe) } else { Command::new(&exe) };
                    r.args(&args)
                        .env("GOGC", "off")
                        .env_remove("GOTRACEBACK")
                        .env_remove("GODEBUG");
                    r.env_remove("GOMAXPROCS");
                    if p != 0 {
                        r.env("GOMAXPROCS", p.to_string());
                    }
                    for (k, v) in c["env"].as_object().into_iter().flatten() {
                        r.env(k, v.as_str().unwrap());
                    }
                    let stdin = c["stdin"].as_str().unwrap_or_default();
                    normalise_program(&wait(r, stdin.as_bytes(), LIMIT), c["messages"] != true)
                };
                // As often as Go itself gets it.
                let got = if order { go_answer(&golden, run) } else { run() };
                n += 1;
                if got != golden {
                    let at = got.lines().zip(golden.lines()).take_while(|(a, b)| a == b).count();
                    let from = |s: &str| s.lines().skip(at).take(8).collect::<Vec<_>>().join("\n");
                    wrong.push(format!(
                        "{group}/{stem}{dot}{name}@{p}, line {}\n--- inside\n{}\n--- golden\n{}",
                        at + 1,
                        from(&got),
                        from(&golden)
                    ));
                }
            }
        }
    }
    println!("{n} runs of {} programs", files.len());
    assert!(wrong.is_empty(), "{} of {n}:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// A random program on an interpreter that is built once.
fn interpret(exe: &Path, seed: u64) -> String {
    let mut c = undisturbed(exe);
    c.env(PROGRAM, Program::new(seed).data()).env("GOMAXPROCS", "1").env("GOGC", "off");
    c.env_remove("GODEBUG").env_remove("GOTRACEBACK");
    let o = gort_diff::process::run(&mut c, b"", Duration::from_secs(60)).unwrap();
    if o.status == Status::Hung {
        return "it hangs".into();
    }
    normalise_program(&Outcome { code: o.status.code(), stdout: o.stdout, stderr: o.stderr }, true)
}

/// The interpreter: real Go's, and with the port, or with that object, inside.
fn interpreters(o: &Options, dir: &Path) -> (PathBuf, PathBuf) {
    std::fs::write(dir.join("interpreter.go"), INTERPRETER).unwrap();
    let (real, inside) = (dir.join("real"), dir.join("inside"));
    build(o, false, dir, &["-gcflags=-lang=go1.18", "-o", "real", "interpreter.go"]);
    build(o, true, dir, &["-gcflags=-lang=go1.18", "-o", "inside", "interpreter.go"]);
    (real, inside)
}

/// Whether the second does something that the first does not do: as `gort diff`, by sets.
fn differs(real: &Path, other: &Path, seed: u64, rounds: u32) -> bool {
    let (mut a, mut b) = (vec![], vec![]);
    for i in 0..rounds {
        a.push(interpret(real, seed));
        b.push(interpret(other, seed));
        if b[b.len() - 1] == "it hangs" && !a.contains(&b[b.len() - 1]) {
            return true;
        }
        if b.iter().all(|x| a.contains(x)) && i + 1 >= rounds.min(2) {
            return false;
        }
    }
    // A stray is no difference: the clock ends time slices on a busy machine.
    let strays = b.iter().filter(|x| !a.contains(x)).count();
    2 * strays > b.len()
}

#[test]
fn random_programs_do_the_same() {
    let Some(o) = options() else { return };
    let number = |k: &str, d: u64| std::env::var(k).ok().and_then(|v| v.parse().ok()).unwrap_or(d);
    let (n, base) = (number("GORT_SEEDS", 100), number("GORT_SEED_BASE", 2_000_000));
    let dir = tempfile::tempdir().unwrap();
    let (real, inside) = interpreters(&o, dir.path());
    let wrong: Vec<_> = (base..base + n).filter(|&s| differs(&real, &inside, s, 16)).collect();
    assert!(wrong.is_empty(), "seeds {wrong:?} of {base} to {}", base + n);
    println!("{n} random programs, from seed {base} on");
}

/// What shows a bug.
#[derive(Clone, Copy)]
enum By {
    /// The random program of this seed does something else.
    Seed(u64),
    /// `tests/programs.go` ends so, in one of some runs.
    Programs(End),
    /// So does `tests/server.go`.
    Server(End),
    /// So does `tests/scan.go`.
    Scan(End),
}
use By::{Programs, Scan, Seed, Server};

impl By {
    /// The program, its argument, and how its output ends with which exit status if all is well.
    fn program(self) -> Option<(&'static str, &'static [&'static str], &'static str, i32)> {
        match self {
            Seed(_) => None,
            Programs(_) => Some(("tests/programs.go", &[], "deferred\n", 2)),
            Server(_) => Some(("tests/server.go", &["500"], "500 requests\n", 0)),
            Scan(_) => Some(("tests/scan.go", &[], "scanned\n", 0)),
        }
    }
}

/// Bugs in the port. The first eight are those of `gort diff`'s twelve whose place is in functions
/// that are swapped: its other four are in channels, semaphores and timers, which are Go's here.
const PLANTED: &[(&str, By)] = &[
    ("runnext is off", Seed(1_000_022)),
    ("runnext has a slice of its own", Seed(1_000_204)),
    ("the readied goes to the tail", Seed(1_000_022)),
    ("no 61st tick", Seed(1_000_182)),
    ("every 64th tick", Seed(1_000_182)),
    ("overflow moves a quarter", Seed(1_000_114)),
    ("the global queue gives one at a time", Seed(1_000_032)),
    ("Gosched goes to the front", Seed(1_000_084)),
    ("notewakeup wakes nobody", Programs(End::Hangs)),
    ("unlock2 wakes nobody", Programs(End::Hangs)),
    ("the poller keeps its place", Server(End::Badly)),
    ("casgstatus ignores the scan bit", Scan(End::Badly)),
];

/// With a bug in the port, programs do something else; without, they do not.
#[test]
fn planted_bugs_are_found() {
    let Some(mut o) = options() else { return };
    let dir = tempfile::tempdir().unwrap();
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (real, inside) = interpreters(&o, dir.path());
    let all = std::env::var("GORT_CORPUS").is_ok_and(|v| v == "all");
    let shown = |o: &Options, by: By, name: &str| match by {
        Seed(seed) => {
            if name == "planted" {
                build(
                    o,
                    true,
                    dir.path(),
                    &["-gcflags=-lang=go1.18", "-o", name, "interpreter.go"],
                );
            }
            let exe = if name == "planted" { dir.path().join(name) } else { inside.clone() };
            (differs(&real, &exe, seed, 5), "does something else".to_string())
        }
        Programs(end) | Server(end) | Scan(end) => {
            let (file, ..) = by.program().unwrap();
            build(o, true, dir.path(), &["-o", name, crate_dir.join(file).to_str().unwrap()]);
            let is = ends(&dir.path().join(name), by);
            (is == end, format!("{is:?}"))
        }
    };
    let mut table = vec![];
    for &(bug, by) in PLANTED.iter().filter(|(b, _)| {
        all || { ["no 61st tick", "runnext is off", "casgstatus ignores the scan bit"].contains(b) }
    }) {
        let to = tempfile::tempdir().unwrap();
        o.object = Some(compile::compile(crate_dir, to.path(), Some(bug)).unwrap().0);
        let (found, how) = shown(&o, by, "planted");
        println!("{bug}: {}: {how}", if found { "found" } else { "NOT FOUND" });
        table.push((bug, found));
    }
    // The controls.
    o.object = None;
    for by in [Programs(End::Well), Server(End::Well), Scan(End::Well)] {
        let (well, how) = shown(&o, by, "control");
        assert!(well, "without a bug: {how}");
    }
    for (_, by) in PLANTED.iter().filter(|(_, by)| all && matches!(by, Seed(_))) {
        assert!(!shown(&o, *by, "control").0);
    }
    assert!(table.iter().all(|t| t.1), "{table:?}");
}

/// How runs of a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Well,
    /// Not within a minute; they take a few seconds.
    Hangs,
    /// With another status or output: a throw, say.
    Badly,
}

/// The first end of some runs that is not good.
fn ends(exe: &Path, by: By) -> End {
    let (_, args, last, code) = by.program().unwrap();
    for procs in ["2", "8", "2", "8", "2", "8"] {
        let mut c = Command::new(exe);
        c.args(args).env("GOMAXPROCS", procs).env_remove("GODEBUG");
        let o = gort_diff::process::run(&mut c, b"", Duration::from_secs(60)).unwrap();
        if o.status == Status::Hung {
            return End::Hangs;
        }
        if !o.stdout.ends_with(last) || o.status.code() != code {
            return End::Badly;
        }
    }
    End::Well
}

/// A web server with type parameters, JSON and the collector at work.
#[test]
fn a_server_serves() {
    let Some(o) = options() else { return };
    let dir = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server.go");
    build(&o, true, dir.path(), &["-o", "server", source.to_str().unwrap()]);
    let n = std::env::var("GORT_REQUESTS").unwrap_or_else(|_| "2000".into());
    let mut c = Command::new(dir.path().join("server"));
    c.arg(&n).env("GODEBUG", "gctrace=1,gortinside=1");
    let o = wait(c, b"", Duration::from_secs(1800));
    let collections = o.ok().stderr.lines().filter(|l| l.starts_with("gc ")).count();
    assert_eq!(o.stdout, format!("{n} requests\n"));
    assert!(collections >= 3 && o.stderr.contains("gort: inside"), "{}", o.stderr);
    println!("{n} requests, {collections} collections");
}

/// Everything at once, with ever other settings of the collector. A wake-up that is lost is found
/// by the program itself.
#[test]
fn a_soak() {
    let Some(o) = options() else { return };
    let dir = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/soak.go");
    build(&o, true, dir.path(), &["-o", "soak", source.to_str().unwrap()]);
    let mut left: u64 = std::env::var("GORT_SOAK").ok().and_then(|v| v.parse().ok()).unwrap_or(5);
    // With gcstoptheworld=2 Go itself leaves some kinds of work without a turn for more than half a
    // minute.
    let settings = ["", "gccheckmark=1", "gcstoptheworld=1", "asyncpreemptoff=1"];
    for godebug in settings.iter().cycle() {
        let seconds = left.min(60);
        let mut c = Command::new(dir.path().join("soak"));
        c.arg(seconds.to_string())
            .env("GODEBUG", godebug)
            .env("GOGC", "1")
            .env_remove("GOMAXPROCS");
        let o = wait(c, b"", LIMIT);
        println!("{seconds} s, GODEBUG={godebug}: {}", o.ok().stdout.trim());
        left -= seconds;
        if left == 0 {
            return;
        }
    }
}

//! The reader beside Go's own: the same verdict on the same file, and the same text for each event.
//!
//! Traces are made event by event ([`Trace`]); by a real Go program (tests/go/trace/events),
//! recorded in tests/golden/trace and made anew where Go is installed; and by changing such traces
//! at random.

mod made;

use gort_tests::{absent, go_command, tests_dir};
use gort_tracereader::Reader;
use gort_tracereader::spec::*;
use gort_tracereader::summary::Summary;
use gort_tracereader::validate::Validator;
use made::{Ev, Trace, batch, events, mutate, uvarint, valid};
use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What is wrong with a trace, by this reader; and the texts of its events.
fn check(bytes: &[u8]) -> (Result<(), String>, Vec<String>) {
    let (mut texts, mut v) = (Vec::new(), Validator::default());
    let mut read = || -> Result<(), String> {
        for e in Reader::new(bytes).map_err(|e| e.to_string())? {
            let e = e.map_err(|e| e.to_string())?;
            texts.push(e.to_string());
            v.event(&e)?;
        }
        Ok(())
    };
    (read(), texts)
}

/// A change of the valid trace, and what is wrong with it then; recorded from gotracevalidate of Go
/// 1.23.1.
type Variant = (&'static str, Trace, Result<(), &'static str>);

fn variants() -> Vec<Variant> {
    let with = |change: &dyn Fn(&mut Trace)| {
        let mut t = valid();
        change(&mut t);
        t
    };
    let next = |evs: &[(u64, &[Ev])], strings: bool| {
        let mut out = Vec::new();
        for (m, evs) in evs {
            batch(&mut out, 2, *m, 2000, &events(2000, evs));
        }
        let mut f = vec![FREQUENCY];
        uvarint(&mut f, 15_625_000);
        batch(&mut out, 2, u64::MAX, 0, &f);
        if strings {
            batch(&mut out, 2, u64::MAX, 0, &[STRINGS]);
        }
        out
    };
    // In the next generation goroutine 1 runs on M 12 with P 0, and P 1 is idle. No two events have
    // one time: Go's reader orders those by its map of batches, differently in each run.
    let m12: &[Ev] = &[(2002, PROC_STATUS, vec![0, 1]), (2004, GO_STATUS, vec![1, 12, 2])];
    let m11 = |seq: u64| -> Vec<Ev> {
        vec![
            (2001, PROC_STATUS, vec![1, 2]),
            (2003, PROC_START, vec![1, seq]),
            (2005, PROC_STOP, vec![]),
        ]
    };
    vec![
        ("valid", valid(), Ok(())),
        ("of 1.22", with(&|t| t.version = 22), Ok(())),
        (
            "a sweep that goes on",
            with(&|t| {
                t.ms[0].1.insert(1, (1002, GC_SWEEP_ACTIVE, vec![0]));
                t.ms[0].1.insert(7, (1011, GC_SWEEP_END, vec![8192, 0]));
            }),
            Ok(()),
        ),
        ("of 1.25", with(&|t| t.version = 25), Err("unknown or unsupported trace version go 1.25")),
        ("of 1.20", with(&|t| t.version = 20), Err("unknown or unsupported trace version go 1.20")),
        ("no frequency", with(&|t| t.frequency = None), Err("no frequency event found")),
        (
            "unknown stack",
            with(&|t| t.find(0, GO_BLOCK).2[1] = 99),
            Err("found invalid stack ID 99 for event GoBlock"),
        ),
        (
            "unknown string",
            with(&|t| t.strings.retain(|s| s.0 != 1)),
            Err("found invalid string ID 1 for event GoBlock"),
        ),
        (
            "unknown name of a frame",
            with(&|t| t.strings.retain(|s| s.0 != 7)),
            Err("found invalid func string ID 7 for stack 3"),
        ),
        (
            "number of a goroutine left out",
            with(&|t| t.find(1, GO_START).2[1] = 3),
            Err("broken trace: failed to advance"),
        ),
        (
            "number of a P in a system call left out",
            with(&|t| t.find(0, GO_SYSCALL_BEGIN).2[0] = 2),
            Err("failed to advance GoSyscallBegin: can't make sequence: 0 (gen=1) -> 2 (gen=1)"),
        ),
        ("no steal", valid().without(1, PROC_STEAL), Err("broken trace: failed to advance")),
        (
            "stolen from another thread",
            with(&|t| t.find(1, PROC_STEAL).2[2] = 12),
            Err("tried to self-steal proc 0 (thread 12), but got proc -1 instead"),
        ),
        (
            "no status of a goroutine",
            valid().without(0, GO_STATUS),
            Err("expected a goroutine but didn't have one"),
        ),
        (
            "no status of a P",
            valid().without(1, PROC_STATUS),
            Err("broken trace: failed to advance"),
        ),
        (
            "GOMAXPROCS without a goroutine",
            with(&|t| t.ms[0].1.swap(1, 2)),
            Err("expected a goroutine but didn't have one"),
        ),
        (
            "a goroutine twice",
            with(&|t| t.ms[1].1.push((1090, GO_CREATE, vec![1, 2, 0]))),
            Err("tried to create goroutine (1) that already exists"),
        ),
        (
            "the world stopped twice",
            with(&|t| t.ms[0].1.insert(4, (1005, STW_BEGIN, vec![6, 1]))),
            Err("discovered event already in-flight for when starting event STWBegin"),
        ),
        ("generation 0", with(&|t| t.generation = 0), Err("invalid generation number 0")),
        (
            "a generation left out",
            with(&|t| batch(&mut t.more, 3, 11, 2000, &[])),
            Err("generations out of order"),
        ),
        ("a clock before", with(&|t| t.ms[1].1.iter_mut().for_each(|e| e.0 += 40)), Ok(())),
        ("a clock behind", with(&|t| t.ms[1].1.iter_mut().for_each(|e| e.0 -= 41)), Ok(())),
        (
            "a goroutine that comes late",
            with(&|t| {
                t.more = next(
                    &[(
                        11,
                        &[
                            (2001, PROC_STATUS, vec![1, 2]),
                            (2002, GO_STATUS, vec![42, u64::MAX, 4]),
                        ],
                    )],
                    true,
                )
            }),
            Err(
                "found goroutine status for new goroutine after the first generation: id=42 status=Waiting",
            ),
        ),
        (
            "a second generation",
            with(&|t| t.more = next(&[(11, &m11(1)), (12, m12)], false)),
            Ok(()),
        ),
        (
            "a second generation that counts on",
            with(&|t| t.more = next(&[(11, &m11(2)), (12, m12)], false)),
            Err("broken trace: failed to advance"),
        ),
        (
            "a second generation without status",
            with(&|t| t.more = next(&[(11, &m11(1)[1..]), (12, m12)], false)),
            Err("broken trace: failed to advance"),
        ),
        (
            "129 frames",
            with(&|t| t.stacks[0].1 = vec![[1, 2, 3, 1]; 129]),
            Err("invalid stack size 129, maximum is 128"),
        ),
        (
            "a long string",
            with(&|t| t.strings[0].1 = vec![b'x'; 1025]),
            Err("invalid string size 1025, maximum is 1024"),
        ),
        (
            "a string twice",
            with(&|t| t.strings.push((1, b"x".to_vec()))),
            Err("multiple strings with the same ID: id=1, new=x, existing=chan receive"),
        ),
        (
            "a status that is none",
            with(&|t| t.find(0, PROC_STATUS).2[1] = 9),
            Err("invalid status for proc 0: 9"),
        ),
        (
            "an event without time",
            with(&|t| t.find(0, STW_END).1 = EVENT_BATCH),
            Err("found event without a timestamp: type=1"),
        ),
        (
            "an event that is none",
            with(&|t| t.find(0, STW_END).1 = 200),
            Err("found invalid event type: 200"),
        ),
    ]
}

/// Each text is Go's; where it differs in what Go adds for lists, the beginning.
fn agrees(got: &Result<(), String>, want: Result<(), &str>) -> bool {
    match (got, want) {
        (Ok(()), Ok(())) => true,
        (Err(g), Err(w)) => g.starts_with(w),
        _ => false,
    }
}

#[test]
fn verdicts() {
    for (name, t, want) in variants() {
        let (got, _) = check(&t.bytes());
        assert!(agrees(&got, want), "{name}: {got:?}, want {want:?}");
    }
}

/// Where it is broken: the thread and the place in the file.
#[test]
fn place_of_the_error() {
    let mut t = valid();
    t.find(0, GO_BLOCK).2[1] = 99;
    let bytes = t.bytes();
    let e = Reader::new(&bytes[..]).unwrap().find_map(Result::err).unwrap();
    assert_eq!(e.m, Some(11));
    assert_eq!(bytes[e.offset.unwrap() as usize], GO_BLOCK);
}

#[test]
fn what_is_no_trace() {
    let text = |b: &[u8]| check(b).0.unwrap_err();
    let no = "bad file format: not a Go execution trace? (offset 0)";
    for b in [
        &b""[..],
        b"go 1.",
        b"go 1.x trace",
        b"go 1.23 trice\0\0\0",
        b"\x7fELF",
        b"go 1.99999999999 trace\0\0\0",
    ] {
        assert_eq!(text(b), no);
    }
    assert!(
        text(b"go 1.21 trace\0\0\0")
            .contains("this reader knows the formats of go 1.22 and go 1.23")
    );
    assert_eq!(text(b"go 1.23 trace\0\0\0"), "no frequency event found (offset 16)");
    let whole = valid().bytes();
    // Cut anywhere it is an error, but for the two places that Go takes for its end.
    let passes: Vec<usize> = (0..whole.len()).filter(|n| check(&whole[..*n]).0.is_ok()).collect();
    assert!(passes.len() <= 8, "{passes:?} of {}", whole.len());
}

#[test]
fn numbers() {
    let mut s = Summary::default();
    let bytes = valid().bytes();
    Reader::new(&bytes[..]).unwrap().for_each(|e| s.event(&e.unwrap()));
    s.finish();
    // 64 ns a unit
    let g7 = &s.goroutines[&7];
    assert_eq!(g7.name, "main.worker");
    assert_eq!(g7.running, (9 + 8 + 4) * 64, "{s}");
    assert_eq!(g7.runnable, (11 + 1 + 6) * 64, "{s}");
    assert_eq!(g7.syscall, 51 * 64, "{s}");
    assert_eq!(s.goroutines[&1].blocked["chan receive"], 32 * 64, "{s}");
    assert_eq!(s.longest.len(), 1);
    assert_eq!(s.longest[0].stack[0].func, "main.main");
    assert_eq!(s.latency.values().sum::<u64>(), 5, "{s}");
    assert_eq!(s.procs[&1].running, 30 * 64, "{s}");
}

fn gotracevalidate() -> Option<(tempfile::TempDir, PathBuf)> {
    let dir = tempfile::tempdir().unwrap();
    let exe = go_tool(dir.path(), "gotracevalidate")?;
    Some((dir, exe))
}

/// A command of internal/trace's tests, built in the GOROOT that it is a part of.
fn go_tool(dir: &Path, name: &str) -> Option<PathBuf> {
    let go = go_command()?;
    let exe = dir.join(name);
    let mut c = Command::new(&go);
    c.args(["build", "-o"]).arg(&exe).arg(format!("internal/trace/testdata/cmd/{name}"));
    c.current_dir(goroot(&go).join("src")).env("GOTOOLCHAIN", "local").env("GOFLAGS", "");
    let o = c.output().unwrap();
    assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
    Some(exe)
}

/// Go's verdict and, if asked for, its texts of the events.
fn go_check(exe: &Path, bytes: &[u8], events: bool) -> (Result<(), String>, String) {
    let mut c = Command::new(exe);
    if events {
        c.arg("-log-events");
    }
    let o = fed(c.stdout(Stdio::null()), bytes);
    let text = String::from_utf8_lossy(&o.stderr).into_owned();
    // Status 2 is a crash of Go's reader: no trace that it accepts.
    (if o.status.success() { Ok(()) } else { Err(text.clone()) }, text)
}

/// Runs a command with `bytes` as its standard input.
fn fed(c: &mut Command, bytes: &[u8]) -> Output {
    let mut child = c.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let feed = std::thread::spawn(move || {
        // It may have seen enough.
        let _ = stdin.write_all(&bytes);
    });
    let o = child.wait_with_output().unwrap();
    feed.join().unwrap();
    o
}

fn golden() -> Vec<u8> {
    std::fs::read(tests_dir().join("golden/trace/events.trace")).unwrap()
}

/// A real trace is valid; what it tells is what its program has done.
#[test]
fn a_real_trace() {
    let bytes = golden();
    let (verdict, texts) = check(&bytes);
    assert_eq!(verdict, Ok(()));
    let count = |what: &str| texts.iter().filter(|t| t.contains(what)).count();
    assert_eq!(count(" Log "), 15);
    assert_eq!(count("RegionBegin"), 3);
    assert_eq!((count("TaskBegin"), count("TaskEnd")), (1, 1));
    assert!(count("Message=\"\\\"quoted\\\" é\"") == 15 && count("Reason=\"chan receive\"") > 0);
    assert!(count("Reason=\"runtime.Gosched\"") > 0 && count("Reason=\"sleep\"") > 0);
}

#[test]
fn beside_go() {
    let Some((dir, exe)) = gotracevalidate() else {
        return absent("Go 1.23", "verdicts have been compared with recorded ones");
    };
    for (name, t, _) in variants() {
        let bytes = t.bytes();
        let (verdict, texts) = check(&bytes);
        let (go, events) = go_check(&exe, &bytes, true);
        assert_eq!(verdict.is_ok(), go.is_ok(), "{name}: {verdict:?}, Go: {go:?}");
        let ours = texts.join("\n");
        let same = |t: &str| {
            t.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")
        };
        let (ours, theirs) = (same(&ours), same(&events));
        assert!(theirs.starts_with(&ours), "{name}\n--- ours\n{ours}\n--- Go\n{theirs}");
        if let Err(e) = verdict {
            let first = e.lines().next().unwrap();
            let first = first.rsplit_once(" (").map_or(first, |f| f.0);
            let first = first.split(": this reader knows").next().unwrap();
            assert!(theirs.contains(first), "{name}: {first}\n--- Go\n{theirs}");
        }
    }
    // A trace of this Go, made now.
    let go = go_command().unwrap();
    let program = dir.path().join("program");
    let mut c = Command::new(&go);
    c.args(["build", "-o"]).arg(&program).arg(tests_dir().join("go/trace/events/main.go"));
    assert!(c.env("GOTOOLCHAIN", "local").env("GOFLAGS", "").status().unwrap().success());
    let file = dir.path().join("trace");
    assert!(Command::new(&program).arg(&file).arg("gc").status().unwrap().success());
    for bytes in [golden(), std::fs::read(&file).unwrap()] {
        let (verdict, texts) = check(&bytes);
        let ours = texts.join("\n") + "\n";
        // log adds a newline where there is none
        let same = |t: &str| t.replace("\n\n", "\n");
        let ours = same(&ours);
        // Of events of one time on different threads Go's reader takes now the one, now the other
        // first (internal/trace's reader fills its heap from a map): one of its orders is ours.
        let mut events = String::new();
        for _ in 0..20 {
            let (go, theirs) = go_check(&exe, &bytes, true);
            assert_eq!((&verdict, &go), (&Ok(()), &Ok(())));
            events = same(&theirs);
            if events == ours {
                break;
            }
        }
        if let Some(i) = ours.lines().zip(events.lines()).position(|(a, b)| a != b) {
            let around = |t: &str| {
                t.lines().skip(i.saturating_sub(3)).take(8).collect::<Vec<_>>().join("\n")
            };
            panic!("line {i}\n--- ours\n{}\n--- Go\n{}", around(&ours), around(&events));
        }
        assert_eq!(ours.lines().count(), events.lines().count());
    }
}

/// The texts of events by their thread (`M=11`), without their times.
fn by_thread(texts: &str) -> HashMap<String, Vec<String>> {
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    let mut last: Option<&mut Vec<String>> = None;
    for line in texts.lines().filter(|l| !l.trim().is_empty()) {
        if line.starts_with("M=") {
            let words = line.split(' ').filter(|w| !w.starts_with("Time="));
            let thread = all.entry(line.split(' ').next().unwrap().into()).or_default();
            thread.push(words.collect::<Vec<_>>().join(" "));
            last = Some(thread);
        } else if let Some(event) = last.as_mut().and_then(|t| t.last_mut()) {
            event.push('\n');
            event.push_str(line.trim_end());
        }
    }
    all
}

/// The traces of Go's own tests of its reader: what generators made to be right or wrong on
/// purpose, and what was recorded under stress. The verdicts are those that the tests ask for; and
/// where they are good ones, the events are Go's.
#[test]
fn tests_of_go() {
    let Some((dir, validate)) = gotracevalidate() else {
        return absent("Go 1.23", "the traces of its own tests are part of it");
    };
    let raw = go_tool(dir.path(), "gotraceraw").unwrap();
    let go = go_command().unwrap();
    let (mut good, mut bad) = (0, 0);
    let files = std::fs::read_dir(goroot(&go).join("src/internal/trace/testdata/tests")).unwrap();
    for file in files.map(|f| f.unwrap().path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let (expect, trace) =
            text.strip_prefix("-- expect --\n").unwrap().split_once("-- trace --\n").unwrap();
        let o = fed(Command::new(&raw).arg("text2bytes").stdout(Stdio::piped()), trace.as_bytes());
        assert!(o.status.success(), "{name}: {}", String::from_utf8_lossy(&o.stderr));
        let (verdict, texts) = check(&o.stdout);
        if expect.trim() == "SUCCESS" {
            good += 1;
            assert_eq!(verdict, Ok(()), "{name}");
            // Of events of one time on different threads Go's reader takes now the one, now the
            // other first, and changes times so that they rise: compared is what each thread did,
            // in its order.
            let (_, theirs) = go_check(&validate, &o.stdout, true);
            let (ours, theirs) = (by_thread(&texts.join("\n")), by_thread(&theirs));
            assert!(ours.values().map(Vec::len).sum::<usize>() == texts.len(), "{name}");
            for (m, ours) in &ours {
                assert_eq!(Some(ours), theirs.get(m), "{name}: {m}");
            }
            assert_eq!(ours.len(), theirs.len(), "{name}");
        } else {
            bad += 1;
            let why = expect
                .trim()
                .strip_prefix("FAILURE ")
                .unwrap()
                .trim_matches('"')
                .trim_matches(['.', '*']);
            let e = verdict.expect_err(&name);
            assert!(e.contains(why), "{name}: {e}");
        }
    }
    assert_eq!((good, bad), (18, 2), "as in Go 1.23.1");
}

/// The GOROOT of this command.
fn goroot(go: &Path) -> PathBuf {
    let o = Command::new(go).args(["env", "GOROOT"]).env("GOTOOLCHAIN", "local").output().unwrap();
    PathBuf::from(String::from_utf8(o.stdout).unwrap().trim())
}

/// The table of events is Go's, field by field.
#[test]
fn table_beside_go() {
    let Some(go) = go_command() else {
        return absent("Go 1.23", "the table of events is not compared with Go's");
    };
    let file = goroot(&go).join("src/internal/trace/event/go122/event.go");
    let text = std::fs::read_to_string(&file).unwrap();
    // The numbers, as the constants say them.
    let numbers: HashMap<&str, Type> = text
        .lines()
        .take_while(|l| !l.contains("EventString"))
        .filter_map(|l| l.trim().strip_prefix("Ev"))
        .filter_map(|l| l.split([' ', '\t']).next())
        .enumerate()
        .map(|(i, name)| (name, if name == "Span" { 128 } else { i as Type }))
        .collect();
    let list = |body: &str, field: &str| -> Vec<String> {
        let Some((_, rest)) = body.split_once(&format!("{field}:")) else { return Vec::new() };
        let (_, rest) = rest.split_once('{').unwrap();
        let (inner, _) = rest.split_once('}').unwrap();
        inner.split(',').map(|x| x.trim().trim_matches('"').to_string()).collect()
    };
    let mut compared = 0;
    for entry in text.split("\n\tEv").skip(1) {
        let Some((name, rest)) = entry.split_once(": event.Spec{") else { continue };
        let body = rest.split("\n\t},").next().unwrap();
        let Some(typ) = (0..LEN as Type).find(|t| spec(*t).name == name) else {
            panic!("{name}: not in the table")
        };
        let ours = spec(typ);
        assert_eq!(ours.args, list(body, "Args"), "{name}: arguments");
        let ids = |l: &[usize]| l.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(ids(ours.strings), list(body, "StringIDs"), "{name}: strings");
        assert_eq!(ids(ours.stacks), list(body, "StackIDs"), "{name}: stacks");
        let flags: String = body.split_whitespace().collect();
        assert_eq!(ours.timed, flags.contains("IsTimedEvent:true"), "{name}: timed");
        let start = flags.split_once("StartEv:Ev").map(|(_, r)| r.split(',').next().unwrap());
        let ours_start = (ours.start != NONE).then(|| spec(ours.start).name);
        assert_eq!(ours_start, start, "{name}: start");
        if let Some(n) = numbers.get(name).filter(|_| typ < 128) {
            assert_eq!(typ, *n, "{name}: number");
        }
        compared += 1;
    }
    let known = (0..LEN as Type).filter(|t| !spec(*t).name.is_empty()).count();
    assert_eq!(compared, known);
}

/// Go's verdict, unless one of twenty runs says what ours is.
fn different(ok: bool, go: impl Fn() -> Result<(), String>) -> Option<Result<(), String>> {
    let mut last = None;
    for _ in 0..20 {
        let v = go();
        if v.is_ok() == ok {
            return None;
        }
        last = Some(v);
    }
    last
}

/// The same verdict as Go's on traces that were changed at random. `GORT_MUTATIONS` says how many.
#[test]
fn mutations() {
    let n = std::env::var("GORT_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let go = gotracevalidate();
    if go.is_none() {
        absent("Go 1.23", "the reader has only been tried for crashes");
    }
    let seed = std::env::var("GORT_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut rng = fastrand::Rng::with_seed(seed);
    let (small, real) = (valid().bytes(), golden());
    let (mut valid, mut invalid) = (0, 0);
    for i in 0..n {
        let bytes = mutate(if i % 4 == 0 { &real } else { &small }, &mut rng);
        let (verdict, _) = check(&bytes);
        *(if verdict.is_ok() { &mut valid } else { &mut invalid }) += 1;
        let Some((dir, exe)) = &go else { continue };
        let theirs = || go_check(exe, &bytes, false).0;
        // Where events have one time Go's own verdict may differ from run to run.
        if let Some(theirs) = different(verdict.is_ok(), theirs) {
            let kept = dir.path().with_file_name(format!("gort-mutation-{seed}-{i}.trace"));
            std::fs::write(&kept, &bytes).unwrap();
            panic!(
                "seed {seed}, {i}: {verdict:?}\n--- Go\n{theirs:?}\nthe trace: {}",
                kept.display()
            );
        }
    }
    assert!(valid > 0 && invalid > 0, "{valid} valid, {invalid} not");
}

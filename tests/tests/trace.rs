//! `gort::trace`: what a program records of itself is a valid trace, for gort's validator and for
//! Go's.

use gort::{blocking, chan, go, iter, runtime, sync, task, time, trace};
use gort_tests::{absent, go_command, in_child};
use gort_tracereader::{Reader, event::Kind, validate};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

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

/// Where the child leaves its traces.
fn dir() -> PathBuf {
    PathBuf::from(std::env::var_os("TRACES").expect("TRACES"))
}

/// All files of the directory are valid for both; their number.
fn valid(dir: &Path) -> usize {
    let go = gotracevalidate(dir);
    let mut n = 0;
    for f in std::fs::read_dir(dir).unwrap() {
        let f = f.unwrap().path();
        if f.extension().is_none_or(|e| e != "trace") {
            continue;
        }
        n += 1;
        let what = f.display();
        let keep = |e: String| {
            let kept = std::env::temp_dir().join("gort-bad.trace");
            _ = std::fs::copy(&f, &kept);
            panic!("{what}: {e} (kept as {})", kept.display())
        };
        validate::check(&std::fs::read(&f).unwrap()[..]).unwrap_or_else(&keep);
        if let Some(go) = &go {
            let mut c = Command::new(go);
            c.stdin(std::fs::File::open(&f).unwrap());
            let o = c.output().expect("gotracevalidate");
            if !o.status.success() {
                keep(format!("Go: {}", String::from_utf8_lossy(&o.stderr)));
            }
        }
    }
    n
}

/// The kinds of all events.
fn kinds(trace: &[u8]) -> Vec<Kind> {
    let mut r = Reader::new(trace).unwrap();
    let mut kinds = Vec::new();
    while let Some(e) = r.read_event().unwrap() {
        kinds.push(e.kind());
    }
    kinds
}

/// How many generations there are, by the heads of the batches; of what is cut, those that begin
/// before.
fn generations(trace: &[u8]) -> usize {
    let mut b = trace.get(16..).unwrap_or_default();
    let mut found = std::collections::BTreeSet::new();
    fn number(b: &mut &[u8]) -> u64 {
        let n = b.iter().position(|c| *c < 0x80).unwrap() + 1;
        let v = b[..n].iter().rev().fold(0, |v, c| v << 7 | u64::from(c & 0x7f));
        *b = &b[n..];
        v
    }
    while b.len() > 50 {
        assert_eq!(b[0], 1, "a batch");
        b = &b[1..];
        found.insert(number(&mut b));
        let [_m, _time, size] = [number(&mut b), number(&mut b), number(&mut b)];
        b = b.get(size as usize..).unwrap_or_default();
    }
    found.len()
}

#[test]
fn annotations() {
    for procs in [1, 2, 8] {
        let t = tempfile::tempdir().unwrap();
        in_child!(.env("TRACES", t.path().display()).procs(procs), || {
            let r = trace::start(Vec::new()).unwrap();
            {
                let t = trace::task("request");
                t.log("path", "/");
                t.region("outer", || t.region("inner", runtime::gosched));
                let part = t.task("part");
                task::spawn(move || part.region("elsewhere", runtime::gosched)).join().unwrap();
                trace::region("of no task", || trace::log("number", 42));
                // An end that comes by a panic is one.
                _ = gort::recover(|| trace::region("panics", || panic!("on purpose")));
                // On a thread of the program's own.
                let t = Arc::new(t);
                let u = t.clone();
                let h = std::thread::spawn(move || u.region("thread", || u.log("from", "a thread")));
                blocking(|| h.join().unwrap());
            }
            let b = r.stop().unwrap();
            std::fs::write(dir().join("a.trace"), &b).unwrap();
        })
        .ok();
        assert_eq!(valid(t.path()), 1);
        let k = kinds(&std::fs::read(t.path().join("a.trace")).unwrap());
        let n = |kind| k.iter().filter(|k| **k == kind).count();
        assert_eq!([n(Kind::TaskBegin), n(Kind::TaskEnd)], [2, 2]);
        assert_eq!([n(Kind::RegionBegin), n(Kind::RegionEnd)], [6, 6]);
        assert_eq!(n(Kind::Log), 3);
    }
}

/// All that changes the state of goroutines and Ps, until `stop`.
fn load(stop: &Arc<AtomicBool>) -> Arc<sync::WaitGroup> {
    let wg = Arc::new(sync::WaitGroup::new());
    let run = |f: fn(u64)| {
        let (wg, stop) = (wg.clone(), stop.clone());
        wg.add(1);
        go(move || {
            let mut n = 0;
            while !stop.load(SeqCst) {
                f(n);
                n += 1;
            }
            wg.done();
        });
    };
    for _ in 0..2 {
        run(|_| {
            let c = chan(0);
            let tx = c.clone();
            go(move || tx.send(1));
            c.recv();
        });
    }
    run(|_| time::sleep(Duration::from_micros(50)));
    run(|_| runtime::gosched());
    run(|n| blocking(|| std::thread::sleep(Duration::from_micros(n % 300))));
    run(|n| {
        // Goroutines that have a thread, and take it with them.
        go(move || {
            runtime::lock_os_thread();
            runtime::gosched();
            if n % 2 == 0 {
                runtime::unlock_os_thread();
            }
        });
        time::sleep(Duration::from_micros(500));
    });
    run(|n| {
        runtime::gomaxprocs(1 + (n % 5) as i32);
        time::sleep(Duration::from_millis(1));
    });
    run(|_| {
        let mut p = iter::pull(|yield_: &mut dyn FnMut(u32) -> bool| {
            _ = (0..3).all(yield_);
        });
        p.next();
        p.next();
        drop(p);
        runtime::gosched();
    });
    run(|_| {
        let h = std::thread::spawn(|| {
            let c = chan(1);
            c.send(1);
            c.recv();
            runtime::gosched();
        });
        blocking(|| h.join().unwrap());
        time::sleep(Duration::from_micros(200));
    });
    wg
}

/// Generations follow one another as fast as they can.
#[test]
fn several_generations() {
    for procs in [1, 2, 8] {
        let t = tempfile::tempdir().unwrap();
        in_child!(.env("TRACES", t.path().display()).procs(procs).env("GODEBUG", "traceadvanceperiod=1000000"), || {
            let stop = Arc::new(AtomicBool::new(false));
            let wg = load(&stop);
            // One that does nothing while all of them pass.
            let c = chan::<()>(0);
            let rx = c.clone();
            let idle = task::spawn(move || rx.recv());
            let r = trace::start_file(dir().join("a.trace")).unwrap();
            // The first one waits for the names of functions, which takes as long as it takes.
            while generations(&blocking(|| std::fs::read(dir().join("a.trace")).unwrap())) < 8 {
                time::sleep(Duration::from_millis(20));
            }
            r.stop().unwrap();
            c.close();
            idle.join().unwrap();
            stop.store(true, SeqCst);
            wg.wait();
        })
        .ok();
        assert_eq!(valid(t.path()), 1);
        let n = generations(&std::fs::read(t.path().join("a.trace")).unwrap());
        assert!(n > 5, "{n} generations");
    }
}

/// Traces begin and end at any moment, as in Go's TestTraceStressStartStop.
#[test]
fn started_and_stopped_at_random() {
    for procs in [1, 2, 4] {
        let t = tempfile::tempdir().unwrap();
        in_child!(.env("TRACES", t.path().display()).procs(procs).env("GODEBUG", "traceadvanceperiod=3000000"), || {
            let stop = Arc::new(AtomicBool::new(false));
            let wg = load(&stop);
            for i in 0..40u64 {
                let r = trace::start(Vec::new()).unwrap();
                time::sleep(Duration::from_micros(i * 7919 % 20_000));
                std::fs::write(dir().join(format!("{i}.trace")), r.stop().unwrap()).unwrap();
                time::sleep(Duration::from_micros(i * 6007 % 3000));
            }
            stop.store(true, SeqCst);
            wg.wait();
        })
        .ok();
        assert_eq!(valid(t.path()), 40);
    }
}

/// Beside the runtime, by threads of the program's own: the first operation of all.
#[test]
fn on_a_thread() {
    let t = tempfile::tempdir().unwrap();
    gort_tests::in_plain_child!(.env("TRACES", t.path().display()), || {
        let r = trace::start(Vec::new()).unwrap();
        let c = chan(0);
        let tx = c.clone();
        go(move || tx.send(1));
        c.recv();
        std::fs::write(dir().join("a.trace"), r.stop().unwrap()).unwrap();
    })
    .ok();
    assert_eq!(valid(t.path()), 1);
}

#[test]
fn one_at_a_time() {
    in_child!(|| {
        assert!(!trace::is_enabled());
        let r = trace::start(io::sink()).unwrap();
        assert_eq!(trace::start(io::sink()).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        drop(r);
        assert!(!trace::is_enabled());
        // Many at a time: each gets a whole trace, or the error.
        let n = Arc::new(AtomicUsize::new(0));
        task::scope(|s| {
            for _ in 0..8 {
                s.spawn(|| {
                    for _ in 0..20 {
                        if let Ok(r) = trace::start(Vec::new()) {
                            runtime::gosched();
                            validate::check(&r.stop().unwrap()[..]).unwrap();
                            n.fetch_add(1, SeqCst);
                        }
                    }
                });
            }
        });
        assert!(n.load(SeqCst) > 0);
    })
    .ok();
}

/// That of `GORT_TRACE` is one, and has what the program adds.
#[test]
fn beside_gort_trace() {
    let t = tempfile::tempdir().unwrap();
    in_child!(.env("GORT_TRACE", t.path().join("a.trace").display()), || {
        assert!(trace::is_enabled());
        assert!(trace::start(io::sink()).is_err());
        trace::region("here", || trace::log("a", "b"));
    })
    .ok();
    let k = kinds(&std::fs::read(t.path().join("a.trace")).unwrap());
    assert!(k.contains(&Kind::RegionEnd) && k.contains(&Kind::Log));
}

/// A writer that fails, or panics, does not keep the trace from ending.
#[test]
fn bad_writers() {
    struct Bad(bool);
    impl Write for Bad {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            assert!(!self.0, "bad writer");
            Err(io::Error::from_raw_os_error(28))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    in_child!(|| {
        let r = trace::start(Bad(false)).unwrap();
        assert_eq!(r.stop().err().and_then(|e| e.raw_os_error()), Some(28));
        let e = trace::start(Bad(true)).unwrap().stop().err().unwrap();
        assert_eq!(e.to_string(), "the writer of the trace has panicked");
        trace::start(io::sink()).unwrap().stop().unwrap();
        assert!(trace::start_file("/nowhere/t").is_err() && !trace::is_enabled());
    })
    .ok();
}

/// What has happened before a panic that ends the program is in the trace.
#[test]
fn a_panic_ends_a_generation() {
    let t = tempfile::tempdir().unwrap();
    in_child!(.env("TRACES", t.path().display()), || {
        let r = trace::start_file(dir().join("a.trace")).unwrap();
        trace::log("before", "the panic");
        std::mem::forget(r);
        panic!("on purpose");
    })
    .exited(2)
    .stderr_has("panic: on purpose");
    assert_eq!(valid(t.path()), 1);
    let k = kinds(&std::fs::read(t.path().join("a.trace")).unwrap());
    assert!(k.contains(&Kind::Log));
}

/// Starts a goroutine that calls nothing until `STOP`, and waits until it runs.
fn spin() -> &'static AtomicBool {
    static STOP: AtomicBool = AtomicBool::new(false);
    static SPINS: AtomicBool = AtomicBool::new(false);
    go(|| {
        SPINS.store(true, SeqCst);
        while !STOP.load(SeqCst) {
            std::hint::spin_loop();
        }
    });
    while !SPINS.load(SeqCst) {
        runtime::gosched();
    }
    &STOP
}

/// A goroutine that calls nothing does not keep a program that panics.
#[test]
fn a_panic_beside_one_that_spins() {
    // First without signals: then the generation cannot end. The program ends all the same, and
    // says what is missing. With them it ends, if the machine lets it find the names within two
    // seconds.
    for turn in 0..10 {
        let t = tempfile::tempdir().unwrap();
        let debug = if turn == 0 { "asyncpreemptoff=1" } else { "x=0" };
        let o = in_child!(.env("TRACES", t.path().display()).env("GOMAXPROCS", 2).env("GODEBUG", debug), || {
            let r = trace::start_file(dir().join("a.trace")).unwrap();
            spin();
            trace::log("before", "the panic");
            std::mem::forget(r);
            panic!("on purpose");
        });
        o.exited(2).stderr_has("panic: on purpose");
        if turn == 0 {
            o.stderr_has("gort: the trace is incomplete");
        } else if !o.stderr.contains("incomplete") {
            assert_eq!(valid(t.path()), 1);
            let k = kinds(&std::fs::read(t.path().join("a.trace")).unwrap());
            assert!(k.contains(&Kind::Log));
            return;
        }
    }
    panic!("never in time");
}

/// Nor does it keep generations from ending, or a trace from being stopped, whether by its owner or
/// by a panic on its way out.
#[test]
fn generations_beside_one_that_spins() {
    let t = tempfile::tempdir().unwrap();
    in_child!(
        .env("TRACES", t.path().display()).env("GOMAXPROCS", 2).env("GODEBUG", "traceadvanceperiod=10000000"),
        || {
            // In this order: to start a trace stops the world.
            let file = dir().join("a.trace");
            let r = trace::start_file(&file).unwrap();
            let stop = spin();
            while generations(&std::fs::read(&file).unwrap()) < 5 {
                time::sleep(Duration::from_millis(5));
            }
            r.stop().unwrap();
            stop.store(true, SeqCst);
        }
    )
    .ok();
    assert_eq!(valid(t.path()), 1);
    let t = tempfile::tempdir().unwrap();
    in_child!(.env("TRACES", t.path().display()).env("GOMAXPROCS", 2), || {
        let _r = trace::start_file(dir().join("a.trace")).unwrap();
        spin();
        panic!("on purpose");
    })
    .exited(2)
    .stderr_has("panic: on purpose");
    assert_eq!(valid(t.path()), 1);
}

#[inline(never)]
fn waits(c: &gort::Chan<()>) {
    c.recv();
    std::hint::black_box(());
}

#[inline(never)]
fn creates(c: &gort::Chan<()>) -> task::JoinHandle<()> {
    let c = c.clone();
    let h = task::spawn(move || waits(&c));
    std::hint::black_box(());
    h
}

#[inline(never)]
fn reads() {
    blocking(|| std::thread::sleep(Duration::from_micros(10)));
    std::hint::black_box(());
}

fn with_stacks() {
    let c = chan(0);
    let h = creates(&c);
    while runtime::num_goroutine() > 1 && c.try_send(()).is_err() {
        runtime::gosched();
    }
    h.join().unwrap();
    reads();
    trace::log("here", "is the end");
}

/// The functions of all stacks, innermost first, with file and line.
fn functions(file: &Path) -> Vec<Vec<(String, String, u64)>> {
    let b = std::fs::read(file).unwrap();
    let mut r = Reader::new(&b[..]).unwrap();
    let mut all = Vec::new();
    while let Some(e) = r.read_event().unwrap() {
        let mut stacks = vec![e.stack()];
        if e.kind() == Kind::StateTransition {
            stacks.push(e.state_transition().stack);
        }
        for s in stacks {
            let frames = e.frames(s).into_iter();
            all.push(frames.map(|f| (f.func.to_string(), f.file.to_string(), f.line)).collect());
        }
    }
    all
}

/// Events have the stack of the program's functions, and goroutines their names, in both ways to
/// record.
#[test]
fn stacks() {
    let t = tempfile::tempdir().unwrap();
    in_child!(.env("TRACES", t.path().display()), || {
        let r = trace::start_file(dir().join("a.trace")).unwrap();
        with_stacks();
        r.stop().unwrap();
    })
    .ok();
    good_stacks(t.path());
}

/// The same without a reader.
#[test]
fn stacks_of_gort_trace() {
    let t = tempfile::tempdir().unwrap();
    in_child!(.env("GORT_TRACE", t.path().join("a.trace").display()), with_stacks).ok();
    good_stacks(t.path());
}

fn good_stacks(dir: &Path) {
    assert_eq!(valid(dir), 1);
    {
        let all = functions(&dir.join("a.trace"));
        for f in ["waits", "creates", "reads", "with_stacks"] {
            let name = format!("trace::{f}");
            let found = all.iter().find_map(|s| {
                let f = s.first()?;
                (f.0 == name).then(|| f.clone())
            });
            let Some((_, source, line)) = found else { panic!("{name} in none of {all:#?}") };
            assert!(source.ends_with("tests/tests/trace.rs") && line > 0, "{source}:{line}");
        }
        // What a goroutine is called.
        assert!(
            all.iter().any(|s| s.len() == 1 && s[0].0 == "trace::creates::{{closure}}"),
            "{all:#?}"
        );
    }
}

/// A child of fork has no trace, and does not disturb that of its parent.
#[test]
fn fork() {
    let t = tempfile::tempdir().unwrap();
    in_child!(.env("GORT_TRACE", t.path().join("a.trace").display()).procs(1), || {
        runtime::gosched();
        // SAFETY: the child ends at once, as C programs do.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            runtime::gosched();
            trace::log("in", "the child");
            // SAFETY: runs what atexit has registered.
            unsafe { libc::exit(7) };
        }
        let mut status = 0;
        // SAFETY: waits for it.
        blocking(|| unsafe { libc::waitpid(pid, &raw mut status, 0) });
        assert_eq!(libc::WEXITSTATUS(status), 7);
        trace::log("in", "the parent");
    })
    .ok();
    assert_eq!(valid(t.path()), 1);
    let k = kinds(&std::fs::read(t.path().join("a.trace")).unwrap());
    assert_eq!(k.iter().filter(|k| **k == Kind::Log).count(), 1);
}

/// Signals that end programs from outside complete the trace, on whatever thread they come.
#[test]
fn killed() {
    for sig in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
        for thread in ["goroutine", "other"] {
            let t = tempfile::tempdir().unwrap();
            let file = t.path().join("a.trace");
            let o = in_child!(
                .env("GORT_TRACE", file.display()).env("SIG", sig).env("THREAD", thread),
                || {
                    let sig: i32 = std::env::var("SIG").unwrap().parse().unwrap();
                    trace::log("before", "the signal");
                    // SAFETY: no pointers.
                    let send = move || unsafe { libc::pthread_kill(libc::pthread_self(), sig) };
                    if std::env::var("THREAD").unwrap() == "other" {
                        blocking(|| std::thread::spawn(send).join()).unwrap();
                    } else {
                        send();
                    }
                    time::sleep(Duration::from_secs(60));
                }
            );
            let code = if sig == libc::SIGQUIT && thread == "goroutine" { 2 } else { 128 + sig };
            if sig != libc::SIGQUIT {
                assert_eq!(o.code, code, "{o}");
            }
            assert_eq!(valid(t.path()), 1);
            assert!(kinds(&std::fs::read(&file).unwrap()).contains(&Kind::Log), "{sig} {thread}");
        }
    }
}

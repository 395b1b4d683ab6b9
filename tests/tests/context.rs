//! Contexts, groups, semaphores and shared calls: as Go has them (tests/go/context,
//! tests/golden/context), and under load.

use gort::context::{Cause, Context};
use gort::task::{Group, Semaphore, Shared};
use gort::{Receiver, chan, go, recover, runtime, select, sync::WaitGroup};
use gort_tests::{
    absent, go_answer, go_command, in_child, tests_dir, undisturbed, until_others_wait, wait,
};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn nil<T: std::fmt::Display>(v: Option<T>) -> String {
    v.map_or("<nil>".to_string(), |v| v.to_string())
}

fn show(what: &str, c: &Context) {
    println!("{what} {} {} {}", nil(c.err()), nil(c.cause()), c.done().is_nil());
}

fn contexts() {
    let bg = Context::background();
    show("background", &bg);
    let (a, cancel_a) = bg.with_cancel_cause();
    let (b, cancel_b) = a.with_cancel();
    let w = b.without_cancel();
    println!("{bg} {} {a} {b} {w}", Context::todo());
    show("a", &a);
    cancel_b.cancel();
    show("b", &b);
    show("a", &a);
    let (c, cancel_c) = a.with_cancel_cause();
    let (d, cancel_d) = c.with_cancel();
    cancel_a.cancel("first");
    cancel_a.cancel("second");
    cancel_c.cancel("third");
    cancel_d.cancel();
    show("a", &a);
    show("b", &b);
    show("c", &c);
    show("d", &d);
    show("w", &w);
    let (e, cancel_e) = a.with_cancel_cause();
    show("e", &e);
    cancel_e.cancel_with(None);
    let (n, cancel_n) = bg.with_cancel_cause();
    cancel_n.cancel_with(None);
    show("n", &n);

    let (far, near) = (Instant::now() + ms(3_600_000), Instant::now() + ms(60_000));
    let (f, cancel_f) = bg.with_deadline(near);
    let (g, cancel_g) = f.with_deadline_cause(far, "far");
    let out = g.without_cancel().deadline().is_some();
    println!("{} {} {out}", g.deadline() == Some(near), bg.deadline().is_some());
    cancel_g.cancel();
    show("g", &g);
    cancel_f.cancel();
    let (past, cancel_past) = bg.with_deadline_cause(Instant::now(), "too late");
    show("past", &past);
    cancel_past.cancel();
    show("past", &past);
    let (soon, cancel_soon) = bg.with_timeout_cause(ms(1), "slow");
    let (child, cancel_child) = soon.with_timeout(ms(3_600_000));
    child.done().recv();
    show("soon", &soon);
    show("child", &child);
    cancel_soon.cancel();
    cancel_child.cancel();
    show("soon", &soon);

    let ch = chan::<&str>(4);
    let say = |s| {
        let ch = ch.clone();
        move || ch.send(s)
    };
    let (h, cancel_h) = bg.with_cancel();
    let (f1, f2) = (h.after_func(say("one")), h.after_func(say("two")));
    println!("{} {}", f1.stop(), f1.stop());
    cancel_h.cancel();
    println!("{} {} {} {}", ch.recv().unwrap(), f1.stop(), f2.stop(), ch.len());
    let f3 = h.after_func(say("three"));
    println!("{} {}", ch.recv().unwrap(), f3.stop());
    let f4 = bg.after_func(say("four"));
    println!("{} {} {}", f4.stop(), f4.stop(), ch.len());
}

fn result(r: Result<(), Cause>) -> String {
    nil(r.err())
}

fn groups() {
    let (mut g, ctx) = Group::with_context(&Context::background());
    g.set_limit(Some(2));
    let release = chan::<bool>(0);
    let wait = || {
        let release = release.clone();
        move || {
            release.recv();
            Ok::<(), &str>(())
        }
    };
    g.go(wait());
    println!("{} {}", g.try_go(wait()), g.try_go(wait()));
    println!("{}", recover(|| g.set_limit(Some(3))).unwrap_err());
    release.close();
    g.go(|| Ok::<(), &str>(()));
    g.go(|| Err("one"));
    ctx.done().recv();
    g.go(|| Err("two"));
    println!("{} {} {}", result(g.wait()), nil(ctx.err()), nil(ctx.cause()));
    println!("{}", result(g.wait()));
    let (g, ctx) = Group::with_context(&Context::background());
    g.go(|| Ok::<(), &str>(()));
    println!("{} {} {}", result(g.wait()), nil(ctx.err()), nil(ctx.cause()));
}

fn semaphores() {
    let bg = Context::background();
    let s = Arc::new(Semaphore::new(3));
    let try_take = |n| s.try_acquire(n).map(|p| p.forget()).is_some();
    println!("{} {} {}", try_take(2), try_take(2), try_take(1));
    let log = chan::<String>(100);
    let (ctx, cancel) = bg.with_cancel();
    let take = |name: &'static str, ctx: &Context, n| {
        let (s, ctx, log) = (s.clone(), ctx.clone(), log.clone());
        go(move || match s.acquire(&ctx, n) {
            Err(e) => log.send(format!("{name} {e}")),
            Ok(p) => {
                p.forget();
                log.send(name.to_string());
            }
        });
        until_others_wait();
    };
    take("all", &bg, 3);
    take("one", &bg, 1);
    take("two", &ctx, 2);
    take("uno", &bg, 1);
    take("many", &ctx, 4);
    println!("{}", try_take(1));
    s.release(3);
    println!("{} {}", log.recv().unwrap(), log.len());
    s.release(3);
    println!("{}", log.recv().unwrap());
    println!("{}", log.recv().unwrap());
    cancel.cancel();
    println!("{}", log.recv().unwrap());
    s.release(2);
    println!("{}", log.recv().unwrap());
    s.release(1);
    println!("{} {} {}", try_take(1), try_take(1), try_take(1));
    take("front", &ctx, 3);
    println!("{}", log.recv().unwrap());
    println!("{}", recover(|| s.release(4)).unwrap_err());
}

fn flights() {
    let g = Arc::new(Shared::<&str, i32>::new());
    let (v, shared) = g.call("k", || 1);
    println!("{v} <nil> {shared}");
    println!("{}", g.forget_unshared(&"k"));
    let (begun, finish) = (chan::<()>(0), chan::<()>(0));
    let (b, f) = (begun.clone(), finish.clone());
    let c1 = g.call_chan("k", move || {
        b.close();
        f.recv();
        2
    });
    begun.recv();
    let c2 = g.call_chan("k", || 3);
    println!("{}", g.forget_unshared(&"k"));
    finish.close();
    let ((v1, s1), (v2, s2)) = (c1.recv().unwrap(), c2.recv().unwrap());
    println!("{v1} {s1} {v2} {s2}");
    let (v, shared) = g.call("k", || 4);
    println!("{v} {shared}");
}

#[test]
fn as_go() {
    let out = in_child!(.procs(1), || {
        contexts();
        groups();
        semaphores();
        flights();
    });
    let file = tests_dir().join("golden/context/context.txt");
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    if let Some(live) = go(&golden) {
        if std::env::var_os("GORT_RECORD").is_some() {
            std::fs::write(&file, &live).unwrap();
        }
        assert_eq!(live, golden, "Go and the golden file");
    }
    out.ok().stdout_is(&golden);

    /// What real Go prints.
    fn go(golden: &str) -> Option<String> {
        let Some(go) = go_command() else {
            absent("Go 1.23", "contexts are compared with the recorded output only");
            return None;
        };
        let root =
            Command::new(&go).args(["env", "GOROOT"]).env("GOTOOLCHAIN", "local").output().unwrap();
        let src = std::path::Path::new(String::from_utf8_lossy(&root.stdout).trim()).join("src");
        let dir = tempfile::tempdir().unwrap();
        let copy = |from: &std::path::Path, to: &str| {
            std::fs::create_dir_all(dir.path().join(to)).unwrap();
            for f in std::fs::read_dir(from).unwrap().flatten() {
                let name = f.file_name().to_string_lossy().into_owned();
                if (name.ends_with(".go") && !name.ends_with("_test.go")) || name == "go.mod" {
                    std::fs::copy(f.path(), dir.path().join(to).join(name)).unwrap();
                }
            }
        };
        copy(&tests_dir().join("go/context"), "");
        copy(&src.join("cmd/vendor/golang.org/x/sync/errgroup"), "errgroup");
        copy(&src.join("cmd/vendor/golang.org/x/sync/semaphore"), "semaphore");
        copy(&src.join("internal/singleflight"), "singleflight");
        let mut build = Command::new(go);
        build.args(["build", "-o", "prog", "."]).current_dir(dir.path());
        build.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=mod");
        wait(build, b"", Duration::from_secs(300)).ok();
        let exe = dir.path().join("prog");
        Some(go_answer(golden, || {
            let mut c = undisturbed(&exe);
            c.env("GOMAXPROCS", "1");
            wait(c, b"", Duration::from_secs(60)).ok().stdout.clone()
        }))
    }
}

#[test]
fn values() {
    in_child!(|| {
        #[derive(Debug, PartialEq)]
        struct User(&'static str);
        let ctx = Context::background().with_value(1u32).with_value(User("ann"));
        let (inner, cancel) = ctx.with_value(2u32).with_cancel();
        assert_eq!((ctx.value::<u32>(), ctx.value::<User>()), (Some(&1), Some(&User("ann"))));
        assert_eq!((inner.value::<u32>(), inner.value::<u64>()), (Some(&2), None));
        assert_eq!(inner.without_cancel().value::<User>(), Some(&User("ann")));
        cancel.cancel();
        assert!(inner.is_done() && !ctx.is_done() && ctx.done().is_nil());
        let e = std::io::Error::from(inner.err().unwrap());
        assert_eq!(e.to_string(), "context canceled");
        assert_eq!(inner.sleep(ms(3_600_000)), Err(gort::context::Error::Canceled));
    })
    .ok();
}

/// How many closures are alive.
struct Alive(Arc<AtomicI64>);
impl Alive {
    fn new(n: &Arc<AtomicI64>) -> Self {
        n.fetch_add(1, SeqCst);
        Alive(n.clone())
    }
}
impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// What nobody can reach any more is freed, though nobody cancelled it; what somebody still waits
/// for is not.
#[test]
fn forgotten_contexts() {
    in_child!(.procs(1), || {
        let n = Arc::new(AtomicI64::new(0));
        let (root, cancel) = Context::background().with_cancel();
        for _ in 0..100 {
            let (a, _c) = root.with_value(Alive::new(&n)).with_cancel();
            let (b, _c) = a.with_value(Alive::new(&n)).with_timeout(ms(3_600_000));
            let (d, _c) = b.with_value(Alive::new(&n)).with_cancel_cause();
            drop((a, d));
        }
        assert_eq!(n.load(SeqCst), 0);
        // A root without a parent, and functions that nothing can call any more.
        let (a, c) = Context::background().with_cancel();
        let held = Alive::new(&n);
        let f = a.after_func(move || drop(held));
        drop((a, c, f));
        assert_eq!(n.load(SeqCst), 0);
        // Somebody has the channel only.
        let done: Receiver<()> = root.with_cancel().0.done().clone();
        let ran = chan::<()>(0);
        let r = ran.clone();
        root.with_timeout(ms(3_600_000)).0.after_func(move || r.close());
        assert_eq!(done.try_recv(), Err(gort::TryRecvError::Empty));
        cancel.cancel();
        assert_eq!(done.recv(), None);
        ran.recv();
        let soon = Context::background().with_timeout(ms(1)).0.done().clone();
        soon.recv();
    })
    .ok();
}

/// Trees of contexts that are cancelled from below, from above and by time at once, by goroutines
/// that make and drop them: each done channel is closed, each function is called once or stopped,
/// all is freed.
fn storm() {
    let (n, called, stopped) =
        (Arc::new(AtomicI64::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let funcs = Arc::new(AtomicUsize::new(0));
    for round in 0..100u64 {
        let wg = Arc::new(WaitGroup::new());
        let (root, cancel) = Context::background().with_cancel();
        for i in 0..8u64 {
            wg.add(1);
            let (root, wg, n) = (root.clone(), wg.clone(), n.clone());
            let (called, stopped, funcs) = (called.clone(), stopped.clone(), funcs.clone());
            go(move || {
                for k in 0..10 {
                    let (a, ca) = root.with_value(Alive::new(&n)).with_cancel();
                    let (b, cb) =
                        a.with_timeout(Duration::from_nanos((round * 7919 + i * 613 + k) % 50_000));
                    let (c, f) = (called.clone(), Alive::new(&n));
                    funcs.fetch_add(1, SeqCst);
                    let f = b.after_func(move || {
                        drop(f);
                        c.fetch_add(1, SeqCst);
                    });
                    match (round + i + k) % 4 {
                        0 => ca.cancel(),
                        1 => cb.cancel(),
                        2 => _ = stopped.fetch_add(usize::from(f.stop()), SeqCst),
                        _ => runtime::gosched(),
                    }
                    let done = b.done().clone();
                    if k % 2 == 0 {
                        drop((a, ca, b, cb));
                    }
                    done.recv();
                }
                wg.done();
            });
        }
        if round % 3 == 0 {
            cancel.cancel();
        }
        wg.wait();
        cancel.cancel();
    }
    // The functions run on goroutines of their own.
    while called.load(SeqCst) + stopped.load(SeqCst) < funcs.load(SeqCst) || n.load(SeqCst) > 0 {
        runtime::gosched();
    }
    assert_eq!(called.load(SeqCst) + stopped.load(SeqCst), funcs.load(SeqCst));
}

#[test]
fn storm_1() {
    in_child!(.procs(1), storm).ok();
}
#[test]
fn storm_2() {
    in_child!(.procs(2), storm).ok();
}
#[test]
fn storm_8() {
    in_child!(.procs(8), storm).ok();
}

/// Takers of different weights, some of whom give up: never more permits than there are, and none
/// lost.
fn permits() {
    let s = Arc::new(Semaphore::new(5));
    let (used, wg) = (Arc::new(AtomicI64::new(0)), Arc::new(WaitGroup::new()));
    for i in 0..16u64 {
        wg.add(1);
        let (s, used, wg) = (s.clone(), used.clone(), wg.clone());
        go(move || {
            for k in 0..200u64 {
                let n = 1 + (i + k) % 5;
                let (ctx, cancel) = Context::background()
                    .with_timeout(Duration::from_nanos((i * 7919 + k * 613) % 100_000));
                if let Ok(p) = s.acquire(&ctx, n) {
                    assert!(used.fetch_add(n as i64, SeqCst) + n as i64 <= 5);
                    runtime::gosched();
                    used.fetch_sub(n as i64, SeqCst);
                    drop(p);
                }
                cancel.cancel();
            }
            wg.done();
        });
    }
    wg.wait();
    assert_eq!(s.try_acquire(5).unwrap().count(), 5);
    assert!(s.acquire_timeout(ms(1), 5).is_some());
    let p = s.acquire_owned(&Context::background(), 5).unwrap();
    assert!(s.acquire_timeout(ms(1), 1).is_none());
    drop(p);
}

#[test]
fn permits_1() {
    in_child!(.procs(1), permits).ok();
}
#[test]
fn permits_2() {
    in_child!(.procs(2), permits).ok();
}
#[test]
fn permits_8() {
    in_child!(.procs(8), permits).ok();
}

#[test]
fn a_shared_call_that_panics_does_so_for_all() {
    in_child!(.procs(1), || {
        let g = Arc::new(Shared::<u8, u8>::new());
        let (begun, finish, log) = (chan::<()>(0), chan::<()>(0), chan::<String>(0));
        for end in ["panic", "goexit"] {
            for who in 0..2 {
                let (g, beg, finish, log) = (g.clone(), begun.clone(), finish.clone(), log.clone());
                go(move || {
                    /// Says so when a goexit passes by.
                    struct Says(gort::Chan<String>);
                    impl Drop for Says {
                        fn drop(&mut self) {
                            self.0.send("the end".into());
                        }
                    }
                    let says = Says(log.clone());
                    let r = recover(|| {
                        g.call(1, || {
                            beg.send(());
                            finish.recv();
                            if end == "panic" { panic!("boom") } else { runtime::goexit() }
                        })
                    });
                    log.send(r.unwrap_err().to_string());
                    std::mem::forget(says);
                });
                if who == 0 {
                    begun.recv();
                }
            }
            gort_tests::until_waiting(2, gort_proc::WaitReason::ChanReceive);
            finish.send(());
            let mut all = [log.recv().unwrap(), log.recv().unwrap()];
            all.sort();
            println!("{all:?}");
        }
        println!("{:?}", g.call(1, || 7));
    })
    .ok()
    .stdout_is("[\"boom\", \"singleflight: boom\"]\n[\"the end\", \"the end\"]\n(7, false)\n");
}

#[test]
fn waits_end_with_their_context() {
    in_child!(|| {
        let (ctx, cancel) = Context::background().with_timeout(ms(1));
        let never = chan::<()>(0);
        select! {
            recv(never) => unreachable!(),
            recv(ctx.done()) => println!("{}", ctx.err().unwrap()),
        }
        drop(cancel.guard());
        println!("{}", ctx.sleep(ms(1)).unwrap_err());
    })
    .ok()
    .stdout_is("context deadline exceeded\ncontext deadline exceeded\n");
}

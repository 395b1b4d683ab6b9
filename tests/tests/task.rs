//! Goroutines that are waited for: `gort::task`, stacks of other sizes, children.

use gort::task::{self, Broadcast, Goexit, Watch};
use gort::{Builder, RecvTimeoutError, chan, go, recover, runtime, select, stack, time};
use gort_proc::WaitReason;
use gort_tests::{in_child, until_waiting};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

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

#[test]
fn results() {
    in_child!(.procs(1), || {
        assert_eq!(task::spawn(|| 7).join().unwrap(), 7);
        let e = task::spawn(|| -> u8 { panic!("boom {}", std::hint::black_box(1)) }).join().unwrap_err();
        assert_eq!(e.downcast_ref::<String>().unwrap(), "boom 1");
        assert!(task::spawn(|| runtime::goexit()).join().unwrap_err().is::<Goexit>());
        let c = chan::<u32>(0);
        let rx = c.clone();
        let h = task::spawn(move || rx.recv());
        let h = h.join_timeout(ms(1)).unwrap_err();
        assert!(!h.is_finished());
        select! { recv(h.done()) => unreachable!(), default => {} }
        c.send(5);
        select! { recv(h.done()) => {} }
        assert!(h.is_finished());
        assert_eq!(h.join_timeout(Duration::ZERO).unwrap().unwrap(), Some(5));
        let n = Arc::new(AtomicI64::new(0));
        let a = Alive::new(&n);
        let h = task::spawn(move || a);
        h.done().recv();
        assert_eq!(n.load(SeqCst), 1);
        drop(h);
        assert_eq!(n.load(SeqCst), 0);
    })
    .ok();
}

#[test]
fn a_panic_that_nobody_can_fetch_ends_the_program() {
    let o = in_child!(.procs(1), || {
        drop(task::spawn(|| panic!("nobody listens")));
        time::sleep(ms(60_000));
    });
    o.exited(2)
        .stderr_has("panic: nobody listens")
        .stderr_has("task::a_panic_that_nobody_can_fetch");
}

#[test]
fn a_panic_that_nobody_has_fetched_ends_the_program() {
    let o = in_child!(.procs(1), || {
        let h = task::spawn(|| panic!("nobody asks"));
        h.done().recv();
        println!("so far so good");
        drop(h);
        time::sleep(ms(60_000));
    });
    o.exited(2).stdout_is("so far so good\n").stderr_has("panic: nobody asks");
}

/// Handles that are joined, dropped, asked with a timeout, at about the moment when the task ends.
fn joins() {
    let n = Arc::new(AtomicI64::new(0));
    let got = AtomicUsize::new(0);
    task::scope(|s| {
        for i in 0..8u64 {
            let (n, got) = (&n, &got);
            s.spawn(move || {
                for k in 0..500u64 {
                    let (a, spins) = (Alive::new(n), (i * 31 + k * 17) % 7);
                    let h = task::spawn(move || {
                        for _ in 0..spins {
                            runtime::gosched();
                        }
                        a
                    });
                    match k % 4 {
                        0 => drop(h.join().unwrap()),
                        1 => drop(h),
                        2 => match h.join_timeout(Duration::from_nanos((k * 131) % 9000)) {
                            Ok(a) => drop(a.unwrap()),
                            Err(h) => drop(h),
                        },
                        _ => {
                            select! {
                                recv(h.done()) => {}
                                default => runtime::gosched(),
                            }
                            drop(h);
                        }
                    }
                    got.fetch_add(1, SeqCst);
                }
            });
        }
    });
    assert_eq!(got.load(SeqCst), 4000);
    while n.load(SeqCst) != 0 {
        runtime::gosched();
    }
}

#[test]
fn joins_1() {
    in_child!(.procs(1), joins).ok();
}
#[test]
fn joins_2() {
    in_child!(.procs(2), joins).ok();
}
#[test]
fn joins_8() {
    in_child!(.procs(8), joins).ok();
}

#[test]
fn scopes_borrow() {
    in_child!(|| {
        // new_select_errors: borrow
        let mut v = vec![1];
        let text = String::from("text");
        let n = task::scope(|s| {
            s.spawn(|| v.push(2));
            let a = s.spawn(|| text.len());
            // From inside of another, and longer than its handle.
            s.spawn(|| {
                s.spawn(|| assert_eq!(text.len(), 4));
            });
            a.join().unwrap()
        });
        assert_eq!((v, n), (vec![1, 2], 4));
    })
    .ok();
}

/// What a goroutine returns whose handle is gone is dropped before the scope ends: it may borrow
/// from outside of it.
#[test]
fn scopes_drop_what_nobody_wants() {
    struct Late<'a>(&'a AtomicUsize);
    impl Drop for Late<'_> {
        fn drop(&mut self) {
            (0..100).for_each(|_| runtime::gosched());
            self.0.fetch_add(1, SeqCst);
        }
    }
    in_child!(|| {
        for _ in 0..20 {
            // Not on the stack: were it read too late, the test would fail, and read nothing that
            // is gone.
            static DROPPED: AtomicUsize = AtomicUsize::new(0);
            DROPPED.store(0, SeqCst);
            task::scope(|s| drop(s.spawn(|| Late(&DROPPED))));
            assert_eq!(DROPPED.load(SeqCst), 1);
        }
    })
    .ok();
}

/// A scope that is left by a panic, a goexit, or in good order waits for all its goroutines,
/// whatever they end by.
fn scopes() {
    for way in 0..3 {
        for child in 0..3 {
            for joined in [false, true] {
                let ended = Arc::new(AtomicUsize::new(0));
                let e = ended.clone();
                let out = task::spawn(move || {
                    let ended = &*e;
                    task::scope(|s| {
                        let mut hs = Vec::new();
                        for i in 0..5 {
                            let ended = &ended;
                            hs.push(s.spawn(move || {
                                for _ in 0..i {
                                    runtime::gosched();
                                }
                                ended.fetch_add(1, SeqCst);
                                match child {
                                    0 if i == 3 => panic!("child"),
                                    1 => runtime::goexit(),
                                    _ => {}
                                }
                            }));
                        }
                        if joined {
                            for h in hs {
                                let _ = h.join();
                            }
                        }
                        match way {
                            0 => panic!("scope"),
                            1 => runtime::goexit(),
                            _ => 7,
                        }
                    })
                });
                out.done().recv();
                assert_eq!(ended.load(SeqCst), 5);
                let text = match out.join() {
                    Ok(n) => n.to_string(),
                    Err(e) => e.downcast_ref::<&str>().map_or("goexit".into(), |s| s.to_string()),
                };
                let expected = match (way, child, joined) {
                    (0, ..) => "scope",
                    (1, ..) => "goexit",
                    (_, 0, false) => "child",
                    _ => "7",
                };
                assert_eq!(text, expected, "{way} {child} {joined}");
            }
        }
    }
}

#[test]
fn scopes_1() {
    in_child!(.procs(1), || (0..20).for_each(|_| scopes())).ok();
}
#[test]
fn scopes_2() {
    in_child!(.procs(2), || (0..20).for_each(|_| scopes())).ok();
}
#[test]
fn scopes_8() {
    in_child!(.procs(8), || (0..20).for_each(|_| scopes())).ok();
}

#[test]
fn stacks_of_other_sizes() {
    in_child!(.procs(2), || {
        // new_bigstack
        fn rec(v: &serde_json::Value) -> usize {
            match v {
                serde_json::Value::Array(a) => 1 + a.iter().map(rec).max().unwrap_or(0),
                _ => 0,
            }
        }
        let work = || {
            let s = "[".repeat(120) + &"]".repeat(120);
            let v: serde_json::Value = serde_json::from_str(&s).unwrap();
            let big = std::hint::black_box([0u8; 300_000]);
            (rec(&v), big.len())
        };
        assert_eq!(Builder::new().stack_size(1 << 20).spawn(work).join().unwrap(), (120, 300_000));
        let c = chan(0);
        let tx = c.clone();
        Builder::new().stack_size(1 << 20).go(move || tx.send(work()));
        assert_eq!(c.recv().unwrap(), (120, 300_000));
        assert_eq!(stack::call_on(1 << 20, work), (120, 300_000));
        // What is called there ends as it would here.
        assert_eq!(recover(|| stack::call_on(1 << 20, || panic!("there"))).unwrap_err().message(), "there");
        let e = task::spawn(|| stack::call_on(1 << 20, || runtime::goexit())).join().unwrap_err();
        assert!(e.is::<Goexit>());
        fn depth(n: u64) -> u64 {
            stack::grow(32 << 10, 1 << 20, || {
                let frame = std::hint::black_box([0u8; 1024]);
                if n == 0 { frame[0].into() } else { 1 + depth(n - 1) }
            })
        }
        assert_eq!(depth(20_000), 20_000);
        assert!(stack::remaining() > 100_000 && stack::remaining() < 256 << 10);
        // Larger ones are used again, and the usual ones stay as they are.
        for i in 0..200 {
            let n = Builder::new().stack_size(64 << (i % 16)).spawn(stack::remaining).join().unwrap();
            assert!(n > 100_000 && n < (256 << 10).max(128 << (i % 16)));
        }
        assert!(task::spawn(stack::remaining).join().unwrap() < 256 << 10);
        assert!(recover(|| stack::call_on(stack::MAX + 1, || ())).is_err());
    })
    .ok();
}

#[test]
fn an_overflow_of_a_larger_stack_is_reported() {
    fn deep(n: u64) -> u64 {
        let frame = std::hint::black_box([n; 128]);
        if n == 0 { 0 } else { 1 + deep(n - 1) + std::hint::black_box(&frame)[0] }
    }
    let o = in_child!(.procs(1), || {
        stack::call_on(1 << 20, || deep(u64::MAX));
    });
    o.exited(2)
        .stderr_has("goroutine stack exceeds 1048576-byte limit")
        .stderr_has("fatal error: stack overflow");
    o.stderr_has("task::an_overflow_of_a_larger_stack_is_reported::deep").stderr_has("created by");
}

#[test]
fn each_subscriber_gets_each_value() {
    for procs in [1, 2, 8] {
        in_child!(.procs(procs), || {
            let b = Broadcast::new();
            let subs: Vec<_> = (0..8).map(|_| b.subscribe(1000)).collect();
            let sums = task::scope(|s| {
                let hs: Vec<_> = subs.into_iter().map(|r| s.spawn(move || r.collect::<Vec<u32>>())).collect();
                let senders: Vec<_> = (0..4u32)
                    .map(|k| {
                        let b = &b;
                        s.spawn(move || (0..200).for_each(|i| assert_eq!(b.send(k * 200 + i), 8)))
                    })
                    .collect();
                senders.into_iter().for_each(|h| h.join().unwrap());
                b.close();
                hs.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>()
            });
            assert!(sums.iter().all(|v| v.len() == 800 && *v == sums[0]));
            assert_eq!((b.send(1), b.subscribers(), b.subscribe(1).c().recv()), (0, 0, None));
            let b = Broadcast::new();
            let (slow, gone) = (b.subscribe(1), b.subscribe(1));
            drop(gone);
            assert_eq!((b.subscribers(), b.send(1), b.send(2), slow.missed()), (1, 1, 0, 1));
        })
        .ok();
    }
}

#[test]
fn watchers_see_the_newest_value() {
    for procs in [1, 2, 8] {
        in_child!(.procs(procs), || {
            let w = Watch::new(0u64);
            task::scope(|s| {
                for _ in 0..8 {
                    let mut r = w.watcher();
                    s.spawn(move || {
                        let mut last = 0;
                        while let Some(v) = r.changed() {
                            assert!(v > last);
                            last = v;
                        }
                        assert_eq!(last, 1000);
                    });
                }
                for i in 1..=1000 {
                    assert_eq!(w.set(i), i - 1);
                    if i % 16 == 0 {
                        runtime::gosched();
                    }
                }
                w.close();
            });
            let mut r = w.watcher();
            assert_eq!(r.changed(), None);
            w.update(|v| *v += 1);
            assert!(r.has_changed());
            assert_eq!(r.changed(), Some(1001));
            let w = Watch::new("a");
            let mut r = w.watcher();
            assert_eq!(r.changed_timeout(ms(1)), Err(RecvTimeoutError::Timeout));
            let w2 = w.clone();
            go(move || {
                w2.set("b");
                w2.set("c");
            });
            assert_eq!(r.wait_for(|v| *v == "c"), Some("c"));
            let c = r.c();
            select! { recv(c) => unreachable!(), default => {} }
            w.close();
            select! { recv(c) => {} }
            assert_eq!(r.changed_timeout(ms(1)), Err(RecvTimeoutError::Closed));
        })
        .ok();
    }
}

#[test]
fn new_kids() {
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::process::{Command, Stdio};
    in_child!(.procs(2), || {
        let (wg, up) = (Arc::new(gort::sync::WaitGroup::new()), Arc::new(AtomicUsize::new(0)));
        let mut stdins = Vec::new();
        for _ in 0..200 {
            // `cat` ends when its input does, and that is when all of them run.
            let mut c = Command::new("cat");
            c.stdout(Stdio::piped()).stdin(Stdio::piped());
            let mut ch = gort::process::spawn(&mut c).unwrap();
            stdins.push(gort::os::File::from(ch.stdin.take().unwrap()));
            wg.add(1);
            let (wg, up) = (wg.clone(), up.clone());
            go(move || {
                let mut f = gort::net::File::from_fd(OwnedFd::from(ch.stdout.take().unwrap()));
                up.fetch_add(1, SeqCst);
                let mut s = String::new();
                f.read_to_string(&mut s).unwrap();
                assert_eq!(s, "x\n");
                assert!(gort::process::wait(&mut ch).unwrap().success());
                wg.done();
            });
        }
        until_waiting(200, WaitReason::IOWait);
        let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
        assert_eq!(up.load(SeqCst), 200);
        for mut f in stdins {
            std::io::Write::write_all(&mut f, b"x\n").unwrap();
        }
        wg.wait();
        println!("{threads} threads");
        assert!(threads < 20, "{threads} threads for 200 children");
    })
    .ok();
}

#[test]
fn children() {
    use std::process::{Command, Stdio};
    in_child!(.procs(1), || {
        let o = gort::process::output(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"])).unwrap();
        assert_eq!((o.status.code(), &o.stdout[..], &o.stderr[..]), (Some(3), &b"out\n"[..], &b"err\n"[..]));
        // More than a pipe holds, on both.
        let big = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2";
        let o = gort::process::output(Command::new("sh").args(["-c", big])).unwrap();
        assert_eq!((o.stdout.len(), o.stderr.len()), (300_000, 300_000));
        let mut c = Command::new("cat");
        let mut child = gort::process::spawn(c.stdin(Stdio::piped())).unwrap();
        let stdin = child.stdin.take();
        assert_eq!(gort::process::wait_timeout(&mut child, ms(5)).unwrap(), None);
        drop(stdin);
        assert!(gort::process::wait_timeout(&mut child, Duration::MAX).unwrap().unwrap().success());
        assert!(gort::process::wait(&mut child).unwrap().success());
        assert!(gort::process::status(&mut Command::new("true")).unwrap().success());
        assert!(gort::process::status(&mut Command::new("/no/such/program")).is_err());
        // One that is waited for beside others.
        let mut child = gort::process::spawn(Command::new("sleep").arg("60")).unwrap();
        let id = child.id();
        let h = task::spawn(move || gort::process::wait(&mut child).unwrap());
        until_waiting(1, WaitReason::IOWait);
        // SAFETY: our child, which nobody has waited for.
        unsafe { libc::kill(id as i32, libc::SIGKILL) };
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(h.join().unwrap().signal(), Some(libc::SIGKILL));
    })
    .ok();
}

#[test]
fn standard_streams() {
    let o = in_child!(.procs(1).stdin(b"one\ntwo\n"), || {
        use std::io::{BufRead, BufReader, Write};
        let f = gort::os::stdin().unwrap();
        assert!(f.pollable());
        let mut out = gort::os::stdout().unwrap();
        for line in BufReader::new(f).lines() {
            writeln!(out, "{}", line.unwrap()).unwrap();
        }
        gort::os::stderr().unwrap().write_all(b"err\n").unwrap();
        // What others have of the streams stays in blocking mode.
        for n in 0..3 {
            // SAFETY: a question.
            let flags = unsafe { libc::fcntl(n, libc::F_GETFL) };
            assert_eq!(flags & libc::O_NONBLOCK, 0);
        }
    });
    o.ok().stdout_is("one\ntwo\n").stderr_has("err\n");
}

/// Names stand in tracebacks, belong to one goroutine, and end with it.
#[test]
fn names() {
    let o = in_child!(.procs(1), || {
        let c = gort::chan::<()>(0);
        let rx = c.clone();
        gort::Builder::new().name("reader").go(move || {
            assert_eq!(gort::runtime::name(), Some("reader"));
            gort::go(|| assert_eq!(gort::runtime::name(), None));
            gort::runtime::gosched();
            rx.recv();
        });
        gort::runtime::gosched();
        gort::runtime::gosched();
        let all = gort::runtime::stack(true);
        assert!(all.contains(" [chan receive, \"reader\"]:\n"), "{all}");
        c.send(());
        gort::runtime::gosched();
        // On the same G.
        for _ in 0..3 {
            gort::task::spawn(|| assert_eq!(gort::runtime::name(), None)).join().unwrap();
        }
        let n = 7;
        let h = gort::Builder::new().name(format!("a \"quoted\" one, {n}")).spawn(gort::runtime::name);
        assert_eq!(h.join().unwrap(), Some("a \"quoted\" one, 7"));
        gort::runtime::set_name("main");
        panic!("to be seen");
    });
    o.exited(2).stderr_has("goroutine 1 [running, \"main\"]:\n");
}

//! The runtime as a value: `run` returns, `start` joins, other threads call in.

use gort::{Config, chan, go, runtime};
use gort_tests::{in_child, in_plain_child, until_only_threads_are_left, until_others_wait};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;

/// `run` gives back what its function returns, which may borrow from the caller; the main goroutine
/// has Go's number.
#[test]
fn values_come_back() {
    in_plain_child!(.procs(1), || {
        let words = ["a".to_string(), "b".to_string()];
        let mut n = 0;
        let r = gort::run(|| {
            n += 1;
            let c = chan::<usize>(0);
            let tx = c.clone();
            go(move || tx.send(7));
            (runtime::goid(), c.recv(), words.len())
        });
        assert_eq!((r, n), ((1, Some(7), 2), 1));
        // Again, on the same runtime.
        let r: Result<u8, std::num::ParseIntError> = gort::run(|| "x".parse());
        assert!(r.is_err());
        assert_eq!(gort::run(|| gort::run(|| 5)), 5);
        println!("fine");
    })
    .ok()
    .stdout_is("fine\n");
}

/// A panic of the function comes back to the caller, and has been reported; a panic of another
/// goroutine ends the program.
#[test]
fn panics_come_back() {
    let o = in_plain_child!(.procs(1), || {
        let r = std::panic::catch_unwind(|| gort::run(|| -> i32 { panic!("first") }));
        assert_eq!(*r.unwrap_err().downcast::<&str>().unwrap(), "first");
        let r = std::panic::catch_unwind(|| gort::run(|| std::panic::panic_any(5u8)));
        assert_eq!(*r.unwrap_err().downcast::<u8>().unwrap(), 5);
        let r = std::panic::catch_unwind(|| gort::run(|| -> i32 { runtime::goexit() }));
        assert!(r.unwrap_err().downcast::<&str>().unwrap().contains("goexit"));
        println!("{}", gort::run(|| "goes on"));
        gort::run(|| {
            go(|| panic!("not mine"));
            chan::<()>(0).recv();
        });
    });
    o.exited(2).stdout_is("goes on\n");
    let report = &o.stderr;
    assert!(
        report.starts_with("panic: first\n\ngoroutine 1 [running]:\nhost::panics_come_back::"),
        "{o}"
    );
    assert!(report.contains("panic: (dyn Any)") || report.contains("panic: 5\n"), "{o}");
    assert!(report.contains("panic: not mine\n\ngoroutine "), "{o}");
}

/// The number of processors is known before the runtime starts.
#[test]
fn processors_before_the_start() {
    in_plain_child!(.procs(1), || {
        let n = runtime::num_cpu();
        assert!(n >= 1);
        assert_eq!(gort::run(runtime::num_cpu), n);
    })
    .ok();
}

/// A program whose `main` returns what `run` gave.
#[test]
fn main_returns_what_run_returns() {
    in_plain_child!(|| std::process::exit(gort::run(|| 3))).exited(3);
    in_plain_child!(|| gort::run_main(|| ExitCode::from(7))).exited(7);
    in_plain_child!(|| gort::run_main(|| -> Result<(), String> { Err("no such luck".into()) }))
        .exited(1)
        .stderr_has("Error: \"no such luck\"\n");
    in_plain_child!(|| gort::run_main(|| -> Result<(), String> { Ok(()) })).ok();
    // A panic that nobody catches on the way out of `main`.
    in_plain_child!(|| gort::run(|| panic!("out"))).exited(101).stderr_has("panic: out\n");
}

/// While the caller waits in `run` a deadlock is one.
#[test]
fn deadlock_in_run() {
    let o = in_plain_child!(.procs(2), || gort::run(|| _ = chan::<()>(0).recv()));
    o.exited(2).stderr_has(
        "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\n",
    );
    assert_eq!(o.stderr.matches("\ngoroutine ").count(), 1, "{o}");
}

/// Starting twice joins the running one, whoever has started it.
#[test]
fn started_twice() {
    in_plain_child!(|| {
        let rt = gort::start(Config::new().gomaxprocs(3));
        let again = gort::start(Config::new().gomaxprocs(1)).clone();
        assert_eq!(again.block_on(|| runtime::gomaxprocs(0)), 3);
        let (tx, rx) = std::sync::mpsc::channel();
        rt.spawn(move || tx.send(5).unwrap());
        assert_eq!(rx.recv(), Ok(5));
        assert_eq!(gort::run(|| 6), 6);
        let others: Vec<_> = (0..8)
            .map(|n| std::thread::spawn(move || gort::start(Config::new()).block_on(|| n)))
            .collect();
        assert_eq!(others.into_iter().map(|t| t.join().unwrap()).sum::<i32>(), 28);
        println!("host goes on");
    })
    .ok()
    .stdout_is("host goes on\n");
    // On a goroutine of a program of `run_main`.
    in_child!(|| {
        let rt = gort::start(Config::new());
        assert_eq!(rt.block_on(runtime::goid), 1);
    })
    .ok();
}

/// Many threads start at once: one runtime, and all get their values.
#[test]
fn started_at_once() {
    in_plain_child!(|| {
        let ts: Vec<_> = (0..16u64).map(|n| std::thread::spawn(move || gort::run(|| n))).collect();
        assert_eq!(ts.into_iter().map(|t| t.join().unwrap()).sum::<u64>(), 120);
    })
    .ok();
}

/// The first thing that everybody tries (`new_foreign`): a thread sends to a goroutine. However
/// long it takes, that is no deadlock.
#[test]
fn a_thread_sends() {
    for procs in [1, 2] {
        in_plain_child!(.procs(procs), || {
            let early = chan::<u32>(0);
            let tx = early.clone();
            // Made before the runtime runs, and silent until everything else waits.
            let t = std::thread::spawn(move || {
                until_only_threads_are_left();
                tx.send(1);
                tx.send(2);
            });
            let sum = gort::run(move || {
                let c = chan::<u32>(0);
                let tx = c.clone();
                let t = std::thread::spawn(move || tx.send(7));
                let got = c.recv();
                gort::blocking(|| t.join()).unwrap();
                (got, early.recv(), early.recv())
            });
            t.join().unwrap();
            println!("{sum:?}");
        })
        .ok()
        .stdout_is("(Some(7), Some(1), Some(2))\n");
    }
}

/// When the last thread that could have called in has ended, it is a deadlock; also if it did call
/// in.
#[test]
fn a_thread_ends_without_sending() {
    for calls in ["no", "yes"] {
        let o = in_plain_child!(.env("CALLS", calls).procs(2), || {
            gort::run(|| {
                let c = chan::<u32>(0);
                std::thread::spawn(move || {
                    if std::env::var("CALLS").is_ok_and(|v| v == "yes") {
                        assert!(chan::<u32>(0).try_recv().is_err());
                        // Mostly everything waits when it ends; if not, the other way of finding it
                        // is tested once more.
                        std::thread::sleep(std::time::Duration::from_millis(30));
                    } else {
                        until_only_threads_are_left();
                    }
                });
                c.recv();
            });
        });
        o.exited(2).stderr_has(
            "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\n",
        );
    }
}

/// A thread that never calls in and does not end keeps the report back (sysmon has been asked to
/// look again by then), until it ends.
#[test]
fn a_thread_that_lives_keeps_the_report_back() {
    let o = in_plain_child!(.procs(2), || {
        gort::run(|| {
            std::thread::spawn(|| {
                // Looks at a counter; that is no call.
                while gort_proc::deferred() < 4 {
                    std::thread::yield_now();
                }
                eprintln!("the thread ends");
            });
            chan::<u32>(0).recv();
        });
    });
    o.exited(2).stderr_has("the thread ends\nfatal error: all goroutines are asleep - deadlock!\n");
}

/// One that waits for the end of the thread that runs everything, or for one that does, cannot call
/// in (`new_thr second`). One that waits for another thread's end may.
#[test]
fn a_thread_that_joins_the_run() {
    for procs in [1, 2] {
        let o = in_plain_child!(.procs(procs), || {
            let run = || std::thread::spawn(|| gort::run(|| chan::<u32>(0).recv()));
            let _ = std::thread::spawn(move || run().join()).join();
        });
        o.exited(2).stderr_has("fatal error: all goroutines are asleep - deadlock!\n");
    }
    let o = in_plain_child!(.procs(2), || {
        gort::run(|| {
            let c = chan::<u32>(0);
            let tx = c.clone();
            std::thread::spawn(move || {
                let other = std::thread::spawn(|| {
                    // Not that one: the one that waits for it keeps the report back.
                    gort::runtime::never_calls_in();
                    while gort_proc::deferred() < 4 {
                        std::thread::yield_now();
                    }
                });
                other.join().unwrap();
                tx.send(7);
            });
            println!("{:?}", c.recv());
        });
    });
    o.ok().stdout_is("Some(7)\n");
}

/// What looks like a join is one only if it waits for what glibc's join waits for: here another
/// word has the number of an M.
#[test]
fn a_futex_that_holds_the_number_of_an_m() {
    fn futex(word: &AtomicU32, op: i32, n: u32) {
        // SAFETY: the word is alive; there is no time.
        unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), op, n, std::ptr::null::<u8>()) };
    }
    in_plain_child!(.procs(2), || {
        gort::run(|| {
            let c = chan::<u32>(0);
            let tx = c.clone();
            // SAFETY: it has no conditions.
            let m = unsafe { libc::gettid() } as u32;
            let word: &AtomicU32 = Box::leak(Box::new(AtomicU32::new(m)));
            std::thread::spawn(move || {
                while word.load(SeqCst) == m {
                    futex(word, libc::FUTEX_WAIT, m);
                }
                tx.send(7);
            });
            std::thread::spawn(move || {
                // Not this one: the one that waits keeps the report back.
                runtime::never_calls_in();
                while gort_proc::deferred() < 4 {
                    std::thread::yield_now();
                }
                word.store(0, SeqCst);
                futex(word, libc::FUTEX_WAKE, 1);
            });
            println!("{:?}", c.recv());
        });
    })
    .ok()
    .stdout_is("Some(7)\n");
}

/// Where it cannot be read who is there, nothing is a deadlock.
#[test]
fn no_descriptors_left() {
    in_plain_child!(.procs(2), || {
        gort::run(|| {
            let c = chan::<u32>(0);
            let tx = c.clone();
            gort_tests::limit(libc::RLIMIT_NOFILE, 0);
            std::thread::spawn(move || {
                while gort_proc::deferred() < 4 {
                    std::thread::yield_now();
                }
                tx.send(7);
            });
            println!("{:?}", c.recv());
        });
    })
    .ok()
    .stdout_is("Some(7)\n");
}

/// Nor where the threads that are there change while they are counted: the kernel may leave one out
/// then.
#[test]
fn a_thread_that_ends_while_they_are_counted() {
    in_plain_child!(|| {
        type End = (Sender<()>, JoinHandle<()>, PathBuf);
        let end = std::cell::Cell::new(None::<End>);
        let look = || {
            gort_proc::any_thread(|_| {
                let Some((tx, t, path)) = end.take() else { return false };
                drop(tx);
                t.join().unwrap();
                while path.exists() {
                    std::thread::yield_now();
                }
                false
            })
        };
        assert!(!look());
        let (tx, rx) = std::sync::mpsc::channel();
        let (id, ids) = std::sync::mpsc::channel();
        let t = std::thread::spawn(move || {
            // SAFETY: it has no conditions.
            id.send(unsafe { libc::gettid() }).unwrap();
            let _ = rx.recv();
        });
        let path = PathBuf::from(format!("/proc/self/task/{}", ids.recv().unwrap()));
        end.set(Some((tx, t, path)));
        assert!(look());
        assert!(!look());
    })
    .ok();
}

/// One that has said so does not.
#[test]
fn a_thread_that_never_calls_in() {
    let o = in_plain_child!(.procs(2), || {
        let (tx, rx) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            assert!(gort::runtime::never_calls_in());
            assert!(gort::runtime::never_calls_in());
            tx.send(()).unwrap();
            loop {
                std::thread::park();
            }
        });
        rx.recv().unwrap();
        gort::run(|| {
            assert!(!gort::runtime::never_calls_in(), "on a thread of the runtime's");
            chan::<u32>(0).recv();
        });
    });
    o.exited(2).stderr_has(
        "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\n",
    );
}

/// Its number is free again when it ends: there is room for 16 at a time.
#[test]
fn threads_that_never_call_in_come_and_go() {
    in_plain_child!(|| {
        for _ in 0..100 {
            assert!(std::thread::spawn(gort::runtime::never_calls_in).join().unwrap());
        }
        let all = std::sync::Arc::new(std::sync::Barrier::new(40));
        let one = |_| {
            let all = all.clone();
            std::thread::spawn(move || {
                let said = gort::runtime::never_calls_in();
                all.wait();
                said
            })
        };
        // Joined one by one: then their thread-locals are gone, too.
        let threads: Vec<_> = (0..40).map(one).collect();
        let said = threads.into_iter().filter_map(|t| t.join().ok()).filter(|&said| said).count();
        // Some places are taken by the harness's threads.
        assert!((1..=16).contains(&said), "{said}");
        assert!(std::thread::spawn(gort::runtime::never_calls_in).join().unwrap());
    })
    .ok();
}

/// A program with a main loop of its own (`new_embed`): the runtime waits for work beside it, and
/// ends with it.
#[test]
fn a_main_loop() {
    in_plain_child!(|| {
        let rt = gort::start(Config::new());
        let (jobs, results) = (chan::<u32>(0), chan::<u32>(4));
        let (work, out) = (jobs.clone(), results.clone());
        rt.spawn(move || work.iter().for_each(|n| out.send(n * n)));
        let mut sum = 0;
        for frame in 0..5 {
            std::thread::sleep(std::time::Duration::from_millis(3)); // the rest of the frame
            jobs.send(frame);
            while let Ok(n) = results.try_recv() {
                sum += n;
            }
        }
        jobs.close();
        while sum < 30 {
            sum += results.recv().unwrap();
        }
        println!("main loop ends as it should: {sum}");
    })
    .ok()
    .stdout_is("main loop ends as it should: 30\n");
    in_plain_child!(|| {
        std::thread::spawn(|| gort::run(|| chan::<()>(0).recv()));
        until_only_threads_are_left();
        println!("main loop ends");
    })
    .ok()
    .stdout_is("main loop ends\n");
}

/// Threads come and go: what they take is used again.
#[test]
fn threads_come_and_go() {
    for procs in [1, 2, 8] {
        in_plain_child!(.procs(procs), || {
            let rt = gort::start(Config::new());
            let c = chan::<u64>(0);
            let rx = c.clone();
            let total = chan::<u64>(1);
            let done = total.clone();
            rt.spawn(move || done.send(rx.iter().sum()));
            let m = std::sync::Arc::new(gort::sync::Mutex::new(0u64));
            for round in 0..60 {
                let ts: Vec<_> = (0..8)
                    .map(|_| {
                        let (c, m) = (c.clone(), m.clone());
                        std::thread::spawn(move || {
                            c.send(1);
                            *m.lock() += 1;
                            let back = chan::<u64>(0);
                            let tx = back.clone();
                            go(move || tx.send(1));
                            c.send(back.recv().unwrap());
                            gort::time::sleep(std::time::Duration::from_micros(10));
                        })
                    })
                    .collect();
                ts.into_iter().for_each(|t| t.join().unwrap());
                if round == 0 {
                    continue;
                }
                // 8 extra Ms and one for this thread; the runtime's own threads are sysmon's, the
                // template and those of the Ps.
                assert!(runtime::stats().threads < 64, "{} threads", runtime::stats().threads);
            }
            c.close();
            assert_eq!((total.recv(), *m.lock()), (Some(960), 480));
            assert!(runtime::num_goroutine() < 16, "{}", runtime::num_goroutine());
        })
        .ok();
    }
}

/// Panics of a thread's own are reported by Rust's hook, as everywhere else, and end the thread
/// only.
#[test]
fn panics_on_threads() {
    let o = in_plain_child!(|| {
        let rt = gort::start(Config::new());
        let t = std::thread::Builder::new().name("mine".into()).spawn(|| {
            let c = chan::<u32>(1);
            c.close();
            c.send(1);
        });
        assert!(t.unwrap().join().is_err());
        assert_eq!(rt.block_on(|| 1), 1);
        println!("goes on");
    });
    o.ok()
        .stdout_is("goes on\n")
        .stderr_has("thread 'mine'")
        .stderr_has("panicked at")
        .stderr_has("send on closed channel");
}

/// After `shutdown` nothing runs, and what is tried says what, where, and on which thread.
#[test]
fn after_shutdown() {
    let o = in_plain_child!(.procs(2), || {
        let rt = gort::start(Config::new());
        let c = chan::<u32>(0);
        let ticks = c.clone();
        rt.spawn(move || {
            let mut n = 0;
            loop {
                let _ = ticks.try_send(n);
                n += 1;
                runtime::gosched();
            }
        });
        assert!(c.recv().is_some());
        let c = c.clone();
        rt.shutdown();
        println!("down");
        std::thread::Builder::new().name("late".into()).spawn(move || c.send(1)).unwrap().join().unwrap();
    });
    o.exited(2)
        .stdout_is("down\n")
        .stderr_has("fatal error: gort: operation after shutdown: send on a channel, on thread ")
        .stderr_has(" (late)\n")
        .stderr_has("host::after_shutdown::");
}

/// A shutdown where the timer of a goroutine that sleeps, or goroutines that could run, are the
/// caller's own P's.
#[test]
fn shutdown_with_work_left() {
    for procs in [1, 2] {
        for kind in
            ["nothing", "sleepers", "light sleepers", "runnable", "in blocking", "listeners"]
        {
            in_plain_child!(.procs(procs).env("KIND", kind), || {
                static RUNS: AtomicU32 = AtomicU32::new(0);
                let rt = gort::start(Config::new());
                let kind = std::env::var("KIND").unwrap();
                rt.block_on(move || {
                    for _ in 0..3 {
                        match kind.as_str() {
                            "sleepers" => go(|| gort::time::sleep(std::time::Duration::from_secs(3600))),
                            "light sleepers" => go(|| {
                                loop {
                                    gort::time::sleep(std::time::Duration::from_millis(1));
                                    RUNS.fetch_add(1, SeqCst);
                                }
                            }),
                            "runnable" => go(|| {
                                loop {
                                    RUNS.fetch_add(1, SeqCst);
                                    runtime::gosched();
                                }
                            }),
                            "in blocking" => go(|| gort::blocking(std::thread::park)),
                            "listeners" => go(|| {
                                let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
                                let _ = l.accept();
                            }),
                            _ => {}
                        }
                    }
                    if kind != "runnable" && kind != "in blocking" {
                        until_others_wait();
                    }
                });
                rt.shutdown();
                // Nothing runs any more: the timers of the light sleepers pass meanwhile, and
                // sysmon has its time.
                let runs = RUNS.load(SeqCst);
                std::thread::sleep(std::time::Duration::from_millis(30));
                assert_eq!(RUNS.load(SeqCst), runs);
                println!("down");
            })
            .ok()
            .stdout_is("down\n");
        }
    }
}

/// In a blocking section the report names the operation and the thread.
#[test]
fn inside_blocking_names_the_operation() {
    let o = in_child!(.procs(2), || gort::blocking(|| chan::<u32>(1).send(1)));
    o.exited(2)
        .stderr_has("fatal error: gort: operation inside of gort::blocking, where its goroutine has no processor: send on a channel, on thread ")
        .stderr_has("host::inside_blocking_names_the_operation::");
}

/// A thread may listen, accept, read and write as a goroutine does.
#[test]
fn sockets_on_threads() {
    use std::io::{Read, Write};
    in_plain_child!(.procs(2), || {
        let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = l.local_addr().unwrap();
        let t = std::thread::spawn(move || {
            let mut s = gort::net::TcpStream::connect(addr).unwrap();
            s.write_all(b"hello").unwrap();
        });
        let (mut s, _) = l.accept().unwrap();
        let mut text = String::new();
        s.read_to_string(&mut text).unwrap();
        t.join().unwrap();
        println!("{text}");
    })
    .ok()
    .stdout_is("hello\n");
}

/// `len` of a timer's channel locks the timer if `asynctimerchan=2`, also where there is no
/// goroutine.
#[test]
fn len_of_a_timer_on_a_thread() {
    for setting in ["0", "1", "2"] {
        in_plain_child!(.env("GODEBUG", format!("asynctimerchan={setting}")), || {
            let runtime = gort::start(gort::Config::default());
            let c = runtime.block_on(|| gort::time::after(std::time::Duration::from_secs(3600)));
            assert_eq!(std::thread::spawn(move || c.len()).join().unwrap(), 0);
        })
        .ok();
    }
}

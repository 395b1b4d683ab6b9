//! The borders of the runtime: threads without goroutines, panics across blocking sections, the end
//! of the program.

use gort::context::Context;
use gort::net::{UnixListener, UnixStream};
use gort::runtime::metrics;
use gort::signal::{self, Signal};
use gort::sync::{Cond, Mutex, Once, Pool, RwMutex, WaitGroup};
use gort::{Chan, chan, go, recover, runtime, select, task, time};
use gort_proc::getg;
use gort_tests::{in_child, in_plain_child};
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

const BLOCKING: &str = "fatal error: gort: operation inside of gort::blocking";

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Operations that need a goroutine.
const OPERATIONS: [(&str, fn()); 45] = [
    ("send", || chan::<i32>(0).send(1)),
    ("send to a buffer", || chan::<i32>(1).send(1)),
    ("send to nil", || Chan::<i32>::nil().send(1)),
    ("recv", || drop(chan::<String>(0).recv())),
    ("recv from nil", || drop(Chan::<String>::nil().recv())),
    ("close", || chan::<i32>(0).close()),
    ("select", || {
        let (a, b) = (chan::<i32>(0), chan::<i32>(0));
        select! {
            recv(a) -> _ => {}
            send(b, 1) => {}
        }
    }),
    ("select one", || {
        let a = chan::<i32>(0);
        select! { recv(a) -> _ => {} }
    }),
    ("select none", || select! {}),
    ("lock", || {
        let m = Mutex::new(());
        let _g = m.lock();
        drop(m.lock());
    }),
    ("lock for writing", || {
        let m = RwMutex::new(());
        let _g = m.rlock();
        drop(m.lock());
    }),
    ("lock for reading", || {
        let m = RwMutex::new(());
        let _g = m.lock();
        drop(m.rlock());
    }),
    ("wait group", || {
        let wg = WaitGroup::new();
        wg.add(1);
        wg.wait();
    }),
    ("cond", || {
        let m = Mutex::new(());
        drop(Cond::new().wait(m.lock()));
    }),
    ("sleep", || time::sleep(ms(1))),
    ("gosched", runtime::gosched),
    ("go", || go(|| ())),
    ("timer", || drop(time::Timer::new(ms(1)))),
    ("after", || drop(time::after(ms(1)))),
    ("after_func", || drop(time::after_func(ms(1), || ()))),
    ("ticker", || drop(time::Ticker::new(ms(1)))),
    ("gomaxprocs", || _ = runtime::gomaxprocs(0)),
    ("set_max_threads", || _ = runtime::set_max_threads(100)),
    ("lock_os_thread", runtime::lock_os_thread),
    ("unlock_os_thread", runtime::unlock_os_thread),
    ("pull", || drop(gort::iter::pull(|yield_: &mut dyn FnMut(i32) -> bool| _ = yield_(1)))),
    ("pool get", || drop(Pool::new(|| 1u8).get())),
    ("pool put", || Pool::new(|| 1u8).put(Box::new(2))),
    ("num_goroutine", || _ = runtime::num_goroutine()),
    ("stats", || _ = runtime::stats()),
    ("metrics", || metrics::read(&mut [metrics::Sample::new("/sched/goroutines:goroutines")])),
    ("metrics of each P", || drop(metrics::per_p())),
    ("notify", || drop(signal::notify(&[Signal::USR1]))),
    ("ignore", || signal::ignore(&[Signal::USR1])),
    ("spawn", || drop(gort::process::spawn(&mut std::process::Command::new("true")))),
    ("bind", || drop(gort::net::TcpListener::bind("127.0.0.1:0").unwrap())),
    ("pair", || drop(UnixStream::pair().unwrap())),
    ("pipe", || drop(gort::os::pipe().unwrap())),
    ("task", || task::spawn(|| ()).join().unwrap()),
    ("scope", || task::scope(|s| drop(s.spawn(|| ())))),
    ("context", || drop(Context::background().with_timeout(ms(1)))),
    ("recv_timeout", || _ = chan::<i32>(0).recv_timeout(ms(1))),
    ("lock_timeout", || {
        let m = Mutex::new(0);
        let held = m.lock();
        drop(m.lock_timeout(ms(1)));
        drop(held);
    }),
    ("block_on", || gort::block_on(async { time::sleep(ms(1)) })),
    ("once", || Once::new().call(|| time::sleep(ms(1)))),
];

fn operation() {
    let i: usize = std::env::var("OPERATION").map_or(0, |s| s.parse().unwrap_or(0));
    OPERATIONS[i].1();
}

/// Those of them that wait for ever, as nobody else is there.
const WAITS: [&str; 12] = [
    "send",
    "send to nil",
    "recv",
    "recv from nil",
    "select",
    "select one",
    "select none",
    "lock",
    "lock for writing",
    "lock for reading",
    "wait group",
    "cond",
];

fn worked(name: &str, o: &gort_tests::Outcome) {
    if WAITS.contains(&name) {
        assert!(
            o.code == 2 && o.stderr.contains("fatal error: all goroutines are asleep - deadlock!"),
            "{name}\n{o}"
        );
    } else {
        assert!(o.code == 0 && o.stdout == "done\n" && o.stderr.is_empty(), "{name}\n{o}");
    }
}

/// Every operation works on a thread of the program's own, and starts the runtime if need be
/// (`new_foreign_ops`).
#[test]
fn outside_before_run() {
    for (i, (name, _)) in OPERATIONS.iter().enumerate() {
        let o = in_plain_child!(.env("OPERATION", i), || {
            operation();
            println!("done");
        });
        worked(name, &o);
    }
}

/// The same while the runtime runs.
#[test]
fn outside_on_another_thread() {
    for (i, (name, _)) in OPERATIONS.iter().enumerate() {
        let o = in_child!(.env("OPERATION", i).procs(2), || {
            let c = chan(0);
            let tx = c.clone();
            std::thread::spawn(move || {
                operation();
                tx.send(());
            });
            c.recv();
            println!("done");
        });
        worked(name, &o);
    }
}

/// A goroutine in a blocking section has no processor: what needs one says so.
#[test]
fn inside_a_blocking_section() {
    for (i, (name, _)) in OPERATIONS.iter().enumerate() {
        let o = in_child!(.env("OPERATION", i).procs(2), || gort::blocking(operation));
        assert!(o.code == 2 && o.stderr.contains(BLOCKING), "{name}\n{o}");
        let named = !o.stderr.contains("processor: operation, on thread ");
        assert!(named, "{name} is not named\n{o}");
    }
}

/// An iterator made on a goroutine may be asked on a thread, but not in a blocking section.
#[test]
fn pull_on_another_thread() {
    let o = in_child!(.procs(2), || {
        let mut p = gort::iter::pull(|yield_| _ = yield_(1) && yield_(2));
        assert_eq!(p.next(), Some(1));
        let t = std::thread::spawn(move || (p.next(), p.next()));
        println!("{:?}", gort::blocking(|| t.join()).unwrap());
        let t = std::thread::spawn(|| gort::iter::pull(|yield_| _ = yield_(3)).next());
        println!("{:?}", gort::blocking(|| t.join()).unwrap());
    });
    o.ok().stdout_is("(Some(2), None)\nSome(3)\n");
    let o = in_child!(.procs(2), || {
        let mut p = gort::iter::pull(|yield_| _ = yield_(1));
        gort::blocking(|| p.next());
    });
    o.exited(2).stderr_has(BLOCKING);
}

/// What may be dropped where there is no goroutine, or none that has its processor: only the values
/// matter, and that the program goes on.
#[test]
fn dropped_elsewhere() {
    in_child!(.procs(2), || {
        type Pull = gort::iter::Pull<i32>;
        type Net = (UnixStream, UnixListener);
        type All = (Chan<String>, time::Timer, time::Ticker, Pool<u8>, Net, [Pull; 2], Arc<Mutex<i32>>);
        let path = std::env::temp_dir().join(format!("gort-edges-{}", std::process::id()));
        let pull = || gort::iter::pull(|yield_: &mut dyn FnMut(i32) -> bool| while yield_(1) {});
        let all = || -> (All, UnixStream) {
            let c = chan(2);
            c.send("x".to_string());
            let pool = Pool::new(|| 1);
            pool.put(Box::new(2));
            let (a, b) = UnixStream::pair().unwrap();
            let l = UnixListener::bind(&path).unwrap();
            let (new, mut begun) = (pull(), pull());
            assert_eq!(begun.next(), Some(1));
            ((c, time::Timer::new(ms(1)), time::Ticker::new(ms(1)), pool, (a, l), [new, begun], Arc::default()), b)
        };
        for blocking in [true, false] {
            let (v, mut b) = all();
            if blocking {
                gort::blocking(move || drop(v));
            } else {
                let t = std::thread::spawn(move || drop(v));
                gort::blocking(|| t.join()).unwrap();
            }
            assert_eq!(b.read(&mut [0]).unwrap(), 0, "the other end has not been closed");
            assert!(!path.exists(), "the file of the listener has not been removed");
            // A new pool, which walks the list of pools that the other one was in.
            drop(Pool::new(|| 1u8).get());
            // SAFETY: on a user goroutine that holds no lock.
            unsafe { gort_sync::pool::gc_pools() };
        }
        assert_eq!(gort::blocking(|| gort::blocking(|| 1) + gort::blocking(|| 2)), 3);
    })
    .ok();
}

/// Durations beyond what the clock can count, and none at all.
#[test]
fn extreme_durations() {
    in_child!(|| {
        go(|| time::sleep(Duration::MAX));
        let (timer, ticker) = (time::Timer::new(Duration::MAX), time::Ticker::new(Duration::MAX));
        let never = time::after_func(Duration::MAX, || panic!("the end of time"));
        select! {
            recv(timer.c()) -> _ => panic!("the end of time"),
            recv(ticker.c()) -> _ => panic!("the end of time"),
            recv(time::tick(Duration::ZERO)) -> _ => panic!("a tick of the nil channel"),
            recv(time::after(Duration::ZERO)) -> _ => {}
        }
        assert!(timer.reset(Duration::ZERO));
        assert!(timer.c().recv().is_some());
        ticker.reset(Duration::from_nanos(1));
        assert!(ticker.c().recv().is_some() && ticker.c().recv().is_some());
        assert!(!timer.reset(Duration::MAX) && timer.stop() && never.stop());
    })
    .ok();
}

/// With GODEBUG=deadlockgraph=1 the owner of a lock is noted; a thread that runs no goroutine is
/// one as well.
#[test]
fn owners_that_are_no_goroutines() {
    in_plain_child!(.env("GODEBUG", "deadlockgraph=1"), || {
        gort::run_main(|| {
            let (m, rw) = (Arc::new(Mutex::new(1)), Arc::new(RwMutex::new(1)));
            let t = std::thread::spawn(move || *m.lock() + *rw.rlock() + *rw.try_rlock().unwrap());
            println!("{}", gort::blocking(|| t.join()).unwrap());
        });
    })
    .ok()
    .stdout_is("3\n");
}

/// What never has to wait works anywhere.
#[test]
fn outside_and_fine() {
    in_plain_child!(|| {
        let (m, rw, wg) = (Mutex::new(1), RwMutex::new(2), WaitGroup::new());
        *m.lock() += 1;
        *rw.lock() += 1;
        assert!(m.try_lock().is_some() && rw.try_rlock().is_some());
        wg.add(2);
        wg.done();
        wg.done();
        wg.wait();
        time::sleep(Duration::ZERO);
        assert_eq!((runtime::goid(), runtime::stack(true).as_str()), (0, ""));
        assert_eq!(gort::blocking(|| 5), 5);
        assert!(recover(|| panic!("x")).unwrap_err().message() == "x");
        // Channels may be made before the runtime starts, and be used, filled or dropped later.
        let (unused, c) = (chan::<String>(3), chan::<String>(1));
        drop(unused);
        gort::run_main(move || {
            c.send("through".to_string());
            println!("{}", c.recv().unwrap_or_default());
        });
    })
    .ok()
    .stdout_is("through\n");
}

/// Threads of the program's own keep Rust's behaviour.
#[test]
fn panics_outside() {
    in_plain_child!(|| panic!("early")).exited(101).stderr_has("panicked at");
    let o = in_child!(.procs(2), || {
        let t = std::thread::spawn(|| panic!("on a thread"));
        let r = gort::blocking(|| t.join());
        println!("{}", r.is_err());
    });
    o.ok().stdout_is("true\n").stderr_has("panicked at").stderr_has("on a thread");
}

/// The thread that runs the runtime need not be the process's first one: m0 knows its own stack.
#[test]
fn run_on_another_thread() {
    in_plain_child!(.procs(1), || {
        let t = std::thread::spawn(|| {
            gort::run_main(|| {
                // SAFETY: nothing in the closure switches goroutines; the M is this thread's own.
                unsafe {
                    assert!(std::ptr::eq((*getg()).m, gort_proc::M0.load()));
                    let (sp, s) = gort_proc::systemstack(|| {
                        let here = 0u8;
                        (&raw const here as usize, (*getg()).stack)
                    });
                    assert!(s.lo < sp && sp < s.hi, "{sp:#x} is not in {:#x}..{:#x}", s.lo, s.hi);
                }
                println!("ran");
            });
        });
        let _ = t.join();
    })
    .ok()
    .stdout_is("ran\n");
}

/// There is one runtime: who starts it again joins it. `run_main` ends the process wherever it is
/// called.
#[test]
fn run_twice() {
    in_child!(.procs(2), || {
        assert_eq!(gort::run(runtime::goid), 1);
        let t = std::thread::spawn(|| gort::run(runtime::goid));
        assert!(gort::blocking(|| t.join()).unwrap() > 1);
        println!("joined");
        gort::run_main(|| std::process::ExitCode::from(3));
    })
    .exited(3)
    .stdout_is("joined\n");
    let o = in_child!(.procs(2), || {
        let t = std::thread::spawn(|| gort::run_main(|| println!("elsewhere")));
        let _ = gort::blocking(|| t.join());
    });
    o.ok().stdout_is("elsewhere\n");
}

/// Keeps the processors busy, so that a blocking section loses its own.
fn busy(stop: &Arc<AtomicBool>) {
    for _ in 0..16 {
        let stop = stop.clone();
        go(move || {
            while !stop.load(SeqCst) {
                runtime::gosched();
            }
        });
    }
}

/// In a blocking section: waits until sysmon has taken the processor away.
fn lose_the_processor() {
    // SAFETY: the M is this thread's own; Ps are never freed.
    unsafe {
        let mp = (*getg()).m;
        let pp = (*mp).oldp.ptr();
        while (*pp).syscalltick.get() == (*mp).syscalltick.get() {
            std::thread::yield_now();
        }
    }
}

/// A panic in a blocking section, with and without its processor: it comes out on the other side.
#[test]
fn panic_in_blocking() {
    for procs in [1, 2, 8] {
        in_child!(.procs(procs), || {
            let stop = Arc::new(AtomicBool::new(false));
            busy(&stop);
            for lost in [false, true] {
                let e = recover(|| {
                    gort::blocking(|| {
                        if lost {
                            lose_the_processor();
                        }
                        panic!("in there");
                    })
                });
                println!("{}", e.unwrap_err());
                // Nothing keeps the goroutine on its thread, nothing is left of the panic.
                runtime::gosched();
                assert!(!runtime::stack(false).contains("locked to thread"));
            }
            // Caught inside: by recover and by the standard library.
            gort::blocking(|| {
                lose_the_processor();
                assert!(std::panic::catch_unwind(|| panic!("x")).is_err());
                assert!(recover(|| panic!("y")).is_err());
            });
            let c = chan::<i32>(1);
            c.send(1);
            assert!(c.recv() == Some(1) && !std::thread::panicking());
            stop.store(true, SeqCst);
        })
        .ok()
        .stdout_is("in there\nin there\n");
    }
}

#[test]
fn panic_in_blocking_unrecovered() {
    for procs in [1, 2, 8] {
        for lost in [false, true] {
            in_child!(.procs(procs).env("LOST", lost), || {
                busy(&Arc::new(AtomicBool::new(false)));
                let lost = std::env::var("LOST").is_ok_and(|s| s == "true");
                gort::blocking(|| {
                    if lost {
                        lose_the_processor();
                    }
                    panic!("in there");
                })
            })
            .exited(2)
            .stderr_has("panic: in there\n\ngoroutine 1 [running]:\nedges::");
        }
    }
}

/// Goexit and drops pass a blocking section as well.
#[test]
fn goexit_in_blocking() {
    struct Says;
    impl Drop for Says {
        fn drop(&mut self) {
            println!("dropped");
        }
    }
    for procs in [1, 2, 8] {
        in_child!(.procs(procs), || {
            let c = chan::<()>(0);
            let done = c.clone();
            go(move || {
                struct Close(Chan<()>);
                impl Drop for Close {
                    fn drop(&mut self) {
                        self.0.close();
                    }
                }
                let _c = Close(done);
                gort::blocking(|| {
                    let _s = Says;
                    lose_the_processor();
                    runtime::goexit();
                })
            });
            c.recv();
            println!("on");
        })
        .ok()
        .stdout_is("dropped\non\n");
    }
}

/// Many goroutines panic at once: each report is whole, and the program ends.
#[test]
fn panics_at_once() {
    for procs in [1, 2, 8] {
        let o = in_child!(.procs(procs), || {
            let ready = Arc::new(AtomicU32::new(0));
            let n = runtime::gomaxprocs(0) as u32;
            for _ in 0..n {
                let ready = ready.clone();
                go(move || {
                    ready.fetch_add(1, SeqCst);
                    while ready.load(SeqCst) < n {
                        runtime::gosched();
                    }
                    panic!("boom");
                });
            }
            select! {}
        });
        o.exited(2);
        let lines: Vec<_> = o.stderr.lines().collect();
        let panics: Vec<_> =
            (0..lines.len()).filter(|&i| lines[i].starts_with("panic: ")).collect();
        assert!(!panics.is_empty() && lines[0] == "panic: boom", "{o}");
        for i in panics {
            let whole = lines[i] == "panic: boom"
                && lines.get(i + 1) == Some(&"")
                && lines
                    .get(i + 2)
                    .is_some_and(|l| l.starts_with("goroutine ") && l.ends_with(" [running]:"));
            assert!(whole, "{o}");
        }
        assert_eq!(
            o.stderr.matches("boom").count(),
            o.stderr.matches("panic: boom\n").count(),
            "{o}"
        );
    }
}

/// Native code on another thread does not stop for a report, and its stack is not walked meanwhile.
#[test]
fn others_run() {
    let o = in_child!(.procs(2).env("GOTRACEBACK", "all"), || {
        let started = Arc::new(AtomicBool::new(false));
        let started1 = started.clone();
        go(move || {
            started1.store(true, SeqCst);
            loop {
                std::hint::spin_loop();
            }
        });
        while !started.load(SeqCst) {
            runtime::gosched();
        }
        panic!("while it runs");
    });
    o.exited(2).stderr_has("panic: while it runs\n\ngoroutine 1 [running]:\n");
    o.stderr_has(
        " [running]:\n\tgoroutine running on other thread; stack unavailable\ncreated by edges::",
    );
}

/// Main returns, or exits, while others print, panic not yet, and hold locks of standard output.
#[test]
fn the_end() {
    for procs in [1, 2, 8] {
        let o = in_child!(.procs(procs), || {
            static LINES: AtomicU32 = AtomicU32::new(0);
            for i in 0..8 {
                go(move || {
                    loop {
                        println!("line of {i}");
                        LINES.fetch_add(1, SeqCst);
                        runtime::gosched();
                    }
                });
            }
            while LINES.load(SeqCst) < 100 {
                runtime::gosched();
            }
            print!("no newline");
        });
        o.ok();
        // What was printed is whole lines; only the end may belong to two.
        assert!(o.stdout.contains("no newline"), "{o}");
        assert!(
            o.stdout
                .lines()
                .filter(|l| !l.contains("no newline"))
                .all(|l| l.starts_with("line of ")),
            "{o}"
        );

        in_child!(.procs(procs), || {
            print!("flushed");
            runtime::exit(3);
        })
        .exited(3)
        .stdout_is("flushed");

        // A goroutine that waits for ever with the lock of standard output does not keep the
        // program from ending.
        in_child!(.procs(procs).limit(Duration::from_secs(20)), || {
            let c = chan::<()>(0);
            let held = c.clone();
            go(move || {
                runtime::lock_os_thread();
                let mut out = std::io::stdout().lock();
                let _ = out.write_all(b"held\n");
                held.close();
                select! {}
            });
            c.recv();
        })
        .ok()
        .stdout_is("held\n");
    }
}

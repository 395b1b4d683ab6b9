//! The borders of the runtime: threads without goroutines, panics across blocking sections, the end of the program.

use gort::sync::{Cond, Mutex, RwMutex, WaitGroup};
use gort::{Chan, chan, go, recover, runtime, select, time};
use gort_tests::{in_child, in_plain_child};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

const OUTSIDE: &str = "fatal error: gort: operation outside of a goroutine";

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Operations that need a goroutine.
const OPERATIONS: [(&str, fn()); 26] = [
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
];

/// A clear end instead of a crash, whether the runtime has started or not.
#[test]
fn outside_before_run() {
    for (i, (name, _)) in OPERATIONS.iter().enumerate() {
        let o = in_plain_child!(.env("OPERATION", i), || {
            let i: usize = std::env::var("OPERATION").map_or(0, |s| s.parse().unwrap_or(0));
            OPERATIONS[i].1();
        });
        assert!(o.code == 2 && o.stderr.contains("fatal error: gort: "), "{name}\n{o}");
        assert!(*name == "go" || o.stderr.contains(OUTSIDE), "{name}\n{o}");
    }
}

#[test]
fn outside_on_another_thread() {
    for (i, (name, _)) in OPERATIONS.iter().enumerate() {
        let o = in_child!(.env("OPERATION", i).procs(2), || {
            let t = std::thread::spawn(|| {
                let i: usize = std::env::var("OPERATION").map_or(0, |s| s.parse().unwrap_or(0));
                OPERATIONS[i].1();
            });
            let _ = gort::blocking(|| t.join());
        });
        assert!(o.code == 2 && o.stderr.contains("fatal error: gort: "), "{name}\n{o}");
    }
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
        gort::run(move || {
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

#[test]
fn run_twice() {
    in_child!(.procs(2), || gort::run(|| ()))
        .exited(2)
        .stderr_has("panic: gort::run: the runtime is already running\n\ngoroutine 1 [running]:\n");
    let o = in_child!(.procs(2), || {
        let t = std::thread::spawn(|| {
            gort::run(|| ());
        });
        println!("{}", gort::blocking(|| t.join()).is_err());
    });
    o.ok().stdout_is("true\n").stderr_has("gort::run: the runtime is already running");
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

/// A panic in a blocking section, with and without its processor: it comes out on the other side.
#[test]
fn panic_in_blocking() {
    for procs in [1, 2, 8] {
        in_child!(.procs(procs), || {
            let stop = Arc::new(AtomicBool::new(false));
            busy(&stop);
            for wait in [0, 30] {
                let e = recover(|| {
                    gort::blocking(|| {
                        std::thread::sleep(ms(wait));
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
                std::thread::sleep(ms(20));
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
        for wait in [0, 30] {
            in_child!(.procs(procs).env("WAIT", wait), || {
                busy(&Arc::new(AtomicBool::new(false)));
                let wait = std::env::var("WAIT").map_or(0, |s| s.parse().unwrap_or(0));
                gort::blocking(|| {
                    std::thread::sleep(ms(wait));
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
                    std::thread::sleep(ms(20));
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
        let panics: Vec<_> = (0..lines.len()).filter(|&i| lines[i].starts_with("panic: ")).collect();
        assert!(!panics.is_empty() && lines[0] == "panic: boom", "{o}");
        for i in panics {
            let whole = lines[i] == "panic: boom"
                && lines.get(i + 1) == Some(&"")
                && lines
                    .get(i + 2)
                    .is_some_and(|l| l.starts_with("goroutine ") && l.ends_with(" [running]:"));
            assert!(whole, "{o}");
        }
        assert_eq!(o.stderr.matches("boom").count(), o.stderr.matches("panic: boom\n").count(), "{o}");
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
    o.stderr_has(" [running]:\n\tgoroutine running on other thread; stack unavailable\ncreated by edges::");
}

/// Main returns, or exits, while others print, panic not yet, and hold locks of standard output.
#[test]
fn the_end() {
    for procs in [1, 2, 8] {
        let o = in_child!(.procs(procs), || {
            for i in 0..8 {
                go(move || {
                    loop {
                        println!("line of {i}");
                        runtime::gosched();
                    }
                });
            }
            time::sleep(ms(5));
            print!("no newline");
        });
        o.ok();
        // What was printed is whole lines; only the end may belong to two.
        assert!(o.stdout.contains("no newline"), "{o}");
        assert!(
            o.stdout.lines().filter(|l| !l.contains("no newline")).all(|l| l.starts_with("line of ")),
            "{o}"
        );

        in_child!(.procs(procs), || {
            print!("flushed");
            runtime::exit(3);
        })
        .exited(3)
        .stdout_is("flushed");

        // A goroutine that waits for ever with the lock of standard output does not keep the program from ending.
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

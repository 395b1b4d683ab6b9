//! Goroutines that block their thread outside of `gort::blocking`, and those that compute without
//! end: sysmon reports them, with their stack and what to do, once. Reports of users: new_blockfs,
//! new_spin, new_lazylock, adv_thread_scope.

use gort::{go, runtime, sync::WaitGroup, time};
use gort_tests::{Outcome, in_child, in_plain_child};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::FromRawFd;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, LazyLock, Mutex, mpsc};
use std::time::{Duration, Instant};

const SLEEPS: &str = "has blocked its thread for";
const RUNS: &str = "has run for";
const END: &str = "(GODEBUG=preemptreport=0: no such report)";

/// From now on standard error is copied line by line, and the process ends with status 0 when a
/// report has been copied: the programs hang, or would take long.
fn end_with_the_report() {
    let mut ends = [0; 2];
    // SAFETY: descriptors of our own; what was standard error is kept.
    let (from, mut to) = unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
        let to = File::from_raw_fd(libc::dup(2));
        assert_eq!(libc::dup2(ends[1], 2), 2);
        (File::from_raw_fd(ends[0]), to)
    };
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let line = line.expect("a line");
            writeln!(to, "{line}").expect("standard error");
            if line.ends_with(END) {
                std::process::exit(0);
            }
        }
    });
}

/// A goroutine for each P that runs `f`, and the main goroutine in need of one.
fn all_do(f: fn()) {
    end_with_the_report();
    for _ in 0..runtime::gomaxprocs(0) {
        go(f);
    }
    loop {
        time::sleep(Duration::from_millis(10));
    }
}

fn reported(o: &Outcome, what: &str, function: &str, advice: &str) {
    o.ok()
        .stderr_has(what)
        .stderr_has(" ms without calling the runtime, and keeps others waiting\n");
    o.stderr_has(function).stderr_has(advice);
    o.stderr_has("[running]:\n").stderr_has("created by blocked::");
    assert_eq!(o.stderr.matches(END).count(), 1, "{o}");
}

macro_rules! each_procs {
    ($($name:ident: $what:expr, $function:literal, $advice:literal, $f:expr;)*) => {$(
        mod $name {
            use super::*;
            #[test]
            fn procs_1() {
                reported(&in_child!(.procs(1), || $f), $what, $function, $advice);
            }
            #[test]
            fn procs_2() {
                reported(&in_child!(.procs(2), || $f), $what, $function, $advice);
            }
            #[test]
            fn procs_8() {
                reported(&in_child!(.procs(8), || $f), $what, $function, $advice);
            }
        }
    )*};
}

each_procs! {
    sleeps: SLEEPS, "blocked::sleeper(...)", "gort::time::sleep lets them run", all_do(sleeper);
    spins: RUNS, "blocked::spinner(...)", "gosched() in its loop", all_do(spinner);
    lazylock: SLEEPS, "blocked::lazy_reader", "gort::sync::LazyLock lets them run", all_do(lazy_reader);
    receives: SLEEPS, "blocked::receiver(...)", "gort::chan lets them run", all_do(receiver);
    condvar: SLEEPS, "blocked::cond_waiter(...)", "gort::sync::Cond lets them run", all_do(cond_waiter);
    mutex_across_a_park: SLEEPS, "blocked::locker", "gort::sync::Mutex and RwMutex let them run", all_do(locker);
    reads_a_pipe: SLEEPS, "blocked::pipe_reader(...)", "belongs into gort::blocking", all_do(pipe_reader);
    blocks_on: SLEEPS, "blocked::block_on(...)", "call it inside of gort::blocking", all_do(futures_user);
}

// new_blockfs
#[inline(never)]
fn sleeper() {
    loop {
        std::thread::sleep(Duration::from_secs(3));
    }
}

// new_spin
#[inline(never)]
fn spinner() {
    let t = Instant::now();
    while t.elapsed() < Duration::from_secs(3000) {
        std::hint::spin_loop();
    }
}

// new_lazylock
static CONN: LazyLock<u32> = LazyLock::new(|| {
    time::sleep(Duration::from_millis(20));
    42
});
#[inline(never)]
fn lazy_reader() {
    // One more than there are Ps: the initialiser's own one parks.
    go(|| assert_eq!(*CONN, 42));
    assert_eq!(*CONN, 42);
    runtime::gosched();
    sleeper_of_last_resort();
}

/// Where the initialiser happens to be done before the others have come.
fn sleeper_of_last_resort() {
    static NEVER: LazyLock<u32> = LazyLock::new(|| {
        time::sleep(Duration::from_secs(3000));
        42
    });
    go(|| assert_eq!(*NEVER, 42));
    assert_eq!(*NEVER, 42);
}

#[inline(never)]
fn receiver() {
    let (_tx, rx) = mpsc::channel::<u32>();
    let _ = rx.recv();
}

#[inline(never)]
fn cond_waiter() {
    static M: Mutex<()> = Mutex::new(());
    static C: Condvar = Condvar::new();
    let mut g = M.lock().unwrap();
    loop {
        g = C.wait(g).unwrap();
    }
}

#[inline(never)]
fn locker() {
    static M: Mutex<()> = Mutex::new(());
    let other = || {
        let _g = M.lock().unwrap();
        time::sleep(Duration::from_millis(20));
    };
    go(other);
    loop {
        other();
    }
}

#[inline(never)]
fn pipe_reader() {
    let (mut r, w) = std::io::pipe().expect("a pipe");
    let _ = r.read(&mut [0; 1]);
    drop(w);
}

/// `block_on` as executors have it: the waker unparks the thread.
#[inline(never)]
fn futures_user() {
    block_on(std::future::pending::<()>());
}

#[inline(never)]
fn block_on<F: Future>(f: F) {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut f = std::pin::pin!(f);
    while f.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending() {
        std::thread::park();
    }
}

/// adv_thread_scope: std's scope waits with `thread::park` for the token of the thread that it
/// began on, and so may two goroutines for one token. Reported even when no other goroutine wants a
/// processor any more.
#[test]
fn adv_thread_scope() {
    let o = in_child!(.procs(2), || {
        end_with_the_report();
        // Who is forgotten while others go on is woken for one of them, some time. The last ones of
        // a round are not.
        loop {
            let wg = Arc::new(WaitGroup::new());
            for _ in 0..6 {
                wg.add(1);
                let wg = wg.clone();
                go(move || {
                    for _ in 0..20 {
                        std::thread::scope(|s| {
                            s.spawn(|| std::thread::sleep(Duration::from_micros(300)));
                            time::sleep(Duration::from_micros(20));
                        });
                    }
                    wg.done();
                });
            }
            wg.wait();
        }
    });
    o.ok().stderr_has(SLEEPS).stderr_has(SCOPE);
}

const SCOPE: &str = "std::thread::scope waits with the thread that it began on";

/// The main goroutine in a scope that has begun on another thread, which is in one of its own:
/// std's `park` does not sleep then. At GOMAXPROCS=1.
fn park_beside_another(before: fn()) {
    let for_ever = || {
        loop {
            std::thread::park();
        }
    };
    let tid = || std::fs::read_link("/proc/thread-self").expect("in /proc");
    let began_on = tid();
    std::thread::scope(|s| {
        s.spawn(for_ever);
        let thread = began_on.clone();
        go(move || {
            assert_eq!(tid(), thread);
            gort::blocking(|| {
                std::thread::scope(|s| {
                    s.spawn(for_ever);
                });
            });
        });
        let syscall = std::path::Path::new("/proc").join(&began_on).join("syscall");
        while tid() == began_on
            || !std::fs::read_to_string(&syscall).expect("in /proc").starts_with("202 ")
        {
            runtime::gosched();
        }
        before();
    });
}

#[test]
fn a_park_that_does_not_sleep() {
    let o = in_child!(.procs(1), || {
        end_with_the_report();
        park_beside_another(|| ());
    });
    o.ok().stderr_has(SLEEPS).stderr_has(" ms without calling the runtime\n").stderr_has(SCOPE);
}

#[test]
fn a_park_that_does_not_sleep_and_others_wait() {
    let o = in_child!(.procs(1), || {
        end_with_the_report();
        park_beside_another(|| {
            go(|| ());
        });
    });
    o.ok().stderr_has(SLEEPS).stderr_has("and keeps others waiting").stderr_has(SCOPE);
}

/// A stop of the world that a goroutine holds up, although a processor is idle.
#[test]
fn holds_up_a_stop_of_the_world() {
    let o = in_child!(.procs(4), || {
        end_with_the_report();
        static SPINS: AtomicBool = AtomicBool::new(false);
        go(|| {
            SPINS.store(true, SeqCst);
            spinner();
        });
        while !SPINS.load(SeqCst) {
            runtime::gosched();
        }
        runtime::gomaxprocs(3);
    });
    reported(&o, RUNS, "blocked::spinner(...)", "gosched() in its loop");
}

/// Ready sockets are among those that wait.
#[test]
fn a_ready_socket_waits() {
    let o = in_child!(.procs(1), || {
        end_with_the_report();
        let (mut a, mut b) = gort::net::UnixStream::pair().expect("sockets");
        go(move || {
            let _ = b.read(&mut [0; 1]);
        });
        runtime::gosched();
        a.write_all(b"x").expect("written");
        sleeper();
    });
    o.ok().stderr_has(SLEEPS).stderr_has("blocked::sleeper(...)");
}

/// A goroutine that has inherited its time slice from one that was watched: it has the same number.
#[test]
fn inherits_a_time_slice() {
    let o = in_child!(.procs(1), || {
        end_with_the_report();
        go(sleeper);
        // until sysmon has met this one
        let t = Instant::now();
        while t.elapsed() < Duration::from_millis(200) {
            std::hint::spin_loop();
        }
        runtime::gosched();
    });
    o.ok().stderr_has(SLEEPS).stderr_has("blocked::sleeper(...)");
}

/// Nobody waits: a program of one goroutine may sleep as it likes.
#[test]
fn nobody_waits() {
    let o = in_child!(.procs(2), || std::thread::sleep(Duration::from_millis(1500)));
    assert!(!o.ok().stderr.contains("gort: "), "{o}");
}

/// In a blocking section a thread may sleep, whoever waits.
#[test]
fn blocking_is_no_fault() {
    let o = in_child!(.procs(1), || {
        go(|| gort::blocking(|| std::thread::sleep(Duration::from_millis(1500))));
        time::sleep(Duration::from_millis(1600));
    });
    assert!(!o.ok().stderr.contains("gort: "), "{o}");
}

/// It can be turned off.
#[test]
fn turned_off() {
    let o = in_child!(.procs(1).env("GODEBUG", "preemptreport=0"), || {
        go(|| std::thread::sleep(Duration::from_millis(1500)));
        time::sleep(Duration::from_millis(10));
    });
    assert!(!o.ok().stderr.contains("gort: "), "{o}");
}

/// Without the signal there is no stack, but who has started it.
#[test]
fn without_the_signal() {
    let o = in_child!(.procs(1).env("GODEBUG", "asyncpreemptoff=1"), || all_do(sleeper));
    o.ok().stderr_has(SLEEPS).stderr_has("created by blocked::all_do").stderr_has("gort::blocking");
    assert!(!o.stderr.contains("[running]"), "{o}");
}

/// A process that was stopped for long: no goroutine is to blame.
#[test]
fn a_stopped_process() {
    let o = in_plain_child!(.env("GOMAXPROCS", 1), || {
        let pid = std::process::id() as libc::pid_t;
        // SAFETY: a process that lets this one go on after a while; only system calls in it.
        unsafe {
            if libc::fork() == 0 {
                libc::usleep(50_000);
                libc::kill(pid, libc::SIGSTOP);
                libc::usleep(2_500_000);
                libc::kill(pid, libc::SIGCONT);
                libc::_exit(0);
            }
        }
        gort::run(|| {
            go(|| ());
            let t = Instant::now();
            let mut rounds = 0u32;
            // until it has been stopped, and then for a moment
            while t.elapsed() < Duration::from_millis(2500) {
                rounds += 1;
                if rounds.is_multiple_of(100) {
                    runtime::gosched();
                }
            }
        })
    });
    assert!(!o.ok().stderr.contains("gort: "), "{o}");
}

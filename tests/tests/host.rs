//! The runtime as a value: `run` returns, `start` joins, other threads call in.

use gort::{Config, chan, go, runtime};
use gort_tests::{in_child, in_plain_child};
use std::process::ExitCode;

/// `run` gives back what its function returns, which may borrow from the caller; the main goroutine has Go's number.
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

/// A panic of the function comes back to the caller, and has been reported; a panic of another goroutine ends the program.
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
    assert!(report.starts_with("panic: first\n\ngoroutine 1 [running]:\nhost::panics_come_back::"), "{o}");
    assert!(report.contains("panic: (dyn Any)") || report.contains("panic: 5\n"), "{o}");
    assert!(report.contains("panic: not mine\n\ngoroutine "), "{o}");
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
    o.exited(2)
        .stderr_has("fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\n");
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
        let others: Vec<_> =
            (0..8).map(|n| std::thread::spawn(move || gort::start(Config::new()).block_on(|| n))).collect();
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

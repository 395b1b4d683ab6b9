//! `#[gort::test]`: many tests in one process, each with its own verdict. The report `new_tests` is
//! in here.
//!
//! The tests of the module `inner` are run in another process by [`verdicts`], as half of them must
//! fail.

use gort::{chan, go, time};
use gort_tests::in_plain_child;
use std::process::Command;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

/// Runs the tests of [`inner`] whose names have this, in one process, and returns what the harness
/// has said.
fn run(filter: &str, procs: &str) -> (String, String) {
    let out = Command::new(std::env::current_exe().unwrap())
        .args([filter, "--ignored", "--test-threads=8"])
        .env("GOMAXPROCS", procs)
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&out.stdout).into(), String::from_utf8_lossy(&out.stderr).into());
    (out, err)
}

/// The section of a failed test.
fn section<'a>(out: &'a str, name: &str) -> &'a str {
    let head = format!("---- inner::{name} stdout ----");
    let s = out.split_once(&head).unwrap_or_else(|| panic!("no section of {name}\n{out}")).1;
    s.split("\n---- ").next().unwrap().split("\nfailures:").next().unwrap()
}

/// Each passes or fails by itself, whatever the others do.
#[test]
fn verdicts() {
    for procs in ["1", "2", "8"] {
        let (out, err) = run("inner::", procs);
        let both = format!("GOMAXPROCS={procs}\n{out}\n{err}");
        for name in [
            "new_tests_a_first",
            "returns_ok",
            "panics_as_it_should",
            "says_what_it_should",
            "foreign_thread_wakes",
            "timer_wakes",
            "leaks",
            "leaks_allowed",
            "in_a_bubble",
            "io_is_no_deadlock",
        ] {
            assert!(out.contains(&format!("test inner::{name}")), "{name} has not run\n{both}");
            assert!(
                !out.contains(&format!("---- inner::{name} stdout")),
                "{name} has failed\n{both}"
            );
        }
        let failed = [
            ("new_tests_b_fails", "assertion `left == right` failed"),
            ("new_tests_b_fails", "goroutine "),
            ("new_tests_c_plain_fails", "this test fails"),
            ("deadlock", "fatal error: all goroutines are asleep - deadlock!"),
            ("deadlock", "[chan receive]:"),
            ("deadlock", "gort_test.rs:"),
            ("deadlock_mutex", "[sync.Mutex.Lock]:"),
            ("deadlock_several", "[select]:"),
            ("deadlock_in_bubble", "deadlock: all goroutines in bubble are blocked"),
            ("another_panics", "panic: in another goroutine"),
            ("another_panics", "created by"),
            ("after_func_panics", "panic: in after_func"),
            ("bubble_panics", "panic: in a bubble's goroutine"),
            ("leaks_fail", "has left 1 goroutine:"),
            ("goexit", "called goexit"),
        ];
        for (name, text) in failed {
            let s = section(&out, name);
            assert!(s.contains(text), "{name} lacks {text:?}\n{both}");
        }
        // What it returns is reported where it is, on a goroutine, past what the harness captures.
        assert!(out.contains("test inner::returns_err ... FAILED"), "{both}");
        assert!(err.contains("gort: returns_err: Error: ParseIntError"), "{both}");
        let n = failed.iter().map(|f| f.0).collect::<std::collections::BTreeSet<_>>().len() + 1;
        assert!(out.contains(&format!("10 passed; {n} failed")), "{both}");
        // The leak of a test that passes is told all the same.
        assert!(err.contains("gort: inner::leaks has left 2 goroutines:"), "{both}");
        assert!(!err.contains("leaks_allowed"), "{both}");
    }
}

mod inner {
    use super::*;

    #[gort::test]
    #[ignore]
    fn new_tests_a_first() {
        assert_eq!(1 + 1, 2)
    }

    #[gort::test]
    #[ignore]
    fn new_tests_b_fails() {
        time::sleep(100 * MS); // beside the others, as the report has it
        assert_eq!(1 + 1, 3)
    }

    #[test]
    #[ignore]
    fn new_tests_c_plain_fails() {
        std::thread::sleep(100 * MS);
        panic!("this test fails")
    }

    #[gort::test]
    #[ignore]
    fn returns_ok() -> Result<(), Box<dyn std::error::Error>> {
        let n: u32 = "7".parse()?;
        assert_eq!(n, 7);
        Ok(())
    }

    #[gort::test]
    #[ignore]
    fn returns_err() -> Result<(), Box<dyn std::error::Error>> {
        let _: u32 = "seven".parse()?;
        Ok(())
    }

    #[gort::test]
    #[ignore]
    #[should_panic]
    fn panics_as_it_should() {
        panic!("yes")
    }

    #[gort::test]
    #[ignore]
    #[should_panic(expected = "all goroutines are asleep")]
    fn says_what_it_should() {
        chan::<u8>(0).recv();
    }

    #[gort::test]
    #[ignore]
    fn deadlock() {
        chan::<u8>(0).recv();
    }

    #[gort::test]
    #[ignore]
    fn deadlock_mutex() {
        let m = gort::sync::Mutex::new(());
        let _a = m.lock();
        let _b = m.lock();
    }

    #[gort::test]
    #[ignore]
    fn deadlock_several() {
        let (a, b) = (chan::<u8>(0), chan::<u8>(0));
        let (a1, b1) = (a.clone(), b.clone());
        go(move || gort::select! { recv(a1) -> _ => (), recv(b1) -> _ => () });
        let wg = gort::sync::WaitGroup::new();
        wg.add(1);
        wg.wait();
    }

    #[gort::test(bubble)]
    #[ignore]
    fn deadlock_in_bubble() {
        chan::<u8>(0).recv();
    }

    #[gort::test]
    #[ignore]
    fn another_panics() {
        go(|| panic!("in another goroutine"));
        chan::<u8>(0).recv();
    }

    #[gort::test]
    #[ignore]
    fn after_func_panics() {
        time::after_func(MS, || panic!("in after_func"));
        chan::<u8>(0).recv();
    }

    #[gort::test(bubble)]
    #[ignore]
    fn bubble_panics() {
        go(|| panic!("in a bubble's goroutine"));
        chan::<u8>(0).recv();
    }

    #[gort::test]
    #[ignore]
    fn goexit() {
        gort::runtime::goexit();
    }

    /// All its goroutines are asleep, but somebody else is not.
    #[gort::test]
    #[ignore]
    fn foreign_thread_wakes() {
        let c = chan::<u8>(0);
        let tx = c.clone();
        std::thread::spawn(move || {
            // Longer than it takes to find that the test's goroutines all sleep.
            std::thread::sleep(200 * MS);
            tx.send(1);
        });
        assert_eq!(c.recv(), Some(1));
    }

    #[gort::test]
    #[ignore]
    fn timer_wakes() {
        for _ in 0..10 {
            time::after(20 * MS).recv();
        }
        let c = chan::<u8>(0);
        let tx = c.clone();
        time::after_func(100 * MS, move || tx.send(1));
        assert_eq!(c.recv(), Some(1));
    }

    #[gort::test]
    #[ignore]
    fn io_is_no_deadlock() {
        let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = l.local_addr().unwrap();
        go(move || {
            time::sleep(100 * MS); // as above
            gort::net::TcpStream::connect(addr).unwrap();
        });
        l.accept().unwrap();
    }

    #[gort::test]
    #[ignore]
    fn leaks() {
        for _ in 0..2 {
            go(|| _ = chan::<u8>(0).recv());
        }
    }

    #[gort::test(leaks = "allow")]
    #[ignore]
    fn leaks_allowed() {
        go(|| _ = chan::<u8>(0).recv());
    }

    #[gort::test(leaks = "fail")]
    #[ignore]
    fn leaks_fail() {
        go(|| _ = chan::<u8>(0).recv());
    }

    #[gort::test(bubble, leaks = "fail")]
    #[ignore]
    fn in_a_bubble() {
        let start = time::now();
        time::sleep(Duration::from_secs(3600));
        assert_eq!(time::now() - start, Duration::from_secs(3600));
        assert!(gort::test::is_in_bubble());
    }
}

/// In this process, all at once.
#[gort::test]
fn one() {
    let c = chan::<u32>(0);
    for i in 0..100 {
        let tx = c.clone();
        go(move || tx.send(i));
    }
    assert_eq!((0..100).filter_map(|_| c.recv()).sum::<u32>(), 4950);
}

#[gort::test(bubble)]
fn two() {
    time::sleep(Duration::from_secs(1 << 30));
}

/// A test in a plain thread, in a goroutine, and one in another; what it returns.
#[test]
fn as_functions() {
    assert_eq!(gort::test(|| 5), 5);
    assert_eq!(gort::test(|| gort::test(|| 6)), 6);
    assert_eq!(gort::test::bubble(|| 7), 7);
    let p = std::panic::catch_unwind(|| gort::test(|| std::panic::panic_any(8u8))).unwrap_err();
    assert_eq!(p.downcast_ref::<u8>(), Some(&8));
    for _ in 0..200 {
        gort::test(|| {
            let c = chan::<u32>(1);
            let tx = c.clone();
            go(move || tx.send(1));
            assert_eq!(c.recv(), Some(1));
        });
    }
}

/// A test in which all are asleep, with these seconds of grace. Its verdict.
fn asleep(grace: Duration) -> Result<(), String> {
    let r = std::panic::catch_unwind(|| {
        gort::test::Config::new().grace(grace).run(|| chan::<u32>(0).recv())
    });
    r.map(|_| ()).map_err(|e| e.downcast_ref::<&str>().expect("a text").to_string())
}

const DEADLOCK: &str = "all goroutines are asleep - deadlock!";
const FOR_EVER: Duration = Duration::from_secs(1 << 30);

/// Nobody is there who could wake one: no grace.
#[test]
fn no_grace_without_others() {
    in_plain_child!(|| assert_eq!(asleep(FOR_EVER), Err(DEADLOCK.into()))).ok();
}

/// Beside a thread of which nobody knows what it will do there is all of the grace, and no more is
/// waited for.
#[test]
fn grace_beside_a_thread() {
    in_plain_child!(|| {
        std::thread::spawn(|| {
            loop {
                std::thread::park();
            }
        });
        for ms in [0, 200] {
            let (grace, began) = (ms * MS, std::time::Instant::now());
            assert_eq!(asleep(grace), Err(DEADLOCK.into()));
            assert!(began.elapsed() >= grace, "too early: {:?}", began.elapsed());
        }
    })
    .ok();
}

/// When the thread has ended there is nothing to wait for any more.
#[test]
fn grace_ends_with_the_thread() {
    in_plain_child!(|| {
        let sleeps = std::thread::spawn(|| std::thread::sleep(50 * MS));
        assert_eq!(asleep(FOR_EVER), Err(DEADLOCK.into()));
        assert!(sleeps.is_finished());
    })
    .ok();
}

/// The grace begins anew whenever one has been woken.
#[test]
fn grace_begins_anew() {
    in_plain_child!(|| {
        let grace = Duration::from_secs(2);
        let c = chan::<u32>(0);
        let tx = c.clone();
        let (said, last) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            // Half of it, and what wakes it comes.
            std::thread::sleep(grace / 2);
            said.send(std::time::Instant::now()).unwrap();
            tx.send(1);
            loop {
                std::thread::park();
            }
        });
        let r = std::panic::catch_unwind(|| {
            gort::test::Config::new().grace(grace).run(move || {
                assert_eq!(c.recv(), Some(1));
                c.recv()
            })
        });
        assert_eq!(r.unwrap_err().downcast_ref::<&str>(), Some(&DEADLOCK));
        assert!(last.recv().unwrap().elapsed() >= grace);
    })
    .ok();
}

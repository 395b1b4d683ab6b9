//! A program under valgrind: no errors, and no complaint that stacks are switched. Skipped, with a
//! line that says so, where there is no valgrind.

use gort::sync::{Mutex, WaitGroup};
use gort::{chan, go, runtime, select, time};
use gort_tests::{absent, there_is, wait};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// A bit of everything: channels, select, timers, locks, deep stacks, blocking sections, reused
/// stacks.
fn program() {
    #[inline(never)]
    fn deep(n: usize) -> usize {
        let frame = std::hint::black_box([n as u8; 512]);
        if n == 0 { 0 } else { deep(n - 1) + usize::from(frame[n % 512] == n as u8) }
    }
    // The prime sieve.
    let mut c = chan::<u32>(0);
    let first = c.clone();
    go(move || {
        for i in 2.. {
            first.send(i);
        }
    });
    let mut prime = 0;
    for _ in 0..30 {
        prime = c.recv().expect("open");
        let (from, to) = (c, chan::<u32>(0));
        c = to.clone();
        go(move || {
            for v in &from {
                if v % prime != 0 {
                    to.send(v);
                }
            }
        });
    }
    assert_eq!(prime, 113);
    // Goroutines that come and go, and use much of their stacks.
    let m = Arc::new(Mutex::new(0));
    for round in 0..5 {
        let wg = Arc::new(WaitGroup::new());
        wg.add(40);
        for i in 0..40 {
            let (m, wg) = (m.clone(), wg.clone());
            go(move || {
                let d = deep(10 * round + i);
                runtime::gosched();
                *m.lock() += d;
                if i % 8 == 0 {
                    gort::blocking(|| std::thread::sleep(Duration::from_micros(100)));
                }
                wg.done();
            });
        }
        wg.wait();
    }
    assert_eq!(
        *m.lock(),
        (0..5).map(|r| (0..40).map(|i| 10 * r + i).sum::<usize>()).sum::<usize>()
    );
    let never = chan::<i32>(0);
    select! {
        recv(never) -> _v => unreachable!(),
        recv(time::after(Duration::from_millis(1))) -> _v => {}
    }
    println!("the end");
}

#[test]
fn no_errors() {
    const CHILD: &str = "GORT_TEST_VALGRIND";
    if std::env::var(CHILD).is_ok() {
        gort::run_main(program);
    }
    if !there_is("valgrind") {
        return absent("valgrind", "the program has not been run under it");
    }
    let mut cmd = Command::new("valgrind");
    cmd.args(["--error-exitcode=9", "--"])
        .arg(std::env::current_exe().expect("the test binary's path"));
    cmd.args(["no_errors", "--exact", "--nocapture"]);
    cmd.env(CHILD, "1").env("GOMAXPROCS", "2").env_remove("GODEBUG").env_remove("GOTRACEBACK");
    let o = wait(cmd, b"", Duration::from_secs(300));
    o.ok().stderr_has("ERROR SUMMARY: 0 errors");
    assert!(o.stdout.contains("the end"), "{o}");
    assert!(!o.stderr.contains("switching stacks"), "{o}");
}

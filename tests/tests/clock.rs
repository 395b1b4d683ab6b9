//! The wall clock jumps, by years, to and fro, while programs sleep and wait: nothing notices.
//!
//! The clock is this program's own: it defines `clock_gettime`, which std and the runtime call, and
//! shifts the wall clock there. The real one belongs to the machine.

use gort::{chan, go, select, time};
use gort_tests::in_child;
use std::io::Read;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::{Duration, Instant, SystemTime};

/// Seconds by which the wall clock is wrong.
static SHIFT: AtomicI64 = AtomicI64::new(0);

/// Instead of the C library's.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, ts: *mut libc::timespec) -> libc::c_int {
    // SAFETY: the caller's contract.
    unsafe {
        let r = libc::syscall(libc::SYS_clock_gettime, clock, ts);
        if r == 0 && clock == libc::CLOCK_REALTIME {
            (*ts).tv_sec += SHIFT.load(SeqCst);
        }
        r as libc::c_int
    }
}

const YEAR: i64 = 365 * 24 * 3600;

/// Moves the clock until the process ends.
fn jump() {
    std::thread::spawn(|| {
        for i in 0.. {
            SHIFT.store([0, YEAR, -YEAR, 40 * YEAR, -3600, 1][i % 6], SeqCst);
            std::thread::sleep(Duration::from_micros(300));
        }
    });
}

/// A jump has been seen by who asks for the wall clock, or the test tests nothing.
fn seen_to_jump() {
    let first = SystemTime::now();
    let year = Duration::from_secs(YEAR as u64 / 2);
    let far = |now: SystemTime| now.duration_since(first).unwrap_or_else(|e| e.duration()) > year;
    while !far(SystemTime::now()) {
        time::sleep(Duration::from_micros(50));
    }
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Sleeps, timers, tickers and deadlines last as long as they should at least; what has no time
/// limit that is near stays asleep, and everything ends.
fn waits() {
    jump();
    seen_to_jump();
    let done = chan::<()>(0);
    for i in 0..20u64 {
        let done = done.clone();
        go(move || {
            for k in 0..20 {
                let (d, start) = (ms(1 + (i + k) % 7), Instant::now());
                match k % 3 {
                    0 => time::sleep(d),
                    1 => _ = time::Timer::new(d).c().recv(),
                    _ => select! {
                        recv(time::after(d)) -> _ => {}
                        recv(time::after(Duration::from_secs(YEAR as u64))) -> _ => panic!("a year is over"),
                    },
                }
                assert!(start.elapsed() >= d, "woken too early");
            }
            done.send(());
        });
    }
    (0..20).for_each(|_| _ = done.recv());
    let t = time::Ticker::new(ms(2));
    let start = Instant::now();
    (0..10).for_each(|_| _ = t.c().recv());
    assert!(start.elapsed() >= ms(20), "ticks too early");
    // A deadline of a connection.
    let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut c = gort::net::TcpStream::connect(l.local_addr().unwrap()).unwrap();
    let start = Instant::now();
    c.set_read_deadline(Some(start + ms(30))).unwrap();
    let e = c.read(&mut [0; 1]).expect_err("nobody writes");
    assert!(
        matches!(e.kind(), std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock),
        "{e}"
    );
    assert!(start.elapsed() >= ms(30), "over too early");
    seen_to_jump();
}

#[test]
fn jumps_on_one_p() {
    in_child!(.procs(1), waits).ok();
}

#[test]
fn jumps_on_two_ps() {
    in_child!(.procs(2), waits).ok();
}

#[test]
fn jumps_on_eight_ps() {
    in_child!(.procs(8), waits).ok();
}

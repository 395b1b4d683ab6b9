//! The fences between real threads.
#![cfg(not(loom))]

use gort_os_linux::{asymmetric_fences, heavy_fence, light_fence, membarrier_init};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed, Ordering::SeqCst, fence};
use std::time::{Duration, Instant};

/// On a cache line of its own.
#[repr(align(128))]
struct Line(AtomicU32);

/// The rare side's stores in a row for one count.
const ROUNDS: u32 = 300_000;

/// Store, fence, load on both sides. The rare side takes turns between the heavy fence and, for
/// comparison, one that is its own thread's only. Returns how often both have missed the other's
/// store, with the heavy fence and without.
fn missed() -> [u32; 2] {
    let (x, y, done) = (Line(AtomicU32::new(0)), Line(AtomicU32::new(0)), AtomicBool::new(false));
    let (seen, read) = std::thread::scope(|s| {
        // The frequent side: `seen[i]` is what it has read of y after it had stored i in x.
        let light = s.spawn(|| {
            let mut seen = vec![0; ROUNDS as usize + 1];
            for i in 1..=ROUNDS {
                x.0.store(i, Relaxed);
                light_fence();
                seen[i as usize] = y.0.load(Relaxed);
            }
            done.store(true, Relaxed);
            seen
        });
        // The rare side: what it has read of x after it had stored j in y.
        let mut read = vec![];
        while !done.load(Relaxed) {
            let j = read.len() as u32 + 1;
            y.0.store(j, Relaxed);
            if j.is_multiple_of(2) {
                heavy_fence()
            } else {
                fence(SeqCst)
            }
            read.push(x.0.load(Relaxed));
        }
        (light.join().unwrap(), read)
    });
    let mut missed = [0; 2];
    for (j, &i) in (1..).zip(&read) {
        // The store of i+1 was not seen, so its load comes later.
        if seen.get(i as usize + 1).is_some_and(|&y| y < j) {
            missed[(j % 2) as usize] += 1;
        }
    }
    missed
}

/// Never do both sides miss the other's store, while they do so without the system call: the test
/// goes on until that has been seen often enough on this very machine, however busy it is. If the
/// heavy fence were no more than the other, each miss would be as likely to be one of its own.
#[test]
fn one_side_sees_the_other() {
    membarrier_init(true);
    if !asymmetric_fences() {
        // An old kernel; CI has none.
        assert!(std::env::var_os("GORT_CI").is_none(), "no membarrier here");
        return;
    }
    if std::thread::available_parallelism().unwrap().get() == 1 {
        return; // one processor sees its own stores
    }
    const ENOUGH: u32 = 40;
    let began = Instant::now();
    let mut without = 0;
    while without < ENOUGH {
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "{without} missed without the call: no test at all"
        );
        let m = missed();
        assert_eq!(m[0], 0, "both sides missed the other's store, {} times without the call", m[1]);
        without += m[1];
    }
}

/// What a child made by fork ends with, as `waitpid` says it.
fn child(f: impl FnOnce()) -> i32 {
    // SAFETY: the child makes system calls only, and ends.
    unsafe {
        let pid = libc::fork();
        assert!(pid >= 0);
        if pid == 0 {
            f();
            libc::_exit(0);
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
        status
    }
}

#[test]
fn a_child_made_by_fork_has_the_fence() {
    membarrier_init(true);
    assert_eq!(child(heavy_fence), 0);
}

/// A filter of system calls that forbids it comes too late for the other way: an error, not a fence
/// that is none.
#[test]
fn forbidden_later() {
    membarrier_init(true);
    if !asymmetric_fences() {
        return;
    }
    let status = child(|| {
        let op = |code: u32, jf, k| libc::sock_filter { code: code as u16, jt: 0, jf, k };
        let filter = [
            op(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0), // the number of the call
            op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, libc::SYS_membarrier as u32),
            op(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
            op(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
        ];
        let prog =
            libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
        // SAFETY: the program is as long as it says.
        let ok = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const prog)
                    == 0
        };
        if ok {
            heavy_fence();
        }
    });
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 2, "{status:#x}");
}

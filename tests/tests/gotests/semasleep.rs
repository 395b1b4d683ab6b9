//! semasleep_test.go

use crate::{go_test, ms};
use gort::{chan, go, time};
use std::time::{Duration, Instant};

extern "C" fn ignore(_: i32) {}

go_test! {
    /// Signals wake threads that sleep until a timer is due; they go back to sleep for the rest and
    /// no longer.
    ///
    /// Go (runtime): semasleep_test.go:20 TestSpuriousWakeupsNeverHangSemasleep
    spurious_wake_ups, {
        // SAFETY: a handler that does nothing, without SA_RESTART, on the thread's signal stack.
        unsafe {
            let mut sa: libc::sigaction = std::mem::zeroed();
            sa.sa_sigaction = ignore as *const () as usize;
            sa.sa_flags = libc::SA_ONSTACK;
            libc::sigaction(libc::SIGIO, &sa, std::ptr::null_mut());
        }
        std::thread::spawn(|| loop {
            crate::semasleep::signal_all(libc::SIGIO);
            std::thread::sleep(ms(5));
        });
        let start = Instant::now();
        let c = chan::<()>(0);
        let c1 = c.clone();
        go(move || {
            time::sleep(Duration::from_secs(1));
            c1.send(());
        });
        c.recv();
        assert!(start.elapsed() >= Duration::from_secs(1), "stopped too early");
    }
}

/// Sends a signal to every thread of the process but this one.
pub(crate) fn signal_all(sig: i32) {
    // SAFETY: signals to threads of this process; one that has just ended is no error.
    unsafe {
        for t in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
            let tid: i32 = t.file_name().to_string_lossy().parse().unwrap();
            if tid != libc::gettid() {
                libc::syscall(libc::SYS_tgkill, libc::getpid(), tid, sig);
            }
        }
    }
}

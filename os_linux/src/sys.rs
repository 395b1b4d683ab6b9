//! The thin layer over the kernel: sys_linux_amd64.s.

use core::arch::asm;
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// One system call: returns what the kernel does, a negative errno on failure.
///
/// # Safety
/// As the system call itself.
#[inline(always)]
pub unsafe fn syscall6(
    nr: i64,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    f: usize,
) -> isize {
    let r: isize;
    // SAFETY: the kernel clobbers rcx and r11 only; what it does to memory is the caller's
    // business.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") nr as isize => r,
            in("rdi") a,
            in("rsi") b,
            in("rdx") c,
            in("r10") d,
            in("r8") e,
            in("r9") f,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    r
}

/// What [`last_words`] calls, once they are set: `fn()`s.
static LAST_WORDS: [AtomicPtr<c_void>; 3] = [const { AtomicPtr::new(core::ptr::null_mut()) }; 3];

/// Has `f` called when the process is about to end by [`exit`] or by a signal that the runtime
/// sends itself: the tracer's last buffers, profiles. It may be called in any state, several
/// times, and on several threads at once. There is room for three.
pub fn set_last_words(f: fn()) {
    let free = |a: &&AtomicPtr<c_void>| {
        a.compare_exchange(
            core::ptr::null_mut(),
            f as *mut c_void,
            Ordering::SeqCst,
            Ordering::SeqCst,
        )
        .is_ok()
    };
    let _ = LAST_WORDS.iter().find(free);
}

/// The process is about to end: see [`set_last_words`].
pub fn last_words() {
    for f in &LAST_WORDS {
        let f = f.load(Ordering::SeqCst);
        if !f.is_null() {
            // SAFETY: only functions of this type are stored.
            unsafe { core::mem::transmute::<*mut c_void, fn()>(f)() }
        }
    }
}

/// [`last_words`] in a signal handler on a thread that the runtime does not know.
pub fn last_words_in_handler() {
    IN_HANDLER.store(true, Ordering::SeqCst);
    last_words();
}

/// The signals that end programs from outside (Ctrl-C, `timeout`) come after the
/// [`last_words`], where the program lets them do what they do by default.
///
/// # Safety
/// At the beginning of the program: nobody else changes handlers meanwhile.
pub unsafe fn catch_kills() {
    extern "C" fn die(sig: i32) {
        last_words_in_handler();
        // SAFETY: the signal is blocked until this handler returns, and then ends the process.
        unsafe {
            libc::signal(sig, libc::SIG_DFL);
            libc::raise(sig);
        }
    }
    for sig in [libc::SIGHUP, libc::SIGINT, libc::SIGTERM] {
        // SAFETY: plain structures; the handler is a static function. On the signal stack, where
        // the thread has one, as stacks of goroutines are small.
        unsafe {
            let mut old: libc::sigaction = core::mem::zeroed();
            if libc::sigaction(sig, core::ptr::null(), &raw mut old) != 0
                || old.sa_sigaction != libc::SIG_DFL
            {
                continue;
            }
            let mut new: libc::sigaction = core::mem::zeroed();
            new.sa_sigaction = die as extern "C" fn(i32) as usize;
            new.sa_flags = libc::SA_ONSTACK | libc::SA_RESTART;
            libc::sigfillset(&raw mut new.sa_mask);
            libc::sigaction(sig, &raw const new, core::ptr::null_mut());
        }
    }
}

static IN_HANDLER: AtomicBool = AtomicBool::new(false);

/// Whether [`last_words_in_handler`] was called.
pub fn are_last_words_in_handler() -> bool {
    IN_HANDLER.load(Ordering::SeqCst)
}

/// Ends the process: no exit handlers, no flushing.
///
/// Go: sys_linux_amd64.s:51 exit
pub fn exit(code: i32) -> ! {
    last_words();
    loop {
        // :52
        // SAFETY: touches no memory and does not return.
        unsafe { syscall6(libc::SYS_exit_group, code as usize, 0, 0, 0, 0, 0) };
    }
}

/// Writes `b` to `fd`: the number of bytes written, or a negative errno.
///
/// Go: sys_linux_amd64.s:93 write1
pub fn write1(fd: usize, b: &[u8]) -> i32 {
    // :94
    // SAFETY: the kernel reads `b` only.
    unsafe { syscall6(libc::SYS_write, fd, b.as_ptr() as usize, b.len(), 0, 0, 0) as i32 }
}

/// Sleeps for `usec` microseconds; a signal may cut it short.
///
/// Go: sys_linux_amd64.s:120 usleep
#[cfg(not(loom))]
pub fn usleep(usec: u32) {
    // :121 seconds,
    // :126 and nanoseconds
    let ts = libc::timespec {
        tv_sec: (usec / 1_000_000) as i64,
        tv_nsec: ((usec % 1_000_000) * 1000) as i64,
    };
    // :131
    // SAFETY: the kernel reads `ts`, which outlives the call.
    unsafe { syscall6(libc::SYS_nanosleep, (&raw const ts) as usize, 0, 0, 0, 0, 0) };
}

/// Lets other threads of the model run.
#[cfg(loom)]
pub fn usleep(_usec: u32) {
    loom::thread::yield_now();
}

/// The kernel's number of this thread.
///
/// Go: os_linux.go:379 gettid
pub fn gettid() -> u32 {
    // sys_linux_amd64.s:138
    // SAFETY: no arguments, no effect.
    unsafe { syscall6(libc::SYS_gettid, 0, 0, 0, 0, 0, 0) as u32 }
}

/// The number of this process.
///
/// Go: os_linux.go:546 getpid
pub fn getpid() -> i32 {
    // sys_linux_amd64.s:166
    // SAFETY: no arguments, no effect.
    unsafe { syscall6(libc::SYS_getpid, 0, 0, 0, 0, 0, 0) as i32 }
}

/// Lets other threads run.
///
/// Go: os_linux.go:442 osyield
#[cfg(not(loom))]
pub fn osyield() {
    // sys_linux_amd64.s:654
    // SAFETY: no arguments, no effect on memory.
    unsafe { syscall6(libc::SYS_sched_yield, 0, 0, 0, 0, 0, 0) };
}
/// Lets other threads of the model run.
#[cfg(loom)]
pub fn osyield() {
    loom::thread::yield_now();
}

/// The monotonic clock in nanoseconds, through the vDSO.
///
/// Go: sys_linux_amd64.s:223 nanotime1
#[cfg(not(loom))]
#[inline]
pub fn nanotime() -> i64 {
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // :224 Go moves to g0 here, as the vDSO needs stack. Native stacks have it; managed code comes
    // through the runtime, which is on g0 then.
    // :238 the vDSO pc, for the profiler, is left out,
    // :248 and so is the change of stacks
    // :258
    // SAFETY: writes `ts` only, and cannot fail for this clock, so errno stays untouched.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut ts) };
    // :268 nothing to put back
    // :279
    ts.tv_sec * 1_000_000_000 + ts.tv_nsec
}

/// The clock of a model stands still but for [`set_nanotime`]: executions must be repeatable.
#[cfg(loom)]
pub fn nanotime() -> i64 {
    CLOCK.with(|c| c.get())
}
/// Sets the clock of this test's models.
#[cfg(loom)]
pub fn set_nanotime(t: i64) {
    CLOCK.with(|c| c.set(t));
}
#[cfg(loom)]
std::thread_local! {
    static CLOCK: core::cell::Cell<i64> = const { core::cell::Cell::new(1) };
}

/// The wall clock: seconds since 1970 and nanoseconds.
///
/// Go: timestub2.go:10 walltime
pub fn walltime() -> (i64, i32) {
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: as in `nanotime`.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut ts) };
    (ts.tv_sec, ts.tv_nsec as i32)
}

#[cfg(not(loom))]
mod err {
    use super::write1;
    use gort_asm::getg;
    use gort_runtime2::PANICKING;
    use gort_runtime2::atomic::Uintptr;

    /// Where a crash report goes besides standard error; all ones for nowhere.
    ///
    /// Go: runtime.go:250 crashFD
    pub static CRASH_FD: Uintptr = Uintptr::new(!0);

    /// Sets the descriptor that gets a copy of the crash report and returns the previous one, or
    /// all ones if that must not be closed.
    ///
    /// Go: runtime.go:253 setCrashFD
    #[doc(alias = "setCrashFD")]
    pub fn set_crash_fd(fd: usize) -> usize {
        // :260
        if PANICKING.load() > 0 {
            return !0;
        }
        // :263
        let old = CRASH_FD.swap(fd);
        // :286
        if PANICKING.load() > 0 {
            return !0;
        }
        old
    }

    /// Writes to standard error, and while crashing to [`CRASH_FD`].
    ///
    /// Go: write_err.go:10 writeErr
    pub fn write_err(b: &[u8]) {
        if !b.is_empty() {
            write_err_data(b);
        }
    }

    /// Go: runtime.go:231 writeErrData
    #[doc(alias = "writeErrData")]
    fn write_err_data(b: &[u8]) {
        // :232
        write1(2, b);
        // :235
        let gp = getg();
        // SAFETY: the current g and its M are alive; `dying` belongs to this thread.
        let crashing = unsafe {
            if gp.is_null() {
                PANICKING.load() > 0
            } else {
                !(*gp).m.is_null() && (*(*gp).m).dying > 0
            }
        };
        if crashing {
            // :238
            let fd = CRASH_FD.load();
            if fd != !0 {
                write1(fd, b);
            }
        }
    }
}
#[cfg(not(loom))]
pub use err::*;

/// What the runtime prints goes to standard error in models too.
#[cfg(loom)]
pub fn write_err(b: &[u8]) {
    write1(2, b);
}

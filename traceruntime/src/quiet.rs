//! A trace without a reader: `GORT_TRACE=FILE`. gort's own.
//!
//! Go's tracer has a goroutine that reads, one that begins generations, and one for CPU samples:
//! they have numbers, take turns, and their timers keep a deadlock from being found. Here nobody
//! reads: a buffer that is full is written to the file by whoever has filled it, and what is in the
//! buffers when the process ends, by whoever ends it. There is one generation. So the order of
//! goroutines is what it would be without a trace, and a deadlock ends the program, and is in the
//! trace.
//!
//! Tracing begins on the main goroutine when that is the only one and no other thread runs
//! goroutines, so the world need not be stopped, and nobody's status is to be collected.

use crate::*;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use gort_lock_futex::{lock, unlock};
use gort_os_linux::{catch_kills, exit, last_words, nanotime, osyield, set_last_words, syscall6};
use gort_runtime1::{gogetenv, is_secure_mode};
use gort_runtime2::{GOMAXPROCS, allp};
use std::fs::OpenOptions;
use std::os::fd::{AsRawFd, IntoRawFd};

/// Begins a trace that goes to `fd`.
///
/// # Safety
/// On the main goroutine, while there is no other one and no other M that has a P or is about to
/// get one.
pub unsafe fn quiet_start(fd: i32) {
    // SAFETY: nobody else writes events or changes the state of a P.
    unsafe {
        let trace = trace();
        let first_gen = trace_next_gen((*trace).last_non_zero_gen);
        PID.store(libc::getpid(), Ordering::SeqCst);
        (*trace).quiet_fd.store(fd);
        write_all(fd, HEADER);
        trace_frequency(first_gen);
        trace_register_labels_and_reasons(first_gen);
        for i in 0..(*allp()).len {
            (*(*(*allp()).at(i))).trace.m_syscall_id = -1;
        }
        // As in StartTrace (trace.go:293), with less to wait for.
        set_trace_enabled(true);
        (*trace).gen_.store(first_gen);
        let tl = trace_acquire();
        tl.gomaxprocs(GOMAXPROCS.get());
        for i in 0..(*allp()).len {
            let mut w = tl.writer();
            w.write_proc_status_for_p(*(*allp()).at(i), false);
            w.end();
        }
        // What there is, at once: it makes sense of whatever is left of a trace whose process was
        // killed.
        let mut w = tl.writer();
        w.flush();
        w.end();
        trace_release(tl);
        // The texts of the reasons, for the same reason.
        let tab = &raw mut (*trace).string_tab[first_gen % 2];
        lock(&raw mut (*tab).lock);
        lock(&raw mut (*trace).lock);
        trace_buf_flush((*tab).buf, first_gen);
        unlock(&raw mut (*trace).lock);
        (*tab).buf = core::ptr::null_mut();
        unlock(&raw mut (*tab).lock);
    }
}

/// The number of the process: a child of fork has no trace.
static PID: AtomicI32 = AtomicI32::new(0);

/// Begins a trace if the environment asks for one: `GORT_TRACE=FILE`, with the process's number for
/// `%p`. If the file cannot be written the process ends, with status 1. A setuid program does not
/// look: it must not write files for its user.
///
/// # Safety
/// As [`quiet_start`].
#[cold]
pub unsafe fn quiet_start_env() {
    if is_secure_mode() {
        return;
    }
    let Some(file) = gogetenv("GORT_TRACE").filter(|f| !f.is_empty()) else { return };
    // SAFETY: no arguments.
    let pid = unsafe { libc::getpid() };
    let file = file.replace("%p", &pid.to_string());
    let opened = OpenOptions::new().write(true).create(true).truncate(true).open(&file);
    let f = match opened {
        Ok(f) => f,
        Err(e) => {
            gort_print::print!("gort: GORT_TRACE: cannot write {file}: {e}\n");
            exit(1)
        }
    };
    // Out of the way: the program's first file is to have the number that it would have without a
    // trace.
    // SAFETY: duplicates a descriptor.
    let high = unsafe { libc::fcntl(f.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 900) };
    let fd = if high >= 0 { high } else { f.into_raw_fd() };
    extern "C" fn at_exit() {
        last_words();
    }
    // SAFETY: the function is static. If there is no room for it, only the ends by libc's exit are
    // not covered.
    unsafe { libc::atexit(at_exit) };
    // SAFETY: the process ends when it is called.
    set_last_words(|| unsafe { quiet_finish() });
    // SAFETY: handlers that end the process as it would have ended.
    unsafe { catch_kills() };
    // SAFETY: the caller's contract.
    unsafe { quiet_start(fd) }
}

/// The trace was completed, or is being.
static FINISHED: AtomicBool = AtomicBool::new(false);

/// Completes the trace, if there is one: the process ends. Takes no locks, allocates nothing, and
/// waits for two seconds at most: it may be a signal handler that calls, or somebody who has just
/// found the runtime broken.
///
/// # Safety
/// The process ends soon. What goroutines still do is not in the trace.
pub unsafe fn quiet_finish() {
    // SAFETY: nobody begins to write after `gen` is 0; the buffers of those that have ended writing
    // are nobody's. Who does not end in time has a buffer whose last event may be torn, and is left
    // out; the buffer itself is not freed.
    unsafe {
        let trace = trace();
        if !trace_enabled()
            || (*trace).quiet_fd.load() < 0
            || libc::getpid() != PID.load(Ordering::SeqCst)
        {
            return;
        }
        if FINISHED.swap(true, Ordering::SeqCst) {
            // Somebody else is at it, who must not be cut off: an `exit` may follow. Unless this is
            // his own signal handler.
            wait(|| (*trace).quiet_fd.load() >= 0);
            return;
        }
        let gen_ = stop_writing();
        if gen_ == 0 {
            return;
        }
        let until = nanotime() + WAIT;
        finish_buffers(|| nanotime() < until, |buf| finish_buf(buf));
        let strings = (*trace).string_tab[gen_ % 2].buf;
        (*trace).string_tab[gen_ % 2].buf = core::ptr::null_mut();
        if !strings.is_null() {
            (*strings).pos = (*strings).good;
            finish_buf(strings);
        }
        gort_runtime2::linkname::trace_write_stacks(gen_);
        let fd = (*trace).quiet_fd.load();
        (*trace).quiet_fd.store(-1);
        syscall6(libc::SYS_close, fd as usize, 0, 0, 0, 0, 0);
    }
}

/// How long the end of the process waits for whoever is writing, ns.
const WAIT: i64 = 2_000_000_000;

/// Waits until `busy` is false, for [`WAIT`] at most.
fn wait(busy: impl Fn() -> bool) {
    let until = nanotime() + WAIT;
    while busy() && nanotime() < until {
        osyield();
    }
}

/// A batch without an M, outside of all queues; nil if there is no memory. For [`finish_buf`].
///
/// # Safety
/// At the end of the process.
pub unsafe fn new_batch(gen_: usize) -> *mut TraceBuf {
    let p: *mut TraceBuf = crate::alloc::sys_alloc(size_of::<TraceBuf>()).cast();
    // SAFETY: new memory, all zeroes.
    if let Some(b) = unsafe { p.as_mut() } {
        b.byte(TraceEv::EventBatch as u8);
        b.varint(gen_ as u64);
        b.varint(u64::MAX);
        b.varint(trace_clock_now());
        b.len_pos = b.varint_reserve();
    }
    p
}

/// Writes a buffer whose length has not been set.
///
/// # Safety
/// At the end of the process; the buffer is the caller's.
pub unsafe fn finish_buf(buf: *mut TraceBuf) {
    // SAFETY: the caller's.
    unsafe {
        let b = &mut *buf;
        b.varint_at(b.len_pos, (b.pos - (b.len_pos + TRACE_BYTES_PER_NUMBER)) as u64);
        write_all((*trace()).quiet_fd.load(), &b.arr[..b.pos]);
    }
}

/// Writes a buffer to the file, and keeps it for the next one who needs one.
///
/// # Safety
/// Under `trace.lock`; the buffer is the caller's no more.
pub(crate) unsafe fn write_buf(buf: *mut TraceBuf) {
    // SAFETY: the caller's contract.
    unsafe {
        let trace = trace();
        let b = &*buf;
        // A child of fork that goes on without exec has its parent's descriptor.
        if libc::getpid() == PID.load(Ordering::SeqCst) {
            write_all((*trace).quiet_fd.load(), &b.arr[..b.pos]);
        }
        (*buf).link = (*trace).empty;
        (*trace).empty = buf;
    }
}

/// Writes a piece of the trace, whole batches.
///
/// # Safety
/// Called by [`trace_write_stacks`](gort_runtime2::linkname::trace_write_stacks).
pub unsafe fn write(b: &[u8]) {
    // SAFETY: an atomic.
    unsafe { write_all((*trace()).quiet_fd.load(), b) }
}

/// Writes all of it. If that fails it is told, and nothing is written from then on: the trace ends
/// there.
fn write_all(fd: i32, mut b: &[u8]) {
    // Relaxed: who does not see it yet tries, and fails too, or has been told of a batch that is
    // cut.
    static TOLD: AtomicBool = AtomicBool::new(false);
    if TOLD.load(Ordering::Relaxed) {
        return;
    }
    while !b.is_empty() {
        // SAFETY: the kernel reads the bytes.
        let n = unsafe {
            syscall6(libc::SYS_write, fd as usize, b.as_ptr() as usize, b.len(), 0, 0, 0)
        };
        if n == -(libc::EINTR as isize) {
            continue;
        }
        if n <= 0 {
            if !TOLD.swap(true, Ordering::Relaxed) {
                gort_print::print!(
                    "gort: the trace is incomplete: its file cannot be written (error {})\n",
                    -n
                );
            }
            return;
        }
        b = &b[n as usize..];
    }
}

//! What managed code can call that returns at once: functions of the C calling convention, for
//! `gort_m_leaf`, which runs them on g0. They neither park nor keep a pointer into the caller's
//! stack.

use core::ffi::c_void;
use gort_asm::getg;
use gort_chan::{closechan, makechan};
use gort_print::print;
use gort_proc::{MAX_ARGS, ManagedStart, gosched_m, newproc_managed};
use gort_runtime2::linkname::throw;
use gort_runtime2::{ElemType, G, Hchan};

/// The functions by their names in docs/managed-abi.md; and those for `gort_m_mcall`.
pub(crate) const ALL: &[(&str, *const ())] = &[
    ("gort_m_go", go as *const ()),
    ("gort_m_makechan", make as *const ()),
    ("gort_m_closechan", close as *const ()),
    ("gort_m_print_int", print_int as *const ()),
    ("gort_m_print_text", print_text as *const ()),
    ("gort_m_gosched", gosched_m as *const ()),
];

/// The goroutine that this thread runs, whose stack waits while g0 works.
///
/// # Safety
/// In a leaf.
unsafe fn curg() -> *mut G {
    // SAFETY: this thread's own.
    unsafe { (*(*getg()).m).curg.ptr() }
}

/// `go fn(args...)`: `n` bytes are copied to where the function has its arguments on the stack;
/// `ctxt` is its closure.
///
/// Go: proc.go:4974 newproc
unsafe extern "C" fn go(fn_: usize, args: *const u8, n: usize, ctxt: *mut c_void) {
    // SAFETY: on g0, with a P; the return address of the caller's call is where its stack begins.
    unsafe {
        if n > MAX_ARGS {
            throw("gort_m_go: more than 512 bytes of arguments");
        }
        let gp = curg();
        let callerpc = ((*gp).sched.sp as *const usize).read();
        newproc_managed(&ManagedStart { fn_, ctxt, args }, n, gp, callerpc);
    }
}

/// `make(chan T, n)`, of elements of `size` bytes that begin at multiples of `align`.
///
/// Go: chan.go:73 makechan
unsafe extern "C" fn make(size: usize, align: usize, n: isize) -> *mut Hchan {
    // SAFETY: the caller's contract; what makechan would panic about ends the program here.
    unsafe {
        // :84
        if n < 0 || size.checked_mul(n as usize).is_none_or(|m| m > 1 << 47) {
            crate::fail::panic(curg(), "makechan: size out of range");
        }
        makechan(ElemType { size, align }, n)
    }
}

/// `close(c)`
///
/// Go: chan.go:397 closechan
unsafe extern "C" fn close(c: *mut Hchan) {
    // SAFETY: on g0, with a P. Whether it is closed already is asked again under the lock, and then
    // ends the program in another way.
    unsafe {
        // :398
        if c.is_null() {
            crate::fail::panic(curg(), "close of nil channel");
        }
        // :403
        if (*c).closed.load() != 0 {
            crate::fail::panic(curg(), "close of closed channel");
        }
        closechan(c);
    }
}

/// Prints a number.
unsafe extern "C" fn print_int(n: i64) {
    print!("{n}");
}

/// Prints text of UTF-8.
unsafe extern "C" fn print_text(p: *const u8, n: usize) {
    // SAFETY: the caller's contract.
    let s = unsafe { core::slice::from_raw_parts(p, n) };
    print!("{}", core::str::from_utf8(s).unwrap_or("?"));
}

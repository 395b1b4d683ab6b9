//! One-shot events.

use crate::throw;
use gort_asm::getg;
#[cfg(not(gort_inside))]
use gort_asm::getpcspbp;
use gort_os_linux::{futexsleep, futexwakeup, nanotime};
use gort_runtime2::linkname::print_args;
#[cfg(gort_inside)]
use gort_runtime2::linkname::{cgo_yield, has_cgo_yield};
#[cfg(not(gort_inside))]
use gort_runtime2::linkname::{entersyscallblock, exitsyscall};
use gort_runtime2::{G, Note, mutant};

/// How long a thread sleeps between two calls of `cgo_yield`, ns.
#[cfg(gort_inside)]
const YIELD_NS: i64 = 10_000_000;

/// Makes the note ready for another use.
///
/// # Safety
/// `n` is alive, and nobody sleeps on it or is about to wake it.
///
/// Go: lock_futex.go:145 noteclear
#[inline]
pub unsafe fn noteclear(n: *mut Note) {
    // :146
    // SAFETY: the caller's contract.
    unsafe { (*n).key.set(0) }
}

/// Signals the event. At most once between two [`noteclear`]s.
///
/// # Safety
/// `n` is alive.
///
/// Go: lock_futex.go:149 notewakeup
pub unsafe fn notewakeup(n: *mut Note) {
    // SAFETY: the caller's contract. After the exchange `n` may be gone: only its address is used
    // then.
    unsafe {
        let key = &raw const (*n).key;
        // :150
        let old = (*key).swap(1);
        if old != 0 {
            // :152
            print_args(format_args!("notewakeup - double wakeup ({old})\n"));
            throw("notewakeup - double wakeup");
        }
        // :155
        if !mutant!("notewakeup wakes nobody") {
            futexwakeup(key, 1);
        }
    }
}

/// Waits for the event, on g0.
///
/// # Safety
/// On the g0 of an M; `n` is alive.
///
/// Go: lock_futex.go:158 notesleep
pub unsafe fn notesleep(n: *mut Note) {
    // SAFETY: the caller's contract.
    unsafe {
        // :159
        let gp = getg();
        if gp != (*(*gp).m).g0 {
            throw("notesleep not on g0");
        }
        // :163
        #[cfg(not(gort_inside))]
        let ns = -1;
        // :164 native gort: cgo_yield is for libc interceptors of a thread sanitizer
        #[cfg(gort_inside)]
        let ns = if has_cgo_yield() { YIELD_NS } else { -1 };
        while (*n).key.load() == 0 {
            // :169
            (*(*gp).m).blocked.set(true);
            futexsleep(&raw const (*n).key, 0, ns);
            // :171
            #[cfg(gort_inside)]
            cgo_yield();
            // :174
            (*(*gp).m).blocked.set(false);
            if mutant!("notesleep does not look again") {
                break;
            }
        }
    }
}

/// Go: lock_futex.go:183 notetsleep_internal
unsafe fn notetsleep_internal(n: *mut Note, mut ns: i64) -> bool {
    // SAFETY: as in `notetsleep`.
    unsafe {
        let key = &raw const (*n).key;
        // :184
        let gp = getg();
        // :186
        if ns < 0 {
            // :187 native gort: see notesleep
            #[cfg(gort_inside)]
            if has_cgo_yield() {
                ns = YIELD_NS;
            }
            while (*key).load() == 0 {
                // :192
                (*(*gp).m).blocked.set(true);
                futexsleep(key, 0, ns);
                // :194
                #[cfg(gort_inside)]
                cgo_yield();
                // :197
                (*(*gp).m).blocked.set(false);
            }
            return true;
        }
        // :202
        if (*key).load() != 0 {
            return true;
        }
        // :206
        let deadline = nanotime().wrapping_add(ns);
        loop {
            // :208
            #[cfg(gort_inside)]
            if has_cgo_yield() && ns > YIELD_NS {
                ns = YIELD_NS;
            }
            // :211
            (*(*gp).m).blocked.set(true);
            futexsleep(key, 0, ns);
            // :213
            #[cfg(gort_inside)]
            cgo_yield();
            // :216
            (*(*gp).m).blocked.set(false);
            if (*key).load() != 0 || mutant!("notetsleep takes any return for the wake") {
                break;
            }
            // :220
            let now = nanotime();
            if now >= deadline {
                break;
            }
            // :224
            ns = deadline - now;
        }
        (*key).load() != 0 || mutant!("notetsleep takes any return for the wake")
    }
}

/// Waits for the event, for at most `ns` nanoseconds (without limit if negative); false if it did
/// not come.
///
/// # Safety
/// As [`notesleep`]; a user goroutine may call it too if its M must not be preempted for no reason
/// of its own.
///
/// Go: lock_futex.go:229 notetsleep
pub unsafe fn notetsleep(n: *mut Note, ns: i64) -> bool {
    // SAFETY: the caller's contract.
    unsafe {
        // :230
        let gp = getg();
        #[cfg(not(gort_inside))]
        if gp != (*(*gp).m).g0 && !(*(*gp).m).preemptoff.get().is_empty() {
            throw("notetsleep not on g0");
        }
        // Inside it is g0 or gsignal, and the text is Go's.
        #[cfg(gort_inside)]
        if gp != (*(*gp).m).g0 && (*(*gp).m).preemptoff.is_set() {
            throw("notetsleep not on g0");
        }
        // :235
        notetsleep_internal(n, ns)
    }
}

/// [`notetsleep`] on a user goroutine: its P goes to others meanwhile.
///
/// # Safety
/// On a user goroutine; `n` is alive.
///
/// Go: lock_futex.go:240 notetsleepg
#[cfg(not(gort_inside))]
pub unsafe fn notetsleepg(n: *mut Note, ns: i64) -> bool {
    // SAFETY: the caller's contract. `exitsyscall` may move the goroutine to another M: `gp` is not
    // used then.
    unsafe {
        // :241
        let gp = getg();
        if gp == (*(*gp).m).g0 {
            throw("notetsleepg on g0");
        }
        // :246
        let (pc, sp, bp) = getpcspbp();
        let keep = mutant!("notetsleepg keeps its P");
        if !keep {
            entersyscallblock(pc, sp, bp);
        }
        let ok = notetsleep_internal(n, ns);
        if !keep {
            exitsyscall(sp);
        }
        ok
    }
}

/// What an M may do instead of going idle: nothing here, callbacks on wasm.
///
/// Go: lock_futex.go:252 beforeIdle
#[doc(alias = "beforeIdle")]
#[inline(always)]
pub fn before_idle(_now: i64, _poll_until: i64) -> (*mut G, bool) {
    // :253
    (core::ptr::null_mut(), false)
}

/// Wakes notes whose time has come: the kernel does.
///
/// Go: lock_futex.go:256 checkTimeouts
#[doc(alias = "checkTimeouts")]
#[inline(always)]
pub fn check_timeouts() {}

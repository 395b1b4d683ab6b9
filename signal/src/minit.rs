//! What a thread needs to become an M, as far as signals go: os_linux.go:374–403.

use crate::signal_unix::{minit_signals, unminit_signals};
use gort_asm::getg;
use gort_os_linux::gettid;
use gort_proc::{cxx_minit, cxx_unminit, malg};
use gort_runtime2::M;

/// Bytes of a signal stack. Go takes 32 KiB; a report from a signal handler walks stacks and reads
/// debug information on this one. Only touched pages have memory, as on any native stack.
const GSIGNAL_STACK: i32 = 256 << 10;

/// Prepares an M, on the thread that makes it.
///
/// # Safety
/// `mp` is being made.
///
/// Go: os_linux.go:374 mpreinit
#[unsafe(export_name = "gort.mpreinit")]
pub unsafe fn mpreinit(mp: *mut M) {
    // SAFETY: nobody else knows `mp` yet.
    unsafe {
        (*mp).gsignal = malg(GSIGNAL_STACK); // :375
        (*(*mp).gsignal).m = mp;
    }
}

/// Prepares an M, on its own thread.
///
/// # Safety
/// On g0 of a new M, or of one that was just bound to this thread, with all signals blocked.
///
/// Go: os_linux.go:383 minit
#[unsafe(export_name = "gort.minit")]
pub unsafe fn minit() {
    // SAFETY: the M is this thread's.
    unsafe {
        minit_signals(); // :384
        cxx_minit(); // gort's own
        (*(*getg()).m).procid.set(u64::from(gettid())); // :389
    }
}

/// Undoes [`minit`].
///
/// # Safety
/// On g0, with all signals blocked.
///
/// Go: os_linux.go:395 unminit
#[unsafe(export_name = "gort.unminit")]
pub unsafe fn unminit() {
    // SAFETY: the M is this thread's.
    unsafe {
        // gort: the thread ends, or is not this M's any more; in Go the timer stays
        if (*(*getg()).m).profilehz != 0 {
            gort_cpuprof::timer::set_thread_cpu_profiler(0);
        }
        unminit_signals(); // :396
        cxx_unminit(); // gort's own
        (*(*getg()).m).procid.set(0);
    }
}

/// Frees what an M's thread owns: nothing on Linux.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because other systems free memory here.
///
/// Go: os_linux.go:402 mdestroy
#[unsafe(export_name = "gort.mdestroy")]
pub unsafe fn mdestroy(_mp: *mut M) {}

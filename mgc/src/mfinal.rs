//! The goroutine that runs finalizers (mfinal.go). Nothing is ever collected, so it never has any
//! to run; but a program that sets one, as package os does at its start, has this goroutine in Go,
//! and with it the next goroutine's id and one more switch.

use gort_proc::atomic::Uint32;
use gort_proc::*;

/// Go: mfinal.go:36 fingUninitialized
const FING_UNINITIALIZED: u32 = 0;
/// Go: mfinal.go:37 fingCreated
const FING_CREATED: u32 = 1;

/// Go: mfinal.go:32 fingStatus
static FING_STATUS: Uint32 = Uint32::new(FING_UNINITIALIZED);
/// Go: mfinal.go:43 finlock
// SAFETY: a lock: all zeroes is a valid value.
static FINLOCK: Global<Mutex> = unsafe { core::mem::zeroed() };

/// Starts the goroutine of finalizers, once.
///
/// # Safety
/// On a goroutine.
///
/// Go: mfinal.go:160 createfing
pub unsafe fn createfing() {
    static RUNFINQ: Funcval = Funcval { fn_: runfinq };
    // :162
    if FING_STATUS.load() == FING_UNINITIALIZED && FING_STATUS.cas(FING_UNINITIALIZED, FING_CREATED)
    {
        register_system_goroutine(runfinq as *const () as usize);
        // SAFETY: on a goroutine; the Funcval is static and only read.
        unsafe {
            lock_init(FINLOCK.get(), LOCK_RANK_FIN);
            newproc((&raw const RUNFINQ).cast_mut());
        }
    }
}

/// Go: mfinal.go:176 runfinq
unsafe extern "C-unwind" fn runfinq(_: *mut Funcval) {
    // :177 no arguments to pass
    // :183 fing: nobody wakes it
    loop {
        // SAFETY: on a goroutine of its own; the lock is static.
        unsafe {
            // :189
            lock(FINLOCK.get());
            // :190 no queue
            // :192 the queue is empty
            // :193
            goparkunlock(FINLOCK.get(), WaitReason::FinalizerWait);
            // :196 to :262, calling finalizers: there are none
        }
    }
}

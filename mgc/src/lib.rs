//! The goroutines that Go's collector keeps: `bgsweep` (mgcsweep.go) and `bgscavenge`
//! (mgcscavenge.go), started by `gcenable` (mgc.go). There is no collector here, so they park and
//! stay parked.
//!
//! They are started all the same: they are goroutines 3 and 4 (`forcegc`, started by proc, is 2),
//! so the first goroutine of a program has the id that it has in Go; they show in a traceback of
//! all goroutines; and the switches that starting them takes put the scheduler into the state in
//! which Go's main begins, which decides when the global run queue is looked at first
//! (`schedtick % 61`).

mod mfinal;
pub use mfinal::createfing;

use gort_chan::{chanrecv1, chansend1, makechan};
use gort_proc::atomic::{Bool, Pointer};
use gort_proc::*;

/// The background sweeper's state.
///
/// Go: mgcsweep.go:36 sweepdata
struct Sweepdata {
    lock: Global<Mutex>,
    g: Guintptr,
    parked: Bool,
}

/// The background scavenger's state.
///
/// Go: mgcscavenge.go:277 scavengerState
struct ScavengerState {
    lock: Global<Mutex>,
    g: Guintptr,
    parked: Bool,
}

/// Go: mgcsweep.go:33 sweep
// SAFETY: a lock, a boolean and a nullable pointer: all zeroes is a valid value.
static SWEEP: Sweepdata = unsafe { core::mem::zeroed() };
/// Go: mgcscavenge.go:275 scavenger
// SAFETY: as above.
static SCAVENGER: ScavengerState = unsafe { core::mem::zeroed() };

/// The channel on which both report: what `go bgsweep(c)` captures.
static C: Pointer<Hchan> = Pointer::null();

/// Starts the sweeper and the scavenger, and waits until both have parked or are about to.
///
/// # Safety
/// On the main goroutine, once.
///
/// Go: mgc.go:200 gcenable
#[unsafe(export_name = "gort.gcenable")]
pub unsafe fn gcenable() {
    static BGSWEEP: Funcval = Funcval { fn_: bgsweep_entry };
    static BGSCAVENGE: Funcval = Funcval { fn_: bgscavenge_entry };
    // SAFETY: on a user goroutine; the Funcvals are static and only read; the channel is never
    // freed.
    unsafe {
        register_system_goroutine(bgsweep_entry as *const () as usize);
        register_system_goroutine(bgscavenge_entry as *const () as usize);
        // :202
        let c = makechan(ElemType { size: size_of::<isize>(), align: align_of::<isize>() }, 2);
        C.store(c);
        newproc((&raw const BGSWEEP).cast_mut());
        newproc((&raw const BGSCAVENGE).cast_mut());
        // :205
        chanrecv1(c, core::ptr::null_mut());
        chanrecv1(c, core::ptr::null_mut());
        // :207 no collector to enable
    }
}

/// Where the sweeper starts.
unsafe extern "C-unwind" fn bgsweep_entry(_: *mut Funcval) {
    // SAFETY: on a goroutine of its own; gcenable has stored the channel.
    unsafe { bgsweep(C.load()) }
}

/// Where the scavenger starts.
unsafe extern "C-unwind" fn bgscavenge_entry(_: *mut Funcval) {
    // SAFETY: on a goroutine of its own; gcenable has stored the channel.
    unsafe { bgscavenge(C.load()) }
}

/// The sweeper: sweeps in the background what a collection has left. Here there is nothing ever.
///
/// # Safety
/// On a goroutine of its own.
///
/// Go: mgcsweep.go:270 bgsweep
unsafe fn bgsweep(c: *mut Hchan) -> ! {
    // SAFETY: on a goroutine; the lock is static.
    unsafe {
        SWEEP.g.set(getg()); // :271

        // :273
        lock_init(SWEEP.lock.get(), LOCK_RANK_SWEEP);
        lock(SWEEP.lock.get());
        SWEEP.parked.set(true);
        chansend1(c, (&raw const ONE).cast()); // :276
        goparkunlock(SWEEP.lock.get(), WaitReason::GCSweepWait);

        loop {
            // :298 nothing to sweep, :304 no work buffers to free
            lock(SWEEP.lock.get()); // :308
            SWEEP.parked.set(true);
            goparkunlock(SWEEP.lock.get(), WaitReason::GCSweepWait); // :317
        }
    }
}

/// What both send.
static ONE: isize = 1;

impl ScavengerState {
    /// Binds the scavenger to its goroutine.
    ///
    /// Go: mgcscavenge.go:356 init
    unsafe fn init(&self) {
        // :357
        if !self.g.is_null() {
            throw("scavenger state is already wired");
        }
        // :360
        // SAFETY: the lock is static and not in use yet.
        unsafe { lock_init(self.lock.get(), LOCK_RANK_SCAVENGE) };
        self.g.set(getg()); // :361
        // :363 no timer, controller or heap: it never works
    }

    /// Parks the scavenger.
    ///
    /// Go: mgcscavenge.go:419 park
    unsafe fn park(&self) {
        // SAFETY: on the scavenger's goroutine; the lock is static.
        unsafe {
            lock(self.lock.get()); // :420
            // :421
            if getg() != self.g.ptr() {
                throw("tried to park scavenger from another goroutine");
            }
            self.parked.set(true); // :424
            goparkunlock(self.lock.get(), WaitReason::GCScavengeWait);
        }
    }
}

/// The scavenger: gives memory back to the operating system in the background. Here there is
/// nothing to do.
///
/// # Safety
/// On a goroutine of its own.
///
/// Go: mgcscavenge.go:649 bgscavenge
unsafe fn bgscavenge(c: *mut Hchan) -> ! {
    // SAFETY: on a goroutine.
    unsafe {
        SCAVENGER.init(); // :650

        chansend1(c, (&raw const ONE).cast()); // :652
        SCAVENGER.park();

        loop {
            // :656 a run releases nothing
            SCAVENGER.park();
        }
    }
}

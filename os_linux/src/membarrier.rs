//! Fences that cost one side nothing.
//!
//! Where two threads each store one thing and then load the other's, both need a full fence in
//! between, or both may miss what the other has stored. If one side comes often and the other
//! hardly ever, the frequent one can do with [`light_fence`], which only keeps the compiler from
//! exchanging the two: the rare side's [`heavy_fence`] has the kernel put a fence into every thread
//! of the process that runs, by `membarrier(2)` (Linux 4.14). A light fence orders nothing against
//! another light fence.
//!
//! Where the call is missing or forbidden [`asymmetric_fences`] says so, and the frequent side has
//! to fence.
//!
//! gort's own: Go does not use the call for this.

#[cfg(not(loom))]
pub use real::*;

#[cfg(not(loom))]
mod real {
    use crate::sys::{exit, syscall6, write1};
    use core::sync::atomic::{AtomicBool, Ordering, compiler_fence, fence};

    /// `MEMBARRIER_CMD_PRIVATE_EXPEDITED`
    const EXPEDITED: usize = 8;
    /// `MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED`
    const REGISTER: usize = 16;

    static ASYMMETRIC: AtomicBool = AtomicBool::new(false);

    fn membarrier(cmd: usize) -> isize {
        // SAFETY: it touches no memory of ours.
        unsafe { syscall6(libc::SYS_membarrier, cmd, 0, 0, 0, 0, 0) }
    }

    /// Registers the process, if the kernel lets it and `wanted`. Before anybody uses the fences.
    pub fn membarrier_init(wanted: bool) {
        ASYMMETRIC.store(wanted && membarrier(REGISTER) == 0, Ordering::Relaxed);
    }

    /// Whether [`light_fence`] is enough for the frequent side. Does not change once other threads
    /// run.
    #[inline(always)]
    pub fn asymmetric_fences() -> bool {
        ASYMMETRIC.load(Ordering::Relaxed)
    }

    /// The frequent side's, if [`asymmetric_fences`].
    #[inline(always)]
    pub fn light_fence() {
        compiler_fence(Ordering::SeqCst);
    }

    /// The rare side's: a fence here, and one in every other thread that runs, at some point
    /// between call and return.
    #[cold]
    pub fn heavy_fence() {
        fence(Ordering::SeqCst);
        // EPERM: a child made by fork on a kernel that does not hand the registration on.
        if asymmetric_fences()
            && membarrier(EXPEDITED) != 0
            && (membarrier(REGISTER) != 0 || membarrier(EXPEDITED) != 0)
        {
            // It has worked before: a filter of system calls that the program has put up since.
            // Without it two threads may run one goroutine. Throw is above this crate.
            write1(
                2,
                b"fatal error: gort: membarrier(2) has been forbidden while the program ran; GORTMEMBARRIER=off in its environment does without\n",
            );
            exit(2);
        }
    }
}

/// In models both sides are fences, which is what they are together. Two light fences would be,
/// too, and are not really: so there are none in a model that has not asked for them by
/// `model::set_light_fences`.
#[cfg(loom)]
mod modelled {
    use loom::sync::atomic::{Ordering, fence};

    /// There always are.
    pub fn asymmetric_fences() -> bool {
        true
    }
    /// The frequent side's.
    pub fn light_fence() {
        if gort_runtime2::model::light_fences() {
            fence(Ordering::SeqCst);
        }
    }
    /// The rare side's.
    pub fn heavy_fence() {
        fence(Ordering::SeqCst);
    }
}
#[cfg(loom)]
pub use modelled::*;

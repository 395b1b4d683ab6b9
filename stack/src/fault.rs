//! Stacks straight from the system, for `GORTSTACKDEBUG=0,fault`: whoever keeps a pointer into a
//! stack that has moved is found out at its first use.

use gort_lock_futex::{lock, unlock};
use gort_runtime2::linkname::throw;
use gort_runtime2::{Global, Mutex};

/// So many stacks are freed before an address is used again: mappings are no more than that, and
/// the kernel's limit is 65,530.
pub const FAULT_KEPT: usize = 10_000;

struct Kept {
    lock: Mutex,
    next: usize,
    /// Where, and how many bytes.
    old: [(usize, usize); FAULT_KEPT],
}

// SAFETY: all zeroes is an unlocked lock, and no stacks.
static KEPT: Global<Kept> = Global::new(unsafe { core::mem::zeroed() });

/// Bytes of the mapping for a stack of `n` bytes.
fn mapped(n: usize) -> usize {
    n.next_multiple_of(4096)
}

/// Memory for a stack of `n` bytes.
///
/// Go: stack.go:336 stackalloc
pub(crate) fn alloc(n: usize) -> usize {
    // :353
    // SAFETY: a new mapping.
    let p = unsafe {
        let prot = libc::PROT_READ | libc::PROT_WRITE;
        libc::mmap(
            core::ptr::null_mut(),
            mapped(n),
            prot,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    // :356
    if p == libc::MAP_FAILED {
        throw("out of memory (stackalloc)");
    }
    // The stack ends where the mapping does, so that what is above faults as well.
    p.addr() + mapped(n) - n
}

/// Takes it back: nobody can use it, nor its address for a while.
///
/// Go: stack.go:446 stackfree
pub(crate) fn free(v: usize, n: usize) {
    // :460
    // SAFETY: the mapping is the caller's, and becomes the list's; the list is under its lock.
    unsafe {
        let at = v + n - mapped(n);
        // :462
        if libc::mprotect(at as *mut _, mapped(n), libc::PROT_NONE) != 0 {
            throw("gort: GORTSTACKDEBUG=fault: mprotect has failed");
        }
        libc::madvise(at as *mut _, mapped(n), libc::MADV_DONTNEED);
        let kept = KEPT.get();
        lock(&raw mut (*kept).lock);
        let slot = &raw mut (*kept).old[(*kept).next];
        (*kept).next = ((*kept).next + 1) % FAULT_KEPT;
        let (old, len) = slot.replace((at, mapped(n)));
        unlock(&raw mut (*kept).lock);
        if old != 0 {
            libc::munmap(old as *mut _, len);
        }
    }
}

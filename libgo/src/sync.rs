//! What packages `sync` and `sync/atomic` ask of the runtime, straight to `sema` and `proc`.

use crate::types::{BoolArg, Str, yes};
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use gort_proc::atomic::Uint32;
use gort_sema::{self as sema, NotifyList};

/// A semaphore of the `sync` package.
#[unsafe(export_name = "sync.runtime__Semacquire")]
unsafe extern "C-unwind" fn semacquire(s: *const Uint32) {
    sema::sync_runtime_semacquire(s);
}

/// The same, for a mutex, or for a `RWMutex`: Go 1.18 has one function for both, Go 1.23 has three,
/// with wait reasons of their own.
#[unsafe(export_name = "sync.runtime__SemacquireMutex")]
#[unsafe(naked)]
unsafe extern "C-unwind" fn semacquire_mutex(s: *const Uint32, lifo: BoolArg, skip: isize) {
    core::arch::naked_asm!(
        "mov rcx, [rsp]", // who calls
        "jmp {f}",
        f = sym semacquire_mutex_for,
    )
}

unsafe extern "C-unwind" fn semacquire_mutex_for(
    s: *const Uint32,
    lifo: BoolArg,
    skip: isize,
    caller: usize,
) {
    // What of the stack is to be left out of profiles tells a `RWMutex` from a `Mutex`, which skips
    // a function.
    if skip > 0 {
        sema::sync_runtime_semacquire_mutex(s, yes(lifo), skip as i32);
    } else if (LOCK[0]..LOCK[1]).contains(&caller) {
        sema::sync_runtime_semacquire_rwmutex(s, yes(lifo), 0);
    } else {
        sema::sync_runtime_semacquire_rwmutex_r(s, yes(lifo), 0);
    }
}

unsafe extern "C" {
    /// Where libgo's `(*RWMutex).Lock` begins, and the function behind it; 0 in a program without
    /// package sync.
    #[link_name = "gort.rwmutex_lock"]
    static LOCK: [usize; 2];
}

// Weak, as only some programs have them.
core::arch::global_asm!(
    ".weak sync.RWMutex.Lock",
    ".weak sync.RWMutex.Unlock",
    ".pushsection .data.rel.ro.gort.rwmutex_lock, \"aw\"",
    ".balign 8",
    ".globl gort.rwmutex_lock",
    "gort.rwmutex_lock:",
    ".quad sync.RWMutex.Lock",
    ".quad sync.RWMutex.Unlock",
    ".popsection",
);

/// Releases it.
#[unsafe(export_name = "sync.runtime__Semrelease")]
unsafe extern "C-unwind" fn semrelease(s: *const Uint32, handoff: BoolArg, skip: isize) {
    sema::sync_runtime_semrelease(s, yes(handoff), skip as i32);
}

/// Draws a ticket of a condition variable.
#[unsafe(export_name = "sync.runtime__notifyListAdd")]
unsafe extern "C-unwind" fn notify_list_add(l: *mut NotifyList) -> u32 {
    sema::notify_list_add(l)
}

/// Waits with the ticket.
#[unsafe(export_name = "sync.runtime__notifyListWait")]
unsafe extern "C-unwind" fn notify_list_wait(l: *mut NotifyList, t: u32) {
    sema::notify_list_wait(l, t);
}

/// `Broadcast`
#[unsafe(export_name = "sync.runtime__notifyListNotifyAll")]
unsafe extern "C-unwind" fn notify_list_notify_all(l: *mut NotifyList) {
    sema::notify_list_notify_all(l);
}

/// `Signal`
#[unsafe(export_name = "sync.runtime__notifyListNotifyOne")]
unsafe extern "C-unwind" fn notify_list_notify_one(l: *mut NotifyList) {
    sema::notify_list_notify_one(l);
}

/// Both sides must agree on the size of the list.
#[unsafe(export_name = "sync.runtime__notifyListCheck")]
unsafe extern "C-unwind" fn notify_list_check(size: usize) {
    if size < size_of::<NotifyList>() {
        gort_proc::throw("bad notifyList size");
    }
}

/// Pools are emptied by collections; there are none.
#[unsafe(export_name = "sync.runtime__registerPoolCleanup")]
extern "C-unwind" fn register_pool_cleanup(_f: *const u8) {}

/// Whether spinning makes sense.
#[unsafe(export_name = "sync.runtime__canSpin")]
unsafe extern "C-unwind" fn can_spin(i: isize) -> bool {
    gort_proc::sync_runtime_can_spin(i as i32)
}

/// Spins a little.
#[unsafe(export_name = "sync.runtime__doSpin")]
unsafe extern "C-unwind" fn do_spin() {
    gort_proc::sync_runtime_do_spin();
}

/// Holds the goroutine on its P.
#[unsafe(export_name = "sync.runtime__procPin")]
unsafe extern "C-unwind" fn proc_pin() -> isize {
    gort_proc::sync_runtime_proc_pin() as isize
}

/// Lets it go.
#[unsafe(export_name = "sync.runtime__procUnpin")]
unsafe extern "C-unwind" fn proc_unpin() {
    gort_proc::sync_runtime_proc_unpin();
}

/// Holds the goroutine on its P.
#[unsafe(export_name = "sync_1atomic.runtime__procPin")]
unsafe extern "C-unwind" fn atomic_proc_pin() -> isize {
    gort_proc::sync_atomic_runtime_proc_pin() as isize
}

/// Lets it go.
#[unsafe(export_name = "sync_1atomic.runtime__procUnpin")]
unsafe extern "C-unwind" fn atomic_proc_unpin() {
    gort_proc::sync_atomic_runtime_proc_unpin();
}

/// The monotonic clock.
#[unsafe(export_name = "sync.runtime__nanotime")]
extern "C-unwind" fn nanotime() -> i64 {
    sema::sync_nanotime()
}

/// A random number below `n`.
#[unsafe(export_name = "sync.fastrandn")]
unsafe extern "C-unwind" fn fastrandn(n: u32) -> u32 {
    gort_proc::cheaprandn(n)
}

/// `throw`, from package sync.
#[unsafe(export_name = "sync.throw")]
unsafe extern "C-unwind" fn sync_throw(s: Str) {
    // What Go's package sync calls throw for, and calls fatal for since Go 1.19: misuse by the
    // program.
    gort_proc::fatal(&s.text());
}

/// `atomic.StorePointer`
#[unsafe(export_name = "sync_1atomic.StorePointer")]
unsafe extern "C-unwind" fn store_pointer(p: *const AtomicUsize, v: usize) {
    (*p).store(v, SeqCst);
}

/// `atomic.SwapPointer`
#[unsafe(export_name = "sync_1atomic.SwapPointer")]
unsafe extern "C-unwind" fn swap_pointer(p: *const AtomicUsize, v: usize) -> usize {
    (*p).swap(v, SeqCst)
}

/// `atomic.CompareAndSwapPointer`
#[unsafe(export_name = "sync_1atomic.CompareAndSwapPointer")]
unsafe extern "C-unwind" fn cas_pointer(p: *const AtomicUsize, old: usize, new: usize) -> bool {
    (*p).compare_exchange(old, new, SeqCst, SeqCst).is_ok()
}

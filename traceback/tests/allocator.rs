//! A dump of all goroutines comes although the thread that prints it was interrupted in the
//! allocator and holds its lock.

use gort::{chan, go, runtime};
use gort_tests::in_child;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// The system's allocator behind locks: one, or one for each thread, as the C library's arenas.
struct Locked;

static LOCKS: [Mutex<()>; 256] = [const { Mutex::new(()) }; 256];
/// How many of them are in use.
static ARENAS: AtomicUsize = AtomicUsize::new(LOCKS.len());
/// The thread that never comes out of the allocator again.
static STAYS: AtomicUsize = AtomicUsize::new(0);
static INSIDE: AtomicUsize = AtomicUsize::new(0);

fn tid() -> usize {
    // SAFETY: no arguments.
    unsafe { libc::syscall(libc::SYS_gettid) as usize }
}

#[inline(never)]
fn locked<R>(f: impl FnOnce() -> R) -> R {
    let me = tid();
    let _guard = LOCKS[me % ARENAS.load(SeqCst)].lock();
    if STAYS.load(SeqCst) == me {
        stay();
    }
    f()
}

#[inline(never)]
fn stay() {
    INSIDE.store(1, SeqCst);
    loop {
        std::hint::spin_loop();
    }
}

// SAFETY: the system's.
unsafe impl GlobalAlloc for Locked {
    unsafe fn alloc(&self, l: Layout) -> *mut u8 {
        // SAFETY: the caller's contract.
        locked(|| unsafe { System.alloc(l) })
    }
    unsafe fn dealloc(&self, p: *mut u8, l: Layout) {
        // SAFETY: the caller's contract.
        locked(|| unsafe { System.dealloc(p, l) })
    }
}

#[global_allocator]
static ALLOCATOR: Locked = Locked;

/// A goroutine stays in the allocator; its thread gets the SIGQUIT.
fn quit_in_the_allocator(arenas: usize) {
    ARENAS.store(arenas, SeqCst);
    let c = chan::<()>(0);
    for _ in 0..10 {
        let c = c.clone();
        go(move || _ = c.recv());
    }
    let thread = chan::<usize>(0);
    let t = thread.clone();
    go(move || {
        runtime::lock_os_thread();
        t.send(tid());
        while STAYS.load(SeqCst) == 0 {
            runtime::gosched();
        }
        drop(std::hint::black_box(vec![1u8, 2, 3]));
    });
    let tid = thread.recv().unwrap();
    while runtime::stack(true).matches("[chan receive]").count() < 10 {
        runtime::gosched();
    }
    STAYS.store(tid, SeqCst);
    while INSIDE.load(SeqCst) == 0 {
        runtime::gosched();
    }
    // SAFETY: a signal to that thread.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), tid, libc::SIGQUIT) };
    loop {
        std::hint::spin_loop();
    }
}

#[test]
fn names_come_from_another_arena() {
    let o = in_child!(.procs(4), || quit_in_the_allocator(LOCKS.len()));
    o.exited(2).stderr_has("SIGQUIT: quit\nPC=0x").stderr_has("allocator::stay(...)\n");
    assert_eq!(o.stderr.matches("[chan receive]:\n").count(), 10, "{o}");
    o.stderr_has("created by allocator::quit_in_the_allocator in goroutine 1\n")
        .stderr_has("\nrip    0x");
}

#[test]
fn addresses_if_there_is_no_other() {
    let o = in_child!(.procs(4), || quit_in_the_allocator(1));
    o.exited(2).stderr_has("SIGQUIT: quit\nPC=0x").stderr_has("unknown function at pc=0x");
    assert_eq!(o.stderr.matches("[chan receive]:\n").count(), 10, "{o}");
    o.stderr_has("\nrip    0x");
}

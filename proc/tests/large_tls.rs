//! A program whose thread-locals are larger than an M's stack. They lie in its memory.

use gort_proc::*;
use gort_tests::in_child;
use std::cell::Cell;

const SIZE: usize = 3 << 19;

std::thread_local! {
    // Constant and without a destructor, so it is part of each thread's static block.
    static BIG: Cell<[u8; SIZE]> = const { Cell::new([0; SIZE]) };
}

/// Threads can be made, and their g0 has its stack beside the thread-locals.
#[test]
fn threads_have_their_stacks_all_the_same() {
    in_child!(.procs(2), || {
        // SAFETY: on a user goroutine. m0 stays with it.
        unsafe { lock_os_thread() };
        let c = gort::chan::<()>(0);
        let c2 = c.clone();
        gort::go(move || {
            let big = BIG.with(|b| b.as_ptr().addr());
            // SAFETY: the stack of this M's g0 is its own, and below sp nothing is on it.
            unsafe {
                systemstack(|| {
                    let g0 = getg();
                    assert_ne!((*g0).m, M0.load());
                    let here = (&raw const g0).addr();
                    let s = (*g0).stack;
                    assert!(s.lo < here && here < s.hi && s.hi <= big);
                    // all of it is there, and no more than two pages are left out
                    (s.lo as *mut u8).write_volatile(1);
                    let whole = thread_stack();
                    assert!(whole.lo <= s.lo && s.lo <= whole.lo + 8192, "{whole:x?} {s:x?}");
                    assert!(here - s.lo > M_STACK_SIZE - 64 * 1024);
                });
            }
            c2.send(());
        });
        c.recv();
    })
    .ok();
}

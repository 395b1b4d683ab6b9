//! Registered text ranges: code of a language with its own compiler. Its owner decides about each
//! pc.

use gort::go;
use gort_preempt::{register_text_range, unregister_text_range};
use gort_tests::in_child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

// count(flag): counts until *flag, from `safe` on; returns the count.
std::arch::global_asm!(
    ".text",
    ".globl range_lo",
    "range_lo:",
    "xor eax, eax",
    "xor edx, edx",
    ".globl range_safe",
    "range_safe:",
    "inc rax",
    "cmp byte ptr [rdi], 0",
    "je range_safe",
    "ret",
    ".globl range_hi",
    "range_hi:",
);

unsafe extern "C" {
    fn range_lo(flag: *const bool) -> u64;
    static range_safe: u8;
    static range_hi: u8;
}

static ASKED: AtomicUsize = AtomicUsize::new(0);

unsafe fn anywhere_in_the_loop(pc: usize, _sp: usize) -> Option<usize> {
    ASKED.fetch_add(1, SeqCst);
    (pc >= (&raw const range_safe) as usize).then_some(pc)
}

/// As a restartable sequence: continues at the head of the loop.
unsafe fn at_the_head(_pc: usize, _sp: usize) -> Option<usize> {
    ASKED.fetch_add(1, SeqCst);
    Some((&raw const range_safe) as usize)
}

fn run(f: gort_preempt::SafePointFn) {
    let lo = range_lo as *const () as usize;
    // SAFETY: the code uses registers and one byte of memory.
    unsafe { register_text_range(lo, (&raw const range_hi) as usize, f) };
    for _ in 0..20 {
        let flag = Arc::new(AtomicBool::new(false));
        let f = flag.clone();
        go(move || f.store(true, SeqCst));
        // SAFETY: ends when the other goroutine has run, which takes a preemption at GOMAXPROCS=1.
        let n = unsafe { range_lo(flag.as_ptr()) };
        assert!(n > 0);
    }
    assert!(ASKED.load(SeqCst) > 0);
    assert!(unregister_text_range(lo));
    assert!(!unregister_text_range(lo));
}

#[test]
fn registered_code_is_interrupted() {
    in_child!(.procs(1), || run(anywhere_in_the_loop)).ok();
}

#[test]
fn a_range_may_name_another_pc_to_continue_at() {
    in_child!(.procs(1), || run(at_the_head)).ok();
}

/// `__morestack` writes the bounds of the new segment one after the other, and the signal may come
/// in between: the answer is no, and no overflow in the handler.
#[test]
fn bounds_of_two_segments_are_no_safe_point() {
    in_child!(.procs(1), || {
        // SAFETY: this goroutine's own bounds, which nobody else reads meanwhile; they are put
        // back.
        unsafe {
            gort_preempt::init();
            let gp = gort_asm::getg();
            let real = (*gp).stack;
            let sp = &raw const real as usize;
            let half = [(real.hi, real.lo), (real.hi, real.hi), (sp, sp - 4096), (0, real.hi)];
            let answers = half.map(|(lo, hi)| {
                (*gp).stack = gort_runtime2::Stack { lo, hi };
                let answer = gort_preempt::is_async_safe_point(gp, 1, sp, 0);
                (*gp).stack = real;
                answer
            });
            assert_eq!(answers, [None; 4]);
        }
    })
    .ok();
}

//! The hot split of segmented stacks: a call that crosses from one segment to the next, in a loop.
//! What it costs is why Go 1.3 gave such stacks up; see docs/segmented-stacks.md.
//!
//! The function that is called begins as gcc's `-fsplit-stack` lets functions begin, and does
//! nothing. Its caller is Rust, which does not check the stack and so can stand where every call
//! splits.

use crate::{metric, repeat, timed};
use gort::{StackKind, chan, go_on};
use std::hint::black_box;

core::arch::global_asm!(
    ".text",
    ".p2align 4",
    ".globl gort_bench_split",
    ".hidden gort_bench_split",
    ".type gort_bench_split,@function",
    "gort_bench_split:",
    ".cfi_startproc",
    "cmp rsp, qword ptr fs:[0x70]",
    "jb 2f",
    "1: ret",
    "2: mov r10d, 64",
    "xor r11d, r11d",
    "call __morestack",
    "ret",
    "jmp 1b",
    ".cfi_endproc",
    ".size gort_bench_split, . - gort_bench_split",
);

unsafe extern "C" {
    fn gort_bench_split();
}

const CALLS: u64 = 1_000_000;

/// The loop, with `PAD` bytes of the stack in use.
#[inline(never)]
fn calls<const PAD: usize>() {
    let pad = [0u8; PAD];
    black_box(&pad);
    for _ in 0..CALLS {
        // SAFETY: it returns at once; on a goroutine whose stack has segments.
        unsafe { gort_bench_split() }
    }
    black_box(&pad);
}

/// Nanoseconds of a call: `split` if it goes to another segment and back.
pub fn run(id: &str, split: bool) {
    let c = chan::<f64>(0);
    let tx = c.clone();
    go_on(StackKind::Segmented, move || {
        // A first segment counts as full after 16 KiB.
        let f = if split { calls::<{ 20 << 10 }> } else { calls::<64> };
        tx.send(repeat(5, || timed(f)));
    });
    metric(id, c.recv().unwrap_or(f64::NAN) * 1e9 / CALLS as f64, "ns", "lower");
}

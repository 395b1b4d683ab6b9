//! Go's rand.go: per-M random numbers.
//!
//! `cheaprand` is for the scheduler's own decisions (where to begin stealing, whether to sample),
//! `rand` for what programs may see (select's order of cases is `cheaprand` in Go as well). The
//! state of both is in the M, so no call takes a lock. The generator behind `rand` is Go's
//! internal/chacha8rand, in [`chacha8`].
#![cfg_attr(loom, allow(dead_code))]

pub mod chacha8;
mod cheap;
#[cfg(not(loom))]
mod global;

#[cfg(not(loom))]
pub use global::{mrandinit, randinit};

pub use cheap::{cheaprand, cheaprand64, cheaprandn};

use gort_asm::getg;

/// 32 random bits from the M's ChaCha8 state. Called from compiled code in Go.
///
/// Go: rand.go:120 rand32
pub fn rand32() -> u32 {
    // :121
    rand() as u32
}

/// 64 random bits from the M's ChaCha8 state.
///
/// Go: rand.go:129 rand
pub fn rand() -> u64 {
    // SAFETY: only this thread uses its M's state; nothing here switches goroutines.
    unsafe {
        // :134
        let mp = (*getg()).m;
        let c = &mut (*mp).chacha8;
        loop {
            // :141
            if let Some(x) = chacha8::next(c) {
                return x;
            }
            // :145
            (*mp).locks.bump(1);
            chacha8::refill(c);
            (*mp).locks.bump(-1);
        }
    }
}

/// A random number below `n`.
///
/// Go: rand.go:167 randn
pub fn randn(n: u32) -> u32 {
    // :169
    ((rand() as u32 as u64 * n as u64) >> 32) as u32
}

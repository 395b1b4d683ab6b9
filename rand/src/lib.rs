//! Go's rand.go: per-M random numbers.
//!
//! `cheaprand` is for the scheduler's own decisions (where to begin stealing, whether to sample), `rand` for what
//! programs may see (select's order of cases is `cheaprand` in Go as well). The state of both is in the M, so no
//! call takes a lock. The generator behind `rand` is Go's internal/chacha8rand, in [`chacha8`].
#![cfg_attr(loom, allow(dead_code))]

pub mod chacha8;
#[cfg(not(loom))]
mod global;

#[cfg(not(loom))]
pub use global::{mrandinit, randinit};

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

/// 32 random bits, fast and of no great quality.
///
/// Go: rand.go:191 cheaprand
#[inline]
pub fn cheaprand() -> u32 {
    // SAFETY: only this thread uses its M's state.
    unsafe {
        // :192
        let mp = (*getg()).m;
        // :199 wyrand; :204, the variant for machines without a wide multiplication, is left out
        (*mp).cheaprand = (*mp).cheaprand.wrapping_add(0xa076_1d64_78bd_642f);
        let x = (*mp).cheaprand;
        let w = x as u128 * (x ^ 0xe703_7ed1_a0b4_28db) as u128;
        // :201
        ((w >> 64) as u64 ^ w as u64) as u32
    }
}

/// 63 random bits, fast and of no great quality.
///
/// Go: rand.go:235 cheaprand64
#[inline]
pub fn cheaprand64() -> i64 {
    // :236
    ((cheaprand() as i64) << 31) ^ cheaprand() as i64
}

/// A cheap random number below `n`.
///
/// Go: rand.go:255 cheaprandn
#[inline]
pub fn cheaprandn(n: u32) -> u32 {
    // :257
    ((cheaprand() as u64 * n as u64) >> 32) as u32
}

//! wyrand: one multiplication, on state of the M's own.

use gort_asm::getg;

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

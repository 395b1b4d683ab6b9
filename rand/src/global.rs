//! The global generator: it seeds those of the Ms and is used for nothing else.

use crate::chacha8;
use gort_os_linux::{nanotime, read_random};
use gort_runtime2::linkname::{fatal, lock, unlock};
use gort_runtime2::{ChaCha8State, Global, M, Mutex};

/// Go: rand.go:26 globalRand
struct GlobalRand {
    lock: Mutex,
    seed: [u8; 32],
    state: ChaCha8State,
    init: bool,
}

// SAFETY: integers and atomics only: all zeroes is a valid value.
static GLOBAL_RAND: Global<GlobalRand> = Global::new(unsafe { core::mem::zeroed() });

/// Seeds the global generator.
///
/// Go: rand.go:37 randinit
pub fn randinit() {
    // SAFETY: `gr` is a static; its lock is held while its other fields are used.
    unsafe {
        let gr = GLOBAL_RAND.get();
        // :38
        lock(&raw mut (*gr).lock);
        if (*gr).init {
            fatal("randinit twice");
        }
        // :43
        let seed = &mut (*gr).seed;
        // :44 startupRand, the 16 bytes of the auxiliary vector, belongs to libc here and is left
        // alone.
        // :51
        if read_random(seed) != seed.len() as isize {
            // :56 :55 readRandomFailed is for a diagnostic of Go's crypto/rand.
            read_time_random(seed);
        }
        // :59
        chacha8::init(&mut (*gr).state, *seed);
        *seed = [0; 32];
        (*gr).init = true;
        // :62
        unlock(&raw mut (*gr).lock);
    }
}

/// Stretches the time over `r`, for want of better entropy; what `r` had is kept in the mixture.
///
/// Go: rand.go:70 readTimeRandom
#[doc(alias = "readTimeRandom")]
fn read_time_random(r: &mut [u8]) {
    // :75
    let mut v = nanotime() as u64;
    // :76
    for part in r.chunks_mut(8) {
        v ^= 0xa076_1d64_78bd_642f;
        v = v.wrapping_mul(0xe703_7ed1_a0b4_28db);
        // :83
        for (i, b) in part.iter_mut().enumerate() {
            *b ^= (v >> (8 * i)) as u8;
        }
        // :87
        v = v.rotate_left(32);
    }
}

/// 64 random bits from the global generator.
///
/// Go: rand.go:92 bootstrapRand
#[doc(alias = "bootstrapRand")]
fn bootstrap_rand() -> u64 {
    // SAFETY: as in `randinit`.
    unsafe {
        let gr = GLOBAL_RAND.get();
        // :93
        lock(&raw mut (*gr).lock);
        if !(*gr).init {
            fatal("randinit missed");
        }
        let state = &mut (*gr).state;
        loop {
            // :98
            if let Some(x) = chacha8::next(state) {
                unlock(&raw mut (*gr).lock);
                return x;
            }
            // :102
            chacha8::refill(state);
        }
    }
}

/// Replaces the key of the global generator, so that what it gave out cannot be computed again.
///
/// Go: rand.go:108 bootstrapRandReseed
#[doc(alias = "bootstrapRandReseed")]
fn bootstrap_rand_reseed() {
    // SAFETY: as in `randinit`.
    unsafe {
        let gr = GLOBAL_RAND.get();
        // :109
        lock(&raw mut (*gr).lock);
        if !(*gr).init {
            fatal("randinit missed");
        }
        // :113
        chacha8::reseed(&mut (*gr).state);
        unlock(&raw mut (*gr).lock);
    }
}

/// Seeds the generators of an M.
///
/// # Safety
/// The M does not run yet, or is the caller's own.
///
/// Go: rand.go:152 mrandinit
pub unsafe fn mrandinit(mp: *mut M) {
    // SAFETY: the caller's contract.
    unsafe {
        // :153
        let mut seed = [0u64; 4];
        for s in &mut seed {
            *s = bootstrap_rand();
        }
        // :157
        bootstrap_rand_reseed();
        chacha8::init64(&mut (*mp).chacha8, seed);
        // :159
        (*mp).cheaprand = crate::rand();
    }
}

//! The generators: known answers, ranges, and a sanity check of the distribution.

#[path = "../../lock_futex/tests/support/mod.rs"]
mod support;
#[path = "../../lock_futex/tests/support/print.rs"]
mod support_print;

use gort_rand::*;
use gort_runtime2::ChaCha8State;
use support::with_m;

#[unsafe(export_name = "gort.lock")]
unsafe fn lock(_: *mut gort_runtime2::Mutex) {}
#[unsafe(export_name = "gort.unlock")]
unsafe fn unlock(_: *mut gort_runtime2::Mutex) {}

/// FNV-1a over the 372 values of the test vector of <https://c2sp.org/chacha8rand>, which span two
/// keys.
#[test]
fn chacha8_gives_the_published_values() {
    let mut s = ChaCha8State::default();
    chacha8::init(&mut s, *b"ABCDEFGHIJKLMNOPQRSTUVWXYZ123456");
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for i in 0..372 {
        let x = loop {
            match chacha8::next(&mut s) {
                Some(x) => break x,
                None => chacha8::refill(&mut s),
            }
        };
        if i == 0 {
            assert_eq!(x, 0xb773_b606_3d46_16a5);
        }
        for b in x.to_le_bytes() {
            hash = (hash ^ b as u64).wrapping_mul(0x100_0000_01b3);
        }
    }
    assert_eq!(hash, 0xdc88_a0d3_284f_d11e);
}

#[test]
fn reseeding_changes_the_key() {
    let mut s = ChaCha8State::default();
    chacha8::init64(&mut s, [1, 2, 3, 4]);
    let seed = s.seed;
    chacha8::reseed(&mut s);
    assert_ne!(s.seed, seed);
    assert_eq!((s.i, s.n, s.c), (0, 32, 0));
}

#[test]
fn generators_of_an_m() {
    with_m(|mp| {
        randinit();
        // SAFETY: the M is this thread's own.
        unsafe { mrandinit(mp) };
        let a = rand();
        // More than one key's worth.
        assert!((0..1000).all(|_| rand() != a));
        assert!((0..1000).all(|_| randn(7) < 7));
        assert!((0..1000).all(|_| cheaprandn(7) < 7 && cheaprand64() >= 0));
        // Ten thousand draws for each of eight values: 3 standard deviations are 280.
        let mut n = [0i32; 8];
        for _ in 0..80_000 {
            n[cheaprandn(8) as usize] += 1;
        }
        assert!(n.iter().all(|n| (n - 10_000).abs() < 1000), "{n:?}");
        // SAFETY: as above.
        assert_eq!(unsafe { (*mp).locks.get() }, 0);
    });
}

/// wyrand, computed by hand for state 0.
#[test]
fn cheaprand_is_wyrand() {
    with_m(|mp| {
        // SAFETY: the M is this thread's own.
        unsafe { (*mp).cheaprand = 0 };
        let s = 0xa076_1d64_78bd_642fu64;
        let w = s as u128 * (s ^ 0xe703_7ed1_a0b4_28db) as u128;
        assert_eq!(cheaprand(), ((w >> 64) as u64 ^ w as u64) as u32);
    });
}

//! The self-test at start. Little of it can fail here; it is kept for the reader of Go's.

use crate::timediv;
use core::hint::black_box;
use core::mem::{offset_of, size_of};
use gort_runtime2::atomic::{Uint8, Uint32, Uint64};
use gort_runtime2::linkname::throw;

/// Go: runtime1.go:105 testAtomic64
#[doc(alias = "testAtomic64")]
fn test_atomic64() {
    // :106
    let test_z64 = Uint64::new(42);
    let mut test_x64 = 0;
    if test_z64.cas(test_x64, 1) {
        throw("cas64 failed");
    }
    // :111
    if test_x64 != 0 {
        throw("cas64 failed");
    }
    // :114
    test_x64 = 42;
    if !test_z64.cas(test_x64, 1) {
        throw("cas64 failed");
    }
    // :118
    if test_x64 != 42 || test_z64.get() != 1 {
        throw("cas64 failed");
    }
    // :121
    if test_z64.load() != 1 {
        throw("load64 failed");
    }
    // :124
    test_z64.store((1 << 40) + 1);
    if test_z64.load() != (1 << 40) + 1 {
        throw("store64 failed");
    }
    // :128
    if test_z64.add((1 << 40) + 1) != (2 << 40) + 2 {
        throw("xadd64 failed");
    }
    if test_z64.load() != (2 << 40) + 2 {
        throw("xadd64 failed");
    }
    // :134
    if test_z64.swap((3 << 40) + 3) != (2 << 40) + 2 {
        throw("xchg64 failed");
    }
    if test_z64.load() != (3 << 40) + 3 {
        throw("xchg64 failed");
    }
}

/// Go: runtime1.go:142 check
#[allow(clippy::eq_op)]
pub fn check() {
    // :158
    #[repr(C)]
    struct X1t {
        x: u8,
    }
    #[repr(C)]
    struct Y1t {
        x1: X1t,
        y: u8,
    }
    let _ = (offset_of!(X1t, x), offset_of!(Y1t, x1));
    // :168
    let sizes = [
        (size_of::<i8>(), 1, "bad a"),
        (size_of::<u8>(), 1, "bad b"),
        (size_of::<i16>(), 2, "bad c"),
        (size_of::<u16>(), 2, "bad d"),
        // :180
        (size_of::<i32>(), 4, "bad e"),
        (size_of::<u32>(), 4, "bad f"),
        (size_of::<i64>(), 8, "bad g"),
        (size_of::<u64>(), 8, "bad h"),
        // :192
        (size_of::<f32>(), 4, "bad i"),
        (size_of::<f64>(), 8, "bad j"),
        (size_of::<*mut ()>(), 8, "bad k"),
        (size_of::<*mut u16>(), 8, "bad l"),
        // :204
        (size_of::<X1t>(), 1, "bad unsafe.Sizeof x1"),
        (offset_of!(Y1t, y), 1, "bad offsetof y1.y"),
        (size_of::<Y1t>(), 2, "bad unsafe.Sizeof y1"),
    ];
    for (have, want, msg) in sizes {
        if have != want {
            throw(msg);
        }
    }
    // :214
    if timediv(12345 * 1_000_000_000 + 54321, 1_000_000_000) != (12345, 54321) {
        throw("bad timediv");
    }
    // :218
    let z = Uint32::new(1);
    if !z.cas(1, 2) {
        throw("cas1");
    }
    if z.get() != 2 {
        throw("cas2");
    }
    // :227
    z.set(4);
    if z.cas(5, 6) {
        throw("cas3");
    }
    if z.get() != 4 {
        throw("cas4");
    }
    // :235
    z.set(0xffff_ffff);
    if !z.cas(0xffff_ffff, 0xffff_fffe) {
        throw("cas5");
    }
    if z.get() != 0xffff_fffe {
        throw("cas6");
    }
    // :243
    let m = [const { Uint8::new(1) }; 4];
    m[1].or(0xf0);
    if m[0].get() != 1 || m[1].get() != 0xf1 || m[2].get() != 1 || m[3].get() != 1 {
        throw("atomicor8");
    }
    // :249
    let m = [const { Uint8::new(0xff) }; 4];
    m[1].and(0x1);
    if m[0].get() != 0xff || m[1].get() != 0x1 || m[2].get() != 0xff || m[3].get() != 0xff {
        throw("atomicand8");
    }
    // :255
    let j = black_box(f64::from_bits(!0));
    if j == j {
        throw("float64nan");
    }
    // :263
    let j1 = black_box(f64::from_bits(!1));
    if j == j1 {
        throw("float64nan2");
    }
    // :271
    let i = black_box(f32::from_bits(!0));
    if i == i {
        throw("float32nan");
    }
    // :279
    let i1 = black_box(f32::from_bits(!1));
    if i == i1 {
        throw("float32nan2");
    }
    // :287
    test_atomic64();
    // :289 fixedStack is checked where it is defined; :293 checkASM returns true on amd64
}

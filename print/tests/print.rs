//! Output diverted to a goroutine's buffer, and the formats that are Go's own.

#[path = "../../lock_futex/tests/support/mod.rs"]
mod support;

use gort_asm::getg;
use gort_print::{Complex, Float, Hex, gwrite, printlock, printunlock};
use support::with_m;

/// What `f` prints, cut at `cap` bytes.
fn captured(cap: usize, f: impl FnOnce()) -> String {
    with_m(|mp| {
        let mut buf = Vec::with_capacity(cap);
        // SAFETY: the g is this thread's own, and the buffer outlives its use.
        unsafe { (*getg()).writebuf.ptr = &raw mut buf };
        f();
        // SAFETY: as above.
        unsafe {
            (*getg()).writebuf.ptr = std::ptr::null_mut();
            assert_eq!(((*mp).locks.get(), (*mp).printlock), (0, 0));
        }
        String::from_utf8(buf).unwrap()
    })
}

#[test]
fn prints_into_the_buffer() {
    assert_eq!(
        captured(100, || gort_print::print!("m{} {} {:?}\n", 1, true, "x")),
        "m1 true \"x\"\n"
    );
    let long = "0123456789".repeat(100);
    assert_eq!(captured(2000, || gort_print::print!("{long}{}", 7)), format!("{long}7"));
}

#[test]
fn what_does_not_fit_is_dropped() {
    assert_eq!(captured(8, || gwrite(b"0123456789"))[..8], *"01234567");
}

#[test]
fn the_lock_nests() {
    let s = captured(100, || {
        printlock();
        gort_print::print!("a");
        printlock();
        gort_print::print!("b");
        printunlock();
        printunlock();
    });
    assert_eq!(s, "ab");
}

#[test]
fn prints_without_g() {
    gort_print::print!("");
}

/// Recorded from Go 1.23.1's builtin print.
#[test]
fn numbers_as_go_prints_them() {
    for (v, want) in [
        (0.0, "+0.000000e+000"),
        (-0.0, "-0.000000e+000"),
        (1.5, "+1.500000e+000"),
        (-2.0, "-2.000000e+000"),
        (1e100, "+1.000000e+100"),
        (1e-7, "+1.000000e-007"),
        (9.999_999_99, "+1.000000e+001"),
        (123_456.789, "+1.234568e+005"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
    ] {
        assert_eq!(Float(v).to_string(), want);
    }
    assert_eq!(Complex(1.0, -2.5).to_string(), "(+1.000000e+000-2.500000e+000i)");
    assert_eq!(Hex(0).to_string(), "0x0");
    assert_eq!(Hex(0xc000_1234).to_string(), "0xc0001234");
    assert_eq!(format!("{:16}", Hex(0xbeef)), "0x000000000000beef");
}

#[test]
fn hexdump() {
    let words = [1usize, 2, 3];
    let p = words.as_ptr() as usize;
    let s = captured(1000, || {
        // SAFETY: the array.
        unsafe {
            gort_print::hexdump_words(p, p + 24, Some(&|a| if a == p + 8 { b'>' } else { 0 }))
        }
    });
    assert!(s.contains(">0x0000000000000002 "), "{s}");
    assert!(s.contains(" 0x0000000000000003 "), "{s}");
}

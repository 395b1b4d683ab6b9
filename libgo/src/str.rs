//! Strings. The buffers on the caller's stack that the compiler offers are not used.

use crate::mem::{Contents, alloc, alloc_value};
use crate::types::{Slice, Str};
use core::cmp::Ordering;
use core::ptr::{copy_nonoverlapping, null_mut};

/// What stands for bytes that are not UTF-8.
const RUNE_ERROR: i32 = 0xfffd;

/// `a + b + ...`
#[unsafe(export_name = "runtime.concatstrings")]
unsafe extern "C-unwind" fn concatstrings(_buf: *mut u8, p: *const Str, n: isize) -> Str {
    let a = core::slice::from_raw_parts(p, n as usize);
    let mut len = 0isize;
    for s in a {
        let Some(l) = len.checked_add(s.len) else {
            gort_proc::throw("string concatenation too long")
        };
        len = l;
    }
    if len == 0 {
        return Str::EMPTY;
    }
    // Also where only one of them is not empty: of `string(bytes)` the compiler gives this function
    // the bytes themselves, as it copies them.
    let m = alloc(len as usize, Contents::Bytes);
    let mut at = m;
    for s in a {
        copy_nonoverlapping(s.ptr, at, s.len.max(0) as usize);
        at = at.add(s.len as usize);
    }
    Str { ptr: m, len }
}

/// `a < b` and its kin: -1, 0, 1.
#[unsafe(export_name = "runtime.cmpstring")]
unsafe extern "C-unwind" fn cmpstring(a: Str, b: Str) -> isize {
    match a.bytes().cmp(b.bytes()) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

/// Writes `r` as UTF-8; returns how many bytes.
fn encode(r: i64, b: &mut [u8; 4]) -> usize {
    let c = u32::try_from(r).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
    c.encode_utf8(b).len()
}

/// `string(rune)`
#[unsafe(export_name = "runtime.intstring")]
unsafe extern "C-unwind" fn intstring(_buf: *mut u8, v: i64) -> Str {
    let mut b = [0; 4];
    let n = encode(v, &mut b);
    Str::copy(&b[..n])
}

/// `string([]byte)`
#[unsafe(export_name = "runtime.slicebytetostring")]
unsafe extern "C-unwind" fn slicebytetostring(_buf: *mut u8, p: *const u8, n: isize) -> Str {
    Str::copy(Str { ptr: p, len: n }.bytes())
}

/// `string([]rune)`
#[unsafe(export_name = "runtime.slicerunetostring")]
unsafe extern "C-unwind" fn slicerunetostring(_buf: *mut u8, a: Slice) -> Str {
    let a = a.of::<i32>();
    let mut b = [0; 4];
    let n: usize = a.iter().map(|&r| encode(i64::from(r), &mut b)).sum();
    if n == 0 {
        return Str::EMPTY;
    }
    let m = alloc(n, Contents::Bytes);
    let mut at = m;
    for &r in a {
        let k = encode(i64::from(r), &mut b);
        copy_nonoverlapping(b.as_ptr(), at, k);
        at = at.add(k);
    }
    Str { ptr: m, len: n as isize }
}

/// `[]byte(s)`
#[unsafe(export_name = "runtime.stringtoslicebyte")]
unsafe extern "C-unwind" fn stringtoslicebyte(_buf: *mut u8, s: Str) -> Slice {
    let n = s.len as usize;
    let cap = crate::slice::round_up_size(n, true);
    let p = alloc_value(cap, Contents::Bytes);
    if n > 0 {
        copy_nonoverlapping(s.ptr, p, n);
    }
    Slice { ptr: p, len: s.len, cap: cap as isize }
}

/// Decodes the rune at `i`: the rune and where the next one begins.
fn decode(b: &[u8], i: usize) -> (i32, usize) {
    let bad = (RUNE_ERROR, i + 1);
    let c = b[i];
    let (n, low, high, mask) = match c {
        0..0x80 => return (i32::from(c), i + 1),
        0xc2..=0xdf => (2, 0x80, 0xbf, 0x1f),
        0xe0 => (3, 0xa0, 0xbf, 0x0f),
        0xed => (3, 0x80, 0x9f, 0x0f),
        0xe1..=0xef => (3, 0x80, 0xbf, 0x0f),
        0xf0 => (4, 0x90, 0xbf, 0x07),
        0xf1..=0xf3 => (4, 0x80, 0xbf, 0x07),
        0xf4 => (4, 0x80, 0x8f, 0x07),
        _ => return bad,
    };
    if i + n > b.len() || b[i + 1] < low || b[i + 1] > high {
        return bad;
    }
    let mut r = i32::from(c & mask);
    for &c in &b[i + 1..i + n] {
        if c & 0xc0 != 0x80 {
            return bad;
        }
        r = r << 6 | i32::from(c & 0x3f);
    }
    (r, i + n)
}

/// `[]rune(s)`
#[unsafe(export_name = "runtime.stringtoslicerune")]
unsafe extern "C-unwind" fn stringtoslicerune(_buf: *mut i32, s: Str) -> Slice {
    let b = s.bytes();
    let (mut n, mut i) = (0, 0);
    while i < b.len() {
        i = decode(b, i).1;
        n += 1;
    }
    let bytes = crate::slice::round_up_size(n * 4, true);
    let p = alloc_value(bytes, Contents::Bytes).cast::<i32>();
    let (mut k, mut i) = (0, 0);
    while i < b.len() {
        let (r, next) = decode(b, i);
        p.add(k).write(r);
        k += 1;
        i = next;
    }
    Slice { ptr: p.cast(), len: n as isize, cap: (bytes / 4) as isize }
}

/// `(rune, int)`
#[repr(C)]
struct RuneInt(i32, isize);

/// The rune at `k`, for `range` over a string.
#[unsafe(export_name = "runtime.decoderune")]
unsafe extern "C-unwind" fn decoderune(s: Str, k: isize) -> RuneInt {
    let b = s.bytes();
    if k as usize >= b.len() {
        return RuneInt(RUNE_ERROR, k + 1);
    }
    let (r, next) = decode(b, k as usize);
    RuneInt(r, next as isize)
}

/// A C string of libgo's own C code, as a Go string without a copy.
#[unsafe(export_name = "runtime.gostringnocopy")]
unsafe extern "C-unwind" fn gostringnocopy(p: *const u8) -> Str {
    if p.is_null() {
        Str { ptr: null_mut(), len: 0 }
    } else {
        Str { ptr: p, len: libc::strlen(p.cast()) as isize }
    }
}

//! Slices.

use crate::mem::{Contents, alloc_value};
use crate::panic;
use crate::types::{Slice, Type};
use core::ptr::{copy, copy_nonoverlapping};

/// The largest object.
const MAX_ALLOC: usize = 1 << 48;

/// Sizes of small objects in Go's allocator. Nothing is allocated by them here; they decide what
/// `cap` is after an `append`.
///
/// Go: sizeclasses.go:95 class_to_size
const CLASS_TO_SIZE: [u32; 68] = [
    0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320,
    352, 384, 416, 448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792,
    2048, 2304, 2688, 3072, 3200, 3456, 4096, 4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728,
    10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672,
    32768,
];

/// The size that Go would allocate for `n` bytes; `noscan`: no pointers in them.
///
/// Go: msize.go:14 roundupsize
pub fn round_up_size(n: usize, noscan: bool) -> usize {
    const HEADER: usize = 8;
    // :16
    if n <= 32768 - HEADER {
        // :18 objects with pointers beyond 512 bytes have a header
        let req = if !noscan && n > 512 { n + HEADER } else { n };
        let i = CLASS_TO_SIZE.partition_point(|&s| (s as usize) < req);
        return CLASS_TO_SIZE[i] as usize - (req - n); // :24
    }
    // :29 large ones by pages
    n.checked_add(8191).map_or(n, |m| m & !8191)
}

/// `make([]T, len, cap)`: the array.
#[unsafe(export_name = "runtime.makeslice")]
unsafe extern "C-unwind" fn makeslice(t: *const Type, len: isize, cap: isize) -> *mut u8 {
    alloc_value(check_make_slice(t, len, cap), Contents::Values(t))
}

/// The same with 64-bit sizes.
#[unsafe(export_name = "runtime.makeslice64")]
unsafe extern "C-unwind" fn makeslice64(t: *const Type, len: i64, cap: i64) -> *mut u8 {
    makeslice(t, len as isize, cap as isize)
}

/// Checks the sizes; bytes of the array.
#[unsafe(export_name = "runtime.checkMakeSlice")]
unsafe extern "C-unwind" fn check_make_slice(t: *const Type, len: isize, cap: isize) -> usize {
    let size = (*t).size;
    match size.checked_mul(cap as usize) {
        Some(n) if n <= MAX_ALLOC && len >= 0 && len <= cap => n,
        _ => {
            // The blame is on len if that alone is too much already.
            match size.checked_mul(len as usize) {
                Some(n) if n <= MAX_ALLOC && len >= 0 => {
                    panic::error_string("makeslice: cap out of range")
                }
                _ => panic::error_string("makeslice: len out of range"),
            }
        }
    }
}

/// `make` with a length that is known to be wrong.
#[unsafe(export_name = "runtime.panicmakeslicelen")]
extern "C-unwind" fn panicmakeslicelen() {
    panic::error_string("makeslice: len out of range");
}

/// The same for the capacity.
#[unsafe(export_name = "runtime.panicmakeslicecap")]
extern "C-unwind" fn panicmakeslicecap() {
    panic::error_string("makeslice: cap out of range");
}

/// `unsafe.Slice(ptr, len)`: the check.
///
/// Go: unsafe.go:53 unsafeslice
#[unsafe(export_name = "runtime.unsafeslice")]
unsafe extern "C-unwind" fn unsafeslice(t: *const Type, ptr: usize, len: isize) {
    // :54
    if len < 0 {
        panic::error_string("unsafe.Slice: len out of range");
    }
    // :58 and :65
    let size = (*t).size.checked_mul(len as usize);
    let fits = size.is_some_and(|n| n <= ptr.wrapping_neg());
    if ptr == 0 && len > 0 && ((*t).size == 0 || !fits) {
        panic::error_string("unsafe.Slice: ptr is nil and len is not zero");
    }
    // :69
    if !fits {
        panic::error_string("unsafe.Slice: len out of range");
    }
}

/// The same with a 64-bit length.
///
/// Go: unsafe.go:74 unsafeslice64
#[unsafe(export_name = "runtime.unsafeslice64")]
unsafe extern "C-unwind" fn unsafeslice64(t: *const Type, ptr: usize, len: i64) {
    // :79
    unsafeslice(t, ptr, len as isize);
}

/// The capacity to grow to, in elements, before rounding.
///
/// Go: slice.go:289 nextslicecap
fn nextslicecap(new_len: isize, old_cap: isize) -> isize {
    // :290
    let doublecap = old_cap.wrapping_add(old_cap);
    if new_len > doublecap {
        return new_len;
    }
    // :296
    const THRESHOLD: isize = 256;
    if old_cap < THRESHOLD {
        return doublecap;
    }
    // :300 from twice to a quarter more, smoothly
    let mut newcap = old_cap;
    while (newcap as usize) < new_len as usize {
        newcap = newcap.wrapping_add((newcap.wrapping_add(3 * THRESHOLD)) >> 2);
    }
    // :316
    if newcap <= 0 { new_len } else { newcap }
}

/// `append` beyond the capacity: the new array, with length `need` and what was in the old one.
#[unsafe(export_name = "runtime.growslice")]
unsafe extern "C-unwind" fn growslice(
    t: *const Type,
    old: *mut u8,
    old_len: isize,
    old_cap: isize,
    need: isize,
) -> Slice {
    if need < old_cap {
        panic::error_string("growslice: len out of range");
    }
    let size = (*t).size;
    if size == 0 {
        return Slice { ptr: alloc_value(0, Contents::Bytes), len: need, cap: need };
    }
    let newcap = nextslicecap(need, old_cap);
    let bytes = match size.checked_mul(newcap as usize) {
        Some(n) if need >= 0 && n <= MAX_ALLOC => round_up_size(n, (*t).ptrdata == 0),
        _ => panic::error_string("growslice: len out of range"),
    };
    let p = alloc_value(bytes, Contents::Values(t));
    if old_len > 0 {
        copy_nonoverlapping(old, p, old_len as usize * size);
    }
    Slice { ptr: p, len: need, cap: (bytes / size) as isize }
}

/// `copy(dst, src)` of elements with pointers.
#[unsafe(export_name = "runtime.typedslicecopy")]
pub(crate) unsafe extern "C-unwind" fn typedslicecopy(
    t: *const Type,
    dst: *mut u8,
    dst_len: isize,
    src: *const u8,
    src_len: isize,
) -> isize {
    let n = dst_len.min(src_len);
    if n > 0 {
        copy(src, dst, n as usize * (*t).size);
    }
    n
}

/// `copy` of bytes.
#[unsafe(export_name = "runtime.slicecopy")]
unsafe extern "C-unwind" fn slicecopy(
    dst: *mut u8,
    dst_len: isize,
    src: *const u8,
    src_len: isize,
    width: usize,
) -> isize {
    let n = dst_len.min(src_len);
    if n > 0 {
        copy(src, dst, n as usize * width);
    }
    n
}

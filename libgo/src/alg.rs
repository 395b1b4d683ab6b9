//! Equality and hashes of Go values.
//!
//! The compiler refers to most of these functions by function values, the objects whose names end
//! in `..f`.

use crate::panic;
use crate::symtab::counted;
use crate::types::{
    ArrayType, Eface, FuncVal, Iface, Str, StructType, TFLAG_REGULAR, Type, call_equal, kind,
};
use core::ffi::c_void;

/// Untyped address, as Go's `unsafe.Pointer`.
type P = *const c_void;

/// The random start of all hashes; maps add one of their own.
const K0: u64 = 0xa076_1d64_78bd_642f;
const K1: u64 = 0xe703_7ed1_a0b4_28db;

#[inline(always)]
fn mix(a: u64, b: u64) -> u64 {
    let m = u128::from(a) * u128::from(b);
    (m >> 64) as u64 ^ m as u64
}

/// The hash of a word.
#[inline(always)]
pub fn hash_word(v: u64, seed: usize) -> usize {
    mix(v ^ K0, seed as u64 ^ K1) as usize
}

/// The hash of bytes.
///
/// # Safety
/// `n` bytes at `p` are readable.
#[inline]
pub unsafe fn hash_bytes(p: *const u8, n: usize, seed: usize) -> usize {
    let word = |i: usize| p.add(i).cast::<u64>().read_unaligned();
    let half = |i: usize| u64::from(p.add(i).cast::<u32>().read_unaligned());
    let mut h = seed as u64 ^ K0;
    let mut i = 0;
    while n - i > 16 {
        h = mix(word(i) ^ K1, word(i + 8) ^ h);
        i += 16;
    }
    // The last 1 to 16 bytes; they may overlap what has been read.
    let left = n - i;
    let (a, b) = match left {
        0 => (0, 0),
        1..=3 => {
            let byte = |k: usize| u64::from(*p.add(k));
            (byte(i) << 16 | byte(i + left / 2) << 8 | byte(n - 1), 0)
        }
        4..=7 => (half(i), half(n - 4)),
        _ => (word(i), word(n - 8)),
    };
    mix(K1 ^ n as u64, mix(a ^ K1, b ^ h)) as usize
}

macro_rules! funcval {
    ($name:literal, $stat:ident, $f:ident) => {
        #[unsafe(export_name = $name)]
        static $stat: FuncVal = FuncVal($f as *const c_void);
    };
}

macro_rules! mem {
    ($($t:ty, $eqn:literal, $eqv:literal, $eq:ident, $eqs:ident, $hn:literal, $hv:literal, $hash:ident, $hs:ident;)*) => { $(
        #[unsafe(export_name = $eqn)]
        unsafe extern "C-unwind" fn $eq(p: P, q: P) -> bool {
            p.cast::<$t>().read_unaligned() == q.cast::<$t>().read_unaligned()
        }
        funcval!($eqv, $eqs, $eq);
        #[unsafe(export_name = $hn)]
        unsafe extern "C-unwind" fn $hash(p: P, seed: usize) -> usize {
            hash_bytes(p.cast(), size_of::<$t>(), seed)
        }
        funcval!($hv, $hs, $hash);
    )* };
}
mem! {
    u8, "runtime.memequal8", "runtime.memequal8..f", memequal8, MEMEQUAL8,
        "runtime.memhash8", "runtime.memhash8..f", memhash8, MEMHASH8;
    u16, "runtime.memequal16", "runtime.memequal16..f", memequal16, MEMEQUAL16,
        "runtime.memhash16", "runtime.memhash16..f", memhash16, MEMHASH16;
    u128, "runtime.memequal128", "runtime.memequal128..f", memequal128, MEMEQUAL128,
        "runtime.memhash128", "runtime.memhash128..f", memhash128, MEMHASH128;
}

/// Four bytes are equal.
#[unsafe(export_name = "runtime.memequal32")]
unsafe extern "C-unwind" fn memequal32(p: P, q: P) -> bool {
    p.cast::<u32>().read_unaligned() == q.cast::<u32>().read_unaligned()
}
funcval!("runtime.memequal32..f", MEMEQUAL32, memequal32);

/// Eight bytes are equal.
#[unsafe(export_name = "runtime.memequal64")]
unsafe extern "C-unwind" fn memequal64(p: P, q: P) -> bool {
    p.cast::<u64>().read_unaligned() == q.cast::<u64>().read_unaligned()
}
funcval!("runtime.memequal64..f", MEMEQUAL64, memequal64);

/// Pointers are equal.
#[unsafe(export_name = "runtime.pointerequal")]
unsafe extern "C-unwind" fn pointerequal(p: P, q: P) -> bool {
    memequal64(p, q)
}
funcval!("runtime.pointerequal..f", POINTEREQUAL, pointerequal);

/// Hash of four bytes.
#[unsafe(export_name = "runtime.memhash32")]
unsafe extern "C-unwind" fn memhash32(p: P, seed: usize) -> usize {
    hash_word(u64::from(p.cast::<u32>().read_unaligned()), seed)
}
funcval!("runtime.memhash32..f", MEMHASH32, memhash32);

/// Hash of eight bytes.
#[unsafe(export_name = "runtime.memhash64")]
unsafe extern "C-unwind" fn memhash64(p: P, seed: usize) -> usize {
    hash_word(p.cast::<u64>().read_unaligned(), seed)
}
funcval!("runtime.memhash64..f", MEMHASH64, memhash64);

/// Hash of a pointer.
#[unsafe(export_name = "runtime.pointerhash")]
unsafe extern "C-unwind" fn pointerhash(p: P, seed: usize) -> usize {
    memhash64(p, seed)
}
funcval!("runtime.pointerhash..f", POINTERHASH, pointerhash);

/// Nothing equals nothing.
#[unsafe(export_name = "runtime.memequal0")]
extern "C-unwind" fn memequal0(_p: P, _q: P) -> bool {
    true
}
funcval!("runtime.memequal0..f", MEMEQUAL0, memequal0);

/// Hash of nothing.
#[unsafe(export_name = "runtime.memhash0")]
extern "C-unwind" fn memhash0(_p: P, seed: usize) -> usize {
    seed
}
funcval!("runtime.memhash0..f", MEMHASH0, memhash0);

/// `n` bytes are equal.
#[unsafe(export_name = "runtime.memequal")]
unsafe extern "C-unwind" fn memequal(p: P, q: P, n: usize) -> bool {
    p == q || libc::memcmp(p, q, n) == 0
}

/// Hash of `n` bytes.
#[unsafe(export_name = "runtime.memhash")]
unsafe extern "C-unwind" fn memhash(p: P, seed: usize, n: usize) -> usize {
    hash_bytes(p.cast(), n, seed)
}

/// Strings are equal.
#[inline]
pub(crate) unsafe fn streq(a: Str, b: Str) -> bool {
    a.len == b.len
        && (a.ptr == b.ptr || libc::memcmp(a.ptr.cast(), b.ptr.cast(), a.len as usize) == 0)
}

/// Hash of a string.
#[inline]
pub(crate) unsafe fn hash_str(s: Str, seed: usize) -> usize {
    hash_bytes(s.ptr, s.len as usize, seed)
}

/// Strings are equal.
#[unsafe(export_name = "runtime.strequal")]
unsafe extern "C-unwind" fn strequal(p: P, q: P) -> bool {
    streq(*p.cast(), *q.cast())
}
funcval!("runtime.strequal..f", STREQUAL, strequal);

/// Hash of a string.
#[unsafe(export_name = "runtime.strhash")]
unsafe extern "C-unwind" fn strhash(p: P, seed: usize) -> usize {
    hash_str(*p.cast(), seed)
}
funcval!("runtime.strhash..f", STRHASH, strhash);

/// Hash of a number: zeroes of both signs are equal, no NaN equals any.
fn hash_f64(v: f64, seed: usize) -> usize {
    if v == 0.0 {
        hash_word(0, seed)
    } else if v.is_nan() {
        hash_word(gort_proc::cheaprand64() as u64, seed)
    } else {
        hash_word(v.to_bits(), seed)
    }
}

macro_rules! float {
    ($($t:ty, $n:literal, $eqn:literal, $eqv:literal, $eq:ident, $eqs:ident, $hn:literal, $hv:literal, $hash:ident, $hs:ident;)*) => { $(
        #[unsafe(export_name = $eqn)]
        unsafe extern "C-unwind" fn $eq(p: P, q: P) -> bool {
            p.cast::<[$t; $n]>().read() == q.cast::<[$t; $n]>().read()
        }
        funcval!($eqv, $eqs, $eq);
        #[unsafe(export_name = $hn)]
        unsafe extern "C-unwind" fn $hash(p: P, seed: usize) -> usize {
            p.cast::<[$t; $n]>().read().iter().fold(seed, |h, &v| hash_f64(f64::from(v), h))
        }
        funcval!($hv, $hs, $hash);
    )* };
}
float! {
    f32, 1, "runtime.f32equal", "runtime.f32equal..f", f32equal, F32EQUAL,
        "runtime.f32hash", "runtime.f32hash..f", f32hash, F32HASH;
    f64, 1, "runtime.f64equal", "runtime.f64equal..f", f64equal, F64EQUAL,
        "runtime.f64hash", "runtime.f64hash..f", f64hash, F64HASH;
    f32, 2, "runtime.c64equal", "runtime.c64equal..f", c64equal, C64EQUAL,
        "runtime.c64hash", "runtime.c64hash..f", c64hash, C64HASH;
    f64, 2, "runtime.c128equal", "runtime.c128equal..f", c128equal, C128EQUAL,
        "runtime.c128hash", "runtime.c128hash..f", c128hash, C128HASH;
}

/// Two values of type `t`, as interfaces hold them, are equal.
#[inline]
unsafe fn data_equal(t: *const Type, p: P, q: P) -> bool {
    let eq = (*t).equal;
    if eq.is_null() {
        panic::error_string(&format!("comparing uncomparable type {}", (*t).name()));
    }
    if (*t).direct() { p == q } else { p == q && regular(t) || call_equal(eq, p, q) }
}

/// Equality is that of bytes, so what is at the same place is equal.
unsafe fn regular(t: *const Type) -> bool {
    (*t).tflag & TFLAG_REGULAR != 0
}

/// `e1 == e2`
#[unsafe(export_name = "runtime.efaceeq")]
unsafe extern "C-unwind" fn efaceeq(a: Eface, b: Eface) -> bool {
    a.typ == b.typ && (a.typ.is_null() || counted(data_equal(a.typ, a.data, b.data)))
}

/// `i1 == i2`
#[unsafe(export_name = "runtime.ifaceeq")]
unsafe extern "C-unwind" fn ifaceeq(a: Iface, b: Iface) -> bool {
    efaceeq(a.eface(), b.eface())
}

/// `i == e`
#[unsafe(export_name = "runtime.ifaceefaceeq")]
unsafe extern "C-unwind" fn ifaceefaceeq(a: Iface, b: Eface) -> bool {
    efaceeq(a.eface(), b)
}

/// `e == v` with a value of type `t`.
#[unsafe(export_name = "runtime.efacevaleq")]
unsafe extern "C-unwind" fn efacevaleq(a: Eface, t: *const Type, p: P) -> bool {
    a.typ == t && !t.is_null() && data_equal(t, a.data, p)
}

/// `i == v` with a value of type `t`.
#[unsafe(export_name = "runtime.ifacevaleq")]
unsafe extern "C-unwind" fn ifacevaleq(a: Iface, t: *const Type, p: P) -> bool {
    efacevaleq(a.eface(), t, p)
}

/// Types are the same.
#[unsafe(export_name = "runtime.eqtype")]
extern "C-unwind" fn eqtype(a: *const Type, b: *const Type) -> bool {
    a == b
}

/// Interfaces with methods are equal.
#[unsafe(export_name = "runtime.interequal")]
unsafe extern "C-unwind" fn interequal(p: P, q: P) -> bool {
    ifaceeq(*p.cast(), *q.cast())
}
funcval!("runtime.interequal..f", INTEREQUAL, interequal);

/// Interfaces without methods are equal.
#[unsafe(export_name = "runtime.nilinterequal")]
unsafe extern "C-unwind" fn nilinterequal(p: P, q: P) -> bool {
    efaceeq(*p.cast(), *q.cast())
}
funcval!("runtime.nilinterequal..f", NILINTEREQUAL, nilinterequal);

unsafe fn hash_eface(e: Eface, seed: usize) -> usize {
    if e.typ.is_null() {
        return seed;
    }
    if (*e.typ).equal.is_null() {
        panic::error_string(&format!("hash of unhashable type {}", (*e.typ).name()));
    }
    if (*e.typ).direct() { hash_word(e.data as u64, seed) } else { typehash(e.typ, e.data, seed) }
}

/// Hash of an interface with methods.
#[unsafe(export_name = "runtime.interhash")]
unsafe extern "C-unwind" fn interhash(p: P, seed: usize) -> usize {
    counted(hash_eface((*p.cast::<Iface>()).eface(), seed))
}
funcval!("runtime.interhash..f", INTERHASH, interhash);

/// Hash of an interface without methods.
#[unsafe(export_name = "runtime.nilinterhash")]
unsafe extern "C-unwind" fn nilinterhash(p: P, seed: usize) -> usize {
    counted(hash_eface(*p.cast::<Eface>(), seed))
}
funcval!("runtime.nilinterhash..f", NILINTERHASH, nilinterhash);

/// Hash of a value whose type is only known now. It agrees with what the compiler generates for the
/// type: sums up the parts in order, each with the hash so far as its seed.
#[unsafe(export_name = "runtime.typehash")]
pub(crate) unsafe extern "C-unwind" fn typehash(t: *const Type, p: P, seed: usize) -> usize {
    let t = &*t;
    if t.tflag & TFLAG_REGULAR != 0 {
        return match t.size {
            4 => memhash32(p, seed),
            8 => memhash64(p, seed),
            n => hash_bytes(p.cast(), n, seed),
        };
    }
    match t.kind() {
        kind::FLOAT32 => f32hash(p, seed),
        kind::FLOAT64 => f64hash(p, seed),
        kind::COMPLEX64 => c64hash(p, seed),
        kind::COMPLEX128 => c128hash(p, seed),
        kind::STRING => strhash(p, seed),
        kind::INTERFACE => {
            if t.as_::<crate::types::InterfaceType>().methods.all().is_empty() {
                nilinterhash(p, seed)
            } else {
                interhash(p, seed)
            }
        }
        kind::ARRAY => {
            let a = t.as_::<ArrayType>();
            (0..a.len).fold(seed, |h, i| typehash(a.elem, p.byte_add(i * (*a.elem).size), h))
        }
        kind::STRUCT => {
            let fields = t.as_::<StructType>().fields.all();
            fields
                .iter()
                .filter(|f| !f.blank())
                .fold(seed, |h, f| typehash(f.typ, p.byte_add(f.offset()), h))
        }
        _ => {
            if t.equal.is_null() {
                panic::error_string(&format!("hash of unhashable type {}", t.name()));
            }
            hash_bytes(p.cast(), t.size, seed)
        }
    }
}

/// `reflect`'s way to [`typehash`].
#[unsafe(export_name = "reflect.typehash")]
unsafe extern "C-unwind" fn reflect_typehash(t: *const Type, p: P, seed: usize) -> usize {
    typehash(t, p, seed)
}

//! Maps. Go 1.18's bucket maps are not ported: what programs can see of a map is its behaviour.
//!
//! # Layout
//! Entries stand in chunks of 8, 8, 16, 32, ... slots that never move; a freed slot is used again.
//! From the ninth slot on an open-addressed index leads from hashes to slots. As entries never
//! move, iteration walks slot numbers from a random one on, and whatever is inserted, deleted or
//! grown meanwhile neither repeats nor hides an entry that was there all the time. Compiled code
//! reads the first word: the number of entries.

use crate::alg::{hash_str, hash_word, streq};
use crate::mem::{Contents, alloc, alloc_runtime};
use crate::panic;
use crate::types::{
    MAP_HASH_MIGHT_PANIC, MAP_NEED_KEY_UPDATE, MapType, PtrBool, Str, call_equal, callfv,
};
use core::ffi::c_void;
use core::ptr::{copy_nonoverlapping, null_mut, write_bytes};
use gort_proc::{cheaprand, cheaprand64, fatal, preempt_check};

type P = *const c_void;

/// Slots of the first chunk; a map with no more than these has no index.
const SMALL: usize = 8;
/// Somebody writes.
const WRITING: u32 = 1;
/// An index cell that has never been used, and one whose entry has gone.
const EMPTY: u32 = 0;
const GONE: u32 = 1;

/// A map.
#[repr(C)]
pub struct Hmap {
    count: isize,
    flags: u32,
    /// Slots ever used.
    slots: u32,
    /// First free slot plus one.
    free: u32,
    /// Cells of the index minus one; 0 without.
    mask: u32,
    /// Cells of the index that are not empty.
    used: u32,
    seed: u32,
    index: *mut Cell,
    /// Slots 0 to 7.
    first: *mut u8,
    /// Further chunks: number k has slots `8 << k` to `(16 << k) - 1`.
    more: *mut [*mut u8; 28],
}

/// A cell of the index.
#[derive(Clone, Copy)]
#[repr(C)]
struct Cell {
    /// [`EMPTY`], [`GONE`], or a slot's number plus 2.
    slot: u32,
    hash: u32,
}

/// An entry: this word, the key, the element.
#[repr(C)]
struct Head {
    /// In use: 1. Free: the next free slot plus one, shifted left.
    state: u32,
    _pad: u32,
}

/// How keys are hashed and compared: as their type says, or in one of the ways that the compiler
/// knows about.
trait Keys {
    unsafe fn hash(t: &MapType, k: P, seed: usize) -> usize;
    unsafe fn eq(t: &MapType, a: P, b: P) -> bool;
    unsafe fn put(t: &MapType, to: *mut u8, k: P);
}

struct Any;
struct K32;
struct K64;
struct KStr;

impl Keys for Any {
    unsafe fn hash(t: &MapType, k: P, seed: usize) -> usize {
        callfv(t.hasher, k.cast_mut(), seed as *mut c_void, null_mut())
    }
    unsafe fn eq(t: &MapType, a: P, b: P) -> bool {
        call_equal((*t.key).equal, a, b)
    }
    unsafe fn put(t: &MapType, to: *mut u8, k: P) {
        copy_nonoverlapping(k.cast::<u8>(), to, (*t.key).size);
    }
}

impl Keys for K32 {
    #[inline(always)]
    unsafe fn hash(_: &MapType, k: P, seed: usize) -> usize {
        hash_word(u64::from(*k.cast::<u32>()), seed)
    }
    #[inline(always)]
    unsafe fn eq(_: &MapType, a: P, b: P) -> bool {
        *a.cast::<u32>() == *b.cast::<u32>()
    }
    #[inline(always)]
    unsafe fn put(_: &MapType, to: *mut u8, k: P) {
        *to.cast::<u32>() = *k.cast::<u32>();
    }
}

impl Keys for K64 {
    #[inline(always)]
    unsafe fn hash(_: &MapType, k: P, seed: usize) -> usize {
        hash_word(*k.cast::<u64>(), seed)
    }
    #[inline(always)]
    unsafe fn eq(_: &MapType, a: P, b: P) -> bool {
        *a.cast::<u64>() == *b.cast::<u64>()
    }
    #[inline(always)]
    unsafe fn put(_: &MapType, to: *mut u8, k: P) {
        *to.cast::<u64>() = *k.cast::<u64>();
    }
}

impl Keys for KStr {
    #[inline(always)]
    unsafe fn hash(_: &MapType, k: P, seed: usize) -> usize {
        hash_str(*k.cast::<Str>(), seed)
    }
    #[inline(always)]
    unsafe fn eq(_: &MapType, a: P, b: P) -> bool {
        streq(*a.cast(), *b.cast())
    }
    #[inline(always)]
    unsafe fn put(_: &MapType, to: *mut u8, k: P) {
        *to.cast::<Str>() = *k.cast::<Str>();
    }
}

/// Where the element stands in an entry, and the size of the whole.
#[inline(always)]
unsafe fn layout(t: &MapType) -> (usize, usize) {
    let elem = size_of::<Head>() + (((*t.key).size + 7) & !7);
    (elem, elem + (((*t.elem).size + 7) & !7))
}

#[inline(always)]
unsafe fn entry(t: &MapType, h: *mut Hmap, slot: u32) -> *mut Head {
    let size = layout(t).1;
    if (slot as usize) < SMALL {
        return (*h).first.add(slot as usize * size).cast();
    }
    let k = (slot / SMALL as u32).ilog2();
    let at = slot as usize - (SMALL << k);
    (*(*h).more)[k as usize].add(at * size).cast()
}

#[inline(always)]
unsafe fn key_of(e: *mut Head) -> *mut c_void {
    e.add(1).cast()
}

#[inline(always)]
unsafe fn elem_of(t: &MapType, e: *mut Head) -> *mut c_void {
    e.byte_add(layout(t).0).cast()
}

/// What a lookup that finds nothing points to. Larger elements come with a zero value of their own.
#[unsafe(export_name = "runtime.zeroVal")]
static ZERO_VAL: [u64; 128] = [0; 128];

fn zero() -> *mut c_void {
    (&raw const ZERO_VAL).cast_mut().cast()
}

/// A new, empty map.
unsafe fn new_map() -> *mut Hmap {
    let h = alloc_runtime::<Hmap>();
    (*h).seed = cheaprand();
    h
}

/// The entry of `k`, or nil.
#[inline(always)]
unsafe fn find<K: Keys>(t: &MapType, h: *mut Hmap, k: P) -> *mut Head {
    if (*h).mask == 0 {
        // Few entries: comparing is faster than hashing. But hashing is also what finds out that a
        // key has no hash.
        if t.flags & MAP_HASH_MIGHT_PANIC != 0 {
            K::hash(t, k, (*h).seed as usize);
        }
        for s in 0..(*h).slots {
            let e = entry(t, h, s);
            if (*e).state == 1 && K::eq(t, k, key_of(e)) {
                return e;
            }
        }
        return null_mut();
    }
    let hash = K::hash(t, k, (*h).seed as usize);
    find_hash::<K>(t, h, k, hash).0
}

/// The same with an index; also the cell.
#[inline(always)]
unsafe fn find_hash<K: Keys>(
    t: &MapType,
    h: *mut Hmap,
    k: P,
    hash: usize,
) -> (*mut Head, *mut Cell) {
    let tag = (hash >> 32) as u32;
    let mut i = hash as u32 & (*h).mask;
    loop {
        let c = (*h).index.add(i as usize);
        match (*c).slot {
            EMPTY => return (null_mut(), null_mut()),
            GONE => {}
            s if (*c).hash == tag => {
                let e = entry(t, h, s - 2);
                if K::eq(t, k, key_of(e)) {
                    return (e, c);
                }
            }
            _ => {}
        }
        i = i.wrapping_add(1) & (*h).mask;
    }
}

/// Puts a slot into the index.
unsafe fn index_put(h: *mut Hmap, low: u32, tag: u32, slot: u32) {
    let mut i = low & (*h).mask;
    loop {
        let c = (*h).index.add(i as usize);
        if (*c).slot <= GONE {
            if (*c).slot == EMPTY {
                (*h).used += 1;
            }
            c.write(Cell { slot: slot + 2, hash: tag });
            return;
        }
        i = i.wrapping_add(1) & (*h).mask;
    }
}

/// A new index for at least `n` entries. The old one goes back to the C library, as only lookups
/// use it.
#[cold]
#[inline(never)]
unsafe fn reindex(t: &MapType, h: *mut Hmap, n: usize) {
    let cells = (n * 2).next_power_of_two().max(32);
    let p = libc::calloc(cells, size_of::<Cell>()).cast::<Cell>();
    if p.is_null() || cells > 1 << 31 {
        gort_proc::throw("runtime: cannot allocate memory");
    }
    let old = (*h).index;
    (*h).index = p;
    (*h).mask = (cells - 1) as u32;
    (*h).used = 0;
    for s in 0..(*h).slots {
        let e = entry(t, h, s);
        if (*e).state == 1 {
            // The low half of a hash is not kept: hash again.
            let hash = Any::hash(t, key_of(e), (*h).seed as usize);
            // A key that is not equal to itself hashes to something else each time, which does no
            // harm.
            index_put(h, hash as u32, (hash >> 32) as u32, s);
        }
    }
    libc::free(old.cast());
}

/// A slot for a new entry.
unsafe fn new_slot(t: &MapType, h: *mut Hmap) -> u32 {
    if (*h).free != 0 {
        let s = (*h).free - 1;
        (*h).free = (*entry(t, h, s)).state >> 1;
        return s;
    }
    let s = (*h).slots;
    let size = layout(t).1;
    if s == 0 && (*h).first.is_null() {
        (*h).first = alloc(SMALL * size, Contents::Runtime);
    } else if s as usize >= SMALL
        && (s as usize / SMALL).is_power_of_two()
        && (s as usize).is_multiple_of(SMALL)
    {
        let k = (s / SMALL as u32).ilog2() as usize;
        if (*h).more.is_null() {
            (*h).more = alloc_runtime::<[*mut u8; 28]>();
        }
        if (*(*h).more)[k].is_null() {
            (*(*h).more)[k] = alloc((SMALL << k) * size, Contents::Runtime);
        }
    }
    (*h).slots += 1;
    s
}

#[inline(always)]
unsafe fn begin_write(h: *mut Hmap) {
    if (*h).flags & WRITING != 0 {
        fatal("concurrent map writes");
    }
}

#[inline(always)]
unsafe fn end_write(h: *mut Hmap) {
    if (*h).flags & WRITING == 0 {
        fatal("concurrent map writes");
    }
    (*h).flags &= !WRITING;
}

#[inline(always)]
unsafe fn check_read(h: *mut Hmap) {
    if (*h).flags & WRITING != 0 {
        fatal("concurrent map read and map write");
    }
}

/// The element of `k`, or nil.
#[inline(always)]
unsafe fn get<K: Keys>(t: *const MapType, h: *mut Hmap, k: P) -> *mut c_void {
    let t = &*t;
    if h.is_null() || (*h).count == 0 {
        if t.flags & MAP_HASH_MIGHT_PANIC != 0 {
            K::hash(t, k, 0);
        }
        return null_mut();
    }
    check_read(h);
    let e = find::<K>(t, h, k);
    if e.is_null() { null_mut() } else { elem_of(t, e) }
}

/// The place of the element of `k`, which is made if need be.
#[inline(always)]
unsafe fn assign<K: Keys>(t: *const MapType, h: *mut Hmap, k: P) -> *mut c_void {
    let t = &*t;
    preempt_check();
    if h.is_null() {
        panic::plain_error("assignment to entry in nil map");
    }
    begin_write(h);
    let (e, hash) = if (*h).mask == 0 {
        (find::<K>(t, h, k), 0)
    } else {
        let hash = K::hash(t, k, (*h).seed as usize);
        (find_hash::<K>(t, h, k, hash).0, hash)
    };
    (*h).flags ^= WRITING;
    if !e.is_null() {
        if t.flags & MAP_NEED_KEY_UPDATE != 0 {
            K::put(t, key_of(e).cast(), k);
        }
        end_write(h);
        return elem_of(t, e);
    }
    let s = new_slot(t, h);
    let e = entry(t, h, s);
    (*e).state = 1;
    K::put(t, key_of(e).cast(), k);
    (*h).count += 1;
    if (*h).mask == 0 {
        if (*h).slots as usize > SMALL {
            reindex(t, h, (*h).count as usize);
        }
    } else if ((*h).used as usize + 1) * 8 > ((*h).mask as usize + 1) * 7 {
        reindex(t, h, (*h).count as usize);
    } else {
        index_put(h, hash as u32, (hash >> 32) as u32, s);
    }
    end_write(h);
    elem_of(t, e)
}

/// Deletes the entry of `k`.
#[inline(always)]
unsafe fn delete<K: Keys>(t: *const MapType, h: *mut Hmap, k: P) {
    let t = &*t;
    if h.is_null() || (*h).count == 0 {
        if t.flags & MAP_HASH_MIGHT_PANIC != 0 {
            K::hash(t, k, 0);
        }
        return;
    }
    begin_write(h);
    let e = if (*h).mask == 0 {
        find::<K>(t, h, k)
    } else {
        let (e, c) = find_hash::<K>(t, h, k, K::hash(t, k, (*h).seed as usize));
        if !e.is_null() {
            (*c).slot = GONE;
        }
        e
    };
    (*h).flags ^= WRITING;
    if !e.is_null() {
        let s = slot_of(t, h, e);
        write_bytes(key_of(e).cast::<u8>(), 0, layout(t).1 - size_of::<Head>());
        (*e).state = (*h).free << 1;
        (*h).free = s + 1;
        (*h).count -= 1;
        if (*h).count == 0 {
            reset(h);
        }
    }
    end_write(h);
}

/// Which slot an entry is.
unsafe fn slot_of(t: &MapType, h: *mut Hmap, e: *mut Head) -> u32 {
    let size = layout(t).1;
    let within = |base: *mut u8, n: usize| {
        let d = (e as usize).wrapping_sub(base as usize);
        (!base.is_null() && d < n * size).then(|| (d / size) as u32)
    };
    if let Some(s) = within((*h).first, SMALL) {
        return s;
    }
    for k in (0..28).rev() {
        if let Some(s) = within((*(*h).more)[k], SMALL << k) {
            return s + (SMALL << k) as u32;
        }
    }
    gort_proc::throw("map: entry out of place")
}

/// Nothing is in it: a chance to start afresh, with the chunks and the index that are there.
unsafe fn reset(h: *mut Hmap) {
    (*h).slots = 0;
    (*h).free = 0;
    (*h).seed = cheaprand();
    if (*h).mask != 0 {
        write_bytes((*h).index, 0, (*h).mask as usize + 1);
        (*h).used = 0;
    }
}

/// `make(map[K]V, n)`
#[unsafe(export_name = "runtime.makemap")]
unsafe extern "C-unwind" fn makemap(t: *const MapType, hint: isize, h: *mut Hmap) -> *mut Hmap {
    let h = if h.is_null() { new_map() } else { h };
    (*h).seed = cheaprand();
    if hint > SMALL as isize && hint < 1 << 28 {
        reindex(&*t, h, hint as usize);
    }
    h
}

/// The same with a 64-bit size.
#[unsafe(export_name = "runtime.makemap64")]
unsafe extern "C-unwind" fn makemap64(t: *const MapType, hint: i64, h: *mut Hmap) -> *mut Hmap {
    makemap(t, hint as isize, h)
}

/// `make(map[K]V)`
#[unsafe(export_name = "runtime.makemap__small")]
unsafe extern "C-unwind" fn makemap_small() -> *mut Hmap {
    new_map()
}

/// `map[K]V{...}`
#[unsafe(export_name = "__go_construct_map")]
unsafe extern "C-unwind" fn construct(
    t: *const MapType,
    n: usize,
    entsize: usize,
    valoff: usize,
    ents: *const u8,
) -> *mut Hmap {
    let h = makemap(t, n as isize, null_mut());
    for i in 0..n {
        let e = ents.add(i * entsize);
        let v = assign::<Any>(t, h, e.cast());
        copy_nonoverlapping(e.add(valoff), v.cast::<u8>(), (*(*t).elem).size);
    }
    h
}

#[inline(always)]
fn or_zero(p: *mut c_void) -> *mut c_void {
    if p.is_null() { zero() } else { p }
}

#[inline(always)]
fn with_ok(p: *mut c_void) -> PtrBool {
    PtrBool(or_zero(p), !p.is_null())
}

/// `m[k]`
#[unsafe(export_name = "runtime.mapaccess1")]
unsafe extern "C-unwind" fn mapaccess1(t: *const MapType, h: *mut Hmap, k: P) -> *mut c_void {
    or_zero(get::<Any>(t, h, k))
}

/// `m[k]` with 4-byte keys
#[unsafe(export_name = "runtime.mapaccess1__fast32")]
unsafe extern "C-unwind" fn mapaccess1_fast32(
    t: *const MapType,
    h: *mut Hmap,
    k: u32,
) -> *mut c_void {
    or_zero(get::<K32>(t, h, (&raw const k).cast()))
}

/// `m[k]` with 8-byte keys
#[unsafe(export_name = "runtime.mapaccess1__fast64")]
unsafe extern "C-unwind" fn mapaccess1_fast64(
    t: *const MapType,
    h: *mut Hmap,
    k: u64,
) -> *mut c_void {
    or_zero(get::<K64>(t, h, (&raw const k).cast()))
}

/// `m[k]` with strings
#[unsafe(export_name = "runtime.mapaccess1__faststr")]
unsafe extern "C-unwind" fn mapaccess1_faststr(
    t: *const MapType,
    h: *mut Hmap,
    k: Str,
) -> *mut c_void {
    or_zero(get::<KStr>(t, h, (&raw const k).cast()))
}

/// `m[k]` with large elements, whose zero value is at `zero`
#[unsafe(export_name = "runtime.mapaccess1__fat")]
unsafe extern "C-unwind" fn mapaccess1_fat(
    t: *const MapType,
    h: *mut Hmap,
    k: P,
    zero: *mut c_void,
) -> *mut c_void {
    let p = get::<Any>(t, h, k);
    if p.is_null() { zero } else { p }
}

/// `v, ok = m[k]`
#[unsafe(export_name = "runtime.mapaccess2")]
unsafe extern "C-unwind" fn mapaccess2(t: *const MapType, h: *mut Hmap, k: P) -> PtrBool {
    with_ok(get::<Any>(t, h, k))
}

/// `v, ok = m[k]` with 4-byte keys
#[unsafe(export_name = "runtime.mapaccess2__fast32")]
unsafe extern "C-unwind" fn mapaccess2_fast32(t: *const MapType, h: *mut Hmap, k: u32) -> PtrBool {
    with_ok(get::<K32>(t, h, (&raw const k).cast()))
}

/// `v, ok = m[k]` with 8-byte keys
#[unsafe(export_name = "runtime.mapaccess2__fast64")]
unsafe extern "C-unwind" fn mapaccess2_fast64(t: *const MapType, h: *mut Hmap, k: u64) -> PtrBool {
    with_ok(get::<K64>(t, h, (&raw const k).cast()))
}

/// `v, ok = m[k]` with strings
#[unsafe(export_name = "runtime.mapaccess2__faststr")]
unsafe extern "C-unwind" fn mapaccess2_faststr(t: *const MapType, h: *mut Hmap, k: Str) -> PtrBool {
    with_ok(get::<KStr>(t, h, (&raw const k).cast()))
}

/// `v, ok = m[k]` with large elements
#[unsafe(export_name = "runtime.mapaccess2__fat")]
unsafe extern "C-unwind" fn mapaccess2_fat(
    t: *const MapType,
    h: *mut Hmap,
    k: P,
    zero: *mut c_void,
) -> PtrBool {
    let p = get::<Any>(t, h, k);
    if p.is_null() { PtrBool(zero, false) } else { PtrBool(p, true) }
}

/// `m[k] = v`: where `v` goes
#[unsafe(export_name = "runtime.mapassign")]
unsafe extern "C-unwind" fn mapassign(t: *const MapType, h: *mut Hmap, k: P) -> *mut c_void {
    assign::<Any>(t, h, k)
}

/// `m[k] = v` with 4-byte keys
#[unsafe(export_name = "runtime.mapassign__fast32")]
unsafe extern "C-unwind" fn mapassign_fast32(
    t: *const MapType,
    h: *mut Hmap,
    k: u32,
) -> *mut c_void {
    assign::<K32>(t, h, (&raw const k).cast())
}

/// `m[k] = v` with 4-byte keys that are pointers
#[unsafe(export_name = "runtime.mapassign__fast32ptr")]
unsafe extern "C-unwind" fn mapassign_fast32ptr(
    t: *const MapType,
    h: *mut Hmap,
    k: u32,
) -> *mut c_void {
    assign::<K32>(t, h, (&raw const k).cast())
}

/// `m[k] = v` with 8-byte keys
#[unsafe(export_name = "runtime.mapassign__fast64")]
unsafe extern "C-unwind" fn mapassign_fast64(
    t: *const MapType,
    h: *mut Hmap,
    k: u64,
) -> *mut c_void {
    assign::<K64>(t, h, (&raw const k).cast())
}

/// `m[k] = v` with pointers as keys
#[unsafe(export_name = "runtime.mapassign__fast64ptr")]
unsafe extern "C-unwind" fn mapassign_fast64ptr(
    t: *const MapType,
    h: *mut Hmap,
    k: u64,
) -> *mut c_void {
    assign::<K64>(t, h, (&raw const k).cast())
}

/// `m[k] = v` with strings
#[unsafe(export_name = "runtime.mapassign__faststr")]
unsafe extern "C-unwind" fn mapassign_faststr(
    t: *const MapType,
    h: *mut Hmap,
    k: Str,
) -> *mut c_void {
    assign::<KStr>(t, h, (&raw const k).cast())
}

/// `delete(m, k)`
#[unsafe(export_name = "runtime.mapdelete")]
unsafe extern "C-unwind" fn mapdelete(t: *const MapType, h: *mut Hmap, k: P) {
    delete::<Any>(t, h, k);
}

/// `delete(m, k)` with 4-byte keys
#[unsafe(export_name = "runtime.mapdelete__fast32")]
unsafe extern "C-unwind" fn mapdelete_fast32(t: *const MapType, h: *mut Hmap, k: u32) {
    delete::<K32>(t, h, (&raw const k).cast());
}

/// `delete(m, k)` with 8-byte keys
#[unsafe(export_name = "runtime.mapdelete__fast64")]
unsafe extern "C-unwind" fn mapdelete_fast64(t: *const MapType, h: *mut Hmap, k: u64) {
    delete::<K64>(t, h, (&raw const k).cast());
}

/// `delete(m, k)` with strings
#[unsafe(export_name = "runtime.mapdelete__faststr")]
unsafe extern "C-unwind" fn mapdelete_faststr(t: *const MapType, h: *mut Hmap, k: Str) {
    delete::<KStr>(t, h, (&raw const k).cast());
}

/// An iteration; the compiler has reserved twelve words for it. It reads the first two.
#[repr(C)]
struct Hiter {
    /// nil at the end
    key: *mut c_void,
    elem: *mut c_void,
    t: *const MapType,
    h: *mut Hmap,
    /// The slot it began at, and the next one to look at.
    start: u32,
    next: u32,
    /// Beyond the last slot, and on from the first.
    wrapped: bool,
}

/// `for k, v := range m`: the first entry
#[unsafe(export_name = "runtime.mapiterinit")]
unsafe extern "C-unwind" fn mapiterinit(t: *const MapType, h: *mut Hmap, it: *mut Hiter) {
    it.write(Hiter { key: null_mut(), elem: null_mut(), t, h, start: 0, next: 0, wrapped: false });
    if h.is_null() || (*h).count == 0 {
        return;
    }
    (*it).start = (cheaprand64() as u64 % u64::from((*h).slots)) as u32;
    (*it).next = (*it).start;
    mapiternext(it);
}

/// The next one
#[unsafe(export_name = "runtime.mapiternext")]
unsafe extern "C-unwind" fn mapiternext(it: *mut Hiter) {
    let i = &mut *it;
    let (t, h) = (&*i.t, i.h);
    preempt_check();
    if (*h).flags & WRITING != 0 {
        fatal("concurrent map iteration and map write");
    }
    loop {
        let end = if i.wrapped { i.start.min((*h).slots) } else { (*h).slots };
        if i.next >= end {
            if i.wrapped {
                i.key = null_mut();
                i.elem = null_mut();
                return;
            }
            i.wrapped = true;
            i.next = 0;
            continue;
        }
        let e = entry(t, h, i.next);
        i.next += 1;
        if (*e).state == 1 {
            i.key = key_of(e);
            i.elem = elem_of(t, e);
            return;
        }
    }
}

/// Deletes all.
#[unsafe(export_name = "runtime.mapclear")]
unsafe extern "C-unwind" fn mapclear(t: *const MapType, h: *mut Hmap) {
    if h.is_null() || (*h).count == 0 {
        return;
    }
    begin_write(h);
    (*h).flags ^= WRITING;
    let size = layout(&*t).1;
    for s in 0..(*h).slots {
        write_bytes(entry(&*t, h, s).cast::<u8>(), 0, size);
    }
    (*h).count = 0;
    reset(h);
    end_write(h);
}

/// `reflect.MakeMapWithSize`
#[unsafe(export_name = "reflect.makemap")]
unsafe extern "C-unwind" fn reflect_makemap(t: *const MapType, n: isize) -> *mut Hmap {
    makemap(t, n, null_mut())
}

/// `reflect.Value.MapIndex`: nil if there is none
#[unsafe(export_name = "reflect.mapaccess")]
unsafe extern "C-unwind" fn reflect_mapaccess(
    t: *const MapType,
    h: *mut Hmap,
    k: P,
) -> *mut c_void {
    get::<Any>(t, h, k)
}

/// The same with strings
#[unsafe(export_name = "reflect.mapaccess__faststr")]
unsafe extern "C-unwind" fn reflect_mapaccess_faststr(
    t: *const MapType,
    h: *mut Hmap,
    k: Str,
) -> *mut c_void {
    get::<KStr>(t, h, (&raw const k).cast())
}

/// `reflect.Value.SetMapIndex`
#[unsafe(export_name = "reflect.mapassign")]
unsafe extern "C-unwind" fn reflect_mapassign(t: *const MapType, h: *mut Hmap, k: P, v: P) {
    let p = assign::<Any>(t, h, k);
    copy_nonoverlapping(v.cast::<u8>(), p.cast::<u8>(), (*(*t).elem).size);
}

/// The same with strings
#[unsafe(export_name = "reflect.mapassign__faststr")]
unsafe extern "C-unwind" fn reflect_mapassign_faststr(
    t: *const MapType,
    h: *mut Hmap,
    k: Str,
    v: P,
) {
    let p = assign::<KStr>(t, h, (&raw const k).cast());
    copy_nonoverlapping(v.cast::<u8>(), p.cast::<u8>(), (*(*t).elem).size);
}

/// `reflect.Value.SetMapIndex` with no value
#[unsafe(export_name = "reflect.mapdelete")]
unsafe extern "C-unwind" fn reflect_mapdelete(t: *const MapType, h: *mut Hmap, k: P) {
    delete::<Any>(t, h, k);
}

/// The same with strings
#[unsafe(export_name = "reflect.mapdelete__faststr")]
unsafe extern "C-unwind" fn reflect_mapdelete_faststr(t: *const MapType, h: *mut Hmap, k: Str) {
    delete::<KStr>(t, h, (&raw const k).cast());
}

/// `reflect.Value.MapRange`
#[unsafe(export_name = "reflect.mapiterinit")]
unsafe extern "C-unwind" fn reflect_mapiterinit(t: *const MapType, h: *mut Hmap, it: *mut Hiter) {
    mapiterinit(t, h, it);
}

/// `reflect.MapIter.Next`
#[unsafe(export_name = "reflect.mapiternext")]
unsafe extern "C-unwind" fn reflect_mapiternext(it: *mut Hiter) {
    mapiternext(it);
}

/// `reflect.MapIter.Key`
#[unsafe(export_name = "reflect.mapiterkey")]
unsafe extern "C-unwind" fn reflect_mapiterkey(it: *mut Hiter) -> *mut c_void {
    (*it).key
}

/// `reflect.MapIter.Value`
#[unsafe(export_name = "reflect.mapiterelem")]
unsafe extern "C-unwind" fn reflect_mapiterelem(it: *mut Hiter) -> *mut c_void {
    (*it).elem
}

/// `reflect.Value.Len` of a map
#[unsafe(export_name = "reflect.maplen")]
unsafe extern "C-unwind" fn reflect_maplen(h: *mut Hmap) -> isize {
    if h.is_null() { 0 } else { (*h).count }
}

/// The same for `internal/reflectlite`.
#[unsafe(export_name = "internal_1reflectlite.maplen")]
unsafe extern "C-unwind" fn reflectlite_maplen(h: *mut Hmap) -> isize {
    reflect_maplen(h)
}

//! Memory: it is handed out zeroed, and stays. There is no collector.
//!
//! Each P cuts small objects from a chunk of its own, so that the usual allocation is an addition. Chunks come from
//! large mappings; pages that are never touched cost nothing. Objects of more than half a chunk are mapped by themselves.

use crate::types::{BoolArg, Eface, Type, kind};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use gort_proc::{Global, LOCK_RANK_MHEAP, Mutex, acquirem, getg, lock_with_rank, releasem, throw, unlock};

/// Bytes of a chunk.
const CHUNK: usize = 256 << 10;
/// Bytes that are mapped at a time.
const ARENA: usize = 64 << 20;
/// Ps that have a chunk of their own; those beyond share one.
const MAX_P: usize = 1024;

/// A chunk being cut.
#[derive(Clone, Copy)]
struct Bump {
    next: usize,
    end: usize,
}

static BUMPS: Global<[Bump; MAX_P]> = Global::new([Bump { next: 0, end: 0 }; MAX_P]);
static SHARED: Global<Bump> = Global::new(Bump { next: 0, end: 0 });
static ARENA_BUMP: Global<Bump> = Global::new(Bump { next: 0, end: 0 });
// SAFETY: an unlocked lock is all zeroes.
static HEAP_LOCK: Global<Mutex> = Global::new(unsafe { core::mem::zeroed() });

/// Objects and bytes handed out, counted per chunk or large object; see [`stats`].
static OBJECTS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
/// Bytes mapped.
static SYS: AtomicUsize = AtomicUsize::new(0);

/// What is known of memory: (objects of their own mapping and chunks, bytes in them, bytes mapped).
pub fn stats() -> (u64, u64, u64) {
    (OBJECTS.load(Relaxed), BYTES.load(Relaxed), SYS.load(Relaxed) as u64)
}

fn map(n: usize) -> usize {
    let (prot, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
    // SAFETY: new memory.
    let p = unsafe { libc::mmap(core::ptr::null_mut(), n, prot, flags, -1, 0) };
    if p == libc::MAP_FAILED {
        throw("runtime: cannot allocate memory");
    }
    SYS.fetch_add(n, Relaxed);
    p as usize
}

/// A fresh chunk. Under `HEAP_LOCK`.
unsafe fn chunk() -> Bump {
    let a = ARENA_BUMP.get();
    if (*a).next == (*a).end {
        let p = map(ARENA);
        *a = Bump { next: p, end: p + ARENA };
    }
    let p = (*a).next;
    (*a).next += CHUNK;
    OBJECTS.fetch_add(1, Relaxed);
    BYTES.fetch_add(CHUNK as u64, Relaxed);
    Bump { next: p, end: p + CHUNK }
}

#[inline]
unsafe fn cut(b: *mut Bump, n: usize, align: usize) -> usize {
    let p = ((*b).next + align - 1) & !(align - 1);
    if p + n > (*b).end {
        return 0;
    }
    (*b).next = p + n;
    p
}

#[cold]
#[inline(never)]
unsafe fn refill(b: *mut Bump, n: usize, align: usize) -> usize {
    lock_with_rank(HEAP_LOCK.get(), LOCK_RANK_MHEAP);
    let c = chunk();
    unlock(HEAP_LOCK.get());
    *b = c;
    cut(b, n, align)
}

/// Zeroed memory for `n` bytes, aligned to 16 (8, if it is smaller than that).
#[inline]
pub fn alloc(n: usize) -> *mut u8 {
    // SAFETY: the P's chunk is used by whoever is wired to the P, which acquirem makes sure of; the rest is locked.
    unsafe {
        if n > CHUNK / 2 {
            OBJECTS.fetch_add(1, Relaxed);
            BYTES.fetch_add(n as u64, Relaxed);
            return map((n + 4095) & !4095) as *mut u8;
        }
        let n = n.max(1);
        let align = if n >= 16 { 16 } else { 8 };
        let mp = acquirem();
        let pp = (*mp).p.ptr();
        let p = if !pp.is_null() && ((*pp).id as usize) < MAX_P {
            let b = BUMPS.get().cast::<Bump>().add((*pp).id as usize);
            let p = cut(b, n, align);
            if p != 0 { p } else { refill(b, n, align) }
        } else {
            lock_with_rank(HEAP_LOCK.get(), LOCK_RANK_MHEAP);
            let mut p = cut(SHARED.get(), n, align);
            if p == 0 {
                *SHARED.get() = chunk();
                p = cut(SHARED.get(), n, align);
            }
            unlock(HEAP_LOCK.get());
            p
        };
        releasem(mp);
        p as *mut u8
    }
}

/// An address for values without size.
static ZERO_BASE: u64 = 0;

/// Memory for `n` bytes of a Go value, with Go's answer for none.
#[inline]
pub fn alloc_value(n: usize) -> *mut u8 {
    if n == 0 {
        return (&raw const ZERO_BASE).cast_mut().cast();
    }
    // Whoever allocates in a loop gives way when asked to, as a Go function does at its entry.
    // SAFETY: no runtime lock is held; on g0 nothing happens.
    unsafe {
        if !getg().is_null() {
            gort_proc::preempt_check();
        }
    }
    alloc(n)
}

/// `new(T)`
#[unsafe(export_name = "runtime.newobject")]
unsafe extern "C-unwind" fn newobject(t: *const Type) -> *mut u8 {
    alloc_value((*t).size)
}

/// Memory of a size; what is in it does not matter here.
#[unsafe(export_name = "runtime.mallocgc")]
unsafe extern "C-unwind" fn mallocgc(n: usize, _t: *const Type, _needzero: BoolArg) -> *mut u8 {
    alloc_value(n)
}

/// Copies one value.
///
/// # Safety
/// Both are valid for a value of the type.
#[unsafe(export_name = "runtime.typedmemmove")]
pub unsafe extern "C-unwind" fn typedmemmove(t: *const Type, dst: *mut u8, src: *const u8) {
    core::ptr::copy(src, dst, (*t).size);
}

/// Zeroes memory with pointers in it.
#[unsafe(export_name = "runtime.memclrHasPointers")]
unsafe extern "C-unwind" fn memclr_has_pointers(p: *mut u8, n: usize) {
    core::ptr::write_bytes(p, 0, n);
}

/// A store to a pointer while a collector works. None ever does, but compiled code refers to it.
#[unsafe(export_name = "runtime.gcWriteBarrier")]
unsafe extern "C-unwind" fn gc_write_barrier(dst: *mut usize, src: usize) {
    *dst = src;
}

/// Read by compiled code before it stores a pointer; 0 is off.
#[unsafe(export_name = "runtime.writeBarrier")]
static WRITE_BARRIER: [u32; 4] = [0; 4];

/// `runtime.KeepAlive`
#[unsafe(export_name = "runtime.KeepAlive")]
extern "C-unwind" fn keep_alive(_x: crate::types::Eface) {}

/// `runtime.SetFinalizer`: nothing is ever collected, so no finalizer ever runs. But as in Go there is a goroutine for them
/// once one has been set, and what cannot be one is refused.
///
/// Go: mfinal.go:411 SetFinalizer
#[unsafe(export_name = "runtime.SetFinalizer")]
unsafe extern "C-unwind" fn set_finalizer(x: Eface, f: Eface) {
    // :418
    if x.typ.is_null() {
        throw("runtime.SetFinalizer: first argument is nil");
    }
    if (*x.typ).kind() != kind::PTR {
        let name = (*x.typ).name();
        throw(&format!("runtime.SetFinalizer: first argument is {name}, not pointer"));
    }
    // :433 which object the pointer belongs to is not known
    // :456
    if f.typ.is_null() {
        return;
    }
    if (*f.typ).kind() != kind::FUNC {
        let name = (*f.typ).name();
        throw(&format!("runtime.SetFinalizer: second argument is {name}, not a function"));
    }
    // :468 the function's argument
    // :509
    gort_mgc::createfing();
}

/// `runtime.GC`: there is nothing to do.
#[unsafe(export_name = "runtime.GC")]
extern "C-unwind" fn gc() {}

/// For the companion: the numbers of [`stats`].
#[unsafe(export_name = "gortgo.memstats")]
unsafe extern "C-unwind" fn gortgo_memstats(objects: *mut u64, bytes: *mut u64, sys: *mut u64) {
    (*objects, *bytes, *sys) = stats();
}
